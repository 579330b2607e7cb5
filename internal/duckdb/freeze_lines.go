package duckdb

import (
	"bytes"
	"io"
	"strings"
)

// The engine splits a CSV stream at line feeds to read it in parallel, so a
// line feed inside a quoted field is a trap. lineWriter takes them out: a record
// that has one is marked by escapeMark before its record number, and in its
// text line feeds, carriage returns and escapeByte itself are escaped.
const (
	escapeMark = 'e'
	escapeByte = 0x1b
)

// lineWriter passes the canonical feed on, one line for each record, and counts.
type lineWriter struct {
	w       io.Writer
	counted func(n int64)
	lines   int64
	pending []byte // begun record, complete up to what was scanned
	quoted  bool   // scanned up to inside a quoted field
	breaks  bool   // the begun record has a line break in a field
	out     []byte
}

// Write takes any cut of the feed.
func (l *lineWriter) Write(b []byte) (int, error) {
	l.out = l.out[:0]
	start, before := 0, l.lines // where the begun record's part of b starts
	for pos := 0; pos < len(b); {
		if l.quoted {
			pos = l.inside(b, pos)
			continue
		}
		pos, start = l.outside(b, pos, start)
	}
	l.pending = append(l.pending, b[start:]...)
	if l.counted != nil && l.lines != before {
		l.counted(l.lines)
	}
	if len(l.out) == 0 {
		return len(b), nil
	}
	if _, err := l.w.Write(l.out); err != nil {
		return 0, err
	}
	return len(b), nil
}

// inside scans a quoted field up to the next quote.
func (l *lineWriter) inside(b []byte, pos int) int {
	end := len(b)
	if i := bytes.IndexByte(b[pos:], '"'); i >= 0 {
		end = pos + i
	}
	if !l.breaks {
		l.breaks = bytes.IndexByte(b[pos:end], '\n') >= 0 || bytes.IndexByte(b[pos:end], '\r') >= 0
	}
	if end < len(b) {
		l.quoted = false
		end++
	}
	return end
}

// outside scans up to the next quote and emits the records that end before it.
func (l *lineWriter) outside(b []byte, pos, start int) (int, int) {
	end := len(b)
	if i := bytes.IndexByte(b[pos:], '"'); i >= 0 {
		end = pos + i
	}
	if l.breaks {
		if i := bytes.IndexByte(b[pos:end], '\n'); i >= 0 {
			l.emit(b[start : pos+i])
			start, pos, l.breaks = pos+i+1, pos+i+1, false
		}
	}
	if !l.breaks {
		if i := bytes.LastIndexByte(b[pos:end], '\n'); i >= 0 {
			l.lines += int64(bytes.Count(b[pos:pos+i+1], []byte{'\n'}))
			l.out = append(l.out, l.pending...)
			l.pending = l.pending[:0]
			l.out = append(l.out, b[start:pos+i+1]...)
			start = pos + i + 1
		}
	}
	if end < len(b) {
		l.quoted = true
		end++
	}
	return end, start
}

// emit writes one escaped record.
func (l *lineWriter) emit(rest []byte) {
	l.pending = append(l.pending, rest...)
	l.out = append(l.out, escapeMark)
	for _, c := range l.pending {
		switch c {
		case '\n':
			l.out = append(l.out, escapeByte, 'n')
		case '\r':
			l.out = append(l.out, escapeByte, 'r')
		case escapeByte:
			l.out = append(l.out, escapeByte, 'e')
		default:
			l.out = append(l.out, c)
		}
	}
	l.out = append(l.out, '\n')
	l.pending = l.pending[:0]
	l.lines++
}

// whole reports whether the feed ended with a whole record.
func (l *lineWriter) whole() bool { return len(l.pending) == 0 && !l.quoted }

// unescaped restores the text of a marked record.
var unescaped = strings.NewReplacer("\x1bn", "\n", "\x1br", "\r", "\x1be", "\x1b")

// unescape is the SQL of unescaped.
func unescape(x string) string {
	for _, r := range []string{"'n', chr(10)", "'r', chr(13)"} {
		x = "replace(" + x + ", chr(27) || " + r + ")"
	}
	return "replace(" + x + ", chr(27) || 'e', chr(27))"
}
