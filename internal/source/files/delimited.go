package files

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/ticktie/ticktie/internal/source"
)

// delimited feeds the records of one file of delimited text.
type delimited struct {
	s      *stream
	t      *table
	sc     *scanner
	d      dialect
	cols   []int // for each wanted field: its column, missing or fileName
	header []string
	width  int
	same   bool // the fields are the columns, and the text is canonical already
	file   []byte
	totals totals
	region region
	first  byte // of the header; 0 if its first name is empty
	buf    []byte
}

func (s *stream) readDelimited(ctx context.Context, t *table, r io.Reader) error {
	f := &delimited{s: s, t: t, d: s.d.forFormat(t.format), totals: totals{s: s, t: t}}
	f.sc = newScanner(ctx, r, f.d)
	f.file = source.AppendText(nil, t.base)
	if err := f.begin(); err != nil {
		return err
	}
	if err := f.records(); err != nil {
		return err
	}
	t.file.Records = t.next - t.file.FirstRecord
	t.file.Blank = f.sc.blank
	return nil
}

// begin reads up to the first record.
func (f *delimited) begin() error {
	header, err := readHeader(f.sc)
	if err != nil {
		return err
	}
	if f.d.skip > 0 {
		f.t.note("%d lines before the records were skipped, as declared.", f.d.skip)
	}
	f.header, f.width = header, len(header)
	if header[0] != "" {
		f.first = header[0][0]
	}
	if f.cols, err = f.s.plan.match(header, f.t.file.Name); err != nil {
		return err
	}
	f.s.setHeader(f.t, header)
	f.same = f.d.plain() && len(f.cols) == f.width
	for i, c := range f.cols {
		f.same = f.same && c == i
	}
	return nil
}

// readHeader skips the declared lines and returns the names of the fields.
func readHeader(sc *scanner) ([]string, error) {
	if err := sc.skipBOM(); err != nil {
		return nil, err
	}
	for i := range sc.d.skip {
		ok, err := sc.skipLine()
		if err != nil {
			return nil, err
		}
		if !ok {
			return nil, fmt.Errorf("it has only %d lines, and skip_lines is %d", i, sc.d.skip)
		}
	}
	if !sc.d.header {
		return slices.Clone(sc.d.names), nil
	}
	var rec record
	ok, err := sc.next(&rec)
	switch {
	case err != nil:
		return nil, err
	case !ok:
		return nil, errors.New("it is empty: it has no header; if it truly holds nothing, leave it out, or declare header none")
	case rec.stray >= 0:
		return nil, fmt.Errorf("its header on line %d has text after a closing quote", rec.line)
	case !utf8.Valid(rec.raw) || bytes.IndexByte(rec.raw, 0) >= 0:
		return nil, fmt.Errorf("its header on line %d is not valid text: set source.files.encoding", rec.line)
	}
	var buf []byte
	header := make([]string, len(rec.fields))
	for i, sp := range rec.fields {
		header[i] = strings.TrimSpace(string(sc.d.text(rec.raw, sp, &buf)))
	}
	return header, nil
}

// records feeds all records after the header.
func (f *delimited) records() error {
	var rec record
	for {
		if f.same {
			if err := f.block(); err != nil {
				return err
			}
		}
		ok, err := f.sc.next(&rec)
		if err != nil {
			return err
		}
		if !ok {
			return f.totals.refuse(f.sc.offset - tailSize/2)
		}
		if err := f.record(&rec); err != nil {
			return err
		}
	}
}

// record feeds or refuses one record.
func (f *delimited) record(rec *record) error {
	n := f.t.number(rec.offset, rec.line)
	if code, reason := f.fault(rec); code != "" {
		return f.s.refuse(f.t, n, place(rec), code, reason)
	}
	o := f.s.out
	start := len(o.buf)
	o.buf = strconv.AppendInt(o.buf, n, 10)
	o.buf = f.appendFields(o.buf, rec)
	o.buf = append(o.buf, '\n')
	if size := len(o.buf) - start; size > source.MaxLine {
		o.buf = o.buf[:start]
		return f.s.refuse(f.t, n, place(rec), "structure", source.TooLong(size))
	}
	if f.sc.eof {
		if label := totalOf(f.s.plan, f.cols, f.texts(rec)); label != "" {
			h := heldRecord{n, bytes.Clone(o.buf[start:]), place(rec), label}
			o.buf = o.buf[:start]
			f.totals.hold(h)
			return nil
		}
	}
	if len(f.totals.held) > 0 {
		line := bytes.Clone(o.buf[start:])
		o.buf = o.buf[:start]
		f.totals.release(len(f.totals.held))
		o.buf = append(o.buf, line...)
	}
	return o.flushFull()
}

func place(rec *record) source.Place {
	return source.Place{Line: rec.line, Offset: rec.offset, Raw: string(rec.raw[:min(len(rec.raw), maxRaw+1)])}
}

