package population

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"

	"github.com/ticktie/ticktie/internal/objects"
)

// sequence looks for missing and repeated numbers in each series. A number on
// several items differs, unless the population's key is the position: there,
// whether an item is repeated is a question for a test.
func (t *tying) sequence() error {
	if t.def.Series == "" {
		return unknown("it names no series")
	}
	numbers, keys := t.seriesQuery()
	without, err := t.seriesTotals(numbers, keys)
	if err != nil {
		return err
	}
	ours, _ := new(big.Int).SetString(t.out.Ours, 10)
	theirs, _ := new(big.Int).SetString(t.out.Theirs, 10)
	missing := new(big.Int).Sub(theirs, ours)
	if !missing.IsInt64() {
		return unknown("the numbers lie too far apart to be one series")
	}
	t.out.Difference = missing.String()
	repeated, err := t.seriesBreaks(numbers, keys)
	if err != nil {
		return err
	}
	differing := missing.Int64() + without
	if byPosition(t.snap.Key) {
		if repeated > 0 {
			t.out.Reason = plural(repeated, "number") + " on more than one item, which a key by position allows"
		}
	} else {
		differing += repeated
	}
	if without > 0 {
		t.detail("%s without a whole number", plural(without, "item"))
	}
	t.settle(differing)
	return nil
}

// seriesQuery is one row for each number of each series: k0 …, n, items; n is
// NULL for items without a whole number.
func (t *tying) seriesQuery() (query, keys string) {
	var list, ordinals []string
	for i, b := range t.def.SeriesBy {
		list = append(list, fmt.Sprintf("CAST((%s) AS VARCHAR) AS k%d", b, i))
		ordinals = append(ordinals, fmt.Sprintf("k%d", i))
	}
	list = append(list, "CAST(("+t.def.Series+") AS VARCHAR) AS t")
	inner := "SELECT " + strings.Join(list, ", ") + " FROM " + quoted(t.snap.Population)
	if t.def.Where != "" {
		inner += " WHERE (" + t.def.Where + "\n)"
	}
	keys = strings.Join(ordinals, ", ")
	columns := "n"
	if keys != "" {
		columns = keys + ", n"
	}
	return "SELECT " + columns + ", count(*) AS items FROM (SELECT *, CASE WHEN regexp_full_match(t, '-?[0-9]{1,37}([.]0*)?') THEN TRY_CAST(t AS HUGEINT) END AS n FROM (" +
		inner + ")) GROUP BY " + columns, keys
}

// seriesTotals counts numbers present and numbers that a series without gaps
// would have, and returns how many items have none.
func (t *tying) seriesTotals(numbers, keys string) (without int64, err error) {
	group := ""
	if keys != "" {
		group = " GROUP BY " + keys
	}
	query := "SELECT coalesce(sum(present), 0) AS present, coalesce(sum(span), 0) AS span, coalesce(sum(bare), 0) AS bare FROM (SELECT count(n) AS present, max(n) - min(n) + 1 AS span," +
		" coalesce(sum(items) FILTER (WHERE n IS NULL), 0) AS bare FROM (" + numbers + ")" + group + ")"
	err = t.r.Rows(t.ctx, t.snaps(), query, func(values []*string) error {
		t.out.Ours, t.out.Theirs = *values[0], *values[1]
		without, err = strconv.ParseInt(*values[2], 10, 64)
		return err
	})
	if err == nil && t.out.Ours == "0" && without == 0 {
		err = unknown("there is no item with a number")
	}
	return without, err
}

