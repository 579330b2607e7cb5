package harborline

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ticktie/ticktie/internal/program"
)

const few = 6240 // payroll lines, the fewest there are

func generate(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := GenerateScaled(t.Context(), dir, few); err != nil {
		t.Fatal(err)
	}
	return dir
}

func digests(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		rel, _ := filepath.Rel(dir, path)
		out[rel] = fmt.Sprintf("%x", sha256.Sum256(b))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestSameBytesEveryTime(t *testing.T) {
	one, two := digests(t, generate(t)), digests(t, generate(t))
	if d := cmp.Diff(one, two); d != "" || len(one) < 100 {
		t.Errorf("%d files; they differ: %s", len(one), d)
	}
}

func TestProgramHasNoErrors(t *testing.T) {
	p, findings, err := program.Load(filepath.Join(generate(t), ProgramDir))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range append(findings, program.Check(p)...) {
		if f.Severity == "error" {
			t.Error(f)
		}
	}
	tests := map[string]bool{}
	for _, x := range p.Tests {
		tests[x.ID] = true
	}
	for _, f := range Faults() {
		if !tests[f.Test] {
			t.Errorf("fault %s is of a test %s that the program does not have", f.ID, f.Test)
		}
	}
	if len(p.Controls) < 40 || len(Faults()) < 25 {
		t.Errorf("%d controls, %d faults", len(p.Controls), len(Faults()))
	}
}

// rows reads CSV files, packed or plain, as maps by column.
func rows(t *testing.T, dir, pattern string) []map[string]string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, DataDir, pattern))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no file matches %s (%v)", pattern, err)
	}
	var out []map[string]string
	for _, p := range paths {
		b, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		var r io.Reader = bytes.NewReader(b)
		if strings.HasSuffix(p, ".gz") {
			if r, err = gzip.NewReader(r); err != nil {
				t.Fatal(err)
			}
		}
		all, err := csv.NewReader(r).ReadAll()
		if err != nil {
			t.Fatalf("%s: %v", p, err)
		}
		for _, line := range all[1:] {
			m := map[string]string{}
			for i, name := range all[0] {
				m[name] = line[i]
			}
			out = append(out, m)
		}
	}
	return out
}

