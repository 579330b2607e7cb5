package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/ticktie/ticktie/internal/duckdb"
	"github.com/ticktie/ticktie/internal/fieldwork"
	"github.com/ticktie/ticktie/internal/procedure"
	"github.com/ticktie/ticktie/internal/program"
)

func (a *app) testCommand() *cobra.Command {
	var s fieldwork.Select
	var all bool
	c := &cobra.Command{
		Use:   "test [TEST…]",
		Short: "Test every item of the frozen populations, and seal what was found",
		Long: `Performs every test of the engagements over the snapshots in force: each attribute is
judged for each item as met, deviation, not evaluable or not applicable. Every run is
sealed, whatever it found, and earlier runs stay beside it.`,
		Example: `  ticktie test
  ticktie test CM-02.T1 --all
  ticktie test --control PAY-03 --json`,
		RunE: func(c *cobra.Command, args []string) error {
			s.Tests = args
			f, done, err := a.fieldwork()
			if err != nil {
				return err
			}
			p := a.startProgress()
			f.Progress = p.report
			got, err := f.Test(c.Context(), s)
			p.stop()
			if err == nil || errors.Is(err, fieldwork.ErrNotTested) {
				err = errors.Join(a.showTested(c.Context(), f, got, all), err)
			}
			return errors.Join(err, done())
		},
	}
	c.Flags().StringVarP(&s.Engagement, "engagement", "e", "", "only tests of this engagement's controls")
	c.Flags().StringSliceVar(&s.Controls, "control", nil, "only tests of these controls")
	c.Flags().BoolVar(&all, "all", false, "list every item that is not met")
	return c
}

// testedJSON is one run in --json.
type testedJSON struct {
	Title   string                 `json:"title"`
	Outcome procedure.Outcome      `json:"outcome,omitempty"`
	Result  *procedure.Result      `json:"result,omitempty"`
	Digest  string                 `json:"digest,omitempty"`
	Failed  string                 `json:"failed,omitempty"`
	Test    string                 `json:"test"`
	Control string                 `json:"control"`
	NotMet  []procedure.NotMetItem `json:"not_met,omitempty"`
	Shown   int64                  `json:"not_met_shown"`
	Earlier []earlierJSON          `json:"earlier_runs,omitempty"`
}

type earlierJSON struct {
	Statement int64             `json:"statement"`
	Outcome   procedure.Outcome `json:"outcome"`
	Result    string            `json:"result"`
}

func (a *app) showTested(ctx context.Context, f *fieldwork.Fieldwork, got []fieldwork.Tested, all bool) error {
	engine := duckdb.NewEngine(a.engineConfig(f.Workspace.Objects.TempDir()))
	limit := int64(firstFew)
	if all {
		limit = -1
	}
	var rows []testedJSON
	for _, t := range got {
		row := testedJSON{Title: t.Test.Title, Result: t.Result, Digest: string(t.Digest), Failed: t.Failed, Test: t.Test.ID, Control: t.Test.Control}
		for _, e := range t.Earlier {
			row.Earlier = append(row.Earlier, earlierJSON{e.Statement.Seq, e.Summary.Outcome, string(e.Digest)})
		}
		if t.Result != nil {
			row.Outcome = t.Result.Outcome()
			a.worse(codeOf(t.Result))
		}
		if t.Result != nil && t.Result.NotMet != "" {
			err := engine.NotMet(ctx, f.Workspace.Objects, t.Result, limit, func(i procedure.NotMetItem) error {
				row.NotMet = append(row.NotMet, i)
				return nil
			})
			if err != nil {
				return fmt.Errorf("reading what test %s found: %w", t.Test.ID, err)
			}
			row.Shown = int64(len(row.NotMet))
		}
		rows = append(rows, row)
	}
	if a.json {
		a.printJSON(map[string]any{"tests": rows, "totals": totals(got)})
		return nil
	}
	control := ""
	for i := range rows {
		if rows[i].Control != control {
			control = rows[i].Control
			a.showControl(f.Program, control)
		}
		a.showTest(f.Program, &rows[i])
	}
	a.showTotals(got)
	return nil
}

// codeOf is the exit code one result asks for.
func codeOf(r *procedure.Result) int {
	s := r.Summary()
	switch {
	case s.Outcome == procedure.DidNotOccur:
		return exitDone
	case r.NotPerformed != nil || s.NotEvaluable > 0 || s.Open > 0:
		return exitUnknown
	case s.Deviations > 0:
		return exitDeviations
	default:
		return exitDone
	}
}

func (a *app) showControl(p *program.Program, id string) {
	c := p.Control(id)
	if c == nil {
		return
	}
	a.printf("\n%s\nControl %s  %s\n", strings.Repeat("─", width), c.ID, c.Title)
	paragraph(a.out, "  ", "Control", c.Statement)
	var maps []string
	if len(c.Objectives) > 0 {
		maps = append(maps, "objectives "+strings.Join(c.Objectives, ", "))
	}
	if len(c.Criteria) > 0 {
		maps = append(maps, "criteria "+strings.Join(c.Criteria, ", "))
	}
	paragraph(a.out, "  ", "Maps to", strings.Join(maps, "; "))
}

