package duckdb

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/ticktie/ticktie/internal/engagement"
	"github.com/ticktie/ticktie/internal/procedure"
	"github.com/ticktie/ticktie/internal/program"
)

// Fixtures implements procedure.Engine: each fixture's rows become the
// populations, the test is performed on them by the same code as on frozen
// ones, and every judgement that was expected otherwise is returned.
func (e *Engine) Fixtures(ctx context.Context, p *program.Program, t *program.Test) ([]procedure.Mismatch, error) {
	c, err := procedure.Compile(p, t)
	if err != nil {
		return nil, err
	}
	if err := e.guard(ctx, p, c); err != nil {
		return nil, err
	}
	var out []procedure.Mismatch
	for i := range t.Fixtures {
		f := &t.Fixtures[i]
		got, err := e.fixture(ctx, p, t, c, f)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			out = append(out, procedure.Mismatch{Fixture: f.Name, Err: err.Error()})
			continue
		}
		out = append(out, mismatches(f, got)...)
	}
	return out, nil
}

// fixture judges one fixture's items: by key, then by attribute.
func (e *Engine) fixture(ctx context.Context, p *program.Program, t *program.Test, c *procedure.Compiled, f *program.Fixture) (map[string]map[string]procedure.Judgement, error) {
	s, err := e.open(ctx, "")
	if err != nil {
		return nil, err
	}
	defer s.close()
	period := fixturePeriod(p)
	j := newTrial(s, procedure.Input{Test: t, Program: p, Period: period}, c)
	j.effective = program.Effective{}
	if err := s.support(ctx, p, true, procedure.Macros(period), c.Parameters); err != nil {
		return nil, err
	}
	for _, id := range c.Populations {
		pop := p.Population(id)
		if err := s.fixtureTable(ctx, p, pop, f.Rows[id]); err != nil {
			return nil, fmt.Errorf("its rows of %s: %w", id, err)
		}
		j.items[id] = int64(len(f.Rows[id]))
	}
	for _, id := range c.Parameters {
		if rows, ok := f.Rows[id]; ok { // a fixture may bring its own parameters
			own := *p.ParameterTable(id)
			own.Rows = rows
			if err := knownColumns(&own); err != nil {
				return nil, fmt.Errorf("its rows of %s: %w", id, err)
			}
			if err := s.exec(ctx, "DROP TABLE "+ident(id)+"; "+parameterTable(&own)); err != nil {
				return nil, fmt.Errorf("its rows of %s: %w", id, err)
			}
		}
	}
	if err := harden(ctx, s.conn, nil); err != nil {
		return nil, err
	}
	return j.fixture(ctx)
}

// knownColumns refuses rows with a name that is no column of the table.
func knownColumns(t *program.ParameterTable) error {
	known := []string{"from", "to"}
	for _, c := range t.Columns {
		known = append(known, c.Name)
	}
	for i, r := range t.Rows {
		for name := range r {
			if !slices.Contains(known, name) {
				return fmt.Errorf("row %d has %q, which is no column; there are %s", i+1, name, strings.Join(known, ", "))
			}
		}
	}
	return nil
}

// fixturePeriod is the period that period_first and period_last mean in
// fixtures: that of the first engagement, or the year 2025.
func fixturePeriod(p *program.Program) engagement.Period {
	if len(p.Engagements) > 0 {
		return p.Engagements[0].Period()
	}
	return engagement.Period{First: engagement.Date{Year: 2025, Month: 1, Day: 1}, Last: engagement.Date{Year: 2025, Month: 12, Day: 31}}
}

func (j *trial) fixture(ctx context.Context) (map[string]map[string]procedure.Judgement, error) {
	var proof procedure.FrameProof
	not, err := j.frame(ctx, &proof)
	if err != nil {
		return nil, plain(err)
	}
	if not != nil {
		return nil, fmt.Errorf("%s", not.Reason)
	}
	out := map[string]map[string]procedure.Judgement{}
	err = j.each(ctx, j.notMetQuery(nil, true), 0, func(i item) error {
		var parts []string
		if err := json.Unmarshal([]byte(i.key), &parts); err != nil {
			return err
		}
		key := strings.Join(parts, "|")
		if out[key] != nil {
			return fmt.Errorf("two items have the key %s", key)
		}
		out[key] = map[string]procedure.Judgement{}
		for n, a := range j.c.Attributes {
			out[key][a.ID] = judgements[i.code>>(2*n)&3]
		}
		return nil
	})
	return out, err
}

