package harborline

import (
	"bufio"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// table writes one file of records. The first error sticks and is returned by
// close.
type table struct {
	file *os.File
	gz   *gzip.Writer // nil: not compressed
	w    *bufio.Writer
	row  []byte
	// fields are those of the row so far.
	fields int
	sep    byte
	err    error
}

// table creates a file under the data directory; .gz files are compressed.
func (w *world) table(name string, header ...string) *table {
	t := w.lines(name)
	for _, h := range header {
		t.text(h)
	}
	return t.end()
}

// lines creates a file without a header.
func (w *world) lines(name string) *table {
	path := filepath.Join(w.dir, filepath.FromSlash(name))
	t := &table{sep: ','}
	if t.err = os.MkdirAll(filepath.Dir(path), 0o755); t.err != nil {
		t.w = bufio.NewWriter(io.Discard)
		return t
	}
	if t.file, t.err = os.Create(path); t.err != nil {
		t.w = bufio.NewWriter(io.Discard)
		return t
	}
	var to io.Writer = t.file
	if strings.HasSuffix(name, ".gz") {
		if t.gz, t.err = gzip.NewWriterLevel(t.file, gzip.BestSpeed); t.err == nil {
			to = t.gz
		}
	}
	t.w = bufio.NewWriterSize(to, 1<<18)
	return t
}

func (t *table) field() {
	if t.fields > 0 {
		t.row = append(t.row, t.sep)
	}
	t.fields++
}

// text writes a field, quoted where it must be. An empty text is an absent value.
func (t *table) text(s string) *table {
	t.field()
	if strings.IndexByte(s, t.sep) >= 0 || strings.ContainsAny(s, "\"\r\n") {
		t.row = append(t.row, '"')
		t.row = append(t.row, strings.ReplaceAll(s, `"`, `""`)...)
		t.row = append(t.row, '"')
		return t
	}
	t.row = append(t.row, s...)
	return t
}

func (t *table) texts(all ...string) *table {
	for _, s := range all {
		t.text(s)
	}
	return t
}

func (t *table) number(n int) *table {
	t.field()
	t.row = strconv.AppendInt(t.row, int64(n), 10)
	return t
}

// money writes hundredths: cents, or hundredths of an hour.
func (t *table) money(c int64) *table {
	t.field()
	t.row = appendScaled(t.row, c, 2)
	return t
}

// scaled writes a number of ten to the minus scale.
func (t *table) scaled(n int64, scale int) *table {
	t.field()
	t.row = appendScaled(t.row, n, scale)
	return t
}

func (t *table) day(d day) *table {
	t.field()
	t.row = d.utc().AppendFormat(t.row, time.DateOnly)
	return t
}

// dayIf writes the day, or an absent value.
func (t *table) dayIf(ok bool, d day) *table {
	if !ok {
		return t.text("")
	}
	return t.day(d)
}

func (t *table) instant(at time.Time) *table {
	t.field()
	t.row = at.AppendFormat(t.row, "2006-01-02T15:04:05Z")
	return t
}

func (t *table) instantIf(ok bool, at time.Time) *table {
	if !ok {
		return t.text("")
	}
	return t.instant(at)
}

func (t *table) truth(b bool) *table { return t.text(strconv.FormatBool(b)) }

func (t *table) end() *table {
	t.row = append(t.row, '\n')
	if _, err := t.w.Write(t.row); t.err == nil {
		t.err = err
	}
	t.row, t.fields = t.row[:0], 0
	return t
}

// close flushes and closes the file, and returns the first error.
func (t *table) close() error {
	errs := []error{t.err, t.w.Flush()}
	if t.gz != nil {
		errs = append(errs, t.gz.Close())
	}
	if t.file != nil {
		errs = append(errs, t.file.Close())
	}
	return errors.Join(errs...)
}

func appendScaled(b []byte, n int64, scale int) []byte {
	if n < 0 {
		b, n = append(b, '-'), -n
	}
	unit := int64(1)
	for range scale {
		unit *= 10
	}
	b = strconv.AppendInt(b, n/unit, 10)
	if scale == 0 {
		return b
	}
	b = append(b, '.')
	for unit /= 10; unit > 0; unit /= 10 {
		b = append(b, byte('0'+n/unit%10))
	}
	return b
}

// divide rounds half up; both are positive.
func divide(a, b int64) int64 { return (2*a + b) / (2 * b) }

// closeAll closes tables and joins their errors.
func closeAll(all ...*table) error {
	var errs []error
	for _, t := range all {
		errs = append(errs, t.close())
	}
	return errors.Join(errs...)
}
