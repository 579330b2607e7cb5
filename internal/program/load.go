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
	used     map[string]bool // files beside a test that belong to it
	unread   bool            // some test file could not be read: which files it uses is unknown
}

// kind is a kind of program file: where it lies and what it holds.
type kind struct {
	name string
	// path of the directory, or of the one file if it ends in .yaml.
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

// Names that belong to a program and are not interpreted here.
const (
	scopeFile      = "scope.yaml" // the facts for the determination, which this version does not read
	descriptionDir = "description"
)

// Load reads the program in dir. Findings are everything that could not be
// read; Check finds what is wrong with the rest. The error is for a directory
// that is no program (ErrNoProgram) or cannot be opened at all. scope.yaml
// belongs to the program's files and is not interpreted by this version.
func Load(dir string) (*Program, []Finding, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, nil, fmt.Errorf("reading the program %s: %w", dir, err)
	}
	root, err := os.OpenRoot(abs)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("%w: there is no directory %s; name the one that holds ticktie.yaml, or make it and run `ticktie init` there", ErrNoProgram, abs)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("reading the program %s: %w", abs, err)
	}
	defer root.Close()
	if _, err := root.Lstat("ticktie.yaml"); errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("%w: %s has no ticktie.yaml; run `ticktie init` there, or name the program's directory", ErrNoProgram, abs)
	}
	l := &loader{root: root, p: &Program{Dir: abs, places: places{}}, used: map[string]bool{}}
	for _, k := range kinds {
		l.kind(k)
	}
	l.unused()
	l.others()
	l.strays()
	slices.Sort(l.p.Files)
	l.p.Files = slices.Compact(l.p.Files)
	return l.p, l.findings, nil
}

func (l *loader) kind(k kind) {
	if strings.HasSuffix(k.path, ".yaml") {
		if _, err := l.root.Lstat(k.path); !errors.Is(err, fs.ErrNotExist) {
			l.file(k, k.path)
		}
		return
	}
	for _, e := range l.entries(k.path) {
		name := path.Join(k.path, e.Name())
		switch {
		case strings.HasPrefix(e.Name(), "."):
		case e.IsDir():
			l.add(name, severityError, "a directory is not read here; put its files into %s", k.path)
		case k.name == "test" && (strings.HasSuffix(name, fixturesSuffix) || strings.HasSuffix(name, ".sql")):
		case strings.HasSuffix(name, ".yaml"):
			l.file(k, name)
		case slices.Contains([]string{".yml", ".json"}, strings.ToLower(path.Ext(name))), strings.EqualFold(path.Ext(name), ".yaml"):
			l.add(name, severityError, "a file of this name is not read here; program files end in .yaml")
		default:
			l.add(name, severityWarning, "a file of this name is not read here and does not belong to the program")
		}
	}
}

// entries lists a directory in order of names. One that is not there has none;
// one that cannot be listed is a finding.
func (l *loader) entries(dir string) []fs.DirEntry {
	entries, err := fs.ReadDir(l.root.FS(), dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		l.add(dir, severityError, "the directory cannot be read: %v", cause(err))
	}
	return entries
}

// cause is an error without the path that the finding already names.
func cause(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// unused names files beside the tests that no test uses.
func (l *loader) unused() {
	if l.unread {
		return
	}
	for _, e := range l.entries("tests") {
		name := path.Join("tests", e.Name())
		if e.IsDir() || strings.HasPrefix(e.Name(), ".") || l.used[name] {
			continue
		}
		switch {
		case strings.HasSuffix(name, fixturesSuffix):
			l.add(name, severityError, "there is no test %s whose fixtures these could be; name the file after the test's id", strings.TrimSuffix(e.Name(), fixturesSuffix))
		case strings.HasSuffix(name, ".sql"):
			l.add(name, severityWarning, "no test names this file as its frame; it does not belong to the program")
		}
	}
}

// others are files that belong to the program and are not interpreted here.
func (l *loader) others() {
	if _, err := l.root.Lstat(scopeFile); !errors.Is(err, fs.ErrNotExist) {
		l.read(scopeFile)
	}
	l.p.descriptions = map[string]string{}
	err := fs.WalkDir(l.root.FS(), descriptionDir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, ".md") {
			return err
		}
		if b, ok := l.read(name); ok {
			l.p.descriptions[name] = string(b)
		}
		return nil
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		l.add(descriptionDir, severityError, "the directory cannot be read: %v", cause(err))
	}
}

