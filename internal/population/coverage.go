package population

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ticktie/ticktie/internal/engagement"
	"github.com/ticktie/ticktie/internal/program"
	"github.com/ticktie/ticktie/internal/source"
)

// The states of a day.
const (
	Covered     = "covered"      // it has items
	Gap         = "gap"          // items were expected, none came
	Unreachable = "unreachable"  // the source could not answer for it, or for a part of it
	NotExpected = "not_expected" // no items, and none expected
)

// cover gives each day of the period its state and words each stretch without
// coverage. Days hold the counts of every day of the period, in order.
//
// With expected_every day or business_day each such day must have an item; with
// week (from Monday) or month, each one that lies whole in the period. Without
// it nothing is expected of a single day.
func cover(days []Day, gaps []source.Gap, every string, calendar program.Calendar, loc *time.Location) Coverage {
	days = slices.Clone(days)
	expected := expectation(days, every, calendar)
	for i := range days {
		switch {
		case days[i].Items > 0:
			days[i].State = Covered
		case expected(i):
			days[i].State = Gap
		default:
			days[i].State = NotExpected
		}
	}
	c := Coverage{Days: days}
	for _, g := range gaps {
		c.Gaps = append(c.Gaps, unreachable(days, g, loc))
	}
	c.Gaps = append(c.Gaps, stretches(days, every)...)
	return c
}

// unreachable marks the days that the source's gap touches, and words it.
func unreachable(days []Day, g source.Gap, loc *time.Location) string {
	from, to := g.From.In(loc), g.To.In(loc)
	for i := range days {
		begin, end := days[i].Date.In(loc), days[i].Date.AddDays(1).In(loc)
		if from.Before(end) && (to.After(begin) || from.Equal(to) && !from.Before(begin)) {
			days[i].State = Unreachable
		}
	}
	return fmt.Sprintf("%s to %s: the source could not answer: %s",
		from.Format(time.RFC3339), to.Format(time.RFC3339), strings.TrimSuffix(g.Reason, "."))
}

// expectation returns whether day i, which has no items, should have some.
func expectation(days []Day, every string, calendar program.Calendar) func(i int) bool {
	switch every {
	case "day":
		return func(int) bool { return true }
	case "business_day":
		return func(i int) bool { return businessDay(days[i].Date, calendar) }
	case "week":
		return whole(days, func(d engagement.Date) engagement.Date {
			return d.AddDays(-(int(weekday(d)) + 6) % 7)
		}, func(first engagement.Date) engagement.Date { return first.AddDays(6) })
	case "month":
		return whole(days, func(d engagement.Date) engagement.Date {
			return engagement.Date{Year: d.Year, Month: d.Month, Day: 1}
		}, func(first engagement.Date) engagement.Date { return first.AddDays(31).AddDays(-first.AddDays(31).Day) })
	}
	return func(int) bool { return false }
}

// whole expects items in each stretch of days (a week, a month) that lies
// whole in the period: the event of a cut stretch may lie outside.
func whole(days []Day, start, end func(engagement.Date) engagement.Date) func(int) bool {
	items := map[engagement.Date]int64{}
	for _, d := range days {
		items[start(d.Date)] += d.Items
	}
	return func(i int) bool {
		first := start(days[i].Date)
		inside := !first.Before(days[0].Date) && !days[len(days)-1].Date.Before(end(first))
		return inside && items[first] == 0
	}
}

func weekday(d engagement.Date) time.Weekday { return d.In(time.UTC).Weekday() }

func businessDay(d engagement.Date, c program.Calendar) bool {
	weekend := c.Weekend
	if weekend == nil {
		weekend = []string{"saturday", "sunday"}
	}
	name := strings.ToLower(weekday(d).String())
	return !slices.Contains(weekend, name) && !slices.Contains(c.Holidays, d)
}

// stretches words each run of days in state gap; days on which nothing is
// expected do not end a run.
func stretches(days []Day, every string) []string {
	var out []string
	for i := 0; i < len(days); i++ {
		if days[i].State != Gap {
			continue
		}
		last, n := i, int64(0)
		j := i
		for ; j < len(days) && (days[j].State == Gap || days[j].State == NotExpected); j++ {
			if days[j].State == Gap {
				last = j
				n++
			}
		}
		out = append(out, stretch(days[i].Date, days[last].Date, n, every))
		i = j - 1
	}
	return out
}

func stretch(first, last engagement.Date, n int64, every string) string {
	when := first.String()
	if last != first {
		when += " to " + last.String()
	}
	return fmt.Sprintf("%s: no items on %s, expected every %s", when, plural(n, "day"), strings.ReplaceAll(every, "_", " "))
}
