package fieldwork

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"

	"github.com/ticktie/ticktie/internal/bundle"
	"github.com/ticktie/ticktie/internal/engagement"
	"github.com/ticktie/ticktie/internal/objects"
	"github.com/ticktie/ticktie/internal/program"
	"github.com/ticktie/ticktie/internal/seal"
)

// BundleOptions say what to freeze into the file.
type BundleOptions struct {
	Engagement string // only this engagement's objects; "" the whole workspace
	WithoutRaw bool   // withhold raw source bytes
}

// bundleBody is the body of a bundle.frozen statement.
type bundleBody struct {
	Engagement string         `json:"engagement,omitempty"`
	Manifest   objects.Digest `json:"manifest"`
	TreeSize   int64          `json:"tree_size"`
}

// Bundle freezes the evidence into the file at path and then seals that it
// did. Acts of freezing bundles at the log's end are not part of the bundle,
// so that the same evidence gives the same bytes however often it is frozen.
func (f *Fieldwork) Bundle(ctx context.Context, path string, o BundleOptions) (*bundle.Manifest, objects.Digest, error) {
	concerns, err := f.concerns(o.Engagement)
	if err != nil {
		return nil, "", err
	}
	ev, err := f.evidence(ctx)
	if err != nil {
		return nil, "", fmt.Errorf("writing the bundle %s: %w", path, err)
	}
	m, digest, err := bundle.Write(ctx, path, *ev, bundle.Options{
		Engagement: o.Engagement, Concerns: concerns, WithoutRaw: o.WithoutRaw,
		Progress: func(done, total int64) { f.progress("bundle", filepath.Base(path), done, total) },
	})
	if err != nil {
		return nil, "", err
	}
	st, err := f.act(seal.BundleFrozen, subjectOf(o.Engagement))
	if err != nil {
		return nil, "", err
	}
	if st.Body, err = objects.Canonical(bundleBody{o.Engagement, digest, m.TreeSize}); err != nil {
		return nil, "", err
	}
	return m, digest, f.Workspace.Append(ctx, []seal.Statement{st})
}

func subjectOf(engagement string) string {
	if engagement == "" {
		return "workspace"
	}
	return engagement
}

// evidence reads the log without the bundle acts at its end.
func (f *Fieldwork) evidence(ctx context.Context) (*bundle.Evidence, error) {
	w := f.Workspace
	size, err := w.Reader.Size()
	if err != nil {
		return nil, err
	}
	var entries [][]byte
	keep := int64(0)
	err = w.Reader.Entries(ctx, 0, size, func(i int64, entry []byte) error {
		st, err := seal.Decode(entry)
		if err != nil {
			return fmt.Errorf("statement %d: %w", i, err)
		}
		if st.Type != seal.BundleFrozen {
			keep = i + 1
		}
		entries = append(entries, entry)
		return nil
	})
	if err != nil {
		return nil, err
	}
	entries = entries[:keep]
	checkpoint, err := w.log.TrimmedCheckpoint(keep)
	if err != nil {
		return nil, err
	}
	key, err := w.PublicKey()
	if err != nil {
		return nil, err
	}
	return &bundle.Evidence{
		Objects: w.Objects, Origin: w.log.Origin(), PublicKey: key, Entries: entries,
		Root: seal.Root(entries), Checkpoint: checkpoint, Sign: w.log.Sign,
	}, nil
}

// concerns picks the statements of one engagement: of the populations that its
// tests read and of its tests, over its period.
func (f *Fieldwork) concerns(id string) (func(seal.Statement) bool, error) {
	if id == "" {
		return nil, nil
	}
	es, err := f.engagements(Select{Engagement: id})
	if err != nil {
		return nil, err
	}
	e := es[0]
	populations, err := f.reads(e)
	if err != nil {
		return nil, err
	}
	tests := map[string]bool{}
	for _, t := range f.Program.TestsOfEngagement(e) {
		tests[t.ID] = true
	}
	return func(st seal.Statement) bool { return concerned(st, e, populations, tests, f.Workspace.Objects) }, nil
}

func concerned(st seal.Statement, e *program.Engagement, populations, tests map[string]bool, o *objects.Store) bool {
	switch st.Type {
	case seal.PopulationFrozen, seal.PopulationTiedOut:
		p, err := periodOf(st, o)
		return err == nil && populations[st.Subject] && p == e.Period()
	case seal.TestPerformed, seal.ChallengePerformed, seal.SampleCommitted, seal.SampleDrawn:
		p, err := periodOf(st, o)
		return err == nil && tests[st.Subject] && p == e.Period()
	default:
		return true
	}
}

// periodOf is the period an act is about: in its body, or in the objects it names.
func periodOf(st seal.Statement, o *objects.Store) (engagement.Period, error) {
	var body struct {
		Period engagement.Period `json:"period"`
	}
	if len(st.Body) > 0 {
		if err := json.Unmarshal(st.Body, &body); err != nil {
			return engagement.Period{}, err
		}
	}
	if !body.Period.First.IsZero() {
		return body.Period, nil
	}
	for _, r := range st.Inputs {
		if r.Role == "snapshot" {
			err := readJSON(o, objects.Digest(r.Digest), &body)
			return body.Period, err
		}
	}
	return engagement.Period{}, fmt.Errorf("statement %d names no period", st.Seq)
}
