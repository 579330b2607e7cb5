// Package files reads populations from files that are already here: CSV, TSV,
// JSON, JSON lines, YAML, XLSX and Parquet, plain or packed with gzip or zip.
//
// It finds the files, keeps their raw bytes, unpacks, decodes to UTF-8, matches
// columns by name and counts every record. It does not convert values: what a
// text means, and whether it is a date or an amount, is the population's.
package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ticktie/ticktie/internal/program"
	"github.com/ticktie/ticktie/internal/source"
)

// version changes when the same bytes could give another feed.
const version = "1"

// maxRefused is how many records may be refused for their structure before
// reading stops: beyond it the definition does not fit the files.
const maxRefused = 1_000_000

// maxRefusedRaw bounds the raw text kept with refused records, in bytes; after
// it each keeps the first shortRaw bytes.
const (
	maxRefusedRaw = 64 << 20
	shortRaw      = 256
	maxRaw        = 64 << 10
)

type connector struct{}

// New returns the connector named "files".
func New() source.Connector { return connector{} }

// Name returns "files".
func (connector) Name() string { return "files" }

// Version returns the version of the reader's rules.
func (connector) Version() string { return version }

// Open finds the files of the definition. They are read, hashed and kept by
// Feed; Parquet files, which Feed does not read, are hashed and kept here.
func (c connector) Open(ctx context.Context, r source.Request) (source.Stream, error) {
	s, err := newStream(r)
	if err != nil {
		return nil, err
	}
	if err := s.find(ctx); err != nil {
		s.root.Close()
		return nil, err
	}
	return s, nil
}

type state int

const (
	opened state = iota
	feeding
	fed
	closed
)

// stream is one extraction from files.
type stream struct {
	r     source.Request
	def   *program.FilesSource
	root  *os.Root
	plan  plan
	d     dialect
	names []string // raw files, relative to the data directory, sorted
	state state

	out     *out
	pool    *blockPool
	raws    []*rawFile // one a raw file, in order
	tables  []*table   // one a file or member of an archive, in order
	parquet []string
	ex      source.Extraction
	kept    int64 // raw text kept with refused records, bytes
	seen    *seenPaths
}

func newStream(r source.Request) (*stream, error) {
	p := r.Population
	if p == nil || p.Source.Files == nil {
		return nil, errors.New("opening files: the population names no files: set source.files")
	}
	if r.Objects == nil || r.Now == nil {
		return nil, fmt.Errorf("opening the files of population %s: no object store or no clock was given", p.ID)
	}
	s := &stream{r: r, def: p.Source.Files}
	var err error
	if s.d, err = newDialect(s.def); err == nil {
		s.plan, err = newPlan(p)
	}
	if err != nil {
		return nil, fmt.Errorf("population %s: %w", p.ID, err)
	}
	if s.root, err = os.OpenRoot(r.DataDir); err != nil {
		return nil, fmt.Errorf("opening the data directory of population %s: %w", p.ID, err)
	}
	s.ex = source.Extraction{
		Connector:  "files",
		Version:    version,
		Query:      p.QueryText,
		Parameters: parameters(s.def),
		HandedOver: p.HandedOver,
		Started:    r.Now(),
		Fields:     s.plan.names(),
		BlindSpots: slices.Clone(p.BlindSpots),
	}
	return s, nil
}

// parameters are the settings of the definition that are not default.
func parameters(d *program.FilesSource) map[string]string {
	m := map[string]string{
		"paths": strings.Join(d.Paths, "\n"), "format": d.Format, "encoding": d.Encoding, "member": d.Member,
		"delimiter": d.Delimiter, "quote": d.Quote, "escape": d.Escape, "header": d.Header,
		"names": strings.Join(d.Names, "\n"), "records": d.Records, "explode": d.Explode,
		"sheet": d.Sheet, "file_column": d.FileColumn,
	}
	if d.SkipLines > 0 {
		m["skip_lines"] = strconv.Itoa(d.SkipLines)
	}
	maps.DeleteFunc(m, func(_, v string) bool { return v == "" })
	return m
}

// find resolves the globs, and takes Parquet files into the store.
func (s *stream) find(ctx context.Context) error {
	names, err := glob(s.root, s.def.Paths)
	if err != nil {
		return fmt.Errorf("population %s: %w", s.r.Population.ID, err)
	}
	s.names = names
	var parquet int
	for _, n := range names {
		f, err := s.format(n)
		if err != nil {
			return err
		}
		if f == formatParquet {
			parquet++
		}
	}
	if parquet == 0 {
		return nil
	}
	if parquet < len(names) {
		return fmt.Errorf("population %s: %d of its %d files are Parquet: a population is read from Parquet files only or from none", s.r.Population.ID, parquet, len(names))
	}
	return s.takeParquet(ctx)
}

// Fields are the source fields of the declared columns, in declared order.
func (s *stream) Fields() []string { return s.plan.names() }

// Parquet returns the stored objects of Parquet files, whose bytes are the
// files' own and cannot change.
func (s *stream) Parquet() []string { return slices.Clone(s.parquet) }

