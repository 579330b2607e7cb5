package fieldwork

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/ticktie/ticktie/internal/engagement"
	"github.com/ticktie/ticktie/internal/objects"
	"github.com/ticktie/ticktie/internal/population"
	"github.com/ticktie/ticktie/internal/procedure"
	"github.com/ticktie/ticktie/internal/sampling"
	"github.com/ticktie/ticktie/internal/seal"
)

// Scope is something judged over a period: a population or a test.
type Scope struct {
	ID     string
	Period engagement.Period
}

// State is the log folded up: what is frozen, tied out, tested, drawn. It
// holds no fact of its own.
type State struct {
	Size        int64 // statements read
	Frozen      map[Scope][]Freeze
	TiedOut     map[Scope]Ties
	Runs        map[Scope][]Run
	Challenges  map[Scope][]ChallengeRun
	Commitments []Commitment
	Bundles     []seal.Statement
}

// Freeze is one freezing of a population; the last of a scope is in force.
type Freeze struct {
	Statement seal.Statement
	Digest    objects.Digest
	Snapshot  *population.Snapshot
}

// Ties are the tie-outs of the last time they were done.
type Ties struct {
	Statement seal.Statement
	Snapshot  objects.Digest // what was tied out
	TieOuts   []population.TieOut
}

// Run is one sealed run of a test.
type Run struct {
	Statement seal.Statement
	Digest    objects.Digest
	Summary   procedure.Summary
}

// ChallengeRun is one sealed challenge of a test.
type ChallengeRun struct {
	Statement seal.Statement
	Challenge Challenge
}

// Commitment is a sealed commitment to a nonce, and the draw that revealed it, if any.
type Commitment struct {
	Statement  seal.Statement
	Commitment sampling.CommitmentBody
	Drawn      *seal.Statement
}

// ReadState folds the whole log.
func ReadState(ctx context.Context, w *Workspace) (*State, error) {
	s := &State{
		Frozen: map[Scope][]Freeze{}, TiedOut: map[Scope]Ties{},
		Runs: map[Scope][]Run{}, Challenges: map[Scope][]ChallengeRun{},
	}
	size, err := w.Reader.Size()
	if err != nil {
		return nil, fmt.Errorf("reading the log: %w", err)
	}
	err = w.Reader.Entries(ctx, 0, size, func(_ int64, entry []byte) error {
		st, err := seal.Decode(entry)
		if err != nil {
			return err
		}
		s.Size++
		if err := s.fold(w.Objects, st); err != nil {
			return fmt.Errorf("statement %d (%s %s): %w", st.Seq, st.Type, st.Subject, err)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading the log: %w", err)
	}
	return s, nil
}

func (s *State) fold(o *objects.Store, st seal.Statement) error {
	switch st.Type {
	case seal.WorkspaceCreated:
		return nil
	case seal.PopulationFrozen:
		return s.foldFrozen(o, st)
	case seal.PopulationTiedOut:
		return s.foldTied(o, st)
	case seal.TestPerformed:
		r := Run{Statement: st, Digest: output(st, "result")}
		if err := json.Unmarshal(st.Body, &r.Summary); err != nil {
			return err
		}
		k := Scope{st.Subject, r.Summary.Period}
		s.Runs[k] = append(s.Runs[k], r)
		return nil
	case seal.ChallengePerformed:
		c := ChallengeRun{Statement: st}
		if err := readJSON(o, output(st, "challenge"), &c.Challenge); err != nil {
			return err
		}
		k := Scope{st.Subject, c.Challenge.Period}
		s.Challenges[k] = append(s.Challenges[k], c)
		return nil
	case seal.SampleCommitted:
		c := Commitment{Statement: st}
		if err := json.Unmarshal(st.Body, &c.Commitment); err != nil {
			return err
		}
		s.Commitments = append(s.Commitments, c)
		return nil
	case seal.SampleDrawn:
		return s.foldDrawn(st)
	case seal.BundleFrozen:
		s.Bundles = append(s.Bundles, st)
		return nil
	default:
		return fmt.Errorf("its type is unknown to this version of ticktie; use the version that wrote it, or a newer one")
	}
}

func (s *State) foldFrozen(o *objects.Store, st seal.Statement) error {
	f := Freeze{Statement: st, Digest: output(st, "snapshot"), Snapshot: &population.Snapshot{}}
	if err := readJSON(o, f.Digest, f.Snapshot); err != nil {
		return err
	}
	k := Scope{st.Subject, f.Snapshot.Period}
	s.Frozen[k] = append(s.Frozen[k], f)
	return nil
}

func (s *State) foldTied(o *objects.Store, st seal.Statement) error {
	var body population.TiedBody
	if err := json.Unmarshal(st.Body, &body); err != nil {
		return err
	}
	t := Ties{Statement: st, Snapshot: input(st, "snapshot", st.Subject)}
	for _, ref := range st.Outputs {
		if ref.Role != "tie_out" {
			continue
		}
		var to population.TieOut
		if err := readJSON(o, objects.Digest(ref.Digest), &to); err != nil {
			return err
		}
		t.TieOuts = append(t.TieOuts, to)
	}
	s.TiedOut[Scope{st.Subject, body.Period}] = t
	return nil
}

func (s *State) foldDrawn(st seal.Statement) error {
	var body sampling.DrawnBody
	if err := json.Unmarshal(st.Body, &body); err != nil {
		return err
	}
	for i := range s.Commitments {
		if s.Commitments[i].Statement.Seq == body.Committed {
			s.Commitments[i].Drawn = &st
		}
	}
	return nil
}

// Latest is the freeze in force of a population over a period; nil if none.
func (s *State) Latest(id string, p engagement.Period) *Freeze {
	all := s.Frozen[Scope{id, p}]
	if len(all) == 0 {
		return nil
	}
	return &all[len(all)-1]
}

// TieOuts are the tie-outs of the snapshot in force; none if they were done on another.
func (s *State) TieOuts(id string, p engagement.Period) []population.TieOut {
	f, t := s.Latest(id, p), s.TiedOut[Scope{id, p}]
	if f == nil || t.Snapshot != f.Digest {
		return nil
	}
	return t.TieOuts
}

// LastRun is the last run of a test over a period; nil if none.
func (s *State) LastRun(id string, p engagement.Period) *Run {
	all := s.Runs[Scope{id, p}]
	if len(all) == 0 {
		return nil
	}
	return &all[len(all)-1]
}

// output is the digest of the first output with the role; "" if none.
func output(st seal.Statement, role string) objects.Digest {
	for _, r := range st.Outputs {
		if r.Role == role {
			return objects.Digest(r.Digest)
		}
	}
	return ""
}

func input(st seal.Statement, role, name string) objects.Digest {
	for _, r := range st.Inputs {
		if r.Role == role && r.Name == name {
			return objects.Digest(r.Digest)
		}
	}
	return ""
}

func readJSON(o *objects.Store, d objects.Digest, v any) error {
	b, err := o.Read(d)
	if err != nil {
		return err
	}
	return json.Unmarshal(b, v)
}

// Current reports whether a run read the snapshots that are in force now.
func (s *State) Current(r *Run, p engagement.Period) bool {
	for _, ref := range r.Statement.Inputs {
		if ref.Role != "snapshot" {
			continue
		}
		f := s.Latest(ref.Name, p)
		if f == nil || string(f.Digest) != ref.Digest {
			return false
		}
	}
	return true
}
