package program

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"
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

// Every field has a meaning or a name that needs none; closed words are told.
func TestEveryFieldIsInTheFormatPage(t *testing.T) {
	doc, err := FormatDoc()
	if err != nil {
		t.Fatal(err)
	}
	for _, field := range []string{"ambiguous_local_time", "absent_is_deviation", "against_measure", "holidays", "retention_until", "explode", "merge"} {
		if field != "merge" && !strings.Contains(doc, "`"+field+"`") {
			t.Errorf("%s is missing", field)
		}
	}
}
