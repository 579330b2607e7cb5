package fieldwork

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/ticktie/ticktie/internal/objects"
	"github.com/ticktie/ticktie/internal/population"
	"github.com/ticktie/ticktie/internal/sampling"
	"github.com/ticktie/ticktie/internal/seal"
)

// CommitSample seals the commitment to a nonce, after the population of the
// test was sealed. The nonce itself stays with whoever will draw.
func (f *Fieldwork) CommitSample(ctx context.Context, engagementID, testID string, nonce []byte) (int64, error) {
	if len(nonce) < 16 {
		return 0, fmt.Errorf("committing to a sample of %s: the nonce has %d bytes; at least 16 random bytes are needed so that it cannot be guessed", testID, len(nonce))
	}
	e, t := f.Program.Engagement(engagementID), f.Program.Test(testID)
	if e == nil || t == nil {
		return 0, fmt.Errorf("committing to a sample: the program has no engagement %q with a test %q", engagementID, testID)
	}
	state, err := ReadState(ctx, f.Workspace)
	if err != nil {
		return 0, err
	}
	fr := state.Latest(t.Population, e.Period())
	if fr == nil {
		return 0, fmt.Errorf("committing to a sample of %s: population %s is not sealed yet; run `ticktie collect` first, so that nobody can fit it to the sample", testID, t.Population)
	}
	body := sampling.CommitmentBody{Commitment: sampling.Commitment(nonce), Engagement: e.ID, Population: t.Population}
	for _, c := range state.Commitments {
		if c.Commitment.Commitment == body.Commitment {
			return 0, fmt.Errorf("committing to a sample of %s: this nonce was committed before (statement %d); make a new one", testID, c.Statement.Seq)
		}
	}
	st, err := f.act(seal.SampleCommitted, t.ID)
	if err != nil {
		return 0, err
	}
	st.Inputs = []seal.Ref{ref("snapshot", t.Population, fr.Digest)}
	if st.Body, err = objects.Canonical(body); err != nil {
		return 0, err
	}
	if err := f.Workspace.Append(ctx, []seal.Statement{st}); err != nil {
		return 0, err
	}
	after, err := ReadState(ctx, f.Workspace)
	if err != nil {
		return 0, err
	}
	return after.Commitments[len(after.Commitments)-1].Statement.Seq, nil
}

// DrawSample reveals the nonce and draws the n items with the smallest ranks
// from the snapshot that was sealed before the commitment.
func (f *Fieldwork) DrawSample(ctx context.Context, nonce []byte, n int) (*sampling.Sample, error) {
	state, err := ReadState(ctx, f.Workspace)
	if err != nil {
		return nil, err
	}
	c, err := state.commitmentTo(nonce)
	if err != nil {
		return nil, err
	}
	sample, body, err := f.draw(ctx, c, nonce, n)
	if err != nil {
		return nil, fmt.Errorf("drawing a sample of %s: %w", c.Statement.Subject, err)
	}
	st, err := f.act(seal.SampleDrawn, c.Statement.Subject)
	if err != nil {
		return nil, err
	}
	d, err := f.Workspace.Objects.PutJSON(sample)
	if err != nil {
		return nil, err
	}
	st.Inputs, st.Outputs = c.Statement.Inputs, []seal.Ref{ref("sample", "", d)}
	if st.Body, err = objects.Canonical(body); err != nil {
		return nil, err
	}
	return sample, f.Workspace.Append(ctx, []seal.Statement{st})
}

func (s *State) commitmentTo(nonce []byte) (*Commitment, error) {
	want := sampling.Commitment(nonce)
	for i := range s.Commitments {
		c := &s.Commitments[i]
		if c.Commitment.Commitment != want {
			continue
		}
		if c.Drawn != nil {
			return nil, fmt.Errorf("drawing a sample: this nonce was revealed before, by statement %d; commit to a new one for another sample", c.Drawn.Seq)
		}
		return c, nil
	}
	return nil, errors.New("drawing a sample: the log holds no commitment to this nonce; run `ticktie sample commit` first, with the same nonce file")
}

func (f *Fieldwork) draw(ctx context.Context, c *Commitment, nonce []byte, n int) (*sampling.Sample, *sampling.DrawnBody, error) {
	var snap population.Snapshot
	digest := input(c.Statement, "snapshot", c.Commitment.Population)
	if err := readJSON(f.Workspace.Objects, digest, &snap); err != nil {
		return nil, nil, err
	}
	if n < 1 || int64(n) > snap.Items {
		return nil, nil, fmt.Errorf("%d items are wanted, the population has %d; ask for 1 to %d", n, snap.Items, snap.Items)
	}
	root, err := f.Workspace.Reader.RootAt(c.Statement.Seq + 1)
	if err != nil {
		return nil, nil, err
	}
	seed := sampling.Seed(c.Commitment.Engagement, c.Statement.Subject, string(digest), hex.EncodeToString(root[:]), hex.EncodeToString(nonce))
	selected, err := population.Draw(ctx, f.Reader, &snap, seed, n)
	if err != nil {
		return nil, nil, err
	}
	return &sampling.Sample{
			Format: "ticktie-sample/v1", Engagement: c.Commitment.Engagement, Test: c.Statement.Subject,
			Population: c.Commitment.Population, Snapshot: string(digest),
			Seed: hex.EncodeToString(seed[:]), Selected: selected,
		}, &sampling.DrawnBody{
			Committed: c.Statement.Seq, Nonce: hex.EncodeToString(nonce),
			Root: hex.EncodeToString(root[:]), Items: snap.Items, Size: n,
		}, nil
}
