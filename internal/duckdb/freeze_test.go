package duckdb

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ticktie/ticktie/internal/engagement"
	"github.com/ticktie/ticktie/internal/objects"
	"github.com/ticktie/ticktie/internal/population"
	"github.com/ticktie/ticktie/internal/program"
	"github.com/ticktie/ticktie/internal/source"
)

// stream is a stream written by hand. A field that is absent is the text absent.
type stream struct {
	fields  []string
	rows    [][]string
	first   int64 // number of the first record; default 1
	parquet []string
	raw     string            // fed as it is, in place of rows
	after   func() error      // called after the last row
	feed    func(w io.Writer) // called in place of rows
}

const absent = "\x00absent"

func (s *stream) Fields() []string  { return s.fields }
func (s *stream) Parquet() []string { return s.parquet }

func (s *stream) Feed(_ context.Context, w io.Writer) error {
	if s.feed != nil {
		s.feed(w)
	} else if s.raw != "" {
		if _, err := io.WriteString(w, s.raw); err != nil {
			return err
		}
	} else if err := s.feedRows(w); err != nil {
		return err
	}
	if s.after != nil {
		return s.after()
	}
	return nil
}

func (s *stream) feedRows(w io.Writer) error {
	out := source.NewWriter(w)
	for i, row := range s.rows {
		fields := make([]source.Field, len(row))
		for j, text := range row {
			fields[j] = source.Field{Text: text, Absent: text == absent}
		}
		if err := out.Record(max(s.first, 1)+int64(i), fields); err != nil {
			return err
		}
	}
	return out.Flush()
}

func (s *stream) Close(context.Context) (*source.Extraction, error) {
	return &source.Extraction{Records: int64(len(s.rows))}, nil
}

func day(s string) engagement.Date {
	d, err := engagement.ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d
}

var year2025 = engagement.Period{First: day("2025-01-01"), Last: day("2025-12-31")}

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

// freezeIn freezes a stream into a new store.
func freezeIn(t testing.TB, ctx context.Context, pop *program.Population, s source.Stream, zoneName string) (*population.Frozen, *objects.Store, error) {
	t.Helper()
	store, err := objects.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	frozen, err := NewFreezer(Config{MemoryMB: 1024, Threads: 2}).Freeze(ctx, population.FreezeRequest{
		Population: pop, Period: year2025, Location: zone(t, zoneName), Stream: s,
		TempDir: store.TempDir(), Objects: store, Progress: func(int64) {},
	})
	return frozen, store, err
}

func mustFreeze(t testing.TB, pop *program.Population, s source.Stream, zoneName string) (*population.Frozen, *objects.Store) {
	t.Helper()
	frozen, store, err := freezeIn(t, context.Background(), pop, s, zoneName)
	if err != nil {
		t.Fatal(err)
	}
	return frozen, store
}

