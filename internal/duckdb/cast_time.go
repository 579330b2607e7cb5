package duckdb

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ticktie/ticktie/internal/program"
)

// Years that a date or time may have; others are taken for a wrong format.
const (
	firstYear = 1677
	lastYear  = 9999
)

// civil is a date and time as written: no zone yet.
type civil struct {
	year, month, day     int
	hour, minute, second int
	nanos                int
	finer                bool // digits below a nanosecond, not all zero
	hasTime              bool
	hasOffset            bool
	offset               int // seconds east of UTC
}

// Why a text in the right form is no date or time.
var (
	errForm    = errors.New("form")
	errRange   = errors.New("range")
	errLeap    = errors.New("leap second")
	errWeekday = errors.New("weekday")
)

// date prepares a date column.
func (c *caster) date() error {
	layouts, err := c.layouts()
	if err != nil {
		return err
	}
	for _, l := range layouts {
		if l.has('z') {
			return fmt.Errorf("format %q: a date has no zone: declare the column as timestamp", l.format)
		}
	}
	c.sqlType = "DATE"
	c.cast = func(text string) (string, *failure) {
		t, fail := c.read(text, layouts, parseISODate)
		if fail != nil {
			return "", fail
		}
		if t.hour|t.minute|t.second|t.nanos != 0 || t.finer {
			return "", c.refuse(rounded, "the text has a time of day, which a date would lose: declare the column as timestamp.")
		}
		return fmt.Sprintf("%04d-%02d-%02d", t.year, t.month, t.day), nil
	}
	c.fast = fastDate(layouts)
	return nil
}

// timestamp prepares a timestamp column: values become UTC.
func (c *caster) timestamp(pop *program.Population, loc *time.Location, window zoneWindow) error {
	layouts, err := c.layouts()
	if err != nil {
		return err
	}
	for _, l := range layouts {
		if !l.has('H') && !l.has('I') {
			return fmt.Errorf("format %q has no time of day: declare the column as date", l.format)
		}
	}
	if c.col.Zone != "" {
		if loc, err = time.LoadLocation(c.col.Zone); err != nil {
			return fmt.Errorf("%q is no zone of the IANA data base: %w", c.col.Zone, err)
		}
	}
	switch pop.AmbiguousLocalTime {
	case "", "refuse", "earlier", "later":
	default:
		return fmt.Errorf("ambiguous_local_time: %q is none of refuse, earlier, later", pop.AmbiguousLocalTime)
	}
	c.sqlType = "TIMESTAMP"
	c.cast = func(text string) (string, *failure) {
		t, fail := c.read(text, layouts, parseISOTime)
		if fail != nil {
			return "", fail
		}
		u, fail := c.instant(t, loc, pop.AmbiguousLocalTime)
		if fail != nil {
			return "", fail
		}
		return u.Format("2006-01-02 15:04:05.000000"), nil
	}
	c.fast = fastTimestamp(layouts, loc, window)
	return nil
}

// read parses a text by ISO 8601 or the declared formats. A text that two
// formats read differently is refused: choosing one would be a guess.
func (c *caster) read(text string, layouts []layout, iso func(string) (civil, error)) (civil, *failure) {
	if len(layouts) == 0 {
		t, err := iso(text)
		if err == nil {
			err = t.check()
		}
		return t, c.unreadable(text, err)
	}
	var found []civil
	var last error
	for _, l := range layouts {
		t, err := l.parse(text)
		if err == nil {
			err = t.check()
		}
		if err == nil && !slices.Contains(found, t) {
			found = append(found, t)
		}
		if err != nil && (last == nil || last == errForm) {
			last = err
		}
	}
	switch len(found) {
	case 0:
		return civil{}, c.unreadable(text, last)
	case 1:
		return found[0], nil
	}
	return civil{}, c.refuse(badValue, "two of the declared formats read the text differently: leave only the format that the source uses.")
}

func (c *caster) unreadable(text string, err error) *failure {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, errLeap):
		return c.refuse(badValue, "the text names a leap second, which cannot be kept exactly: correct the source.")
	case errors.Is(err, errWeekday):
		return c.refuse(badValue, "the weekday in the text is not that of its date: correct the source.")
	case errors.Is(err, errRange):
		return c.refuse(badValue, "the text is not a possible date or time between the years %d and %d: check the format, or correct the source.", firstYear, lastYear)
	}
	if len(c.col.Format) > 0 {
		return c.unfit(text, "in none of the declared formats")
	}
	return c.unfit(text, "not in ISO 8601 form (declare format)")
}

// check tells possible dates and times.
func (t civil) check() error {
	if t.second == 60 {
		return errLeap
	}
	d := time.Date(t.year, time.Month(t.month), t.day, t.hour, t.minute, t.second, 0, time.UTC)
	same := d.Year() == t.year && int(d.Month()) == t.month && d.Day() == t.day &&
		d.Hour() == t.hour && d.Minute() == t.minute && d.Second() == t.second
	if !same || t.year < firstYear || t.year > lastYear || t.offset < -18*3600 || t.offset > 18*3600 {
		return errRange
	}
	return nil
}

