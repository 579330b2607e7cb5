package program

import (
	"bytes"
	_ "embed"
	"encoding"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

// typesText is our own source: the comments on its fields are the meanings in
// schemas and in docs/formats.md, so that each is written once.
//
//go:embed types.go
var typesText string

// described is a kind of file with the struct it is read into.
type described struct {
	name  string
	where string // path in a program
	typ   reflect.Type
	list  bool // the file may hold a list of these
}

func describedKinds() []described {
	return []described{
		{"organization", "ticktie.yaml", reflect.TypeFor[Organization](), false},
		{"criteria", "criteria.yaml", reflect.TypeFor[CriteriaScope](), false},
		{"objective", "objectives/*.yaml", reflect.TypeFor[Objective](), true},
		{"risk", "risks/*.yaml", reflect.TypeFor[Risk](), true},
		{"control", "controls/<id>.yaml", reflect.TypeFor[Control](), false},
		{"population", "populations/*.yaml", reflect.TypeFor[Population](), true},
		{"parameter", "parameters/*.yaml", reflect.TypeFor[ParameterTable](), true},
		{"test", "tests/*.yaml", reflect.TypeFor[Test](), true},
		{"fixtures", "tests/<test id>.fixtures.yaml", reflect.TypeFor[Fixture](), true},
		{"subservice", "subservice/*.yaml", reflect.TypeFor[SubserviceOrganization](), true},
		{"user-entity", "user-entity.yaml", reflect.TypeFor[CUEC](), true},
		{"engagement", "engagements/*.yaml", reflect.TypeFor[Engagement](), true},
	}
}

// words are the closed vocabularies, by struct and field.
func words() map[string][]string {
	return map[string][]string{
		"Organization.reports": reportWords, "System.kind": systemKinds, "Calendar.weekend": weekdayWords,
		"CriteriaScope.categories": categoryWords, "CriteriaScope.hipaa": hipaaWords, "Objective.assertions": assertionWords,
		"Risk.likelihood": levelWords, "Risk.impact": levelWords, "Control.nature": natureWords, "Control.kind": kindWords,
		"Procedure.method": methodWords, "Population.ambiguous_local_time": ambiguousWords, "Population.outside_period": outsideWords,
		"Population.expected_every": expectedWords, "Column.type": typeWords, "Column.round": roundWords, "TieOut.kind": tieOutWords,
		"FilesSource.format": formatWords, "Use.procedure": procedureWords, "SubserviceOrganization.method": subserviceWords,
		"Engagement.kind": reportWords, "Engagement.categories": categoryWords, "GitSource.time": gitTimeWords,
		"FilesSource.encoding": encodingWords, "FilesSource.header": headerWords, "Attribute.method": testMethods, "SubserviceReport.kind": reportWords,
	}
}

// required are the fields without which a file is wrong, by struct.
func required() map[string][]string {
	return map[string][]string{
		"Organization": {"name", "zone"}, "Entity": {"id"}, "System": {"id", "name"}, "NotRelevant": {"criterion", "reason"},
		"Objective": {"id", "text"}, "Risk": {"id", "text"}, "Control": {"id", "title", "statement", "owner"}, "Procedure": {"id", "method", "steps"},
		"Population": {"id", "title", "source", "key", "columns"}, "Column": {"name", "type"}, "TieOut": {"id", "kind"},
		"FilesSource": {"paths"}, "GitSource": {"repository"}, "ParameterTable": {"id", "columns", "rows"},
		"Test": {"id", "control", "title", "population"}, "Use": {"procedure"}, "Attribute": {"id", "text", "holds"}, "Fixture": {"name", "rows", "expect"},
		"SubserviceOrganization": {"id", "name", "method"}, "SubserviceReport": {"type", "first", "last"}, "CSOC": {"id", "text"}, "CUEC": {"id", "text"}, "Engagement": {"id", "kind", "type"},
	}
}

// forms are the forms of texts, by struct and field.
func forms() map[string]string {
	out := map[string]string{
		"Population.id": viewPattern, "ParameterTable.id": viewPattern, "Column.name": viewPattern,
		"Calendar.fiscal_year_start": dayPattern, "Test.tolerable_deviation_rate": ratePattern, "TieOut.tolerance": numberPattern,
		"Control.frequency": `^(` + strings.Join(frequencyWords, "|") + `|each \S.*)$`,
	}
	for _, t := range []string{"System", "Entity", "Objective", "Risk", "Control", "Procedure", "TieOut", "Test", "Attribute", "SubserviceOrganization", "CSOC", "CUEC", "Engagement"} {
		out[t+".id"] = idPattern
	}
	return out
}

// numbers are the whole numbers that a field may hold, from and to; to 0 is without end.
func numbers() map[string][2]int {
	return map[string][2]int{
		"Engagement.type": {1, 2}, "SubserviceReport.type": {1, 2}, "Column.precision": {1, 38}, "Column.scale": {0, 38}, "FilesSource.skip_lines": {0, 0},
	}
}

// meaning is what a field means, and an example of it as YAML.
type meaning struct{ text, example string }

// value is the example as an editor offers it; nothing if there is none.
func (m meaning) value() []any {
	var v any
	if m.example == "" || yaml.Unmarshal([]byte(m.example), &v) != nil {
		return nil
	}
	return []any{v}
}

// meanings returns the meaning of each field, by struct and YAML name.
func meanings() (map[string]meaning, error) {
	f, err := parser.ParseFile(token.NewFileSet(), "types.go", typesText, parser.ParseComments)
	if err != nil {
		return nil, fmt.Errorf("reading the fields' meanings: %w", err)
	}
	out := map[string]meaning{}
	ast.Inspect(f, func(n ast.Node) bool {
		spec, ok := n.(*ast.TypeSpec)
		if !ok {
			return true
		}
		if s, ok := spec.Type.(*ast.StructType); ok {
			fieldMeanings(out, spec.Name.Name, s)
		}
		return true
	})
	return out, nil
}

func fieldMeanings(out map[string]meaning, name string, s *ast.StructType) {
	for _, field := range s.Fields.List {
		if field.Tag == nil {
			continue
		}
		yamlName := reflect.StructTag(strings.Trim(field.Tag.Value, "`")).Get("yaml")
		text := strings.Join(strings.Fields(field.Doc.Text()+" "+field.Comment.Text()), " ")
		text, example, _ := strings.Cut(text, "Example: `")
		out[name+"."+yamlName] = meaning{strings.TrimSpace(text), strings.TrimSuffix(strings.TrimSpace(example), "`")}
	}
}

// schema is a JSON Schema in the order that people read it.
type schema struct {
	Schema               string             `json:"$schema,omitempty"`
	Ref                  string             `json:"$ref,omitempty"`
	Title                string             `json:"title,omitempty"`
	Description          string             `json:"description,omitempty"`
	Examples             []any              `json:"examples,omitempty"`
	Type                 any                `json:"type,omitempty"`
	OneOf                []*schema          `json:"oneOf,omitempty"`
	AllOf                []*schema          `json:"allOf,omitempty"`
	Enum                 []string           `json:"enum,omitempty"`
	Pattern              string             `json:"pattern,omitempty"`
	Minimum              *int               `json:"minimum,omitempty"`
	Maximum              *int               `json:"maximum,omitempty"`
	Items                *schema            `json:"items,omitempty"`
	Properties           map[string]*schema `json:"properties,omitempty"`
	Required             []string           `json:"required,omitempty"`
	AdditionalProperties any                `json:"additionalProperties,omitempty"`
	Definitions          map[string]*schema `json:"definitions,omitempty"`
}

// schemas builds one schema for each kind.
type schemas struct {
	meanings    map[string]meaning
	words       map[string][]string
	forms       map[string]string
	numbers     map[string][2]int
	required    map[string][]string
	definitions map[string]*schema // of the kind being built
}

// Schemas returns the JSON Schema (draft-07) of each kind of program file, as
// indented JSON, by the kind's name.
func Schemas() (map[string][]byte, error) {
	m, err := meanings()
	if err != nil {
		return nil, err
	}
	b := schemas{meanings: m, words: words(), forms: forms(), numbers: numbers(), required: required()}
	out := map[string][]byte{}
	for _, k := range describedKinds() {
		b.definitions = map[string]*schema{}
		s := &schema{AllOf: []*schema{b.of(k.typ, "")}}
		if k.list {
			s = &schema{OneOf: []*schema{b.of(k.typ, ""), {Type: "array", Items: b.of(k.typ, "")}}}
		}
		s.Schema, s.Title, s.Definitions = "http://json-schema.org/draft-07/schema#", "Ticktie "+k.where, b.definitions
		var text bytes.Buffer
		e := json.NewEncoder(&text)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		if err := e.Encode(s); err != nil {
			return nil, fmt.Errorf("writing the schema of %s: %w", k.name, err)
		}
		out[k.name] = text.Bytes()
	}
	return out, nil
}

// scalar accepts what the strict reader takes as text.
func scalar() any { return []string{"string", "number", "boolean", "null"} }

func (b *schemas) of(t reflect.Type, field string) *schema {
	s := &schema{Description: b.meanings[field].text, Examples: b.meanings[field].value()}
	switch {
	case reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()):
		s.Type, s.Pattern = "string", datePattern
	case t.Kind() == reflect.Pointer:
		return b.of(t.Elem(), field)
	case t.Kind() == reflect.Struct:
		b.reference(s, t)
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.String:
		item := b.text(&schema{}, field)
		if item.Enum == nil {
			item.Type = []string{"string", "number", "boolean"}
		}
		s.OneOf = []*schema{{Type: "array", Items: item}, item}
	case t.Kind() == reflect.Slice:
		s.Type, s.Items = "array", b.of(t.Elem(), "")
	case t == reflect.TypeFor[map[string]any]() && field == "":
		s.Type, s.AdditionalProperties = "object", &schema{Type: scalar()} // a row
	case t.Kind() == reflect.Map && t.Elem().Kind() == reflect.Interface:
		s.Type = "object"
	case t.Kind() == reflect.Map:
		s.Type, s.AdditionalProperties = "object", b.of(t.Elem(), "")
	case t.Kind() == reflect.Bool:
		s.Type = "boolean"
	case t.Kind() == reflect.Int:
		b.number(s, field)
	default:
		return b.text(s, field)
	}
	return s
}

