package duckdb

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/ticktie/ticktie/internal/objects"
	"github.com/ticktie/ticktie/internal/population"
)

// Reader reads frozen populations with DuckDB. Each call has a session of its
// own, which can read the snapshots' objects and nothing else.
type Reader struct {
	config Config
	store  *objects.Store
}

var _ population.Reader = (*Reader)(nil)

// NewReader returns a Reader of the populations in a store.
func NewReader(cfg Config, store *objects.Store) *Reader { return &Reader{cfg, store} }

// session opens a database with a view for each snapshot and shuts the rest of
// the machine out.
func (r *Reader) session(ctx context.Context, snaps map[string]*population.Snapshot) (*sql.Conn, func(), error) {
	var paths []string
	for _, id := range slices.Sorted(maps.Keys(snaps)) {
		for _, d := range []objects.Digest{snaps[id].Data, snaps[id].Restricted} {
			if d == "" {
				continue
			}
			if !r.store.Has(d) {
				return nil, nil, fmt.Errorf("population %s: %w: %s", id, objects.ErrMissing, d)
			}
			paths = append(paths, r.store.Path(d))
		}
	}
	spill := r.config.TempDir
	if spill == "" {
		spill = r.store.TempDir()
	}
	dir, err := os.MkdirTemp(spill, "read-")
	if err != nil {
		return nil, nil, fmt.Errorf("opening DuckDB: %w", err)
	}
	config := r.config
	config.TempDir = dir
	db, err := database(ctx, config)
	if err != nil {
		return nil, nil, errors.Join(err, os.RemoveAll(dir))
	}
	done := func() { _ = db.Close(); _ = os.RemoveAll(dir) }
	conn, err := db.Conn(ctx)
	if err == nil {
		err = harden(ctx, conn, paths)
	}
	if err == nil {
		err = createViews(ctx, conn, r.store, snaps)
	}
	if err != nil {
		done()
		return nil, nil, err
	}
	return conn, func() { _ = conn.Close(); done() }, nil
}

// harden leaves a session only the named files. The SQL of a program is
// trusted, its mistakes are not.
func harden(ctx context.Context, conn *sql.Conn, paths []string) error {
	list := "[]"
	if len(paths) > 0 {
		list = "[" + strings.Trim(literals(paths), "()") + "]"
	}
	for _, q := range []string{
		"SET allowed_paths = " + list, "SET enable_external_access = false", "SET lock_configuration = true",
	} {
		if _, err := conn.ExecContext(ctx, q); err != nil {
			return fmt.Errorf("closing the session to other files: %w", err)
		}
	}
	return nil
}

// Rows implements population.Reader. Values are exact text: decimals at their
// scale, timestamps in UTC with microseconds, dates ISO 8601, booleans true and
// false. A column of floating point numbers is an error: its sums are not exact.
func (r *Reader) Rows(ctx context.Context, snaps map[string]*population.Snapshot, query string, fn func(values []*string) error) error {
	conn, done, err := r.session(ctx, snaps)
	if err != nil {
		return err
	}
	defer done()
	query = strings.TrimRight(strings.TrimSpace(query), ";")
	names, err := exactTexts(ctx, conn, query)
	if err != nil {
		return err
	}
	rows, err := conn.QueryContext(ctx, "SELECT "+names+" FROM ("+query+"\n)")
	if err != nil {
		return fmt.Errorf("reading populations: %w", err)
	}
	defer rows.Close()
	return eachRow(rows, fn)
}

// exactTexts lists the columns of a query, each cast to its exact text.
func exactTexts(ctx context.Context, conn *sql.Conn, query string) (string, error) {
	rows, err := conn.QueryContext(ctx, "SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM ("+query+"\n))")
	if err != nil {
		return "", fmt.Errorf("reading populations: %w", err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var name, typ string
		if err := rows.Scan(&name, &typ); err != nil {
			return "", fmt.Errorf("reading populations: %w", err)
		}
		if typ == "DOUBLE" || typ == "FLOAT" {
			return "", fmt.Errorf("%s is a floating point number (%s), which is not exact: compare sums or counts of decimals in place of averages and quotients", name, typ)
		}
		out = append(out, exactText(ident(name), typ))
	}
	if err := rows.Err(); err != nil {
		return "", fmt.Errorf("reading populations: %w", err)
	}
	return strings.Join(out, ", "), nil
}

// exactText is the SQL of a value's exact text.
func exactText(column, typ string) string {
	if strings.HasPrefix(typ, "TIMESTAMP") {
		return fmt.Sprintf("strftime(CAST(%s AS TIMESTAMP), '%%Y-%%m-%%dT%%H:%%M:%%S.%%fZ')", column)
	}
	return "CAST(" + column + " AS VARCHAR)"
}

func eachRow(rows *sql.Rows, fn func([]*string) error) error {
	names, err := rows.Columns()
	if err != nil {
		return fmt.Errorf("reading populations: %w", err)
	}
	cells := make([]sql.NullString, len(names))
	into := make([]any, len(names))
	for i := range cells {
		into[i] = &cells[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return fmt.Errorf("reading populations: %w", err)
		}
		values := make([]*string, len(cells))
		for i, c := range cells {
			if c.Valid {
				values[i] = &c.String
			}
		}
		if err := fn(values); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("reading populations: %w", err)
	}
	return nil
}

// Keys implements population.Reader: one line for each item, in item order. The
// key of a population by position is ["1"] for the first item.
func (r *Reader) Keys(ctx context.Context, s *population.Snapshot, w io.Writer) error {
	query := "SELECT item, CAST(item + 1 AS VARCHAR) AS position FROM p"
	if !byPosition(s.Key) {
		query = "SELECT item"
		for i, k := range s.Key {
			query += fmt.Sprintf(", %s AS k%d", ident(k), i)
		}
		query += " FROM p"
	}
	if s.Restricted != "" {
		query += " ORDER BY item" // a join does not keep the order
	}
	out := bufio.NewWriterSize(w, 1<<16)
	var next int64
	err := r.Rows(ctx, map[string]*population.Snapshot{"p": s}, query, func(values []*string) error {
		if *values[0] != strconv.FormatInt(next, 10) {
			return fmt.Errorf("item %s came in place of item %d", *values[0], next)
		}
		next++
		key, err := population.CanonicalKey(values[1:])
		if err != nil {
			return err
		}
		_, err = out.WriteString(key + "\n")
		return err
	})
	if err == nil {
		err = out.Flush()
	}
	if err != nil {
		return fmt.Errorf("writing the keys of population %s: %w", s.Population, err)
	}
	return nil
}
