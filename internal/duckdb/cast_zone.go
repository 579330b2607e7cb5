package duckdb

import (
	"fmt"
	"strings"
	"time"

	"github.com/ticktie/ticktie/internal/engagement"
)

// zoneWindow is the stretch of years whose clock changes the SQL of local
// times knows; times outside it are left to the Go code.
type zoneWindow struct{ from, to time.Time }

// windowOf is the period and two years around it.
func windowOf(p engagement.Period) zoneWindow {
	return zoneWindow{
		time.Date(p.First.Year-2, 1, 1, 0, 0, 0, 0, time.UTC),
		time.Date(p.Last.Year+3, 1, 1, 0, 0, 0, 0, time.UTC),
	}
}

// stretchOfZone is a stretch of one offset to UTC.
type stretchOfZone struct {
	from, to time.Time // zero: open
	offset   time.Duration
}

// stretches returns the stretches of one offset that touch from…to, in order.
func stretches(loc *time.Location, from, to time.Time) []stretchOfZone {
	var out []stretchOfZone
	for at := from; ; {
		begin, end := at.In(loc).ZoneBounds()
		_, seconds := at.In(loc).Zone()
		out = append(out, stretchOfZone{begin, end, time.Duration(seconds) * time.Second})
		if end.IsZero() || end.After(to) {
			return out
		}
		at = end
	}
}

// maxOffset is more than any zone's distance to UTC.
const maxOffset = 26 * time.Hour

// instants returns every instant at which clocks in loc show the civil time
// that t shows in UTC, in order: none in the gap of a clock change, two where
// a clock was set back.
func instants(t time.Time, loc *time.Location) []time.Time {
	var out []time.Time
	for _, s := range stretches(loc, t.Add(-maxOffset), t.Add(maxOffset)) {
		u := t.Add(-s.offset)
		if (s.from.IsZero() || !u.Before(s.from)) && (s.to.IsZero() || u.Before(s.to)) {
			out = append(out, u)
		}
	}
	return out
}

const sqlTime = "2006-01-02 15:04:05"

// localDaySQL computes the local day of a UTC timestamp inside the window;
// outside it gives NULL.
func localDaySQL(t string, loc *time.Location, w zoneWindow) string {
	var b strings.Builder
	b.WriteString("CASE")
	for _, s := range stretches(loc, w.from, w.to) {
		from, to := later(s.from, w.from), earlier(s.to, w.to)
		if from.Before(to) {
			fmt.Fprintf(&b, " WHEN %s >= TIMESTAMP '%s' AND %s < TIMESTAMP '%s' THEN CAST(%s AS DATE)",
				t, from.UTC().Format(sqlTime), t, to.UTC().Format(sqlTime), shift(t, s.offset))
		}
	}
	return b.String() + " END"
}

// localToUTC turns a local timestamp into UTC where the window and the zone
// leave one answer; elsewhere it gives NULL.
func localToUTC(t string, loc *time.Location, w zoneWindow) string {
	all := stretches(loc, w.from, w.to)
	var b strings.Builder
	b.WriteString("CASE")
	for i, s := range all {
		from, to := later(s.from, w.from).Add(s.offset), earlier(s.to, w.to).Add(s.offset)
		// Near a clock change, the times that the gap or the fold covers are left out.
		if i > 0 {
			from = later(from, s.from.Add(all[i-1].offset))
		}
		if i < len(all)-1 {
			to = earlier(to, s.to.Add(all[i+1].offset))
		}
		if from.Before(to) {
			fmt.Fprintf(&b, " WHEN %s >= TIMESTAMP '%s' AND %s < TIMESTAMP '%s' THEN %s",
				t, from.UTC().Format(sqlTime), t, to.UTC().Format(sqlTime), shift(t, -s.offset))
		}
	}
	return b.String() + " END"
}

// shift adds a duration to a timestamp.
func shift(t string, d time.Duration) string {
	if d == 0 {
		return t
	}
	return fmt.Sprintf("make_timestamp(epoch_us(%s) + (%d))", t, d.Microseconds())
}

// later and earlier take a zero time as open.
func later(a, b time.Time) time.Time {
	if a.IsZero() || a.Before(b) {
		return b
	}
	return a
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}