// text accepts a text, of the known words or form if the field has them.
func (b *schemas) text(s *schema, field string) *schema {
	s.Type = scalar()
	if known := b.words[field]; known != nil {
		s.Type, s.Enum = "string", known
	}
	s.Pattern = b.forms[field]
	return s
}

func (b *schemas) number(s *schema, field string) {
	s.Type = "integer"
	bounds, ok := b.numbers[field]
	if !ok {
		return
	}
	s.Minimum = &bounds[0]
	if bounds[1] > 0 {
		s.Maximum = &bounds[1]
	}
}

// reference points at the struct's definition. What stands beside $ref is
// ignored by draft-07, so that a field's own words wrap it.
func (b *schemas) reference(s *schema, t reflect.Type) {
	name := strings.ToLower(t.Name())
	if b.definitions[name] == nil {
		d := &schema{}
		b.definitions[name] = d
		b.object(d, t)
	}
	ref := "#/definitions/" + name
	if s.Description == "" {
		s.Ref = ref
		return
	}
	s.AllOf = []*schema{{Ref: ref}}
}

func (b *schemas) object(s *schema, t reflect.Type) {
	s.Type, s.AdditionalProperties, s.Properties = "object", false, map[string]*schema{}
	s.Required = b.required[t.Name()]
	for i := range t.NumField() {
		name := t.Field(i).Tag.Get("yaml")
		if name == "" || name == "-" {
			continue
		}
		s.Properties[name] = b.of(t.Field(i).Type, t.Name()+"."+name)
	}
}

