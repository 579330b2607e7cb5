package program

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/ticktie/ticktie/internal/criteria"
)

// checker finds what is wrong between the files of a program.
type checker struct {
	p        *Program
	edition  *criteria.Edition
	inScope  []string
	ids      map[string][]string // ids in the program, by kind
	tests    map[string]int      // tests of a control
	findings []Finding
}

// at is the part of a definition that findings are about.
type at struct {
	c    *checker
	name string // as a reader says it: "control PAY-03"
	path string
}

// at begins at the i-th object of a kind.
func (c *checker) at(kind string, i int, id string) at {
	return at{c, strings.TrimSpace(kind + " " + id), pathOf(kind, i)}
}

// in goes into a field, and into an entry of its list.
func (a at) in(parts ...any) at {
	a.path = under(a.path, parts...)
	return a
}

func (a at) add(severity, field, code, format string, args ...any) {
	if field != "" {
		a = a.in(field)
	}
	p := a.c.p.places.find(a.path)
	if p.file == "" { // made in memory, or a file that is not there
		p.file = fileOf(a.path)
	}
	a.c.findings = append(a.c.findings, Finding{
		File: p.file, Line: p.line, Column: p.column, Code: code, Severity: severity,
		Message: a.name + ": " + fmt.Sprintf(format, args...),
	})
}

// fileOf is the file or directory of the kind that a path begins with.
func fileOf(path string) string {
	name, _, _ := strings.Cut(path, "#")
	for _, k := range kinds {
		if k.name == name {
			return k.path
		}
	}
	return name
}

func (a at) err(field, code, format string, args ...any) {
	a.add(severityError, field, code, format, args...)
}

func (a at) warn(field, code, format string, args ...any) {
	a.add(severityWarning, field, code, format, args...)
}

// word checks that a value, if there is one, is one of the known words.
func (a at) word(field, value string, known []string) {
	if value != "" && !slices.Contains(known, value) {
		a.err(field, "word", "%s is %q%s", field, value, didYouMean(value, known))
	}
}

func (a at) words(field string, values, known []string) {
	for i, v := range values {
		if !slices.Contains(known, v) {
			a.in(field, i).err("", "word", "%s has %q%s", field, v, didYouMean(v, known))
		}
	}
}

// need checks that a field has a value.
func (a at) need(field, value string) {
	if strings.TrimSpace(value) == "" {
		a.err(field, "required", "%s is missing", field)
	}
}

// ref checks that an id, if there is one, names something that is there.
func (a at) ref(field, what, id string, known []string) {
	if id != "" {
		a.known(field, what, id, known)
	}
}

// refs checks that every id names something that is there.
func (a at) refs(field, what string, ids, known []string) {
	for i, id := range ids {
		if slices.Contains(known, id) {
			continue
		}
		here := a.in(field, i)
		here.err("", "reference", "%s names %s %q, which is not in the program%s", field, what, id, didYouMean(id, known))
	}
}

func (a at) known(field, what, id string, known []string) {
	if !slices.Contains(known, id) {
		a.err(field, "reference", "%s names %s %q, which is not in the program%s", field, what, id, didYouMean(id, known))
	}
}

// repeats checks that no text stands twice in a list.
func (a at) repeats(field, what string, texts []string) {
	seen := map[string]bool{}
	for i, s := range texts {
		if s != "" && seen[s] {
			a.in(field, i).err("", "repeated", "%s %s is declared twice", what, s)
		}
		seen[s] = true
	}
}

// Check finds everything that is wrong or doubtful between the files, in one
// run, in order of file, line and column.
func Check(p *Program) []Finding {
	e, err := criteria.Load()
	if err != nil {
		return []Finding{{File: "criteria.yaml", Severity: severityError, Code: "catalog", Message: err.Error()}}
	}
	c := &checker{p: p, edition: e, ids: map[string][]string{}, tests: map[string]int{}}
	c.gather()
	c.organization()
	c.criteria()
	c.objectives()
	c.risks()
	c.controls()
	c.populations()
	c.parameters()
	c.testsOf()
	c.subservice()
	c.userEntities()
	c.engagements()
	c.unedited()
	slices.SortStableFunc(c.findings, func(x, y Finding) int {
		return cmp.Or(cmp.Compare(x.File, y.File), cmp.Compare(x.Line, y.Line), cmp.Compare(x.Column, y.Column))
	})
	return c.findings
}

func idsOf[T any](all []T, id func(*T) string) []string {
	out := make([]string, 0, len(all))
	for i := range all {
		out = append(out, id(&all[i]))
	}
	return out
}

