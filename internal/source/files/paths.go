package files

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
)

// glob returns the regular files under root that the patterns match, sorted,
// each once. A pattern that matches none is an error, and so is one that leads
// out of root.
func glob(root *os.Root, patterns []string) ([]string, error) {
	if len(patterns) == 0 {
		return nil, errors.New("source.files.paths is empty: name at least one file")
	}
	var all []string
	for _, p := range patterns {
		found, err := globOne(root, p)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}

func globOne(root *os.Root, pattern string) ([]string, error) {
	segments, err := checkPattern(pattern)
	if err != nil {
		return nil, err
	}
	fixed := 0
	for fixed < len(segments)-1 && !hasMeta(segments[fixed]) {
		fixed++
	}
	dir := path.Join(append([]string{"."}, segments[:fixed]...)...)
	if _, err := root.Stat(dir); err != nil {
		return nil, fmt.Errorf("no file matches %q: %s cannot be read in the data directory %s: %w", pattern, dir, root.Name(), err)
	}
	var found []string
	var sawDir bool
	err = fs.WalkDir(root.FS(), dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		parts := split(name)
		if d.IsDir() {
			sawDir = sawDir || matchPath(segments, parts)
			if name != dir && !couldHold(segments, parts) {
				return fs.SkipDir
			}
			return nil
		}
		if d.Type()&fs.ModeSymlink != 0 && couldHold(segments, parts) {
			if info, err := root.Stat(name); err != nil || info.IsDir() {
				return fmt.Errorf("%s is a link that is not followed: name the directory it points to, or remove it", name)
			}
		}
		if !matchPath(segments, parts) {
			return nil
		}
		ok, err := regular(root, name)
		if ok {
			found = append(found, name)
		}
		return err
	})
	switch {
	case err != nil:
		return nil, fmt.Errorf("looking for files that match %q: %w", pattern, err)
	case len(found) == 0 && sawDir:
		return nil, fmt.Errorf("no file matches %q: it is a directory; write %s", pattern, strings.TrimRight(pattern, "/")+"/*")
	case len(found) == 0:
		return nil, fmt.Errorf("no file matches %q in the data directory %s", pattern, root.Name())
	}
	return found, nil
}

// regular reports whether name is a file that can be read to its end. A
// symbolic link is followed, but never out of root.
func regular(root *os.Root, name string) (bool, error) {
	info, err := root.Stat(name)
	switch {
	case err != nil:
		return false, fmt.Errorf("%s cannot be read from inside the data directory; links may not lead out of it: %w", name, err)
	case info.IsDir():
		return false, nil
	case !info.Mode().IsRegular():
		return false, fmt.Errorf("%s is not a regular file", name)
	}
	return true, nil
}

func checkPattern(pattern string) ([]string, error) {
	if pattern == "" || path.IsAbs(pattern) || slices.Contains(strings.Split(pattern, "/"), "..") {
		return nil, fmt.Errorf("path %q must be relative to the data directory and stay inside it", pattern)
	}
	segments := split(path.Clean(pattern))
	for _, s := range segments {
		if _, err := path.Match(s, ""); err != nil {
			return nil, fmt.Errorf("path %q is not a valid pattern: %w", pattern, err)
		}
	}
	return segments, nil
}

func split(name string) []string {
	if name == "." {
		return nil
	}
	return strings.Split(name, "/")
}

func hasMeta(segment string) bool { return strings.ContainsAny(segment, `*?[\`) }

// matchPath matches segment by segment; "**" stands for any number of segments.
func matchPath(pattern, name []string) bool {
	if len(pattern) == 0 {
		return len(name) == 0
	}
	if pattern[0] == "**" {
		for i := range len(name) + 1 {
			if matchPath(pattern[1:], name[i:]) {
				return true
			}
		}
		return false
	}
	if len(name) == 0 {
		return false
	}
	ok, err := path.Match(pattern[0], name[0])
	return err == nil && ok && matchPath(pattern[1:], name[1:])
}

// couldHold reports whether a directory may hold something that matches.
func couldHold(pattern, dir []string) bool {
	for i, name := range dir {
		if i >= len(pattern) {
			return false
		}
		if pattern[i] == "**" {
			return true
		}
		if ok, err := path.Match(pattern[i], name); err != nil || !ok {
			return false
		}
	}
	return len(dir) < len(pattern)
}
