package duckdb

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/ticktie/ticktie/internal/program"
)

// Casting has one authority, the Go code of the cast files: it says for every
// text which value it is, or why it is refused. The SQL of cast_sql.go is an
// accelerator that accepts only texts in plain form and leaves every other one
// to the Go code.

// failure says why a text is not a value: a code of source.Refused, and one
// sentence with the remedy that never quotes the value.
type failure struct{ code, reason string }

// The codes of source.Refused that casting gives.
const (
	badValue        = "bad_value"
	rounded         = "rounded"
	impossibleLocal = "impossible_local_time"
	doubleLocal     = "double_local_time"
)

// blanks are what trim strips.
const blanks = " \t\r\n\v\f\u00a0"

// caster turns the texts of one column into values.
type caster struct {
	col     program.Column
	sqlType string
	wide    bool // a sum of its values may go beyond the engine's 38 digits
	nulls   []string
	// cast returns the value as the text that the engine casts to sqlType
	// without loss.
	cast func(text string) (canonical string, fail *failure)
	fast fastCast // the accelerator; nil: none
	// rounds tells a text whose value cast rounds, by declaration; nil: none.
	rounds  func(text string) bool
	rounded atomic.Int64 // values rounded, of all records read
}

// newCaster checks the declaration of a column and prepares its casts.
func newCaster(col program.Column, pop *program.Population, loc *time.Location, window zoneWindow) (*caster, error) {
	c := &caster{col: col, nulls: slices.Concat(pop.Nulls, col.Nulls)}
	var err error
	switch col.Type {
	case "text":
		c.sqlType = "VARCHAR"
		c.cast = func(s string) (string, *failure) { return s, nil }
		c.fast = fastText(col.Lower)
	case "integer":
		c.sqlType, c.cast, c.fast = "BIGINT", c.integer(), fastInteger()
	case "decimal":
		err = c.decimal()
	case "boolean":
		err = c.boolean()
	case "date":
		err = c.date()
	case "timestamp":
		err = c.timestamp(pop, loc, window)
	default:
		err = fmt.Errorf("type %q is none of text, integer, decimal, date, timestamp, boolean", col.Type)
	}
	if err == nil && col.RoundTo != "" && col.Type != "decimal" {
		err = fmt.Errorf("round is for decimal columns only")
	}
	if err != nil {
		return nil, fmt.Errorf("column %s of population %s: %w", col.Name, pop.ID, err)
	}
	return c, nil
}

// prepare strips blanks where declared and tells absent texts: the empty text
// and the declared nulls.
func (c *caster) prepare(text string) (string, bool) {
	if c.col.Trim {
		text = strings.Trim(text, blanks)
	}
	if text == "" || slices.Contains(c.nulls, text) {
		return "", false
	}
	return text, true
}

func refuse(code, format string, args ...any) *failure {
	return &failure{code, fmt.Sprintf(format, args...)}
}

func (c *caster) refuse(code, format string, args ...any) *failure {
	return refuse(code, "Column "+c.col.Name+": "+format, args...)
}

// unfit is the failure of a text that is no value of the column's type, with
// the remedy that its surrounding blanks suggest.
func (c *caster) unfit(text, what string) *failure {
	if text != strings.Trim(text, blanks) {
		return c.refuse(badValue, "the text has blanks around it: correct the source, or declare trim.")
	}
	return c.refuse(badValue, "the text is %s: correct the source, or declare the text under nulls if it means absent.", what)
}

// boolean knows exactly the declared texts.
func (c *caster) boolean() error {
	yes, no := c.col.True, c.col.False
	if len(yes) == 0 {
		yes = []string{"true"}
	}
	if len(no) == 0 {
		no = []string{"false"}
	}
	for _, t := range yes {
		if slices.Contains(no, t) {
			return fmt.Errorf("the text %q is declared both true and false", t)
		}
	}
	c.sqlType = "BOOLEAN"
	c.cast = func(text string) (string, *failure) {
		t := text
		if c.col.Lower {
			t = strings.ToLower(text)
		}
		switch {
		case slices.Contains(yes, t):
			return "true", nil
		case slices.Contains(no, t):
			return "false", nil
		}
		return "", c.unfit(text, "none of the texts declared for true and false")
	}
	c.fast = fastBoolean(yes, no)
	return nil
}
