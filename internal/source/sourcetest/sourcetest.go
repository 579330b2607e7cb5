// Package sourcetest is the suite that every connector passes. It says what a
// connector must do for any source; what is peculiar to one system is tested
// beside that connector.
package sourcetest

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ticktie/ticktie/internal/source"
)

// Case is one source that a connector reads, with what is known about it from
// elsewhere.
type Case struct {
	Connector source.Connector
	// Request asks for the source; each call brings an empty object store.
	Request func(t *testing.T) source.Request
	// Broken asks for a source that cannot be read at all.
	Broken func(t *testing.T) source.Request
	// Fields are the fields to be fed, in order.
	Fields []string
	// Absent are fields that no record of this source has.
	Absent []string
	// Records and Refused are how many there are, refused ones included in
	// Records. Counted by other means.
	Records, Refused int64
	// Gaps is how many gaps the source must report.
	Gaps int
}

// Run performs the suite. A source read as Parquet is not for this suite.
func Run(t *testing.T, c Case) {
	t.Helper()
	t.Run("account", c.account)
	t.Run("feed", c.feed)
	t.Run("agree", c.agree)
	t.Run("raw", c.raw)
	t.Run("locate", c.locate)
	t.Run("broken", c.broken)
	t.Run("cancelled", c.cancelled)
	t.Run("writer", c.writer)
	t.Run("unread", c.unread)
}

// Read runs one extraction to its end and returns the feed. An error may come
// from any of its steps.
func Read(ctx context.Context, c source.Connector, r source.Request) ([]byte, *source.Extraction, error) {
	s, err := c.Open(ctx, r)
	if err != nil {
		return nil, nil, err
	}
	var out bytes.Buffer
	ferr := s.Feed(ctx, &out)
	ex, cerr := s.Close(ctx)
	if err := errors.Join(ferr, cerr); err != nil {
		return nil, nil, err
	}
	if ex == nil {
		return nil, nil, errors.New("closing the stream gave neither an extraction nor an error")
	}
	return out.Bytes(), ex, nil
}

func (c Case) read(t *testing.T, r source.Request) ([]byte, *source.Extraction) {
	t.Helper()
	feed, ex, err := Read(t.Context(), c.Connector, r)
	if err != nil {
		t.Fatal(err)
	}
	return feed, ex
}

// rows parses the feed with another parser.
func (c Case) rows(t *testing.T, feed []byte) [][]string {
	t.Helper()
	r := csv.NewReader(bytes.NewReader(feed))
	r.FieldsPerRecord = 1 + len(c.Fields)
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatalf("the feed is not canonical: %v", err)
	}
	return rows
}

// account: the extraction says what was read, and its numbers add up.
func (c Case) account(t *testing.T) {
	r := c.Request(t)
	feed, ex := c.read(t, r)
	fed := int64(len(c.rows(t, feed)))
	if ex.Records != fed+int64(len(ex.Refused)) {
		t.Errorf("Records is %d, but %d were fed and %d refused", ex.Records, fed, len(ex.Refused))
	}
	if ex.Records != c.Records || int64(len(ex.Refused)) != c.Refused {
		t.Errorf("%d records, %d refused; want %d and %d", ex.Records, len(ex.Refused), c.Records, c.Refused)
	}
	if len(ex.Gaps) != c.Gaps {
		t.Errorf("gaps %v, want %d", ex.Gaps, c.Gaps)
	}
	for _, g := range ex.Gaps {
		if g.Reason == "" || !g.From.Before(g.To) {
			t.Errorf("gap %+v has no reason or no length", g)
		}
	}
	if ex.Connector != c.Connector.Name() || ex.Version != c.Connector.Version() || ex.Version == "" {
		t.Errorf("extraction by %q %q, want %q %q", ex.Connector, ex.Version, c.Connector.Name(), c.Connector.Version())
	}
	if ex.HandedOver != r.Population.HandedOver {
		t.Errorf("HandedOver is %v, the population says %v", ex.HandedOver, r.Population.HandedOver)
	}
	if ex.Started.IsZero() || ex.Ended.Before(ex.Started) {
		t.Errorf("started %v, ended %v", ex.Started, ex.Ended)
	}
	if diff := cmp.Diff(c.Fields, ex.Fields); diff != "" {
		t.Errorf("fields: %s", diff)
	}
	var records, refused, blank int64
	for _, f := range ex.Files {
		records, refused, blank = records+f.Records, refused+f.Refused, blank+f.Blank
	}
	if len(ex.Files) > 0 && (records != ex.Records || refused != int64(len(ex.Refused)) || blank != ex.Blank) {
		t.Errorf("the files have %d records, %d refused, %d blank; the extraction %d, %d, %d", records, refused, blank, ex.Records, len(ex.Refused), ex.Blank)
	}
}

