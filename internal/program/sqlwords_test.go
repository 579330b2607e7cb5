package program

import "testing"

// Which columns a condition reads, and whether it says what their absence means.
func TestColumnsOfConditions(t *testing.T) {
	for _, c := range []struct {
		sql             string
		reads, answered bool
	}{
		{"x > 0", true, false},
		{"X > 0", true, false},
		{`"x" > 0`, true, false},
		{"t.x > 0", true, false},
		{"xx > 0 AND a_x > 0", false, false},
		{"y = 'x'", false, false},
		{"y = 'it''s x'", false, false},
		{"y > 0 -- x", false, false},
		{"y > /* x */ 0", false, false},
		{"x(y) > 0", false, false},
		{"x IS NULL OR x > 0", true, true},
		{"x is  not\nnull AND x > 0", true, true},
		{"x = 'IS NULL'", true, false},
		{"coalesce(x, 0) > 0", true, true},
		{"coalesce(lower(x), '') <> y", true, true},
		{"coalesce(y, 0) > x", true, false},
		{"ifnull(x, 0) > 0", true, true},
		{"x IS DISTINCT FROM y", true, true},
		{"y IS NOT DISTINCT FROM x", true, true},
		{"y IS NULL AND x > 0", true, false},
		{"y = 'open", false, false},
	} {
		words := sqlWords(c.sql)
		if got := mentions(words, "x"); got != c.reads {
			t.Errorf("%s: reads x: %v, want %v", c.sql, got, c.reads)
		}
		if got := asksAbsence(words, "x"); got != c.answered {
			t.Errorf("%s: says what an absent x means: %v, want %v", c.sql, got, c.answered)
		}
	}
}

func TestNearest(t *testing.T) {
	known := []string{"monday", "sunday", "boolean", "text", "CC1.2", "CC8.1", "statement"}
	for word, want := range map[string]string{"sonday": "sunday", "bool": "boolean", "CC8.2": "CC8.1", "statment": "statement", "stetament": "statement", "qqqqqq": "", "": ""} {
		if got := nearest(word, known); got != want {
			t.Errorf("%q: did you mean %q, want %q", word, got, want)
		}
	}
}
