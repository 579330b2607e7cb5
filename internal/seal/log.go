package seal

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Checkpoint is a signed statement about a whole log: its size and the root of
// its tree (C2SP tlog-checkpoint).
type Checkpoint struct {
	Origin string
	Size   int64
	Root   [32]byte
}

// Text is what is signed.
func (c Checkpoint) Text() string {
	return c.Origin + "\n" + strconv.FormatInt(c.Size, 10) + "\n" + base64.StdEncoding.EncodeToString(c.Root[:]) + "\n"
}

// ParseVerifier reads a log's public key (a verifier key of a signed note).
func ParseVerifier(key string) (note.Verifier, error) {
	v, err := note.NewVerifier(strings.TrimSpace(key))
	if err != nil {
		return nil, fmt.Errorf("reading the log's public key %q: %w", strings.TrimSpace(key), err)
	}
	return v, nil
}

// Fingerprint is the SHA-256 in hex of a log's verifier key as text, without
// blanks around it: what two people read to each other to compare keys.
func Fingerprint(key string) (string, error) {
	if _, err := ParseVerifier(key); err != nil {
		return "", err
	}
	h := sha256.Sum256([]byte(strings.TrimSpace(key)))
	return hex.EncodeToString(h[:]), nil
}

// OpenCheckpoint checks the signature of a checkpoint and reads it. Its text
// must be in the one form that Text gives.
func OpenCheckpoint(signed []byte, v note.Verifier) (Checkpoint, error) {
	n, err := note.Open(signed, note.VerifierList(v))
	if err != nil {
		return Checkpoint{}, fmt.Errorf("the checkpoint's signature does not verify: %w", err)
	}
	lines := strings.Split(n.Text, "\n")
	if len(lines) != 4 {
		return Checkpoint{}, errors.New("the checkpoint does not have three lines: origin, size, root")
	}
	c := Checkpoint{Origin: lines[0]}
	root, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || len(root) != len(c.Root) {
		return Checkpoint{}, fmt.Errorf("the checkpoint's root %q is no hash", lines[2])
	}
	copy(c.Root[:], root)
	if c.Size, err = strconv.ParseInt(lines[1], 10, 64); err != nil || c.Size < 0 {
		return Checkpoint{}, fmt.Errorf("the checkpoint's size %q is no number", lines[1])
	}
	if c.Origin != v.Name() {
		return Checkpoint{}, fmt.Errorf("the checkpoint is of %q, the key is of %q", c.Origin, v.Name())
	}
	if c.Text() != n.Text {
		return Checkpoint{}, errors.New("the checkpoint's text is not in its one form")
	}
	return c, nil
}

// CheckConsistency is an error unless the newer log is an extension of the older.
func CheckConsistency(older, newer Checkpoint, proof tlog.TreeProof) error {
	switch {
	case older.Origin != newer.Origin:
		return fmt.Errorf("the checkpoints are of different logs, %q and %q", older.Origin, newer.Origin)
	case older.Size > newer.Size:
		return fmt.Errorf("the log has %d statements, an earlier checkpoint had %d: statements were removed", newer.Size, older.Size)
	case older.Size == 0:
		return nil
	}
	if err := tlog.CheckTree(proof, newer.Size, tlog.Hash(newer.Root), older.Size, tlog.Hash(older.Root)); err != nil {
		return fmt.Errorf("the log of %d statements is no extension of the one of %d: it was rewritten: %w", newer.Size, older.Size, err)
	}
	return nil
}

// Sealed is a value that a log is proven to hold. Only this package makes one;
// the zero Sealed holds nothing.
type Sealed[T any] struct {
	value T
	index int64
	ok    bool
}

// ErrNotSealed is the error of the zero Sealed.
var ErrNotSealed = errors.New("the value was never sealed")

// Value returns what is sealed; the zero Sealed is an error.
func (s Sealed[T]) Value() (T, error) {
	if !s.ok {
		var none T
		return none, ErrNotSealed
	}
	return s.value, nil
}

// Index is the leaf's index; -1 for the zero Sealed.
func (s Sealed[T]) Index() int64 {
	if !s.ok {
		return -1
	}
	return s.index
}

// Verify makes a sealed statement from its entry and the proof that the
// checkpoint's tree holds it at index.
func Verify(entry []byte, index int64, proof tlog.RecordProof, c Checkpoint) (Sealed[Statement], error) {
	if err := tlog.CheckRecord(proof, c.Size, tlog.Hash(c.Root), index, tlog.RecordHash(entry)); err != nil {
		return Sealed[Statement]{}, fmt.Errorf("statement %d is not proven to be in the log of %d: %w", index, c.Size, err)
	}
	s, err := Decode(entry)
	if err != nil {
		return Sealed[Statement]{}, fmt.Errorf("statement %d: %w", index, err)
	}
	if s.Seq != index {
		return Sealed[Statement]{}, fmt.Errorf("statement %d says that it is number %d", index, s.Seq)
	}
	return Sealed[Statement]{s, index, true}, nil
}

// VerifyLog makes the sealed statements of a whole log from its entries: their
// tree must be the checkpoint's, each must be a statement with its own number,
// and none dated before the one ahead of it.
func VerifyLog(entries [][]byte, c Checkpoint) ([]Sealed[Statement], error) {
	if int64(len(entries)) != c.Size {
		return nil, fmt.Errorf("there are %d statements, the checkpoint covers %d", len(entries), c.Size)
	}
	if root := Root(entries); root != c.Root {
		return nil, fmt.Errorf("the %d statements have the root %x, the checkpoint says %x: at least one was altered", len(entries), root, c.Root)
	}
	out := make([]Sealed[Statement], len(entries))
	for i, e := range entries {
		s, err := Decode(e)
		switch {
		case err != nil:
			return nil, fmt.Errorf("statement %d: %w", i, err)
		case s.Seq != int64(i):
			return nil, fmt.Errorf("statement %d says that it is number %d", i, s.Seq)
		case i > 0 && s.At.Before(out[i-1].value.At):
			return nil, fmt.Errorf("statement %d is dated before the one ahead of it", i)
		}
		out[i] = Sealed[Statement]{s, int64(i), true}
	}
	return out, nil
}

