package duckdb

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ticktie/ticktie/internal/source"
)

// readPipe is a query that reads the pipe to its end, or as far as told.
func readPipe(path string, most int64) func(context.Context) error {
	return func(context.Context) error {
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		_, err = io.Copy(io.Discard, io.LimitReader(f, most))
		return err
	}
}

func TestThroughPipe(t *testing.T) {
	boom := errors.New("boom")
	megabytes := func(_ context.Context, w io.Writer) error {
		for range 64 {
			if _, err := w.Write(make([]byte, 1<<20)); err != nil {
				return err
			}
		}
		return nil
	}
	for name, tc := range map[string]struct {
		feed  func(context.Context, io.Writer) error
		query func(path string) func(context.Context) error
		want  error
	}{
		"both end":       {megabytes, func(p string) func(context.Context) error { return readPipe(p, 1<<40) }, nil},
		"nothing is fed": {func(context.Context, io.Writer) error { return nil }, func(p string) func(context.Context) error { return readPipe(p, 1<<40) }, nil},
		"reader stops":   {megabytes, func(p string) func(context.Context) error { return readPipe(p, 10) }, errReaderGone},
		"reader never opens": {megabytes, func(string) func(context.Context) error {
			return func(context.Context) error { return boom }
		}, boom},
		"reader fails": {megabytes, func(p string) func(context.Context) error {
			return func(ctx context.Context) error { return errors.Join(readPipe(p, 10)(ctx), boom) }
		}, boom},
		"feed fails at once": {func(context.Context, io.Writer) error { return boom }, func(p string) func(context.Context) error { return readPipe(p, 1<<40) }, boom},
		"reader opens twice": {func(_ context.Context, w io.Writer) error { _, err := w.Write([]byte("x")); return err }, func(p string) func(context.Context) error {
			return func(ctx context.Context) error {
				if err := readPipe(p, 1<<40)(ctx); err != nil {
					return err
				}
				return readPipe(p, 1<<40)(ctx)
			}
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "pipe")
			done := make(chan error, 1)
			go func() { done <- throughPipe(t.Context(), path, tc.feed, tc.query(path)) }()
			select {
			case err := <-done:
				if !errors.Is(err, tc.want) {
					t.Errorf("error %v, want %v", err, tc.want)
				}
			case <-time.After(10 * time.Second):
				t.Fatal("hangs")
			}
			if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("the pipe is still there: %v", err)
			}
		})
	}
}

// A cancelled freeze ends though the source waits and the engine waits.
func TestThroughPipeCancelled(t *testing.T) {
	for name, feed := range map[string]func(context.Context, io.Writer) error{
		"source waits": func(ctx context.Context, _ io.Writer) error { <-ctx.Done(); return ctx.Err() },
		"source is stuck in a write": func(_ context.Context, w io.Writer) error {
			for {
				if _, err := w.Write(make([]byte, 1<<20)); err != nil {
					return err
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			path := filepath.Join(t.TempDir(), "pipe")
			time.AfterFunc(20*time.Millisecond, cancel)
			err := throughPipe(ctx, path, feed, func(ctx context.Context) error {
				f, err := os.Open(path)
				if err != nil {
					return err
				}
				defer f.Close()
				<-ctx.Done() // the engine has stopped reading
				return ctx.Err()
			})
			if !errors.Is(err, context.Canceled) {
				t.Errorf("error %v", err)
			}
		})
	}
}

// parsed reads what lineWriter passed on, line by line.
func parsed(t *testing.T, out []byte) [][]string {
	t.Helper()
	var all [][]string
	for line := range strings.Lines(string(out)) {
		r := csv.NewReader(strings.NewReader(line))
		r.FieldsPerRecord = -1
		row, err := r.Read()
		if err != nil {
			t.Fatalf("line %q: %v", line, err)
		}
		n, err := strconv.Atoi(row[0])
		if err != nil {
			t.Fatal(err)
		}
		if n < 0 {
			row[0] = strconv.Itoa(-n)
			for i := range row {
				row[i] = unescaped.Replace(row[i])
			}
		}
		all = append(all, row)
	}
	return all
}

func TestLineWriter(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	alphabet := []string{"a", ",", "\"", "\n", "\r", "\x1b", "n", "r", "e", "é", " "}
	for range 300 {
		var feed, out bytes.Buffer
		w := source.NewWriter(&feed)
		var want [][]string
		for n := range rng.IntN(12) {
			row := []string{strconv.Itoa(n + 1)}
			fields := make([]source.Field, 1+rng.IntN(3))
			for i := range fields {
				for range rng.IntN(6) {
					fields[i].Text += alphabet[rng.IntN(len(alphabet))]
				}
				row = append(row, fields[i].Text)
			}
			if err := w.Record(int64(n+1), fields); err != nil {
				t.Fatal(err)
			}
			want = append(want, row)
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		l := &lineWriter{w: &out}
		for rest := feed.Bytes(); len(rest) > 0; {
			n := 1 + rng.IntN(len(rest))
			if _, err := l.Write(rest[:n]); err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		if !l.whole() || l.lines != int64(len(want)) || bytes.Count(out.Bytes(), []byte("\n")) != len(want) {
			t.Fatalf("%d lines of %d, whole %v, for %q", l.lines, len(want), l.whole(), feed.String())
		}
		if d := cmp.Diff(want, parsed(t, out.Bytes())); d != "" {
			t.Fatalf("records of %q (-want +got):\n%s", feed.String(), d)
		}
	}
}

func TestLineWriterTellsCutRecords(t *testing.T) {
	for _, feed := range []string{"1,a", "1,\"a\n", "1,\"a\"", "1,a\n2,\"b"} {
		l := &lineWriter{w: io.Discard}
		if _, err := io.WriteString(l, feed); err != nil {
			t.Fatal(err)
		}
		if l.whole() {
			t.Errorf("%q is taken for whole", feed)
		}
	}
}
