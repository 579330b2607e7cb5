// Package git reads the changes on a branch's first-parent line: each commit
// that became the branch's tip, with parents, people, times, trailers, touched
// paths and tags. It reads the repository's own objects and runs no program.
//
// What the line does not hold is not seen: commits made on the way to a merge,
// changes pushed and replaced before, who pressed the button. A shallow clone
// is a gap, not a smaller population.
package git

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	gogit "github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"

	"github.com/ticktie/ticktie/internal/objects"
	"github.com/ticktie/ticktie/internal/program"
	"github.com/ticktie/ticktie/internal/source"
)

// version changes when the same repository could give another feed.
const version = "1"

type connector struct{}

// New returns the connector named "git".
func New() source.Connector { return connector{} }

// Name returns "git".
func (connector) Name() string { return "git" }

// Version returns the version of the connector's rules.
func (connector) Version() string { return version }

// stream is one extraction from one repository.
type stream struct {
	r       source.Request
	def     *program.GitSource
	repo    *gogit.Repository
	columns []column
	tip     plumbing.Hash
	branch  string
	line    []*object.Commit // changes in the period, oldest first
	tags    map[plumbing.Hash][]string
	trees   *treeDiff
	places  []place // by record
	ex      source.Extraction
	begun   bool
	fed     bool // to the end
}

// place is where a record's commit stands in the raw object.
type place struct{ offset, size int64 }

// Open resolves the branch and walks its first-parent line.
func (c connector) Open(ctx context.Context, r source.Request) (source.Stream, error) {
	s, err := newStream(r)
	if err != nil {
		return nil, err
	}
	if err := s.open(ctx); err != nil {
		return nil, fmt.Errorf("reading the repository %s for population %s: %w", s.def.Repository, r.Population.ID, err)
	}
	return s, nil
}

func newStream(r source.Request) (*stream, error) {
	p := r.Population
	if p == nil || p.Source.Git == nil {
		return nil, errors.New("opening a repository: the population names none: set source.git.repository")
	}
	if r.Objects == nil || r.Now == nil {
		return nil, fmt.Errorf("opening the repository of population %s: no object store or no clock was given", p.ID)
	}
	if p.Source.Git.Repository == "" || !filepath.IsLocal(p.Source.Git.Repository) {
		return nil, fmt.Errorf("opening the repository of population %s: %q is not a path inside the data directory; give --data a directory that holds it", p.ID, p.Source.Git.Repository)
	}
	if t := p.Source.Git.Time; t != "" && t != "committer" && t != "author" {
		return nil, fmt.Errorf("opening the repository of population %s: time is %q; it is committer or author", p.ID, t)
	}
	columns, err := columnsOf(p)
	if err != nil {
		return nil, fmt.Errorf("opening the repository of population %s: %w", p.ID, err)
	}
	s := &stream{r: r, def: p.Source.Git, columns: columns}
	s.ex = source.Extraction{
		Connector: "git", Version: version, Query: p.QueryText, HandedOver: p.HandedOver,
		Started: r.Now(), Fields: s.Fields(), BlindSpots: slices.Clone(p.BlindSpots),
		Parameters: map[string]string{"repository": s.def.Repository, "time": s.clock()},
	}
	if len(s.def.Paths) > 0 {
		s.ex.Parameters["paths"] = strings.Join(s.def.Paths, "\n")
	}
	return s, nil
}

func (s *stream) clock() string {
	if s.def.Time == "author" {
		return "author"
	}
	return "committer"
}

func (s *stream) when(c *object.Commit) time.Time {
	if s.def.Time == "author" {
		return c.Author.When
	}
	return c.Committer.When
}

func (s *stream) open(ctx context.Context) error {
	var err error
	s.repo, err = gogit.PlainOpen(filepath.Join(s.r.DataDir, filepath.FromSlash(s.def.Repository)))
	if err != nil {
		return fmt.Errorf("there is no git repository: %w", err)
	}
	if err := s.resolve(); err != nil {
		return err
	}
	s.trees = &treeDiff{objects: s.repo.Storer}
	if s.tags, err = tagsOf(s.repo); err != nil {
		return err
	}
	return s.walk(ctx)
}

