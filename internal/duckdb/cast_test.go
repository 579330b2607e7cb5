package duckdb

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ticktie/ticktie/internal/program"
	"github.com/ticktie/ticktie/internal/source"
)

// castCase is one text and what must become of it, worked out by hand. Want is
// the value as text; or, after "!", the code of its refusal; "NULL" is absent.
type castCase struct{ text, want string }

// castTables are the declarations of a column, each with its cases. Every case
// runs through the whole freeze, and through the Go code alone.
var castTables = []struct {
	name  string
	col   program.Column
	nulls []string
	zone  string
	local string // ambiguous_local_time
	cases []castCase
}{
	{name: "decimal", col: program.Column{Type: "decimal", Scale: 2}, cases: []castCase{
		{"12.34", "12.34"},
		{"12.340", "12.34"},
		{"12.3", "12.30"},
		{"12", "12.00"},
		{"12.345", "!rounded"},
		{"-0.01", "-0.01"},
		{"-0.00", "0.00"},
		{"-0", "0.00"},
		{"+5", "5.00"},
		{".5", "0.50"},
		{"5.", "5.00"},
		{".", "!bad_value"},
		{"007.10", "7.10"},
		{"1e2", "100.00"},
		{"1E2", "100.00"},
		{"1.234e1", "12.34"},
		{"1.2345e1", "!rounded"},
		{"1e-2", "0.01"},
		{"1e-3", "!rounded"},
		{"1e15", "1000000000000000.00"},
		{"1e16", "!bad_value"},
		{"1e999999999", "!bad_value"},
		{"1e", "!bad_value"},
		{"e1", "!bad_value"},
		{"9999999999999999.99", "9999999999999999.99"},
		{"10000000000000000", "!bad_value"},
		{"9999999999999999.999", "!rounded"},
		{"1,234.00", "!bad_value"},
		{"1_000", "!bad_value"},
		{" 12", "!bad_value"},
		{"12 ", "!bad_value"},
		{"", "NULL"},
		{"n/a", "!bad_value"},
		{"1.2.3", "!bad_value"},
		{"--1", "!bad_value"},
		{"+-1", "!bad_value"},
		{"1-", "!bad_value"},
		{"(1)", "!bad_value"},
		{"$1", "!bad_value"},
		{"NaN", "!bad_value"},
		{"inf", "!bad_value"},
		{"0x10", "!bad_value"},
		{"１２", "!bad_value"},
		{"0.005", "!rounded"},
		{"0.000", "0.00"},
		{"-9999999999999999.99", "-9999999999999999.99"},
		{"0.0000000000000000000000000000000000000000001", "!rounded"},
		{"0000000000000000000000000000000000000000012.50", "12.50"},
		{"12.50000000000000000000000000000000000000000", "12.50"},
	}},
	{name: "decimal of 38 digits", col: program.Column{Type: "decimal", Precision: 38, Scale: 10}, cases: []castCase{
		{"1234567890123456789012345678.0123456789", "1234567890123456789012345678.0123456789"},
		{"12345678901234567890123456789", "!bad_value"},
		{"0.12345678901", "!rounded"},
	}},
	{name: "decimal without decimals", col: program.Column{Type: "decimal", Precision: 5}, cases: []castCase{
		{"5.0", "5"}, {"5.5", "!rounded"}, {"99999", "99999"}, {"100000", "!bad_value"}, {"1e4", "10000"},
	}},
	{name: "rounding half up", col: program.Column{Type: "decimal", Scale: 2, RoundTo: "half_up"}, cases: []castCase{
		{"1.005", "1.01"}, {"1.0049", "1.00"}, {"-1.005", "-1.01"}, {"0.995", "1.00"}, {"9.999", "10.00"}, {"1.00", "1.00"}, {"0.004", "0.00"}, {"-0.004", "0.00"},
	}},
	{name: "rounding half even", col: program.Column{Type: "decimal", Scale: 2, RoundTo: "half_even"}, cases: []castCase{
		{"1.005", "1.00"}, {"1.015", "1.02"}, {"1.0051", "1.01"}, {"-1.015", "-1.02"}, {"1.0150001", "1.02"},
	}},
	{name: "rounding down", col: program.Column{Type: "decimal", Scale: 2, RoundTo: "down"}, cases: []castCase{
		{"1.009", "1.00"}, {"-1.009", "-1.00"}, {"9999999999999999.999", "9999999999999999.99"},
	}},
	{name: "decimal, English", col: program.Column{Type: "decimal", Scale: 2, Thousands: ",", Parentheses: true, TrailingSign: true, Prefix: "$"}, cases: []castCase{
		{"1,234.50", "1234.50"},
		{"1234.50", "1234.50"},
		{"1,23", "!bad_value"},
		{"1,2345", "!bad_value"},
		{"12,34,567", "!bad_value"},
		{",123", "!bad_value"},
		{"1,234,567.89", "1234567.89"},
		{"1234,567", "!bad_value"},
		{"$1,234.50", "1234.50"},
		{"-$5.00", "-5.00"},
		{"$-5.00", "-5.00"},
		{"-$-5.00", "!bad_value"},
		{"(1,234.50)", "-1234.50"},
		{"($5)", "-5.00"},
		{"(-5)", "!bad_value"},
		{"(5", "!bad_value"},
		{"5)", "!bad_value"},
		{"5.00-", "-5.00"},
		{"5.00+", "5.00"},
		{"-5.00-", "!bad_value"},
		{"1,234.567", "!rounded"},
		{"1.234,50", "!bad_value"},
		{"0.1,2", "!bad_value"},
		{"$$5", "!bad_value"},
		{"$", "!bad_value"},
		{"-", "!bad_value"},
		{"()", "!bad_value"},
		{"1,000.0000", "1000.00"},
	}},
	{name: "decimal, German", col: program.Column{Type: "decimal", Scale: 2, DecimalMark: ",", Thousands: "."}, cases: []castCase{
		{"1.234,50", "1234.50"}, {"1234,5", "1234.50"}, {"1.23", "!bad_value"}, {"1.234", "1234.00"}, {"-1.234,505", "!rounded"}, {"1,234.50", "!bad_value"}, {"12,3456", "!rounded"},
	}},
	{name: "decimal, Swiss", col: program.Column{Type: "decimal", Scale: 2, Thousands: "'"}, cases: []castCase{
		{"1'234.50", "1234.50"}, {"1'23", "!bad_value"}, {"12'345'678.9", "12345678.90"},
	}},
	{name: "integer", col: program.Column{Type: "integer"}, cases: []castCase{
		{"12", "12"},
		{"-7", "-7"},
		{"+7", "7"},
		{"007", "7"},
		{"-0", "0"},
		{"1.5", "!bad_value"},
		{"1.0", "!bad_value"},
		{"1e3", "!bad_value"},
		{"1_000", "!bad_value"},
		{"9223372036854775807", "9223372036854775807"},
		{"9223372036854775808", "!bad_value"},
		{"-9223372036854775808", "-9223372036854775808"},
		{"-9223372036854775809", "!bad_value"},
		{" 5", "!bad_value"},
		{"5\n", "!bad_value"},
		{"0x1F", "!bad_value"},
		{"", "NULL"},
		{"-", "!bad_value"},
		{"--5", "!bad_value"},
		{"five", "!bad_value"},
	}},
	{name: "integer, trimmed, nulls", col: program.Column{Type: "integer", Trim: true, Nulls: []string{"-"}}, nulls: []string{"N/A"}, cases: []castCase{
		{" 5 ", "5"}, {"\u00a05\t", "5"}, {"5\n", "5"}, {"-", "NULL"}, {" - ", "NULL"}, {"N/A", "NULL"}, {"n/a", "!bad_value"}, {"   ", "NULL"}, {"5 6", "!bad_value"},
	}},
	{name: "text", col: program.Column{Type: "text"}, cases: []castCase{
		{"  kept  ", "  kept  "}, {"NULL", "NULL"}, {"null", "null"}, {"", "NULL"}, {"a\nb\r\nc", "a\nb\r\nc"}, {"\"q\",", "\"q\","}, {"\x1bn", "\x1bn"}, {"\x1bn\n", "\x1bn\n"}, {"Straße", "Straße"},
	}},
	{name: "text, trimmed and lower", col: program.Column{Type: "text", Trim: true, Lower: true}, nulls: []string{"None"}, cases: []castCase{
		{" Alice ", "alice"}, {"None", "NULL"}, {"none", "none"}, {" \n", "NULL"}, {"A\nB", "a\nb"}, {"ÄÖ", "äö"},
	}},
	{name: "boolean", col: program.Column{Type: "boolean"}, cases: []castCase{
		{"true", "true"}, {"false", "false"}, {"True", "!bad_value"}, {"1", "!bad_value"}, {"yes", "!bad_value"}, {"", "NULL"}, {"true ", "!bad_value"},
	}},
	{name: "boolean, declared", col: program.Column{Type: "boolean", True: []string{"y", "1"}, False: []string{"n", "0"}, Lower: true}, cases: []castCase{
		{"Y", "true"}, {"1", "true"}, {"N", "false"}, {"0", "false"}, {"true", "!bad_value"}, {"2", "!bad_value"},
	}},
	{name: "date", col: program.Column{Type: "date"}, cases: []castCase{
		{"2025-01-31", "2025-01-31"},
		{"2024-02-29", "2024-02-29"},
		{"2025-02-29", "!bad_value"},
		{"2025-1-31", "!bad_value"},
		{"2025-01-31T00:00:00", "!bad_value"},
		{"31/01/2025", "!bad_value"},
		{"2025/01/31", "!bad_value"},
		{"2025-13-01", "!bad_value"},
		{"2025-00-10", "!bad_value"},
		{"0001-01-01", "!bad_value"},
		{"1677-01-01", "1677-01-01"},
		{"1676-12-31", "!bad_value"},
		{"9999-12-31", "9999-12-31"},
		{"10000-01-01", "!bad_value"},
		{"infinity", "!bad_value"},
		{"epoch", "!bad_value"},
		{"2025-01-2 ", "!bad_value"},
		{"2025-01-2T", "!bad_value"},
		{"20250131", "!bad_value"},
		{"2025-01-31 (BC)", "!bad_value"},
		{"-2025-01-31", "!bad_value"},
		{"45000", "!bad_value"},
	}},
	{name: "date, British", col: program.Column{Type: "date", Format: []string{"%d/%m/%Y"}}, cases: []castCase{
		{"31/01/2025", "2025-01-31"}, {"1/2/2025", "2025-02-01"}, {"01/2/2025", "2025-02-01"}, {"01/31/2025", "!bad_value"}, {"1/2/25", "!bad_value"}, {"31/01/2025 10:00", "!bad_value"}, {"31-01-2025", "!bad_value"}, {"2025-01-31", "!bad_value"},
	}},
	{name: "date, several formats", col: program.Column{Type: "date", Format: []string{"%d/%m/%Y", "%m/%d/%Y", "%Y%m%d"}}, cases: []castCase{
		{"31/01/2025", "2025-01-31"}, {"01/31/2025", "2025-01-31"}, {"05/05/2025", "2025-05-05"}, {"01/02/2025", "!bad_value"}, {"20250131", "2025-01-31"}, {"2025131", "!bad_value"}, {"32/32/2025", "!bad_value"},
	}},
	{name: "date with a time", col: program.Column{Type: "date", Format: []string{"%Y-%m-%d %H:%M:%S"}}, cases: []castCase{
		{"2025-01-31 00:00:00", "2025-01-31"}, {"2025-01-31 00:00:01", "!rounded"}, {"2025-01-31", "!bad_value"}, {"2025-01-31 24:00:00", "!bad_value"},
	}},
	{name: "date in words", col: program.Column{Type: "date", Format: []string{"%a %d %b %Y"}}, cases: []castCase{
		{"Fri 31 Jan 2025", "2025-01-31"}, {"Mon 31 Jan 2025", "!bad_value"}, {"fri 31 january 2025", "2025-01-31"}, {"Fri 31 Janvier 2025", "!bad_value"},
	}},
	{name: "date of two digits", col: program.Column{Type: "date", Format: []string{"%d.%m.%y"}}, cases: []castCase{
		{"31.12.68", "2068-12-31"}, {"31.12.69", "1969-12-31"}, {"31.12.2025", "!bad_value"},
	}},
	{name: "timestamp", col: program.Column{Type: "timestamp"}, zone: "UTC", cases: []castCase{
		{"2025-01-02T03:04:05Z", "2025-01-02 03:04:05"},
		{"2025-01-02 03:04:05", "2025-01-02 03:04:05"},
		{"2025-01-02T03:04:05", "2025-01-02 03:04:05"},
		{"2025-01-02T03:04", "2025-01-02 03:04:00"},
		{"2025-01-02T03:04:05+02:00", "2025-01-02 01:04:05"},
		{"2025-01-02 03:04:05-0530", "2025-01-02 08:34:05"},
		{"2025-01-02 03:04:05+02", "2025-01-02 01:04:05"},
		{"2025-01-02 03:04:05 +0200", "2025-01-02 01:04:05"},
		{"2025-01-02 03:04:05 UTC", "2025-01-02 03:04:05"},
		{"2025-01-02 03:04:05 CET", "!bad_value"},
		{"2025-01-02T03:04:05.123456Z", "2025-01-02 03:04:05.123456"},
		{"2025-01-02T03:04:05.1Z", "2025-01-02 03:04:05.1"},
		{"2025-01-02T03:04:05.1234567Z", "!rounded"},
		{"2025-01-02T03:04:05.123456000Z", "2025-01-02 03:04:05.123456"},
		{"2025-01-02T03:04:05.1234560000001Z", "!rounded"},
		{"2025-01-02", "!bad_value"},
		{"2016-12-31T23:59:60Z", "!bad_value"},
		{"2025-01-02T24:00:00Z", "!bad_value"},
		{"2025-01-02T03:60:00Z", "!bad_value"},
		{"2025-01-02t03:04:05z", "!bad_value"},
		{"2025-01-02T3:04:05Z", "!bad_value"},
		{"2025-01-02T 3:04:05Z", "!bad_value"},
		{"2025-01-02T03:04:5.Z", "!bad_value"},
		{"2025-01-02T03:04:05.Z", "!bad_value"},
		{"2025-01-02T03:04:05+19:00", "!bad_value"},
		{"2025-01-02T03:04:05+02:60", "!bad_value"},
		{"2025-02-30T03:04:05Z", "!bad_value"},
		{"1735787045", "!bad_value"},
		{"infinity", "!bad_value"},
		{"2025-01-02  03:04:05", "!bad_value"},
		{"2025-01-02T03:04:05 Europe/Paris", "!bad_value"},
		{"2025-01-02T03:04:05+17:30", "2025-01-01 09:34:05"},
		{"2025-01-02T03:04:05-00:00", "2025-01-02 03:04:05"},
		{"2025-01-02T03:04:05+18:00", "2025-01-01 09:04:05"},
	}},
	{name: "timestamp in London", col: program.Column{Type: "timestamp"}, zone: "Europe/London", cases: []castCase{
		{"2025-03-30 00:59:59", "2025-03-30 00:59:59"},
		{"2025-03-30 01:00:00", "!impossible_local_time"},
		{"2025-03-30 01:30:00", "!impossible_local_time"},
		{"2025-03-30 01:59:59.999999", "!impossible_local_time"},
		{"2025-03-30 02:00:00", "2025-03-30 01:00:00"},
		{"2025-10-26 00:59:59", "2025-10-25 23:59:59"},
		{"2025-10-26 01:00:00", "!double_local_time"},
		{"2025-10-26 01:59:59", "!double_local_time"},
		{"2025-10-26 02:00:00", "2025-10-26 02:00:00"},
		{"2025-10-26 01:30:00+01:00", "2025-10-26 00:30:00"},
		{"2025-10-26T01:30:00Z", "2025-10-26 01:30:00"},
		{"1970-06-01 12:00:00", "1970-06-01 11:00:00"},
		{"1995-07-01 12:00:00", "1995-07-01 11:00:00"},
		{"2040-07-01 12:00:00", "2040-07-01 11:00:00"},
	}},
	{name: "timestamp, earlier", col: program.Column{Type: "timestamp"}, zone: "Europe/London", local: "earlier", cases: []castCase{
		{"2025-10-26 01:30:00", "2025-10-26 00:30:00"}, {"2025-03-30 01:30:00", "!impossible_local_time"},
	}},
	{name: "timestamp, later", col: program.Column{Type: "timestamp"}, zone: "Europe/London", local: "later", cases: []castCase{
		{"2025-10-26 01:30:00", "2025-10-26 01:30:00"},
	}},
	{name: "timestamp, zone of the column", col: program.Column{Type: "timestamp", Zone: "America/New_York", Format: []string{"%m/%d/%Y %I:%M %p"}}, zone: "Europe/London", cases: []castCase{
		{"03/09/2025 01:59 AM", "2025-03-09 06:59:00"},
		{"03/09/2025 02:30 AM", "!impossible_local_time"},
		{"3/9/2025 3:00 am", "2025-03-09 07:00:00"},
		{"11/02/2025 01:30 AM", "!double_local_time"},
		{"07/04/2025 12:00 AM", "2025-07-04 04:00:00"},
		{"07/04/2025 12:00 PM", "2025-07-04 16:00:00"},
		{"07/04/2025 13:00 PM", "!bad_value"},
		{"07/04/2025 00:30 AM", "!bad_value"},
		{"13/04/2025 01:00 PM", "!bad_value"},
	}},
	{name: "timestamp with an offset in its format", col: program.Column{Type: "timestamp", Format: []string{"%d %b %Y %H:%M:%S.%f %z"}}, zone: "UTC", cases: []castCase{
		{"02 Jan 2025 03:04:05.5 +0100", "2025-01-02 02:04:05.5"}, {"2 January 2025 03:04:05.000001 Z", "2025-01-02 03:04:05.000001"}, {"02 Jan 2025 03:04:05.0000001 Z", "!rounded"}, {"02 Jan 2025 03:04:05 Z", "!bad_value"},
	}},
	{name: "timestamp, half an hour", col: program.Column{Type: "timestamp"}, zone: "Australia/Lord_Howe", cases: []castCase{
		// Clocks go from +10:30 to +11:00 at 02:00 on 5 October 2025, and back at 02:00 on 6 April.
		{"2025-10-05 02:15:00", "!impossible_local_time"}, {"2025-10-05 02:30:00", "2025-10-04 15:30:00"}, {"2025-04-06 01:45:00", "!double_local_time"}, {"2025-04-06 01:29:59", "2025-04-05 14:29:59"}, {"2025-04-06 02:00:00", "2025-04-05 15:30:00"},
	}},
}

