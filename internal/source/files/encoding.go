package files

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

// The encodings that are read. The names are those of the definition.
const (
	utf8Name    = "utf-8"
	utf16leName = "utf-16le"
	utf16beName = "utf-16be"
	cp1252Name  = "windows-1252"
)

// badByte stands in decoded text for what has no meaning in the file's
// encoding. It is never valid in UTF-8, so the record that holds it is refused.
const badByte = 0xFF

var bomUTF8 = []byte{0xEF, 0xBB, 0xBF}

// encoding is what is known about how a file is encoded.
type encoding struct {
	name string
	by   string // declared, detected, bom
}

const sniffSize = 4096

// decoder returns r as UTF-8. A byte order mark stays, as three bytes. found is
// called once, when the encoding is known, which for a file without a mark may
// be far into it. reopen returns the same bytes from their beginning.
func decoder(r io.Reader, declared string, reopen func() (io.ReadCloser, error), found func(encoding)) (io.Reader, error) {
	head := make([]byte, sniffSize)
	n, err := io.ReadFull(r, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, err
	}
	head = head[:n]
	whole := io.MultiReader(bytes.NewReader(head), r)
	marked, err := mark16(head)
	if err != nil {
		return nil, err
	}
	if declared != "" && marked != "" && marked != declared {
		return nil, fmt.Errorf("it is declared as %s but begins with the byte order mark of %s: correct source.files.encoding", declared, marked)
	}
	e := encoding{declared, "declared"}
	switch {
	case declared != "":
	case marked != "":
		e = encoding{marked, "bom"}
	case unmarked16(head) != "":
		e = encoding{unmarked16(head), "detected"}
	default:
		return &sniffer{r: whole, reopen: reopen, found: found}, nil
	}
	found(e)
	return decodeAs(whole, e.name)
}

// decodeAs returns r, encoded as name, as UTF-8.
func decodeAs(r io.Reader, name string) (io.Reader, error) {
	switch name {
	case utf8Name:
		return r, nil
	case cp1252Name:
		return &transcoder{r: r, step: from1252}, nil
	case utf16leName:
		return &transcoder{r: r, step: from16(binary.LittleEndian)}, nil
	case utf16beName:
		return &transcoder{r: r, step: from16(binary.BigEndian)}, nil
	}
	return nil, fmt.Errorf("encoding %q is not known: write utf-8, utf-16le, utf-16be or windows-1252", name)
}

// mark16 names the encoding that a byte order mark states, "" without one.
func mark16(head []byte) (string, error) {
	switch {
	case bytes.HasPrefix(head, []byte{0xFF, 0xFE, 0, 0}) || bytes.HasPrefix(head, []byte{0, 0, 0xFE, 0xFF}):
		return "", errors.New("it is encoded as UTF-32, which is not read: export it as UTF-8")
	case bytes.HasPrefix(head, bomUTF8):
		return utf8Name, nil
	case bytes.HasPrefix(head, []byte{0xFF, 0xFE}):
		return utf16leName, nil
	case bytes.HasPrefix(head, []byte{0xFE, 0xFF}):
		return utf16beName, nil
	}
	return "", nil
}

// unmarked16 recognizes UTF-16 without a mark by its NUL bytes: nearly every
// second byte of Western text, and only on one side.
func unmarked16(head []byte) string {
	var zeros [2]int
	for i, b := range head {
		if b == 0 {
			zeros[i%2]++
		}
	}
	half := len(head) / 2
	switch {
	case half < 2:
		return ""
	case zeros[1]*10 >= half*6 && zeros[0]*20 <= half:
		return utf16leName
	case zeros[0]*10 >= half*6 && zeros[1]*20 <= half:
		return utf16beName
	}
	return ""
}

// sniffer passes bytes through until it knows whether they are UTF-8 or
// Windows-1252. Until then they are ASCII, which is the same in both.
type sniffer struct {
	r       io.Reader
	reopen  func() (io.ReadCloser, error)
	found   func(encoding)
	settled io.Reader
	pending []byte // read, and first in line once settled
}

func (s *sniffer) Read(p []byte) (int, error) {
	if s.settled != nil {
		return s.settled.Read(p)
	}
	n, err := s.r.Read(p)
	if i := firstHigh(p[:n]); i < n {
		s.pending = bytes.Clone(p[i:n])
		if serr := s.settle(); serr != nil {
			return 0, serr
		}
		if i > 0 {
			return i, nil
		}
		return s.settled.Read(p)
	}
	if errors.Is(err, io.EOF) {
		s.found(encoding{utf8Name, "detected"})
	}
	return n, err
}

