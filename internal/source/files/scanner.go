package files

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
)

const (
	// maxRecord is the longest record looked for, in bytes of decoded text. A
	// longer one comes from a quote that was never closed.
	maxRecord = 16 << 20
	scanSize  = 256 << 10
	// tailSize is how much text a scanner has in hand, unless the file ends, so
	// that the last records are known to be the last.
	tailSize = 64 << 10
)

// span is one field within the raw text of a record.
type span struct {
	start, end int
	quoted     bool // it stands in quotes, which the span includes
	marked     bool // unquoted, with a quote or an escape inside
}

// record is one record of delimited text. Its slices hold until the next one.
type record struct {
	offset, line int64 // where it begins
	raw          []byte
	fields       []span
	stray        int // index of a field with text after its closing quote; -1 if none
	marked       bool
}

// scanner finds the records in delimited UTF-8 text. Line ends are LF, CRLF and
// CR, in any mix; an empty line is blank and no record.
type scanner struct {
	ctx    context.Context
	src    io.Reader
	d      dialect
	buf    []byte
	r, w   int
	eof    bool
	offset int64 // of buf[r] in the decoded text
	line   int64 // physical line of buf[r], from 1
	blank  int64
}

func newScanner(ctx context.Context, src io.Reader, d dialect) *scanner {
	return &scanner{ctx: ctx, src: src, d: d, buf: make([]byte, scanSize), line: 1}
}

// skipBOM skips byte order marks at the beginning, even repeated ones.
func (s *scanner) skipBOM() error {
	for {
		if err := s.fill(); err != nil {
			return err
		}
		if !bytes.HasPrefix(s.buf[s.r:s.w], bomUTF8) {
			return nil
		}
		s.advance(len(bomUTF8))
	}
}

func (s *scanner) advance(n int) {
	s.r += n
	s.offset += int64(n)
}

// fill makes sure that tailSize bytes are in hand, or all that there are.
func (s *scanner) fill() error {
	if s.eof || s.w-s.r >= tailSize {
		return nil
	}
	return s.more()
}

// more reads until the buffer is full or the text ends, and makes room first.
func (s *scanner) more() error {
	if err := s.ctx.Err(); err != nil {
		return err
	}
	if s.r > 0 {
		s.w = copy(s.buf, s.buf[s.r:s.w])
		s.r = 0
	}
	if s.w == len(s.buf) {
		s.buf = append(s.buf, make([]byte, len(s.buf))...)
	}
	for s.w < len(s.buf) && !s.eof {
		n, err := s.src.Read(s.buf[s.w:])
		s.w += n
		if errors.Is(err, io.EOF) {
			s.eof = true
		} else if err != nil {
			return err
		}
	}
	return nil
}

// skipLine skips one physical line; false at the end.
func (s *scanner) skipLine() (bool, error) {
	for {
		if err := s.fill(); err != nil {
			return false, err
		}
		data := s.buf[s.r:s.w]
		if len(data) == 0 {
			return false, nil
		}
		if i := bytes.IndexAny(data, "\r\n"); i >= 0 {
			if n := lineEnd(data[i:], s.eof); n > 0 {
				s.advance(i + n)
				s.line++
				return true, nil
			}
		} else if s.eof {
			s.advance(len(data))
			s.line++
			return true, nil
		}
		if err := s.grow(0); err != nil {
			return false, err
		}
	}
}

// lineEnd returns the length of the line end that data begins with; 0 if more
// must be read to tell.
func lineEnd(data []byte, eof bool) int {
	switch {
	case data[0] == '\n':
		return 1
	case len(data) > 1 && data[1] == '\n':
		return 2
	case len(data) > 1 || eof:
		return 1
	}
	return 0
}

// grow reads more for a record that does not end in the buffer. quote is where
// its open quote stands, from its beginning; negative if none is open.
func (s *scanner) grow(quote int) error {
	if s.w-s.r < maxRecord {
		return s.more()
	}
	if quote >= 0 {
		return fmt.Errorf("the quote opened on line %d is not closed within %d bytes: close it, or set source.files.quote to none if the file does not quote", s.line+countLines(s.buf[s.r:s.r+quote]), maxRecord)
	}
	return fmt.Errorf("the record on line %d is longer than %d bytes", s.line, maxRecord)
}

// next finds the next record; false at the end of the text.
func (s *scanner) next(rec *record) (bool, error) {
	for {
		if err := s.fill(); err != nil {
			return false, err
		}
		data := s.buf[s.r:s.w]
		if len(data) == 0 {
			return false, nil
		}
		if data[0] == '\n' || data[0] == '\r' {
			if n := lineEnd(data, s.eof); n > 0 {
				s.advance(n)
				s.line++
				s.blank++
				continue
			}
		}
		used, open := s.d.split(data, s.eof, rec)
		switch {
		case used > 0:
			rec.offset, rec.line = s.offset, s.line
			s.advance(used)
			s.line += countLines(data[:used])
			return true, nil
		case s.eof:
			return false, fmt.Errorf("the quote opened on line %d is never closed: close it, or get the file again if it is cut off", s.line+countLines(data[:max(open, 0)]))
		}
		if err := s.grow(open); err != nil {
			return false, err
		}
	}
}

// countLines counts line ends: LF, CRLF and CR.
func countLines(data []byte) int64 {
	n := int64(bytes.Count(data, []byte{'\n'}))
	for {
		i := bytes.IndexByte(data, '\r')
		if i < 0 {
			return n
		}
		if i+1 >= len(data) || data[i+1] != '\n' {
			n++
		}
		data = data[i+1:]
	}
}

