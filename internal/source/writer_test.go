package source

import (
	"bytes"
	"encoding/csv"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWriter(t *testing.T) {
	var out bytes.Buffer
	w := NewWriter(&out)
	rows := []struct {
		n      int64
		fields []Field
	}{
		{1, []Field{{Text: "a"}, {Absent: true}, {Text: ""}}},
		{2, []Field{{Text: `say "x"`}, {Text: "a,b"}, {Text: "two\nlines"}}},
		{5, []Field{{Text: " spaced "}, {Text: "ü"}, {Text: "cr\rhere"}}},
	}
	for _, r := range rows {
		if err := w.Record(r.n, r.fields); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	want := "1,a,,\"\"\n" +
		"2,\"say \"\"x\"\"\",\"a,b\",\"two\nlines\"\n" +
		"5, spaced ,ü,\"cr\rhere\"\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}

func TestWriterRefuses(t *testing.T) {
	var out bytes.Buffer
	w := NewWriter(&out)
	for _, bad := range []struct{ text, code string }{
		{"nul\x00", "encoding"},
		{"bad\xff", "encoding"},
		{strings.Repeat("x", MaxLine), "structure"},
	} {
		err := w.Record(1, []Field{{Text: "kept out"}, {Text: bad.text}})
		var unfit *UnfitError
		if !errors.As(err, &unfit) || unfit.Code != bad.code || !errors.Is(err, ErrUnfit) {
			t.Errorf("%.10q: got %v, want an UnfitError of code %s", bad.text, err, bad.code)
		}
	}
	if err := w.Record(2, []Field{{Text: "b"}}); err != nil {
		t.Fatal(err)
	}
	if err := w.Record(2, []Field{{Text: "again"}}); err == nil || errors.Is(err, ErrUnfit) {
		t.Errorf("a number used twice: got %v, want a final error", err)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if got, want := out.String(), "2,b\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// FuzzWriter checks that another parser reads back what was written.
func FuzzWriter(f *testing.F) {
	f.Add("a", "b,\"c\"\n")
	f.Add("", " x")
	f.Fuzz(func(t *testing.T, a, b string) {
		var out bytes.Buffer
		w := NewWriter(&out)
		if err := w.Record(7, []Field{{Text: a}, {Text: b}}); err != nil {
			if !errors.Is(err, ErrUnfit) {
				t.Fatal(err)
			}
			return
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(&out).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		// encoding/csv turns CRLF inside quotes into LF.
		crlf := strings.NewReplacer("\r\n", "\n")
		want := [][]string{{"7", crlf.Replace(a), crlf.Replace(b)}}
		if diff := cmp.Diff(want, rows); diff != "" {
			t.Error(diff)
		}
	})
}
