package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ticktie/ticktie/internal/engagement"
	"github.com/ticktie/ticktie/internal/evidence"
	"github.com/ticktie/ticktie/internal/seal"
)

// newLog is a real log with n statements about three tests in turn.
func newLog(t *testing.T, n int) *evidence.Log {
	t.Helper()
	root := t.TempDir()
	l, err := evidence.Create(filepath.Join(root, "log"), filepath.Join(root, "keys"), "ticktie/test")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	grow(t, l, n)
	return l
}

func grow(t *testing.T, l *evidence.Log, n int) {
	t.Helper()
	types := []string{seal.PopulationFrozen, seal.TestPerformed}
	var acts []seal.Statement
	for i := range n {
		acts = append(acts, seal.Statement{Type: types[i%2], Subject: fmt.Sprintf("S%d", i%3), Role: engagement.Machine})
	}
	if _, err := l.Append(t.Context(), acts); err != nil {
		t.Fatal(err)
	}
}

func open(t *testing.T, path string) *Store {
	t.Helper()
	s, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func follow(t *testing.T, s *Store, r Reader) {
	t.Helper()
	if err := s.Sync(t.Context(), r); err != nil {
		t.Fatal(err)
	}
}

// all reads every statement, page by page.
func all(t *testing.T, s *Store, f Filter) []seal.Statement {
	t.Helper()
	f.Limit = 7
	var out []seal.Statement
	for {
		page, err := s.Statements(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			return out
		}
		out = append(out, page...)
		f.AfterSeq = new(page[len(page)-1].Seq)
	}
}

// fromLog is what the log itself says.
func fromLog(t *testing.T, l *evidence.Log, keep func(seal.Statement) bool) []seal.Statement {
	t.Helper()
	size, err := l.Size()
	if err != nil {
		t.Fatal(err)
	}
	var out []seal.Statement
	err = l.Entries(t.Context(), 0, size, func(_ int64, e []byte) error {
		st, err := seal.Decode(e)
		if err == nil && keep(st) {
			out = append(out, st)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func everything(seal.Statement) bool { return true }

func TestRebuiltEqualsGrown(t *testing.T) {
	l := newLog(t, 10)
	grown := open(t, filepath.Join(t.TempDir(), "index one?#%.db"))
	follow(t, grown, l)
	for _, n := range []int{1, 300, 20} {
		grow(t, l, n)
		follow(t, grown, l)
	}
	follow(t, grown, l) // nothing to do
	want := fromLog(t, l, everything)
	if len(want) != 331 {
		t.Fatalf("the log has %d statements", len(want))
	}
	if diff := cmp.Diff(want, all(t, grown, Filter{})); diff != "" {
		t.Errorf("grown: %s", diff)
	}
	rebuilt := open(t, filepath.Join(t.TempDir(), "index.db"))
	for range 2 {
		if err := rebuilt.Rebuild(t.Context(), l); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, all(t, rebuilt, Filter{})); diff != "" {
			t.Errorf("rebuilt: %s", diff)
		}
	}
}

func TestFilters(t *testing.T) {
	l := newLog(t, 60)
	s := open(t, filepath.Join(t.TempDir(), "index.db"))
	follow(t, s, l)
	for _, f := range []Filter{
		{Type: seal.TestPerformed},
		{Subject: "S1"},
		{Type: seal.TestPerformed, Subject: "S1"},
		{Type: seal.BundleFrozen},
		{AfterSeq: new(int64(-1))},
		{AfterSeq: new(int64(57)), Subject: "S2"},
	} {
		want := fromLog(t, l, func(st seal.Statement) bool {
			return (f.Type == "" || st.Type == f.Type) && (f.Subject == "" || st.Subject == f.Subject) && (f.AfterSeq == nil || st.Seq > *f.AfterSeq)
		})
		if diff := cmp.Diff(want, all(t, s, f)); diff != "" {
			t.Errorf("%+v: %s", f, diff)
		}
	}
	// 60 statements: test.performed are the odd ones, S1 is 1 modulo 3; the last with both is 55.
	if seq, ok, err := s.Latest(t.Context(), seal.TestPerformed, "S1"); seq != 55 || !ok || err != nil {
		t.Errorf("latest is %d, %v, %v", seq, ok, err)
	}
	if _, ok, err := s.Latest(t.Context(), seal.BundleFrozen, "S1"); ok || err != nil {
		t.Errorf("found what is not there: %v, %v", ok, err)
	}
}

// Whatever happened to the file, the next Sync makes it right.
func TestDamagedIndexIsMadeAnew(t *testing.T) {
	damage := map[string]func(path string) error{
		"deleted":        os.Remove,
		"emptied":        func(p string) error { return os.Truncate(p, 0) },
		"cut off":        func(p string) error { return os.Truncate(p, 5000) },
		"no database":    func(p string) error { return os.WriteFile(p, []byte("this is not a database, not at all"), 0o600) },
		"a page of zero": zeroPages,
	}
	l := newLog(t, 300)
	want := fromLog(t, l, everything)
	for name, harm := range damage {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "index.db")
			s := open(t, path)
			follow(t, s, l)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			if err := harm(path); err != nil {
				t.Fatal(err)
			}
			s = open(t, path)
			follow(t, s, l)
			if diff := cmp.Diff(want, all(t, s, Filter{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func zeroPages(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(make([]byte, 4*4096), 2*4096)
	return errors.Join(err, f.Close())
}

func TestIndexOfAnotherLogIsMadeAnew(t *testing.T) {
	for _, n := range []int{3, 20, 40} { // shorter, as long, longer than the other
		first, second := newLog(t, n), newLog(t, 20)
		s := open(t, filepath.Join(t.TempDir(), "index.db"))
		follow(t, s, first)
		follow(t, s, second)
		if diff := cmp.Diff(fromLog(t, second, everything), all(t, s, Filter{})); diff != "" {
			t.Errorf("after %d: %s", n, diff)
		}
	}
}

func TestIndexOfANewerVersionIsMadeAnew(t *testing.T) {
	l := newLog(t, 3)
	path := filepath.Join(t.TempDir(), "index.db")
	s := open(t, path)
	follow(t, s, l)
	if _, err := s.db.Exec("INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, 1); DROP TABLE statements"); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, path)
	follow(t, s, l)
	if got := all(t, s, Filter{}); len(got) != 3 {
		t.Errorf("%d statements", len(got))
	}
}

// brokenReader fails after some entries.
type brokenReader struct {
	*evidence.Log
	after int64
}

var errBroken = errors.New("the disk is gone")

func (b brokenReader) Entries(ctx context.Context, from, to int64, fn func(int64, []byte) error) error {
	if err := b.Log.Entries(ctx, from, min(to, b.after), fn); err != nil {
		return err
	}
	return errBroken
}

// A log that cannot be read is an error, and leaves the index as it was.
func TestUnreadableLogIsAnError(t *testing.T) {
	l := newLog(t, 5)
	s := open(t, filepath.Join(t.TempDir(), "index.db"))
	follow(t, s, l)
	grow(t, l, 5)
	if err := s.Sync(t.Context(), brokenReader{l, 8}); !errors.Is(err, errBroken) {
		t.Fatalf("got %v", err)
	}
	if got := all(t, s, Filter{}); len(got) != 5 {
		t.Errorf("%d statements after a failed sync", len(got))
	}
	follow(t, s, l)
	if got := all(t, s, Filter{}); len(got) != 10 {
		t.Errorf("%d statements", len(got))
	}
}

func TestIndexThatCannotBeMadeIsAnError(t *testing.T) {
	if _, err := Open(filepath.Join(t.TempDir(), "nowhere", "index.db")); err == nil {
		t.Error("an index was opened in a directory that does not exist")
	}
}
