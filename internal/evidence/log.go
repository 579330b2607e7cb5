// Package evidence appends statements to a workspace's log. It knows no stage:
// it seals what it is given, in order, and says so only when a signed
// checkpoint on disk covers it. Checking is seal's.
//
// The log is in tlog-tiles layout (C2SP) and written by Tessera. Order of
// writes: entries, tiles, tree state, checkpoint. What Append has returned is
// covered by the checkpoint; what a crash interrupts before was never
// acknowledged, and is either not in the log or in it whole.
package evidence

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
	"k8s.io/klog/v2"

	"github.com/ticktie/ticktie/internal/seal"
)

const (
	keyFile = "log.key"
	pubFile = "log.pub"

	batchSize          = 1024
	batchAge           = 2 * time.Millisecond
	checkpointInterval = 100 * time.Millisecond // Tessera's floor
	pollInterval       = 2 * time.Millisecond
)

// Log is a workspace's log, opened to append. One process at a time may.
type Log struct {
	*Reader
	signer   note.Signer
	lock     *os.File
	appender *tessera.Appender
	shutdown func(context.Context) error
	cancel   context.CancelFunc
	now      func() time.Time

	mu     sync.Mutex // held while statements are numbered and queued
	next   int64
	last   time.Time
	broken error // set once an append has failed: the log must be opened anew
}

// Option changes how a log is opened.
type Option func(*Log)

// WithClock sets the clock; the default is the system's.
func WithClock(now func() time.Time) Option { return func(l *Log) { l.now = now } }

// ErrLocked is the kind of error when another process writes the log.
var ErrLocked = errors.New("another ticktie is writing this workspace")

// ErrClock is the kind of error when time runs backwards.
var ErrClock = errors.New("the clock runs backwards")

// Create makes a key pair in keysDir (0700; the private key 0600) and an empty
// log in dir. Neither may exist.
func Create(dir, keysDir, origin string, options ...Option) (*Log, error) {
	if origin == "" || strings.ContainsAny(origin, " +\n\t") {
		return nil, fmt.Errorf("creating a log: its name %q is empty or has blanks or a plus sign", origin)
	}
	for _, path := range []string{filepath.Join(keysDir, keyFile), filepath.Join(dir, "checkpoint")} {
		if _, err := os.Lstat(path); err == nil {
			return nil, fmt.Errorf("creating a log in %s: %s exists already; a log is never overwritten", dir, path)
		}
	}
	private, public, err := note.GenerateKey(rand.Reader, origin)
	if err != nil {
		return nil, fmt.Errorf("creating a log in %s: making its key: %w", dir, err)
	}
	if err := os.MkdirAll(keysDir, 0o700); err != nil {
		return nil, fmt.Errorf("creating a log in %s: %w", dir, err)
	}
	if err := os.Chmod(keysDir, 0o700); err != nil {
		return nil, fmt.Errorf("creating a log in %s: %w", dir, err)
	}
	if err := writeNew(filepath.Join(keysDir, keyFile), private+"\n", 0o600); err != nil {
		return nil, fmt.Errorf("creating a log in %s: %w", dir, err)
	}
	if err := writeNew(filepath.Join(keysDir, pubFile), public+"\n", 0o644); err != nil {
		return nil, fmt.Errorf("creating a log in %s: %w", dir, err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("creating a log in %s: %w", dir, err)
	}
	return open(dir, keysDir, true, options)
}

func writeNew(path, text string, mode os.FileMode) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// Open opens the log in dir to append. It takes the workspace's lock, and
// fails with ErrLocked if another process holds it.
func Open(dir, keysDir string, options ...Option) (*Log, error) {
	return open(dir, keysDir, false, options)
}

func open(dir, keysDir string, created bool, options []Option) (*Log, error) {
	key, err := os.ReadFile(filepath.Join(keysDir, keyFile))
	if err != nil {
		return nil, fmt.Errorf("opening the log %s: reading its key: %w", dir, err)
	}
	signer, err := note.NewSigner(strings.TrimSpace(string(key)))
	if err != nil {
		return nil, fmt.Errorf("opening the log %s: the file %s holds no key of a log", dir, filepath.Join(keysDir, keyFile))
	}
	r, err := OpenReader(dir, filepath.Join(keysDir, pubFile))
	if err != nil {
		return nil, err
	}
	if r.verifier.Name() != signer.Name() || r.verifier.KeyHash() != signer.KeyHash() {
		return nil, fmt.Errorf("opening the log %s: %s and %s are not one pair", dir, keyFile, pubFile)
	}
	l := &Log{Reader: r, signer: signer, now: time.Now}
	for _, o := range options {
		o(l)
	}
	if l.lock, err = lock(dir); err != nil {
		return nil, fmt.Errorf("opening the log %s: %w", dir, err)
	}
	if err := l.start(created); err != nil {
		return nil, errors.Join(fmt.Errorf("opening the log %s: %w", dir, err), l.Close())
	}
	return l, nil
}

// lock takes the lock beside the log, and shows that its directory can be
// written: Tessera ends the process where it cannot.
func lock(dir string) (*os.File, error) {
	probe, err := os.CreateTemp(dir, ".writable-*")
	if err != nil {
		return nil, fmt.Errorf("it cannot be written: %w", err)
	}
	if err := errors.Join(probe.Close(), os.Remove(probe.Name())); err != nil {
		return nil, fmt.Errorf("it cannot be written: %w", err)
	}
	f, err := os.OpenFile(dir+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("%w; wait until it is done, or stop it", ErrLocked), f.Close())
	}
	return f, nil
}

