package procedure

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/ticktie/ticktie/internal/program"
)

// generics are the generic procedures by name (domain: soc1-objectives,
// section 2.1). Each reads its arguments and builds a frame and attributes.
func generics() map[string]func(*args) *Compiled {
	return map[string]func(*args) *Compiled{
		"FP-RECALC": recalc, "FP-LIMIT": limit, "FP-DUP": duplicates, "FP-GAP": gaps, "FP-TIE": tie, "FP-MATCH": match,
		"FP-ROLL": roll, "FP-SCHED": schedule, "FP-VALID": valid, "FP-SOD": separation, "FP-AUTH": authority,
		"FP-CUTOFF": cutoff, "FP-TIMELY": timely, "FP-BAL": balance, "FP-REVERSE": reversal, "FP-ACCESS": access,
		"FP-RECON-AGE": age, "FP-MASTER": master, "FP-PARAM": parameters, "FP-REPORT": report, "FP-IDLE": idle, "FP-ANALYTIC": analytic,
	}
}

// expand turns a use of a generic procedure into a compiled test.
func expand(p *program.Program, t *program.Test) (*Compiled, error) {
	build, ok := generics()[t.Use.Procedure]
	if !ok {
		return nil, fmt.Errorf("there is no generic procedure %q; there are %s", t.Use.Procedure, strings.Join(slices.Sorted(maps.Keys(generics())), ", "))
	}
	a := &args{p: p, t: t, given: t.Use.Args, known: map[string]bool{}, populations: []string{t.Population}}
	c := build(a)
	a.unknown()
	a.clash(c)
	a.shownInKeys(c)
	if len(a.errs) > 0 {
		return nil, fmt.Errorf("%s: %w", t.Use.Procedure, errors.Join(a.errs...))
	}
	c.Populations = unique(append(a.populations, t.With...))
	c.Parameters = unique(append(slices.Clone(t.Parameters), a.parameters...))
	return c, nil
}

// args reads the arguments of one use and gathers everything wrong with them.
type args struct {
	p           *program.Program
	t           *program.Test
	given       map[string]any
	known       map[string]bool
	errs        []error
	populations []string
	parameters  []string
}

func (a *args) fail(format string, values ...any) {
	a.errs = append(a.errs, fmt.Errorf(format, values...))
}

// unknown names arguments that the procedure does not have.
func (a *args) unknown() {
	for _, name := range slices.Sorted(maps.Keys(a.given)) {
		if !a.known[name] {
			a.fail("there is no argument %q; there are %s", name, strings.Join(slices.Sorted(maps.Keys(a.known)), ", "))
		}
	}
}

// computed are the columns that the frames of generic procedures add.
var computed = []string{
	"expected", "difference", "split_total", "same_key", "in_scope", "days_after", "days_before", "versions", "active", "authorities",
	"locks_broken", "grants_held", "requests", "previous_closing", "nth", "originals", "original_amount", "reversals", "reversed",
}

// clash refuses a population with a column of the same name as one that the
// procedure adds: the condition could not tell them apart.
func (a *args) clash(c *Compiled) {
	if c.Kind != FrameJoined {
		return
	}
	for _, col := range a.p.Population(a.t.Population).Columns {
		added := slices.Contains(computed, col.Name) && mentions(c.Frame, col.Name)
		if added || strings.HasSuffix(col.Name, "_") || kForm.MatchString(col.Name) {
			a.fail("population %s has a column %s, which is a name that the procedure itself adds; give the column another name (its source field is set with from)", a.t.Population, col.Name)
		}
	}
}

// shownInKeys refuses restricted columns in a derived frame: its keys and totals
// are shown with every deviation.
func (a *args) shownInKeys(c *Compiled) {
	if c.Kind != FrameDerived {
		return
	}
	for _, id := range unique(a.populations) {
		pop := a.p.Population(id)
		if pop == nil {
			continue
		}
		for _, col := range pop.Columns {
			if col.Restricted && regexp.MustCompile(`\b`+col.Name+`\b`).MatchString(c.Frame) {
				a.fail("column %s of population %s is restricted, and the keys and totals of %s are shown; use another column", col.Name, id, a.t.Use.Procedure)
			}
		}
	}
}

// kForm is the form of names that stand for expressions: k1, k2 …
var kForm = regexp.MustCompile(`^k[0-9]+$`)

// mentions reports whether a frame gives a column the name.
func mentions(frame, name string) bool {
	return regexp.MustCompile(`AS ` + name + `\b`).MatchString(frame)
}

// has reports whether an argument is given.
func (a *args) has(name string) bool {
	a.known[name] = true
	return a.given[name] != nil
}

// opt is a text argument; otherwise the default.
func (a *args) opt(name, otherwise string) string {
	if !a.has(name) {
		return otherwise
	}
	switch v := a.given[name].(type) {
	case string:
		return strings.TrimSpace(v)
	case bool:
		return fmt.Sprint(v)
	default:
		a.fail("argument %s is not a single text", name)
		return otherwise
	}
}

