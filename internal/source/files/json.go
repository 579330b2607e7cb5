package files

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// maxDepth is how deep values may nest.
const maxDepth = 200

// parent is one record of a JSON or YAML file, before it becomes items.
type parent struct {
	offset, line int64
	raw          []byte // holds until the next one
	node         *node
	fault        *fault
}

// jsonScanner finds the records in JSON text.
type jsonScanner struct {
	scanner
	lines  bool // one record a line
	path   []string
	depth  int  // enclosing objects that are open
	single bool // the whole file is one record
	inside bool // between the records of an array
	first  bool
	done   bool
}

// newJSONScanner reads records at path: "" is the array that is the file, "."
// the one value that is the file.
func newJSONScanner(ctx context.Context, r io.Reader, lines bool, path string) *jsonScanner {
	j := &jsonScanner{scanner: *newScanner(ctx, r, dialect{}), lines: lines}
	j.single = path == "."
	if path != "" && path != "." {
		steps, err := parsePath(path)
		for _, st := range steps {
			j.path = append(j.path, st.key)
		}
		if err != nil {
			j.path = []string{path}
		}
	}
	return j
}

var errCut = errors.New("its JSON is cut off: get the file again")

// begin reads up to the first record.
func (j *jsonScanner) begin() error {
	if err := j.skipBOM(); err != nil || j.lines || j.single {
		return err
	}
	for i := range j.path {
		if err := j.expect('{', fmt.Sprintf("is not an object, so it has no %q", j.path[i])); err != nil {
			return err
		}
		j.depth++
		if err := j.findKey(j.path[i]); err != nil {
			return err
		}
	}
	what := "is not an array; name in source.files.records the array that holds the records, or set format to jsonl if each line is one"
	if len(j.path) > 0 {
		what = fmt.Sprintf("is not an array at %q, which source.files.records names", j.path[len(j.path)-1])
	}
	j.inside, j.first = true, true
	return j.expect('[', what)
}

// expect consumes one byte after blanks.
func (j *jsonScanner) expect(c byte, otherwise string) error {
	got, err := j.look()
	if err != nil {
		return err
	}
	if got != c {
		return fmt.Errorf("it %s (line %d)", otherwise, j.line)
	}
	j.take(1)
	return nil
}

// look skips blanks and returns the next byte without consuming it.
func (j *jsonScanner) look() (byte, error) {
	for {
		if err := j.fill(); err != nil {
			return 0, err
		}
		data := j.buf[j.r:j.w]
		if len(data) == 0 {
			return 0, errCut
		}
		i := 0
		for i < len(data) && (data[i] == ' ' || data[i] == '\n' || data[i] == '\r' || data[i] == '\t') {
			i++
		}
		j.take(i)
		if i < len(data) {
			return data[i], nil
		}
	}
}

// take consumes n bytes of the buffer.
func (j *jsonScanner) take(n int) {
	j.line += int64(bytes.Count(j.buf[j.r:j.r+n], []byte{'\n'}))
	j.advance(n)
}

// findKey moves to the value of key in an object that was just opened.
func (j *jsonScanner) findKey(key string) error {
	var seen []string
	for first := true; ; first = false {
		k, ok, err := j.key(first)
		if err != nil {
			return err
		}
		if !ok {
			return fmt.Errorf("it has no %q, which source.files.records names%s", key, suggest(key, seen))
		}
		if k == key {
			return nil
		}
		if len(seen) < 1000 {
			seen = append(seen, k)
		}
		if err := j.skipValue(); err != nil {
			return err
		}
	}
}

// key reads the next key of an object and its colon; false at the object's end.
func (j *jsonScanner) key(first bool) (string, bool, error) {
	c, err := j.look()
	if err != nil {
		return "", false, err
	}
	if c == '}' {
		j.take(1)
		return "", false, nil
	}
	if !first {
		if err := j.expect(',', "has no comma between two fields"); err != nil {
			return "", false, err
		}
	}
	if c, err = j.look(); err != nil {
		return "", false, err
	}
	if c != '"' {
		return "", false, fmt.Errorf("it has no valid JSON on line %d: a field name was expected", j.line)
	}
	raw, err := j.value()
	if err != nil {
		return "", false, err
	}
	var name string
	if err := json.Unmarshal(raw, &name); err != nil {
		return "", false, fmt.Errorf("it has no valid JSON on line %d: %w", j.line, err)
	}
	j.take(len(raw))
	return name, true, j.expect(':', "has no colon after a field name")
}

// extent follows one value through text that may come in pieces.
type extent struct {
	depth   int
	str     bool
	escaped bool
	scalar  bool
}