// resolve finds the branch's tip, local before remote.
func (s *stream) resolve() error {
	if s.def.Branch == "" {
		head, err := s.repo.Head()
		if err != nil {
			return fmt.Errorf("its HEAD names no branch (%w); set source.git.branch", err)
		}
		s.tip, s.branch = head.Hash(), head.Name().String()
	} else {
		for _, name := range []plumbing.ReferenceName{
			plumbing.NewBranchReferenceName(s.def.Branch), plumbing.NewRemoteReferenceName("origin", s.def.Branch),
		} {
			if ref, err := s.repo.Reference(name, true); err == nil {
				s.tip, s.branch = ref.Hash(), name.String()
				break
			}
		}
	}
	if s.tip.IsZero() {
		return fmt.Errorf("it has no branch %q; name one that `git branch -a` lists", s.def.Branch)
	}
	s.ex.Reported = map[string]string{"branch": s.branch, "tip": s.tip.String()}
	return nil
}

// walk follows first parents from the tip to the root, or to where a shallow
// clone ends. Times on the line need not rise, so the whole line is read.
func (s *stream) walk(ctx context.Context) error {
	shallow, err := s.repo.Storer.Shallow()
	if err != nil {
		return fmt.Errorf("reading where its history is cut: %w", err)
	}
	cut := map[plumbing.Hash]bool{}
	for _, h := range shallow {
		cut[h] = true
	}
	from, to := s.r.Period.Bounds(s.r.Location)
	var length, untouched int
	for h := s.tip; ; {
		if err := ctx.Err(); err != nil {
			return err
		}
		c, err := s.repo.CommitObject(h)
		if err != nil {
			return fmt.Errorf("commit %s after %d commits of the line: %w; fetch the whole history", h, length, err)
		}
		length++
		if t := s.when(c); !t.Before(from) && t.Before(to) {
			touches, err := s.touches(c, cut[h])
			if err != nil {
				return fmt.Errorf("commit %s: %w", h, err)
			}
			if touches {
				s.line = append(s.line, c)
			} else {
				untouched++
			}
		}
		if cut[h] {
			s.cutAt(c, from, to)
			break
		}
		if len(c.ParentHashes) == 0 {
			break
		}
		h = c.ParentHashes[0]
	}
	slices.Reverse(s.line)
	s.ex.Reported["commits_on_line"] = strconv.Itoa(length)
	if untouched > 0 {
		s.ex.Notes = append(s.ex.Notes, fmt.Sprintf("%d changes of the period touch none of the paths and are no items.", untouched))
	}
	return nil
}

// cutAt records what a shallow clone hides.
func (s *stream) cutAt(c *object.Commit, from, to time.Time) {
	t := s.when(c)
	if t.Before(from) {
		s.ex.Notes = append(s.ex.Notes, fmt.Sprintf("The clone is shallow: its history ends at %s of %s, before the period.", c.Hash, t.UTC().Format(time.RFC3339)))
		return
	}
	until := t
	if to.Before(until) {
		until = to
	}
	s.ex.Gaps = append(s.ex.Gaps, source.Gap{
		From: from.UTC(), To: until.UTC(),
		Reason: fmt.Sprintf("The clone is shallow: its history ends at commit %s of %s; fetch the whole history (git fetch --unshallow) and collect again.", c.Hash, t.UTC().Format(time.RFC3339)),
	})
}

// touches reports whether the change is in the paths asked for.
func (s *stream) touches(c *object.Commit, cut bool) (bool, error) {
	if len(s.def.Paths) == 0 {
		return true, nil
	}
	if cut {
		return true, nil // what it changed is unknown, so it is not left out
	}
	paths, err := s.trees.paths(c)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(paths, func(p string) bool { return matchesAny(s.def.Paths, p) }), nil
}

// matchesAny reports whether path is one of the patterns or lies below one.
func matchesAny(patterns []string, path string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		p = strings.TrimSuffix(p, "/")
		if path == p || strings.HasPrefix(path, p+"/") {
			return true
		}
		ok, err := filepath.Match(p, path)
		return ok && err == nil
	})
}

// Fields are the fields of the declared columns, in order.
func (s *stream) Fields() []string {
	names := make([]string, len(s.columns))
	for i, c := range s.columns {
		names[i] = c.from
	}
	return names
}

// Parquet returns none: changes are fed as rows.
func (s *stream) Parquet() []string { return nil }

