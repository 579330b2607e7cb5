package duckdb

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// parquetFields reads Parquet files as fields, and counts their rows. Every
// value becomes its exact text, so that it meets the same rules as any other
// source: a floating point number counts by its shortest text, and one with
// more decimals than the scale is refused; a time that says it is UTC carries
// its offset.
func (z *freeze) parquetFields(ctx context.Context, paths []string) (query string, records int64, err error) {
	types, err := z.parquetTypes(ctx, paths)
	if err != nil {
		return "", 0, fmt.Errorf("reading the Parquet files: %w", err)
	}
	bases, records, err := z.parquetRows(ctx, paths)
	if err != nil {
		return "", 0, fmt.Errorf("counting the rows of the Parquet files: %w", err)
	}
	out := "SELECT file_row_number + " + bases + " AS rec"
	for i, f := range z.Stream.Fields() {
		text, err := z.parquetText(i, f, types)
		if err != nil {
			return "", 0, err
		}
		out += fmt.Sprintf(", nullif(%s, '') AS x%d", text, i)
	}
	return out + " FROM " + parquetFiles(paths), records, nil
}

func parquetFiles(paths []string) string {
	return "read_parquet([" + strings.Trim(literals(paths), "()") + "], union_by_name = true, filename = 'ticktie file', file_row_number = true)"
}

func (z *freeze) parquetTypes(ctx context.Context, paths []string) (map[string]string, error) {
	rows, err := z.conn.QueryContext(ctx, "SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM "+parquetFiles(paths)+")")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	types := map[string]string{}
	for rows.Next() {
		var name, typ string
		if err := rows.Scan(&name, &typ); err != nil {
			return nil, err
		}
		types[name] = typ
	}
	return types, rows.Err()
}

// parquetRows is the SQL of the record number of each file's first row, and
// the number of all rows.
func (z *freeze) parquetRows(ctx context.Context, paths []string) (string, int64, error) {
	var all int64
	base := `CASE "ticktie file"`
	for _, p := range paths {
		base += fmt.Sprintf(" WHEN %s THEN %d", literal(p), all+1)
		var n int64
		if err := z.conn.QueryRowContext(ctx, "SELECT count(*) FROM read_parquet("+literal(p)+")").Scan(&n); err != nil {
			return "", 0, err
		}
		all += n
	}
	return base + " END", all, nil
}

// parquetText is the SQL of a field's exact text.
func (z *freeze) parquetText(field int, name string, types map[string]string) (string, error) {
	typ, ok := types[name]
	column := z.columnOf(field)
	switch {
	case !ok && (column == nil || column.col.Optional):
		return "CAST(NULL AS VARCHAR)", nil
	case !ok:
		return "", fmt.Errorf("the Parquet files have no column %q", name)
	case typ == "BLOB" || strings.ContainsAny(typ, "[") || strings.HasPrefix(typ, "STRUCT") || strings.HasPrefix(typ, "MAP") || strings.HasPrefix(typ, "UNION"):
		return "", fmt.Errorf("column %q of the Parquet files has the type %s, which has no plain text: export it as text or as a number", name, typ)
	case typ == "BOOLEAN" && column != nil && column.col.Type == "boolean":
		yes, no := firstOr(column.col.True, "true"), firstOr(column.col.False, "false")
		return fmt.Sprintf("CASE %s WHEN true THEN %s WHEN false THEN %s END", ident(name), literal(yes), literal(no)), nil
	}
	return "CAST(" + ident(name) + " AS VARCHAR)", nil
}

func (z *freeze) columnOf(field int) *caster {
	if i := slices.Index(z.plan.field, field); i >= 0 {
		return z.plan.columns[i]
	}
	return nil
}

func firstOr(texts []string, otherwise string) string {
	if len(texts) > 0 {
		return texts[0]
	}
	return otherwise
}