func castPopulation(i int) *program.Population {
	tc := castTables[i]
	col := tc.col
	col.Name = "value"
	return &program.Population{
		ID: "p", State: true, Key: []string{"position"}, Nulls: tc.nulls, AmbiguousLocalTime: tc.local,
		Columns: []program.Column{{Name: "n", Type: "integer"}, col},
	}
}

func TestCasts(t *testing.T) {
	count := 0
	for i, tc := range castTables {
		count += len(tc.cases)
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := &stream{fields: []string{"n", "value"}}
			for n, c := range tc.cases {
				text := c.text
				if text == "" {
					text = absent
				}
				s.rows = append(s.rows, []string{fmt.Sprint(n), text})
			}
			frozen, store := mustFreeze(t, castPopulation(i), s, orUTC(tc.zone))
			got := make([]string, len(tc.cases))
			for _, r := range frozen.Refused {
				got[r.Record-1] = "!" + r.Code
				if r.Value != tc.cases[r.Record-1].text || r.Column != "value" {
					t.Errorf("refused with column %s, value %q", r.Column, r.Value)
				}
				if strings.Contains(r.Reason, "%!") || !strings.HasSuffix(r.Reason, ".") {
					t.Errorf("reason %q", r.Reason)
				}
			}
			for _, row := range query(t, store, &frozen.Snapshot, "SELECT n, CAST(value AS VARCHAR) FROM p") {
				var n int
				if _, err := fmt.Sscanf(row, "%d|", &n); err != nil {
					t.Fatal(err)
				}
				_, got[n], _ = strings.Cut(row, "|")
			}
			for n, c := range tc.cases {
				if got[n] != c.want {
					t.Errorf("%q gives %s, want %s", c.text, got[n], c.want)
				}
			}
		})
	}
	if count < 80 {
		t.Errorf("%d cases", count)
	}
}

