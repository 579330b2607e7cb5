package duckdb

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ticktie/ticktie/internal/engagement"
	"github.com/ticktie/ticktie/internal/objects"
	"github.com/ticktie/ticktie/internal/population"
	"github.com/ticktie/ticktie/internal/procedure"
	"github.com/ticktie/ticktie/internal/program"
	"github.com/ticktie/ticktie/internal/source"
)

// fixed is a stream of records that are already canonical.
type fixed struct {
	fields []string
	text   []byte
	n      int64
}

func (s fixed) Fields() []string  { return s.fields }
func (s fixed) Parquet() []string { return nil }
func (s fixed) Feed(_ context.Context, w io.Writer) error {
	_, err := w.Write(s.text)
	return err
}

func (s fixed) Close(context.Context) (*source.Extraction, error) {
	return &source.Extraction{Records: s.n}, nil
}

// world is a program with frozen populations.
type world struct {
	in procedure.Input
}

func newWorld(t *testing.T) *world {
	t.Helper()
	o, err := objects.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return &world{procedure.Input{
		Program: &program.Program{Organization: program.Organization{Zone: "UTC"}}, Period: year2025, Objects: o, TempDir: t.TempDir(),
		Snapshots: map[string]*population.Snapshot{}, Digests: map[string]objects.Digest{},
	}}
}