// FormatDoc is the text of docs/formats.md: every field of every program file.
func FormatDoc() (string, error) {
	c, err := meanings()
	if err != nil {
		return "", err
	}
	var w strings.Builder
	w.WriteString(formatHead)
	seen := map[reflect.Type]bool{}
	var nested []reflect.Type
	for _, k := range describedKinds() {
		fmt.Fprintf(&w, "\n## `%s`\n\n", k.where)
		if k.list {
			w.WriteString("One object, or a list of them.\n\n")
		}
		nested = append(nested, formatTable(&w, k.typ, c)...)
		seen[k.typ] = true
	}
	w.WriteString("\n# Parts\n")
	for len(nested) > 0 {
		t := nested[0]
		nested = nested[1:]
		if seen[t] {
			continue
		}
		seen[t] = true
		fmt.Fprintf(&w, "\n## %s\n\n", t.Name())
		nested = append(nested, formatTable(&w, t, c)...)
	}
	return w.String(), nil
}

const formatHead = `# Program files

Written from the source; ` + "`go test ./internal/program -update`" + ` writes it anew. Evidence formats are in
[formats-evidence.md](formats-evidence.md), bundles in [formats-bundle.md](formats-bundle.md).

YAML is read strictly: an unknown or repeated field, a value of the wrong kind, a second document, an anchor, an alias or a
tag is an error with file, line and column, and so is a link that leaves the program's directory. A file is UTF-8, at most
8 MiB, at most 40 levels deep, with at most 10,000 names in one set of fields.

A text keeps the characters that were written: ` + "`1234.50`" + ` stays ` + "`1234.50`" + `, quoted or not, and so do dates. In rows of
parameters and fixtures a number is kept as its text, ` + "`true`" + ` and ` + "`false`" + ` are booleans, and ` + "`null`" + ` or nothing is absent.
Elsewhere a field without a value counts as not written. Where a list of texts is expected, one text stands for a list of one.

A control's frequency is one of continuous, per_event, multiple_daily, daily, weekly, monthly, quarterly, semi_annual, annual,
ad_hoc, or ` + "`each`" + ` and an event: ` + "`each payroll run`" + `.

Ids are letters, digits, dots, hyphens and underscores. Ids of populations and parameter tables, and names of columns, are
names in SQL: small letters, digits and underscores, a letter first, and none of item, _record, _day, key, event_day, frame,
judged, derived, kept, valid_from, valid_to.

` + "`scope.yaml`" + ` is reserved for the determination: it belongs to the program and is not read by this version.
` + "`description/**.md`" + ` is the system description; only template text left in it is looked for.

` + "`ticktie check`" + ` lists everything wrong in one run. An error stops collect and test; a warning is a doubt for a person.

A JSON Schema of each kind is in ` + "`schema/`" + ` and printed by ` + "`ticktie schema KIND`" + `; an editor with a YAML language server takes it from a first line such as

` + "```yaml\n# yaml-language-server: $schema=../schema/control.json\n```\n"

