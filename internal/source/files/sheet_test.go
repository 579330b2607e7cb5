package files_test

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"github.com/ticktie/ticktie/internal/program"
)

// book writes a workbook with another library.
func book(t *testing.T, fill func(f *excelize.File) error) string {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	if err := fill(f); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// set fills rows from A1 on; a nil leaves a cell out.
func set(f *excelize.File, sheet string, rows ...[]any) error {
	for i, row := range rows {
		for j, v := range row {
			if v == nil {
				continue
			}
			cell, err := excelize.CoordinatesToCellName(j+1, i+1)
			if err == nil {
				err = f.SetCellValue(sheet, cell, v)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func TestWorkbook(t *testing.T) {
	text := book(t, func(f *excelize.File) error {
		if err := set(f, "Sheet1",
			[]any{"id", "name", "amount"},
			[]any{1, "Ann, B", 0.1 + 0.2},
			[]any{},
			[]any{"007", "say \"x\"", -1234.5},
			[]any{3, nil, 1e21},
			[]any{4, "beyond", 1, "more"},
			[]any{"id", "name", "amount"},
			[]any{5, true, 123456789012345},
			[]any{6, "line\none", 1e-7},
			[]any{"Total", nil, 99},
		); err != nil {
			return err
		}
		for _, err := range []error{
			f.SetRowVisible("Sheet1", 4, false),
			f.MergeCell("Sheet1", "A5", "B5"),
		} {
			if err != nil {
				return err
			}
		}
		if _, err := f.NewSheet("Old"); err != nil {
			return err
		}
		return f.SetSheetVisible("Old", false)
	})
	feed, ex := mustRead(t, request(t, write(t, "b.xlsx", text), population(program.FilesSource{Paths: []string{"*"}, FileColumn: "file"}, columns("amount", "id", "name"))))
	want := "1,0.3,1,\"Ann, B\",b.xlsx\n" +
		"2,-1234.5,007,\"say \"\"x\"\"\",b.xlsx\n" +
		"3,1000000000000000000000,3,,b.xlsx\n" +
		"6,123456789012345,5,true,b.xlsx\n" +
		"7,0.0000001,6,\"line\none\",b.xlsx\n"
	if diff := cmp.Diff(want, feed); diff != "" {
		t.Error(diff)
	}
	var got []refusal
	for _, r := range refusals(ex) {
		r.Offset = 0 // in the sheet's XML, which the other library lays out
		got = append(got, r)
	}
	wantRefused := []refusal{
		{4, 6, 0, "ragged", "4,beyond,1,more"},
		{5, 7, 0, "repeated_header", "id,name,amount"},
		{8, 10, 0, "trailing_total", "Total,,99"},
	}
	if diff := cmp.Diff(wantRefused, got); diff != "" {
		t.Error(diff)
	}
	if ex.Records != 8 || ex.Blank != 1 || ex.Files[0].Name != "b.xlsx!Sheet1" {
		t.Errorf("%d records, %d blank, file %s", ex.Records, ex.Blank, ex.Files[0].Name)
	}
	notes := strings.Join(ex.Notes, "\n")
	for _, w := range []string{"hidden sheets: Old", "1 hidden rows were read: 4", "A5:B5"} {
		if !strings.Contains(notes, w) {
			t.Errorf("the notes do not say %q:\n%s", w, notes)
		}
	}
	p, err := ex.Locate(7)
	if err != nil || p.Line != 9 || p.Raw != "6,\"line\none\",0.0000001" {
		t.Errorf("record 7 at %+v, %v", p, err)
	}
}

// TestWorkbookDates: 45000 is 15 March 2023 in the 1900 system, and 43538 in the
// 1904 system; half a day is noon.
func TestWorkbookDates(t *testing.T) {
	day, moment, clock, elapsed, plain := 14, 22, 21, 46, 2
	write1 := func(date04 bool, rows [][]any) string {
		return book(t, func(f *excelize.File) error {
			if err := f.SetWorkbookProps(&excelize.WorkbookPropsOptions{Date1904: &date04}); err != nil {
				return err
			}
			if err := f.SetCellValue("Sheet1", "A1", "d"); err != nil {
				return err
			}
			for i, row := range rows {
				cell, err := excelize.CoordinatesToCellName(1, i+2)
				if err != nil {
					return err
				}
				style := &excelize.Style{}
				switch s := row[1].(type) {
				case int:
					style.NumFmt = s
				case string:
					style.CustomNumFmt = &s
				}
				id, err := f.NewStyle(style)
				if err != nil {
					return err
				}
				if err := f.SetCellValue("Sheet1", cell, row[0]); err != nil {
					return err
				}
				if err := f.SetCellStyle("Sheet1", cell, cell, id); err != nil {
					return err
				}
			}
			return nil
		})
	}
	for _, c := range []struct {
		date04 bool
		rows   [][]any
		want   []string
	}{
		{false, [][]any{
			{45000, day},
			{45000.5, moment},
			{45000, moment},
			{45000.5, day},
			{0.75, clock},
			{1.125, elapsed},
			{45000, plain},
			{45000, 0},
			{45000, "dd/mm/yyyy"},
			{45000, `[$-409]d\-mmm\-yy;@`},
			{45000, "mmm"},
			{45000.25, `h:mm AM/PM "o'clock"`},
			{0.25, `h:mm "d"`},
			{45000, `#,##0 "days"`},
			{45000, `[Red]0.00`},
			{45000, `0.00E+00`},
			{1, day},
			{59, day},
			{60, day},
			{61, day},
			{-1, day},
			{45000.000011574074, moment},
			{44999.999999999, moment},
		}, []string{
			"2023-03-15", "2023-03-15 12:00:00", "2023-03-15 00:00:00", "2023-03-15 12:00:00",
			"18:00:00", "27:00:00", "45000", "45000",
			"2023-03-15", "2023-03-15", "2023-03-15", "2023-03-15 06:00:00",
			"06:00:00", "45000", "45000", "45000",
			"1900-01-01", "1900-02-28", "1900-02-29", "1900-03-01", "-1", "2023-03-15 00:00:01", "2023-03-15 00:00:00",
		}},
		{true, [][]any{{43538, day}, {0, day}, {43538.5, moment}}, []string{"2023-03-15", "1904-01-01", "2023-03-15 12:00:00"}},
	} {
		feed, _ := mustRead(t, request(t, write(t, "d.xlsx", write1(c.date04, c.rows)), population(program.FilesSource{Paths: []string{"*"}}, columns("d"))))
		var got []string
		for _, line := range strings.Split(strings.TrimSpace(feed), "\n") {
			_, v, _ := strings.Cut(line, ",")
			got = append(got, v)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Error(diff)
		}
	}
}

// rawBook is the least workbook that holds one sheet's XML.
func rawBook(sheet string) string {
	return zipped(
		"_rels/.rels", `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
		"xl/workbook.xml", `<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="S" sheetId="1" r:id="r7"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels", `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r7" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="/xl/worksheets/s.xml"/></Relationships>`,
		"xl/worksheets/s.xml", `<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>`+sheet+`</sheetData></worksheet>`,
	)
}

const xRow = `<row><c t="inlineStr"><is><t>x</t></is></c></row>`

const headerRow = `<row><c t="inlineStr"><is><t>id</t></is></c><c t="inlineStr"><is><t>v</t></is></c></row>`

func TestWorkbookCells(t *testing.T) {
	text := rawBook(headerRow +
		`<row><c><v>1</v></c><c><f>A2*2</f><v>2</v></c></row>` + // a formula with its value
		`<row><c><v>2</v></c><c><f>A3*2</f></c></row>` + // and without
		`<row><c><v>3</v></c><c><f>A4*2</f><v></v></c></row>` +
		`<row><c><v>4</v></c><c t="str"><f>""</f><v></v></c></row>` +
		`<row><c><v>5</v></c><c t="e"><v>#N/A</v></c></row>` +
		`<row><c><v>6</v></c><c t="inlineStr"><is><r><t>ri</t></r><r><t>ch</t></r><rPh sb="0" eb="1"><t>no</t></rPh></is></c></row>` +
		`<row><c><v>7</v></c><c t="str"><v>a_x000D_b_x005F_</v></c></row>` +
		`<row><c><v>0.30000000000000004</v></c><c><v>1234567890123456789</v></c></row>` +
		`<row r="20"><c r="A20"><v>8</v></c><c r="B20" t="b"><v>0</v></c></row>`)
	feed, ex := mustRead(t, request(t, write(t, "b.xlsx", text), population(program.FilesSource{Paths: []string{"*"}}, columns("id", "v"))))
	want := "1,1,2\n4,4,\n5,5,#N/A\n6,6,rich\n7,7,\"a\rb_\"\n8,0.3,1234567890123460000\n9,8,false\n"
	if diff := cmp.Diff(want, feed); diff != "" {
		t.Error(diff)
	}
	if len(ex.Refused) != 2 || ex.Refused[0].Line != 3 || ex.Refused[1].Line != 4 || ex.Refused[0].Code != "structure" || !strings.Contains(ex.Refused[0].Reason, "B3 holds a formula") {
		t.Errorf("refused %+v", ex.Refused)
	}
	if ex.Blank != 10 { // rows 10 to 19
		t.Errorf("%d blank rows, want 10", ex.Blank)
	}
	if !strings.Contains(strings.Join(ex.Notes, "\n"), "B6") {
		t.Errorf("the notes do not name the error in B6: %q", ex.Notes)
	}
}

func TestWorkbookErrors(t *testing.T) {
	two := book(t, func(f *excelize.File) error {
		_, err := f.NewSheet("Second")
		return err
	})
	encrypted := book(t, func(f *excelize.File) error { return nil })
	{
		f, err := excelize.OpenReader(strings.NewReader(encrypted))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		var b bytes.Buffer
		if err := f.Write(&b, excelize.Options{Password: "x"}); err != nil {
			t.Fatal(err)
		}
		encrypted = b.String()
	}
	for name, c := range map[string]struct{ bytes, sheet, want string }{
		"two sheets":      {two, "", "source.files.sheet"},
		"no such sheet":   {two, "Secnd", `"Second"`},
		"empty sheet":     {two, "Second", "empty"},
		"column missing":  {rawBook(headerRow), "", `"x"`},
		"not a workbook":  {"x,y\n", "", "not a workbook"},
		"encrypted":       {encrypted, "", "password"},
		"sheet cut off":   {rawBook(xRow + "<row><c>"), "", "row 2"},
		"rows backwards":  {rawBook(xRow + `<row r="5"/><row r="4"/>`), "", "after row 5"},
		"not a number":    {rawBook(xRow + `<row><c><v>1,5</v></c></row>`), "", "not a number"},
		"no shared texts": {rawBook(`<row><c t="s"><v>3</v></c></row>`), "", "damaged"},
	} {
		t.Run(name, func(t *testing.T) {
			feed, _, err := read(request(t, write(t, "b.xlsx", c.bytes), population(program.FilesSource{Paths: []string{"*"}, Sheet: c.sheet}, columns("x"))))
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "b.xlsx") {
				t.Errorf("fed %q, error %v, want %s", feed, err, c.want)
			}
		})
	}
}

// TestWorkbookLikeAnother compares a larger sheet with what another library reads.
func TestWorkbookLikeAnother(t *testing.T) {
	text := book(t, func(f *excelize.File) error {
		w, err := f.NewStreamWriter("Sheet1")
		if err != nil {
			return err
		}
		for i := range 5000 {
			row := []any{i, strings.Repeat("t", i%7), float64(i) / 3}
			if i == 0 {
				row = []any{"n", "t", "third"}
			}
			if err := w.SetRow("A"+itoa(i+1), row); err != nil {
				return err
			}
		}
		return w.Flush()
	})
	feed, _ := mustRead(t, request(t, write(t, "b.xlsx", text), population(program.FilesSource{Paths: []string{"*"}}, columns("n", "t"))))
	f, err := excelize.OpenReader(io.Reader(strings.NewReader(text)))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := f.GetRows("Sheet1", excelize.Options{RawCellValue: true})
	if err != nil {
		t.Fatal(err)
	}
	var want strings.Builder
	for i, r := range rows[1:] {
		want.WriteString(itoa(i+1) + "," + r[0] + "," + r[1] + "\n")
	}
	if feed != want.String() {
		t.Error("the two libraries read different rows")
	}
}
