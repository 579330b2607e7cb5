package realtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// expected is what examples/*/expected.py computed.
type expected struct {
	Populations map[string]expectedPopulation `json:"populations"`
	Tests       map[string]expectedTest       `json:"tests"`
}

type expectedPopulation struct {
	Read      int64             `json:"read"`
	Items     int64             `json:"items"`
	Refused   int64             `json:"refused"`
	RefusedBy map[string]int64  `json:"refused_by"`
	LeftOut   int64             `json:"left_out"`
	Totals    map[string]string `json:"totals"`
	TieOuts   map[string]string `json:"tie_outs"`
}

type expectedTest struct {
	Items      int64                       `json:"items"`
	Attributes map[string]map[string]int64 `json:"attributes"`
	Keys       map[string][]string         `json:"deviation_keys"` // the first 20
}

// What ticktie collect --json and ticktie test --json print.
type collected struct {
	Populations []struct {
		Population string
		Error      string
		Counts     struct {
			Read    int64
			Items   int64
			Refused int64
			LeftOut int64 `json:"left_out"`
		}
		RefusedBy map[string]int64 `json:"refused_by"`
		Totals    []struct{ Column, Sum string }
		TieOuts   []struct{ ID, Outcome, Reason string } `json:"tie_outs"`
	}
}

type tested struct {
	Tests []struct {
		Test   string
		Failed string
		Result struct {
			Items      int64
			Attributes []struct {
				ID            string
				Met           int64
				Deviations    int64
				NotEvaluable  int64 `json:"not_evaluable"`
				NotApplicable int64 `json:"not_applicable"`
			}
			NotPerformed *struct{ Code, Reason string } `json:"not_performed"`
		}
		NotMet []struct {
			Key        string
			Judgements map[string]string
		} `json:"not_met"`
	}
}

func TestExamplesOnRealRecords(t *testing.T) {
	data := os.Getenv("TICKTIE_DATA")
	if data == "" {
		t.Skip("TICKTIE_DATA is not set; `make test-real DATA=…` runs the examples on real records")
	}
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	programs, err := filepath.Glob(filepath.Join(root, "examples", "*", "ticktie.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if len(programs) < 10 {
		t.Fatalf("there are %d example programs, at least 10 are meant to be", len(programs))
	}
	for _, p := range programs {
		dir := filepath.Dir(p)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			set := filepath.Join(data, filepath.Base(dir))
			if _, err := os.Stat(set); err != nil {
				t.Fatalf("the records of this example are missing: %v", err)
			}
			example{t, filepath.Join(root, "bin", "ticktie"), dir, set, t.TempDir()}.run()
		})
	}
}

// example is one program, its records, and a workspace of its own.
type example struct {
	*testing.T
	binary, program, data, work string
}

func (e example) run() {
	var want expected
	e.read(filepath.Join(e.program, "expected.json"), &want)
	e.command(nil, 0, "check", "-p", e.program)
	e.command(nil, 0, "init", e.program, "-w", e.work, "--name", filepath.Base(e.program))
	var got collected
	e.command(&got, -1, "collect", "-p", e.program, "-w", e.work, "--data", e.data, "--json")
	e.populations(want, got)
	var ran tested
	e.command(&ran, -1, "test", "-p", e.program, "-w", e.work, "--data", e.data, "--json", "--all")
	e.tests(want, ran)
	bundle := filepath.Join(e.work, "evidence.bundle")
	e.command(nil, 0, "bundle", "-p", e.program, "-w", e.work, "-o", bundle, "--without-raw")
	e.command(nil, 0, "verify", bundle)
}

// command runs the binary; code -1 accepts 0, 2 and 3: done, with what was found.
func (e example) command(into any, code int, args ...string) {
	e.Helper()
	c := exec.Command(e.binary, args...)
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	err := c.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		e.Fatal(err)
	}
	got := c.ProcessState.ExitCode()
	if ok := got == code || code == -1 && (got == 0 || got == 2 || got == 3); !ok {
		e.Fatalf("ticktie %s: exit code %d\n%s\n%s", strings.Join(args, " "), got, tail(out.String()), tail(errs.String()))
	}
	if into == nil {
		return
	}
	if err := json.Unmarshal(out.Bytes(), into); err != nil {
		e.Fatalf("ticktie %s --json: %v\n%s", args[0], err, tail(out.String()))
	}
}

