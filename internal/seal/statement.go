// Package seal holds the formats of the log and how to check them. It is the
// only maker of a sealed value, and makes one only from a proof. It writes
// nothing, so that a verifier needs no writer.
package seal

import (
	"encoding/json"
	"time"

	"github.com/ticktie/ticktie/internal/engagement"
)

// Statement is one act, one leaf of the log: canonical JSON (keys sorted, no
// spaces, no floats), at most MaxStatement bytes. It holds digests and counts,
// never a record's value and never a person's name: what is sealed cannot be erased.
type Statement struct {
	Format    string          `json:"format"`  // ticktie-statement/v1
	Seq       int64           `json:"seq"`     // index of the leaf, from 0
	Type      string          `json:"type"`    // see Types
	Subject   string          `json:"subject"` // population, test, control or engagement id
	At        time.Time       `json:"at"`      // when recorded, UTC, microseconds: our clock, no trusted time
	Role      engagement.Role `json:"role"`
	Actor     string          `json:"actor,omitempty"`   // key id of the person or machine, never a name
	Inputs    []Ref           `json:"inputs,omitempty"`  // what the act rests on
	Outputs   []Ref           `json:"outputs,omitempty"` // objects it produced
	Program   string          `json:"program,omitempty"` // digest of the program's files
	Binary    string          `json:"binary,omitempty"`  // version of ticktie
	Reason    string          `json:"reason,omitempty"`
	Body      json.RawMessage `json:"body,omitempty"`      // counts and outcomes of the type
	Signature *Signature      `json:"signature,omitempty"` // a person's own; nil for the machine's acts
}

// Ref names an object by role and digest ("snapshot", "result", "not_met", "raw").
type Ref struct {
	Role   string `json:"role"`
	Name   string `json:"name,omitempty"`
	Digest string `json:"digest"` // sha256:hex
}

// Signature is a person's signature over the statement's canonical JSON
// without this field.
type Signature struct {
	Algorithm string `json:"algorithm"`
	Key       string `json:"key"`   // key id
	Value     string `json:"value"` // base64
}

// MaxStatement is the largest statement in bytes.
const MaxStatement = 60 << 10

// The types of statement written today.
const (
	WorkspaceCreated   = "workspace.created"
	PopulationFrozen   = "population.frozen"
	PopulationTiedOut  = "population.tied_out"
	TestPerformed      = "test.performed"
	ChallengePerformed = "challenge.performed"
	SampleCommitted    = "sample.committed"
	SampleDrawn        = "sample.drawn"
	BundleFrozen       = "bundle.frozen"
)
