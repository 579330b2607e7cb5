package duckdb

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

// fastCast is the accelerator of a column in SQL.
type fastCast struct {
	// try gives a tentative value of the prepared text v; nil: none needed.
	try func(v string) string
	// accept lists the plain forms of the text v and their values, from the
	// tentative value t. Every other text is asked of the Go code; asked is the
	// SQL of that, for values that are plain only sometimes.
	accept func(v, t, asked string) []when
	whole  func(v string) string // in place of all: a value for every text
}

// when is one branch of a CASE.
type when struct{ condition, value string }

// Bounds between which the accelerator decides; inside firstYear and lastYear
// by more than any offset.
const (
	fastFirst = "1700-01-01"
	fastLast  = "9990-12-31"
)

// value is the SQL of the column's value. Slow is the SQL function that asks the Go code.
func (c *caster) value(v, t, slow string) string {
	if c.fast.whole != nil {
		return c.fast.whole(v)
	}
	asked := fmt.Sprintf("CAST(%s(%s) AS %s)", slow, v, c.sqlType)
	var b strings.Builder
	b.WriteString("CASE")
	if c.fast.accept != nil {
		for _, w := range c.fast.accept(v, t, asked) {
			fmt.Fprintf(&b, " WHEN %s THEN %s", w.condition, w.value)
		}
	}
	fmt.Fprintf(&b, " WHEN %s IS NULL THEN NULL ELSE %s END", v, asked)
	return b.String()
}

// prepared is prepare in SQL.
func (c *caster) prepared(x string) string {
	if c.col.Trim { // an empty field is absent already
		x = fmt.Sprintf("nullif(trim(%s, %s), '')", x, literal(blanks))
	}
	if len(c.nulls) == 0 {
		return x
	}
	return fmt.Sprintf("CASE WHEN %s IN %s THEN NULL ELSE %s END", x, literals(c.nulls), x)
}

func literals(texts []string) string {
	q := make([]string, len(texts))
	for i, t := range texts {
		q[i] = literal(t)
	}
	return "(" + strings.Join(q, ", ") + ")"
}

func fastText(lower bool) fastCast {
	return fastCast{whole: func(v string) string {
		if lower {
			return "lower(" + v + ")"
		}
		return v
	}}
}

func fastBoolean(yes, no []string) fastCast {
	return fastCast{accept: func(v, _, _ string) []when {
		return []when{{v + " IN " + literals(yes), "true"}, {v + " IN " + literals(no), "false"}}
	}}
}

func tryCast(to string) func(string) string {
	return func(v string) string { return fmt.Sprintf("TRY_CAST(%s AS %s)", v, to) }
}

func fastInteger() fastCast {
	return fastCast{try: tryCast("BIGINT"), accept: func(v, t, _ string) []when { return written(v, t, `[+-]?[0-9]+`) }}
}

// written accepts texts that the engine writes back in the same way, and those
// of a pattern that its cast reads exactly.
func written(v, t, pattern string) []when {
	return []when{
		{fmt.Sprintf("CAST(%s AS VARCHAR) = %s", t, v), t},
		{fmt.Sprintf("%s IS NOT NULL AND regexp_full_match(%s, %s)", t, v, literal(pattern)), t},
	}
}

// fastDecimal accepts what the engine's own cast cannot round: no more decimals
// than the scale, marks well placed.
func fastDecimal(d decimalForm) fastCast {
	if d.plain() && d.col.Prefix == "" {
		pattern := `[+-]?` + decimalPattern(`[0-9]+`, `\.`, d.col.Scale)
		return fastCast{try: tryCast(d.sqlType), accept: func(v, t, _ string) []when { return written(v, t, pattern) }}
	}
	if strings.ContainsAny(d.col.Prefix, "0123456789+-.'") || d.thousands != "" && strings.Contains(d.col.Prefix, d.thousands) {
		return fastCast{}
	}
	whole := `[0-9]+`
	if d.thousands != "" {
		whole = `(?:[0-9]+|[0-9]{1,3}(?:` + regexp.QuoteMeta(d.thousands) + `[0-9]{3})+)`
	}
	pattern := literal(`[+-]?(?:` + regexp.QuoteMeta(d.col.Prefix) + `)?` + decimalPattern(whole, regexp.QuoteMeta(d.mark), d.col.Scale))
	return fastCast{
		try: func(v string) string {
			for _, r := range [][2]string{{d.col.Prefix, ""}, {d.thousands, ""}, {d.mark, "."}} {
				if r[0] != "" && r[0] != r[1] {
					v = fmt.Sprintf("replace(%s, %s, %s)", v, literal(r[0]), literal(r[1]))
				}
			}
			return fmt.Sprintf("TRY_CAST(%s AS %s)", v, d.sqlType)
		},
		accept: func(v, t, _ string) []when {
			return []when{{fmt.Sprintf("%s IS NOT NULL AND regexp_full_match(%s, %s)", t, v, pattern), t}}
		},
	}
}

