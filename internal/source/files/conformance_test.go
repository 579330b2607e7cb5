package files_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/ticktie/ticktie/internal/program"
	"github.com/ticktie/ticktie/internal/source"
	"github.com/ticktie/ticktie/internal/source/files"
	"github.com/ticktie/ticktie/internal/source/sourcetest"
)

func TestConformance(t *testing.T) {
	sheet := rawBook(headerRow + `<row><c><v>1</v></c><c><v>2</v></c></row><row><c><v>3</v></c><c><f>1</f></c></row>`)
	for name, c := range map[string]struct {
		f             program.FilesSource
		pairs         []string
		broken        string // what the first file holds instead
		records, lost int64
	}{
		"csv":   {pairs: []string{"a.csv", "id,v\n1,2\n3\n\n4,\"5\n6\"\n", "b.csv", "v,id\n8,7\n"}, broken: "id,v\n\"", records: 4, lost: 1},
		"tsv":   {pairs: []string{"a.tsv", "id\tv\n1\t2\n"}, broken: "", records: 1},
		"utf16": {pairs: []string{"a.csv", "\xFF\xFEi\x00d\x00,\x00v\x00\n\x001\x00,\x002\x00\n\x003\x00\n\x00"}, broken: "\xFF\xFEi", records: 2, lost: 1},
		"1252":  {pairs: []string{"a.csv", "id,v\n\xE9,2\n3\n"}, broken: "", records: 2, lost: 1},
		"gzip":  {pairs: []string{"a.csv.gz", gz("id,v\n1,2\n3\n")}, broken: gz("id,v\n1,2\n")[:20], records: 2, lost: 1},
		"zip":   {f: program.FilesSource{Member: "*"}, pairs: []string{"a.zip", zipped("a.csv", "id,v\n1,2\n", "b.csv", "id,v\n3\n")}, broken: "PK\x03\x04", records: 2, lost: 1},
		"json":  {pairs: []string{"a.json", `[{"id":1,"v":2},{"id":3,"id":3}]`}, broken: `[`, records: 2, lost: 1},
		"jsonl": {pairs: []string{"a.jsonl", "{\"id\":1,\"v\":2}\n7\n"}, broken: `{`, records: 2, lost: 1},
		"yaml":  {pairs: []string{"a.yaml", "- id: 1\n  v: 2\n- 3\n"}, broken: "id: 1", records: 2, lost: 1},
		"xlsx":  {pairs: []string{"a.xlsx", sheet}, broken: "PK\x03\x04", records: 2, lost: 1},
	} {
		t.Run(name, func(t *testing.T) {
			c.f.Paths = []string{"*"}
			dir := write(t, c.pairs...)
			ask := func(dir string) func(t *testing.T) source.Request {
				return func(t *testing.T) source.Request {
					return request(t, dir, population(c.f, columns("id", "v")))
				}
			}
			sourcetest.Run(t, sourcetest.Case{
				Connector: files.New(),
				Request:   ask(dir),
				Broken:    ask(write(t, c.pairs[0], c.broken)),
				Fields:    []string{"id", "v"},
				Records:   c.records, Refused: c.lost,
			})
		})
	}
}

// TestRealData counts the records of real files. The numbers were counted by
// Python's csv and json modules:
//
//	rows = list(csv.reader(open(f, encoding="utf-8-sig", newline="")))
//	sum(1 for r in rows[1:] if r)                       # records
//	sum(1 for r in rows[1:] if r and len(r) != len(rows[0]))   # ragged: none
//	len(json.load(gzip.open(f))["Records"])             # cloudtrail, 55 files
//	sum(len(json.loads(l)["access_changes"]) for l in open(f))
func TestRealData(t *testing.T) {
	data := os.Getenv("TICKTIE_DATA")
	if data == "" {
		t.Skip("TICKTIE_DATA names no directory of real data")
	}
	for name, c := range map[string]struct {
		f       program.FilesSource
		cols    []string
		files   int
		records int64
		drifted int // files whose header is not the first one's
	}{
		"invoices":   {program.FilesSource{Paths: []string{"invoices-online-retail/**/*.csv"}}, []string{"InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country"}, 20, 42481, 0},
		"payables":   {program.FilesSource{Paths: []string{"payables-salford/*.csv"}}, []string{"SAP Document Number", "Gross", "Net"}, 12, 16767, 5},
		"payroll":    {program.FilesSource{Paths: []string{"payroll-boston/*.csv.gz"}}, []string{"year", "name", "total_gross", "zip_code"}, 1, 51335, 0},
		"hours":      {program.FilesSource{Paths: []string{"payroll-nyc-hours/*.csv"}}, []string{"lastName", "OTHours"}, 1, 1773, 0},
		"incidents":  {program.FilesSource{Paths: []string{"itsm-incidents/*.csv"}}, []string{"number", "closed_at"}, 1, 5998, 0},
		"ledger":     {program.FilesSource{Paths: []string{"ledger-hackclub/*.csv"}}, []string{"txn", "amount_usd"}, 1, 2777, 0},
		"billing":    {program.FilesSource{Paths: []string{"billing-focus/*.csv"}}, []string{"BilledCost", "Tags"}, 1, 1000, 0},
		"approvals":  {program.FilesSource{Paths: []string{"approvals-bpic2020/*.csv.gz"}}, []string{"case_id", "org:role"}, 1, 36072, 0},
		"scanner":    {program.FilesSource{Paths: []string{"scanner-outputs/*.csv"}}, []string{"CVE ID", "Description"}, 1, 94, 0},
		"cloudtrail": {program.FilesSource{Paths: []string{"cloudtrail-invictus/*.json.gz"}, Records: "Records"}, []string{"eventID", "userIdentity.type"}, 55, 2900, 0},
		"access":     {program.FilesSource{Paths: []string{"access-kubernetes-org/*.jsonl"}, Explode: "access_changes"}, []string{"sha", "access_changes[].op"}, 1, 2702, 0},
		"changes":    {program.FilesSource{Paths: []string{"change-golang-tools/*.jsonl"}}, []string{"sha", "message", "parents"}, 1, 3059, 0},
		"tags":       {program.FilesSource{Paths: []string{"change-golang-tools/*.tsv"}, Header: "none", Names: []string{"tag", "sha", "at"}}, []string{"at", "tag"}, 1, 141, 0},
	} {
		t.Run(name, func(t *testing.T) {
			ask := func(t *testing.T) source.Request { return request(t, data, population(c.f, columns(c.cols...))) }
			_, ex := mustRead(t, ask(t))
			drifted := 0
			for _, f := range ex.Files {
				if len(f.Drift) > 0 {
					drifted++
				}
			}
			if len(ex.Files) != c.files || ex.Records != c.records || len(ex.Refused) != 0 || drifted != c.drifted {
				t.Errorf("%d files, %d records, %d refused, %d drifted; want %d, %d, 0, %d", len(ex.Files), ex.Records, len(ex.Refused), drifted, c.files, c.records, c.drifted)
			}
			sourcetest.Run(t, sourcetest.Case{
				Connector: files.New(), Request: ask, Fields: c.cols, Records: c.records,
				Broken: func(t *testing.T) source.Request {
					r := ask(t)
					r.DataDir = filepath.Join(data, "none")
					return r
				},
			})
		})
	}
}
