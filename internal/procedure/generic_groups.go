package procedure

import (
	"fmt"
	"strings"
)

// The procedures of this file judge items that are not rows: groups, pairs,
// expected occurrences. Each proves that every row is accounted for.

// account proves that the column n of the frame adds up to the population,
// with the rows that a condition leaves out.
func account(population, column, source, where string) Account {
	query := fmt.Sprintf("SELECT CAST(coalesce((SELECT sum(%s) FROM frame), 0) AS BIGINT)", column)
	if where != "" {
		query += fmt.Sprintf(" + (SELECT count(*) FROM %s WHERE NOT coalesce((%s), false))", source, where)
	}
	return Account{Population: population, Query: query}
}

func strip(name string) string { return strings.Trim(name, `"`) }

// balance checks that entries balance (FP-BAL).
func balance(a *args) *Compiled {
	by, where := a.needList("by"), a.opt("where", "")
	k := names("k", len(by))
	left, right := "0", "0"
	if a.has("amount") {
		left = a.text("amount")
	} else {
		left, right = a.text("debit"), a.text("credit")
	}
	tolerance := a.exact("tolerance", "0")
	return &Compiled{
		Kind: FrameDerived,
		Frame: fmt.Sprintf(`SELECT %s AS key, min(_day) AS event_day, count(*) AS lines, count(*) FILTER (WHERE (l IS NULL OR r IS NULL)) AS absent, sum(l) AS debits, sum(r) AS credits, sum(l) - sum(r) AS difference
FROM (SELECT *, %s, (%s) AS l, (%s) AS r FROM %s%s) GROUP BY %s`, jsonKey(k...), named("k", by), left, right, a.population(), also(where), strings.Join(k, ", ")),
		Accounts: []Account{account(a.t.Population, "lines", a.population(), where)},
		Attributes: []CompiledAttribute{{
			ID: "A", Text: "Debits equal credits in each " + strings.Join(by, ", "),
			Holds: "CASE WHEN absent > 0 THEN NULL ELSE abs(difference) <= " + tolerance + " END", Amount: "difference",
		}},
		Show: []string{"lines", "debits", "credits"},
	}
}

// tie compares totals by key with another population (FP-TIE).
func tie(a *args) *Compiled {
	return totals(a, a.opt("measure", "count(*)"), a.opt("against_measure", a.opt("measure", "count(*)")))
}

// report compares each cell of a report with what its base gives (FP-REPORT).
func report(a *args) *Compiled {
	value := a.text("value")
	return totals(a, "sum("+value+")", a.text("against_measure"))
}

func totals(a *args, measure, againstMeasure string) *Compiled {
	against, by := a.other("against"), a.needList("by")
	againstBy := a.list("against_by")
	if len(againstBy) == 0 {
		againstBy = by
	}
	same(a, "by", by, "against_by", againstBy)
	where, againstWhere, tolerance := a.opt("where", ""), a.opt("against_where", ""), a.exact("tolerance", "0")
	k := names("k", len(by))
	var key []string
	for _, c := range k {
		key = append(key, "coalesce(CAST(x."+c+" AS VARCHAR), CAST(y."+c+" AS VARCHAR))")
	}
	side := func(keys []string, measure, from, where string) string {
		return fmt.Sprintf("SELECT %s, count(*) AS n, min(_day) AS day_, %s AS total FROM (SELECT *, %s FROM %s%s) GROUP BY %s",
			strings.Join(k, ", "), measure, named("k", keys), from, also(where), strings.Join(k, ", "))
	}
	return &Compiled{
		Kind: FrameDerived,
		Frame: fmt.Sprintf(`WITH x AS (%s), y AS (%s)
SELECT %s AS key, coalesce(x.day_, y.day_) AS event_day, coalesce(x.n, 0) AS ours_n, coalesce(y.n, 0) AS theirs_n, x.total AS ours, y.total AS theirs, x.total - y.total AS difference
FROM x FULL OUTER JOIN y ON %s`, side(by, measure, a.population(), where), side(againstBy, againstMeasure, against, againstWhere), jsonKey(key...), equal("x", "y", k)),
		Accounts: []Account{
			account(a.t.Population, "ours_n", a.population(), where),
			account(strip(against), "theirs_n", against, againstWhere),
		},
		Attributes: []CompiledAttribute{
			{ID: "A", Text: fmt.Sprintf("Each %s is on both sides", strings.Join(by, ", ")), Holds: "ours_n > 0 AND theirs_n > 0"},
			{ID: "B", Text: "The totals agree", Holds: "abs(difference) <= " + tolerance, Applies: "ours_n > 0 AND theirs_n > 0", Because: "it is on one side only", Amount: "difference"},
		},
		Show: []string{"ours", "theirs"},
	}
}

