package program

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ticktie/ticktie/internal/engagement"
)

func (c *checker) parameters() {
	for i := range c.p.Parameters {
		x := &c.p.Parameters[i]
		a := c.at("parameter", i, x.ID)
		a.view("id", x.ID)
		if slices.Contains(c.ids["population"], x.ID) {
			a.err("id", "repeated", "a population has the same id, and both become views in SQL")
		}
		c.columns(a, x.Columns)
		a.refs("key", "column", x.Key, idsOf(x.Columns, func(x *Column) string { return x.Name }))
		if len(x.Rows) == 0 {
			a.err("rows", "required", "it has no rows")
		}
		c.rows(a, x)
	}
}

// dated is a row of parameters with the days on which it is in force.
type dated struct {
	row      int
	from, to engagement.Date
}

func (c *checker) rows(a at, x *ParameterTable) {
	names := append(idsOf(x.Columns, func(x *Column) string { return x.Name }), "from", "to")
	keys := c.seriesKey(x)
	series := map[string][]dated{}
	for i, r := range x.Rows {
		here := a.in("rows", i)
		for _, k := range slices.Sorted(maps.Keys(r)) {
			if !slices.Contains(names, k) {
				here.err("", "unknown_field", "row %d has %q, which is no column%s", i+1, k, didYouMean(k, names))
			}
			switch r[k].(type) {
			case []any, map[string]any:
				here.err("", "type", "row %d: %s is not a single value", i+1, k)
			}
		}
		for _, col := range x.Columns {
			if col.Required && r[col.Name] == nil {
				here.err("", "required", "row %d has no %s", i+1, col.Name)
			}
		}
		from, to, err := span(r)
		switch {
		case err != nil:
			here.err("", "date", "row %d: %v", i+1, err)
		case !from.IsZero() && !to.IsZero() && !from.Before(to):
			here.err("", "period", "row %d is in force from %s to %s, which is no time at all; to is the first day after", i+1, from, to)
		default:
			k := seriesOf(r, keys)
			series[k] = append(series[k], dated{i, from, to})
		}
	}
	for _, k := range slices.Sorted(maps.Keys(series)) {
		c.inForce(a, x, series[k])
	}
}

// seriesKey are the columns that tell one series of dated rows from another.
func (c *checker) seriesKey(x *ParameterTable) []string {
	if len(x.Key) > 0 {
		return x.Key
	}
	var out []string
	for _, col := range x.Columns {
		if col.Type == "text" || col.Type == "boolean" {
			out = append(out, col.Name)
		}
	}
	return out
}

func seriesOf(r map[string]any, keys []string) string {
	var b strings.Builder
	for _, k := range keys {
		fmt.Fprintf(&b, "%v%s", r[k], separator)
	}
	return b.String()
}

// inForce checks that the rows of one series follow each other: each day has
// one of them. Where nobody declared what a series is, it is only doubtful.
func (c *checker) inForce(a at, x *ParameterTable, rows []dated) {
	slices.SortStableFunc(rows, func(x, y dated) int { return cmp.Compare(x.from.String(), y.from.String()) })
	before := rows[0]
	for _, r := range rows[1:] {
		here := a.in("rows", r.row)
		switch {
		case !before.to.IsZero() && before.to == r.from:
		case !before.to.IsZero() && before.to.Before(r.from):
			here.warn("", "gap", "row %d begins %s, and row %d ends on %s; between them nothing is in force", r.row+1, r.from, before.row+1, before.to)
		case len(x.Key) > 0:
			here.err("", "overlap", "rows %d and %d, with the same %s, are both in force on %s", before.row+1, r.row+1, strings.Join(x.Key, ", "), begins(r))
		default:
			here.warn("", "overlap", "rows %d and %d are both in force on %s; end one with to, or say under key which columns tell them apart", before.row+1, r.row+1, begins(r))
		}
		if !before.to.IsZero() && (r.to.IsZero() || before.to.Before(r.to)) {
			before = r
		}
	}
}

func begins(r dated) string {
	if r.from.IsZero() {
		return "the first day of all"
	}
	return r.from.String()
}

func span(r map[string]any) (from, to engagement.Date, err error) {
	if from, err = dateOf(r["from"]); err == nil {
		to, err = dateOf(r["to"])
	}
	return from, to, err
}

func dateOf(v any) (d engagement.Date, err error) {
	if v == nil {
		return d, nil
	}
	s, ok := v.(string)
	if !ok {
		return d, fmt.Errorf("%v is not a date of the form YYYY-MM-DD", v)
	}
	err = d.UnmarshalText([]byte(s))
	return d, err
}