// formatTable writes the fields of a struct and returns the structs it refers to.
func formatTable(w *strings.Builder, t reflect.Type, c map[string]meaning) []reflect.Type {
	w.WriteString("| field | type | required | meaning | example |\n|---|---|---|---|---|\n")
	var nested []reflect.Type
	for i := range t.NumField() {
		f := t.Field(i)
		name := f.Tag.Get("yaml")
		if name == "" || name == "-" {
			continue
		}
		word, inner := formatType(f.Type)
		if inner != nil {
			nested = append(nested, inner)
		}
		need := ""
		if slices.Contains(required()[t.Name()], name) {
			need = "yes"
		}
		m := c[t.Name()+"."+name]
		if known := words()[t.Name()+"."+name]; known != nil {
			m.text = strings.TrimSpace(m.text + " One of: " + strings.Join(known, ", ") + ".")
		}
		fmt.Fprintf(w, "| `%s` | %s | %s | %s | `%s` |\n", name, word, need, strings.ReplaceAll(m.text, "|", `\|`), strings.ReplaceAll(m.example, "|", `\|`))
	}
	return nested
}

func formatType(t reflect.Type) (string, reflect.Type) {
	switch {
	case reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()):
		return "date", nil
	case t.Kind() == reflect.Pointer:
		return formatType(t.Elem())
	case t.Kind() == reflect.Struct:
		return t.Name(), t
	case t.Kind() == reflect.Slice:
		word, inner := formatType(t.Elem())
		return "list of " + word, inner
	case t.Kind() == reflect.Map:
		word, inner := formatType(t.Elem())
		return "names to " + word, inner
	case t.Kind() == reflect.Bool:
		return "true or false", nil
	case t.Kind() == reflect.Int:
		return "whole number", nil
	case t.Kind() == reflect.Interface:
		return "any value", nil
	default:
		return "text", nil
	}
}
