// Package program reads the control set that people write as files, strictly,
// and finds everything wrong in it. It does not judge what the words mean, nor
// whether SQL is right: that needs the types and an engine.
package program

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// ErrNoProgram is the kind of error for a directory without ticktie.yaml.
var ErrNoProgram = errors.New("there is no program here")

// loader reads one program.
type loader struct {
	root     *os.Root
	p        *Program
	findings []Finding
}

// kind is a kind of program file: where it lies and what it holds.
type kind struct {
	name string
	// dir of the files, or the one file if it ends in .yaml.
	path string
	// one: the file holds one object, never a list.
	one bool
	// named: the file's name is the object's id.
	named bool
}

var kinds = []kind{
	{"organization", "ticktie.yaml", true, false},
	{"criteria", "criteria.yaml", true, false},
	{"objective", "objectives", false, false},
	{"risk", "risks", false, false},
	{"control", "controls", true, true},
	{"population", "populations", false, false},
	{"parameter", "parameters", false, false},
	{"test", "tests", false, false},
	{"subservice", "subservice", false, false},
	{"user-entity", "user-entity.yaml", false, false},
	{"engagement", "engagements", false, false},
}

// Load reads the program in dir. Findings are everything that could not be
// read; Check finds what is wrong with the rest. The error is for a directory
// that is no program or cannot be read at all.
func Load(dir string) (*Program, []Finding, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, nil, fmt.Errorf("reading the program %s: %w", dir, err)
	}
	if _, err := os.Stat(filepath.Join(abs, "ticktie.yaml")); err != nil {
		return nil, nil, fmt.Errorf("%w: %s has no ticktie.yaml; run `ticktie init` there, or name the program's directory", ErrNoProgram, abs)
	}
	root, err := os.OpenRoot(abs)
	if err != nil {
		return nil, nil, fmt.Errorf("reading the program %s: %w", abs, err)
	}
	defer root.Close()
	l := &loader{root: root, p: &Program{Dir: abs, places: map[string]place{}}}
	for _, k := range kinds {
		if err := l.kind(k); err != nil {
			return nil, nil, fmt.Errorf("reading the program %s: %w", abs, err)
		}
	}
	if err := l.others(); err != nil {
		return nil, nil, fmt.Errorf("reading the program %s: %w", abs, err)
	}
	slices.Sort(l.p.Files)
	l.p.Files = slices.Compact(l.p.Files)
	return l.p, l.findings, nil
}

func (l *loader) kind(k kind) error {
	if strings.HasSuffix(k.path, ".yaml") {
		if _, err := l.root.Stat(k.path); errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		l.file(k, k.path)
		return nil
	}
	entries, err := fs.ReadDir(l.root.FS(), k.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		name := path.Join(k.path, e.Name())
		switch {
		case e.IsDir():
			l.add(name, "file", "a directory is not read here; put the files beside each other")
		case strings.HasSuffix(name, ".fixtures.yaml") && k.name == "test", strings.HasPrefix(e.Name(), "."):
		case strings.HasSuffix(name, ".yaml"):
			l.file(k, name)
		case strings.HasSuffix(name, ".sql") && k.name == "test":
			l.p.Files = append(l.p.Files, name)
		default:
			l.add(name, "file", "a file of this name is not read here; program files end in .yaml")
		}
	}
	return nil
}

// others are files that belong to the program and are not interpreted here.
func (l *loader) others() error {
	if _, err := l.root.Stat("scope.yaml"); err == nil {
		l.p.Files = append(l.p.Files, "scope.yaml")
	}
	return fs.WalkDir(l.root.FS(), "description", func(name string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil && !d.IsDir() && strings.HasSuffix(name, ".md") {
			l.p.Files = append(l.p.Files, name)
		}
		return err
	})
}

func (l *loader) add(file, code, format string, args ...any) {
	l.findings = append(l.findings, Finding{File: file, Code: code, Severity: severityError, Message: fmt.Sprintf(format, args...)})
}

// read returns a file's text; a file that cannot be read is a finding.
func (l *loader) read(name string) ([]byte, bool) {
	s, err := l.root.Stat(name)
	if err == nil && s.Size() > maxFile {
		l.add(name, "file", "the file has %d bytes, at most %d are read", s.Size(), maxFile)
		return nil, false
	}
	b, err := l.root.ReadFile(name)
	if err != nil {
		l.add(name, "file", "the file cannot be read: %v", err)
		return nil, false
	}
	l.p.Files = append(l.p.Files, name)
	return b, true
}

func (l *loader) file(k kind, name string) {
	b, ok := l.read(name)
	if !ok {
		return
	}
	d := &decoder{file: name}
	root := d.parse(b)
	if root != nil {
		l.objects(d, k, name, root)
	}
	l.findings = append(l.findings, d.findings...)
}

