package evidence

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ticktie/ticktie/internal/seal"
)

// What harms a process as a whole runs in a child: this binary again, with the
// name of a child and the workspace's directory.
var children = map[string]func(root string) error{
	"append until killed":   appendUntilKilled,
	"append on a full disk": appendOnFullDisk,
	"append without rights": appendWithoutRights,
}

func TestChild(*testing.T) {
	run, known := children[os.Getenv("TICKTIE_TEST_CHILD")]
	if !known {
		return
	}
	if err := run(os.Getenv("TICKTIE_TEST_ROOT")); err != nil {
		fmt.Println("failed:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func child(ctx context.Context, name, root string) (*exec.Cmd, *strings.Builder) {
	c := exec.CommandContext(ctx, os.Args[0], "-test.run", "^TestChild$")
	c.Env = append(os.Environ(), "TICKTIE_TEST_CHILD="+name, "TICKTIE_TEST_ROOT="+root)
	var out strings.Builder
	c.Stdout, c.Stderr = &out, &out
	return c, &out
}

func openIn(root string) (*Log, error) {
	return Open(filepath.Join(root, "log"), filepath.Join(root, "keys"))
}

// closed makes a workspace with n statements that nobody has open.
func closed(t *testing.T, n int) string {
	t.Helper()
	l, dir, _ := create(t)
	appendN(t, l, n)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return filepath.Dir(dir)
}

// A process killed while it appends: everything it acknowledged is there, and
// the log goes on.
func TestKilledWhileAppending(t *testing.T) {
	root := closed(t, 1)
	for round := range 5 {
		acknowledged := runAndKill(t, root, time.Duration(150+round*61)*time.Millisecond)
		l, err := openIn(root)
		if err != nil {
			t.Fatal(err)
		}
		size, err := l.Size()
		if err != nil || size <= acknowledged {
			t.Fatalf("round %d: statement %d was acknowledged, the log has %d (%v)", round, acknowledged, size, err)
		}
		appendN(t, l, 1)
		check(t, l.Reader, size+1)
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func runAndKill(t *testing.T, root string, after time.Duration) int64 {
	t.Helper()
	c, out := child(t.Context(), "append until killed", root)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(after)
	_ = c.Process.Kill()
	_ = c.Wait()
	last := int64(-1)
	for line := range strings.Lines(out.String()) {
		var n int64
		if _, err := fmt.Sscanf(line, "sealed %d\n", &n); err == nil && strings.HasSuffix(line, "\n") {
			last = n
		}
	}
	return last
}

func appendUntilKilled(root string) error {
	l, err := openIn(root)
	if err != nil {
		return err
	}
	for {
		sealed, err := l.Append(context.Background(), []seal.Statement{act("a"), act("b")})
		if err != nil {
			return err
		}
		fmt.Printf("sealed %d\n", sealed[1].Index())
	}
}

// A disk that takes no more: an error, nothing acknowledged, and the log goes
// on once there is room.
func TestFullDisk(t *testing.T) {
	root := closed(t, 3)
	c, out := child(t.Context(), "append on a full disk", root)
	if err := c.Run(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	l, err := openIn(root)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	check(t, l.Reader, 3)
	appendN(t, l, 2)
	check(t, l.Reader, 5)
}

func appendOnFullDisk(root string) error {
	l, err := openIn(root)
	if err != nil {
		return err
	}
	signal.Ignore(syscall.SIGXFSZ) // so that the write fails, as on a full disk
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 300, Max: 300}); err != nil {
		return err
	}
	_, err = l.Append(context.Background(), []seal.Statement{act("a")})
	if !errors.Is(err, syscall.EFBIG) && (err == nil || !strings.Contains(err.Error(), "file too large")) {
		return fmt.Errorf("appending on a full disk: %w", err)
	}
	if _, err := l.Append(context.Background(), []seal.Statement{act("b")}); err == nil || !strings.Contains(err.Error(), "open the workspace again") {
		return fmt.Errorf("appending after a failure: %w", err)
	}
	_ = l.Close()
	return nil
}

// Rights that are missing, or go missing, are errors; the writer would end the
// process.
func TestMissingRights(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give up its rights")
	}
	root := closed(t, 3)
	for _, path := range []string{filepath.Dir(root), root} {
		if err := os.Chmod(path, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	c, out := child(t.Context(), "append without rights", root)
	if err := c.Run(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

func appendWithoutRights(root string) error {
	const nobody = 65534
	if err := filepath.WalkDir(root, func(path string, _ os.DirEntry, err error) error {
		return errors.Join(err, os.Chown(path, nobody, nobody))
	}); err != nil {
		return err
	}
	if err := syscall.Setresuid(nobody, nobody, nobody); err != nil {
		return err
	}
	dir := filepath.Join(root, "log")
	for _, path := range []string{dir, filepath.Join(dir, stateDir), filepath.Join(dir, stateFile+".lock"), filepath.Join(dir, stateFile)} {
		if err := withoutRight(root, path); err != nil {
			return err
		}
	}
	return nil
}

// withoutRight takes the right to write path away, before and after opening.
func withoutRight(root, path string) error {
	i, err := os.Stat(path)
	if err != nil {
		return err
	}
	give := func(mode os.FileMode) error { return os.Chmod(path, mode) }
	if err := give(i.Mode().Perm() &^ 0o222); err != nil {
		return err
	}
	if l, err := openIn(root); !errors.Is(err, os.ErrPermission) {
		return fmt.Errorf("opening without the right to write %s: %v, %w", path, l, err)
	}
	if err := give(i.Mode().Perm()); err != nil {
		return err
	}
	l, err := openIn(root)
	if err != nil {
		return err
	}
	if err := give(i.Mode().Perm() &^ 0o222); err != nil {
		return err
	}
	if _, err := l.Append(context.Background(), []seal.Statement{act("a")}); !errors.Is(err, os.ErrPermission) {
		return fmt.Errorf("appending without the right to write %s: %w", path, err)
	}
	if err := give(i.Mode().Perm()); err != nil {
		return err
	}
	if _, err := l.Append(context.Background(), []seal.Statement{act("a")}); err != nil {
		return fmt.Errorf("appending once the right to write %s is back: %w", path, err)
	}
	return l.Close()
}
