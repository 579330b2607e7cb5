package cli

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ticktie/ticktie/internal/fieldwork"
	"github.com/ticktie/ticktie/internal/objects"
	"github.com/ticktie/ticktie/internal/population"
	"github.com/ticktie/ticktie/internal/source"
)

func (a *app) collectCommand() *cobra.Command {
	var o fieldwork.CollectOptions
	var all bool
	c := &cobra.Command{
		Use:   "collect [POPULATION…]",
		Short: "Freeze complete populations and tie them out",
		Long: `Reads every population that the engagements' tests need, freezes it once, and ties
it out. What is frozen already is kept; --again with --reason freezes it anew beside
the earlier snapshot and lists the difference. A record that cannot become an item
exactly as it stands is refused: kept, listed, counted.`,
		Example: `  ticktie collect
  ticktie collect -p examples/payables-salford -w /tmp/salford --data ~/data/payables-salford
  ticktie collect payroll_lines --again --reason "provider sent a corrected file"`,
		RunE: func(c *cobra.Command, args []string) error {
			o.Populations = args
			f, done, err := a.fieldwork()
			if err != nil {
				return err
			}
			p := a.startProgress()
			f.Progress = p.report
			got, err := f.Collect(c.Context(), o)
			p.stop()
			if err == nil || errors.Is(err, fieldwork.ErrNotCollected) {
				a.showCollected(f, got, all)
			}
			return errors.Join(err, done())
		},
	}
	c.Flags().StringVarP(&o.Engagement, "engagement", "e", "", "only what this engagement needs")
	c.Flags().BoolVar(&o.Again, "again", false, "freeze again what is frozen")
	c.Flags().StringVar(&o.Reason, "reason", "", "why it is frozen again")
	c.Flags().BoolVar(&all, "all", false, "list every refused record and every differing key")
	return c
}

// collectedJSON is one population in --json.
type collectedJSON struct {
	fieldwork.Collected
	Title     string             `json:"title"`
	Item      string             `json:"item"`
	Counts    population.Counts  `json:"counts"`
	RefusedBy map[string]int64   `json:"refused_by,omitempty"`
	Totals    []population.Total `json:"totals,omitempty"`
	Gaps      []string           `json:"gaps,omitempty"`
	Notes     []string           `json:"notes,omitempty"`
	Refused   []source.Refused   `json:"refused_records,omitempty"`
	Shown     int                `json:"refused_records_shown"`
}

const firstFew = 10

func (a *app) showCollected(f *fieldwork.Fieldwork, got []fieldwork.Collected, all bool) {
	var rows []collectedJSON
	for _, c := range got {
		r := collectedJSON{
			Collected: c, Title: c.Definition.Title, Item: c.Definition.Item,
			Counts: c.Summary.Counts, RefusedBy: c.Summary.RefusedBy, Totals: c.Summary.Totals, Gaps: c.Summary.Coverage.Gaps,
		}
		if c.Error == "" {
			if err := a.readRefused(f.Workspace.Objects, &r, all); err != nil {
				a.fail(err)
				a.worse(exitFailed)
			}
			if x, err := extractionOf(f.Workspace.Objects, c.Summary.Extraction); err == nil {
				r.Notes = x.Notes
			}
		}
		if c.Error == "" && (!c.Proven || r.Counts.Refused > 0 || len(r.Gaps) > 0) {
			a.worse(exitUnknown)
		}
		rows = append(rows, r)
	}
	if a.json {
		a.printJSON(map[string]any{"populations": rows})
		return
	}
	for i := range rows {
		a.showPopulation(&rows[i])
	}
}

func extractionOf(o *objects.Store, d objects.Digest) (*source.Extraction, error) {
	b, err := o.Read(d)
	if err != nil {
		return nil, err
	}
	var x source.Extraction
	return &x, json.Unmarshal(b, &x)
}

func (a *app) readRefused(o *objects.Store, r *collectedJSON, all bool) error {
	if r.Summary.Refused == "" {
		return nil
	}
	b, err := o.Read(r.Summary.Refused)
	if err != nil {
		return err
	}
	s := bufio.NewScanner(bytes.NewReader(b))
	s.Buffer(nil, 16<<20)
	for s.Scan() && (all || len(r.Refused) < firstFew) {
		var x source.Refused
		if err := json.Unmarshal(s.Bytes(), &x); err != nil {
			return fmt.Errorf("reading the refused records of %s: %w", r.Population, err)
		}
		r.Refused = append(r.Refused, x)
	}
	r.Shown = len(r.Refused)
	return s.Err()
}