// fault says why a record cannot be fed; an empty code if it can.
func (f *delimited) fault(rec *record) (code, reason string) {
	switch {
	case bytes.IndexByte(rec.raw, 0) >= 0:
		return "encoding", source.ReasonNUL
	case !utf8.Valid(rec.raw):
		return "encoding", source.ReasonUTF8
	case rec.stray >= 0:
		return "structure", fmt.Sprintf("Field %d has text after its closing quote; double the quotes inside it.", rec.stray+1)
	case len(rec.fields) != f.width:
		return "ragged", fmt.Sprintf("It has %d fields and the header %d; quote a field that holds the delimiter, or complete the record.", len(rec.fields), f.width)
	case f.isHeader(rec):
		return "repeated_header", reasonHeader
	}
	return "", ""
}

// isHeader reports whether a record equals the header.
func (f *delimited) isHeader(rec *record) bool {
	for i, sp := range rec.fields {
		text := f.d.text(rec.raw, sp, &f.buf)
		if i == 0 {
			text = bytes.TrimPrefix(text, bomUTF8)
		}
		if len(text) < len(f.header[i]) || string(bytes.TrimSpace(text)) != f.header[i] {
			return false
		}
	}
	return true
}

// appendFields appends the wanted fields, each after a comma.
func (f *delimited) appendFields(dst []byte, rec *record) []byte {
	if f.same && !rec.marked {
		dst = append(dst, ',')
		return append(dst, rec.raw...)
	}
	plain := f.d.plain()
	for _, c := range f.cols {
		dst = append(dst, ',')
		switch {
		case c == missing:
		case c == fileName:
			dst = append(dst, f.file...)
		case plain && !rec.fields[c].marked:
			sp := rec.fields[c]
			dst = append(dst, rec.raw[sp.start:sp.end]...)
		default:
			sp := rec.fields[c]
			if sp.start == sp.end {
				continue
			}
			dst = source.AppendText(dst, f.d.text(rec.raw, sp, &f.buf))
		}
	}
	return dst
}

// texts are the values of all fields of a record.
func (f *delimited) texts(rec *record) []string {
	out := make([]string, len(rec.fields))
	for i, sp := range rec.fields {
		out[i] = string(f.d.text(rec.raw, sp, &f.buf))
	}
	return out
}

// region is a part of the text that was looked over as a whole.
type region struct {
	end    int64 // offset in the decoded text
	sound  bool  // valid text of whole lines
	quotes bool
}

// block feeds whole lines as they stand, as many as are in hand and known not
// to be the last. It stops at the first line that needs a closer look.
func (f *delimited) block() error {
	sc, o := f.sc, f.s.out
	if err := sc.fill(); err != nil || sc.eof || len(f.totals.held) > 0 {
		return err
	}
	data := f.sound()
	pos := 0
	for pos < len(data) {
		nl := bytes.IndexByte(data[pos:], '\n')
		line := data[pos : pos+nl]
		if nl > 0 && line[nl-1] == '\r' {
			line = line[:nl-1]
		}
		if f.special(line) {
			break
		}
		n := f.t.number(sc.offset+int64(pos), sc.line)
		o.buf = strconv.AppendInt(o.buf, n, 10)
		o.buf = append(o.buf, ',')
		o.buf = append(o.buf, line...)
		o.buf = append(o.buf, '\n')
		sc.line++
		pos += nl + 1
		if len(o.buf) >= outSize {
			if err := o.flush(); err != nil {
				return err
			}
		}
	}
	sc.advance(pos)
	return nil
}

// sound returns the whole lines in hand if they are valid text, none if not.
func (f *delimited) sound() []byte {
	sc := f.sc
	if sc.offset >= f.region.end {
		data := sc.buf[sc.r : sc.w-tailSize/2]
		if end := bytes.LastIndexByte(data, '\n') + 1; end > 0 {
			data = data[:end]
		}
		f.region = region{
			end:    sc.offset + int64(len(data)),
			sound:  data[len(data)-1] == '\n' && bytes.IndexByte(data, 0) < 0 && utf8.Valid(data),
			quotes: bytes.IndexByte(data, '"') >= 0,
		}
	}
	if !f.region.sound {
		return nil
	}
	return sc.buf[sc.r : sc.r+int(f.region.end-sc.offset)]
}

// special reports whether a line needs a closer look: it is blank, quoted,
// ragged, long, holds a CR, or may repeat the header.
func (f *delimited) special(line []byte) bool {
	if len(line) == 0 || line[0] <= ' ' || line[0] == bomUTF8[0] || line[0] == f.first || len(line) > source.MaxLine/2 {
		return true
	}
	return f.region.quotes && bytes.IndexByte(line, '"') >= 0 ||
		bytes.Count(line, comma) != f.width-1 || bytes.IndexByte(line, '\r') >= 0
}

var comma = []byte{','}
