package duckdb

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/ticktie/ticktie/internal/procedure"
	"github.com/ticktie/ticktie/internal/program"
)

// Challenge implements procedure.Engine. For each attribute it takes up to n
// items that are met, chosen by the seed, and makes each a violation by
// construction: what a generic procedure says violates it; a value taken away
// whose absence is declared a deviation; or one comparison of the condition
// turned round by setting one of its columns. The population itself is not
// touched: the test reads a view in which only the chosen values differ.
func (e *Engine) Challenge(ctx context.Context, in procedure.Input, seed string, n int) ([]procedure.ChallengeResult, error) {
	c, err := procedure.Compile(in.Program, in.Test)
	if err != nil {
		return nil, err
	}
	if err := e.guard(ctx, in.Program, c); err != nil {
		return nil, err
	}
	var out []procedure.ChallengeResult
	for i := range c.Attributes {
		r, err := e.challengeOne(ctx, in, c, i, seed, n)
		if err != nil {
			return nil, fmt.Errorf("challenging attribute %s of test %s: %w", c.Attributes[i].ID, in.Test.ID, err)
		}
		out = append(out, *r)
	}
	return out, nil
}

func (e *Engine) challengeOne(ctx context.Context, in procedure.Input, c *procedure.Compiled, attribute int, seed string, n int) (*procedure.ChallengeResult, error) {
	a := c.Attributes[attribute]
	r := &procedure.ChallengeResult{Attribute: a.ID}
	pop := in.Program.Population(in.Test.Population)
	change, how, err := e.violation(ctx, in.Program, pop, c, a)
	if err != nil {
		return nil, err
	}
	switch {
	case c.Kind == procedure.FrameDerived && len(a.Violate) == 0:
		r.Reason = "its items are derived from many rows, and changing one row need not violate it; its fixtures show what it catches"
		return r, nil
	case len(change) == 0:
		r.Reason = "no change of one value is known that must violate its condition; its fixtures show what it catches"
		return r, nil
	}
	r.How = how
	chosen, err := e.choose(ctx, in, c, attribute, seed, n)
	if err != nil {
		return nil, err
	}
	if len(chosen) == 0 {
		r.Reason = "no item of the population is met, so none could be made a violation"
		return r, nil
	}
	r.Injected = int64(len(chosen))
	r.Caught, err = e.caught(ctx, in, c, attribute, change, chosen)
	return r, err
}

// choose picks items that the attribute finds met, by hash of seed and item.
func (e *Engine) choose(ctx context.Context, in procedure.Input, c *procedure.Compiled, attribute int, seed string, n int) ([]int64, error) {
	s, err := e.openInput(ctx, in, c)
	if err != nil {
		return nil, err
	}
	defer s.close()
	j := newTrial(s, in, c)
	if not, err := j.frame(ctx, &procedure.FrameProof{}); err != nil || not != nil {
		if not != nil {
			err = fmt.Errorf("%s", not.Reason)
		}
		return nil, err
	}
	h := sha256.Sum256([]byte(seed))
	query := fmt.Sprintf("SELECT item FROM judged%s%s (%s) = %d ORDER BY md5('%s' || CAST(item AS VARCHAR)), item LIMIT %d",
		j.inForce(), andOrWhere(j.inForce()), code(c.Attributes[attribute]), codeMet, hex.EncodeToString(h[:]), n)
	return j.numbers(ctx, query)
}

func andOrWhere(where string) string {
	if where == "" {
		return " WHERE"
	}
	return " AND"
}

func (j *trial) numbers(ctx context.Context, query string) ([]int64, error) {
	rows, err := j.s.conn.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []int64
	for rows.Next() {
		var n int64
		if err := rows.Scan(&n); err != nil {
			return nil, err
		}
		out = append(out, n)
	}
	return out, rows.Err()
}

// caught counts the chosen items that the attribute finds to be deviations
// once they are changed, in a fresh session.
func (e *Engine) caught(ctx context.Context, in procedure.Input, c *procedure.Compiled, attribute int, change map[string]string, chosen []int64) (int64, error) {
	s, err := e.openInput(ctx, in, c)
	if err != nil {
		return 0, err
	}
	defer s.close()
	if err := s.changed(ctx, in.Program.Population(in.Test.Population), change, chosen); err != nil {
		return 0, err
	}
	j := newTrial(s, in, c)
	j.objects = nil // reads the view that was changed, never the open columns beside it
	not, err := j.frame(ctx, &procedure.FrameProof{})
	if err != nil {
		return 0, err
	}
	if not != nil {
		return 0, fmt.Errorf("with the violations in it, %s", not.Reason)
	}
	caught, err := j.numbers(ctx, fmt.Sprintf("SELECT item FROM judged WHERE item IN (%s) AND (%s) = %d",
		list(chosen), code(c.Attributes[attribute]), codeDeviation))
	return int64(len(caught)), err
}

