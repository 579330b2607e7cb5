package population

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// maxListed is how many keys a list holds; counts count all.
const maxListed = 100

// Diff lists how snapshot b differs from snapshot a, by key: items that only
// one of them has, and items of which a column that both have differs. Where
// the key is the position, items are compared by position. Items whose key is
// restricted are listed by their position in the snapshot that has them.
func Diff(ctx context.Context, r Reader, a, b *Snapshot) (*Changes, error) {
	query, err := diffQuery(a, b)
	if err != nil {
		return nil, err
	}
	var c Changes
	err = r.Rows(ctx, map[string]*Snapshot{"a": a, "b": b}, query, func(values []*string) error {
		key, err := CanonicalKey(values[1:])
		if err != nil {
			return err
		}
		count, list := &c.Changed, &c.ChangedKeys
		switch *values[0] {
		case "added":
			count, list = &c.Added, &c.AddedKeys
		case "removed":
			count, list = &c.Removed, &c.RemovedKeys
		}
		if *count++; len(*list) < maxListed {
			*list = append(*list, key)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("comparing two snapshots of population %s: %w", b.Population, err)
	}
	return &c, nil
}

func diffQuery(a, b *Snapshot) (string, error) {
	if !slices.Equal(a.Key, b.Key) {
		return "", fmt.Errorf("the snapshots cannot be compared: their keys are %s and %s", strings.Join(a.Key, ", "), strings.Join(b.Key, ", "))
	}
	match, shown := "a.item = b.item", "coalesce(a.item, b.item) + 1 AS k0"
	if !byPosition(a.Key) {
		var on, show []string
		for i, k := range a.Key {
			ca, cb := a.column(k), b.column(k)
			if ca == nil || cb == nil {
				return "", errors.New("the snapshots cannot be compared: one lacks key column " + k)
			}
			left, right := sameType(ca, cb)
			on = append(on, left+" = "+right)
			show = append(show, fmt.Sprintf("coalesce(%s, %s) AS k%d", left, right, i))
		}
		match = strings.Join(on, " AND ")
		if !a.restricts(a.Key) && !b.restricts(b.Key) {
			shown = strings.Join(show, ", ")
		}
	}
	differ := []string{"a.item IS NULL", "b.item IS NULL"}
	for i := range a.Columns {
		if cb := b.column(a.Columns[i].Name); cb != nil {
			left, right := sameType(&a.Columns[i], cb)
			differ = append(differ, left+" IS DISTINCT FROM "+right)
		}
	}
	return "SELECT CASE WHEN a.item IS NULL THEN 'added' WHEN b.item IS NULL THEN 'removed' ELSE 'changed' END AS state, " + shown +
		" FROM a FULL JOIN b ON " + match + " WHERE " + strings.Join(differ, " OR ") + " ORDER BY state, coalesce(a.item, b.item)", nil
}

// sameType writes both sides of a comparison; columns of different types are
// compared as text.
func sameType(a, b *Column) (string, string) {
	left, right := "a."+quoted(a.Name), "b."+quoted(b.Name)
	if a.Type == b.Type {
		return left, right
	}
	return "CAST(" + left + " AS VARCHAR)", "CAST(" + right + " AS VARCHAR)"
}

func (s *Snapshot) column(name string) *Column {
	for i := range s.Columns {
		if s.Columns[i].Name == name {
			return &s.Columns[i]
		}
	}
	return nil
}

// restricts reports whether one of the named columns is restricted.
func (s *Snapshot) restricts(names []string) bool {
	return slices.ContainsFunc(names, func(n string) bool {
		c := s.column(n)
		return c != nil && c.Restricted
	})
}