// Feed reads every file in order.
func (s *stream) Feed(ctx context.Context, w io.Writer) error {
	if s.state != opened || s.parquet != nil {
		return errors.New("feeding files: Feed may be called once, and not for Parquet files")
	}
	s.state = feeding
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s.out = &out{ctx: ctx, w: w}
	s.pool = newBlockPool()
	for _, name := range s.names {
		if err := s.readRaw(ctx, name); err != nil {
			s.abandon()
			return err
		}
	}
	if err := errors.Join(s.checkPaths(), s.out.flush()); err != nil {
		s.abandon()
		return err
	}
	if err := ctx.Err(); err != nil {
		s.abandon()
		return fmt.Errorf("reading files: %w", err)
	}
	s.state = fed
	return nil
}

// abandon stops all reading; nothing half-written stays in the store.
func (s *stream) abandon() {
	for _, r := range s.raws {
		r.stop()
	}
}

// Close waits until all raw bytes are durable and returns what was read. It is
// an error unless Feed has read everything.
func (s *stream) Close(ctx context.Context) (*source.Extraction, error) {
	if s.state == closed {
		return nil, errors.New("closing files: already closed")
	}
	complete := s.state == fed || s.parquet != nil
	s.state = closed
	defer s.root.Close()
	if !complete {
		s.abandon()
		return nil, fmt.Errorf("closing the files of population %s: they were not read to their end", s.r.Population.ID)
	}
	if err := s.settle(ctx); err != nil {
		return nil, err
	}
	s.finish()
	ex := s.ex
	return &ex, nil
}

// settle waits for the raw bytes and fills their digests.
func (s *stream) settle(ctx context.Context) error {
	for i, r := range s.raws {
		if err := r.wait(ctx); err != nil {
			s.abandon()
			return err
		}
		s.ex.Bytes += r.n
		for _, t := range s.tables {
			if t.raw == i {
				t.file.SHA256, t.file.Size = r.digest, r.n
			}
		}
	}
	return nil
}

// finish puts the account together.
func (s *stream) finish() {
	first := map[string]string{}
	for _, t := range s.tables {
		s.ex.Files = append(s.ex.Files, t.file)
		s.ex.Records += t.file.Records
		s.ex.Blank += t.file.Blank
		s.ex.Notes = append(s.ex.Notes, t.notes...)
		raw := s.raws[t.raw]
		same := string(raw.digest)
		if other, ok := first[same]; ok && other != raw.name {
			s.note("%s and %s hold the same bytes: their records are counted twice.", other, raw.name)
		} else {
			first[same] = raw.name
		}
	}
	if s.parquet == nil {
		s.ex.Locate = s.locator()
	}
	s.ex.Ended = s.r.Now()
}

func (s *stream) note(format string, args ...any) {
	s.ex.Notes = append(s.ex.Notes, fmt.Sprintf(format, args...))
}

// table is one sequence of records: a file, or a member of an archive.
type table struct {
	file   source.File
	raw    int    // index of the raw file
	base   string // base name of the file or member
	member string // in a zip; empty if none
	sheet  sheet  // of a workbook
	format format
	layers []string // how it is packed, outermost first: zip, gzip
	index  []mark
	notes  []string
	next   int64 // the number that its next record gets
}

// mark is where a record begins; one is kept for every indexStep records.
type mark struct {
	record, offset, line int64
}

const indexStep = 4096

func (t *table) note(format string, args ...any) {
	t.notes = append(t.notes, t.file.Name+": "+fmt.Sprintf(format, args...))
}

// mark notes where the next record begins, if it is time to.
func (t *table) mark(offset, line int64) {
	if n := len(t.index); n == 0 || t.next-t.index[n-1].record >= indexStep {
		t.index = append(t.index, mark{t.next, offset, line})
	}
}

// number gives the record at this place its number.
func (t *table) number(offset, line int64) int64 {
	t.mark(offset, line)
	t.next++
	return t.next - 1
}

// newTable begins the next table; its records go on where the last one's ended.
func (s *stream) newTable(raw int, name, member string, f format, layers []string, modified time.Time) *table {
	first := int64(1)
	if n := len(s.tables); n > 0 {
		first = s.tables[n-1].next
	}
	t := &table{raw: raw, base: path.Base(name), member: member, format: f, layers: layers, next: first}
	t.file = source.File{Name: name, Modified: modified.UTC(), Compression: strings.Join(layers, "+"), FirstRecord: first}
	if member != "" {
		t.file.Name += "!" + member
		t.base = path.Base(member)
	}
	s.tables = append(s.tables, t)
	return t
}

// refuse keeps a record that its structure spoils.
func (s *stream) refuse(t *table, n int64, p source.Place, code, reason string) error {
	if len(s.ex.Refused) >= maxRefused {
		return fmt.Errorf("reading %s: more than %d records do not fit the definition; the last, on line %d: %s", t.file.Name, maxRefused, p.Line, reason)
	}
	p.File = t.file.Name
	limit := maxRaw
	if s.kept > maxRefusedRaw {
		limit = shortRaw
	}
	p.Raw = clip(p.Raw, limit)
	s.kept += int64(len(p.Raw))
	s.ex.Refused = append(s.ex.Refused, source.Refused{Record: n, Place: p, Code: code, Reason: reason})
	t.file.Refused++
	return nil
}

// clip cuts text to at most limit bytes of valid UTF-8.
func clip(text string, limit int) string {
	cut := len(text) > limit
	if cut {
		text = text[:limit]
	}
	text = strings.ToValidUTF8(text, "\uFFFD")
	if cut {
		for len(text) > limit-3 {
			text = text[:len(text)-1]
		}
		text = strings.ToValidUTF8(text, "") + "…"
	}
	return strings.Clone(text)
}
