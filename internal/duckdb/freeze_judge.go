package duckdb

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ticktie/ticktie/internal/engagement"
	"github.com/ticktie/ticktie/internal/source"
)

// recordJudge decides about single records: it says why a record is no item.
type recordJudge struct {
	columns []*caster
	field   []int // index of each column's field in the feed; -1: none
	key     []string
	event   int // index of the event time's column; -1: a state
	loc     *time.Location
	period  engagement.Period
	leave   bool // leave out what lies outside the period

	leftOut atomic.Int64
	mu      sync.Mutex
	refused []source.Refused
	err     error // the engine and the Go code disagree
}

// record judges one record that the engine did not accept. Fields are the raw
// texts, nil where absent.
func (j *recordJudge) record(number int64, fields []*string) {
	outside, leave := j.outside(fields)
	if leave {
		j.leftOut.Add(1)
		return
	}
	r, found := j.firstFailure(fields)
	if !found && outside != nil {
		r, found = *outside, true
	}
	r.Record = number
	j.mu.Lock()
	defer j.mu.Unlock()
	if !found {
		j.err = fmt.Errorf("record %d: the engine refuses a value that the checker accepts; this is a fault of this program, please report it with the record", number)
		return
	}
	j.refused = append(j.refused, r)
}

func (j *recordJudge) text(column int, fields []*string) (raw string, text string, present bool) {
	f := j.field[column]
	if f < 0 || fields[f] == nil {
		return "", "", false
	}
	text, present = j.columns[column].prepare(*fields[f])
	return *fields[f], text, present
}

// outside tells a record whose event lies outside the period.
func (j *recordJudge) outside(fields []*string) (refused *source.Refused, leave bool) {
	if j.event < 0 {
		return nil, false
	}
	c := j.columns[j.event]
	raw, text, present := j.text(j.event, fields)
	if !present {
		return nil, false
	}
	canonical, fail := c.cast(text)
	if fail != nil {
		return nil, false
	}
	day, err := localDay(canonical, j.loc)
	if err != nil || j.period.Contains(day) {
		return nil, false
	}
	if j.leave {
		return nil, true
	}
	return &source.Refused{
		Column: c.col.Name, Value: raw, Code: "outside_period",
		Reason: fmt.Sprintf("Column %s: the event lies outside the period %s: correct the extraction, or declare outside_period: leave_out.", c.col.Name, j.period),
	}, false
}

// localDay is the local day of a canonical date or timestamp.
func localDay(canonical string, loc *time.Location) (engagement.Date, error) {
	if len(canonical) == len(time.DateOnly) {
		return engagement.ParseDate(canonical)
	}
	t, err := time.Parse("2006-01-02 15:04:05.000000", canonical)
	return engagement.DateOf(t.In(loc)), err
}

// firstFailure is the first column, in declared order, that keeps the record
// from being an item.
func (j *recordJudge) firstFailure(fields []*string) (source.Refused, bool) {
	for i, c := range j.columns {
		raw, text, present := j.text(i, fields)
		fail := j.absent(i)
		if present {
			_, fail = c.cast(text)
		}
		if fail != nil {
			return source.Refused{Column: c.col.Name, Value: raw, Code: fail.code, Reason: fail.reason}, true
		}
	}
	return source.Refused{}, false
}

// absent is the failure of a column without a value, if it needs one.
func (j *recordJudge) absent(column int) *failure {
	c := j.columns[column]
	switch {
	case slices.Contains(j.key, c.col.Name):
		return c.refuse("absent_key", "a part of the key is absent, so the item has no name: correct the source, or choose another key.")
	case column == j.event:
		return c.refuse("absent_time", "the event time is absent, so the item belongs to no day: correct the source, or choose another event_time.")
	case c.col.Required:
		return c.refuse("absent_required", "a required value is absent: correct the source, or do not declare the column required.")
	}
	return nil
}