// scan returns how many bytes of data belong to the value, and whether it ends there.
func (e *extent) scan(data []byte) (int, bool) {
	for i, c := range data {
		switch {
		case e.escaped:
			e.escaped = false
		case e.str:
			switch c {
			case '\\':
				e.escaped = true
			case '"':
				e.str = false
				if e.depth == 0 {
					return i + 1, true
				}
			}
		case e.scalar && (c == ',' || c == '}' || c == ']' || c <= ' '):
			return i, true
		case c == '"':
			e.str = true
		case c == '{' || c == '[':
			e.depth++
		case c == '}' || c == ']':
			if e.depth--; e.depth <= 0 {
				return i + 1, true
			}
		case e.depth == 0:
			e.scalar = true
		}
	}
	return len(data), false
}

// value returns the text of the next value, without consuming it. look came before.
func (j *jsonScanner) value() ([]byte, error) {
	var e extent
	done := 0
	for {
		n, ended := e.scan(j.buf[j.r+done : j.w])
		done += n
		if ended || j.eof && e.scalar {
			return j.buf[j.r : j.r+done], nil
		}
		if j.eof {
			return nil, errCut
		}
		if err := j.grow(-1); err != nil {
			return nil, err
		}
	}
}

// skipValue consumes the next value without keeping it.
func (j *jsonScanner) skipValue() error {
	if _, err := j.look(); err != nil {
		return err
	}
	var e extent
	for {
		n, ended := e.scan(j.buf[j.r:j.w])
		j.take(n)
		if ended || j.eof && e.scalar {
			return nil
		}
		if j.eof {
			return errCut
		}
		if err := j.more(); err != nil {
			return err
		}
	}
}

// next finds the next record; false at the end.
func (j *jsonScanner) next(p *parent) (bool, error) {
	switch {
	case j.done:
		return false, nil
	case j.lines:
		return j.nextLine(p)
	case j.single:
		j.done = true
		if _, err := j.look(); err != nil {
			return false, err
		}
		if err := j.take1(p); err != nil {
			return false, err
		}
		p.raw = bytes.Clone(p.raw[:min(len(p.raw), maxRaw+1)]) // what follows moves the buffer
		return true, j.nothingLeft()
	}
	return j.nextElement(p)
}

// take1 takes the value that is next as a record.
func (j *jsonScanner) take1(p *parent) error {
	raw, err := j.value()
	if err != nil {
		return err
	}
	p.offset, p.line, p.raw = j.offset, j.line, raw
	p.node, p.fault = parseJSON(raw)
	j.take(len(raw))
	return nil
}

func (j *jsonScanner) nextElement(p *parent) (bool, error) {
	c, err := j.look()
	if err != nil {
		return false, err
	}
	if c == ']' {
		j.take(1)
		j.done = true
		return false, j.finish()
	}
	if !j.first {
		if err := j.expect(',', "has no comma between two records"); err != nil {
			return false, err
		}
		if c, err = j.look(); err != nil {
			return false, err
		}
	}
	j.first = false
	if c == ',' || c == ']' || c == '}' {
		return false, fmt.Errorf("it has no valid JSON on line %d: a record was expected", j.line)
	}
	return true, j.take1(p)
}

// finish reads what follows the array, to the end.
func (j *jsonScanner) finish() error {
	for ; j.depth > 0; j.depth-- {
		for {
			k, ok, err := j.key(false)
			if err != nil {
				return err
			}
			if !ok {
				break
			}
			if k == j.path[j.depth-1] {
				return fmt.Errorf("it has %q twice (line %d)", k, j.line)
			}
			if err := j.skipValue(); err != nil {
				return err
			}
		}
	}
	return j.nothingLeft()
}

func (j *jsonScanner) nothingLeft() error {
	if _, err := j.look(); errors.Is(err, errCut) {
		return nil
	} else if err != nil {
		return err
	}
	return fmt.Errorf("there is more after the end of its JSON, on line %d: set format to jsonl if each line is a record", j.line)
}

// nextLine takes the next line that is not blank.
func (j *jsonScanner) nextLine(p *parent) (bool, error) {
	for {
		if err := j.fill(); err != nil {
			return false, err
		}
		data := j.buf[j.r:j.w]
		if len(data) == 0 {
			return false, nil
		}
		end := bytes.IndexByte(data, '\n')
		if end < 0 && !j.eof {
			if err := j.grow(-1); err != nil {
				return false, err
			}
			continue
		}
		used := end + 1
		if end < 0 {
			end, used = len(data), len(data)
		}
		line := bytes.TrimSuffix(data[:end], []byte{'\r'})
		p.offset, p.line, p.raw = j.offset, j.line, line
		j.advance(used)
		j.line++
		if len(bytes.Trim(line, " \t\r")) == 0 {
			j.blank++
			continue
		}
		p.node, p.fault = parseJSON(line)
		if p.fault != nil && used == end && !json.Valid(line) {
			return false, fmt.Errorf("its last line, %d, is no complete JSON value: the file is cut off; get it again", p.line)
		}
		return true, nil
	}
}

