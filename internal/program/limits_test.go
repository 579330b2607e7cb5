package program

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Texts made to exhaust a parser are refused before it sees them.
func TestTextsThatExhaustAParser(t *testing.T) {
	const n = 200_000
	var keys, deep strings.Builder
	for i := range maxNames + 1 {
		fmt.Fprintf(&keys, "k%d: v\n", i)
	}
	for i := range 100 {
		deep.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	for name, text := range map[string]string{
		"lists in a line":   strings.Repeat("- ", n) + "x\n",
		"questions":         strings.Repeat("? ", n) + "x\n",
		"open lists":        "id: " + strings.Repeat("[", n),
		"open fields":       "id: " + strings.Repeat("{a: ", n),
		"questions inside":  "id: [" + strings.Repeat("? ", n),
		"lists inside":      "id: [" + strings.Repeat("- ", n),
		"tags":              strings.Repeat("!!a ", n) + "x\n",
		"tags in lines":     strings.Repeat("!!a\n", n) + "x\n",
		"anchors":           strings.Repeat("&a ", n) + "x\n",
		"aliases":           "a: &a [x]\nb: &b [" + strings.Repeat("*a,", 10) + "]\nc: [" + strings.Repeat("*b,", 10) + "]\n",
		"names":             keys.String(),
		"levels":            deep.String(),
		"colons":            "a" + strings.Repeat(": a", n) + "\n",
		"colons in a list":  "id: [a" + strings.Repeat(": a", n) + "]\n",
		"too large":         "id: " + strings.Repeat("x", maxFile),
		"control character": "id: \x00\n",
	} {
		started := time.Now()
		_, findings, err := Load(write(t, map[string]string{"ticktie.yaml": organization, "controls/A.yaml": text}))
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(findings, func(f Finding) bool { return f.File == "controls/A.yaml" && f.Severity == severityError }) {
			t.Errorf("%s: nothing is found: %v", name, findings)
		}
		if d := time.Since(started); d > 10*time.Second { // the parser alone takes minutes
			t.Errorf("%s took %s", name, d)
		}
	}
}

// What stays within the limits is read, however it is laid out.
func TestWithinTheLimits(t *testing.T) {
	rows := strings.Repeat("  - {from: 2025-01-01, to: 2025-01-02, a: 1.10}\n", 20_000)
	p, findings, err := Load(write(t, map[string]string{
		"ticktie.yaml":      organization,
		"parameters/r.yaml": "id: r\nrows:\n" + rows,
		"controls/A.yaml":   "id: A\nprocedures:\n- id: P\n  steps:\n  - one\n  - two\nobjectives: [\n a,\n b\n]\nstatement: >-\n  folded [[[[[[\n  text\n",
	}))
	if err != nil || len(findings) > 0 {
		t.Fatal(err, findings)
	}
	if n := len(p.ParameterTable("r").Rows); n != 20_000 {
		t.Errorf("%d rows", n)
	}
	a := p.Control("A")
	if a.Statement != "folded [[[[[[ text" || !slices.Equal(a.Objectives, []string{"a", "b"}) || !slices.Equal(a.Procedures[0].Steps, []string{"one", "two"}) {
		t.Errorf("%+v", a)
	}
}

// A pipe, a directory and a link out of the program in place of a file, and a
// link in place of a directory: told, never followed, never waited for.
func TestWhatIsNoFile(t *testing.T) {
	outside := write(t, map[string]string{"controls/S.yaml": "id: S\n", "s.md": "TODO\n", "s.yaml": "name: x\n"})
	dir := write(t, map[string]string{"ticktie.yaml": organization, "tests/T.yaml": "id: T\n", "description/a.md": "x\n"})
	at := func(name string) string { return filepath.Join(dir, name) }
	for _, err := range []error{
		os.Symlink(filepath.Join(outside, "controls"), at("controls")),
		os.Symlink(filepath.Join(outside, "s.md"), at("description/s.md")),
		os.Symlink(filepath.Join(outside, "s.yaml"), at("scope.yaml")),
		os.Symlink(filepath.Join(outside, "s.yaml"), at("criteria.yaml")),
		os.Mkdir(at("user-entity.yaml"), 0o755),
		syscall.Mkfifo(at("tests/F.yaml"), 0o644),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	p, findings, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"controls", "description/s.md", "scope.yaml", "criteria.yaml", "user-entity.yaml", "tests/F.yaml"} {
		if !slices.ContainsFunc(findings, func(f Finding) bool { return f.File == file && f.Severity == severityError }) {
			t.Errorf("nothing is told of %s: %v", file, findings)
		}
	}
	if want := []string{"description/a.md", "tests/T.yaml", "ticktie.yaml"}; !slices.Equal(p.Files, want) {
		t.Errorf("files %v, want %v", p.Files, want)
	}
}

// forty is a program of 40 controls and 100 tests.
func forty(t testing.TB) string {
	files := goodFiles(t)
	test := files["tests/PAY-01.T1.yaml"]
	for i := range 36 {
		id := fmt.Sprintf("X-%02d", i)
		files["controls/"+id+".yaml"] = strings.Replace(files["controls/PAY-01.yaml"], "id: PAY-01", "id: "+id, 1)
	}
	for i := range 97 {
		id := fmt.Sprintf("X-%02d.T%d", i%36, i)
		files["tests/"+id+".yaml"] = strings.Replace(test, "id: PAY-01.T1", "id: "+id, 1)
	}
	return write(t, files)
}

// A large program is read and checked in well under 300 ms (a measurement, not
// a timed test: see the benchmark's output).
func BenchmarkLoadAndCheck(b *testing.B) {
	dir := forty(b)
	for b.Loop() {
		p, findings, err := Load(dir)
		if err != nil || len(findings) > 0 || len(p.Controls) != 40 || len(p.Tests) != 100 {
			b.Fatal(err, findings, len(p.Controls), len(p.Tests))
		}
		Check(p)
	}
}
