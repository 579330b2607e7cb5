package duckdb

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ticktie/ticktie/internal/engagement"
)

// freezePlan is the SQL of one freeze. It is built in layers, so that nothing is
// computed twice and the refusal of a record, which has an effect, is reached
// exactly once for each record that is no item:
//
//	fields  rec (record number), x0 … (raw texts, NULL where absent)
//	texts   v0 … (stripped, nulls told)
//	tried   t0 … (the engine's own casts)
//	values  c0 … (typed values)
//	judged  _day, and whether the record is an item
type freezePlan struct {
	columns []*caster
	field   []int
	fields  int  // number of x columns
	escapes bool // line breaks come escaped, see lineWriter
	judge   *recordJudge
	period  engagement.Period
	window  zoneWindow
}

// items is the query of all items in record order.
func (p *freezePlan) items(fields string) string {
	judged := p.judged(p.values(p.tried(p.texts(fields))))
	out := "SELECT rec AS _record, _day"
	for i, c := range p.columns {
		out += fmt.Sprintf(", c%d AS %s", i, ident(c.col.Name))
	}
	return out + " FROM (" + judged + ") WHERE _item IS NOT NULL"
}

// record is the judge's call: the number as text, then the fields.
func (p *freezePlan) record() string {
	return "CAST(rec AS VARCHAR)" + strings.TrimPrefix(p.carried(), "rec")
}

// carried are the raw columns that all layers hand on.
func (p *freezePlan) carried() string {
	out := "rec"
	for i := range p.fields {
		out += fmt.Sprintf(", x%d", i)
	}
	return out
}

func (p *freezePlan) layer(from string, column func(i int, c *caster) string) string {
	out := "SELECT " + p.carried()
	for i, c := range p.columns {
		out += column(i, c)
	}
	return out + " FROM (" + from + ")"
}

func (p *freezePlan) texts(from string) string {
	return p.layer(from, func(i int, c *caster) string {
		raw := "CAST(NULL AS VARCHAR)"
		if f := p.field[i]; f >= 0 {
			raw = fmt.Sprintf("x%d", f)
			if p.escapes && c.seesBreaks() {
				raw = fmt.Sprintf("CASE WHEN rec < 0 THEN %s ELSE %s END", unescape(raw), raw)
			}
		}
		return fmt.Sprintf(", %s AS v%d", c.prepared(raw), i)
	})
}

func (p *freezePlan) tried(from string) string {
	return p.layer(from, func(i int, c *caster) string {
		out := fmt.Sprintf(", v%d", i)
		if c.fast.try != nil {
			out += fmt.Sprintf(", %s AS t%d", c.fast.try(fmt.Sprintf("v%d", i)), i)
		}
		return out
	})
}

func (p *freezePlan) values(from string) string {
	return p.layer(from, func(i int, c *caster) string {
		value := c.value(fmt.Sprintf("v%d", i), fmt.Sprintf("t%d", i), slowFunction(i))
		return fmt.Sprintf(", v%d, %s AS c%d", i, value, i)
	})
}

func (p *freezePlan) judged(from string) string {
	out := "SELECT rec, _day"
	for i := range p.columns {
		out += fmt.Sprintf(", c%d", i)
	}
	return out + fmt.Sprintf(", CASE WHEN %s THEN '' ELSE %s(%s) END AS _item FROM (SELECT *, %s AS _day FROM (%s))",
		p.isItem(), refuseFunction, p.record(), p.day(), from)
}

// day is the local day of the event.
func (p *freezePlan) day() string {
	e := p.judge.event
	if e < 0 {
		return "CAST(NULL AS DATE)"
	}
	if p.columns[e].sqlType == "DATE" {
		return fmt.Sprintf("c%d", e)
	}
	return localDaySQL(fmt.Sprintf("c%d", e), p.judge.loc, p.window)
}

// isItem is true for a record whose every present text became a value, which
// has all it needs, and whose event lies in the period.
func (p *freezePlan) isItem() string {
	var all []string
	for i, c := range p.columns {
		needed := c.col.Required || i == p.judge.event || slices.Contains(p.judge.key, c.col.Name)
		switch {
		case needed:
			all = append(all, fmt.Sprintf("c%d IS NOT NULL", i))
		case c.fast.whole == nil:
			all = append(all, fmt.Sprintf("(c%d IS NOT NULL OR v%d IS NULL)", i, i))
		}
	}
	if p.judge.event >= 0 {
		all = append(all, fmt.Sprintf("coalesce(_day BETWEEN DATE '%s' AND DATE '%s', false)", p.period.First, p.period.Last))
	}
	if len(all) == 0 {
		return "true"
	}
	return strings.Join(all, " AND ")
}

// feedFields reads the canonical feed from the pipe. An empty field is absent,
// quoted or not.
func feedFields(pipe string, fields int) string {
	columns := "'rec': 'BIGINT'"
	for i := range fields {
		columns += fmt.Sprintf(", 'x%d': 'VARCHAR'", i)
	}
	return fmt.Sprintf("SELECT * FROM read_csv(%s, auto_detect = false, header = false, delim = ',', quote = '\"', escape = '\"', new_line = '\\n',"+
		" nullstr = '', allow_quoted_nulls = true, strict_mode = true, null_padding = false, ignore_errors = false,"+
		" max_line_size = %d, buffer_size = %d, parallel = true, columns = {%s})",
		literal(pipe), maxLine, csvBuffer, columns)
}

// Sizes of the engine's CSV reader, in bytes: a line may be twice as long as
// the longest fed, for escapes.
const (
	maxLine   = 4 << 20
	csvBuffer = 32 << 20
)

// seesBreaks reports whether a line break in the column's text must be seen as
// such while it is cast. A plain text column is restored afterwards, and any
// other text with a line break is refused, escaped or not.
func (c *caster) seesBreaks() bool {
	declared := slices.Concat(c.nulls, c.col.True, c.col.False, c.col.Format, []string{c.col.DecimalMark, c.col.Thousands, c.col.Prefix})
	return c.col.Trim || slices.ContainsFunc(declared, func(s string) bool { return strings.ContainsAny(s, "\n\r") })
}

// restored is the query of all items with their line breaks, over a Parquet
// file in which they are escaped.
func (p *freezePlan) restored(path string) string {
	out := "SELECT abs(_record) AS _record, _day"
	for _, c := range p.columns {
		name := ident(c.col.Name)
		if c.sqlType == "VARCHAR" && !c.seesBreaks() {
			name = fmt.Sprintf("CASE WHEN _record < 0 THEN %s ELSE %s END AS %s", unescape(name), name, name)
		}
		out += ", " + name
	}
	return out + " FROM read_parquet(" + literal(path) + ")"
}
