package duckdb

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/ticktie/ticktie/internal/objects"
	"github.com/ticktie/ticktie/internal/population"
)

// dbExecer is a session or database that statements run on.
type dbExecer interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// createViews makes one view for each snapshot, named by its population id,
// with the columns that attribute SQL may rely on: item (from 0), _record,
// _day, then the declared columns in order, restricted ones included.
//
// A second view, openView(id), has the open columns only: reading it needs no
// join where others are restricted.
func createViews(ctx context.Context, db dbExecer, store *objects.Store, snaps map[string]*population.Snapshot) error {
	for id, s := range snaps {
		for name, query := range viewQueries(id, s, store) {
			if _, err := db.ExecContext(ctx, "CREATE VIEW "+ident(name)+" AS "+query); err != nil {
				return fmt.Errorf("opening the snapshot of population %s: %w", id, err)
			}
		}
	}
	return nil
}

// openView names the view of a population without its restricted columns. The
// dollar keeps it apart from every population id.
func openView(id string) string { return id + "$open" }

func viewQueries(id string, s *population.Snapshot, store *objects.Store) map[string]string {
	open := openColumns(s.Columns)
	plain := "SELECT file_row_number AS item, _record, _day" + columnList(open) + " FROM " + parquetAt(store.Path(s.Data))
	if s.Restricted == "" {
		return map[string]string{id: plain, openView(id): plain}
	}
	full := "SELECT o.file_row_number AS item, o._record, o._day" + columnList(s.Columns) +
		" FROM " + parquetAt(store.Path(s.Data)) + " o JOIN " + parquetAt(store.Path(s.Restricted)) +
		" r ON o.file_row_number = r.file_row_number"
	return map[string]string{id: full, openView(id): plain}
}

func openColumns(columns []population.Column) []population.Column {
	return slices.DeleteFunc(slices.Clone(columns), func(c population.Column) bool { return c.Restricted })
}

func columnList(columns []population.Column) string {
	var b strings.Builder
	for _, c := range columns {
		b.WriteString(", " + ident(c.Name))
	}
	return b.String()
}

func parquetAt(path string) string {
	return "read_parquet(" + literal(path) + ", file_row_number = true)"
}
