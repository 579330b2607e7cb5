package files_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/ticktie/ticktie/internal/objects"
	"github.com/ticktie/ticktie/internal/program"
	"github.com/ticktie/ticktie/internal/source"
	"github.com/ticktie/ticktie/internal/source/files"
)

// columns declares text columns that read fields of the same names.
func columns(from ...string) []program.Column {
	var out []program.Column
	for i, f := range from {
		out = append(out, program.Column{Name: string(rune('a' + i)), From: f, Type: "text"})
	}
	return out
}

// population reads files in a directory.
func population(f program.FilesSource, c []program.Column) *program.Population {
	return &program.Population{ID: "p", Key: []string{"position"}, Source: program.Source{Files: &f}, Columns: c}
}

// write puts files, name and content in turn, into a new directory.
func write(t *testing.T, pairs ...string) string {
	t.Helper()
	dir := t.TempDir()
	for i := 0; i < len(pairs); i += 2 {
		name := filepath.Join(dir, filepath.FromSlash(pairs[i]))
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(pairs[i+1]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func request(t *testing.T, dir string, p *program.Population) source.Request {
	t.Helper()
	store, err := objects.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return source.Request{
		Population: p, DataDir: dir, Location: time.UTC, Objects: store,
		Now: func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) },
	}
}

// read runs one extraction to its end.
func read(r source.Request) (string, *source.Extraction, error) {
	ctx := context.Background()
	s, err := files.New().Open(ctx, r)
	if err != nil {
		return "", nil, err
	}
	var out bytes.Buffer
	if err := s.Feed(ctx, &out); err != nil {
		_, cerr := s.Close(ctx)
		if cerr == nil {
			panic("Close returned an extraction after Feed had failed")
		}
		return "", nil, err
	}
	ex, err := s.Close(ctx)
	return out.String(), ex, err
}

// mustRead is read for files that must be readable.
func mustRead(t *testing.T, r source.Request) (string, *source.Extraction) {
	t.Helper()
	feed, ex, err := read(r)
	if err != nil {
		t.Fatal(err)
	}
	return feed, ex
}
