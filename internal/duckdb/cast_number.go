package duckdb

import (
	"fmt"
	"strconv"
	"strings"
)

// Decimal limits of the engine and of exponents that are worked out.
const (
	defaultPrecision = 18
	maxPrecision     = 38
	maxExponent      = 1000
)

// integer accepts digits with an optional sign. A decimal point is refused even
// before zeros, and so is an exponent: an integer that went through a
// spreadsheet's general format may have lost digits.
func (c *caster) integer() func(string) (string, *failure) {
	return func(text string) (string, *failure) {
		if !digits(strings.TrimLeft(text, "+-")) || len(text)-len(strings.TrimLeft(text, "+-")) > 1 {
			if _, ok := parseNumber(text, "."); ok {
				return "", c.refuse(badValue, "an integer has no decimals and no exponent: declare the column as decimal, or correct the source.")
			}
			return "", c.unfit(text, "not an integer")
		}
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return "", c.refuse(badValue, "the number is beyond 64 bits: declare the column as decimal with a precision up to 38, or as text.")
		}
		return strconv.FormatInt(n, 10), nil
	}
}

// decimal checks the declaration of a decimal column.
func (c *caster) decimal() error {
	p := c.col.Precision
	if p == 0 {
		p = defaultPrecision
	}
	if p < 1 || p > maxPrecision || c.col.Scale < 0 || c.col.Scale > p {
		return fmt.Errorf("precision %d and scale %d do not fit: precision is 1 to %d and scale at most the precision", p, c.col.Scale, maxPrecision)
	}
	d := decimalForm{caster: c, precision: p, mark: c.col.DecimalMark, thousands: c.col.Thousands}
	if d.mark == "" {
		d.mark = "."
	}
	for _, m := range []string{d.mark, d.thousands} {
		if strings.ContainsAny(m, "0123456789+-()eE") {
			return fmt.Errorf("%q cannot be a decimal or thousands mark", m)
		}
	}
	if d.mark == d.thousands {
		return fmt.Errorf("the decimal mark and the thousands mark are both %q: declare decimal_mark", d.mark)
	}
	switch c.col.RoundTo {
	case "", "half_up", "half_even", "down":
	default:
		return fmt.Errorf("round: %q is none of half_up, half_even, down", c.col.RoundTo)
	}
	c.sqlType = fmt.Sprintf("DECIMAL(%d,%d)", p, c.col.Scale)
	c.wide = p > maxPrecision-9 // a population has at most 10⁹ items
	c.cast = d.cast
	c.fast = fastDecimal(d)
	if c.col.RoundTo != "" {
		exact := d
		exact.caster = &caster{col: c.col, sqlType: c.sqlType}
		exact.col.RoundTo = ""
		c.rounds = func(text string) bool {
			_, fail := exact.cast(text)
			return fail != nil && fail.code == rounded
		}
	}
	return nil
}

// decimalForm is how a column writes decimals.
type decimalForm struct {
	*caster
	precision       int
	mark, thousands string
}

// plain reports whether numbers are written with a point and nothing else.
func (d decimalForm) plain() bool {
	return d.mark == "." && d.thousands == ""
}

func (d decimalForm) cast(text string) (string, *failure) {
	body, negative, ok := d.sign(text)
	if ok && d.thousands != "" {
		body, ok = ungroup(body, d.mark, d.thousands)
	}
	n, parsed := parseNumber(body, d.mark)
	if !ok || !parsed {
		if strings.ContainsAny(strings.Trim(text, blanks), ",.'$()") {
			return "", d.unfit(text, "not a decimal number in the declared form (decimal_mark, thousands_mark, parentheses_negative, trailing_minus, strip_prefix)")
		}
		return "", d.unfit(text, "not a decimal number")
	}
	n.negative = n.negative != negative
	return d.fit(n)
}

// sign takes off the declared prefix and the declared negative forms. Exactly
// one sign may stand in a text.
func (d decimalForm) sign(text string) (body string, negative, ok bool) {
	signs := 0
	if rest, found := strings.CutSuffix(text, ")"); d.col.Parentheses && found {
		if rest, found = strings.CutPrefix(rest, "("); !found {
			return "", false, false
		}
		text, negative = rest, true
		signs++
	}
	if d.col.TrailingSign && len(text) > 1 && strings.ContainsAny(text[len(text)-1:], "+-") {
		negative = text[len(text)-1] == '-'
		text = text[:len(text)-1]
		signs++
	}
	if d.col.Prefix != "" {
		lead := ""
		if text != "" && strings.ContainsAny(text[:1], "+-") && strings.HasPrefix(text[1:], d.col.Prefix) {
			lead, text = text[:1], text[1:]
		}
		text = lead + strings.TrimPrefix(text, d.col.Prefix)
	}
	if text != "" && strings.ContainsAny(text[:1], "+-") {
		signs++
	}
	return text, negative, signs <= 1
}

