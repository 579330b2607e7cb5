package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/ticktie/ticktie/internal/seal"
)

// defaultLimit is the length of a page that names none.
const defaultLimit = 100

// Filter says which statements to list. Pages are by key: the next one begins
// after the last statement of this one, however the log has grown since.
type Filter struct {
	Type     string // "": every type
	Subject  string // "": every subject
	AfterSeq *int64 // only statements with a larger number; nil: from the first
	Limit    int    // at most so many; 0: 100
}

// Statements lists statements in the order of the log.
func (s *Store) Statements(ctx context.Context, f Filter) ([]seal.Statement, error) {
	query, args := f.query()
	s.mu.RLock()
	defer s.mu.RUnlock()
	rows, err := s.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("listing statements from the index %s: %w", s.path, err)
	}
	defer rows.Close()
	var out []seal.Statement
	for rows.Next() {
		var entry []byte
		if err := rows.Scan(&entry); err != nil {
			return nil, fmt.Errorf("listing statements from the index %s: %w", s.path, err)
		}
		st, err := seal.Decode(entry)
		if err != nil {
			return nil, fmt.Errorf("listing statements from the index %s: %w; run `ticktie log rebuild`", s.path, err)
		}
		out = append(out, st)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("listing statements from the index %s: %w", s.path, err)
	}
	return out, nil
}

func (f Filter) query() (string, []any) {
	var where []string
	var args []any
	condition := func(text string, value any) {
		where, args = append(where, text), append(args, value)
	}
	if f.Type != "" {
		condition("type = ?", f.Type)
	}
	if f.Subject != "" {
		condition("subject = ?", f.Subject)
	}
	if f.AfterSeq != nil {
		condition("seq > ?", *f.AfterSeq)
	}
	query := "SELECT entry FROM statements"
	if len(where) > 0 {
		query += " WHERE " + strings.Join(where, " AND ")
	}
	limit := f.Limit
	if limit <= 0 {
		limit = defaultLimit
	}
	return query + " ORDER BY seq LIMIT ?", append(args, limit)
}

// Latest is the number of the last statement of a type about a subject; false
// if there is none.
func (s *Store) Latest(ctx context.Context, statementType, subject string) (seq int64, ok bool, err error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	err = s.db.QueryRowContext(ctx, "SELECT seq FROM statements WHERE type = ? AND subject = ? ORDER BY seq DESC LIMIT 1", statementType, subject).Scan(&seq)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, fmt.Errorf("looking up the last %s of %s in the index %s: %w", statementType, subject, s.path, err)
	}
	return seq, true, nil
}
