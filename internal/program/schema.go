package program

import (
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
		"Engagement.kind": reportWords, "Engagement.categories": categoryWords, "GitSource.time": {"committer", "author"},
	}
}

// required are the fields without which a file is wrong, by struct.
func required() map[string][]string {
	return map[string][]string{
		"Organization": {"name", "zone"}, "Entity": {"id"}, "System": {"id"}, "NotRelevant": {"criterion", "reason"},
		"Objective": {"id", "text"}, "Risk": {"id", "text"}, "Control": {"id", "title", "statement", "owner"}, "Procedure": {"id", "method", "steps"},
		"Population": {"id", "title", "source", "key", "columns"}, "Column": {"name", "type"}, "TieOut": {"id", "kind"},
		"FilesSource": {"paths"}, "GitSource": {"repository"}, "ParameterTable": {"id", "columns", "rows"},
		"Test": {"id", "control", "title", "population"}, "Use": {"procedure"}, "Attribute": {"id", "text", "holds"}, "Fixture": {"name", "rows", "expect"},
		"SubserviceOrganization": {"id", "method"}, "CSOC": {"id", "text"}, "CUEC": {"id", "text"}, "Engagement": {"id", "kind", "type"},
	}
}

// comments returns the meaning of each field, by struct and YAML name.
func comments() (map[string]string, error) {
	f, err := parser.ParseFile(token.NewFileSet(), "types.go", typesText, parser.ParseComments)
	if err != nil {
		return nil, fmt.Errorf("reading the fields' meanings: %w", err)
	}
	out := map[string]string{}
	ast.Inspect(f, func(n ast.Node) bool {
		spec, ok := n.(*ast.TypeSpec)
		if !ok {
			return true
		}
		s, ok := spec.Type.(*ast.StructType)
		if !ok {
			return true
		}
		for _, field := range s.Fields.List {
			if field.Tag == nil {
				continue
			}
			name := reflect.StructTag(strings.Trim(field.Tag.Value, "`")).Get("yaml")
			text := strings.Join(strings.Fields(field.Doc.Text()+" "+field.Comment.Text()), " ")
			out[spec.Name.Name+"."+name] = text
		}
		return true
	})
	return out, nil
}

// schema is a JSON Schema in the order that people read it.
type schema struct {
	Schema               string             `json:"$schema,omitempty"`
	Title                string             `json:"title,omitempty"`
	Description          string             `json:"description,omitempty"`
	Type                 any                `json:"type,omitempty"`
	OneOf                []*schema          `json:"oneOf,omitempty"`
	Enum                 []string           `json:"enum,omitempty"`
	Pattern              string             `json:"pattern,omitempty"`
	Items                *schema            `json:"items,omitempty"`
	Properties           map[string]*schema `json:"properties,omitempty"`
	Required             []string           `json:"required,omitempty"`
	AdditionalProperties any                `json:"additionalProperties,omitempty"`
}

// schemas builds one schema for each kind.
type schemas struct {
	comments map[string]string
	words    map[string][]string
	required map[string][]string
}

// Schemas returns the JSON Schema (draft-07) of each kind of program file.
func Schemas() (map[string][]byte, error) {
	c, err := comments()
	if err != nil {
		return nil, err
	}
	b := schemas{c, words(), required()}
	out := map[string][]byte{}
	for _, k := range describedKinds() {
		s := b.of(k.typ, "")
		if k.list {
			s = &schema{OneOf: []*schema{s, {Type: "array", Items: b.of(k.typ, "")}}}
		}
		s.Schema, s.Title = "http://json-schema.org/draft-07/schema#", "Ticktie "+k.where
		text, err := json.MarshalIndent(s, "", "  ")
		if err != nil {
			return nil, fmt.Errorf("writing the schema of %s: %w", k.name, err)
		}
		out[k.name] = append(text, '\n')
	}
	return out, nil
}

// scalar accepts what the strict reader takes as text.
func scalar() any { return []string{"string", "number", "boolean", "null"} }

func (b *schemas) of(t reflect.Type, field string) *schema {
	s := &schema{Description: b.comments[field]}
	switch {
	case reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()):
		s.Type, s.Pattern = "string", `^\d{4}-\d{2}-\d{2}$`
	case t.Kind() == reflect.Pointer:
		s = b.of(t.Elem(), field)
	case t.Kind() == reflect.Struct:
		b.object(s, t)
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.String:
		item := &schema{Type: scalar(), Enum: b.words[field]}
		if item.Enum != nil {
			item.Type = "string"
		}
		s.OneOf = []*schema{{Type: "array", Items: item}, item}
	case t.Kind() == reflect.Slice:
		s.Type, s.Items = "array", b.of(t.Elem(), "")
	case t.Kind() == reflect.Map && t.Elem().Kind() == reflect.Interface:
		s.Type = "object"
	case t.Kind() == reflect.Map:
		s.Type, s.AdditionalProperties = "object", b.of(t.Elem(), "")
	case t.Kind() == reflect.Bool:
		s.Type = "boolean"
	case t.Kind() == reflect.Int:
		s.Type = "integer"
	case b.words[field] != nil:
		s.Type, s.Enum = "string", b.words[field]
	default:
		s.Type = scalar()
	}
	return s
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
	c, err := comments()
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

YAML is read strictly: an unknown or repeated field, a second document, an anchor, an alias or a tag is an error with file,
line and column. Numbers and dates keep the text that was written: ` + "`1234.50`" + ` stays ` + "`1234.50`" + `, quoted or not.
A file is UTF-8 and at most 8 MiB. Where a list of texts is expected, one text stands for a list of one.

` + "`scope.yaml`" + ` is reserved for the determination and is kept, not read. ` + "`description/**.md`" + ` is kept as it is.

A JSON Schema of each kind is in ` + "`schema/`" + ` and printed by ` + "`ticktie schema KIND`" + `; an editor with a YAML language server takes it from a first line such as

` + "```yaml\n# yaml-language-server: $schema=../schema/control.json\n```\n"

// formatTable writes the fields of a struct and returns the structs it refers to.
func formatTable(w *strings.Builder, t reflect.Type, c map[string]string) []reflect.Type {
	w.WriteString("| field | type | required | meaning |\n|---|---|---|---|\n")
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
		meaning := c[t.Name()+"."+name]
		if known := words()[t.Name()+"."+name]; known != nil {
			meaning = strings.TrimSpace(meaning + " One of: " + strings.Join(known, ", ") + ".")
		}
		fmt.Fprintf(w, "| `%s` | %s | %s | %s |\n", name, word, need, strings.ReplaceAll(meaning, "|", `\|`))
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
