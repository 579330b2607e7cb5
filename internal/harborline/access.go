package harborline

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// grantKey is one role of one account in one system.
type grantKey struct{ system, account, role string }

func (g grantKey) text() string { return g.system + "|" + g.account + "|" + g.role }

// grant is since when somebody has a role.
type grant struct {
	on     day
	person string // the owner, for a service account
}

// accountEvent is one grant or revocation in the access log.
type accountEvent struct {
	person, action      string
	key                 grantKey
	requested, approved string
	approvedAt, at      time.Time
}

// The seeded faults of access.
const (
	lateLeaver   = "S042" // whose accounts were closed after six days
	stranger     = "S977" // has an account and is on no list of staff
	bothRoles    = "S124" // approves payroll, and may prepare it
	selfApproved = "S300" // approved a privileged role for themselves
)

var systems = []string{"billing", "cloud", "directory", "ledger", "payroll"}

func service(account string) bool { return strings.HasPrefix(account, "svc-") }

// startingGrants are those of everybody who was there before the period.
func (w *world) startingGrants() {
	w.grants = map[grantKey]grant{}
	for n := 1; n <= staffAtStart; n++ {
		p := &w.staff[n]
		account := strings.ToLower(p.id)
		w.grants[grantKey{"directory", account, "member"}] = grant{p.hired, p.id}
		if p.role.system != "" {
			w.grants[grantKey{p.role.system, account, p.role.role}] = grant{p.hired, p.id}
		}
	}
	for i, k := range []grantKey{
		{"cloud", "svc-backup", "service"},
		{"payroll", "svc-bank-gateway", "service"},
		{"cloud", "svc-deploy", "service"},
		{"ledger", "svc-ledger-feed", "service"},
		{"billing", "svc-metering", "service"},
		{"cloud", "svc-monitoring", "service"},
		{"payroll", "svc-payroll-engine", "service"},
		{"billing", "svc-reports", "service"},
	} {
		w.grants[k] = grant{on(2023, time.May, 2), staffID(251 + i)}
	}
	w.grants[grantKey{"billing", strings.ToLower(stranger), "reader"}] = grant{on(2024, time.November, 18), stranger}
}

// grantRole records an approved grant.
func (w *world) grantRole(k grantKey, person, requested, approved string, at time.Time, before time.Duration) {
	w.events = append(w.events, accountEvent{person: person, action: "grant", key: k, requested: requested, approved: approved, approvedAt: at.Add(-before), at: at})
	w.grants[k] = grant{day(at.Add(-5*time.Hour).Sub(firstDay.utc()) / (24 * time.Hour)), person}
}

func (w *world) revokeRole(k grantKey, person, requested string, at time.Time) {
	w.events = append(w.events, accountEvent{person: person, action: "revoke", key: k, requested: requested, at: at})
	delete(w.grants, k)
}

// held are the roles of an account, in a stable order.
func (w *world) held(account string) []grantKey {
	var out []grantKey
	for k := range w.grants {
		if k.account == account {
			out = append(out, k)
		}
	}
	sortBy(out, grantKey.text)
	return out
}

// follow makes the access events that a personnel event leads to.
func (w *world) follow(c *chance, e *staffEvent) {
	account := strings.ToLower(e.person)
	manager, at := staffID(c.between(311, 320)), e.at.at(effectiveHour(e.kind), 0)
	switch e.kind {
	case "hire":
		w.grantRole(grantKey{"directory", account, "member"}, e.person, "people", manager, at.Add(-time.Duration(c.between(20, 90))*time.Minute), 26*time.Hour)
		w.grantRole(grantKey{"payroll", account, "reader"}, e.person, manager, staffID(c.between(311, 320)), at.Add(time.Duration(c.between(30, 400))*time.Minute), 20*time.Hour)
	case "transfer":
		w.revokeRole(grantKey{"payroll", account, "reader"}, e.person, "people", at.Add(time.Duration(c.between(10, 300))*time.Minute))
		w.grantRole(grantKey{"billing", account, "reader"}, e.person, manager, staffID(c.between(311, 320)), at.Add(time.Duration(c.between(30, 400))*time.Minute), 44*time.Hour)
	case "leave":
		closed := at.Add(time.Duration(c.between(15, 1200)) * time.Minute)
		if e.person == lateLeaver {
			closed = at.Add(6*24*time.Hour + 95*time.Minute)
		}
		for i, k := range w.held(account) {
			w.revokeRole(k, e.person, "people", closed.Add(time.Duration(i)*time.Minute))
		}
	}
}

