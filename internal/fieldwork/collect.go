package fieldwork

import (
	"context"
	"errors"
	"fmt"

	"github.com/ticktie/ticktie/internal/engagement"
	"github.com/ticktie/ticktie/internal/objects"
	"github.com/ticktie/ticktie/internal/population"
	"github.com/ticktie/ticktie/internal/program"
	"github.com/ticktie/ticktie/internal/seal"
	"github.com/ticktie/ticktie/internal/source"
)

// CollectOptions say what to freeze again.
type CollectOptions struct {
	Select
	Again  bool   // freeze populations that are frozen already
	Reason string // why; required with Again
}

// Collected is what a collection did for one population.
type Collected struct {
	Population string              `json:"population"`
	Snapshot   objects.Digest      `json:"snapshot,omitempty"`
	Summary    population.Snapshot `json:"-"`
	Extraction *source.Extraction  `json:"-"`
	TieOuts    []population.TieOut `json:"tie_outs,omitempty"`
	Proven     bool                `json:"proven"`
	Unproven   string              `json:"unproven,omitempty"` // why not
	Already    bool                `json:"already"`            // frozen earlier, kept
	Changes    *population.Changes `json:"changes,omitempty"`  // against the earlier snapshot
	Error      string              `json:"error,omitempty"`    // nothing was frozen
	Definition *program.Population `json:"-"`
}

// ErrNotCollected is the kind of error when at least one population could not be frozen.
var ErrNotCollected = errors.New("not every population could be frozen")

// Collect freezes the selected populations that are not frozen yet, ties out
// what changed, and seals each act. A population that fails leaves no
// snapshot; the others are kept.
func (f *Fieldwork) Collect(ctx context.Context, o CollectOptions) ([]Collected, error) {
	if o.Again && o.Reason == "" {
		return nil, errors.New("freezing a population again needs a reason (--reason): the earlier snapshot stays and the log will show why")
	}
	todo, err := f.populations(o.Select)
	if err != nil {
		return nil, err
	}
	state, err := ReadState(ctx, f.Workspace)
	if err != nil {
		return nil, err
	}
	c := collection{f: f, state: state, options: o}
	for _, p := range todo {
		if err := ctx.Err(); err != nil {
			return nil, errors.Join(err, c.flush(context.WithoutCancel(ctx)))
		}
		if err := c.freeze(ctx, p); err != nil {
			return nil, errors.Join(err, c.flush(context.WithoutCancel(ctx)))
		}
	}
	if err := c.tieOut(ctx, todo); err != nil {
		return nil, errors.Join(err, c.flush(context.WithoutCancel(ctx)))
	}
	if err := c.flush(ctx); err != nil {
		return nil, err
	}
	if c.failed > 0 {
		return c.done, fmt.Errorf("%w: %d of %d failed", ErrNotCollected, c.failed, len(todo))
	}
	return c.done, nil
}

// collection is one run of Collect.
type collection struct {
	f       *Fieldwork
	state   *State
	options CollectOptions
	batch   batch
	done    []Collected
	failed  int
}

func (c *collection) flush(ctx context.Context) error {
	err := c.f.Workspace.Append(ctx, c.batch.pending)
	c.batch.pending = nil
	return err
}

func (c *collection) freeze(ctx context.Context, p scoped[program.Population]) error {
	earlier := c.state.Latest(p.what.ID, p.period)
	if earlier != nil && !c.options.Again {
		c.done = append(c.done, Collected{
			Population: p.what.ID, Definition: p.what,
			Snapshot: earlier.Digest, Summary: *earlier.Snapshot, Already: true,
		})
		return nil
	}
	got, err := c.f.freeze(ctx, p, earlier, c.options.Reason)
	if ctx.Err() != nil {
		return fmt.Errorf("freezing population %s: %w; nothing of it was kept", p.what.ID, ctx.Err())
	}
	if err != nil {
		c.failed++
		c.done = append(c.done, Collected{Population: p.what.ID, Definition: p.what, Error: err.Error()})
		return nil
	}
	st, err := c.f.frozenAct(p.what, got, c.options.Reason)
	if err != nil {
		return err
	}
	c.batch.add(st)
	k := Scope{p.what.ID, p.period}
	c.state.Frozen[k] = append(c.state.Frozen[k], Freeze{st, got.Snapshot, &got.Summary})
	c.done = append(c.done, *got)
	if c.batch.due() {
		return c.flush(ctx)
	}
	return nil
}

func (f *Fieldwork) freeze(ctx context.Context, p scoped[program.Population], earlier *Freeze, reason string) (*Collected, error) {
	connector, err := f.connector(p.what)
	if err != nil {
		return nil, err
	}
	tmp, done, err := f.Workspace.TempDir()
	if err != nil {
		return nil, err
	}
	defer done()
	f.progress("collect", p.what.ID, 0, 0)
	deps := population.Deps{
		Connector: connector, Freezer: f.Freezer, Objects: f.Workspace.Objects,
		TempDir: tmp, Now: clock,
		Progress: func(n int64) { f.progress("collect", p.what.ID, n, 0) },
	}
	var before *population.Snapshot
	var beforeDigest objects.Digest
	if earlier != nil {
		before, beforeDigest = earlier.Snapshot, earlier.Digest
	}
	snap, digest, ext, err := population.Freeze(ctx, deps, f.Program, p.what, p.period, f.DataDir, before, beforeDigest, reason)
	if err != nil {
		return nil, err
	}
	c := &Collected{Population: p.what.ID, Definition: p.what, Snapshot: digest, Summary: *snap, Extraction: ext}
	if before != nil {
		if c.Changes, err = population.Diff(ctx, f.Reader, before, snap); err != nil {
			return nil, fmt.Errorf("comparing population %s with its earlier snapshot: %w", p.what.ID, err)
		}
	}
	return c, nil
}

