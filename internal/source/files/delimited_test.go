package files_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ticktie/ticktie/internal/program"
	"github.com/ticktie/ticktie/internal/source"
)

// refusal is the part of a source.Refused that a test states.
type refusal struct {
	Record, Line, Offset int64
	Code, Raw            string
}

func refusals(ex *source.Extraction) []refusal {
	var out []refusal
	for _, r := range ex.Refused {
		out = append(out, refusal{r.Record, r.Line, r.Offset, r.Code, r.Raw})
	}
	return out
}

// TestDialects reads the same three values, written in many ways.
func TestDialects(t *testing.T) {
	for name, c := range map[string]struct {
		file string
		f    program.FilesSource
		text string
		want string
	}{
		"LF":                     {"a.csv", program.FilesSource{}, "x,y,z\n1,2,3\n", "1,1,2,3\n"},
		"no last line end":       {"a.csv", program.FilesSource{}, "x,y,z\n1,2,3", "1,1,2,3\n"},
		"CRLF":                   {"a.csv", program.FilesSource{}, "x,y,z\r\n1,2,3\r\n", "1,1,2,3\n"},
		"CR":                     {"a.csv", program.FilesSource{}, "x,y,z\r1,2,3\r4,5,6", "1,1,2,3\n2,4,5,6\n"},
		"mixed line ends":        {"a.csv", program.FilesSource{}, "x,y,z\r1,2,3\n4,5,6\r\n7,8,9\r\r\n", "1,1,2,3\n2,4,5,6\n3,7,8,9\n"},
		"by name":                {"a.csv", program.FilesSource{}, "z,more,x,y\n3,?,1,2\n", "1,1,2,3\n"},
		"header with blanks":     {"a.csv", program.FilesSource{}, " x ,y,\"z \"\n1,2,3\n", "1,1,2,3\n"},
		"tsv":                    {"a.tsv", program.FilesSource{}, "x\ty\tz\n1\t2,2\t3\n", "1,1,\"2,2\",3\n"},
		"semicolon":              {"a.csv", program.FilesSource{Delimiter: ";"}, "x;y;z\n1;2,5;3\n", "1,1,\"2,5\",3\n"},
		"broken bar":             {"a.csv", program.FilesSource{Delimiter: "¦"}, "x¦y¦z\n1¦2Â3¦\"a¦b\"\n", "1,1,2Â3,a¦b\n"},
		"single quotes":          {"a.csv", program.FilesSource{Quote: "'"}, "x,y,z\n'1','a,\"b\"','it''s'\n", "1,1,\"a,\"\"b\"\"\",it's\n"},
		"no quotes":              {"a.csv", program.FilesSource{Quote: "none"}, "x,y,z\n\"1,2,3\"\n", "1,\"\"\"1\",2,\"3\"\"\"\n"},
		"escape":                 {"a.csv", program.FilesSource{Escape: `\`}, "x,y,z\n\"a\\\"b\",\"c\\\\\",d\\,e\n", "1,\"a\"\"b\",c\\,\"d,e\"\n"},
		"escape without quotes":  {"a.csv", program.FilesSource{Escape: `\`, Quote: "none"}, "x,y,z\na\\,b,c,d\\\ne\n", "1,\"a,b\",c,\"d\ne\"\n"},
		"doubled quotes":         {"a.csv", program.FilesSource{}, "x,y,z\n\"say \"\"a\"\"\",\"\",\n", "1,\"say \"\"a\"\"\",\"\",\n"},
		"line end in quotes":     {"a.csv", program.FilesSource{}, "x,y,z\n\"a\r\nb\",\"c\nd\",\"e\rf\"\n", "1,\"a\r\nb\",\"c\nd\",\"e\rf\"\n"},
		"quote inside":           {"a.csv", program.FilesSource{}, "x,y,z\n5\" pipe,a\"b\"c,3\n", "1,\"5\"\" pipe\",\"a\"\"b\"\"c\",3\n"},
		"blank before quote":     {"a.csv", program.FilesSource{}, "x,y,z\n1, \"2\",3\n", "1,1,\" \"\"2\"\"\",3\n"},
		"skipped lines":          {"a.csv", program.FilesSource{SkipLines: 2}, "Report \"of\nyesterday\nx,y,z\n1,2,3\n", "1,1,2,3\n"},
		"no header":              {"a.csv", program.FilesSource{Header: "none", Names: []string{"z", "y", "x"}}, "3,2,1\n", "1,1,2,3\n"},
		"file column":            {"d/a.csv", program.FilesSource{Paths: []string{"d/*"}, FileColumn: "z"}, "x,y\n1,2\n", "1,1,2,a.csv\n"},
		"blank lines at the top": {"a.csv", program.FilesSource{}, "\n\nx,y,z\n1,2,3\n", "1,1,2,3\n"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := write(t, c.file, c.text)
			if c.f.Paths == nil {
				c.f.Paths = []string{"*"}
			}
			feed, ex := mustRead(t, request(t, dir, population(c.f, columns("x", "y", "z"))))
			if diff := cmp.Diff(c.want, feed); diff != "" {
				t.Error(diff)
			}
			if len(ex.Refused) > 0 {
				t.Errorf("refused %+v", ex.Refused)
			}
		})
	}
}

// TestEncodings reads "é,ß" in each encoding; the euro sign tells Windows-1252
// from Latin-1.
func TestEncodings(t *testing.T) {
	utf16 := func(big bool, s string) string {
		var b strings.Builder
		for _, r := range s { // within the basic plane
			if big {
				b.WriteByte(byte(r >> 8))
			}
			b.WriteByte(byte(r))
			if !big {
				b.WriteByte(byte(r >> 8))
			}
		}
		return b.String()
	}
	const text = "x,y\né,€\n"
	for name, c := range map[string]struct {
		declared, bytes string
		encoding, by    string
		offset          int64 // of the first record, in UTF-8: 4, and 3 for each mark
	}{
		"utf-8":                {"", "x,y\n\xC3\xA9,\xE2\x82\xAC\n", "utf-8", "detected", 4},
		"utf-8 declared":       {"utf-8", "x,y\n\xC3\xA9,\xE2\x82\xAC\n", "utf-8", "declared", 4},
		"utf-8 mark":           {"", "\xEF\xBB\xBFx,y\n\xC3\xA9,\xE2\x82\xAC\n", "utf-8", "bom", 7},
		"utf-8 mark declared":  {"utf-8", "\xEF\xBB\xBFx,y\n\xC3\xA9,\xE2\x82\xAC\n", "utf-8", "declared", 7},
		"utf-8 mark twice":     {"", "\xEF\xBB\xBF\xEF\xBB\xBFx,y\n\xC3\xA9,\xE2\x82\xAC\n", "utf-8", "bom", 10},
		"utf-16le mark":        {"", "\xFF\xFE" + utf16(false, text), "utf-16le", "bom", 7},
		"utf-16be mark":        {"", "\xFE\xFF" + utf16(true, text), "utf-16be", "bom", 7},
		"utf-16le no mark":     {"", utf16(false, text), "utf-16le", "detected", 4},
		"utf-16be no mark":     {"", utf16(true, text), "utf-16be", "detected", 4},
		"utf-16be declared":    {"utf-16be", utf16(true, text), "utf-16be", "declared", 4},
		"windows-1252":         {"", "x,y\n\xE9,\x80\n", "windows-1252", "detected", 4},
		"windows-1252 decl":    {"windows-1252", "x,y\n\xE9,\x80\n", "windows-1252", "declared", 4},
		"windows-1252 surely":  {"windows-1252", "x,y\n\xE9,\x80\n", "windows-1252", "declared", 4},
		"windows-1252 at last": {"", "x,y\n\xE9,\x80", "windows-1252", "detected", 4},
	} {
		t.Run(name, func(t *testing.T) {
			dir := write(t, "a.csv", c.bytes)
			feed, ex := mustRead(t, request(t, dir, population(program.FilesSource{Paths: []string{"a.csv"}, Encoding: c.declared}, columns("x", "y"))))
			if feed != "1,é,€\n" {
				t.Errorf("fed %q", feed)
			}
			f := ex.Files[0]
			if f.Encoding != c.encoding || f.EncodingBy != c.by {
				t.Errorf("encoding %s (%s), want %s (%s)", f.Encoding, f.EncodingBy, c.encoding, c.by)
			}
			if c.by == "detected" && c.encoding != "utf-8" && len(ex.Notes) == 0 {
				t.Error("no note of the detected encoding")
			}
			want := source.Place{File: "a.csv", Line: 2, Offset: c.offset, Raw: "é,€"}
			got, err := ex.Locate(1)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestSurrogates: a character beyond the basic plane takes two units.
func TestSurrogates(t *testing.T) {
	// U+1F600 is D83D DE00; after it half of a pair.
	text := "\xFF\xFEx\x00\n\x00\x3D\xD8\x00\xDE\n\x00\x3D\xD8\n\x00a\x00\n\x00"
	_, ex := mustRead(t, request(t, write(t, "a.csv", text), population(program.FilesSource{Paths: []string{"a.csv"}}, columns("x"))))
	// "x\n" after the mark is 5 bytes; the first record 4 and its line end.
	want := []refusal{{2, 3, 10, "encoding", "\uFFFD"}}
	if diff := cmp.Diff(want, refusals(ex)); diff != "" || ex.Records != 3 {
		t.Errorf("%d records, %s", ex.Records, diff)
	}
}

// TestRefusals states line and byte offset of each refused record, counted by hand.
func TestRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		f     program.FilesSource
		text  string
		feed  string
		blank int64
		want  []refusal
	}{
		"ragged": {
			text: "x,y\n1,2\n3\n4,5,6\n\n7,8\n", // offsets 0, 4, 8, 10, 16 (blank), 17
			feed: "1,1,2\n4,7,8\n", blank: 1,
			want: []refusal{{2, 3, 8, "ragged", "3"}, {3, 4, 10, "ragged", "4,5,6"}},
		},
		"lines inside a record": {
			text: "x,y\n\"a\nb\r\nc\rd\",1\n2\n", // 13 bytes from 4 on, lines 2 to 5
			feed: "1,\"a\nb\r\nc\rd\",1\n",
			want: []refusal{{2, 6, 17, "ragged", "2"}},
		},
		"blanks in any line end": {
			text: "x,y\r\n\r\n\r\n1\r\n\n2,3", // 5, 7, 9, 12, 13
			feed: "2,2,3\n", blank: 3,
			want: []refusal{{1, 4, 9, "ragged", "1"}},
		},
		"repeated header": {
			text: "x,y\n1,2\nx,y\n\"x\",y\n\xEF\xBB\xBFx,y\n3,4\n",
			feed: "1,1,2\n5,3,4\n",
			want: []refusal{
				{2, 3, 8, "repeated_header", "x,y"},
				{3, 4, 12, "repeated_header", "\"x\",y"},
				{4, 5, 18, "repeated_header", "\uFEFFx,y"},
			},
		},
		"text after a closing quote": {
			text: "x,y\n\"a\"b,1\n\"c\",2\n",
			feed: "2,\"c\",2\n",
			want: []refusal{{1, 2, 4, "structure", "\"a\"b,1"}},
		},
		"NUL": {
			text: "x,y\na\x00b,1\nc,2\n",
			feed: "2,c,2\n",
			want: []refusal{{1, 2, 4, "encoding", "a\x00b,1"}},
		},
		"invalid in UTF-8": { // é valid before, so a lone E9 is damage
			text: "x,y\n\xC3\xA9,1\n\xE9,2\n3,4\n",
			feed: "1,é,1\n3,3,4\n",
			want: []refusal{{2, 3, 9, "encoding", "\uFFFD,2"}},
		},
		"invalid first, valid later": { // the whole file is looked at
			text: "x,y\n\xE9,2\n\xC3\xA9,1\n",
			feed: "2,é,1\n",
			want: []refusal{{1, 2, 4, "encoding", "\uFFFD,2"}},
		},
		"declared UTF-8": {
			f:    program.FilesSource{Encoding: "utf-8"},
			text: "x,y\n\xE9,2\n1,1\n",
			feed: "2,1,1\n",
			want: []refusal{{1, 2, 4, "encoding", "\uFFFD,2"}},
		},
		"undefined in Windows-1252": { // 81 has no meaning; 80 takes 3 bytes in UTF-8
			text: "x,y\n\x80,1\n\x81,2\n1,1\n",
			feed: "1,€,1\n3,1,1\n",
			want: []refusal{{2, 3, 10, "encoding", "\uFFFD,2"}},
		},
		"total": {
			text: "x,y\n1,2\n3,4\n\nTotal,6\n",
			feed: "1,1,2\n2,3,4\n", blank: 1,
			want: []refusal{{3, 5, 13, "trailing_total", "Total,6"}},
		},
		"two totals": {
			text: "x,y\n1,2\nsubtotal,6\nGrand Total:,\"1,006.00\"\n",
			feed: "1,1,2\n",
			want: []refusal{
				{2, 3, 8, "trailing_total", "subtotal,6"},
				{3, 4, 19, "trailing_total", "Grand Total:,\"1,006.00\""},
			},
		},
		"total in the middle is a record": {
			text: "x,y\n1,2\nTotal,6\n3,4\n",
			feed: "1,1,2\n2,Total,6\n3,3,4\n",
		},
		"total with words is a record": {
			text: "x,y\n1,2\nTotal Wine,Boston\n",
			feed: "1,1,2\n2,Total Wine,Boston\n",
		},
		"totally is a record": {
			text: "x,y\n1,2\nTotally,6\n",
			feed: "1,1,2\n2,Totally,6\n",
		},
		"too long": {
			text: "x,y\n" + strings.Repeat("a", source.MaxLine) + ",1\n2,3\n",
			feed: "2,2,3\n",
			want: []refusal{{1, 2, 4, "structure", strings.Repeat("a", 64<<10-3) + "…"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			c.f.Paths = []string{"a.csv"}
			feed, ex := mustRead(t, request(t, write(t, "a.csv", c.text), population(c.f, columns("x", "y"))))
			if diff := cmp.Diff(c.feed, feed); diff != "" {
				t.Errorf("feed: %s", diff)
			}
			if diff := cmp.Diff(c.want, refusals(ex)); diff != "" {
				t.Errorf("refused: %s", diff)
			}
			if ex.Blank != c.blank || ex.Records != int64(strings.Count(c.feed, ",")/2+len(c.want)) && name != "lines inside a record" {
				t.Errorf("%d records, %d blank", ex.Records, ex.Blank)
			}
			for _, x := range ex.Refused {
				p, err := ex.Locate(x.Record)
				if diff := cmp.Diff(x.Place, p); diff != "" || err != nil {
					t.Errorf("found elsewhere: %v %s", err, diff)
				}
				if !strings.HasSuffix(x.Reason, ".") {
					t.Errorf("the reason %q is no sentence", x.Reason)
				}
			}
		})
	}
}

// TestTotalNeedsNoKey: a last record with a key is a record, whatever it says.
func TestTotalNeedsNoKey(t *testing.T) {
	p := population(program.FilesSource{Paths: []string{"a.csv"}}, columns("id", "label", "amount"))
	p.Key = []string{"a"} // column a reads id
	read := func(last string) string {
		feed, _ := mustRead(t, request(t, write(t, "a.csv", "id,label,amount\n1,rent,2\n"+last+"\n"), p))
		return strings.TrimPrefix(feed, "1,1,rent,2\n")
	}
	if got := read("2,Total,2"); got != "2,2,Total,2\n" {
		t.Errorf("a record with a key was not fed: %q", got)
	}
	if got := read(",Total,2"); got != "" {
		t.Errorf("a total without a key was fed: %q", got)
	}
	if got := read(",Total tax due,office"); got != "2,,Total tax due,office\n" {
		t.Errorf("a record with other texts was not fed: %q", got)
	}
}

// TestErrors: each of these stops the extraction, and says where and what to do.
func TestErrors(t *testing.T) {
	for name, c := range map[string]struct {
		f    program.FilesSource
		text string
		want []string
	}{
		"column missing":        {text: "x,Y,extra\n1,2,3\n", want: []string{"a.csv", `"y"`, "column b", `"Y"`}},
		"column twice":          {text: "x,y,y\n1,2,3\n", want: []string{"a.csv", "2 columns", `"y"`}},
		"empty":                 {text: "", want: []string{"a.csv", "empty"}},
		"only blank lines":      {text: "\n\n", want: []string{"empty"}},
		"quote never closed":    {text: "x,y\n1,2\n\n3,\"4\n5,6\n", want: []string{"a.csv", "line 4", "never closed"}},
		"quote opens later":     {text: "x,y\n\"1\n2\",\"4\n5,6\n", want: []string{"line 3", "never closed"}},
		"quote swallows much":   {text: "x,y\n1,2\n3,\"" + strings.Repeat("4\n", 9<<20), want: []string{"line 3", "not closed"}},
		"utf-32":                {text: "\xFF\xFE\x00\x00x\x00\x00\x00", want: []string{"UTF-32"}},
		"half a UTF-16 unit":    {text: "\xFF\xFEx\x00,\x00y\x00\n\x001\x00,\x002", want: []string{"cut off"}},
		"mark against declared": {f: program.FilesSource{Encoding: "utf-16be"}, text: "\xFF\xFEx\x00", want: []string{"utf-16be", "utf-16le"}},
		"unknown encoding":      {f: program.FilesSource{Encoding: "latin-9"}, text: "x,y\n", want: []string{"latin-9"}},
		"long delimiter":        {f: program.FilesSource{Delimiter: "||"}, text: "x,y\n", want: []string{"delimiter"}},
		"delimiter is quote":    {f: program.FilesSource{Delimiter: "\""}, text: "x,y\n", want: []string{"delimiter"}},
		"names missing":         {f: program.FilesSource{Header: "none"}, text: "1,2\n", want: []string{"names"}},
		"skip too much":         {f: program.FilesSource{SkipLines: 9}, text: "x,y\n", want: []string{"only 1 lines"}},
		"unknown format":        {f: program.FilesSource{Format: "xls"}, text: "x,y\n", want: []string{"xls"}},
		"own file column":       {f: program.FilesSource{FileColumn: "x"}, text: "x,y\n1,2\n", want: []string{"file_column"}},
		"no files":              {f: program.FilesSource{Paths: []string{"*.txt"}}, text: "x,y\n", want: []string{`"*.txt"`, "no file"}},
		"one glob of two":       {f: program.FilesSource{Paths: []string{"*.csv", "b*"}}, text: "x,y\n", want: []string{`"b*"`}},
		"out by dots":           {f: program.FilesSource{Paths: []string{"../a.csv"}}, text: "x,y\n", want: []string{"../a.csv"}},
		"out by root":           {f: program.FilesSource{Paths: []string{"/etc/passwd"}}, text: "x,y\n", want: []string{"/etc/passwd"}},
	} {
		t.Run(name, func(t *testing.T) {
			if c.f.Paths == nil {
				c.f.Paths = []string{"a.csv"}
			}
			feed, _, err := read(request(t, write(t, "a.csv", c.text), population(c.f, columns("x", "y"))))
			if err == nil {
				t.Fatalf("no error; fed %.100q", feed)
			}
			for _, w := range c.want {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("error %q does not say %s", err, w)
				}
			}
		})
	}
}

// TestDrift: columns are found by name in each file, and what differs is told.
func TestDrift(t *testing.T) {
	dir := write(t, "1.csv", "x,y,z\n1,2,3\n", "2.csv", "y,x,new\n2,1,?\n", "3.csv", "intro,x,y,z\n0,1,2,3\n")
	c := columns("x", "y", "z")
	c[2].Optional = true
	feed, ex := mustRead(t, request(t, dir, population(program.FilesSource{Paths: []string{"*.csv"}}, c)))
	if want := "1,1,2,3\n2,1,2,\n3,1,2,3\n"; feed != want {
		t.Errorf("fed %q, want %q", feed, want)
	}
	want := [][]string{
		nil,
		{`has "y" as column 1, the first file as column 2`, `has "x" as column 2, the first file as column 1`, `has "new", which the first file lacks`, `lacks "z", which the first file has`},
		{`has "intro", which the first file lacks`},
	}
	for i, f := range ex.Files {
		if diff := cmp.Diff(want[i], f.Drift); diff != "" {
			t.Errorf("%s: %s", f.Name, diff)
		}
		if f.FirstRecord != int64(i+1) || f.Records != 1 {
			t.Errorf("%s: first %d, records %d", f.Name, f.FirstRecord, f.Records)
		}
	}
	if len(ex.Notes) != 5 {
		t.Errorf("notes %q", ex.Notes)
	}
}

// TestColumnsShareAField: two columns that read one field are fed it once.
func TestColumnsShareAField(t *testing.T) {
	c := columns("x", "y", "x")
	_, ex := mustRead(t, request(t, write(t, "a.csv", "y,x\n2,1\n"), population(program.FilesSource{Paths: []string{"a.csv"}}, c)))
	if diff := cmp.Diff([]string{"x", "y"}, ex.Fields); diff != "" {
		t.Error(diff)
	}
}
