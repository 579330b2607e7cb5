package files

import (
	"context"
	"fmt"
	"io"
	"os"
	"sort"

	"github.com/ticktie/ticktie/internal/objects"
	"github.com/ticktie/ticktie/internal/program"
	"github.com/ticktie/ticktie/internal/source"
)

// locator finds records again in the stored raw bytes. It holds no file open.
func (s *stream) locator() func(int64) (source.Place, error) {
	l := &finder{store: s.r.Objects, def: s.def, d: s.d, plan: s.plan, tables: s.tables}
	return l.locate
}

type finder struct {
	store  *objects.Store
	def    *program.FilesSource
	d      dialect
	plan   plan
	tables []*table
}

func (l *finder) locate(n int64) (source.Place, error) {
	for _, t := range l.tables {
		if n >= t.file.FirstRecord && n < t.next {
			p, err := l.in(t, n)
			if err != nil {
				return source.Place{}, fmt.Errorf("finding record %d in %s: %w", n, t.file.Name, err)
			}
			p.File = t.file.Name
			p.Raw = clip(p.Raw, maxRaw)
			return p, nil
		}
	}
	return source.Place{}, fmt.Errorf("there is no record %d in these files", n)
}

func (l *finder) in(t *table, n int64) (source.Place, error) {
	m := t.index[sort.Search(len(t.index), func(i int) bool { return t.index[i].record > n })-1]
	if t.format == formatYAML {
		m = mark{record: t.file.FirstRecord}
	}
	if t.format == formatXLSX {
		return l.sheetRow(t, n)
	}
	r, err := l.open(t, m.offset)
	if err != nil {
		return source.Place{}, err
	}
	defer r.Close()
	switch t.format {
	case formatJSON, formatLines, formatYAML:
		return l.tree(t, r, m, n)
	}
	return l.delimited(t, r, m, n)
}

// tree goes on from a record that m marks.
func (l *finder) tree(t *table, r io.Reader, m mark, n int64) (source.Place, error) {
	var src parents
	if t.format == formatYAML {
		y, err := newYAMLScanner(r, l.def.Records)
		if err != nil {
			return source.Place{}, err
		}
		src = y
	} else {
		j := newJSONScanner(context.Background(), r, t.format == formatLines, l.def.Records)
		j.offset, j.line, j.inside, j.first = m.offset, m.line, true, true
		src = j
	}
	sh, err := newShape(l.plan, l.def.Explode)
	if err != nil {
		return source.Place{}, err
	}
	seen := make([]int64, len(l.plan)+1)
	var p parent
	for {
		ok, err := src.next(&p)
		if err != nil {
			return source.Place{}, err
		}
		if !ok {
			return source.Place{}, io.ErrUnexpectedEOF
		}
		_ = sh.items(p.node, p.fault, "", seen, func([]source.Field, *fault) error {
			m.record++
			return nil
		})
		if m.record > n {
			return p.place(), nil
		}
	}
}

func (l *finder) delimited(t *table, r io.Reader, m mark, n int64) (source.Place, error) {
	sc := newScanner(context.Background(), r, l.d.forFormat(t.format))
	sc.offset, sc.line = m.offset, m.line
	var rec record
	for {
		ok, err := sc.next(&rec)
		if err != nil {
			return source.Place{}, err
		}
		if !ok {
			return source.Place{}, io.ErrUnexpectedEOF
		}
		if m.record == n {
			return place(&rec), nil
		}
		m.record++
	}
}

// open returns the decoded text of a table from an offset on.
func (l *finder) open(t *table, offset int64) (io.ReadCloser, error) {
	f, err := l.store.Open(t.file.SHA256)
	if err != nil {
		return nil, err
	}
	if len(t.layers) == 0 && t.file.Encoding == utf8Name {
		return seek(f, offset)
	}
	u, err := unpackFile(f, t.member)
	if err != nil {
		return nil, err
	}
	r, err := decodeAs(u, t.file.Encoding)
	if err == nil {
		_, err = io.CopyN(io.Discard, r, offset)
	}
	if err != nil {
		u.Close()
		return nil, err
	}
	return layered{Reader: r, under: []io.Closer{u}}, nil
}

func seek(f *os.File, offset int64) (io.ReadCloser, error) {
	if _, err := f.Seek(offset, io.SeekStart); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}