// settle decides at the first byte that is not ASCII.
func (s *sniffer) settle() error {
	for !utf8.FullRune(s.pending) {
		var more [utf8.UTFMax]byte
		n, err := s.r.Read(more[:])
		s.pending = append(s.pending, more[:n]...)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
	}
	rest := io.MultiReader(bytes.NewReader(s.pending), s.r)
	name := utf8Name
	if r, size := utf8.DecodeRune(s.pending); r == utf8.RuneError && size == 1 {
		multi, err := s.anyMultibyte()
		if err != nil {
			return err
		}
		if !multi {
			name = cp1252Name
		}
	}
	s.found(encoding{name, "detected"})
	var err error
	s.settled, err = decodeAs(rest, name)
	return err
}

// anyMultibyte reads the whole file again and reports whether any character in
// it takes several bytes in valid UTF-8. In Windows-1252 text that is rare
// enough that one such character speaks for a damaged UTF-8 file.
func (s *sniffer) anyMultibyte() (bool, error) {
	f, err := s.reopen()
	if err != nil {
		return false, err
	}
	defer f.Close()
	buf := make([]byte, 0, 64<<10)
	for {
		n, err := f.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		rest, multi := skipRunes(buf, err != nil)
		if multi {
			return true, nil
		}
		buf = buf[:copy(buf[:cap(buf)], rest)]
		if errors.Is(err, io.EOF) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
	}
}

// skipRunes skips complete characters and reports whether a valid one of
// several bytes was among them.
func skipRunes(b []byte, last bool) (rest []byte, multi bool) {
	for len(b) > 0 {
		if i := firstHigh(b); i > 0 {
			b = b[i:]
			continue
		}
		if !last && !utf8.FullRune(b) {
			return b, false
		}
		r, size := utf8.DecodeRune(b)
		if r != utf8.RuneError || size > 1 {
			return nil, true
		}
		b = b[size:]
	}
	return nil, false
}

// firstHigh returns the index of the first byte that is not ASCII, or len(b).
func firstHigh(b []byte) int {
	i := 0
	for ; i+8 <= len(b); i += 8 {
		if binary.LittleEndian.Uint64(b[i:])&0x8080808080808080 != 0 {
			break
		}
	}
	for ; i < len(b); i++ {
		if b[i] >= utf8.RuneSelf {
			return i
		}
	}
	return i
}

// transcoder turns another encoding into UTF-8.
type transcoder struct {
	r    io.Reader
	step func(dst, src []byte, last bool) (out []byte, used int, err error)
	in   []byte // read, not yet turned
	out  []byte // turned, not yet handed out
	buf  []byte
	err  error
}

const transcodeSize = 64 << 10

func (t *transcoder) Read(p []byte) (int, error) {
	for len(t.out) == 0 {
		if t.err != nil {
			return 0, t.err
		}
		t.fill()
	}
	n := copy(p, t.out)
	t.out = t.out[n:]
	return n, nil
}

func (t *transcoder) fill() {
	if t.in == nil {
		t.in = make([]byte, 0, transcodeSize)
	}
	n, err := t.r.Read(t.in[len(t.in):cap(t.in)])
	t.in = t.in[:len(t.in)+n]
	out, used, serr := t.step(t.buf[:0], t.in, errors.Is(err, io.EOF))
	t.in = t.in[:copy(t.in, t.in[used:])]
	t.buf, t.out = out, out
	t.err = err
	if serr != nil {
		t.err = serr
	}
}

// high1252 maps 0x80 to 0x9F; zero is undefined.
var high1252 = [32]rune{
	0x20AC, 0, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0, 0x017D, 0,
	0, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0, 0x017E, 0x0178,
}

func from1252(dst, src []byte, _ bool) ([]byte, int, error) {
	for _, b := range src {
		switch {
		case b < 0x80:
			dst = append(dst, b)
		case b >= 0xA0:
			dst = utf8.AppendRune(dst, rune(b))
		case high1252[b-0x80] == 0:
			dst = append(dst, badByte)
		default:
			dst = utf8.AppendRune(dst, high1252[b-0x80])
		}
	}
	return dst, len(src), nil
}

func from16(order binary.ByteOrder) func(dst, src []byte, last bool) ([]byte, int, error) {
	return func(dst, src []byte, last bool) ([]byte, int, error) {
		i := 0
		for i+2 <= len(src) {
			u := rune(order.Uint16(src[i:]))
			switch {
			case !utf16.IsSurrogate(u):
				dst = utf8.AppendRune(dst, u)
				i += 2
				continue
			case i+4 > len(src) && !last:
				return dst, i, nil
			case i+4 <= len(src):
				if r := utf16.DecodeRune(u, rune(order.Uint16(src[i+2:]))); r != utf8.RuneError {
					dst = utf8.AppendRune(dst, r)
					i += 4
					continue
				}
			}
			dst = append(dst, badByte)
			i += 2
		}
		if last && i < len(src) {
			return dst, i, errors.New("it ends in the middle of a UTF-16 character: the file is cut off; get it again")
		}
		return dst, i, nil
	}
}