// Feed writes one record for each change, oldest first, and keeps the raw
// commit objects in the same order.
func (s *stream) Feed(ctx context.Context, w io.Writer) error {
	if s.begun {
		return errors.New("feeding a repository twice")
	}
	s.begun = true
	raw, err := s.r.Objects.Create()
	if err != nil {
		return fmt.Errorf("keeping the commits of %s: %w", s.def.Repository, err)
	}
	size, err := s.feed(ctx, source.NewWriter(w), raw)
	if err != nil {
		raw.Abort()
		return err
	}
	digest, _, err := raw.Commit()
	if err != nil {
		return fmt.Errorf("keeping the commits of %s: %w", s.def.Repository, err)
	}
	s.ex.Records, s.ex.Bytes = int64(len(s.line)), size
	s.ex.Files = []source.File{{
		Name: s.def.Repository + "@" + s.tip.String(), Size: size, SHA256: digest, Encoding: "utf-8", EncodingBy: "declared",
		FirstRecord: 1, Records: s.ex.Records, Refused: int64(len(s.ex.Refused)),
	}}
	for i := range s.ex.Refused {
		if s.ex.Refused[i].Place, err = s.locate(s.ex.Refused[i].Record); err != nil {
			return err
		}
	}
	s.fed = true
	return nil
}

func (s *stream) feed(ctx context.Context, out *source.Writer, raw io.Writer) (int64, error) {
	var offset int64
	fields := make([]source.Field, len(s.columns))
	for i, c := range s.line {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		n, err := s.keepRaw(raw, c.Hash)
		if err != nil {
			return 0, fmt.Errorf("commit %s: %w", c.Hash, err)
		}
		s.places = append(s.places, place{offset, n})
		offset += n
		if err := s.fill(fields, c); err != nil {
			return 0, fmt.Errorf("commit %s: %w", c.Hash, err)
		}
		var unfit *source.UnfitError
		if err := out.Record(int64(i+1), fields); errors.As(err, &unfit) {
			s.refuse(unfit)
		} else if err != nil {
			return 0, err
		}
	}
	return offset, out.Flush()
}

func (s *stream) refuse(u *source.UnfitError) {
	x := source.Refused{Record: u.Record, Code: u.Code, Reason: u.Reason}
	if u.Field >= 0 {
		x.Column = s.columns[u.Field].from
	}
	s.ex.Refused = append(s.ex.Refused, x)
}

// keepRaw copies a commit object as git stores it, after a line with its name and size.
func (s *stream) keepRaw(w io.Writer, h plumbing.Hash) (int64, error) {
	o, err := s.repo.Storer.EncodedObject(plumbing.CommitObject, h)
	if err != nil {
		return 0, err
	}
	r, err := o.Reader()
	if err != nil {
		return 0, err
	}
	defer r.Close()
	head, err := fmt.Fprintf(w, "commit %s %d\n", h, o.Size())
	if err != nil {
		return 0, err
	}
	n, err := io.Copy(w, r)
	if err != nil {
		return 0, err
	}
	_, err = io.WriteString(w, "\n")
	return int64(head) + n + 1, err
}

// Close accounts for what was read.
func (s *stream) Close(context.Context) (*source.Extraction, error) {
	if !s.fed {
		return nil, errors.New("closing a repository that was not fed: nothing of it is a population")
	}
	s.ex.Ended = s.r.Now()
	s.ex.Locate = s.locate
	ex := s.ex
	return &ex, nil
}

// locate finds a change in the raw object that was kept.
func (s *stream) locate(record int64) (source.Place, error) {
	if record < 1 || record > int64(len(s.places)) {
		return source.Place{}, fmt.Errorf("locating record %d of %s: there are %d", record, s.def.Repository, len(s.places))
	}
	at := s.places[record-1]
	f, err := s.r.Objects.Open(objects.Digest(s.ex.Files[0].SHA256))
	if err != nil {
		return source.Place{}, err
	}
	defer f.Close()
	b := make([]byte, min(at.size-1, 64<<10))
	if _, err := f.ReadAt(b, at.offset); err != nil {
		return source.Place{}, fmt.Errorf("locating record %d of %s: %w", record, s.def.Repository, err)
	}
	return source.Place{File: s.ex.Files[0].Name, Offset: at.offset, Raw: strings.ToValidUTF8(string(b), "\uFFFD")}, nil
}
