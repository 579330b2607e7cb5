package files_test

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ticktie/ticktie/internal/program"
	"github.com/ticktie/ticktie/internal/source/files"
)

func gz(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := io.WriteString(w, text)
	if err != nil || w.Close() != nil {
		panic("writing to memory failed")
	}
	return b.String()
}

func zipped(pairs ...string) string {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := 0; i < len(pairs); i += 2 {
		f, err := w.Create(pairs[i])
		if err == nil {
			_, err = io.WriteString(f, pairs[i+1])
		}
		if err != nil {
			panic(err)
		}
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return b.String()
}

const small = "x,y\n1,2\n3\n\n4,\"5\"\n"

func TestPacked(t *testing.T) {
	flat := program.FilesSource{Paths: []string{"*"}}
	for name, c := range map[string]struct {
		f                 program.FilesSource
		file, bytes       string
		packed, fileNamed string
	}{
		"gzip":              {flat, "a.csv.gz", gz(small), "gzip", "a.csv.gz"},
		"gzip by content":   {flat, "a.csv", gz(small), "gzip", "a.csv"},
		"gzip of two":       {flat, "a.csv.gz", gz(small[:9]) + gz(small[9:]), "gzip", "a.csv.gz"},
		"gzip twice":        {flat, "a.csv.gz", gz(gz(small)), "gzip+gzip", "a.csv.gz"},
		"gzip windows-1252": {flat, "a.csv.gz", gz(small + "\xE9,1\n"), "gzip", "a.csv.gz"},
		"zip":               {flat, "a.zip", zipped("in/a.csv", small), "zip", "a.zip!in/a.csv"},
		"zip by content":    {flat, "a.csv", zipped("in/a.csv", small), "zip", "a.csv!in/a.csv"},
		"zip with gzip":     {flat, "a.zip", zipped("a.csv.gz", gz(small)), "zip+gzip", "a.zip!a.csv.gz"},
		"zip member":        {program.FilesSource{Paths: flat.Paths, Member: "**/*.csv"}, "a.zip", zipped("README", "?", "in/deep/a.csv", small), "zip", "a.zip!in/deep/a.csv"},
	} {
		t.Run(name, func(t *testing.T) {
			feed, ex := mustRead(t, request(t, write(t, c.file, c.bytes), population(c.f, columns("x", "y"))))
			if !strings.HasPrefix(feed, "1,1,2\n3,4,\"5\"\n") || ex.Blank != 1 || len(ex.Refused) != 1 {
				t.Errorf("fed %q, %d blank, refused %+v", feed, ex.Blank, ex.Refused)
			}
			f := ex.Files[0]
			if f.Compression != c.packed || f.Name != c.fileNamed || f.Size != int64(len(c.bytes)) {
				t.Errorf("file %+v", f)
			}
			p, err := ex.Locate(3)
			if err != nil || p.Line != 5 || p.Offset != 11 || p.Raw != "4,\"5\"" {
				t.Errorf("record 3 at %+v, %v", p, err)
			}
		})
	}
}

// TestMembers: members are read in the order of their names, and the others told.
func TestMembers(t *testing.T) {
	bytes := zipped("b.csv", "x\n2\n", "a.csv", "x\n1\n", "notes.txt", "?", "dir/", "")
	f := program.FilesSource{Paths: []string{"m.zip"}, Member: "*.csv", FileColumn: "file"}
	feed, ex := mustRead(t, request(t, write(t, "m.zip", bytes), population(f, columns("x"))))
	if feed != "1,1,a.csv\n2,2,b.csv\n" {
		t.Errorf("fed %q", feed)
	}
	if ex.Bytes != int64(len(bytes)) {
		t.Errorf("%d raw bytes, want %d: the archive counts once", ex.Bytes, len(bytes))
	}
	if len(ex.Notes) != 1 || !strings.Contains(ex.Notes[0], "notes.txt") {
		t.Errorf("notes %q", ex.Notes)
	}
}

// TestDamaged: a file that is not whole is never a shorter population.
func TestDamaged(t *testing.T) {
	many := "x,y\n" + strings.Repeat("1,2\n", 50_000)
	whole := gz(many)
	badCRC := []byte(whole)
	badCRC[len(badCRC)-8] ^= 1
	z := zipped("a.csv", many)
	stored := func() string { // uncompressed, so that one byte can be changed
		var b bytes.Buffer
		w := zip.NewWriter(&b)
		f, err := w.CreateHeader(&zip.FileHeader{Name: "a.csv", Method: zip.Store})
		if err == nil {
			_, err = io.WriteString(f, many)
		}
		if err != nil || w.Close() != nil {
			t.Fatal("writing to memory failed")
		}
		return strings.Replace(b.String(), "1,2\n", "1,3\n", 1)
	}()
	for name, c := range map[string]struct{ file, bytes, want string }{
		"gzip cut off":        {"a.csv.gz", whole[:len(whole)/2], "cut off"},
		"gzip without end":    {"a.csv.gz", whole[:len(whole)-3], "cut off"},
		"gzip header only":    {"a.csv.gz", whole[:6], "cut off"},
		"gzip checksum":       {"a.csv.gz", string(badCRC), "checksum"},
		"gzip and more":       {"a.csv.gz", whole + "1,2\n1,2\n1,2\n", "other bytes"},
		"gzip and a byte":     {"a.csv.gz", whole + "\n", "cut off"}, // could be the next part's first
		"gzip and zeros":      {"a.csv.gz", whole + strings.Repeat("\x00", 512), "other bytes"},
		"second part cut off": {"a.csv.gz", whole + whole[:40], "cut off"},
		"packed thrice":       {"a.csv.gz", gz(gz(gz(small))), "unpack it first"},
		"zip in gzip":         {"a.csv.gz", gz(z), "unpack it first"},
		"zip cut off":         {"a.zip", z[:len(z)-10], "archive"},
		"zip checksum":        {"a.zip", stored, "checksum"},
		"zip of many":         {"a.zip", zipped("a.csv", small, "b.csv", small), "source.files.member"},
		"zip twice":           {"a.zip", zipped("a.csv", small, "a.csv", small), "twice"},
		"not a zip":           {"a.zip", small, "not a zip"},
	} {
		t.Run(name, func(t *testing.T) {
			feed, _, err := read(request(t, write(t, c.file, c.bytes), population(program.FilesSource{Paths: []string{"*"}}, columns("x", "y"))))
			if err == nil {
				t.Fatalf("no error; fed %d bytes", len(feed))
			}
			if !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.file) {
				t.Errorf("error %q does not say %s and %s", err, c.want, c.file)
			}
		})
	}
}