// otherGrants are those that no personnel event explains: roles for a project,
// taken back after a while, and the seeded faults.
func (w *world) otherGrants(c *chance) {
	for n := range 24 {
		person := staffID(201 + n*2)
		at := day(11 + n*14).after(1)
		k := grantKey{"cloud", strings.ToLower(person), pick(c, []string{"operator", "operator", "administrator"})}
		w.grantRole(k, person, person, staffID(c.between(301, 302)), at.at(c.between(9, 16), c.below(60)), time.Duration(c.between(1, 30))*time.Hour)
		if back := (at + 30).after(1); back <= lastDay {
			w.revokeRole(k, person, staffID(302), back.at(c.between(9, 16), c.below(60)))
		}
	}
	w.grantRole(grantKey{"payroll", strings.ToLower(bothRoles), "preparer"}, bothRoles, staffID(311), staffID(312), on(2025, time.August, 20).at(10, 12), 19*time.Hour)
	w.grantRole(grantKey{"directory", strings.ToLower(selfApproved), "administrator"}, selfApproved, selfApproved, selfApproved, on(2025, time.March, 27).at(18, 41), 3*time.Minute)
	slices.SortStableFunc(w.events, func(a, b accountEvent) int { return a.at.Compare(b.at) })
}

// accessFiles writes the access log, the list of accounts and roles at the end
// of the year, and what outsiders know about both.
func (w *world) accessFiles() error {
	events := w.table("access/account-events.csv", "event", "system", "account", "person", "action", "role", "privileged", "requested_by", "approved_by", "approved_at", "happened_at")
	log := w.lines("access/directory-audit-log.jsonl.gz")
	for i, e := range w.events {
		events.texts(fmt.Sprintf("AE-%04d", i+1), e.key.system, e.key.account, e.person, e.action, e.key.role).truth(e.key.role == "administrator").
			texts(e.requested, e.approved).instantIf(e.approved != "", e.approvedAt).instant(e.at).end()
		log.row = fmt.Appendf(log.row, `{"eventId":"%08x","published":"%s","type":"application.role.%s","target":{"app":"%s","user":"%s","role":"%s"}}`,
			0x5a000000+i*4099, e.at.Format("2006-01-02T15:04:05Z"), map[string]string{"grant": "assign", "revoke": "remove"}[e.action], e.key.system, e.key.account, e.key.role)
		log.end()
	}
	accounts := w.table("access/accounts-2025-12-31.csv", "system", "account", "kind", "person", "owner", "second_factor", "last_used_on")
	roles := w.table("access/roles-2025-12-31.csv", "system", "account", "role", "person", "granted_on")
	seats := w.table("access/seats-invoiced.csv", "system", "seats")
	c := chanceOf("accounts")
	count := map[string]int{}
	last := ""
	for _, k := range slices.SortedFunc(maps.Keys(w.grants), func(a, b grantKey) int { return strings.Compare(a.text(), b.text()) }) {
		g := w.grants[k]
		if name := k.system + "|" + k.account; name != last {
			last = name
			count[k.system]++
			kind, person, owner := "person", g.person, ""
			if service(k.account) {
				kind, person, owner = "service", "", g.person
			}
			accounts.texts(k.system, k.account, kind, person, owner).truth(kind == "person").day(lastDay - day(c.below(25))).end()
		}
		person := g.person
		if service(k.account) {
			person = ""
		}
		roles.texts(k.system, k.account, k.role, person).day(g.on).end()
	}
	for _, s := range systems {
		seats.text(s).number(count[s]).end()
	}
	return closeAll(events, log, accounts, roles, seats)
}