// Root is the root of the tree over all entries (RFC 6962).
func Root(entries [][]byte) [32]byte {
	if len(entries) == 0 {
		return emptyRoot
	}
	return rootOf(leafHashes(entries))
}

// emptyRoot is SHA-256 of nothing.
var emptyRoot = [32]byte{
	0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24,
	0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
}

func leafHashes(entries [][]byte) []tlog.Hash {
	hashes := make([]tlog.Hash, len(entries))
	for i, e := range entries {
		hashes[i] = tlog.RecordHash(e)
	}
	return hashes
}

func rootOf(h []tlog.Hash) tlog.Hash {
	if len(h) == 1 {
		return h[0]
	}
	k := 1
	for k*2 < len(h) {
		k *= 2
	}
	return tlog.NodeHash(rootOf(h[:k]), rootOf(h[k:]))
}

// tileWidth is the number of hashes or entries in a full tile.
const tileWidth = 256

// TilePath is the path of a tile of hashes below the log's directory (C2SP
// tlog-tiles); width 256 is a full tile.
func TilePath(level int, n int64, width int) string {
	return "tile/" + strconv.Itoa(level) + "/" + tileIndex(n, width)
}

// EntriesPath is the path of a bundle of entries below the log's directory.
func EntriesPath(n int64, width int) string { return "tile/entries/" + tileIndex(n, width) }

// tileIndex writes n in groups of three digits: 1234067 is x001/x234/067.
func tileIndex(n int64, width int) string {
	s := fmt.Sprintf("%03d", n%1000)
	for n >= 1000 {
		n /= 1000
		s = fmt.Sprintf("x%03d/%s", n%1000, s)
	}
	if width != tileWidth {
		s += ".p/" + strconv.Itoa(width)
	}
	return s
}

// Tiles are all the files of a log with these entries, by path: bundles of
// entries and tiles of hashes, with the partial ones at the right edge.
func Tiles(entries [][]byte) (map[string][]byte, error) {
	files := map[string][]byte{}
	for n := 0; n*tileWidth < len(entries); n++ {
		part := entries[n*tileWidth : min((n+1)*tileWidth, len(entries))]
		b, err := entryBundle(part)
		if err != nil {
			return nil, err
		}
		files[EntriesPath(int64(n), len(part))] = b
	}
	hashes := leafHashes(entries)
	for level := 0; len(hashes) > 0; level++ {
		var above []tlog.Hash
		for n := 0; n*tileWidth < len(hashes); n++ {
			part := hashes[n*tileWidth : min((n+1)*tileWidth, len(hashes))]
			var b bytes.Buffer
			for _, h := range part {
				b.Write(h[:])
			}
			files[TilePath(level, int64(n), len(part))] = b.Bytes()
			if len(part) == tileWidth {
				above = append(above, rootOf(part))
			}
		}
		hashes = above
	}
	return files, nil
}

func entryBundle(entries [][]byte) ([]byte, error) {
	var b bytes.Buffer
	for _, e := range entries {
		if len(e) > 0xffff {
			return nil, fmt.Errorf("an entry of %d bytes does not fit into a bundle of entries", len(e))
		}
		_ = binary.Write(&b, binary.BigEndian, uint16(len(e))) // to a buffer, which does not fail
		b.Write(e)
	}
	return b.Bytes(), nil
}

// ReadEntries reads all entries of a log of the given size from its bundles of
// entries; get returns the file at a path below the log's directory.
func ReadEntries(size int64, get func(path string) ([]byte, error)) ([][]byte, error) {
	if size < 0 {
		return nil, fmt.Errorf("a log cannot have %d statements", size)
	}
	var entries [][]byte
	for n := int64(0); n*tileWidth < size; n++ {
		width := int(min(tileWidth, size-n*tileWidth))
		b, err := get(EntriesPath(n, width))
		if err != nil {
			return nil, err
		}
		part, err := SplitEntries(b, width)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", EntriesPath(n, width), err)
		}
		entries = append(entries, part...)
	}
	return entries, nil
}

// SplitEntries splits a bundle of exactly width entries.
func SplitEntries(b []byte, width int) ([][]byte, error) {
	out, rest, err := split(b, width)
	if err != nil {
		return nil, err
	}
	if len(rest) > 0 {
		return nil, fmt.Errorf("bytes follow its %d entries", width)
	}
	return out, nil
}

// SplitFirst splits the first width entries off a bundle that may hold more.
func SplitFirst(b []byte, width int) ([][]byte, error) {
	out, _, err := split(b, width)
	return out, err
}

func split(b []byte, width int) (entries [][]byte, rest []byte, err error) {
	for len(entries) < width {
		if len(b) < 2 {
			return nil, nil, fmt.Errorf("it has %d entries where %d are due", len(entries), width)
		}
		n := int(binary.BigEndian.Uint16(b))
		if len(b) < 2+n {
			return nil, nil, errors.New("it ends inside an entry")
		}
		entries = append(entries, b[2:2+n])
		b = b[2+n:]
	}
	return entries, b, nil
}