func TestGlobs(t *testing.T) {
	dir := write(t, "a.csv", "x\n1\n", "m/b.csv", "x\n2\n", "m/n/c.csv", "x\n3\n", "m/n/d.txt", "x\n4\n", "z[1].csv", "x\n5\n")
	for _, c := range []struct {
		paths []string
		want  []string
	}{
		{[]string{"*.csv"}, []string{"a.csv", "z[1].csv"}},
		{[]string{"**/*.csv"}, []string{"a.csv", "m/b.csv", "m/n/c.csv", "z[1].csv"}},
		{[]string{"m/**"}, []string{"m/b.csv", "m/n/c.csv", "m/n/d.txt"}},
		{[]string{"m/*.csv", "a.csv", "./a.csv"}, []string{"a.csv", "m/b.csv"}},
		{[]string{"m/n/?.txt"}, []string{"m/n/d.txt"}},
		{[]string{`z\[1\].csv`}, []string{"z[1].csv"}},
	} {
		_, ex := mustRead(t, request(t, dir, population(program.FilesSource{Paths: c.paths, Format: "csv"}, columns("x"))))
		var got []string
		for _, f := range ex.Files {
			got = append(got, f.Name)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%v: %s", c.paths, diff)
		}
	}
}

// TestLinks: a link may not lead out of the data directory, nor hide a file.
func TestLinks(t *testing.T) {
	outside := write(t, "secret.csv", "x\n9\n")
	dir := write(t, "a.csv", "x\n1\n", "d/b.csv", "x\n2\n")
	link := func(to, name string) {
		t.Helper()
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	link("a.csv", "inside.csv")
	link(filepath.Join(outside, "secret.csv"), "outside.csv")
	link("d", "linked")
	link(outside, "linkout")
	for path, ok := range map[string]bool{
		"inside.csv": true, "outside.csv": false, "linked/b.csv": true, "*/b.csv": false, "linkout/secret.csv": false,
	} {
		feed, _, err := read(request(t, dir, population(program.FilesSource{Paths: []string{path}}, columns("x"))))
		if (err == nil) != ok {
			t.Errorf("%s: fed %q, error %v", path, feed, err)
		}
	}
}

// TestSameBytes: a file that is there twice is told.
func TestSameBytes(t *testing.T) {
	_, ex := mustRead(t, request(t, write(t, "a.csv", "x\n1\n", "a copy.csv", "x\n1\n"), population(program.FilesSource{Paths: []string{"*"}}, columns("x"))))
	if len(ex.Notes) != 1 || !strings.Contains(ex.Notes[0], "a copy.csv and a.csv hold the same bytes") {
		t.Errorf("notes %q", ex.Notes)
	}
}

// changer changes the source file once the first records arrive.
type changer struct {
	change func()
	done   bool
}

func (c *changer) Write(p []byte) (int, error) {
	if !c.done {
		c.done = true
		c.change()
	}
	return len(p), nil
}

// TestChangedWhileRead: such a file is an error, however it changed.
func TestChangedWhileRead(t *testing.T) {
	text := "x,y\n" + strings.Repeat("1,2\n", 8<<20)
	for name, change := range map[string]func(string) error{
		"grown": func(f string) error {
			g, err := os.OpenFile(f, os.O_APPEND|os.O_WRONLY, 0)
			if err == nil {
				_, err = g.WriteString("3,4\n")
				g.Close()
			}
			return err
		},
		"shorter": func(f string) error { return os.Truncate(f, 30<<20) },
		"touched": func(f string) error { return os.Chtimes(f, time.Time{}, time.Unix(1, 0)) },
		"replaced": func(f string) error {
			if err := os.WriteFile(f+".new", []byte(text), 0o600); err != nil {
				return err
			}
			return os.Rename(f+".new", f)
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := write(t, "a.csv", text)
			r := request(t, dir, population(program.FilesSource{Paths: []string{"a.csv"}}, columns("x", "y")))
			s, err := files.New().Open(context.Background(), r)
			if err != nil {
				t.Fatal(err)
			}
			err = s.Feed(context.Background(), &changer{change: func() {
				if err := change(filepath.Join(dir, "a.csv")); err != nil {
					t.Error(err)
				}
			}})
			if err == nil || !strings.Contains(err.Error(), "changed while it was read") {
				t.Errorf("got %v, want an error that the file changed", err)
			}
			if _, err := s.Close(context.Background()); err == nil {
				t.Error("Close gave an extraction of a file that changed")
			}
			left, err := os.ReadDir(r.Objects.TempDir())
			if err != nil || len(left) > 0 {
				t.Errorf("%d files were left behind, %v", len(left), err)
			}
		})
	}
}