// query reads rows of one snapshot as text, "NULL" for NULL.
func query(t testing.TB, store *objects.Store, s *population.Snapshot, q string) []string {
	t.Helper()
	ctx := context.Background()
	db, err := database(ctx, Config{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if err := createViews(ctx, db, store, map[string]*population.Snapshot{"p": s}); err != nil {
		t.Fatal(err)
	}
	rows, err := db.QueryContext(ctx, q)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for rows.Next() {
		cells := make([]sql.NullString, len(names))
		into := make([]any, len(names))
		for i := range cells {
			into[i] = &cells[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		var line []string
		for _, c := range cells {
			if !c.Valid {
				c.String = "NULL"
			}
			line = append(line, c.String)
		}
		out = append(out, strings.Join(line, "|"))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

func payments() *program.Population {
	return &program.Population{
		ID: "payments", Key: []string{"id"}, EventTime: "paid_on", Unit: "GBP",
		Columns: []program.Column{
			{Name: "id", From: "Id", Type: "text", Required: true},
			{Name: "paid_on", Type: "date"},
			{Name: "amount", Type: "decimal", Scale: 2},
			{Name: "qty", Type: "integer"},
			{Name: "note", Type: "text"},
		},
	}
}

func TestFreezeRoundTrip(t *testing.T) {
	s := &stream{
		fields: []string{"Id", "paid_on", "amount", "qty", "note"},
		rows: [][]string{
			{"a", "2025-01-01", "10.50", "1", "plain"},
			{"b", "2025-01-01", "-0.5", "007", "comma, \"quote\" and\nline\r\nbreaks \x1bn"},
			{"c", "2025-06-30", "12.345", "2", ""},  // rounded
			{"d", "2025-12-31", absent, absent, ""}, // absent values
			{"e", "2026-01-01", "1", "1", "x"},      // outside
			{"f", absent, "1", "1", "x"},            // no time
			{absent, "2025-02-01", "1", "1", "x"},   // no key
			{"g", "2025-02-01", "1", "1.5", "x"},    // not an integer
			{"h", "2025-02-01", "12.340", "+5", "Ünïcode 日本"},
		},
	}
	frozen, store := mustFreeze(t, payments(), s, "Europe/London")
	var refused []string
	for _, r := range frozen.Refused {
		refused = append(refused, fmt.Sprintf("%d %s %s %s", r.Record, r.Code, r.Column, r.Value))
		if r.Reason == "" || !strings.HasSuffix(r.Reason, ".") {
			t.Errorf("record %d has the reason %q", r.Record, r.Reason)
		}
	}
	want := []string{
		"3 rounded amount 12.345", "5 outside_period paid_on 2026-01-01", "6 absent_time paid_on ",
		"7 absent_key id ", "8 bad_value qty 1.5",
	}
	if d := cmp.Diff(want, refused); d != "" {
		t.Errorf("refused (-want +got):\n%s", d)
	}
	got := query(t, store, &frozen.Snapshot, "SELECT item, _record, CAST(_day AS VARCHAR), id, CAST(paid_on AS VARCHAR), CAST(amount AS VARCHAR), qty, note FROM p ORDER BY item")
	want = []string{
		"0|1|2025-01-01|a|2025-01-01|10.50|1|plain",
		"1|2|2025-01-01|b|2025-01-01|-0.50|7|comma, \"quote\" and\nline\r\nbreaks \x1bn",
		"2|4|2025-12-31|d|2025-12-31|NULL|NULL|NULL",
		"3|9|2025-02-01|h|2025-02-01|12.34|5|Ünïcode 日本",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("items (-want +got):\n%s", d)
	}
	snap := frozen.Snapshot
	wantColumns := []population.Column{
		{Name: "id", Type: "VARCHAR"},
		{Name: "paid_on", Type: "DATE"},
		{Name: "amount", Type: "DECIMAL(18,2)", Unit: "GBP", Absent: 1},
		{Name: "qty", Type: "BIGINT", Absent: 1},
		{Name: "note", Type: "VARCHAR", Absent: 1},
	}
	if d := cmp.Diff(wantColumns, snap.Columns); d != "" {
		t.Errorf("columns (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]population.Total{{Column: "amount", Sum: "22.34", Unit: "GBP"}, {Column: "qty", Sum: "13"}}, snap.Totals); d != "" {
		t.Errorf("totals (-want +got):\n%s", d)
	}
	if snap.FirstEvent != "2025-01-01" || snap.LastEvent != "2025-12-31" || snap.Items != 4 || len(snap.Coverage.Days) != 365 || snap.Coverage.Days[0].Items != 2 {
		t.Errorf("snapshot: first %s, last %s, %d items, %d days", snap.FirstEvent, snap.LastEvent, snap.Items, len(snap.Coverage.Days))
	}
}

func TestFreezeRepeatedKeys(t *testing.T) {
	s := &stream{
		fields: []string{"Id", "paid_on", "amount", "qty", "note"},
		rows: [][]string{
			{"a", "2025-01-01", "1", "1", "x"},
			{"b", "2025-01-01", "1", "1", "x"},
			{"a", "2025-01-01", "2", "1", "x"}, // other values: both are refused
			{"b", "2025-01-01", "1.00", "1", "x"},
			{"b", "2025-01-01", "1.0", "1", "x"}, // identical: the first stays
			{"c", "2025-01-01", "1", absent, "x"},
			{"c", "2025-01-01", "1", absent, "x"},
			{"d", "2025-01-01", "1", absent, "x"},
			{"d", "2025-01-01", "1", "0", "x"}, // absent is not zero
		},
	}
	frozen, store := mustFreeze(t, payments(), s, "UTC")
	var records []int64
	for _, r := range frozen.Refused {
		records = append(records, r.Record)
		if r.Code != "repeated_key" {
			t.Errorf("record %d: code %s", r.Record, r.Code)
		}
	}
	if d := cmp.Diff([]int64{1, 3, 4, 5, 7, 8, 9}, records); d != "" {
		t.Errorf("refused (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"0|2|b", "1|6|c"}, query(t, store, &frozen.Snapshot, "SELECT item, _record, id FROM p ORDER BY item")); d != "" {
		t.Errorf("items (-want +got):\n%s", d)
	}
	pop := payments()
	pop.Key = []string{"position"}
	frozen, _ = mustFreeze(t, pop, s, "UTC")
	if frozen.Snapshot.Items != 9 || len(frozen.Refused) != 0 {
		t.Errorf("by position: %d items, %d refused", frozen.Snapshot.Items, len(frozen.Refused))
	}
}

func TestFreezeLeaveOut(t *testing.T) {
	pop := payments()
	pop.OutsidePeriod = "leave_out"
	s := &stream{fields: []string{"Id", "paid_on", "amount", "qty", "note"}, first: 5}
	for i := range 10_000 {
		d := day("2024-12-27").AddDays(i % 10)
		s.rows = append(s.rows, []string{fmt.Sprint(i), d.String(), "1.00", "1", "x"})
	}
	s.rows[0][2] = "bad" // outside: left out all the same
	s.rows[5][2] = "bad" // 2025-01-01
	frozen, _ := mustFreeze(t, pop, s, "UTC")
	if frozen.LeftOut != 5000 || frozen.Snapshot.Items != 4999 || len(frozen.Refused) != 1 || frozen.Refused[0].Record != 10 {
		t.Errorf("left out %d, items %d, refused %v", frozen.LeftOut, frozen.Snapshot.Items, frozen.Refused)
	}
}

func TestFreezeRestricted(t *testing.T) {
	pop := payments()
	pop.Columns[2].Restricted = true
	s := &stream{fields: []string{"Id", "paid_on", "amount", "qty", "note"}, rows: [][]string{
		{"a", "2025-01-01", "10.50", "1", "x"}, {"b", "2025-01-02", "7.25", "2", "y"},
	}}
	frozen, store := mustFreeze(t, pop, s, "UTC")
	if frozen.Snapshot.Restricted == "" || frozen.Snapshot.Restricted == frozen.Snapshot.Data {
		t.Fatalf("restricted object %q", frozen.Snapshot.Restricted)
	}
	got := query(t, store, &frozen.Snapshot, "SELECT item, id, CAST(amount AS VARCHAR), note FROM p ORDER BY item")
	if d := cmp.Diff([]string{"0|a|10.50|x", "1|b|7.25|y"}, got); d != "" {
		t.Errorf("items (-want +got):\n%s", d)
	}
	data, err := store.Read(frozen.Snapshot.Data)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(data, []byte("amount")) {
		t.Error("the open object names the restricted column")
	}
	if d := cmp.Diff([]population.Total{{Column: "qty", Sum: "3"}}, frozen.Snapshot.Totals); d != "" {
		t.Errorf("totals (-want +got):\n%s", d)
	}
}

func TestFreezeEmpty(t *testing.T) {
	s := &stream{fields: []string{"Id", "paid_on", "amount", "qty", "note"}}
	frozen, store := mustFreeze(t, payments(), s, "UTC")
	if frozen.Snapshot.Items != 0 || frozen.Snapshot.Totals[0].Sum != "0.00" || frozen.Snapshot.FirstEvent != "" {
		t.Errorf("snapshot %+v", frozen.Snapshot)
	}
	if got := query(t, store, &frozen.Snapshot, "SELECT * FROM p"); len(got) != 0 {
		t.Errorf("rows %v", got)
	}
}

// The same records give the same bytes, however many threads read them.
func TestFreezeReproducible(t *testing.T) {
	var digests []objects.Digest
	for _, threads := range []int{1, 2, 4} {
		store, err := objects.Open(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		s := &stream{fields: []string{"Id", "paid_on", "amount", "qty", "note"}, feed: func(w io.Writer) {
			var b []byte
			for i := 1; i <= 400_000; i++ {
				b = fmt.Appendf(b[:0], "%d,k%d,2025-%02d-%02d,%d.%02d,%d,\"a, %d\n\"\n", i, i^5, i%12+1, i%28+1, i%977, i%100, i, i%31)
				if i%1000 == 0 {
					b = fmt.Appendf(b[:0], "%d,k%d,oops,1,1,x\n", i, i)
				}
				if _, err := w.Write(b); err != nil {
					return
				}
			}
		}}
		frozen, err := NewFreezer(Config{Threads: threads}).Freeze(t.Context(), population.FreezeRequest{
			Population: payments(), Period: year2025, Location: time.UTC, Stream: s,
			TempDir: store.TempDir(), Objects: store, Progress: func(int64) {},
		})
		if err != nil {
			t.Fatal(err)
		}
		if frozen.Snapshot.Items != 399_600 || len(frozen.Refused) != 400 {
			t.Fatalf("%d items, %d refused", frozen.Snapshot.Items, len(frozen.Refused))
		}
		digests = append(digests, frozen.Snapshot.Data)
	}
	if digests[0] != digests[1] || digests[1] != digests[2] {
		t.Errorf("digests with 1, 2 and 4 threads: %v", digests)
	}
}

func TestFreezeFailures(t *testing.T) {
	boom := errors.New("the disk is on fire")
	for name, tc := range map[string]struct {
		s    *stream
		pop  func(*program.Population)
		want string
	}{
		"feed fails before a row": {s: &stream{after: func() error { return boom }}, want: "on fire"},
		"feed fails after rows":   {s: &stream{rows: [][]string{{"a", "2025-01-01", "1", "1", "x"}}, after: func() error { return boom }}, want: "on fire"},
		"ends inside a record":    {s: &stream{raw: "1,a,2025-01-01,1,1"}, want: "inside a record"},
		"ragged":                  {s: &stream{raw: "1,a,2025-01-01,1\n"}, want: "writing the items"},
		"ragged after many":       {s: &stream{raw: strings.Repeat("1,a,2025-01-01,1,1,x\n", 300_000) + "1,a\n"}, want: "writing the items"},
		"records out of order":    {s: &stream{raw: "2,a,2025-01-01,1,1,x\n1,b,2025-01-01,1,1,x\n"}, want: "out of record order"},
		"no such field":           {s: &stream{}, pop: func(p *program.Population) { p.Columns[0].From = "Other" }, want: `no field "Other"`},
		"bad format":              {s: &stream{}, pop: func(p *program.Population) { p.Columns[1].Format = []string{"%Q"} }, want: "unknown directive"},
		"no key":                  {s: &stream{}, pop: func(p *program.Population) { p.Key = nil }, want: "no key"},
		"no event time":           {s: &stream{}, pop: func(p *program.Population) { p.EventTime = "" }, want: "event_time"},
		"event time is text":      {s: &stream{}, pop: func(p *program.Population) { p.EventTime = "note" }, want: "must be a date"},
		"round of an integer":     {s: &stream{}, pop: func(p *program.Population) { p.Columns[3].RoundTo = "down" }, want: "decimal columns only"},
		"scale above precision":   {s: &stream{}, pop: func(p *program.Population) { p.Columns[2].Scale = 19 }, want: "precision 18 and scale 19"},
	} {
		t.Run(name, func(t *testing.T) {
			pop := payments()
			if tc.pop != nil {
				tc.pop(pop)
			}
			tc.s.fields = []string{"Id", "paid_on", "amount", "qty", "note"}
			_, store, err := freezeIn(t, t.Context(), pop, tc.s, "UTC")
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("error %v, want one with %q", err, tc.want)
			}
			nothingLeft(t, store)
		})
	}
}

func nothingLeft(t *testing.T, store *objects.Store) {
	t.Helper()
	root := filepath.Dir(store.TempDir())
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			t.Errorf("left behind: %s", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestFreezeCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	s := &stream{fields: []string{"Id", "paid_on", "amount", "qty", "note"}, feed: func(w io.Writer) {
		defer close(done)
		for i := 1; ; i++ {
			if i == 50_000 {
				cancel()
			}
			if _, err := fmt.Fprintf(w, "%d,k%d,2025-01-01,1,1,x\n", i, i); err != nil {
				return
			}
		}
	}}
	_, store, err := freezeIn(t, ctx, payments(), s, "UTC")
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	<-done
	nothingLeft(t, store)
}
