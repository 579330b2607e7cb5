package duckdb

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"database/sql/driver"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"math/big"
	"regexp"
	"slices"
	"strings"

	duck "github.com/duckdb/duckdb-go/v2"

	"github.com/ticktie/ticktie/internal/objects"
	"github.com/ticktie/ticktie/internal/population"
	"github.com/ticktie/ticktie/internal/procedure"
	"github.com/ticktie/ticktie/internal/program"
)

// Judgements as small numbers, two bits for each attribute of an item.
const (
	codeMet = iota
	codeDeviation
	codeNotEvaluable
	codeNotApplicable
)

var judgements = [...]procedure.Judgement{procedure.Met, procedure.Deviation, procedure.NotEvaluable, procedure.NotApplicable}

// maxAttributes is how many fit into one BIGINT.
const maxAttributes = 31

// trial performs one compiled test in a session whose views are made.
type trial struct {
	s          *session
	c          *procedure.Compiled
	pop        *program.Population
	items      map[string]int64 // by population
	restricted map[string]bool
	effective  program.Effective
	objects    *objects.Store // nil: nothing is kept
	columns    []column       // of the frame
}

// column is one column of a frame with its engine type.
type column struct{ name, typ string }

func newTrial(s *session, in procedure.Input, c *procedure.Compiled) *trial {
	j := &trial{
		s: s, c: c, pop: in.Program.Population(in.Test.Population), items: map[string]int64{},
		restricted: restricted(in.Program, c.Populations), effective: in.Test.Effective, objects: in.Objects,
	}
	for id, snap := range in.Snapshots {
		j.items[id] = snap.Items
	}
	return j
}

// perform proves the frame, counts in one pass, fetches what is not met in a
// second, and leaves no counts unless both agree.
func (j *trial) perform(ctx context.Context, r *procedure.Result) error {
	if len(j.c.Attributes) == 0 || len(j.c.Attributes) > maxAttributes {
		return fmt.Errorf("it has %d attributes; 1 to %d can be judged together", len(j.c.Attributes), maxAttributes)
	}
	if j.items[j.pop.ID] == 0 && j.c.Kind != procedure.FrameDerived {
		r.NotPerformed = emptyPopulation(j.pop.ID)
		return nil
	}
	not, err := j.frame(ctx, &r.Frame)
	if err != nil || not != nil {
		r.NotPerformed = not
		return err
	}
	if r.Frame.Items == 0 {
		r.NotPerformed = emptyPopulation(j.pop.ID)
		return nil
	}
	if err := j.count(ctx, r); err != nil {
		return err
	}
	return j.fetch(ctx, r)
}

func emptyPopulation(id string) *procedure.NotPerformed {
	return &procedure.NotPerformed{Code: "empty_population", Reason: fmt.Sprintf("population %s has no items, and an empty population is not evaluable unless its emptiness itself is proven", id)}
}

// frame makes the view judged and proves that it holds each item once.
func (j *trial) frame(ctx context.Context, proof *procedure.FrameProof) (*procedure.NotPerformed, error) {
	proof.Kind = j.c.Kind
	switch j.c.Kind {
	case procedure.FrameIdentity:
		n := j.items[j.pop.ID]
		*proof = procedure.FrameProof{Items: n, Rows: n, Distinct: n, Holds: true, Kind: j.c.Kind, Text: "the population itself"}
		if err := j.s.exec(ctx, "CREATE VIEW judged AS SELECT * FROM "+j.source()); err != nil {
			return nil, fmt.Errorf("framing population %s: %w", j.pop.ID, err)
		}
	case procedure.FrameJoined:
		if err := j.joined(ctx); err != nil {
			return nil, err
		}
		if err := j.prove(ctx, proof); err != nil {
			return nil, err
		}
	case procedure.FrameDerived:
		if not, err := j.derived(ctx, proof); err != nil || not != nil {
			return not, err
		}
	default:
		return nil, fmt.Errorf("a frame of kind %q is unknown", j.c.Kind)
	}
	var err error
	if j.columns, err = j.describe(ctx, "judged"); err != nil {
		return nil, err
	}
	if !proof.Holds {
		return &procedure.NotPerformed{Code: "frame_not_proven", Reason: "the frame does not hold every item exactly once: " + proof.Text}, nil
	}
	return nil, nil
}

