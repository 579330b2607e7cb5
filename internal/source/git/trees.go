package git

import (
	"errors"
	"fmt"
	"path"
	"slices"

	gogit "github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/storer"
)

// treeDiff lists the paths in which a commit differs from its first parent, by
// comparing the hashes of trees: equal trees are not opened. A renamed file is
// both its paths.
type treeDiff struct {
	objects storer.EncodedObjectStorer
	last    plumbing.Hash
	found   []string
}

func (d *treeDiff) paths(c *object.Commit) ([]string, error) {
	if d.last == c.Hash {
		return d.found, nil
	}
	var before plumbing.Hash
	if len(c.ParentHashes) > 0 {
		p, err := object.GetCommit(d.objects, c.ParentHashes[0])
		if err != nil {
			return nil, fmt.Errorf("its first parent %s cannot be read (a shallow clone?): %w", c.ParentHashes[0], err)
		}
		before = p.TreeHash
	}
	var found []string
	if err := d.compare(before, c.TreeHash, "", &found); err != nil {
		return nil, err
	}
	slices.Sort(found)
	d.last, d.found = c.Hash, found
	return found, nil
}

func (d *treeDiff) compare(a, b plumbing.Hash, prefix string, found *[]string) error {
	if a == b {
		return nil
	}
	before, err := d.entries(a)
	if err != nil {
		return fmt.Errorf("tree %s of %q: %w", a, prefix, err)
	}
	after, err := d.entries(b)
	if err != nil {
		return fmt.Errorf("tree %s of %q: %w", b, prefix, err)
	}
	for name, x := range before {
		if err := d.compareEntry(x, after[name], path.Join(prefix, name), found); err != nil {
			return err
		}
	}
	for name, y := range after {
		if _, both := before[name]; both {
			continue
		}
		if err := d.compareEntry(object.TreeEntry{}, y, path.Join(prefix, name), found); err != nil {
			return err
		}
	}
	return nil
}

// compareEntry treats an entry that is absent as the zero entry.
func (d *treeDiff) compareEntry(x, y object.TreeEntry, at string, found *[]string) error {
	if x.Hash == y.Hash && x.Mode == y.Mode {
		return nil
	}
	xDir, yDir := x.Mode == filemode.Dir, y.Mode == filemode.Dir
	if (!xDir && !x.Hash.IsZero()) || (!yDir && !y.Hash.IsZero()) {
		*found = append(*found, at)
	}
	if !xDir && !yDir {
		return nil
	}
	a, b := plumbing.ZeroHash, plumbing.ZeroHash
	if xDir {
		a = x.Hash
	}
	if yDir {
		b = y.Hash
	}
	return d.compare(a, b, at, found)
}

func (d *treeDiff) entries(h plumbing.Hash) (map[string]object.TreeEntry, error) {
	if h.IsZero() {
		return nil, nil
	}
	t, err := object.GetTree(d.objects, h)
	if err != nil {
		return nil, err
	}
	m := make(map[string]object.TreeEntry, len(t.Entries))
	for _, e := range t.Entries {
		m[e.Name] = e
	}
	return m, nil
}

// tagsOf lists tag names by the commit they point at.
func tagsOf(r *gogit.Repository) (map[plumbing.Hash][]string, error) {
	refs, err := r.Tags()
	if err != nil {
		return nil, fmt.Errorf("listing its tags: %w", err)
	}
	tags := map[plumbing.Hash][]string{}
	err = refs.ForEach(func(ref *plumbing.Reference) error {
		commit := ref.Hash()
		if t, err := r.TagObject(commit); err == nil {
			c, err := t.Commit()
			if err != nil {
				return nil // a tag of something that is no commit
			}
			commit = c.Hash
		} else if !errors.Is(err, plumbing.ErrObjectNotFound) {
			return fmt.Errorf("tag %s: %w", ref.Name().Short(), err)
		}
		tags[commit] = append(tags[commit], ref.Name().Short())
		return nil
	})
	for _, names := range tags {
		slices.Sort(names)
	}
	return tags, err
}
