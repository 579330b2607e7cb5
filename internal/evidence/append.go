package evidence

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"time"

	"github.com/transparency-dev/tessera"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/ticktie/ticktie/internal/seal"
)

const (
	// gather is how long the first of several callers waits for the others, so
	// that one write and one checkpoint serve all of them.
	gather       = time.Millisecond
	pollInterval = 2 * time.Millisecond
)

// request is one call of Append on its way into the log.
type request struct {
	acts    []seal.Statement
	entries [][]byte
	first   int64
	covered seal.Checkpoint
	err     error
	done    chan struct{} // closed when covered or err is set
}

func (r *request) finish(c seal.Checkpoint, err error) {
	r.covered, r.err = c, err
	close(r.done)
}

// Append numbers and dates the statements, adds them in order, without others
// between them, and returns when a signed checkpoint on disk covers all of
// them, each proven. After an error nothing is known of them: open the log
// anew and read it.
func (l *Log) Append(ctx context.Context, acts []seal.Statement) ([]seal.Sealed[seal.Statement], error) {
	if len(acts) == 0 {
		return nil, nil
	}
	sealed, err := l.append(ctx, acts)
	if err != nil {
		return nil, fmt.Errorf("appending %d statements to the log %s: %w", len(acts), l.dir, err)
	}
	return sealed, nil
}

func (l *Log) append(ctx context.Context, acts []seal.Statement) ([]seal.Sealed[seal.Statement], error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	r := &request{acts: acts, done: make(chan struct{})}
	if err := l.submit(r); err != nil {
		return nil, err
	}
	select {
	case <-r.done:
	case <-ctx.Done():
		return nil, fmt.Errorf("given up while they were being written, so that they may be sealed all the same: %w", ctx.Err())
	}
	if r.err != nil {
		return nil, r.err
	}
	return l.prove(r)
}

// submit hands the request to drain, which runs while there are any.
func (l *Log) submit(r *request) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return ErrClosed
	}
	l.pending = append(l.pending, r)
	if !l.draining {
		l.draining = true
		l.work.Go(l.drain)
	}
	return nil
}

func (l *Log) drain() {
	time.Sleep(gather)
	for {
		l.mu.Lock()
		group := l.pending
		l.pending = nil
		if len(group) == 0 {
			l.draining = false
			l.mu.Unlock()
			return
		}
		l.mu.Unlock()
		l.write(group)
	}
}

// write numbers the requests, has them written, and leaves them to acknowledge.
// Requests that cannot be encoded take no numbers.
func (l *Log) write(group []*request) {
	var entries [][]byte
	var good []*request
	for _, r := range group {
		r.first = l.next + int64(len(entries))
		if err := l.encode(r); err != nil {
			r.finish(seal.Checkpoint{}, err)
			continue
		}
		entries, good = append(entries, r.entries...), append(good, r)
	}
	if len(good) == 0 {
		return
	}
	if err := l.add(entries); err != nil {
		for _, r := range good {
			r.finish(seal.Checkpoint{}, err)
		}
		return
	}
	l.work.Go(func() {
		c, err := l.await(l.ctx, good[len(good)-1].first+int64(len(good[len(good)-1].entries))-1)
		for _, r := range good {
			r.finish(c, err)
		}
	})
}

// encode numbers and dates a request's statements.
func (l *Log) encode(r *request) error {
	now := l.now().UTC().Truncate(time.Microsecond)
	if now.Before(l.last) {
		return fmt.Errorf("%w: it says %s, the last statement was at %s; set the clock right and try again", ErrClock, now.Format(time.RFC3339Nano), l.last.Format(time.RFC3339Nano))
	}
	r.entries = make([][]byte, len(r.acts))
	for i, s := range r.acts {
		s.Format, s.Seq, s.At = seal.StatementFormat, r.first+int64(i), now
		b, err := seal.Encode(s)
		if err != nil {
			return err
		}
		r.entries[i] = b
	}
	l.last = now
	return nil
}

// add has the entries written and waits until each has the index that its
// statement says.
func (l *Log) add(entries [][]byte) error {
	if l.broken != nil {
		return fmt.Errorf("an earlier write failed (%w); open the workspace again", l.broken)
	}
	if err := writable(l.dir, true); err != nil {
		return err
	}
	for len(entries) > 0 {
		n, err := l.addBatch(entries)
		if err != nil {
			l.broken = err
			return err
		}
		entries, l.next = entries[n:], l.next+int64(n)
	}
	return nil
}

// addBatch adds as many entries as surely make one batch of Tessera's and waits
// for them: two batches on their way at once might change places, and then a
// statement's number would be wrong for ever.
func (l *Log) addBatch(entries [][]byte) (int, error) {
	begun := time.Now()
	var futures []tessera.IndexFuture
	for _, e := range entries[:min(len(entries), batchSize)] {
		futures = append(futures, l.appender.Add(l.ctx, tessera.NewEntry(e)))
		if time.Since(begun) > batchAge/2 {
			break
		}
	}
	for i, f := range futures {
		got, err := f()
		if err != nil {
			return 0, fmt.Errorf("writing statement %d: %w", l.next+int64(i), err)
		}
		if int64(got.Index) != l.next+int64(i) {
			return 0, fmt.Errorf("statement %d was put at index %d: somebody else writes this log", l.next+int64(i), got.Index)
		}
	}
	return len(futures), nil
}

// latest remembers the checkpoint in force, so that it is verified once.
type latest struct {
	mu   sync.Mutex
	text string
	c    seal.Checkpoint
}

func (l *Log) checkpoint() (seal.Checkpoint, error) {
	text, err := l.CheckpointText()
	if err != nil {
		return seal.Checkpoint{}, err
	}
	l.latest.mu.Lock()
	defer l.latest.mu.Unlock()
	if string(text) == l.latest.text {
		return l.latest.c, nil
	}
	c, err := seal.OpenCheckpoint(text, l.verifier)
	if err == nil {
		l.latest.text, l.latest.c = string(text), c
	}
	return c, err
}

// await returns the first checkpoint on disk that covers index; -1 is covered
// by any.
func (l *Log) await(ctx context.Context, index int64) (seal.Checkpoint, error) {
	deadline := time.Now().Add(l.patience)
	for {
		c, err := l.checkpoint()
		if err == nil && c.Size > index {
			return c, nil
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return c, err
		}
		if time.Now().After(deadline) {
			return c, fmt.Errorf("no checkpoint covered statement %d within %s; see whether the disk is full, then open the workspace again", index, l.patience)
		}
		select {
		case <-ctx.Done():
			return c, ctx.Err()
		case <-time.After(pollInterval):
		}
	}
}

// prove makes the sealed values of a request from proofs in the files on disk.
func (l *Log) prove(r *request) ([]seal.Sealed[seal.Statement], error) {
	hashes := l.rememberingHashes(r.covered)
	out := make([]seal.Sealed[seal.Statement], len(r.entries))
	for i, e := range r.entries {
		at := r.first + int64(i)
		proof, err := tlog.ProveRecord(r.covered.Size, at, hashes)
		if err != nil {
			return nil, fmt.Errorf("proving statement %d: %w", at, err)
		}
		if out[i], err = seal.Verify(e, at, proof, r.covered); err != nil {
			return nil, err
		}
	}
	return out, nil
}
