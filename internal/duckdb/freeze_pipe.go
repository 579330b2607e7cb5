package duckdb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"
)

// pipeSize is the kernel's buffer between feed and engine, in bytes.
const pipeSize = 1 << 20

// fSetPipeSize is F_SETPIPE_SZ of Linux's fcntl.
const fSetPipeSize = 1031

// openEvery is how often the feeding side looks for the engine's side, which
// waits in the kernel meanwhile.
const openEvery = time.Millisecond

// throughPipe runs feed and query at once, with a named pipe between them that
// query reads. It returns when both have ended. Whichever fails first ends the
// other; the query's context is cancelled when the feed fails, so that what it
// wrote is not taken for the whole.
func throughPipe(ctx context.Context, path string, feed func(context.Context, io.Writer) error, query func(context.Context) error) error {
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		return fmt.Errorf("making the pipe to the engine %s: %w", path, err)
	}
	defer os.Remove(path)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	running, ended := context.WithCancel(ctx)
	defer ended()
	p := pipe{path: path, running: running, queryEnded: make(chan struct{})}
	fed := make(chan error, 1)
	go func() {
		err := p.feed(ctx, feed)
		if err != nil {
			cancel(err)
		}
		p.release()
		fed <- err
	}()
	queryErr := query(ctx)
	ended()
	close(p.queryEnded)
	feedErr := <-fed
	if queryErr != nil && (feedErr == nil || errors.Is(feedErr, errReaderGone)) {
		return queryErr
	}
	return feedErr
}

// errReaderGone means that the engine stopped reading before the feed's end.
var errReaderGone = errors.New("the engine stopped reading before the end of the records")

type pipe struct {
	path       string
	running    context.Context // until the query ends or all is cancelled
	queryEnded chan struct{}
}

// feed opens the writing side as soon as the engine reads, and feeds.
func (p *pipe) feed(ctx context.Context, feed func(context.Context, io.Writer) error) error {
	w, err := p.open(ctx)
	if err != nil {
		return err
	}
	// A write that is blocked ends when the file is closed.
	stop := context.AfterFunc(p.running, func() { _ = w.Close() })
	defer stop()
	err = feed(ctx, w)
	switch {
	case ctx.Err() != nil:
		err = context.Cause(ctx)
	case errors.Is(err, syscall.EPIPE), errors.Is(err, os.ErrClosed):
		err = errReaderGone
	}
	if cerr := w.Close(); cerr != nil && err == nil {
		err = errReaderGone
	}
	return err
}

// open waits until the engine has opened its side. It returns nil if the query
// ended without doing so.
func (p *pipe) open(ctx context.Context) (*os.File, error) {
	for {
		w, err := p.tryOpen()
		if err != nil || w != nil {
			return w, err
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-p.queryEnded:
			return nil, errReaderGone
		case <-time.After(openEvery):
		}
	}
}

// tryOpen returns nil if nobody reads yet.
func (p *pipe) tryOpen() (*os.File, error) {
	fd, err := syscall.Open(p.path, syscall.O_WRONLY|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	if errors.Is(err, syscall.ENXIO) || errors.Is(err, syscall.EINTR) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("opening the pipe to the engine: %w", err)
	}
	// A smaller pipe works as well, only slower.
	_, _, _ = syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), fSetPipeSize, pipeSize)
	return os.NewFile(uintptr(fd), p.path), nil
}

// release gives an engine that waits for a writer an end of file, until its
// query has ended: without it, an engine that opens the pipe late or twice
// would wait for ever.
func (p *pipe) release() {
	for {
		if w, err := p.tryOpen(); err == nil && w != nil {
			_ = w.Close()
		}
		select {
		case <-p.queryEnded:
			return
		case <-time.After(openEvery):
		}
	}
}
