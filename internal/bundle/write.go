package bundle

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/ticktie/ticktie/internal/objects"
	"github.com/ticktie/ticktie/internal/program"
	"github.com/ticktie/ticktie/internal/seal"
)

// Evidence is a workspace as a bundle sees it.
type Evidence struct {
	Objects    *objects.Store
	Origin     string
	PublicKey  string                                     // verifier key of the log
	Entries    [][]byte                                   // all leaves of the tree, in order
	Root       [32]byte                                   // root of that tree
	Checkpoint []byte                                     // signed, of exactly that tree
	Sign       func(text []byte) (note []byte, err error) // by the log's key
}

// Options say what to leave out. What is left out is named in the manifest.
type Options struct {
	Engagement string
	// Concerns reports whether a statement belongs to the engagement; nil: all do.
	Concerns   func(seal.Statement) bool
	WithoutRaw bool                    // withhold raw source bytes
	Progress   func(done, total int64) // bytes
}

// Write freezes the evidence into the file at path, which must not exist. The
// file appears whole or not at all.
func Write(ctx context.Context, path string, ev Evidence, o Options) (*Manifest, objects.Digest, error) {
	if _, err := os.Lstat(path); err == nil {
		return nil, "", fmt.Errorf("writing the bundle %s: there is a file already; name another or remove it", path)
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".bundle-*")
	if err != nil {
		return nil, "", fmt.Errorf("writing the bundle %s: %w", path, err)
	}
	defer os.Remove(f.Name())
	m, d, err := write(ctx, f, ev, o)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, "", fmt.Errorf("writing the bundle %s: %w", path, err)
	}
	if err := os.Chmod(f.Name(), 0o644); err != nil {
		return nil, "", fmt.Errorf("writing the bundle %s: %w", path, err)
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return nil, "", fmt.Errorf("writing the bundle %s: %w", path, err)
	}
	return m, d, nil
}

// part is a member before it is written.
type part struct {
	Member
	open func() (io.ReadCloser, error)
}

func inMemory(path string, b []byte) part {
	return part{Member{Path: path, Size: int64(len(b)), SHA256: objects.Sum(b)}, func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(b)), nil
	}}
}

func write(ctx context.Context, w io.Writer, ev Evidence, o Options) (*Manifest, objects.Digest, error) {
	statements, err := decodeAll(ev.Entries)
	if err != nil {
		return nil, "", err
	}
	m := &Manifest{
		Format: manifestFormat, Origin: ev.Origin, Engagement: o.Engagement,
		TreeSize: int64(len(ev.Entries)), Root: hex.EncodeToString(ev.Root[:]),
	}
	parts, err := m.gather(statements, ev, o)
	if err != nil {
		return nil, "", err
	}
	index, err := indexPage(m, statements, ev.Objects)
	if err != nil {
		return nil, "", err
	}
	parts = slices.Insert(parts, 0, inMemory(indexName, index))
	for _, p := range parts {
		m.Members = append(m.Members, p.Member)
	}
	text, err := objects.Canonical(m)
	if err != nil {
		return nil, "", err
	}
	digest := objects.Sum(text)
	sig, err := ev.Sign(signedText(ev.Origin, digest))
	if err != nil {
		return nil, "", fmt.Errorf("signing the manifest: %w", err)
	}
	parts = slices.Insert(parts, 1, inMemory(manifestName, text), inMemory(signatureName, sig))
	return m, digest, writeParts(ctx, w, parts, o.Progress)
}

func decodeAll(entries [][]byte) ([]seal.Statement, error) {
	out := make([]seal.Statement, len(entries))
	for i, e := range entries {
		st, err := seal.Decode(e)
		if err != nil {
			return nil, fmt.Errorf("statement %d: %w", i, err)
		}
		out[i] = st
	}
	return out, nil
}