// changed replaces the population's view by one in which the chosen items'
// columns have other values.
func (s *session) changed(ctx context.Context, pop *program.Population, change map[string]string, chosen []int64) error {
	columns := []string{"item", "_record", "_day"}
	for _, c := range pop.Columns {
		expression, ok := change[c.Name]
		if !ok {
			columns = append(columns, ident(c.Name))
			continue
		}
		columns = append(columns, fmt.Sprintf("CASE WHEN item IN (%s) THEN CAST(%s AS %s) ELSE %s END AS %s",
			list(chosen), expression, sqlType(c), ident(c.Name), ident(c.Name)))
	}
	for _, q := range []string{
		"ALTER VIEW " + ident(pop.ID) + " RENAME TO " + ident(pop.ID+"$real"),
		"CREATE VIEW " + ident(pop.ID) + " AS SELECT " + strings.Join(columns, ", ") + " FROM " + ident(pop.ID+"$real"),
	} {
		if err := s.exec(ctx, q); err != nil {
			return fmt.Errorf("changing a copy of population %s: %w", pop.ID, err)
		}
	}
	return nil
}

func list(items []int64) string {
	var parts []string
	for _, i := range items {
		parts = append(parts, fmt.Sprint(i))
	}
	return strings.Join(parts, ", ")
}

// violation finds assignments to the population's columns that must make an
// item that is met a deviation, and says in words what they do.
func (e *Engine) violation(ctx context.Context, p *program.Program, pop *program.Population, c *procedure.Compiled, a procedure.CompiledAttribute) (map[string]string, string, error) {
	if len(a.Violate) > 0 {
		return a.Violate, describeChange(a.Violate), nil
	}
	usable := func(name string) bool {
		return columnOf(pop, name) != nil && !names(a.Applies, name) && name != pop.EventTime && !slices.Contains(pop.Key, name)
	}
	for _, name := range a.Absent {
		if usable(name) {
			change := map[string]string{name: "NULL"}
			return change, describeChange(change), nil
		}
	}
	s, err := e.open(ctx, "")
	if err != nil {
		return nil, "", err
	}
	defer s.close()
	if err := s.declare(ctx, p, c); err != nil {
		return nil, "", err
	}
	tree, err := (&guard{s: s}).parse(ctx, "SELECT (\n"+a.Holds+"\n)")
	if err != nil {
		return nil, "", err
	}
	node, _ := tree["node"].(map[string]any)
	selected, _ := node["select_list"].([]any)
	if len(selected) != 1 {
		return nil, "", nil
	}
	condition, _ := selected[0].(map[string]any)
	change := negate(condition, pop, usable)
	return change, describeChange(change), nil
}

func describeChange(change map[string]string) string {
	var parts []string
	for _, name := range sortedKeys(change) {
		parts = append(parts, name+" := "+change[name])
	}
	return strings.Join(parts, ", ")
}

// negate returns assignments that make a condition false, given that it is
// true; nil if none is known. Of a conjunction one part is enough, of a
// disjunction every part is needed.
func negate(n map[string]any, pop *program.Population, usable func(string) bool) map[string]string {
	children, _ := n["children"].([]any)
	switch n["type"] {
	case "CONJUNCTION_AND":
		for _, x := range children {
			if change := negate(x.(map[string]any), pop, usable); change != nil {
				return change
			}
		}
		return nil
	case "CONJUNCTION_OR":
		all := map[string]string{}
		for _, x := range children {
			change := negate(x.(map[string]any), pop, usable)
			if change == nil {
				return nil
			}
			for name, v := range change {
				if _, twice := all[name]; twice {
					return nil
				}
				all[name] = v
			}
		}
		return independent(all)
	case "COMPARE_EQUAL", "COMPARE_NOTEQUAL", "COMPARE_LESSTHAN", "COMPARE_LESSTHANOREQUALTO", "COMPARE_GREATERTHAN", "COMPARE_GREATERTHANOREQUALTO":
		left, _ := n["left"].(map[string]any)
		right, _ := n["right"].(map[string]any)
		return negateComparison(n["type"].(string), left, right, pop, usable)
	case "OPERATOR_IS_NOT_NULL":
		if name := soleColumn(children, usable); name != "" {
			return map[string]string{name: "NULL"}
		}
	case "COLUMN_REF":
		if name := columnName(n); name != "" && usable(name) && columnOf(pop, name).Type == "boolean" {
			return map[string]string{name: "false"}
		}
	case "OPERATOR_NOT":
		if name := soleColumn(children, usable); name != "" && columnOf(pop, name).Type == "boolean" {
			return map[string]string{name: "true"}
		}
	case "COMPARE_IN":
		if len(children) > 1 {
			if name := soleColumn(children[:1], usable); name != "" && columnOf(pop, name).Type == "text" && constants(children[1:]) {
				return map[string]string{name: "'ticktie: a value that is not listed'"}
			}
		}
	}
	return nil
}