func tail(s string) string {
	const most = 4000
	if len(s) > most {
		return "…" + s[len(s)-most:]
	}
	return s
}

func (e example) read(path string, v any) {
	e.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		e.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		e.Fatalf("%s: %v", path, err)
	}
}

func (e example) populations(want expected, got collected) {
	seen := map[string]bool{}
	for _, p := range got.Populations {
		seen[p.Population] = true
		w, ok := want.Populations[p.Population]
		if !ok {
			e.Errorf("population %s: nothing is expected of it", p.Population)
			continue
		}
		if p.Error != "" {
			e.Errorf("population %s: %s", p.Population, p.Error)
			continue
		}
		have := expectedPopulation{Read: p.Counts.Read, Items: p.Counts.Items, Refused: p.Counts.Refused, RefusedBy: p.RefusedBy, LeftOut: p.Counts.LeftOut, Totals: map[string]string{}, TieOuts: map[string]string{}}
		for _, x := range p.Totals {
			if _, asked := w.Totals[x.Column]; asked {
				have.Totals[x.Column] = normal(x.Sum)
			}
		}
		for k, v := range w.Totals {
			w.Totals[k] = normal(v)
		}
		for _, x := range p.TieOuts {
			have.TieOuts[x.ID] = x.Outcome
		}
		e.same("population "+p.Population, fill(w), fill(have))
	}
	for id := range want.Populations {
		if !seen[id] {
			e.Errorf("population %s was expected and not collected", id)
		}
	}
}

// normal is one text for equal decimals: "1.50" and "1.5" are the same amount.
func normal(s string) string {
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		return s
	}
	return r.RatString()
}

func fill(p expectedPopulation) expectedPopulation {
	if p.RefusedBy == nil {
		p.RefusedBy = map[string]int64{}
	}
	if p.Totals == nil {
		p.Totals = map[string]string{}
	}
	if p.TieOuts == nil {
		p.TieOuts = map[string]string{}
	}
	return p
}

func (e example) tests(want expected, got tested) {
	seen := map[string]bool{}
	for _, r := range got.Tests {
		seen[r.Test] = true
		w, ok := want.Tests[r.Test]
		if !ok {
			e.Errorf("test %s: nothing is expected of it", r.Test)
			continue
		}
		if r.Failed != "" || r.Result.NotPerformed != nil {
			e.Errorf("test %s was not performed: %s %+v", r.Test, r.Failed, r.Result.NotPerformed)
			continue
		}
		have := expectedTest{Items: r.Result.Items, Attributes: map[string]map[string]int64{}, Keys: map[string][]string{}}
		for _, a := range r.Result.Attributes {
			have.Attributes[a.ID] = map[string]int64{
				"met": a.Met, "deviations": a.Deviations, "not_evaluable": a.NotEvaluable, "not_applicable": a.NotApplicable,
			}
			if _, asked := w.Keys[a.ID]; asked {
				have.Keys[a.ID] = []string{}
			}
		}
		for _, i := range r.NotMet {
			for id, j := range i.Judgements {
				if _, asked := w.Keys[id]; asked && j == "deviation" && len(have.Keys[id]) < 20 {
					have.Keys[id] = append(have.Keys[id], i.Key)
				}
			}
		}
		if w.Keys == nil {
			w.Keys = map[string][]string{}
		}
		for id, keys := range w.Keys {
			w.Keys[id] = append([]string{}, keys[:min(20, len(keys))]...)
			slices.Sort(w.Keys[id])
			slices.Sort(have.Keys[id])
		}
		e.same("test "+r.Test, w, have)
	}
	for id := range want.Tests {
		if !seen[id] {
			e.Errorf("test %s was expected and not run", id)
		}
	}
}

func (e example) same(what string, want, got any) {
	e.Helper()
	if d := cmp.Diff(want, got); d != "" {
		e.Errorf("%s: - computed from the raw records, + Ticktie:\n%s", what, fmt.Sprint(d))
	}
}
