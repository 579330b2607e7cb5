package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/ticktie/ticktie/internal/source"
)

const (
	reasonNUL       = source.ReasonNUL
	reasonUTF8      = source.ReasonUTF8
	reasonHeader    = "It repeats the header; remove it if files were joined."
	reasonSurrogate = "A text in it holds half of a surrogate pair, which is no character; export the file again."
)

// seenPaths counts where the wanted fields were found in files without a header.
type seenPaths struct {
	parents int64 // records before they are exploded
	arrays  int64 // of them, those with the exploded array
	records int64
	fields  []int64
	keys    []string // of records, first come
}

const maxSeenKeys = 2000

func (k *seenPaths) add(n *node, prefix string, depth int) {
	if n == nil || n.kind != object || depth == 3 {
		return
	}
	for i, key := range n.keys {
		if len(k.keys) < maxSeenKeys && !slices.Contains(k.keys, prefix+key) {
			k.keys = append(k.keys, prefix+key)
		}
		k.add(&n.kids[i], prefix+key+".", depth+1)
	}
}

// parents is a sequence of records that are trees.
type parents interface {
	next(*parent) (bool, error)
}

// readTrees feeds the items of a JSON or YAML file.
func (s *stream) readTrees(ctx context.Context, t *table, r io.Reader) error {
	src, err := s.parents(ctx, t, r)
	if err != nil {
		return err
	}
	sh, err := newShape(s.plan, s.def.Explode)
	if err != nil {
		return err
	}
	f := &treeFeed{s: s, t: t, w: source.NewWriter(s.out), shape: sh, seen: make([]int64, len(s.plan)+1)}
	var p parent
	for {
		ok, err := src.next(&p)
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		if err := f.parent(&p); err != nil {
			return err
		}
	}
	t.file.Records = t.next - t.file.FirstRecord
	if j, ok := src.(*jsonScanner); ok {
		t.file.Blank = j.blank
	}
	f.account()
	return f.w.Flush()
}

func (s *stream) parents(ctx context.Context, t *table, r io.Reader) (parents, error) {
	if t.format == formatYAML {
		return newYAMLScanner(r, s.def.Records)
	}
	j := newJSONScanner(ctx, r, t.format == formatLines, s.def.Records)
	return j, j.begin()
}

// treeFeed feeds the items of one file.
type treeFeed struct {
	s     *stream
	t     *table
	w     *source.Writer
	shape *shape
	seen  []int64
	fed   int64
	none  int64 // records without an element
	keys  int   // records whose keys were noted
}

func (f *treeFeed) parent(p *parent) error {
	f.t.mark(p.offset, p.line)
	if f.s.seen == nil {
		f.s.seen = &seenPaths{fields: make([]int64, len(f.s.plan))}
	}
	if f.keys < 100 {
		f.keys++
		f.s.seen.add(p.node, "", 0)
	}
	f.s.seen.parents++
	before := f.t.next
	err := f.shape.items(p.node, p.fault, f.t.base, f.seen, func(fields []source.Field, bad *fault) error {
		return f.item(p, fields, bad)
	})
	if f.t.next == before {
		f.none++
	}
	return err
}

func (f *treeFeed) item(p *parent, fields []source.Field, bad *fault) error {
	n := f.t.next
	f.t.next++
	if bad == nil {
		err := f.w.Record(n, fields)
		var unfit *source.UnfitError
		if !errors.As(err, &unfit) {
			f.fed++
			return err
		}
		bad = &fault{unfit.Code, unfit.Reason}
	}
	return f.s.refuse(f.t, n, p.place(), bad.code, bad.reason)
}

func (p *parent) place() source.Place {
	return source.Place{Line: p.line, Offset: p.offset, Raw: string(p.raw[:min(len(p.raw), maxRaw+1)])}
}

// account notes what the file lacks.
func (f *treeFeed) account() {
	if f.s.seen != nil {
		f.s.seen.arrays += f.seen[len(f.s.plan)]
	}
	if f.none > 0 {
		f.t.note("%d records have no element in %s and give no item.", f.none, f.s.def.Explode)
	}
	if f.fed == 0 {
		return
	}
	f.s.seen.records += f.fed
	for i, w := range f.s.plan {
		f.s.seen.fields[i] += f.seen[i]
		if f.seen[i] == 0 && !w.file {
			d := fmt.Sprintf("has no record with %q", w.name)
			f.t.file.Drift = append(f.t.file.Drift, d)
			if !w.optional {
				f.t.note("the file %s.", d)
			}
		}
	}
}

// checkPaths fails if a field that was declared is in no record of any file: a
// path that is misspelt must not read as absent everywhere.
func (s *stream) checkPaths() error {
	if s.seen == nil {
		return nil
	}
	if s.def.Explode != "" && s.seen.arrays == 0 {
		return fmt.Errorf("population %s: none of the %d records has %q, which source.files.explode names%s", s.r.Population.ID, s.seen.parents, s.def.Explode, s.seen.near(s.def.Explode, "correct it"))
	}
	if s.seen.records == 0 {
		return nil
	}
	for i, w := range s.plan {
		if w.file || w.optional || s.seen.fields[i] > 0 {
			continue
		}
		near := s.seen.near(w.name, "correct \"from\", or declare the column optional")
		return fmt.Errorf("population %s: none of the %d records has %q, which column %s reads%s", s.r.Population.ID, s.seen.records, w.name, w.column, near)
	}
	return nil
}

// near names the key nearest to a path that was not found.
func (k *seenPaths) near(path, advice string) string {
	if near := nearest(path, k.keys); near != "" {
		return fmt.Sprintf("; the nearest is %q: %s", near, advice)
	}
	return ""
}
