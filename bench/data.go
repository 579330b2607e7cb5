package main

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"
)

const employees = 100_000

// generate writes payroll lines with about one fault of each kind in 50,000
// rows, the employees they belong to, and the program that tests them.
func (b *bench) generate() error {
	for _, dir := range []string{b.data, filepath.Join(b.program, "controls"), filepath.Join(b.program, "populations"), filepath.Join(b.program, "tests"), filepath.Join(b.program, "engagements")} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	if err := writeFile(filepath.Join(b.data, "lines.csv"), b.lines); err != nil {
		return err
	}
	if err := writeFile(filepath.Join(b.data, "employees.csv"), b.staff); err != nil {
		return err
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(b.program, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func writeFile(path string, fill func(*bufio.Writer)) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 1<<20)
	fill(w)
	if err := w.Flush(); err != nil {
		return err
	}
	return f.Close()
}

func cents(n int64) string { return fmt.Sprintf("%d.%02d", n/100, n%100) }

func (b *bench) lines(w *bufio.Writer) {
	r := rand.New(rand.NewPCG(1, 2))
	fmt.Fprintln(w, "line,employee,department,hours,rate,gross,net,preparer,approver,paid_at")
	start := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	seconds := int64(365*24*3600 - 1)
	fault := func() bool { return r.IntN(50_000) == 0 }
	for i := range b.rows {
		hours, rate := 1+r.Int64N(200), 1500+r.Int64N(8000)
		gross := hours * rate
		if fault() {
			gross++
		}
		net := gross * 7 / 10
		if fault() {
			net = gross + 100
		}
		preparer := r.IntN(50)
		approver := 50 + r.IntN(50)
		if fault() {
			approver = preparer
		}
		if fault() {
			hours, rate, gross = 900, 1500, 900*1500
		}
		dept := r.IntN(200)
		if fault() {
			dept = 999
		}
		paid := start.Add(time.Duration(i*seconds/max(b.rows, 1)) * time.Second)
		fmt.Fprintf(w, "%d,%d,%d,%d,%s,%s,%s,p%02d,p%02d,%s\n", i+1, r.IntN(employees), dept, hours, cents(rate), cents(gross), cents(net), preparer, approver, paid.Format("2006-01-02T15:04:05Z"))
	}
}

func (b *bench) staff(w *bufio.Writer) {
	r := rand.New(rand.NewPCG(3, 4))
	fmt.Fprintln(w, "employee,status,top_rate")
	for i := range employees {
		fmt.Fprintf(w, "%d,%s,%s\n", i, []string{"active", "active", "active", "left"}[r.IntN(4)], cents(9500+r.Int64N(1000)))
	}
}

// files are the program: five attributes, once over the population itself and
// once over a join.
var files = map[string]string{
	"ticktie.yaml":  "name: Benchmark\nzone: UTC\nsystems:\n  - {id: payroll, name: payroll, kind: application}\n",
	"criteria.yaml": "edition: tsc-2017\ncategories: []\n",
	"controls/PAY-01.yaml": `id: PAY-01
title: Payroll lines are right
statement: Each payroll line is calculated, approved and within limits.
owner: controller
criteria: [PI1.3]
`,
	"engagements/e.yaml": "id: e\ntitle: benchmark\nkind: soc2\ntype: 2\nfirst: 2025-01-01\nlast: 2025-12-31\n",
	"populations/p.yaml": `- id: lines
  title: Payroll lines
  source: {files: {paths: [lines.csv]}}
  key: [line]
  event_time: paid_at
  columns:
    - {name: line, type: integer, required: true}
    - {name: employee, type: integer, required: true}
    - {name: department, type: integer, required: true}
    - {name: hours, type: integer, required: true}
    - {name: rate, type: decimal, precision: 12, scale: 2, required: true}
    - {name: gross, type: decimal, precision: 12, scale: 2, required: true}
    - {name: net, type: decimal, precision: 12, scale: 2, required: true}
    - {name: preparer, type: text, required: true}
    - {name: approver, type: text, required: true}
    - {name: paid_at, type: timestamp, required: true}
- id: employees
  title: Employees
  state: true
  source: {files: {paths: [employees.csv]}}
  key: [employee]
  columns:
    - {name: employee, type: integer, required: true}
    - {name: status, type: text, required: true}
    - {name: top_rate, type: decimal, precision: 12, scale: 2, required: true}
`,
	"tests/PAY-01.T1.yaml": `id: PAY-01.T1
control: PAY-01
title: Five attributes
population: lines
attributes:
  - {id: A, text: Gross is hours times rate, holds: gross = hours * rate}
  - {id: B, text: Net is at most gross, holds: net <= gross}
  - {id: C, text: Approved by another, holds: approver <> preparer}
  - {id: D, text: At most 744 hours, holds: hours <= 744}
  - {id: E, text: A department that exists, holds: department < 200}
`,
	"tests/PAY-01.T2.yaml": `id: PAY-01.T2
control: PAY-01
title: Five attributes over a join
population: lines
with: [employees]
frame: SELECT p.*, e.status, e.top_rate FROM lines p LEFT JOIN employees e ON e.employee = p.employee
attributes:
  - {id: A, text: The employee exists, holds: status IS NOT NULL}
  - {id: B, text: The rate is within the employee's, holds: rate <= top_rate}
  - {id: C, text: Approved by another, holds: approver <> preparer}
  - {id: D, text: At most 744 hours, holds: hours <= 744}
  - {id: E, text: Net is at most gross, holds: net <= gross}
`,
	"tests/PAY-01.T3.yaml": "id: PAY-01.T3\ncontrol: PAY-01\ntitle: Net is positive\npopulation: lines\nattributes:\n  - {id: A, text: Net is positive, holds: net > 0}\n",
	"tests/PAY-01.T4.yaml": "id: PAY-01.T4\ncontrol: PAY-01\ntitle: Rate within the scale\npopulation: lines\nattributes:\n  - {id: A, text: Rate within the scale, holds: rate BETWEEN 15 AND 95}\n",
	"tests/PAY-01.T5.yaml": "id: PAY-01.T5\ncontrol: PAY-01\ntitle: Not at night\npopulation: lines\nattributes:\n  - {id: A, text: Paid within the year, holds: paid_at >= TIMESTAMP '2025-01-01'}\n",
}
