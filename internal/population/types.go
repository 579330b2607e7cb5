// Package population freezes all items a control acts on in a period, once,
// and shows that they are complete and accurate.
package population

import (
	"context"
	"io"
	"time"

	"github.com/ticktie/ticktie/internal/engagement"
	"github.com/ticktie/ticktie/internal/objects"
	"github.com/ticktie/ticktie/internal/program"
	"github.com/ticktie/ticktie/internal/source"
)

// Snapshot describes one frozen population. It is stored as a canonical JSON
// object, and that object's digest is "the population digest": it covers the
// data, the refused set and the extraction record.
//
// The Parquet object Data holds, in item order (item = row position from 0):
// _record BIGINT (record number in the source), _day DATE (local day of the
// event; NULL for a state), then every column of the definition that is not
// restricted, in order. Restricted holds the restricted columns, joined by position.
type Snapshot struct {
	Format     string            `json:"format"` // ticktie-snapshot/v1
	Population string            `json:"population"`
	Period     engagement.Period `json:"period"`
	Zone       string            `json:"zone"`
	Definition objects.Digest    `json:"definition"` // canonical JSON of program.Population
	Data       objects.Digest    `json:"data"`
	Restricted objects.Digest    `json:"restricted,omitempty"`
	Items      int64             `json:"items"`
	Columns    []Column          `json:"columns"`
	Key        []string          `json:"key"`
	Counts     Counts            `json:"counts"`
	Totals     []Total           `json:"totals,omitempty"`     // of decimal and integer columns, exact
	Refused    objects.Digest    `json:"refused,omitempty"`    // JSON lines of source.Refused in record order
	RefusedBy  map[string]int64  `json:"refused_by,omitempty"` // code to count
	Extraction objects.Digest    `json:"extraction"`           // canonical JSON of source.Extraction
	Coverage   Coverage          `json:"coverage"`
	FirstEvent string            `json:"first_event,omitempty"` // UTC, microseconds
	LastEvent  string            `json:"last_event,omitempty"`
	FrozenAt   time.Time         `json:"frozen_at"`         // extraction time
	Engine     string            `json:"engine"`            // "DuckDB v1.5.6"
	Earlier    objects.Digest    `json:"earlier,omitempty"` // the snapshot that this one was frozen again after
	Reason     string            `json:"reason,omitempty"`
}

// Column is a frozen column with its engine type.
type Column struct {
	Name       string `json:"name"`
	Type       string `json:"type"` // VARCHAR, BIGINT, DECIMAL(18,2), DATE, TIMESTAMP, BOOLEAN: timestamps are UTC without zone
	Unit       string `json:"unit,omitempty"`
	Restricted bool   `json:"restricted,omitempty"`
	Absent     int64  `json:"absent"` // NULLs
	// Rounded counts the values that were rounded because the column declares
	// round, of all records read.
	Rounded int64 `json:"rounded,omitempty"`
}

// Counts account for every record: Read = Items + Refused + LeftOut. Blank
// lines are no records.
type Counts struct {
	Read    int64 `json:"read"`
	Items   int64 `json:"items"`
	Refused int64 `json:"refused"`
	LeftOut int64 `json:"left_out"` // outside the period, by declaration
	Blank   int64 `json:"blank"`
}

// Total is a control total.
type Total struct {
	Column string `json:"column"`
	Sum    string `json:"sum"` // exact decimal text
	Unit   string `json:"unit,omitempty"`
}

// Coverage is the period day by day.
type Coverage struct {
	Days []Day    `json:"days,omitempty"`
	Gaps []string `json:"gaps,omitempty"` // in words, one per stretch
}

// Day is one local day of the period.
type Day struct {
	Date  engagement.Date `json:"date"`
	Items int64           `json:"items"`
	State string          `json:"state"` // covered, gap, unreachable, not_expected
}

// Freezer turns a stream into a snapshot's parts. DuckDB's is duckdb.Freezer.
type Freezer interface {
	// Freeze reads the whole stream once and returns what it found; nothing is
	// kept if it returns an error. It proves the key unique, refuses what would
	// be rounded, cut or guessed, and fills Snapshot except Definition,
	// Extraction, Refused, Coverage gaps from the source and Earlier.
	Freeze(ctx context.Context, p FreezeRequest) (*Frozen, error)
}

// FreezeRequest is what a Freezer needs.
type FreezeRequest struct {
	Population *program.Population
	Period     engagement.Period
	Location   *time.Location
	Stream     source.Stream
	TempDir    string // private, on the same file system as the objects
	Objects    *objects.Store
	Progress   func(records int64)
}

// Frozen is what a Freezer found: the snapshot's engine part, and the refused
// records as (record, column, value, code, reason), not yet located.
type Frozen struct {
	Snapshot Snapshot
	Refused  []source.Refused
	LeftOut  int64
}

// Reader gives access to frozen data for tie-outs and draws.
type Reader interface {
	// Rows calls fn for each row of a single SELECT over the named snapshots
	// (views named by population id), values as exact text, NULL as nil.
	Rows(ctx context.Context, snaps map[string]*Snapshot, query string, fn func(values []*string) error) error
	// Keys writes each item's canonical key (a JSON array of strings), in item order.
	Keys(ctx context.Context, s *Snapshot, w io.Writer) error
}

// TieOut is the outcome of one tie-out.
type TieOut struct {
	Format      string         `json:"format"` // ticktie-tieout/v1
	Population  string         `json:"population"`
	Snapshot    objects.Digest `json:"snapshot"`
	Against     objects.Digest `json:"against,omitempty"` // snapshot of the other side
	ID          string         `json:"id"`
	Kind        string         `json:"kind"`
	Independent bool           `json:"independent"`
	Outcome     string         `json:"outcome"` // agrees, differs, not_evaluable
	Ours        string         `json:"ours,omitempty"`
	Theirs      string         `json:"theirs,omitempty"`
	Difference  string         `json:"difference,omitempty"`
	Differing   int64          `json:"differing,omitempty"` // keys that differ
	Details     []string       `json:"details,omitempty"`   // first differing keys (never restricted values), at most 100; Differing counts all
	Reason      string         `json:"reason,omitempty"`
}
