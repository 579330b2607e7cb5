package files

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/ticktie/ticktie/internal/source"
)

// sheetRow is one row of a sheet that holds something.
type sheetRow struct {
	number int64 // from 1
	offset int64 // in the sheet's XML
	hidden bool
	cells  []cell // from column A on; an empty one has no text
}

type cell struct {
	text  string
	fault string // why its value is not known
	err   bool   // it shows an error such as #N/A
}

// sheetScanner reads the rows of a sheet.
type sheetScanner struct {
	book   *workbook
	d      *xml.Decoder
	row    int64 // number of the last row
	last   int64 // number of the last row that was returned or skipped
	skip   int64 // rows up to this one are skipped
	blank  int64 // rows without text before the last one returned
	merged []string
	hidden int // columns
}

// maxColumns is how many columns a sheet may have.
const maxColumns = 16384

// next finds the next row with a text; false at the end of the sheet.
func (s *sheetScanner) next(row *sheetRow) (bool, error) {
	for {
		at := s.d.InputOffset()
		t, err := s.d.Token()
		if errors.Is(err, io.EOF) {
			return false, nil
		}
		if err != nil {
			return false, fmt.Errorf("reading its sheet: %w", err)
		}
		start, ok := t.(xml.StartElement)
		if !ok {
			continue
		}
		switch start.Name.Local {
		case "row":
			if err := s.readRow(row, start, at); err != nil {
				return false, fmt.Errorf("reading row %d of its sheet: %w", s.row, err)
			}
			if !row.empty() && row.number > s.skip {
				s.blank += row.number - s.last - 1
				s.last = row.number
				return true, nil
			}
		case "mergeCell":
			s.merged = append(s.merged, attr(start, "ref"))
		case "col":
			if truth(attr(start, "hidden")) {
				s.hidden++
			}
		}
	}
}

func (r *sheetRow) empty() bool {
	for _, c := range r.cells {
		if c.text != "" || c.fault != "" {
			return false
		}
	}
	return true
}

