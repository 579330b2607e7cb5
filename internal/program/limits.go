package program

import (
	"fmt"

	"github.com/goccy/go-yaml/token"
)

// What a program file may hold. The YAML parser calls itself for each level
// and takes time with the square of a level's names: text from outside is
// measured before it sees it.
const (
	maxFile  = 8 << 20 // bytes
	maxDepth = 40      // levels of lists and sets of fields
	maxNames = 10_000  // names in one set of fields
)

// level is an open list or set of fields while tokens are counted.
type level struct {
	column int // where its entries begin; 0 inside brackets
	flow   bool
	names  int
}

// excess returns the first token beyond a limit, and which limit.
func excess(tokens token.Tokens) (*token.Token, string) {
	var open []level
	marks := 0 // tokens that may each wrap the next and have no use here
	for _, t := range tokens {
		switch t.Type {
		case token.AnchorType, token.TagType, token.AliasType:
			marks++
		case token.SequenceStartType, token.MappingStartType:
			open = append(open, level{flow: true})
		case token.SequenceEndType, token.MappingEndType:
			open = closeFlow(open)
		case token.SequenceEntryType, token.MappingKeyType:
			if n := len(open); n > 0 && open[n-1].flow {
				marks++
			}
			open = atColumn(open, t.Position.Column)
		case token.MappingValueType:
			open = named(open, t)
			if n := len(open); n > 0 && open[n-1].names > maxNames {
				return t, fmt.Sprintf("a set of fields has more than %d names; split it", maxNames)
			}
		}
		switch {
		case len(open) > maxDepth:
			return t, fmt.Sprintf("the file nests deeper than %d", maxDepth)
		case marks > maxDepth:
			return t, "anchors, aliases and tags are not used in program files; write the values out"
		}
	}
	return nil, ""
}

// closeFlow closes the innermost brackets.
func closeFlow(open []level) []level {
	for i := len(open) - 1; i >= 0; i-- {
		if open[i].flow {
			return open[:i]
		}
	}
	return open
}

// atColumn closes the levels that begin further right and opens one at the
// column. Inside brackets columns mean nothing.
func atColumn(open []level, column int) []level {
	for n := len(open); n > 0 && !open[n-1].flow && open[n-1].column > column; n-- {
		open = open[:n-1]
	}
	if n := len(open); n > 0 && (open[n-1].flow || open[n-1].column == column) {
		return open
	}
	return append(open, level{column: column})
}

// named counts a name in its level. The name is the token before the colon.
func named(open []level, colon *token.Token) []level {
	column := colon.Position.Column
	if colon.Prev != nil && colon.Prev.Position != nil {
		column = colon.Prev.Position.Column
	}
	open = atColumn(open, column)
	open[len(open)-1].names++
	return open
}
