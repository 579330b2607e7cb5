package procedure

import (
	"fmt"
	"strings"
)

// The procedures of this file judge the rows of the population one by one,
// joined with what they need.

// recalc computes a value again and compares (FP-RECALC).
func recalc(a *args) *Compiled {
	actual, expected := a.text("actual"), a.text("expected")
	scale, rounding := a.number("scale", "2"), a.word("rounding", "half_up", "half_up", "half_even", "down", "none")
	tolerance := a.exact("tolerance", "0")
	value := round(expected, scale, rounding)
	text := fmt.Sprintf("%s is %s", actual, oneLine(expected))
	if rounding != "none" {
		text += fmt.Sprintf(", rounded %s to %s decimals", strings.ReplaceAll(rounding, "_", " "), scale)
	}
	if tolerance != "0" {
		text += ", within " + tolerance
	}
	return &Compiled{
		Kind:  FrameJoined,
		Frame: fmt.Sprintf("SELECT *, TRY(%s) AS expected, TRY((%s) - (%s)) AS difference FROM %s", value, actual, value, a.from()),
		Attributes: []CompiledAttribute{{
			ID: "A", Text: text, Holds: "abs(difference) <= " + tolerance, Amount: "difference",
			Violate: stepped(a, actual, tolerance),
		}},
		Show: []string{actual, "expected"},
	}
}

// stepped moves a plain column further than the tolerance.
func stepped(a *args, column, tolerance string) map[string]string {
	pop := a.p.Population(a.t.Population)
	for _, c := range pop.Columns {
		if c.Name == column && (c.Type == "decimal" || c.Type == "integer") {
			return map[string]string{column: sqlName(column) + " + " + tolerance + " + 1"}
		}
	}
	return nil
}

// round rounds an exact value in the way that is documented.
func round(expression, scale, rounding string) string {
	if rounding == "none" {
		return "(" + expression + ")"
	}
	away := "round((" + expression + "), " + scale + ")"
	unit := "1"
	if scale != "0" {
		unit = "0." + strings.Repeat("0", max(0, atoi(scale)-1)) + "1"
	}
	hundred := "1" + strings.Repeat("0", atoi(scale))
	switch rounding {
	case "half_even":
		return fmt.Sprintf("(%[1]s - CASE WHEN abs((%[2]s) - %[1]s) * 2 = %[3]s AND CAST(%[1]s * %[4]s AS HUGEINT) %% 2 <> 0 THEN CASE WHEN (%[2]s) < 0 THEN -%[3]s ELSE %[3]s END ELSE 0 * %[3]s END)",
			away, expression, unit, hundred)
	case "down":
		return fmt.Sprintf("(%[1]s - CASE WHEN abs(%[1]s) > abs(%[2]s) THEN CASE WHEN (%[2]s) < 0 THEN -%[3]s ELSE %[3]s END ELSE 0 * %[3]s END)", away, expression, unit)
	default:
		return away
	}
}

