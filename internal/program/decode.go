package program

import (
	"encoding"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
)

// decoder reads one YAML file strictly into structs: what is unknown, repeated
// or of the wrong kind is a finding with its place, and reading goes on, so
// that everything wrong is told in one run. Numbers and dates keep the exact
// text that was written.
type decoder struct {
	file     string
	places   places
	findings []Finding
}

func (d *decoder) add(n ast.Node, code, format string, args ...any) {
	line, column := position(n)
	d.addAt(line, column, code, format, args...)
}

func (d *decoder) addAt(line, column int, code, format string, args ...any) {
	d.findings = append(d.findings, Finding{
		File: d.file, Line: line, Column: column, Code: code, Severity: severityError, Message: fmt.Sprintf(format, args...),
	})
}

// note keeps where a path stands.
func (d *decoder) note(path string, n ast.Node) {
	line, column := position(n)
	d.places[path] = place{d.file, line, column}
}

// parse returns the root of the file's one document; nil if there is none.
func (d *decoder) parse(text []byte) (root ast.Node) {
	switch {
	case len(text) > maxFile:
		d.addAt(1, 1, "file", "the file has %d bytes, at most %d are read; split it", len(text), maxFile)
		return nil
	case !d.utf8(text):
		return nil
	}
	defer func() {
		if r := recover(); r != nil { // the parser of others gave up on this text
			d.addAt(1, 1, "yaml", "the file cannot be read as YAML; compare it with an example")
			root = nil
		}
	}()
	tokens := lexer.Tokenize(string(text))
	if t, why := excess(tokens); t != nil {
		d.addAt(t.Position.Line, t.Position.Column, "yaml", "%s", why)
		return nil
	}
	f, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey()) // repeated fields are told by object
	if err != nil {
		d.syntax(err)
		return nil
	}
	return d.document(f)
}

// utf8 reports whether a text is UTF-8; if not, where.
func (d *decoder) utf8(text []byte) bool {
	if utf8.Valid(text) {
		return true
	}
	line, column := invalidAt(text)
	d.addAt(line, column, "file", "the file is not UTF-8 here; save it as UTF-8")
	return false
}

// syntax turns the parser's error, which shows the place in its text, into a finding.
func (d *decoder) syntax(err error) {
	line, column := 1, 1
	message, _, _ := strings.Cut(err.Error(), "\n")
	if _, scanErr := fmt.Sscanf(message, "[%d:%d]", &line, &column); scanErr == nil {
		_, message, _ = strings.Cut(message, "] ")
	}
	d.addAt(line, column, "yaml", "the file is not YAML: %s", message)
}

// document returns the one document of a file.
func (d *decoder) document(f *ast.File) ast.Node {
	var docs []ast.Node
	for _, doc := range f.Docs {
		if doc.Body != nil && doc.Body.Type() != ast.CommentType {
			docs = append(docs, doc.Body)
		}
	}
	if len(docs) > 1 {
		d.add(docs[1], "yaml", "the file has more than one document; put each into a file of its own, or write a list")
	}
	if len(docs) == 0 {
		d.addAt(1, 1, "yaml", "the file is empty")
		return nil
	}
	return docs[0]
}

// invalidAt is the place of the first byte that is not UTF-8.
func invalidAt(text []byte) (line, column int) {
	line, column = 1, 1
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		if r == utf8.RuneError && n == 1 {
			return line, column
		}
		column++
		if r == '\n' {
			line, column = line+1, 1
		}
		text = text[n:]
	}
	return line, column
}

var textType = reflect.TypeFor[encoding.TextUnmarshaler]()

// value reads a node into v and keeps the places of what is inside.
func (d *decoder) value(n ast.Node, v reflect.Value, path string, depth int) {
	switch n.(type) {
	case nil, *ast.NullNode:
		return
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode, *ast.MergeKeyNode:
		d.add(n, "yaml", "anchors, aliases and tags are not used in program files; write the value out")
		return
	}
	if depth > maxDepth {
		d.add(n, "yaml", "the file nests deeper than %d", maxDepth)
		return
	}
	if v.CanAddr() && v.Addr().Type().Implements(textType) {
		d.text(n, v)
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		p := reflect.New(v.Type().Elem())
		d.value(n, p.Elem(), path, depth+1)
		v.Set(p)
	case reflect.Struct:
		d.object(n, v, path, depth)
	case reflect.Slice:
		d.list(n, v, path, depth)
	case reflect.Map:
		d.mapping(n, v, path, depth)
	case reflect.Interface:
		if x := d.any(n, depth); x != nil {
			v.Set(reflect.ValueOf(x))
		}
	default:
		d.scalar(n, v)
	}
}

func (d *decoder) text(n ast.Node, v reflect.Value) {
	s, ok := scalarText(n)
	if !ok {
		d.add(n, "type", "a single value is expected here, not %s", kindOf(n))
		return
	}
	if err := v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(s)); err != nil {
		d.add(n, "type", "%v", err)
	}
}

