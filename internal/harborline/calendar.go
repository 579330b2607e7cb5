package harborline

import "time"

// day counts civil days; day 0 is 2025-01-01, the first of the period.
type day int

const (
	firstDay day = 0
	lastDay  day = 364
)

func on(year int, month time.Month, d int) day {
	return day(time.Date(year, month, d, 0, 0, 0, 0, time.UTC).Sub(time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)) / (24 * time.Hour))
}

// utc is midnight of the day, taken as if it were in UTC.
func (d day) utc() time.Time { return time.Date(2025, 1, 1+int(d), 0, 0, 0, 0, time.UTC) }

func (d day) month() time.Month { return d.utc().Month() }

// daylight says whether New York keeps daylight saving time on the day, from
// its morning on (2025: 9 March to 2 November).
func (d day) daylight() bool { return d >= on(2025, 3, 9) && d < on(2025, 11, 2) }

// at is the instant of a New York clock time from three in the morning on.
func (d day) at(hour, minute int) time.Time {
	offset := 5
	if d.daylight() {
		offset = 4
	}
	return d.utc().Add(time.Duration(hour+offset)*time.Hour + time.Duration(minute)*time.Minute)
}

// holidays are those of 2025 on which banks are closed.
var holidays = []day{
	on(2025, 1, 1), on(2025, 1, 20), on(2025, 2, 17), on(2025, 5, 26), on(2025, 6, 19), on(2025, 7, 4),
	on(2025, 9, 1), on(2025, 10, 13), on(2025, 11, 11), on(2025, 11, 27), on(2025, 12, 25),
}

func (d day) business() bool {
	for _, h := range holidays {
		if d == h {
			return false
		}
	}
	w := d.utc().Weekday()
	return w != time.Saturday && w != time.Sunday
}

// after is the n-th business day after d, or before it if n is negative.
func (d day) after(n int) day {
	step := day(1)
	if n < 0 {
		step, n = -1, -n
	}
	for n > 0 {
		d += step
		if d.business() {
			n--
		}
	}
	return d
}

// onOrBefore is d, or the last business day before it.
func (d day) onOrBefore() day {
	if d.business() {
		return d
	}
	return d.after(-1)
}

func monthStart(m int) day { return on(2025, time.Month(m), 1) }

func monthEnd(m int) day { return monthStart(m+1) - 1 }
