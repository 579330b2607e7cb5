package program

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// Whatever a file of any kind holds: no panic, and every finding has a place
// and words. What was read is then checked, which finds no less.
func FuzzDecode(f *testing.F) {
	for _, text := range goodFiles(f) {
		f.Add([]byte(text))
	}
	for _, s := range slips() {
		if s.to != "" {
			f.Add([]byte(s.to))
		}
	}
	for _, s := range []string{
		"id: A\ntitle: x\n", "- id: A\n", "{", "a: &b c\nd: *b\n", "x: |\n  y\n", "? a\n: b\n", "!!binary x", "---\n---\n", "id: 1.50\nkey: true\n", "\tx",
		"<<: {a: b}\n", "a: [b, {c: [d]}]\n", "id: >-\n  x\n y", "\ufeffid: A\n", "id: A\r\ntitle: B\r\n", "%YAML 1.2\n---\nid: A\n", "- - - x", "{a: b, a: c}", "id: \"\\x\"", "id: 'a", "null", "~: x",
		"effective: {from: 9999-99-99}", "rows: [{from: [1], to: {a: b}}]", "fixtures: [{rows: {p: [null]}, expect: {1: {A: ~}}}]",
	} {
		f.Add([]byte(s))
	}
	root, err := os.OpenRoot(f.TempDir())
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { root.Close() })
	f.Fuzz(func(t *testing.T, text []byte) {
		all := &Program{places: places{}}
		for _, k := range kinds {
			l := &loader{root: root, p: all, used: map[string]bool{}}
			d := l.decoder("f.yaml")
			if n := d.parse(text); n != nil {
				l.objects(d, k, n)
			}
			placed(t, text, append(d.findings, l.findings...))
		}
		d := &decoder{file: "f.yaml", places: places{}}
		if n := d.parse(text); n != nil {
			var fixture Fixture
			d.value(n, reflect.ValueOf(&fixture).Elem(), "fixtures", 0)
		}
		placed(t, text, d.findings)
		for _, x := range Check(all) {
			if x.Message == "" || x.File == "" {
				t.Fatalf("%q: a finding without words: %+v", text, x)
			}
		}
	})
}

func placed(t *testing.T, text []byte, findings []Finding) {
	t.Helper()
	lines := strings.Count(string(text), "\n") + 1 + strings.Count(string(text), "\r")
	for _, x := range findings {
		if x.Message == "" || x.File == "" || x.Line < 1 || x.Column < 1 || x.Line > lines+1 {
			t.Fatalf("%q: a finding without place or words: %+v", text, x)
		}
	}
}

// Whatever stands in place of a file, Load returns findings, not a panic.
func FuzzLoad(f *testing.F) {
	f.Add("controls/A.yaml", []byte("id: A\n"))
	f.Add("tests/T.fixtures.yaml", []byte("- {}\n"))
	f.Add("description/a.md", []byte("<\xff> TODO"))
	f.Fuzz(func(t *testing.T, name string, text []byte) {
		if !filepath.IsLocal(name) || strings.ContainsAny(name, "\x00") || len(name) > 100 {
			t.Skip()
		}
		dir := t.TempDir()
		path := filepath.Join(dir, name)
		if os.MkdirAll(filepath.Dir(path), 0o755) != nil || os.WriteFile(path, text, 0o644) != nil {
			t.Skip()
		}
		if err := os.WriteFile(filepath.Join(dir, "ticktie.yaml"), []byte(organization), 0o644); err != nil {
			t.Skip()
		}
		p, findings, err := Load(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range append(findings, Check(p)...) {
			if x.Message == "" || x.File == "" {
				t.Fatalf("a finding without words: %+v", x)
			}
		}
	})
}
