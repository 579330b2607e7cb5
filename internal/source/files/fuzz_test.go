package files_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/ticktie/ticktie/internal/program"
)

// sound reads whatever the fuzzer made and checks what holds for any input.
func sound(t *testing.T, name string, content []byte, f program.FilesSource, cols []string) ([][]string, bool) {
	t.Helper()
	f.Paths = []string{"*"}
	feed, ex, err := read(request(t, write(t, name, string(content)), population(f, columns(cols...))))
	if err != nil {
		return nil, false
	}
	r := csv.NewReader(strings.NewReader(feed))
	r.FieldsPerRecord = len(cols) + 1
	rows, err := r.ReadAll()
	if err != nil || !utf8.ValidString(feed) || strings.Contains(feed, "\x00") {
		t.Fatalf("the feed %q is not canonical: %v", feed, err)
	}
	if ex.Records != int64(len(rows)+len(ex.Refused)) {
		t.Fatalf("%d records, %d fed, %d refused", ex.Records, len(rows), len(ex.Refused))
	}
	taken := map[string]bool{}
	for _, x := range ex.Refused {
		taken[strconv.FormatInt(x.Record, 10)] = true
		p, err := ex.Locate(x.Record)
		if diff := cmp.Diff(x.Place, p); diff != "" || err != nil {
			t.Fatalf("record %d: %v %s", x.Record, err, diff)
		}
	}
	for _, row := range rows {
		if taken[row[0]] {
			t.Fatalf("record %s was fed or refused twice", row[0])
		}
		taken[row[0]] = true
	}
	for n := range ex.Records {
		if !taken[strconv.FormatInt(n+1, 10)] {
			t.Fatalf("record %d is lost", n+1)
		}
	}
	return rows, true
}

// FuzzCSV compares well-formed text with what encoding/csv reads.
func FuzzCSV(f *testing.F) {
	for _, s := range []string{
		"x,y\n1,2\n", "x,y\r\n\"a\"\"b\",\"c\nd\"\r\n\r\n3,\n", "y,x\n1\n\"\",\"", "x,y\rTotal,5\r", "\xEF\xBB\xBFx,y\n\xE9,1\n",
		"x,y\n\"a\"b,1\n", "x,y\n5\"6,1\nx,y\n", "\xFF\xFEx\x00,\x00y\x00\n\x00", "x,y\n\x00,1\n", "\x1F\x8Bx,y\n", "x,y\n1,\"2\r\r\n\"\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		rows, ok := sound(t, "a.csv", b, program.FilesSource{}, []string{"x", "y"})
		if !ok || !wellFormed(b) {
			return
		}
		all, err := csv.NewReader(bytes.NewReader(b)).ReadAll()
		if err != nil || len(all) == 0 {
			return
		}
		if diff := cmp.Diff(expected(all), values(rows)); diff != "" {
			t.Errorf("%q: %s", b, diff)
		}
	})
}

// wellFormed reports whether encoding/csv and we should agree on the text: it
// has no lone CR, mark, NUL or other encoding, and nothing like a total.
func wellFormed(b []byte) bool {
	return utf8.Valid(b) && !bytes.ContainsAny(b, "\x00\r\uFEFF") && !bytes.Contains(bytes.ToLower(b), []byte("total")) &&
		!bytes.HasPrefix(b, []byte("PK"))
}

// expected are the two columns of the records that encoding/csv read, without
// repeated headers.
func expected(all [][]string) [][]string {
	x, y := -1, -1
	for i, h := range all[0] {
		switch strings.TrimSpace(h) {
		case "x":
			x = i
		case "y":
			y = i
		}
	}
	var out [][]string
	for _, r := range all[1:] {
		repeated := true
		for i := range r {
			repeated = repeated && strings.TrimSpace(r[i]) == strings.TrimSpace(all[0][i])
		}
		if !repeated {
			out = append(out, []string{r[x], r[y]})
		}
	}
	return out
}