// start reads where the log stands and starts its writer.
func (l *Log) start(created bool) error {
	if !created {
		if err := l.resume(); err != nil {
			return err
		}
	}
	silence()
	ctx, cancel := context.WithCancel(context.Background())
	l.cancel = cancel
	driver, err := posix.New(ctx, posix.Config{Path: l.dir})
	if err != nil {
		return err
	}
	var state tessera.LogReader
	l.appender, l.shutdown, state, err = tessera.NewAppender(ctx, driver, tessera.NewAppendOptions().
		WithCheckpointSigner(l.signer).
		WithCheckpointInterval(checkpointInterval).
		WithBatching(batchSize, batchAge))
	if err != nil {
		return err
	}
	if created {
		return nil
	}
	return l.catchUp(ctx, state)
}

// resume reads the size and the last time from what the checkpoint covers.
func (l *Log) resume() error {
	c, err := l.Checkpoint()
	if err != nil {
		return err
	}
	l.next = c.Size
	if c.Size == 0 {
		return nil
	}
	s, err := l.Statement(c.Size - 1)
	if err != nil {
		return err
	}
	l.last = s.At
	return nil
}

// catchUp lets the writer publish what a crash left integrated but not yet
// covered by a checkpoint, so that the next statement gets the next number.
func (l *Log) catchUp(ctx context.Context, state tessera.LogReader) error {
	size, err := state.IntegratedSize(ctx)
	if err != nil || int64(size) <= l.next {
		return err
	}
	if _, err := l.await(ctx, int64(size)-1); err != nil {
		return err
	}
	return l.resume()
}

// silence stops Tessera's own messages; its errors come back to us.
func silence() {
	var f flag.FlagSet
	klog.InitFlags(&f)
	for _, set := range [][2]string{{"logtostderr", "false"}, {"alsologtostderr", "false"}, {"stderrthreshold", "FATAL"}} {
		_ = f.Set(set[0], set[1])
	}
	klog.SetOutput(io.Discard)
}

// Origin is the log's name.
func (l *Log) Origin() string { return l.signer.Name() }

