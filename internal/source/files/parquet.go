package files

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Parquet files are read by the engine. What is needed to account for them, the
// names of the columns and the number of rows, stands in their footer.

// takeParquet keeps the raw bytes of Parquet files and matches their columns.
func (s *stream) takeParquet(ctx context.Context) error {
	if s.def.FileColumn != "" {
		return fmt.Errorf("population %s: source.files.file_column is not available for Parquet files: write the name into the files", s.r.Population.ID)
	}
	s.pool = newBlockPool()
	for _, name := range s.names {
		if err := s.takeOne(ctx, name); err != nil {
			s.abandon()
			return fmt.Errorf("reading %s: %w", name, err)
		}
	}
	return nil
}

func (s *stream) takeOne(ctx context.Context, name string) error {
	raw, err := openRaw(ctx, s.root, name, s.r.Objects, s.pool)
	if err != nil {
		return err
	}
	s.raws = append(s.raws, raw)
	f, size, err := s.stored(ctx, raw)
	if err != nil {
		return err
	}
	defer f.Close()
	foot, err := readFooter(f, size)
	if err != nil {
		return err
	}
	t := s.newTable(len(s.raws)-1, name, "", formatParquet, nil, raw.modified)
	if _, err := s.plan.match(foot.columns, name); err != nil {
		return err
	}
	s.setHeader(t, foot.columns)
	t.file.Records = foot.rows
	t.next += foot.rows
	s.parquet = append(s.parquet, s.r.Objects.Path(raw.digest))
	return nil
}

// footer is what a Parquet file says of itself.
type footer struct {
	rows    int64
	columns []string // top-level
}

const (
	parquetMagic = "PAR1"
	maxFooter    = 64 << 20
)

func readFooter(r io.ReaderAt, size int64) (footer, error) {
	var head [4]byte
	var tail [8]byte
	if size < int64(len(head)+len(tail)) {
		return footer{}, errors.New("it is too short for a Parquet file: get it again")
	}
	if _, err := r.ReadAt(head[:], 0); err != nil {
		return footer{}, err
	}
	if _, err := r.ReadAt(tail[:], size-int64(len(tail))); err != nil {
		return footer{}, err
	}
	if string(head[:]) == "PARE" || string(tail[4:]) == "PARE" {
		return footer{}, errors.New("it is an encrypted Parquet file, which is not read")
	}
	if string(head[:]) != parquetMagic || string(tail[4:]) != parquetMagic {
		return footer{}, errors.New("it is not a whole Parquet file: get it again, or set source.files.format")
	}
	n := int64(binary.LittleEndian.Uint32(tail[:]))
	if n > maxFooter || n > size-12 {
		return footer{}, errors.New("its Parquet footer is damaged: get it again")
	}
	b := make([]byte, n)
	if _, err := r.ReadAt(b, size-8-n); err != nil {
		return footer{}, err
	}
	return parseFooter(b)
}

// Field numbers of Parquet's FileMetaData and SchemaElement.
const (
	metaSchema     = 2
	metaRows       = 3
	schemaName     = 4
	schemaChildren = 5
)

func parseFooter(b []byte) (footer, error) {
	t := &thrift{r: bytes.NewReader(b)}
	out := footer{rows: -1}
	var schema []schemaElement
	t.fields(func(id int64, kind byte) {
		switch {
		case id == metaSchema && kind == thriftList:
			t.list(func(byte) { schema = append(schema, t.schemaElement()) })
		case id == metaRows && kind == thriftI64:
			out.rows = t.zigzag()
		default:
			t.skip(kind, 0)
		}
	})
	if t.err != nil || out.rows < 0 || len(schema) == 0 {
		return footer{}, fmt.Errorf("its Parquet footer is damaged: get it again (%w)", errors.Join(t.err, errFooter))
	}
	for i := 1; i < len(schema); {
		out.columns = append(out.columns, schema[i].name)
		i = after(schema, i)
	}
	return out, nil
}

var errFooter = errors.New("no row count or no columns")

type schemaElement struct {
	name     string
	children int64
}

