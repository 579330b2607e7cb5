package files

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// dateStyle says whether a number format shows a number as a date, a time of
// day, or elapsed time.
type dateStyle struct{ date, clock, elapsed bool }

func (s dateStyle) any() bool { return s.date || s.clock || s.elapsed }

// builtinStyle is the style of a number format that workbooks do not spell out.
func builtinStyle(id int) dateStyle {
	switch {
	case id >= 14 && id <= 17, id >= 27 && id <= 31, id == 36, id >= 50 && id <= 54, id == 57, id == 58:
		return dateStyle{date: true}
	case id >= 18 && id <= 21, id == 45, id == 47, id >= 32 && id <= 35, id == 55, id == 56:
		return dateStyle{clock: true}
	case id == 22:
		return dateStyle{date: true, clock: true}
	case id == 46:
		return dateStyle{elapsed: true}
	}
	return dateStyle{}
}

// styleOf reads a number format such as yyyy-mm-dd or [h]:mm.
func styleOf(code string) dateStyle {
	letters, elapsed := formatLetters(code)
	if elapsed {
		return dateStyle{elapsed: true}
	}
	if strings.Contains(letters, "general") || strings.ContainsAny(letters, "#?%") {
		return dateStyle{}
	}
	clock := strings.ContainsAny(letters, "hs")
	date := strings.ContainsAny(letters, "yd") || strings.Contains(letters, "m") && !clock
	return dateStyle{date: date, clock: clock}
}

// formatLetters returns the first section of a format without its literals, in
// lower case, and whether it shows elapsed time.
func formatLetters(code string) (letters string, elapsed bool) {
	var b strings.Builder
	for i := 0; i < len(code) && code[i] != ';'; i++ {
		switch code[i] {
		case '"':
			end := strings.IndexByte(code[i+1:], '"')
			if end < 0 {
				return b.String(), elapsed
			}
			i += end + 1
		case '\\', '_', '*':
			i++
		case '[':
			end := strings.IndexByte(code[i:], ']')
			if end < 0 {
				return b.String(), elapsed
			}
			switch in := strings.ToLower(code[i+1 : i+end]); strings.Trim(in, "hms") {
			case "":
				elapsed = elapsed || in != ""
			}
			i += end
		default:
			b.WriteString(strings.ToLower(code[i : i+1]))
		}
	}
	return b.String(), elapsed
}

const (
	dayMillis = 24 * 60 * 60 * 1000
	lastDay   = 2958465 // 9999-12-31 in the 1900 system
)

// numberText renders a cell's number: to the 15 significant digits that a
// spreadsheet keeps, or as an ISO date if its format shows one.
func numberText(raw string, style dateStyle, date04 bool) (string, error) {
	v, err := strconv.ParseFloat(strings.TrimSpace(raw), 64)
	if err != nil || math.IsInf(v, 0) || math.IsNaN(v) {
		return "", fmt.Errorf("%q is not a number", raw)
	}
	if !style.any() || v < 0 || v >= lastDay+1 {
		return digits15(v), nil
	}
	ms := int64(math.Round(v * dayMillis))
	days, rest := ms/dayMillis, ms%dayMillis
	switch {
	case style.elapsed:
		return fmt.Sprintf("%d:%s", ms/3_600_000, clockText(ms % 3_600_000)[3:]), nil
	case !style.date && days == 0:
		return clockText(rest), nil
	case rest == 0 && !style.clock:
		return dayText(days, date04), nil
	}
	return dayText(days, date04) + " " + clockText(rest), nil
}

// dayText returns the date of a day number. In the 1900 system day 60 is a
// 29 February 1900 that never was, and day 0 no date: both are written so that
// nobody takes them for one.
func dayText(days int64, date04 bool) string {
	base := time.Date(1899, 12, 31, 0, 0, 0, 0, time.UTC)
	switch {
	case date04:
		base = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)
	case days == 0:
		return "1900-01-00"
	case days == 60:
		return "1900-02-29"
	case days > 60:
		days--
	}
	return base.AddDate(0, 0, int(days)).Format(time.DateOnly)
}

func clockText(ms int64) string {
	s := fmt.Sprintf("%02d:%02d:%02d", ms/3_600_000, ms/60_000%60, ms/1000%60)
	if ms%1000 != 0 {
		s += fmt.Sprintf(".%03d", ms%1000)
	}
	return s
}

// digits15 writes a number plainly, without exponent, with at most 15
// significant digits.
func digits15(v float64) string {
	mantissa, exp, _ := strings.Cut(strconv.FormatFloat(math.Abs(v), 'e', 14, 64), "e")
	e, err := strconv.Atoi(exp)
	if err != nil {
		return mantissa
	}
	digits := strings.TrimRight(strings.Replace(mantissa, ".", "", 1), "0")
	var s string
	switch {
	case digits == "":
		return "0"
	case e < 0:
		s = "0." + strings.Repeat("0", -e-1) + digits
	case len(digits) <= e+1:
		s = digits + strings.Repeat("0", e+1-len(digits))
	default:
		s = digits[:e+1] + "." + digits[e+1:]
	}
	if v < 0 {
		return "-" + s
	}
	return s
}
