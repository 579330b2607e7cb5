package procedure

import (
	"fmt"
	"slices"

	"github.com/ticktie/ticktie/internal/engagement"
	"github.com/ticktie/ticktie/internal/population"
	"github.com/ticktie/ticktie/internal/program"
)

// Outcome is what one test indicates. It is never a conclusion.
type Outcome string

// The outcomes of a test (domain: testing, section 9).
const (
	NoDeviations  Outcome = "no_deviations"
	Deviations    Outcome = "deviations"
	NotEvaluated  Outcome = "not_evaluable"
	NotConcluded  Outcome = "not_concluded" // performed and counted; what it rests on is open
	DidNotOccur   Outcome = "did_not_occur" // the population is proven to be empty
	codeEmpty             = "empty_population"
	codeDidNotOcc         = "did_not_occur"
)

// Basis is what a result rests on besides the items: the populations it read
// and their tie-outs, by population id.
type Basis struct {
	Program   *program.Program
	Snapshots map[string]*population.Snapshot
	TieOuts   map[string][]population.TieOut
}

// RestOn writes into the result what stands between it and a conclusion: each
// population it read that is unproven, has refused records nobody accounted
// for, or does not cover the period. An empty population becomes "did not
// occur" only if its emptiness is declared and independently tied out.
func (r *Result) RestOn(b Basis) {
	r.Unproven, r.Open = nil, nil
	ids := make([]string, 0, len(b.Snapshots))
	for id := range b.Snapshots {
		if _, read := r.Populations[id]; read {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	for _, id := range ids {
		r.openOf(id, b)
	}
	if r.NotPerformed == nil || r.NotPerformed.Code != codeEmpty {
		return
	}
	pop := b.Program.Population(r.Population)
	if pop != nil && pop.EmptyMeans != "" && len(r.Open) == 0 {
		r.NotPerformed = &NotPerformed{Code: codeDidNotOcc, Reason: pop.EmptyMeans}
	}
}

func (r *Result) openOf(id string, b Basis) {
	snap := b.Snapshots[id]
	pop := b.Program.Population(id)
	if pop == nil {
		r.Open = append(r.Open, fmt.Sprintf("population %s is not defined in the program", id))
		return
	}
	if ok, reason := population.Proven(b.TieOuts[id], pop); !ok {
		r.Unproven = append(r.Unproven, id)
		r.Open = append(r.Open, fmt.Sprintf("population %s is unproven: %s", id, reason))
	}
	if n := snap.Counts.Refused; n > 0 {
		r.Open = append(r.Open, fmt.Sprintf("population %s: %d of %d records read were refused and nobody has accounted for them", id, n, snap.Counts.Read))
	}
	for _, g := range snap.Coverage.Gaps {
		r.Open = append(r.Open, fmt.Sprintf("population %s does not cover the period: %s", id, g))
	}
}

// Outcome is what the counts indicate: unknown stands above pass.
func (r *Result) Outcome() Outcome {
	switch deviations, unknown, _ := r.sums(); {
	case r.NotPerformed != nil && r.NotPerformed.Code == codeDidNotOcc:
		return DidNotOccur
	case r.NotPerformed != nil:
		return NotEvaluated
	case deviations > 0:
		return Deviations
	case unknown > 0:
		return NotEvaluated
	case len(r.Open) > 0:
		return NotConcluded
	default:
		return NoDeviations
	}
}

// sums counts judgements over all attributes: deviations, not evaluable, leads.
func (r *Result) sums() (deviations, unknown, leads int64) {
	for _, a := range r.Attributes {
		unknown += a.NotEvaluable
		if a.Lead {
			leads += a.Deviations
		} else {
			deviations += a.Deviations
		}
	}
	return deviations, unknown, leads
}

// Summary is the body of a test.performed statement: counts, no values.
type Summary struct {
	Control      string             `json:"control"`
	Period       engagement.Period  `json:"period"`
	Outcome      Outcome            `json:"outcome"`
	Items        int64              `json:"items"`
	Deviations   int64              `json:"deviations"` // judgements, over all attributes
	NotEvaluable int64              `json:"not_evaluable"`
	Leads        int64              `json:"leads"`
	Attributes   []AttributeSummary `json:"attributes,omitempty"`
	NotPerformed string             `json:"not_performed,omitempty"` // code
	Open         int                `json:"open"`                    // reasons why it cannot be concluded
}

// AttributeSummary counts one attribute.
type AttributeSummary struct {
	ID            string `json:"id"`
	Met           int64  `json:"met"`
	Deviations    int64  `json:"deviations"`
	NotEvaluable  int64  `json:"not_evaluable"`
	NotApplicable int64  `json:"not_applicable"`
	Lead          bool   `json:"lead,omitempty"`
}

// Summary is what a statement says of the result.
func (r *Result) Summary() Summary {
	s := Summary{Control: r.Control, Period: r.Period, Outcome: r.Outcome(), Items: r.Items, Open: len(r.Open)}
	s.Deviations, s.NotEvaluable, s.Leads = r.sums()
	for _, a := range r.Attributes {
		s.Attributes = append(s.Attributes, AttributeSummary{
			ID: a.ID, Met: a.Met, Deviations: a.Deviations,
			NotEvaluable: a.NotEvaluable, NotApplicable: a.NotApplicable, Lead: a.Lead,
		})
	}
	if r.NotPerformed != nil {
		s.NotPerformed = r.NotPerformed.Code
	}
	return s
}