func attr(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

func truth(s string) bool { return s == "1" || s == "true" }

func (s *sheetScanner) readRow(row *sheetRow, start xml.StartElement, at int64) error {
	n := s.row + 1
	if r := attr(start, "r"); r != "" {
		v, err := strconv.ParseInt(r, 10, 64)
		if err != nil || v < n {
			return fmt.Errorf("its number is %q, after row %d", r, s.row)
		}
		n = v
	}
	s.row = n
	*row = sheetRow{number: n, offset: at, hidden: truth(attr(start, "hidden")), cells: row.cells[:0]}
	for {
		t, err := s.d.Token()
		if err != nil {
			return err
		}
		switch t := t.(type) {
		case xml.EndElement:
			if t.Name.Local == "row" {
				return nil
			}
		case xml.StartElement:
			if t.Name.Local != "c" {
				continue
			}
			if err := s.readCell(row, t); err != nil {
				return err
			}
		}
	}
}

func (s *sheetScanner) readCell(row *sheetRow, start xml.StartElement) error {
	col := len(row.cells)
	if ref := attr(start, "r"); ref != "" {
		c, err := column(ref)
		if err != nil || c < col {
			return fmt.Errorf("its cell %q is out of place", ref)
		}
		col = c
	}
	for len(row.cells) < col {
		row.cells = append(row.cells, cell{})
	}
	var v struct {
		V  *string   `xml:"v"`
		F  *string   `xml:"f"`
		Is *richText `xml:"is"`
	}
	if err := s.d.DecodeElement(&v, &start); err != nil {
		return err
	}
	c, err := s.cell(attr(start, "t"), attr(start, "s"), v.V, v.F != nil, v.Is)
	if err != nil {
		return fmt.Errorf("cell %s: %w", attr(start, "r"), err)
	}
	row.cells = append(row.cells, c)
	return nil
}

// cell renders a cell's value as text.
func (s *sheetScanner) cell(kind, style string, v *string, formula bool, inline *richText) (cell, error) {
	if inline != nil && kind == "inlineStr" {
		return cell{text: inline.text()}, nil
	}
	if v == nil || *v == "" && kind != "str" {
		if formula && kind != "str" {
			return cell{fault: "holds a formula without a stored value; open the workbook, let it calculate, and save it"}, nil
		}
		return cell{}, nil
	}
	switch kind {
	case "s":
		i, err := strconv.Atoi(*v)
		if err != nil || i < 0 || i >= len(s.book.strings) {
			return cell{}, fmt.Errorf("its shared text %q does not exist: the workbook is damaged", *v)
		}
		return cell{text: s.book.strings[i]}, nil
	case "str", "inlineStr":
		return cell{text: unescapeCell(*v)}, nil
	case "b":
		if truth(*v) {
			return cell{text: "true"}, nil
		}
		return cell{text: "false"}, nil
	case "e":
		return cell{text: *v, err: true}, nil
	case "d":
		return cell{text: *v}, nil
	case "", "n":
		text, err := numberText(*v, s.book.style(style), s.book.date04)
		return cell{text: text}, err
	}
	return cell{}, fmt.Errorf("it has the unknown type %q", kind)
}

// style returns the style of a cell format; none if it is not known.
func (w *workbook) style(id string) dateStyle {
	i, err := strconv.Atoi(id)
	if err != nil || i < 0 || i >= len(w.styles) {
		return dateStyle{}
	}
	return w.styles[i]
}

// column returns the index of the column of a reference such as AB12.
func column(ref string) (int, error) {
	n := 0
	for i := range len(ref) {
		c := ref[i]
		if c < 'A' || c > 'Z' {
			break
		}
		if n = n*26 + int(c-'A') + 1; n > maxColumns {
			return 0, errors.New("it is beyond the last column")
		}
	}
	if n == 0 {
		return 0, errors.New("it names no column")
	}
	return n - 1, nil
}

// columnName is the reverse of column.
func columnName(i int) string {
	name := ""
	for i++; i > 0; i = (i - 1) / 26 {
		name = string(rune('A'+(i-1)%26)) + name
	}
	return name
}

// sheetFeed feeds the rows of one sheet.
type sheetFeed struct {
	s      *stream
	t      *table
	sc     *sheetScanner
	header []string
	cols   []int
	totals totals
	hidden []int64
	errs   []string
	line   bytes.Buffer
	fields []source.Field
}

// readWorkbook reads one sheet, from the object that keeps the workbook.
func (s *stream) readWorkbook(ctx context.Context, raw *rawFile, name string) error {
	f, size, err := s.stored(ctx, raw)
	if err != nil {
		return err
	}
	defer f.Close()
	book, err := openWorkbook(f, size)
	if err != nil {
		return err
	}
	sh, err := book.choose(s.def.Sheet)
	if err != nil {
		return err
	}
	t := s.newTable(len(s.raws)-1, name, "", formatXLSX, nil, raw.modified)
	t.sheet = sh
	t.file.Name += "!" + sh.name
	noteSheets(t, book, sh)
	r, err := book.open(sh.part, maxPart)
	if err != nil {
		return err
	}
	defer r.Close()
	feed := &sheetFeed{s: s, t: t, sc: &sheetScanner{book: book, d: xml.NewDecoder(r)}, totals: totals{s: s, t: t}}
	return feed.read(ctx)
}

func noteSheets(t *table, book *workbook, read sheet) {
	var hidden, others []string
	for _, s := range book.sheets {
		if s.hidden {
			hidden = append(hidden, s.name)
		}
		if s.name != read.name {
			others = append(others, s.name)
		}
	}
	if len(hidden) > 0 {
		t.note("hidden sheets: %s.", list(hidden))
	}
	if len(others) > 0 {
		t.note("sheets not read: %s.", list(others))
	}
}

func (f *sheetFeed) read(ctx context.Context) error {
	var row sheetRow
	if err := f.begin(&row); err != nil {
		return err
	}
	for {
		ok, err := f.sc.next(&row)
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		if err := errors.Join(ctx.Err(), f.row(&row)); err != nil {
			return err
		}
	}
	if err := f.totals.refuse(0); err != nil {
		return err
	}
	f.t.file.Records = f.t.next - f.t.file.FirstRecord
	f.t.file.Blank = f.sc.blank
	f.account()
	return nil
}

// begin reads the header.
func (f *sheetFeed) begin(row *sheetRow) error {
	header, err := sheetHeader(f.sc, row, f.s.d)
	if err != nil {
		return err
	}
	if f.s.d.skip > 0 {
		f.t.note("%d rows before the records were skipped, as declared.", f.s.d.skip)
	}
	if f.cols, err = f.s.plan.match(header, f.t.file.Name); err != nil {
		return err
	}
	f.header = header
	f.s.setHeader(f.t, header)
	return nil
}

// sheetHeader skips the declared rows and returns the names of the fields.
func sheetHeader(sc *sheetScanner, row *sheetRow, d dialect) ([]string, error) {
	sc.skip, sc.last = int64(d.skip), int64(d.skip)
	if !d.header {
		return d.names, nil
	}
	ok, err := sc.next(row)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, errors.New("its sheet is empty: it has no header")
	}
	var header []string
	for i, c := range row.cells {
		if c.fault != "" {
			return nil, fmt.Errorf("its header cell %s%d %s", columnName(i), row.number, c.fault)
		}
		header = append(header, strings.TrimSpace(c.text))
	}
	for header[len(header)-1] == "" {
		header = header[:len(header)-1]
		if len(header) == 0 {
			return nil, fmt.Errorf("its header in row %d names nothing", row.number)
		}
	}
	return header, nil
}

