package main

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/open-policy-agent/opa/v1/rego"

	"github.com/ticktie/ticktie/internal/engagement"
	"github.com/ticktie/ticktie/internal/evidence"
	"github.com/ticktie/ticktie/internal/seal"
)

// ours is the time of the five attributes, per row.
func (b *bench) ours() (time.Duration, error) {
	d, _, err := b.medianOf("test", "PAY-01.T1", "-p", b.program, "-w", b.workspace, "-q", "--json")
	return d, err
}

// plainGo judges the same rows in a loop over the CSV, in one goroutine.
func (b *bench) plainGo() error {
	ours, err := b.ours()
	if err != nil {
		return err
	}
	var got [5]int64
	took, err := b.median(func() error { got, err = judgeCSV(filepath.Join(b.data, "lines.csv")); return err })
	if err != nil {
		return err
	}
	if b.answers != got {
		return fmt.Errorf("the loop finds %v, DuckDB %v", got, b.answers)
	}
	show("five attributes, against a plain Go loop", ours, took, "a Go loop over the CSV, whole cents", "")
	return nil
}

func judgeCSV(path string) ([5]int64, error) {
	var bad [5]int64
	f, err := os.Open(path)
	if err != nil {
		return bad, err
	}
	defer f.Close()
	s := bufio.NewScanner(f)
	s.Scan()
	for s.Scan() {
		c := bytes.Split(s.Bytes(), []byte(","))
		dept, _ := strconv.ParseInt(string(c[2]), 10, 64)
		hours, _ := strconv.ParseInt(string(c[3]), 10, 64)
		rate, gross, net := amount(c[4]), amount(c[5]), amount(c[6])
		for i, holds := range []bool{gross == hours*rate, net <= gross, !bytes.Equal(c[8], c[7]), hours <= 744, dept < 200} {
			if !holds {
				bad[i]++
			}
		}
	}
	return bad, s.Err()
}

// amount reads "12.34" as cents.
func amount(b []byte) int64 {
	n, _ := strconv.ParseInt(string(bytes.Replace(b, []byte("."), nil, 1)), 10, 64)
	return n
}

const policy = `package lines

bad contains "A" if input.gross != input.hours * input.rate
bad contains "B" if input.net > input.gross
bad contains "C" if input.approver == input.preparer
bad contains "D" if input.hours > 744
bad contains "E" if input.department >= 200
`

// opa evaluates a policy for each of the first rows, by the library, prepared
// once, one goroutine; its time is scaled to all rows.
func (b *bench) opa() error {
	ours, err := b.ours()
	if err != nil {
		return err
	}
	q, err := rego.New(rego.Query("data.lines.bad"), rego.Module("lines.rego", policy)).PrepareForEval(b.ctx)
	if err != nil {
		return err
	}
	n := min(b.rows, 200_000)
	inputs, want, err := firstRows(filepath.Join(b.data, "lines.csv"), n)
	if err != nil {
		return err
	}
	var got [5]int64
	t := time.Now()
	for _, in := range inputs {
		r, err := q.Eval(b.ctx, rego.EvalInput(in))
		if err != nil {
			return err
		}
		set, ok := r[0].Expressions[0].Value.([]any)
		if !ok {
			return fmt.Errorf("the policy returns %T", r[0].Expressions[0].Value)
		}
		for _, x := range set {
			got[x.(string)[0]-'A']++
		}
	}
	took := time.Duration(float64(time.Since(t)) * float64(b.rows) / float64(n))
	if got != want {
		return fmt.Errorf("the policy finds %v in the first %d rows, the loop %v", got, n, want)
	}
	show("five attributes, against OPA", ours, took, fmt.Sprintf("OPA as a Go library (%d rows, scaled)", n), "at least 50 times faster")
	return nil
}

