package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ticktie/ticktie/internal/fieldwork"
	"github.com/ticktie/ticktie/internal/population"
	"github.com/ticktie/ticktie/internal/procedure"
	"github.com/ticktie/ticktie/internal/program"
)

func (a *app) statusCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Show where each engagement stands, unknown first",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			p, err := a.load()
			if err != nil {
				return err
			}
			w, err := fieldwork.OpenWorkspace(a.workspaceRoot())
			if err != nil {
				return err
			}
			err = a.status(c.Context(), p, w)
			return errors.Join(err, w.Close())
		},
	}
}

type statusJSON struct {
	Engagement  string                 `json:"engagement"`
	Title       string                 `json:"title"`
	Period      string                 `json:"period"`
	Populations []populationStatusJSON `json:"populations"`
	Tests       []testStatusJSON       `json:"tests"`
	Untested    []string               `json:"controls_without_test,omitempty"`
	Counts      map[string]int         `json:"tests_by_outcome"`
}

type populationStatusJSON struct {
	ID       string   `json:"id"`
	Frozen   bool     `json:"frozen"`
	Items    int64    `json:"items"`
	Refused  int64    `json:"refused"`
	Proven   bool     `json:"proven"`
	Unproven string   `json:"unproven,omitempty"`
	Gaps     []string `json:"gaps,omitempty"`
	Snapshot string   `json:"snapshot,omitempty"`
}

type testStatusJSON struct {
	ID           string `json:"id"`
	Control      string `json:"control"`
	Outcome      string `json:"outcome"` // not_tested if never run on the snapshots in force
	Runs         int    `json:"runs"`
	Deviations   int64  `json:"deviations"`
	NotEvaluable int64  `json:"not_evaluable"`
	Open         int    `json:"open"`
}

const notTested = "not_tested"

func (a *app) status(ctx context.Context, p *program.Program, w *fieldwork.Workspace) error {
	s, err := fieldwork.ReadState(ctx, w)
	if err != nil {
		return err
	}
	f := a.wire(p, w, w.Objects.TempDir())
	var all []statusJSON
	for i := range p.Engagements {
		e, err := a.engagementStatus(f, s, &p.Engagements[i])
		if err != nil {
			return err
		}
		all = append(all, *e)
	}
	unrevealed := 0
	for _, c := range s.Commitments {
		if c.Drawn == nil {
			unrevealed++
			a.worse(exitUnknown)
		}
	}
	if a.json {
		a.printJSON(map[string]any{"engagements": all, "statements": s.Size, "commitments_never_revealed": unrevealed, "witnessed": false})
		return nil
	}
	for i := range all {
		a.showStatus(&all[i])
	}
	a.printf("\n%s in the log, seen by no outsider.", count(s.Size, "statement"))
	if unrevealed > 0 {
		a.printf(" %s to a sample never revealed.", count(int64(unrevealed), "commitment"))
	}
	a.printf("\n")
	return nil
}

func (a *app) engagementStatus(f *fieldwork.Fieldwork, s *fieldwork.State, e *program.Engagement) (*statusJSON, error) {
	out := &statusJSON{Engagement: e.ID, Title: e.Title, Period: e.Period().String(), Counts: map[string]int{}}
	pops, err := f.PopulationsOf(e)
	if err != nil {
		return nil, err
	}
	for _, pop := range pops {
		out.Populations = append(out.Populations, a.populationStatus(s, e, pop))
	}
	tested := map[string]bool{}
	for _, t := range f.Program.TestsOfEngagement(e) {
		tested[t.Control] = true
		ts := testStatusJSON{ID: t.ID, Control: t.Control, Outcome: notTested, Runs: len(s.Runs[fieldwork.Scope{ID: t.ID, Period: e.Period()}])}
		if r := s.LastRun(t.ID, e.Period()); r != nil && s.Current(r, e.Period()) {
			ts.Outcome = string(r.Summary.Outcome)
			ts.Deviations, ts.NotEvaluable, ts.Open = r.Summary.Deviations, r.Summary.NotEvaluable, r.Summary.Open
		}
		out.Counts[ts.Outcome]++
		a.worse(statusCode(ts))
		out.Tests = append(out.Tests, ts)
	}
	for _, c := range f.Program.ControlsOf(e) {
		if !tested[c.ID] {
			out.Untested = append(out.Untested, c.ID)
		}
	}
	slices.SortStableFunc(out.Tests, func(x, y testStatusJSON) int { return rank(x) - rank(y) })
	return out, nil
}

