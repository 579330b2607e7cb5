package duckdb

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ticktie/ticktie/internal/engagement"
	"github.com/ticktie/ticktie/internal/procedure"
	"github.com/ticktie/ticktie/internal/program"
)

// functions are the deterministic functions that the SQL of a test may call.
// What depends on the clock, on chance, on the machine, on files, or on the
// order of rows is not among them.
var functions = setOf(`
	+ - * / // % || ~~ !~~ ~~* !~~* ~~~ ^@ & | << >> xor ! -> ->> @> <@ && ~ **
	abs sign round ceil ceiling floor trunc mod greatest least nullif ifnull if coalesce
	length len strlen lower upper lcase ucase trim ltrim rtrim substr substring left right replace translate reverse repeat
	lpad rpad concat concat_ws contains starts_with prefix suffix ends_with strpos position instr ascii chr unicode
	regexp_matches regexp_full_match regexp_extract regexp_extract_all regexp_replace regexp_split_to_array
	string_split str_split split split_part string_to_array format_bytes bar md5 sha256 hash levenshtein strip_accents nfc_normalize
	date_part datepart date_trunc datetrunc date_diff datediff date_sub datesub date_add year month day dayofmonth dayofweek
	dayofyear weekday isodow isoyear week weekofyear yearweek quarter hour minute second millisecond microsecond last_day
	make_date make_timestamp strftime strptime try_strptime timezone epoch_ms epoch_us epoch_ns to_years to_quarters to_months to_weeks to_days to_hours
	to_minutes to_seconds to_milliseconds to_microseconds dayname monthname time_bucket
	count count_star count_if countif sum sum_no_overflow min max bool_and bool_or every bit_and bit_or bit_xor bit_count
	string_agg group_concat listagg list array_agg histogram product_exact
	row_number rank dense_rank lag lead first_value last_value nth_value ntile
	list_value array_value list_contains list_has array_contains array_has list_position list_indexof list_distinct list_unique list_sort list_reverse_sort
	list_concat array_concat list_append list_prepend list_filter array_filter list_transform array_transform list_apply list_extract
	list_element list_slice array_slice array_length array_extract list_has_any list_has_all list_intersect list_aggregate list_sum list_min list_max list_count
	list_any_value list_bool_and list_bool_or array_to_string flatten unnest range generate_series
	struct_pack struct_extract row map map_extract element_at cardinality
	json_extract json_extract_string json_extract_path json_extract_path_text json_array_length json_valid json_keys json_contains json_type json_exists
	json_value json_array json_object to_json from_json json array_to_json row_to_json json_transform from_json_strict
	div rounded ten_to period_first period_last local_day
	in not is_distinct_from typeof cast try_cast case error grouping constant_or_null
`)

// tableFunctions may stand where a table does.
var tableFunctions = setOf("range generate_series unnest")

// clockWords are names that are functions without parentheses.
var clockWords = setOf("current_date current_time current_timestamp localtime localtimestamp current_user user session_user current_role current_catalog current_schema")

// ordered are aggregates whose answer depends on the order of rows.
var ordered = setOf("string_agg group_concat listagg list array_agg")

// aggregates must not stand in an attribute, which judges one row.
var aggregates = setOf("count count_star count_if countif sum sum_no_overflow min max bool_and bool_or every bit_and bit_or bit_xor string_agg group_concat listagg list array_agg histogram")

func setOf(words string) map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		m[w] = true
	}
	return m
}

// guard refuses SQL that could do anything but judge: each text must be one
// SELECT that names only the views of the test and listed functions, must bind
// to the declared types, and must not compute with floating point numbers.
func (e *Engine) guard(ctx context.Context, p *program.Program, c *procedure.Compiled) error {
	s, err := e.open(ctx, "")
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.declare(ctx, p, c); err != nil {
		return err
	}
	g := &guard{s: s, views: setOf(strings.Join(append(slices.Concat(c.Populations, c.Parameters), "frame"), " "))}
	return g.compiled(ctx, c)
}

// declare makes an empty table for each population and parameter table.
func (s *session) declare(ctx context.Context, p *program.Program, c *procedure.Compiled) error {
	for _, id := range c.Populations {
		pop := p.Population(id)
		if pop == nil {
			return fmt.Errorf("the program has no population %q", id)
		}
		if err := s.exec(ctx, emptyTable(pop)); err != nil {
			return fmt.Errorf("population %s: %w", id, err)
		}
	}
	day := engagement.Date{Year: 2000, Month: 1, Day: 1}
	macros := procedure.Macros(engagement.Period{First: day, Last: day})
	if err := s.support(ctx, p, true, macros, c.Parameters); err != nil {
		return err
	}
	return harden(ctx, s.conn, nil)
}