// gather lists every member after the index, in the order of the file, and
// what is withheld.
func (m *Manifest) gather(statements []seal.Statement, ev Evidence, o Options) ([]part, error) {
	all, concerned := reached{}, reached{}
	for _, st := range statements {
		if err := all.reach(st, ev.Objects.Read); err != nil {
			return nil, err
		}
		if o.Concerns == nil || o.Concerns(st) {
			if err := concerned.reach(st, ev.Objects.Read); err != nil {
				return nil, err
			}
		}
	}
	parts := []part{inMemory(keyName, []byte(ev.PublicKey))}
	logParts, err := logMembers(ev)
	if err != nil {
		return nil, err
	}
	parts = append(parts, logParts...)
	for _, d := range sortedDigests(all) {
		role := all[d]
		_, wanted := concerned[d]
		switch {
		case !wanted:
			m.Withheld = append(m.Withheld, Withheld{d, role, "belongs to another engagement"})
		case o.WithoutRaw && role == roleRaw:
			m.Withheld = append(m.Withheld, Withheld{d, role, "raw source bytes left out by whoever made the bundle"})
		default:
			p, err := objectPart(ev.Objects, d, role)
			if err != nil {
				return nil, fmt.Errorf("%s %s: %w", role, d, err)
			}
			parts = append(parts, p)
		}
	}
	readable, err := programParts(statements, ev.Objects)
	return append(parts, readable...), err
}

func sortedDigests(r reached) []objects.Digest {
	out := make([]objects.Digest, 0, len(r))
	for d := range r {
		out = append(out, d)
	}
	slices.Sort(out)
	return out
}

func logMembers(ev Evidence) ([]part, error) {
	tiles, err := seal.Tiles(ev.Entries)
	if err != nil {
		return nil, fmt.Errorf("laying out the log: %w", err)
	}
	parts := []part{inMemory(logPrefix+"checkpoint", ev.Checkpoint)}
	for path, b := range tiles {
		parts = append(parts, inMemory(logPrefix+path, b))
	}
	slices.SortFunc(parts, func(a, b part) int { return bytes.Compare([]byte(a.Path), []byte(b.Path)) })
	return parts, nil
}

func objectPart(o *objects.Store, d objects.Digest, role string) (part, error) {
	f, err := o.Open(d)
	if err != nil {
		return part{}, err
	}
	defer f.Close()
	s, err := f.Stat()
	if err != nil {
		return part{}, err
	}
	return part{Member{objectPrefix + d.Hex(), s.Size(), d, role}, func() (io.ReadCloser, error) { return o.Open(d) }}, nil
}

// programParts are the files of the program in force at the end, under their own names.
func programParts(statements []seal.Statement, o *objects.Store) ([]part, error) {
	var last objects.Digest
	for _, st := range statements {
		if st.Program != "" {
			last = objects.Digest(st.Program)
		}
	}
	if last == "" {
		return nil, nil
	}
	b, err := o.Read(last)
	if err != nil {
		return nil, err
	}
	var pm program.Manifest
	if err := json.Unmarshal(b, &pm); err != nil {
		return nil, fmt.Errorf("program %s: %w", last, err)
	}
	var parts []part
	for _, f := range pm.Files {
		text, err := o.Read(f.Digest)
		if err != nil {
			return nil, fmt.Errorf("program file %s: %w", f.Path, err)
		}
		parts = append(parts, inMemory(programPrefix+f.Path, text))
	}
	slices.SortFunc(parts, func(a, b part) int { return bytes.Compare([]byte(a.Path), []byte(b.Path)) })
	return parts, nil
}

func writeParts(ctx context.Context, w io.Writer, parts []part, progress func(done, total int64)) error {
	var done, total int64
	for _, p := range parts {
		total += p.Size
	}
	z := zip.NewWriter(w)
	for _, p := range parts {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := writePart(z, p); err != nil {
			return err
		}
		if done += p.Size; progress != nil {
			progress(done, total)
		}
	}
	return z.Close()
}

func writePart(z *zip.Writer, p part) error {
	r, err := p.open()
	if err != nil {
		return fmt.Errorf("reading %s: %w", p.Path, err)
	}
	crc, n, digest, err := sumsOf(r)
	if err = errors.Join(err, r.Close()); err != nil {
		return fmt.Errorf("reading %s: %w", p.Path, err)
	}
	if digest != p.SHA256 {
		return fmt.Errorf("reading %s: its bytes have the digest %s, not %s; the workspace was altered: restore it from a backup", p.Path, digest, p.SHA256)
	}
	if r, err = p.open(); err != nil {
		return fmt.Errorf("reading %s: %w", p.Path, err)
	}
	defer r.Close()
	return addMember(z, p.Path, n, crc, r)
}