func values(rows [][]string) [][]string {
	var out [][]string
	for _, r := range rows {
		out = append(out, r[1:])
	}
	return out
}

// FuzzJSON compares values with what encoding/json reads.
func FuzzJSON(f *testing.F) {
	for _, s := range []string{
		`[{"id":1},{"id":"x"}]`, `[{"id":null,"a":{"b":[1,{"c":2.50}]}}]`, `[{"id":1,"id":2}]`, `[{"id":"\ud83d\ude00\u0000"}]`, `[1,]`, `[{"id":1}`, `{"id":[]}`, `[]x`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		rows, ok := sound(t, "a.json", b, program.FilesSource{}, []string{"id"})
		sound(t, "a.jsonl", b, program.FilesSource{}, []string{"id"})
		sound(t, "b.json", b, program.FilesSource{Records: "id", Explode: "a.b"}, []string{"a.b[].c", "id"})
		var all []map[string]json.RawMessage
		if !ok || json.Unmarshal(b, &all) != nil || len(rows) != len(all) {
			return
		}
		for i, m := range all {
			var text string
			if json.Unmarshal(m["id"], &text) == nil && len(m) == 1 && strings.ReplaceAll(text, "\r\n", "\n") != rows[i][1] {
				t.Errorf("record %d of %q: fed %q, want %q", i+1, b, rows[i][1], text)
			}
		}
	})
}

// FuzzYAML checks that no YAML ends the program or loses a record.
func FuzzYAML(f *testing.F) {
	f.Add([]byte("- id: 1\n- {id: [2, ~]}\n"))
	f.Add([]byte("a: &x\n  id: 1\nb: *x\n---\n- id: |\n    two\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		sound(t, "a.yaml", b, program.FilesSource{}, []string{"id"})
		sound(t, "b.yaml", b, program.FilesSource{Records: "."}, []string{"id"})
	})
}

// FuzzDialect checks that any dialect accounts for all records.
func FuzzDialect(f *testing.F) {
	f.Add([]byte("x;y\n'a;b';c\n"), ";", "'", `\`, 0)
	f.Add([]byte("#\nx¦y\na¦\\¦b\n"), "¦", "none", `\`, 1)
	f.Fuzz(func(t *testing.T, b []byte, delimiter, quote, escape string, skip int) {
		d := program.FilesSource{Delimiter: delimiter, Quote: quote, Escape: escape, SkipLines: skip}
		sound(t, "a.csv", b, d, []string{"x", "y"})
		d.Header, d.Names = "none", []string{"y", "x"}
		sound(t, "a.csv", b, d, []string{"x", "y"})
	})
}

// FuzzWorkbook checks that no sheet ends the program or loses a row.
func FuzzWorkbook(f *testing.F) {
	f.Add(headerRow + `<row r="3"><c r="B3" t="b"><v>1</v></c></row>`)
	f.Add(headerRow + `<row hidden="1"><c s="1"><v>45000.5</v></c><c t="inlineStr"><is><t>_x0041_</t></is></c></row>`)
	f.Fuzz(func(t *testing.T, sheet string) {
		sound(t, "a.xlsx", []byte(rawBook(sheet)), program.FilesSource{}, []string{"id", "v"})
	})
}

// FuzzParquet checks that no footer ends the program.
func FuzzParquet(f *testing.F) {
	f.Add([]byte("\x15\x02\x19\x00\x16\x0E\x00"))
	f.Fuzz(func(t *testing.T, footer []byte) {
		n := len(footer)
		file := "PAR1" + string(footer) + string([]byte{byte(n), byte(n >> 8), byte(n >> 16), 0}) + "PAR1"
		_, ex, err := openParquet(t, request(t, write(t, "a.parquet", file), population(program.FilesSource{Paths: []string{"*"}}, columns("id"))))
		if err == nil && ex.Records < 0 {
			t.Errorf("%d records", ex.Records)
		}
	})
}
