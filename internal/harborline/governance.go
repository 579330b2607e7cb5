package harborline

import (
	"fmt"
	"time"
)

// The access review that nobody made.
const (
	unreviewedSystem  = "billing"
	unreviewedQuarter = 3
)

// governance writes the records of reviews, acknowledgements, subservice
// organizations and tax tables.
func (w *world) governance() error {
	for _, write := range []func() error{w.reviews, w.acknowledgements, w.vendors, w.taxTables} {
		if err := write(); err != nil {
			return err
		}
	}
	return nil
}

// reviews writes the quarterly access reviews and the tickets that ask for them.
func (w *world) reviews() error {
	c := chanceOf("reviews")
	list := w.table("access/reviews.csv", "review", "system", "quarter_start", "reviewer", "completed_on", "accounts_listed", "accounts_decided", "removals", "removed_on")
	tickets := w.table("access/review-tickets.csv", "ticket", "system", "quarter_start", "opened_on", "state")
	n := 0
	for quarter := 1; quarter <= 4; quarter++ {
		start, end := monthStart(quarter*3-2), monthEnd(quarter*3)
		for s, system := range systems {
			n++
			state := "closed"
			if system == unreviewedSystem && quarter == unreviewedQuarter {
				state = "withdrawn"
			}
			tickets.text(fmt.Sprintf("TK-%05d", 61000+n*17)).text(system).day(start).day((start + 60).after(1)).text(state).end()
			if state == "withdrawn" {
				continue
			}
			done, listed, removals := (end - day(c.between(6, 20))).after(1), 20+s*37+c.below(9), c.below(4)
			list.text(fmt.Sprintf("AR-%02d", n)).text(system).day(start).text(staffID([]int{160, 301, 302, 162, 128}[s])).day(done).
				number(listed).number(listed).number(removals).dayIf(removals > 0, done.after(c.between(1, 3))).end()
		}
	}
	return closeAll(list, tickets)
}

// acknowledgements of the code of conduct, and screenings, of those hired.
func (w *world) acknowledgements() error {
	c := chanceOf("acknowledgements")
	signed := w.table("people/acknowledgements.csv", "person", "document", "version", "signed_on")
	screened := w.table("people/screenings.csv", "person", "completed_on", "outcome")
	for _, e := range w.personnel {
		if e.kind != "hire" {
			continue
		}
		signed.texts(e.person, "code of conduct", "2025.1").day(min(e.at+day(c.between(0, 21)), lastDay)).end()
		screened.text(e.person).day(e.at - day(c.between(4, 25))).text("clear").end()
	}
	return closeAll(signed, screened)
}

// vendors writes the subservice organizations and the reviews of their reports.
func (w *world) vendors() error {
	register := w.table("vendors/contracts.csv", "vendor", "service", "subservice", "contract_from")
	reviews := w.table("vendors/report-reviews.csv", "vendor", "report", "covers_from", "covers_to", "received_on", "reviewed_by", "reviewed_on", "gaps_followed_up")
	for i, v := range []struct {
		name, service string
		subservice    bool
	}{
		{"Cumulo Cloud", "infrastructure", true}, {"Meridian Bank Services", "payment gateway", true}, {"Signet Tax Engine", "income tax withholding", true}, {"Deskwright", "office supplies", false},
	} {
		register.texts(v.name, v.service).truth(v.subservice).day(on(2021, time.March, 1) + day(i*97)).end()
		if v.subservice {
			reviews.texts(v.name, "SOC 1 Type 2").day(on(2024, time.October, 1)).day(on(2025, time.September, 30)).day(on(2025, time.November, 10) + day(i*2)).
				text(staffID(301)).day(on(2025, time.November, 24) + day(i*2)).truth(true).end()
		}
	}
	return closeAll(register, reviews)
}

// taxTables writes each load of a rate, and the bulletins that announced them.
func (w *world) taxTables() error {
	loads := w.table("payroll/tax-table-loads.csv", "jurisdiction", "effective_from", "rate_percent", "entered_by", "entered_at", "approved_by", "approved_at", "loaded_at")
	bulletins := w.table("payroll/tax-bulletins.csv", "bulletin", "jurisdiction", "effective_from", "rate_percent", "published_on")
	for i, state := range []string{"CT", "MA", "NJ", "NY", "PA", "RI"} {
		for n, from := range []day{firstDay, raiseDay} {
			rate := stateRates[state][n]
			if n == 1 && rate == stateRates[state][0] {
				continue
			}
			entered := (from - 25).after(1 + i%3)
			loads.text(state).day(from).scaled(rate, 2).text(staffID(112 + i)).instant(entered.at(10, i*7)).text(staffID(121 + i)).instant(entered.after(1).at(14, i*5)).instant(entered.after(2).at(20, 0)).end()
			bulletins.text(fmt.Sprintf("%s-2025/%d", state, n+1)).text(state).day(from).scaled(rate, 2).day(from - 40).end()
		}
	}
	return closeAll(loads, bulletins)
}