func atoi(s string) int {
	n := 0
	for _, r := range s {
		if r >= '0' && r <= '9' {
			n = n*10 + int(r-'0')
		}
	}
	return min(n, 18)
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// limit checks that a value lies within limits (FP-LIMIT).
func limit(a *args) *Compiled {
	value := a.text("value")
	var bounds, words []string
	if a.has("min") {
		bounds, words = append(bounds, "("+value+") >= ("+a.text("min")+")"), append(words, "at least "+oneLine(a.text("min")))
	}
	if a.has("max") {
		bounds, words = append(bounds, "("+value+") <= ("+a.text("max")+")"), append(words, "at most "+oneLine(a.text("max")))
	}
	if len(bounds) == 0 {
		a.fail("one of the arguments min and max is needed")
		bounds = []string{"NULL"}
	}
	holds, text := strings.Join(bounds, " AND "), fmt.Sprintf("%s is %s", value, strings.Join(words, " and "))
	if override := a.opt("override", ""); override != "" {
		holds = "(" + holds + ") OR coalesce((" + override + "), false)"
		text += ", or the override is approved"
	}
	c := &Compiled{Kind: FrameIdentity, Attributes: []CompiledAttribute{{ID: "A", Text: text, Holds: holds}}}
	frame := "SELECT * FROM " + a.from()
	if a.has("from") {
		c.Kind, c.Frame = FrameJoined, frame
	}
	if by := a.list("split_by"); len(by) > 0 {
		most := a.text("max")
		c.Kind = FrameJoined
		c.Frame = fmt.Sprintf("SELECT *, sum(%s) OVER (PARTITION BY _day, %s) AS split_total FROM %s", value, strings.Join(by, ", "), a.from())
		c.Attributes = append(c.Attributes, CompiledAttribute{
			ID: "B", Lead: true, Text: "Not one of several on the same day that together exceed " + oneLine(most),
			Holds: fmt.Sprintf("NOT ((%s) <= (%s) AND split_total > (%s))", value, most, most),
		})
	}
	return c
}

// valid checks references against a master with validity (FP-VALID).
func valid(a *args) *Compiled {
	master, by, key := a.other("master"), a.needList("by"), a.needList("master_by")
	at := a.opt("at", "_day")
	from, to := a.opt("valid_from", "NULL"), a.opt("valid_to", "NULL")
	same(a, "by", by, "master_by", key)
	k := names("k", len(by))
	active := "(m.f IS NULL OR m.f <= b.at) AND (m.t IS NULL OR b.at < m.t)"
	frame := fmt.Sprintf(`WITH b AS (SELECT *, %s, CAST(%s AS DATE) AS at FROM %s),
m AS (SELECT %s, CAST(%s AS DATE) AS f, CAST(%s AS DATE) AS t FROM %s),
x AS (SELECT b.item AS i, count(*) AS versions, count(*) FILTER (WHERE %s) AS active FROM b JOIN m ON %s GROUP BY b.item)
SELECT b.*, coalesce(x.versions, 0) AS versions, coalesce(x.active, 0) AS active FROM b LEFT JOIN x ON x.i = b.item`,
		named("k", by), at, a.from(), named("k", key), from, to, master, active, equalNotNull("b", "m", k))
	word := a.word("absent", "not_evaluable", "not_evaluable", "deviation")
	exists := "CASE WHEN " + anyNull(k) + " THEN NULL ELSE versions > 0 END"
	if word == "deviation" {
		exists = "versions > 0"
	}
	return &Compiled{
		Kind: FrameJoined, Frame: frame, Show: a.shown(by),
		Attributes: []CompiledAttribute{
			{ID: "A", Text: fmt.Sprintf("%s exists in %s", strings.Join(by, ", "), master), Holds: exists},
			{ID: "B", Text: "It was valid on the day that counts", Holds: "active > 0", Applies: "versions > 0", Because: "it does not exist at all"},
			{ID: "C", Text: "Only one version of it was valid on that day", Holds: "active = 1", Applies: "active > 0", Because: "no version was valid"},
		},
	}
}

// shown are those expressions that are plain columns of the population.
func (a *args) shown(expressions []string) []string {
	var out []string
	pop := a.p.Population(a.t.Population)
	for _, e := range expressions {
		for _, c := range pop.Columns {
			if c.Name == e {
				out = append(out, e)
			}
		}
	}
	return out
}

func same(a *args, one string, x []string, other string, y []string) {
	if len(x) != len(y) {
		a.fail("arguments %s and %s have %d and %d parts; they are matched one by one", one, other, len(x), len(y))
	}
}

func equalNotNull(left, right string, columns []string) string {
	var out []string
	for _, c := range columns {
		out = append(out, left+"."+c+" = "+right+"."+c)
	}
	return strings.Join(out, " AND ")
}

// separation checks that persons differ, or that nobody holds a forbidden pair
// of rights (FP-SOD).
func separation(a *args) *Compiled {
	if a.has("forbidden") {
		return forbiddenPairs(a)
	}
	people := a.needList("people")
	if len(people) < 2 {
		a.fail("argument people names %d columns; at least two persons are compared", len(people))
	}
	frame, compared := "", people
	kind := FrameIdentity
	if a.has("persons") {
		persons, login, person := a.other("persons"), a.text("login"), a.text("person")
		var columns, joins []string
		compared = nil
		for i, p := range people {
			columns = append(columns, fmt.Sprintf("x%d.who AS person_%d", i+1, i+1))
			joins = append(joins, fmt.Sprintf("LEFT JOIN x x%d ON x%d.account = b.k%d", i+1, i+1, i+1))
			compared = append(compared, fmt.Sprintf("person_%d", i+1))
			_ = p
		}
		kind = FrameJoined
		frame = fmt.Sprintf("WITH b AS (SELECT *, %s FROM %s), x AS (SELECT DISTINCT (%s) AS account, (%s) AS who FROM %s)\nSELECT b.*, %s FROM b %s",
			named("k", people), a.from(), login, person, persons, strings.Join(columns, ", "), strings.Join(joins, " "))
	} else if a.has("from") {
		kind, frame = FrameJoined, "SELECT * FROM "+a.from()
	}
	var pairs []string
	for i := range compared {
		for j := i + 1; j < len(compared); j++ {
			pairs = append(pairs, fmt.Sprintf("(%s) <> (%s)", compared[i], compared[j]))
		}
	}
	holds := strings.Join(pairs, " AND ")
	if c := a.opt("compensated", ""); c != "" {
		holds = "(" + holds + ") OR coalesce((" + c + "), false)"
	}
	return &Compiled{Kind: kind, Frame: frame, Show: a.shown(people), Attributes: []CompiledAttribute{
		{ID: "A", Text: strings.Join(people, ", ") + " are different persons", Holds: holds},
	}}
}

// authority checks that an approval is there, in time, and by somebody who may
// give it (FP-AUTH).
func authority(a *args) *Compiled {
	approver, at, effective := a.text("approver"), a.text("approved_at"), a.text("effective_at")
	c := &Compiled{Kind: FrameIdentity, Show: a.shown([]string{approver, at, effective})}
	if a.has("from") {
		c.Kind, c.Frame = FrameJoined, "SELECT * FROM "+a.from()
	}
	there := fmt.Sprintf("(%s) IS NOT NULL AND (%s) IS NOT NULL", approver, at)
	add := func(id, text, holds string) {
		c.Attributes = append(c.Attributes, CompiledAttribute{ID: id, Text: text, Holds: holds, Applies: there, Because: "there is no approval"})
	}
	c.Attributes = append(c.Attributes, CompiledAttribute{ID: "A", Text: "An approval exists", Holds: there, Violate: a.without(approver)})
	add("B", fmt.Sprintf("It was given before the act took effect (%s)", effective), fmt.Sprintf("(%s) <= (%s)", at, effective))
	if a.has("preparer") {
		add("C", "The approver is not the preparer", fmt.Sprintf("(%s) <> (%s)", approver, a.text("preparer")))
	}
	if a.has("authority") {
		c.Kind = FrameJoined
		c.Frame = authorityFrame(a, approver, at)
		add("D", "The approver had authority for it on that day", "authorities > 0")
	}
	if a.has("content") {
		add("E", "What was executed is what was approved", fmt.Sprintf("(%s) = (%s)", a.text("content"), a.text("approved_content")))
	}
	return c
}

// without takes a plain column's value away.
func (a *args) without(column string) map[string]string {
	if len(a.shown([]string{column})) == 1 {
		return map[string]string{column: "NULL"}
	}
	return nil
}

func authorityFrame(a *args, approver, at string) string {
	who, master := a.opt("authority_approver", "approver"), a.other("authority")
	limit, amount := a.opt("authority_limit", "NULL"), a.opt("amount", "NULL")
	from, to := a.opt("authority_from", defaultFrom(a, "authority")), a.opt("authority_to", defaultTo(a, "authority"))
	enough := "true"
	if amount != "NULL" && limit != "NULL" {
		enough = "b.amount_ <= m.most"
	}
	return fmt.Sprintf(`WITH b AS (SELECT *, (%s) AS approver_, CAST(%s AS DATE) AS at_, (%s) AS amount_ FROM %s),
m AS (SELECT (%s) AS who, (%s) AS most, CAST(%s AS DATE) AS f, CAST(%s AS DATE) AS t FROM %s),
x AS (SELECT b.item AS i, count(*) AS n FROM b JOIN m ON m.who = b.approver_ AND (m.f IS NULL OR m.f <= b.at_) AND (m.t IS NULL OR b.at_ < m.t) AND %s GROUP BY b.item)
SELECT b.*, coalesce(x.n, 0) AS authorities FROM b LEFT JOIN x ON x.i = b.item`,
		approver, at, amount, a.from(), who, limit, from, to, master, enough)
}

// defaultFrom is the validity of a parameter table, which always has one.
func defaultFrom(a *args, name string) string { return tableDefault(a, name, "valid_from") }
func defaultTo(a *args, name string) string   { return tableDefault(a, name, "valid_to") }

func tableDefault(a *args, name, column string) string {
	if id, ok := a.given[name].(string); ok && a.p.ParameterTable(id) != nil {
		return column
	}
	return "NULL"
}

// cutoff checks the period a record was put into (FP-CUTOFF).
func cutoff(a *args) *Compiled {
	event, period := a.text("event"), a.text("period")
	format := a.opt("period_format", "%Y-%m")
	c := &Compiled{Kind: FrameIdentity, Show: a.shown([]string{event, period}), Attributes: []CompiledAttribute{{
		ID: "A", Text: fmt.Sprintf("%s is the period of %s", period, event),
		Holds: fmt.Sprintf("CAST((%s) AS VARCHAR) = strftime(CAST(%s AS DATE), %s)", period, event, sqlText(format)),
	}}}
	if a.has("from") {
		c.Kind, c.Frame = FrameJoined, "SELECT * FROM "+a.from()
	}
	if a.has("locks") {
		locks, posted := a.other("locks"), a.text("posted_at")
		of, from, to := a.opt("lock_period", "period"), a.opt("locked_from", "locked_at"), a.opt("locked_to", "NULL")
		c.Kind = FrameJoined
		c.Frame = fmt.Sprintf(`WITH b AS (SELECT *, CAST((%s) AS VARCHAR) AS period_, CAST((%s) AS TIMESTAMP) AS posted_ FROM %s),
m AS (SELECT CAST((%s) AS VARCHAR) AS p, CAST((%s) AS TIMESTAMP) AS f, CAST((%s) AS TIMESTAMP) AS t FROM %s),
x AS (SELECT b.item AS i, count(*) AS n FROM b JOIN m ON m.p = b.period_ AND b.posted_ >= m.f AND (m.t IS NULL OR b.posted_ < m.t) GROUP BY b.item)
SELECT b.*, coalesce(x.n, 0) AS locks_broken FROM b LEFT JOIN x ON x.i = b.item`, period, posted, a.from(), of, from, to, locks)
		c.Attributes = append(c.Attributes, CompiledAttribute{
			ID: "B", Text: "It was not posted while its period was locked",
			Holds: fmt.Sprintf("CASE WHEN (%s) IS NULL OR (%s) IS NULL THEN NULL ELSE locks_broken = 0 END", posted, period),
		})
	}
	return c
}

// timely checks that something was done by its due time (FP-TIMELY).
func timely(a *args) *Compiled {
	done, asOf := a.text("done"), a.opt("as_of", "period_last()")
	var inTime, passed, text string
	switch {
	case a.has("due"):
		due := a.text("due")
		inTime, passed, text = fmt.Sprintf("(%s) <= (%s)", done, due), fmt.Sprintf("(%s) < (%s)", due, asOf), "Done by "+oneLine(due)
	case a.has("within_hours"):
		start, n := a.text("start"), a.number("within_hours", "0")
		due := fmt.Sprintf("CAST((%s) AS TIMESTAMP) + to_hours(%s)", start, n)
		inTime, passed, text = fmt.Sprintf("(%s) <= %s", done, due), fmt.Sprintf("%s < (%s)", due, asOf), fmt.Sprintf("Done within %s hours of %s", n, start)
	case a.has("within_business_days"):
		start, n := a.text("start"), a.number("within_business_days", "0")
		inTime, passed = businessDays(a, start, done)+" <= "+n, businessDays(a, start, asOf)+" > "+n
		text = fmt.Sprintf("Done within %s business days of %s", n, start)
	default:
		start, n := a.text("start"), a.number("within_days", "0")
		due := fmt.Sprintf("CAST((%s) AS DATE) + %s", start, n)
		inTime, passed, text = fmt.Sprintf("CAST((%s) AS DATE) <= %s", done, due), fmt.Sprintf("%s < CAST((%s) AS DATE)", due, asOf), fmt.Sprintf("Done within %s days of %s", n, start)
	}
	c := &Compiled{Kind: FrameIdentity, Show: a.shown([]string{done, a.opt("start", ""), a.opt("due", "")}), Attributes: []CompiledAttribute{{
		ID: "A", Text: text,
		Holds:   fmt.Sprintf("CASE WHEN (%s) IS NULL THEN false ELSE %s END", done, inTime),
		Applies: fmt.Sprintf("(%s) IS NOT NULL OR (%s)", done, passed), Because: "it is open and not yet due",
	}}}
	if a.has("from") {
		c.Kind, c.Frame = FrameJoined, "SELECT * FROM "+a.from()
	}
	return c
}

// businessDays counts the business days after one day up to another, by the
// organization's calendar.
func businessDays(a *args, from, to string) string {
	return fmt.Sprintf("len(list_filter(generate_series(CAST((%s) AS DATE) + 1, CAST((%s) AS DATE), INTERVAL 1 DAY), lambda d: %s))", from, to, isBusinessDay(a, "d"))
}

// isBusinessDay is true for days that are neither weekend nor holiday.
func isBusinessDay(a *args, day string) string {
	numbers := map[string]string{"monday": "1", "tuesday": "2", "wednesday": "3", "thursday": "4", "friday": "5", "saturday": "6", "sunday": "7"}
	weekend := a.p.Organization.Calendar.Weekend
	if len(weekend) == 0 {
		weekend = []string{"saturday", "sunday"}
	}
	var off []string
	for _, w := range weekend {
		off = append(off, numbers[w])
	}
	condition := fmt.Sprintf("isodow(%s) NOT IN (%s)", day, strings.Join(off, ", "))
	var holidays []string
	for _, h := range a.p.Organization.Calendar.Holidays {
		holidays = append(holidays, "DATE "+sqlText(h.String()))
	}
	if len(holidays) > 0 {
		condition += fmt.Sprintf(" AND CAST(%s AS DATE) NOT IN (%s)", day, strings.Join(holidays, ", "))
	}
	return condition
}

// access checks activity against rights (FP-ACCESS).
func access(a *args) *Compiled {
	user, at := a.text("user"), a.opt("at", "_day")
	c := &Compiled{Kind: FrameJoined, Show: a.shown([]string{user, at})}
	parts, columns := []string{fmt.Sprintf("b AS (SELECT *, (%s) AS user_, CAST((%s) AS TIMESTAMP) AS at_%s FROM %s)", user, at, rightColumn(a), a.from())}, []string{"b.*"}
	joins := ""
	if a.has("grants") {
		grants := a.other("grants")
		who, from, to := a.opt("grant_user", "user"), a.opt("grant_from", "NULL"), a.opt("grant_to", "NULL")
		right := ""
		if a.has("right") {
			right = " AND m.r = b.right_"
		}
		parts = append(parts,
			fmt.Sprintf("m AS (SELECT (%s) AS who, (%s) AS r, CAST((%s) AS TIMESTAMP) AS f, CAST((%s) AS TIMESTAMP) AS t FROM %s)", who, a.opt("grant_right", "NULL"), from, to, grants),
			"x AS (SELECT b.item AS i, count(*) AS n FROM b JOIN m ON m.who = b.user_"+right+" AND (m.f IS NULL OR m.f <= b.at_) AND (m.t IS NULL OR b.at_ < m.t) GROUP BY b.item)")
		columns, joins = append(columns, "coalesce(x.n, 0) AS grants_held"), joins+" LEFT JOIN x ON x.i = b.item"
		c.Attributes = append(c.Attributes, CompiledAttribute{ID: "A", Text: "The user held the right at that moment", Holds: "CASE WHEN user_ IS NULL OR at_ IS NULL THEN NULL ELSE grants_held > 0 END"})
	}
	if a.has("leavers") {
		leavers, who, left := a.other("leavers"), a.opt("leaver_user", "user"), a.opt("left_at", "left_at")
		parts = append(parts, fmt.Sprintf("l AS (SELECT (%s) AS who, max(CAST((%s) AS TIMESTAMP)) AS gone FROM %s GROUP BY 1)", who, left, leavers))
		columns, joins = append(columns, "l.gone AS left_at_"), joins+" LEFT JOIN l ON l.who = b.user_"
		c.Attributes = append(c.Attributes, CompiledAttribute{ID: "B", Text: "The user had not left", Holds: "CASE WHEN user_ IS NULL OR at_ IS NULL THEN NULL ELSE left_at_ IS NULL OR at_ < left_at_ END"})
	}
	if len(c.Attributes) == 0 {
		a.fail("one of the arguments grants and leavers is needed")
	}
	c.Frame = "WITH " + strings.Join(parts, ",\n") + "\nSELECT " + strings.Join(columns, ", ") + " FROM b" + joins
	return c
}

func rightColumn(a *args) string {
	if !a.has("right") {
		return ""
	}
	return fmt.Sprintf(", (%s) AS right_", a.text("right"))
}

// age checks reconciling items (FP-RECON-AGE).
func age(a *args) *Compiled {
	opened, closed := a.text("opened"), a.opt("closed", "NULL")
	limit, asOf := a.number("limit_days", "30"), a.opt("as_of", "period_last()")
	c := &Compiled{Kind: FrameIdentity, Show: a.shown([]string{opened, closed})}
	if a.has("from") {
		c.Kind, c.Frame = FrameJoined, "SELECT * FROM "+a.from()
	}
	c.Attributes = append(c.Attributes, CompiledAttribute{
		ID: "A", Text: fmt.Sprintf("Resolved, or no older than %s days", limit),
		Holds: fmt.Sprintf("coalesce(CAST((%s) AS DATE), CAST((%s) AS DATE)) - CAST((%s) AS DATE) <= %s", closed, asOf, opened, limit),
	})
	if a.has("owner") {
		c.Attributes = append(c.Attributes, CompiledAttribute{ID: "B", Text: "It has an owner", Holds: "(" + a.text("owner") + ") IS NOT NULL", Violate: a.without(a.text("owner"))})
	}
	if a.has("explanation") {
		c.Attributes = append(c.Attributes, CompiledAttribute{ID: "C", Text: "It is explained", Holds: "(" + a.text("explanation") + ") IS NOT NULL", Violate: a.without(a.text("explanation"))})
	}
	return c
}

// master checks changes of master data against their requests (FP-MASTER).
func master(a *args) *Compiled {
	requests, by, key := a.other("requests"), a.needList("by"), a.needList("request_by")
	same(a, "by", by, "request_by", key)
	changer, approver := a.text("changer"), a.opt("request_approver", "approver")
	k := names("k", len(by))
	value, requested := a.opt("value", "NULL"), a.opt("request_value", "NULL")
	c := &Compiled{Kind: FrameJoined, Show: a.shown(append([]string{changer}, by...)), Frame: fmt.Sprintf(`WITH b AS (SELECT *, %s FROM %s),
m AS (SELECT %s, min((%s)) AS approver_, min(CAST((%s) AS VARCHAR)) AS requested_, count(*) AS n FROM %s GROUP BY %s)
SELECT b.*, coalesce(m.n, 0) AS requests, m.approver_, m.requested_ FROM b LEFT JOIN m ON %s`,
		named("k", by), a.from(), named("k", key), approver, requested, requests, strings.Join(k, ", "), equalNotNull("b", "m", k))}
	there := "requests = 1"
	c.Attributes = []CompiledAttribute{
		{ID: "A", Text: "Exactly one request stands behind it", Holds: there},
		{ID: "B", Text: "The request was approved", Holds: "approver_ IS NOT NULL", Applies: there, Because: "there is no single request"},
		{ID: "C", Text: "Somebody other than the changer approved it", Holds: "approver_ <> (" + changer + ")", Applies: there + " AND approver_ IS NOT NULL", Because: "there is no approval"},
	}
	if value != "NULL" {
		c.Attributes = append(c.Attributes, CompiledAttribute{ID: "D", Text: "The new value is the one requested", Holds: fmt.Sprintf("CAST((%s) AS VARCHAR) = requested_", value), Applies: there, Because: "there is no single request"})
	}
	return c
}

// idle checks that a configuration stood still, or changed with a record (FP-IDLE).
func idle(a *args) *Compiled {
	by, at, state := a.list("by"), a.text("at"), a.text("state")
	changes, changedAt, changedBy := a.other("changes"), a.opt("change_at", "at"), a.list("change_by")
	same(a, "by", by, "change_by", changedBy)
	k := names("k", len(by))
	partition, on, keys, changeKeys := "", "", "", ""
	if len(by) > 0 {
		partition, on, keys, changeKeys = "PARTITION BY "+strings.Join(k, ", "), " AND "+equal("b", "m", k), ", "+named("k", by), ", "+named("k", changedBy)
	}
	return &Compiled{
		Kind: FrameJoined, Show: a.shown(append([]string{at, state}, by...)), Frame: fmt.Sprintf(`WITH b0 AS (SELECT *, CAST((%s) AS TIMESTAMP) AS at_, (%s) AS state_%s FROM %s),
b AS (SELECT *, lag(state_) OVER (%s ORDER BY at_, item) AS before_, lag(at_) OVER (%s ORDER BY at_, item) AS since_, row_number() OVER (%s ORDER BY at_, item) AS nth_ FROM b0),
m AS (SELECT CAST((%s) AS TIMESTAMP) AS c%s FROM %s),
x AS (SELECT b.item AS i, count(*) AS n FROM b JOIN m ON m.c > b.since_ AND m.c <= b.at_%s GROUP BY b.item)
SELECT b.*, coalesce(x.n, 0) AS changes_ FROM b LEFT JOIN x ON x.i = b.item`,
			at, state, keys, a.from(), partition, partition, partition, changedAt, changeKeys, changes, on),
		Attributes: []CompiledAttribute{{
			ID: "A", Text: "The configuration is that of the snapshot before, or a change record explains the difference",
			Holds: "state_ = before_ OR changes_ > 0", Applies: "nth_ > 1", Because: "it is the first snapshot",
		}},
	}
}

// analytic marks records worth a look (FP-ANALYTIC): leads only.
func analytic(a *args) *Compiled {
	c := &Compiled{Kind: FrameIdentity, Attributes: []CompiledAttribute{{
		ID: "A", Lead: true, Text: a.opt("text", "Not "+oneLine(a.text("lead_if"))), Holds: "NOT (" + a.text("lead_if") + ")",
	}}}
	if a.has("from") {
		c.Kind, c.Frame = FrameJoined, "SELECT * FROM "+a.from()
	}
	return c
}

// roll checks that balances roll forward (FP-ROLL).
func roll(a *args) *Compiled {
	opening, closing := a.text("opening"), a.text("closing")
	increase, decrease, tolerance := a.opt("increase", "0"), a.opt("decrease", "0"), a.exact("tolerance", "0")
	c := &Compiled{Kind: FrameJoined, Show: a.shown([]string{opening, closing, increase, decrease})}
	previous := "NULL"
	if a.has("order_by") {
		partition := ""
		if by := a.list("by"); len(by) > 0 {
			partition = "PARTITION BY " + strings.Join(by, ", ")
		}
		order := a.text("order_by")
		previous = fmt.Sprintf("lag(%s) OVER (%s ORDER BY %s, item)", closing, partition, order)
		c.Attributes = append(c.Attributes, CompiledAttribute{
			ID: "B", Text: "It opens with what the one before closed with", Holds: fmt.Sprintf("abs((%s) - previous_closing) <= %s", opening, tolerance),
			Applies: "nth > 1", Because: "it is the first",
		})
		c.Frame = fmt.Sprintf("SELECT *, %s AS previous_closing, row_number() OVER (%s ORDER BY %s, item) AS nth, TRY((%s) + (%s) - (%s) - (%s)) AS difference FROM %s",
			previous, partition, order, opening, increase, decrease, closing, a.from())
	} else {
		c.Frame = fmt.Sprintf("SELECT *, TRY((%s) + (%s) - (%s) - (%s)) AS difference FROM %s", opening, increase, decrease, closing, a.from())
		a.has("by")
	}
	c.Attributes = append([]CompiledAttribute{{
		ID: "A", Text: "Opening plus increases less decreases is closing", Holds: "abs(difference) <= " + tolerance, Amount: "difference",
		Violate: stepped(a, closing, tolerance),
	}}, c.Attributes...)
	return c
}

// duplicates finds records that say the same (FP-DUP).
func duplicates(a *args) *Compiled {
	by, marker := a.needList("by"), a.opt("marker", "false")
	where := a.opt("where", "true")
	k := names("k", len(by))
	c := &Compiled{Kind: FrameJoined, Show: a.shown(by)}
	frame := fmt.Sprintf("SELECT *, count(*) FILTER (WHERE in_scope) OVER (PARTITION BY %s) AS same_key FROM (SELECT *, %s, coalesce((%s), false) AS in_scope FROM %s)",
		strings.Join(k, ", "), named("k", by), where, a.from())
	c.Attributes = []CompiledAttribute{{
		ID: "A", Text: "No other record has the same " + strings.Join(by, ", "),
		Holds: fmt.Sprintf("CASE WHEN %s THEN NULL ELSE same_key = 1 OR coalesce((%s), false) END", anyNull(k), marker),
	}}
	if where != "true" {
		c.Attributes[0].Applies, c.Attributes[0].Because = "in_scope", "it is not among the records compared: "+oneLine(where)
	}
	if fuzzy := a.list("fuzzy_by"); len(fuzzy) > 0 {
		date, days := a.opt("fuzzy_date", "_day"), a.number("fuzzy_days", "3")
		partition := "PARTITION BY in_scope, " + strings.Join(fuzzy, ", ") + " ORDER BY CAST((" + date + ") AS DATE), item"
		frame = fmt.Sprintf("SELECT *, CAST((%[1]s) AS DATE) - lag(CAST((%[1]s) AS DATE)) OVER (%[2]s) AS days_after, lead(CAST((%[1]s) AS DATE)) OVER (%[2]s) - CAST((%[1]s) AS DATE) AS days_before FROM (%[3]s)",
			date, partition, frame)
		c.Attributes = append(c.Attributes, CompiledAttribute{
			ID: "B", Lead: true, Text: fmt.Sprintf("No record with the same %s within %s days", strings.Join(fuzzy, ", "), days),
			Holds:   fmt.Sprintf("CASE WHEN %s THEN NULL ELSE coalesce(days_after > %s, true) AND coalesce(days_before > %s, true) END", anyNull(fuzzy), days, days),
			Applies: "in_scope", Because: "it is not among the records compared",
		})
	}
	c.Frame = frame
	return c
}

// reversal checks that reversals mirror their originals (FP-REVERSE).
func reversal(a *args) *Compiled {
	id, reverses, amount := a.text("id"), a.text("reverses"), a.text("amount")
	partial := a.word("partial", "false", "true", "false") == "true"
	is := "reverses_ IS NOT NULL"
	if a.has("reversal") {
		is = "coalesce((" + a.text("reversal") + "), false)"
	}
	c := &Compiled{Kind: FrameJoined, Show: a.shown([]string{id, reverses, amount}), Frame: fmt.Sprintf(`WITH b AS (SELECT *, (%s) AS id_, (%s) AS reverses_, (%s) AS amount_ FROM %s),
o AS (SELECT id_ AS original_, count(*) AS originals, min(amount_) AS original_amount FROM b GROUP BY 1),
r AS (SELECT reverses_ AS original_, count(*) AS reversals, sum(amount_) AS reversed FROM b WHERE reverses_ IS NOT NULL GROUP BY 1)
SELECT b.*, coalesce(o.originals, 0) AS originals, o.original_amount, coalesce(r.reversals, 0) AS reversals, r.reversed
FROM b LEFT JOIN o ON o.original_ = b.reverses_ LEFT JOIN r ON r.original_ = b.reverses_`, id, reverses, amount, a.from())}
	because := "it reverses nothing"
	c.Attributes = []CompiledAttribute{{ID: "A", Text: "It is linked to one original", Holds: "originals = 1", Applies: is, Because: because}}
	linked := is + " AND originals = 1"
	if partial {
		c.Attributes = append(c.Attributes, CompiledAttribute{
			ID: "B", Text: "All reversals of the original together do not exceed it",
			Holds:   "abs(reversed) <= abs(original_amount) AND (amount_ < 0) <> (original_amount < 0)",
			Applies: linked, Because: because,
		})
		return c
	}
	c.Attributes = append(c.Attributes,
		CompiledAttribute{ID: "B", Text: "Its amount is equal and opposite", Holds: "amount_ = -original_amount", Applies: linked, Because: because, Violate: stepped(a, amount, "0")},
		CompiledAttribute{ID: "C", Text: "The original is reversed once", Holds: "reversals = 1", Applies: linked, Because: because})
	return c
}