// source is the population's view, without restricted columns if none is read.
func (j *trial) source() string {
	if j.keyView() == j.pop.ID {
		return ident(j.pop.ID)
	}
	for _, a := range j.c.Attributes {
		for name := range j.restricted {
			if names(a.Holds+" "+a.Applies+" "+strings.Join(a.Absent, " ")+" "+a.Amount, name) {
				return ident(j.pop.ID)
			}
		}
	}
	for name := range j.restricted {
		if slices.Contains(j.c.Show, name) {
			return ident(j.pop.ID)
		}
	}
	return ident(openView(j.pop.ID))
}

// joined makes the view judged from a query that returns the column item; the
// day of the event comes from the population where the query leaves it out.
func (j *trial) joined(ctx context.Context) error {
	if err := j.s.exec(ctx, "CREATE VIEW frame AS "+trimmed(j.c.Frame)); err != nil {
		return fmt.Errorf("the frame: %w", err)
	}
	columns, err := j.describe(ctx, "frame")
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(columns, func(c column) bool { return c.name == "item" && (c.typ == "BIGINT" || c.typ == "HUGEINT") }) {
		return errors.New("the frame returns no column item; select the population's own: SELECT p.*, … FROM " + j.pop.ID + " p …")
	}
	query := "SELECT * FROM frame"
	if !slices.ContainsFunc(columns, func(c column) bool { return c.name == "_day" }) {
		query = "SELECT f.*, p._day FROM frame f LEFT JOIN " + ident(j.pop.ID) + " p ON p.item = f.item"
	}
	if err := j.s.exec(ctx, "CREATE VIEW judged AS "+query); err != nil {
		return fmt.Errorf("the frame: %w", err)
	}
	return nil
}

// prove counts the frame's rows and the distinct items among them.
func (j *trial) prove(ctx context.Context, proof *procedure.FrameProof) error {
	n := j.items[j.pop.ID]
	query := fmt.Sprintf("SELECT count(*), coalesce(bit_count(bitstring_agg(item, 0, %[1]d) FILTER (item BETWEEN 0 AND %[1]d)), 0) FROM judged", n-1)
	var rows, distinct int64
	if err := j.s.conn.QueryRowContext(ctx, query).Scan(&rows, &distinct); err != nil {
		return fmt.Errorf("proving the frame: %w", err)
	}
	proof.Items, proof.Rows, proof.Distinct = n, rows, distinct
	proof.Holds = rows == n && distinct == n
	proof.Text = fmt.Sprintf("%d items, %d rows, %d different items among them", n, rows, distinct)
	if !proof.Holds {
		proof.Text += fmt.Sprintf(": %d items lost, %d rows too many; mend the join so that it returns one row for each item", n-distinct, rows-distinct)
	}
	return nil
}

// derived makes a table of items that are not rows of a population, numbered
// by key, and proves that every row of each population is accounted for.
func (j *trial) derived(ctx context.Context, proof *procedure.FrameProof) (*procedure.NotPerformed, error) {
	for _, q := range []string{
		"CREATE TEMP TABLE derived AS SELECT row_number() OVER (ORDER BY key) - 1 AS item, * FROM (" + trimmed(j.c.Frame) + "\n)",
		"CREATE VIEW frame AS SELECT * FROM derived",
		"CREATE VIEW judged AS SELECT *, CAST(event_day AS DATE) AS _day FROM derived",
	} {
		if err := j.s.exec(ctx, q); err != nil {
			return nil, fmt.Errorf("the frame: %w", err)
		}
	}
	var rows, distinct int64
	if err := j.s.conn.QueryRowContext(ctx, "SELECT count(*), count(DISTINCT key) FROM derived").Scan(&rows, &distinct); err != nil {
		return nil, fmt.Errorf("proving the frame: %w", err)
	}
	*proof = procedure.FrameProof{Items: rows, Rows: rows, Distinct: distinct, Holds: rows == distinct, Kind: j.c.Kind}
	if rows != distinct {
		proof.Text = fmt.Sprintf("%d rows have only %d different keys", rows, distinct)
		return nil, nil
	}
	return nil, j.accounts(ctx, proof)
}

func (j *trial) accounts(ctx context.Context, proof *procedure.FrameProof) error {
	var texts []string
	for _, a := range j.c.Accounts {
		var n sql.NullInt64
		if err := j.s.conn.QueryRowContext(ctx, trimmed(a.Query)).Scan(&n); err != nil {
			return fmt.Errorf("accounting for population %s: %w", a.Population, err)
		}
		texts = append(texts, fmt.Sprintf("%d of %d items of %s accounted for", n.Int64, j.items[a.Population], a.Population))
		proof.Holds = proof.Holds && n.Valid && n.Int64 == j.items[a.Population]
	}
	proof.Text = strings.Join(texts, "; ")
	return nil
}

