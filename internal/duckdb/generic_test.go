package duckdb

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ticktie/ticktie/internal/engagement"
	"github.com/ticktie/ticktie/internal/program"
)

// table declares a population: "name: column type, column type …"; the first
// column is the key, the column named day is the event time.
func table(t *testing.T, declaration string) program.Population {
	t.Helper()
	name, columns, ok := strings.Cut(declaration, ": ")
	if !ok {
		t.Fatalf("%q declares no table", declaration)
	}
	p := program.Population{ID: name, State: true}
	for i, c := range strings.Split(columns, ", ") {
		column, typ, _ := strings.Cut(c, " ")
		x := program.Column{Name: column, Type: typ}
		if strings.HasPrefix(typ, "decimal") {
			x.Type = "decimal"
			_, _ = fmt.Sscanf(typ, "decimal%d", &x.Scale)
		}
		if i == 0 {
			p.Key = []string{column}
		}
		if column == "day" {
			p.EventTime, p.State = "day", false
		}
		p.Columns = append(p.Columns, x)
	}
	return p
}

// rows reads one row a line, values by blanks; - is absent and _ a blank.
func rows(p program.Population, text string) []map[string]any {
	var out []map[string]any
	for line := range strings.Lines(text) {
		values := strings.Fields(line)
		if len(values) == 0 {
			continue
		}
		r := map[string]any{}
		for i, v := range values {
			if v != "-" {
				r[p.Columns[i].Name] = strings.ReplaceAll(v, "_", " ")
			}
		}
		out = append(out, r)
	}
	return out
}

// one letter a judgement, attribute by attribute: m, d, ? not evaluable, - not applicable.
var letters = map[rune]string{'m': "met", 'd': "deviation", '?': "not_evaluable", '-': "not_applicable"}

type genericCase struct {
	name   string
	tables []string          // the first is tested
	rows   map[string]string // by table
	use    program.Use
	expect map[string]string // key to letters
}

func (c genericCase) run(t *testing.T) {
	p := &program.Program{
		Organization: program.Organization{Zone: "UTC", Calendar: program.Calendar{Holidays: []engagement.Date{{Year: 2025, Month: 1, Day: 1}}}},
		Engagements:  []program.Engagement{{ID: "e", Type: 2, First: engagement.Date{Year: 2025, Month: 1, Day: 1}, Last: engagement.Date{Year: 2025, Month: 1, Day: 31}}},
	}
	f := program.Fixture{Name: c.name, Rows: map[string][]map[string]any{}, Expect: map[string]map[string]string{}}
	for _, d := range c.tables {
		pop := table(t, d)
		p.Populations = append(p.Populations, pop)
		f.Rows[pop.ID] = rows(pop, c.rows[pop.ID])
	}
	for key, judged := range c.expect {
		f.Expect[key] = map[string]string{}
		for i, l := range judged {
			f.Expect[key][string(rune('A'+i))] = letters[l]
		}
	}
	test := &program.Test{ID: "T", Control: "C", Population: p.Populations[0].ID, Use: &c.use, Fixtures: []program.Fixture{f}}
	got, err := NewEngine(Config{Threads: 1}).Fixtures(t.Context(), p, test)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range got {
		t.Errorf("%s %s: expected %q, got %q %s", m.Key, m.Attribute, m.Expected, m.Got, m.Err)
	}
}