func (a *app) showTest(p *program.Program, t *testedJSON) {
	a.printf("\n  Test %s  %s\n", t.Test, t.Title)
	if t.Failed != "" {
		paragraph(a.out, "    ", "Failed", t.Failed+"; nothing was recorded")
		return
	}
	r := t.Result
	a.showPopulationLine(p, r)
	if len(r.Attributes) > 0 {
		a.showAttributes(r)
	}
	a.showNotMet(t)
	for _, o := range r.Open {
		paragraph(a.out, "    ", "Open", o)
	}
	paragraph(a.out, "    ", "Result", sentence(r))
	sealed := "result " + t.Digest
	if n := len(t.Earlier); n > 0 {
		last := t.Earlier[n-1]
		sealed += fmt.Sprintf("; run %d of this test, the run before (statement %d) indicated %s", n+1, last.Statement, words(string(last.Outcome)))
	}
	paragraph(a.out, "    ", "Sealed", sealed)
}

func (a *app) showPopulationLine(p *program.Program, r *procedure.Result) {
	paragraph(a.out, "    ", "Period", r.Period.String())
	if r.NotPerformed != nil && r.Items == 0 && len(r.Attributes) == 0 {
		return
	}
	s := fmt.Sprintf("%s, every one of %s tested", r.Population, count(r.Items, "item"))
	if pop := p.Population(r.Population); pop != nil && pop.Item != "" {
		s += " (each " + strings.TrimSuffix(pop.Item, ".") + ")"
	}
	if r.Frame.Kind == "derived" {
		s = fmt.Sprintf("%s items derived from %s, which accounts for every one of its items", num(r.Items), r.Population)
	}
	paragraph(a.out, "    ", "Population", s)
	for _, id := range slices.Sorted(maps.Keys(r.Populations)) {
		paragraph(a.out, "    ", "Snapshot", id+" "+string(r.Populations[id]))
	}
}

func (a *app) showAttributes(r *procedure.Result) {
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(w, "    \tmet\tdeviations\tnot evaluable\tnot applicable\t\n")
	for _, x := range r.Attributes {
		id := x.ID
		if x.Lead {
			id += " (lead)"
		}
		fmt.Fprintf(w, "    %s\t%s\t%s\t%s\t%s\t\n", id, num(x.Met), num(x.Deviations), num(x.NotEvaluable), num(x.NotApplicable))
	}
	_ = w.Flush()
	for _, x := range r.Attributes {
		text := x.Text
		if x.Amount != "" && x.Deviations > 0 {
			text += " (amount of the deviations: " + x.Amount + ")"
		}
		paragraph(a.out, "    ", "  "+x.ID, text)
	}
}

// showNotMet lists items by key with what was judged and the values behind it.
func (a *app) showNotMet(t *testedJSON) {
	lead := map[string]bool{}
	for _, x := range t.Result.Attributes {
		lead[x.ID] = x.Lead
	}
	for _, i := range t.NotMet {
		var judged, values []string
		for _, id := range slices.Sorted(maps.Keys(i.Judgements)) {
			switch j := i.Judgements[id]; {
			case j == procedure.Deviation && lead[id]:
				judged = append(judged, id+" lead")
			case j == procedure.Deviation || j == procedure.NotEvaluable:
				judged = append(judged, id+" "+words(string(j)))
			}
		}
		for _, c := range slices.Sorted(maps.Keys(i.Values)) {
			v := "absent"
			if i.Values[c] != nil {
				v = *i.Values[c]
			}
			values = append(values, c+"="+v)
		}
		paragraph(a.out, "    ", "Not met", i.Key+" "+strings.Join(judged, ", ")+"; "+strings.Join(values, ", "))
	}
	if rest := t.Result.NotMetItems - t.Shown; rest > 0 {
		paragraph(a.out, "    ", "", "… and "+num(rest)+" more; `ticktie test "+t.Test+" --all` lists every one")
	}
}

func words(code string) string { return strings.ReplaceAll(code, "_", " ") }

// sentence says what a result indicates in the words of a workpaper.
func sentence(r *procedure.Result) string {
	s := r.Summary()
	if r.NotPerformed != nil {
		return words(string(s.Outcome)) + ": " + r.NotPerformed.Reason
	}
	var parts []string
	if s.Deviations > 0 {
		parts = append(parts, count(s.Deviations, "deviation"))
	}
	if s.NotEvaluable > 0 {
		parts = append(parts, count(s.NotEvaluable, "judgement")+" not evaluable")
	}
	if len(parts) == 0 {
		parts = append(parts, "no deviations")
	}
	if s.Leads > 0 {
		parts = append(parts, count(s.Leads, "lead")+" to follow up")
	}
	text := strings.Join(parts, ", ") + " in " + count(r.Items, "item")
	if s.Open > 0 {
		text += "; not concluded while " + count(int64(s.Open), "point") + " above stay open"
	}
	return text
}

// totals counts tests by outcome.
func totals(got []fieldwork.Tested) map[procedure.Outcome]int {
	n := map[procedure.Outcome]int{}
	for _, t := range got {
		if t.Result != nil {
			n[t.Result.Outcome()]++
		}
	}
	return n
}

func (a *app) showTotals(got []fieldwork.Tested) {
	n := totals(got)
	a.printf("\n%s\n%s: %d no deviations, %d deviations, %d not evaluable, %d not concluded, %d did not occur",
		strings.Repeat("─", width), count(int64(len(got)), "test"), n[procedure.NoDeviations], n[procedure.Deviations],
		n[procedure.NotEvaluated], n[procedure.NotConcluded], n[procedure.DidNotOccur])
	failed := 0
	for _, t := range got {
		if t.Failed != "" {
			failed++
		}
	}
	if failed > 0 {
		a.printf(", %d failed", failed)
	}
	a.printf("\nA person concludes; these counts only indicate.\n")
}
