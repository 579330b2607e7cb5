package harborline

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"
)

// The size of Harborline, apart from the number of its clients' employees.
const (
	clientCount   = 60
	payDates      = 26
	alwaysThere   = 4 // the first employees of each client stay all year
	firstPayDay   = day(2)
	daysPerPeriod = 14
)

// world is everything that several files of records tell about.
type world struct {
	ctx       context.Context //nolint:containedctx // lives for one call
	dir       string
	employees [][]employee // by client
	runs      []run
	returns   []returned
	changes   []bankChange
	staff     []person
	grants    map[grantKey]grant
	events    []accountEvent
	personnel []staffEvent
	invoices  []invoice
	schedule  [13]int64 // revenue recognised, by month
}

// employee is somebody whom a client pays through Harborline.
type employee struct {
	id      string
	state   string
	grade   int
	rate    int64 // cents an hour
	raised  int64 // from ratesDay on; 0: no raise
	pretax  int   // percent of gross
	federal int   // percent, as the tax engine says
	posttax int64
	part    bool
	hired   day
	left    day // 0: still there
	name    string
	account string
	changed *bankChange
}

// bankChange is a change of an employee's bank account.
type bankChange struct {
	employee    string
	account     string // the new one
	requested   time.Time
	calledBack  time.Time
	changed     time.Time
	effective   day // pays on this day or later go to the new account
	caller      string
	changer     string
	notCalled   bool
	channelName string
}

// run is one payroll run of one client.
type run struct {
	id, client, file   string
	number             int
	pay                day
	first, last        day // of the pay period
	employees          int
	hours              int64
	gross, net, banked int64
	withheld           int64 // all taxes
	pretax, posttax    int64
	items              int // of the bank file
}

// returned is a payment that came back.
type returned struct {
	trace    int
	run      string
	employee string
	amount   int64
	on       day
	resolved day
	how      string
}

// raiseDay is when new prices and new tax rates come into force, ratesDay when
// raises and new hourly limits do: the first day of the first pay period that
// is paid after it.
var (
	raiseDay = on(2025, time.July, 1)
	ratesDay = on(2025, time.June, 29)
)

// Hourly limits by grade in cents, before and from ratesDay
// (program/parameters/rate_limits.yaml).
var (
	rateFloor = [6]int64{1650, 1900, 2400, 3000, 3800, 4800}
	rateLimit = [2][6]int64{{2400, 3000, 3800, 4700, 5800, 7200}, {2475, 3090, 3915, 4840, 5975, 7415}}
)

// stateRates are in hundredths of a percent, before and from raiseDay
// (program/parameters/state_tax.yaml).
var stateRates = map[string][2]int64{
	"CT": {500, 500}, "MA": {500, 500}, "NJ": {553, 575}, "NY": {585, 585}, "PA": {307, 307}, "RI": {475, 475},
}

var states = []string{"NY", "NY", "NY", "NJ", "NJ", "CT", "MA", "PA", "RI"}

func clientID(c int) string { return fmt.Sprintf("C%02d", c) }

func employeeID(c, n int) string { return fmt.Sprintf("E%02d-%04d", c, n) }

func runNumber(k, c int) int { return k*clientCount + c }

func runID(n int) string { return fmt.Sprintf("PR-2025-%05d", n) }

// payDay is the k-th pay day: every second Friday, or the banking day before.
func payDay(k int) day { return (firstPayDay + day(k*daysPerPeriod)).onOrBefore() }

// payPeriod is the fortnight that the k-th pay day pays for.
func payPeriod(k int) (first, last day) {
	friday := firstPayDay + day(k*daysPerPeriod)
	return friday - 19, friday - 6
}

func staffID(n int) string { return fmt.Sprintf("S%03d", n) }

// sortBy sorts by a text that is different for each element.
func sortBy[T any](all []T, key func(T) string) {
	slices.SortFunc(all, func(a, b T) int { return cmp.Compare(key(a), key(b)) })
}
