package program

import (
	"fmt"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// place is a position in a program file.
type place struct {
	file         string
	line, column int
}

// places says where each definition, each of its fields and each entry of its
// lists stands, by path: "control#3", "control#3/criteria/0". Rows of values
// have a place for the row, not for each value.
type places map[string]place

// separator stands between the parts of a path; YAML texts hardly hold it.
const separator = "\x00"

func pathOf(kind string, index int) string { return fmt.Sprintf("%s#%d", kind, index) }

// under is the path of a field or entry.
func under(path string, parts ...any) string {
	var b strings.Builder
	b.WriteString(path)
	for _, p := range parts {
		b.WriteString(separator)
		fmt.Fprint(&b, p)
	}
	return b.String()
}

// find returns the place of a path, or of the nearest thing around it.
func (all places) find(path string) place {
	for {
		if p, ok := all[path]; ok {
			return p
		}
		i := strings.LastIndex(path, separator)
		if i < 0 {
			return place{}
		}
		path = path[:i]
	}
}

// has reports whether the field was written.
func (all places) has(path string) bool {
	_, ok := all[path]
	return ok
}

// position is where a node begins: a set of fields at its first field.
func position(n ast.Node) (line, column int) {
	switch x := n.(type) {
	case *ast.MappingNode:
		if !x.IsFlowStyle && len(x.Values) > 0 {
			return position(x.Values[0].Key)
		}
	case *ast.MappingValueNode:
		return position(x.Key)
	}
	if n == nil || n.GetToken() == nil || n.GetToken().Position == nil {
		return 0, 0
	}
	at := n.GetToken().Position
	return at.Line, at.Column
}

// fieldNode is what a finding about a field points at: its value if that is a
// single one, else its name.
func fieldNode(p *ast.MappingValueNode) ast.Node {
	if _, single := scalarText(p.Value); single {
		return p.Value
	}
	return p.Key
}
