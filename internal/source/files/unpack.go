package files

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"
)

const (
	// maxUnpacked bounds what one file may unpack to, in bytes. Populations are
	// large and compress well, so there is no limit of the ratio.
	maxUnpacked = 1 << 40
	// maxLayers is how many times a file may be packed, one in another.
	maxLayers = 2
	// maxMembers is how many members an archive may have.
	maxMembers = 100_000
)

var (
	gzipMagic  = []byte{0x1F, 0x8B}
	zipMagic   = []byte("PK\x03\x04")
	emptyMagic = []byte("PK\x05\x06")
)

func isZip(head []byte) bool {
	return bytes.HasPrefix(head, zipMagic) || bytes.HasPrefix(head, emptyMagic)
}

// peek returns the first bytes of r and a reader of all of them.
func peek(r io.Reader) ([]byte, io.Reader, error) {
	head := make([]byte, 8)
	n, err := io.ReadFull(r, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, nil, err
	}
	return head[:n], io.MultiReader(bytes.NewReader(head[:n]), r), nil
}

// ungzip unpacks r while it begins like gzip, and returns how often it did.
func ungzip(r io.Reader, layers []string) (io.Reader, []string, error) {
	for {
		head, whole, err := peek(r)
		if err != nil {
			return nil, nil, err
		}
		if !bytes.HasPrefix(head, gzipMagic) {
			if isZip(head) && len(layers) > 0 {
				return nil, nil, errors.New("it holds a zip archive inside another packing, which is not read: unpack it first")
			}
			return whole, layers, nil
		}
		if len(layers) == maxLayers {
			return nil, nil, fmt.Errorf("it is packed more than %d times: unpack it first", maxLayers)
		}
		z, err := gzip.NewReader(whole)
		if err != nil {
			return nil, nil, gzipError(err)
		}
		r = &gunzip{z: z, left: maxUnpacked}
		layers = append(slices.Clone(layers), "gzip")
	}
}

// gunzip says in words what is wrong with a gzip file. Concatenated members
// are one file; anything else after a member is an error.
type gunzip struct {
	z    *gzip.Reader
	left int64
}

func (g *gunzip) Read(p []byte) (int, error) {
	n, err := g.z.Read(p)
	if g.left -= int64(n); g.left < 0 {
		return 0, fmt.Errorf("it unpacks to more than %d bytes", int64(maxUnpacked))
	}
	if err != nil && !errors.Is(err, io.EOF) {
		err = gzipError(err)
	}
	return n, err
}

func gzipError(err error) error {
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return errors.New("its gzip data is cut off: get the file again")
	case errors.Is(err, gzip.ErrChecksum):
		return errors.New("its gzip checksum is wrong: the file is damaged; get it again")
	case errors.Is(err, gzip.ErrHeader):
		return errors.New("there are other bytes after its gzip data: the file is damaged; get it again")
	}
	return fmt.Errorf("its gzip data cannot be read: %w", err)
}

// members returns the files of an archive that pattern matches, sorted, and the
// names of the others. Without a pattern there must be exactly one file.
func members(z *zip.Reader, pattern string) (take []*zip.File, others []string, err error) {
	if len(z.File) > maxMembers {
		return nil, nil, fmt.Errorf("its archive has %d members, more than %d", len(z.File), maxMembers)
	}
	var files []*zip.File
	names := map[string]bool{}
	for _, f := range z.File {
		if strings.HasSuffix(f.Name, "/") {
			continue
		}
		if names[f.Name] {
			return nil, nil, fmt.Errorf("its archive holds %s twice", f.Name)
		}
		names[f.Name] = true
		files = append(files, f)
	}
	slices.SortFunc(files, func(a, b *zip.File) int { return strings.Compare(a.Name, b.Name) })
	if pattern == "" {
		return soleMember(files)
	}
	want := split(path.Clean(pattern))
	for _, f := range files {
		if matchPath(want, split(path.Clean(f.Name))) {
			take = append(take, f)
		} else {
			others = append(others, f.Name)
		}
	}
	if len(take) == 0 {
		return nil, nil, fmt.Errorf("no member of its archive matches %q: it holds %s", pattern, list(others))
	}
	return take, others, nil
}

func soleMember(files []*zip.File) ([]*zip.File, []string, error) {
	if len(files) == 1 {
		return files, nil, nil
	}
	var names []string
	for _, f := range files {
		names = append(names, f.Name)
	}
	return nil, nil, fmt.Errorf("its archive holds %d files (%s): say in source.files.member which to read, for example \"*.csv\"", len(files), list(names))
}

// list names the first few of many.
func list(names []string) string {
	const most = 8
	if len(names) == 0 {
		return "nothing"
	}
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}

// openMember opens a member; its checksum is checked at its end.
func openMember(f *zip.File) (io.ReadCloser, error) {
	const encrypted = 1
	if f.Flags&encrypted != 0 {
		return nil, fmt.Errorf("member %s is encrypted: unpack it first", f.Name)
	}
	if f.UncompressedSize64 > maxUnpacked {
		return nil, fmt.Errorf("member %s unpacks to more than %d bytes", f.Name, int64(maxUnpacked))
	}
	r, err := f.Open()
	if err != nil {
		return nil, fmt.Errorf("opening member %s: %w", f.Name, err)
	}
	return struct {
		io.Reader
		io.Closer
	}{zipErrors{r}, r}, nil
}

// zipErrors says in words what is wrong with a member.
type zipErrors struct{ r io.Reader }

func (z zipErrors) Read(p []byte) (int, error) {
	n, err := z.r.Read(p)
	switch {
	case errors.Is(err, zip.ErrChecksum):
		err = errors.New("its zip checksum is wrong: the archive is damaged; get it again")
	case errors.Is(err, io.ErrUnexpectedEOF):
		err = errors.New("its zip data is cut off: get the archive again")
	}
	return n, err
}

// opened is a reader and the file beneath it.
type layered struct {
	io.Reader
	under []io.Closer
}

func (l layered) Close() error {
	var errs []error
	for _, c := range l.under {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

// unpackFile opens the unpacked bytes of a file on disk again: the member of an
// archive if one is named, then whatever gzip is around them.
func unpackFile(f *os.File, member string) (io.ReadCloser, error) {
	l := layered{Reader: f, under: []io.Closer{f}}
	var layers []string
	if member != "" {
		m, err := findMember(f, member)
		if err != nil {
			f.Close()
			return nil, err
		}
		l.Reader, l.under, layers = m, []io.Closer{m, f}, []string{"zip"}
	}
	r, _, err := ungzip(l.Reader, layers)
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	l.Reader = r
	return l, nil
}

func findMember(f *os.File, member string) (io.ReadCloser, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	z, err := zip.NewReader(f, info.Size())
	if err != nil {
		return nil, fmt.Errorf("opening the archive: %w", err)
	}
	for _, m := range z.File {
		if m.Name == member {
			return openMember(m)
		}
	}
	return nil, fmt.Errorf("the archive has no member %s", member)
}
