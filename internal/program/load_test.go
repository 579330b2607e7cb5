package program

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// write makes a program directory from path and text pairs.
func write(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const organization = "name: Works\nzone: UTC\n"

// Each slip is told with its place, counted by hand, and the nearest known name.
func TestSlipsAreToldWithTheirPlace(t *testing.T) {
	for name, c := range map[string]struct{ file, text, want string }{
		"unknown field":  {"controls/A.yaml", "id: A\ntitle: x\nstatment: y\n", `controls/A.yaml:3:1: there is no field "statment" here; did you mean statement?`},
		"repeated field": {"controls/A.yaml", "id: A\ntitle: x\ntitle: y\n", `controls/A.yaml:3:1: `},
		"list for text":  {"controls/A.yaml", "id: A\ntitle: [x]\n", `controls/A.yaml:2:8: a single value is expected here, not a list`},
		"bad date":       {"engagements/e.yaml", "id: e\nfirst: 2025-13-01\n", `engagements/e.yaml:2:8: "2025-13-01" is not a date of the form YYYY-MM-DD`},
		"bad bool":       {"controls/A.yaml", "id: A\nkey: maybe\n", `controls/A.yaml:2:6: "maybe" is neither true nor false`},
		"list of one":    {"controls/A.yaml", "- id: A\n", `controls/A.yaml:1:1: a file of this kind holds one control, not a list`},
		"file name":      {"controls/B.yaml", "id: A\n", `controls/B.yaml:1:`},
		"alias":          {"controls/A.yaml", "id: &x A\ntitle: *x\n", `anchors, aliases and tags are not used`},
		"not YAML":       {"controls/A.yaml", "id: [A\n", `controls/A.yaml:`},
		"not UTF-8":      {"controls/A.yaml", "id: \xff\n", `controls/A.yaml:1:5: the file is not UTF-8`},
		"nested":         {"controls/A.yaml", "id: " + strings.Repeat("[", 5000), `controls/A.yaml:1:44: the file nests deeper`},
		"empty":          {"controls/A.yaml", "# nothing\n", `controls/A.yaml:1:1: the file is empty`},
		"strange file":   {"controls/A.yml", "id: A\n", `controls/A.yml:1:1: a file of this name is not read here`},
	} {
		_, findings, err := Load(write(t, map[string]string{"ticktie.yaml": organization, c.file: c.text}))
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(findings, func(f Finding) bool { return strings.Contains(f.String(), c.want) }) {
			t.Errorf("%s: %v, want %s", name, findings, c.want)
		}
	}
}

// One broken file never hides what is wrong in another.
func TestEverythingIsToldInOneRun(t *testing.T) {
	_, findings, err := Load(write(t, map[string]string{
		"ticktie.yaml": organization + "nmae: x\n", "controls/A.yaml": "id: [", "controls/B.yaml": "id: B\nowmer: x\n",
	}))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"ticktie.yaml", "controls/A.yaml", "controls/B.yaml"} {
		if !slices.ContainsFunc(findings, func(f Finding) bool { return f.File == file }) {
			t.Errorf("nothing is told of %s: %v", file, findings)
		}
	}
}

// Numbers and dates keep the text that was written.
func TestExactText(t *testing.T) {
	p, findings, err := Load(write(t, map[string]string{
		"ticktie.yaml":       organization,
		"populations/p.yaml": "id: p\ntie_outs:\n  - {id: t, kind: count, expect: 1234.50}\n",
		"tests/T.yaml":       "id: T\nfixtures:\n  - name: f\n    rows:\n      p:\n        - {a: 1.10, b: 2025-01-02, c: null, d: true, e: '007', f: 0x10}\n",
		"parameters/r.yaml":  "id: r\nrows:\n  - {from: 2025-01-01, rate: 0.10}\n",
	}))
	if err != nil || len(findings) > 0 {
		t.Fatal(err, findings)
	}
	if got := p.Populations[0].TieOuts[0].Expect; got != "1234.50" {
		t.Errorf("expect is %q", got)
	}
	row := p.Tests[0].Fixtures[0].Rows["p"][0]
	for k, want := range map[string]any{"a": "1.10", "b": "2025-01-02", "c": nil, "d": true, "e": "007", "f": "0x10"} {
		if row[k] != want {
			t.Errorf("%s is %#v, want %#v", k, row[k], want)
		}
	}
	if got := p.Parameters[0].Rows[0]["rate"]; got != "0.10" {
		t.Errorf("rate is %#v", got)
	}
}

