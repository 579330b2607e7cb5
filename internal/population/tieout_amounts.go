package population

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/ticktie/ticktie/internal/objects"
)

// side is one side of a comparison: measures over a population, by keys.
type side struct {
	population string
	where      string
	by         []string
	measures   []string
	parts      []string // what each measure is, for a reader
}

// group writes one row of measures for each key: k0, k1 …, m0, m1 …
func (s side) group() string {
	list := []string{"true AS here"}
	var ordinals []string
	for i, b := range s.by {
		list = append(list, fmt.Sprintf("CAST((%s) AS VARCHAR) AS k%d", b, i))
		ordinals = append(ordinals, fmt.Sprint(i+2))
	}
	for i, m := range s.measures {
		list = append(list, fmt.Sprintf("(%s) AS m%d", m, i))
	}
	q := "SELECT " + strings.Join(list, ", ") + " FROM " + quoted(s.population)
	if s.where != "" {
		q += " WHERE (" + s.where + "\n)"
	}
	if len(ordinals) > 0 {
		q += " GROUP BY " + strings.Join(ordinals, ", ")
	}
	return q
}

// sum reads a row's measures: the first, plus the second, minus the third.
func (s side) sum(values []*string) (amount, error) {
	var total amount
	for i, v := range values {
		a, err := parseAmount(v, s.parts[i])
		switch {
		case err != nil:
			return a, err
		case i == 0:
			total = a
		case i == 1:
			total = total.add(a, 1)
		default:
			total = total.add(a, -1)
		}
	}
	return total, nil
}

// ours and theirs are the sides of a count, total or reconciliation.
func (t *tying) ours(measure string) side {
	return side{t.snap.Population, t.def.Where, t.def.By, []string{measure}, []string{"its measure"}}
}

func (t *tying) theirs(measure string) side {
	by := t.def.AgainstBy
	if len(by) == 0 {
		by = t.def.By
	}
	return side{t.def.Against, t.def.AgainstWhere, by, []string{measure}, []string{"the measure of " + t.def.Against}}
}

// total compares one aggregate with a number known from outside, or with an
// aggregate over another population, in all or by keys.
func (t *tying) total() error {
	measure := t.def.Measure
	if measure == "" && t.def.Kind == "count" {
		measure = "count(*)"
	}
	if measure == "" {
		return unknown("it names no measure, for example sum(amount)")
	}
	if t.def.Against == "" {
		return t.expected(t.ours(measure))
	}
	return t.compare(t.ours(measure), t.theirs(cmp.Or(t.def.AgainstMeasure, measure)))
}

// rollForward compares opening plus increase minus decrease with closing, which
// is taken from the other population if one is named.
func (t *tying) rollForward() error {
	d := t.def
	if d.Opening == "" || d.Increase == "" && d.Decrease == "" {
		return unknown("it names no opening, or neither increase nor decrease")
	}
	ours := side{
		t.snap.Population, d.Where, d.By,
		[]string{d.Opening, cmp.Or(d.Increase, "0"), cmp.Or(d.Decrease, "0")},
		[]string{"opening", "increase", "decrease"},
	}
	switch {
	case d.Closing == "" && d.Expect != "":
		return t.expected(ours)
	case d.Closing == "":
		return unknown("it names no closing")
	}
	theirs := side{t.snap.Population, d.Where, d.By, []string{d.Closing}, []string{"closing"}}
	if d.Against != "" {
		theirs = t.theirs(d.Closing)
		theirs.parts = []string{"closing"}
	}
	return t.compare(ours, theirs)
}

// reconcile matches the records of two populations by keys, both ways, and
// their amounts; without a measure, how many there are of each key.
func (t *tying) reconcile() error {
	if t.def.Against == "" {
		return unknown("it names no population to reconcile with (against)")
	}
	if len(t.def.By) == 0 {
		return unknown("it names no keys to match by")
	}
	measure := cmp.Or(t.def.Measure, "count(*)")
	return t.compare(t.ours(measure), t.theirs(cmp.Or(t.def.AgainstMeasure, measure)))
}

// expected compares with the number known from outside.
func (t *tying) expected(ours side) error {
	if t.def.Expect == "" {
		return unknown("it names neither a population to compare with (against) nor a number (expect)")
	}
	if len(ours.by) > 0 {
		return unknown("expect is one number and cannot be compared by keys: name against")
	}
	theirs, err := parseAmount(&t.def.Expect, "expect")
	if err != nil {
		return err
	}
	var a amount
	err = t.r.Rows(t.ctx, t.snaps(), ours.group(), func(values []*string) (err error) {
		a, err = ours.sum(values[1:])
		return err
	})
	if err != nil {
		return err
	}
	if a.value == nil {
		return unknown("its measure gives no row")
	}
	return t.settleAmounts(a, theirs)
}

