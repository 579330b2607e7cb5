package main

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// run is what ticktie test --json prints of one test.
type run struct {
	Result struct {
		Items      int64
		Attributes []struct{ Deviations int64 }
	}
}

func deviations(c *command) ([]int64, error) {
	var out struct{ Tests []run }
	if err := json.Unmarshal(c.out, &out); err != nil {
		return nil, err
	}
	if len(out.Tests) != 1 {
		return nil, fmt.Errorf("%d tests were run, not 1", len(out.Tests))
	}
	var n []int64
	for _, a := range out.Tests[0].Result.Attributes {
		n = append(n, a.Deviations)
	}
	return n, nil
}

var conditions = []string{"gross = hours * rate", "net <= gross", "approver <> preparer", "hours <= 744", "department < 200"}

var joinedConditions = []string{"status IS NOT NULL", "rate <= top_rate", "approver <> preparer", "hours <= 744", "net <= gross"}

// byHand are the two queries that a person types: counts by month, and the rows.
func byHand(from string, conditions []string, columns string) (string, string) {
	var counts, wrong []string
	for _, c := range conditions {
		counts = append(counts, "count(*) FILTER (WHERE "+c+"), count(*) FILTER (WHERE NOT ("+c+")), count(*) FILTER (WHERE ("+c+") IS NULL)")
		wrong = append(wrong, "("+c+") IS NOT TRUE")
	}
	return "SELECT date_trunc('month', paid_at) AS month, " + strings.Join(counts, ", ") + " FROM " + from + " GROUP BY 1 ORDER BY 1",
		"SELECT " + columns + " FROM " + from + " WHERE " + strings.Join(wrong, " OR ") + " ORDER BY line"
}

// answers runs both queries and adds up the deviations of each condition.
func (b *bench) twoQueries(db *sql.DB, counts, rows string) ([5]int64, error) {
	var total [5]int64
	r, err := db.QueryContext(b.ctx, counts)
	if err != nil {
		return total, err
	}
	for r.Next() {
		var month any
		var n [15]int64
		into := []any{&month}
		for i := range n {
			into = append(into, &n[i])
		}
		if err := r.Scan(into...); err != nil {
			return total, err
		}
		for i := range total {
			total[i] += n[3*i+1]
		}
	}
	if err := r.Err(); err != nil {
		return total, err
	}
	return total, b.drain(db, rows)
}

// drain reads every row of a query as text.
func (b *bench) drain(db *sql.DB, query string) error {
	r, err := db.QueryContext(b.ctx, query)
	if err != nil {
		return err
	}
	defer r.Close()
	names, err := r.Columns()
	if err != nil {
		return err
	}
	cells := make([]any, len(names))
	into := make([]any, len(names))
	for i := range cells {
		into[i] = &cells[i]
	}
	for r.Next() {
		if err := r.Scan(into...); err != nil {
			return err
		}
	}
	return r.Err()
}

const kept = "line, hours, rate, gross, net, preparer, approver, department"

func (b *bench) test() error {
	db, err := b.duckdb()
	if err != nil {
		return err
	}
	defer db.Close()
	counts, rows := byHand("read_parquet('"+b.parquet+"')", conditions, kept)
	hand, err := b.median(func() error { b.answers, err = b.twoQueries(db, counts, rows); return err })
	if err != nil {
		return err
	}
	ours, last, err := b.medianOf("test", "PAY-01.T1", "-p", b.program, "-w", b.workspace, "-q", "--json")
	if err != nil {
		return err
	}
	if err := b.same(last, b.answers); err != nil {
		return err
	}
	show("five attributes, sealed (whole command)", ours, hand, "the same two queries by hand", "at most 1.10")
	fmt.Printf("%-42s %d MiB resident at most; deviations %v, equal\n", "", last.rss, b.answers)
	return nil
}

func (b *bench) same(c *command, want [5]int64) error {
	got, err := deviations(c)
	if err != nil {
		return err
	}
	if fmt.Sprint(got) != fmt.Sprint(want[:len(got)]) {
		return fmt.Errorf("ticktie finds %v, the baseline %v", got, want)
	}
	return nil
}

func (b *bench) joined() error {
	db, err := b.duckdb()
	if err != nil {
		return err
	}
	defer db.Close()
	from := "(SELECT p.*, e.status, e.top_rate FROM read_parquet('" + b.parquet + "') p LEFT JOIN read_parquet('" + b.employees + "') e ON e.employee = p.employee)"
	counts, rows := byHand(from, joinedConditions, kept+", status, top_rate")
	var answers [5]int64
	hand, err := b.median(func() error { answers, err = b.twoQueries(db, counts, rows); return err })
	if err != nil {
		return err
	}
	ours, last, err := b.medianOf("test", "PAY-01.T2", "-p", b.program, "-w", b.workspace, "-q", "--json")
	if err != nil {
		return err
	}
	if err := b.same(last, answers); err != nil {
		return err
	}
	show("five attributes over a join, with proof", ours, hand, "the same two queries by hand, without proof", "at most 1.5")
	fmt.Printf("%-42s %d MiB resident at most\n", "", last.rss)
	return nil
}

// verify compares with the plain replay of the same five tests.
func (b *bench) verify() error {
	replay, _, err := b.medianOf("test", "-p", b.program, "-w", b.workspace, "-q", "--json")
	if err != nil {
		return err
	}
	file := filepath.Join(b.work, "evidence.bundle")
	// A workspace in which each test was run once, as a bundle is usually made.
	fresh := filepath.Join(b.work, "once")
	for _, args := range [][]string{
		{"init", b.program, "-w", fresh, "-q"},
		{"collect", "-p", b.program, "-w", fresh, "--data", b.data, "-q"},
		{"test", "-p", b.program, "-w", fresh, "-q"},
		{"bundle", "-p", b.program, "-w", fresh, "-o", file, "-q"},
	} {
		if _, err := b.ticktie(args...); err != nil {
			return err
		}
	}
	s, err := os.Stat(file)
	if err != nil {
		return err
	}
	took, last, err := b.medianOf("verify", file, "--temp", b.work, "-q")
	if err != nil {
		return err
	}
	show("verify a bundle with its raw bytes", took, replay, "the plain replay of its five tests", "at most 1.5")
	fmt.Printf("%-42s %d MiB of bundle, %d MiB resident at most\n", "", s.Size()>>20, last.rss)
	return os.Remove(file)
}