func (a *app) showPopulation(r *collectedJSON) {
	a.printf("\nPopulation %s  %s\n", r.Population, r.Title)
	if r.Error != "" {
		paragraph(a.out, "  ", "Not frozen", r.Error)
		return
	}
	what := num(r.Counts.Items) + " items"
	if r.Item != "" {
		what += " (each " + strings.TrimSuffix(r.Item, ".") + ")"
	}
	if r.Already {
		what += ", frozen earlier and kept"
	}
	paragraph(a.out, "  ", "Frozen", what)
	paragraph(a.out, "  ", "Period", r.Summary.Period.String()+", days in "+r.Summary.Zone)
	c := r.Counts
	paragraph(a.out, "  ", "Accounted", fmt.Sprintf("%s read = %s items + %s refused + %s left out; %s besides",
		count(c.Read, "record"), num(c.Items), num(c.Refused), num(c.LeftOut), count(c.Blank, "blank line")))
	for _, t := range r.Totals {
		paragraph(a.out, "  ", "Total", strings.TrimSpace(t.Column+" = "+t.Sum+" "+t.Unit))
	}
	a.showTieOuts(r)
	for _, g := range r.Gaps {
		paragraph(a.out, "  ", "Gap", g)
	}
	for _, n := range r.Notes {
		paragraph(a.out, "  ", "Note", n)
	}
	a.showRefused(r)
	if d := r.Changes; d != nil {
		paragraph(a.out, "  ", "Changed", fmt.Sprintf("against the earlier snapshot: %s added, %s removed, %s changed", num(d.Added), num(d.Removed), num(d.Changed)))
	}
	paragraph(a.out, "  ", "Digest", string(r.Snapshot))
}

func (a *app) showTieOuts(r *collectedJSON) {
	for _, t := range r.TieOuts {
		s := t.ID + " (" + strings.ReplaceAll(t.Kind, "_", " ")
		if t.Independent {
			s += ", independent"
		}
		s += "): " + strings.ReplaceAll(t.Outcome, "_", " ")
		if t.Ours != "" {
			s += ", ours " + t.Ours
		}
		if t.Theirs != "" {
			s += ", theirs " + t.Theirs
		}
		if t.Difference != "" && t.Outcome == "differs" {
			s += ", difference " + t.Difference
		}
		if t.Reason != "" {
			s += "; " + t.Reason
		}
		paragraph(a.out, "  ", "Tie-out", s)
		for i, d := range t.Details {
			if i == firstFew {
				paragraph(a.out, "  ", "", fmt.Sprintf("… and %s more (%s differ in all; --json lists the first hundred)", num(int64(len(t.Details)-i)), num(t.Differing)))
				break
			}
			paragraph(a.out, "  ", "", d)
		}
	}
	if r.Proven {
		paragraph(a.out, "  ", "Proof", "complete and accurate as far as its independent tie-outs reach")
	} else {
		paragraph(a.out, "  ", "Proof", "unproven: "+r.Unproven+"; its tests are counted but not concluded")
	}
}

func (a *app) showRefused(r *collectedJSON) {
	if r.Counts.Refused == 0 {
		return
	}
	var by []string
	for _, code := range slices.Sorted(maps.Keys(r.RefusedBy)) {
		by = append(by, num(r.RefusedBy[code])+" "+strings.ReplaceAll(code, "_", " "))
	}
	paragraph(a.out, "  ", "Refused", strings.Join(by, ", ")+"; the population is not fully evaluable until somebody accounts for them")
	for _, x := range r.Refused {
		where := x.File
		if x.Line > 0 {
			where += fmt.Sprintf(":%d", x.Line)
		}
		reason := x.Reason
		if x.Value != "" {
			reason = fmt.Sprintf("%q: %s", x.Value, reason)
		}
		paragraph(a.out, "  ", "", where+": "+reason)
	}
	if rest := r.Counts.Refused - int64(r.Shown); rest > 0 {
		paragraph(a.out, "  ", "", "… and "+num(rest)+" more; `ticktie collect --all` lists every one")
	}
}
