package files

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
)

// readRaw reads one raw file: itself, or the members of an archive.
func (s *stream) readRaw(ctx context.Context, name string) error {
	f, err := s.format(name)
	if err != nil {
		return err
	}
	if n := len(s.raws); n >= maxSettling {
		if err := s.raws[n-maxSettling].wait(ctx); err != nil {
			return err
		}
	}
	raw, err := openRaw(ctx, s.root, name, s.r.Objects, s.pool)
	if err != nil {
		return err
	}
	s.raws = append(s.raws, raw)
	head, whole, err := peek(raw)
	if err != nil {
		return err
	}
	switch {
	case f == formatXLSX:
		err = s.readWorkbook(ctx, raw, name)
	case isZip(head):
		err = s.readArchive(ctx, raw, name)
	case f == zipped:
		err = errors.New("it is not a zip archive")
	default:
		t := s.newTable(len(s.raws)-1, name, "", f, nil, raw.modified)
		err = s.readTable(ctx, t, whole, func() (io.ReadCloser, error) { return s.reopen(name) })
	}
	if err == nil {
		err = raw.drain()
	}
	if err != nil {
		return fmt.Errorf("reading %s: %w", name, err)
	}
	return nil
}

// reopen opens a raw file a second time, unpacked, to look further into it.
func (s *stream) reopen(name string) (io.ReadCloser, error) {
	f, err := s.root.Open(name)
	if err != nil {
		return nil, err
	}
	return unpackFile(f, "")
}

// readTable unpacks, decodes and reads one sequence of records.
func (s *stream) readTable(ctx context.Context, t *table, r io.Reader, reopen func() (io.ReadCloser, error)) error {
	r, layers, err := ungzip(r, t.layers)
	if err != nil {
		return err
	}
	t.setLayers(layers)
	if t.format == formatXLSX {
		return errors.New("a workbook inside another packing is not read: unpack it first")
	}
	r, err = decoder(r, s.def.Encoding, reopen, t.encoded)
	if err != nil {
		return err
	}
	switch t.format {
	case formatCSV, formatTSV:
		err = s.readDelimited(ctx, t, r)
	case formatJSON, formatLines, formatYAML:
		err = s.readTrees(ctx, t, r)
	default:
		err = fmt.Errorf("the format %s cannot be read here", t.format)
	}
	if err == nil {
		err = atEnd(r)
	}
	return err
}

// atEnd reads to the end, where checksums are checked.
func atEnd(r io.Reader) error {
	_, err := io.Copy(io.Discard, r)
	return err
}

// readArchive reads the members of a zip archive, from the object that keeps it.
func (s *stream) readArchive(ctx context.Context, raw *rawFile, name string) error {
	f, size, err := s.stored(ctx, raw)
	if err != nil {
		return err
	}
	defer f.Close()
	z, err := zip.NewReader(f, size)
	if err != nil {
		return fmt.Errorf("opening the archive: %w", err)
	}
	take, others, err := members(z, s.def.Member)
	if err != nil {
		return err
	}
	for _, m := range take {
		if err := s.readMember(ctx, m, name); err != nil {
			return fmt.Errorf("member %s: %w", m.Name, err)
		}
	}
	if len(others) > 0 {
		s.note("%s: %d members do not match %q and were not read: %s.", name, len(others), s.def.Member, list(others))
	}
	return nil
}

func (s *stream) readMember(ctx context.Context, m *zip.File, name string) error {
	f, err := s.format(m.Name)
	if err != nil {
		return err
	}
	r, err := openMember(m)
	if err != nil {
		return err
	}
	defer r.Close()
	t := s.newTable(len(s.raws)-1, name, m.Name, f, []string{"zip"}, m.Modified)
	return s.readTable(ctx, t, r, func() (io.ReadCloser, error) { return reopenMember(m) })
}

func reopenMember(m *zip.File) (io.ReadCloser, error) {
	r, err := openMember(m)
	if err != nil {
		return nil, err
	}
	u, _, err := ungzip(r, []string{"zip"})
	if err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return layered{Reader: u, under: []io.Closer{r}}, nil
}

// stored waits until a raw file is an object, and opens that.
func (s *stream) stored(ctx context.Context, raw *rawFile) (*os.File, int64, error) {
	if err := errors.Join(raw.drain(), raw.wait(ctx)); err != nil {
		return nil, 0, err
	}
	f, err := s.r.Objects.Open(raw.digest)
	if err != nil {
		return nil, 0, err
	}
	return f, raw.n, nil
}

func (t *table) setLayers(layers []string) {
	t.layers = layers
	t.file.Compression = ""
	for i, l := range layers {
		if i > 0 {
			t.file.Compression += "+"
		}
		t.file.Compression += l
	}
}

// encoded records how the table is encoded.
func (t *table) encoded(e encoding) {
	t.file.Encoding, t.file.EncodingBy = e.name, e.by
	if e.by == "detected" && e.name != utf8Name {
		t.note("read as %s, which was detected, not declared.", e.name)
	}
}