// independent refuses assignments that read a column which another changes.
func independent(change map[string]string) map[string]string {
	for name := range change {
		for other, v := range change {
			if name != other && names(v, name) {
				return nil
			}
		}
	}
	return change
}

func constants(nodes []any) bool {
	return !slices.ContainsFunc(nodes, func(x any) bool {
		n, _ := x.(map[string]any)
		return n["class"] != "CONSTANT"
	})
}

func columnName(n map[string]any) string {
	if n["type"] != "COLUMN_REF" {
		return ""
	}
	parts, _ := n["column_names"].([]any)
	if len(parts) != 1 {
		return ""
	}
	name, _ := parts[0].(string)
	return name
}

func soleColumn(children []any, usable func(string) bool) string {
	if len(children) != 1 {
		return ""
	}
	n, _ := children[0].(map[string]any)
	if name := columnName(n); name != "" && usable(name) {
		return name
	}
	return ""
}

// negateComparison sets one column of a comparison so that it is false. The
// other side must be another column or a constant, neither of them absent in
// an item that is met.
func negateComparison(op string, left, right map[string]any, pop *program.Population, usable func(string) bool) map[string]string {
	name, other, swapped := columnName(left), right, false
	if name == "" || !usable(name) {
		name, other, swapped = columnName(right), left, true
	}
	if name == "" || !usable(name) {
		return nil
	}
	value := simple(other, pop)
	if value == "" && op == "COMPARE_EQUAL" && !readsName(other, name) {
		value = ident(name) // it equals the other side, which does not depend on it
	}
	if value == "" {
		return nil
	}
	up := op == "COMPARE_LESSTHAN" || op == "COMPARE_LESSTHANOREQUALTO"
	if swapped && op != "COMPARE_EQUAL" && op != "COMPARE_NOTEQUAL" {
		up = !up
	}
	typ := columnOf(pop, name).Type
	switch op {
	case "COMPARE_NOTEQUAL":
		return map[string]string{name: value}
	case "COMPARE_EQUAL":
		if typ == "text" {
			return map[string]string{name: value + " || ' (changed)'"}
		}
		return step(name, value, typ, true)
	default:
		return step(name, value, typ, up)
	}
}

// readsName reports whether an expression reads the column.
func readsName(n any, name string) bool {
	switch n := n.(type) {
	case map[string]any:
		if columnName(n) == name {
			return true
		}
		for _, x := range n {
			if readsName(x, name) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(n, func(x any) bool { return readsName(x, name) })
	}
	return false
}

// simple is the SQL of a constant or a column of the population; "" otherwise.
func simple(n map[string]any, pop *program.Population) string {
	if name := columnName(n); name != "" && columnOf(pop, name) != nil {
		return ident(name)
	}
	if n["class"] != "CONSTANT" {
		return ""
	}
	v, _ := n["value"].(map[string]any)
	t, _ := v["type"].(map[string]any)
	info, _ := t["type_info"].(map[string]any)
	switch t["id"] {
	case "INTEGER", "BIGINT", "SMALLINT", "TINYINT":
		return fmt.Sprintf("%.0f", v["value"])
	case "DECIMAL":
		digits, ok := v["value"].(float64)
		scale, _ := info["scale"].(float64)
		if !ok || digits > 1<<52 {
			return ""
		}
		return fmt.Sprintf("%.*f", int(scale), digits/pow10(int(scale)))
	case "VARCHAR":
		s, _ := v["value"].(string)
		return literal(s)
	}
	return ""
}

func pow10(n int) float64 {
	p := 1.0
	for range n {
		p *= 10
	}
	return p
}

// step is a value one whole unit or day away.
func step(name, value, typ string, up bool) map[string]string {
	sign := " - "
	if up {
		sign = " + "
	}
	switch typ {
	case "integer", "decimal":
		return map[string]string{name: value + sign + "1"}
	case "date", "timestamp":
		return map[string]string{name: value + sign + "INTERVAL 1 DAY"}
	default:
		return nil
	}
}