func firstRows(path string, n int64) ([]map[string]any, [5]int64, error) {
	var want [5]int64
	f, err := os.Open(path)
	if err != nil {
		return nil, want, err
	}
	defer f.Close()
	s := bufio.NewScanner(f)
	s.Scan()
	var out []map[string]any
	for int64(len(out)) < n && s.Scan() {
		c := bytes.Split(s.Bytes(), []byte(","))
		dept, _ := strconv.ParseInt(string(c[2]), 10, 64)
		hours, _ := strconv.ParseInt(string(c[3]), 10, 64)
		rate, gross, net := amount(c[4]), amount(c[5]), amount(c[6])
		for i, holds := range []bool{gross == hours*rate, net <= gross, !bytes.Equal(c[8], c[7]), hours <= 744, dept < 200} {
			if !holds {
				want[i]++
			}
		}
		out = append(out, map[string]any{"department": dept, "hours": hours, "rate": rate, "gross": gross, "net": net, "preparer": string(c[7]), "approver": string(c[8])})
	}
	return out, want, s.Err()
}

// postgres loads the same rows into a server of its own and runs the same two
// queries there.
func (b *bench) postgres() error {
	ours, err := b.ours()
	if err != nil {
		return err
	}
	stop, dsn, err := b.startPostgres()
	if err != nil {
		return err
	}
	defer stop()
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	for _, q := range []string{
		"CREATE UNLOGGED TABLE lines (line bigint, employee bigint, department bigint, hours bigint, rate numeric(12,2), gross numeric(12,2), net numeric(12,2), preparer text, approver text, paid_at timestamp)",
		"COPY lines FROM '" + filepath.Join(b.data, "lines.csv") + "' (FORMAT csv, HEADER)",
		"VACUUM ANALYZE lines",
	} {
		if _, err := db.ExecContext(b.ctx, q); err != nil {
			return err
		}
	}
	counts, rows := byHand("lines", conditions, kept)
	var got [5]int64
	took, err := b.median(func() error { got, err = b.twoQueries(db, counts, rows); return err })
	if err != nil {
		return err
	}
	if got != b.answers {
		return fmt.Errorf("PostgreSQL finds %v, DuckDB %v", got, b.answers)
	}
	show("five attributes, against PostgreSQL", ours, took, "PostgreSQL with the rows loaded and analyzed", "at least 10 times faster")
	return nil
}