func (t *thrift) schemaElement() schemaElement {
	var e schemaElement
	t.fields(func(id int64, kind byte) {
		switch {
		case id == schemaName && kind == thriftBinary:
			e.name = string(t.bytes())
		case id == schemaChildren && kind == thriftI32:
			e.children = t.zigzag()
		default:
			t.skip(kind, 0)
		}
	})
	return e
}

// after returns the index after element i and all below it.
func after(schema []schemaElement, i int) int {
	for left := int64(1); left > 0 && i < len(schema); i++ {
		left += schema[i].children - 1
	}
	return i
}

// The types of Thrift's compact protocol.
const (
	thriftTrue   = 1
	thriftFalse  = 2
	thriftByte   = 3
	thriftI16    = 4
	thriftI32    = 5
	thriftI64    = 6
	thriftDouble = 7
	thriftBinary = 8
	thriftList   = 9
	thriftSet    = 10
	thriftMap    = 11
	thriftStruct = 12
)

// thrift reads Thrift's compact protocol. After an error it reads nothing more.
type thrift struct {
	r   *bytes.Reader
	err error
}

func (t *thrift) fail(err error) {
	if t.err == nil {
		t.err = err
	}
}

func (t *thrift) byte() byte {
	b, err := t.r.ReadByte()
	if err != nil {
		t.fail(io.ErrUnexpectedEOF)
	}
	return b
}

func (t *thrift) uvarint() uint64 {
	v, err := binary.ReadUvarint(t.r)
	if err != nil {
		t.fail(io.ErrUnexpectedEOF)
	}
	return v
}

func (t *thrift) zigzag() int64 {
	v := t.uvarint()
	return int64(v>>1) ^ -int64(v&1)
}

func (t *thrift) bytes() []byte {
	n := t.uvarint()
	if t.err != nil || n > uint64(t.r.Len()) {
		t.fail(io.ErrUnexpectedEOF)
		return nil
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(t.r, b); err != nil {
		t.fail(err)
	}
	return b
}

// fields calls fn for each field of a struct; fn consumes the value.
func (t *thrift) fields(fn func(id int64, kind byte)) {
	var id int64
	for t.err == nil {
		b := t.byte()
		kind := b & 0x0F
		if b == 0 || t.err != nil {
			return
		}
		if delta := int64(b >> 4); delta > 0 {
			id += delta
		} else {
			id = t.zigzag()
		}
		fn(id, kind)
	}
}

// list calls fn for each element of a list or set.
func (t *thrift) list(fn func(kind byte)) {
	b := t.byte()
	n := uint64(b >> 4)
	if n == 15 {
		n = t.uvarint()
	}
	for ; n > 0 && t.err == nil; n-- {
		fn(b & 0x0F)
	}
}

// skip skips a field's value.
func (t *thrift) skip(kind byte, depth int) {
	if depth > maxDepth {
		t.fail(errors.New("it nests too deep"))
		return
	}
	switch kind {
	case thriftTrue, thriftFalse:
	case thriftByte:
		t.byte()
	case thriftI16, thriftI32, thriftI64:
		t.uvarint()
	case thriftDouble:
		for range 8 {
			t.byte()
		}
	case thriftBinary:
		t.bytes()
	case thriftList, thriftSet:
		t.list(func(k byte) { t.skipElement(k, depth+1) })
	case thriftMap:
		t.skipMap(depth)
	case thriftStruct:
		t.fields(func(_ int64, k byte) { t.skip(k, depth+1) })
	default:
		t.fail(fmt.Errorf("unknown type %d", kind))
	}
}

// skipElement skips an element, where a boolean takes a byte.
func (t *thrift) skipElement(kind byte, depth int) {
	if kind == thriftTrue || kind == thriftFalse {
		t.byte()
		return
	}
	t.skip(kind, depth)
}

func (t *thrift) skipMap(depth int) {
	n := t.uvarint()
	if n == 0 || t.err != nil {
		return
	}
	kinds := t.byte()
	for ; n > 0 && t.err == nil; n-- {
		t.skipElement(kinds>>4, depth+1)
		t.skipElement(kinds&0x0F, depth+1)
	}
}
