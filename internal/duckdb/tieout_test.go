package duckdb

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ticktie/ticktie/internal/objects"
	"github.com/ticktie/ticktie/internal/population"
	"github.com/ticktie/ticktie/internal/program"
)

// frozenIn freezes rows into a store that several populations share.
func frozenIn(t *testing.T, store *objects.Store, pop *program.Population, rows ...[]string) *population.Snapshot {
	t.Helper()
	fields := make([]string, len(pop.Columns))
	for i, c := range pop.Columns {
		fields[i] = c.Name
	}
	frozen, err := NewFreezer(Config{Threads: 2}).Freeze(t.Context(), population.FreezeRequest{
		Population: pop, Period: year2025, Location: zone(t, "UTC"), Stream: &stream{fields: fields, rows: rows},
		TempDir: store.TempDir(), Objects: store, Progress: func(int64) {},
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(frozen.Refused) > 0 {
		t.Fatalf("refused: %+v", frozen.Refused)
	}
	s := &frozen.Snapshot
	s.Population, s.Key, s.Period = pop.ID, pop.Key, year2025
	return s
}

func invoices(id string) *program.Population {
	return &program.Population{
		ID: id, Key: []string{"no"}, EventTime: "at",
		Columns: []program.Column{
			{Name: "no", Type: "integer"},
			{Name: "series", Type: "text"},
			{Name: "at", Type: "date"},
			{Name: "amount", Type: "decimal", Scale: 2},
		},
	}
}

func newStore(t testing.TB) *objects.Store {
	t.Helper()
	store, err := objects.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return store
}

func TestTieOuts(t *testing.T) {
	store := newStore(t)
	ours := invoices("ours")
	snap := frozenIn(t, store, ours,
		[]string{"1", "A", "2025-01-01", "10.00"},
		[]string{"2", "A", "2025-02-01", "20.10"},
		[]string{"5", "A", "2025-03-01", "-0.10"},
		[]string{"9", "B", "2025-12-31", "30.00"},
		[]string{"10", "B", "2025-05-01", absent},
	)
	// The other side has no 5, has 11, and 2 in another amount.
	other := frozenIn(t, store, invoices("other"),
		[]string{"1", "A", "2025-01-01", "10.00"},
		[]string{"2", "A", "2025-02-01", "20.11"},
		[]string{"9", "B", "2025-12-31", "30.00"},
		[]string{"10", "B", "2025-05-01", "0.00"},
		[]string{"11", "B", "2025-05-01", "1.00"},
	)
	for name, tc := range map[string]struct {
		def  program.TieOut
		want population.TieOut
	}{
		"count agrees":    {program.TieOut{Kind: "count", Expect: "5"}, population.TieOut{Outcome: "agrees", Ours: "5", Theirs: "5", Difference: "0"}},
		"count differs":   {program.TieOut{Kind: "count", Expect: "7"}, population.TieOut{Outcome: "differs", Ours: "5", Theirs: "7", Difference: "-2"}},
		"count where":     {program.TieOut{Kind: "count", Where: "series = 'A' -- first", Expect: "3"}, population.TieOut{Outcome: "agrees", Ours: "3", Theirs: "3", Difference: "0"}},
		"count against":   {program.TieOut{Kind: "count", Against: "other"}, population.TieOut{Outcome: "agrees", Ours: "5", Theirs: "5", Difference: "0"}},
		"total agrees":    {program.TieOut{Kind: "total", Measure: "sum(amount)", Expect: "60"}, population.TieOut{Outcome: "agrees", Ours: "60.00", Theirs: "60", Difference: "0.00"}},
		"total by a cent": {program.TieOut{Kind: "total", Measure: "sum(amount)", Expect: "60.01"}, population.TieOut{Outcome: "differs", Ours: "60.00", Theirs: "60.01", Difference: "-0.01"}},
		"in tolerance":    {program.TieOut{Kind: "total", Measure: "sum(amount)", Expect: "60.01", Tolerance: "0.01"}, population.TieOut{Outcome: "agrees", Ours: "60.00", Theirs: "60.01", Difference: "-0.01"}},
		"out of tolerance": {
			program.TieOut{Kind: "total", Measure: "sum(amount)", Expect: "60.01", Tolerance: "0.009"},
			population.TieOut{Outcome: "differs", Ours: "60.00", Theirs: "60.01", Difference: "-0.01"},
		},
		"total against": {program.TieOut{Kind: "total", Measure: "sum(amount)", Against: "other"}, population.TieOut{Outcome: "differs", Ours: "60.00", Theirs: "61.11", Difference: "-1.11"}},
		"total by keys": {
			program.TieOut{Kind: "total", Measure: "coalesce(sum(amount), 0)", Against: "other", By: []string{"series"}},
			population.TieOut{Outcome: "differs", Ours: "2", Theirs: "2", Differing: 2, Details: []string{
				`["A"]: 30.00 here, 30.11 in other`, `["B"]: 30.00 here, 31.00 in other`,
			}},
		},
		"roll forward": {
			program.TieOut{Kind: "roll_forward", Opening: "sum(amount) FILTER (no = 1)", Increase: "sum(amount) FILTER (no IN (2, 9))", Decrease: "-sum(amount) FILTER (no = 5)", Closing: "sum(amount)"},
			population.TieOut{Outcome: "agrees", Ours: "60.00", Theirs: "60.00", Difference: "0.00"},
		},
		"roll forward against": {
			program.TieOut{Kind: "roll_forward", Opening: "sum(amount)", Increase: "1.1", Closing: "sum(amount)", Against: "other"},
			population.TieOut{Outcome: "differs", Ours: "61.10", Theirs: "61.11", Difference: "-0.01"},
		},
		"reconcile": {
			program.TieOut{Kind: "reconcile", Against: "other", By: []string{"no"}, Measure: "coalesce(sum(amount), 0)"},
			population.TieOut{Outcome: "differs", Ours: "5", Theirs: "5", Differing: 3, Details: []string{
				`["2"]: 20.10 here, 20.11 in other`, `["5"]: not in other`, `["11"]: only in other`,
			}},
		},
		"reconcile where": {
			program.TieOut{Kind: "reconcile", Against: "other", By: []string{"no"}, Where: "no IN (1, 9)", AgainstBy: []string{"no"}, AgainstWhere: "no IN (1, 9)", Measure: "sum(amount)"},
			population.TieOut{Outcome: "agrees", Ours: "2", Theirs: "2"},
		},
		"reconcile absent amount": {
			program.TieOut{Kind: "reconcile", Against: "other", By: []string{"no"}, Measure: "sum(amount)"},
			population.TieOut{Outcome: "not_evaluable", Reason: "its measure gives no value; write coalesce(…, 0) if absent means none"},
		},
		"sequence": {
			program.TieOut{Kind: "sequence", Series: "no"},
			population.TieOut{Outcome: "differs", Ours: "5", Theirs: "10", Difference: "5", Differing: 5, Details: []string{"3 to 4 are missing", "6 to 8 are missing"}},
		},
		"sequence by series": {
			program.TieOut{Kind: "sequence", Series: "no", SeriesBy: []string{"series"}},
			population.TieOut{Outcome: "differs", Ours: "5", Theirs: "7", Difference: "2", Differing: 2, Details: []string{`["A"]: 3 to 4 are missing`}},
		},
		"sequence repeated": {
			program.TieOut{Kind: "sequence", Series: "least(no, 2)"},
			population.TieOut{Outcome: "differs", Ours: "2", Theirs: "2", Difference: "0", Differing: 1, Details: []string{"2 is on 4 items"}},
		},
		"sequence of text": {
			program.TieOut{Kind: "sequence", Series: "series"},
			population.TieOut{Outcome: "differs", Ours: "0", Theirs: "0", Difference: "0", Differing: 5, Details: []string{"5 items without a whole number"}},
		},
		"sequence of nothing": {program.TieOut{Kind: "sequence", Series: "no", Where: "false"}, population.TieOut{Outcome: "not_evaluable", Reason: "there is no item with a number"}},
		"boundary":            {program.TieOut{Kind: "boundary"}, population.TieOut{Outcome: "agrees", Ours: "1 on 2025-01-01, 1 on 2025-12-31"}},
		"boundary where": {
			program.TieOut{Kind: "boundary", Where: "series = 'A'"},
			population.TieOut{Outcome: "differs", Ours: "1 on 2025-01-01, 0 on 2025-12-31", Differing: 1, Details: []string{"2025-12-31: no items"}},
		},
		"second extraction": {
			program.TieOut{Kind: "second_extraction", Against: "other"},
			population.TieOut{Outcome: "differs", Ours: "5", Theirs: "5", Differing: 4, Details: []string{
				`["5"]: not in other`, `["11"]: only in other`, `["2"]: differs from other`, `["10"]: differs from other`,
			}},
		},
		"query inspection": {program.TieOut{Kind: "query_inspection"}, population.TieOut{Outcome: "not_evaluable", Reason: "a person inspects the query and says what was seen"}},
		"other side missing": {
			program.TieOut{Kind: "count", Against: "third"},
			population.TieOut{Outcome: "not_evaluable", Reason: "population third is not frozen for this period: collect it"},
		},
		"floating point":     {program.TieOut{Kind: "total", Measure: "avg(amount)", Expect: "1"}, population.TieOut{Outcome: "not_evaluable"}},
		"no value":           {program.TieOut{Kind: "total", Measure: "sum(amount)", Where: "false", Expect: "0"}, population.TieOut{Outcome: "not_evaluable"}},
		"bad SQL":            {program.TieOut{Kind: "total", Measure: "sum(nothing)", Expect: "0"}, population.TieOut{Outcome: "not_evaluable"}},
		"not a number":       {program.TieOut{Kind: "total", Measure: "max(series)", Expect: "0"}, population.TieOut{Outcome: "not_evaluable"}},
		"bad expect":         {program.TieOut{Kind: "count", Expect: "1e3"}, population.TieOut{Outcome: "not_evaluable"}},
		"nothing to compare": {program.TieOut{Kind: "count"}, population.TieOut{Outcome: "not_evaluable"}},
		"unknown kind":       {program.TieOut{Kind: "hope"}, population.TieOut{Outcome: "not_evaluable"}},
	} {
		t.Run(name, func(t *testing.T) {
			def := tc.def
			def.ID = "t"
			pop := *ours
			pop.TieOuts = []program.TieOut{def}
			got, err := population.TieOutAll(t.Context(), NewReader(Config{}, store), &pop, snap, "sha256:x",
				map[string]*population.Snapshot{"other": other}, map[string]objects.Digest{"other": "sha256:y"})
			if err != nil {
				t.Fatal(err)
			}
			want := tc.want
			want.Format, want.Population, want.Snapshot, want.ID, want.Kind = "ticktie-tieout/v1", "ours", "sha256:x", "t", def.Kind
			if def.Against == "other" {
				want.Against = "sha256:y"
			}
			if want.Outcome == "not_evaluable" && want.Reason == "" {
				if got[0].Reason == "" {
					t.Error("no reason")
				}
				want.Reason = got[0].Reason
			}
			if d := cmp.Diff([]population.TieOut{want}, got); d != "" {
				t.Errorf("tie-out (-want +got):\n%s", d)
			}
		})
	}
}

// Values of restricted columns are in no detail and in no engine message.
func TestTieOutRestricted(t *testing.T) {
	store := newStore(t)
	pop := invoices("ours")
	pop.Columns[0].Restricted = true
	pop.Columns[1].Restricted = true
	rows := [][]string{{"4711", "secret", "2025-01-01", "1.00"}, {"4713", "secret", "2025-01-02", "2.00"}}
	snap := frozenIn(t, store, pop, rows...)
	otherPop := invoices("other")
	other := frozenIn(t, store, otherPop, rows[0])
	pop.TieOuts = []program.TieOut{
		{ID: "a", Kind: "reconcile", Against: "other", By: []string{"no"}},
		{ID: "b", Kind: "sequence", Series: "no"},
		{ID: "c", Kind: "total", Measure: "sum(CAST(series AS INTEGER))", Expect: "1"},
		{ID: "d", Kind: "second_extraction", Against: "other"},
	}
	got, err := population.TieOutAll(t.Context(), NewReader(Config{}, store), pop, snap, "x",
		map[string]*population.Snapshot{"other": other}, nil)
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("%+v", got)
	if strings.Contains(text, "471") || strings.Contains(text, "secret") {
		t.Errorf("a restricted value is shown: %s", text)
	}
	for i, want := range []string{"differs", "differs", "not_evaluable", "differs"} {
		if got[i].Outcome != want {
			t.Errorf("%s: %s, want %s", got[i].ID, got[i].Outcome, want)
		}
	}
	c, err := population.Diff(t.Context(), NewReader(Config{}, store), other, snap)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(&population.Changes{Added: 1, AddedKeys: []string{`["2"]`}}, c); d != "" {
		t.Errorf("changes (-want +got):\n%s", d)
	}
}

func TestKeys(t *testing.T) {
	store := newStore(t)
	pop := &program.Population{
		ID: "p", State: true, Key: []string{"id", "amount", "at", "day", "ok"},
		Columns: []program.Column{
			{Name: "id", Type: "text", Restricted: true},
			{Name: "amount", Type: "decimal", Scale: 3},
			{Name: "at", Type: "timestamp"},
			{Name: "day", Type: "date"},
			{Name: "ok", Type: "boolean"},
		},
	}
	snap := frozenIn(t, store, pop,
		[]string{"b \"<>\n", "1.5", "2025-01-02T03:04:05.000006Z", "2025-07-08", "true"},
		[]string{"a", "-0.25", "2025-01-02T03:04:05+01:00", "1999-12-31", "false"},
	)
	var out bytes.Buffer
	reader := NewReader(Config{}, store)
	if err := reader.Keys(t.Context(), snap, &out); err != nil {
		t.Fatal(err)
	}
	want := `["b \"<>\n","1.500","2025-01-02T03:04:05.000006Z","2025-07-08","true"]` + "\n" +
		`["a","-0.250","2025-01-02T02:04:05.000000Z","1999-12-31","false"]` + "\n"
	if d := cmp.Diff(want, out.String()); d != "" {
		t.Errorf("keys (-want +got):\n%s", d)
	}
	pop.Key = []string{"position"}
	snap.Key = pop.Key
	out.Reset()
	if err := reader.Keys(t.Context(), snap, &out); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff("[\"1\"]\n[\"2\"]\n", out.String()); d != "" {
		t.Errorf("keys by position (-want +got):\n%s", d)
	}
}

// Where the key is the position, a number may be on several lines of one
// invoice: that is stated, and only gaps differ.
func TestSequenceByPosition(t *testing.T) {
	store := newStore(t)
	pop := invoices("lines")
	pop.Key = []string{"position"}
	pop.TieOuts = []program.TieOut{{ID: "a", Kind: "sequence", Series: "no"}, {ID: "b", Kind: "sequence", Series: "no", Where: "no < 3"}}
	snap := frozenIn(t, store, pop,
		[]string{"1", "A", "2025-01-01", "1"}, []string{"1", "A", "2025-01-01", "1"}, []string{"2", "A", "2025-01-01", "1"}, []string{"4", "A", "2025-01-01", "1"})
	got, err := population.TieOutAll(t.Context(), NewReader(Config{}, store), pop, snap, "x", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	reason := "1 number on more than one item, which a key by position allows"
	want := []population.TieOut{
		{Format: "ticktie-tieout/v1", Population: "lines", Snapshot: "x", ID: "a", Kind: "sequence", Outcome: "differs", Ours: "3", Theirs: "4", Difference: "1", Differing: 1, Details: []string{"3 is missing"}, Reason: reason},
		{Format: "ticktie-tieout/v1", Population: "lines", Snapshot: "x", ID: "b", Kind: "sequence", Outcome: "agrees", Ours: "2", Theirs: "2", Difference: "0", Reason: reason},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("tie-outs (-want +got):\n%s", d)
	}
}

// A session reads the snapshots and nothing else.
func TestReaderShutsOut(t *testing.T) {
	store := newStore(t)
	snap := frozenIn(t, store, invoices("p"), []string{"1", "A", "2025-01-01", "10.00"})
	reader := NewReader(Config{}, store)
	for _, q := range []string{
		"SELECT * FROM read_csv('/etc/passwd')",
		"SELECT * FROM read_text('" + store.TempDir() + "/x')",
		"SELECT * FROM glob('/etc/*')",
		"SELECT 1.5e0 AS a",
		"SELECT 1 AS a; DROP VIEW p",
	} {
		err := reader.Rows(t.Context(), map[string]*population.Snapshot{"p": snap}, q, func([]*string) error { return nil })
		if err == nil {
			t.Errorf("%s: no error", q)
		}
	}
	var got []string
	err := reader.Rows(t.Context(), map[string]*population.Snapshot{"p": snap}, "SELECT no, amount, \"at\", NULL AS n FROM p ORDER BY no;", func(v []*string) error {
		got = append(got, *v[0], *v[1], *v[2])
		if v[3] != nil {
			t.Error("NULL is not nil")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"1", "10.00", "2025-01-01"}, got); d != "" {
		t.Errorf("row (-want +got):\n%s", d)
	}
}
