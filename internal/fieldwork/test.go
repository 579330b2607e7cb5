package fieldwork

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/ticktie/ticktie/internal/engagement"
	"github.com/ticktie/ticktie/internal/objects"
	"github.com/ticktie/ticktie/internal/population"
	"github.com/ticktie/ticktie/internal/procedure"
	"github.com/ticktie/ticktie/internal/program"
	"github.com/ticktie/ticktie/internal/seal"
)

// Tested is one sealed run of a test.
type Tested struct {
	Test     *program.Test
	Result   *procedure.Result
	Digest   objects.Digest
	Earlier  []Run  // earlier sealed runs of the same test and period, oldest first
	Failed   string // the engine failed: nothing is known and nothing was sealed
	Snapshot *population.Snapshot
}

// ErrNotTested is the kind of error when at least one test could not be run.
var ErrNotTested = errors.New("not every test could be run")

// Test performs the selected tests over the snapshots in force and seals every
// run, whatever it found.
func (f *Fieldwork) Test(ctx context.Context, s Select) ([]Tested, error) {
	todo, err := f.tests(s)
	if err != nil {
		return nil, err
	}
	state, err := ReadState(ctx, f.Workspace)
	if err != nil {
		return nil, err
	}
	var out []Tested
	var b batch
	flush := func(ctx context.Context) error {
		err := f.Workspace.Append(ctx, b.pending)
		b.pending = nil
		return err
	}
	failed := 0
	for i, t := range todo {
		f.progress("test", t.what.ID, int64(i), int64(len(todo)))
		got, err := f.perform(ctx, state, t)
		if ctx.Err() != nil {
			return nil, errors.Join(fmt.Errorf("test %s: %w; nothing of it was recorded", t.what.ID, ctx.Err()), flush(context.WithoutCancel(ctx)))
		}
		if err != nil {
			failed++
			out = append(out, Tested{Test: t.what, Failed: err.Error()})
			continue
		}
		st, err := f.performedAct(t.what, got.Result, got.Digest)
		if err != nil {
			return nil, errors.Join(err, flush(context.WithoutCancel(ctx)))
		}
		b.add(st)
		got.Earlier = state.Runs[Scope{t.what.ID, t.period}]
		out = append(out, *got)
		if b.due() {
			if err := flush(ctx); err != nil {
				return nil, err
			}
		}
	}
	if err := flush(ctx); err != nil {
		return nil, err
	}
	if failed > 0 {
		return out, fmt.Errorf("%w: %d of %d failed", ErrNotTested, failed, len(todo))
	}
	return out, nil
}

func (f *Fieldwork) perform(ctx context.Context, state *State, t scoped[program.Test]) (*Tested, error) {
	tmp, done, err := f.Workspace.TempDir()
	if err != nil {
		return nil, err
	}
	defer done()
	in, basis, missing, err := f.input(state, t)
	if err != nil {
		return nil, err
	}
	in.TempDir = tmp
	var r *procedure.Result
	if len(missing) > 0 {
		r = noSnapshot(t, missing)
	} else if r, err = f.Engine.Perform(ctx, in); err != nil {
		return nil, fmt.Errorf("test %s: %w", t.what.ID, err)
	}
	r.RestOn(basis)
	if err := f.sealDefinition(t.what, r); err != nil {
		return nil, err
	}
	digest, err := f.Workspace.Objects.PutJSON(r)
	if err != nil {
		return nil, fmt.Errorf("test %s: storing its result: %w", t.what.ID, err)
	}
	return &Tested{Test: t.what, Result: r, Digest: digest, Snapshot: in.Snapshots[t.what.Population]}, nil
}

// input gathers the snapshots a test reads; missing lists those not frozen.
func (f *Fieldwork) input(state *State, t scoped[program.Test]) (procedure.Input, procedure.Basis, []string, error) {
	in := procedure.Input{
		Test: t.what, Program: f.Program, Period: t.period, Objects: f.Workspace.Objects,
		Snapshots: map[string]*population.Snapshot{}, Digests: map[string]objects.Digest{},
	}
	basis := procedure.Basis{Program: f.Program, Snapshots: in.Snapshots, TieOuts: map[string][]population.TieOut{}}
	compiled, err := procedure.Compile(f.Program, t.what)
	if err != nil {
		return in, basis, nil, fmt.Errorf("test %s: %w", t.what.ID, err)
	}
	var missing []string
	for _, id := range compiled.Populations {
		fr := state.Latest(id, t.period)
		if fr == nil {
			missing = append(missing, id)
			continue
		}
		in.Snapshots[id], in.Digests[id] = fr.Snapshot, fr.Digest
		basis.TieOuts[id] = state.TieOuts(id, t.period)
	}
	return in, basis, missing, nil
}

func noSnapshot(t scoped[program.Test], missing []string) *procedure.Result {
	slices.Sort(missing)
	return &procedure.Result{
		Format: "ticktie-result/v1", Test: t.what.ID, Control: t.what.Control,
		Population: t.what.Population, Period: t.period, Effective: t.what.Effective,
		Populations: map[string]objects.Digest{},
		NotPerformed: &procedure.NotPerformed{
			Code:   "no_snapshot",
			Reason: fmt.Sprintf("no snapshot of %v is frozen for %s; run `ticktie collect` and test again", missing, t.period),
		},
	}
}

