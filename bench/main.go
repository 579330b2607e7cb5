// Command bench measures Ticktie against named baselines in one run, on the
// same generated rows, and checks that all of them give the same answers.
//
// Times are wall-clock medians of whole commands or queries; ratios are what
// counts, since machines differ.
package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	_ "github.com/duckdb/duckdb-go/v2"

	"github.com/ticktie/ticktie/internal/objects"
	"github.com/ticktie/ticktie/internal/population"
)

type bench struct {
	ctx    context.Context
	rows   int64
	repeat int
	binary string
	work   string
	skip   map[string]bool

	program, data, workspace string
	parquet                  string // the frozen lines
	employees                string // the frozen employees
	answers                  [5]int64
}

func main() {
	rows := flag.Int64("rows", 10_000_000, "payroll lines to generate")
	repeat := flag.Int("repeat", 3, "times each measurement is taken; the median is shown")
	binary := flag.String("ticktie", "bin/ticktie", "the binary")
	work := flag.String("work", "bench-work", "directory to work in; emptied first")
	skip := flag.String("skip", "", "comma-separated parts to leave out: postgres, opa, go, log, generic")
	flag.Parse()
	b := &bench{ctx: context.Background(), rows: *rows, repeat: *repeat, skip: map[string]bool{}}
	for s := range strings.SplitSeq(*skip, ",") {
		b.skip[s] = true
	}
	if err := b.run(*binary, *work); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func (b *bench) run(binary, work string) error {
	var err error
	if b.binary, err = filepath.Abs(binary); err != nil {
		return err
	}
	if b.work, err = filepath.Abs(work); err != nil {
		return err
	}
	if err := os.RemoveAll(b.work); err != nil {
		return err
	}
	b.program, b.data, b.workspace = filepath.Join(b.work, "program"), filepath.Join(b.work, "data"), filepath.Join(b.work, "workspace")
	fmt.Printf("%d rows, median of %d\n\n", b.rows, b.repeat)
	if err := b.generate(); err != nil {
		return err
	}
	for _, part := range []struct {
		name string
		do   func() error
	}{
		{"freeze", b.freeze},
		{"test", b.test},
		{"joined", b.joined},
		{"generic", b.generic},
		{"verify", b.verify},
		{"log", b.log},
		{"go", b.plainGo},
		{"opa", b.opa},
		{"postgres", b.postgres},
	} {
		if b.skip[part.name] {
			continue
		}
		if err := part.do(); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	return nil
}

// show prints one comparison; want is the goal, "" if there is none.
func show(what string, ours, theirs time.Duration, baseline, want string) {
	ratio := ours.Seconds() / theirs.Seconds()
	text := fmt.Sprintf("%.2f times the time of %s", ratio, baseline)
	if ratio < 0.5 {
		text = fmt.Sprintf("%.1f times faster than %s", 1/ratio, baseline)
	}
	fmt.Printf("%-42s %8.2f s %8.2f s   %s", what, ours.Seconds(), theirs.Seconds(), text)
	if want != "" {
		fmt.Printf("   (goal: %s)", want)
	}
	fmt.Println()
}

// median runs do several times and returns the middle duration.
func (b *bench) median(do func() error) (time.Duration, error) {
	var all []time.Duration
	for range b.repeat {
		t := time.Now()
		if err := do(); err != nil {
			return 0, err
		}
		all = append(all, time.Since(t))
	}
	slices.Sort(all)
	return all[len(all)/2], nil
}

// command is one run of ticktie.
type command struct {
	out  []byte
	took time.Duration
	rss  int64 // MiB at most
}

func (b *bench) ticktie(args ...string) (*command, error) {
	c := exec.CommandContext(b.ctx, b.binary, args...)
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	t := time.Now()
	err := c.Run()
	took := time.Since(t)
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() == 1 || exit.ExitCode() == 4) {
		return nil, fmt.Errorf("ticktie %s: %w\n%s%s", strings.Join(args, " "), err, out.String(), errs.String())
	}
	r := &command{out: out.Bytes(), took: took}
	if u, ok := c.ProcessState.SysUsage().(*syscall.Rusage); ok {
		r.rss = u.Maxrss / 1024
	}
	return r, nil
}

func (b *bench) medianOf(args ...string) (time.Duration, *command, error) {
	var last *command
	d, err := b.median(func() error {
		var err error
		last, err = b.ticktie(args...)
		return err
	})
	return d, last, err
}

func (b *bench) freeze() error {
	db, err := b.duckdb()
	if err != nil {
		return err
	}
	defer db.Close()
	csv := filepath.Join(b.data, "lines.csv")
	copied, err := b.median(func() error {
		_, err := db.ExecContext(b.ctx, fmt.Sprintf("COPY (SELECT * FROM read_csv('%s')) TO '%s' (FORMAT parquet)", csv, filepath.Join(b.work, "copy.parquet")))
		return err
	})
	if err != nil {
		return err
	}
	var last *command
	n := 0
	frozen, err := b.median(func() error {
		n++
		w := fmt.Sprintf("%s-%d", b.workspace, n)
		if _, err := b.ticktie("init", b.program, "-w", w, "-q"); err != nil {
			return err
		}
		last, err = b.ticktie("collect", "lines", "-p", b.program, "-w", w, "--data", b.data, "-q", "--json")
		return err
	})
	if err != nil {
		return err
	}
	show("freeze a CSV to a sealed snapshot", frozen, copied, "DuckDB's own copy of CSV to Parquet", "at most 1.5")
	fmt.Printf("%-42s %d MiB resident at most\n", "", last.rss)
	b.workspace += "-1"
	for i := 2; i <= n; i++ {
		if err := os.RemoveAll(fmt.Sprintf("%s-%d", strings.TrimSuffix(b.workspace, "-1"), i)); err != nil {
			return err
		}
	}
	return b.locate()
}

// locate freezes what is not frozen yet and finds the Parquet objects.
func (b *bench) locate() error {
	c, err := b.ticktie("collect", "-p", b.program, "-w", b.workspace, "--data", b.data, "-q", "--json")
	if err != nil {
		return err
	}
	var out struct {
		Populations []struct {
			Population string
			Snapshot   objects.Digest
		}
	}
	if err := json.Unmarshal(c.out, &out); err != nil {
		return err
	}
	store, err := objects.Open(filepath.Join(b.workspace, ".ticktie", "objects"))
	if err != nil {
		return err
	}
	for _, p := range out.Populations {
		text, err := store.Read(p.Snapshot)
		if err != nil {
			return err
		}
		var s population.Snapshot
		if err := json.Unmarshal(text, &s); err != nil {
			return err
		}
		if p.Population == "lines" {
			b.parquet = store.Path(s.Data)
		} else {
			b.employees = store.Path(s.Data)
		}
	}
	return nil
}

func (b *bench) duckdb() (*sql.DB, error) {
	db, err := sql.Open("duckdb", "")
	if err != nil {
		return nil, err
	}
	for _, q := range []string{"SET memory_limit = '3072MB'", "SET TimeZone = 'UTC'", "SET temp_directory = '" + filepath.Join(b.work, "spill") + "'"} {
		if _, err := db.ExecContext(b.ctx, q); err != nil {
			return nil, err
		}
	}
	return db, nil
}