func emptyTable(p *program.Population) string {
	var b strings.Builder
	fmt.Fprintf(&b, "CREATE TABLE %s (item BIGINT, _record BIGINT, _day DATE", ident(p.ID))
	for _, c := range p.Columns {
		fmt.Fprintf(&b, ", %s %s", ident(c.Name), sqlType(c))
	}
	return b.String() + ")"
}

// guard checks the SQL of one compiled test.
type guard struct {
	s     *session
	views map[string]bool
}

func (g *guard) compiled(ctx context.Context, c *procedure.Compiled) error {
	from := c.Populations[0]
	if c.Frame != "" {
		if err := g.query(ctx, c.Frame); err != nil {
			return fmt.Errorf("the frame: %w", err)
		}
		if err := g.s.exec(ctx, "CREATE TABLE frame AS SELECT * FROM ("+trimmed(c.Frame)+"\n) LIMIT 0"); err != nil {
			return fmt.Errorf("the frame: %w", plain(err))
		}
		need := "SELECT item FROM frame"
		if c.Kind == procedure.FrameDerived {
			need = "SELECT key, event_day FROM frame"
		}
		if err := g.binds(ctx, need); err != nil {
			return errors.New("the frame returns no column item; select the population's own: SELECT p.*, … FROM " + from + " p …")
		}
		from = "frame"
	}
	var errs []error
	for _, a := range c.Accounts {
		if err := g.query(ctx, a.Query); err != nil {
			errs = append(errs, fmt.Errorf("the account of population %s: %w", a.Population, err))
		}
	}
	for _, a := range c.Attributes {
		for _, x := range []struct{ what, sql string }{{"holds", a.Holds}, {"applies", a.Applies}} {
			if x.sql == "" && x.what == "applies" {
				continue
			}
			if err := g.condition(ctx, x.sql, from); err != nil {
				errs = append(errs, fmt.Errorf("attribute %s, %s: %w", a.ID, x.what, err))
			}
		}
		for _, name := range a.Absent {
			if err := g.binds(ctx, "SELECT "+ident(name)+" IS NULL FROM "+ident(from)); err != nil {
				errs = append(errs, fmt.Errorf("attribute %s, absent_is_deviation: %w", a.ID, err))
			}
		}
	}
	for _, name := range c.Show {
		if err := g.binds(ctx, "SELECT "+ident(name)+" FROM "+ident(from)); err != nil {
			errs = append(errs, fmt.Errorf("show: %w", err))
		}
	}
	return errors.Join(errs...)
}

// query checks a whole SELECT.
func (g *guard) query(ctx context.Context, sql string) error {
	sql = trimmed(sql)
	tree, err := g.parse(ctx, sql)
	if err != nil {
		return err
	}
	w := &walker{views: g.views, ctes: map[string]bool{}}
	w.collect(tree)
	if err := w.walk(tree, false); err != nil {
		return err
	}
	return g.exact(ctx, sql)
}

// condition checks a scalar condition over the table from.
func (g *guard) condition(ctx context.Context, sql, from string) error {
	if strings.TrimSpace(sql) == "" {
		return errors.New("the condition is empty")
	}
	tree, err := g.parse(ctx, "SELECT (\n"+sql+"\n)")
	if err != nil {
		return err
	}
	if err := onlyOneValue(tree); err != nil {
		return err
	}
	w := &walker{views: map[string]bool{}, ctes: map[string]bool{}, scalar: true}
	if err := w.walk(tree, false); err != nil {
		return err
	}
	query := "SELECT CAST((\n" + sql + "\n) AS BOOLEAN) AS holds FROM " + ident(from)
	var typ string
	row := g.s.conn.QueryRowContext(ctx, "SELECT column_type FROM (DESCRIBE SELECT (\n"+sql+"\n) AS holds FROM "+ident(from)+")")
	if err := row.Scan(&typ); err != nil {
		return plain(err)
	}
	if typ != "BOOLEAN" && typ != `"NULL"` {
		return fmt.Errorf("it is a %s, not a condition that is true or false", typ)
	}
	return g.exact(ctx, query)
}