// seriesBreaks lists missing ranges and repeated numbers, and returns how many
// numbers are repeated.
func (t *tying) seriesBreaks(numbers, keys string) (repeated int64, err error) {
	partition, first := "", ""
	if keys != "" {
		partition, first = "PARTITION BY "+keys+" ", keys+", "
	}
	query := "SELECT " + first + "n, next, items FROM (SELECT *, lead(n) OVER (" + partition + "ORDER BY n) AS next FROM (" + numbers +
		") WHERE n IS NOT NULL) WHERE items > 1 OR next > n + 1 ORDER BY " + first + "n"
	width := len(t.def.SeriesBy)
	err = t.r.Rows(t.ctx, t.snaps(), query, func(values []*string) error {
		prefix := ""
		if width > 0 {
			key, err := objects.Canonical(values[:width])
			if err != nil {
				return err
			}
			prefix = string(key) + ": "
		}
		n, next, items := values[width], values[width+1], *values[width+2]
		if items != "1" {
			repeated++
		}
		if items != "1" && !byPosition(t.snap.Key) {
			t.detail("%s%s is on %s items", prefix, *n, items)
		}
		if next != nil {
			t.missing(prefix, *n, *next)
		}
		return nil
	})
	return repeated, err
}

// missing words the numbers between two neighbours, if there are any.
func (t *tying) missing(prefix, before, after string) {
	a, _ := new(big.Int).SetString(before, 10)
	b, _ := new(big.Int).SetString(after, 10)
	first, last := a.Add(a, big.NewInt(1)), b.Sub(b, big.NewInt(1))
	switch first.Cmp(last) {
	case 0:
		t.detail("%s%s is missing", prefix, first)
	case -1:
		t.detail("%s%s to %s are missing", prefix, first, last)
	}
}

// boundary looks for items on the first and the last day. Where every day or
// business day is expected, those are the first and last expected ones.
func (t *tying) boundary() error {
	days := t.snap.Coverage.Days
	if len(days) == 0 {
		return unknown("the population has no days")
	}
	first, last := 0, len(days)-1
	expected := func(i int) bool { return days[i].State != NotExpected }
	if t.every == "day" || t.every == "business_day" {
		for first < last && !expected(first) {
			first++
		}
		for last > first && !expected(last) {
			last--
		}
	}
	where := ""
	if t.def.Where != "" {
		where = " WHERE (" + t.def.Where + "\n)"
	}
	query := fmt.Sprintf("SELECT count(*) FILTER (WHERE _day = DATE '%s') AS a, count(*) FILTER (WHERE _day = DATE '%s') AS b FROM %s%s",
		days[first].Date, days[last].Date, quoted(t.snap.Population), where)
	return t.r.Rows(t.ctx, t.snaps(), query, func(values []*string) error {
		var empty int64
		for i, d := range []Day{days[first], days[last]} {
			if *values[i] == "0" {
				empty++
				t.detail("%s: no items", d.Date)
			}
		}
		t.out.Ours = fmt.Sprintf("%s on %s, %s on %s", *values[0], days[first].Date, *values[1], days[last].Date)
		t.settle(empty)
		return nil
	})
}

// secondExtraction compares two snapshots of one definition, item by item.
func (t *tying) secondExtraction() error {
	if t.other == nil {
		return unknown("it names no second extraction (against: a population with the same columns and key)")
	}
	if t.other == t.snap {
		return unknown("it names the population itself; a second extraction is another one")
	}
	if !sameColumns(t.snap, t.other) {
		return unknown("the two extractions do not have the same columns and key")
	}
	c, err := Diff(t.ctx, t.r, t.other, t.snap)
	if err != nil {
		return err
	}
	t.out.Ours, t.out.Theirs = fmt.Sprint(t.snap.Items), fmt.Sprint(t.other.Items)
	for _, l := range []struct {
		keys []string
		what string
	}{{c.AddedKeys, "not in " + t.def.Against}, {c.RemovedKeys, "only in " + t.def.Against}, {c.ChangedKeys, "differs from " + t.def.Against}} {
		for _, k := range l.keys {
			t.detail("%s: %s", k, l.what)
		}
	}
	t.settle(c.Added + c.Removed + c.Changed)
	return nil
}

func sameColumns(a, b *Snapshot) bool {
	if len(a.Columns) != len(b.Columns) || strings.Join(a.Key, "\n") != strings.Join(b.Key, "\n") {
		return false
	}
	for i := range a.Columns {
		if a.Columns[i].Name != b.Columns[i].Name || a.Columns[i].Type != b.Columns[i].Type {
			return false
		}
	}
	return true
}
