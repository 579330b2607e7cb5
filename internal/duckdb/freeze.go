package duckdb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/ticktie/ticktie/internal/objects"
	"github.com/ticktie/ticktie/internal/population"
)

// Freezer freezes streams with DuckDB. Each freeze has a database of its own.
type Freezer struct{ config Config }

var _ population.Freezer = (*Freezer)(nil)

// NewFreezer returns a Freezer whose engines are bounded by cfg.
func NewFreezer(cfg Config) *Freezer { return &Freezer{cfg} }

// Freeze implements population.Freezer. The Parquet objects are the same byte
// for byte for the same records, definition and engine version.
func (f *Freezer) Freeze(ctx context.Context, r population.FreezeRequest) (*population.Frozen, error) {
	fail := func(err error) error {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return fmt.Errorf("freezing population %s: %w", r.Population.ID, err)
	}
	dir, err := os.MkdirTemp(r.TempDir, "freeze-")
	if err != nil {
		return nil, fail(err)
	}
	defer os.RemoveAll(dir)
	plan, err := newPlan(r)
	if err != nil {
		return nil, fail(err)
	}
	config := f.config
	// One thread alone cuts Parquet row groups elsewhere than several do, and
	// the bytes shall not depend on the machine.
	if config.Threads == 0 {
		config.Threads = runtime.NumCPU()
	}
	config.Threads = max(config.Threads, 2)
	config.TempDir = filepath.Join(dir, "spill")
	db, err := database(ctx, config)
	if err != nil {
		return nil, fail(err)
	}
	defer db.Close()
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, fail(err)
	}
	defer conn.Close()
	z := freeze{FreezeRequest: r, plan: plan, conn: conn, dir: dir}
	frozen, err := z.run(ctx)
	if err != nil {
		return nil, fail(err)
	}
	return frozen, nil
}

// freeze is one freeze under way.
type freeze struct {
	population.FreezeRequest
	plan *freezePlan
	conn *sql.Conn
	dir  string
	read int64 // records that the engine was given
}

func (z *freeze) file(name string) string { return filepath.Join(z.dir, name) }

// run reads the stream into one Parquet file, takes out records that repeat a
// key, and keeps the result.
func (z *freeze) run(ctx context.Context) (*population.Frozen, error) {
	if err := registerFunctions(z.conn, z.plan.columns, z.plan.judge); err != nil {
		return nil, fmt.Errorf("preparing the engine: %w", err)
	}
	all, err := z.readStream(ctx)
	if err == nil {
		err = z.plan.judge.err
	}
	if err != nil {
		return nil, err
	}
	all, repeated, err := z.withoutRepeated(ctx, all)
	if err != nil {
		return nil, err
	}
	out := &population.Frozen{Refused: slices.Concat(z.plan.judge.refused, repeated), LeftOut: z.plan.judge.leftOut.Load()}
	slices.SortFunc(out.Refused, byRecord)
	if err := z.describe(ctx, all, &out.Snapshot); err != nil {
		return nil, err
	}
	if n := out.Snapshot.Items + int64(len(out.Refused)) + out.LeftOut; n != z.read {
		return nil, fmt.Errorf("the engine was given %d records and accounts for %d: nothing was kept", z.read, n)
	}
	if err := z.keep(ctx, all, &out.Snapshot); err != nil {
		return nil, err
	}
	z.Progress(z.read)
	return out, nil
}

// readStream writes all items of the stream to a Parquet file.
func (z *freeze) readStream(ctx context.Context) (path string, err error) {
	path = z.file("all.parquet")
	if paths := z.Stream.Parquet(); len(paths) > 0 {
		fields, n, err := z.parquetFields(ctx, paths)
		if err != nil {
			return "", err
		}
		z.read = n
		return path, z.copy(ctx, z.plan.items(fields), path)
	}
	lines := &lineWriter{counted: z.Progress}
	if err := z.readFeed(ctx, lines, path); err != nil {
		return "", err
	}
	z.read = lines.lines
	if lines.escaped == 0 {
		return path, nil
	}
	restored := z.file("restored.parquet")
	return restored, z.copy(ctx, z.plan.restored(path), restored)
}

func (z *freeze) readFeed(ctx context.Context, lines *lineWriter, to string) error {
	z.plan.escapes = true
	pipe := z.file("feed")
	feed := func(ctx context.Context, w io.Writer) error {
		lines.w = w
		if err := z.Stream.Feed(ctx, lines); err != nil {
			return fmt.Errorf("reading the source: %w", err)
		}
		if !lines.whole() {
			return errors.New("the source ended inside a record")
		}
		return nil
	}
	return throughPipe(ctx, pipe, feed, func(ctx context.Context) error {
		return z.copy(ctx, z.plan.items(feedFields(pipe, z.plan.fields)), to)
	})
}

