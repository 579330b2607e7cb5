package evidence

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/ticktie/ticktie/internal/engagement"
	"github.com/ticktie/ticktie/internal/seal"
)

func act(subject string) seal.Statement {
	return seal.Statement{Type: seal.TestPerformed, Subject: subject, Role: engagement.Machine}
}

func create(t *testing.T, options ...Option) (*Log, string, string) {
	t.Helper()
	root := t.TempDir()
	dir, keys := filepath.Join(root, "log"), filepath.Join(root, "keys")
	l, err := Create(dir, keys, "ticktie/test", options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l, dir, keys
}

func TestAppendThenRead(t *testing.T) {
	l, dir, keys := create(t)
	for i := range 3 {
		var acts []seal.Statement
		for j := range 100 {
			acts = append(acts, act(fmt.Sprintf("T%d-%d", i, j)))
		}
		sealed, err := l.Append(t.Context(), acts)
		if err != nil {
			t.Fatal(err)
		}
		for j, s := range sealed {
			v, err := s.Value()
			if err != nil || v.Seq != int64(i*100+j) || v.Subject != acts[j].Subject {
				t.Fatalf("act %d of batch %d is %+v, %v", j, i, v, err)
			}
		}
	}
	early, err := l.CheckpointText()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Append(t.Context(), []seal.Statement{act("last")}); err != nil {
		t.Fatal(err)
	}
	r, err := OpenReader(dir, filepath.Join(keys, "log.pub"))
	if err != nil {
		t.Fatal(err)
	}
	var entries [][]byte
	if err := r.Entries(t.Context(), 0, 301, func(_ int64, e []byte) error { entries = append(entries, e); return nil }); err != nil {
		t.Fatal(err)
	}
	c, err := r.Checkpoint()
	if err != nil || c.Size != 301 || c.Root != seal.Root(entries) {
		t.Fatalf("checkpoint %+v, %v; the entries have the root %x", c, err, seal.Root(entries))
	}
	if _, err := r.ProveInclusion(299); err != nil {
		t.Error(err)
	}
	if older, newer, err := r.CheckExtends(early); err != nil || older.Size != 300 || newer.Size != 301 {
		t.Errorf("%+v %+v %v", older, newer, err)
	}
	if root, err := r.RootAt(257); err != nil || root != seal.Root(entries[:257]) {
		t.Errorf("root at 257: %x, %v", root, err)
	}
	tilesAgree(t, dir, entries)
}

// The files that Tessera wrote are those that we compute from the entries.
func tilesAgree(t *testing.T, dir string, entries [][]byte) {
	t.Helper()
	tiles, err := seal.Tiles(entries)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range tiles {
		got, err := os.ReadFile(filepath.Join(dir, path))
		if err != nil || string(got) != string(want) {
			t.Errorf("%s differs (%v)", path, err)
		}
	}
}

func TestReopenGoesOn(t *testing.T) {
	l, dir, keys := create(t)
	if _, err := l.Append(t.Context(), []seal.Statement{act("a"), act("b")}); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, keys); !errors.Is(err, ErrLocked) {
		t.Errorf("a second writer: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(dir, keys, "ticktie/test"); err == nil {
		t.Error("a log was created over another")
	}
	l, err := Open(dir, keys)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	sealed, err := l.Append(t.Context(), []seal.Statement{act("c")})
	if err != nil || sealed[0].Index() != 2 {
		t.Fatalf("%v %v", sealed, err)
	}
}

func TestClockMayNotRunBackwards(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	l, _, _ := create(t, WithClock(func() time.Time { return now }))
	if _, err := l.Append(t.Context(), []seal.Statement{act("a")}); err != nil {
		t.Fatal(err)
	}
	now = now.Add(-time.Second)
	if _, err := l.Append(t.Context(), []seal.Statement{act("b")}); !errors.Is(err, ErrClock) {
		t.Fatalf("got %v", err)
	}
	now = now.Add(time.Hour)
	if sealed, err := l.Append(t.Context(), []seal.Statement{act("c")}); err != nil || sealed[0].Index() != 1 {
		t.Fatalf("after the clock was set right: %v", err)
	}
}

func TestAlteredFilesAreNamed(t *testing.T) {
	for _, part := range []string{"tile/entries/000.p/3", "tile/0/000.p/3", "checkpoint"} {
		l, dir, keys := create(t)
		if _, err := l.Append(t.Context(), []seal.Statement{act("a"), act("b"), act("c")}); err != nil {
			t.Fatal(err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, part)
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		b[len(b)/2] ^= 1
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := OpenReader(dir, filepath.Join(keys, "log.pub"))
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Entries(t.Context(), 0, 3, func(int64, []byte) error { return nil }); err == nil {
			t.Errorf("%s was altered and nobody noticed", part)
		}
	}
}

// Many callers share writes; each keeps its own acts together and in order.
func TestManyCallers(t *testing.T) {
	l, _, _ := create(t)
	appendByMany(t, l, 64, 4)
	check(t, l.Reader, 64*4)
}

func appendByMany(t testing.TB, l *Log, callers, acts int) {
	var wg sync.WaitGroup
	for caller := range callers {
		wg.Go(func() {
			for n := range acts {
				sealed, err := l.Append(t.Context(), []seal.Statement{act(fmt.Sprintf("%d-%d", caller, n))})
				if err != nil {
					t.Error(err)
					return
				}
				if s, err := sealed[0].Value(); err != nil || s.Subject != fmt.Sprintf("%d-%d", caller, n) {
					t.Errorf("%+v, %v", s, err)
				}
			}
		})
	}
	wg.Wait()
}

// More acts in one call than one write takes stay together, though others
// append at the same time.
func TestOneCallStaysTogether(t *testing.T) {
	l, _, _ := create(t)
	var wg sync.WaitGroup
	for caller := range 4 {
		wg.Go(func() {
			var acts []seal.Statement
			for range 1500 {
				acts = append(acts, act(fmt.Sprint(caller)))
			}
			sealed, err := l.Append(t.Context(), acts)
			if err != nil {
				t.Error(err)
				return
			}
			for i, s := range sealed {
				if v, err := s.Value(); err != nil || v.Seq != sealed[0].Index()+int64(i) || v.Subject != acts[i].Subject {
					t.Errorf("act %d of caller %d is %+v, %v", i, caller, v, err)
				}
			}
		})
	}
	wg.Wait()
	check(t, l.Reader, 6000)
}

// What one caller does wrong does not harm another, and takes no number.
func TestBadActHarmsNobodyElse(t *testing.T) {
	l, _, _ := create(t)
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			a := act("good")
			if i%2 == 0 {
				a.Reason = strings.Repeat("x", seal.MaxStatement)
			}
			if _, err := l.Append(t.Context(), []seal.Statement{act("first"), a}); (err == nil) != (i%2 == 1) {
				t.Errorf("caller %d: %v", i, err)
			}
		})
	}
	wg.Wait()
	check(t, l.Reader, 20)
}

