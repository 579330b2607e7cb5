package fieldwork

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ticktie/ticktie/internal/engagement"
	"github.com/ticktie/ticktie/internal/objects"
	"github.com/ticktie/ticktie/internal/population"
	"github.com/ticktie/ticktie/internal/procedure"
	"github.com/ticktie/ticktie/internal/program"
	"github.com/ticktie/ticktie/internal/seal"
	"github.com/ticktie/ticktie/internal/source"
)

// Fieldwork is a program, a workspace, and the parts that do the work.
type Fieldwork struct {
	Program    *program.Program
	Workspace  *Workspace
	DataDir    string // what paths of sources are relative to
	Connectors map[string]source.Connector
	Freezer    population.Freezer
	Reader     population.Reader
	Engine     procedure.Engine
	Role       engagement.Role
	Version    string // of ticktie
	// Progress is told what is under way; it may be called from any goroutine.
	Progress func(stage, subject string, done, total int64)

	programDigest objects.Digest
}

// Select says what to work on; empty fields mean everything.
type Select struct {
	Engagement  string
	Controls    []string
	Tests       []string
	Populations []string
}

func (f *Fieldwork) progress(stage, subject string, done, total int64) {
	if f.Progress != nil {
		f.Progress(stage, subject, done, total)
	}
}

// engagements are the selected engagements; a program without any cannot be
// worked on, since nothing says over which period.
func (f *Fieldwork) engagements(s Select) ([]*program.Engagement, error) {
	if len(f.Program.Engagements) == 0 {
		return nil, errors.New("the program has no engagement, so no period is known; write engagements/<id>.yaml with kind, type, first and last day")
	}
	if s.Engagement == "" {
		all := make([]*program.Engagement, len(f.Program.Engagements))
		for i := range f.Program.Engagements {
			all[i] = &f.Program.Engagements[i]
		}
		return all, nil
	}
	e := f.Program.Engagement(s.Engagement)
	if e == nil {
		var ids []string
		for _, e := range f.Program.Engagements {
			ids = append(ids, e.ID)
		}
		return nil, fmt.Errorf("there is no engagement %q; the program has %s", s.Engagement, strings.Join(ids, ", "))
	}
	return []*program.Engagement{e}, nil
}

// scoped is a population or test with its period.
type scoped[T any] struct {
	what   *T
	period engagement.Period
}

func (f *Fieldwork) populations(s Select) ([]scoped[program.Population], error) {
	es, err := f.engagements(s)
	if err != nil {
		return nil, err
	}
	for _, id := range s.Populations {
		if f.Program.Population(id) == nil {
			return nil, fmt.Errorf("there is no population %q in the program; `ticktie check` lists what there is", id)
		}
	}
	var out []scoped[program.Population]
	seen := map[Scope]bool{}
	for _, e := range es {
		read, err := f.PopulationsOf(e)
		if err != nil {
			return nil, err
		}
		for _, p := range read {
			k := Scope{p.ID, e.Period()}
			if seen[k] || len(s.Populations) > 0 && !slices.Contains(s.Populations, p.ID) {
				continue
			}
			seen[k] = true
			out = append(out, scoped[program.Population]{p, e.Period()})
		}
	}
	if len(out) == 0 {
		return nil, errors.New("nothing to collect: no test of the selected engagement reads a population; map controls to its objectives or criteria, and tests to populations")
	}
	return out, nil
}

// reads are the populations that an engagement needs: those it names, those
// its tests read, and the other sides of their tie-outs.
func (f *Fieldwork) reads(e *program.Engagement) (map[string]bool, error) {
	need := map[string]bool{}
	var add func(id string)
	add = func(id string) {
		p := f.Program.Population(id)
		if p == nil || need[id] {
			return
		}
		need[id] = true
		for _, t := range p.TieOuts {
			add(t.Against)
		}
	}
	for _, id := range e.Populations {
		add(id)
	}
	for _, t := range f.Program.TestsOfEngagement(e) {
		c, err := procedure.Compile(f.Program, t)
		if err != nil {
			return nil, fmt.Errorf("test %s: %w", t.ID, err)
		}
		for _, id := range c.Populations {
			add(id)
		}
	}
	return need, nil
}

func (f *Fieldwork) tests(s Select) ([]scoped[program.Test], error) {
	es, err := f.engagements(s)
	if err != nil {
		return nil, err
	}
	for _, id := range s.Tests {
		if f.Program.Test(id) == nil {
			return nil, fmt.Errorf("there is no test %q in the program; `ticktie status` lists what there is", id)
		}
	}
	for _, id := range s.Controls {
		if f.Program.Control(id) == nil {
			return nil, fmt.Errorf("there is no control %q in the program; `ticktie status` lists what there is", id)
		}
	}
	var out []scoped[program.Test]
	seen := map[Scope]bool{}
	for _, e := range es {
		for _, t := range f.Program.TestsOfEngagement(e) {
			k := Scope{t.ID, e.Period()}
			if seen[k] || !wanted(s, t) {
				continue
			}
			seen[k] = true
			out = append(out, scoped[program.Test]{t, e.Period()})
		}
	}
	if len(out) == 0 {
		return nil, errors.New("nothing to test: no test of the selected engagement matches; `ticktie status` lists the tests")
	}
	return out, nil
}

func wanted(s Select, t *program.Test) bool {
	if len(s.Tests) == 0 && len(s.Controls) == 0 {
		return true
	}
	return slices.Contains(s.Tests, t.ID) || slices.Contains(s.Controls, t.Control)
}

// act begins a statement with what every act carries.
func (f *Fieldwork) act(typ, subject string) (seal.Statement, error) {
	if f.programDigest == "" {
		d, err := sealProgram(f.Workspace.Objects, f.Program)
		if err != nil {
			return seal.Statement{}, err
		}
		f.programDigest = d
	}
	return seal.Statement{
		Type: typ, Subject: subject, Role: f.Role,
		Program: string(f.programDigest), Binary: f.Version,
	}, nil
}

// batch holds acts and submits them together: at the end, and after a pause so
// that a long job loses little.
type batch struct {
	pending []seal.Statement
	since   time.Time
}

const batchFor = 2 * time.Second

func (b *batch) add(st seal.Statement) {
	if len(b.pending) == 0 {
		b.since = clock()
	}
	b.pending = append(b.pending, st)
}

func (b *batch) due() bool { return len(b.pending) > 0 && clock().Sub(b.since) >= batchFor }

func ref(role, name string, d objects.Digest) seal.Ref {
	return seal.Ref{Role: role, Name: name, Digest: string(d)}
}

// PopulationsOf are the populations that an engagement needs, in program order.
func (f *Fieldwork) PopulationsOf(e *program.Engagement) ([]*program.Population, error) {
	need, err := f.reads(e)
	if err != nil {
		return nil, err
	}
	var out []*program.Population
	for i := range f.Program.Populations {
		if p := &f.Program.Populations[i]; need[p.ID] {
			out = append(out, p)
		}
	}
	return out, nil
}