// copy writes a query's rows to a Parquet file.
func (z *freeze) copy(ctx context.Context, query, to string) error {
	_, err := z.conn.ExecContext(ctx, "COPY ("+query+") TO "+literal(to)+" (FORMAT parquet, PARQUET_VERSION v2, COMPRESSION zstd, ROW_GROUP_SIZE 122880)")
	if err != nil {
		return fmt.Errorf("writing the items: %w", err)
	}
	return nil
}

// keep puts the data into the object store, restricted columns apart.
func (z *freeze) keep(ctx context.Context, all string, s *population.Snapshot) error {
	hidden := slices.ContainsFunc(s.Columns, func(c population.Column) bool { return c.Restricted })
	if !hidden {
		var err error
		s.Data, _, err = z.Objects.PutFile(all)
		return err
	}
	open, restricted := z.file("open.parquet"), z.file("restricted.parquet")
	closed := slices.DeleteFunc(slices.Clone(s.Columns), func(c population.Column) bool { return !c.Restricted })
	from := " FROM read_parquet(" + literal(all) + ")"
	if err := z.copy(ctx, "SELECT _record, _day"+columnList(openColumns(s.Columns))+from, open); err != nil {
		return err
	}
	if err := z.copy(ctx, "SELECT "+columnList(closed)[2:]+from, restricted); err != nil {
		return err
	}
	for _, part := range []struct {
		path string
		to   *objects.Digest
	}{{open, &s.Data}, {restricted, &s.Restricted}} {
		digest, _, err := z.Objects.PutFile(part.path)
		if err != nil {
			return err
		}
		*part.to = digest
	}
	return nil
}

// newPlan checks the definition against the stream's fields.
func newPlan(r population.FreezeRequest) (*freezePlan, error) {
	pop := r.Population
	fields := r.Stream.Fields()
	p := &freezePlan{
		fields: len(fields), period: r.Period, window: windowOf(r.Period),
		judge: &recordJudge{event: -1, loc: r.Location, period: r.Period, leave: pop.OutsidePeriod == "leave_out"},
	}
	if len(pop.Columns) == 0 {
		return nil, errors.New("it declares no columns")
	}
	for i, col := range pop.Columns {
		c, err := newCaster(col, pop, r.Location, p.window)
		if err != nil {
			return nil, err
		}
		from := col.From
		if from == "" {
			from = col.Name
		}
		f := slices.Index(fields, from)
		if f < 0 && !col.Optional {
			return nil, fmt.Errorf("column %s: the source has no field %q: correct from, or declare the column optional", col.Name, from)
		}
		p.columns, p.field = append(p.columns, c), append(p.field, f)
		if col.Name == pop.EventTime && !pop.State {
			p.judge.event = i
		}
	}
	p.judge.columns, p.judge.field = p.columns, p.field
	return p, p.checkRoles(r)
}

// checkRoles checks key, event time and the treatment of the period.
func (p *freezePlan) checkRoles(r population.FreezeRequest) error {
	pop := r.Population
	column := func(name string) *caster {
		for _, c := range p.columns {
			if c.col.Name == name {
				return c
			}
		}
		return nil
	}
	if len(pop.Key) == 0 {
		return errors.New("it has no key: name columns, or position")
	}
	if !byPosition(pop.Key) {
		p.judge.key = pop.Key
		for _, k := range pop.Key {
			if column(k) == nil {
				return fmt.Errorf("key: there is no column %q", k)
			}
		}
	}
	switch pop.OutsidePeriod {
	case "", "refuse", "leave_out":
	default:
		return fmt.Errorf("outside_period: %q is none of refuse, leave_out", pop.OutsidePeriod)
	}
	if pop.State {
		return nil
	}
	if p.judge.event < 0 {
		return fmt.Errorf("event_time: there is no column %q; a list as of a day has state: true", pop.EventTime)
	}
	if t := p.columns[p.judge.event].sqlType; t != "DATE" && t != "TIMESTAMP" {
		return fmt.Errorf("event_time: column %s must be a date or a timestamp", pop.EventTime)
	}
	if r.Period.First.IsZero() || r.Period.Last.Before(r.Period.First) {
		return fmt.Errorf("the period %s is empty", r.Period)
	}
	return nil
}

// byPosition reports whether an item's key is its position.
func byPosition(key []string) bool { return len(key) == 1 && key[0] == "position" }

// utc writes a time as a key and a snapshot show it.
func utc(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }
