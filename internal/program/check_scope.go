package program

import (
	"slices"
	"strings"

	"github.com/ticktie/ticktie/internal/engagement"
)

func (c *checker) organization() {
	o, a := &c.p.Organization, c.at("organization", 0, "")
	a.need("name", o.Name)
	a.zone("zone", o.Zone, true)
	a.words("reports", o.Reports, reportWords)
	a.in("calendar").words("weekend", o.Calendar.Weekend, weekdayWords)
	if f := o.Calendar.FiscalYearStart; f != "" && !dayForm.MatchString(f) {
		a.in("calendar").err("fiscal_year_start", "date", "fiscal_year_start is %q; write month and day as MM-DD", f)
	}
	a.repeats("systems", "system", c.ids["system"])
	for i, s := range o.Systems {
		here := a.in("systems", i)
		here.id("id", s.ID)
		here.need("name", s.Name)
		here.word("kind", s.Kind, systemKinds)
		here.role("owner", s.Owner)
	}
	a.repeats("entities", "entity", idsOf(o.Entities, func(x *Entity) string { return x.ID }))
	for i, e := range o.Entities {
		a.in("entities", i).id("id", e.ID)
	}
}

func (c *checker) criteria() {
	s, a := &c.p.Criteria, c.at("criteria", 0, "")
	if s.Edition != "" && s.Edition != c.edition.ID {
		a.err("edition", "word", "edition is %q; the catalog has %s", s.Edition, c.edition.ID)
	}
	a.words("categories", s.Categories, categoryWords)
	a.words("hipaa", s.HIPAA, hipaaWords)
	if len(s.Categories) > 0 && !slices.Contains(s.Categories, "security") {
		a.warn("categories", "scope", "the common criteria apply whichever categories are chosen; add security")
	}
	a.repeats("not_relevant", "criterion", idsOf(s.NotRelevant, func(x *NotRelevant) string { return x.Criterion }))
	for i, n := range s.NotRelevant {
		here := a.in("not_relevant", i)
		if c.edition.Lookup(n.Criterion) == nil {
			here.err("criterion", "reference", "not_relevant names %q, which is no criterion of %s", n.Criterion, c.edition.ID)
		}
		if strings.TrimSpace(n.Reason) == "" {
			here.err("reason", "required", "criterion %s is left out without a reason", n.Criterion)
		}
		if slices.ContainsFunc(c.p.Controls, func(x Control) bool { return slices.Contains(x.Criteria, n.Criterion) }) {
			here.warn("criterion", "scope", "criterion %s is declared not relevant, and a control maps to it", n.Criterion)
		}
	}
	c.unmapped(a)
}

// unmapped names the criteria in scope that nothing meets.
func (c *checker) unmapped(a at) {
	met := map[string]bool{}
	for i := range c.p.Controls {
		for _, id := range c.p.Controls[i].Criteria {
			met[id] = true
		}
	}
	for i := range c.p.Subservice {
		for _, x := range c.p.Subservice[i].CSOCs {
			for _, id := range x.Criteria {
				met[id] = true
			}
		}
	}
	without := slices.DeleteFunc(slices.Clone(c.inScope), func(id string) bool { return met[id] })
	if len(without) > 0 {
		a.warn("categories", "unmapped", "no control maps to %s; map one, or give a reason under not_relevant", strings.Join(without, ", "))
	}
}

func (c *checker) objectives() {
	met := map[string]bool{}
	for i := range c.p.Controls {
		for _, id := range c.p.Controls[i].Objectives {
			met[id] = true
		}
	}
	for i := range c.p.Objectives {
		o := &c.p.Objectives[i]
		a := c.at("objective", i, o.ID)
		a.id("id", o.ID)
		a.need("text", o.Text)
		a.words("assertions", o.Assertions, assertionWords)
		if !met[o.ID] {
			a.warn("id", "unmapped", "no control maps to it")
		}
	}
}

func (c *checker) risks() {
	for i := range c.p.Risks {
		r := &c.p.Risks[i]
		a := c.at("risk", i, r.ID)
		a.id("id", r.ID)
		a.need("text", r.Text)
		a.refs("objectives", "objective", r.Objectives, c.ids["objective"])
		a.criteria("criteria", r.Criteria)
		a.word("likelihood", r.Likelihood, levelWords)
		a.word("impact", r.Impact, levelWords)
	}
}

