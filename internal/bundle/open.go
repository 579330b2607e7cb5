package bundle

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ticktie/ticktie/internal/objects"
)

// Limits of what is read into memory from a file that is not trusted yet.
const (
	maxManifest = 512 << 20
	maxSmall    = 64 << 10
	maxTile     = 64 << 20
)

// opened is a bundle after its container pass: small members in memory,
// objects in a private store, every byte of the file compared.
type opened struct {
	manifest     *Manifest
	manifestText []byte
	signature    []byte
	key          []byte
	log          map[string][]byte // by path under log/
	program      map[string]objects.Digest
	have         map[objects.Digest]bool
	store        *objects.Store
}

// open reads the whole file once. Damage is reported as checks; an error means
// that the file is no bundle that this version can read.
func (v *verifier) open(ctx context.Context) error {
	f, err := os.Open(v.path)
	if err != nil {
		return fmt.Errorf("opening the bundle: %w", err)
	}
	defer f.Close()
	s, err := f.Stat()
	if err != nil {
		return fmt.Errorf("opening the bundle %s: %w", v.path, err)
	}
	v.report.Size = s.Size()
	z, err := zip.NewReader(f, s.Size())
	if err != nil {
		v.report.differs("container", "directory", "the directory at the end of the file cannot be read ("+err.Error()+"): the file is cut off, damaged, or no bundle")
		return nil
	}
	if err := v.readManifest(z); err != nil {
		v.report.differs("manifest", manifestName, err.Error())
		return nil
	}
	if !v.sameMembers(z) {
		return nil
	}
	return v.pass(ctx, f, z)
}

func (v *verifier) readManifest(z *zip.Reader) error {
	sig, err := readSmall(z, signatureName, maxSmall)
	if err != nil {
		return err
	}
	text, err := readSmall(z, manifestName, maxManifest)
	if err != nil {
		return err
	}
	v.o.manifestText, v.o.signature = text, sig
	v.report.Manifest = objects.Sum(text)
	var m Manifest
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil {
		return fmt.Errorf("it cannot be read: %w", err)
	}
	if m.Format != manifestFormat {
		return fmt.Errorf("its format is %q, this version of ticktie reads %q; use the version that wrote it, or a newer one", m.Format, manifestFormat)
	}
	canonical, err := objects.Canonical(m)
	if err != nil || !bytes.Equal(canonical, text) {
		return errors.New("it is not in canonical form: its bytes were altered")
	}
	v.o.manifest = &m
	v.report.Origin, v.report.Engagement, v.report.Withheld = m.Origin, m.Engagement, m.Withheld
	v.report.TreeSize, v.report.Root = m.TreeSize, m.Root
	return nil
}

// readSmall reads a member without trusting any header beyond its place.
func readSmall(z *zip.Reader, name string, limit int64) ([]byte, error) {
	for _, f := range z.File {
		if f.Name != name {
			continue
		}
		if f.Method != zip.Store || f.UncompressedSize64 > uint64(limit) {
			return nil, fmt.Errorf("%s is compressed or larger than %d bytes: this is no bundle of ours", name, limit)
		}
		r, err := f.OpenRaw()
		if err != nil {
			return nil, fmt.Errorf("%s cannot be read: %w", name, err)
		}
		return io.ReadAll(io.LimitReader(r, limit+1))
	}
	return nil, fmt.Errorf("%s is missing: this is no bundle, or its directory was altered", name)
}

// sameMembers compares the directory of the container with the manifest.
func (v *verifier) sameMembers(z *zip.Reader) bool {
	want := v.o.memberNames()
	for i, name := range want {
		if i >= len(z.File) || z.File[i].Name != name {
			got := "nothing"
			if i < len(z.File) {
				got = fmt.Sprintf("%q", z.File[i].Name)
			}
			v.report.differs("container", name, "the manifest names it as member "+fmt.Sprint(i+1)+", the directory has "+got+" there")
			return false
		}
	}
	if len(z.File) > len(want) {
		v.report.differs("container", z.File[len(want)].Name, "the manifest does not name it: something was added")
		return false
	}
	seen := map[string]bool{}
	for _, n := range want {
		if seen[n] || !goodName(n) {
			v.report.differs("container", n, "a member's name is repeated or not one that a bundle has")
			return false
		}
		seen[n] = true
	}
	return true
}

// memberNames are all members in the order of the file.
func (o *opened) memberNames() []string {
	var names []string
	for _, m := range o.manifest.Members {
		names = append(names, m.Path)
	}
	at := min(1, len(names))
	return slices.Insert(names, at, manifestName, signatureName)
}

func goodName(n string) bool {
	if n == indexName || n == manifestName || n == signatureName || n == keyName {
		return true
	}
	for _, p := range []string{logPrefix, objectPrefix, programPrefix} {
		if strings.HasPrefix(n, p) {
			return filepath.IsLocal(n) && !strings.Contains(n, "\\")
		}
	}
	return false
}

