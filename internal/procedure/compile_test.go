package procedure

import (
	"strings"
	"testing"

	"github.com/ticktie/ticktie/internal/engagement"
	"github.com/ticktie/ticktie/internal/objects"
	"github.com/ticktie/ticktie/internal/population"
	"github.com/ticktie/ticktie/internal/program"
)

func payments() *program.Program {
	return &program.Program{Populations: []program.Population{
		{ID: "payments", Columns: []program.Column{{Name: "n", Type: "integer"}, {Name: "amount", Type: "decimal", Scale: 2}, {Name: "account", Type: "text", Restricted: true}}},
		{ID: "bank", Columns: []program.Column{{Name: "n", Type: "integer"}, {Name: "amount", Type: "decimal", Scale: 2}, {Name: "expected", Type: "text"}}},
	}}
}

// Wrong arguments are all named, with what there is.
func TestWrongArgumentsAreNamed(t *testing.T) {
	for name, c := range map[string]struct {
		population string
		use        program.Use
		says       []string
	}{
		"unknown procedure": {"payments", program.Use{Procedure: "FP-DUPE"}, []string{`no generic procedure "FP-DUPE"`, "FP-DUP"}},
		"missing":           {"payments", program.Use{Procedure: "FP-RECALC"}, []string{"argument actual is missing", "argument expected is missing"}},
		"unknown argument":  {"payments", program.Use{Procedure: "FP-DUP", Args: map[string]any{"by": "n", "fuzy": "n"}}, []string{`no argument "fuzy"`, "fuzzy_by"}},
		"wrong kind":        {"payments", program.Use{Procedure: "FP-DUP", Args: map[string]any{"by": map[string]any{}}}, []string{"by is not a list of texts"}},
		"wrong word":        {"payments", program.Use{Procedure: "FP-RECALC", Args: map[string]any{"actual": "amount", "expected": "n", "rounding": "up"}}, []string{"half_even"}},
		"wrong number":      {"payments", program.Use{Procedure: "FP-RECALC", Args: map[string]any{"actual": "amount", "expected": "n", "tolerance": "0,05"}}, []string{`"0,05", not a number`}},
		"no such other":     {"payments", program.Use{Procedure: "FP-TIE", Args: map[string]any{"against": "ledger", "by": "n"}}, []string{`"ledger", which is neither`}},
		"lists that differ": {"payments", program.Use{Procedure: "FP-TIE", Args: map[string]any{"against": "bank", "by": []any{"n", "amount"}, "against_by": "n"}}, []string{"have 2 and 1 parts"}},
		"names that clash":  {"bank", program.Use{Procedure: "FP-RECALC", Args: map[string]any{"actual": "amount", "expected": "n"}}, []string{"a column expected, which is a name that the procedure itself adds"}},
		"restricted key":    {"payments", program.Use{Procedure: "FP-TIE", Args: map[string]any{"against": "bank", "by": "account", "against_by": "n"}}, []string{"account of population payments is restricted"}},
	} {
		_, err := Compile(payments(), &program.Test{ID: "T", Population: c.population, Use: &c.use})
		if err == nil {
			t.Errorf("%s: no error", name)
			continue
		}
		for _, s := range c.says {
			if !strings.Contains(err.Error(), s) {
				t.Errorf("%s: %v does not say %q", name, err, s)
			}
		}
	}
}

func TestPlainTests(t *testing.T) {
	c, err := Compile(payments(), &program.Test{ID: "T", Population: "payments", With: []string{"bank", "payments"}, Frame: "SELECT 1", Attributes: []program.Attribute{{ID: "A", Holds: "n > 0"}}})
	if err != nil || c.Kind != FrameJoined || len(c.Populations) != 2 || c.Attributes[0].Holds != "n > 0" {
		t.Errorf("%+v, %v", c, err)
	}
	if _, err := Compile(payments(), &program.Test{ID: "T", Population: "nowhere"}); err == nil {
		t.Error("a population that is not there")
	}
}

func agreeing() []population.TieOut {
	return []population.TieOut{{ID: "c", Kind: "count", Independent: true, Outcome: "agrees"}}
}

// What stands between counts and a conclusion, and how the two rank.
func TestOutcomes(t *testing.T) {
	p := payments()
	p.Populations[0].TieOuts = []program.TieOut{{ID: "c", Kind: "count", Independent: true}}
	result := func(deviations, unknown int64) *Result {
		return &Result{
			Population: "payments", Populations: map[string]objects.Digest{"payments": "sha256:x"}, Items: 10,
			Attributes: []AttributeResult{{ID: "A", Met: 10 - deviations - unknown, Deviations: deviations, NotEvaluable: unknown}, {ID: "B", Lead: true, Deviations: 3}},
		}
	}
	snap := func(refused int64, gaps ...string) map[string]*population.Snapshot {
		return map[string]*population.Snapshot{"payments": {Population: "payments", Period: engagement.Period{}, Counts: population.Counts{Read: 10 + refused, Items: 10, Refused: refused}, Coverage: population.Coverage{Gaps: gaps}}}
	}
	proven := map[string][]population.TieOut{"payments": agreeing()}
	for name, c := range map[string]struct {
		r    *Result
		b    Basis
		want Outcome
		open int
	}{
		"clean":                {result(0, 0), Basis{p, snap(0), proven}, NoDeviations, 0},
		"a lead is none":       {result(0, 0), Basis{p, snap(0), proven}, NoDeviations, 0},
		"deviations":           {result(1, 0), Basis{p, snap(0), proven}, Deviations, 0},
		"unknown is no pass":   {result(0, 1), Basis{p, snap(0), proven}, NotEvaluated, 0},
		"unproven":             {result(0, 0), Basis{p, snap(0), nil}, NotConcluded, 1},
		"refused records":      {result(0, 0), Basis{p, snap(2), proven}, NotConcluded, 1},
		"a gap":                {result(0, 0), Basis{p, snap(0, "2025-03"), proven}, NotConcluded, 1},
		"deviations, all open": {result(1, 1), Basis{p, snap(2, "2025-03"), nil}, Deviations, 3},
	} {
		c.r.RestOn(c.b)
		if c.r.Outcome() != c.want || len(c.r.Open) != c.open {
			t.Errorf("%s: %s, open %v; want %s, %d", name, c.r.Outcome(), c.r.Open, c.want, c.open)
		}
	}
}

// An empty population is not evaluable; declared and proven empty, it did not occur.
func TestEmptyPopulation(t *testing.T) {
	p := payments()
	p.Populations[0].TieOuts = []program.TieOut{{ID: "c", Kind: "count", Independent: true}}
	empty := func() *Result {
		return &Result{Population: "payments", Populations: map[string]objects.Digest{"payments": "sha256:x"}, NotPerformed: &NotPerformed{Code: "empty_population", Reason: "r"}}
	}
	snaps := map[string]*population.Snapshot{"payments": {}}
	proven := map[string][]population.TieOut{"payments": agreeing()}
	r := empty()
	if r.RestOn(Basis{p, snaps, proven}); r.Outcome() != NotEvaluated {
		t.Errorf("proven but not declared: %s", r.Outcome())
	}
	p.Populations[0].EmptyMeans = "nobody left in the period"
	r = empty()
	if r.RestOn(Basis{p, snaps, nil}); r.Outcome() != NotEvaluated {
		t.Errorf("declared but not proven: %s", r.Outcome())
	}
	r = empty()
	if r.RestOn(Basis{p, snaps, proven}); r.Outcome() != DidNotOccur {
		t.Errorf("declared and proven: %s", r.Outcome())
	}
}
