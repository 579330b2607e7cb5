package duckdb

import (
	"context"
	"fmt"
	"strings"

	"github.com/ticktie/ticktie/internal/source"
)

// withoutRepeated proves the key unique, or writes the items again without
// those that repeat one. All of them are refused, the first too, unless they
// are identical in every column: then the first stays.
func (z *freeze) withoutRepeated(ctx context.Context, path string) (string, []source.Refused, error) {
	if byPosition(z.Population.Key) {
		return path, nil, nil
	}
	unique, err := z.keyUnique(ctx, path)
	if err != nil {
		return "", nil, fmt.Errorf("proving the key unique: %w", err)
	}
	if unique {
		return path, nil, nil
	}
	refused, err := z.repeated(ctx, path)
	if err != nil {
		return "", nil, fmt.Errorf("listing the records that repeat a key: %w", err)
	}
	if len(refused) == 0 {
		return path, nil, nil
	}
	to := z.file("unique.parquet")
	err = z.copy(ctx, "SELECT * FROM read_parquet("+literal(path)+") WHERE _record NOT IN (SELECT _record FROM repeated_records)", to)
	return to, refused, err
}

func (z *freeze) keyList() string {
	q := make([]string, len(z.Population.Key))
	for i, k := range z.Population.Key {
		q[i] = ident(k)
	}
	return strings.Join(q, ", ")
}

// sortedProbe is how many items are looked at before the whole file is tried
// for rising keys.
const sortedProbe = 50_000

// keyUnique is a proof when true: keys that rise from item to item, or hashes
// that are all different. False says nothing yet.
func (z *freeze) keyUnique(ctx context.Context, path string) (bool, error) {
	if len(z.Population.Key) == 1 {
		rising := func(limit string) (ok bool, err error) {
			query := "SELECT coalesce(bool_and(rising), true) FROM (SELECT k > lag(k) OVER () AS rising FROM (SELECT " + z.keyList() +
				" AS k FROM read_parquet(" + literal(path) + ")" + limit + "))"
			return ok, z.conn.QueryRowContext(ctx, query).Scan(&ok)
		}
		ok, err := rising(fmt.Sprintf(" LIMIT %d", sortedProbe))
		if ok && err == nil {
			ok, err = rising("")
		}
		if ok || err != nil {
			return ok, err
		}
	}
	var unique bool
	err := z.conn.QueryRowContext(ctx, "SELECT count(*) = count(DISTINCT hash("+z.keyList()+")) FROM read_parquet("+literal(path)+")").Scan(&unique)
	return unique, err
}

// repeated lists the records to refuse, and leaves their numbers in the table
// repeated_records.
func (z *freeze) repeated(ctx context.Context, path string) ([]source.Refused, error) {
	names := make([]string, len(z.plan.columns))
	for i, c := range z.plan.columns {
		names[i] = ident(c.col.Name)
	}
	from := "read_parquet(" + literal(path) + ")"
	for _, q := range []string{
		"CREATE TEMP TABLE repeated_keys AS SELECT " + z.keyList() + ", min(_record) AS _first, count(DISTINCT row(" + strings.Join(names, ", ") +
			")) = 1 AS _same FROM " + from + " GROUP BY ALL HAVING count(*) > 1",
		"CREATE TEMP TABLE repeated_records AS SELECT _record, _first, _same, concat_ws('|', " + castAll(z.Population.Key) + ") AS _key FROM " +
			from + " JOIN repeated_keys USING (" + z.keyList() + ") WHERE NOT _same OR _record <> _first",
	} {
		if _, err := z.conn.ExecContext(ctx, q); err != nil {
			return nil, err
		}
	}
	rows, err := z.conn.QueryContext(ctx, "SELECT _record, _first, _same, _key FROM repeated_records ORDER BY _record")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []source.Refused
	for rows.Next() {
		r := source.Refused{Column: strings.Join(z.Population.Key, ","), Code: "repeated_key"}
		var first int64
		var same bool
		if err := rows.Scan(&r.Record, &first, &same, &r.Value); err != nil {
			return nil, err
		}
		r.Reason = repeatedReason(r.Record, first, same)
		out = append(out, r)
	}
	return out, rows.Err()
}

func castAll(names []string) string {
	q := make([]string, len(names))
	for i, n := range names {
		q[i] = "CAST(" + ident(n) + " AS VARCHAR)"
	}
	return strings.Join(q, ", ")
}

func repeatedReason(record, first int64, same bool) string {
	switch {
	case same:
		return fmt.Sprintf("The record is identical to record %d, which is kept: correct the source, or make the key position and test for duplicates.", first)
	case record == first:
		return "Later records have the same key with other values, so none of them can be told from the others: correct the source, choose another key, or make the key position and test for duplicates."
	}
	return fmt.Sprintf("The record has the key of record %d with other values, so none of them can be told from the others: correct the source, choose another key, or make the key position and test for duplicates.", first)
}
