package evidence

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/ticktie/ticktie/internal/seal"
)

// Reader reads a log without a lock. Everything it returns is checked against
// the signed checkpoint: a file that was altered is an error that names it.
type Reader struct {
	dir      string
	verifier note.Verifier
}

// OpenReader opens the log in dir with the public key in the file at pubPath.
func OpenReader(dir, pubPath string) (*Reader, error) {
	key, err := os.ReadFile(pubPath)
	if err != nil {
		return nil, fmt.Errorf("opening the log %s: reading its public key: %w", dir, err)
	}
	v, err := seal.ParseVerifier(string(key))
	if err != nil {
		return nil, fmt.Errorf("opening the log %s: %w", dir, err)
	}
	return &Reader{dir: dir, verifier: v}, nil
}

// CheckpointText is the signed checkpoint as it stands on disk.
func (r *Reader) CheckpointText() ([]byte, error) {
	b, err := os.ReadFile(filepath.Join(r.dir, "checkpoint"))
	if err != nil {
		return nil, fmt.Errorf("reading the checkpoint of the log %s: %w", r.dir, err)
	}
	return b, nil
}

// Checkpoint is the checkpoint in force, its signature checked.
func (r *Reader) Checkpoint() (seal.Checkpoint, error) {
	b, err := r.CheckpointText()
	if err != nil {
		return seal.Checkpoint{}, err
	}
	c, err := seal.OpenCheckpoint(b, r.verifier)
	if err != nil {
		return seal.Checkpoint{}, fmt.Errorf("the log %s: %w", r.dir, err)
	}
	return c, nil
}

// Size is the number of statements that the checkpoint covers.
func (r *Reader) Size() (int64, error) {
	c, err := r.Checkpoint()
	return c.Size, err
}

// hashes returns the log's hashes under a checkpoint; each is checked against its root.
func (r *Reader) hashes(c seal.Checkpoint) tlog.HashReader {
	return tlog.TileHashReader(tlog.Tree{N: c.Size, Hash: tlog.Hash(c.Root)}, tiles{r.dir})
}

// rememberingHashes is the same for many proofs under one checkpoint: each
// tile is read once.
func (r *Reader) rememberingHashes(c seal.Checkpoint) tlog.HashReader {
	return tlog.TileHashReader(tlog.Tree{N: c.Size, Hash: tlog.Hash(c.Root)}, remembered{tiles{r.dir}, map[tlog.Tile][]byte{}})
}

// remembered keeps the tiles that were found to be in the tree.
type remembered struct {
	tiles
	known map[tlog.Tile][]byte
}

func (m remembered) SaveTiles(t []tlog.Tile, data [][]byte) {
	for i := range t {
		m.known[t[i]] = data[i]
	}
}

func (m remembered) ReadTiles(want []tlog.Tile) ([][]byte, error) {
	out := make([][]byte, len(want))
	for i, w := range want {
		if b, ok := m.known[w]; ok {
			out[i] = b
			continue
		}
		b, err := m.tiles.ReadTiles(want[i : i+1])
		if err != nil {
			return nil, err
		}
		out[i] = b[0]
	}
	return out, nil
}

// tiles reads tiles of hashes from the log's directory.
type tiles struct{ dir string }

func (t tiles) Height() int                     { return 8 }
func (t tiles) SaveTiles([]tlog.Tile, [][]byte) {}

func (t tiles) ReadTiles(want []tlog.Tile) ([][]byte, error) {
	out := make([][]byte, len(want))
	for i, w := range want {
		b, err := readWide(t.dir, func(width int) string { return seal.TilePath(w.L, w.N, width) }, w.W)
		if err != nil {
			return nil, err
		}
		const hashSize = 32
		if len(b) < w.W*hashSize {
			return nil, fmt.Errorf("tile %s of the log %s is cut off", seal.TilePath(w.L, w.N, w.W), t.dir)
		}
		out[i] = b[:w.W*hashSize]
	}
	return out, nil
}

// readWide reads a tile of at least the given width: a partial tile may have
// been replaced by the full one.
func readWide(dir string, path func(width int) string, width int) ([]byte, error) {
	b, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(path(width))))
	if errors.Is(err, fs.ErrNotExist) && width < 256 {
		if full, fullErr := os.ReadFile(filepath.Join(dir, filepath.FromSlash(path(256)))); fullErr == nil {
			return full, nil
		}
	}
	if err != nil {
		return nil, fmt.Errorf("the log %s misses a part: %w; restore it from a backup or a bundle", dir, err)
	}
	return b, nil
}

