package evidence

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

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

func TestReadOnlyDirectoryIsAnError(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may write everywhere")
	}
	l, dir, keys := create(t)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, keys); err == nil {
		t.Error("a log that cannot be written was opened to append")
	}
}

func TestOneThousandActsByManyCallers(t *testing.T) {
	l, _, _ := create(t)
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			for range 16 {
				if _, err := l.Append(context.Background(), []seal.Statement{act("x")}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if n, err := l.Size(); err != nil || n != 1024 {
		t.Errorf("%d statements, %v", n, err)
	}
}

// A process killed while it appends: everything it acknowledged is there, and
// the log goes on.
func TestKilledWhileAppending(t *testing.T) {
	if dir := os.Getenv("TICKTIE_APPEND_UNTIL_KILLED"); dir != "" {
		appendUntilKilled(dir)
		return
	}
	root := t.TempDir()
	l, err := Create(filepath.Join(root, "log"), filepath.Join(root, "keys"), "ticktie/test")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	for round := range 5 {
		acknowledged := runAndKill(t, root, time.Duration(150+round*60)*time.Millisecond)
		l, err := Open(filepath.Join(root, "log"), filepath.Join(root, "keys"))
		if err != nil {
			t.Fatal(err)
		}
		size, err := l.Size()
		if err != nil || size <= acknowledged {
			t.Fatalf("round %d: statement %d was acknowledged, the log has %d (%v)", round, acknowledged, size, err)
		}
		if _, err := l.Append(t.Context(), []seal.Statement{act("after")}); err != nil {
			t.Fatal(err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func runAndKill(t *testing.T, root string, after time.Duration) int64 {
	t.Helper()
	c := exec.Command(os.Args[0], "-test.run", "^TestKilledWhileAppending$")
	c.Env = append(os.Environ(), "TICKTIE_APPEND_UNTIL_KILLED="+root)
	var out strings.Builder
	c.Stdout = &out
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(after)
	_ = c.Process.Kill()
	_ = c.Wait()
	last := int64(-1)
	for line := range strings.Lines(out.String()) {
		var n int64
		if strings.HasSuffix(line, "\n") {
			if _, err := fmt.Sscanf(line, "sealed %d", &n); err == nil {
				last = n
			}
		}
	}
	return last
}

func appendUntilKilled(root string) {
	l, err := Open(filepath.Join(root, "log"), filepath.Join(root, "keys"))
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	for {
		sealed, err := l.Append(context.Background(), []seal.Statement{act("a"), act("b")})
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Printf("sealed %d\n", sealed[1].Index())
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