// strays are names at the top that look like a slip for one that is read.
func (l *loader) strays() {
	known := []string{scopeFile, descriptionDir}
	for _, k := range kinds {
		known = append(known, k.path)
	}
	const slip = 2 // letters
	for _, e := range l.entries(".") {
		name := e.Name()
		if slices.Contains(known, name) || strings.HasPrefix(name, ".") {
			continue
		}
		n := nearest(strings.Replace(name, ".yml", ".yaml", 1), known)
		if n != "" && distance(strings.ToLower(name), n) <= slip && e.IsDir() == (path.Ext(n) == "") {
			l.add(name, severityWarning, "it is not read; did you mean %s?", n)
		}
	}
}

func (l *loader) add(file, severity, format string, args ...any) {
	l.findings = append(l.findings, Finding{
		File: file, Line: 1, Column: 1, Code: "file", Severity: severity, Message: fmt.Sprintf(format, args...),
	})
}

// read returns a file's text; a file that cannot be read is a finding.
func (l *loader) read(name string) ([]byte, bool) {
	s, err := l.root.Stat(name)
	switch {
	case err != nil:
		l.add(name, severityError, "the file cannot be read: %v", cause(err))
		return nil, false
	case !s.Mode().IsRegular(): // a pipe would never end
		l.add(name, severityError, "this is no regular file")
		return nil, false
	case s.Size() > maxFile:
		l.add(name, severityError, "the file has %d bytes, at most %d are read; split it", s.Size(), maxFile)
		return nil, false
	}
	b, err := l.root.ReadFile(name)
	if err != nil {
		l.add(name, severityError, "the file cannot be read: %v", cause(err))
		return nil, false
	}
	l.p.Files = append(l.p.Files, name)
	return b, true
}

func (l *loader) decoder(name string) *decoder { return &decoder{file: name, places: l.p.places} }

func (l *loader) file(k kind, name string) {
	d := l.decoder(name)
	var root ast.Node
	if b, ok := l.read(name); ok {
		root = d.parse(b)
	}
	if root != nil {
		l.objects(d, k, root)
	} else if k.name == "test" {
		l.unread = true
	} else if k.named { // what refers to it is not wrong for that
		l.p.unread = append(l.p.unread, strings.TrimSuffix(path.Base(name), ".yaml"))
	}
	l.findings = append(l.findings, d.findings...)
}

// objects reads the one object of a file, or each of its list.
func (l *loader) objects(d *decoder, k kind, root ast.Node) {
	list, ok := root.(*ast.SequenceNode)
	if !ok {
		l.object(d, k, root)
		return
	}
	if k.one {
		d.add(root, "type", "a file of this kind holds one %s, not a list", k.name)
		return
	}
	for _, n := range list.Values {
		l.object(d, k, n)
	}
}

