// Package fieldwork runs the stages in order and seals each output. It alone
// knows the order of the work; what a stage does is the stage's, what an
// outcome means is a person's.
//
// Order of writes: objects first, each durable under its digest; then the
// statements that name them, acknowledged when a signed checkpoint covers
// them; then the index. A crash leaves at worst objects that nothing names.
package fieldwork

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/ticktie/ticktie/internal/engagement"
	"github.com/ticktie/ticktie/internal/evidence"
	"github.com/ticktie/ticktie/internal/objects"
	"github.com/ticktie/ticktie/internal/seal"
	"github.com/ticktie/ticktie/internal/store"
)

// Workspace is one .ticktie directory: objects, one log, one set of keys.
type Workspace struct {
	Dir     string // the .ticktie directory itself
	Objects *objects.Store
	Reader  *evidence.Reader

	log   *evidence.Log // nil when opened to read
	index *store.Store  // nil when opened to read
}

// Name of the directory beside a program.
const workspaceName = ".ticktie"

// ErrNoWorkspace is the kind of error for a directory without evidence.
var ErrNoWorkspace = errors.New("there is no workspace here")

func logDir(dir string) string  { return filepath.Join(dir, "log") }
func keysDir(dir string) string { return filepath.Join(dir, "keys") }

// IndexPath is the index database of the workspace under root.
func IndexPath(root string) string { return filepath.Join(root, workspaceName, "index.db") }

// Exists reports whether root holds a workspace.
func Exists(root string) bool {
	_, err := os.Stat(filepath.Join(keysDir(filepath.Join(root, workspaceName)), "log.pub"))
	return err == nil
}

// CreateWorkspace makes root/.ticktie with a new key and a log whose first
// statement says so. An existing workspace is an error: evidence is never overwritten.
func CreateWorkspace(ctx context.Context, root, origin, version string) error {
	dir := filepath.Join(root, workspaceName)
	if Exists(root) {
		return fmt.Errorf("creating a workspace in %s: there is one already; its evidence is kept", root)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("creating a workspace in %s: %w", root, err)
	}
	l, err := evidence.Create(logDir(dir), keysDir(dir), origin)
	if err != nil {
		return fmt.Errorf("creating a workspace in %s: %w", root, err)
	}
	_, err = l.Append(ctx, []seal.Statement{{
		Type: seal.WorkspaceCreated, Subject: origin, Role: engagement.Machine, Binary: version,
	}})
	return errors.Join(err, l.Close())
}

// OpenWorkspace opens root/.ticktie to read it, without a lock.
func OpenWorkspace(root string) (*Workspace, error) {
	w, err := openParts(root)
	if err != nil {
		return nil, err
	}
	w.Reader, err = evidence.OpenReader(logDir(w.Dir), filepath.Join(keysDir(w.Dir), "log.pub"))
	if err != nil {
		return nil, fmt.Errorf("opening the workspace %s: %w", w.Dir, err)
	}
	return w, nil
}

// OpenWorkspaceToWrite opens root/.ticktie; one process at a time may.
func OpenWorkspaceToWrite(root string) (*Workspace, error) {
	w, err := openParts(root)
	if err != nil {
		return nil, err
	}
	w.log, err = evidence.Open(logDir(w.Dir), keysDir(w.Dir))
	if err != nil {
		return nil, fmt.Errorf("opening the workspace %s: %w", w.Dir, err)
	}
	w.Reader, err = evidence.OpenReader(logDir(w.Dir), filepath.Join(keysDir(w.Dir), "log.pub"))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening the workspace %s: %w", w.Dir, err), w.Close())
	}
	w.index, err = store.Open(IndexPath(root))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening the workspace %s: %w", w.Dir, err), w.Close())
	}
	return w, nil
}

func openParts(root string) (*Workspace, error) {
	dir := filepath.Join(root, workspaceName)
	if !Exists(root) {
		return nil, fmt.Errorf("%w: %s has no %s directory with keys; run `ticktie init` there first", ErrNoWorkspace, root, workspaceName)
	}
	o, err := objects.Open(filepath.Join(dir, "objects"))
	if err != nil {
		return nil, err
	}
	return &Workspace{Dir: dir, Objects: o}, nil
}

// Close releases the lock. What was acknowledged is already durable.
func (w *Workspace) Close() error {
	var errs []error
	if w.index != nil {
		errs = append(errs, w.index.Close())
	}
	if w.log != nil {
		errs = append(errs, w.log.Close())
	}
	return errors.Join(errs...)
}

// Append seals the statements together and brings the index up to date. The
// statements are acknowledged even if the index then fails: it can be rebuilt.
func (w *Workspace) Append(ctx context.Context, acts []seal.Statement) error {
	if len(acts) == 0 {
		return nil
	}
	if w.log == nil {
		return fmt.Errorf("recording %d acts: the workspace was opened to read", len(acts))
	}
	if _, err := w.log.Append(ctx, acts); err != nil {
		return fmt.Errorf("recording %d acts in the log %s: %w", len(acts), logDir(w.Dir), err)
	}
	if w.index == nil {
		return nil
	}
	if err := w.index.Sync(ctx, w.Reader); err != nil {
		return fmt.Errorf("the acts are sealed, but the index could not follow: %w; run `ticktie log rebuild`", err)
	}
	return nil
}

// Signer returns the log, which signs manifests and checkpoints; nil when
// the workspace was opened to read.
func (w *Workspace) Signer() *evidence.Log { return w.log }

// PublicKey is the log's verifier key as text.
func (w *Workspace) PublicKey() (string, error) {
	b, err := os.ReadFile(filepath.Join(keysDir(w.Dir), "log.pub"))
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("reading the log's public key: %s/log.pub is missing; restore it from a bundle or backup", keysDir(w.Dir))
	}
	return string(b), err
}

// TempDir makes a private directory on the objects' file system; the caller
// removes it by calling done.
func (w *Workspace) TempDir() (dir string, done func(), err error) {
	dir, err = os.MkdirTemp(w.Objects.TempDir(), "work-")
	if err != nil {
		return "", nil, fmt.Errorf("making a working directory: %w", err)
	}
	return dir, func() { _ = os.RemoveAll(dir) }, nil
}

// clock is UTC with the log's precision.
func clock() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// RebuildIndex makes the index anew from the log and returns how many
// statements it holds.
func RebuildIndex(ctx context.Context, root string) (int64, error) {
	w, err := OpenWorkspaceToWrite(root)
	if err != nil {
		return 0, err
	}
	if err := w.index.Rebuild(ctx, w.Reader); err != nil {
		return 0, errors.Join(fmt.Errorf("rebuilding the index: %w", err), w.Close())
	}
	n, err := w.Reader.Size()
	return n, errors.Join(err, w.Close())
}
