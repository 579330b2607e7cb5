// Package objects stores content-addressed parts of evidence: immutable files
// named by the SHA-256 of their bytes. It knows nothing of what they mean.
//
// Who trusts it: everything sealed names objects by digest, and every reader
// may check the digest. It may not be lost; it cannot be rebuilt.
package objects

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Digest names an object: "sha256:" and 64 lower-case hex digits of its bytes.
// The empty Digest names none.
type Digest string

const prefix = "sha256:"

// Sum returns the digest of b.
func Sum(b []byte) Digest {
	h := sha256.Sum256(b)
	return Digest(prefix + hex.EncodeToString(h[:]))
}

// FromSHA256 makes a digest of a finished hash.
func FromSHA256(h []byte) Digest { return Digest(prefix + hex.EncodeToString(h)) }

// Hex returns the 64 hex digits.
func (d Digest) Hex() string { return strings.TrimPrefix(string(d), prefix) }

// Check returns an error unless d is well formed.
func (d Digest) Check() error {
	h, ok := strings.CutPrefix(string(d), prefix)
	if !ok || len(h) != 64 || strings.ToLower(h) != h {
		return fmt.Errorf("%q is not a digest of the form sha256:<64 hex digits>", string(d))
	}
	if _, err := hex.DecodeString(h); err != nil {
		return fmt.Errorf("%q is not a digest: %w", string(d), err)
	}
	return nil
}

// ErrMissing is the kind of error for an object that is not in the store.
var ErrMissing = errors.New("object is missing")

// Store is a directory of objects: <dir>/ab/cdef….
type Store struct{ dir string }

// Open uses dir, which is made if missing (0700).
func Open(dir string) (*Store, error) {
	if err := os.MkdirAll(filepath.Join(dir, "tmp"), 0o700); err != nil {
		return nil, fmt.Errorf("opening the object store %s: %w", dir, err)
	}
	return &Store{dir: dir}, nil
}

// TempDir is a directory on the store's file system for files that PutFile takes over.
func (s *Store) TempDir() string { return filepath.Join(s.dir, "tmp") }

// Path returns where the object lies, whether or not it exists.
func (s *Store) Path(d Digest) string {
	h := d.Hex()
	if len(h) != 64 {
		return filepath.Join(s.dir, "invalid")
	}
	return filepath.Join(s.dir, h[:2], h[2:])
}

// Has reports whether the object is in the store, without reading it.
func (s *Store) Has(d Digest) bool {
	_, err := os.Stat(s.Path(d))
	return err == nil
}

// Put stores what r holds. The object is durable when Put returns.
func (s *Store) Put(r io.Reader) (Digest, int64, error) {
	w, err := s.Create()
	if err != nil {
		return "", 0, err
	}
	if _, err := io.Copy(w, r); err != nil {
		w.Abort()
		return "", 0, fmt.Errorf("storing an object: %w", err)
	}
	return w.Commit()
}

// PutBytes stores b.
func (s *Store) PutBytes(b []byte) (Digest, error) {
	d, _, err := s.Put(bytes.NewReader(b))
	return d, err
}

// PutJSON stores the canonical JSON of v.
func (s *Store) PutJSON(v any) (Digest, error) {
	b, err := Canonical(v)
	if err != nil {
		return "", err
	}
	return s.PutBytes(b)
}

// PutFile hashes the file at path and moves it into the store. The path is
// gone afterwards. It must be on the store's file system (see TempDir).
func (s *Store) PutFile(path string) (Digest, int64, error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return "", 0, fmt.Errorf("storing %s: %w", path, err)
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.Copy(h, f)
	if err != nil {
		return "", 0, fmt.Errorf("hashing %s: %w", path, err)
	}
	if err := f.Sync(); err != nil {
		return "", 0, fmt.Errorf("storing %s: %w", path, err)
	}
	d := FromSHA256(h.Sum(nil))
	return d, n, s.adopt(path, d)
}

// Open returns the object's bytes. Their digest is not checked; see Read.
func (s *Store) Open(d Digest) (*os.File, error) {
	if err := d.Check(); err != nil {
		return nil, err
	}
	f, err := os.Open(s.Path(d))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %s", ErrMissing, d)
	}
	return f, err
}

// Read returns the object's bytes after checking them against the digest.
func (s *Store) Read(d Digest) ([]byte, error) {
	f, err := s.Open(d)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil {
		return nil, fmt.Errorf("reading object %s: %w", d, err)
	}
	if got := Sum(b); got != d {
		return nil, fmt.Errorf("object %s was altered: its bytes have the digest %s", d, got)
	}
	return b, nil
}

// Writer writes one object whose digest is known when it is committed.
type Writer struct {
	s *Store
	f *os.File
	h interface {
		io.Writer
		Sum([]byte) []byte
	}
	n int64
}

// Create begins an object.
func (s *Store) Create() (*Writer, error) {
	var r [8]byte
	if _, err := rand.Read(r[:]); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(filepath.Join(s.TempDir(), hex.EncodeToString(r[:])), os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("beginning an object: %w", err)
	}
	return &Writer{s: s, f: f, h: sha256.New()}, nil
}

func (w *Writer) Write(b []byte) (int, error) {
	n, err := w.f.Write(b)
	_, _ = w.h.Write(b[:n])
	w.n += int64(n)
	return n, err
}

// Commit makes the object durable under its digest.
func (w *Writer) Commit() (Digest, int64, error) {
	if err := w.f.Sync(); err != nil {
		w.Abort()
		return "", 0, fmt.Errorf("storing an object: %w", err)
	}
	if err := w.f.Close(); err != nil {
		return "", 0, fmt.Errorf("storing an object: %w", err)
	}
	d := FromSHA256(w.h.Sum(nil))
	return d, w.n, w.s.adopt(w.f.Name(), d)
}

// Abort forgets the object.
func (w *Writer) Abort() {
	w.f.Close()
	os.Remove(w.f.Name())
}

// adopt moves a finished, synced file to its place and makes the move durable.
func (s *Store) adopt(path string, d Digest) error {
	to := s.Path(d)
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return fmt.Errorf("storing object %s: %w", d, err)
	}
	if err := os.Chmod(path, 0o400); err != nil {
		return fmt.Errorf("storing object %s: %w", d, err)
	}
	if err := os.Rename(path, to); err != nil {
		return fmt.Errorf("storing object %s: %w", d, err)
	}
	dir, err := os.Open(filepath.Dir(to))
	if err != nil {
		return fmt.Errorf("storing object %s: %w", d, err)
	}
	defer dir.Close()
	if err := dir.Sync(); err != nil {
		return fmt.Errorf("storing object %s: %w", d, err)
	}
	return nil
}
