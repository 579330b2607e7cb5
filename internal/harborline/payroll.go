package harborline

import (
	"errors"
	"fmt"
	"time"
)

// line is one employee's pay in one run, in cents and hundredths of an hour.
type line struct {
	hours, overtime       int64
	rate, gross           int64
	pretax, federal       int64
	state, social, health int64
	posttax, net          int64
}

// payrollFiles are open while the runs are written.
type payrollFiles struct {
	w        *world
	lines    *table // of one pay date
	entries  *table
	runs     *table
	controls *table
	work     *chance // hours
	people   *chance // who did what
	trace    int
}

// payroll writes each run: its lines, its bank file, its approvals, and what
// the client had announced.
func (w *world) payroll() error {
	if err := w.clientFiles(); err != nil {
		return err
	}
	p := &payrollFiles{
		w: w, work: chanceOf("hours"), people: chanceOf("runs"), runs: w.table("payroll/runs.csv", "run", "client", "pay_date", "period_start", "period_end", "employees", "gross", "net", "prepared_by", "prepared_at", "approved_by", "approved_at", "released_by", "released_at"),
		controls: w.table("clients/control-totals.csv", "run", "client", "pay_date", "headcount", "hours", "received_at", "channel"),
	}
	for k := range payDates {
		err := p.payDate(k)
		if err = errors.Join(err, w.ctx.Err()); err != nil {
			return errors.Join(err, closeAll(p.runs, p.controls))
		}
	}
	return closeAll(p.runs, p.controls)
}

func (p *payrollFiles) payDate(k int) error {
	name := payDay(k).utc().Format(time.DateOnly)
	p.lines = p.w.table("payroll/lines-"+name+".csv.gz", "run", "employee", "client", "pay_date", "work_state", "hours", "overtime_hours", "hourly_rate",
		"gross", "pretax", "federal_tax", "state_tax", "social_security", "medicare", "posttax", "net")
	p.entries = p.w.table("bank/payroll-entries-"+name+".csv.gz", "trace", "bank_file", "run", "employee", "payee", "account", "amount", "value_date")
	for client := 1; client <= clientCount; client++ {
		p.run(k, client)
	}
	return closeAll(p.lines, p.entries)
}

func (p *payrollFiles) run(k, client int) {
	n := runNumber(k, client)
	r := run{id: runID(n), number: n, client: clientID(client), file: fmt.Sprintf("HB%05d", n), pay: payDay(k)}
	r.first, r.last = payPeriod(k)
	all := p.w.employees[client]
	for i := range all {
		e := &all[i]
		leaverPaid := r.id == leaverRun && e.id == leaver
		if e.hired > r.last || e.left > 0 && e.left < r.first && !leaverPaid {
			continue
		}
		l := p.line(e, &r)
		r.add(l)
		p.write(e, &r, l)
		if r.id == duplicateRun && e.id == duplicatePayee {
			p.entry(e, &r, l.net)
		}
		if i < alwaysThere && p.people.permille(30) && r.id != duplicateRun {
			p.w.returns = append(p.w.returns, returned{trace: p.trace, run: r.id, employee: e.id, amount: l.net, on: r.pay.after(2)})
		}
	}
	p.totals(&r)
	p.w.runs = append(p.w.runs, r)
}

// line calculates one employee's pay as the system does: each product is
// rounded half up to the cent where it arises.
func (p *payrollFiles) line(e *employee, r *run) line {
	l := line{hours: 8000, rate: e.rate, posttax: e.posttax}
	if e.part {
		l.hours = int64(p.work.between(160, 300)) * 25
	}
	if e.grade < 4 && p.work.permille(120) {
		l.overtime = int64(p.work.between(1, 24)) * 25
	}
	late := 0
	if r.pay >= raiseDay {
		late = 1
	}
	if e.raised > 0 && r.last >= ratesDay {
		l.rate = e.raised
	}
	l.gross = divide(l.hours*l.rate, 100) + divide(l.overtime*l.rate*15, 1000)
	l.pretax = divide(l.gross*int64(e.pretax), 100)
	l.federal = divide((l.gross-l.pretax)*int64(e.federal), 100)
	l.state = divide((l.gross-l.pretax)*stateRates[e.state][late], 10_000)
	l.social = divide(l.gross*62, 1000)
	l.health = divide(l.gross*145, 10_000)
	l.net = l.gross - l.pretax - l.federal - l.state - l.social - l.health - l.posttax
	if r.id == wrongNetRun && e.id == wrongNet {
		l.net += 9000
	}
	return l
}

func (r *run) add(l line) {
	r.employees++
	r.hours += l.hours + l.overtime
	r.gross += l.gross
	r.net += l.net
	r.withheld += l.federal + l.state + l.social + l.health
	r.pretax += l.pretax
	r.posttax += l.posttax
}

func (p *payrollFiles) write(e *employee, r *run, l line) {
	p.lines.texts(r.id, e.id, r.client).day(r.pay).text(e.state).money(l.hours).money(l.overtime).money(l.rate).money(l.gross).
		money(l.pretax).money(l.federal).money(l.state).money(l.social).money(l.health).money(l.posttax).money(l.net).end()
	p.entry(e, r, l.net)
}

// entry writes one payment of the bank file.
func (p *payrollFiles) entry(e *employee, r *run, amount int64) {
	r.items++
	p.trace = r.number*10_000 + r.items // of the file, then of the entry in it
	account := e.account
	if e.changed != nil && r.pay >= e.changed.effective {
		account = e.changed.account
	}
	p.entries.number(p.trace).texts(r.file, r.id, e.id, e.name, account).money(amount).day(r.pay).end()
	r.banked += amount
}

// totals writes what the client announced and who approved and released.
func (p *payrollFiles) totals(r *run) {
	c := p.people
	received, prepared, approved, released := r.pay.after(-4), r.pay.after(-3), r.pay.after(-2), r.pay.after(-1)
	p.controls.texts(r.id, r.client).day(r.pay).number(r.employees).money(r.hours).
		instant(received.at(c.between(8, 17), c.below(60))).text(pick(c, []string{"sftp", "sftp", "api", "portal"})).end()
	preparer, approver, releaser := staffID(c.between(101, 120)), staffID(c.between(121, 128)), staffID(c.between(131, 136))
	preparedAt, approvedAt, releasedAt := prepared.at(c.between(9, 16), c.below(60)), approved.at(c.between(9, 16), c.below(60)), released.at(c.between(9, 14), c.below(60))
	switch r.id {
	case selfApprovedRun:
		approver = preparer
	case earlyRun:
		approvedAt = releasedAt.Add(47 * time.Minute)
	}
	p.runs.texts(r.id, r.client).day(r.pay).day(r.first).day(r.last).number(r.employees).money(r.gross).money(r.net).
		text(preparer).instant(preparedAt).text(approver).instant(approvedAt).text(releaser).instant(releasedAt).end()
}