func (t *tying) settleAmounts(ours, theirs amount) error {
	difference := ours.add(theirs, -1)
	beyond, err := t.beyond(difference)
	if err != nil {
		return err
	}
	t.out.Ours, t.out.Theirs, t.out.Difference = ours.String(), theirs.String(), difference.String()
	t.out.Outcome = Agrees
	if beyond {
		t.out.Outcome = Differs
	}
	return nil
}

// compare compares two sides, in all or by keys.
func (t *tying) compare(ours, theirs side) error {
	if len(ours.by) != len(theirs.by) {
		return unknown(fmt.Sprintf("by has %s and against_by %d", plural(len(ours.by), "key"), len(theirs.by)))
	}
	if len(ours.by) == 0 {
		return t.compareAll(ours, theirs)
	}
	if err := t.countKeys(ours, theirs); err != nil {
		return err
	}
	return t.compareByKeys(ours, theirs)
}

func (t *tying) compareAll(ours, theirs side) error {
	query := "SELECT " + measureList("a", ours) + ", " + measureList("b", theirs) +
		" FROM (" + ours.group() + ") a CROSS JOIN (" + theirs.group() + ") b"
	rows := 0
	err := t.r.Rows(t.ctx, t.snaps(), query, func(values []*string) error {
		rows++
		a, err := ours.sum(values[:len(ours.measures)])
		if err != nil {
			return err
		}
		b, err := theirs.sum(values[len(ours.measures):])
		if err != nil {
			return err
		}
		return t.settleAmounts(a, b)
	})
	if err == nil && rows != 1 {
		err = unknown("a measure is not an aggregate: it gives more or less than one row")
	}
	return err
}

func measureList(alias string, s side) string {
	list := make([]string, len(s.measures))
	for i := range s.measures {
		list[i] = fmt.Sprintf("%s.m%d AS %s%d", alias, i, alias, i)
	}
	return strings.Join(list, ", ")
}

// countKeys says how many keys each side has.
func (t *tying) countKeys(ours, theirs side) error {
	query := "SELECT (SELECT count(*) FROM (" + ours.group() + ")) AS a, (SELECT count(*) FROM (" + theirs.group() + ")) AS b"
	return t.r.Rows(t.ctx, t.snaps(), query, func(values []*string) error {
		t.out.Ours, t.out.Theirs = *values[0], *values[1]
		return nil
	})
}

// compareByKeys reads the keys that only one side has and those whose amounts
// are not written alike, and compares those exactly.
func (t *tying) compareByKeys(ours, theirs side) error {
	var on, keys []string
	for i := range ours.by {
		on = append(on, fmt.Sprintf("a.k%d IS NOT DISTINCT FROM b.k%d", i, i))
		keys = append(keys, fmt.Sprintf("coalesce(a.k%d, b.k%d) AS k%d", i, i, i))
	}
	query := "SELECT a.here AS ours, b.here AS theirs, " + strings.Join(keys, ", ") + ", " + measureList("a", ours) + ", " + measureList("b", theirs) +
		" FROM (" + ours.group() + ") a FULL JOIN (" + theirs.group() + ") b ON " + strings.Join(on, " AND ")
	if len(ours.measures) == 1 {
		query += " WHERE a.here IS NULL OR b.here IS NULL OR a.m0 IS NULL OR b.m0 IS NULL OR CAST(a.m0 AS VARCHAR) <> CAST(b.m0 AS VARCHAR)"
	}
	query += " ORDER BY ALL"
	var differing int64
	err := t.r.Rows(t.ctx, t.snaps(), query, func(values []*string) error {
		differ, err := t.pair(ours, theirs, values)
		if differ {
			differing++
		}
		return err
	})
	if err != nil {
		return err
	}
	t.settle(differing)
	if differing > 0 && t.touchesRestricted() {
		t.out.Reason = "the keys that differ are not shown, because the tie-out reads restricted columns"
	}
	return nil
}

// pair judges one key.
func (t *tying) pair(ours, theirs side, values []*string) (differ bool, err error) {
	key, err := objects.Canonical(values[2 : 2+len(ours.by)])
	if err != nil {
		return false, err
	}
	switch {
	case values[0] == nil:
		t.detail("%s: only in %s", key, theirs.population)
		return true, nil
	case values[1] == nil:
		t.detail("%s: not in %s", key, theirs.population)
		return true, nil
	}
	measures := values[2+len(ours.by):]
	a, err := ours.sum(measures[:len(ours.measures)])
	if err != nil {
		return false, err
	}
	b, err := theirs.sum(measures[len(ours.measures):])
	if err != nil {
		return false, err
	}
	differ, err = t.beyond(a.add(b, -1))
	if differ {
		t.detail("%s: %s here, %s in %s", key, a, b, theirs.population)
	}
	return differ, err
}
