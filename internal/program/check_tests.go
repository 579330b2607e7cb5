package program

import (
	"maps"
	"slices"
	"strings"
)

func (c *checker) testsOf() {
	for i := range c.p.Tests {
		t := &c.p.Tests[i]
		a := c.at("test", i, t.ID)
		a.id("id", t.ID)
		a.need("title", t.Title)
		a.need("control", t.Control)
		a.need("population", t.Population)
		a.ref("control", "control", t.Control, c.ids["control"])
		a.ref("population", "population", t.Population, c.ids["population"])
		a.refs("with", "population", t.With, c.ids["population"])
		a.refs("parameters", "parameter table", t.Parameters, c.ids["parameter"])
		a.effective(t.Effective)
		if t.Tolerable != "" && !rateForm.MatchString(t.Tolerable) {
			a.err("tolerable_deviation_rate", "number", "tolerable_deviation_rate is %q; write an exact rate from 0 up to, not including, 1", t.Tolerable)
		}
		c.what(a, t)
		c.attributes(a, t)
		c.fixtures(a, t)
	}
	c.versionsOfTests()
}

// what checks that a test says what it does, once.
func (c *checker) what(a at, t *Test) {
	switch {
	case t.Use != nil && (t.Frame != "" || len(t.Attributes) > 0):
		a.err("use", "use", "it has both use and a frame or attributes; a generic procedure brings its own")
	case t.Use != nil && !slices.Contains(procedureWords, t.Use.Procedure):
		a.in("use").err("procedure", "word", "there is no generic procedure %q%s", t.Use.Procedure, didYouMean(t.Use.Procedure, procedureWords))
	case t.Use == nil && len(t.Attributes) == 0:
		a.err("attributes", "required", "it has no attributes and no generic procedure")
	case t.Use == nil && len(t.With) > 0 && t.Frame == "":
		a.err("with", "frame", "it reads other populations (with) and has no frame that joins them")
	}
}

func (c *checker) attributes(a at, t *Test) {
	a.repeats("attributes", "attribute", idsOf(t.Attributes, func(x *Attribute) string { return x.ID }))
	pop := c.p.Population(t.Population)
	for i := range t.Attributes {
		x, here := &t.Attributes[i], a.in("attributes", i)
		here.id("id", x.ID)
		here.need("text", x.Text)
		here.need("holds", x.Holds)
		here.word("method", x.Method, testMethods)
		if x.Applies != "" && x.Because == "" {
			here.err("applies", "required", "attribute %s does not apply to every item and gives no reason (not_applicable_because)", x.ID)
		}
		if pop != nil {
			c.absence(here, t, x, pop)
		}
	}
}

// absence names columns that may be absent where the attribute does not say
// what that means. What a frame computes has no declaration to go by; a column
// that it passes on under its own name has.
func (c *checker) absence(a at, t *Test, x *Attribute, pop *Population) {
	holds := sqlWords(x.Holds)
	all := append(slices.Clone(holds), sqlWords(x.Applies)...)
	frame := sqlWords(t.Frame)
	for _, col := range pop.Columns {
		if col.Required || among(col.Name, x.Absent) || !mentions(holds, col.Name) || asksAbsence(all, col.Name) || renamed(frame, col.Name) {
			continue
		}
		a.warn("holds", "absence", "attribute %s does not say what an absent %s means; list it under absent_is_deviation, or write IS NULL; otherwise such items are not evaluable", x.ID, col.Name)
	}
	if t.Frame == "" {
		a.refs("absent_is_deviation", "column", x.Absent, idsOf(pop.Columns, func(x *Column) string { return x.Name }))
	}
}

// renamed reports whether a frame makes a column of that name itself, or says
// what its absence means.
func renamed(frame []string, name string) bool {
	for i, w := range frame {
		if w == name && wordAt(frame, i-1) == "as" {
			return true
		}
	}
	return asksAbsence(frame, name)
}

// fixtures checks that each attribute has a row that it must catch and one
// that it must not.
func (c *checker) fixtures(a at, t *Test) {
	if len(t.Fixtures) == 0 {
		a.warn("id", "fixtures", "it has no fixtures; add rows that each attribute must catch, and rows that it must not")
		return
	}
	a.repeats("fixtures", "fixture", idsOf(t.Fixtures, func(f *Fixture) string { return f.Name }))
	met, caught, named := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for i := range t.Fixtures {
		f, here := &t.Fixtures[i], a.in("fixtures", i)
		here.need("name", f.Name)
		c.fixtureRows(here, f)
		for key, judgements := range f.Expect {
			for id, j := range judgements {
				if !slices.Contains(judgementWords, j) {
					here.in("expect", key).err(id, "word", "fixture %q expects %q of item %s%s", f.Name, j, key, didYouMean(j, judgementWords))
				}
				if t.Use == nil && columnless(t.Attributes, id) {
					here.in("expect", key).err(id, "reference", "fixture %q expects something of attribute %q, which the test does not have", f.Name, id)
				}
				met[id] = met[id] || j == "met"
				caught[id] = caught[id] || j == "deviation"
				named[id] = true
			}
		}
	}
	c.bothSides(a, t, met, caught, named)
}

func columnless(all []Attribute, id string) bool {
	return !slices.ContainsFunc(all, func(x Attribute) bool { return x.ID == id })
}

// bothSides needs a met row and a deviating one of each attribute. Which
// attributes a generic procedure has is not known here; its fixtures name them.
func (c *checker) bothSides(a at, t *Test, met, caught, named map[string]bool) {
	if t.Use != nil {
		for _, id := range slices.Sorted(maps.Keys(named)) {
			if !met[id] || !caught[id] {
				a.warn("fixtures", "fixtures", "attribute %s needs a fixture row that is met and one that is a deviation", id)
			}
		}
		if len(named) == 0 {
			a.warn("fixtures", "fixtures", "its fixtures expect nothing")
		}
		return
	}
	for i, x := range t.Attributes {
		if !met[x.ID] || !caught[x.ID] {
			a.in("attributes", i).warn("id", "fixtures", "attribute %s needs a fixture row that is met and one that is a deviation", x.ID)
		}
	}
}

// fixtureRows checks that rows are of populations or parameters, and have
// their columns.
func (c *checker) fixtureRows(a at, f *Fixture) {
	for _, id := range slices.Sorted(maps.Keys(f.Rows)) {
		here := a.in("rows", id)
		var columns []Column
		var more []string
		if x := c.p.Population(id); x != nil {
			columns = x.Columns
		} else if x := c.p.ParameterTable(id); x != nil {
			columns, more = x.Columns, []string{"from", "to"}
		} else {
			here.err("", "reference", "fixture %q has rows of %q, which is no population or parameter table%s", f.Name, id, didYouMean(id, slices.Concat(c.ids["population"], c.ids["parameter"])))
			continue
		}
		names := append(idsOf(columns, func(x *Column) string { return x.Name }), more...)
		for i, r := range f.Rows[id] {
			for _, k := range slices.Sorted(maps.Keys(r)) {
				if !slices.Contains(names, k) {
					here.in(i).err("", "reference", "fixture %q: row %d of %s has %q, which is no column%s", f.Name, i+1, id, k, didYouMean(k, names))
				}
				switch r[k].(type) {
				case []any, map[string]any:
					here.in(i).err("", "type", "fixture %q: row %d of %s: %s is not a single value", f.Name, i+1, id, strings.TrimSpace(k))
				}
			}
		}
	}
}