// Append numbers and dates the statements, adds them in order, and returns
// when a signed checkpoint on disk covers all of them, each proven. After an
// error nothing is known of them: open the log anew and read it.
func (l *Log) Append(ctx context.Context, acts []seal.Statement) ([]seal.Sealed[seal.Statement], error) {
	if len(acts) == 0 {
		return nil, nil
	}
	entries, first, err := l.queue(ctx, acts)
	if err != nil {
		return nil, fmt.Errorf("appending %d statements to the log %s: %w", len(acts), l.dir, err)
	}
	c, err := l.await(ctx, first+int64(len(entries))-1)
	if err != nil {
		return nil, fmt.Errorf("appending statements %d to %d to the log %s: %w", first, first+int64(len(entries))-1, l.dir, err)
	}
	hashes := l.hashes(c)
	out := make([]seal.Sealed[seal.Statement], len(entries))
	for i, e := range entries {
		at := first + int64(i)
		proof, err := tlog.ProveRecord(c.Size, at, hashes)
		if err != nil {
			return nil, fmt.Errorf("proving statement %d of the log %s: %w", at, l.dir, err)
		}
		if out[i], err = seal.Verify(e, at, proof, c); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// queue numbers the statements and hands them to the writer in order.
func (l *Log) queue(ctx context.Context, acts []seal.Statement) ([][]byte, int64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.broken != nil {
		return nil, 0, fmt.Errorf("an earlier append failed (%w); open the workspace again", l.broken)
	}
	now := l.now().UTC().Truncate(time.Microsecond)
	if now.Before(l.last) {
		return nil, 0, fmt.Errorf("%w: it says %s, the last statement was at %s; set the clock right and try again", ErrClock, now.Format(time.RFC3339Nano), l.last.Format(time.RFC3339Nano))
	}
	first := l.next
	entries := make([][]byte, len(acts))
	for i, s := range acts {
		s.Format, s.Seq, s.At = seal.StatementFormat, first+int64(i), now
		b, err := seal.Encode(s)
		if err != nil {
			return nil, 0, err
		}
		entries[i] = b
	}
	if err := l.add(ctx, entries, first); err != nil {
		l.broken = err
		return nil, 0, err
	}
	l.next, l.last = first+int64(len(entries)), now
	return entries, first, nil
}

// add waits until each entry has the index that its statement says.
func (l *Log) add(ctx context.Context, entries [][]byte, first int64) error {
	for len(entries) > 0 {
		n := min(len(entries), batchSize)
		futures := make([]tessera.IndexFuture, n)
		for i, e := range entries[:n] {
			futures[i] = l.appender.Add(ctx, tessera.NewEntry(e))
		}
		for i, f := range futures {
			got, err := f()
			if err != nil {
				return fmt.Errorf("statement %d: %w", first+int64(i), err)
			}
			if int64(got.Index) != first+int64(i) {
				return fmt.Errorf("statement %d was put at index %d: somebody else writes this log", first+int64(i), got.Index)
			}
		}
		entries, first = entries[n:], first+int64(n)
	}
	return nil
}

// await returns the first checkpoint on disk that covers index.
func (l *Log) await(ctx context.Context, index int64) (seal.Checkpoint, error) {
	const patience = time.Minute
	deadline := time.Now().Add(patience)
	for {
		c, err := l.Checkpoint()
		if err == nil && c.Size > index {
			return c, nil
		}
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return c, err
		}
		if time.Now().After(deadline) {
			return c, fmt.Errorf("no checkpoint covered statement %d within %s; is the disk full?", index, patience)
		}
		select {
		case <-ctx.Done():
			return c, ctx.Err()
		case <-time.After(pollInterval):
		}
	}
}

// Sign signs a text, which must end in a newline, with the log's key.
func (l *Log) Sign(text []byte) ([]byte, error) {
	b, err := note.Sign(&note.Note{Text: string(text)}, l.signer)
	if err != nil {
		return nil, fmt.Errorf("signing with the key of the log %s: %w", l.dir, err)
	}
	return b, nil
}

// TrimmedCheckpoint signs a checkpoint of the first size statements.
func (l *Log) TrimmedCheckpoint(size int64) ([]byte, error) {
	root, err := l.RootAt(size)
	if err != nil {
		return nil, err
	}
	return l.Sign([]byte(seal.Checkpoint{Origin: l.Origin(), Size: size, Root: root}.Text()))
}

// Close stops the writer and releases the lock.
func (l *Log) Close() error {
	var errs []error
	if l.shutdown != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		errs = append(errs, l.shutdown(ctx))
		cancel()
	}
	if l.cancel != nil {
		l.cancel()
	}
	if l.lock != nil {
		errs = append(errs, l.lock.Close())
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("closing the log %s: %w", l.dir, err)
	}
	return nil
}