// ungroup takes off well-placed thousands marks: groups of three digits before
// the decimal mark, all or none of them marked.
func ungroup(text, mark, thousands string) (string, bool) {
	whole, fraction, hasFraction := strings.Cut(text, mark)
	if strings.Contains(fraction, thousands) {
		return "", false
	}
	sign := whole[:len(whole)-len(strings.TrimLeft(whole, "+-"))]
	groups := strings.Split(whole[len(sign):], thousands)
	for i, g := range groups {
		if len(groups) > 1 && (!digits(g) || i > 0 && len(g) != 3 || i == 0 && len(g) > 3) {
			return "", false
		}
	}
	out := sign + strings.Join(groups, "")
	if hasFraction {
		out += mark + fraction
	}
	return out, true
}

// number is digits × 10^-decimals.
type number struct {
	negative bool
	digits   string
	decimals int
}

// parseNumber reads [sign] digits [mark digits] [e [sign] digits].
func parseNumber(text, mark string) (number, bool) {
	var n number
	if text != "" && (text[0] == '+' || text[0] == '-') {
		n.negative = text[0] == '-'
		text = text[1:]
	}
	exponent := 0
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		e, err := strconv.Atoi(text[i+1:])
		if err != nil || !digits(strings.TrimLeft(text[i+1:], "+-")) || e > maxExponent || e < -maxExponent {
			return n, false
		}
		exponent, text = e, text[:i]
	}
	whole, fraction, _ := strings.Cut(text, mark)
	if whole+fraction == "" || whole != "" && !digits(whole) || fraction != "" && !digits(fraction) {
		return n, false
	}
	n.digits, n.decimals = whole+fraction, len(fraction)-exponent
	return n, true
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// fit writes the number at the column's scale, or refuses what does not fit.
func (d decimalForm) fit(n number) (string, *failure) {
	scale := d.col.Scale
	if n.decimals < scale {
		n.digits += strings.Repeat("0", scale-n.decimals)
		n.decimals = scale
	}
	if cut := n.decimals - scale; cut > 0 {
		if len(n.digits) <= cut {
			n.digits = strings.Repeat("0", cut-len(n.digits)+1) + n.digits
		}
		kept, rest := n.digits[:len(n.digits)-cut], n.digits[len(n.digits)-cut:]
		if strings.Trim(rest, "0") != "" {
			if d.col.RoundTo == "" {
				return "", d.refuse(rounded, "the number has more decimals than scale %d keeps: raise scale, or declare round.", scale)
			}
			kept = roundDigits(kept, rest, d.col.RoundTo)
		}
		n.digits = kept
	}
	n.digits = strings.TrimLeft(n.digits, "0")
	if len(n.digits) > d.precision {
		return "", d.refuse(badValue, "the number is beyond %s: raise precision (at most %d).", d.sqlType, maxPrecision)
	}
	return n.text(scale), nil
}

// roundDigits rounds digits by what was cut off. Halves: half_up goes away from
// zero, half_even to the even digit; down cuts.
func roundDigits(kept, rest, mode string) string {
	half := rest[0] >= '5'
	exactly := rest[0] == '5' && strings.Trim(rest[1:], "0") == ""
	up := half
	switch mode {
	case "down":
		up = false
	case "half_even":
		up = half && (!exactly || (kept[len(kept)-1]-'0')%2 == 1)
	}
	if !up {
		return kept
	}
	b := []byte(kept)
	for i := len(b) - 1; i >= 0; i-- {
		if b[i] != '9' {
			b[i]++
			return string(b)
		}
		b[i] = '0'
	}
	return "1" + string(b)
}

// text writes trimmed digits at a scale; zero has no sign.
func (n number) text(scale int) string {
	sign := ""
	if n.negative && n.digits != "" {
		sign = "-"
	}
	d := n.digits
	if len(d) <= scale {
		d = strings.Repeat("0", scale-len(d)+1) + d
	}
	if scale == 0 {
		return sign + d
	}
	return sign + d[:len(d)-scale] + "." + d[len(d)-scale:]
}