// sealDefinition stores what was run, so that it can be compared and run again.
func (f *Fieldwork) sealDefinition(t *program.Test, r *procedure.Result) error {
	compiled, err := procedure.Compile(f.Program, t)
	if err != nil {
		return fmt.Errorf("test %s: %w", t.ID, err)
	}
	d, err := f.Workspace.Objects.PutJSON(compiled)
	if err != nil {
		return fmt.Errorf("test %s: storing its definition: %w", t.ID, err)
	}
	if r.Definition != "" && r.Definition != d {
		return fmt.Errorf("test %s: the engine says it ran definition %s, the program gives %s; this is a defect of ticktie, please report it", t.ID, r.Definition, d)
	}
	r.Definition = d
	return nil
}

func (f *Fieldwork) performedAct(t *program.Test, r *procedure.Result, digest objects.Digest) (seal.Statement, error) {
	st, err := f.act(seal.TestPerformed, t.ID)
	if err != nil {
		return st, err
	}
	for _, id := range sortedKeys(r.Populations) {
		st.Inputs = append(st.Inputs, ref("snapshot", id, r.Populations[id]))
	}
	st.Outputs = []seal.Ref{ref("result", "", digest), ref("definition", "", r.Definition)}
	if r.NotMet != "" {
		st.Outputs = append(st.Outputs, ref("not_met", "", r.NotMet))
	}
	st.Body, err = objects.Canonical(r.Summary())
	return st, err
}

// Challenge is the object behind a challenge: what was injected, what was caught.
type Challenge struct {
	Format   string                      `json:"format"` // ticktie-challenge/v1
	Test     string                      `json:"test"`
	Control  string                      `json:"control"`
	Period   engagement.Period           `json:"period"`
	Snapshot objects.Digest              `json:"snapshot"`
	Seed     string                      `json:"seed"`
	Each     int                         `json:"each"` // violations wanted per attribute
	Results  []procedure.ChallengeResult `json:"results"`
}

// Challenged is the challenge of one test; Failed says why there is none.
type Challenged struct {
	Challenge
	Failed string `json:"failed,omitempty"`
}

// Weak reports whether any attribute let an injected violation pass, or could
// not be challenged at all.
func (c Challenged) Weak() bool {
	if c.Failed != "" {
		return true
	}
	return slices.ContainsFunc(c.Results, func(r procedure.ChallengeResult) bool {
		return r.Injected == 0 || r.Caught < r.Injected
	})
}

// Challenge injects up to each seeded violations per attribute into a copy of
// every selected test's population and seals what was caught.
func (f *Fieldwork) Challenge(ctx context.Context, s Select, seed string, each int) ([]Challenged, error) {
	todo, err := f.tests(s)
	if err != nil {
		return nil, err
	}
	state, err := ReadState(ctx, f.Workspace)
	if err != nil {
		return nil, err
	}
	var out []Challenged
	var acts []seal.Statement
	for i, t := range todo {
		f.progress("challenge", t.what.ID, int64(i), int64(len(todo)))
		c, err := f.challenge(ctx, state, t, seed, each)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			out = append(out, Challenged{Challenge: Challenge{Test: t.what.ID, Control: t.what.Control}, Failed: err.Error()})
			continue
		}
		st, err := f.challengedAct(t.what, c)
		if err != nil {
			return nil, err
		}
		acts = append(acts, st)
		out = append(out, Challenged{Challenge: *c})
	}
	return out, f.Workspace.Append(ctx, acts)
}

func (f *Fieldwork) challenge(ctx context.Context, state *State, t scoped[program.Test], seed string, each int) (*Challenge, error) {
	in, _, missing, err := f.input(state, t)
	if err != nil {
		return nil, err
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("no snapshot of %v is frozen; run `ticktie collect` first", missing)
	}
	tmp, done, err := f.Workspace.TempDir()
	if err != nil {
		return nil, err
	}
	defer done()
	in.TempDir = tmp
	results, err := f.Engine.Challenge(ctx, in, seed, each)
	if err != nil {
		return nil, err
	}
	return &Challenge{
		Format: "ticktie-challenge/v1", Test: t.what.ID, Control: t.what.Control, Period: t.period,
		Snapshot: in.Digests[t.what.Population], Seed: seed, Each: each, Results: results,
	}, nil
}

func (f *Fieldwork) challengedAct(t *program.Test, c *Challenge) (seal.Statement, error) {
	st, err := f.act(seal.ChallengePerformed, t.ID)
	if err != nil {
		return st, err
	}
	d, err := f.Workspace.Objects.PutJSON(c)
	if err != nil {
		return st, fmt.Errorf("challenge of %s: storing it: %w", t.ID, err)
	}
	st.Inputs = []seal.Ref{ref("snapshot", t.Population, c.Snapshot)}
	st.Outputs = []seal.Ref{ref("challenge", "", d)}
	return st, nil
}
