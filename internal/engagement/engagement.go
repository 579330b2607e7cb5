// Package engagement holds the few words that every stage speaks: dates,
// periods, kinds of report, and who acts. It imports nothing of ours.
package engagement

import (
	"fmt"
	"time"
)

// Date is a civil day, without a zone. The zero Date means "none".
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// ParseDate reads "2006-01-02".
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return Date{}, fmt.Errorf("%q is not a date of the form YYYY-MM-DD", s)
	}
	return DateOf(t), nil
}

// DateOf returns the civil day of t in t's own location.
func DateOf(t time.Time) Date {
	y, m, d := t.Date()
	return Date{y, m, d}
}

// In returns the instant at which the day begins in loc.
func (d Date) In(loc *time.Location) time.Time {
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, loc)
}

// AddDays returns the day n days after d.
func (d Date) AddDays(n int) Date { return DateOf(d.In(time.UTC).AddDate(0, 0, n)) }

// Before reports whether d is earlier than o.
func (d Date) Before(o Date) bool { return d.In(time.UTC).Before(o.In(time.UTC)) }

// IsZero reports whether d is no date at all.
func (d Date) IsZero() bool { return d == Date{} }

// String returns "2006-01-02", or "" for the zero Date.
func (d Date) String() string {
	if d.IsZero() {
		return ""
	}
	return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day)
}

// MarshalText writes "2006-01-02".
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads "2006-01-02"; an empty text is the zero Date.
func (d *Date) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*d = Date{}
		return nil
	}
	v, err := ParseDate(string(b))
	if err != nil {
		return err
	}
	*d = v
	return nil
}

// Period is an examination period: both days belong to it.
type Period struct {
	First Date `json:"first"`
	Last  Date `json:"last"`
}

// Bounds returns the half-open interval of instants that the period covers in loc.
func (p Period) Bounds(loc *time.Location) (from, to time.Time) {
	return p.First.In(loc), p.Last.AddDays(1).In(loc)
}

// Contains reports whether d lies in the period.
func (p Period) Contains(d Date) bool { return !d.Before(p.First) && !p.Last.Before(d) }

// Days returns every day of the period, in order; none if it is reversed.
func (p Period) Days() []Date {
	var days []Date
	for d := p.First; !p.Last.Before(d); d = d.AddDays(1) {
		days = append(days, d)
	}
	return days
}

func (p Period) String() string { return p.First.String() + " to " + p.Last.String() }

// Kind is the kind of report an engagement leads to.
type Kind string

// The kinds of report (domain: reports).
const (
	SOC1      Kind = "soc1"
	SOC2      Kind = "soc2"
	SOC2HIPAA Kind = "soc2_hipaa"
	SOC3      Kind = "soc3"
)

// Role says in which capacity somebody acts. Never a person's name: what is
// sealed cannot be erased.
type Role string

// The roles that act in a workspace.
const (
	Management     Role = "management"
	ServiceAuditor Role = "service_auditor"
	Machine        Role = "machine"
)
