package files_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ticktie/ticktie/internal/program"
)

func itoa(i int) string { return strconv.Itoa(i) }

// TestLarge reads a file of several buffers, whose bytes are copied in blocks
// when all columns are fed, and field by field when they are not. Both must
// give what the generator knows.
func TestLarge(t *testing.T) {
	var text, all, some strings.Builder
	text.WriteString("id,name,amount\n")
	type spot struct {
		line, offset int
		raw          string
	}
	spots := map[int64]spot{}
	var want []refusal
	line, record := 1, int64(0)
	put := func(raw, a, b string) {
		record++
		line++
		if a == "" {
			want = append(want, refusal{record, int64(line), int64(text.Len()), b, strings.TrimSuffix(raw, "\r")})
		} else {
			fmt.Fprintf(&all, "%d,%s\n", record, a)
			fmt.Fprintf(&some, "%d,%s\n", record, b)
		}
		spots[record] = spot{line, text.Len(), strings.TrimSuffix(raw, "\r")}
		text.WriteString(raw + "\n")
		line += strings.Count(raw, "\n")
	}
	blank := int64(0)
	for i := range 120_000 {
		n := itoa(i)
		switch {
		case i%9973 == 1:
			put("P"+n+",\"two\nlines, "+n+"\",1", "P"+n+",\"two\nlines, "+n+"\",1", "1,P"+n)
		case i%7919 == 2:
			put("P"+n+",5\" pipe,2", "P"+n+",\"5\"\" pipe\",2", "2,P"+n)
		case i%6007 == 3:
			put("P"+n+",short", "", "ragged")
		case i%5003 == 4:
			text.WriteString("\n")
			line++
			blank++
		case i%4001 == 5:
			put("P"+n+",crlf,3\r", "P"+n+",crlf,3", "3,P"+n)
		case i%3001 == 6:
			put("id,name,amount", "", "repeated_header")
		case i%2003 == 7:
			put("P"+n+",nul\x00,3", "", "encoding")
		case i%1999 == 8:
			put("id,other,4", "id,other,4", "4,id")
		case i%1009 == 9:
			put("Total,,9", "Total,,9", "9,Total")
		default:
			put("P"+n+",Zoë "+n+","+n+".50", "P"+n+",Zoë "+n+","+n+".50", n+".50,P"+n)
		}
	}
	dir := write(t, "a.csv", text.String())
	for _, c := range []struct {
		cols []string
		feed string
	}{
		{[]string{"id", "name", "amount"}, all.String()},
		{[]string{"amount", "id"}, some.String()},
	} {
		feed, ex := mustRead(t, request(t, dir, population(program.FilesSource{Paths: []string{"a.csv"}}, columns(c.cols...))))
		if feed != c.feed {
			t.Fatalf("%v: the feed differs", c.cols)
		}
		if ex.Records != record || ex.Blank != blank {
			t.Errorf("%d records and %d blank, want %d and %d", ex.Records, ex.Blank, record, blank)
		}
		if diff := cmp.Diff(want, refusals(ex)); diff != "" {
			t.Error(diff)
		}
		for n := int64(1); n <= record; n += 9001 {
			p, err := ex.Locate(n)
			if w := spots[n]; err != nil || p.Line != int64(w.line) || p.Offset != int64(w.offset) || p.Raw != w.raw {
				t.Errorf("record %d at %+v, %v; want %+v", n, p, err, w)
			}
		}
	}
}

// TestLargeLines locates records of a JSON file beyond the first index marks.
func TestLargeLines(t *testing.T) {
	var text strings.Builder
	var offsets []int
	text.WriteString("[")
	for i := range 20_000 {
		if i > 0 {
			text.WriteString(",\n")
		}
		offsets = append(offsets, text.Len())
		fmt.Fprintf(&text, `{"id":%d,"l":[1,2,3]}`, i)
	}
	text.WriteString("]")
	dir := write(t, "a.json", text.String())
	_, ex := mustRead(t, request(t, dir, population(program.FilesSource{Paths: []string{"*"}, Explode: "l"}, columns("id", "l[]"))))
	if ex.Records != 60_000 {
		t.Fatalf("%d records, want 60000", ex.Records)
	}
	for n := int64(1); n <= 60_000; n += 1777 {
		i := int(n-1) / 3
		p, err := ex.Locate(n)
		if err != nil || p.Line != int64(i+1) || p.Offset != int64(offsets[i]) || p.Raw != fmt.Sprintf(`{"id":%d,"l":[1,2,3]}`, i) {
			t.Errorf("record %d at %+v, %v; want line %d, offset %d", n, p, err, i+1, offsets[i])
		}
	}
}