// onlyOneValue refuses text that closes the parenthesis it was put into.
func onlyOneValue(tree map[string]any) error {
	node, _ := tree["node"].(map[string]any)
	list, _ := node["select_list"].([]any)
	table, _ := node["from_table"].(map[string]any)
	if node["type"] != "SELECT_NODE" || len(list) != 1 || table["type"] != "EMPTY" || node["where_clause"] != nil {
		return errors.New("it is more than one condition; a query belongs in the frame")
	}
	return nil
}

// parse returns the syntax tree of exactly one SELECT.
func (g *guard) parse(ctx context.Context, sql string) (map[string]any, error) {
	var text string
	if err := g.s.conn.QueryRowContext(ctx, "SELECT CAST(json_serialize_sql(?::VARCHAR) AS VARCHAR)", sql).Scan(&text); err != nil {
		return nil, plain(err)
	}
	var out struct {
		Error      bool             `json:"error"`
		Message    string           `json:"error_message"`
		Statements []map[string]any `json:"statements"`
	}
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		return nil, fmt.Errorf("reading the syntax tree: %w", err)
	}
	switch {
	case out.Error && strings.Contains(out.Message, "Only SELECT"):
		return nil, errors.New("it is not a SELECT; a test reads, it changes nothing")
	case out.Error:
		return nil, errors.New(firstLine(out.Message))
	case len(out.Statements) != 1:
		return nil, fmt.Errorf("it holds %d statements; exactly one SELECT is expected", len(out.Statements))
	}
	return out.Statements[0], nil
}

// exact binds a query to the declared types and refuses floating point numbers
// anywhere in its plan.
func (g *guard) exact(ctx context.Context, query string) error {
	if err := g.binds(ctx, query); err != nil {
		return err
	}
	var text string
	if err := g.s.conn.QueryRowContext(ctx, "SELECT CAST(json_serialize_plan(?::VARCHAR) AS VARCHAR)", query).Scan(&text); err != nil {
		return plain(err)
	}
	var out map[string]any
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		return fmt.Errorf("reading the plan: %w", err)
	}
	if out["error"] == true {
		return fmt.Errorf("its plan cannot be checked: %v", out["error_message"])
	}
	if floating(out["plans"]) {
		return errors.New("it computes with floating point numbers, which are not exact; declare decimals, and use div(a, b, scale) in place of / and avg")
	}
	return nil
}

// binds is an error unless the query fits the declared types.
func (g *guard) binds(ctx context.Context, query string) error {
	rows, err := g.s.conn.QueryContext(ctx, "DESCRIBE "+query)
	if err != nil {
		return plain(err)
	}
	return rows.Close()
}

// intervals are the functions that interval literals are bound to.
var intervals = setOf("to_years to_months to_weeks to_days to_hours to_minutes to_seconds to_milliseconds to_microseconds to_quarters to_decades")

// readsColumn reports whether any value of a row is in the plan below.
func readsColumn(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		if v["type"] == "BOUND_COLUMN_REF" || v["type"] == "BOUND_REF" || v["expression_class"] == "BOUND_COLUMN_REF" || v["expression_class"] == "BOUND_REF" || v["expression_class"] == "BOUND_LAMBDA_REF" {
			return true
		}
		for _, x := range v {
			if readsColumn(x) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(v, readsColumn)
	}
	return false
}

// floating looks for a type DOUBLE or FLOAT in a bound plan.
func floating(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		if v["id"] == "DOUBLE" || v["id"] == "FLOAT" {
			return true
		}
		if name, _ := v["name"].(string); intervals[name] && !readsColumn(v) {
			return false // INTERVAL 1 DAY is bound by way of a DOUBLE that is whole
		}
		for _, x := range v {
			if floating(x) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(v, floating)
	}
	return false
}

// walker goes through a syntax tree.
type walker struct {
	views  map[string]bool
	ctes   map[string]bool
	scalar bool
}

// collect gathers the names of common table expressions.
func (w *walker) collect(v any) {
	switch v := v.(type) {
	case map[string]any:
		if m, ok := v["cte_map"].(map[string]any); ok {
			entries, _ := m["map"].([]any)
			for _, e := range entries {
				if e, ok := e.(map[string]any); ok {
					if name, ok := e["key"].(string); ok {
						w.ctes[strings.ToLower(name)] = true
					}
				}
			}
		}
		if name, ok := v["cte_name"].(string); ok {
			w.ctes[strings.ToLower(name)] = true
		}
		if name, ok := v["ctename"].(string); ok {
			w.ctes[strings.ToLower(name)] = true
		}
		for _, x := range v {
			w.collect(x)
		}
	case []any:
		for _, x := range v {
			w.collect(x)
		}
	}
}

