package files

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/ticktie/ticktie/internal/source"
)

type kind byte

const (
	null kind = iota
	boolean
	number
	text
	array
	object
)

// node is a JSON or YAML value. Scalars keep the text they were written with.
type node struct {
	kind kind
	text string
	keys []string // of an object, as written
	kids []node
}

// fault is why a record cannot be fed: a code of source.Refused and a sentence.
type fault struct{ code, reason string }

func (f *fault) Error() string { return f.reason }

func structureFault(format string, args ...any) *fault {
	return &fault{"structure", fmt.Sprintf(format, args...)}
}

// step is one part of a path: a key, or an index.
type step struct {
	key   string
	index int // -1 for a key
}

// parsePath reads a.b[0].c; a key that holds dots or brackets is written ["a.b"].
func parsePath(path string) ([]step, error) {
	bad := fmt.Errorf("path %q is not of the form a.b[0].c", path)
	var steps []step
	rest := path
	for first := true; rest != "" || first; first = false {
		if !strings.HasPrefix(rest, "[") {
			if !first {
				if rest[0] != '.' {
					return nil, bad
				}
				rest = rest[1:]
			}
			end := strings.IndexAny(rest, ".[")
			if end < 0 {
				end = len(rest)
			}
			if end == 0 {
				return nil, bad
			}
			steps = append(steps, step{rest[:end], -1})
			rest = rest[end:]
			continue
		}
		st, n, err := bracket(rest)
		if err != nil {
			return nil, bad
		}
		steps = append(steps, st)
		rest = rest[n:]
	}
	return steps, nil
}

var errBracket = errors.New("not an index")

// bracket reads [0] or ["key"], and returns how long it is.
func bracket(s string) (step, int, error) {
	if strings.HasPrefix(s, `["`) {
		quoted, err := strconv.QuotedPrefix(s[1:])
		if err != nil || !strings.HasPrefix(s[1+len(quoted):], "]") {
			return step{}, 0, errBracket
		}
		key, err := strconv.Unquote(quoted)
		return step{key, -1}, len(quoted) + 2, err
	}
	end := strings.IndexByte(s, ']')
	if end < 0 {
		return step{}, 0, errBracket
	}
	i, err := strconv.Atoi(s[1:end])
	if err != nil || i < 0 || s[1] == '+' {
		return step{}, 0, errBracket
	}
	return step{"", i}, end + 1, nil
}

// get follows steps. ok is false if there is nothing there; null counts as there.
func (n *node) get(steps []step) (v *node, ok bool, err *fault) {
	at := n
	for i, st := range steps {
		if at.kind == null {
			return nil, i > 0, nil
		}
		if st.index >= 0 {
			if at.kind != array {
				return nil, false, structureFault("%s is not an array, and element %d of it is read; correct \"from\".", pathText(steps[:i]), st.index)
			}
			if st.index >= len(at.kids) {
				return nil, false, nil
			}
			at = &at.kids[st.index]
			continue
		}
		if at.kind != object {
			return nil, false, structureFault("%s is not an object, and its field %s is read; correct \"from\".", pathText(steps[:i]), st.key)
		}
		j := slices.Index(at.keys, st.key)
		if j < 0 {
			return nil, false, nil
		}
		at = &at.kids[j]
	}
	return at, true, nil
}

func pathText(steps []step) string {
	if len(steps) == 0 {
		return "The record"
	}
	var b strings.Builder
	for i, st := range steps {
		switch {
		case st.index >= 0:
			fmt.Fprintf(&b, "[%d]", st.index)
		case i > 0:
			b.WriteString("." + st.key)
		default:
			b.WriteString(st.key)
		}
	}
	return b.String()
}

// field is the value as it is fed: scalars by their text, null as absent,
// objects and arrays as canonical JSON.
func (n *node) field() source.Field {
	switch n.kind {
	case null:
		return source.Field{Absent: true}
	case array, object:
		return source.Field{Text: string(n.appendJSON(nil))}
	}
	return source.Field{Text: n.text}
}

