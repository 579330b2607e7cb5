package duckdb

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/ticktie/ticktie/internal/engagement"
	"github.com/ticktie/ticktie/internal/population"
	"github.com/ticktie/ticktie/internal/source"
)

func byRecord(a, b source.Refused) int { return cmp.Compare(a.Record, b.Record) }

// describe fills the snapshot from the finished data: counts, absences,
// totals, first and last event, days.
func (z *freeze) describe(ctx context.Context, path string, s *population.Snapshot) error {
	if err := z.checkOrder(ctx, path); err != nil {
		return err
	}
	if err := z.conn.QueryRowContext(ctx, "SELECT 'DuckDB ' || version()").Scan(&s.Engine); err != nil {
		return fmt.Errorf("asking for the engine's version: %w", err)
	}
	facts, err := z.facts(ctx, path)
	if err != nil {
		return fmt.Errorf("counting the items: %w", err)
	}
	s.Items = facts.items
	for i, c := range z.plan.columns {
		unit := c.col.Unit
		if unit == "" && c.col.Type == "decimal" {
			unit = z.Population.Unit
		}
		s.Columns = append(s.Columns, population.Column{
			Name: c.col.Name, Type: c.sqlType, Unit: unit, Restricted: c.col.Restricted,
			Absent: facts.absent[i], Rounded: c.rounded.Load(),
		})
		// The total of a restricted column would show its value where there is one item.
		if c.summed() && !c.col.Restricted {
			s.Totals = append(s.Totals, population.Total{Column: c.col.Name, Sum: facts.sums[i].String, Unit: unit})
		}
	}
	if z.plan.judge.event < 0 {
		return nil
	}
	s.FirstEvent, s.LastEvent = facts.first, facts.last
	s.Coverage.Days, err = z.days(ctx, path)
	return err
}

func (c *caster) summed() bool { return c.col.Type == "decimal" || c.col.Type == "integer" }

// checkOrder proves that items stand in record order, each record at most once.
func (z *freeze) checkOrder(ctx context.Context, path string) error {
	var wrong int64
	err := z.conn.QueryRowContext(ctx, "SELECT count(*) FROM (SELECT _record <= lag(_record) OVER () AS wrong FROM "+
		parquetAt(path)+") WHERE wrong").Scan(&wrong)
	if err != nil {
		return fmt.Errorf("checking the order of the items: %w", err)
	}
	if wrong > 0 {
		return fmt.Errorf("the engine gave %d items out of record order: nothing was kept", wrong)
	}
	return nil
}

type facts struct {
	items       int64
	absent      []int64
	sums        []sql.NullString
	first, last string
}

func (z *freeze) facts(ctx context.Context, path string) (*facts, error) {
	n := len(z.plan.columns)
	f := &facts{absent: make([]int64, n), sums: make([]sql.NullString, n)}
	query := []string{"count(*)"}
	into := []any{&f.items}
	for i, c := range z.plan.columns {
		query = append(query, "count(*) - count("+ident(c.col.Name)+")")
		into = append(into, &f.absent[i])
		if c.summed() {
			query = append(query, c.sum())
			into = append(into, &f.sums[i])
		}
	}
	var first, last sql.NullTime
	if e := z.plan.judge.event; e >= 0 {
		name := ident(z.plan.columns[e].col.Name)
		query = append(query, "min("+name+")", "max("+name+")")
		into = append(into, &first, &last)
	}
	row := z.conn.QueryRowContext(ctx, "SELECT "+strings.Join(query, ", ")+" FROM read_parquet("+literal(path)+")")
	err := row.Scan(into...)
	if err != nil {
		return nil, err
	}
	for i, c := range z.plan.columns {
		if c.wide {
			if f.sums[i].String, err = c.joinSum(f.sums[i].String); err != nil {
				return nil, err
			}
		}
	}
	f.first, f.last = z.event(first), z.event(last)
	return f, nil
}

// lowDigits is where the digits of a wide column are cut for its sum.
const lowDigits = 18

// sum is the SQL of a column's exact total as text; a wide column gives the
// totals of its high and its low digits.
func (c *caster) sum() string {
	name := ident(c.col.Name)
	if !c.wide {
		return fmt.Sprintf("coalesce(CAST(sum(%s) AS VARCHAR), %s)", name, literal(number{}.text(c.col.Scale)))
	}
	digits := fmt.Sprintf("lpad(translate(CAST(%s AS VARCHAR), '-.', ''), 40, '0')", name)
	part := func(cut string) string {
		return fmt.Sprintf("CAST(coalesce(sum(sign(%s) * CAST(%s AS HUGEINT)), 0) AS VARCHAR)", name, cut)
	}
	return part(fmt.Sprintf("left(%s, %d)", digits, 40-lowDigits)) + " || ' ' || " + part(fmt.Sprintf("right(%s, %d)", digits, lowDigits))
}

// joinSum writes the total of a wide column from its two parts.
func (c *caster) joinSum(parts string) (string, error) {
	high, low := new(big.Int), new(big.Int)
	if _, err := fmt.Sscan(parts, high, low); err != nil {
		return "", fmt.Errorf("adding up column %s: %w", c.col.Name, err)
	}
	high.Mul(high, new(big.Int).Exp(big.NewInt(10), big.NewInt(lowDigits), nil)).Add(high, low)
	return number{negative: high.Sign() < 0, digits: strings.TrimLeft(new(big.Int).Abs(high).String(), "0")}.text(c.col.Scale), nil
}

// event writes the first or last event; a date stays a date.
func (z *freeze) event(t sql.NullTime) string {
	switch {
	case !t.Valid:
		return ""
	case z.plan.columns[z.plan.judge.event].sqlType == "DATE":
		return t.Time.UTC().Format(time.DateOnly)
	}
	return utc(t.Time)
}

// days counts the items of every day of the period.
func (z *freeze) days(ctx context.Context, path string) ([]population.Day, error) {
	rows, err := z.conn.QueryContext(ctx, "SELECT CAST(_day AS VARCHAR), count(*) FROM read_parquet("+literal(path)+") GROUP BY _day")
	if err != nil {
		return nil, fmt.Errorf("counting the items of each day: %w", err)
	}
	defer rows.Close()
	items := map[string]int64{}
	for rows.Next() {
		var day string
		var n int64
		if err := rows.Scan(&day, &n); err != nil {
			return nil, fmt.Errorf("counting the items of each day: %w", err)
		}
		items[day] = n
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("counting the items of each day: %w", err)
	}
	return daysOf(z.Period, items), nil
}

func daysOf(p engagement.Period, items map[string]int64) []population.Day {
	var out []population.Day
	for _, d := range p.Days() {
		out = append(out, population.Day{Date: d, Items: items[d.String()]})
	}
	return out
}
