package program

import (
	"slices"
	"strings"
)

func (c *checker) controls() {
	for i := range c.p.Controls {
		x := &c.p.Controls[i]
		a := c.at("control", i, x.ID)
		a.id("id", x.ID)
		a.need("title", x.Title)
		a.need("statement", x.Statement)
		a.need("owner", x.Owner)
		a.role("owner", x.Owner)
		a.role("operator", x.Operator)
		a.word("nature", x.Nature, natureWords)
		a.word("kind", x.Kind, kindWords)
		if what, each := strings.CutPrefix(x.Frequency, "each "); !each || strings.TrimSpace(what) == "" {
			a.word("frequency", x.Frequency, frequencyWords)
		}
		a.refs("objectives", "objective", x.Objectives, c.ids["objective"])
		a.refs("risks", "risk", x.Risks, c.ids["risk"])
		a.refs("systems", "system", x.Systems, c.ids["system"])
		a.criteria("criteria", x.Criteria)
		a.effective(x.Effective)
		if len(x.Objectives)+len(x.Criteria) == 0 {
			a.warn("id", "unmapped", "it maps to no objective and no criterion")
		}
		c.procedures(a, x)
	}
	c.versionsOfControls()
}

func (c *checker) procedures(a at, x *Control) {
	inquiry := 0
	a.repeats("procedures", "procedure", idsOf(x.Procedures, func(m *Procedure) string { return m.ID }))
	for i, m := range x.Procedures {
		here := a.in("procedures", i)
		here.id("id", m.ID)
		here.need("method", m.Method)
		here.word("method", m.Method, methodWords)
		if m.Method == "inquiry" {
			inquiry++
		}
		if len(m.Steps) == 0 {
			here.err("steps", "required", "procedure %s has no steps", m.ID)
		}
	}
	tested := c.tests[x.ID] > 0
	if x.Key && !tested && len(x.Procedures) == 0 {
		a.warn("key", "untested", "it is a key control without a test or a manual procedure")
	}
	if !tested && len(x.Procedures) > 0 && inquiry == len(x.Procedures) {
		a.err("procedures", "inquiry", "inquiry alone is no basis for a conclusion; add an observation, an inspection or a test")
	}
}

// version is a control or test that may replace another.
type version struct {
	at         at
	id         string
	effective  Effective
	supersedes string
	successor  string // named by superseded_by
}

func (c *checker) versionsOfControls() {
	var all []version
	for i := range c.p.Controls {
		x := &c.p.Controls[i]
		all = append(all, version{c.at("control", i, x.ID), x.ID, x.Effective, x.Supersedes, x.Superseded})
	}
	versions(all, "control", c.ids["control"])
	for _, v := range all {
		next := c.p.Control(v.successor)
		switch {
		case v.successor == "":
		case next == nil:
			v.at.known("superseded_by", "control", v.successor, c.ids["control"])
		case next.Supersedes != v.id:
			v.at.err("superseded_by", "version", "it is superseded by %s, which does not say that it supersedes %s", next.ID, v.id)
		}
	}
}

func (c *checker) versionsOfTests() {
	var all []version
	for i := range c.p.Tests {
		x := &c.p.Tests[i]
		all = append(all, version{c.at("test", i, x.ID), x.ID, x.Effective, x.Supersedes, ""})
	}
	versions(all, "test", c.ids["test"])
}

// versions checks that where one supersedes another, each day of their time
// has exactly one of them in force.
func versions(all []version, what string, known []string) {
	by := map[string]*version{}
	successors := map[string][]*version{}
	for i := range all {
		by[all[i].id] = &all[i]
	}
	for i := range all {
		v := &all[i]
		old := by[v.supersedes]
		switch {
		case v.supersedes == "":
			continue
		case old == nil:
			v.at.known("supersedes", what, v.supersedes, known)
			continue
		case circular(v, by):
			v.at.err("supersedes", "version", "it supersedes itself, by way of %s", v.supersedes)
			continue
		}
		v.follows(old)
		successors[old.id] = append(successors[old.id], v)
		if n := successors[old.id]; len(n) > 1 {
			v.at.err("supersedes", "version", "%s is superseded by %s already; one version has one successor", old.id, n[0].id)
		}
	}
}

// circular reports whether a version is among those it supersedes.
func circular(v *version, by map[string]*version) bool {
	for old, n := by[v.supersedes], 0; old != nil && n <= len(by); old, n = by[old.supersedes], n+1 {
		if old.id == v.id {
			return true
		}
	}
	return false
}

// follows checks that a version begins on the day when the old one ends.
func (v *version) follows(old *version) {
	here := v.at.in("effective")
	from, to := v.effective.From, old.effective.To
	switch {
	case from.IsZero():
		here.err("from", "period", "it supersedes %s and does not say from when it is effective; both would be in force", old.id)
	case to.IsZero():
		old.at.in("effective").err("to", "period", "it is superseded by %s on %s and does not say when it ends; both would be in force", v.id, from)
	case from.Before(to):
		here.err("from", "overlap", "it begins %s, before %s ends on %s; both would be in force", from, old.id, to)
	case to.Before(from):
		here.warn("from", "gap", "it begins %s, and %s ends on %s; between them nothing is in force", from, old.id, to)
	}
}

// among reports whether a name is one of a list, whatever its capitals.
func among(name string, list []string) bool {
	return slices.ContainsFunc(list, func(x string) bool { return strings.EqualFold(x, name) })
}