func orUTC(zone string) string {
	if zone == "" {
		return "UTC"
	}
	return zone
}

// The accelerator in SQL and the Go code give the same for texts that come
// from the cases by small changes.
func TestAcceleratorAgrees(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for i, tc := range castTables {
		t.Run(tc.name, func(t *testing.T) {
			pop := castPopulation(i)
			loc := zone(t, orUTC(tc.zone))
			c, err := newCaster(pop.Columns[1], pop, loc, windowOf(year2025))
			if err != nil {
				t.Fatal(err)
			}
			s := &stream{fields: []string{"n", "value"}}
			var want []string
			for n := range 1500 {
				text := mutate(rng, tc.cases[rng.IntN(len(tc.cases))].text)
				s.rows = append(s.rows, []string{fmt.Sprint(n), text})
				want = append(want, goCast(c, text))
			}
			frozen, store := mustFreeze(t, pop, s, orUTC(tc.zone))
			got := make([]string, len(want))
			for _, r := range frozen.Refused {
				got[r.Record-1] = "!" + r.Code
			}
			text := "value"
			if c.sqlType == "TIMESTAMP" {
				text = "strftime(value, '%Y-%m-%d %H:%M:%S.%f')"
			}
			for n, row := range query(t, store, &frozen.Snapshot, "SELECT CAST("+text+" AS VARCHAR), n FROM p") {
				at := strings.LastIndexByte(row, '|')
				if _, err := fmt.Sscan(row[at+1:], &n); err != nil {
					t.Fatal(err)
				}
				got[n] = row[:at]
			}
			for n := range want {
				if got[n] != want[n] {
					t.Errorf("%q gives %s, the Go code says %s", s.rows[n][1], got[n], want[n])
				}
			}
		})
	}
}