func trimmed(query string) string { return strings.TrimRight(strings.TrimSpace(query), ";") }

func (j *trial) describe(ctx context.Context, view string) ([]column, error) {
	rows, err := j.s.conn.QueryContext(ctx, "SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM "+view+")")
	if err != nil {
		return nil, fmt.Errorf("reading the frame's columns: %w", err)
	}
	defer rows.Close()
	var out []column
	for rows.Next() {
		var c column
		if err := rows.Scan(&c.name, &c.typ); err != nil {
			return nil, fmt.Errorf("reading the frame's columns: %w", err)
		}
		out = append(out, c)
	}
	return out, rows.Err()
}

// code is the SQL of one attribute's judgement as a number.
func code(a procedure.CompiledAttribute) string {
	holds := fmt.Sprintf("coalesce(%d - CAST(TRY((%s\n)) AS TINYINT), %d)", codeDeviation, a.Holds, codeNotEvaluable)
	if len(a.Absent) > 0 {
		var absent []string
		for _, c := range a.Absent {
			absent = append(absent, ident(c)+" IS NULL")
		}
		holds = fmt.Sprintf("CASE WHEN %s THEN %d ELSE %s END", strings.Join(absent, " OR "), codeDeviation, holds)
	}
	if a.Applies != "" {
		holds = fmt.Sprintf("CASE coalesce(CAST(TRY((%s\n)) AS TINYINT), 2) WHEN 1 THEN %s WHEN 0 THEN %d ELSE %d END", a.Applies, holds, codeNotApplicable, codeNotEvaluable)
	}
	return holds
}

// codes packs the judgements of all attributes into one number.
func (j *trial) codes() string {
	var parts []string
	for i, a := range j.c.Attributes {
		parts = append(parts, fmt.Sprintf("CAST(%s AS BIGINT) * %d", code(a), int64(1)<<(2*i)))
	}
	return strings.Join(parts, " + ")
}

// inForce restricts the frame to the days on which this version of the test
// was in force.
func (j *trial) inForce() string {
	var where []string
	if !j.effective.From.IsZero() {
		where = append(where, "_day >= DATE '"+j.effective.From.String()+"'")
	}
	if !j.effective.To.IsZero() {
		where = append(where, "_day < DATE '"+j.effective.To.String()+"'")
	}
	if len(where) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(where, " AND ")
}

