package files

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// maxYAML is the largest YAML file read, in bytes: it is held in memory.
const maxYAML = 64 << 20

// yamlScanner hands out the records of a YAML file, which it has read whole.
type yamlScanner struct {
	text    []byte
	starts  []int // byte offset of each line
	records []ast.Node
	at      int
}

// newYAMLScanner reads records at path in each document: "" is the list that
// the document is, "." the document itself.
func newYAMLScanner(r io.Reader, path string) (*yamlScanner, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxYAML+1))
	switch {
	case err != nil:
		return nil, err
	case len(b) > maxYAML:
		return nil, fmt.Errorf("it is longer than %d bytes, too long for YAML: export it as JSON lines", maxYAML)
	case !utf8.Valid(b) || bytes.IndexByte(b, 0) >= 0:
		return nil, errors.New("it holds bytes that are no text in its encoding: set source.files.encoding, or export it as UTF-8")
	}
	y := &yamlScanner{text: b, starts: lineStarts(b)}
	for bytes.HasPrefix(b, bomUTF8) {
		b = b[len(bomUTF8):]
	}
	file, err := parseYAML(b)
	if err != nil {
		return nil, fmt.Errorf("it is not valid YAML: %w", err)
	}
	for _, d := range file.Docs {
		if d.Body == nil || d.Body.Type() == ast.CommentType {
			continue
		}
		found, err := yamlRecords(d.Body, path)
		if err != nil {
			return nil, err
		}
		y.records = append(y.records, found...)
	}
	return y, nil
}

// parseYAML keeps a defect of the parser from ending the program.
func parseYAML(b []byte) (file *ast.File, err error) {
	defer func() {
		if r := recover(); r != nil {
			file, err = nil, fmt.Errorf("the parser failed on it: %v", r)
		}
	}()
	return parser.ParseBytes(b, 0, parser.AllowDuplicateMapKey())
}

// lineStarts returns where each line begins.
func lineStarts(b []byte) []int {
	starts := []int{0}
	for i, c := range b {
		if c == '\n' || c == '\r' && (i+1 == len(b) || b[i+1] != '\n') {
			starts = append(starts, i+1)
		}
	}
	return starts
}

// yamlRecords returns the records of a document.
func yamlRecords(n ast.Node, path string) ([]ast.Node, error) {
	if path == "." {
		return []ast.Node{n}, nil
	}
	if path != "" {
		steps, err := parsePath(path)
		if err != nil {
			return nil, fmt.Errorf("source.files.records: %w", err)
		}
		for _, st := range steps {
			if n, err = yamlKey(n, st.key); err != nil {
				return nil, err
			}
		}
	}
	switch n := unanchor(n).(type) {
	case *ast.SequenceNode:
		return n.Values, nil
	case *ast.NullNode:
		return nil, nil
	}
	if path == "" {
		return nil, errors.New("it is not a list: name in source.files.records the list that holds the records")
	}
	return nil, fmt.Errorf("%q, which source.files.records names, is not a list", path)
}

func yamlKey(n ast.Node, key string) (ast.Node, error) {
	var names []string
	var found ast.Node
	for _, kv := range mapValues(unanchor(n)) {
		k := yamlKeyText(kv.Key)
		names = append(names, k)
		if k != key {
			continue
		}
		if found != nil {
			return nil, fmt.Errorf("it has %q twice", key)
		}
		found = kv.Value
	}
	if found == nil {
		return nil, fmt.Errorf("it has no %q, which source.files.records names%s", key, suggest(key, names))
	}
	return found, nil
}

func unanchor(n ast.Node) ast.Node {
	if a, ok := n.(*ast.AnchorNode); ok {
		return a.Value
	}
	return n
}

func mapValues(n ast.Node) []*ast.MappingValueNode {
	switch n := n.(type) {
	case *ast.MappingNode:
		return n.Values
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}
	}
	return nil
}

func yamlKeyText(k ast.MapKeyNode) string {
	if s, ok := k.(*ast.StringNode); ok {
		return s.Value
	}
	return tokenText(k.GetToken())
}

func tokenText(t *token.Token) string {
	if t == nil {
		return ""
	}
	return t.Value
}

func (y *yamlScanner) next(p *parent) (bool, error) {
	if y.at == len(y.records) {
		return false, nil
	}
	n := y.records[y.at]
	y.at++
	line := y.lineOf(n)
	end := len(y.text)
	if y.at < len(y.records) {
		if after := y.lineOf(y.records[y.at]); after > line {
			end = y.starts[after-1]
		} else if line < len(y.starts) {
			end = y.starts[line]
		}
	}
	p.line, p.offset = int64(line), int64(y.starts[line-1])
	p.raw = bytes.TrimRight(y.text[y.starts[line-1]:end], "\r\n")
	v, f := yamlTree(n, 0)
	p.node, p.fault = &v, f
	return true, nil
}

// lineOf returns the line, from 1, on which a value begins.
func (y *yamlScanner) lineOf(n ast.Node) int {
	line := firstLine(n)
	return min(max(line, 1), len(y.starts))
}

func firstLine(n ast.Node) int {
	if kvs := mapValues(unanchor(n)); len(kvs) > 0 {
		n = kvs[0].Key
	}
	t := n.GetToken()
	if t == nil || t.Position == nil {
		return 1
	}
	return t.Position.Line
}

// yamlTree turns a value into a tree, scalars with the text they were written with.
func yamlTree(n ast.Node, depth int) (node, *fault) {
	if depth > maxDepth {
		return node{}, structureFault("It nests deeper than %d levels.", maxDepth)
	}
	switch n := n.(type) {
	case nil, *ast.NullNode:
		return node{kind: null}, nil
	case *ast.AnchorNode:
		return yamlTree(n.Value, depth+1)
	case *ast.BoolNode:
		return node{kind: boolean, text: strings.ToLower(n.Token.Value)}, nil
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return node{kind: number, text: tokenText(n.GetToken())}, nil
	case *ast.StringNode:
		return node{kind: text, text: n.Value}, nil
	case *ast.LiteralNode:
		return node{kind: text, text: n.Value.Value}, nil
	case *ast.SequenceNode:
		return yamlList(n, depth)
	case *ast.MappingNode, *ast.MappingValueNode:
		return yamlMap(mapValues(n), depth)
	case *ast.AliasNode:
		return node{}, structureFault("It refers to a value elsewhere in the file (an alias), which is not read; write the value out.")
	case *ast.TagNode:
		return node{}, structureFault("It has a tag (%s), which is not read; write the plain value.", tokenText(n.Start))
	}
	return node{}, structureFault("It holds a %s, which is not read; write plain values.", n.Type())
}

func yamlList(n *ast.SequenceNode, depth int) (node, *fault) {
	out := node{kind: array}
	for _, v := range n.Values {
		kid, err := yamlTree(v, depth+1)
		if err != nil {
			return out, err
		}
		out.kids = append(out.kids, kid)
	}
	return out, nil
}

func yamlMap(kvs []*ast.MappingValueNode, depth int) (node, *fault) {
	out := node{kind: object}
	for _, kv := range kvs {
		if kv.Key.IsMergeKey() {
			return out, structureFault("It merges another value (<<), which is not read; write the fields out.")
		}
		kid, err := yamlTree(kv.Value, depth+1)
		if err != nil {
			return out, err
		}
		out.keys = append(out.keys, yamlKeyText(kv.Key))
		out.kids = append(out.kids, kid)
	}
	return out, out.unique()
}