func (a *app) populationStatus(s *fieldwork.State, e *program.Engagement, pop *program.Population) populationStatusJSON {
	ps := populationStatusJSON{ID: pop.ID}
	fr := s.Latest(pop.ID, e.Period())
	if fr == nil {
		ps.Unproven = "not frozen; run `ticktie collect`"
		a.worse(exitUnknown)
		return ps
	}
	ps.Frozen, ps.Items, ps.Refused = true, fr.Snapshot.Items, fr.Snapshot.Counts.Refused
	ps.Gaps, ps.Snapshot = fr.Snapshot.Coverage.Gaps, string(fr.Digest)
	ps.Proven, ps.Unproven = population.Proven(s.TieOuts(pop.ID, e.Period()), pop)
	if !ps.Proven || ps.Refused > 0 || len(ps.Gaps) > 0 {
		a.worse(exitUnknown)
	}
	return ps
}

// rank sorts unknown above deviations above the rest.
func rank(t testStatusJSON) int {
	order := []string{notTested, string(procedure.NotEvaluated), string(procedure.NotConcluded), string(procedure.Deviations), string(procedure.DidNotOccur), string(procedure.NoDeviations)}
	return slices.Index(order, t.Outcome)
}

func statusCode(t testStatusJSON) int {
	switch {
	case t.Outcome == string(procedure.DidNotOccur):
		return exitDone
	case t.Outcome == notTested || t.NotEvaluable > 0 || t.Open > 0 || t.Outcome == string(procedure.NotEvaluated):
		return exitUnknown
	case t.Deviations > 0:
		return exitDeviations
	default:
		return exitDone
	}
}

func (a *app) showStatus(s *statusJSON) {
	a.printf("\nEngagement %s  %s\n", s.Engagement, s.Title)
	paragraph(a.out, "  ", "Period", s.Period)
	open := 0
	for _, p := range s.Populations {
		var why []string
		if !p.Frozen || !p.Proven {
			why = append(why, p.Unproven)
		}
		if p.Refused > 0 {
			why = append(why, count(p.Refused, "refused record"))
		}
		why = append(why, p.Gaps...)
		if len(why) > 0 {
			open++
			paragraph(a.out, "  ", "Population", p.ID+": "+strings.Join(why, "; "))
		}
	}
	paragraph(a.out, "  ", "Populations", fmt.Sprintf("%s, %d of them open", count(int64(len(s.Populations)), "population"), open))
	for _, t := range s.Tests {
		if t.Outcome == string(procedure.NoDeviations) {
			continue
		}
		line := t.ID + ": " + words(t.Outcome)
		if t.Deviations > 0 {
			line += ", " + count(t.Deviations, "deviation")
		}
		if t.NotEvaluable > 0 {
			line += ", " + count(t.NotEvaluable, "judgement") + " not evaluable"
		}
		if t.Runs > 1 {
			line += fmt.Sprintf(" (last of %d runs)", t.Runs)
		}
		paragraph(a.out, "  ", "Test", line)
	}
	paragraph(a.out, "  ", "Tests", fmt.Sprintf("%s, %d without deviations", count(int64(len(s.Tests)), "test"), s.Counts[string(procedure.NoDeviations)]))
	if len(s.Untested) > 0 {
		paragraph(a.out, "  ", "By hand", "controls without a test here, for manual procedures: "+strings.Join(s.Untested, ", "))
	}
}
