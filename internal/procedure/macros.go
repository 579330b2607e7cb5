package procedure

import (
	"fmt"
	"strings"

	"github.com/ticktie/ticktie/internal/engagement"
)

// MaxDivScale is the largest scale that div can round to.
const MaxDivScale = 10

// Macros are the SQL macros that attribute SQL may use, as CREATE MACRO
// statements:
//
//	div(a, b, scale)     a/b rounded half away from zero to 0…10 decimals, exact:
//	                     a DECIMAL(38,10); NULL if b is 0
//	period_first()       first day of the examination period
//	period_last()        last day of it
//	local_day(ts, zone)  the civil day of an instant (TIMESTAMP in UTC) in a zone
//	rounded(a, scale)    a rounded half away from zero, a DECIMAL(38,10)
func Macros(period engagement.Period) []string {
	// Amounts become whole numbers of 10⁻⁹, so that nothing is ever floating.
	const units = "CAST(CAST(%s AS DECIMAL(38,9)) * 1000000000 AS HUGEINT)"
	a, b := fmt.Sprintf(units, "a"), fmt.Sprintf(units, "b")
	n := "(abs(" + a + ") * ten_to(s))"
	quotient := "((2::HUGEINT * " + n + " + abs(" + b + ")) // (2::HUGEINT * abs(" + b + ")))"
	sign := "(CASE WHEN (a < 0) = (b < 0) THEN 1::HUGEINT ELSE -1::HUGEINT END)"
	return []string{
		"CREATE MACRO ten_to(n) AS " + tenTo(),
		"CREATE MACRO div(a, b, s) AS CASE WHEN b = 0 THEN NULL ELSE " +
			"CAST(" + sign + " * " + quotient + " * ten_to(" + fmt.Sprint(MaxDivScale) + " - s) AS DECIMAL(38,0)) * 0.0000000001 END",
		"CREATE MACRO rounded(a, s) AS div(a, 1, s)",
		"CREATE MACRO period_first() AS DATE '" + period.First.String() + "'",
		"CREATE MACRO period_last() AS DATE '" + period.Last.String() + "'",
		"CREATE MACRO local_day(ts, zone) AS CAST(timezone(zone, timezone('UTC', CAST(ts AS TIMESTAMP))) AS DATE)",
	}
}

// tenTo is 10ⁿ for 0…10 as a HUGEINT, without pow, which is floating.
func tenTo() string {
	var w strings.Builder
	w.WriteString("CASE n")
	power := "1"
	for i := range MaxDivScale + 1 {
		fmt.Fprintf(&w, " WHEN %d THEN %s::HUGEINT", i, power)
		power += "0"
	}
	return w.String() + " END"
}
