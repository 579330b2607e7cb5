package harborline

import (
	"fmt"
	"time"
)

// The changes and deployments with faults, by number.
const (
	unreviewed       = 611 // merged by its author
	lateEmergency    = 877 // reviewed after six days
	looseDeployment  = 402 // of a commit that is no change
	changeCount      = 1280
	firstChange      = 3001
	earlierEmergency = 233 // reviewed after four days, in time by the rule of its day
)

// change is one merge into a production branch.
type change struct {
	number                      int
	repository, author, merger  string
	at                          time.Time
	approver                    string
	approvedAt                  time.Time
	emergency                   bool
	commit                      string
	checksFinished, checksBegun time.Time
}

// engineering writes changes, the builds that test them, deployments, and what
// the cloud provider saw being rolled out.
func (w *world) engineering() error {
	c := chanceOf("changes")
	changes := w.lines("engineering/changes-2025.jsonl")
	builds := w.table("engineering/builds.csv", "build", "repository", "commit", "started_at", "finished_at", "outcome")
	deployments := w.table("engineering/deployments.csv", "deployment", "service", "commit", "kind", "deployed_by", "deployed_at")
	rollouts := w.lines("engineering/cloud-rollouts.jsonl.gz")
	deployed := 0
	roll := func(service, commit, kind string, at time.Time) {
		deployed++
		if deployed == looseDeployment {
			commit = "f00d5eed2b1c"
		}
		id := fmt.Sprintf("DP-%05d", deployed)
		deployments.texts(id, service, commit, kind, "svc-deploy").instant(at).end()
		rollouts.row = fmt.Appendf(rollouts.row, `{"time":"%s","verb":"rollout.create","request":{"deployment":"%s","workload":"%s"},"image":{"tag":"%s"}}`,
			at.Add(41*time.Second).Format("2006-01-02T15:04:05Z"), id, service, commit)
		rollouts.end()
	}
	for n := range changeCount {
		x := newChange(c, n)
		writeChange(changes, &x)
		outcome := "passed"
		builds.text(fmt.Sprintf("B%06d", 880000+n)).texts(x.repository, x.commit).instant(x.checksBegun).instant(x.checksFinished).text(outcome).end()
		if x.emergency || c.permille(620) {
			roll(x.repository, x.commit, "release", x.at.Add(time.Duration(c.between(8, 55))*time.Minute))
			if c.permille(12) {
				roll(x.repository, x.commit, "repeat", x.at.Add(time.Duration(c.between(60, 100))*time.Minute))
			}
		}
	}
	return closeAll(changes, builds, deployments, rollouts)
}

func newChange(c *chance, n int) change {
	x := change{number: firstChange + n, repository: pick(c, []string{"payroll-engine", "payroll-engine", "payroll-portal", "billing", "metering", "ledger-feed", "platform"})}
	x.author = staffID(c.between(201, 250))
	if c.permille(60) {
		x.author = "dependency-bot"
	}
	d := day(n * 363 / changeCount)
	if !c.permille(30) { // a few are merged at weekends
		d = (d + 1).onOrBefore()
	}
	d = max(d, on(2025, time.January, 2))
	x.at = d.at(9+n%9, c.below(60)).Add(time.Duration(n%60) * time.Second)
	x.commit = fmt.Sprintf("%012x", c.next()&0xffffffffffff)
	x.checksFinished = x.at.Add(-time.Duration(c.between(4, 90)) * time.Minute)
	x.checksBegun = x.checksFinished.Add(-time.Duration(c.between(300, 1500)) * time.Second)
	x.approver = other(c, x.author)
	x.merger = pick(c, []string{x.author, x.approver})
	if x.author == "dependency-bot" {
		x.merger = x.approver
	}
	x.approvedAt = x.at.Add(-time.Duration(c.between(2, 3000)) * time.Minute)
	x.emergency = c.permille(25)
	switch x.number - firstChange {
	case unreviewed:
		x.emergency, x.author, x.merger, x.approver = false, staffID(218), staffID(218), ""
	case lateEmergency, earlierEmergency:
		x.emergency = true
	}
	if x.emergency {
		x.approvedAt = x.at.Add(time.Duration(c.between(30, 2600)) * time.Minute)
		switch x.number - firstChange {
		case lateEmergency:
			x.approvedAt = x.at.Add(6*24*time.Hour + 3*time.Hour)
		case earlierEmergency:
			x.approvedAt = x.at.Add(4*24*time.Hour - 2*time.Hour)
		}
	}
	return x
}

// other is an engineer who is not the author.
func other(c *chance, author string) string {
	for {
		if p := staffID(c.between(201, 250)); p != author {
			return p
		}
	}
}

func writeChange(t *table, x *change) {
	review := ""
	if x.approver != "" {
		review = fmt.Sprintf(`,"review":{"by":"%s","at":"%s"}`, x.approver, x.approvedAt.Format("2006-01-02T15:04:05Z"))
	}
	t.row = fmt.Appendf(t.row, `{"change":%d,"repository":"%s","author":{"login":"%s"},"merged":{"by":"%s","at":"%s","commit":"%s"}%s,"emergency":%t}`,
		x.number, x.repository, x.author, x.merger, x.at.Format("2006-01-02T15:04:05Z"), x.commit, review, x.emergency)
	t.end()
}