// appendJSON writes the one JSON text of a value: keys in the order of their
// bytes, no spaces, numbers as they were written.
func (n *node) appendJSON(dst []byte) []byte {
	switch n.kind {
	case null:
		return append(dst, "null"...)
	case boolean:
		return append(dst, n.text...)
	case number:
		if !json.Valid([]byte(n.text)) { // YAML has numbers that JSON has not
			return appendString(dst, n.text)
		}
		return append(dst, n.text...)
	case text:
		return appendString(dst, n.text)
	case array:
		dst = append(dst, '[')
		for i := range n.kids {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = n.kids[i].appendJSON(dst)
		}
		return append(dst, ']')
	}
	order := make([]int, len(n.keys))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return strings.Compare(n.keys[a], n.keys[b]) })
	dst = append(dst, '{')
	for i, k := range order {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendString(dst, n.keys[k]), ':')
		dst = n.kids[k].appendJSON(dst)
	}
	return append(dst, '}')
}

// appendString writes a JSON string with the fewest escapes.
func appendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c == '\n':
			dst = append(dst, '\\', 'n')
		case c == '\r':
			dst = append(dst, '\\', 'r')
		case c == '\t':
			dst = append(dst, '\\', 't')
		case c == '\b':
			dst = append(dst, '\\', 'b')
		case c == '\f':
			dst = append(dst, '\\', 'f')
		case c < ' ':
			dst = fmt.Appendf(dst, "\\u%04x", c)
		default:
			dst = append(dst, c)
		}
	}
	return append(dst, '"')
}

// shape is how items are taken from records that are trees.
type shape struct {
	fields  []treeField
	explode []step // nil: the record is the item
	name    string // of the exploded array
}

// treeField says where one wanted field stands.
type treeField struct {
	name    string
	steps   []step
	element bool // in the element of the exploded array, not in the record
	file    bool
}

func newShape(p plan, explode string) (*shape, error) {
	s := &shape{name: explode}
	if explode != "" {
		var err error
		if s.explode, err = parsePath(explode); err != nil {
			return nil, fmt.Errorf("source.files.explode: %w", err)
		}
	}
	for _, w := range p {
		f := treeField{name: w.name, file: w.file}
		path := w.name
		if rest, ok := strings.CutPrefix(path, explode+"[]"); ok && explode != "" {
			f.element = true
			path = strings.TrimPrefix(rest, ".")
		}
		if path != "" && !w.file {
			var err error
			if f.steps, err = parsePath(path); err != nil {
				return nil, fmt.Errorf("column %s: %w", w.column, err)
			}
		}
		s.fields = append(s.fields, f)
	}
	return s, nil
}

// items calls fn for each item of a record with its fields, or once with the
// fault of the whole record. seen counts the fields found, and after them the
// exploded array.
func (s *shape) items(rec *node, fault *fault, file string, seen []int64, fn func([]source.Field, *fault) error) error {
	if fault == nil && rec.kind != object {
		fault = structureFault("The record is not an object; correct source.files.records.")
	}
	if fault != nil {
		return fn(nil, fault)
	}
	if s.explode == nil {
		return s.item(rec, nil, file, seen, fn)
	}
	list, ok, fault := rec.get(s.explode)
	if fault != nil {
		return fn(nil, fault)
	}
	if ok {
		seen[len(s.fields)]++
	}
	if list == nil || list.kind == null {
		return nil
	}
	if list.kind != array {
		return fn(nil, structureFault("%s is not an array; correct source.files.explode.", s.name))
	}
	for i := range list.kids {
		if err := s.item(rec, &list.kids[i], file, seen, fn); err != nil {
			return err
		}
	}
	return nil
}

func (s *shape) item(rec, element *node, file string, seen []int64, fn func([]source.Field, *fault) error) error {
	fields := make([]source.Field, len(s.fields))
	for i, f := range s.fields {
		if f.file {
			fields[i] = source.Field{Text: file}
			continue
		}
		v, ok, fault := f.find(rec, element)
		if fault != nil {
			return fn(nil, fault)
		}
		fields[i] = source.Field{Absent: true}
		if ok {
			seen[i]++
		}
		if v != nil {
			fields[i] = v.field()
		}
	}
	return fn(fields, nil)
}

// find looks a field up. A key that is written just like the path wins over
// what the path leads to.
func (f *treeField) find(rec, element *node) (*node, bool, *fault) {
	at := rec
	if f.element {
		at = element
		if len(f.steps) > 0 && at.kind != object && at.kind != array && at.kind != null {
			return nil, false, structureFault("The element is not an object, and %s of it is read; correct \"from\".", pathText(f.steps))
		}
	} else if len(f.steps) > 1 {
		if j := slices.Index(rec.keys, f.name); j >= 0 {
			return &rec.kids[j], true, nil
		}
	}
	return at.get(f.steps)
}