// match pairs the records of two populations (FP-MATCH).
func match(a *args) *Compiled {
	return matched(a, "by", "against_by", "against", a.pairs("fields"), "")
}

// parameters compares parameters with their authority (FP-PARAM).
func parameters(a *args) *Compiled {
	value, sourceValue := a.text("value"), a.opt("source_value", a.opt("value", "NULL"))
	late := ""
	if a.has("loaded_at") {
		late = fmt.Sprintf("greatest(CAST((%s) AS DATE), CAST((%s) AS DATE) + %s)", a.text("effective_at"), a.opt("published_at", a.opt("effective_at", "NULL")), a.number("within_days", "0"))
		late = fmt.Sprintf("CAST((%s) AS DATE) <= %s", a.text("loaded_at"), late)
	}
	return matched(a, "by", "source_by", "source", [][2]string{{value, sourceValue}}, late)
}

func matched(a *args, byName, otherByName, otherName string, fields [][2]string, inTime string) *Compiled {
	against, by := a.other(otherName), a.needList(byName)
	againstBy := a.list(otherByName)
	if len(againstBy) == 0 {
		againstBy = by
	}
	same(a, byName, by, otherByName, againstBy)
	where, againstWhere := a.opt("where", ""), a.opt("against_where", "")
	k := names("k", len(by))
	var ours, theirs, fieldWords, agree []string
	for i, f := range fields {
		ours, theirs = append(ours, f[0]), append(theirs, f[1])
		fieldWords = append(fieldWords, f[0])
		agree = append(agree, fmt.Sprintf("ours%d IS NOT DISTINCT FROM theirs%d", i+1, i+1))
	}
	if inTime == "" {
		inTime = "NULL"
	}
	oursSide, theirsSide := extra(named("f", ours)), extra(named("f", theirs))
	var key, columns []string
	for _, c := range k {
		key = append(key, "coalesce(CAST(x."+c+" AS VARCHAR), CAST(y."+c+" AS VARCHAR))")
	}
	for i := range fields {
		columns = append(columns, fmt.Sprintf("x.f%d AS ours%d, y.f%d AS theirs%d", i+1, i+1, i+1, i+1))
	}
	date, againstDate := a.opt("date", "_day"), a.opt("against_date", "_day")
	c := &Compiled{
		Kind: FrameDerived,
		Frame: fmt.Sprintf(`WITH x0 AS (SELECT item, _day, CAST((%s) AS DATE) AS d, (%s) AS in_time_, %s%s FROM %s%s), x AS (SELECT *, row_number() OVER (PARTITION BY %s ORDER BY item) AS nth FROM x0),
y0 AS (SELECT item, _day, CAST((%s) AS DATE) AS d, %s%s FROM %s%s), y AS (SELECT *, row_number() OVER (PARTITION BY %s ORDER BY item) AS nth FROM y0)
SELECT %s AS key, coalesce(x._day, y._day) AS event_day, CAST(x.item IS NOT NULL AS BIGINT) AS ours_n, CAST(y.item IS NOT NULL AS BIGINT) AS theirs_n, abs(x.d - y.d) AS days_apart, x.in_time_%s
FROM x FULL OUTER JOIN y ON x.nth = y.nth AND %s`,
			date, inTime, named("k", by), oursSide, a.population(), also(where), strings.Join(k, ", "),
			againstDate, named("k", againstBy), theirsSide, against, also(againstWhere), strings.Join(k, ", "),
			jsonKey(append(key, "coalesce(x.nth, y.nth)")...), extra(strings.Join(columns, ", ")), equal("x", "y", k)),
		Accounts: []Account{account(a.t.Population, "ours_n", a.population(), where), account(strip(against), "theirs_n", against, againstWhere)},
	}
	both := "ours_n = 1 AND theirs_n = 1"
	c.Attributes = append(c.Attributes, CompiledAttribute{ID: "A", Text: fmt.Sprintf("It is in %s and in %s", a.t.Population, strip(against)), Holds: both})
	if len(fields) > 0 {
		c.Attributes = append(c.Attributes, CompiledAttribute{ID: "B", Text: strings.Join(fieldWords, ", ") + " agree", Holds: strings.Join(agree, " AND "), Applies: both, Because: "it is on one side only"})
		for i := range fields {
			c.Show = append(c.Show, fmt.Sprintf("ours%d", i+1), fmt.Sprintf("theirs%d", i+1))
		}
	}
	if a.has("window_days") {
		c.Attributes = append(c.Attributes, CompiledAttribute{ID: "C", Text: fmt.Sprintf("At most %s days lie between the two", a.number("window_days", "0")), Holds: "days_apart <= " + a.number("window_days", "0"), Applies: both, Because: "it is on one side only"})
	}
	if inTime != "NULL" {
		c.Attributes = append(c.Attributes, CompiledAttribute{ID: "C", Text: "It was loaded in time", Holds: "in_time_", Applies: "ours_n = 1", Because: "it was not loaded"})
	}
	return c
}

