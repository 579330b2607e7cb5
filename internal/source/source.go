// Package source says what a connector is and holds the reader that turns
// bytes into records that can be accounted for. It reads; it never decides
// what a record means: that is the population's.
package source

import (
	"context"
	"io"
	"time"

	"github.com/ticktie/ticktie/internal/engagement"
	"github.com/ticktie/ticktie/internal/objects"
	"github.com/ticktie/ticktie/internal/program"
)

// Connector reads one kind of system, read-only.
type Connector interface {
	Name() string
	Version() string
	// Open prepares to read the records that the request asks for. Nothing
	// read is a population until Close has returned the extraction without an
	// error. A source that cannot be read at all is an error, never an empty
	// stream; one that cannot answer for a part returns a Gap.
	Open(ctx context.Context, r Request) (Stream, error)
}

// Request is what a population asks of a connector.
type Request struct {
	Population   *program.Population
	Organization string // default zone etc. come resolved in Location
	DataDir      string // paths in a definition are relative to it
	Period       engagement.Period
	Location     *time.Location   // the population's zone
	Objects      *objects.Store   // where raw bytes are kept
	Now          func() time.Time // extraction time
}

// Stream is one extraction under way.
type Stream interface {
	// Fields are the names of the fields fed, in feed order, matched from the
	// source's own header. Known after Open.
	Fields() []string
	// Parquet returns the paths of Parquet files that DuckDB should read
	// itself, in order; then Feed is not called. Their rows are records 1…N in
	// file and row order.
	Parquet() []string
	// Feed writes every structurally sound record to w in the canonical form:
	//
	//	record-number,field1,field2,…\n
	//
	// UTF-8, comma, '"' quoting with doubled quotes, LF. record-number counts
	// all records of all files from 1, refused ones included (blank lines are not
	// records), so that the numbers fed rise but may have holes. An empty
	// unquoted field is absent. Records refused for their structure are not
	// written; they are in Extraction.Refused.
	Feed(ctx context.Context, w io.Writer) error
	// Close ends the extraction, stores raw bytes, and accounts for what was read.
	Close(ctx context.Context) (*Extraction, error)
}

// Extraction is the extraction record: what was asked, by whom, what came.
// Invariant: Records = fed + len(Refused); blanks are counted apart.
type Extraction struct {
	Connector  string            `json:"connector"`
	Version    string            `json:"version"`
	Query      string            `json:"query,omitempty"`
	Parameters map[string]string `json:"parameters,omitempty"`
	Identity   string            `json:"identity,omitempty"` // account used and what it may see; never a secret
	HandedOver bool              `json:"handed_over"`
	Started    time.Time         `json:"started"`
	Ended      time.Time         `json:"ended"`
	Files      []File            `json:"files,omitempty"`
	Fields     []string          `json:"fields"`
	Records    int64             `json:"records"`
	Blank      int64             `json:"blank"`
	Bytes      int64             `json:"bytes"` // raw bytes read
	Refused    []Refused         `json:"-"`     // structural; goes to the refused set
	Gaps       []Gap             `json:"gaps,omitempty"`
	Notes      []string          `json:"notes,omitempty"` // header drift, hidden sheets, detected encodings, in plain words
	BlindSpots []string          `json:"blind_spots,omitempty"`
	// Reported are counts the source itself states, before and after.
	Reported map[string]string `json:"reported,omitempty"`

	// Locate finds a record again: its file, physical line (from 1), byte
	// offset in the decoded file, and raw text. Nil for Parquet.
	Locate func(record int64) (Place, error) `json:"-"`
}

// File is one file (or member of an archive) of a source.
type File struct {
	Name        string         `json:"name"`   // relative to the data directory; member after "!"
	Size        int64          `json:"size"`   // raw bytes
	SHA256      objects.Digest `json:"sha256"` // of the raw bytes
	Modified    time.Time      `json:"modified,omitzero"`
	Compression string         `json:"compression,omitempty"`
	Encoding    string         `json:"encoding,omitempty"`
	EncodingBy  string         `json:"encoding_by,omitempty"` // declared, detected, bom
	Header      []string       `json:"header,omitempty"`
	Drift       []string       `json:"drift,omitempty"` // differences to the first file's header
	FirstRecord int64          `json:"first_record"`
	Records     int64          `json:"records"`
	Blank       int64          `json:"blank"`
	Refused     int64          `json:"refused"` // structural only
}

// Place is where a record stands in its source.
type Place struct {
	File   string `json:"file"`
	Line   int64  `json:"line,omitempty"` // physical line, from 1; row of a sheet
	Offset int64  `json:"offset"`         // byte offset in the decoded file
	Raw    string `json:"raw,omitempty"`  // the record's text, at most 64 KiB
}

// Refused is a record that could not become an item, kept with where and why.
type Refused struct {
	Record int64 `json:"record"`
	Place
	Column string `json:"column,omitempty"`
	Value  string `json:"value,omitempty"`
	// Code: ragged, repeated_header, trailing_total, encoding, bad_value,
	// rounded, absent_key, absent_required, repeated_key, outside_period,
	// absent_time, impossible_local_time, double_local_time, structure.
	Code   string `json:"code"`
	Reason string `json:"reason"` // one sentence with the remedy
}

// Gap is a part of the period for which the source could not answer.
type Gap struct {
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
	Reason string    `json:"reason"`
}