func (d *decoder) scalar(n ast.Node, v reflect.Value) {
	s, ok := scalarText(n)
	if !ok {
		d.add(n, "type", "a single value is expected here, not %s", kindOf(n))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(s)
	case reflect.Bool:
		if b, ok := n.(*ast.BoolNode); ok {
			v.SetBool(b.Value)
			return
		}
		d.add(n, "type", "%q is neither true nor false; write true or false without quotes", s)
	case reflect.Int:
		i, err := strconv.Atoi(s)
		if _, number := n.(*ast.IntegerNode); !number || err != nil || strconv.Itoa(i) != s {
			d.add(n, "type", "%q is not a whole number; write one without quotes", s)
			return
		}
		v.SetInt(int64(i))
	default:
		d.add(n, "type", "a field of this kind cannot be read")
	}
}

// scalarText is the exact text of a single value.
func scalarText(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value, true
	default:
		return "", false
	}
}

func kindOf(n ast.Node) string {
	switch n.(type) {
	case *ast.SequenceNode:
		return "a list"
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a set of fields"
	default:
		return "a single value"
	}
}

// pairs are the fields of a mapping node.
func pairs(n ast.Node) ([]*ast.MappingValueNode, bool) {
	switch n := n.(type) {
	case *ast.MappingNode:
		return n.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}, true
	default:
		return nil, false
	}
}

func (d *decoder) object(n ast.Node, v reflect.Value, path string, depth int) {
	values, ok := pairs(n)
	if !ok {
		d.add(n, "type", "a set of fields is expected here, not %s", kindOf(n))
		return
	}
	known := fieldsOf(v.Type())
	seen := map[string]bool{}
	for _, p := range values {
		key, ok := scalarText(p.Key)
		if !ok {
			d.add(p.Key, "yaml", "a field must have a plain name")
			continue
		}
		i, ok := known.index[key]
		if !ok {
			d.add(p.Key, "unknown_field", "there is no field %q here%s", key, didYouMean(key, known.names))
			continue
		}
		if seen[key] {
			d.add(p.Key, "repeated_field", "the field %q is repeated", key)
			continue
		}
		seen[key] = true
		d.note(under(path, key), fieldNode(p))
		d.value(p.Value, v.Field(i), under(path, key), depth+1)
	}
}

// structFields are the YAML names of a struct's fields, in order.
type structFields struct {
	names []string
	index map[string]int
}

func fieldsOf(t reflect.Type) structFields {
	f := structFields{index: map[string]int{}}
	for i := range t.NumField() {
		name := t.Field(i).Tag.Get("yaml")
		if name == "" || name == "-" || !t.Field(i).IsExported() {
			continue
		}
		f.names = append(f.names, name)
		f.index[name] = i
	}
	return f
}

func (d *decoder) list(n ast.Node, v reflect.Value, path string, depth int) {
	s, ok := n.(*ast.SequenceNode)
	if !ok {
		if _, single := scalarText(n); single && v.Type().Elem().Kind() == reflect.String {
			v.Set(reflect.MakeSlice(v.Type(), 1, 1)) // one text stands for a list of one
			d.value(n, v.Index(0), path, depth+1)
			return
		}
		d.add(n, "type", "a list is expected here, not %s", kindOf(n))
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(s.Values), len(s.Values)))
	for i, x := range s.Values {
		if _, null := x.(*ast.NullNode); null && v.Type().Elem().Kind() != reflect.Interface {
			d.add(x, "type", "an entry of the list is empty")
			continue
		}
		d.note(under(path, i), x)
		d.value(x, v.Index(i), under(path, i), depth+1)
	}
}

func (d *decoder) mapping(n ast.Node, v reflect.Value, path string, depth int) {
	values, ok := pairs(n)
	if !ok {
		d.add(n, "type", "a set of names with values is expected here, not %s", kindOf(n))
		return
	}
	v.Set(reflect.MakeMapWithSize(v.Type(), len(values)))
	loose := v.Type().Elem().Kind() == reflect.Interface
	for _, p := range values {
		key, ok := scalarText(p.Key)
		if !ok {
			d.add(p.Key, "yaml", "a name must be plain")
			continue
		}
		k := reflect.ValueOf(key)
		if v.MapIndex(k).IsValid() {
			d.add(p.Key, "repeated_field", "%q is repeated", key)
			continue
		}
		if !loose {
			d.note(under(path, key), fieldNode(p))
		}
		x := reflect.New(v.Type().Elem()).Elem()
		d.value(p.Value, x, under(path, key), depth+1)
		v.SetMapIndex(k, x)
	}
}

// any reads a value of no declared kind: text (numbers and dates as written),
// bool, nil, []any, map[string]any.
func (d *decoder) any(n ast.Node, depth int) any {
	switch x := n.(type) {
	case *ast.BoolNode:
		return x.Value
	case *ast.SequenceNode:
		out := make([]any, 0, len(x.Values))
		for _, y := range x.Values {
			var v any
			d.value(y, reflect.ValueOf(&v).Elem(), "", depth+1)
			out = append(out, v)
		}
		return out
	}
	if _, ok := pairs(n); ok {
		var out map[string]any
		d.value(n, reflect.ValueOf(&out).Elem(), "", depth+1)
		return out
	}
	s, ok := scalarText(n)
	if !ok {
		d.add(n, "yaml", "a value of this kind is not used here")
		return nil
	}
	return s
}
