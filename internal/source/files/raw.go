package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync/atomic"
	"time"

	"github.com/ticktie/ticktie/internal/objects"
)

// Raw bytes are read once: a goroutine reads blocks, hands each to the reader
// of records, and meanwhile hashes and stores it.

const (
	blockSize  = 512 << 10
	blockCount = 8
	// maxSettling is how many files may wait at once for the disk.
	maxSettling = 16
)

type block struct {
	data []byte
	n    int
	refs atomic.Int32
}

// blockPool is a fixed number of blocks; running out of them is what slows the
// faster side down.
type blockPool struct{ free chan *block }

func newBlockPool() *blockPool {
	p := &blockPool{free: make(chan *block, blockCount)}
	for range blockCount {
		p.free <- &block{}
	}
	return p
}

// bytes are the block's, made when it is first used.
func (b *block) bytes() []byte {
	if b.data == nil {
		b.data = make([]byte, blockSize)
	}
	return b.data
}

func (p *blockPool) release(b *block) {
	if b.refs.Add(-1) == 0 {
		p.free <- b
	}
}

// rawFile is one file being read, hashed and stored.
type rawFile struct {
	name     string
	modified time.Time
	pool     *blockPool
	blocks   chan *block
	readErr  error // set before blocks is closed
	cancel   context.CancelFunc
	done     chan struct{}

	// set before done is closed
	digest objects.Digest
	n      int64
	err    error

	cur  *block // what Read is handing out
	left []byte
}

// openRaw opens name below root and begins to read it.
func openRaw(ctx context.Context, root *os.Root, name string, store *objects.Store, pool *blockPool) (*rawFile, error) {
	f, err := root.Open(name)
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", name, err)
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("opening %s: %w", name, err)
	}
	w, err := store.Create()
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("keeping the bytes of %s: %w", name, err)
	}
	ctx, cancel := context.WithCancel(ctx)
	r := &rawFile{
		name: name, modified: info.ModTime(), pool: pool, cancel: cancel,
		blocks: make(chan *block, blockCount), done: make(chan struct{}),
	}
	go r.pump(ctx, root, f, info, w)
	return r, nil
}

// pump copies the whole file, checks that it did not change, and commits it.
func (r *rawFile) pump(ctx context.Context, root *os.Root, f *os.File, before fs.FileInfo, w *objects.Writer) {
	defer close(r.done)
	defer f.Close()
	n, err := r.copy(ctx, f, w)
	if err == nil {
		err = unchanged(root, f, r.name, before, n)
	}
	r.readErr = err
	close(r.blocks)
	if err != nil {
		w.Abort()
		r.err = err
		return
	}
	r.digest, r.n, r.err = w.Commit()
}

func (r *rawFile) copy(ctx context.Context, f *os.File, w *objects.Writer) (int64, error) {
	var total int64
	for {
		var b *block
		select {
		case b = <-r.pool.free:
		case <-ctx.Done():
			return total, fmt.Errorf("reading %s: %w", r.name, ctx.Err())
		}
		n, err := io.ReadFull(f, b.bytes())
		total += int64(n)
		b.n = n
		b.refs.Store(2)
		r.blocks <- b // has room for every block there is
		_, werr := w.Write(b.data[:n])
		r.pool.release(b)
		switch {
		case werr != nil:
			return total, fmt.Errorf("keeping the bytes of %s: %w", r.name, werr)
		case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
			return total, nil
		case err != nil:
			return total, fmt.Errorf("reading %s: %w", r.name, err)
		}
	}
}

// unchanged compares the file with what it was before it was read.
func unchanged(root *os.Root, f *os.File, name string, before fs.FileInfo, n int64) error {
	changed := fmt.Errorf("%s changed while it was read: read it again when nothing writes it", name)
	after, err := f.Stat()
	if err != nil {
		return fmt.Errorf("reading %s: %w", name, err)
	}
	if n != before.Size() || after.Size() != before.Size() || !after.ModTime().Equal(before.ModTime()) {
		return changed
	}
	now, err := root.Stat(name)
	if err != nil {
		return fmt.Errorf("reading %s: %w", name, err)
	}
	if !os.SameFile(now, before) {
		return changed
	}
	return nil
}

// Read hands out the bytes in order.
func (r *rawFile) Read(p []byte) (int, error) {
	for len(r.left) == 0 {
		if r.cur != nil {
			r.pool.release(r.cur)
			r.cur = nil
		}
		b, ok := <-r.blocks
		if !ok {
			if r.readErr != nil {
				return 0, r.readErr
			}
			return 0, io.EOF
		}
		r.cur, r.left = b, b.data[:b.n]
	}
	n := copy(p, r.left)
	r.left = r.left[n:]
	return n, nil
}

// drain reads what is left, so that the whole file is stored.
func (r *rawFile) drain() error {
	_, err := io.Copy(io.Discard, r)
	return err
}

// wait returns when the bytes are durable.
func (r *rawFile) wait(ctx context.Context) error {
	select {
	case <-r.done:
		if r.err != nil {
			return fmt.Errorf("keeping the bytes of %s: %w", r.name, r.err)
		}
		return nil
	case <-ctx.Done():
		return fmt.Errorf("keeping the bytes of %s: %w", r.name, ctx.Err())
	}
}

// stop ends reading early. A file that was read to its end stays stored, which
// does no harm: nothing names it.
func (r *rawFile) stop() {
	r.cancel()
	if r.cur != nil {
		r.pool.release(r.cur)
		r.cur, r.left = nil, nil
	}
	for b := range r.blocks {
		r.pool.release(b)
	}
	<-r.done
}