// split finds the record that data begins with and returns how many bytes it
// takes with its line end; 0 if it does not end in data, and then where its
// open quote stands, -1 if none is open.
func (x *dialect) split(data []byte, eof bool, rec *record) (used, open int) {
	rec.fields = rec.fields[:0]
	rec.stray, rec.marked = -1, false
	if used := x.splitPlain(data, rec); used > 0 {
		return used, -1
	}
	rec.fields = rec.fields[:0]
	return x.splitAny(data, eof, rec)
}

// splitPlain splits a line with neither quote nor escape, by far the most.
func (x *dialect) splitPlain(data []byte, rec *record) int {
	end := bytes.IndexByte(data, '\n')
	if end < 0 || len(x.delim) != 1 {
		return 0
	}
	line := data[:end]
	if end > 0 && line[end-1] == '\r' {
		line = line[:end-1]
	}
	if bytes.IndexByte(line, '\r') >= 0 ||
		x.quote != 0 && bytes.IndexByte(line, x.quote) >= 0 ||
		x.escape != 0 && bytes.IndexByte(line, x.escape) >= 0 {
		return 0
	}
	start := 0
	for {
		i := bytes.IndexByte(line[start:], x.delim[0])
		if i < 0 {
			break
		}
		rec.fields = append(rec.fields, span{start: start, end: start + i})
		start += i + 1
	}
	rec.fields = append(rec.fields, span{start: start, end: len(line)})
	rec.raw = line
	return end + 1
}

// splitAny splits by the whole grammar.
func (x *dialect) splitAny(data []byte, eof bool, rec *record) (used, open int) {
	i := 0
	for {
		f := span{start: i}
		if x.quote != 0 && i < len(data) && data[i] == x.quote {
			f.quoted = true
			end := x.closing(data, i+1, eof)
			if end < 0 {
				return 0, i
			}
			i = end
		}
		after := i
		i = x.unquoted(data, i, &f, eof)
		if i < 0 {
			return 0, -1
		}
		f.end = i
		if f.quoted && i > after {
			rec.stray = len(rec.fields)
		}
		rec.marked = rec.marked || f.marked
		rec.fields = append(rec.fields, f)
		switch {
		case i == len(data):
			if !eof {
				return 0, -1
			}
			rec.raw = data
			return i, -1
		case data[i] == '\n' || data[i] == '\r':
			n := lineEnd(data[i:], eof)
			if n == 0 {
				return 0, -1
			}
			rec.raw = data[:i]
			return i + n, -1
		}
		if n := x.delimiter(data[i:], eof); n > 0 {
			i += n
		} else {
			return 0, -1
		}
	}
}

// closing returns the index after the closing quote of a field whose text
// begins at i; -1 if data does not hold it.
func (x *dialect) closing(data []byte, i int, eof bool) int {
	for ; i < len(data); i++ {
		switch c := data[i]; {
		case x.escape != 0 && c == x.escape:
			i++
		case c == x.quote:
			if i+1 == len(data) && !eof {
				return -1
			}
			if i+1 < len(data) && data[i+1] == x.quote {
				i++
				continue
			}
			return i + 1
		case x.escape == 0:
			n := bytes.IndexByte(data[i:], x.quote)
			if n < 0 {
				return -1
			}
			i += n - 1
		}
	}
	return -1
}

// unquoted returns the index of the delimiter or line end that ends unquoted
// text, len(data) at the end; -1 if data does not tell.
func (x *dialect) unquoted(data []byte, i int, f *span, eof bool) int {
	for ; i < len(data); i++ {
		switch c := data[i]; {
		case c == '\n' || c == '\r':
			return i
		case c == x.delim[0]:
			n := x.delimiter(data[i:], eof)
			if n > 0 {
				return i
			}
			if n < 0 {
				return -1
			}
		case x.escape != 0 && c == x.escape:
			f.marked = true
			i++
			if i >= len(data) && !eof {
				return -1
			}
		case x.quote != 0 && c == x.quote:
			f.marked = true
		}
	}
	return len(data)
}

// delimiter returns the length of the delimiter that data begins with, 0 if
// there is none, -1 if more must be read to tell.
func (x *dialect) delimiter(data []byte, eof bool) int {
	if len(x.delim) == 1 || bytes.HasPrefix(data, x.delim) {
		return len(x.delim)
	}
	if len(data) < len(x.delim) && !eof && bytes.HasPrefix(x.delim, data) {
		return -1
	}
	return 0
}

// text returns the value of a field: a part of raw, or else built in *buf.
func (x *dialect) text(raw []byte, f span, buf *[]byte) []byte {
	in := raw[f.start:f.end]
	if !f.quoted && !f.marked {
		return in
	}
	quotes := f.quoted
	if quotes {
		in = in[1 : len(in)-1]
	}
	if bytes.IndexByte(in, x.quote) < 0 && (x.escape == 0 || bytes.IndexByte(in, x.escape) < 0) {
		return in
	}
	out := (*buf)[:0]
	for i := 0; i < len(in); i++ {
		if i+1 < len(in) && (x.escape != 0 && in[i] == x.escape || quotes && in[i] == x.quote) {
			i++
		}
		out = append(out, in[i])
	}
	*buf = out
	return out
}
