package evidence

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ticktie/ticktie/internal/seal"
)

// snapshot is the files of a log, by path.
type snapshot map[string][]byte

func take(t *testing.T, dir string) snapshot {
	t.Helper()
	s := snapshot{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		s[filepath.ToSlash(rel)], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (s snapshot) put(t *testing.T, dir string) {
	t.Helper()
	for path, b := range s {
		to := filepath.Join(dir, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// writes are the files of a log in the order in which Tessera writes them.
func writes(s snapshot) []string {
	order := func(path string) int {
		switch {
		case strings.HasPrefix(path, "tile/entries/"):
			return 0
		case strings.HasPrefix(path, "tile/"):
			return 1
		case path == stateFile:
			return 2
		case path == "checkpoint":
			return 3
		}
		return -1
	}
	paths := slices.Sorted(maps.Keys(s))
	paths = slices.DeleteFunc(paths, func(p string) bool { return order(p) < 0 })
	slices.SortStableFunc(paths, func(a, b string) int { return order(a) - order(b) })
	return paths
}

// twoStates is a log with 250 statements, then with 10 more, which fill a tile.
func twoStates(t *testing.T) (before, after snapshot, keys string) {
	t.Helper()
	l, dir, keys := create(t)
	appendN(t, l, 250)
	before = take(t, dir)
	appendN(t, l, 10)
	after = take(t, dir)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return before, after, keys
}

func appendN(t *testing.T, l *Log, n int) {
	t.Helper()
	var acts []seal.Statement
	for i := range n {
		acts = append(acts, act(fmt.Sprint("act ", i)))
	}
	if _, err := l.Append(t.Context(), acts); err != nil {
		t.Fatal(err)
	}
}

// check reads the whole log strictly and compares it with the tree.
func check(t *testing.T, r *Reader, want int64) {
	t.Helper()
	c, err := r.Checkpoint()
	if err != nil {
		t.Fatal(err)
	}
	if c.Size != want {
		t.Fatalf("the log has %d statements, not %d", c.Size, want)
	}
	var entries [][]byte
	err = r.Entries(t.Context(), 0, c.Size, func(i int64, e []byte) error {
		entries = append(entries, e)
		s, err := seal.Decode(e)
		if err == nil && s.Seq != i {
			err = fmt.Errorf("statement %d says %d", i, s.Seq)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if seal.Root(entries) != c.Root {
		t.Fatal("the entries are not those of the tree")
	}
}

// The process dies before or after each write of an append. What was
// acknowledged is there, what was not is there whole or not at all, and the
// log goes on.
func TestCrashAroundEachWrite(t *testing.T) {
	before, after, keys := twoStates(t)
	state := snapshot{}
	maps.Copy(state, before)
	order := writes(after)
	changed := 0
	for i := -1; i < len(order); i++ {
		want := int64(250)
		if i >= 0 {
			if string(state[order[i]]) == string(after[order[i]]) {
				continue // not written by the append
			}
			state[order[i]] = after[order[i]]
			changed++
			if order[i] == stateFile || order[i] == "checkpoint" {
				want = 260 // from here on the next start finishes the append
			}
		}
		dir := filepath.Join(t.TempDir(), "log")
		state.put(t, dir)
		junk := snapshot{"checkpoint1234": []byte("half"), "tile/0/000.p/2501": []byte("half")}
		junk.put(t, dir) // temporary files that a dead process left
		l, err := Open(dir, keys)
		if err != nil {
			t.Fatalf("after write %d: %v", i, err)
		}
		check(t, l.Reader, want)
		appendN(t, l, 20)
		check(t, l.Reader, want+20)
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	// Two bundles of entries, three tiles of hashes (two below, one above), state, checkpoint.
	if changed != 7 {
		t.Errorf("the append made %d writes, 7 are due", changed)
	}
}

// The writer's state is lost: it is made anew from the checkpoint.
func TestLostStateIsMadeAnew(t *testing.T) {
	_, after, keys := twoStates(t)
	for path := range after {
		if strings.HasPrefix(path, stateDir) {
			delete(after, path)
		}
	}
	dir := filepath.Join(t.TempDir(), "log")
	after.put(t, dir)
	l, err := Open(dir, keys)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	check(t, l.Reader, 260)
	appendN(t, l, 3)
	check(t, l.Reader, 263)
}

// Files that do not belong together, or were altered, are never gone on from:
// the writer would sign what it finds.
func TestNoGoingOnFromDamage(t *testing.T) {
	before, after, keys := twoStates(t)
	replace := func(path string, b []byte) func(snapshot) {
		return func(s snapshot) { s[path] = b }
	}
	lose := func(path string) func(snapshot) {
		return func(s snapshot) { delete(s, path) }
	}
	flip := func(path string) func(snapshot) {
		return func(s snapshot) {
			b := slices.Clone(s[path])
			b[len(b)-2] ^= 1
			s[path] = b
		}
	}
	cut := func(path string) func(snapshot) {
		return func(s snapshot) { s[path] = s[path][:len(s[path])/2] }
	}
	for name, c := range map[string]struct {
		harm func(snapshot)
		want string // in the message
	}{
		"state older than the checkpoint": {replace(stateFile, before[stateFile]), "different times"},
		"state with another root":         {replace(stateFile, []byte(`{"size":260,"root":"`+strings.Repeat("A", 43)+`="}`)), "no extension"},
		"state larger than the tiles":     {replace(stateFile, []byte(`{"size":300,"root":"`+strings.Repeat("A", 43)+`="}`)), "what its writer left"},
		"state cut off":                   {cut(stateFile), "damaged"},
		"checkpoint cut off":              {cut("checkpoint"), "signature"},
		"checkpoint lost":                 {lose("checkpoint"), "checkpoint is missing"},
		"last entries altered":            {flip("tile/entries/001.p/4"), "statement"},
		"entries before the edge altered": {flip("tile/entries/000"), "statement"},
		"entries cut off":                 {cut("tile/entries/001.p/4"), "tile/entries/001.p/4"},
		"entries lost":                    {lose("tile/entries/001.p/4"), "misses a part"},
		"hashes altered":                  {flip("tile/0/001.p/4"), "checking the log"},
		"hashes cut off":                  {cut("tile/0/001.p/4"), "cut off"},
	} {
		t.Run(name, func(t *testing.T) {
			s := snapshot{}
			maps.Copy(s, after)
			c.harm(s)
			dir := filepath.Join(t.TempDir(), "log")
			s.put(t, dir)
			l, err := Open(dir, keys)
			if err == nil {
				_ = l.Close()
			}
			if name == "entries before the edge altered" {
				readsBadly(t, dir, keys, c.want)
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, want an error with %q", err, c.want)
			}
			if got := take(t, dir); string(got["checkpoint"]) != string(s["checkpoint"]) {
				t.Error("the checkpoint was written over")
			}
		})
	}
}

// readsBadly: what lies before the edge is checked when it is read.
func readsBadly(t *testing.T, dir, keys, want string) {
	t.Helper()
	r, err := OpenReader(dir, filepath.Join(keys, pubFile))
	if err != nil {
		t.Fatal(err)
	}
	err = r.Entries(t.Context(), 0, 260, func(int64, []byte) error { return nil })
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want an error with %q", err, want)
	}
}

// A crash while a log is created: the next Create, or Open once there is a
// public key, finishes it.
func TestCrashWhileCreating(t *testing.T) {
	l, dir, keys := create(t)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	log, pair := take(t, dir), take(t, keys)
	without := func(s snapshot, path string) snapshot {
		out := snapshot{}
		maps.Copy(out, s)
		delete(out, path)
		return out
	}
	onlyState := without(log, "checkpoint")
	for name, c := range map[string]struct {
		log, keys snapshot
		create    bool
	}{
		"nothing":          {snapshot{}, snapshot{}, true},
		"private key only": {snapshot{}, without(pair, pubFile), true},
		"keys only":        {snapshot{}, pair, false},
		"state only":       {onlyState, pair, false},
		"all":              {log, pair, false},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			dir, keys := filepath.Join(root, "log"), filepath.Join(root, "keys")
			for _, d := range []string{dir, keys} {
				if err := os.MkdirAll(d, 0o700); err != nil {
					t.Fatal(err)
				}
			}
			c.log.put(t, dir)
			c.keys.put(t, keys)
			begin := func() (*Log, error) {
				if c.create {
					return Create(dir, keys, "ticktie/test")
				}
				if _, err := Create(dir, keys, "ticktie/test"); err == nil {
					t.Error("created over keys that exist")
				}
				return Open(dir, keys)
			}
			l, err := begin()
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			appendN(t, l, 2)
			check(t, l.Reader, 2)
			if len(c.keys) > 0 {
				if b, err := os.ReadFile(filepath.Join(keys, pubFile)); err != nil || string(b) != string(pair[pubFile]) {
					t.Errorf("another public key: %s, %v", b, err)
				}
			}
		})
	}
}

func TestKeysAreGuarded(t *testing.T) {
	_, _, keys := create(t)
	for path, want := range map[string]fs.FileMode{keys: 0o700, filepath.Join(keys, keyFile): 0o600, filepath.Join(keys, pubFile): 0o644} {
		i, err := os.Stat(path)
		if err != nil || i.Mode().Perm() != want {
			t.Errorf("%s: %v, %v; want %v", path, i.Mode().Perm(), err, want)
		}
	}
	if left := take(t, keys); len(left) != 2 {
		t.Errorf("%v", slices.Sorted(maps.Keys(left)))
	}
}

func TestKeysMustBeOnePair(t *testing.T) {
	first, dir, keys := create(t)
	_, _, other := create(t)
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(other, keyFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(keys, keyFile), b, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, keys); err == nil || !strings.Contains(err.Error(), "not one pair") {
		t.Errorf("got %v", err)
	}
	for _, text := range []string{"", "PRIVATE+KEY+ticktie/test+00000000+AAAA", "gibberish"} {
		if err := os.WriteFile(filepath.Join(keys, keyFile), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Open(dir, keys)
		if err == nil || text != "" && strings.Contains(err.Error(), text) {
			t.Errorf("the key %q: %v", text, err)
		}
	}
	for _, origin := range []string{"", "two words", "a+b", "a\nb"} {
		root := t.TempDir()
		if _, err := Create(filepath.Join(root, "log"), filepath.Join(root, "keys"), origin); err == nil {
			t.Errorf("the name %q was taken", origin)
		}
	}
}

func TestMissingLogIsAnError(t *testing.T) {
	_, _, keys := create(t)
	if _, err := Open(filepath.Join(t.TempDir(), "nowhere", "log"), keys); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}
