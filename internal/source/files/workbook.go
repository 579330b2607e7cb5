package files

import (
	"archive/zip"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"
)

// A workbook is read row by row straight from its parts. A spreadsheet library
// hands out either rows without the style that makes a number a date, or the
// whole sheet in memory.

const (
	// maxPart bounds one unpacked part of a workbook, in bytes.
	maxPart = 8 << 30
	// maxStrings bounds the shared texts of a workbook, in bytes: they are held
	// in memory.
	maxStrings = 1 << 30
)

// workbook is what its parts say before the cells are read.
type workbook struct {
	parts   map[string]*zip.File
	date04  bool
	sheets  []sheet
	strings []string
	styles  []dateStyle // of each cell format
}

type sheet struct {
	name   string
	hidden bool
	part   string
}

func openWorkbook(r io.ReaderAt, size int64) (*workbook, error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		var head [4]byte
		if _, rerr := r.ReadAt(head[:], 0); rerr == nil && string(head[:]) == "\xD0\xCF\x11\xE0" {
			return nil, errors.New("it is encrypted, or an old .xls workbook: save it as .xlsx without a password")
		}
		return nil, fmt.Errorf("it is not a workbook: %w", err)
	}
	if len(z.File) > maxMembers {
		return nil, fmt.Errorf("its archive has %d members, more than %d", len(z.File), maxMembers)
	}
	w := &workbook{parts: map[string]*zip.File{}}
	for _, f := range z.File {
		name := strings.ToLower(strings.TrimPrefix(f.Name, "/"))
		if w.parts[name] != nil {
			return nil, fmt.Errorf("its archive holds %s twice", f.Name)
		}
		w.parts[name] = f
	}
	return w, w.load()
}

type relationship struct {
	ID     string `xml:"Id,attr"`
	Type   string `xml:"Type,attr"`
	Target string `xml:"Target,attr"`
}

