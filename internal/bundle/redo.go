package bundle

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
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
	"github.com/ticktie/ticktie/internal/sampling"
	"github.com/ticktie/ticktie/internal/seal"
)

// errWithheld is the kind of error when something needed was withheld.
var errWithheld = errors.New("not in this file")

// redo performs again what the statements say was done.
func (v *verifier) redo(ctx context.Context) error {
	for i, st := range v.statements {
		if err := ctx.Err(); err != nil {
			return err
		}
		if v.tools.Progress != nil {
			v.tools.Progress("redo", filepath.Base(v.path), int64(i), int64(len(v.statements)))
		}
		what, redo := v.redoer(st.Type)
		if redo == nil {
			continue
		}
		subject := fmt.Sprintf("%s (statement %d)", st.Subject, st.Seq)
		detail, err := redo(ctx, st)
		switch {
		case errors.Is(err, errWithheld):
			v.report.add(what, subject, NotDone, err.Error())
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			v.report.differs(what, subject, "it cannot be done again: "+err.Error())
		default:
			v.report.compare(what, subject, detail)
		}
	}
	return nil
}

func (v *verifier) redoer(typ string) (string, func(context.Context, seal.Statement) (string, error)) {
	switch typ {
	case seal.PopulationFrozen:
		return "snapshot", v.redoSnapshot
	case seal.PopulationTiedOut:
		return "tie_out", v.redoTieOuts
	case seal.TestPerformed:
		return "test", v.redoTest
	case seal.SampleDrawn:
		return "sample", v.redoSample
	case seal.WorkspaceCreated, seal.ChallengePerformed, seal.SampleCommitted, seal.BundleFrozen:
		return "", nil
	default:
		return "statement", func(context.Context, seal.Statement) (string, error) {
			return "", fmt.Errorf("its type %q is unknown to this version of ticktie; use the version that wrote it, or a newer one", typ)
		}
	}
}

// need reads a JSON object that must be in the file.
func (v *verifier) need(d objects.Digest, what string, to any) error {
	b, err := v.get(d)
	if err != nil {
		return err
	}
	if b == nil {
		return fmt.Errorf("%w: %s %s was withheld", errWithheld, what, d)
	}
	if err := json.Unmarshal(b, to); err != nil {
		return fmt.Errorf("%s %s: %w", what, d, err)
	}
	return nil
}

// present is an error if an object that DuckDB must read is not there.
func (v *verifier) present(d objects.Digest, what string) error {
	switch {
	case d == "" || v.o.have[d]:
		return nil
	case v.withheld[d]:
		return fmt.Errorf("%w: %s %s was withheld", errWithheld, what, d)
	default:
		return fmt.Errorf("%s %s is missing or damaged", what, d)
	}
}

func (v *verifier) snapshot(d objects.Digest) (*population.Snapshot, error) {
	var s population.Snapshot
	if err := v.need(d, "snapshot", &s); err != nil {
		return nil, err
	}
	if err := v.present(s.Data, "data of "+s.Population); err != nil {
		return nil, err
	}
	return &s, v.present(s.Restricted, "restricted data of "+s.Population)
}

// redoSnapshot counts and adds up a frozen population anew.
func (v *verifier) redoSnapshot(ctx context.Context, st seal.Statement) (string, error) {
	s, err := v.snapshot(outputOf(st, "snapshot"))
	if err != nil {
		return "", err
	}
	var pop program.Population
	if err := v.need(s.Definition, "definition", &pop); err != nil {
		return "", err
	}
	if d := sameBody(st, s.Body(pop.HandedOver)); d != "" {
		return d, nil
	}
	c := s.Counts
	if c.Read != c.Items+c.Refused+c.LeftOut || c.Items != s.Items {
		return fmt.Sprintf("its counts do not add up: %d read, %d items, %d refused, %d left out", c.Read, c.Items, c.Refused, c.LeftOut), nil
	}
	if d, err := v.recountRefused(s); d != "" || err != nil {
		return d, err
	}
	return v.recount(ctx, s)
}