func cents(t *testing.T, s string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(strings.Replace(s, ".", "", 1), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func key(parts ...string) string {
	b, _ := json.Marshal(parts)
	return string(b)
}

// The faults of plain rules, found by plain loops over the files: exactly
// those of the list, and no other.
func TestFaultsByPlainLoops(t *testing.T) {
	dir := generate(t)
	found := map[string][]string{}
	add := func(test, attribute, k string) { found[test+" "+attribute] = append(found[test+" "+attribute], k) }
	lines := rows(t, dir, "payroll/lines-*.csv.gz")
	net := map[string]int64{}
	for _, l := range lines {
		sum := cents(t, l["gross"])
		for _, d := range []string{"pretax", "federal_tax", "state_tax", "social_security", "medicare", "posttax"} {
			sum -= cents(t, l[d])
		}
		k := key(l["run"], l["employee"])
		net[k] = cents(t, l["net"])
		if net[k] != sum {
			add("PAY-05.T1", "A", k)
		}
	}
	paid, traces := map[string]int64{}, map[string][]string{}
	for _, e := range rows(t, dir, "bank/payroll-entries-*.csv.gz") {
		k := key(e["run"], e["employee"])
		paid[k] += cents(t, e["amount"])
		traces[k] = append(traces[k], e["trace"])
	}
	for k, n := range net {
		if paid[k] != n {
			add("PAY-10.T1", "B", k)
		}
		if len(traces[k]) > 1 {
			for _, trace := range traces[k] {
				add("PAY-11.T1", "A", key(trace))
			}
		}
	}
	for _, r := range rows(t, dir, "payroll/runs.csv") {
		if r["prepared_by"] == r["approved_by"] || r["approved_by"] == r["released_by"] || r["prepared_by"] == r["released_by"] {
			add("PAY-09.T1", "A", key(r["run"]))
		}
		if r["approved_at"] > r["released_at"] { // ISO texts in UTC sort by time
			add("PAY-09.T2", "B", key(r["run"]))
		}
	}
	for _, c := range rows(t, dir, "payroll/bank-detail-changes.csv") {
		if c["called_back_by"] == "" {
			add("PAY-02.T1", "A", key(c["change"]))
		}
	}
	numbers := map[int64]bool{}
	var last int64
	for _, i := range rows(t, dir, "billing/invoices.csv") {
		n := cents(t, i["number"])
		numbers[n], last = true, max(last, n)
	}
	for n := int64(1); n < last; n++ {
		if !numbers[n] {
			add("BIL-04.T1", "A", key(fmt.Sprintf("missing %d", n)))
		}
	}
	balance := map[string]int64{}
	for _, l := range rows(t, dir, "ledger/journal-lines.csv") {
		balance[l["journal"]] += cents(t, l["debit"]) - cents(t, l["credit"])
	}
	for j, b := range balance {
		if b != 0 {
			add("GL-01.T1", "A", key(j))
		}
	}
	for _, i := range rows(t, dir, "billing/invoice-lines.csv") {
		late := i["service_month"] >= "2025-07-01"
		list := map[string][2]string{"PAYSLIP": {"0.4500", "0.4750"}, "API-CALL": {"0.0125", "0.0125"}, "ARCHIVE-GB": {"0.3100", "0.2900"}}[i["sku"]]
		want := list[0]
		if late {
			want = list[1]
		}
		if i["unit_price"] != want {
			add("BIL-03.T1", "A", key(i["invoice"], i["line"]))
		}
	}
	for _, r := range rows(t, dir, "treasury/*return*.csv") {
		if r["returned_item"] == "" {
			continue
		}
		opened, closed := r["returned_on"], r["resolved_on"]
		if closed == "" {
			closed = "2025-12-31"
		}
		if days(t, opened, closed) > 30 {
			add("TRE-02.T1", "A", key(r["returned_item"]))
		}
	}
	want := map[string][]string{}
	for _, f := range Faults() {
		if _, checked := found[f.Test+" "+f.Attribute]; checked {
			want[f.Test+" "+f.Attribute] = append(want[f.Test+" "+f.Attribute], f.Key)
		}
	}
	for _, m := range []map[string][]string{want, found} {
		for _, keys := range m {
			slices.Sort(keys)
		}
	}
	if d := cmp.Diff(want, found); d != "" {
		t.Errorf("- the list, + the loops\n%s", d)
	}
	if len(found) < 9 {
		t.Errorf("the loops found faults of %d rules only: %v", len(found), found)
	}
}

func days(t *testing.T, from, to string) int {
	t.Helper()
	a, b := parse(t, from), parse(t, to)
	return b - a
}

// parse is the number of a day since 2024 began.
func parse(t *testing.T, s string) int {
	t.Helper()
	var y, m, d int
	if _, err := fmt.Sscanf(s, "%d-%d-%d", &y, &m, &d); err != nil {
		t.Fatal(err)
	}
	n := d
	for i := 1; i < m; i++ {
		n += []int{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}[i-1]
	}
	return n + (y-2024)*366
}

// Check compares as sets, both ways.
func TestCheck(t *testing.T) {
	var all []Found
	for _, f := range Faults() {
		all = append(all, Found{f.Test, f.Attribute, f.Key, f.Judgement})
	}
	if missing, extra := Check(all); len(missing)+len(extra) != 0 {
		t.Errorf("%v %v", missing, extra)
	}
	if missing, extra := Check(append(all[1:], all[1], Found{Test: "X"})); len(missing) != 1 || len(extra) != 2 {
		t.Errorf("%v %v", missing, extra)
	}
}