// freeze adds a population: rows of texts, "" is absent.
func (w *world) freeze(t *testing.T, p program.Population, rows [][]string) {
	t.Helper()
	var b bytes.Buffer
	for i, r := range rows {
		fmt.Fprintf(&b, "%d,%s\n", i+1, strings.Join(r, ","))
	}
	s := fixed{text: b.Bytes(), n: int64(len(rows))}
	for _, c := range p.Columns {
		s.fields = append(s.fields, c.Name)
	}
	got, err := NewFreezer(Config{}).Freeze(t.Context(), population.FreezeRequest{
		Population: &p, Period: w.in.Period, Location: time.UTC, Stream: s, TempDir: t.TempDir(), Objects: w.in.Objects, Progress: func(int64) {},
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Refused) > 0 {
		t.Fatalf("refused: %+v", got.Refused)
	}
	snap := got.Snapshot
	snap.Population = p.ID
	w.in.Program.Populations = append(w.in.Program.Populations, p)
	w.in.Snapshots[p.ID], w.in.Digests[p.ID] = &snap, objects.Sum([]byte(p.ID))
}

func (w *world) perform(t *testing.T, cfg Config, test program.Test) *procedure.Result {
	t.Helper()
	in := w.in
	test.ID, test.Control = "T", "C"
	in.Test = &test
	r, err := NewEngine(cfg).Perform(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// items are all items of a result that are not met.
func (w *world) items(t *testing.T, r *procedure.Result) []procedure.NotMetItem {
	t.Helper()
	var out []procedure.NotMetItem
	if err := NewEngine(Config{}).NotMet(t.Context(), w.in.Objects, r, -1, func(i procedure.NotMetItem) error {
		out = append(out, i)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return out
}

// Three-valued judgement on random rows, against a plain Go evaluator.
func TestJudgementsAgreeWithAPlainLoop(t *testing.T) {
	w := newWorld(t)
	r := rand.New(rand.NewPCG(5, 6))
	var rows [][]string
	type want struct{ codes [4]int }
	var wants []want
	month := map[string][4][4]int64{}
	for i := range 5000 {
		a, b := maybe(r, 10), maybe(r, 10)
		open := []string{"true", "false", ""}[r.IntN(3)]
		m := 1 + r.IntN(12)
		rows = append(rows, []string{fmt.Sprintf("k%05d", i), text(a), text(b), open, fmt.Sprintf("2025-%02d-15", m)})
		v := want{[4]int{less(a, b), equalWhenOpen(a, b, open), absentIsDeviation(a), andOr(a, b, open)}}
		wants = append(wants, v)
		name := fmt.Sprintf("2025-%02d", m)
		n := month[name]
		for k, c := range v.codes {
			n[k][c]++
		}
		month[name] = n
	}
	w.freeze(t, table(t, "lines: id text, a integer, b integer, open boolean, day date"), rows)
	res := w.perform(t, Config{Threads: 2}, program.Test{Population: "lines", Attributes: []program.Attribute{
		{ID: "A", Text: "t", Holds: "a < b"},
		{ID: "B", Text: "t", Holds: "a = b", Applies: "open", Because: "closed"},
		{ID: "C", Text: "t", Holds: "a > 3", Absent: []string{"a"}},
		{ID: "D", Text: "t", Holds: "(a > 5 AND b > 5) OR open"},
	}})
	if res.Items != 5000 || len(res.Attributes) != 4 {
		t.Fatalf("%d items, %d attributes", res.Items, len(res.Attributes))
	}
	for k, a := range res.Attributes {
		var total [4]int64
		for _, m := range a.Months {
			got := [4]int64{m.Met, m.Deviations, m.NotEvaluable, m.NotApplicable}
			if got != month[m.Month][k] {
				t.Errorf("attribute %s in %s: %v, the loop says %v", a.ID, m.Month, got, month[m.Month][k])
			}
			for i := range total {
				total[i] += got[i]
			}
		}
		if got := [4]int64{a.Met, a.Deviations, a.NotEvaluable, a.NotApplicable}; got != total {
			t.Errorf("attribute %s: %v, its months add up to %v", a.ID, got, total)
		}
	}
	notMet := map[int64]bool{}
	for _, i := range w.items(t, res) {
		notMet[i.Item] = true
		for k, id := range []string{"A", "B", "C", "D"} {
			if i.Judgements[id] != judgements[wants[i.Item].codes[k]] {
				t.Errorf("item %d %s: %s, the loop says %s", i.Item, id, i.Judgements[id], judgements[wants[i.Item].codes[k]])
			}
		}
	}
	for i, v := range wants {
		bad := slices.ContainsFunc(v.codes[:], func(c int) bool { return c == codeDeviation || c == codeNotEvaluable })
		if bad != notMet[int64(i)] {
			t.Fatalf("item %d: kept %v, the loop says %v", i, notMet[int64(i)], bad)
		}
	}
}

func maybe(r *rand.Rand, n int) *int {
	if r.IntN(5) == 0 {
		return nil
	}
	x := r.IntN(n)
	return &x
}

func text(x *int) string {
	if x == nil {
		return ""
	}
	return fmt.Sprint(*x)
}

func of(holds bool) int {
	if holds {
		return codeMet
	}
	return codeDeviation
}

func less(a, b *int) int {
	if a == nil || b == nil {
		return codeNotEvaluable
	}
	return of(*a < *b)
}

func equalWhenOpen(a, b *int, open string) int {
	switch {
	case open == "false":
		return codeNotApplicable
	case open == "", a == nil, b == nil:
		return codeNotEvaluable
	}
	return of(*a == *b)
}

func absentIsDeviation(a *int) int {
	if a == nil {
		return codeDeviation
	}
	return of(*a > 3)
}

// andOr is Kleene's logic by hand: false wins in AND, true wins in OR.
func andOr(a, b *int, open string) int {
	left := codeNotEvaluable
	switch {
	case a != nil && *a <= 5 || b != nil && *b <= 5:
		left = codeDeviation
	case a != nil && b != nil:
		left = codeMet
	}
	switch {
	case open == "true" || left == codeMet:
		return codeMet
	case open == "false" && left == codeDeviation:
		return codeDeviation
	default:
		return codeNotEvaluable
	}
}

func people(t *testing.T, w *world) {
	t.Helper()
	w.freeze(t, table(t, "lines: id text, who text, amount decimal2, day date"), [][]string{
		{"a", "x", "1.00", "2025-01-10"}, {"b", "y", "2.00", "2025-02-10"}, {"c", "z", "3.00", "2025-03-10"},
	})
	w.freeze(t, table(t, "staff: n text, who text, grade integer"), [][]string{{"1", "x", "5"}, {"2", "y", "6"}, {"3", "y", "7"}})
}

// A join that loses or multiplies items is not evaluable, with the numbers.
func TestFramesThatLoseOrMultiplyItems(t *testing.T) {
	for name, c := range map[string]struct{ frame, says string }{
		"multiplies": {"SELECT p.*, s.grade FROM lines p LEFT JOIN staff s ON s.who = p.who", "0 items lost, 1 rows too many"},
		"loses":      {"SELECT p.*, s.grade FROM lines p JOIN staff s ON s.who = p.who AND s.n <> '3'", "1 items lost, 0 rows too many"},
		"both":       {"SELECT p.*, s.grade FROM lines p JOIN staff s ON s.who = p.who", "1 items lost, 1 rows too many"},
		"invents":    {"SELECT p.item + 100 AS item, p.* EXCLUDE (item), 1 AS grade FROM lines p", "3 items lost, 3 rows too many"},
	} {
		w := newWorld(t)
		people(t, w)
		r := w.perform(t, Config{}, program.Test{Population: "lines", With: []string{"staff"}, Frame: c.frame, Attributes: []program.Attribute{{ID: "A", Text: "t", Holds: "grade > 0"}}})
		if r.NotPerformed == nil || r.NotPerformed.Code != "frame_not_proven" || !strings.Contains(r.NotPerformed.Reason, c.says) {
			t.Errorf("%s: %+v, want %q", name, r.NotPerformed, c.says)
		}
		if len(r.Attributes) != 0 || r.Frame.Holds {
			t.Errorf("%s: there are counts where the frame is not proven: %+v", name, r)
		}
	}
}

// A version of a test judges only the items of its days.
func TestEffectiveDates(t *testing.T) {
	w := newWorld(t)
	people(t, w)
	r := w.perform(t, Config{}, program.Test{
		Population: "lines", Attributes: []program.Attribute{{ID: "A", Text: "t", Holds: "amount > 2"}},
		Effective: program.Effective{From: engagement.Date{Year: 2025, Month: 2, Day: 10}, To: engagement.Date{Year: 2025, Month: 3, Day: 10}},
	})
	if r.Items != 1 || r.Attributes[0].Deviations != 1 {
		t.Errorf("%d items, %+v; the one of 10 February is a deviation, the one of 10 March is another version's", r.Items, r.Attributes)
	}
}

func TestEmptyPopulationIsNotEvaluable(t *testing.T) {
	w := newWorld(t)
	w.freeze(t, table(t, "lines: id text, day date"), nil)
	r := w.perform(t, Config{}, program.Test{Population: "lines", Attributes: []program.Attribute{{ID: "A", Text: "t", Holds: "true"}}})
	if r.NotPerformed == nil || r.NotPerformed.Code != "empty_population" || len(r.Attributes) != 0 {
		t.Errorf("%+v", r)
	}
}

// A row that cannot be computed is not evaluable and stops no other.
func TestOverflowAndBadCast(t *testing.T) {
	w := newWorld(t)
	w.freeze(t, table(t, "lines: id text, n integer, s text, day date"), [][]string{
		{"a", "9223372036854775807", "12", "2025-01-01"}, {"b", "1", "x", "2025-01-01"}, {"c", "1", "1", "2025-01-01"},
	})
	r := w.perform(t, Config{}, program.Test{Population: "lines", Attributes: []program.Attribute{
		{ID: "A", Text: "t", Holds: "n * n > 0"}, {ID: "B", Text: "t", Holds: "CAST(s AS INTEGER) < 5"},
	}})
	a, b := r.Attributes[0], r.Attributes[1]
	if a.Met != 2 || a.NotEvaluable != 1 || b.Met != 1 || b.Deviations != 1 || b.NotEvaluable != 1 {
		t.Errorf("%+v\n%+v", a, b)
	}
}

// The values behind a deviation are kept, restricted ones are not.
func TestKeptValuesAndAmounts(t *testing.T) {
	w := newWorld(t)
	p := table(t, "lines: id text, hours decimal2, rate decimal2, pay decimal2, account text, day date")
	p.Columns[4].Restricted = true
	w.freeze(t, p, [][]string{{"a", "2.00", "10.00", "20.01", "DE1", "2025-01-01"}, {"b", "2.00", "10.00", "19.50", "", "2025-01-01"}, {"c", "1.00", "1.00", "1.00", "DE3", "2025-01-01"}})
	r := w.perform(t, Config{}, program.Test{Population: "lines", Show: []string{"account"}, Use: &program.Use{Procedure: "FP-RECALC", Args: map[string]any{"actual": "pay", "expected": "hours * rate"}}})
	// 0.01 − 0.50 = −0.49
	if r.Attributes[0].Deviations != 2 || r.Attributes[0].Amount != "-0.49" {
		t.Errorf("%+v", r.Attributes[0])
	}
	restrictedText := "restricted"
	got := w.items(t, r)
	if len(got) != 2 || got[0].Key != `["a"]` || got[1].Key != `["b"]` {
		t.Fatalf("%+v", got)
	}
	if d := cmp.Diff(&restrictedText, got[0].Values["account"]); d != "" || got[1].Values["account"] != nil {
		t.Errorf("the restricted column shows %v and %v", got[0].Values["account"], got[1].Values["account"])
	}
	if v := got[0].Values["pay"]; v == nil || *v != "20.01" {
		t.Errorf("pay is kept as %v", v)
	}
}

// The digest of what is not met does not depend on threads, nor on the run.
func TestDigestIsStable(t *testing.T) {
	w := newWorld(t)
	var rows [][]string
	for i := range 300_000 {
		rows = append(rows, []string{fmt.Sprint(i), fmt.Sprint(i % 97), "2025-01-01"})
	}
	w.freeze(t, table(t, "lines: id text, n integer, day date"), rows)
	test := program.Test{Population: "lines", Attributes: []program.Attribute{{ID: "A", Text: "t", Holds: "n <> 13"}}}
	one, four := w.perform(t, Config{Threads: 1}, test), w.perform(t, Config{Threads: 4}, test)
	// i mod 97 = 13 for i = 13, 110, …: 3093 of 300,000.
	if one.NotMetDigest != four.NotMetDigest || one.NotMet != four.NotMet || one.Attributes[0].Deviations != 3093 {
		t.Errorf("1 thread %s (%d), 4 threads %s (%d)", one.NotMetDigest, one.Attributes[0].Deviations, four.NotMetDigest, four.Attributes[0].Deviations)
	}
	for i, x := range w.items(t, one) {
		if x.Item != int64(13+97*i) {
			t.Fatalf("the %dth item is %d", i, x.Item)
		}
	}
}

// A challenge makes items violations by construction, and a condition that is
// blind to them is told.
func TestChallenge(t *testing.T) {
	w := newWorld(t)
	w.freeze(t, table(t, "lines: id text, maker text, checker text, amount decimal2, n integer, day date"), [][]string{
		{"a", "x", "y", "1.00", "1", "2025-01-01"}, {"b", "x", "z", "2.00", "2", "2025-01-01"}, {"c", "y", "z", "3.00", "3", "2025-01-01"}, {"d", "x", "x", "4.00", "4", "2025-01-01"},
	})
	in := w.in
	in.Test = &program.Test{ID: "T", Control: "C", Population: "lines", Attributes: []program.Attribute{
		{ID: "A", Text: "t", Holds: "maker <> checker"},
		{ID: "B", Text: "t", Holds: "amount <= 4.00 AND n >= 1"},
		{ID: "C", Text: "t", Holds: "checker IS NOT NULL"},
		{ID: "D", Text: "t", Holds: "length(maker) = 1"},
		{ID: "E", Text: "t", Holds: "amount = n * 1.00"},
	}}
	got, err := NewEngine(Config{}).Challenge(t.Context(), in, "seed", 2)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []procedure.ChallengeResult{{Injected: 2, Caught: 2}, {Injected: 2, Caught: 2}, {Injected: 2, Caught: 2}, {}, {Injected: 2, Caught: 2}} {
		if got[i].Injected != want.Injected || got[i].Caught != want.Caught || (want.Injected == 0) != (got[i].Reason != "") {
			t.Errorf("attribute %s: %+v", got[i].Attribute, got[i])
		}
	}
}
