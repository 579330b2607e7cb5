package harborline

import (
	"fmt"
	"time"
)

var (
	givenNames  = []string{"Ada", "Ben", "Carmen", "Dmitri", "Elena", "Farid", "Grace", "Hugo", "Imani", "Jun", "Kofi", "Lucia", "Mateo", "Nadia", "Omar", "Priya", "Quinn", "Rosa", "Samir", "Tess", "Uma", "Viktor", "Wen", "Ximena", "Yusuf", "Zoe"}
	familyNames = []string{"Abbott", "Baker", "Castillo", "Dubois", "Eriksen", "Fischer", "Garcia", "Haddad", "Ito", "Jensen", "Kowalski", "Lopez", "Müller", "Nguyen", "O'Neil", "Patel", "Quispe", "Rossi", "Santos", "Tanaka", "Usman", "Vega", "Walsh", "Xu", "Young", "Zimmer"}
)

// clients makes each client's employees, so many that the year has about the
// given number of payroll lines.
func (w *world) clients(lines int) {
	// Of a hundred employees about ninety are paid on a given pay day.
	each := max(alwaysThere, lines*100/(payDates*clientCount*90))
	c := chanceOf("clients")
	w.employees = make([][]employee, clientCount+1)
	for client := 1; client <= clientCount; client++ {
		all := make([]employee, each)
		for n := range all {
			all[n] = newEmployee(c, client, n+1)
		}
		w.employees[client] = all
	}
	w.seedEmployees()
	w.bankChanges()
}

func newEmployee(c *chance, client, n int) employee {
	e := employee{
		id: employeeID(client, n), state: pick(c, states), grade: c.below(6), pretax: pick(c, []int{0, 0, 3, 4, 5, 6, 8}),
		federal: c.between(5, 22), part: c.permille(250), hired: on(c.between(2014, 2024), time.Month(c.between(1, 12)), c.between(1, 28)),
		name: pick(c, givenNames) + " " + pick(c, familyNames), account: fmt.Sprintf("%09d-%08d", 21000000+c.below(900000), c.below(100000000)),
	}
	e.rate = int64(c.between(int(rateFloor[e.grade])/5, int(rateLimit[0][e.grade])/5)) * 5
	if c.permille(350) {
		e.raised = min(e.rate+divide(e.rate*int64(c.between(20, 45)), 1000), rateLimit[1][e.grade])
	}
	if c.permille(600) {
		e.posttax = int64(c.between(250, 8500))
	}
	hired, left, moves := c.between(0, 340), c.between(20, 364), c.below(1000)
	if n <= alwaysThere {
		return e
	}
	switch {
	case moves < 100:
		e.hired = day(hired)
		if e.hired >= ratesDay {
			e.raised = 0
		}
	case moves < 190:
		e.left = day(left)
		if e.left < ratesDay {
			e.raised = 0
		}
	}
	return e
}

// seedEmployees prepares the employees whose records hold a fault.
func (w *world) seedEmployees() {
	w.employees[7][2].left = on(2025, time.August, 15) // and paid in the run of 2025-09-26
	w.employees[7][2].raised = 0
	above := &w.employees[40][3]
	above.raised = rateLimit[1][above.grade] + 150
}

// bankChanges gives some employees a new account in the course of the year.
func (w *world) bankChanges() {
	c := chanceOf("bank changes")
	for client := 1; client <= clientCount; client++ {
		for n := range w.employees[client] {
			e := &w.employees[client][n]
			seeded := client == 15 && n == 2
			if !seeded && (n < alwaysThere || e.hired >= firstDay || e.left > 0 || !c.permille(60)) {
				continue
			}
			requested := day(c.between(20, 320)).after(1)
			if seeded {
				requested = on(2025, time.October, 14)
			}
			w.changes = append(w.changes, bankChange{
				employee: e.id, account: fmt.Sprintf("%09d-%08d", 31000000+c.below(900000), c.below(100000000)),
				requested: requested.at(c.between(8, 11), c.below(60)), calledBack: requested.at(c.between(12, 14), c.below(60)),
				changed: requested.at(c.between(15, 17), c.below(60)), effective: requested + 3,
				caller: staffID(c.between(141, 144)), changer: staffID(c.between(145, 148)),
				notCalled: seeded, channelName: pick(c, []string{"portal", "portal", "service desk"}),
			})
		}
	}
	sortBy(w.changes, func(a bankChange) string { return a.changed.Format(time.RFC3339) + a.employee })
	byID := map[string]*bankChange{}
	for i := range w.changes {
		byID[w.changes[i].employee] = &w.changes[i]
	}
	for client := range w.employees {
		for n := range w.employees[client] {
			e := &w.employees[client][n]
			e.changed = byID[e.id]
		}
	}
}

// clientFiles writes what the clients' own systems say about their employees.
func (w *world) clientFiles() error {
	people := w.table("clients/employees.csv", "employee", "client", "name", "state", "grade", "hire_date", "leave_date")
	rates := w.table("payroll/pay-rates.csv", "employee", "client", "grade", "valid_from", "hourly_rate", "entered_by", "approved_by")
	census := w.table("clients/census.csv", "client", "on_file", "active_at_year_end", "rate_lines_signed")
	c := chanceOf("pay rates")
	for client := 1; client <= clientCount; client++ {
		active, signed := 0, 0
		for n := range w.employees[client] {
			e := &w.employees[client][n]
			grade := fmt.Sprintf("G%d", e.grade+1)
			people.texts(e.id, clientID(client), e.name, e.state, grade).day(e.hired).dayIf(e.left > 0, e.left).end()
			if e.left == 0 || e.left >= lastDay {
				active++
			}
			from := max(e.hired, on(2024, time.June, 30))
			rates.texts(e.id, clientID(client), grade).day(from).money(e.rate).texts(staffID(c.between(101, 110)), staffID(c.between(111, 120))).end()
			signed++
			if e.raised > 0 {
				rates.texts(e.id, clientID(client), grade).day(ratesDay).money(e.raised).texts(staffID(c.between(101, 110)), staffID(c.between(111, 120))).end()
				signed++
			}
		}
		census.text(clientID(client)).number(len(w.employees[client])).number(active).number(signed).end()
	}
	changes := w.table("payroll/bank-detail-changes.csv", "change", "employee", "channel", "requested_at", "new_account", "called_back_by", "called_back_at", "changed_by", "changed_at")
	for i := range w.changes {
		b := &w.changes[i]
		caller := b.caller
		if b.notCalled {
			caller = ""
		}
		changes.texts("BC-"+b.employee, b.employee, b.channelName).instant(b.requested).texts(b.account, caller).
			instantIf(!b.notCalled, b.calledBack).text(b.changer).instant(b.changed).end()
	}
	return closeAll(people, rates, census, changes)
}
