package program

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ticktie/ticktie/internal/engagement"
)

func good(t testing.TB) *Program {
	t.Helper()
	p, findings, err := Load("testdata/good")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range append(findings, Check(p)...) {
		t.Errorf("a finding in the good program: %s", f)
	}
	return p
}

// A program with every kind of file loads without a finding, and its texts are
// those that were written.
func TestGoodProgram(t *testing.T) {
	p := good(t)
	want := []string{
		"controls/CM-01.yaml", "controls/PAY-01.yaml", "controls/PAY-02.yaml", "controls/PAY-03.yaml", "criteria.yaml", "description/01-system.md",
		"engagements/2025.yaml", "objectives/all.yaml", "parameters/overtime_rates.yaml", "populations/changes.yaml", "populations/runs.yaml",
		"risks/R-01.yaml", "scope.yaml", "subservice/cloud.yaml", "tests/PAY-01.T1.fixtures.yaml", "tests/PAY-01.T1.yaml", "tests/PAY-01.sql",
		"tests/versions.yaml", "ticktie.yaml", "user-entity.yaml",
	}
	if d := cmp.Diff(want, p.Files); d != "" {
		t.Errorf("files: %s", d)
	}
	runs := p.Population("runs")
	for what, c := range map[string][2]any{
		"expect":       {runs.TieOuts[0].Expect, "52"},
		"tolerance":    {runs.TieOuts[1].Tolerance, "0.00"},
		"true":         {runs.Columns[5].True[0], "Y"},
		"key":          {p.Population("bank").Key[0], "position"},
		"rate":         {p.ParameterTable("overtime_rates").Rows[0]["rate"], "1.50"},
		"from":         {p.ParameterTable("overtime_rates").Rows[1]["from"], "2025-07-01"},
		"to":           {p.ParameterTable("overtime_rates").Rows[1]["to"], nil},
		"tolerable":    {p.Test("PAY-01.T1").Tolerable, "0.05"},
		"fixtures":     {len(p.Test("PAY-01.T1").Fixtures), 2},
		"null":         {p.Test("PAY-01.T1").Fixtures[1].Rows["runs"][2]["approver"], nil},
		"boolean":      {p.Test("PAY-01.T1").Fixtures[1].Rows["runs"][2]["manual"], false},
		"expectation":  {p.Test("PAY-01.T1").Fixtures[1].Expect["5"]["A"], "deviation"},
		"frame":        {p.Test("PAY-01.T2").Frame, "SELECT r.item, r.author, r.approver FROM runs AS r LEFT JOIN bank AS b ON b.ref = r.run\n"},
		"list of one":  {p.Control("PAY-02").Objectives[0], "PAY-CALC"},
		"effective":    {p.Control("PAY-02").Effective.To, engagement.Date{Year: 2025, Month: 7, Day: 1}},
		"zone":         {p.ZoneOf(runs), "Europe/Dublin"},
		"default zone": {p.ZoneOf(p.Population("bank")), "Europe/Dublin"},
		"objective":    {p.Objective("PAY-AUTH").Assertions[0], "O"},
		"period":       {p.Engagement("soc1-2025").Period().String(), "2025-01-01 to 2025-12-31"},
		"day":          {p.Engagement("soc2-start").Period().String(), "2025-12-31 to 2025-12-31"},
	} {
		if c[0] != c[1] {
			t.Errorf("%s is %v, want %v", what, c[0], c[1])
		}
	}
}

func TestLookups(t *testing.T) {
	p := good(t)
	if p.Control("X") != nil || p.Test("X") != nil || p.Population("X") != nil || p.ParameterTable("X") != nil || p.Objective("X") != nil || p.Engagement("X") != nil {
		t.Error("something is found that is not there")
	}
	var controls, tests, populations []string
	e := p.Engagement("soc1-2025")
	for _, x := range p.ControlsOf(e) {
		controls = append(controls, x.ID)
	}
	for _, x := range p.TestsOfEngagement(e) {
		tests = append(tests, x.ID)
	}
	for _, x := range p.PopulationsOf(e) {
		populations = append(populations, x.ID)
	}
	if want := []string{"PAY-01", "PAY-02", "PAY-03"}; !slices.Equal(controls, want) {
		t.Errorf("controls %v, want %v", controls, want)
	}
	if want := []string{"PAY-01.T1", "PAY-01.T2", "PAY-02.T1"}; !slices.Equal(tests, want) {
		t.Errorf("tests %v, want %v", tests, want)
	}
	if want := []string{"runs", "bank"}; !slices.Equal(populations, want) { // bank by way of a tie-out
		t.Errorf("populations %v, want %v", populations, want)
	}
	populations = nil
	for _, x := range p.PopulationsOf(p.Engagement("soc2-start")) {
		populations = append(populations, x.ID)
	}
	if want := []string{"changes", "runs", "bank"}; !slices.Equal(slices.Sorted(slices.Values(populations)), slices.Sorted(slices.Values(want))) {
		t.Errorf("populations %v, want %v", populations, want)
	}
	file, line, column := p.Place(p.Test("PAY-01.T1"), "attributes", 1, "holds")
	if at := fmt.Sprintf("%s:%d:%d", file, line, column); at != "tests/PAY-01.T1.yaml:14:12" {
		t.Errorf("the condition stands at %s", at)
	}
	file, line, column = p.Place(p.Test("PAY-01.T1"), "fixtures", 1, "rows", "runs", 2)
	if at := fmt.Sprintf("%s:%d:%d", file, line, column); at != "tests/PAY-01.T1.fixtures.yaml:6:9" {
		t.Errorf("the fixture's row stands at %s", at)
	}
}