func extra(list string) string {
	if list == "" {
		return ""
	}
	return ", " + list
}

// gaps looks for missing and repeated numbers of a series (FP-GAP).
func gaps(a *args) *Compiled {
	number, by := a.text("number"), a.list("by")
	k := names("k", len(by))
	series, group := "", "number_"
	if len(by) > 0 {
		series, group = named("k", by)+", ", strings.Join(k, ", ")+", number_"
	}
	union := ""
	if a.has("voids") {
		voids, voided, voidBy := a.other("voids"), a.opt("void_number", number), a.list("void_by")
		if len(voidBy) == 0 {
			voidBy = by
		}
		same(a, "by", by, "void_by", voidBy)
		vs := ""
		if len(voidBy) > 0 {
			vs = named("k", voidBy) + ", "
		}
		union = fmt.Sprintf(" UNION ALL SELECT %sCAST((%s) AS BIGINT) AS number_, CAST(NULL AS DATE) AS _day, 0 AS own FROM %s", vs, voided, voids)
	}
	partition := ""
	if len(by) > 0 {
		partition = "PARTITION BY " + strings.Join(k, ", ")
	}
	text := func(extra string) string { return jsonKey(append(append([]string{}, k...), extra)...) }
	c := &Compiled{
		Kind: FrameDerived,
		Frame: fmt.Sprintf(`WITH a AS (SELECT %sCAST((%s) AS BIGINT) AS number_, _day, 1 AS own FROM %s%s),
n AS (SELECT %s, min(_day) AS day_, sum(own) AS times FROM a GROUP BY %s),
w AS (SELECT *, lag(number_) OVER (%s ORDER BY number_ NULLS LAST) AS before_ FROM n)
SELECT %s AS key, day_ AS event_day, CAST(times AS BIGINT) AS times, CAST(0 AS BIGINT) AS missing, number_ FROM w WHERE times > 0
UNION ALL
SELECT %s AS key, day_ AS event_day, CAST(0 AS BIGINT) AS times, number_ - before_ - 1 AS missing, CAST(NULL AS BIGINT) AS number_ FROM w WHERE number_ - before_ > 1`,
			series, number, a.population(), union, group, group, partition,
			text("number_"), text("CASE WHEN number_ - before_ = 2 THEN 'missing ' || (number_ - 1) ELSE 'missing ' || (before_ + 1) || ' to ' || (number_ - 1) END")),
		Accounts: []Account{account(a.t.Population, "times", a.population(), "")},
		Attributes: []CompiledAttribute{
			{ID: "A", Text: "No number is missing between the first and the last of its series", Holds: "missing = 0", Applies: "number_ IS NOT NULL OR missing > 0", Because: "it has no number", Amount: "missing"},
			{ID: "B", Text: "Each number occurs once", Holds: "CASE WHEN number_ IS NULL THEN NULL ELSE times = 1 END", Applies: "times > 0", Because: "the number is missing"},
		},
		Show: []string{"times", "missing"},
	}
	return c
}