func (w *walker) walk(v any, inTableFunction bool) error {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			if err := w.walk(x, inTableFunction); err != nil {
				return err
			}
		}
	case map[string]any:
		if err := w.node(v, inTableFunction); err != nil {
			return err
		}
		for _, k := range sortedKeys(v) {
			if err := w.walk(v[k], v["type"] == "TABLE_FUNCTION"); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *walker) node(n map[string]any, inTableFunction bool) error {
	typ, _ := n["type"].(string)
	class, _ := n["class"].(string)
	switch typ {
	case "BASE_TABLE":
		return w.table(n)
	case "TABLE_FUNCTION":
		f, _ := n["function"].(map[string]any)
		name, _ := f["function_name"].(string)
		if !tableFunctions[strings.ToLower(name)] {
			return fmt.Errorf("it reads from %s(); a test reads its populations and parameter tables only", name)
		}
	case "SHOW_REF", "PIVOT", "COLUMN_DATA", "DELIM_GET":
		return fmt.Errorf("it uses %s, which a test may not", strings.ToLower(typ))
	}
	switch class {
	case "COLUMN_REF":
		if parts, _ := n["column_names"].([]any); len(parts) == 1 {
			if name, _ := parts[0].(string); clockWords[strings.ToLower(name)] {
				return fmt.Errorf("it asks for %s, whose answer depends on when and where it is asked; use period_first() and period_last(), or a column", name)
			}
		}
	case "FUNCTION", "WINDOW":
		return w.function(n, class, inTableFunction)
	case "SUBQUERY":
		if w.scalar {
			return errors.New("it has a subquery; that belongs in the frame")
		}
	case "PARAMETER", "POSITIONAL_REFERENCE", "DEFAULT":
		return fmt.Errorf("it uses a %s, which a test may not", strings.ToLower(strings.ReplaceAll(class, "_", " ")))
	}
	if n["sample"] != nil {
		return errors.New("it takes a random sample; a test judges every item")
	}
	return nil
}

func (w *walker) table(n map[string]any) error {
	name, _ := n["table_name"].(string)
	schema, _ := n["schema_name"].(string)
	catalog, _ := n["catalog_name"].(string)
	if lower := strings.ToLower(name); schema == "" && catalog == "" && (w.views[lower] || w.ctes[lower]) {
		return nil
	}
	return fmt.Errorf("it reads %q, which the test does not declare; list it under with or parameters: it may read %s", strings.Trim(catalog+"."+schema+"."+name, "."), strings.Join(sortedKeys(w.views), ", "))
}

func (w *walker) function(n map[string]any, class string, inTableFunction bool) error {
	name, _ := n["function_name"].(string)
	name = strings.ToLower(name)
	schema, _ := n["schema"].(string)
	switch {
	case class == "WINDOW" && w.scalar:
		return fmt.Errorf("it has a window function (%s); that belongs in the frame", name)
	case inTableFunction && tableFunctions[name]:
		return nil
	case schema != "" && schema != "main" && schema != "pg_catalog":
		return fmt.Errorf("it calls %s.%s(), which a test may not", schema, name)
	case w.scalar && aggregates[name]:
		return fmt.Errorf("it has an aggregate (%s); that belongs in the frame", name)
	case !functions[name]:
		return fmt.Errorf("it calls %s(), which is not one of the functions a test may call: those whose answer depends on its arguments alone", name)
	case ordered[name] && class == "FUNCTION" && !hasOrder(n):
		return fmt.Errorf("the answer of %s() depends on the order of rows; write ORDER BY inside it", name)
	}
	return nil
}

func hasOrder(n map[string]any) bool {
	o, _ := n["order_bys"].(map[string]any)
	orders, _ := o["orders"].([]any)
	return len(orders) > 0
}

// plain is the engine's error in one line, without its picture of the text.
func plain(err error) error { return errors.New(firstLine(err.Error())) }

func firstLine(s string) string {
	var lines []string
	for l := range strings.SplitSeq(s, "\n") {
		if l = strings.TrimSpace(l); l == "" || strings.HasPrefix(l, "LINE ") || strings.HasPrefix(l, "^") {
			break
		}
		lines = append(lines, l)
	}
	text, _, _ := strings.Cut(strings.Join(lines, " "), " Candidate functions:")
	return text
}
