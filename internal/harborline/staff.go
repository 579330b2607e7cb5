package harborline

import (
	"fmt"
	"time"
)

// person is somebody who works at Harborline.
type person struct {
	id, name    string
	department  string
	role        grantKey // the role that the department gives; zero: none
	hired, left day      // left 0: still there
}

// staffEvent is one line of the personnel system's journal.
type staffEvent struct {
	id, person, kind, department string
	at                           day
}

const (
	staffAtStart = 320
	staffHired   = 44
)

// department says where a member of staff works, by number.
func department(n int) string {
	switch {
	case n <= 100:
		return "Client services"
	case n <= 128:
		return "Payroll operations"
	case n <= 150:
		return "Treasury"
	case n <= 160:
		return "Billing"
	case n <= 200:
		return "Accounting"
	case n <= 262:
		return "Engineering"
	case n <= 290:
		return "Support"
	case n <= 296:
		return "People"
	case n <= 302:
		return "Security"
	}
	return "Management"
}

// duty is the role that a member of staff has from the start, by number.
func duty(n int) grantKey {
	switch {
	case n <= 100:
		return grantKey{system: "payroll", role: "reader"}
	case n <= 120:
		return grantKey{system: "payroll", role: "preparer"}
	case n <= 128:
		return grantKey{system: "payroll", role: "approver"}
	case n >= 131 && n <= 136:
		return grantKey{system: "payroll", role: "releaser"}
	case n >= 141 && n <= 148:
		return grantKey{system: "payroll", role: "bank details"}
	case n >= 151 && n <= 158:
		return grantKey{system: "billing", role: "biller"}
	case n == 159 || n == 160:
		return grantKey{system: "billing", role: "price approver"}
	case n == 161 || n == 162:
		return grantKey{system: "ledger", role: "approver"}
	case n >= 163 && n <= 175:
		return grantKey{system: "ledger", role: "poster"}
	case n >= 201 && n <= 250:
		return grantKey{system: "cloud", role: "developer"}
	case n >= 251 && n <= 256:
		return grantKey{system: "cloud", role: "administrator"}
	case n >= 257 && n <= 262:
		return grantKey{system: "cloud", role: "operator"}
	case n >= 271 && n <= 290:
		return grantKey{system: "billing", role: "reader"}
	case n >= 297 && n <= 299:
		return grantKey{system: "directory", role: "administrator"}
	}
	return grantKey{}
}

// people makes Harborline's own staff and lets it come, move and go.
func (w *world) people() {
	c := chanceOf("staff")
	w.staff = make([]person, staffAtStart+staffHired+1)
	for n := 1; n <= staffAtStart+staffHired; n++ {
		p := person{
			id: staffID(n), name: pick(c, givenNames) + " " + pick(c, familyNames),
			hired: on(c.between(2012, 2024), time.Month(c.between(1, 12)), c.between(1, 28)).after(1),
		}
		p.department, p.role = department(n), duty(n)
		if n > staffAtStart {
			p.hired = day((n - staffAtStart) * 8).after(1)
			p.department, p.role = "Client services", grantKey{system: "payroll", role: "reader"}
		}
		w.staff[n] = p
	}
	w.startingGrants()
	w.comeMoveAndGo(c)
}

// comeMoveAndGo makes the personnel events, and the grants and revocations of
// access that follow from them.
func (w *world) comeMoveAndGo(c *chance) {
	var all []staffEvent
	for n := staffAtStart + 1; n <= staffAtStart+staffHired; n++ {
		p := &w.staff[n]
		all = append(all, staffEvent{person: p.id, kind: "hire", department: p.department, at: p.hired})
	}
	for n := 3; n <= 93; n += 3 { // 31 leave
		at := day(n*39/10 - 4).after(1)
		w.staff[n].left = at
		all = append(all, staffEvent{person: staffID(n), kind: "leave", department: "Client services", at: at})
	}
	for n := 5; n <= 98; n += 6 { // 16 move to support
		if n%3 == 0 {
			continue
		}
		w.staff[n].department = "Support"
		all = append(all, staffEvent{person: staffID(n), kind: "transfer", department: "Support", at: day(n*36/10 + 2).after(1)})
	}
	sortBy(all, func(e staffEvent) string { return fmt.Sprintf("%04d%s", e.at, e.person) })
	for i := range all {
		all[i].id = fmt.Sprintf("HR-%04d", 2001+i)
		w.follow(c, &all[i])
	}
	w.personnel = all
	w.otherGrants(c)
}

// staffFiles writes what the personnel system and the benefits carrier know.
func (w *world) staffFiles() error {
	list := w.table("people/staff.csv", "person", "name", "department", "hired_on", "left_on")
	events := w.table("people/events.csv", "event", "person", "kind", "department", "effective_at")
	census := w.table("people/carrier-census.csv", "month", "enrolled", "ended", "covered")
	covered := staffAtStart
	for _, p := range w.staff[1:] {
		list.texts(p.id, p.name, p.department).day(p.hired).dayIf(p.left > 0, p.left).end()
	}
	enrolled, ended := [13]int{}, [13]int{}
	for _, e := range w.personnel {
		events.texts(e.id, e.person, e.kind, e.department).instant(e.at.at(effectiveHour(e.kind), 0)).end()
		switch e.kind {
		case "hire":
			enrolled[e.at.month()]++
		case "leave":
			ended[e.at.month()]++
		}
	}
	for m := 1; m <= 12; m++ {
		covered += enrolled[m] - ended[m]
		census.day(monthStart(m)).number(enrolled[m]).number(ended[m]).number(covered).end()
	}
	return closeAll(list, events, census)
}

// effectiveHour: people begin and move at nine, and leave at five.
func effectiveHour(kind string) int {
	if kind == "leave" {
		return 17
	}
	return 9
}
