package program

import (
	"reflect"
	"strings"
)

// sqlFields hold SQL, where < and > have their own meaning.
var sqlFields = map[string]bool{
	"frame": true, "holds": true, "applies": true, "measure": true, "against_measure": true, "where": true, "against_where": true,
	"series": true, "series_by": true, "by": true, "against_by": true, "opening": true, "increase": true, "decrease": true, "closing": true, "query": true,
}

// unedited finds template text that nobody has edited, in every text field and
// in the description. Rows of fixtures and parameters are data, not text.
func (c *checker) unedited() {
	p := c.p
	c.walk(c.at("organization", 0, ""), reflect.ValueOf(p.Organization), "")
	c.walk(c.at("criteria", 0, ""), reflect.ValueOf(p.Criteria), "")
	walkAll(c, "objective", p.Objectives)
	walkAll(c, "risk", p.Risks)
	walkAll(c, "control", p.Controls)
	walkAll(c, "population", p.Populations)
	walkAll(c, "parameter", p.Parameters)
	walkAll(c, "test", p.Tests)
	walkAll(c, "subservice", p.Subservice)
	walkAll(c, "user-entity", p.CUECs)
	walkAll(c, "engagement", p.Engagements)
	for file, text := range p.descriptions {
		c.prose(file, text)
	}
}

func walkAll[T any](c *checker, kind string, all []T) {
	for i := range all {
		id := c.ids[kind][i]
		c.walk(c.at(kind, i, id), reflect.ValueOf(all[i]), "")
	}
}

// walk looks at every text in a value. Field is the innermost field's name.
func (c *checker) walk(a at, v reflect.Value, field string) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			c.walk(a, v.Elem(), field)
		}
	case reflect.Struct:
		f := fieldsOf(v.Type())
		for _, name := range f.names {
			c.walk(a.in(name), v.Field(f.index[name]), name)
		}
	case reflect.Slice:
		for i := range v.Len() {
			c.walk(a.in(i), v.Index(i), field)
		}
	case reflect.String:
		if m := leftover(v.String(), sqlFields[field]); m != "" {
			a.warn("", "unedited", "%s still holds template text (%q); write what is true of you", field, m)
		}
	}
}

// leftover is the template text in a text; "" if there is none.
func leftover(text string, sql bool) string {
	if m := marker.FindString(text); m != "" || sql {
		return m
	}
	return placeholder.FindString(text)
}

// prose looks at each line of a description. HTML has tags of one word.
func (c *checker) prose(file, text string) {
	for i, line := range strings.Split(text, "\n") {
		at := marker.FindStringIndex(line)
		if at == nil {
			at = spaced.FindStringIndex(line)
		}
		if at == nil {
			continue
		}
		column := len([]rune(line[:at[0]])) + 1
		c.findings = append(c.findings, Finding{
			File: file, Line: i + 1, Column: column, Code: "unedited", Severity: severityWarning,
			Message: "the description still holds template text (\"" + line[at[0]:at[1]] + "\"); write what is true of you",
		})
	}
}