// count judges every item in one pass and adds up by attribute and month.
func (j *trial) count(ctx context.Context, r *procedure.Result) error {
	amounts, sums := j.amounts(), ""
	for i := range amounts {
		sums += fmt.Sprintf(", CAST(sum(amount%d) AS VARCHAR)", i)
	}
	inner := "SELECT " + j.codes() + " AS code, year(_day) * 12 + month(_day) - 1 AS month"
	for i, a := range amounts {
		inner += fmt.Sprintf(", TRY(%s) AS amount%d", ident(j.c.Attributes[a].Amount), i)
	}
	rows, err := j.s.conn.QueryContext(ctx, "SELECT code, month, count(*)"+sums+" FROM ("+inner+" FROM judged"+j.inForce()+") GROUP BY code, month")
	if err != nil {
		return fmt.Errorf("counting: %w", err)
	}
	defer rows.Close()
	t := newTally(j.c, amounts)
	for rows.Next() {
		if err := t.add(rows); err != nil {
			return fmt.Errorf("counting: %w", err)
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("counting: %w", err)
	}
	t.into(r)
	if j.effective == (program.Effective{}) && r.Items != r.Frame.Items {
		return fmt.Errorf("counting: %d items were judged where the frame has %d; this is a defect of ticktie, please report it", r.Items, r.Frame.Items)
	}
	return nil
}

// amounts are the indexes of attributes with an amount.
func (j *trial) amounts() []int {
	var out []int
	for i, a := range j.c.Attributes {
		if a.Amount != "" {
			out = append(out, i)
		}
	}
	return out
}

// tally adds up groups of items with the same judgements in the same month.
type tally struct {
	c       *procedure.Compiled
	amounts []int
	items   int64
	notMet  int64
	months  []map[string]*procedure.MonthResult // by attribute
	sums    map[int]*big.Rat
	scale   map[int]int
}

func newTally(c *procedure.Compiled, amounts []int) *tally {
	t := &tally{c: c, amounts: amounts, sums: map[int]*big.Rat{}, scale: map[int]int{}}
	for range c.Attributes {
		t.months = append(t.months, map[string]*procedure.MonthResult{})
	}
	return t
}

func (t *tally) add(rows *sql.Rows) error {
	var code, n int64
	var month sql.NullInt64
	sums := make([]sql.NullString, len(t.amounts))
	into := []any{&code, &month, &n}
	for i := range sums {
		into = append(into, &sums[i])
	}
	if err := rows.Scan(into...); err != nil {
		return err
	}
	name := ""
	if month.Valid {
		name = fmt.Sprintf("%04d-%02d", month.Int64/12, month.Int64%12+1)
	}
	t.items += n
	if anyNotMet(code, len(t.c.Attributes)) {
		t.notMet += n
	}
	for i := range t.c.Attributes {
		m := t.months[i][name]
		if m == nil {
			m = &procedure.MonthResult{Month: name}
			t.months[i][name] = m
		}
		switch code >> (2 * i) & 3 {
		case codeMet:
			m.Met += n
		case codeDeviation:
			m.Deviations += n
		case codeNotEvaluable:
			m.NotEvaluable += n
		case codeNotApplicable:
			m.NotApplicable += n
		}
	}
	return t.addAmounts(code, sums)
}

func (t *tally) addAmounts(code int64, sums []sql.NullString) error {
	for i, a := range t.amounts {
		if code>>(2*a)&3 != codeDeviation || !sums[i].Valid {
			continue
		}
		x, ok := new(big.Rat).SetString(sums[i].String)
		if !ok {
			return fmt.Errorf("the amount %q is no exact number", sums[i].String)
		}
		if _, fraction, ok := strings.Cut(sums[i].String, "."); ok {
			t.scale[a] = max(t.scale[a], len(fraction))
		}
		if t.sums[a] == nil {
			t.sums[a] = new(big.Rat)
		}
		t.sums[a].Add(t.sums[a], x)
	}
	return nil
}

// anyNotMet reports whether any of the attributes is a deviation or not evaluable.
func anyNotMet(code int64, attributes int) bool {
	for i := range attributes {
		if c := code >> (2 * i) & 3; c == codeDeviation || c == codeNotEvaluable {
			return true
		}
	}
	return false
}

func (t *tally) into(r *procedure.Result) {
	r.Items, r.NotMetItems = t.items, t.notMet
	for i, a := range t.c.Attributes {
		x := procedure.AttributeResult{ID: a.ID, Text: a.Text, Lead: a.Lead}
		for _, name := range sortedKeys(t.months[i]) {
			m := *t.months[i][name]
			x.Met += m.Met
			x.Deviations += m.Deviations
			x.NotEvaluable += m.NotEvaluable
			x.NotApplicable += m.NotApplicable
			x.Months = append(x.Months, m)
		}
		if a.Amount != "" {
			x.Amount = "0"
			if s := t.sums[i]; s != nil {
				x.Amount = s.FloatString(t.scale[i])
			}
		}
		r.Attributes = append(r.Attributes, x)
	}
}

// kept are the frame's columns shown with each item that is not met: those
// that the attributes name, and those that the test asks for.
func (j *trial) kept() []column {
	var out []column
	for _, c := range j.columns {
		if c.name == "item" || c.name == "_record" || c.name == "_day" || c.name == "key" || c.name == "event_day" {
			continue
		}
		want := slices.Contains(j.c.Show, c.name)
		for _, a := range j.c.Attributes {
			want = want || !helper.MatchString(c.name) && names(a.Holds+" "+a.Applies, c.name) || slices.Contains(a.Absent, c.name) || a.Amount == c.name
		}
		if want {
			out = append(out, c)
		}
	}
	return out
}

// helper matches columns that generic procedures need only for themselves.
var helper = regexp.MustCompile(`^(k[0-9]+|in_scope|.*_)$`)

// names reports whether a condition mentions a column.
func names(condition, column string) bool {
	return regexp.MustCompile(`(?i)(^|[^a-z0-9_])` + regexp.QuoteMeta(column) + `($|[^a-z0-9_])`).MatchString(condition)
}

// keyColumns are the SQL of the key's parts as exact text, over the population k.
func (j *trial) keyColumns(from string) []string {
	if j.c.Kind == procedure.FrameDerived {
		return []string{from + ".key"}
	}
	if byPosition(j.pop.Key) {
		return []string{"CAST(" + from + ".item + 1 AS VARCHAR)"}
	}
	var out []string
	for _, k := range j.pop.Key {
		typ := "VARCHAR"
		for _, c := range j.pop.Columns {
			if c.Name == k {
				typ = sqlType(c)
			}
		}
		out = append(out, exactText(from+"."+ident(k), typ))
	}
	return out
}

// notMetQuery returns item, code, month, key parts and kept values of the items
// that match, in item order.
func (j *trial) notMetQuery(kept []column, all bool) string {
	var values []string
	for i, c := range kept {
		text := exactText(ident(c.name), c.typ)
		if j.restricted[strings.ToLower(c.name)] {
			text = "CASE WHEN " + ident(c.name) + " IS NOT NULL THEN 'restricted' END"
		}
		values = append(values, fmt.Sprintf(", %s AS value%d", text, i))
	}
	inner := "SELECT *, " + j.codes() + " AS code FROM judged" + j.inForce()
	where := " WHERE " + notMetCode(len(j.c.Attributes))
	if all {
		where = ""
	} else {
		inner += andOrWhere(j.inForce()) + " (" + j.maybeNotMet() + ")"
	}
	from := "(SELECT item, code, year(_day) * 12 + month(_day) - 1 AS month" + strings.Join(values, "")
	switch {
	case j.c.Kind == procedure.FrameDerived:
		from += ", key"
	case j.c.Kind == procedure.FrameIdentity && !byPosition(j.pop.Key):
		for _, k := range j.pop.Key {
			from += ", " + ident(k)
		}
	}
	from += " FROM (" + inner + ")" + where + ") f"
	keys := j.keyColumns("f")
	if j.c.Kind == procedure.FrameJoined && !byPosition(j.pop.Key) {
		keys = j.keyColumns("k")
		from += " JOIN " + ident(j.keyView()) + " k ON k.item = f.item"
	}
	list := []string{"f.item", "f.code", "f.month"}
	for i, k := range keys {
		list = append(list, fmt.Sprintf("%s AS key%d", k, i))
	}
	for i := range kept {
		list = append(list, fmt.Sprintf("f.value%d", i))
	}
	return "SELECT " + strings.Join(list, ", ") + " FROM " + from + " ORDER BY f.item"
}

// maybeNotMet is true for every item that is not met, and for some that are:
// it lets the engine leave most items alone before it computes their codes.
func (j *trial) maybeNotMet() string {
	var parts []string
	for _, a := range j.c.Attributes {
		part := "TRY((" + a.Holds + "\n)) IS NOT TRUE"
		for _, c := range a.Absent {
			part += " OR " + ident(c) + " IS NULL"
		}
		if a.Applies != "" {
			part = "TRY((" + a.Applies + "\n)) IS NOT FALSE AND (" + part + " OR TRY((" + a.Applies + "\n)) IS NULL)"
		}
		parts = append(parts, "("+part+")")
	}
	return strings.Join(parts, " OR ")
}

// keyView is the view that keys are read from; a key is never restricted.
func (j *trial) keyView() string {
	if j.objects != nil && slices.ContainsFunc(j.pop.Columns, func(c program.Column) bool { return c.Restricted }) {
		return openView(j.pop.ID)
	}
	return j.pop.ID
}

// notMetCode is true where any attribute is a deviation or not evaluable: the
// two bits of its number differ.
func notMetCode(attributes int) string {
	var mask int64
	for i := range attributes {
		mask |= 1 << (2 * i)
	}
	return fmt.Sprintf("(xor(code, code >> 1) & %d) <> 0", mask)
}

// item is one judged item as it comes from the engine.
type item struct {
	number int64
	code   int64
	month  string
	key    string
	values []*string
}

// each calls fn for the items of a query made by notMetQuery.
func (j *trial) each(ctx context.Context, query string, kept int, fn func(item) error) error {
	rows, err := j.s.conn.QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close()
	keys := 1
	if j.c.Kind != procedure.FrameDerived && !byPosition(j.pop.Key) {
		keys = len(j.pop.Key)
	}
	var it item
	var month sql.NullInt64
	cells := make([]sql.NullString, keys+kept)
	into := []any{&it.number, &it.code, &month}
	for i := range cells {
		into = append(into, &cells[i])
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		texts := make([]*string, len(cells))
		for i, c := range cells {
			if c.Valid {
				texts[i] = &c.String
			}
		}
		it.month, it.values = "", texts[keys:]
		if month.Valid {
			it.month = fmt.Sprintf("%04d-%02d", month.Int64/12, month.Int64%12+1)
		}
		if it.key, err = j.key(texts[:keys]); err != nil {
			return fmt.Errorf("item %d: %w", it.number, err)
		}
		if err := fn(it); err != nil {
			return err
		}
	}
	return rows.Err()
}

// key is an item's canonical key; a derived frame brings its own.
func (j *trial) key(parts []*string) (string, error) {
	if j.c.Kind != procedure.FrameDerived {
		return population.CanonicalKey(parts)
	}
	if parts[0] == nil {
		return "", errors.New("its key is absent")
	}
	var texts []string
	if err := json.Unmarshal([]byte(*parts[0]), &texts); err != nil {
		return "", fmt.Errorf("its key %s is no JSON array of texts", *parts[0])
	}
	b, err := objects.Canonical(texts)
	return string(b), err
}

// fetch keeps every item that is not met: as many as were counted, or nothing.
func (j *trial) fetch(ctx context.Context, r *procedure.Result) error {
	kept := j.kept()
	w := &notMetWriter{j: j, kept: kept, digest: sha256.New()}
	if r.NotMetItems > 0 {
		if err := w.open(ctx); err != nil {
			return fmt.Errorf("keeping what is not met: %w", err)
		}
		if err := j.each(ctx, j.notMetQuery(kept, false), len(kept), w.add); err != nil {
			return errors.Join(fmt.Errorf("fetching what is not met: %w", err), w.close())
		}
		if err := w.close(); err != nil {
			return fmt.Errorf("keeping what is not met: %w", err)
		}
	}
	if w.count != r.NotMetItems {
		return fmt.Errorf("the first pass counted %d items that are not met, the second fetched %d: the test is not deterministic, and nothing is recorded", r.NotMetItems, w.count)
	}
	r.NotMetDigest = "sha256:" + hex.EncodeToString(w.digest.Sum(nil))
	if w.count == 0 || j.objects == nil {
		return nil
	}
	if err := j.s.exec(ctx, "COPY (SELECT * FROM kept ORDER BY item) TO "+literal(j.s.output())+" (FORMAT parquet, COMPRESSION zstd)"); err != nil {
		return fmt.Errorf("keeping what is not met: %w", err)
	}
	d, _, err := j.objects.PutFile(j.s.output())
	if err != nil {
		return fmt.Errorf("keeping what is not met: %w", err)
	}
	r.NotMet = d
	return nil
}

// notMetWriter hashes one canonical line for each item and keeps it in a table.
type notMetWriter struct {
	j        *trial
	kept     []column
	digest   hash.Hash
	count    int64
	appender *duck.Appender
}

func (w *notMetWriter) open(ctx context.Context) error {
	if err := w.j.s.exec(ctx, "CREATE TABLE kept (item BIGINT, key VARCHAR, month VARCHAR, judgements VARCHAR, \"values\" VARCHAR)"); err != nil {
		return err
	}
	return w.j.s.writer.Raw(func(raw any) error {
		c, ok := raw.(driver.Conn)
		if !ok {
			return errors.New("the database's connection is of another kind")
		}
		var err error
		w.appender, err = duck.NewAppenderFromConn(c, "", "kept")
		return err
	})
}

func (w *notMetWriter) add(it item) error {
	w.count++
	i := procedure.NotMetItem{Item: it.number, Key: it.key, Judgements: map[string]procedure.Judgement{}, Values: map[string]*string{}}
	for n, a := range w.j.c.Attributes {
		i.Judgements[a.ID] = judgements[it.code>>(2*n)&3]
	}
	for n, c := range w.kept {
		i.Values[c.name] = it.values[n]
	}
	line, err := objects.Canonical(i)
	if err != nil {
		return err
	}
	w.digest.Write(append(line, '\n'))
	judged, err := objects.Canonical(i.Judgements)
	if err != nil {
		return err
	}
	values, err := objects.Canonical(i.Values)
	if err != nil {
		return err
	}
	return w.appender.AppendRow(it.number, it.key, it.month, string(judged), string(values))
}

func (w *notMetWriter) close() error {
	if w.appender == nil {
		return nil
	}
	return w.appender.Close()
}

func notMetItem(number int64, key, judged, values string) (*procedure.NotMetItem, error) {
	i := &procedure.NotMetItem{Item: number, Key: key}
	if err := json.NewDecoder(bytes.NewReader([]byte(judged))).Decode(&i.Judgements); err != nil {
		return nil, err
	}
	if err := json.NewDecoder(bytes.NewReader([]byte(values))).Decode(&i.Values); err != nil {
		return nil, err
	}
	return i, nil
}
