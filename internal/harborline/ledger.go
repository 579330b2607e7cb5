package harborline

import (
	"fmt"
	"time"
)

// Accounts of the ledger.
const (
	accountFunds    = "1010 Client funds, bank"
	accountSuspense = "1990 Suspense"
	accountWithheld = "2110 Taxes withheld"
	accountPretax   = "2120 Retirement contributions"
	accountPosttax  = "2130 Other deductions"
	accountWages    = "6100 Client wages"
	accountAccrued  = "2400 Accrued expenses"
	accountExpense  = "6500 Purchased services"
	accountDeferred = "2300 Deferred subscription revenue"
	accountRevenue  = "4100 Subscription revenue"
	accountUsage    = "4200 Usage revenue"
	accountSalesTax = "2500 Sales tax payable"
	accountDebtors  = "1200 Trade receivables"
	accountReclass  = "6510 Software"
)

// The manual journals with faults, by number.
const (
	unbalanced  = 93
	lateNumber  = 141 // posted after close without the controller's approval
	notReversed = 58
)

// journal is one entry of the ledger.
type journal struct {
	id, source, kind   string
	period             int // month
	posted             time.Time
	reference          string
	reverses           string
	prepared, approved string
	approvedAt         time.Time
	late               string // who approved a posting after close
	lines              []posting
}

type posting struct {
	account       string
	debit, credit int64
}

// ledger writes every journal of the year.
func (w *world) ledger() error {
	t := w.table("ledger/journal-lines.csv", "journal", "line", "period", "posted_at", "account", "debit", "credit", "source", "kind", "reference", "reverses",
		"prepared_by", "approved_by", "approved_at", "late_posting_approved_by")
	all := w.payrollJournals()
	all = append(all, w.revenueJournals()...)
	all = append(all, w.manualJournals()...)
	sortBy(all, func(j journal) string { return j.posted.Format(time.RFC3339) + j.id })
	for i := range all {
		j := &all[i]
		for n, l := range j.lines {
			t.text(j.id).number(n+1).day(monthStart(j.period)).instant(j.posted).text(l.account).money(l.debit).money(l.credit).
				texts(j.source, j.kind, j.reference, j.reverses, j.prepared, j.approved).
				instantIf(j.approved != "", j.approvedAt).text(j.late).end()
		}
	}
	return t.close()
}

// payrollJournals: one for each run. What the bank file pays beyond the
// register goes to suspense, so that every entry balances.
func (w *world) payrollJournals() []journal {
	var all []journal
	for i := range w.runs {
		r := &w.runs[i]
		j := journal{
			id: "P-" + r.id[len("PR-"):], source: "payroll", kind: "standard", period: int(r.pay.month()), posted: r.pay.at(20, r.number%60), reference: r.id,
			lines: []posting{{accountWages, r.gross, 0}, {accountWithheld, 0, r.withheld}, {accountPretax, 0, r.pretax}, {accountPosttax, 0, r.posttax}, {accountFunds, 0, r.banked}},
		}
		if beyond := r.banked - (r.gross - r.withheld - r.pretax - r.posttax); beyond != 0 {
			j.lines = append(j.lines, posting{accountSuspense, beyond, 0})
		}
		all = append(all, j)
	}
	return all
}

// revenueJournals: subscription revenue and invoices of each month.
func (w *world) revenueJournals() []journal {
	var all []journal
	for m := 1; m <= 12; m++ {
		var net, tax int64
		for _, i := range w.invoices {
			if i.month == m {
				net += i.net
				tax += i.tax
			}
		}
		posted := monthEnd(m).at(21, 15)
		all = append(all,
			journal{
				id: fmt.Sprintf("R-2025-%02d", m), source: "revenue", kind: "standard", period: m, posted: posted, reference: fmt.Sprintf("2025-%02d", m),
				lines: []posting{{accountDeferred, w.schedule[m], 0}, {accountRevenue, 0, w.schedule[m]}},
			},
			journal{
				id: fmt.Sprintf("B-2025-%02d", m), source: "billing", kind: "standard", period: m, posted: posted, reference: fmt.Sprintf("2025-%02d", m),
				lines: []posting{{accountDebtors, net + tax, 0}, {accountUsage, 0, net}, {accountSalesTax, 0, tax}},
			})
	}
	return all
}

// manualJournals: accruals, their reversals on the first working day of the
// next month, and reclassifications, some of them after the books were closed.
func (w *world) manualJournals() []journal {
	c := chanceOf("journals")
	var all []journal
	number := 0
	add := func(j journal) string {
		number++
		j.id, j.source = fmt.Sprintf("M-%04d", number), "manual"
		j.prepared = staffID(c.between(163, 168))
		j.approved, j.approvedAt = staffID(c.between(161, 162)), j.posted.Add(-time.Duration(c.between(20, 2000))*time.Minute)
		switch number {
		case unbalanced:
			j.lines[1].credit -= 1000
		case lateNumber:
			j.posted, j.approvedAt = (monthEnd(j.period)+12).after(1).at(16, 20), (monthEnd(j.period)+12).after(1).at(15, 40)
		}
		all = append(all, j)
		return j.id
	}
	var open []journal
	for m := 1; m <= 12; m++ {
		first := (monthStart(m) - 1).after(1)
		for _, a := range open {
			add(journal{
				kind: "reversal", period: m, posted: first.at(10, c.below(60)), reverses: a.id,
				lines: []posting{{accountAccrued, a.lines[0].debit, 0}, {accountExpense, 0, a.lines[0].debit}},
			})
		}
		open = w.month(c, m, add)
	}
	return all
}

// month makes a month's own manual journals and returns its accruals that are
// to be reversed.
func (w *world) month(c *chance, m int, add func(journal) string) []journal {
	var open []journal
	for range 9 {
		amount := int64(c.between(10_000, 900_000))
		add(journal{
			kind: "reclassification", period: m, posted: (monthStart(m) + day(c.between(3, 24))).onOrBefore().after(1).at(c.between(9, 17), c.below(60)),
			lines: []posting{{accountReclass, amount, 0}, {accountExpense, 0, amount}},
		})
	}
	for range 6 {
		amount := int64(c.between(50_000, 2_500_000))
		j := journal{
			kind: "accrual", period: m, posted: monthEnd(m).onOrBefore().at(c.between(9, 17), c.below(60)),
			lines: []posting{{accountExpense, amount, 0}, {accountAccrued, 0, amount}},
		}
		j.id = add(j)
		if j.id != fmt.Sprintf("M-%04d", notReversed) {
			open = append(open, j)
		}
	}
	if late := (monthEnd(m) + 9).after(1); late <= lastDay {
		amount := int64(c.between(10_000, 300_000))
		add(journal{
			kind: "reclassification", period: m, posted: late.at(11, c.below(60)), late: staffID(161),
			lines: []posting{{accountReclass, amount, 0}, {accountExpense, 0, amount}},
		})
	}
	return open
}