// load reads the parts around the sheets.
func (w *workbook) load() error {
	main := "xl/workbook.xml"
	root, err := w.relations("")
	if err != nil {
		return err
	}
	for _, r := range root {
		if strings.HasSuffix(r.Type, "/officeDocument") {
			main = strings.TrimPrefix(r.Target, "/")
		}
	}
	rels, err := w.relations(main)
	if err != nil {
		return err
	}
	if err := w.loadBook(main, rels); err != nil {
		return err
	}
	for _, r := range rels {
		part := target(main, r.Target)
		switch {
		case strings.HasSuffix(r.Type, "/sharedStrings"):
			err = w.loadStrings(part)
		case strings.HasSuffix(r.Type, "/styles"):
			err = w.loadStyles(part)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// target resolves a relationship's target against the part that has it.
func target(from, to string) string {
	if rest, ok := strings.CutPrefix(to, "/"); ok {
		return rest
	}
	return path.Join(path.Dir(from), to)
}

// relations reads the relationships of a part; none if it has no such file.
func (w *workbook) relations(part string) ([]relationship, error) {
	dir, base := path.Split(part)
	name := dir + "_rels/" + base + ".rels"
	if w.parts[strings.ToLower(name)] == nil {
		return nil, nil
	}
	var doc struct {
		R []relationship `xml:"Relationship"`
	}
	return doc.R, w.decode(name, maxStrings, &doc)
}

func (w *workbook) loadBook(main string, rels []relationship) error {
	var doc struct {
		Pr struct {
			Date1904 string `xml:"date1904,attr"`
		} `xml:"workbookPr"`
		Sheets []struct {
			Name  string     `xml:"name,attr"`
			State string     `xml:"state,attr"`
			Attrs []xml.Attr `xml:",any,attr"`
		} `xml:"sheets>sheet"`
	}
	if err := w.decode(main, maxStrings, &doc); err != nil {
		return err
	}
	w.date04 = doc.Pr.Date1904 == "1" || doc.Pr.Date1904 == "true"
	for _, s := range doc.Sheets {
		for _, a := range s.Attrs {
			i := slices.IndexFunc(rels, func(r relationship) bool { return r.ID == a.Value })
			if a.Name.Local != "id" || i < 0 || !strings.HasSuffix(rels[i].Type, "/worksheet") {
				continue
			}
			w.sheets = append(w.sheets, sheet{s.Name, s.State == "hidden" || s.State == "veryHidden", target(main, rels[i].Target)})
		}
	}
	if len(w.sheets) == 0 {
		return errors.New("its workbook has no sheet")
	}
	return nil
}

// richText is a text, or runs of it; phonetic hints are left out.
type richText struct {
	T    []string `xml:"t"`
	Runs []string `xml:"r>t"`
}

func (r richText) text() string {
	return unescapeCell(strings.Join(r.T, "") + strings.Join(r.Runs, ""))
}

func (w *workbook) loadStrings(part string) error {
	return w.each(part, maxStrings, "si", func(d *xml.Decoder, start xml.StartElement) error {
		var t richText
		if err := d.DecodeElement(&t, &start); err != nil {
			return err
		}
		w.strings = append(w.strings, t.text())
		return nil
	})
}

func (w *workbook) loadStyles(part string) error {
	var doc struct {
		Formats []struct {
			ID   int    `xml:"numFmtId,attr"`
			Code string `xml:"formatCode,attr"`
		} `xml:"numFmts>numFmt"`
		Cells []struct {
			ID int `xml:"numFmtId,attr"`
		} `xml:"cellXfs>xf"`
	}
	if err := w.decode(part, maxStrings, &doc); err != nil {
		return err
	}
	custom := map[int]string{}
	for _, f := range doc.Formats {
		custom[f.ID] = f.Code
	}
	for _, c := range doc.Cells {
		if code, ok := custom[c.ID]; ok {
			w.styles = append(w.styles, styleOf(code))
		} else {
			w.styles = append(w.styles, builtinStyle(c.ID))
		}
	}
	return nil
}

// open opens a part; reading more than limit bytes of it is an error.
func (w *workbook) open(part string, limit int64) (io.ReadCloser, error) {
	f := w.parts[strings.ToLower(part)]
	if f == nil {
		return nil, fmt.Errorf("its workbook lacks the part %s: save it again", part)
	}
	r, err := openMember(f)
	if err != nil {
		return nil, err
	}
	return struct {
		io.Reader
		io.Closer
	}{&limited{r, limit}, r}, nil
}

type limited struct {
	r    io.Reader
	left int64
}

func (l *limited) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	if l.left -= int64(n); l.left < 0 {
		return 0, errors.New("a part of its workbook unpacks to more than can be read")
	}
	return n, err
}

func (w *workbook) decode(part string, limit int64, v any) error {
	r, err := w.open(part, limit)
	if err != nil {
		return err
	}
	defer r.Close()
	if err := xml.NewDecoder(r).Decode(v); err != nil {
		return fmt.Errorf("reading the part %s of its workbook: %w", part, err)
	}
	return nil
}

// each calls fn for every element of a name in a part.
func (w *workbook) each(part string, limit int64, name string, fn func(*xml.Decoder, xml.StartElement) error) error {
	r, err := w.open(part, limit)
	if err != nil {
		return err
	}
	defer r.Close()
	d := xml.NewDecoder(r)
	for {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if start, ok := t.(xml.StartElement); err == nil && ok && start.Name.Local == name {
			err = fn(d, start)
		}
		if err != nil {
			return fmt.Errorf("reading the part %s of its workbook: %w", part, err)
		}
	}
}

// choose returns the sheet that is named, or the only visible one.
func (w *workbook) choose(name string) (sheet, error) {
	var visible []sheet
	var all []string
	for _, s := range w.sheets {
		all = append(all, s.name)
		if s.name == name && name != "" {
			return s, nil
		}
		if !s.hidden {
			visible = append(visible, s)
		}
	}
	switch {
	case name != "":
		return sheet{}, fmt.Errorf("it has no sheet %q%s", name, nearSheet(name, all))
	case len(visible) != 1:
		return sheet{}, fmt.Errorf("it has %d visible sheets (%s): name one in source.files.sheet", len(visible), list(all))
	}
	return visible[0], nil
}

func nearSheet(name string, all []string) string {
	if near := nearest(name, all); near != "" {
		return fmt.Sprintf("; the nearest is %q", near)
	}
	return ""
}

// unescapeCell turns _x000D_ into the character it stands for.
func unescapeCell(s string) string {
	if !strings.Contains(s, "_x") {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		if i+7 <= len(s) && s[i:i+2] == "_x" && s[i+6] == '_' {
			if v, err := strconv.ParseUint(s[i+2:i+6], 16, 16); err == nil && (v < 0xD800 || v > 0xDFFF) {
				b.WriteRune(rune(v))
				i += 7
				continue
			}
		}
		b.WriteByte(s[i])
		i++
	}
	return b.String()
}