func TestLinksOutOfTheProgramAreNotFollowed(t *testing.T) {
	outside := write(t, map[string]string{"secret.yaml": "id: S\n"})
	dir := write(t, map[string]string{"ticktie.yaml": organization, "controls/A.yaml": "id: A\n"})
	if err := os.Symlink(filepath.Join(outside, "secret.yaml"), filepath.Join(dir, "controls", "S.yaml")); err != nil {
		t.Fatal(err)
	}
	p, findings, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if p.Control("S") != nil || len(findings) == 0 {
		t.Errorf("the link was followed: %+v, findings %v", p.Controls, findings)
	}
}

func TestNoProgram(t *testing.T) {
	if _, _, err := Load(t.TempDir()); err == nil || !strings.Contains(err.Error(), "ticktie init") {
		t.Errorf("got %v", err)
	}
}

// Every example that we ship loads and has no errors.
func TestShippedProgramsAreRight(t *testing.T) {
	dirs, err := filepath.Glob(filepath.Join("..", "..", "examples", "*", "ticktie.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	dirs = append(dirs, filepath.Join("..", "cli", "testdata", "program", "ticktie.yaml"))
	for _, f := range dirs {
		p, findings, err := Load(filepath.Dir(f))
		if err != nil {
			t.Error(err)
			continue
		}
		for _, x := range append(findings, Check(p)...) {
			if x.Severity == severityError {
				t.Errorf("%s: %s", filepath.Dir(f), x)
			}
		}
	}
}

// What Check must find, one slip at a time.
func TestCheckFinds(t *testing.T) {
	base := map[string]string{
		"ticktie.yaml":       "name: Works\nzone: UTC\nsystems:\n  - {id: app, name: app, kind: application}\n",
		"criteria.yaml":      "edition: tsc-2017\ncategories: []\n",
		"objectives/o.yaml":  "id: O1\ntext: Pay is right\nassertions: [A]\n",
		"controls/A.yaml":    "id: A\ntitle: t\nstatement: s\nowner: controller\nkey: true\nobjectives: [O1]\nsystems: [app]\n",
		"populations/p.yaml": "id: p\ntitle: t\nsource: {files: {paths: [p.csv]}}\nkey: [k]\nevent_time: at\ncolumns:\n  - {name: k, type: text, required: true}\n  - {name: at, type: timestamp, required: true}\n  - {name: n, type: decimal, scale: 2}\ntie_outs:\n  - {id: c, kind: count, independent: true, expect: 1, source: bank}\n",
		"tests/A.T1.yaml":    "id: A.T1\ncontrol: A\ntitle: t\npopulation: p\nattributes:\n  - {id: A, text: t, holds: n IS NOT NULL AND n > 0}\nfixtures:\n  - name: f\n    rows: {p: [{k: a, n: 1}, {k: b, n: 0}]}\n    expect: {a: {A: met}, b: {A: deviation}}\n",
		"engagements/e.yaml": "id: e\nkind: soc1\ntype: 2\nfirst: 2025-01-01\nlast: 2025-12-31\n",
	}
	check := func(change map[string][2]string) []Finding {
		t.Helper()
		files := map[string]string{}
		for k, v := range base {
			files[k] = v
		}
		for k, c := range change {
			if c[0] != "" && !strings.Contains(files[k], c[0]) {
				t.Fatalf("%s does not hold %q", k, c[0])
			}
			files[k] = strings.Replace(files[k], c[0], c[1], 1)
		}
		p, findings, err := Load(write(t, files))
		if err != nil {
			t.Fatal(err)
		}
		return append(findings, Check(p)...)
	}
	if f := check(nil); len(f) > 0 {
		t.Fatalf("the base has findings: %v", f)
	}
	for name, c := range map[string]struct{ file, from, to, code string }{
		"zone":            {"ticktie.yaml", "zone: UTC", "zone: Mars/Olympus", "zone"},
		"system":          {"controls/A.yaml", "systems: [app]", "systems: [ap]", "reference"},
		"objective":       {"controls/A.yaml", "[O1]", "[O2]", "reference"},
		"criterion":       {"controls/A.yaml", "systems", "criteria: [CC99.1]\nsystems", "reference"},
		"person":          {"controls/A.yaml", "controller", "ada@example.org", "person"},
		"template":        {"controls/A.yaml", "statement: s", "statement: 'REPLACE: s'", "unedited"},
		"nature":          {"controls/A.yaml", "owner", "nature: magic\nowner", "word"},
		"untested":        {"tests/A.T1.yaml", "control: A", "control: B", "untested"},
		"inquiry alone":   {"controls/A.yaml", "owner", "procedures: [{id: P, method: inquiry, steps: [ask]}]\nowner", ""},
		"no key":          {"populations/p.yaml", "key: [k]\n", "", "required"},
		"key column":      {"populations/p.yaml", "key: [k]", "key: [kk]", "reference"},
		"no event time":   {"populations/p.yaml", "event_time: at\n", "", "required"},
		"event time type": {"populations/p.yaml", "event_time: at", "event_time: n", "type"},
		"state with time": {"populations/p.yaml", "event_time: at", "event_time: at\nstate: true", "state"},
		"column type":     {"populations/p.yaml", "type: decimal", "type: money", "word"},
		"scale":           {"populations/p.yaml", "scale: 2", "scale: 40", "type"},
		"reserved":        {"populations/p.yaml", "{name: n,", "{name: item,", "id"},
		"no tie-out":      {"populations/p.yaml", "independent: true, ", "", "unproven"},
		"tie-out kind":    {"populations/p.yaml", "kind: count", "kind: counted", "word"},
		"expect source":   {"populations/p.yaml", ", source: bank", "", "required"},
		"two sources":     {"populations/p.yaml", "source: {", "source: {git: {repository: r}, ", "source"},
		"tolerable rate":  {"tests/A.T1.yaml", "title: t", "title: t\ntolerable_deviation_rate: 1.5", "number"},
		"procedure":       {"tests/A.T1.yaml", "title: t", "title: t\nuse: {procedure: FP-DUPE}", "use"},
		"absence":         {"tests/A.T1.yaml", "n IS NOT NULL AND n > 0", "n > 0", "absence"},
		"fixture":         {"tests/A.T1.yaml", "b: {A: deviation}", "b: {A: met}", "fixtures"},
		"judgement":       {"tests/A.T1.yaml", "b: {A: deviation}", "b: {A: deviant}", "word"},
		"applies":         {"tests/A.T1.yaml", "holds:", "applies: n > 1, holds:", "required"},
		"reversed period": {"engagements/e.yaml", "last: 2025-12-31", "last: 2024-12-31", "period"},
		"type":            {"engagements/e.yaml", "type: 2", "type: 3", "word"},
		"effective":       {"tests/A.T1.yaml", "title: t", "title: t\neffective: {from: 2025-02-01, to: 2025-02-01}", "period"},
		"repeated id":     {"objectives/o.yaml", "id: O1\ntext: Pay is right\nassertions: [A]\n", "- {id: O1, text: x}\n- {id: O1, text: y}\n", "repeated"},
	} {
		got := check(map[string][2]string{c.file: {c.from, c.to}})
		if c.code == "" {
			if len(got) > 0 {
				t.Errorf("%s: %v, want nothing", name, got)
			}
			continue
		}
		if !slices.ContainsFunc(got, func(f Finding) bool { return f.Code == c.code && f.Line > 0 }) {
			t.Errorf("%s: %v, want a finding with a line and the code %s", name, got, c.code)
		}
	}
}
