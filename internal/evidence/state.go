package evidence

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/ticktie/ticktie/internal/seal"
)

// Tessera's own files below the log's directory. The state may be lost: it is
// made anew from the checkpoint, and what it held beyond that was never
// acknowledged.
const (
	stateDir  = ".state"
	stateFile = ".state/treeState"
)

// state is what the writer has written, whether or not a checkpoint covers it.
type state struct {
	Size int64  `json:"size"`
	Root []byte `json:"root"`
}

// hasLog reports whether dir holds anything of a log that has begun.
func hasLog(dir string) (bool, error) {
	for _, name := range []string{"checkpoint", "tile"} {
		if _, err := os.Lstat(filepath.Join(dir, name)); err == nil {
			return true, nil
		} else if !errors.Is(err, fs.ErrNotExist) {
			return false, err
		}
	}
	return false, nil
}

// resume finds where the log stands and returns the number of statements that
// are written. Those around the edge are checked: the writer carries what it
// finds there into its next files, and signs it.
func (l *Log) resume() (int64, error) {
	written, found, err := l.readState()
	if err != nil {
		return 0, err
	}
	begun, err := hasLog(l.dir)
	if err != nil {
		return 0, err
	}
	if !begun && written.Size == 0 {
		return 0, nil
	}
	published, err := l.Checkpoint()
	if errors.Is(err, fs.ErrNotExist) {
		return 0, fmt.Errorf("its checkpoint is missing; restore it from a backup or a bundle: %w", err)
	}
	if err != nil {
		return 0, err
	}
	if !found {
		written = published
		if err := l.restoreState(published); err != nil {
			return 0, fmt.Errorf("making its writer's state anew: %w", err)
		}
	}
	return written.Size, l.checkEdge(published, written)
}

// readState reads what the writer has written.
func (l *Log) readState() (c seal.Checkpoint, found bool, err error) {
	path := filepath.Join(l.dir, stateFile)
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return c, false, nil
	}
	if err != nil {
		return c, false, fmt.Errorf("reading its writer's state: %w", err)
	}
	var s state
	if err := json.Unmarshal(b, &s); err != nil || len(s.Root) != len(c.Root) || s.Size < 0 {
		return c, false, fmt.Errorf("its writer's state %s is damaged; remove that file, and it is made anew from the checkpoint", path)
	}
	return seal.Checkpoint{Origin: l.Origin(), Size: s.Size, Root: [32]byte(s.Root)}, true, nil
}

func (l *Log) restoreState(c seal.Checkpoint) error {
	b, err := json.Marshal(state{c.Size, c.Root[:]})
	if err != nil {
		return err
	}
	dir := filepath.Join(l.dir, stateDir)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return writeNew(dir, filepath.Base(stateFile), string(b), 0o600)
}

// checkEdge checks that what is written extends what is published, and that
// the statements on both sides of that edge are what the tree says.
func (l *Log) checkEdge(published, written seal.Checkpoint) error {
	if written.Size < published.Size {
		return fmt.Errorf("its writer's state has %d statements, its checkpoint %d: its files are of different times; restore all of them from one backup", written.Size, published.Size)
	}
	if written.Size == 0 {
		return nil
	}
	var proof tlog.TreeProof
	var err error
	if published.Size > 0 {
		if proof, err = tlog.ProveTree(written.Size, published.Size, l.hashes(written)); err != nil {
			return fmt.Errorf("checking what its writer left: %w", err)
		}
	}
	if err := seal.CheckConsistency(published, written, proof); err != nil {
		return fmt.Errorf("checking what its writer left: %w", err)
	}
	for n := max(0, published.Size-1) / 256; n*256 < written.Size; n++ {
		if err := l.checkBundle(n, written); err != nil {
			return err
		}
	}
	return nil
}

func (l *Log) checkBundle(n int64, written seal.Checkpoint) error {
	entries, err := l.bundle(n, written.Size, l.hashes(written))
	if err != nil {
		return err
	}
	for i, e := range entries {
		s, err := seal.Decode(e)
		if err != nil {
			return fmt.Errorf("statement %d: %w", n*256+int64(i), err)
		}
		if s.Seq != n*256+int64(i) {
			return fmt.Errorf("statement %d says that it is number %d", n*256+int64(i), s.Seq)
		}
		l.last = s.At
	}
	return nil
}

// writable is an error where Tessera could not write: it would end the process.
// A log that runs has a directory of state; one that starts may not have it yet.
func writable(dir string, running bool) error {
	paths := []string{dir}
	if running {
		paths = append(paths, filepath.Join(dir, stateDir))
	}
	for _, name := range []string{stateDir, stateFile, stateFile + ".lock", ".state/publish.lock"} {
		if path := filepath.Join(dir, name); exists(path) {
			paths = append(paths, path)
		}
	}
	const write = 2
	for _, path := range paths {
		if err := syscall.Access(path, write); err != nil {
			return fmt.Errorf("%s cannot be written (%w); give this user the right to, or run as the user who may", path, err)
		}
	}
	return nil
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
