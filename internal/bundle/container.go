package bundle

import (
	"archive/zip"
	"crypto/sha256"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/ticktie/ticktie/internal/objects"
)

// header is the one zip header that a member may have.
func header(name string, size int64, crc uint32) *zip.FileHeader {
	return &zip.FileHeader{
		Name: name, Method: zip.Store, CRC32: crc,
		CompressedSize64: uint64(size), UncompressedSize64: uint64(size),
	}
}

// addMember writes one member whose size and CRC are known.
func addMember(z *zip.Writer, name string, size int64, crc uint32, r io.Reader) error {
	w, err := z.CreateRaw(header(name, size, crc))
	if err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	n, err := io.Copy(w, io.LimitReader(r, size))
	if err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	if n != size {
		return fmt.Errorf("writing %s: %d of %d bytes came", name, n, size)
	}
	return nil
}

// sumsOf reads r to its end for its CRC, size and digest.
func sumsOf(r io.Reader) (uint32, int64, objects.Digest, error) {
	c, h := crc32.NewIEEE(), sha256.New()
	n, err := io.Copy(io.MultiWriter(c, h), r)
	return c.Sum32(), n, objects.FromSHA256(h.Sum(nil)), err
}
