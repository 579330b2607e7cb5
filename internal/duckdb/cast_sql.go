package duckdb

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

// fastCast is the accelerator of a column in SQL.
type fastCast struct {
	// try gives a tentative value of the prepared text v; empty: none needed.
	try func(v string) string
	// accept gives the value where the text v is in plain form, from the
	// tentative value t, and NULL where the Go code must decide.
	accept func(v, t string) string
	always bool // accept decides for every text
}

// Bounds between which the accelerator decides; inside firstYear and lastYear
// by more than any offset.
const (
	fastFirst = "1700-01-01"
	fastLast  = "9990-12-31"
)

// value is the SQL of the column's value. Slow is the SQL function that asks the Go code.
func (c *caster) value(v, t, slow string) string {
	if c.fast.always {
		return c.fast.accept(v, t)
	}
	asked := fmt.Sprintf("CASE WHEN %s IS NOT NULL THEN CAST(%s(%s) AS %s) END", v, slow, v, c.sqlType)
	if c.fast.accept == nil {
		return asked
	}
	return fmt.Sprintf("COALESCE(%s, %s)", c.fast.accept(v, t), asked)
}

// prepared is prepare in SQL.
func (c *caster) prepared(x string) string {
	if c.col.Trim {
		x = fmt.Sprintf("trim(%s, %s)", x, literal(blanks))
	}
	x = fmt.Sprintf("nullif(%s, '')", x)
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
	return fastCast{always: true, accept: func(v, _ string) string {
		if lower {
			return "lower(" + v + ")"
		}
		return v
	}}
}

func fastBoolean(yes, no []string) fastCast {
	return fastCast{accept: func(v, _ string) string {
		return fmt.Sprintf("CASE WHEN %s IN %s THEN true WHEN %s IN %s THEN false END", v, literals(yes), v, literals(no))
	}}
}

func tryCast(to string) func(string) string {
	return func(v string) string { return fmt.Sprintf("TRY_CAST(%s AS %s)", v, to) }
}

func fastInteger() fastCast {
	return fastCast{try: tryCast("BIGINT"), accept: func(v, t string) string {
		return fmt.Sprintf("CASE WHEN CAST(%s AS VARCHAR) = %s THEN %s WHEN regexp_full_match(%s, '[+-]?[0-9]+') THEN %s END", t, v, t, v, t)
	}}
}

// fastDecimal accepts what the engine's own cast cannot round: no more decimals
// than the scale, marks well placed.
func fastDecimal(d decimalForm) fastCast {
	if d.plain() && d.col.Prefix == "" {
		pattern := literal(`[+-]?` + decimalPattern(`[0-9]+`, `\.`, d.col.Scale))
		return fastCast{try: tryCast(d.sqlType), accept: func(v, t string) string {
			return fmt.Sprintf("CASE WHEN CAST(%s AS VARCHAR) = %s THEN %s WHEN regexp_full_match(%s, %s) THEN %s END", t, v, t, v, pattern, t)
		}}
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
		accept: func(v, t string) string {
			return fmt.Sprintf("CASE WHEN regexp_full_match(%s, %s) THEN %s END", v, pattern, t)
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
		return fastCast{try: tryCast("DATE"), accept: func(v, t string) string {
			return fmt.Sprintf("CASE WHEN %s AND CAST(%s AS VARCHAR) = %s THEN %s END", inBounds(t, "DATE"), t, v, t)
		}}
	case 1:
		return layouts[0].fast(func(t string) string {
			return fmt.Sprintf("CASE WHEN date_trunc('day', %s) = %s THEN CAST(%s AS DATE) END", t, t, t)
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
	utc := func(t string) string { return localToUTC(t, loc, w) }
	switch len(layouts) {
	case 0:
		return fastCast{try: tryCast("TIMESTAMP"), accept: func(v, t string) string { return acceptISO(v, t, utc(t)) }}
	case 1:
		return layouts[0].fast(utc)
	}
	return fastCast{}
}

// acceptISO tries the forms from the most usual to the least. The engine's cast
// to TIMESTAMP ignores an offset, so t counts only for texts that have none, or Z.
func acceptISO(v, t, local string) string {
	return fmt.Sprintf(`CASE WHEN NOT (%[3]s) THEN NULL
 WHEN strftime(%[2]s, '%%Y-%%m-%%dT%%H:%%M:%%SZ') = %[1]s THEN %[2]s
 WHEN CAST(%[2]s AS VARCHAR) = %[1]s THEN %[4]s
 WHEN regexp_full_match(%[1]s, %[5]s) THEN make_timestamp(epoch_us(TRY_CAST(%[1]s AS TIMESTAMPTZ)))
 WHEN regexp_full_match(%[1]s, %[6]s) THEN %[4]s END`,
		v, t, inBounds(t, "TIMESTAMP"), local, literal(isoOffset), literal(isoSeconds))
}

// fast accepts texts that the engine writes back in the same way, with or
// without leading zeros.
func (l *layout) fast(value func(t string) string) fastCast {
	padded, bare, ok := l.strptime()
	if !ok {
		return fastCast{}
	}
	return fastCast{
		try: func(v string) string { return fmt.Sprintf("try_strptime(%s, %s)", v, literal(padded)) },
		accept: func(v, t string) string {
			return fmt.Sprintf("CASE WHEN NOT (%s) THEN NULL WHEN strftime(%s, %s) = %s OR strftime(%s, %s) = %s THEN %s END",
				inBounds(t, "TIMESTAMP"), t, literal(padded), v, t, literal(bare), v, value(t))
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