// instant finds the instant that a civil time means.
func (c *caster) instant(t civil, loc *time.Location, ambiguous string) (time.Time, *failure) {
	if t.nanos%1000 != 0 || t.finer {
		return time.Time{}, c.refuse(rounded, "the time is finer than a microsecond: cut it in the source, where that can be seen.")
	}
	u := time.Date(t.year, time.Month(t.month), t.day, t.hour, t.minute, t.second, t.nanos, time.UTC)
	if t.hasOffset {
		return c.bounded(u.Add(-time.Duration(t.offset) * time.Second))
	}
	all := instants(u, loc)
	switch {
	case len(all) == 1:
		return c.bounded(all[0])
	case len(all) == 0:
		return time.Time{}, c.refuse(impossibleLocal, "clocks in %s never showed this time, they were set forward over it: write times with their offset, or declare the zone the source uses.", loc)
	case ambiguous == "earlier":
		return c.bounded(all[0])
	case ambiguous == "later":
		return c.bounded(all[len(all)-1])
	}
	return time.Time{}, c.refuse(doubleLocal, "clocks in %s showed this time twice, they were set back over it: write times with their offset, or declare ambiguous_local_time.", loc)
}

func (c *caster) bounded(u time.Time) (time.Time, *failure) {
	if y := u.UTC().Year(); y < firstYear || y > lastYear {
		return u, c.unreadable("", errRange)
	}
	return u.UTC(), nil
}

// scan reads a text from the left.
type scan struct {
	rest string
	err  error
}

func (s *scan) fail(err error) {
	if s.err == nil {
		s.err = err
	}
}

func (s *scan) literal(want string) {
	rest, ok := strings.CutPrefix(s.rest, want)
	if !ok {
		s.fail(errForm)
		return
	}
	s.rest = rest
}

// number reads at least least and at most most digits.
func (s *scan) number(least, most int) int {
	n, i := 0, 0
	for i < len(s.rest) && i < most && s.rest[i] >= '0' && s.rest[i] <= '9' {
		n = n*10 + int(s.rest[i]-'0')
		i++
	}
	if i < least {
		s.fail(errForm)
		return 0
	}
	s.rest = s.rest[i:]
	return n
}

// fraction reads the digits of a second's fraction; at least one.
func (s *scan) fraction(t *civil) {
	i := 0
	for i < len(s.rest) && s.rest[i] >= '0' && s.rest[i] <= '9' {
		digit := int(s.rest[i] - '0')
		if i < 9 {
			t.nanos = t.nanos*10 + digit
		} else if digit != 0 {
			t.finer = true
		}
		i++
	}
	if i == 0 {
		s.fail(errForm)
	}
	for j := i; j < 9; j++ {
		t.nanos *= 10
	}
	s.rest = s.rest[i:]
}

// offset reads Z, UTC, GMT, ±HH, ±HHMM, ±HH:MM or ±HH:MM:SS.
func (s *scan) offset(t *civil) {
	t.hasOffset = true
	for _, name := range []string{"Z", "UTC", "GMT"} {
		if rest, ok := strings.CutPrefix(s.rest, name); ok {
			s.rest = rest
			return
		}
	}
	if s.rest == "" || s.rest[0] != '+' && s.rest[0] != '-' {
		s.fail(errForm)
		return
	}
	sign := 1
	if s.rest[0] == '-' {
		sign = -1
	}
	s.rest = s.rest[1:]
	seconds := s.number(2, 2) * 3600
	if strings.HasPrefix(s.rest, ":") {
		s.rest = s.rest[1:]
		seconds += s.sixty() * 60
		if strings.HasPrefix(s.rest, ":") {
			s.rest = s.rest[1:]
			seconds += s.sixty()
		}
	} else if s.rest != "" && s.rest[0] >= '0' && s.rest[0] <= '9' {
		seconds += s.sixty() * 60
	}
	t.offset = sign * seconds
}

func (s *scan) sixty() int {
	n := s.number(2, 2)
	if n > 59 {
		s.fail(errRange)
	}
	return n
}

func (s *scan) end() error {
	if s.err == nil && s.rest != "" {
		return errForm
	}
	return s.err
}

func (s *scan) isoDate(t *civil) {
	t.year = s.number(4, 4)
	s.literal("-")
	t.month = s.number(2, 2)
	s.literal("-")
	t.day = s.number(2, 2)
}

func parseISODate(text string) (civil, error) {
	s, t := scan{rest: text}, civil{}
	s.isoDate(&t)
	return t, s.end()
}

// parseISOTime reads YYYY-MM-DD, T or one blank, HH:MM, then optionally seconds,
// fraction, and an offset with or without a blank before it.
func parseISOTime(text string) (civil, error) {
	s, t := scan{rest: text}, civil{hasTime: true}
	s.isoDate(&t)
	if rest, ok := strings.CutPrefix(s.rest, " "); ok {
		s.rest = rest
	} else {
		s.literal("T")
	}
	t.hour = s.number(2, 2)
	s.literal(":")
	t.minute = s.number(2, 2)
	if strings.HasPrefix(s.rest, ":") {
		s.literal(":")
		t.second = s.number(2, 2)
		if strings.HasPrefix(s.rest, ".") {
			s.literal(".")
			s.fraction(&t)
		}
	}
	if s.rest != "" {
		s.rest = strings.TrimPrefix(s.rest, " ")
		s.offset(&t)
	}
	return t, s.end()
}
