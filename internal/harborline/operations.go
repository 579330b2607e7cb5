package harborline

import (
	"fmt"
	"time"
)

// stores are backed up every night and restored once a quarter as a test.
var stores = []string{"billing-db", "directory", "documents", "ledger-db", "metering-db", "payroll-db"}

// The seeded faults of operations.
const (
	slowIncident  = 97
	unrated       = 158 // a vulnerability whose severity nobody entered
	missingStore  = "billing-db"
	missingTested = "documents"
)

var missingBackup = on(2025, time.April, 13)

func (w *world) operations() error {
	for _, write := range []func() error{w.backups, w.restores, w.incidents, w.vulnerabilities} {
		if err := write(); err != nil {
			return err
		}
	}
	return nil
}

// backups writes each night's jobs, failed attempts too, and the inventory of
// backup objects as the cloud provider lists them.
func (w *world) backups() error {
	c := chanceOf("backups")
	jobs := w.table("operations/backup-jobs.csv", "job", "store", "day", "attempt", "started_at", "finished_at", "outcome", "megabytes")
	objects := w.table("operations/backup-objects.csv", "object", "store", "day", "megabytes")
	job := 0
	for d := firstDay; d <= lastDay; d++ {
		for s, store := range stores {
			if d == missingBackup && store == missingStore {
				continue
			}
			size, started := 4000+s*3100+int(d)*(3+s)+c.below(400), d.at(3, 10+s*4)
			attempt := 1
			if c.permille(12) {
				job++
				jobs.text(fmt.Sprintf("BJ-%06d", job)).text(store).day(d).number(attempt).instant(started).instant(started.Add(4 * time.Minute)).text("failed").text("").end()
				attempt, started = 2, started.Add(35*time.Minute)
			}
			job++
			jobs.text(fmt.Sprintf("BJ-%06d", job)).text(store).day(d).number(attempt).instant(started).instant(started.Add(time.Duration(c.between(200, 1900)) * time.Second)).text("succeeded").number(size).end()
			objects.text(fmt.Sprintf("%s/%s.bak", store, d.utc().Format("2006/01/02"))).text(store).day(d).number(size).end()
		}
	}
	return closeAll(jobs, objects)
}

// restores writes the quarterly restore tests, and the databases that the
// cloud provider saw being made for them.
func (w *world) restores() error {
	c := chanceOf("restores")
	tests := w.table("operations/restore-tests.csv", "restore_test", "store", "performed_on", "backup_of", "rows_compared", "rows_different", "minutes", "performed_by")
	made := w.table("operations/cloud-restores.csv", "request", "store", "created_on", "from_backup_of")
	n := 0
	for quarter := range 4 {
		for _, store := range stores {
			if quarter == 2 && store == missingTested {
				continue
			}
			n++
			d := day(quarter*91 + c.between(10, 80)).after(1)
			tests.text(fmt.Sprintf("RST-%03d", n)).text(store).day(d).day(d - 1).number(c.between(20_000, 900_000)).number(0).number(c.between(18, 190)).text(staffID(c.between(257, 262))).end()
			made.text(fmt.Sprintf("req-%07d", 5500000+n*911)).text(store).day(d).day(d - 1).end()
		}
	}
	return closeAll(tests, made)
}

// incidents writes incidents, the pages that called somebody to each, and the
// register of breach notices, which stayed empty.
func (w *world) incidents() error {
	c := chanceOf("incidents")
	list := w.table("operations/incidents.csv", "incident", "severity", "opened_at", "acknowledged_at", "resolved_at", "service", "personal_data_lost", "exercise")
	pages := w.table("operations/pages.csv", "page", "incident", "sent_at", "answered_by")
	limit := []int{0, 4 * 60, 24 * 60, 120 * 60, 480 * 60}
	for n := 1; n <= 172; n++ {
		severity := pick(c, []int{1, 2, 2, 3, 3, 3, 4, 4})
		opened := day(n*2-1).at(c.between(6, 22), c.below(60))
		if n == slowIncident {
			severity = 2
		}
		took := c.between(20, limit[severity]*8/10)
		if n == slowIncident {
			took = limit[2] + 455
		}
		id := fmt.Sprintf("IN-%04d", n)
		list.text(id).number(severity).instant(opened).instant(opened.Add(time.Duration(c.between(1, 14)) * time.Minute)).instant(opened.Add(time.Duration(took) * time.Minute)).
			text(pick(c, []string{"payroll", "payroll", "billing", "portal", "bank gateway"})).truth(false).truth(n%29 == 0).end()
		pages.text(fmt.Sprintf("PG-%05d", 31000+n*3)).text(id).instant(opened.Add(12 * time.Second)).text(staffID(c.between(251, 262))).end()
	}
	notices := w.table("legal/breach-notices.csv", "notice", "incident", "learned_at", "sent_at", "addressee")
	return closeAll(list, pages, notices)
}

// vulnerabilities writes what the scanner found and when it was mended.
func (w *world) vulnerabilities() error {
	c := chanceOf("vulnerabilities")
	list := w.table("operations/vulnerabilities.csv", "finding", "asset", "severity", "found_on", "mended_on")
	scans := w.table("operations/scan-summary.csv", "month", "new_findings", "assets_scanned")
	limit := map[string]int{"critical": 7, "high": 30, "medium": 90}
	found := [13]int{}
	for n := 1; n <= 320; n++ {
		severity := pick(c, []string{"critical", "high", "high", "medium", "medium", "medium"})
		d := day(n * 113 / 100)
		mended := d + day(c.between(1, limit[severity]-1))
		found[d.month()]++
		if n == unrated {
			severity = ""
		}
		list.text(fmt.Sprintf("V-%05d", 7000+n)).text(fmt.Sprintf("node-%02d", c.between(1, 48))).text(severity).day(d).dayIf(mended <= lastDay, mended).end()
	}
	for m := 1; m <= 12; m++ {
		scans.day(monthStart(m)).number(found[m]).number(48).end()
	}
	return closeAll(list, scans)
}
