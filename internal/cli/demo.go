package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/ticktie/ticktie/internal/bundle"
	"github.com/ticktie/ticktie/internal/duckdb"
	"github.com/ticktie/ticktie/internal/fieldwork"
	"github.com/ticktie/ticktie/internal/harborline"
	"github.com/ticktie/ticktie/internal/procedure"
)

// demoMark says that a directory was made by demo and may be made anew.
const demoMark = ".ticktie-demo"

func (a *app) demoCommand() *cobra.Command {
	var dir string
	var noServe bool
	c := &cobra.Command{
		Use:   "demo",
		Short: "Do the whole of it on Harborline, a made-up payroll and billing service",
		Long: `Generates twelve months of records of Harborline with seeded faults, freezes and ties
out every population, tests every item, bundles, verifies, flips one byte and verifies
again. It ends in 0 only if it found exactly the seeded faults and the flipped byte.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			abs, err := filepath.Abs(dir)
			if err != nil {
				return err
			}
			d := demo{app: a, dir: abs}
			if err := d.run(c.Context()); err != nil {
				return err
			}
			return nil
		},
	}
	c.Flags().StringVar(&dir, "dir", "demo-harborline", "directory to work in; made anew if demo made it")
	c.Flags().BoolVar(&noServe, "no-serve", false, "end after the last check (there is no server yet, so this is always so)")
	return c
}

// demo is one run of the demonstration.
type demo struct {
	app   *app
	dir   string
	found []harborline.Found
	out   map[string]any
}

func (d *demo) bundle() string { return filepath.Join(d.dir, "harborline.bundle") }

func (d *demo) say(format string, args ...any) {
	if !d.app.json {
		d.app.printf(format, args...)
	}
}

func (d *demo) run(ctx context.Context) error {
	d.out = map[string]any{"dir": d.dir, "bundle": d.bundle()}
	start := time.Now()
	for _, step := range []struct {
		title string
		do    func(context.Context) error
	}{
		{"Generating twelve months of Harborline's records", d.generate},
		{"Freezing and tying out every population", d.collect},
		{"Testing every item", d.test},
		{"Freezing the evidence into one file", d.freeze},
		{"Verifying that file, as an auditor would", d.verify},
		{"Flipping one byte of it", d.flip},
	} {
		t := time.Now()
		d.say("%s\n", step.title)
		if err := step.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", lower(step.title), err)
		}
		d.say("  (%.1f s)\n", time.Since(t).Seconds())
	}
	err := d.judge()
	d.out["seconds"] = int(time.Since(start).Seconds())
	if d.app.json {
		d.app.printJSON(d.out)
	}
	return err
}

func lower(s string) string { return string(s[0]|0x20) + s[1:] }

func (d *demo) generate(ctx context.Context) error {
	if err := d.clear(); err != nil {
		return err
	}
	if err := harborline.Generate(ctx, d.dir); err != nil {
		return err
	}
	origin, err := newOrigin("Harborline", d.dir)
	if err != nil {
		return err
	}
	return fieldwork.CreateWorkspace(ctx, d.dir, origin, version)
}

// clear removes what an earlier demo made, and nothing else.
func (d *demo) clear() error {
	entries, err := os.ReadDir(d.dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if _, err := os.Stat(filepath.Join(d.dir, demoMark)); len(entries) > 0 && err != nil {
		return fmt.Errorf("%s is not empty and was not made by demo; name another directory with --dir", d.dir)
	}
	if err := os.RemoveAll(d.dir); err != nil {
		return err
	}
	if err := os.MkdirAll(d.dir, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(d.dir, demoMark), nil, 0o644)
}

// with opens the demo's workspace for one step.
func (d *demo) with(do func(*fieldwork.Fieldwork, *progress) error) error {
	sub := *d.app
	sub.program = filepath.Join(d.dir, harborline.ProgramDir)
	sub.root, sub.data = d.dir, filepath.Join(d.dir, harborline.DataDir)
	f, done, err := sub.fieldwork()
	if err != nil {
		return err
	}
	p := d.app.startProgress()
	if p.plain != nil {
		p = &progress{} // the demo tells its own story
	}
	f.Progress = p.report
	err = do(f, p)
	p.stop()
	return errors.Join(err, done())
}

func (d *demo) collect(ctx context.Context) error {
	return d.with(func(f *fieldwork.Fieldwork, _ *progress) error {
		got, err := f.Collect(ctx, fieldwork.CollectOptions{})
		for _, c := range got {
			if c.Error != "" {
				d.say("  %s\n", c.Error)
			}
		}
		if err != nil {
			return err
		}
		var items, refused, proven int64
		for _, c := range got {
			items += c.Summary.Items
			refused += c.Summary.Counts.Refused
			if c.Proven {
				proven++
			}
		}
		d.out["populations"], d.out["items"], d.out["refused"], d.out["proven"] = len(got), items, refused, proven
		d.say("  %s, %s; %s refused; %d tied out to an independent source\n", count(int64(len(got)), "population"), count(items, "item"), count(refused, "record"), proven)
		return nil
	})
}

func (d *demo) test(ctx context.Context) error {
	return d.with(func(f *fieldwork.Fieldwork, _ *progress) error {
		got, err := f.Test(ctx, fieldwork.Select{})
		if err != nil {
			for _, t := range got {
				if t.Failed != "" {
					d.say("  %s\n", t.Failed)
				}
			}
			return err
		}
		controls := map[string]bool{}
		var judged int64
		for _, t := range got {
			controls[t.Test.Control] = true
			for _, x := range t.Result.Attributes {
				judged += x.Met + x.Deviations + x.NotEvaluable + x.NotApplicable
			}
			if err := d.gather(ctx, f, t); err != nil {
				return err
			}
		}
		n := totals(got)
		d.out["tests"], d.out["controls_tested"], d.out["judgements"], d.out["outcomes"] = len(got), len(controls), judged, n
		d.say("  %s of %s, %s judgements\n", count(int64(len(got)), "test"), count(int64(len(controls)), "control"), num(judged))
		d.say("  no deviations %d, deviations %d, not evaluable %d, not concluded %d, did not occur %d\n",
			n[procedure.NoDeviations], n[procedure.Deviations], n[procedure.NotEvaluated], n[procedure.NotConcluded], n[procedure.DidNotOccur])
		return nil
	})
}

// gather lists what one test did not find met, in the terms of the fault list.
func (d *demo) gather(ctx context.Context, f *fieldwork.Fieldwork, t fieldwork.Tested) error {
	if t.Result.NotPerformed != nil && t.Result.Outcome() != procedure.DidNotOccur {
		d.found = append(d.found, harborline.Found{Test: t.Test.ID, Judgement: t.Result.NotPerformed.Reason})
	}
	for _, o := range t.Result.Open {
		d.found = append(d.found, harborline.Found{Test: t.Test.ID, Judgement: o})
	}
	if t.Result.NotMet == "" {
		return nil
	}
	engine := duckdb.NewEngine(d.app.engineConfig(f.Workspace.Objects.TempDir()))
	return engine.NotMet(ctx, f.Workspace.Objects, t.Result, -1, func(i procedure.NotMetItem) error {
		for id, j := range i.Judgements {
			if j == procedure.Deviation || j == procedure.NotEvaluable {
				d.found = append(d.found, harborline.Found{Test: t.Test.ID, Attribute: id, Key: i.Key, Judgement: string(j)})
			}
		}
		return nil
	})
}

func (d *demo) freeze(ctx context.Context) error {
	return d.with(func(f *fieldwork.Fieldwork, _ *progress) error {
		m, _, err := f.Bundle(ctx, d.bundle(), fieldwork.BundleOptions{})
		if err != nil {
			return err
		}
		s, err := os.Stat(d.bundle())
		if err != nil {
			return err
		}
		d.out["bundle_bytes"], d.out["statements"] = s.Size(), m.TreeSize
		d.say("  %s: %s, %s, %s\n", filepath.Base(d.bundle()), count(s.Size(), "byte"), count(int64(len(m.Members)), "member"), count(m.TreeSize, "statement"))
		return nil
	})
}

func (d *demo) verify(ctx context.Context) error {
	r, err := d.app.verifyFile(ctx, d.bundle(), &progress{})
	if err != nil {
		return err
	}
	d.out["verified"] = !r.Failed()
	if r.Failed() {
		d.differences(r)
		return errors.New("the bundle did not verify")
	}
	d.say("  every byte, signature and proof agrees; %s counted again, %s performed again, to the item\n",
		count(r.Count("snapshot", bundle.Agrees), "population"), count(r.Count("test", bundle.Agrees), "test run"))
	return nil
}

func (d *demo) differences(r *bundle.Report) {
	for _, c := range r.Checks {
		if c.Outcome == bundle.Differs {
			paragraph(d.app.out, "  ", words(c.What), c.Subject+": "+c.Detail)
		}
	}
}

// flip damages a copy and shows that the verifier names the place.
func (d *demo) flip(ctx context.Context) error {
	copied := filepath.Join(d.dir, "flipped.bundle")
	at, err := flipMiddle(d.bundle(), copied)
	if err != nil {
		return err
	}
	defer os.Remove(copied)
	r, err := d.app.verifyFile(ctx, copied, &progress{})
	if err != nil {
		return err
	}
	d.out["flipped_byte"], d.out["flip_caught"] = at, r.Failed()
	if !r.Failed() {
		return fmt.Errorf("byte %d was flipped and the verifier did not notice", at)
	}
	if d.app.json {
		return nil
	}
	d.say("  byte %s flipped in a copy; the verifier says:\n", num(at))
	for _, c := range r.Checks {
		if c.Outcome == bundle.Differs {
			paragraph(d.app.out, "    ", words(c.What), c.Subject+": "+c.Detail)
			break
		}
	}
	return nil
}

// flipMiddle copies a file with one bit of its middle byte flipped.
func flipMiddle(from, to string) (int64, error) {
	in, err := os.Open(from)
	if err != nil {
		return 0, err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return 0, err
	}
	n, err := io.Copy(out, in)
	if err == nil {
		b := make([]byte, 1)
		if _, err = out.ReadAt(b, n/2); err == nil {
			b[0] ^= 1
			_, err = out.WriteAt(b, n/2)
		}
	}
	return n / 2, errors.Join(err, out.Close())
}

// judge compares what was found with what was seeded.
func (d *demo) judge() error {
	missing, extra := harborline.Check(d.found)
	d.out["faults"], d.out["missing"], d.out["extra"] = len(harborline.Faults()), missing, extra
	if len(missing)+len(extra) > 0 {
		for _, m := range missing {
			d.say("not found: %s %s %s %s: %s\n", m.ID, m.Test, m.Attribute, m.Key, m.What)
		}
		for i, x := range extra {
			if i == 50 {
				d.say("… and %d more\n", len(extra)-i)
				break
			}
			d.say("not seeded: %s %s %s: %s\n", x.Test, x.Attribute, x.Key, x.Judgement)
		}
		return fmt.Errorf("found other faults than were seeded: %d missing, %d besides", len(missing), len(extra))
	}
	causes := map[string]bool{}
	for _, f := range harborline.Faults() {
		causes[f.ID] = true
	}
	d.say("\nFound exactly the %d seeded faults, in %d judgements, and nothing else:\n\n", len(causes), len(harborline.Faults()))
	for _, f := range harborline.Faults() {
		paragraph(d.app.text(), "  ", f.Test+" "+f.Attribute, f.Key+"  "+f.What)
	}
	p := filepath.Join(d.dir, harborline.ProgramDir)
	d.say(`
Look next:
  the controls, tests and populations   %s
  the seeded faults                      %s
  what a workpaper would say             bin/ticktie test -p %s -w %s --data %s
  where each engagement stands           bin/ticktie status -p %s -w %s
  the sealed record                      bin/ticktie log list -w %s
  check the evidence yourself            bin/ticktie verify %s
`, p, filepath.Join(d.dir, harborline.FaultsFile), p, d.dir, filepath.Join(d.dir, harborline.DataDir), p, d.dir, d.dir, d.bundle())
	return nil
}

// text is where text goes: nowhere with --json.
func (a *app) text() io.Writer {
	if a.json {
		return io.Discard
	}
	return a.out
}
