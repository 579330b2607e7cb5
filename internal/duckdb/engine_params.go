package duckdb

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/ticktie/ticktie/internal/program"
)

// sqlType is the engine's type of a declared column.
func sqlType(c program.Column) string {
	const defaultPrecision = 18
	switch c.Type {
	case "integer":
		return "BIGINT"
	case "decimal":
		return fmt.Sprintf("DECIMAL(%d,%d)", cmp.Or(c.Precision, defaultPrecision), c.Scale)
	case "date":
		return "DATE"
	case "timestamp":
		return "TIMESTAMP"
	case "boolean":
		return "BOOLEAN"
	default:
		return "VARCHAR"
	}
}

// parameterTable is the SQL that makes a table of dated values. Texts are cast
// by the declared types; one that would be rounded is an error.
func parameterTable(t *program.ParameterTable) string {
	var b strings.Builder
	fmt.Fprintf(&b, "CREATE TABLE %s (valid_from DATE, valid_to DATE", ident(t.ID))
	for _, c := range t.Columns {
		fmt.Fprintf(&b, ", %s %s", ident(c.Name), sqlType(c))
	}
	b.WriteString(")")
	for _, r := range t.Rows {
		fmt.Fprintf(&b, "; INSERT INTO %s VALUES (%s, %s", ident(t.ID), cell(r["from"], "DATE"), cell(r["to"], "DATE"))
		for _, c := range t.Columns {
			b.WriteString(", " + cell(r[c.Name], sqlType(c)))
		}
		b.WriteString(")")
	}
	return b.String()
}

// cell is a value of a YAML row as SQL of a type. A decimal that does not fit
// its scale is an error when the statement runs.
func cell(v any, typ string) string {
	if v == nil {
		return "NULL"
	}
	text := literal(fmt.Sprint(v))
	if !strings.HasPrefix(typ, "DECIMAL") {
		return "CAST(" + text + " AS " + typ + ")"
	}
	return fmt.Sprintf("CASE WHEN CAST(%[1]s AS DECIMAL(38,18)) = CAST(%[1]s AS %[2]s) THEN CAST(%[1]s AS %[2]s) ELSE error(%[3]s) END",
		text, typ, literal(fmt.Sprintf("%v has more decimals than %s holds", v, typ)))
}
