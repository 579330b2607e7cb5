package harborline

import (
	"fmt"
	"time"
)

const (
	contractCount = 240
	early         = 117 // a contract recognised before its service began
)

// revenue writes subscription contracts, as billing and as the sales system
// hold them, and the months in which their revenue was recognised.
func (w *world) revenue() error {
	c := chanceOf("contracts")
	contracts := w.table("billing/contracts.csv", "contract", "customer", "signed_on", "service_start", "service_end", "contract_value", "recognised_before", "deferred_at_year_end")
	deals := w.table("sales/closed-won.csv", "deal", "contract_no", "account", "close_date", "value")
	schedule := w.table("billing/revenue-schedule.csv", "contract", "month", "recognised_on", "amount")
	for n := 1; n <= contractCount; n++ {
		id, customer := fmt.Sprintf("SC-%04d", n), customerID((n-1)%customerCount+1)
		start := c.between(-6, 11) // months after January 2025
		if n == early {
			start = 2
		}
		begins := on(2025, time.Month(start+1), 1)
		monthly := int64(c.between(200, 4000)) * 25
		value := monthly*12 + int64(c.below(12)) // the last month takes the rest
		signed := begins - day(c.between(3, 60))
		var before, inYear int64
		for m := start; m < start+12; m++ {
			at, amount := m, monthly
			if m == start+11 {
				amount = value - monthly*11
			}
			if n == early && m == start {
				at = start - 1
			}
			switch {
			case at < 0:
				before += amount
			case at <= 11:
				inYear += amount
				w.schedule[at+1] += amount
				schedule.text(id).day(monthStart(at + 1)).day(monthEnd(at + 1)).money(amount).end()
			}
		}
		contracts.texts(id, customer).day(signed).day(begins).day(on(2025, time.Month(start+13), 1) - 1).money(value).money(before).money(value - before - inYear).end()
		deals.texts(fmt.Sprintf("D-%05d", 4000+n*3), id, customer).day(signed).money(value).end()
	}
	return closeAll(contracts, deals, schedule)
}