func (f *Fieldwork) connector(p *program.Population) (source.Connector, error) {
	name := p.Source.Connector()
	if c, ok := f.Connectors[name]; ok {
		return c, nil
	}
	return nil, fmt.Errorf("freezing population %s: this build has no connector %q; set files or git under source", p.ID, name)
}

func (f *Fieldwork) frozenAct(p *program.Population, c *Collected, reason string) (seal.Statement, error) {
	st, err := f.act(seal.PopulationFrozen, p.ID)
	if err != nil {
		return st, err
	}
	st.Reason = reason
	s := &c.Summary
	st.Outputs = []seal.Ref{
		ref("snapshot", "", c.Snapshot), ref("definition", "", s.Definition),
		ref("data", "", s.Data), ref("extraction", "", s.Extraction),
	}
	if s.Restricted != "" {
		st.Outputs = append(st.Outputs, ref("restricted", "", s.Restricted))
	}
	if s.Refused != "" {
		st.Outputs = append(st.Outputs, ref("refused", "", s.Refused))
	}
	st.Body, err = objects.Canonical(s.Body(p.HandedOver))
	return st, err
}

// tieOut redoes the tie-outs of every selected population whose own snapshot,
// or the other side of a tie-out, is not the one last tied out.
func (c *collection) tieOut(ctx context.Context, todo []scoped[program.Population]) error {
	fresh := map[string]bool{}
	at := map[string]int{}
	for i, d := range c.done {
		at[d.Population+"|"+d.Summary.Period.String()] = i
		fresh[d.Population] = fresh[d.Population] || !d.Already && d.Error == ""
	}
	for _, p := range todo {
		i, ok := at[p.what.ID+"|"+p.period.String()]
		if !ok || c.done[i].Error != "" {
			continue
		}
		d := &c.done[i]
		d.TieOuts = c.state.TieOuts(p.what.ID, p.period)
		if len(p.what.TieOuts) > 0 && (d.TieOuts == nil || stale(p.what, fresh)) {
			if err := c.tieOutOne(ctx, p, d); err != nil {
				return err
			}
		}
		d.Proven, d.Unproven = population.Proven(d.TieOuts, p.what)
	}
	return nil
}

func stale(p *program.Population, fresh map[string]bool) bool {
	if fresh[p.ID] {
		return true
	}
	for _, t := range p.TieOuts {
		if fresh[t.Against] {
			return true
		}
	}
	return false
}

func (c *collection) tieOutOne(ctx context.Context, p scoped[program.Population], d *Collected) error {
	c.f.progress("tie out", p.what.ID, 0, 0)
	others, digests := c.state.inForce(c.f.Program, p.period)
	var err error
	d.TieOuts, err = population.TieOutAll(ctx, c.f.Reader, p.what, &d.Summary, d.Snapshot, others, digests)
	if err != nil {
		return fmt.Errorf("tying out population %s: %w", p.what.ID, err)
	}
	st, err := c.f.tiedAct(p, d)
	if err != nil {
		return err
	}
	c.batch.add(st)
	return nil
}

func (f *Fieldwork) tiedAct(p scoped[program.Population], d *Collected) (seal.Statement, error) {
	st, err := f.act(seal.PopulationTiedOut, p.what.ID)
	if err != nil {
		return st, err
	}
	st.Inputs = []seal.Ref{ref("snapshot", p.what.ID, d.Snapshot)}
	seen := map[string]bool{p.what.ID: true}
	for i, t := range d.TieOuts {
		digest, err := f.Workspace.Objects.PutJSON(t)
		if err != nil {
			return st, err
		}
		st.Outputs = append(st.Outputs, ref("tie_out", t.ID, digest))
		if other := p.what.TieOuts[i].Against; t.Against != "" && !seen[other] {
			seen[other] = true
			st.Inputs = append(st.Inputs, ref("snapshot", other, t.Against))
		}
	}
	st.Body, err = objects.Canonical(population.BodyOf(p.period, d.TieOuts))
	return st, err
}

// inForce are the snapshots in force of all populations over a period.
func (s *State) inForce(p *program.Program, period engagement.Period) (map[string]*population.Snapshot, map[string]objects.Digest) {
	snaps, digests := map[string]*population.Snapshot{}, map[string]objects.Digest{}
	for i := range p.Populations {
		id := p.Populations[i].ID
		if fr := s.Latest(id, period); fr != nil {
			snaps[id], digests[id] = fr.Snapshot, fr.Digest
		}
	}
	return snaps, digests
}