func (l *loader) object(d *decoder, k kind, n ast.Node) {
	switch k.name {
	case "organization":
		d.note(pathOf(k.name, 0), n)
		d.value(n, reflect.ValueOf(&l.p.Organization).Elem(), pathOf(k.name, 0), 0)
	case "criteria":
		d.note(pathOf(k.name, 0), n)
		d.value(n, reflect.ValueOf(&l.p.Criteria).Elem(), pathOf(k.name, 0), 0)
	case "objective":
		read(d, k, n, &l.p.Objectives)
	case "risk":
		read(d, k, n, &l.p.Risks)
	case "control":
		x := read(d, k, n, &l.p.Controls)
		if base := strings.TrimSuffix(path.Base(d.file), ".yaml"); x.ID != "" && x.ID != base {
			at := l.p.places.find(under(pathOf(k.name, len(l.p.Controls)-1), "id"))
			d.addAt(at.line, at.column, "name", "the file is named %s and holds the control %s; name the file after its id", base, x.ID)
		}
	case "population":
		read(d, k, n, &l.p.Populations)
	case "parameter":
		read(d, k, n, &l.p.Parameters)
	case "test":
		t := read(d, k, n, &l.p.Tests)
		t.File = d.file
		path := pathOf(k.name, len(l.p.Tests)-1)
		l.frame(t, path)
		l.fixtures(t, path)
	case "subservice":
		read(d, k, n, &l.p.Subservice)
	case "user-entity":
		read(d, k, n, &l.p.CUECs)
	case "engagement":
		read(d, k, n, &l.p.Engagements)
	}
}

// read appends one object to its list.
func read[T any](d *decoder, k kind, n ast.Node, into *[]T) *T {
	var x T
	path := pathOf(k.name, len(*into))
	d.note(path, n)
	if _, null := n.(*ast.NullNode); null {
		d.add(n, "type", "a set of fields is expected here, and there is nothing")
	}
	d.value(n, reflect.ValueOf(&x).Elem(), path, 0)
	*into = append(*into, x)
	return &(*into)[len(*into)-1]
}

// frame reads a frame that names a .sql file beside the test.
func (l *loader) frame(t *Test, at string) {
	file := strings.TrimSpace(t.Frame)
	if !strings.HasSuffix(file, ".sql") || strings.ContainsAny(file, " \t\n") {
		return
	}
	t.Frame = ""
	where := l.p.places.find(under(at, "frame"))
	fail := func(format string, args ...any) {
		l.findings = append(l.findings, Finding{
			File: where.file, Line: where.line, Column: where.column, Code: "frame", Severity: severityError, Message: fmt.Sprintf(format, args...),
		})
	}
	name := path.Join(path.Dir(t.File), file)
	if path.Dir(name) != path.Dir(t.File) {
		fail("the frame %q must lie beside the test", file)
		return
	}
	if _, err := l.root.Lstat(name); errors.Is(err, fs.ErrNotExist) {
		fail("there is no file %s beside the test", file)
		return
	}
	l.used[name] = true
	b, ok := l.read(name)
	switch {
	case !ok:
	case strings.TrimSpace(string(b)) == "":
		fail("the file %s is empty", file)
	default:
		d := l.decoder(name)
		d.utf8(b)
		l.findings = append(l.findings, d.findings...)
		t.Frame = string(b)
	}
}

const fixturesSuffix = ".fixtures.yaml"

// fixtures adds the fixtures of the file <test id>.fixtures.yaml, if there is
// one. It holds one fixture or a list.
func (l *loader) fixtures(t *Test, at string) {
	name := path.Join(path.Dir(t.File), t.ID+fixturesSuffix)
	if !idForm.MatchString(t.ID) {
		return
	}
	if _, err := l.root.Lstat(name); errors.Is(err, fs.ErrNotExist) || l.used[name] {
		return
	}
	l.used[name] = true
	b, ok := l.read(name)
	if !ok {
		return
	}
	d := l.decoder(name)
	if root := d.parse(b); root != nil {
		nodes := []ast.Node{root}
		if list, ok := root.(*ast.SequenceNode); ok {
			nodes = list.Values
		}
		for _, n := range nodes {
			var f Fixture
			here := under(at, "fixtures", len(t.Fixtures))
			d.note(here, n)
			d.value(n, reflect.ValueOf(&f).Elem(), here, 0)
			t.Fixtures = append(t.Fixtures, f)
		}
	}
	l.findings = append(l.findings, d.findings...)
}