func goCast(c *caster, text string) string {
	text, present := c.prepare(text)
	if !present {
		return "NULL"
	}
	canonical, fail := c.cast(text)
	switch {
	case fail != nil:
		return "!" + fail.code
	case c.col.Type == "text" && c.col.Lower:
		return strings.ToLower(canonical)
	}
	return canonical
}

// mutate changes up to three characters.
func mutate(rng *rand.Rand, text string) string {
	alphabet := []rune("0123456789--::..,,  TZ+e\t\n\x1b$()'%/ApMJan\u00a0")
	r := []rune(text)
	for range rng.IntN(4) {
		at := rng.IntN(len(r) + 1)
		c := alphabet[rng.IntN(len(alphabet))]
		switch rng.IntN(3) {
		case 0:
			r = append(r[:at], append([]rune{c}, r[at:]...)...)
		case 1:
			if at < len(r) {
				r[at] = c
			}
		default:
			if at < len(r) {
				r = append(r[:at], r[at+1:]...)
			}
		}
	}
	return string(r)
}

// Local times of a whole year, minute by minute near clock changes, against
// the standard library walking through the instants.
func TestLocalTimesAgainstInstants(t *testing.T) {
	for _, name := range []string{"Europe/London", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Casablanca", "America/Santiago", "UTC"} {
		t.Run(name, func(t *testing.T) {
			loc := zone(t, name)
			shown := map[string][]time.Time{}
			for u := time.Date(2024, 12, 30, 0, 0, 0, 0, time.UTC); u.Year() < 2026 || u.Day() < 3; u = u.Add(15 * time.Minute) {
				local := u.In(loc).Format(sqlTime)
				shown[local] = append(shown[local], u)
			}
			pop := &program.Population{ID: "p", Key: []string{"position"}, EventTime: "seen", Columns: []program.Column{{Name: "seen", Type: "timestamp"}}}
			s := &stream{fields: []string{"seen"}}
			var want []string
			for w := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC); w.Year() == 2025; w = w.Add(15 * time.Minute) {
				text := w.Format(sqlTime)
				s.rows = append(s.rows, []string{text})
				switch at := shown[text]; len(at) {
				case 0:
					want = append(want, "!impossible_local_time")
				case 1:
					want = append(want, at[0].Format(sqlTime)+"|"+text[:10])
				default:
					want = append(want, "!double_local_time")
				}
			}
			frozen, store := mustFreeze(t, pop, s, name)
			got := make([]string, len(want))
			for _, r := range frozen.Refused {
				got[r.Record-1] = "!" + r.Code
			}
			for _, row := range query(t, store, &frozen.Snapshot, "SELECT _record, CAST(seen AS VARCHAR), CAST(_day AS VARCHAR) FROM p") {
				var n int
				if _, err := fmt.Sscanf(row, "%d|", &n); err != nil {
					t.Fatal(err)
				}
				_, got[n-1], _ = strings.Cut(row, "|")
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("local times (-want +got):\n%s", d)
			}
		})
	}
}