func (c *checker) subservice() {
	for i := range c.p.Subservice {
		s := &c.p.Subservice[i]
		a := c.at("subservice", i, s.ID)
		a.id("id", s.ID)
		a.need("name", s.Name)
		a.need("method", s.Method)
		a.word("method", s.Method, subserviceWords)
		a.repeats("csocs", "complementary control", idsOf(s.CSOCs, func(x *CSOC) string { return x.ID }))
		for n, x := range s.CSOCs {
			here := a.in("csocs", n)
			here.id("id", x.ID)
			here.need("text", x.Text)
			here.refs("controls", "control", x.Controls, c.ids["control"])
			here.refs("objectives", "objective", x.Objectives, c.ids["objective"])
			here.criteria("criteria", x.Criteria)
		}
		if s.Method == "carve_out" && len(s.CSOCs) == 0 {
			a.warn("method", "csoc", "it is carved out, and no complementary control is expected of it")
		}
		for n, r := range s.Reports {
			here := a.in("reports", n)
			here.word("kind", r.Kind, reportWords)
			here.reportDates(r)
		}
	}
}

func (a at) reportDates(r SubserviceReport) {
	if r.Type != 1 && r.Type != 2 {
		a.err("type", "word", "type is %d; it is 1 (as of a day) or 2 (over a period)", r.Type)
	}
	switch {
	case r.First.IsZero() || r.Last.IsZero():
		a.err("first", "period", "a report covers a first and a last day; for a Type 1 both are its day")
	case r.Last.Before(r.First):
		a.err("last", "period", "its last day %s is before its first %s", r.Last, r.First)
	}
}

func (c *checker) userEntities() {
	for i := range c.p.CUECs {
		x := &c.p.CUECs[i]
		a := c.at("user-entity", i, x.ID)
		a.id("id", x.ID)
		a.need("text", x.Text)
		a.refs("controls", "control", x.Controls, c.ids["control"])
		a.refs("objectives", "objective", x.Objectives, c.ids["objective"])
		a.criteria("criteria", x.Criteria)
		if len(x.Controls) == 0 {
			a.warn("id", "cuec", "no control needs it; name the controls, or take it out")
		}
	}
}

func (c *checker) engagements() {
	for i := range c.p.Engagements {
		e := &c.p.Engagements[i]
		a := c.at("engagement", i, e.ID)
		a.id("id", e.ID)
		a.word("kind", string(e.Kind), reportWords)
		if e.Kind == "" {
			a.err("kind", "required", "kind is missing; it is one of %s", strings.Join(reportWords, ", "))
		}
		a.words("categories", e.Categories, categoryWords)
		for n, x := range e.Categories {
			if slices.Contains(categoryWords, x) && !slices.Contains(c.p.Criteria.Categories, x) {
				a.in("categories", n).err("", "scope", "category %s is not in scope; add it to criteria.yaml, or take it out", x)
			}
		}
		a.refs("controls", "control", e.Controls, c.ids["control"])
		a.refs("populations", "population", e.Populations, c.ids["population"])
		a.period(e)
		c.subject(a, e)
	}
}

// period checks the days of an examination against its type.
func (a at) period(e *Engagement) {
	switch {
	case e.Type != 1 && e.Type != 2:
		a.err("type", "word", "type is %d; it is 1 (as of a day) or 2 (over a period)", e.Type)
	case e.Type == 1 && e.AsOf.IsZero():
		a.err("type", "period", "a Type 1 examination needs its day (as_of)")
	case e.Type == 1 && (!e.First.IsZero() || !e.Last.IsZero()):
		a.err("type", "period", "a Type 1 examination has one day (as_of); take out first and last, or make it Type 2")
	case e.Type == 1 && e.Kind == engagement.SOC3:
		a.err("type", "period", "a SOC 3 report rests on a period; make it Type 2")
	case e.Type == 2 && (e.First.IsZero() || e.Last.IsZero()):
		a.err("type", "period", "a Type 2 examination needs its first and last day")
	case e.Type == 2 && !e.AsOf.IsZero():
		a.err("as_of", "period", "a Type 2 examination has a period; take out as_of, or make it Type 1")
	case e.Type == 2 && e.Last.Before(e.First):
		a.err("last", "period", "its last day %s is before its first %s", e.Last, e.First)
	}
	if last := e.Period().Last; !e.Retention.IsZero() && e.Retention.Before(last) {
		a.err("retention_until", "period", "evidence would be kept until %s, before the examination ends on %s", e.Retention, last)
	}
}

// subject checks that an examination has something to examine.
func (c *checker) subject(a at, e *Engagement) {
	switch {
	case e.Kind == engagement.SOC1 && len(e.Categories) > 0:
		a.warn("categories", "scope", "a SOC 1 examination has objectives, not categories")
	case e.Kind == engagement.SOC2HIPAA && len(c.p.Criteria.HIPAA) == 0:
		a.warn("kind", "scope", "criteria.yaml has no part of HIPAA in scope")
	}
	if len(c.p.ControlsOf(e)) > 0 {
		return
	}
	what := "criteria"
	if e.Kind == engagement.SOC1 {
		what = "objectives"
	}
	a.warn("id", "scope", "it examines no control: none maps to %s, and it names none", what)
}
