package house_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/ticktie/ticktie/"

// stages are the packages along which the data flows.
var stages = []string{"program", "source", "population", "procedure", "evidence", "objects", "seal", "sampling", "bundle"}

// allowed says what each package may import of ours, besides engagement and
// objects, which every package may. A change here needs a reason in its commit.
var allowed = map[string][]string{
	"catalog":           {},
	"cmd/ticktie":       {"cli"},
	"engagement":        {},
	"objects":           {},
	"seal":              {},
	"criteria":          {"catalog"},
	"sampling":          {},
	"evidence":          {"seal"},
	"program":           {"criteria"},
	"source":            {"program"}, // definitions live in program as they are written
	"source/files":      {"source", "program"},
	"source/git":        {"source", "program"},
	"source/sourcetest": {"source", "program"},
	"source/builtin":    {"source", "source/files", "source/git"},
	"population":        {"program", "source", "sampling"},
	"procedure":         {"program", "population"},
	"duckdb":            {"program", "source", "population", "procedure"},
	"store":             {"seal", "evidence"},
	"bundle":            {"seal", "sampling", "program", "source", "population", "procedure"},
	"fieldwork":         append([]string{"store"}, stages...),
	"harborline":        {"program"},
	"cli":               append([]string{"fieldwork", "store", "duckdb", "source/builtin", "harborline"}, stages...),
	"realtest":          {},
	"house":             {},
	"bench":             {"evidence", "seal", "population"}, // measures the parts from outside
}

// outside says which packages alone may import a library of others.
var outside = map[string][]string{
	"github.com/duckdb/duckdb-go":         {"duckdb", "bench"},
	"github.com/transparency-dev/tessera": {"evidence"},
	"modernc.org/sqlite":                  {"store"},
	"github.com/spf13/cobra":              {"cli"},
	"github.com/vbauerster/mpb":           {"cli"},
	"github.com/go-git/go-git":            {"source/git"},
	"github.com/xuri/excelize":            {"source/files"},
	"github.com/goccy/go-yaml":            {"program", "criteria", "source/files", "harborline"},
	"golang.org/x/mod/sumdb":              {"seal", "evidence", "bundle"},
}

func TestImportsFollowTheTable(t *testing.T) {
	root := filepath.Join("..", "..")
	seen := map[string]bool{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && path != root || d.Name() == "testdata") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		rel, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		pkg := strings.TrimPrefix(filepath.ToSlash(rel), "internal/")
		seen[pkg] = true
		checkFile(t, pkg, path)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(seen) < 10 {
		t.Fatalf("only %d packages were found under %s", len(seen), root)
	}
}

func checkFile(t *testing.T, pkg, path string) {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
	if err != nil {
		t.Errorf("%s: %v", path, err)
		return
	}
	may, known := allowed[pkg]
	if !known {
		t.Errorf("%s: package %s is not in the import table", path, pkg)
		return
	}
	for _, i := range f.Imports {
		name, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		if ours, ok := strings.CutPrefix(name, module); ok {
			ours = strings.TrimPrefix(ours, "internal/")
			if ours != "engagement" && ours != "objects" && !slices.Contains(may, ours) {
				t.Errorf("%s: %s may not import %s", path, pkg, ours)
			}
		}
		for lib, only := range outside {
			if (name == lib || strings.HasPrefix(name, lib+"/")) && !slices.Contains(only, pkg) {
				t.Errorf("%s: only %v may import %s", path, only, lib)
			}
		}
	}
}

// A verifier must need no writer: seal and bundle never reach evidence.
func TestVerifierNeedsNoWriter(t *testing.T) {
	for _, pkg := range []string{"seal", "bundle"} {
		reach := map[string]bool{}
		var walk func(string)
		walk = func(p string) {
			if reach[p] {
				return
			}
			reach[p] = true
			for _, next := range allowed[p] {
				walk(next)
			}
		}
		walk(pkg)
		if reach["evidence"] || reach["store"] || reach["fieldwork"] {
			t.Errorf("%s may reach a writer: %v", pkg, reach)
		}
	}
}