// text is a text argument that must be given.
func (a *args) text(name string) string {
	if !a.has(name) {
		a.fail("argument %s is missing", name)
		return "NULL"
	}
	return a.opt(name, "NULL")
}

// list is an argument of one or more texts; none if it is not given.
func (a *args) list(name string) []string {
	if !a.has(name) {
		return nil
	}
	switch v := a.given[name].(type) {
	case string:
		return []string{strings.TrimSpace(v)}
	case []any:
		var out []string
		for _, x := range v {
			s, ok := x.(string)
			if !ok {
				a.fail("argument %s is not a list of texts", name)
				return nil
			}
			out = append(out, strings.TrimSpace(s))
		}
		return out
	default:
		a.fail("argument %s is not a list of texts", name)
		return nil
	}
}

// needList is a list argument that must be given.
func (a *args) needList(name string) []string {
	l := a.list(name)
	if len(l) == 0 {
		a.fail("argument %s is missing; give one or more columns or expressions", name)
		return []string{"NULL"}
	}
	return l
}

// pairs is an argument that maps texts to texts, in order of the names.
func (a *args) pairs(name string) [][2]string {
	if !a.has(name) {
		return nil
	}
	m, ok := a.given[name].(map[string]any)
	if !ok {
		a.fail("argument %s is not a set of pairs", name)
		return nil
	}
	var out [][2]string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		s, ok := m[k].(string)
		if !ok {
			a.fail("argument %s: %s has no text", name, k)
			continue
		}
		out = append(out, [2]string{k, s})
	}
	return out
}

// number is a whole number as text.
func (a *args) number(name, otherwise string) string {
	s := a.opt(name, otherwise)
	if s == "" || strings.Trim(strings.TrimPrefix(s, "-"), "0123456789") != "" {
		a.fail("argument %s is %q, not a whole number", name, s)
		return "0"
	}
	return s
}

// exact is a decimal number as text.
func (a *args) exact(name, otherwise string) string {
	s := a.opt(name, otherwise)
	if s == "" || strings.Trim(s, "0123456789.") != "" || strings.Count(s, ".") > 1 {
		a.fail("argument %s is %q, not a number", name, s)
		return "0"
	}
	return s
}

// word is one of the known words.
func (a *args) word(name, otherwise string, known ...string) string {
	s := a.opt(name, otherwise)
	if !slices.Contains(known, s) {
		a.fail("argument %s is %q; it is one of %s", name, s, strings.Join(known, ", "))
		return otherwise
	}
	return s
}

// other is the id of another population, or of a parameter table, that the
// frame reads.
func (a *args) other(name string) string {
	id := a.text(name)
	switch {
	case a.p.Population(id) != nil:
		a.populations = append(a.populations, id)
	case a.p.ParameterTable(id) != nil:
		a.parameters = append(a.parameters, id)
	case a.has(name):
		a.fail("argument %s names %q, which is neither a population nor a parameter table", name, id)
	}
	return sqlName(id)
}

// from is what the item-level frame reads: a query with one row for each item,
// or the population itself.
func (a *args) from() string {
	if q := a.opt("from", ""); q != "" {
		return "(" + strings.TrimRight(q, "; \n") + "\n)"
	}
	return sqlName(a.t.Population)
}

// population is the tested population's view.
func (a *args) population() string { return sqlName(a.t.Population) }

func sqlName(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

func sqlText(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// named lists expressions under names that cannot clash with columns: k1, k2 …
func named(prefix string, expressions []string) string {
	var out []string
	for i, e := range expressions {
		out = append(out, fmt.Sprintf("(%s) AS %s%d", e, prefix, i+1))
	}
	return strings.Join(out, ", ")
}

// names are the names that named gives.
func names(prefix string, n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("%s%d", prefix, i+1)
	}
	return out
}

// jsonKey is the SQL of a canonical key: a JSON array of texts.
func jsonKey(parts ...string) string {
	var texts []string
	for _, p := range parts {
		texts = append(texts, "coalesce(CAST("+p+" AS VARCHAR), '(absent)')")
	}
	return "CAST(to_json([" + strings.Join(texts, ", ") + "]) AS VARCHAR)"
}

// equal is the SQL of lists of columns that agree, absent ones included.
func equal(left, right string, columns []string) string {
	var out []string
	for _, c := range columns {
		out = append(out, left+"."+c+" IS NOT DISTINCT FROM "+right+"."+c)
	}
	return strings.Join(out, " AND ")
}

func anyNull(columns []string) string {
	var out []string
	for _, c := range columns {
		out = append(out, c+" IS NULL")
	}
	return strings.Join(out, " OR ")
}

// also ends a WHERE clause with a condition, if there is one.
func also(condition string) string {
	if condition == "" {
		return ""
	}
	return " WHERE (" + condition + ")"
}