// startPostgres runs a server on a socket in the work directory, as the user
// postgres when we are root, which the server refuses to be.
func (b *bench) startPostgres() (func(), string, error) {
	dir := filepath.Join(b.work, "pg")
	bin := ""
	for _, d := range []string{"/usr/lib/postgresql/15/bin", "/usr/lib/postgresql/16/bin", "/usr/lib/postgresql/17/bin", "/usr/local/bin", "/usr/bin"} {
		if _, err := os.Stat(filepath.Join(d, "initdb")); err == nil {
			bin = d
			break
		}
	}
	if bin == "" {
		return nil, "", errors.New("initdb is not installed (Debian: postgresql); leave this part out with -skip postgres")
	}
	socket, err := os.MkdirTemp("", "bench-pg-")
	if err != nil {
		return nil, "", err
	}
	attr, name, err := b.serverUser(dir, socket)
	if err != nil {
		return nil, "", err
	}
	run := func(program string, args ...string) error {
		c := exec.CommandContext(b.ctx, filepath.Join(bin, program), args...)
		c.SysProcAttr, c.Dir = attr, socket
		if out, err := c.CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w\n%s", program, err, out)
		}
		return nil
	}
	if err := run("initdb", "-D", dir, "-U", name, "-A", "trust", "--no-sync"); err != nil {
		return nil, "", err
	}
	server := exec.Command(filepath.Join(bin, "postgres"), "-D", dir, "-k", socket, "-c", "listen_addresses=", "-c", "shared_buffers=1GB", "-c", "work_mem=256MB", "-c", "max_wal_size=4GB", "-c", "fsync=off")
	server.SysProcAttr, server.Dir = attr, socket
	if err := server.Start(); err != nil {
		return nil, "", err
	}
	stop := func() {
		_ = server.Process.Signal(syscall.SIGINT)
		_ = server.Wait()
		_ = os.RemoveAll(socket)
	}
	dsn := "host=" + socket + " user=" + name + " database=postgres sslmode=disable"
	for range 100 {
		db, err := sql.Open("pgx", dsn)
		if err == nil {
			err = db.PingContext(b.ctx)
			_ = db.Close()
		}
		if err == nil {
			return stop, dsn, nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	stop()
	return nil, "", errors.New("the server did not start within ten seconds")
}

func (b *bench) serverUser(dirs ...string) (*syscall.SysProcAttr, string, error) {
	if os.Geteuid() != 0 {
		u, err := user.Current()
		return nil, u.Username, err
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, "", err
	}
	uid, _ := strconv.Atoi(u.Uid)
	gid, _ := strconv.Atoi(u.Gid)
	for _, d := range dirs {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return nil, "", err
		}
		if err := os.Chown(d, uid, gid); err != nil {
			return nil, "", err
		}
	}
	for d := b.work; d != "/" && d != "."; d = filepath.Dir(d) {
		s, err := os.Stat(d)
		if err != nil {
			return nil, "", err
		}
		if s.Mode().Perm()&0o001 == 0 {
			return nil, "", fmt.Errorf("the user postgres cannot reach %s; work in another directory (-work), or not as root", d)
		}
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, "postgres", nil
}

// log seals acts: many callers at once, and one after a pause.
func (b *bench) log() error {
	root := filepath.Join(b.work, "log-bench")
	l, err := evidence.Create(filepath.Join(root, "log"), filepath.Join(root, "keys"), "ticktie/bench")
	if err != nil {
		return err
	}
	defer l.Close()
	act := []seal.Statement{{Type: seal.TestPerformed, Subject: "T", Role: engagement.Machine}}
	const acts, callers = 1000, 64
	work := make(chan struct{}, acts)
	for range acts {
		work <- struct{}{}
	}
	close(work)
	errs := make(chan error, callers)
	t := time.Now()
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			for range work {
				if _, err := l.Append(context.Background(), act); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	wg.Wait()
	took := time.Since(t)
	select {
	case err := <-errs:
		return err
	default:
	}
	fmt.Printf("%-42s %8.2f s              (goal: under 2 s)\n", "1,000 acts sealed by 64 callers", took.Seconds())
	one, err := b.median(func() error {
		time.Sleep(300 * time.Millisecond)
		return nil
	})
	if err != nil {
		return err
	}
	both, err := b.median(func() error {
		time.Sleep(300 * time.Millisecond)
		_, err := l.Append(b.ctx, act)
		return err
	})
	if err != nil {
		return err
	}
	fmt.Printf("%-42s %8.3f s              (goal: under 0.1 s)\n", "one act after a pause", (both - one).Seconds())
	return nil
}

// generic compares the generated recalculation and limit with the same
// attributes as a person would type them first.
func (b *bench) generic() error {
	db, err := b.duckdb()
	if err != nil {
		return err
	}
	defer db.Close()
	count := func(condition string) (time.Duration, int64, error) {
		var n int64
		d, err := b.median(func() error {
			return db.QueryRowContext(b.ctx, "SELECT count(*) FILTER (WHERE NOT ("+condition+")) FROM read_parquet('"+b.parquet+"')").Scan(&n)
		})
		return d, n, err
	}
	for _, c := range []struct{ what, naive, ours string }{
		{"recalculation", "round(gross, 2) = round(CAST(hours AS DOUBLE) * CAST(rate AS DOUBLE), 2)", "abs(gross - round(hours * rate, 2)) <= 0"},
		{"limit", "CAST(rate AS DOUBLE) >= 15.00 AND CAST(rate AS DOUBLE) <= 95.00", "rate >= 15 AND rate <= 95"},
	} {
		naive, nn, err := count(c.naive)
		if err != nil {
			return err
		}
		ours, on, err := count(c.ours)
		if err != nil {
			return err
		}
		if nn != on {
			return fmt.Errorf("%s: naive finds %d, ours %d", c.what, nn, on)
		}
		show("generic "+c.what+", the condition alone", ours, naive, "the same in floating point", "at least 3 times faster")
	}
	return nil
}
