package program

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"
)

func (c *checker) populations() {
	for i := range c.p.Populations {
		x := &c.p.Populations[i]
		a := c.at("population", i, x.ID)
		a.view("id", x.ID)
		a.need("title", x.Title)
		a.zone("zone", x.Zone, false)
		a.word("ambiguous_local_time", x.AmbiguousLocalTime, ambiguousWords)
		a.word("outside_period", x.OutsidePeriod, outsideWords)
		a.word("expected_every", x.ExpectedEvery, expectedWords)
		a.ref("system", "system", x.System, c.ids["system"])
		c.source(a, x)
		c.columns(a, x.Columns)
		c.keyAndTime(a, x)
		c.tieOuts(a, x)
	}
}

func (c *checker) source(a at, x *Population) {
	if (x.Source.Files == nil) == (x.Source.Git == nil) {
		a.err("source", "source", "source names exactly one connector: files or git")
	}
	if f := x.Source.Files; f != nil {
		c.files(a.in("source", "files"), f)
	}
	if g := x.Source.Git; g != nil {
		here := a.in("source", "git")
		here.need("repository", g.Repository)
		here.word("time", g.Time, gitTimeWords)
	}
}

func (c *checker) files(a at, f *FilesSource) {
	if len(f.Paths) == 0 {
		a.err("paths", "required", "source.files names no paths")
	}
	a.word("format", f.Format, formatWords)
	a.word("encoding", f.Encoding, encodingWords)
	a.word("header", f.Header, headerWords)
	if f.Header == "none" && len(f.Names) == 0 {
		a.err("header", "required", "files without a header need names, in the order of their fields")
	}
	if f.SkipLines < 0 {
		a.err("skip_lines", "number", "skip_lines is %d; it is 0 or more", f.SkipLines)
	}
	for field, text := range map[string]string{"delimiter": f.Delimiter, "quote": f.Quote, "escape": f.Escape} {
		if utf8.RuneCountInString(text) > 1 && (field != "quote" || text != "none") {
			a.err(field, "word", "%s is %q; it is one character", field, text)
		}
	}
}

func (c *checker) columns(a at, columns []Column) {
	if len(columns) == 0 {
		a.err("columns", "required", "no column is declared")
	}
	a.repeats("columns", "column", idsOf(columns, func(x *Column) string { return x.Name }))
	for i := range columns {
		x, here := &columns[i], a.in("columns", i)
		here.view("name", x.Name)
		if x.Type == "" {
			here.err("type", "required", "column %s has no type; it is one of %s", x.Name, strings.Join(typeWords, ", "))
		}
		here.word("type", x.Type, typeWords)
		here.word("round", x.RoundTo, roundWords)
		here.zone("zone", x.Zone, false)
		c.decimal(here, x)
	}
}

func (c *checker) decimal(a at, x *Column) {
	const defaultPrecision, maxPrecision = 18, 38
	precision := cmp.Or(x.Precision, defaultPrecision)
	switch {
	case x.Type != "decimal" && (x.Precision != 0 || x.Scale != 0 || x.RoundTo != ""):
		a.err("type", "type", "column %s has a precision, scale or rounding and is no decimal", x.Name)
	case x.Type != "decimal":
	case precision < 1 || precision > maxPrecision:
		a.err("precision", "type", "column %s is a decimal of %d digits; there are 1 to %d", x.Name, precision, maxPrecision)
	case x.Scale < 0 || x.Scale > precision:
		a.err("scale", "type", "column %s is a decimal(%d,%d); its scale is 0 to %d", x.Name, precision, x.Scale, precision)
	case len(a.c.p.places) > 0 && !a.c.p.places.has(under(a.path, "scale")):
		a.err("type", "type", "column %s is a decimal without a scale; say how many decimals it has (scale: 2 for cents, 0 for none)", x.Name)
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
	a.repeats("key", "key column", x.Key)
	for i, k := range x.Key {
		if col := columnOf(x.Columns, k); col != nil && col.Restricted {
			a.in("key", i).err("", "restricted", "key column %s is restricted; a key is shown with every deviation", k)
		}
	}
	switch col := columnOf(x.Columns, x.EventTime); {
	case x.State && x.EventTime != "":
		a.err("event_time", "state", "a state has no event time; take out state or event_time")
	case x.State:
	case !x.AsOf.IsZero():
		a.err("as_of", "state", "as_of is the day of a state; add state: true, or take it out")
	case x.EventTime == "":
		a.err("event_time", "required", "event_time is missing; name the column, or say state: true for a list as of a day")
	case col == nil:
		a.known("event_time", "column", x.EventTime, names)
	case col.Type != "timestamp" && col.Type != "date":
		a.err("event_time", "type", "event_time %s is %s; it must be a timestamp or a date", x.EventTime, col.Type)
	case col.Restricted:
		a.err("event_time", "restricted", "event_time %s is restricted; the day of an event is shown", x.EventTime)
	}
}

func (c *checker) tieOuts(a at, x *Population) {
	independent := false
	a.repeats("tie_outs", "tie-out", idsOf(x.TieOuts, func(t *TieOut) string { return t.ID }))
	for i := range x.TieOuts {
		t, here := &x.TieOuts[i], a.in("tie_outs", i)
		independent = independent || t.Independent
		here.id("id", t.ID)
		here.need("kind", t.Kind)
		here.word("kind", t.Kind, tieOutWords)
		here.ref("against", "population", t.Against, c.ids["population"])
		c.tieOut(here, x, t)
		c.tieOutFields(here, t)
	}
	if !independent {
		a.warn("id", "unproven", "it has no independent tie-out, so it stays unproven and its tests are not concluded")
	}
}

func (c *checker) tieOut(a at, x *Population, t *TieOut) {
	if t.Tolerance != "" && (!numberForm.MatchString(t.Tolerance) || strings.HasPrefix(t.Tolerance, "-")) {
		a.err("tolerance", "number", "tie-out %s: tolerance %q is no exact number of 0 or more", t.ID, t.Tolerance)
	}
	if t.Expect != "" && !numberForm.MatchString(t.Expect) && leftover(t.Expect, false) == "" {
		a.err("expect", "number", "tie-out %s: expect %q is no exact number; write it with a point and without separators", t.ID, t.Expect)
	}
	if t.Expect != "" && t.Against != "" {
		a.err("expect", "tie_out", "tie-out %s has both expect and against; it ties out against one of them", t.ID)
	}
	if t.Independent && t.Against == x.ID {
		a.err("independent", "tie_out", "tie-out %s is against the population itself, which is not independent", t.ID)
	}
	if len(t.AgainstBy) > 0 && len(t.AgainstBy) != len(t.By) {
		a.err("against_by", "tie_out", "tie-out %s matches %d keys with %d; both sides need as many", t.ID, len(t.By), len(t.AgainstBy))
	}
}

func (c *checker) tieOutFields(a at, t *TieOut) {
	missing := func(field, value string) {
		if value == "" {
			a.err("kind", "required", "tie-out %s of kind %s needs %s", t.ID, t.Kind, field)
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
		missing("increase or decrease", t.Increase+t.Decrease)
	case "reconcile", "second_extraction":
		missing("against", t.Against)
	case "query_inspection":
		missing("text, which says what was inspected", t.Text)
	}
	if t.Kind == "reconcile" && len(t.By) == 0 {
		missing("by", "")
	}
	if t.Independent && t.Expect != "" {
		missing("source, which says where the expected value comes from", t.Source)
	}
}
