// Package store is an index of a workspace's log in SQLite, so that pages and
// commands need not read the log from its start. The log is the record: nobody
// trusts the index, it may be lost at any time, and Sync makes it anew. It
// proves nothing; whoever needs a proof asks the log.
package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"sync"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/ticktie/ticktie/internal/seal"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Reader is the log as the index reads it.
type Reader interface {
	// Size is the number of statements that the signed checkpoint covers.
	Size() (int64, error)
	// Entries calls fn for each entry from index from up to, not including, to;
	// each is checked against the checkpoint.
	Entries(ctx context.Context, from, to int64, fn func(index int64, entry []byte) error) error
}

// Store is the index. Its methods may be called at the same time.
type Store struct {
	path string
	mu   sync.RWMutex // held to write while db is replaced
	db   *sql.DB
}

// errStale is the kind of error of an index that this version cannot use and
// that is made anew.
var errStale = errors.New("the index was written by a newer version")

// Open opens the index at path, or makes it. A damaged file, or one of a newer
// version, is replaced by an empty index, which the next Sync fills.
func Open(path string) (*Store, error) {
	s := &Store{path: path}
	var err error
	if s.db, err = connect(path); replaceable(err) {
		err = s.replace()
	}
	if err != nil {
		return nil, fmt.Errorf("opening the index %s: %w", path, err)
	}
	return s, nil
}

// Close closes the index.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.db.Close()
}

// connect opens a database whose pages are sound and whose schema is ours.
func connect(path string) (*sql.DB, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	options := url.Values{"_txlock": {"immediate"}, "_pragma": {
		"busy_timeout(10000)", "journal_mode(wal)", "synchronous(normal)", "mmap_size(268435456)",
	}}
	u := url.URL{Scheme: "file", Path: filepath.ToSlash(abs), RawQuery: options.Encode()}
	db, err := sql.Open("sqlite", u.String())
	if err != nil {
		return nil, err
	}
	if err := errors.Join(sound(db), migrate(db)); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

func sound(db *sql.DB) error {
	var word string
	if err := db.QueryRow("PRAGMA quick_check(1)").Scan(&word); err != nil {
		return err
	}
	if word != "ok" {
		return fmt.Errorf("%w: %s", errDamaged, word)
	}
	return nil
}

var errDamaged = errors.New("the index is damaged")

func migrate(db *sql.DB) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db, files)
	if err != nil {
		return err
	}
	ctx := context.Background() // short, and half a migration helps nobody
	have, known, err := p.GetVersions(ctx)
	if err != nil {
		return err
	}
	if have > known {
		return fmt.Errorf("%w: its schema is %d, this version knows %d", errStale, have, known)
	}
	_, err = p.Up(ctx)
	return err
}

// replaceable reports whether the file itself is at fault, not the disk or a
// permission.
func replaceable(err error) bool {
	var e *sqlite.Error
	if errors.As(err, &e) {
		primary := e.Code() & 0xff
		return primary == sqlite3.SQLITE_NOTADB || primary == sqlite3.SQLITE_CORRUPT
	}
	return errors.Is(err, errDamaged) || errors.Is(err, errStale)
}

// replace removes the file and begins an empty index in its place.
func (s *Store) replace() error {
	if s.db != nil {
		_ = s.db.Close() // it is given up
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(s.path + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("replacing a damaged index: %w", err)
		}
	}
	db, err := connect(s.path)
	if err != nil {
		return err
	}
	s.db = db
	return nil
}

// Sync brings the index up to the log's signed checkpoint. An index that does
// not belong to this log, or is damaged, is made anew.
func (s *Store) Sync(ctx context.Context, r Reader) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	have, ours, err := s.compare(ctx, r)
	switch {
	case replaceable(err):
		return s.renew(ctx, r)
	case err != nil:
		return fmt.Errorf("bringing the index %s up to date: %w", s.path, err)
	case !ours:
		return s.renew(ctx, r)
	}
	err = s.add(ctx, r, have)
	if replaceable(err) {
		return s.renew(ctx, r)
	}
	if err != nil {
		return fmt.Errorf("bringing the index %s up to date: %w", s.path, err)
	}
	return nil
}

// Rebuild makes the index anew from the whole log.
func (s *Store) Rebuild(ctx context.Context, r Reader) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.renew(ctx, r)
}

func (s *Store) renew(ctx context.Context, r Reader) error {
	err := s.replace()
	if err == nil {
		err = s.add(ctx, r, 0)
	}
	if err != nil {
		return fmt.Errorf("making the index %s anew from the log: %w", s.path, err)
	}
	return nil
}

// compare returns the number of statements in the index, and whether they are
// the first of this log. The last one stands for all: it is chosen by its
// number, and the rows before it were written with it or earlier.
func (s *Store) compare(ctx context.Context, r Reader) (have int64, ours bool, err error) {
	var last sql.NullInt64
	if err := s.db.QueryRowContext(ctx, "SELECT count(*), max(seq) FROM statements").Scan(&have, &last); err != nil {
		return 0, false, err
	}
	size, err := r.Size()
	if err != nil {
		return 0, false, err
	}
	if have == 0 {
		return 0, true, nil
	}
	if have > size || last.Int64 != have-1 {
		return have, false, nil
	}
	var hash []byte
	if err := s.db.QueryRowContext(ctx, "SELECT sha256 FROM statements WHERE seq = ?", have-1).Scan(&hash); err != nil {
		return 0, false, err
	}
	err = r.Entries(ctx, have-1, have, func(_ int64, entry []byte) error {
		want := sha256.Sum256(entry)
		ours = bytes.Equal(hash, want[:])
		return nil
	})
	return have, ours, err
}

// add appends the log's statements from index from in one transaction.
func (s *Store) add(ctx context.Context, r Reader, from int64) error {
	size, err := r.Size()
	if err != nil || from >= size {
		return err
	}
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // after a commit there is nothing to undo
	insert, err := tx.PrepareContext(ctx, "INSERT INTO statements (seq, type, subject, entry, sha256) VALUES (?, ?, ?, ?, ?)")
	if err != nil {
		return err
	}
	defer insert.Close()
	err = r.Entries(ctx, from, size, func(seq int64, entry []byte) error {
		st, err := seal.Decode(entry)
		if err != nil {
			return fmt.Errorf("statement %d: %w", seq, err)
		}
		hash := sha256.Sum256(entry)
		_, err = insert.ExecContext(ctx, seq, st.Type, st.Subject, entry, hash[:])
		return err
	})
	if err != nil {
		return err
	}
	return tx.Commit()
}