// objects reads the one object of a file, or each of its list.
func (l *loader) objects(d *decoder, k kind, name string, root ast.Node) {
	if list, ok := root.(*ast.SequenceNode); ok {
		if k.one {
			d.add(root, "type", "a file of this kind holds one %s, not a list", k.name)
			return
		}
		for _, n := range list.Values {
			l.object(d, k, name, n)
		}
		return
	}
	l.object(d, k, name, root)
}

func (l *loader) object(d *decoder, k kind, name string, n ast.Node) {
	switch k.name {
	case "organization":
		d.value(n, reflect.ValueOf(&l.p.Organization).Elem(), 0)
		l.note(k.name, "", name, n)
	case "criteria":
		d.value(n, reflect.ValueOf(&l.p.Criteria).Elem(), 0)
		l.note(k.name, "", name, n)
	case "objective":
		read(l, d, k, name, n, &l.p.Objectives, func(x *Objective) string { return x.ID })
	case "risk":
		read(l, d, k, name, n, &l.p.Risks, func(x *Risk) string { return x.ID })
	case "control":
		read(l, d, k, name, n, &l.p.Controls, func(x *Control) string { return x.ID })
	case "population":
		read(l, d, k, name, n, &l.p.Populations, func(x *Population) string { return x.ID })
	case "parameter":
		read(l, d, k, name, n, &l.p.Parameters, func(x *ParameterTable) string { return x.ID })
	case "test":
		t := read(l, d, k, name, n, &l.p.Tests, func(x *Test) string { return x.ID })
		t.File = name
		l.frame(d, t, n)
		l.fixtures(t)
	case "subservice":
		read(l, d, k, name, n, &l.p.Subservice, func(x *SubserviceOrganization) string { return x.ID })
	case "user-entity":
		read(l, d, k, name, n, &l.p.CUECs, func(x *CUEC) string { return x.ID })
	case "engagement":
		read(l, d, k, name, n, &l.p.Engagements, func(x *Engagement) string { return x.ID })
	}
}

func read[T any](l *loader, d *decoder, k kind, name string, n ast.Node, into *[]T, id func(*T) string) *T {
	var x T
	d.value(n, reflect.ValueOf(&x).Elem(), 0)
	l.note(k.name, id(&x), name, n)
	if base := strings.TrimSuffix(path.Base(name), ".yaml"); k.named && id(&x) != "" && id(&x) != base {
		d.add(n, "name", "the file is named %s and holds the %s %s; name the file after its id", base, k.name, id(&x))
	}
	*into = append(*into, x)
	return &(*into)[len(*into)-1]
}

// note keeps where an object and its fields stand, for Check.
func (l *loader) note(kind, id, file string, n ast.Node) {
	at := func(n ast.Node) place {
		if t := n.GetToken(); t != nil && t.Position != nil {
			return place{file, t.Position.Line, t.Position.Column}
		}
		return place{file: file}
	}
	values, _ := pairs(n)
	key := kind + ":" + id
	if len(values) > 0 {
		l.p.places[key] = at(values[0].Key)
	} else {
		l.p.places[key] = at(n)
	}
	for _, p := range values {
		if name, ok := scalarText(p.Key); ok {
			l.p.places[key+":"+name] = at(p.Key)
		}
	}
}

// frame reads a frame that names a .sql file beside the test.
func (l *loader) frame(d *decoder, t *Test, n ast.Node) {
	if !strings.HasSuffix(strings.TrimSpace(t.Frame), ".sql") || strings.ContainsAny(strings.TrimSpace(t.Frame), " \n") {
		return
	}
	name := path.Join(path.Dir(t.File), strings.TrimSpace(t.Frame))
	if path.Dir(name) != path.Dir(t.File) {
		d.add(n, "frame", "the frame %q must lie beside the test", t.Frame)
		return
	}
	b, ok := l.read(name)
	if !ok {
		t.Frame = ""
		return
	}
	t.Frame = string(b)
}

// fixtures adds the fixtures of the file <test id>.fixtures.yaml, if there is one.
func (l *loader) fixtures(t *Test) {
	name := path.Join(path.Dir(t.File), t.ID+".fixtures.yaml")
	if t.ID == "" || !filepath.IsLocal(t.ID) {
		return
	}
	if _, err := l.root.Stat(name); err != nil {
		return
	}
	b, ok := l.read(name)
	if !ok {
		return
	}
	d := &decoder{file: name}
	if root := d.parse(b); root != nil {
		var more []Fixture
		d.value(root, reflect.ValueOf(&more).Elem(), 0)
		t.Fixtures = append(t.Fixtures, more...)
	}
	l.findings = append(l.findings, d.findings...)
}