func TestAppendGivenUp(t *testing.T) {
	l, _, _ := create(t)
	appendN(t, l, 1)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := l.Append(ctx, []seal.Statement{act("never")}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	ctx, cancel = context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := l.Append(ctx, []seal.Statement{act("perhaps")}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	appendN(t, l, 1)
	check(t, l.Reader, 3) // the second was on its way
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Append(t.Context(), []seal.Statement{act("late")}); !errors.Is(err, ErrClosed) {
		t.Errorf("got %v", err)
	}
}

func TestSignatures(t *testing.T) {
	l, _, keys := create(t)
	appendN(t, l, 300)
	b, err := os.ReadFile(filepath.Join(keys, pubFile))
	if err != nil {
		t.Fatal(err)
	}
	v, err := seal.ParseVerifier(string(b))
	if err != nil {
		t.Fatal(err)
	}
	text, err := l.TrimmedCheckpoint(257)
	if err != nil {
		t.Fatal(err)
	}
	older, err := seal.OpenCheckpoint(text, v)
	if err != nil || older.Size != 257 || older.Origin != "ticktie/test" {
		t.Fatalf("%+v, %v", older, err)
	}
	again, err := l.TrimmedCheckpoint(257)
	if err != nil || string(again) != string(text) {
		t.Errorf("another text: %s, %v", again, err)
	}
	proof, newer, err := l.ProveConsistency(257)
	if err != nil {
		t.Fatal(err)
	}
	if err := seal.CheckConsistency(older, newer, proof); err != nil {
		t.Error(err)
	}
	older.Root[0] ^= 1
	if err := seal.CheckConsistency(older, newer, proof); err == nil {
		t.Error("another root is called consistent")
	}
	signed, err := l.Sign([]byte("a manifest\n"))
	if err != nil {
		t.Fatal(err)
	}
	if n, err := note.Open(signed, note.VerifierList(v)); err != nil || n.Text != "a manifest\n" {
		t.Errorf("%v, %v", n, err)
	}
	for _, size := range []int64{-1, 301} {
		if _, err := l.TrimmedCheckpoint(size); err == nil {
			t.Errorf("a checkpoint of %d statements", size)
		}
		if _, _, err := l.ProveConsistency(size); err == nil {
			t.Errorf("a proof for %d statements", size)
		}
	}
}

// 64 callers, about a thousand acts: the goal is 2 s, one act each at a time.
func BenchmarkOneThousandActsBy64(b *testing.B) {
	root := b.TempDir()
	l, err := Create(filepath.Join(root, "log"), filepath.Join(root, "keys"), "ticktie/test")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	for b.Loop() {
		appendByMany(b, l, 64, 16)
	}
}

func BenchmarkOneActAfterAPause(b *testing.B) {
	root := b.TempDir()
	l, err := Create(filepath.Join(root, "log"), filepath.Join(root, "keys"), "ticktie/test")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	for b.Loop() {
		b.StopTimer()
		time.Sleep(150 * time.Millisecond)
		b.StartTimer()
		if _, err := l.Append(b.Context(), []seal.Statement{act("x")}); err != nil {
			b.Fatal(err)
		}
	}
}
