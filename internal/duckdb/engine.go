package duckdb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ticktie/ticktie/internal/objects"
	"github.com/ticktie/ticktie/internal/population"
	"github.com/ticktie/ticktie/internal/procedure"
	"github.com/ticktie/ticktie/internal/program"
)

// Engine performs tests over frozen populations with DuckDB. Each call has a
// session of its own.
type Engine struct{ config Config }

var _ procedure.Engine = (*Engine)(nil)

// NewEngine returns an Engine within the given bounds.
func NewEngine(cfg Config) *Engine { return &Engine{cfg} }

// session is one private database.
type session struct {
	conn   *sql.Conn
	writer *sql.Conn // opened before the settings are locked
	db     *sql.DB
	dir    string // private: spilled data, and files that are written
}

// open makes a session. Its directory lies in temp.
func (e *Engine) open(ctx context.Context, temp string) (*session, error) {
	if temp == "" {
		temp = e.config.TempDir
	}
	if temp == "" {
		temp = os.TempDir()
	}
	dir, err := os.MkdirTemp(temp, "engine-")
	if err != nil {
		return nil, fmt.Errorf("opening DuckDB: %w", err)
	}
	config := e.config
	config.TempDir = dir
	db, err := database(ctx, config)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening DuckDB: %w", err), db.Close(), os.RemoveAll(dir))
	}
	writer, err := db.Conn(ctx)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening DuckDB: %w", err), conn.Close(), db.Close(), os.RemoveAll(dir))
	}
	return &session{conn, writer, db, dir}, nil
}

func (s *session) close() {
	_ = s.conn.Close()
	_ = s.writer.Close()
	_ = s.db.Close()
	_ = os.RemoveAll(s.dir)
}

func (s *session) exec(ctx context.Context, query string) error {
	_, err := s.conn.ExecContext(ctx, query)
	return err
}

// output is the file that results are written to.
func (s *session) output() string { return filepath.Join(s.dir, "not_met.parquet") }

// openInput opens a session with the views that a test reads.
func (e *Engine) openInput(ctx context.Context, in procedure.Input, c *procedure.Compiled) (*session, error) {
	s, err := e.open(ctx, in.TempDir)
	if err != nil {
		return nil, err
	}
	if err := s.prepare(ctx, in, c); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *session) prepare(ctx context.Context, in procedure.Input, c *procedure.Compiled) error {
	snaps := map[string]*population.Snapshot{}
	paths := []string{s.output()}
	for _, id := range c.Populations {
		snap := in.Snapshots[id]
		if snap == nil {
			return fmt.Errorf("population %s has no snapshot", id)
		}
		snaps[id] = snap
		for _, d := range []objects.Digest{snap.Data, snap.Restricted} {
			if d == "" {
				continue
			}
			if !in.Objects.Has(d) {
				return fmt.Errorf("population %s: %w: %s", id, objects.ErrMissing, d)
			}
			paths = append(paths, in.Objects.Path(d))
		}
	}
	if err := harden(ctx, s.conn, paths); err != nil {
		return err
	}
	if err := createViews(ctx, s.conn, in.Objects, snaps); err != nil {
		return err
	}
	return s.support(ctx, in.Program, in.Period.First.String() != "", procedure.Macros(in.Period), c.Parameters)
}

// support makes the macros and parameter tables that SQL may use.
func (s *session) support(ctx context.Context, p *program.Program, hasPeriod bool, macros, parameters []string) error {
	for _, m := range macros {
		if !hasPeriod && strings.Contains(m, "period_") {
			continue
		}
		if err := s.exec(ctx, m); err != nil {
			return fmt.Errorf("preparing the session: %w", err)
		}
	}
	for _, id := range parameters {
		t := p.ParameterTable(id)
		if t == nil {
			return fmt.Errorf("the program has no parameter table %q", id)
		}
		if err := s.exec(ctx, parameterTable(t)); err != nil {
			return fmt.Errorf("parameter table %s: %w", id, err)
		}
	}
	return nil
}

// Perform implements procedure.Engine.
func (e *Engine) Perform(ctx context.Context, in procedure.Input) (*procedure.Result, error) {
	c, err := procedure.Compile(in.Program, in.Test)
	if err != nil {
		return nil, err
	}
	r, err := e.result(ctx, in, c)
	if err != nil {
		return nil, err
	}
	if err := e.guard(ctx, in.Program, c); err != nil {
		r.NotPerformed = &procedure.NotPerformed{Code: "unsafe_sql", Reason: err.Error()}
		return r, nil
	}
	s, err := e.openInput(ctx, in, c)
	if err != nil {
		return nil, fmt.Errorf("performing test %s: %w", in.Test.ID, err)
	}
	defer s.close()
	j := newTrial(s, in, c)
	if err := j.perform(ctx, r); err != nil {
		return nil, fmt.Errorf("performing test %s: %w", in.Test.ID, err)
	}
	return r, nil
}