// pass reads every member once: it writes the container anew, byte by byte
// against the file, hashes each member, and keeps what later checks need.
func (v *verifier) pass(ctx context.Context, f *os.File, z *zip.Reader) error {
	c := &comparer{file: f}
	w := zip.NewWriter(c)
	byPath := map[string]Member{
		manifestName:  {Path: manifestName, Size: int64(len(v.o.manifestText)), SHA256: objects.Sum(v.o.manifestText)},
		signatureName: {Path: signatureName, Size: int64(len(v.o.signature)), SHA256: objects.Sum(v.o.signature)},
	}
	for _, m := range v.o.manifest.Members {
		byPath[m.Path] = m
	}
	var done int64
	for _, entry := range z.File {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := v.passMember(f, c, w, entry, byPath[entry.Name]); err != nil {
			return err
		}
		if done += byPath[entry.Name].Size; v.tools.Progress != nil {
			v.tools.Progress("read", filepath.Base(v.path), done, v.report.Size)
		}
	}
	c.region = "the directory at its end"
	if err := w.Close(); err != nil {
		return fmt.Errorf("comparing the container: %w", err)
	}
	if c.offset < v.report.Size {
		c.damage = append(c.damage, fmt.Sprintf("%d bytes follow its end", v.report.Size-c.offset))
	}
	v.report.compare("container", filepath.Base(v.path), strings.Join(c.damage, "; "))
	return nil
}

func (v *verifier) passMember(f *os.File, c *comparer, w *zip.Writer, entry *zip.File, m Member) error {
	if m.Size < 0 || m.Size > v.report.Size {
		v.report.differs("manifest", m.Path, fmt.Sprintf("it claims %d bytes in a file of %d", m.Size, v.report.Size))
		return nil
	}
	c.region = "the header of " + m.Path
	zw, err := w.CreateRaw(header(m.Path, m.Size, entry.CRC32))
	if err != nil {
		return fmt.Errorf("comparing the container at %s: %w", m.Path, err)
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("comparing the container at %s: %w", m.Path, err)
	}
	keep, err := v.keep(m)
	if err != nil {
		return err
	}
	crc, hash := crc32.NewIEEE(), sha256.New()
	c.inData = true
	_, err = io.Copy(io.MultiWriter(zw, crc, hash, keep), io.NewSectionReader(f, c.offset, m.Size))
	if err = errors.Join(err, w.Flush()); err != nil {
		return fmt.Errorf("reading %s: %w", m.Path, err)
	}
	c.inData = false
	got := objects.FromSHA256(hash.Sum(nil))
	switch {
	case got != m.SHA256:
		v.report.differs("digest", m.Path, "its bytes have the digest "+string(got)+", the manifest says "+string(m.SHA256))
	case crc.Sum32() != entry.CRC32:
		v.report.differs("container", m.Path, "its check sum in the container is wrong")
	default:
		v.report.add("digest", m.Path, Agrees, "")
	}
	return keep.finish(got == m.SHA256)
}

// comparer is written the container as it should be and compares it with the file.
type comparer struct {
	file   io.ReaderAt
	offset int64
	region string
	inData bool // the bytes come from the file itself
	damage []string
	buf    []byte
}

func (c *comparer) Write(p []byte) (int, error) {
	defer func() { c.offset += int64(len(p)) }()
	if c.inData {
		return len(p), nil
	}
	c.buf = slices.Grow(c.buf[:0], len(p))[:len(p)]
	n, err := c.file.ReadAt(c.buf, c.offset)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	for i := range p {
		if i >= n || c.buf[i] != p[i] {
			c.damage = append(c.damage, fmt.Sprintf("byte %d differs, in %s", c.offset+int64(i), c.region))
			break
		}
	}
	return len(p), nil
}

// kept is where a member goes while it is hashed.
type kept struct {
	io.Writer
	finish func(good bool) error
}

// keep decides what later checks need of a member: small ones in memory,
// objects as files, raw source bytes not at all: hashing them is all that is done.
func (v *verifier) keep(m Member) (kept, error) {
	inMemory := func(limit int64, put func([]byte)) (kept, error) {
		if m.Size > limit {
			v.report.differs("manifest", m.Path, fmt.Sprintf("it has %d bytes, more than the %d a bundle may have there", m.Size, limit))
			return kept{io.Discard, func(bool) error { return nil }}, nil
		}
		var b bytes.Buffer
		return kept{&b, func(good bool) error {
			if good {
				put(b.Bytes())
			}
			return nil
		}}, nil
	}
	switch {
	case m.Path == keyName:
		return inMemory(maxSmall, func(b []byte) { v.o.key = b })
	case strings.HasPrefix(m.Path, logPrefix):
		return inMemory(maxTile, func(b []byte) { v.o.log[strings.TrimPrefix(m.Path, logPrefix)] = b })
	case strings.HasPrefix(m.Path, programPrefix):
		return kept{io.Discard, func(good bool) error {
			if good {
				v.o.program[strings.TrimPrefix(m.Path, programPrefix)] = m.SHA256
			}
			return nil
		}}, nil
	case strings.HasPrefix(m.Path, objectPrefix):
		return v.keepObject(m)
	default:
		return kept{io.Discard, func(bool) error { return nil }}, nil
	}
}

func (v *verifier) keepObject(m Member) (kept, error) {
	if objectPrefix+m.SHA256.Hex() != m.Path || m.SHA256.Check() != nil {
		v.report.differs("manifest", m.Path, "an object's name is not its digest "+string(m.SHA256))
		return kept{io.Discard, func(bool) error { return nil }}, nil
	}
	if m.Role == roleRaw {
		return kept{io.Discard, func(good bool) error {
			v.o.have[m.SHA256] = good
			return nil
		}}, nil
	}
	path := v.o.store.Path(m.SHA256)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return kept{}, fmt.Errorf("unpacking %s: %w", m.Path, err)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return kept{}, fmt.Errorf("unpacking %s: %w", m.Path, err)
	}
	return kept{f, func(good bool) error {
		if err := f.Close(); err != nil {
			return fmt.Errorf("unpacking %s: %w", m.Path, err)
		}
		if !good {
			return os.Remove(path)
		}
		v.o.have[m.SHA256] = true
		return nil
	}}, nil
}