// row feeds or refuses one row.
func (f *sheetFeed) row(row *sheetRow) error {
	n := f.t.number(row.offset, row.number)
	if row.hidden {
		f.hidden = append(f.hidden, row.number)
	}
	for i, c := range row.cells {
		if c.err {
			f.errs = append(f.errs, columnName(i)+strconv.FormatInt(row.number, 10))
		}
	}
	if bad := f.fault(row); bad != nil {
		return f.s.refuse(f.t, n, row.place(), bad.code, bad.reason)
	}
	f.fields = f.fields[:0]
	for _, c := range f.cols {
		f.fields = append(f.fields, row.field(c, f.t))
	}
	f.line.Reset()
	w := source.NewWriter(&f.line)
	if err := errors.Join(w.Record(n, f.fields), w.Flush()); err != nil {
		var unfit *source.UnfitError
		if errors.As(err, &unfit) {
			return f.s.refuse(f.t, n, row.place(), unfit.Code, unfit.Reason)
		}
		return err
	}
	if label := totalOf(f.s.plan, f.cols, row.texts(len(f.header))); label != "" {
		f.totals.hold(heldRecord{n, bytes.Clone(f.line.Bytes()), row.place(), label})
		return nil
	}
	f.totals.release(len(f.totals.held))
	f.s.out.buf = append(f.s.out.buf, f.line.Bytes()...)
	return f.s.out.flushFull()
}

func (r *sheetRow) field(col int, t *table) source.Field {
	switch {
	case col == fileName:
		return source.Field{Text: t.base}
	case col < 0 || col >= len(r.cells) || r.cells[col].text == "":
		return source.Field{Absent: true}
	}
	return source.Field{Text: r.cells[col].text}
}

// texts are the texts of the first width cells.
func (r *sheetRow) texts(width int) []string {
	out := make([]string, width)
	for i := range min(width, len(r.cells)) {
		out[i] = r.cells[i].text
	}
	return out
}

func (f *sheetFeed) fault(row *sheetRow) *fault {
	same := true
	for i, c := range row.cells {
		if c.fault != "" {
			return structureFault("Cell %s%d %s.", columnName(i), row.number, c.fault)
		}
		if i >= len(f.header) {
			if c.text != "" {
				return &fault{"ragged", fmt.Sprintf("Cell %s%d stands beyond the last column of the header; name that column, or clear the cell.", columnName(i), row.number)}
			}
			continue
		}
		same = same && strings.TrimSpace(c.text) == f.header[i]
	}
	if same && len(row.cells) >= len(f.header) {
		return &fault{"repeated_header", reasonHeader}
	}
	return nil
}

// place gives the row's texts in the canonical form, as its raw text.
func (r *sheetRow) place() source.Place {
	var raw []byte
	for i, c := range r.cells {
		if i > 0 {
			raw = append(raw, ',')
		}
		if c.text != "" {
			raw = source.AppendText(raw, c.text)
		}
	}
	return source.Place{Line: r.number, Offset: r.offset, Raw: string(raw)}
}

// account notes what a reader of the sheet may not see.
func (f *sheetFeed) account() {
	if len(f.hidden) > 0 {
		f.t.note("%d hidden rows were read: %s.", len(f.hidden), list(texts(f.hidden)))
	}
	if f.sc.hidden > 0 {
		f.t.note("%d stretches of columns are hidden; they were read like the others.", f.sc.hidden)
	}
	if len(f.sc.merged) > 0 {
		f.t.note("%d groups of cells are merged (%s): only the first cell of each has the value.", len(f.sc.merged), list(f.sc.merged))
	}
	if len(f.errs) > 0 {
		f.t.note("%d cells show an error, fed as its text: %s.", len(f.errs), list(f.errs))
	}
}

func texts(ns []int64) []string {
	out := make([]string, len(ns))
	for i, n := range ns {
		out[i] = strconv.FormatInt(n, 10)
	}
	return out
}

// sheet finds a row again.
func (l *finder) sheetRow(t *table, n int64) (source.Place, error) {
	f, err := l.store.Open(t.file.SHA256)
	if err != nil {
		return source.Place{}, err
	}
	defer f.Close()
	book, err := openWorkbook(f, t.file.Size)
	if err != nil {
		return source.Place{}, err
	}
	r, err := book.open(t.sheet.part, maxPart)
	if err != nil {
		return source.Place{}, err
	}
	defer r.Close()
	sc := &sheetScanner{book: book, d: xml.NewDecoder(r)}
	var row sheetRow
	if _, err := sheetHeader(sc, &row, l.d); err != nil {
		return source.Place{}, err
	}
	for at := t.file.FirstRecord; ; at++ {
		ok, err := sc.next(&row)
		if err != nil {
			return source.Place{}, err
		}
		if !ok {
			return source.Place{}, io.ErrUnexpectedEOF
		}
		if at == n {
			return row.place(), nil
		}
	}
}