// result is a result before anything was counted.
func (e *Engine) result(ctx context.Context, in procedure.Input, c *procedure.Compiled) (*procedure.Result, error) {
	definition, err := objects.Canonical(c)
	if err != nil {
		return nil, fmt.Errorf("performing test %s: %w", in.Test.ID, err)
	}
	r := &procedure.Result{
		Format: "ticktie-result/v1", Test: in.Test.ID, Control: in.Test.Control,
		Definition: objects.Sum(definition), Population: in.Test.Population,
		Populations: map[string]objects.Digest{}, Period: in.Period, Effective: in.Test.Effective,
		Frame: procedure.FrameProof{Kind: c.Kind},
	}
	for _, id := range c.Populations {
		if in.Digests[id] == "" {
			return nil, fmt.Errorf("performing test %s: population %s has no snapshot", in.Test.ID, id)
		}
		r.Populations[id] = in.Digests[id]
	}
	for _, id := range c.Parameters {
		t := in.Program.ParameterTable(id)
		if t == nil {
			return nil, fmt.Errorf("performing test %s: the program has no parameter table %q", in.Test.ID, id)
		}
		b, err := objects.Canonical(t)
		if err != nil {
			return nil, fmt.Errorf("performing test %s: parameter table %s: %w", in.Test.ID, id, err)
		}
		if r.Parameters == nil {
			r.Parameters = map[string]objects.Digest{}
		}
		r.Parameters[id] = objects.Sum(b)
	}
	r.Engine, err = e.version(ctx)
	return r, err
}

func (e *Engine) version(ctx context.Context) (string, error) {
	db, err := database(ctx, e.config)
	if err != nil {
		return "", err
	}
	defer db.Close()
	var v string
	if err := db.QueryRowContext(ctx, "SELECT version()").Scan(&v); err != nil {
		return "", fmt.Errorf("asking DuckDB for its version: %w", err)
	}
	return "DuckDB " + v, nil
}

// restricted are the names of restricted columns of all populations read.
func restricted(p *program.Program, ids []string) map[string]bool {
	names := map[string]bool{}
	for _, id := range ids {
		pop := p.Population(id)
		if pop == nil {
			continue
		}
		for _, c := range pop.Columns {
			if c.Restricted {
				names[strings.ToLower(c.Name)] = true
			}
		}
	}
	return names
}

// NotMet calls fn for the items of a result that are not met, in item order.
// With a limit of 0 or more it stops there, and items that are more than a
// lead come first.
func (e *Engine) NotMet(ctx context.Context, o *objects.Store, r *procedure.Result, limit int64, fn func(procedure.NotMetItem) error) error {
	if r.NotMet == "" {
		return nil
	}
	if !o.Has(r.NotMet) {
		return fmt.Errorf("reading what test %s found: %w: %s", r.Test, objects.ErrMissing, r.NotMet)
	}
	s, err := e.open(ctx, o.TempDir())
	if err != nil {
		return err
	}
	defer s.close()
	if err := harden(ctx, s.conn, []string{o.Path(r.NotMet)}); err != nil {
		return err
	}
	query := "SELECT item, key, judgements, values FROM read_parquet(" + literal(o.Path(r.NotMet)) + ") ORDER BY "
	if limit >= 0 {
		query += onlyLead(r) + fmt.Sprintf("item LIMIT %d", limit)
	} else {
		query += "item"
	}
	rows, err := s.conn.QueryContext(ctx, query)
	if err != nil {
		return fmt.Errorf("reading what test %s found: %w", r.Test, err)
	}
	defer rows.Close()
	for rows.Next() {
		var item int64
		var key, judgements, values string
		if err := rows.Scan(&item, &key, &judgements, &values); err != nil {
			return fmt.Errorf("reading what test %s found: %w", r.Test, err)
		}
		i, err := notMetItem(item, key, judgements, values)
		if err != nil {
			return fmt.Errorf("reading what test %s found: item %d: %w", r.Test, item, err)
		}
		if err := fn(*i); err != nil {
			return err
		}
	}
	return rows.Err()
}

// onlyLead sorts items that are no more than a lead to the end.
func onlyLead(r *procedure.Result) string {
	var more []string
	for _, a := range r.Attributes {
		for _, j := range []procedure.Judgement{procedure.Deviation, procedure.NotEvaluable} {
			if !a.Lead || j == procedure.NotEvaluable {
				more = append(more, "contains(judgements, "+literal(fmt.Sprintf("%q:%q", a.ID, j))+")")
			}
		}
	}
	return "NOT (" + strings.Join(more, " OR ") + "), "
}

// CheckSQL binds a test's SQL to the declared types, without data, and returns
// everything wrong with it.
func (e *Engine) CheckSQL(ctx context.Context, p *program.Program, t *program.Test) []error {
	c, err := procedure.Compile(p, t)
	if err != nil {
		return []error{err}
	}
	if err := e.guard(ctx, p, c); err != nil {
		return unjoin(err)
	}
	return nil
}

func unjoin(err error) []error {
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		return many.Unwrap()
	}
	return []error{err}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
