package harborline

import (
	"fmt"
	"time"
)

// openingBalance of the client-funds account on 2025-01-01, in cents.
const openingBalance = 250_000_000

// bankLine is one line of the bank's statement; exactly one of debit and credit
// is not zero.
type bankLine struct {
	kind, reference, text string
	items                 int
	debit, credit         int64
}

// longOpen is the returned payment that nobody cleared for months.
const longOpen = 93

// returnedItems writes returned payments as Harborline follows them up, and as the
// bank gave notice of them.
func (w *world) returnedItems() error {
	c := chanceOf("returns")
	items := w.table("treasury/returned-items.csv", "returned_item", "returned_on", "trace", "run", "employee", "amount", "reason_code", "owner", "resolved_on", "resolution")
	notices := w.table("bank/return-notices.csv", "notice", "returned_on", "trace", "amount", "reason_code")
	for i, r := range w.returns {
		reason, owner := pick(c, []string{"R02", "R03", "R03", "R04"}), staffID(c.between(131, 136))
		resolved := r.on.after(c.between(1, 12))
		if i+1 == longOpen {
			resolved = r.on.after(51)
		}
		how := pick(c, []string{"reissued", "reissued", "paid by cheque", "returned to client"})
		if resolved > lastDay {
			how = ""
		}
		items.text(fmt.Sprintf("RT-%04d", i+1)).day(r.on).number(r.trace).texts(r.run, r.employee).money(r.amount).texts(reason, owner).
			dayIf(resolved <= lastDay, resolved).text(how).end()
		notices.text(fmt.Sprintf("N%06d", 70000+i*7)).day(r.on).number(r.trace).money(r.amount).text(reason).end()
		w.returns[i].resolved, w.returns[i].how = resolved, how
	}
	return closeAll(items, notices)
}

// bank writes the bank's statement, its daily balances, and Harborline's
// reconciliation of every banking day.
func (w *world) bank() error {
	byDay := w.movements()
	statement := w.lines("bank/statement-2025.txt")
	statement.sep = ';'
	statement.texts("Entry No", "Booking Date", "Type", "Reference", "Items", "Debit", "Credit", "Text").end()
	balances := w.table("bank/daily-balances.csv", "day", "opening", "debits", "credits", "closing")
	recons := w.table("treasury/bank-reconciliations.csv", "day", "bank_balance", "book_balance", "open_items", "prepared_by", "prepared_at", "reviewed_by", "reviewed_at")
	c := chanceOf("reconciliations")
	balance, entry := int64(openingBalance), 0
	for d := firstDay; d <= lastDay; d++ {
		if !d.business() {
			continue
		}
		opening, debits, credits := balance, int64(0), int64(0)
		for _, l := range byDay[d] {
			entry++
			debits += l.debit
			credits += l.credit
			writeStatement(statement, entry, d, l)
		}
		balance += credits - debits
		balances.day(d).money(opening).money(debits).money(credits).money(balance).end()
		w.reconcile(recons, c, d, balance)
	}
	return closeAll(statement, balances, recons)
}

// movements are the lines of the statement by day.
func (w *world) movements() map[day][]bankLine {
	byDay := map[day][]bankLine{}
	for _, r := range w.runs {
		byDay[r.pay.after(-1)] = append(byDay[r.pay.after(-1)], bankLine{kind: "FUNDING", reference: r.id, text: "Client funding \x96 " + r.client, items: 1, credit: r.net})
		byDay[r.pay] = append(byDay[r.pay], bankLine{kind: "PAYROLL", reference: r.file, text: "ACH file \x96 " + r.client, items: r.items, debit: r.banked})
	}
	for i, r := range w.returns {
		id := fmt.Sprintf("RT-%04d", i+1)
		byDay[r.on] = append(byDay[r.on], bankLine{kind: "RETURN", reference: id, text: fmt.Sprintf("Returned entry %d", r.trace), items: 1, credit: r.amount})
		if r.resolved <= lastDay {
			byDay[r.resolved] = append(byDay[r.resolved], bankLine{kind: "REISSUE", reference: id, text: r.how, items: 1, debit: r.amount})
		}
	}
	for m := 1; m <= 12; m++ {
		d := monthEnd(m).onOrBefore()
		byDay[d] = append(byDay[d], bankLine{kind: "FEE", reference: fmt.Sprintf("FEE-%02d", m), text: "Account service, fil\xe9 monthly", items: 1, debit: int64(41000 + m*125)})
	}
	return byDay
}

// writeStatement writes a line as this bank does: semicolons, American dates,
// thousands marks, Windows-1252.
func writeStatement(t *table, entry int, d day, l bankLine) {
	t.number(entry).text(d.utc().Format("01/02/2006")).texts(l.kind, l.reference).number(l.items).
		text(thousands(l.debit)).text(thousands(l.credit)).text(l.text).end()
}

// thousands writes cents with thousands marks; nothing for zero.
func thousands(c int64) string {
	if c == 0 {
		return ""
	}
	s := string(appendScaled(nil, c, 2))
	for i := len(s) - 6; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// reconcile writes one day's reconciliation: the books hold what the bank
// holds, less the returned payments that are still to be paid out again.
func (w *world) reconcile(t *table, c *chance, d day, balance int64) {
	open := int64(0)
	for _, r := range w.returns {
		if r.on <= d && r.resolved > d {
			open += r.amount
		}
	}
	next := d.after(1)
	preparer, reviewer := staffID(c.between(131, 133)), staffID(c.between(134, 136))
	prepared := next.at(c.between(8, 10), c.below(60))
	reviewed := next.after(c.below(2)).at(c.between(11, 16), c.below(60))
	if c.permille(40) {
		reviewed = reviewed.Add(2 * time.Hour)
	}
	t.day(d).money(balance).money(balance - open).money(open).text(preparer).instant(prepared).text(reviewer).instant(reviewed).end()
}