func decimalPattern(whole, mark string, scale int) string {
	if scale == 0 {
		return whole
	}
	return fmt.Sprintf(`%s(?:%s[0-9]{1,%d})?`, whole, mark, scale)
}

// inBounds is true for a tentative date or time that the accelerator may judge.
func inBounds(t, as string) string {
	return fmt.Sprintf("%s BETWEEN %s '%s' AND %s '%s'", t, as, fastFirst, as, fastLast)
}

func fastDate(layouts []layout) fastCast {
	switch len(layouts) {
	case 0:
		return fastCast{try: tryCast("DATE"), accept: func(v, t, _ string) []when {
			return []when{{fmt.Sprintf("%s AND CAST(%s AS VARCHAR) = %s", inBounds(t, "DATE"), t, v), t}}
		}}
	case 1:
		return layouts[0].fast(func(t, _ string) when {
			return when{fmt.Sprintf("date_trunc('day', %s) = %s", t, t), "CAST(" + t + " AS DATE)"}
		})
	}
	return fastCast{}
}

// Forms of ISO 8601 that the engine reads exactly.
const (
	isoSeconds = `[0-9]{4}-[0-9]{2}-[0-9]{2}[T ](?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,6})?`
	isoOffset  = isoSeconds + `(?:Z|[+-](?:0[0-9]|1[0-7]):[0-5][0-9])`
)

func fastTimestamp(layouts []layout, loc *time.Location, w zoneWindow) fastCast {
	utc := func(t, asked string) string {
		if loc == time.UTC || loc.String() == "UTC" {
			return t
		}
		return fmt.Sprintf("COALESCE(%s, %s)", localToUTC(t, loc, w), asked)
	}
	switch len(layouts) {
	case 0:
		return fastCast{try: tryCast("TIMESTAMP"), accept: func(v, t, asked string) []when { return acceptISO(v, t, utc(t, asked), asked) }}
	case 1:
		return layouts[0].fast(func(t, asked string) when { return when{"true", utc(t, asked)} })
	}
	return fastCast{}
}

// acceptISO tries the forms from the most usual to the least. The engine's cast
// to TIMESTAMP ignores an offset, so t counts only for texts that have none, or Z.
func acceptISO(v, t, local, asked string) []when {
	bounds := inBounds(t, "TIMESTAMP")
	return []when{
		{fmt.Sprintf("%s AND strftime(%s, '%%Y-%%m-%%dT%%H:%%M:%%SZ') = %s", bounds, t, v), t},
		{fmt.Sprintf("%s AND CAST(%s AS VARCHAR) = %s", bounds, t, v), local},
		{
			fmt.Sprintf("%s AND regexp_full_match(%s, %s)", bounds, v, literal(isoOffset)),
			fmt.Sprintf("COALESCE(make_timestamp(epoch_us(TRY_CAST(%s AS TIMESTAMPTZ))), %s)", v, asked),
		},
		{fmt.Sprintf("%s AND regexp_full_match(%s, %s)", bounds, v, literal(isoSeconds)), local},
	}
}

// fast accepts texts that the engine writes back in the same way, with or
// without leading zeros.
func (l *layout) fast(value func(t, asked string) when) fastCast {
	padded, bare, ok := l.strptime()
	if !ok {
		return fastCast{}
	}
	return fastCast{
		try: func(v string) string { return fmt.Sprintf("try_strptime(%s, %s)", v, literal(padded)) },
		accept: func(v, t, asked string) []when {
			w := value(t, asked)
			bounds := inBounds(t, "TIMESTAMP") + " AND " + w.condition
			out := []when{{fmt.Sprintf("%s AND strftime(%s, %s) = %s", bounds, t, literal(padded), v), w.value}}
			if bare != padded {
				out = append(out, when{fmt.Sprintf("%s AND strftime(%s, %s) = %s", bounds, t, literal(bare), v), w.value})
			}
			return out
		},
	}
}

// strptime writes the layout for the engine, with and without leading zeros of
// day, month and hour. Directives that the engine may read otherwise are left
// to the Go code.
func (l *layout) strptime() (padded, bare string, ok bool) {
	var p, b strings.Builder
	for _, part := range l.parts {
		switch {
		case part.directive == 0:
			text := strings.ReplaceAll(part.literal, "%", "%%")
			p.WriteString(text)
			b.WriteString(text)
		case strings.IndexByte("YmdbBHIpMSaA", part.directive) < 0:
			return "", "", false
		default:
			p.WriteString("%" + string(part.directive))
			if !part.fixed && strings.IndexByte("mdHI", part.directive) >= 0 {
				b.WriteString("%-" + string(part.directive))
			} else {
				b.WriteString("%" + string(part.directive))
			}
		}
	}
	return p.String(), b.String(), true
}