// feed: numbers rise, skip exactly the refused records, and every field is
// filled somewhere.
func (c Case) feed(t *testing.T) {
	feed, ex := c.read(t, c.Request(t))
	refused := map[int64]bool{}
	for _, x := range ex.Refused {
		if refused[x.Record] || x.Code == "" || x.Reason == "" {
			t.Errorf("refused twice, or without code or reason: %+v", x)
		}
		refused[x.Record] = true
	}
	filled := make([]bool, len(c.Fields))
	want := int64(1)
	for _, row := range c.rows(t, feed) {
		for refused[want] {
			want++
		}
		if row[0] != strconv.FormatInt(want, 10) {
			t.Fatalf("record %s was fed where %d was due", row[0], want)
		}
		want++
		for i, v := range row[1:] {
			filled[i] = filled[i] || v != ""
		}
	}
	for i, f := range c.Fields {
		if !filled[i] && !slices.Contains(c.Absent, f) {
			t.Errorf("no record has a value in the field %q", f)
		}
	}
}

// agree: two runs over the same source feed the same bytes.
func (c Case) agree(t *testing.T) {
	one, exOne := c.read(t, c.Request(t))
	two, exTwo := c.read(t, c.Request(t))
	if !bytes.Equal(one, two) {
		t.Error("two runs fed different bytes")
	}
	if diff := cmp.Diff(exOne.Refused, exTwo.Refused); diff != "" {
		t.Errorf("two runs refused different records: %s", diff)
	}
	for i := range min(len(exOne.Files), len(exTwo.Files)) {
		if exOne.Files[i].SHA256 != exTwo.Files[i].SHA256 {
			t.Errorf("two runs gave %s different digests", exOne.Files[i].Name)
		}
	}
}

// raw: the bytes of every file are in the store, under the right digest.
func (c Case) raw(t *testing.T) {
	r := c.Request(t)
	_, ex := c.read(t, r)
	for _, f := range ex.Files {
		if err := f.SHA256.Check(); err != nil {
			t.Errorf("%s: %v", f.Name, err)
			continue
		}
		b, err := r.Objects.Read(f.SHA256)
		if err != nil {
			t.Errorf("%s: %v", f.Name, err)
		}
		if int64(len(b)) != f.Size {
			t.Errorf("%s: %d bytes are stored, the extraction says %d", f.Name, len(b), f.Size)
		}
	}
}

// locate: every record asked for is found again, where it was said to be.
func (c Case) locate(t *testing.T) {
	_, ex := c.read(t, c.Request(t))
	if ex.Locate == nil {
		t.Fatal("the extraction cannot locate its records")
	}
	names := map[string]bool{}
	for _, f := range ex.Files {
		names[f.Name] = true
	}
	for n := int64(1); n <= ex.Records; n += 1 + ex.Records/50 {
		p, err := ex.Locate(n)
		if err != nil {
			t.Fatalf("record %d: %v", n, err)
		}
		if p.Raw == "" || len(p.Raw) > 64<<10 || len(names) > 0 && !names[p.File] {
			t.Errorf("record %d is at %+v, which has no text or is in no file read", n, p)
		}
	}
	for i := 0; i < len(ex.Refused); i += 1 + len(ex.Refused)/50 {
		x := ex.Refused[i]
		p, err := ex.Locate(x.Record)
		if err != nil {
			t.Fatalf("refused record %d: %v", x.Record, err)
		}
		if diff := cmp.Diff(x.Place, p); diff != "" {
			t.Errorf("refused record %d is found elsewhere: %s", x.Record, diff)
		}
	}
	for _, n := range []int64{0, -1, ex.Records + 1} {
		if p, err := ex.Locate(n); err == nil {
			t.Errorf("record %d, which is none, is at %+v", n, p)
		}
	}
}

// broken: a source that cannot be read is an error, never an empty stream.
func (c Case) broken(t *testing.T) {
	if c.Broken == nil {
		t.Fatal("the case names no broken source")
	}
	if _, ex, err := Read(t.Context(), c.Connector, c.Broken(t)); err == nil {
		t.Errorf("a source that cannot be read gave %d records and no error", ex.Records)
	}
}

// cancelled: nothing is extracted once the context has ended.
func (c Case) cancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := Read(ctx, c.Connector, c.Request(t)); !errors.Is(err, context.Canceled) {
		t.Errorf("with a cancelled context: got %v, want context.Canceled", err)
	}
}

type brokenWriter struct{}

var errWriter = errors.New("nobody reads")

func (brokenWriter) Write([]byte) (int, error) { return 0, errWriter }

var _ io.Writer = brokenWriter{}

// writer: a feed that cannot be written is an error, and no extraction follows.
func (c Case) writer(t *testing.T) {
	s, err := c.Connector.Open(t.Context(), c.Request(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Feed(t.Context(), brokenWriter{}); !errors.Is(err, errWriter) {
		t.Errorf("Feed to a broken writer: got %v, want its error", err)
	}
	if ex, err := s.Close(t.Context()); err == nil {
		t.Errorf("Close after a failed Feed gave an extraction of %d records", ex.Records)
	}
}

// unread: a stream closed before it was fed gives no extraction.
func (c Case) unread(t *testing.T) {
	s, err := c.Connector.Open(t.Context(), c.Request(t))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(c.Fields, s.Fields()); diff != "" {
		t.Errorf("fields after Open: %s", diff)
	}
	if ex, err := s.Close(t.Context()); err == nil {
		t.Errorf("Close without Feed gave an extraction of %d records", ex.Records)
	}
}
