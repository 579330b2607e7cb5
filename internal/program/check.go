package program

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/ticktie/ticktie/internal/criteria"
	"github.com/ticktie/ticktie/internal/engagement"
)

// The words that fields may hold (domain: glossary, reports, soc1-objectives).
var (
	reportWords     = []string{"soc1", "soc2", "soc2_hipaa", "soc3"}
	systemKinds     = []string{"application", "database", "infrastructure", "directory", "repository", "saas", "process"}
	categoryWords   = []string{"security", "availability", "processing_integrity", "confidentiality", "privacy"}
	hipaaWords      = []string{"security", "breach", "business_associate"}
	assertionWords  = []string{"O", "C", "A", "V", "K", "L", "R", "P", "E"}
	levelWords      = []string{"low", "medium", "high"}
	natureWords     = []string{"manual", "automated", "hybrid"}
	kindWords       = []string{"preventive", "detective", "corrective"}
	frequencyWords  = []string{"continuous", "per_event", "multiple_daily", "daily", "weekly", "monthly", "quarterly", "semi_annual", "annual", "ad_hoc"}
	methodWords     = []string{"inquiry", "observation", "inspection", "reperformance"}
	typeWords       = []string{"text", "integer", "decimal", "date", "timestamp", "boolean"}
	roundWords      = []string{"half_up", "half_even", "down"}
	ambiguousWords  = []string{"refuse", "earlier", "later"}
	outsideWords    = []string{"refuse", "leave_out"}
	expectedWords   = []string{"day", "business_day", "week", "month"}
	tieOutWords     = []string{"count", "total", "roll_forward", "sequence", "reconcile", "boundary", "second_extraction", "query_inspection"}
	subserviceWords = []string{"carve_out", "inclusive"}
	weekdayWords    = []string{"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"}
	judgementWords  = []string{"met", "deviation", "not_evaluable", "not_applicable"}
	formatWords     = []string{"csv", "tsv", "json", "jsonl", "parquet", "xlsx", "yaml"}
	// Generic procedures (domain: soc1-objectives, section 2.1).
	procedureWords = []string{
		"FP-RECALC", "FP-TIE", "FP-MATCH", "FP-ROLL", "FP-DUP", "FP-GAP", "FP-SCHED", "FP-LIMIT", "FP-VALID", "FP-SOD", "FP-AUTH",
		"FP-MASTER", "FP-PARAM", "FP-CUTOFF", "FP-TIMELY", "FP-BAL", "FP-REVERSE", "FP-ACCESS", "FP-IDLE", "FP-REPORT", "FP-RECON-AGE", "FP-ANALYTIC",
	}
	// Names that views and frames have of themselves.
	reservedNames = []string{"item", "_record", "_day", "key", "event_day", "frame", "judged", "derived", "kept", "valid_from", "valid_to"}
)

