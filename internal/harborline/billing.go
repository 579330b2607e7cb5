package harborline

import (
	"fmt"
	"time"
)

// invoice is one document of the billing system.
type invoice struct {
	number     int
	id, client string
	month      int
	net, tax   int64
}

// sku is something that Harborline meters and bills.
type sku struct {
	id     string
	price  [2]int64 // ten-thousandths of a dollar, before and from raiseDay
	lo, hi int      // metered each day
}

// The price list (program/parameters/prices.yaml) and its versions.
var skus = []sku{
	{"PAYSLIP", [2]int64{4500, 4750}, 5, 60},
	{"API-CALL", [2]int64{125, 125}, 200, 4000},
	{"ARCHIVE-GB", [2]int64{3100, 2900}, 10, 180},
}

const (
	customerCount = 150
	missingNumber = 735 // an invoice number that nobody used
	offListNumber = 1186
	taxPermille   = 80
)

func customerID(n int) string { return fmt.Sprintf("M%03d", n) }

func invoiceID(n int) string { return fmt.Sprintf("INV-2025-%05d", n) }

// usageKey is what is metered: a customer's use of one thing in one month.
type usageKey struct{ customer, sku, month int }

func (w *world) billing() error {
	used, err := w.usage()
	if err != nil {
		return err
	}
	if err := w.invoicing(used); err != nil {
		return err
	}
	return w.prices()
}

// usage writes one JSON line for each customer, thing and day.
func (w *world) usage() (map[usageKey]int, error) {
	c := chanceOf("usage")
	meter := w.lines("billing/usage-2025.jsonl.gz")
	totals := w.table("billing/meter-totals.csv", "day", "sku", "readings", "quantity")
	used := map[usageKey]int{}
	for d := firstDay; d <= lastDay; d++ {
		var readings, quantities [3]int
		for customer := 1; customer <= customerCount; customer++ {
			for s := range skus {
				if s == customer%3 {
					continue // each customer uses two of the three
				}
				q := c.between(skus[s].lo, skus[s].hi)
				used[usageKey{customer, s, int(d.month())}] += q
				readings[s]++
				quantities[s] += q
				meter.row = fmt.Appendf(meter.row, `{"meter":{"customer":"%s","sku":"%s"},"day":"%s","quantity":%d}`,
					customerID(customer), skus[s].id, d.utc().Format(time.DateOnly), q)
				meter.end()
			}
		}
		for s := range skus {
			totals.day(d).text(skus[s].id).number(readings[s]).number(quantities[s]).end()
		}
	}
	return used, closeAll(meter, totals)
}

// invoicing bills each customer on the last day of the month for its use.
func (w *world) invoicing(used map[usageKey]int) error {
	c := chanceOf("invoices")
	invoices := w.table("billing/invoices.csv", "invoice", "number", "customer", "issued_on", "service_from", "service_to", "net", "tax", "total", "status")
	lines := w.table("billing/invoice-lines.csv", "invoice", "line", "customer", "sku", "service_month", "quantity", "unit_price", "amount")
	acks := w.table("billing/network-acknowledgements.csv", "document", "kind", "amount", "delivered_on")
	number := 0
	for month := 1; month <= 12; month++ {
		for customer := 1; customer <= customerCount; customer++ {
			number++
			if number == missingNumber {
				number++
			}
			if c.permille(3) { // drafted twice, one of them void
				invoices.text(invoiceID(number)).number(number).text(customerID(customer)).day(monthEnd(month)).day(monthStart(month)).day(monthEnd(month)).
					money(0).money(0).money(0).text("void").end()
				number++
			}
			i := invoice{number: number, id: invoiceID(number), client: customerID(customer), month: month}
			w.invoiceLines(lines, &i, customer, used)
			i.tax = divide(i.net*taxPermille, 1000)
			invoices.text(i.id).number(number).text(i.client).day(monthEnd(month)).day(monthStart(month)).day(monthEnd(month)).
				money(i.net).money(i.tax).money(i.net + i.tax).text("issued").end()
			acks.texts(i.id, "invoice").money(i.net + i.tax).day(monthEnd(month)).end()
			w.invoices = append(w.invoices, i)
		}
	}
	credits := w.creditNotes(acks)
	return closeAll(invoices, lines, acks, credits)
}

func (w *world) invoiceLines(t *table, i *invoice, customer int, used map[usageKey]int) {
	line := 0
	for s := range skus {
		if s == customer%3 {
			continue
		}
		line++
		price := skus[s].price[0]
		if monthStart(i.month) >= raiseDay {
			price = skus[s].price[1]
		}
		if i.number == offListNumber && line == 2 {
			price = skus[s].price[0] + 150 // keyed by hand
		}
		q := int64(used[usageKey{customer, s, i.month}])
		amount := divide(q*price, 100)
		i.net += amount
		t.text(i.id).number(line).texts(i.client, skus[s].id).day(monthStart(i.month)).number(int(q)).scaled(price, 4).money(amount).end()
	}
}

// creditNotes are approved by rank: team leads to 500 dollars, the head of
// billing to 5,000.
func (w *world) creditNotes(acks *table) *table {
	c := chanceOf("credits")
	t := w.table("billing/credit-notes.csv", "credit_note", "invoice", "issued_on", "amount", "reason", "requested_by", "approved_by", "approver_rank", "approved_at")
	number := 0
	for n := 20; n < len(w.invoices); n += c.between(20, 45) {
		i := &w.invoices[n]
		issued := (monthEnd(i.month) + day(c.between(2, 40))).after(1)
		if issued > lastDay {
			continue
		}
		number++
		amount := divide(i.net*int64(c.between(20, 300)), 1000)
		rank, approver := "team lead", staffID(c.between(155, 158))
		if amount > 50_000 {
			rank, approver = "head of billing", staffID(159)
		}
		id := fmt.Sprintf("CN-2025-%04d", number)
		t.texts(id, i.id).day(issued).money(amount).text(pick(c, []string{"service level", "quantity disputed", "goodwill"})).
			text(staffID(c.between(151, 154))).texts(approver, rank).instant((issued - 1).at(c.between(9, 17), c.below(60))).end()
		acks.texts(id, "credit note").money(amount).day(issued).end()
	}
	return t
}

// prices writes the versions of the price list in the billing system, and the
// list as customers got it.
func (w *world) prices() error {
	versions := w.table("billing/price-versions.csv", "sku", "effective_from", "unit_price", "entered_by", "entered_at", "approved_by", "approved_at")
	published := w.table("billing/published-prices.csv", "sku", "effective_from", "unit_price", "published_on")
	for s := range skus {
		for n, from := range []day{firstDay, raiseDay} {
			if n == 1 && skus[s].price[1] == skus[s].price[0] {
				continue
			}
			entered := (from - 20).after(1)
			versions.text(skus[s].id).day(from).scaled(skus[s].price[n], 4).text(staffID(151 + s)).instant(entered.at(10, 5*s)).
				text(staffID(159)).instant(entered.after(2).at(15, 7*s)).end()
			published.text(skus[s].id).day(from).scaled(skus[s].price[n], 4).day((from - 30).after(1)).end()
		}
	}
	return closeAll(versions, published)
}
