package duckdb

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/ticktie/ticktie/internal/objects"
	"github.com/ticktie/ticktie/internal/population"
	"github.com/ticktie/ticktie/internal/program"
)

// benchRows is how many records a benchmark freezes; the goal of the design is
// stated for TICKTIE_BENCH_ROWS=10000000.
func benchRows(b *testing.B) int {
	b.Helper()
	text := os.Getenv("TICKTIE_BENCH_ROWS")
	if text == "" {
		return 1_000_000
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		b.Fatal(err)
	}
	return n
}

func benchFile(b *testing.B, rows int) string {
	b.Helper()
	path := filepath.Join(b.TempDir(), "payments.csv")
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	w := bufio.NewWriterSize(f, 1<<20)
	var line []byte
	x := uint64(1)
	for i := 1; i <= rows; i++ {
		x = x*6364136223846793005 + 1442695040888963407
		r := x >> 20
		line = fmt.Appendf(line[:0], "%d,PAY-%09d,2025-%02d-%02d,Vendor %d,%d.%02d,%d,user%d,2025-%02d-%02dT%02d:%02d:%02dZ\n",
			i, i, r%12+1, r%28+1, r%5000, r%1_000_000, r%100, r%97, r%900, r%12+1, r%27+1, r%24, r%60, r%59)
		if _, err := w.Write(line); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		b.Fatal(err)
	}
	if err := f.Close(); err != nil {
		b.Fatal(err)
	}
	return path
}

func benchPopulation() *program.Population {
	return &program.Population{
		ID: "payments", Key: []string{"id"}, EventTime: "paid_on", Unit: "GBP",
		Columns: []program.Column{
			{Name: "id", Type: "text", Required: true},
			{Name: "paid_on", Type: "date"},
			{Name: "vendor", Type: "text"},
			{Name: "amount", Type: "decimal", Scale: 2},
			{Name: "qty", Type: "integer"},
			{Name: "approver", Type: "text"},
			{Name: "approved_at", Type: "timestamp"},
		},
	}
}

// BenchmarkFreeze compares a freeze (values exact, key unique, objects stored)
// with DuckDB's own copy of the same file in the same run; x/copy is the ratio.
func BenchmarkFreeze(b *testing.B) {
	path := benchFile(b, benchRows(b))
	var own, ours time.Duration
	for b.Loop() {
		start := time.Now()
		benchCopy(b, path)
		own += time.Since(start)
		start = time.Now()
		benchFreeze(b, path)
		ours += time.Since(start)
	}
	b.ReportMetric(own.Seconds()/float64(b.N), "copy-s")
	b.ReportMetric(ours.Seconds()/float64(b.N), "freeze-s")
	b.ReportMetric(ours.Seconds()/own.Seconds(), "x/copy")
}

func benchCopy(b *testing.B, path string) {
	b.Helper()
	db, err := database(b.Context(), Config{})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	_, err = db.ExecContext(b.Context(), "COPY (SELECT * FROM read_csv("+literal(path)+`, header = false, auto_detect = false, delim = ',', quote = '"', escape = '"',
		columns = {'r': 'BIGINT', 'id': 'VARCHAR', 'paid_on': 'DATE', 'vendor': 'VARCHAR', 'amount': 'DECIMAL(18,2)', 'qty': 'BIGINT', 'approver': 'VARCHAR', 'approved_at': 'TIMESTAMP'}))
		TO `+literal(filepath.Join(b.TempDir(), "own.parquet"))+" (FORMAT parquet)")
	if err != nil {
		b.Fatal(err)
	}
}

func benchFreeze(b *testing.B, path string) {
	b.Helper()
	store, err := objects.Open(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	s := &stream{fields: []string{"id", "paid_on", "vendor", "amount", "qty", "approver", "approved_at"}}
	s.feed = func(w io.Writer) {
		f, err := os.Open(path)
		if err == nil {
			defer f.Close()
			_, err = io.CopyBuffer(struct{ io.Writer }{w}, struct{ io.Reader }{f}, make([]byte, 1<<20))
		}
		if err != nil {
			s.after = func() error { return err }
		}
	}
	frozen, err := NewFreezer(Config{}).Freeze(context.Background(), population.FreezeRequest{
		Population: benchPopulation(), Period: year2025, Location: time.UTC, Stream: s,
		TempDir: store.TempDir(), Objects: store, Progress: func(int64) {},
	})
	if err != nil {
		b.Fatal(err)
	}
	if len(frozen.Refused) > 0 {
		b.Fatalf("%d records refused: %+v", len(frozen.Refused), frozen.Refused[0])
	}
}