// schedule compares what happened with what was expected (FP-SCHED).
func schedule(a *args) *Compiled {
	every := a.word("every", "day", "day", "business_day", "week", "month", "quarter", "year")
	date, by := a.opt("date", "_day"), a.list("by")
	of := a.opt("for", "")
	if of == "" {
		of = date
	}
	days, where := a.number("within_days", "0"), a.opt("where", "")
	unit := every
	if every == "business_day" {
		unit = "day"
	}
	k := names("k", len(by))
	slots := fmt.Sprintf("SELECT DISTINCT CAST(date_trunc(%s, CAST(d AS DATE)) AS DATE) AS slot FROM (SELECT unnest(generate_series(period_first(), period_last(), INTERVAL 1 DAY)) AS d)", sqlText(unit))
	if every == "business_day" {
		slots += " WHERE " + isBusinessDay(a, "d")
	}
	entities, on, keys := "SELECT 1 AS one", "", ""
	active := "true"
	if len(by) > 0 {
		entity, entityBy := a.other("entities"), a.list("entity_by")
		if len(entityBy) == 0 {
			entityBy = by
		}
		same(a, "by", by, "entity_by", entityBy)
		entities = fmt.Sprintf("SELECT %s, CAST((%s) AS DATE) AS f, CAST((%s) AS DATE) AS t FROM %s%s", named("k", entityBy), a.opt("active_from", "NULL"), a.opt("active_to", "NULL"), entity, also(a.opt("entity_where", "")))
		on, keys = " AND "+equal("e", "x", k), named("k", by)+", "
		active = fmt.Sprintf("(e.f IS NULL OR e.f < CAST(s.slot + INTERVAL 1 %s AS DATE)) AND (e.t IS NULL OR e.t > s.slot)", unit)
	}
	group := "slot"
	if len(by) > 0 {
		group = strings.Join(k, ", ") + ", slot"
	}
	var key []string
	for _, c := range k {
		key = append(key, "coalesce(CAST(e."+c+" AS VARCHAR), CAST(x."+c+" AS VARCHAR))")
	}
	key = append(key, "coalesce(e.slot, x.slot)")
	expectedKeys := ""
	if len(by) > 0 {
		expectedKeys = "e." + strings.Join(k, ", e.") + ", "
	}
	return &Compiled{
		Kind: FrameDerived,
		Frame: fmt.Sprintf(`WITH s AS (%s), e0 AS (%s), e AS (SELECT DISTINCT %ss.slot FROM s, e0 e WHERE %s),
x AS (SELECT %s, count(*) AS n, min(d) AS first_ FROM (SELECT %sCAST(date_trunc(%s, CAST((%s) AS DATE)) AS DATE) AS slot, CAST((%s) AS DATE) AS d FROM %s%s) GROUP BY %s)
SELECT %s AS key, coalesce(e.slot, x.slot) AS event_day, e.slot IS NOT NULL AS expected, coalesce(x.n, 0) AS times, x.first_ AS first_done,
 CAST(coalesce(e.slot, x.slot) + INTERVAL 1 %s AS DATE) + %s AS due_before
FROM e FULL OUTER JOIN x ON e.slot IS NOT DISTINCT FROM x.slot%s`,
			slots, entities, expectedKeys, active, group, keys, sqlText(unit), of, date, a.population(), also(where), group,
			jsonKey(key...), unit, days, on),
		Accounts: []Account{account(a.t.Population, "times", a.population(), where)},
		Attributes: []CompiledAttribute{
			{ID: "A", Text: "It happened in each " + strings.ReplaceAll(every, "_", " ") + " in which it was expected", Holds: "times > 0", Applies: "expected", Because: "it was not expected"},
			{ID: "B", Text: "It happened in time", Holds: "first_done < due_before", Applies: "expected AND times > 0", Because: "it did not happen, or was not expected"},
			{ID: "C", Lead: true, Text: "It did not happen when it was not expected", Holds: "expected"},
		},
		Show: []string{"times", "first_done", "due_before"},
	}
}

// forbiddenPairs looks for users who held two rights at once that nobody may
// hold together (FP-SOD over grants).
func forbiddenPairs(a *args) *Compiled {
	user, right := a.text("user"), a.text("right")
	from, to := a.opt("from_date", "NULL"), a.opt("to_date", "NULL")
	forbidden := a.other("forbidden")
	one, two := a.opt("forbidden_one", "one"), a.opt("forbidden_two", "two")
	return &Compiled{
		Kind: FrameDerived,
		Frame: fmt.Sprintf(`WITH g AS (SELECT (%s) AS u, (%s) AS r, CAST((%s) AS TIMESTAMP) AS f, CAST((%s) AS TIMESTAMP) AS t, _day FROM %s),
b AS (SELECT DISTINCT (%s) AS one_, (%s) AS two_ FROM %s),
x AS (SELECT x.u, count(*) AS pairs, min(b.one_ || ' with ' || b.two_) AS example FROM g x JOIN b ON b.one_ = x.r JOIN g y ON y.u = x.u AND y.r = b.two_
 AND (x.t IS NULL OR y.f IS NULL OR y.f < x.t) AND (y.t IS NULL OR x.f IS NULL OR x.f < y.t) GROUP BY x.u),
h AS (SELECT u, count(*) AS n, count(r) AS rights, min(_day) AS day_ FROM g GROUP BY u)
SELECT %s AS key, h.day_ AS event_day, h.u AS who, h.n AS grants_n, h.rights, coalesce(x.pairs, 0) AS pairs, x.example FROM h LEFT JOIN x ON x.u = h.u`,
			user, right, from, to, a.population(), one, two, forbidden, jsonKey("h.u")),
		Accounts: []Account{account(a.t.Population, "grants_n", a.population(), "")},
		Attributes: []CompiledAttribute{{
			ID: "A", Text: "The user never held two rights together that nobody may hold together",
			Holds: "CASE WHEN who IS NULL OR rights < grants_n THEN NULL ELSE pairs = 0 END",
		}},
		Show: []string{"pairs", "example"},
	}
}
