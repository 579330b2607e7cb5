// Package evidence appends statements to a workspace's log. It knows no stage:
// it seals what it is given, in order, and says so only when a signed
// checkpoint on disk covers it. Checking is seal's.
//
// The log is in tlog-tiles layout (C2SP) and written by Tessera. Order of
// writes, each durable before the next: entries, tiles, the writer's state,
// checkpoint. What Append has returned is covered by the checkpoint; what a
// crash interrupts before was never acknowledged, and the next start either
// finds it in the writer's state, whole, and publishes it, or writes over it.
package evidence

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/mod/sumdb/note"
	"k8s.io/klog/v2"

	"github.com/ticktie/ticktie/internal/seal"
)

const (
	batchSize          = 1024
	batchAge           = 2 * time.Millisecond
	checkpointInterval = 100 * time.Millisecond // Tessera's floor
)

// Log is a workspace's log, opened to append. One process at a time may; in it,
// any number of callers.
type Log struct {
	*Reader
	signer   note.Signer
	lock     *os.File
	appender *tessera.Appender
	shutdown func(context.Context) error
	ctx      context.Context // of the writer's background work
	cancel   context.CancelFunc
	now      func() time.Time
	patience time.Duration // how long to wait for a checkpoint
	latest   latest

	mu       sync.Mutex // guards the next four
	pending  []*request
	draining bool
	closed   bool
	work     sync.WaitGroup // drain and acknowledge

	// Only start and, after it, drain use these.
	next   int64     // index of the next statement
	last   time.Time // when the last one was made
	broken error     // set once a write has failed: the log must be opened anew
}

// Option changes how a log is opened.
type Option func(*Log)

// WithClock sets the clock; the default is the system's.
func WithClock(now func() time.Time) Option { return func(l *Log) { l.now = now } }

// ErrLocked is the kind of error when another process writes the log.
var ErrLocked = errors.New("another ticktie is writing this workspace")

// ErrClock is the kind of error when time runs backwards.
var ErrClock = errors.New("the clock runs backwards")

// ErrClosed is the kind of error of a log that was closed.
var ErrClosed = errors.New("the log was closed")

// Create makes a key pair in keysDir (0700; the private key 0600) and an empty
// log in dir. Neither may exist. It goes on where a crash interrupted it.
func Create(dir, keysDir, origin string, options ...Option) (*Log, error) {
	if has, err := hasLog(dir); err != nil || has {
		return nil, errors.Join(fmt.Errorf("creating a log in %s: there is one already, or it cannot be read; a log is never overwritten", dir), err)
	}
	if err := makeKeys(keysDir, origin); err != nil {
		return nil, fmt.Errorf("creating a log in %s: %w", dir, err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("creating a log in %s: %w", dir, err)
	}
	return Open(dir, keysDir, options...)
}

// Open opens the log in dir to append. It takes the workspace's lock, and
// fails with ErrLocked if another process holds it.
func Open(dir, keysDir string, options ...Option) (*Log, error) {
	r, err := OpenReader(dir, filepath.Join(keysDir, pubFile))
	if err != nil {
		return nil, err
	}
	l := &Log{Reader: r, now: time.Now, patience: time.Minute}
	if l.signer, err = readSigner(keysDir, r.verifier); err != nil {
		return nil, fmt.Errorf("opening the log %s: %w", dir, err)
	}
	for _, o := range options {
		o(l)
	}
	if l.lock, err = lock(dir); err != nil {
		return nil, fmt.Errorf("opening the log %s: %w", dir, err)
	}
	if err := l.start(); err != nil {
		return nil, errors.Join(fmt.Errorf("opening the log %s: %w", dir, err), l.Close())
	}
	return l, nil
}

// lock takes the lock beside the log.
func lock(dir string) (*os.File, error) {
	f, err := os.OpenFile(dir+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("taking its lock: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("%w; wait until it is done, or stop it", ErrLocked), f.Close())
	}
	return f, nil
}

// start reads where the log stands, starts its writer, and lets it publish
// what a crash left written but not yet covered by a checkpoint.
func (l *Log) start() error {
	size, err := l.resume()
	if err != nil {
		return err
	}
	if err := writable(l.dir, false); err != nil {
		return err
	}
	silence()
	l.ctx, l.cancel = context.WithCancel(context.Background())
	if err := l.startWriter(); err != nil {
		return err
	}
	c, err := l.await(l.ctx, size-1)
	if err != nil {
		return err
	}
	if c.Size != size {
		return fmt.Errorf("its writer published %d statements where %d are written", c.Size, size)
	}
	l.next = size
	return nil
}

// startWriter starts Tessera, which panics where it cannot lock its files.
func (l *Log) startWriter() (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("its writer could not start: %v", p)
		}
	}()
	driver, err := posix.New(l.ctx, posix.Config{Path: l.dir})
	if err != nil {
		return err
	}
	l.appender, l.shutdown, _, err = tessera.NewAppender(l.ctx, driver, tessera.NewAppendOptions().
		WithCheckpointSigner(l.signer).
		WithCheckpointInterval(checkpointInterval).
		WithBatching(batchSize, batchAge))
	return err
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

// Close waits for what is being appended, stops the writer and releases the lock.
func (l *Log) Close() error {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.work.Wait()
	var errs []error
	if l.shutdown != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		errs = append(errs, l.shutdown(ctx))
		cancel()
		l.shutdown = nil
	}
	if l.cancel != nil {
		l.cancel()
	}
	if l.lock != nil {
		errs = append(errs, l.lock.Close())
		l.lock = nil
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("closing the log %s: %w", l.dir, err)
	}
	return nil
}
