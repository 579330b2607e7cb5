package files

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ticktie/ticktie/internal/program"
)

// want is a field that the population needs from each file.
type want struct {
	name     string
	column   string // the first column that needs it
	optional bool   // a file may lack it
	file     bool   // it is the file's name, not in the file
	identity bool   // it is part of the key, or the event time
}

// plan is what is fed: the fields, in order.
type plan []want

// Where a wanted field comes from, when not a column of the file.
const (
	missing  = -1
	fileName = -2
)

// newPlan collects the source fields of the declared columns, in declared
// order, each once.
func newPlan(p *program.Population) (plan, error) {
	var out plan
	at := map[string]int{}
	fileColumn := p.Source.Files.FileColumn
	for _, c := range p.Columns {
		name := c.From
		if name == "" {
			name = c.Name
		}
		i, ok := at[name]
		if !ok {
			i = len(out)
			at[name] = i
			out = append(out, want{name: name, column: c.Name, optional: true, file: name == fileColumn})
		}
		out[i].optional = out[i].optional && c.Optional
		out[i].identity = out[i].identity || c.Name == p.EventTime || slices.Contains(p.Key, c.Name)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("it declares no columns: name at least one")
	}
	if _, ok := at[fileColumn]; fileColumn != "" && !ok {
		out = append(out, want{name: fileColumn, column: fileColumn, file: true})
	}
	return out, nil
}

func (p plan) names() []string {
	names := make([]string, len(p))
	for i, w := range p {
		names[i] = w.name
	}
	return names
}

// match finds the wanted fields in a header, by name and never by position.
func (p plan) match(header []string, file string) ([]int, error) {
	at := map[string][]int{}
	for i, h := range header {
		at[h] = append(at[h], i)
	}
	cols := make([]int, len(p))
	for i, w := range p {
		where := at[w.name]
		switch {
		case w.file && len(where) > 0:
			return nil, fmt.Errorf("%s has a column %q of its own: choose another name for source.files.file_column", file, w.name)
		case w.file:
			cols[i] = fileName
		case len(where) > 1:
			return nil, fmt.Errorf("%s has %d columns named %q, so column %s could be either: give them different names", file, len(where), w.name, w.column)
		case len(where) == 1:
			cols[i] = where[0]
		case w.optional:
			cols[i] = missing
		default:
			return nil, fmt.Errorf("%s has no column %q, which column %s reads%s", file, w.name, w.column, suggest(w.name, header))
		}
	}
	return cols, nil
}

// suggest names the header name nearest to a missing one.
func suggest(name string, header []string) string {
	near := nearest(name, header)
	if near == "" {
		return "; its header names nothing"
	}
	return fmt.Sprintf("; the nearest name in its header is %q: correct \"from\", or declare the column optional if some files lack it", near)
}

// nearest returns the candidate with the fewest edits from name, case apart.
func nearest(name string, candidates []string) string {
	best, least := "", -1
	for _, c := range candidates {
		if c == "" {
			continue
		}
		d := edits([]rune(strings.ToLower(name)), []rune(strings.ToLower(c)))
		if least < 0 || d < least {
			best, least = c, d
		}
	}
	return best
}

// edits is the Levenshtein distance.
func edits(a, b []rune) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range a {
		diagonal := row[0]
		row[0] = i + 1
		for j := range b {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			next := min(row[j+1]+1, row[j]+1, diagonal+cost)
			diagonal, row[j+1] = row[j+1], next
		}
	}
	return row[len(b)]
}

// drift says in words how a header differs from the first file's. A column that
// only shifted because others came or went has not moved.
func drift(first, header []string) []string {
	var out []string
	moved := !slices.Equal(common(first, header), common(header, first))
	for i, h := range header {
		switch was := slices.Index(first, h); {
		case was < 0:
			out = append(out, fmt.Sprintf("has %q, which the first file lacks", h))
		case moved && was != i && slices.Index(header, h) == i:
			out = append(out, fmt.Sprintf("has %q as column %d, the first file as column %d", h, i+1, was+1))
		}
	}
	for _, f := range first {
		if !slices.Contains(header, f) {
			out = append(out, fmt.Sprintf("lacks %q, which the first file has", f))
		}
	}
	return out
}

// common returns the names of a that b has too, in a's order.
func common(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(n string) bool { return !slices.Contains(b, n) })
}

// setHeader records a file's header and what is strange about it.
func (s *stream) setHeader(t *table, header []string) {
	t.file.Header = header
	for _, other := range s.tables {
		if other != t && other.file.Header != nil {
			t.file.Drift = drift(other.file.Header, header)
			break
		}
	}
	for i, h := range header {
		if slices.Index(header, h) < i && h != "" {
			t.note("the header has %q more than once.", h)
		}
	}
	for _, d := range t.file.Drift {
		t.note("the header %s.", d)
	}
}