var (
	idForm     = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)
	viewForm   = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
	rateForm   = regexp.MustCompile(`^0(\.[0-9]+)?$`)
	numberForm = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?$`)
	dayForm    = regexp.MustCompile(`^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$`)
	unedited   = regexp.MustCompile(`REPLACE:|\bTODO\b|\bTBD\b|CHANGE ME|(?i:lorem ipsum)|<[a-z ]+>`)
)

// checker finds what is wrong between the files of a program.
type checker struct {
	p        *Program
	edition  *criteria.Edition
	findings []Finding
}

// at is the object that findings are about.
type at struct {
	c    *checker
	kind string
	name string
}

func (a at) add(severity, field, code, format string, args ...any) {
	p, ok := a.c.p.places[a.kind+":"+a.name+":"+field]
	if !ok {
		p = a.c.p.places[a.kind+":"+a.name]
	}
	name := a.kind
	if a.name != "" {
		name += " " + a.name
	}
	a.c.findings = append(a.c.findings, Finding{
		File: p.file, Line: p.line, Column: p.column, Code: code, Severity: severity,
		Message: name + ": " + fmt.Sprintf(format, args...),
	})
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
	for _, v := range values {
		a.word(field, v, known)
	}
}

// need checks that a field has a value.
func (a at) need(field, value string) {
	if strings.TrimSpace(value) == "" {
		a.err(field, "required", "%s is missing", field)
	}
}

// prose checks that a text was written by somebody.
func (a at) prose(field, value string) {
	if m := unedited.FindString(value); m != "" {
		a.warn(field, "unedited", "%s still holds template text (%q); write what is true of you", field, m)
	}
}

// refs checks that every id names something that is there.
func (a at) refs(field, what string, ids, known []string) {
	for _, id := range ids {
		if !slices.Contains(known, id) {
			a.err(field, "reference", "%s names %s %q, which is not in the program%s", field, what, id, didYouMean(id, known))
		}
	}
}

// Check finds everything that is wrong or doubtful between the files, in one run.
func Check(p *Program) []Finding {
	e, err := criteria.Load()
	if err != nil {
		return []Finding{{File: "criteria.yaml", Severity: severityError, Code: "catalog", Message: err.Error()}}
	}
	if p.places == nil {
		p.places = map[string]place{}
	}
	c := &checker{p: p, edition: e}
	c.organization()
	c.criteria()
	c.objectivesAndRisks()
	c.controls()
	c.populations()
	c.parameters()
	c.tests()
	c.subserviceAndUserEntities()
	c.engagements()
	c.repeatedIDs()
	slices.SortStableFunc(c.findings, func(x, y Finding) int {
		return cmp.Or(cmp.Compare(x.File, y.File), cmp.Compare(x.Line, y.Line), cmp.Compare(x.Column, y.Column))
	})
	return c.findings
}

func idsOf[T any](all []T, id func(*T) string) []string {
	var out []string
	for i := range all {
		out = append(out, id(&all[i]))
	}
	return out
}

func (c *checker) systemIDs() []string {
	return idsOf(c.p.Organization.Systems, func(x *System) string { return x.ID })
}

func (c *checker) objectiveIDs() []string {
	return idsOf(c.p.Objectives, func(x *Objective) string { return x.ID })
}

func (c *checker) riskIDs() []string {
	return idsOf(c.p.Risks, func(x *Risk) string { return x.ID })
}

func (c *checker) controlIDs() []string {
	return idsOf(c.p.Controls, func(x *Control) string { return x.ID })
}

func (c *checker) populationIDs() []string {
	return idsOf(c.p.Populations, func(x *Population) string { return x.ID })
}

func (c *checker) parameterIDs() []string {
	return idsOf(c.p.Parameters, func(x *ParameterTable) string { return x.ID })
}

// inScope are the criteria of the categories in scope, less those declared not relevant.
func (c *checker) inScope() []string {
	out := []string{}
	for _, x := range c.edition.InScope(c.p.Criteria.Categories) {
		if !slices.ContainsFunc(c.p.Criteria.NotRelevant, func(n NotRelevant) bool { return n.Criterion == x.ID }) {
			out = append(out, x.ID)
		}
	}
	return out
}

func (c *checker) organization() {
	o, a := &c.p.Organization, at{c, "organization", ""}
	a.need("name", o.Name)
	a.prose("name", o.Name)
	a.prose("description", o.Description)
	a.zone("zone", o.Zone, true)
	a.words("reports", o.Reports, reportWords)
	a.words("calendar", o.Calendar.Weekend, weekdayWords)
	if f := o.Calendar.FiscalYearStart; f != "" && !dayForm.MatchString(f) {
		a.err("calendar", "date", "fiscal_year_start is %q; write month and day as MM-DD", f)
	}
	for _, s := range o.Systems {
		a.id("systems", s.ID)
		a.word("systems", s.Kind, systemKinds)
		a.prose("systems", s.Name)
		a.role("systems", s.Owner)
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
		a.err(field, "required", "an id is missing")
	case !idForm.MatchString(id):
		a.err(field, "id", "%q cannot be an id; use letters, digits, dots, hyphens and underscores", id)
	}
}

// view checks an id that becomes a name in SQL.
func (a at) view(field, id string) {
	switch {
	case id == "":
		a.err(field, "required", "an id is missing")
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

func (c *checker) criteria() {
	s, a := &c.p.Criteria, at{c, "criteria", ""}
	if s.Edition != "" && s.Edition != c.edition.ID {
		a.err("edition", "word", "edition is %q; the catalog has %s", s.Edition, c.edition.ID)
	}
	a.words("categories", s.Categories, categoryWords)
	a.words("hipaa", s.HIPAA, hipaaWords)
	for _, n := range s.NotRelevant {
		if c.edition.Lookup(n.Criterion) == nil {
			a.err("not_relevant", "reference", "not_relevant names %q, which is no criterion", n.Criterion)
		}
		if strings.TrimSpace(n.Reason) == "" {
			a.err("not_relevant", "required", "criterion %s is left out without a reason", n.Criterion)
		}
	}
	var without []string
	for _, id := range c.inScope() {
		if !slices.ContainsFunc(c.p.Controls, func(x Control) bool { return slices.Contains(x.Criteria, id) }) {
			without = append(without, id)
		}
	}
	if len(without) > 0 {
		a.warn("categories", "unmapped", "no control maps to %s; map one, or give a reason under not_relevant", strings.Join(without, ", "))
	}
}

func (c *checker) objectivesAndRisks() {
	for i := range c.p.Objectives {
		o := &c.p.Objectives[i]
		a := at{c, "objective", o.ID}
		a.id("id", o.ID)
		a.need("text", o.Text)
		a.prose("text", o.Text)
		a.words("assertions", o.Assertions, assertionWords)
		if !slices.ContainsFunc(c.p.Controls, func(x Control) bool { return slices.Contains(x.Objectives, o.ID) }) {
			a.warn("id", "unmapped", "no control maps to it")
		}
	}
	for i := range c.p.Risks {
		r := &c.p.Risks[i]
		a := at{c, "risk", r.ID}
		a.id("id", r.ID)
		a.need("text", r.Text)
		a.prose("text", r.Text)
		a.refs("objectives", "objective", r.Objectives, c.objectiveIDs())
		a.criteria("criteria", r.Criteria)
		a.word("likelihood", r.Likelihood, levelWords)
		a.word("impact", r.Impact, levelWords)
	}
}

// criteria checks that identifiers are in the catalog, and in scope.
func (a at) criteria(field string, ids []string) {
	scope := a.c.inScope()
	for _, id := range ids {
		switch {
		case a.c.edition.Lookup(id) == nil:
			known := idsOf(a.c.edition.Criteria, func(x *criteria.Criterion) string { return x.ID })
			m := ""
			if n := nearest(id, known); n != "" {
				m = "; did you mean " + n + "?"
			}
			a.err(field, "reference", "%s names %q, which is no criterion of %s%s", field, id, a.c.edition.ID, m)
		case !slices.Contains(scope, id):
			a.warn(field, "scope", "%s names %s, which is not in scope; add its category to criteria.yaml, or take it out", field, id)
		}
	}
}

func (c *checker) controls() {
	for i := range c.p.Controls {
		x := &c.p.Controls[i]
		a := at{c, "control", x.ID}
		a.id("id", x.ID)
		a.need("title", x.Title)
		a.need("statement", x.Statement)
		a.need("owner", x.Owner)
		a.prose("title", x.Title)
		a.prose("statement", x.Statement)
		a.role("owner", x.Owner)
		a.role("operator", x.Operator)
		a.word("nature", x.Nature, natureWords)
		a.word("kind", x.Kind, kindWords)
		if !strings.HasPrefix(x.Frequency, "each ") { // each change, each payroll run
			a.word("frequency", x.Frequency, frequencyWords)
		}
		a.refs("objectives", "objective", x.Objectives, c.objectiveIDs())
		a.refs("risks", "risk", x.Risks, c.riskIDs())
		a.refs("systems", "system", x.Systems, c.systemIDs())
		a.criteria("criteria", x.Criteria)
		a.effective(x.Effective)
		if x.Supersedes != "" {
			a.refs("supersedes", "control", []string{x.Supersedes}, c.controlIDs())
		}
		if x.Superseded != "" {
			a.refs("superseded_by", "control", []string{x.Superseded}, c.controlIDs())
		}
		if len(x.Objectives)+len(x.Criteria) == 0 {
			a.warn("id", "unmapped", "it maps to no objective and no criterion")
		}
		c.procedures(a, x)
	}
}

func (c *checker) procedures(a at, x *Control) {
	tests := c.p.TestsOf(x.ID)
	inquiry := 0
	for _, m := range x.Procedures {
		a.word("procedures", m.Method, methodWords)
		if m.Method == "inquiry" {
			inquiry++
		}
		if len(m.Steps) == 0 {
			a.err("procedures", "required", "procedure %s has no steps", m.ID)
		}
	}
	if x.Key && len(tests)+len(x.Procedures) == 0 {
		a.warn("key", "untested", "it is a key control without a test or a manual procedure")
	}
	if len(tests) == 0 && len(x.Procedures) > 0 && inquiry == len(x.Procedures) {
		a.err("procedures", "inquiry", "inquiry alone is no basis for a conclusion; add an observation, an inspection or a test")
	}
}

func (a at) effective(e Effective) {
	if !e.From.IsZero() && !e.To.IsZero() && !e.From.Before(e.To) {
		a.err("effective", "period", "it is effective from %s to %s, which is no time at all; to is the first day after", e.From, e.To)
	}
}

func (c *checker) populations() {
	for i := range c.p.Populations {
		x := &c.p.Populations[i]
		a := at{c, "population", x.ID}
		a.view("id", x.ID)
		a.need("title", x.Title)
		a.prose("title", x.Title)
		a.zone("zone", x.Zone, false)
		a.word("ambiguous_local_time", x.AmbiguousLocalTime, ambiguousWords)
		a.word("outside_period", x.OutsidePeriod, outsideWords)
		a.word("expected_every", x.ExpectedEvery, expectedWords)
		if x.System != "" {
			a.refs("system", "system", []string{x.System}, c.systemIDs())
		}
		if (x.Source.Files == nil) == (x.Source.Git == nil) {
			a.err("source", "source", "source names exactly one connector: files or git")
		}
		if f := x.Source.Files; f != nil {
			a.word("source", f.Format, formatWords)
			if len(f.Paths) == 0 {
				a.err("source", "required", "source.files names no paths")
			}
		}
		c.columns(a, x.Columns)
		c.keyAndTime(a, x)
		c.tieOuts(a, x)
	}
}

func (c *checker) columns(a at, columns []Column) {
	if len(columns) == 0 {
		a.err("columns", "required", "no column is declared")
	}
	seen := map[string]bool{}
	for _, x := range columns {
		a.view("columns", x.Name)
		if seen[x.Name] {
			a.err("columns", "repeated", "column %s is declared twice", x.Name)
		}
		seen[x.Name] = true
		if x.Type == "" {
			a.err("columns", "required", "column %s has no type; it is one of %s", x.Name, strings.Join(typeWords, ", "))
		}
		a.word("columns", x.Type, typeWords)
		a.word("columns", x.RoundTo, roundWords)
		a.zone("columns", x.Zone, false)
		c.decimal(a, x)
	}
}

func (c *checker) decimal(a at, x Column) {
	const defaultPrecision, maxPrecision = 18, 38
	precision := cmp.Or(x.Precision, defaultPrecision)
	switch {
	case x.Type != "decimal" && (x.Precision != 0 || x.Scale != 0):
		a.err("columns", "type", "column %s has a precision or scale and is no decimal", x.Name)
	case x.Type == "decimal" && (precision < 1 || precision > maxPrecision || x.Scale < 0 || x.Scale > precision):
		a.err("columns", "type", "column %s is a decimal(%d,%d); the precision is at most %d and the scale at most the precision", x.Name, precision, x.Scale, maxPrecision)
	}
}

func columnOf(columns []Column, name string) *Column {
	return find(columns, func(x *Column) bool { return x.Name == name })
}

func (c *checker) keyAndTime(a at, x *Population) {
	names := idsOf(x.Columns, func(x *Column) string { return x.Name })
	if len(x.Key) == 0 {
		a.err("key", "required", "key is missing; name the columns that tell one item from another, or position")
	}
	if !slices.Equal(x.Key, []string{"position"}) || columnOf(x.Columns, "position") != nil {
		a.refs("key", "column", x.Key, names)
	}
	for _, k := range x.Key {
		if col := columnOf(x.Columns, k); col != nil && col.Restricted {
			a.err("key", "restricted", "key column %s is restricted; a key is shown with every deviation", k)
		}
	}
	switch col := columnOf(x.Columns, x.EventTime); {
	case x.State && x.EventTime != "":
		a.err("event_time", "state", "a state has no event time; take out state or event_time")
	case x.State:
	case x.EventTime == "":
		a.err("event_time", "required", "event_time is missing; name the column, or say state: true for a list as of a day")
	case col == nil:
		a.refs("event_time", "column", []string{x.EventTime}, names)
	case col.Type != "timestamp" && col.Type != "date":
		a.err("event_time", "type", "event_time %s is %s; it must be a timestamp or a date", x.EventTime, col.Type)
	case col.Restricted:
		a.err("event_time", "restricted", "event_time %s is restricted; the day of an event is shown", x.EventTime)
	}
}

func (c *checker) tieOuts(a at, x *Population) {
	independent := false
	seen := map[string]bool{}
	for _, t := range x.TieOuts {
		a.id("tie_outs", t.ID)
		if seen[t.ID] {
			a.err("tie_outs", "repeated", "tie-out %s is declared twice", t.ID)
		}
		seen[t.ID] = true
		independent = independent || t.Independent
		a.need("tie_outs", t.Kind)
		a.word("tie_outs", t.Kind, tieOutWords)
		a.prose("tie_outs", t.Text)
		a.prose("tie_outs", t.Source)
		if t.Against != "" {
			a.refs("tie_outs", "population", []string{t.Against}, c.populationIDs())
		}
		if t.Tolerance != "" && !numberForm.MatchString(t.Tolerance) {
			a.err("tie_outs", "number", "tie-out %s: tolerance %q is no exact number", t.ID, t.Tolerance)
		}
		c.tieOutFields(a, &t)
	}
	if !independent {
		a.warn("tie_outs", "unproven", "it has no independent tie-out, so it stays unproven and its tests are not concluded")
	}
}

func (c *checker) tieOutFields(a at, t *TieOut) {
	missing := func(field, value string) {
		if value == "" {
			a.err("tie_outs", "required", "tie-out %s of kind %s needs %s", t.ID, t.Kind, field)
		}
	}
	switch t.Kind {
	case "count":
		missing("against or expect", t.Against+t.Expect)
	case "total":
		missing("measure", t.Measure)
		missing("against or expect", t.Against+t.Expect)
	case "sequence":
		missing("series", t.Series)
	case "roll_forward":
		missing("opening", t.Opening)
		missing("closing", t.Closing)
	case "reconcile", "second_extraction":
		missing("against", t.Against)
	}
	if t.Kind == "reconcile" && len(t.By) == 0 {
		missing("by", "")
	}
	if t.Independent && t.Expect != "" {
		missing("source, which says where the expected value comes from", t.Source)
	}
}

func (c *checker) parameters() {
	for i := range c.p.Parameters {
		x := &c.p.Parameters[i]
		a := at{c, "parameter", x.ID}
		a.view("id", x.ID)
		if slices.Contains(c.populationIDs(), x.ID) {
			a.err("id", "repeated", "a population has the same id, and both become views in SQL")
		}
		c.columns(a, x.Columns)
		c.rows(a, x)
	}
}

func (c *checker) rows(a at, x *ParameterTable) {
	names := append(idsOf(x.Columns, func(x *Column) string { return x.Name }), "from", "to")
	for i, r := range x.Rows {
		for k := range r {
			if !slices.Contains(names, k) {
				a.err("rows", "unknown_field", "row %d has %q, which is no column%s", i+1, k, didYouMean(k, names))
			}
		}
		from, to, err := span(r)
		switch {
		case err != nil:
			a.err("rows", "date", "row %d: %v", i+1, err)
		case !from.IsZero() && !to.IsZero() && !from.Before(to):
			a.err("rows", "period", "row %d is in force from %s to %s, which is no time at all; to is the first day after", i+1, from, to)
		}
	}
}

func span(r map[string]any) (from, to engagement.Date, err error) {
	for k, d := range map[string]*engagement.Date{"from": &from, "to": &to} {
		s, ok := r[k].(string)
		if r[k] == nil {
			continue
		}
		if !ok {
			return from, to, fmt.Errorf("%s is not a date", k)
		}
		if err := d.UnmarshalText([]byte(s)); err != nil {
			return from, to, err
		}
	}
	return from, to, nil
}

func (c *checker) tests() {
	for i := range c.p.Tests {
		t := &c.p.Tests[i]
		a := at{c, "test", t.ID}
		a.id("id", t.ID)
		a.need("title", t.Title)
		a.refs("control", "control", []string{t.Control}, c.controlIDs())
		a.refs("population", "population", []string{t.Population}, c.populationIDs())
		a.refs("with", "population", t.With, c.populationIDs())
		a.refs("parameters", "parameter table", t.Parameters, c.parameterIDs())
		a.effective(t.Effective)
		if t.Tolerable != "" && !rateForm.MatchString(t.Tolerable) {
			a.err("tolerable_deviation_rate", "number", "tolerable_deviation_rate is %q; write an exact rate from 0 up to, not including, 1", t.Tolerable)
		}
		if t.Supersedes != "" {
			c.supersedes(a, t)
		}
		c.what(a, t)
		c.fixtures(a, t)
	}
}

// supersedes checks that one version of a test ends where the next begins.
func (c *checker) supersedes(a at, t *Test) {
	old := c.p.Test(t.Supersedes)
	switch {
	case old == nil:
		a.refs("supersedes", "test", []string{t.Supersedes}, idsOf(c.p.Tests, func(x *Test) string { return x.ID }))
	case old.Effective.To != t.Effective.From || t.Effective.From.IsZero():
		a.err("effective", "period", "it supersedes %s, which ends %s, and begins %s; one must begin on the day the other ends", old.ID, day(old.Effective.To), day(t.Effective.From))
	}
}

func day(d engagement.Date) string {
	if d.IsZero() {
		return "never"
	}
	return d.String()
}

func (c *checker) what(a at, t *Test) {
	switch {
	case t.Use != nil && (t.Frame != "" || len(t.Attributes) > 0):
		a.err("use", "use", "it has both use and a frame or attributes; a generic procedure brings its own")
	case t.Use != nil && !slices.Contains(procedureWords, t.Use.Procedure):
		a.err("use", "word", "there is no generic procedure %q%s", t.Use.Procedure, didYouMean(t.Use.Procedure, procedureWords))
	case t.Use == nil && len(t.Attributes) == 0:
		a.err("attributes", "required", "it has no attributes and no generic procedure")
	}
	seen := map[string]bool{}
	for _, x := range t.Attributes {
		a.id("attributes", x.ID)
		if seen[x.ID] {
			a.err("attributes", "repeated", "attribute %s is declared twice", x.ID)
		}
		seen[x.ID] = true
		if x.Text == "" || x.Holds == "" {
			a.err("attributes", "required", "attribute %s needs both text and holds", x.ID)
		}
		if x.Applies != "" && x.Because == "" {
			a.err("attributes", "required", "attribute %s does not apply to every item and gives no reason (not_applicable_because)", x.ID)
		}
		c.absence(a, t, &x)
	}
}

// absence names columns that may be absent where the attribute does not say
// what that means.
func (c *checker) absence(a at, t *Test, x *Attribute) {
	pop := c.p.Population(t.Population)
	if pop == nil || t.Frame != "" {
		return
	}
	for _, col := range pop.Columns {
		if col.Required || slices.Contains(x.Absent, col.Name) || !mentions(x.Holds, col.Name) {
			continue
		}
		text := strings.ToLower(x.Holds + " " + x.Applies)
		if strings.Contains(text, col.Name+" is not null") || strings.Contains(text, col.Name+" is null") || strings.Contains(text, "coalesce("+col.Name) {
			continue
		}
		a.warn("attributes", "absence", "attribute %s does not say what an absent %s means; list it under absent_is_deviation, or write IS NULL; otherwise such items are not evaluable", x.ID, col.Name)
	}
	for _, name := range x.Absent {
		if columnOf(pop.Columns, name) == nil {
			a.refs("attributes", "column", []string{name}, idsOf(pop.Columns, func(x *Column) string { return x.Name }))
		}
	}
}

func mentions(sql, name string) bool {
	return regexp.MustCompile(`(^|[^a-z0-9_.'])` + regexp.QuoteMeta(name) + `($|[^a-z0-9_'(])`).MatchString(sql)
}

// fixtures checks that each attribute has a row that it must catch and one
// that it must not.
func (c *checker) fixtures(a at, t *Test) {
	if len(t.Fixtures) == 0 {
		a.warn("fixtures", "fixtures", "it has no fixtures; add rows that each attribute must catch, and rows that it must not")
		return
	}
	met, caught := map[string]bool{}, map[string]bool{}
	for _, f := range t.Fixtures {
		for id := range f.Rows {
			if !slices.Contains(c.populationIDs(), id) && !slices.Contains(c.parameterIDs(), id) {
				a.err("fixtures", "reference", "fixture %q has rows of %q, which is no population", f.Name, id)
			}
		}
		for key, judgements := range f.Expect {
			for id, j := range judgements {
				if !slices.Contains(judgementWords, j) {
					a.err("fixtures", "word", "fixture %q expects %q of item %s%s", f.Name, j, key, didYouMean(j, judgementWords))
				}
				met[id] = met[id] || j == "met"
				caught[id] = caught[id] || j == "deviation"
			}
		}
	}
	for _, x := range t.Attributes {
		if !met[x.ID] || !caught[x.ID] {
			a.warn("fixtures", "fixtures", "attribute %s needs a fixture row that is met and one that is a deviation", x.ID)
		}
	}
}

func (c *checker) subserviceAndUserEntities() {
	for i := range c.p.Subservice {
		s := &c.p.Subservice[i]
		a := at{c, "subservice", s.ID}
		a.id("id", s.ID)
		a.word("method", s.Method, subserviceWords)
		for _, x := range s.CSOCs {
			a.refs("csocs", "control", x.Controls, c.controlIDs())
			a.refs("csocs", "objective", x.Objectives, c.objectiveIDs())
			a.criteria("csocs", x.Criteria)
			a.prose("csocs", x.Text)
		}
		if s.Method == "carve_out" && len(s.CSOCs) == 0 {
			a.warn("csocs", "csoc", "it is carved out, and no complementary control is expected of it")
		}
	}
	for i := range c.p.CUECs {
		x := &c.p.CUECs[i]
		a := at{c, "user-entity", x.ID}
		a.id("id", x.ID)
		a.need("text", x.Text)
		a.prose("text", x.Text)
		a.refs("controls", "control", x.Controls, c.controlIDs())
		a.refs("objectives", "objective", x.Objectives, c.objectiveIDs())
		a.criteria("criteria", x.Criteria)
		if len(x.Controls) == 0 {
			a.warn("controls", "cuec", "no control needs it; name the controls, or take it out")
		}
	}
}

func (c *checker) engagements() {
	for i := range c.p.Engagements {
		e := &c.p.Engagements[i]
		a := at{c, "engagement", e.ID}
		a.id("id", e.ID)
		a.prose("title", e.Title)
		a.word("kind", string(e.Kind), reportWords)
		if e.Kind == "" {
			a.err("kind", "required", "kind is missing; it is one of %s", strings.Join(reportWords, ", "))
		}
		a.words("categories", e.Categories, categoryWords)
		a.refs("controls", "control", e.Controls, c.controlIDs())
		a.refs("populations", "population", e.Populations, c.populationIDs())
		switch {
		case e.Type == 2 && (e.First.IsZero() || e.Last.IsZero()):
			a.err("type", "period", "a Type 2 examination needs its first and last day")
		case e.Type == 2 && e.Last.Before(e.First):
			a.err("last", "period", "its last day %s is before its first %s", e.Last, e.First)
		case e.Type == 1 && e.AsOf.IsZero():
			a.err("type", "period", "a Type 1 examination needs its day (as_of)")
		case e.Type != 1 && e.Type != 2:
			a.err("type", "word", "type is %d; it is 1 (as of a day) or 2 (over a period)", e.Type)
		}
		if e.Kind == engagement.SOC1 && len(e.Categories) > 0 {
			a.warn("categories", "scope", "a SOC 1 examination has objectives, not categories")
		}
	}
}

func (c *checker) repeatedIDs() {
	for kind, ids := range map[string][]string{
		"objective": c.objectiveIDs(), "risk": c.riskIDs(), "control": c.controlIDs(), "population": c.populationIDs(), "parameter": c.parameterIDs(),
		"test":        idsOf(c.p.Tests, func(x *Test) string { return x.ID }),
		"engagement":  idsOf(c.p.Engagements, func(x *Engagement) string { return x.ID }),
		"subservice":  idsOf(c.p.Subservice, func(x *SubserviceOrganization) string { return x.ID }),
		"user-entity": idsOf(c.p.CUECs, func(x *CUEC) string { return x.ID }),
	} {
		seen := map[string]bool{}
		for _, id := range ids {
			if seen[id] && id != "" {
				at{c, kind, id}.err("id", "repeated", "the id is used twice; an id is never reused")
			}
			seen[id] = true
		}
	}
}
