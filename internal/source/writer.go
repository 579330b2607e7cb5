package source

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// MaxLine is the longest canonical line, in bytes with its line feed, that a
// connector feeds. It stays under the engine's own limit of 2,000,000 bytes; a
// record that needs more is refused.
const MaxLine = 1_900_000

// Field is one value of a record. An absent field is not an empty text.
type Field struct {
	Text   string
	Absent bool
}

// ErrUnfit is the kind of error of a record that the canonical form cannot
// carry. Nothing of it was written: the connector refuses it and goes on.
var ErrUnfit = errors.New("record cannot be fed")

// UnfitError says why a record cannot be fed, in the words of a Refused.
type UnfitError struct {
	Record int64
	Field  int    // index from 0; -1 when the whole record is meant
	Code   string // encoding, structure
	Reason string // one sentence with the remedy
}

func (e *UnfitError) Error() string {
	return fmt.Sprintf("record %d cannot be fed: %s", e.Record, e.Reason)
}

// Is makes every UnfitError an ErrUnfit.
func (e *UnfitError) Is(target error) bool { return target == ErrUnfit }

// Writer writes records in the canonical form of Stream.Feed, for connectors
// that make rows. It buffers: call Flush after the last record.
type Writer struct {
	w    io.Writer
	buf  []byte
	last int64
}

const writerBuffer = 256 << 10

// NewWriter returns a Writer to w.
func NewWriter(w io.Writer) *Writer { return &Writer{w: w} }

// Record writes record number n. Numbers start at 1 and rise; a hole stands for
// a refused record. A record that cannot be fed gives an *UnfitError and leaves
// the Writer usable; any other error is final.
func (w *Writer) Record(n int64, fields []Field) error {
	if n <= w.last {
		return fmt.Errorf("feeding record %d after record %d: numbers must rise", n, w.last)
	}
	start := len(w.buf)
	w.buf = strconv.AppendInt(w.buf, n, 10)
	for i, f := range fields {
		if unfit := unfitText(f); unfit != nil {
			w.buf = w.buf[:start]
			unfit.Record, unfit.Field = n, i
			return unfit
		}
		w.buf = append(w.buf, ',')
		if !f.Absent {
			w.buf = AppendText(w.buf, f.Text)
		}
	}
	w.buf = append(w.buf, '\n')
	if size := len(w.buf) - start; size > MaxLine {
		w.buf = w.buf[:start]
		return &UnfitError{Record: n, Field: -1, Code: "structure", Reason: TooLong(size)}
	}
	w.last = n
	if len(w.buf) >= writerBuffer {
		return w.Flush()
	}
	return nil
}

// Flush writes what is buffered.
func (w *Writer) Flush() error {
	if len(w.buf) == 0 {
		return nil
	}
	_, err := w.w.Write(w.buf)
	w.buf = w.buf[:0]
	if err != nil {
		return fmt.Errorf("feeding records: %w", err)
	}
	return nil
}

// TooLong is the reason of a record whose canonical line has size bytes.
func TooLong(size int) string {
	return fmt.Sprintf("The record takes %d bytes and at most %d can be fed; leave out the columns that are not needed.", size, MaxLine)
}

// The reasons of a text that cannot be fed.
const (
	ReasonNUL  = "The record contains a NUL byte, which no text has; export the file again as text."
	ReasonUTF8 = "The record contains bytes that are not valid in the file's encoding; declare the right encoding, or export the file again as UTF-8."
)

func unfitText(f Field) *UnfitError {
	switch {
	case f.Absent:
		return nil
	case strings.IndexByte(f.Text, 0) >= 0:
		return &UnfitError{Code: "encoding", Reason: ReasonNUL}
	case !utf8.ValidString(f.Text):
		return &UnfitError{Code: "encoding", Reason: ReasonUTF8}
	}
	return nil
}

// AppendText appends one present field in canonical form: quoted only where it
// must be, and "" for the empty text.
func AppendText[T string | []byte](dst []byte, text T) []byte {
	if len(text) > 0 && !needsQuotes(text) {
		return append(dst, text...)
	}
	dst = append(dst, '"')
	for i := range len(text) {
		if text[i] == '"' {
			dst = append(dst, '"')
		}
		dst = append(dst, text[i])
	}
	return append(dst, '"')
}

func needsQuotes[T string | []byte](text T) bool {
	switch t := any(text).(type) {
	case string:
		return strings.ContainsAny(t, "\",\r\n")
	case []byte:
		return bytes.ContainsAny(t, "\",\r\n")
	}
	return true
}