// Values that are rounded by declaration are counted, once each.
func TestRoundedIsVisible(t *testing.T) {
	pop := payments()
	pop.Columns[2].RoundTo = "half_even"
	s := &stream{fields: []string{"Id", "paid_on", "amount", "qty", "note"}, rows: [][]string{
		{"a", "2025-01-01", "1.005", "1", "x"}, {"b", "2025-01-01", "1.01", "1", "x"}, {"c", "2025-01-01", "1.0100", "1", "x"}, {"d", "2025-01-01", "1.016", "1", "x"},
	}}
	frozen, _ := mustFreeze(t, pop, s, "UTC")
	if c := frozen.Snapshot.Columns[2]; c.Rounded != 2 {
		t.Errorf("column %+v, want 2 rounded", c)
	}
	if frozen.Snapshot.Totals[0].Sum != "4.04" {
		t.Errorf("totals %v", frozen.Snapshot.Totals)
	}
}

func TestFormatsRefused(t *testing.T) {
	for _, col := range []program.Column{
		{Type: "date", Format: []string{"%d/%m"}},
		{Type: "date", Format: []string{"%d/%d/%Y"}},
		{Type: "date", Format: []string{"%d/%m/%Y %z"}},
		{Type: "date", Format: []string{"%d/%m/%Y %"}},
		{Type: "timestamp", Format: []string{"%d/%m/%Y"}},
		{Type: "timestamp", Format: []string{"%d/%m/%Y %I:%M"}},
		{Type: "timestamp", Format: []string{"%d/%m/%Y %H"}},
		{Type: "timestamp", Zone: "Mars/Olympus"},
		{Type: "boolean", True: []string{"x"}, False: []string{"x"}},
		{Type: "decimal", Scale: 2, Thousands: "."},
		{Type: "decimal", Scale: 2, DecimalMark: "1"},
		{Type: "decimal", Scale: 2, RoundTo: "up"},
		{Type: "money"},
	} {
		if _, err := newCaster(col, &program.Population{}, time.UTC, windowOf(year2025)); err == nil {
			t.Errorf("%+v: no error", col)
		}
	}
}

