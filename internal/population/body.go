package population

import (
	"github.com/ticktie/ticktie/internal/engagement"
	"github.com/ticktie/ticktie/internal/objects"
)

// FrozenBody is the body of a population.frozen statement: counts, no values.
type FrozenBody struct {
	Period     engagement.Period `json:"period"`
	Counts     Counts            `json:"counts"`
	RefusedBy  map[string]int64  `json:"refused_by,omitempty"`
	Gaps       int               `json:"gaps"` // stretches without coverage
	HandedOver bool              `json:"handed_over"`
	Earlier    objects.Digest    `json:"earlier,omitempty"`
}

// Body is what a statement says of the snapshot.
func (s *Snapshot) Body(handedOver bool) FrozenBody {
	return FrozenBody{
		Period: s.Period, Counts: s.Counts, RefusedBy: s.RefusedBy,
		Gaps: len(s.Coverage.Gaps), HandedOver: handedOver, Earlier: s.Earlier,
	}
}

// TiedBody is the body of a population.tied_out statement.
type TiedBody struct {
	Period   engagement.Period `json:"period"`
	Outcomes map[string]string `json:"outcomes"` // tie-out id to agrees, differs, not_evaluable
}

// BodyOf is what a statement says of a population's tie-outs.
func BodyOf(period engagement.Period, ties []TieOut) TiedBody {
	b := TiedBody{Period: period, Outcomes: map[string]string{}}
	for _, t := range ties {
		b.Outcomes[t.ID] = t.Outcome
	}
	return b
}