// gather lists what others refer to, and finds ids that are used twice.
func (c *checker) gather() {
	p := c.p
	c.ids = map[string][]string{
		"system":      idsOf(p.Organization.Systems, func(x *System) string { return x.ID }),
		"objective":   idsOf(p.Objectives, func(x *Objective) string { return x.ID }),
		"risk":        idsOf(p.Risks, func(x *Risk) string { return x.ID }),
		"control":     idsOf(p.Controls, func(x *Control) string { return x.ID }),
		"population":  idsOf(p.Populations, func(x *Population) string { return x.ID }),
		"parameter":   idsOf(p.Parameters, func(x *ParameterTable) string { return x.ID }),
		"test":        idsOf(p.Tests, func(x *Test) string { return x.ID }),
		"subservice":  idsOf(p.Subservice, func(x *SubserviceOrganization) string { return x.ID }),
		"user-entity": idsOf(p.CUECs, func(x *CUEC) string { return x.ID }),
		"engagement":  idsOf(p.Engagements, func(x *Engagement) string { return x.ID }),
	}
	for kind, ids := range c.ids {
		if kind != "system" {
			c.unique(kind, ids)
		}
	}
	c.ids["control"] = append(c.ids["control"], p.unread...)
	for i := range p.Tests {
		c.tests[p.Tests[i].Control]++
	}
	for _, x := range c.edition.InScope(p.Criteria.Categories) {
		if !slices.ContainsFunc(p.Criteria.NotRelevant, func(n NotRelevant) bool { return n.Criterion == x.ID }) {
			c.inScope = append(c.inScope, x.ID)
		}
	}
}

// unique finds ids used twice, and ids that differ only in case: some file
// systems take their files for one.
func (c *checker) unique(kind string, ids []string) {
	first := map[string]string{}
	for i, id := range ids {
		before, ok := first[strings.ToLower(id)]
		switch {
		case id == "":
		case !ok:
			first[strings.ToLower(id)] = id
		case before == id:
			c.at(kind, i, id).err("id", "repeated", "the id is used twice; an id is never reused")
		default:
			c.at(kind, i, id).err("id", "repeated", "the id differs from %s only in its capitals; choose another", before)
		}
	}
}

func (a at) zone(field, zone string, required bool) {
	if zone == "" {
		if required {
			a.err(field, "zone", "%s is missing; give an IANA name such as Europe/Berlin: it decides which day an event belongs to", field)
		}
		return
	}
	if _, err := time.LoadLocation(zone); err != nil || zone == "Local" {
		a.err(field, "zone", "%s is %q, which is no IANA time zone; write one such as Europe/Berlin", field, zone)
	}
}

func (a at) id(field, id string) {
	switch {
	case id == "":
		a.err(field, "required", "%s is missing", field)
	case !idForm.MatchString(id):
		a.err(field, "id", "%q cannot be an id; use letters, digits, dots, hyphens and underscores", id)
	}
}

// view checks an id that becomes a name in SQL.
func (a at) view(field, id string) {
	switch {
	case id == "":
		a.err(field, "required", "%s is missing", field)
	case !viewForm.MatchString(id):
		a.err(field, "id", "%q cannot be a name in SQL; use small letters, digits and underscores, a letter first", id)
	case slices.Contains(reservedNames, id):
		a.err(field, "id", "%q is a name that ticktie itself uses in SQL; choose another", id)
	}
}

func (a at) role(field, owner string) {
	if strings.Contains(owner, "@") {
		a.err(field, "person", "%s is %q; name a role, never a person", field, owner)
	}
}

// criteria checks that identifiers are in the catalog, and in scope.
func (a at) criteria(field string, ids []string) {
	for i, id := range ids {
		here := a.in(field, i)
		switch {
		case a.c.edition.Lookup(id) == nil:
			meant := ""
			if n := nearest(id, idsOf(a.c.edition.Criteria, func(x *criteria.Criterion) string { return x.ID })); n != "" {
				meant = "; did you mean " + n + "?"
			}
			here.err("", "reference", "%s names %q, which is no criterion of %s%s", field, id, a.c.edition.ID, meant)
		case !slices.Contains(a.c.inScope, id):
			here.warn("", "scope", "%s names %s, which is not in scope; add its category to criteria.yaml, or take it out", field, id)
		}
	}
}

func (a at) effective(e Effective) {
	if !e.From.IsZero() && !e.To.IsZero() && !e.From.Before(e.To) {
		a.in("effective").err("to", "period", "it is effective from %s to %s, which is no time at all; to is the first day after", e.From, e.To)
	}
}

// Texts that a template or a hurry leaves behind.
var (
	marker      = regexp.MustCompile(`REPLACE:|\b(?:TODO|TBD|FIXME|XXX)\b|(?i:change[ _-]?me\b|lorem ipsum)`)
	placeholder = regexp.MustCompile(`<(?:…|\.\.\.|[A-Za-z][A-Za-z0-9 ,/'_-]*(?:…|\.\.\.)?)>`)
	spaced      = regexp.MustCompile(`<(?:…|\.\.\.|[A-Za-z]+ [A-Za-z0-9 ,/'_-]*(?:…|\.\.\.)?)>`) // beside HTML
)
