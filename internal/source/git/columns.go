package git

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing/object"
	"golang.org/x/text/encoding/htmlindex"

	"github.com/ticktie/ticktie/internal/program"
	"github.com/ticktie/ticktie/internal/source"
)

// column is one field that is fed.
type column struct {
	from  string
	value func(*stream, *object.Commit) (source.Field, error)
}

// trailerPrefix begins the name of a field that holds the values of one
// trailer, one a line: trailer.Reviewed-by.
const trailerPrefix = "trailer."

// fields are what a change offers, by name.
var fields = map[string]func(*stream, *object.Commit) (source.Field, error){
	"sha":          func(_ *stream, c *object.Commit) (source.Field, error) { return text(c.Hash.String()), nil },
	"first_parent": func(_ *stream, c *object.Commit) (source.Field, error) { return parent(c, 0), nil },
	"merge_source": func(_ *stream, c *object.Commit) (source.Field, error) { return parent(c, 1), nil },
	"parents":      parents,
	"parent_count": func(_ *stream, c *object.Commit) (source.Field, error) {
		return text(strconv.Itoa(len(c.ParentHashes))), nil
	},
	"author_name":  func(_ *stream, c *object.Commit) (source.Field, error) { return decoded(c, c.Author.Name), nil },
	"author_email": func(_ *stream, c *object.Commit) (source.Field, error) { return decoded(c, c.Author.Email), nil },
	"author_time": func(_ *stream, c *object.Commit) (source.Field, error) {
		return text(c.Author.When.Format(time.RFC3339)), nil
	},
	"committer_name":  func(_ *stream, c *object.Commit) (source.Field, error) { return decoded(c, c.Committer.Name), nil },
	"committer_email": func(_ *stream, c *object.Commit) (source.Field, error) { return decoded(c, c.Committer.Email), nil },
	"committer_time": func(_ *stream, c *object.Commit) (source.Field, error) {
		return text(c.Committer.When.Format(time.RFC3339)), nil
	},
	"subject":  func(_ *stream, c *object.Commit) (source.Field, error) { return decoded(c, subject(c.Message)), nil },
	"message":  func(_ *stream, c *object.Commit) (source.Field, error) { return decoded(c, c.Message), nil },
	"trailers": trailersField,
	"tags":     func(s *stream, c *object.Commit) (source.Field, error) { return list(s.tags[c.Hash]) },
	"paths": func(s *stream, c *object.Commit) (source.Field, error) {
		p, err := s.trees.paths(c)
		if err != nil {
			return source.Field{}, err
		}
		return list(p)
	},
	"path_count": func(s *stream, c *object.Commit) (source.Field, error) {
		p, err := s.trees.paths(c)
		return text(strconv.Itoa(len(p))), err
	},
}

func columnsOf(p *program.Population) ([]column, error) {
	var out []column
	seen := map[string]bool{}
	for _, c := range p.Columns {
		from := c.From
		if from == "" {
			from = c.Name
		}
		if seen[from] {
			continue
		}
		seen[from] = true
		if name, ok := strings.CutPrefix(from, trailerPrefix); ok && name != "" {
			out = append(out, column{from, func(_ *stream, c *object.Commit) (source.Field, error) { return trailerField(c, name), nil }})
			continue
		}
		value, ok := fields[from]
		if !ok {
			return nil, fmt.Errorf("column %s is from %q, which a change does not have; it has %s, and %s<name>",
				c.Name, from, strings.Join(slices.Sorted(maps.Keys(fields)), ", "), trailerPrefix)
		}
		out = append(out, column{from, value})
	}
	return out, nil
}

func (s *stream) fill(into []source.Field, c *object.Commit) error {
	for i, col := range s.columns {
		f, err := col.value(s, c)
		if err != nil {
			return fmt.Errorf("%s: %w", col.from, err)
		}
		into[i] = f
	}
	return nil
}

func text(s string) source.Field { return source.Field{Text: s, Absent: s == ""} }

func list(items []string) (source.Field, error) {
	if items == nil {
		items = []string{}
	}
	b, err := json.Marshal(items)
	return source.Field{Text: string(b)}, err
}

func parent(c *object.Commit, i int) source.Field {
	if i >= len(c.ParentHashes) {
		return source.Field{Absent: true}
	}
	return text(c.ParentHashes[i].String())
}

func parents(_ *stream, c *object.Commit) (source.Field, error) {
	var all []string
	for _, h := range c.ParentHashes {
		all = append(all, h.String())
	}
	return list(all)
}

// decoded is a text of the commit in UTF-8. One in an encoding that is unknown
// stays as it is and is refused if it is no UTF-8.
func decoded(c *object.Commit, s string) source.Field {
	name := string(c.Encoding)
	if name == "" || strings.EqualFold(name, "utf-8") || strings.EqualFold(name, "utf8") {
		return text(s)
	}
	e, err := htmlindex.Get(name)
	if err != nil {
		return text(s)
	}
	out, err := e.NewDecoder().String(s)
	if err != nil {
		return text(s)
	}
	return text(out)
}

// subject is the first paragraph in one line, as git shows it.
func subject(message string) string {
	var lines []string
	for line := range strings.SplitSeq(strings.TrimLeft(message, "\r\n"), "\n") {
		if strings.TrimSpace(line) == "" {
			break
		}
		lines = append(lines, strings.TrimSpace(line))
	}
	return strings.Join(lines, " ")
}

func trailersField(_ *stream, c *object.Commit) (source.Field, error) {
	byName := map[string][]string{}
	for _, t := range Trailers(decoded(c, c.Message).Text) {
		byName[t.Name] = append(byName[t.Name], t.Value)
	}
	b, err := json.Marshal(byName)
	return source.Field{Text: string(b)}, err
}

// trailerField holds the values of one trailer, one a line; names are compared
// without regard to case, as git does.
func trailerField(c *object.Commit, name string) source.Field {
	var values []string
	for _, t := range Trailers(decoded(c, c.Message).Text) {
		if strings.EqualFold(t.Name, name) {
			values = append(values, t.Value)
		}
	}
	return text(strings.Join(values, "\n"))
}
