// Package procedure performs tests of controls: attributes judged for every
// item, three-valued, each deviation kept.
package procedure

import (
	"context"

	"github.com/ticktie/ticktie/internal/engagement"
	"github.com/ticktie/ticktie/internal/objects"
	"github.com/ticktie/ticktie/internal/population"
	"github.com/ticktie/ticktie/internal/program"
)

// Judgement of one attribute for one item.
type Judgement string

// The four judgements; never softened into each other.
const (
	Met           Judgement = "met"
	Deviation     Judgement = "deviation"
	NotEvaluable  Judgement = "not_evaluable"
	NotApplicable Judgement = "not_applicable"
)

// Result of one test over sealed populations. Stored as canonical JSON.
type Result struct {
	Format      string                    `json:"format"` // ticktie-result/v1
	Test        string                    `json:"test"`
	Control     string                    `json:"control"`
	Definition  objects.Digest            `json:"definition"` // canonical JSON of the compiled test: what was run
	Population  string                    `json:"population"`
	Populations map[string]objects.Digest `json:"populations"` // id to snapshot digest, all that the frame read
	Parameters  map[string]objects.Digest `json:"parameters,omitempty"`
	Period      engagement.Period         `json:"period"`
	Effective   program.Effective         `json:"effective"` // the part of the period this version judged
	Items       int64                     `json:"items"`     // items in the frame; whole population
	Attributes  []AttributeResult         `json:"attributes"`
	// NotMet is a Parquet object with one row per item that has at least one
	// deviation, not-evaluable judgement or lead: item, key, month, one judgement per attribute,
	// then the kept values as text.
	NotMet       objects.Digest `json:"not_met,omitempty"`
	NotMetItems  int64          `json:"not_met_items"`
	NotMetDigest string         `json:"not_met_digest"` // SHA-256 over one canonical JSON line per such item in item order
	Frame        FrameProof     `json:"frame"`
	Unproven     []string       `json:"unproven,omitempty"`      // populations without a passing independent tie-out
	Open         []string       `json:"open,omitempty"`          // why the result cannot be concluded, in words; see RestOn
	NotPerformed *NotPerformed  `json:"not_performed,omitempty"` // nil if the test was performed
	Engine       string         `json:"engine"`
}

// AttributeResult counts one attribute's judgements.
type AttributeResult struct {
	ID            string        `json:"id"`
	Text          string        `json:"text"`
	Lead          bool          `json:"lead,omitempty"`
	Met           int64         `json:"met"`
	Deviations    int64         `json:"deviations"`
	NotEvaluable  int64         `json:"not_evaluable"`
	NotApplicable int64         `json:"not_applicable"`
	Months        []MonthResult `json:"months,omitempty"`
	Amount        string        `json:"amount,omitempty"` // exact sum of diff over deviations, where the procedure has one
}

// MonthResult counts one attribute in one month of event time ("2025-01"; "" for a state).
type MonthResult struct {
	Month         string `json:"month"`
	Met           int64  `json:"met"`
	Deviations    int64  `json:"deviations"`
	NotEvaluable  int64  `json:"not_evaluable"`
	NotApplicable int64  `json:"not_applicable"`
}

// FrameProof shows that the frame holds each item exactly once.
type FrameProof struct {
	Items    int64  `json:"items"`    // items expected
	Rows     int64  `json:"rows"`     // rows the frame returned
	Distinct int64  `json:"distinct"` // distinct items among them, each within 0…Items-1
	Holds    bool   `json:"holds"`
	Kind     string `json:"kind"` // identity, joined, derived
	Text     string `json:"text,omitempty"`
}

// NotPerformed says why a test has no counts.
type NotPerformed struct {
	Code   string `json:"code"` // empty_population, did_not_occur, frame_not_proven, unsafe_sql, engine, no_snapshot, refused_open
	Reason string `json:"reason"`
}

// NotMetItem is one row of the canonical JSON lines behind NotMetDigest.
type NotMetItem struct {
	Item       int64                `json:"item"`
	Key        string               `json:"key"` // JSON array of strings
	Judgements map[string]Judgement `json:"judgements"`
	Values     map[string]*string   `json:"values"` // exact text
}

// Input is what a test run needs.
type Input struct {
	Test      *program.Test
	Program   *program.Program
	Period    engagement.Period
	Snapshots map[string]*population.Snapshot // by population id
	Digests   map[string]objects.Digest       // their digests
	Objects   *objects.Store
	TempDir   string
	Progress  func(done, total int64)
}

// Engine runs a test over frozen populations. DuckDB's is duckdb.Engine.
type Engine interface {
	// Perform judges every item. An error means that nothing is known; a test
	// that cannot be performed on this data returns a Result with NotPerformed.
	Perform(ctx context.Context, in Input) (*Result, error)
	// Fixtures runs the test's fixtures and returns every mismatch.
	Fixtures(ctx context.Context, p *program.Program, t *program.Test) ([]Mismatch, error)
	// Challenge injects seeded violations into a copy of the population and
	// reports per attribute whether they were caught.
	Challenge(ctx context.Context, in Input, seed string, n int) ([]ChallengeResult, error)
}

// Mismatch is a fixture whose judgement differed from the expected one.
type Mismatch struct {
	Fixture, Key, Attribute string
	Expected, Got           Judgement
	Err                     string
}

// ChallengeResult says how many injected violations an attribute caught.
type ChallengeResult struct {
	Attribute string `json:"attribute"`
	Injected  int64  `json:"injected"`
	Caught    int64  `json:"caught"`
	How       string `json:"how"`              // what was done to the copy, in words
	Reason    string `json:"reason,omitempty"` // why nothing could be injected
}