// Entries calls fn for each entry from index from up to, not including, to.
// Each is checked against the tree of the checkpoint in force.
func (r *Reader) Entries(ctx context.Context, from, to int64, fn func(index int64, entry []byte) error) error {
	c, err := r.Checkpoint()
	if err != nil {
		return err
	}
	if from < 0 || to > c.Size || from > to {
		return fmt.Errorf("reading statements %d to %d: the log %s has %d", from, to, r.dir, c.Size)
	}
	hashes := r.hashes(c)
	for n := from / 256; n*256 < to; n++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		part, err := r.bundle(n, c.Size, hashes)
		if err != nil {
			return err
		}
		for i, e := range part {
			if at := n*256 + int64(i); at >= from && at < to {
				if err := fn(at, e); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// bundle reads up to 256 entries and checks them against the tree.
func (r *Reader) bundle(n, size int64, hashes tlog.HashReader) ([][]byte, error) {
	width := int(min(256, size-n*256))
	b, err := readWide(r.dir, func(w int) string { return seal.EntriesPath(n, w) }, width)
	if err != nil {
		return nil, err
	}
	entries, err := seal.SplitFirst(b, width)
	if err != nil {
		return nil, fmt.Errorf("%s of the log %s: %w", seal.EntriesPath(n, width), r.dir, err)
	}
	indexes := make([]int64, width)
	for i := range indexes {
		indexes[i] = tlog.StoredHashIndex(0, n*256+int64(i))
	}
	want, err := hashes.ReadHashes(indexes)
	if err != nil {
		return nil, fmt.Errorf("checking the log %s: %w", r.dir, err)
	}
	for i, e := range entries {
		if tlog.RecordHash(e) != want[i] {
			return nil, fmt.Errorf("statement %d of the log %s was altered: its hash is not the one in the tree", n*256+int64(i), r.dir)
		}
	}
	return entries, nil
}

// entry reads one entry.
func (r *Reader) entry(c seal.Checkpoint, i int64) ([]byte, error) {
	if i < 0 || i >= c.Size {
		return nil, fmt.Errorf("there is no statement %d: the log %s has %d, from 0", i, r.dir, c.Size)
	}
	part, err := r.bundle(i/256, c.Size, r.hashes(c))
	if err != nil {
		return nil, err
	}
	return part[i%256], nil
}

// Statement reads one statement.
func (r *Reader) Statement(i int64) (seal.Statement, error) {
	c, err := r.Checkpoint()
	if err != nil {
		return seal.Statement{}, err
	}
	e, err := r.entry(c, i)
	if err != nil {
		return seal.Statement{}, err
	}
	return seal.Decode(e)
}

// Inclusion is the proof that a log holds an entry.
type Inclusion struct {
	Entry          []byte
	Index          int64
	Proof          tlog.RecordProof
	Checkpoint     seal.Checkpoint
	CheckpointText []byte
}

// ProveInclusion returns the proof for statement i, checked.
func (r *Reader) ProveInclusion(i int64) (*Inclusion, error) {
	text, err := r.CheckpointText()
	if err != nil {
		return nil, err
	}
	c, err := seal.OpenCheckpoint(text, r.verifier)
	if err != nil {
		return nil, fmt.Errorf("the log %s: %w", r.dir, err)
	}
	e, err := r.entry(c, i)
	if err != nil {
		return nil, err
	}
	p, err := tlog.ProveRecord(c.Size, i, r.hashes(c))
	if err != nil {
		return nil, fmt.Errorf("proving statement %d of the log %s: %w", i, r.dir, err)
	}
	if _, err := seal.Verify(e, i, p, c); err != nil {
		return nil, err
	}
	return &Inclusion{e, i, p, c, text}, nil
}

// ProveConsistency returns the proof that the tree of the first older
// statements is the beginning of the one of the checkpoint in force. The proof
// for an empty tree is empty. seal.CheckConsistency checks it.
func (r *Reader) ProveConsistency(older int64) (tlog.TreeProof, seal.Checkpoint, error) {
	newer, err := r.Checkpoint()
	if err != nil {
		return nil, newer, err
	}
	if older < 0 || older > newer.Size {
		return nil, newer, fmt.Errorf("proving that the log %s only grew: it has %d statements, an earlier size cannot be %d", r.dir, newer.Size, older)
	}
	if older == 0 {
		return nil, newer, nil
	}
	proof, err := tlog.ProveTree(newer.Size, older, r.hashes(newer))
	if err != nil {
		return nil, newer, fmt.Errorf("proving that the log %s only grew: %w", r.dir, err)
	}
	return proof, newer, nil
}

// CheckExtends is an error unless the log is an extension of the one whose
// signed checkpoint is given. It returns both checkpoints.
func (r *Reader) CheckExtends(earlier []byte) (older, newer seal.Checkpoint, err error) {
	if older, err = seal.OpenCheckpoint(earlier, r.verifier); err != nil {
		return older, newer, err
	}
	if newer, err = r.Checkpoint(); err != nil {
		return older, newer, err
	}
	var proof tlog.TreeProof
	if older.Size <= newer.Size {
		if proof, newer, err = r.ProveConsistency(older.Size); err != nil {
			return older, newer, err
		}
	}
	return older, newer, seal.CheckConsistency(older, newer, proof)
}

// RootAt is the root of the tree of the first size statements.
func (r *Reader) RootAt(size int64) ([32]byte, error) {
	c, err := r.Checkpoint()
	if err != nil {
		return [32]byte{}, err
	}
	if size < 0 || size > c.Size {
		return [32]byte{}, fmt.Errorf("the root of %d statements: the log %s has %d", size, r.dir, c.Size)
	}
	if size == 0 {
		return seal.Root(nil), nil
	}
	h, err := tlog.TreeHash(size, r.hashes(c))
	if err != nil {
		return [32]byte{}, fmt.Errorf("the root of %d statements of the log %s: %w", size, r.dir, err)
	}
	return h, nil
}