// fixtureTable makes a population of rows written in YAML. Texts are cast by
// the declared types; a time without an offset is in the population's zone.
func (s *session) fixtureTable(ctx context.Context, p *program.Program, pop *program.Population, rows []map[string]any) error {
	if err := s.exec(ctx, emptyTable(pop)); err != nil {
		return err
	}
	for i, r := range rows {
		for name := range r {
			if columnOf(pop, name) == nil {
				return fmt.Errorf("row %d has %q, which is no column", i+1, name)
			}
		}
		values := []string{fmt.Sprint(i), fmt.Sprint(i + 1), fixtureDay(p, pop, r)}
		for _, c := range pop.Columns {
			values = append(values, fixtureCell(p, pop, c, r[c.Name]))
		}
		if err := s.exec(ctx, "INSERT INTO "+ident(pop.ID)+" VALUES ("+strings.Join(values, ", ")+")"); err != nil {
			return fmt.Errorf("row %d: %w", i+1, plain(err))
		}
	}
	return nil
}

func columnOf(pop *program.Population, name string) *program.Column {
	for i := range pop.Columns {
		if pop.Columns[i].Name == name {
			return &pop.Columns[i]
		}
	}
	return nil
}

func fixtureCell(p *program.Program, pop *program.Population, c program.Column, v any) string {
	if v == nil || c.Type != "timestamp" {
		return cell(v, sqlType(c))
	}
	text := strings.TrimSpace(fmt.Sprint(v))
	if hasOffset(text) {
		return "timezone('UTC', CAST(" + literal(text) + " AS TIMESTAMPTZ))"
	}
	zone := c.Zone
	if zone == "" {
		zone = p.ZoneOf(pop)
	}
	return "timezone('UTC', timezone(" + literal(zone) + ", CAST(" + literal(text) + " AS TIMESTAMP)))"
}

// hasOffset reports whether a timestamp ends in Z or an offset from UTC.
func hasOffset(text string) bool {
	if strings.HasSuffix(text, "Z") || strings.HasSuffix(text, "z") {
		return true
	}
	const dateLength = 10
	return len(text) > dateLength && strings.ContainsAny(text[dateLength:], "+-")
}

func fixtureDay(p *program.Program, pop *program.Population, r map[string]any) string {
	c := columnOf(pop, pop.EventTime)
	if pop.State || c == nil || r[c.Name] == nil {
		return "NULL"
	}
	v := fixtureCell(p, pop, *c, r[c.Name])
	if c.Type == "date" {
		return v
	}
	return "local_day(" + v + ", " + literal(p.ZoneOf(pop)) + ")"
}

// mismatches compares what a fixture expects with what was judged.
func mismatches(f *program.Fixture, got map[string]map[string]procedure.Judgement) []procedure.Mismatch {
	var out []procedure.Mismatch
	for _, key := range sortedKeys(f.Expect) {
		item, ok := got[key]
		if !ok {
			out = append(out, procedure.Mismatch{Fixture: f.Name, Key: key, Err: fmt.Sprintf("no item has the key %s; there are %s", key, strings.Join(sortedKeys(got), ", "))})
			continue
		}
		for _, id := range sortedKeys(f.Expect[key]) {
			want := procedure.Judgement(f.Expect[key][id])
			j, ok := item[id]
			if !ok {
				out = append(out, procedure.Mismatch{Fixture: f.Name, Key: key, Attribute: id, Err: fmt.Sprintf("the test has no attribute %s", id)})
			} else if j != want {
				out = append(out, procedure.Mismatch{Fixture: f.Name, Key: key, Attribute: id, Expected: want, Got: j})
			}
		}
	}
	return out
}