// parseJSON reads one value, keeping numbers as they are written.
func parseJSON(raw []byte) (*node, *fault) {
	switch {
	case bytes.IndexByte(raw, 0) >= 0:
		return nil, &fault{"encoding", reasonNUL}
	case !utf8.Valid(raw):
		return nil, &fault{"encoding", reasonUTF8}
	case !json.Valid(raw):
		return nil, structureFault("It is not valid JSON; correct it, or export the file again.")
	}
	p := jsonParser{s: raw}
	n, err := p.value(0)
	if err != nil {
		return nil, err
	}
	return &n, nil
}

// jsonParser reads text that json.Valid has accepted.
type jsonParser struct {
	s []byte
	i int
}

func (p *jsonParser) blank() byte {
	for p.s[p.i] == ' ' || p.s[p.i] == '\n' || p.s[p.i] == '\r' || p.s[p.i] == '\t' {
		p.i++
	}
	return p.s[p.i]
}

func (p *jsonParser) value(depth int) (node, *fault) {
	if depth > maxDepth {
		return node{}, structureFault("It nests deeper than %d levels.", maxDepth)
	}
	switch c := p.blank(); c {
	case '{':
		return p.object(depth)
	case '[':
		return p.array(depth)
	case '"':
		s, err := p.string()
		return node{kind: text, text: s}, err
	case 't', 'f', 'n':
		word := p.word()
		if c == 'n' {
			return node{kind: null}, nil
		}
		return node{kind: boolean, text: word}, nil
	}
	return node{kind: number, text: p.word()}, nil
}

func (p *jsonParser) word() string {
	start := p.i
	for p.i < len(p.s) && p.s[p.i] > ' ' && p.s[p.i] != ',' && p.s[p.i] != ']' && p.s[p.i] != '}' {
		p.i++
	}
	return string(p.s[start:p.i])
}

func (p *jsonParser) array(depth int) (node, *fault) {
	n := node{kind: array}
	p.i++
	for p.blank() != ']' {
		v, err := p.value(depth + 1)
		if err != nil {
			return n, err
		}
		n.kids = append(n.kids, v)
		if p.blank() == ',' {
			p.i++
		}
	}
	p.i++
	return n, nil
}

func (p *jsonParser) object(depth int) (node, *fault) {
	n := node{kind: object}
	p.i++
	for p.blank() != '}' {
		k, err := p.string()
		if err != nil {
			return n, err
		}
		p.blank()
		p.i++ // colon
		v, err := p.value(depth + 1)
		if err != nil {
			return n, err
		}
		n.keys = append(n.keys, k)
		n.kids = append(n.kids, v)
		if p.blank() == ',' {
			p.i++
		}
	}
	p.i++
	return n, n.unique()
}

// unique checks that no key stands twice.
func (n *node) unique() *fault {
	seen := make(map[string]struct{}, len(n.keys))
	for _, k := range n.keys {
		if _, ok := seen[k]; ok {
			return structureFault("The field %q stands in it twice, so its value is not certain; correct it at the source.", clip(k, 60))
		}
		seen[k] = struct{}{}
	}
	return nil
}

// string reads a string; half of a surrogate pair or a NUL is a fault.
func (p *jsonParser) string() (string, *fault) {
	p.i++
	start := p.i
	for p.s[p.i] != '"' && p.s[p.i] != '\\' {
		p.i++
	}
	if p.s[p.i] == '"' {
		p.i++
		return string(p.s[start : p.i-1]), nil
	}
	out := append([]byte(nil), p.s[start:p.i]...)
	for p.s[p.i] != '"' {
		if p.s[p.i] != '\\' {
			out = append(out, p.s[p.i])
			p.i++
			continue
		}
		c := p.s[p.i+1]
		p.i += 2
		if c != 'u' {
			out = append(out, unescape(c))
			continue
		}
		r := p.unicode()
		if utf16.IsSurrogate(r) {
			if p.s[p.i] != '\\' || p.s[p.i+1] != 'u' {
				return "", &fault{"encoding", reasonSurrogate}
			}
			p.i += 2
			if r = utf16.DecodeRune(r, p.unicode()); r == utf8.RuneError {
				return "", &fault{"encoding", reasonSurrogate}
			}
		}
		if r == 0 {
			return "", &fault{"encoding", reasonNUL}
		}
		out = utf8.AppendRune(out, r)
	}
	p.i++
	return string(out), nil
}

// unicode reads the four hex digits of an escape.
func (p *jsonParser) unicode() rune {
	v, _ := strconv.ParseUint(string(p.s[p.i:p.i+4]), 16, 32) // json.Valid saw the digits
	p.i += 4
	return rune(v)
}

func unescape(c byte) byte {
	switch c {
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return c
}
