package program

import (
	"bytes"
	"encoding/json"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/ticktie/ticktie/internal/engagement"
)

var update = flag.Bool("update", false, "write schema/ and docs/formats.md anew")

// What is generated is generated again and compared.
func TestGeneratedFilesAreCurrent(t *testing.T) {
	all, err := Schemas()
	if err != nil {
		t.Fatal(err)
	}
	doc, err := FormatDoc()
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{filepath.Join("..", "..", "docs", "formats.md"): []byte(doc)}
	for kind, text := range all {
		files[filepath.Join("..", "..", "schema", kind+".json")] = text
	}
	for path, want := range files {
		if *update {
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(path)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not what the source gives (%v); run go test ./internal/program -update", path, err)
		}
	}
}

// compiled is every schema as an independent validator reads it.
func compiled(t *testing.T) map[string]*jsonschema.Schema {
	t.Helper()
	all, err := Schemas()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]*jsonschema.Schema{}
	for kind, text := range all {
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		c := jsonschema.NewCompiler()
		if err := c.AddResource(kind+".json", doc); err != nil {
			t.Fatal(err)
		}
		if out[kind], err = c.Compile(kind + ".json"); err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
	}
	return out
}

// asJSON reads YAML as an editor's language server does.
func asJSON(t *testing.T, path string) any {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var v any
	if err := yaml.Unmarshal(text, &v); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// Every program file that we ship is accepted by its schema.
func TestShippedFilesFitTheirSchemas(t *testing.T) {
	schemas := compiled(t)
	checked := 0
	for _, root := range []string{"../../examples/*", "../cli/testdata/program", "../cli/scaffold", "../harborline/program", "testdata/good"} {
		for kind, pattern := range map[string]string{
			"organization": "ticktie.yaml", "criteria": "criteria.yaml", "objective": "objectives/*.yaml", "risk": "risks/*.yaml",
			"control": "controls/*.yaml", "population": "populations/*.yaml", "parameter": "parameters/*.yaml", "test": "tests/*.yaml",
			"subservice": "subservice/*.yaml", "user-entity": "user-entity.yaml", "engagement": "engagements/*.yaml",
		} {
			paths, err := filepath.Glob(filepath.Join(root, pattern))
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range paths {
				k := kind
				if strings.HasSuffix(p, ".fixtures.yaml") {
					k = "fixtures"
				}
				if strings.Contains(p, "scaffold/ticktie.yaml") {
					continue // a template until init fills it
				}
				checked++
				if err := schemas[k].Validate(asJSON(t, p)); err != nil {
					t.Errorf("%s: %v", p, err)
				}
			}
		}
	}
	if checked < 100 {
		t.Errorf("only %d files were checked", checked)
	}
}

// A slip that the strict reader names is named by the schema too.
func TestSchemasRefuseSlips(t *testing.T) {
	schemas := compiled(t)
	for kind, text := range map[string]string{
		"control":    `{"id": "A", "title": "t", "statement": "s", "owner": "o", "statment": "x"}`,
		"population": `{"id": "p", "title": "t", "source": {}, "key": ["k"], "columns": [{"name": "k", "type": "money"}]}`,
		"engagement": `{"id": "e", "kind": "soc4", "type": 2}`,
		"test":       `{"id": "t", "control": "c", "title": "t"}`,
	} {
		doc, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if schemas[kind].Validate(doc) == nil {
			t.Errorf("%s: %s is accepted", kind, text)
		}
	}
}

// Each field has a meaning and an example, and the reader takes the example
// without a finding; the words that a field may hold contain it.
func TestEveryFieldHasAMeaningAndAnExample(t *testing.T) {
	all, err := meanings()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[reflect.Type]bool{}
	var visit func(t reflect.Type)
	visit = func(typ reflect.Type) {
		for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice || typ.Kind() == reflect.Map {
			typ = typ.Elem()
		}
		if typ.Kind() != reflect.Struct || seen[typ] || typ == reflect.TypeFor[engagement.Date]() {
			return
		}
		seen[typ] = true
		fields := fieldsOf(typ)
		for _, name := range fields.names {
			m := all[typ.Name()+"."+name]
			if m.text == "" || m.example == "" || !strings.HasSuffix(m.text, ".") {
				t.Errorf("%s.%s: meaning %q, example %q", typ.Name(), name, m.text, m.example)
			}
			text := []byte(name + ": " + m.example + "\n")
			d := &decoder{file: name, places: places{}}
			v := reflect.New(typ)
			if n := d.parse(text); n != nil {
				d.value(n, v.Elem(), "", 0)
			}
			field := v.Elem().Field(fields.index[name])
			if len(d.findings) > 0 || field.IsZero() {
				t.Errorf("%s: the example %s is read as %v: %v", typ.Name(), text, field, d.findings)
			}
			if known := words()[typ.Name()+"."+name]; known != nil && field.Kind() == reflect.String && !slices.Contains(known, field.String()) {
				t.Errorf("%s: the example %s is none of %v", typ.Name(), text, known)
			}
			visit(typ.Field(fields.index[name]).Type)
		}
	}
	for _, k := range describedKinds() {
		visit(k.typ)
	}
	for name := range required() {
		if !slices.ContainsFunc(slices.Collect(maps.Keys(seen)), func(t reflect.Type) bool { return t.Name() == name }) {
			t.Errorf("required names %s, which is no part of a program", name)
		}
	}
}

// What a schema requires, the checks require too: each such field taken out of
// the good program is an error.
func TestRequiredFieldsAreChecked(t *testing.T) {
	kindOfFile := map[string]string{
		"ticktie.yaml": "Organization", "risks/R-01.yaml": "Risk", "controls/PAY-01.yaml": "Control", "populations/changes.yaml": "Population",
		"parameters/overtime_rates.yaml": "ParameterTable", "tests/PAY-01.T1.yaml": "Test", "subservice/cloud.yaml": "SubserviceOrganization",
	}
	for file, name := range kindOfFile {
		for _, field := range required()[name] {
			files := goodFiles(t)
			files[file] = without(t, files[file], field)
			p, findings, err := Load(write(t, files))
			if err != nil {
				t.Fatal(err)
			}
			found := func(f Finding) bool { return f.File == file && f.Severity == severityError }
			if !slices.ContainsFunc(append(findings, Check(p)...), found) {
				t.Errorf("%s without %s is accepted", file, field)
			}
		}
	}
}

// without takes a top-level field and what belongs to it out of a text.
func without(t *testing.T, text, field string) string {
	t.Helper()
	var out []string
	inside, found := false, false
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, " ") && !strings.HasPrefix(line, "-") {
			inside = strings.HasPrefix(line, field+":")
			found = found || inside
		}
		if !inside {
			out = append(out, line)
		}
	}
	if !found {
		t.Fatalf("there is no %s in\n%s", field, text)
	}
	return strings.Join(out, "")
}
