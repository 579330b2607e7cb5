package duckdb

import (
	"bytes"
	"io"
	"strings"
)

// The engine splits a CSV stream at line feeds to read it in parallel, so a
// line feed inside a quoted field is a trap. lineWriter takes them out: the
// number of a record that has one is fed negative, and in its text line feeds,
// carriage returns and escapeByte itself are escaped.
const escapeByte = 0x1b

// lineWriter passes the canonical feed on, one line for each record, and counts.
type lineWriter struct {
	w       io.Writer
	counted func(n int64)
	lines   int64
	escaped int64  // records that are fed with a negative number
	begun   []byte // the begun record, as far as earlier writes brought it
	quoted  bool   // what was scanned ends inside a quoted field
	breaks  bool   // the begun record has a line break in a field
	err     error
}

// Write takes any cut of the feed.
func (l *lineWriter) Write(b []byte) (int, error) {
	before := l.lines
	sent, ended := 0, 0 // b[sent:ended] are whole records not yet passed on
	for pos := 0; pos < len(b); {
		if l.quoted {
			pos = l.inside(b, pos)
			continue
		}
		end := quoteOrEnd(b, pos)
		if l.breaks {
			if i := bytes.IndexByte(b[pos:end], '\n'); i >= 0 {
				l.pass(b[sent:ended])
				l.escape(b[ended : pos+i])
				pos += i + 1
				sent, ended = pos, pos
			}
		}
		if i := bytes.LastIndexByte(b[pos:end], '\n'); i >= 0 && !l.breaks {
			l.lines += int64(bytes.Count(b[pos:pos+i+1], []byte{'\n'}))
			ended = pos + i + 1
		}
		if l.quoted = end < len(b); l.quoted {
			end++
		}
		pos = end
	}
	l.pass(b[sent:ended])
	l.begun = append(l.begun, b[ended:]...)
	if l.counted != nil && l.lines != before {
		l.counted(l.lines)
	}
	if l.err != nil {
		return 0, l.err
	}
	return len(b), nil
}

func quoteOrEnd(b []byte, pos int) int {
	if i := bytes.IndexByte(b[pos:], '"'); i >= 0 {
		return pos + i
	}
	return len(b)
}

// inside scans a quoted field to its end.
func (l *lineWriter) inside(b []byte, pos int) int {
	end := quoteOrEnd(b, pos)
	if !l.breaks {
		l.breaks = bytes.IndexByte(b[pos:end], '\n') >= 0 || bytes.IndexByte(b[pos:end], '\r') >= 0
	}
	if l.quoted = end == len(b); !l.quoted {
		end++
	}
	return end
}

func (l *lineWriter) send(b []byte) {
	if l.err == nil && len(b) > 0 {
		_, l.err = l.w.Write(b)
	}
}

// pass hands on whole records; the first may have begun in an earlier write.
func (l *lineWriter) pass(records []byte) {
	if len(records) == 0 {
		return
	}
	l.send(l.begun)
	l.begun = l.begun[:0]
	l.send(records)
}

// escape hands on one record that has a line break in a field.
func (l *lineWriter) escape(rest []byte) {
	l.begun = append(l.begun, rest...)
	out := make([]byte, 0, len(l.begun)+16)
	out = append(out, '-')
	for _, c := range l.begun {
		switch c {
		case '\n':
			out = append(out, escapeByte, 'n')
		case '\r':
			out = append(out, escapeByte, 'r')
		case escapeByte:
			out = append(out, escapeByte, 'e')
		default:
			out = append(out, c)
		}
	}
	l.send(append(out, '\n'))
	l.begun, l.breaks = l.begun[:0], false
	l.lines++
	l.escaped++
}

// whole reports whether the feed ended with a whole record.
func (l *lineWriter) whole() bool { return len(l.begun) == 0 && !l.quoted }

// unescaped restores the text of an escaped record.
var unescaped = strings.NewReplacer("\x1bn", "\n", "\x1br", "\r", "\x1be", "\x1b")

// unescape is the SQL of unescaped. Escapes cannot overlap, so their order is free.
func unescape(x string) string {
	for _, r := range []string{"'n', chr(10)", "'r', chr(13)"} {
		x = "replace(" + x + ", chr(27) || " + r + ")"
	}
	return "replace(" + x + ", chr(27) || 'e', chr(27))"
}
