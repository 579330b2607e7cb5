package program

import (
	"slices"
	"strings"

	"github.com/ticktie/ticktie/internal/engagement"
)

func find[T any](all []T, match func(*T) bool) *T {
	for i := range all {
		if match(&all[i]) {
			return &all[i]
		}
	}
	return nil
}

// Control returns the control with the id; nil if there is none.
func (p *Program) Control(id string) *Control {
	return find(p.Controls, func(x *Control) bool { return x.ID == id })
}

// Test returns the test with the id; nil if there is none.
func (p *Program) Test(id string) *Test {
	return find(p.Tests, func(x *Test) bool { return x.ID == id })
}

// Population returns the population with the id; nil if there is none.
func (p *Program) Population(id string) *Population {
	return find(p.Populations, func(x *Population) bool { return x.ID == id })
}

// ParameterTable returns the parameter table with the id; nil if there is none.
func (p *Program) ParameterTable(id string) *ParameterTable {
	return find(p.Parameters, func(x *ParameterTable) bool { return x.ID == id })
}

// Objective returns the objective with the id; nil if there is none.
func (p *Program) Objective(id string) *Objective {
	return find(p.Objectives, func(x *Objective) bool { return x.ID == id })
}

// Engagement returns the engagement with the id; nil if there is none.
func (p *Program) Engagement(id string) *Engagement {
	return find(p.Engagements, func(x *Engagement) bool { return x.ID == id })
}

// TestsOf are the tests of a control, in program order.
func (p *Program) TestsOf(control string) []*Test {
	var out []*Test
	for i := range p.Tests {
		if p.Tests[i].Control == control {
			out = append(out, &p.Tests[i])
		}
	}
	return out
}

// ControlsOf are the controls that an engagement examines: those it names, or
// all that map to objectives (SOC 1) or criteria (SOC 2 and its kin).
func (p *Program) ControlsOf(e *Engagement) []*Control {
	var out []*Control
	for i := range p.Controls {
		c := &p.Controls[i]
		var in bool
		switch {
		case len(e.Controls) > 0:
			in = slices.Contains(e.Controls, c.ID)
		case e.Kind == engagement.SOC1:
			in = len(c.Objectives) > 0
		default:
			in = len(c.Criteria) > 0
		}
		if in {
			out = append(out, c)
		}
	}
	return out
}

// TestsOfEngagement are the tests of the engagement's controls, control by control.
func (p *Program) TestsOfEngagement(e *Engagement) []*Test {
	var out []*Test
	for _, c := range p.ControlsOf(e) {
		out = append(out, p.TestsOf(c.ID)...)
	}
	return out
}

// PopulationsOf are the populations that an engagement needs, in program
// order: those it names, those that the tests of its controls read, and the
// other sides of their tie-outs, and of those. An argument of a generic
// procedure that is a population's id counts as read.
func (p *Program) PopulationsOf(e *Engagement) []*Population {
	need := map[string]bool{}
	var add func(id string)
	add = func(id string) {
		pop := p.Population(id)
		if pop == nil || need[id] {
			return
		}
		need[id] = true
		for i := range pop.TieOuts {
			add(pop.TieOuts[i].Against)
		}
	}
	for _, id := range e.Populations {
		add(id)
	}
	for _, t := range p.TestsOfEngagement(e) {
		add(t.Population)
		for _, id := range t.With {
			add(id)
		}
		if t.Use != nil {
			eachText(t.Use.Args, add)
		}
	}
	var out []*Population
	for i := range p.Populations {
		if need[p.Populations[i].ID] {
			out = append(out, &p.Populations[i])
		}
	}
	return out
}

// eachText calls f with every text inside a value.
func eachText(v any, f func(string)) {
	switch v := v.(type) {
	case string:
		f(strings.TrimSpace(v))
	case []any:
		for _, x := range v {
			eachText(x, f)
		}
	case map[string]any:
		for _, x := range v {
			eachText(x, f)
		}
	}
}

// Place says where a test's definition, or a part of it such as
// "attributes", 0, "holds", stands: line and column from 1, or 0 if unknown.
func (p *Program) Place(t *Test, parts ...any) (file string, line, column int) {
	for i := range p.Tests {
		if &p.Tests[i] == t {
			at := p.places.find(under(pathOf("test", i), parts...))
			return at.file, at.line, at.column
		}
	}
	return t.File, 0, 0
}

// Period is the examination period: first to last day, or the one day of a Type 1.
func (e *Engagement) Period() engagement.Period {
	if e.Type == 1 {
		return engagement.Period{First: e.AsOf, Last: e.AsOf}
	}
	return engagement.Period{First: e.First, Last: e.Last}
}

// ZoneOf is the IANA zone of a population's days: its own, or the organization's.
func (p *Program) ZoneOf(pop *Population) string {
	if pop.Zone != "" {
		return pop.Zone
	}
	return p.Organization.Zone
}
