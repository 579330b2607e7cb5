package duckdb

import (
	"fmt"
	"strings"
	"time"
)

// layout is a declared format: strptime directives and literal text.
type layout struct {
	format string
	parts  []part
}

// part is one directive, or literal text.
type part struct {
	directive byte // 0: literal
	literal   string
	fixed     bool // exactly two digits, because a number follows at once
}

// directives are those that a format may use. Numbers may lack their leading
// zero unless a number follows at once; a year has four digits; %y follows
// POSIX (69 to 99 are 1969 to 1999, 00 to 68 are 2000 to 2068); names are English.
const directives = "YymdeHIMSfpzbBhaA"

// composed are directives that stand for several.
var composed = strings.NewReplacer("%%", "%%", "%F", "%Y-%m-%d", "%T", "%H:%M:%S", "%R", "%H:%M", "%D", "%m/%d/%y",
	"%-d", "%d", "%-m", "%m", "%-H", "%H", "%-I", "%I", "%-M", "%M", "%-S", "%S")

// layouts reads the declared formats of a column.
func (c *caster) layouts() ([]layout, error) {
	var out []layout
	for _, f := range c.col.Format {
		l, err := newLayout(f)
		if err != nil {
			return nil, err
		}
		out = append(out, l)
	}
	return out, nil
}

func newLayout(format string) (layout, error) {
	l := layout{format: format}
	rest := composed.Replace(format)
	for rest != "" {
		if strings.HasPrefix(rest, "%%") {
			l.literal("%")
			rest = rest[2:]
			continue
		}
		if rest[0] != '%' {
			l.literal(rest[:1])
			rest = rest[1:]
			continue
		}
		if len(rest) < 2 || !strings.Contains(directives, rest[1:2]) {
			return l, fmt.Errorf("format %q: unknown directive at %q; use %%Y %%y %%m %%d %%e %%b %%B %%H %%I %%p %%M %%S %%f %%z %%a %%A %%F %%T %%R %%D %%%%", format, rest)
		}
		l.parts = append(l.parts, part{directive: rest[1]})
		rest = rest[2:]
	}
	l.fix()
	return l, l.check()
}

func (l *layout) literal(s string) {
	if n := len(l.parts); n > 0 && l.parts[n-1].directive == 0 {
		l.parts[n-1].literal += s
		return
	}
	l.parts = append(l.parts, part{literal: s})
}

// fix demands two digits of a number that another number follows at once.
func (l *layout) fix() {
	for i := range len(l.parts) - 1 {
		next := l.parts[i+1]
		digit := next.directive == 0 && next.literal[0] >= '0' && next.literal[0] <= '9'
		l.parts[i].fixed = digit || next.directive != 0 && strings.IndexByte("YymdHIMSf", next.directive) >= 0
	}
}

func (l *layout) has(directive byte) bool {
	for _, p := range l.parts {
		if p.directive == directive {
			return true
		}
	}
	return false
}

// check refuses formats that leave something to guess or say it twice.
func (l *layout) check() error {
	count := func(of string) int {
		n := 0
		for _, p := range l.parts {
			if p.directive != 0 && strings.IndexByte(of, p.directive) >= 0 {
				n++
			}
		}
		return n
	}
	for _, need := range []struct{ of, what string }{{"Yy", "year"}, {"mbBh", "month"}, {"de", "day"}} {
		if count(need.of) != 1 {
			return fmt.Errorf("format %q must name the %s once", l.format, need.what)
		}
	}
	for _, most := range []string{"HI", "M", "S", "f", "p", "z", "aA"} {
		if count(most) > 1 {
			return fmt.Errorf("format %q names %%%c more than once", l.format, most[0])
		}
	}
	if l.has('I') != l.has('p') {
		return fmt.Errorf("format %q: %%I and %%p go together", l.format)
	}
	if (l.has('M') && count("HI") == 0) || (l.has('S') && !l.has('M')) || (l.has('f') && !l.has('S')) || ((l.has('H') || l.has('I')) && !l.has('M')) {
		return fmt.Errorf("format %q skips a part of the time of day", l.format)
	}
	return nil
}

// parse reads a text by the layout.
func (l *layout) parse(text string) (civil, error) {
	s, t := scan{rest: text}, civil{}
	afternoon, weekday := -1, -1
	for _, p := range l.parts {
		least := 1
		if p.fixed {
			least = 2
		}
		switch p.directive {
		case 0:
			s.literal(p.literal)
		case 'Y':
			t.year = s.number(4, 4)
		case 'y':
			if t.year = s.number(2, 2) + 2000; t.year > 2068 {
				t.year -= 100
			}
		case 'm':
			t.month = s.number(least, 2)
		case 'd':
			t.day = s.number(least, 2)
		case 'e':
			s.rest = strings.TrimPrefix(s.rest, " ")
			t.day = s.number(1, 2)
		case 'b', 'B', 'h':
			t.month = s.name(12, func(i int) string { return time.Month(i + 1).String() }) + 1
		case 'a', 'A':
			weekday = s.name(7, func(i int) string { return time.Weekday(i).String() })
		case 'H':
			t.hour, t.hasTime = s.number(least, 2), true
		case 'I':
			t.hour, t.hasTime = s.number(least, 2), true
		case 'p':
			afternoon = s.half()
		case 'M':
			t.minute = s.number(least, 2)
		case 'S':
			t.second = s.number(least, 2)
		case 'f':
			s.fraction(&t)
		case 'z':
			s.offset(&t)
		}
	}
	if err := s.end(); err != nil {
		return t, err
	}
	return t.settle(afternoon, weekday)
}

// settle applies the half of the day and compares the weekday.
func (t civil) settle(afternoon, weekday int) (civil, error) {
	if afternoon >= 0 {
		if t.hour < 1 || t.hour > 12 {
			return t, errRange
		}
		t.hour = t.hour%12 + 12*afternoon
	}
	if weekday >= 0 && t.check() == nil {
		if int(time.Date(t.year, time.Month(t.month), t.day, 0, 0, 0, 0, time.UTC).Weekday()) != weekday {
			return t, errWeekday
		}
	}
	return t, nil
}

// name reads one of n English names in full or as its first three letters.
func (s *scan) name(n int, of func(int) string) int {
	for i := range n {
		for _, name := range []string{of(i), of(i)[:3]} {
			if len(s.rest) >= len(name) && strings.EqualFold(s.rest[:len(name)], name) {
				s.rest = s.rest[len(name):]
				return i
			}
		}
	}
	s.fail(errForm)
	return 0
}

// half reads AM or PM.
func (s *scan) half() int {
	if len(s.rest) >= 2 {
		for i, name := range []string{"AM", "PM"} {
			if strings.EqualFold(s.rest[:2], name) {
				s.rest = s.rest[2:]
				return i
			}
		}
	}
	s.fail(errForm)
	return 0
}
