package duckdb

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ticktie/ticktie/internal/program"
)

// parquet writes a query's rows to a new Parquet file.
func parquet(t *testing.T, query string) string {
	t.Helper()
	db, err := database(t.Context(), Config{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	path := filepath.Join(t.TempDir(), "a.parquet")
	if _, err := db.ExecContext(t.Context(), "COPY ("+query+") TO "+literal(path)+" (FORMAT parquet)"); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFreezeParquet(t *testing.T) {
	pop := &program.Population{
		ID: "p", State: true, Key: []string{"id"},
		Columns: []program.Column{
			{Name: "id", From: "ID", Type: "integer"},
			{Name: "price", Type: "decimal", Scale: 2},
			{Name: "at", Type: "timestamp"},
			{Name: "ok", Type: "boolean", True: []string{"Y"}, False: []string{"N"}},
			{Name: "note", Type: "text"},
			{Name: "extra", Type: "date", Optional: true},
		},
	}
	s := &stream{
		fields: []string{"ID", "price", "at", "ok", "note", "extra"},
		parquet: []string{
			parquet(t, `SELECT * FROM (VALUES
				(1, 0.1::DOUBLE, TIMESTAMPTZ '2025-07-01 12:00:00+02', true, 'a'),
				(2, 0.1::DOUBLE + 0.2::DOUBLE, NULL, false, ''),
				(3, 1e20::DOUBLE, NULL, NULL, 'c'),
				(4, 'nan'::DOUBLE, NULL, NULL, 'd')) t(ID, price, "at", ok, note)`),
			parquet(t, `SELECT * FROM (VALUES
				(DATE '2025-01-01', 5, 12.5::DOUBLE, 'e'), (NULL, 6, 7::DOUBLE, 'f')) t(extra, ID, price, note)`),
		},
	}
	frozen, store := mustFreeze(t, pop, s, "UTC")
	var refused []string
	for _, r := range frozen.Refused {
		refused = append(refused, string(rune('0'+r.Record))+" "+r.Code+" "+r.Column+" "+r.Value)
	}
	if d := cmp.Diff([]string{"2 rounded price 0.30000000000000004", "3 bad_value price 1e+20", "4 bad_value price nan"}, refused); d != "" {
		t.Errorf("refused (-want +got):\n%s", d)
	}
	got := query(t, store, &frozen.Snapshot, "SELECT item, _record, id, CAST(price AS VARCHAR), CAST(\"at\" AS VARCHAR), ok, note, CAST(extra AS VARCHAR) FROM p ORDER BY item")
	want := []string{
		"0|1|1|0.10|2025-07-01 10:00:00|true|a|NULL",
		"1|5|5|12.50|NULL|NULL|e|2025-01-01",
		"2|6|6|7.00|NULL|NULL|f|NULL",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("items (-want +got):\n%s", d)
	}
}

func TestFreezeParquetRefusesNested(t *testing.T) {
	pop := &program.Population{ID: "p", State: true, Key: []string{"position"}, Columns: []program.Column{{Name: "a", Type: "text"}}}
	for _, q := range []string{"SELECT [1, 2] AS a", "SELECT {'x': 1} AS a", "SELECT 'x'::BLOB AS a", "SELECT 1 AS b"} {
		_, store, err := freezeIn(t, t.Context(), pop, &stream{fields: []string{"a"}, parquet: []string{parquet(t, q)}}, "UTC")
		if err == nil || !strings.Contains(err.Error(), `"a"`) {
			t.Errorf("%s: error %v", q, err)
		}
		nothingLeft(t, store)
	}
}

// A total of 38-digit numbers is exact beyond 38 digits.
func TestFreezeWideTotal(t *testing.T) {
	pop := &program.Population{ID: "p", State: true, Key: []string{"position"}, Columns: []program.Column{{Name: "a", Type: "decimal", Precision: 38, Scale: 2}}}
	nines := strings.Repeat("9", 36) + ".99"
	frozen, _ := mustFreeze(t, pop, &stream{fields: []string{"a"}, rows: [][]string{{nines}, {nines}, {nines}, {"-0.50"}, {absent}}}, "UTC")
	// 3 × (10³⁶ − 0.01) − 0.50
	if want := "2" + strings.Repeat("9", 36) + ".47"; frozen.Snapshot.Totals[0].Sum != want {
		t.Errorf("total %s, want %s", frozen.Snapshot.Totals[0].Sum, want)
	}
}