func (v *verifier) recountRefused(s *population.Snapshot) (string, error) {
	var lines int64
	if s.Refused != "" {
		b, err := v.get(s.Refused)
		if err != nil {
			return "", err
		}
		if b == nil {
			return "", fmt.Errorf("%w: the refused set %s was withheld", errWithheld, s.Refused)
		}
		lines = int64(bytes.Count(b, []byte("\n")))
	}
	if lines != s.Counts.Refused {
		return fmt.Sprintf("its refused set has %d records, %d are counted", lines, s.Counts.Refused), nil
	}
	return "", nil
}

// recount checks items, totals and the key's uniqueness against the data.
func (v *verifier) recount(ctx context.Context, s *population.Snapshot) (string, error) {
	exprs := []string{"count(*)"}
	want := []string{fmt.Sprint(s.Items)}
	for _, t := range s.Totals {
		exprs = append(exprs, "coalesce(sum("+quote(t.Column)+"), 0)")
		want = append(want, t.Sum)
	}
	if !slices.Equal(s.Key, []string{"position"}) {
		var cols []string
		for _, k := range s.Key {
			cols = append(cols, quote(k))
		}
		exprs = append(exprs, "count(DISTINCT ("+strings.Join(cols, ", ")+"))")
		want = append(want, fmt.Sprint(s.Items))
	}
	query := "SELECT " + strings.Join(exprs, ", ") + " FROM " + quote(s.Population)
	var got []string
	reader := v.tools.Reader(v.o.store, v.temp)
	err := reader.Rows(ctx, map[string]*population.Snapshot{s.Population: s}, query, func(values []*string) error {
		for _, x := range values {
			if x == nil {
				return errors.New("a total is NULL")
			}
			got = append(got, *x)
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	for i := range want {
		if i >= len(got) || !sameNumber(got[i], want[i]) {
			return fmt.Sprintf("%s gives %s, the snapshot says %s", exprs[i], strings.Join(got[i:min(i+1, len(got))], ""), want[i]), nil
		}
	}
	return "", nil
}

func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// sameNumber compares exact decimal texts whatever their trailing zeros.
func sameNumber(a, b string) bool {
	norm := func(s string) string {
		if strings.Contains(s, ".") {
			s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
		}
		if s == "-0" || s == "" {
			return "0"
		}
		return s
	}
	return norm(a) == norm(b)
}

func sameBody(st seal.Statement, body any) string {
	want, err := objects.Canonical(body)
	if err != nil {
		return err.Error()
	}
	got, err := objects.Canonicalize(st.Body)
	if err != nil {
		return "its body: " + err.Error()
	}
	if !bytes.Equal(got, want) {
		return "the statement says " + string(got) + ", its object says " + string(want)
	}
	return ""
}

// programOf reads the program that a statement was made with from its sealed files.
func (v *verifier) programOf(st seal.Statement) (*program.Program, error) {
	d := objects.Digest(st.Program)
	if p, ok := v.programs[d]; ok {
		return p, nil
	}
	var m program.Manifest
	if err := v.need(d, "program", &m); err != nil {
		return nil, err
	}
	dir := filepath.Join(v.temp, "program-"+d.Hex())
	for _, f := range m.Files {
		if !filepath.IsLocal(f.Path) {
			return nil, fmt.Errorf("program %s: the file name %q leaves the program", d, f.Path)
		}
		b, err := v.get(f.Digest)
		if err != nil {
			return nil, err
		}
		if b == nil {
			return nil, fmt.Errorf("%w: program file %s was withheld", errWithheld, f.Path)
		}
		path := filepath.Join(dir, filepath.FromSlash(f.Path))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return nil, err
		}
		if err := os.WriteFile(path, b, 0o600); err != nil {
			return nil, err
		}
	}
	p, findings, err := program.Load(dir)
	if err != nil {
		return nil, err
	}
	for _, f := range findings {
		if f.Severity == "error" {
			return nil, fmt.Errorf("program %s: %s", d, f)
		}
	}
	v.programs[d] = p
	return p, nil
}

// redoTieOuts ties out again against the same other sides.
func (v *verifier) redoTieOuts(ctx context.Context, st seal.Statement) (string, error) {
	p, err := v.programOf(st)
	if err != nil {
		return "", err
	}
	pop := p.Population(st.Subject)
	if pop == nil {
		return "", fmt.Errorf("the sealed program has no population %s", st.Subject)
	}
	snaps, digests, err := v.inputs(st)
	if err != nil {
		return "", err
	}
	own := snaps[st.Subject]
	if own == nil {
		return "", errors.New("it does not name the snapshot that was tied out")
	}
	got, err := population.TieOutAll(ctx, v.tools.Reader(v.o.store, v.temp), pop, own, digests[st.Subject], snaps, digests)
	if err != nil {
		return "", err
	}
	v.ties[digests[st.Subject]] = got
	if d := sameBody(st, population.BodyOf(own.Period, got)); d != "" {
		return d, nil
	}
	return v.sameTieOuts(st, got)
}

func (v *verifier) sameTieOuts(st seal.Statement, got []population.TieOut) (string, error) {
	var sealed []population.TieOut
	for _, r := range st.Outputs {
		var t population.TieOut
		if err := v.need(objects.Digest(r.Digest), "tie-out", &t); err != nil {
			return "", err
		}
		sealed = append(sealed, t)
	}
	for i := range max(len(got), len(sealed)) {
		if i >= len(got) || i >= len(sealed) {
			return fmt.Sprintf("%d tie-outs are sealed, the program gives %d", len(sealed), len(got)), nil
		}
		if d := differing(sealed[i], got[i]); d != "" {
			return "tie-out " + sealed[i].ID + ": " + d, nil
		}
	}
	return "", nil
}

// inputs reads the snapshots that a statement rests on.
func (v *verifier) inputs(st seal.Statement) (map[string]*population.Snapshot, map[string]objects.Digest, error) {
	snaps, digests := map[string]*population.Snapshot{}, map[string]objects.Digest{}
	for _, r := range st.Inputs {
		if r.Role != "snapshot" {
			continue
		}
		s, err := v.snapshot(objects.Digest(r.Digest))
		if err != nil {
			return nil, nil, err
		}
		if s.Population != r.Name {
			return nil, nil, fmt.Errorf("it names snapshot %s as %s, it is of %s", r.Digest, r.Name, s.Population)
		}
		snaps[r.Name], digests[r.Name] = s, objects.Digest(r.Digest)
	}
	return snaps, digests, nil
}

// redoTest compiles the test from the sealed program, performs it over the
// sealed snapshots, and compares the result to the item.
func (v *verifier) redoTest(ctx context.Context, st seal.Statement) (string, error) {
	var sealed procedure.Result
	if err := v.need(outputOf(st, "result"), "result", &sealed); err != nil {
		return "", err
	}
	if d := sameBody(st, sealed.Summary()); d != "" {
		return d, nil
	}
	p, err := v.programOf(st)
	if err != nil {
		return "", err
	}
	t := p.Test(st.Subject)
	if t == nil {
		return "", fmt.Errorf("the sealed program has no test %s", st.Subject)
	}
	compiled, err := procedure.Compile(p, t)
	if err != nil {
		return "", err
	}
	definition, err := objects.Canonical(compiled)
	if err != nil {
		return "", err
	}
	if objects.Sum(definition) != sealed.Definition {
		return "the sealed program compiles to definition " + string(objects.Sum(definition)) + ", the result was made with " + string(sealed.Definition), nil
	}
	if sealed.NotPerformed != nil && sealed.NotPerformed.Code == "no_snapshot" {
		return "", nil // nothing was read, so there is nothing to perform again
	}
	got, err := v.perform(ctx, st, p, t, &sealed)
	if err != nil {
		return "", err
	}
	return differing(comparable(sealed), comparable(*got)), nil
}

func (v *verifier) perform(ctx context.Context, st seal.Statement, p *program.Program, t *program.Test, sealed *procedure.Result) (*procedure.Result, error) {
	snaps, digests, err := v.inputs(st)
	if err != nil {
		return nil, err
	}
	basis := procedure.Basis{Program: p, Snapshots: snaps, TieOuts: map[string][]population.TieOut{}}
	for id, d := range digests {
		basis.TieOuts[id] = v.ties[d]
	}
	key := fmt.Sprint(st.Program, t.ID, sealed.Period, slices.Sorted(maps.Values(digests)))
	got, ok := v.replayed[key]
	if !ok {
		got, err = v.tools.Engine(v.o.store, v.temp).Perform(ctx, procedure.Input{
			Test: t, Program: p, Period: sealed.Period, Snapshots: snaps, Digests: digests,
			Objects: v.o.store, TempDir: v.temp,
		})
		if err != nil {
			return nil, err
		}
		v.replayed[key] = got
	}
	again := *got
	again.RestOn(basis)
	again.Definition = sealed.Definition
	return &again, nil
}

// comparable leaves out what may change with the engine's version: its name,
// and the bytes of a Parquet object whose rows NotMetDigest compares.
func comparable(r procedure.Result) procedure.Result {
	r.Engine, r.NotMet = "", ""
	return r
}

// differing names the first difference between two values in their JSON.
func differing(sealed, again any) string {
	a, errA := objects.Canonical(sealed)
	b, errB := objects.Canonical(again)
	if err := errors.Join(errA, errB); err != nil {
		return err.Error()
	}
	if bytes.Equal(a, b) {
		return ""
	}
	var x, y map[string]json.RawMessage
	if json.Unmarshal(a, &x) != nil || json.Unmarshal(b, &y) != nil {
		return "sealed and done again differ"
	}
	for _, k := range slices.Sorted(maps.Keys(mergeKeys(x, y))) {
		if !bytes.Equal(x[k], y[k]) {
			return fmt.Sprintf("%s: sealed %s, done again %s", k, clip(x[k]), clip(y[k]))
		}
	}
	return "sealed and done again differ"
}

func mergeKeys(a, b map[string]json.RawMessage) map[string]bool {
	keys := map[string]bool{}
	for k := range a {
		keys[k] = true
	}
	for k := range b {
		keys[k] = true
	}
	return keys
}

func clip(b []byte) string {
	const most = 300
	if len(b) == 0 {
		return "nothing"
	}
	if len(b) > most {
		return string(b[:most]) + "…"
	}
	return string(b)
}

// redoSample draws again from the revealed nonce and the tree of its commitment.
func (v *verifier) redoSample(ctx context.Context, st seal.Statement) (string, error) {
	var body sampling.DrawnBody
	if err := json.Unmarshal(st.Body, &body); err != nil {
		return "", err
	}
	if body.Committed < 0 || body.Committed >= st.Seq {
		return fmt.Sprintf("its commitment, statement %d, does not stand before it", body.Committed), nil
	}
	committed := v.statements[body.Committed]
	var c sampling.CommitmentBody
	if err := json.Unmarshal(committed.Body, &c); err != nil {
		return "", err
	}
	nonce, err := hex.DecodeString(body.Nonce)
	if err != nil {
		return "", err
	}
	root := seal.Root(v.entries[:body.Committed+1])
	switch {
	case committed.Type != seal.SampleCommitted || committed.Subject != st.Subject:
		return fmt.Sprintf("statement %d is no commitment for this test", body.Committed), nil
	case sampling.Commitment(nonce) != c.Commitment:
		return "the nonce is not the one that was committed to", nil
	case hex.EncodeToString(root[:]) != body.Root:
		return "the root it names is not that of the tree at its commitment", nil
	}
	return v.redraw(ctx, st, c, body)
}

func (v *verifier) redraw(ctx context.Context, st seal.Statement, c sampling.CommitmentBody, body sampling.DrawnBody) (string, error) {
	var sealed sampling.Sample
	if err := v.need(outputOf(st, "sample"), "sample", &sealed); err != nil {
		return "", err
	}
	digest := inputOf(v.statements[body.Committed], "snapshot", c.Population)
	s, err := v.snapshot(digest)
	if err != nil {
		return "", err
	}
	if s.Items != body.Items || body.Size != len(sealed.Selected) {
		return fmt.Sprintf("it says %d of %d items, the objects say %d of %d", body.Size, body.Items, len(sealed.Selected), s.Items), nil
	}
	seed := sampling.Seed(c.Engagement, st.Subject, string(digest), body.Root, body.Nonce)
	selected, err := population.Draw(ctx, v.tools.Reader(v.o.store, v.temp), s, seed, body.Size)
	if err != nil {
		return "", err
	}
	return differing(sealed, sampling.Sample{
		Format: "ticktie-sample/v1", Engagement: c.Engagement, Test: st.Subject,
		Population: c.Population, Snapshot: string(digest), Seed: hex.EncodeToString(seed[:]), Selected: selected,
	}), nil
}