func FuzzCast(f *testing.F) {
	for i, tc := range castTables {
		for _, c := range tc.cases {
			f.Add(i, c.text)
		}
	}
	f.Fuzz(func(t *testing.T, i int, text string) {
		if i < 0 || i >= len(castTables) {
			return
		}
		pop := castPopulation(i)
		c, err := newCaster(pop.Columns[1], pop, time.UTC, windowOf(year2025))
		if err != nil {
			t.Fatal(err)
		}
		prepared, present := c.prepare(text)
		if !present {
			return
		}
		canonical, fail := c.cast(prepared)
		if fail != nil {
			if fail.code == "" || !strings.HasSuffix(fail.reason, ".") {
				t.Errorf("failure %+v", fail)
			}
			return
		}
		// A canonical text is a value of the plain declaration, and stays as it is.
		plain := program.Column{Name: "value", Type: c.col.Type, Precision: c.col.Precision, Scale: c.col.Scale}
		again, err := newCaster(plain, &program.Population{}, time.UTC, windowOf(year2025))
		if err != nil {
			t.Fatal(err)
		}
		if got, fail := again.cast(canonical); fail != nil || got != canonical {
			t.Errorf("%q gives %q, and that gives %q (%v)", text, canonical, got, fail)
		}
	})
}

var _ source.Stream = (*stream)(nil)