// Every generic procedure on rows judged by hand.
func TestGenericProcedures(t *testing.T) {
	for _, c := range []genericCase{
		{
			name: "FP-RECALC half up, to the cent", tables: []string{"lines: id text, hours decimal2, rate decimal2, pay decimal2"},
			use: program.Use{Procedure: "FP-RECALC", Args: map[string]any{"actual": "pay", "expected": "hours * rate", "scale": "2"}},
			// 1.25 × 10.10 = 12.625, half up 12.63; −1.25 × 10.10 rounds away from zero to −12.63.
			rows:   map[string]string{"lines": "a 1.25 10.10 12.63\nb 1.25 10.10 12.62\nc -1.25 10.10 -12.63\nd 2 10 20\ne - 10 20\nf 0 10 0\ng 3 3.33 9.99\nh 3 3.33 10.00"},
			expect: map[string]string{"a": "m", "b": "d", "c": "m", "d": "m", "e": "?", "f": "m", "g": "m", "h": "d"},
		},
		{
			name: "FP-RECALC half even and down", tables: []string{"lines: id text, x decimal3, y decimal2"},
			use:    program.Use{Procedure: "FP-RECALC", Args: map[string]any{"actual": "y", "expected": "x", "scale": "2", "rounding": "half_even"}},
			rows:   map[string]string{"lines": "a 0.125 0.12\nb 0.135 0.14\nc 0.125 0.13\nd -0.125 -0.12\ne 0.126 0.13\nf 0.124 0.12"},
			expect: map[string]string{"a": "m", "b": "m", "c": "d", "d": "m", "e": "m", "f": "m"},
		},
		{
			name: "FP-RECALC down", tables: []string{"lines: id text, x decimal3, y decimal2"},
			use:    program.Use{Procedure: "FP-RECALC", Args: map[string]any{"actual": "y", "expected": "x", "scale": "2", "rounding": "down"}},
			rows:   map[string]string{"lines": "a 0.129 0.12\nb 0.129 0.13\nc -0.129 -0.12\nd 0.120 0.12"},
			expect: map[string]string{"a": "m", "b": "d", "c": "m", "d": "m"},
		},
		{
			name: "FP-RECALC at the tolerance", tables: []string{"lines: id text, x decimal2, y decimal2"},
			use:    program.Use{Procedure: "FP-RECALC", Args: map[string]any{"actual": "y", "expected": "x", "tolerance": "0.05"}},
			rows:   map[string]string{"lines": "a 1.00 1.05\nb 1.00 1.06\nc 1.00 0.95\nd 1.00 0.94"},
			expect: map[string]string{"a": "m", "b": "d", "c": "m", "d": "d"},
		},
		{
			name: "FP-LIMIT", tables: []string{"claims: id text, amount decimal2, top decimal2, waived boolean"},
			use:    program.Use{Procedure: "FP-LIMIT", Args: map[string]any{"value": "amount", "min": "0", "max": "top", "override": "waived"}},
			rows:   map[string]string{"claims": "a 10 10 false\nb 10.01 10 false\nc 10.01 10 true\nd -0.01 10 false\ne 0 10 -\nf - 10 false\ng 5 - false\nh 10.01 10 -"},
			expect: map[string]string{"a": "m", "b": "d", "c": "m", "d": "d", "e": "m", "f": "?", "g": "?", "h": "d"},
		},
		{
			name: "FP-LIMIT split below the limit", tables: []string{"claims: id text, who text, amount decimal2, day date"},
			use:    program.Use{Procedure: "FP-LIMIT", Args: map[string]any{"value": "amount", "max": "100", "split_by": "who"}},
			rows:   map[string]string{"claims": "a x 60 2025-01-02\nb x 60 2025-01-02\nc x 60 2025-01-03\nd y 60 2025-01-02\ne y 101 2025-01-02"},
			expect: map[string]string{"a": "md", "b": "md", "c": "mm", "d": "md", "e": "dm"},
		},
		{
			name: "FP-DUP", tables: []string{"invoices: id text, vendor text, number text, amount decimal2, day date, marked boolean"},
			use: program.Use{Procedure: "FP-DUP", Args: map[string]any{"by": []any{"vendor", "number"}, "marker": "marked", "fuzzy_by": []any{"vendor", "amount"}, "fuzzy_days": "3"}},
			rows: map[string]string{"invoices": "a v 1 10 2025-01-02 false\nb v 1 20 2025-01-20 false\nc v 2 30 2025-01-02 -\nd w 1 10 2025-01-02 false\n" +
				"e v 3 99 2025-01-10 false\nf v 4 99 2025-01-13 false\ng v 5 99 2025-01-17 false\nh - 6 5 2025-01-02 false\ni v 7 1 2025-01-02 true\nj v 7 2 2025-01-02 false"},
			expect: map[string]string{"a": "dm", "b": "dm", "c": "mm", "d": "mm", "e": "md", "f": "md", "g": "mm", "h": "??", "i": "mm", "j": "dm"},
		},
		{
			name: "FP-GAP", tables: []string{"notes: id text, series text, number integer, day date", "voids: number integer, series text"},
			use: program.Use{Procedure: "FP-GAP", Args: map[string]any{"number": "number", "by": "series", "voids": "voids"}},
			rows: map[string]string{
				"notes": "a s 1 2025-01-02\nb s 2 2025-01-03\nc s 4 2025-01-04\nd s 8 2025-01-05\ne s 8 2025-01-06\nf t 5 2025-01-02\ng t 7 2025-01-02\nh t - 2025-01-02",
				"voids": "6 t\n5 s",
			},
			// Of series s the numbers 3, 6 and 7 are missing (5 is void); of t none (6 is void).
			expect: map[string]string{"s|1": "mm", "s|2": "mm", "s|missing 3": "d-", "s|4": "mm", "s|missing 6 to 7": "d-", "s|8": "md", "t|5": "mm", "t|7": "mm", "t|(absent)": "-?"},
		},
		{
			name: "FP-TIE", tables: []string{"lines: id text, batch text, amount decimal2", "bank: batch text, total decimal2"},
			use: program.Use{Procedure: "FP-TIE", Args: map[string]any{"against": "bank", "by": "batch", "measure": "sum(amount)", "against_measure": "sum(total)"}},
			rows: map[string]string{
				"lines": "1 a 10.10\n2 a 0.05\n3 b 5\n4 c 1\n5 - 2\n6 e -",
				"bank":  "a 10.15\nb 5.01\nd 7\ne 1",
			},
			expect: map[string]string{"a": "mm", "b": "md", "c": "d-", "d": "d-", "(absent)": "d-", "e": "m?"},
		},
		{
			name: "FP-MATCH", tables: []string{"lines: id text, ref text, amount decimal2, day date", "bank: n text, ref text, amount decimal2, day date"},
			use: program.Use{Procedure: "FP-MATCH", Args: map[string]any{"against": "bank", "by": "ref", "fields": map[string]any{"amount": "amount"}, "window_days": "2"}},
			rows: map[string]string{
				"lines": "1 a 10 2025-01-02\n2 b 10 2025-01-02\n3 c 10 2025-01-02\n4 d 10 2025-01-02\n5 d 10 2025-01-02",
				"bank":  "1 a 10 2025-01-04\n2 b 11 2025-01-02\n3 x 10 2025-01-02\n4 d 10 2025-01-05",
			},
			expect: map[string]string{"a|1": "mmm", "b|1": "mdm", "c|1": "d--", "x|1": "d--", "d|1": "mmd", "d|2": "d--"},
		},
		{
			name: "FP-ROLL", tables: []string{"balances: id text, account text, month integer, opening decimal2, increase decimal2, decrease decimal2, closing decimal2"},
			use:    program.Use{Procedure: "FP-ROLL", Args: map[string]any{"opening": "opening", "increase": "increase", "decrease": "decrease", "closing": "closing", "by": "account", "order_by": "month"}},
			rows:   map[string]string{"balances": "1 x 1 0 10 3 7\n2 x 2 7 1 1 7\n3 x 3 8 0 0 8\n4 x 4 8 1 0 8\n5 y 1 5 0 0 5\n6 y 2 5 - 0 5"},
			expect: map[string]string{"1": "m-", "2": "mm", "3": "md", "4": "dm", "5": "m-", "6": "?m"},
		},
		{
			name: "FP-SCHED business days", tables: []string{"backups: id text, system text, day date", "systems: system text, starts date, ends date"},
			use: program.Use{Procedure: "FP-SCHED", Args: map[string]any{"every": "week", "by": "system", "entities": "systems", "active_from": "starts", "active_to": "ends", "within_days": "0"}},
			rows: map[string]string{
				// Weeks begin on Mondays: 30 Dec, 6, 13, 20, 27 Jan.
				"systems": "a 2025-01-13 -\nb 2025-01-01 2025-01-13",
				"backups": "1 a 2025-01-14\n2 a 2025-01-15\n3 a 2025-01-28\n4 b 2025-01-02\n5 b 2025-01-20\n6 c 2025-01-06",
			},
			expect: map[string]string{
				"a|2025-01-13": "mmm", "a|2025-01-20": "d-m", "a|2025-01-27": "mmm", "b|2024-12-30": "mmm", "b|2025-01-06": "d-m",
				"b|2025-01-20": "--d", "c|2025-01-06": "--d",
			},
		},
		{
			name: "FP-VALID", tables: []string{"lines: id text, employee text, day date", "employees: n text, employee text, f date, t date"},
			use: program.Use{Procedure: "FP-VALID", Args: map[string]any{"master": "employees", "by": "employee", "master_by": "employee", "valid_from": "f", "valid_to": "t"}},
			rows: map[string]string{
				"employees": "1 a 2025-01-01 2025-01-10\n2 b 2025-01-01 -\n3 c 2025-01-01 2025-01-20\n4 c 2025-01-15 -",
				"lines":     "1 a 2025-01-09\n2 a 2025-01-10\n3 b 2025-01-31\n4 x 2025-01-02\n5 - 2025-01-02\n6 c 2025-01-17\n7 c 2025-01-20",
			},
			expect: map[string]string{"1": "mmm", "2": "md-", "3": "mmm", "4": "d--", "5": "?--", "6": "mmd", "7": "mmm"},
		},
		{
			name: "FP-SOD persons", tables: []string{"runs: id text, preparer text, approver text, releaser text"},
			use:    program.Use{Procedure: "FP-SOD", Args: map[string]any{"people": []any{"preparer", "approver", "releaser"}}},
			rows:   map[string]string{"runs": "1 a b c\n2 a a c\n3 a b a\n4 a b b\n5 a - c\n6 a - a"},
			expect: map[string]string{"1": "m", "2": "d", "3": "d", "4": "d", "5": "?", "6": "d"},
		},
		{
			name: "FP-SOD the same person behind two logins", tables: []string{"runs: id text, preparer text, approver text", "logins: login text, person text"},
			use:    program.Use{Procedure: "FP-SOD", Args: map[string]any{"people": []any{"preparer", "approver"}, "persons": "logins", "login": "login", "person": "person"}},
			rows:   map[string]string{"runs": "1 a b\n2 a a2\n3 a zz", "logins": "a ada\na2 ada\nb ben"},
			expect: map[string]string{"1": "m", "2": "d", "3": "?"},
		},
		{
			name: "FP-SOD forbidden pairs", tables: []string{"grants: id text, who text, role text, f date, t date", "rules: one text, two text"},
			use: program.Use{Procedure: "FP-SOD", Args: map[string]any{"user": "who", "right": "role", "from_date": "f", "to_date": "t", "forbidden": "rules"}},
			rows: map[string]string{
				"rules":  "pay approve",
				"grants": "1 ada pay 2025-01-01 -\n2 ada approve 2025-01-05 -\n3 ben pay 2025-01-01 2025-01-05\n4 ben approve 2025-01-05 -\n5 cyd pay 2025-01-01 -",
			},
			expect: map[string]string{"ada": "d", "ben": "m", "cyd": "m"},
		},
		{
			name: "FP-AUTH", tables: []string{"orders: id text, preparer text, approver text, approved timestamp, executed timestamp, amount decimal2, hash text, approved_hash text", "limits: n text, approver text, top decimal2, f date, t date"},
			use: program.Use{Procedure: "FP-AUTH", Args: map[string]any{
				"approver": "approver", "approved_at": "approved", "effective_at": "executed", "preparer": "preparer", "amount": "amount",
				"authority": "limits", "authority_limit": "top", "authority_from": "f", "authority_to": "t", "content": "hash", "approved_content": "approved_hash",
			}},
			rows: map[string]string{
				"limits": "1 b 100 2025-01-01 2025-01-10\n2 b 200 2025-01-10 -\n3 a 1000 2025-01-01 -",
				"orders": "1 a b 2025-01-02T10:00:00Z 2025-01-02T11:00:00Z 100 h h\n2 a b 2025-01-02T10:00:00Z 2025-01-02T09:59:59Z 101 h h\n" +
					"3 a b 2025-01-10T10:00:00Z 2025-01-10T10:00:00Z 200 h g\n4 a a 2025-01-02T10:00:00Z 2025-01-02T11:00:00Z 5 h h\n5 a - - 2025-01-02T11:00:00Z 5 h h\n6 a c 2025-01-02T10:00:00Z 2025-01-02T11:00:00Z 5 h -",
			},
			expect: map[string]string{"1": "mmmmm", "2": "mdmdm", "3": "mmmmd", "4": "mmdmm", "5": "d----", "6": "mmmd?"},
		},
		{
			name: "FP-CUTOFF", tables: []string{"entries: id text, event date, period text, posted timestamp", "locks: period text, locked_at timestamp, unlocked_at timestamp"},
			use: program.Use{Procedure: "FP-CUTOFF", Args: map[string]any{"event": "event", "period": "period", "posted_at": "posted", "locks": "locks", "locked_to": "unlocked_at"}},
			rows: map[string]string{
				"locks":   "2025-01 2025-02-05T00:00:00Z 2025-02-07T00:00:00Z",
				"entries": "1 2025-01-31 2025-01 2025-02-04T23:59:59Z\n2 2025-01-31 2025-02 2025-02-04T00:00:00Z\n3 2025-01-31 2025-01 2025-02-05T00:00:00Z\n4 2025-01-31 2025-01 2025-02-07T00:00:00Z\n5 - 2025-01 2025-02-01T00:00:00Z\n6 2025-01-31 2025-01 -",
			},
			expect: map[string]string{"1": "mm", "2": "dm", "3": "md", "4": "mm", "5": "?m", "6": "m?"},
		},
		{
			name: "FP-TIMELY business days", tables: []string{"tickets: id text, opened date, done date"},
			// 1 January 2025 is a Wednesday and a holiday; the period ends on Friday, 31 January.
			use:    program.Use{Procedure: "FP-TIMELY", Args: map[string]any{"start": "opened", "done": "done", "within_business_days": "2"}},
			rows:   map[string]string{"tickets": "1 2025-01-02 2025-01-06\n2 2025-01-02 2025-01-07\n3 2024-12-31 2025-01-03\n4 2025-01-27 -\n5 2025-01-30 -\n6 - 2025-01-02"},
			expect: map[string]string{"1": "m", "2": "d", "3": "m", "4": "d", "5": "-", "6": "?"},
		},
		{
			name: "FP-TIMELY hours", tables: []string{"tickets: id text, opened timestamp, done timestamp"},
			use:    program.Use{Procedure: "FP-TIMELY", Args: map[string]any{"start": "opened", "done": "done", "within_hours": "4"}},
			rows:   map[string]string{"tickets": "1 2025-01-02T10:00:00Z 2025-01-02T14:00:00Z\n2 2025-01-02T10:00:00Z 2025-01-02T14:00:01Z\n3 2025-01-02T10:00:00Z -\n4 2025-01-30T22:00:00Z -"},
			expect: map[string]string{"1": "m", "2": "d", "3": "d", "4": "-"},
		},
		{
			name: "FP-BAL", tables: []string{"ledger: id text, entry text, debit decimal2, credit decimal2"},
			use:    program.Use{Procedure: "FP-BAL", Args: map[string]any{"by": "entry", "debit": "debit", "credit": "credit"}},
			rows:   map[string]string{"ledger": "1 e1 10 0\n2 e1 0 10\n3 e2 10 0\n4 e2 0 9.99\n5 e3 1 -\n6 - 1 1"},
			expect: map[string]string{"e1": "m", "e2": "d", "e3": "?", "(absent)": "m"},
		},
		{
			name: "FP-REVERSE in full", tables: []string{"entries: id text, reverses text, amount decimal2"},
			use:    program.Use{Procedure: "FP-REVERSE", Args: map[string]any{"id": "id", "reverses": "reverses", "amount": "amount"}},
			rows:   map[string]string{"entries": "1 - 10\n2 1 -10\n3 - 20\n4 3 -19\n5 99 -1\n6 - 30\n7 6 -30\n8 6 -30"},
			expect: map[string]string{"1": "---", "2": "mmm", "4": "mdm", "5": "d--", "7": "mmd", "8": "mmd"},
		},
		{
			name: "FP-REVERSE in part", tables: []string{"entries: id text, reverses text, amount decimal2"},
			use:    program.Use{Procedure: "FP-REVERSE", Args: map[string]any{"id": "id", "reverses": "reverses", "amount": "amount", "partial": true}},
			rows:   map[string]string{"entries": "1 - 10\n2 1 -4\n3 1 -6\n4 - 10\n5 4 -6\n6 4 -5"},
			expect: map[string]string{"2": "mm", "3": "mm", "5": "md", "6": "md"},
		},
		{
			name: "FP-ACCESS", tables: []string{"activity: id text, who text, seen timestamp", "grants: n text, who text, f timestamp, t timestamp", "leavers: who text, gone timestamp"},
			use: program.Use{Procedure: "FP-ACCESS", Args: map[string]any{"user": "who", "at": "seen", "grants": "grants", "grant_user": "who", "grant_from": "f", "grant_to": "t", "leavers": "leavers", "leaver_user": "who", "left_at": "gone"}},
			rows: map[string]string{
				"grants":   "1 ada 2025-01-01T00:00:00Z 2025-01-10T00:00:00Z\n2 ben 2025-01-01T00:00:00Z -",
				"leavers":  "ben 2025-01-05T00:00:00Z",
				"activity": "1 ada 2025-01-09T23:59:59Z\n2 ada 2025-01-10T00:00:00Z\n3 ben 2025-01-04T00:00:00Z\n4 ben 2025-01-05T00:00:00Z\n5 cyd 2025-01-02T00:00:00Z\n6 - 2025-01-02T00:00:00Z",
			},
			expect: map[string]string{"1": "mm", "2": "dm", "3": "mm", "4": "md", "5": "dm", "6": "??"},
		},
		{
			name: "FP-RECON-AGE", tables: []string{"breaks: id text, opened date, closed date, owner text, why text"},
			use:    program.Use{Procedure: "FP-RECON-AGE", Args: map[string]any{"opened": "opened", "closed": "closed", "limit_days": "10", "owner": "owner", "explanation": "why"}},
			rows:   map[string]string{"breaks": "1 2025-01-21 - ada x\n2 2025-01-20 - ada x\n3 2025-01-01 2025-01-11 ada x\n4 2025-01-01 2025-01-12 - x\n5 2025-01-30 - ada -\n6 - - ada x"},
			expect: map[string]string{"1": "mmm", "2": "dmm", "3": "mmm", "4": "ddm", "5": "mmd", "6": "?mm"},
		},
		{
			name: "FP-MASTER", tables: []string{"changes: id text, request text, changer text, value text", "requests: request text, approver text, wanted text"},
			use: program.Use{Procedure: "FP-MASTER", Args: map[string]any{"requests": "requests", "by": "request", "request_by": "request", "changer": "changer", "value": "value", "request_value": "wanted"}},
			rows: map[string]string{
				"requests": "r1 ben v\nr2 - v\nr3 ada v",
				"changes":  "1 r1 ada v\n2 r2 ada v\n3 r3 ada v\n4 - ada v\n5 r1 cyd w",
			},
			expect: map[string]string{"1": "mmmm", "2": "md-m", "3": "mmdm", "4": "d---", "5": "mmmd"},
		},
		{
			name: "FP-PARAM", tables: []string{"rates: id text, state text, rate decimal4, f date, loaded date", "law: n text, state text, rate decimal4, f date, published date"},
			use: program.Use{Procedure: "FP-PARAM", Args: map[string]any{"source": "law", "by": []any{"state", "f"}, "source_by": []any{"state", "f"}, "value": "rate", "source_value": "rate", "loaded_at": "loaded", "effective_at": "f", "within_days": "0"}},
			rows: map[string]string{
				"law":   "1 NY 0.04 2025-01-01 2024-12-01\n2 NJ 0.05 2025-01-01 2024-12-01\n3 CA 0.06 2025-01-01 2024-12-01",
				"rates": "1 NY 0.04 2025-01-01 2024-12-31\n2 NJ 0.0501 2025-01-01 2025-01-01\n3 TX 0.01 2025-01-01 2025-01-02",
			},
			expect: map[string]string{"NY|2025-01-01|1": "mmm", "NJ|2025-01-01|1": "mdm", "CA|2025-01-01|1": "d--", "TX|2025-01-01|1": "d-d"},
		},
		{
			name: "FP-REPORT", tables: []string{"cells: id text, month text, total decimal2", "base: id text, month text, amount decimal2"},
			use:    program.Use{Procedure: "FP-REPORT", Args: map[string]any{"against": "base", "by": "month", "value": "total", "against_measure": "sum(amount)"}},
			rows:   map[string]string{"cells": "1 jan 30\n2 feb 5", "base": "1 jan 10\n2 jan 20\n3 feb 6\n4 mar 1"},
			expect: map[string]string{"jan": "mm", "feb": "md", "mar": "d-"},
		},
		{
			name: "FP-IDLE", tables: []string{"snapshots: id text, system text, seen timestamp, state text", "changes: n text, system text, seen timestamp"},
			use: program.Use{Procedure: "FP-IDLE", Args: map[string]any{"by": "system", "at": "seen", "state": "state", "changes": "changes", "change_by": "system", "change_at": "seen"}},
			rows: map[string]string{
				"changes":   "1 a 2025-01-02T12:00:00Z",
				"snapshots": "1 a 2025-01-01T00:00:00Z x\n2 a 2025-01-02T00:00:00Z x\n3 a 2025-01-03T00:00:00Z y\n4 a 2025-01-04T00:00:00Z z\n5 b 2025-01-01T00:00:00Z x\n6 b 2025-01-02T00:00:00Z -",
			},
			expect: map[string]string{"1": "-", "2": "m", "3": "m", "4": "d", "5": "-", "6": "?"},
		},
		{
			name: "FP-ANALYTIC", tables: []string{"entries: id text, day date"},
			use:    program.Use{Procedure: "FP-ANALYTIC", Args: map[string]any{"lead_if": "isodow(day) IN (6, 7)"}},
			rows:   map[string]string{"entries": "1 2025-01-03\n2 2025-01-04\n3 2025-01-05\n4 2025-01-06"},
			expect: map[string]string{"1": "m", "2": "d", "3": "d", "4": "m"},
		},
	} {
		t.Run(c.name, c.run)
	}
}
