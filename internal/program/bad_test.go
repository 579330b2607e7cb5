package program

import (
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

// goodFiles are the texts of the good program.
func goodFiles(t testing.TB) map[string]string {
	t.Helper()
	files := map[string]string{}
	root := os.DirFS("testdata/good")
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(root, name)
		files[name] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// slip is one change to the good program, and what must be found, with its
// place counted by hand.
type slip struct {
	file, from, to string
	want           []string // each a beginning of a finding's text
}

func slips() []slip {
	return []slip{
		// What the reader finds.
		{"controls/PAY-01.yaml", "statement:", "statment:", []string{
			`controls/PAY-01.yaml:3:1: there is no field "statment" here; did you mean statement?`,
			`controls/PAY-01.yaml:1:1: control PAY-01: statement is missing`,
		}},
		{"controls/PAY-01.yaml", "key: true", "key: yes", []string{`controls/PAY-01.yaml:9:6: "yes" is neither true nor false`}},
		{"controls/PAY-01.yaml", "key: true", "key: 'true'", []string{`controls/PAY-01.yaml:9:6: "true" is neither true nor false; write true or false without quotes`}},
		{"controls/PAY-01.yaml", "key: true", "key: true\nkey: false", []string{`controls/PAY-01.yaml:10:1: the field "key" is repeated`}},
		{"controls/PAY-01.yaml", "id: PAY-01", "id: PAY-1", []string{`controls/PAY-01.yaml:1:5: the file is named PAY-01 and holds the control PAY-1`}},
		{"controls/PAY-01.yaml", "title: Run", "title: [Run", []string{`controls/PAY-01.yaml:3:1: the file is not YAML: `}},
		{"controls/PAY-01.yaml", "[PAY-AUTH]", "&a [PAY-AUTH]", []string{`controls/PAY-01.yaml:10:13: anchors, aliases and tags are not used`}},
		{"controls/PAY-01.yaml", "[PAY-AUTH]", "!!seq [PAY-AUTH]", []string{`controls/PAY-01.yaml:10:13: anchors, aliases and tags are not used`}},
		{"controls/PAY-01.yaml", "[PAY-AUTH]", "[PAY-AUTH, ~]", []string{`controls/PAY-01.yaml:10:24: an entry of the list is empty`}},
		{"controls/PAY-01.yaml", "{from: 2024-01-01}", "{from: 2024-02-30}", []string{`controls/PAY-01.yaml:13:19: "2024-02-30" is not a date`}},
		{"controls/PAY-01.yaml", "{from: 2024-01-01}", "2024", []string{`controls/PAY-01.yaml:13:12: a set of fields is expected here, not a single value`}},
		{"controls/PAY-01.yaml", "owner:", "---\nowner:", []string{`controls/PAY-01.yaml:5:1: the file has more than one document`}},
		{"engagements/2025.yaml", "type: 2", "type: two", []string{`engagements/2025.yaml:4:9: "two" is not a whole number`}},
		{"engagements/2025.yaml", "type: 2", "type: 2.0", []string{`engagements/2025.yaml:4:9: "2.0" is not a whole number`}},
		{"tests/PAY-01.T1.yaml", "title: Each", "title:\n  deep: Each", []string{`tests/PAY-01.T1.yaml:4:3: a single value is expected here, not a set of fields`}},
		{"tests/PAY-01.T1.fixtures.yaml", "approver: ben", "approver: ben, approver: bob", []string{`tests/PAY-01.T1.fixtures.yaml:4:46: "approver" is repeated`}},
		{"tests/PAY-01.T1.fixtures.yaml", "- name", "- nmae", []string{`tests/PAY-01.T1.fixtures.yaml:1:3: there is no field "nmae" here; did you mean name?`}},
		{"tests/versions.yaml", "PAY-01.sql", "PAY-1.sql", []string{
			`tests/versions.yaml:7:10: there is no file PAY-1.sql beside the test`,
			`tests/PAY-01.sql:1:1: warning: no test names this file`,
		}},
		{"tests/versions.yaml", "PAY-01.sql", "../controls/x.sql", []string{`tests/versions.yaml:7:10: the frame "../controls/x.sql" must lie beside the test`}},
		{"tests/PAY-01.T1.yaml", "id: PAY-01.T1", "id: PAY-01.T9", []string{`tests/PAY-01.T1.fixtures.yaml:1:1: there is no test PAY-01.T1 whose fixtures these could be`}},
		{"", "", "controls/PAY-04.yml", []string{`controls/PAY-04.yml:1:1: a file of this name is not read here`}},
		{"", "", "controls/notes.txt", []string{`controls/notes.txt:1:1: warning: a file of this name is not read here`}},
		{"", "", "controls/more/PAY-04.yaml", []string{`controls/more:1:1: a directory is not read here`}},
		{"", "", "control/PAY-04.yaml", []string{`control:1:1: warning: it is not read; did you mean controls?`}},
		{"", "", "critera.yml", []string{`critera.yml:1:1: warning: it is not read; did you mean criteria.yaml?`}},

		// Organization and scope.
		{"ticktie.yaml", "name: Wharf\n", "", []string{`ticktie.yaml:1:1: organization: name is missing`}},
		{"ticktie.yaml", "Europe/Dublin", "Europe/Dubln", []string{`ticktie.yaml:4:7: organization: zone is "Europe/Dubln", which is no IANA time zone`}},
		{"ticktie.yaml", "zone: Europe/Dublin\n", "", []string{`ticktie.yaml:1:1: organization: zone is missing`}},
		{"ticktie.yaml", "[soc1, soc2]", "[soc1, soc4]", []string{`ticktie.yaml:5:17: organization: reports has "soc4"; did you mean soc1?`}},
		{"ticktie.yaml", "kind: application", "kind: app", []string{`ticktie.yaml:11:11: organization: kind is "app"`}},
		{"ticktie.yaml", "owner: Head of payroll\n", "owner: ada@wharf.example\n", []string{`ticktie.yaml:13:12: organization: owner is "ada@wharf.example"; name a role, never a person`}},
		{"ticktie.yaml", `"04-01"`, `"13-01"`, []string{`ticktie.yaml:16:22: organization: fiscal_year_start is "13-01"`}},
		{"ticktie.yaml", "[saturday, sunday]", "[saturday, sonday]", []string{`ticktie.yaml:17:23: organization: weekend has "sonday"; did you mean sunday?`}},
		{"ticktie.yaml", "{id: repository,", "{id: engine,", []string{`ticktie.yaml:14:5: organization: system engine is declared twice`}},
		{"criteria.yaml", "[security]", "[security, privcy]", []string{`criteria.yaml:2:24: criteria: categories has "privcy"; did you mean privacy?`}},
		{"criteria.yaml", "[security]", "[availability]", []string{
			`criteria.yaml:2:1: warning: criteria: the common criteria apply`,
			`criteria.yaml:2:1: warning: criteria: no control maps to A1.1, A1.2, A1.3;`,
			`controls/CM-01.yaml:9:12: warning: control CM-01: criteria names CC8.1, which is not in scope`,
		}},
		{"criteria.yaml", "CC1.1, reason: Not part of this small program", "CC1.1, reason: ''", []string{`criteria.yaml:4:32: criteria: criterion CC1.1 is left out without a reason`}},
		{"criteria.yaml", "criterion: CC1.1,", "criterion: CC1.9,", []string{
			`criteria.yaml:4:17: criteria: not_relevant names "CC1.9", which is no criterion of tsc-2017`,
			`criteria.yaml:2:1: warning: criteria: no control maps to CC1.1;`,
		}},
		{"criteria.yaml", "edition: tsc-2017", "edition: tsc-2022", []string{`criteria.yaml:1:10: criteria: edition is "tsc-2022"; the catalog has tsc-2017`}},
		{"objectives/all.yaml", "[C, A]", "[C, Z]", []string{`objectives/all.yaml:4:19: objective PAY-CALC: assertions has "Z"`}},
		{"objectives/all.yaml", "- id: PAY-AUTH", "- id: PAY-CALC", []string{
			`objectives/all.yaml:6:7: objective PAY-CALC: the id is used twice; an id is never reused`,
			`controls/PAY-01.yaml:10:14: control PAY-01: objectives names objective "PAY-AUTH"`,
		}},
		{"objectives/all.yaml", "- id: PAY-AUTH", "- id: PAY-AUTH2", []string{
			`objectives/all.yaml:6:7: warning: objective PAY-AUTH2: no control maps to it`,
			`risks/R-01.yaml:3:14: risk R-01: objectives names objective "PAY-AUTH", which is not in the program; did you mean PAY-AUTH2?`,
			`user-entity.yaml:1:89: user-entity CUEC-01: objectives names objective "PAY-AUTH"`,
		}},
		{"risks/R-01.yaml", "CC8.1", "CC8.2", []string{`risks/R-01.yaml:4:12: risk R-01: criteria names "CC8.2", which is no criterion of tsc-2017; did you mean CC8.1?`}},
		{"risks/R-01.yaml", "medium", "middling", []string{`risks/R-01.yaml:5:13: risk R-01: likelihood is "middling"`}},

		// Controls.
		{"controls/PAY-01.yaml", "nature: hybrid", "nature: hybird", []string{`controls/PAY-01.yaml:6:9: control PAY-01: nature is "hybird"; did you mean hybrid?`}},
		{"controls/PAY-01.yaml", "kind: preventive", "kind: prevent", []string{`controls/PAY-01.yaml:7:7: control PAY-01: kind is "prevent"`}},
		{"controls/PAY-01.yaml", "each payroll run", "each", []string{`controls/PAY-01.yaml:8:12: control PAY-01: frequency is "each"`}},
		{"controls/PAY-01.yaml", "each payroll run", "biweekly", []string{`controls/PAY-01.yaml:8:12: control PAY-01: frequency is "biweekly"`}},
		{"controls/PAY-01.yaml", "[R-01]", "[R-01, R-02]", []string{`controls/PAY-01.yaml:11:15: control PAY-01: risks names risk "R-02"`}},
		{"controls/PAY-01.yaml", "[engine]", "[engin]", []string{`controls/PAY-01.yaml:12:11: control PAY-01: systems names system "engin", which is not in the program; did you mean engine?`}},
		{"controls/PAY-01.yaml", "owner: Head of payroll", "owner: ada@wharf.example", []string{`controls/PAY-01.yaml:4:8: control PAY-01: owner is "ada@wharf.example"`}},
		{"controls/PAY-01.yaml", "objectives: [PAY-AUTH]\n", "", []string{`controls/PAY-01.yaml:1:5: warning: control PAY-01: it maps to no objective and no criterion`}},
		{"controls/PAY-01.yaml", "statement: The", "statement: 'REPLACE: The' #", []string{`controls/PAY-01.yaml:3:12: warning: control PAY-01: statement still holds template text ("REPLACE:")`}},
		{"controls/PAY-01.yaml", "The client's", "<Name of client…>'s", []string{`controls/PAY-01.yaml:3:12: warning: control PAY-01: statement still holds template text ("<Name of client…>")`}},
		{"controls/CM-01.yaml", "method: observation", "method: inquiry", []string{`controls/CM-01.yaml:11:1: control CM-01: inquiry alone is no basis for a conclusion`}},
		{"controls/CM-01.yaml", "method: observation", "method: telepathy", []string{`controls/CM-01.yaml:16:13: control CM-01: method is "telepathy"`}},
		{"controls/CM-01.yaml", "CM-01.M2", "CM-01.M1", []string{`controls/CM-01.yaml:15:5: control CM-01: procedure CM-01.M1 is declared twice`}},
		{"controls/CM-01.yaml", "    steps: [Watch one review]\n", "", []string{`controls/CM-01.yaml:15:5: control CM-01: procedure CM-01.M2 has no steps`}},
		{"controls/PAY-03.yaml", "supersedes: PAY-02\n", "", []string{`controls/PAY-02.yaml:12:16: control PAY-02: it is superseded by PAY-03, which does not say that it supersedes PAY-02`}},
		{"controls/PAY-03.yaml", "supersedes: PAY-02", "supersedes: PAY-09", []string{`controls/PAY-03.yaml:12:13: control PAY-03: supersedes names control "PAY-09"`}},
		{"controls/PAY-03.yaml", "{from: 2025-07-01}", "{from: 2025-06-30}", []string{`controls/PAY-03.yaml:11:19: control PAY-03: it begins 2025-06-30, before PAY-02 ends on 2025-07-01; both would be in force`}},
		{"controls/PAY-03.yaml", "{from: 2025-07-01}", "{from: 2025-07-02}", []string{`controls/PAY-03.yaml:11:19: warning: control PAY-03: it begins 2025-07-02, and PAY-02 ends on 2025-07-01; between them nothing is in force`}},
		{"controls/PAY-02.yaml", "{to: 2025-07-01}", "{from: 2025-01-01}", []string{`controls/PAY-02.yaml:11:1: control PAY-02: it is superseded by PAY-03 on 2025-07-01 and does not say when it ends`}},
		{"controls/PAY-02.yaml", "{to: 2025-07-01}", "{from: 2025-07-01, to: 2025-07-01}", []string{`controls/PAY-02.yaml:11:35: control PAY-02: it is effective from 2025-07-01 to 2025-07-01, which is no time at all`}},
		{"controls/PAY-02.yaml", "superseded_by: PAY-03", "superseded_by: PAY-03\nsupersedes: PAY-03", []string{`controls/PAY-02.yaml:13:13: control PAY-02: it supersedes itself, by way of PAY-03`}},

		// Populations.
		{"populations/runs.yaml", "- id: runs", "- id: Runs", []string{
			`populations/runs.yaml:1:7: population Runs: "Runs" cannot be a name in SQL`,
			`tests/PAY-01.T1.yaml:4:13: test PAY-01.T1: population names population "runs"`,
		}},
		{"populations/runs.yaml", "name: run,", "name: item,", []string{
			`populations/runs.yaml:22:14: population runs: "item" is a name that ticktie itself uses in SQL`,
			`populations/runs.yaml:10:9: population runs: key names column "run"`,
		}},
		{"populations/runs.yaml", "system: engine", "system: engin", []string{`populations/runs.yaml:4:11: population runs: system names system "engin"`}},
		{"populations/runs.yaml", "    files:\n", "    git: {repository: x}\n    files:\n", []string{`populations/runs.yaml:5:3: population runs: source names exactly one connector`}},
		{"populations/runs.yaml", "format: csv", "format: cvs", []string{`populations/runs.yaml:8:15: population runs: format is "cvs"; did you mean csv?`}},
		{"populations/runs.yaml", "utf-8", "latin-1", []string{`populations/runs.yaml:9:17: population runs: encoding is "latin-1"`}},
		{"populations/runs.yaml", "      paths: [runs/*.csv]\n", "", []string{`populations/runs.yaml:6:5: population runs: source.files names no paths`}},
		{"populations/runs.yaml", "zone: Europe/Dublin", "zone: CEST", []string{`populations/runs.yaml:12:9: population runs: zone is "CEST"`}},
		{"populations/runs.yaml", "local_time: earlier", "local_time: first", []string{`populations/runs.yaml:13:25: population runs: ambiguous_local_time is "first"`}},
		{"populations/runs.yaml", "leave_out", "drop", []string{`populations/runs.yaml:14:19: population runs: outside_period is "drop"`}},
		{"populations/runs.yaml", "expected_every: week", "expected_every: fortnight", []string{`populations/runs.yaml:19:19: population runs: expected_every is "fortnight"`}},
		{"populations/runs.yaml", "key: [run]", "key: [run, rum]", []string{`populations/runs.yaml:10:14: population runs: key names column "rum", which is not in the program; did you mean run?`}},
		{"populations/runs.yaml", "key: [run]", "key: [run, iban]", []string{`populations/runs.yaml:10:14: population runs: key column iban is restricted`}},
		{"populations/runs.yaml", "event_time: released_at", "event_time: author", []string{`populations/runs.yaml:11:15: population runs: event_time author is text; it must be a timestamp or a date`}},
		{"populations/runs.yaml", "  event_time: released_at\n", "", []string{`populations/runs.yaml:1:3: population runs: event_time is missing`}},
		{"populations/runs.yaml", "event_time: released_at", "event_time: released", []string{`populations/runs.yaml:11:15: population runs: event_time names column "released", which is not in the program; did you mean released_at?`}},
		{"populations/runs.yaml", "type: boolean", "type: bool", []string{`populations/runs.yaml:27:28: population runs: type is "bool"; did you mean boolean?`}},
		{"populations/runs.yaml", "precision: 20", "precision: 39", []string{`populations/runs.yaml:26:48: population runs: column amount is a decimal of 39 digits`}},
		{"populations/runs.yaml", "precision: 20, scale: 2", "precision: 20", []string{`populations/runs.yaml:26:28: population runs: column amount is a decimal without a scale`}},
		{"populations/runs.yaml", "precision: 20, scale: 2", "precision: 20, scale: 21", []string{`populations/runs.yaml:26:59: population runs: column amount is a decimal(20,21)`}},
		{"populations/runs.yaml", "name: author, type: text", "name: author, type: text, scale: 2", []string{`populations/runs.yaml:25:28: population runs: column author has a precision, scale or rounding and is no decimal`}},
		{"populations/runs.yaml", "name: author,", "name: approver,", []string{`populations/runs.yaml:25:7: population runs: column approver is declared twice`}},
		{"populations/runs.yaml", "kind: count", "kind: counted", []string{`populations/runs.yaml:31:13: population runs: kind is "counted"; did you mean count?`}},
		{"populations/runs.yaml", "expect: 52", "expect: 52,000", []string{`populations/runs.yaml:34:15: population runs: tie-out bank-count: expect "52,000" is no exact number`}},
		{"populations/runs.yaml", "      source: Bank statement of 2025-12-31\n", "", []string{`populations/runs.yaml:31:13: population runs: tie-out bank-count of kind count needs source`}},
		{"populations/runs.yaml", "against: bank,", "against: bnak,", []string{`populations/runs.yaml:36:66: population runs: against names population "bnak", which is not in the program; did you mean bank?`}},
		{"populations/runs.yaml", "against: bank,", "against: runs,", []string{`populations/runs.yaml:36:51: population runs: tie-out bank-amount is against the population itself`}},
		{"populations/runs.yaml", "tolerance: 0.00", "tolerance: 1%", []string{`populations/runs.yaml:36:164: population runs: tie-out bank-amount: tolerance "1%" is no exact number`}},
		{"populations/runs.yaml", "against_by: [ref]", "against_by: [ref, debit]", []string{`populations/runs.yaml:36:134: population runs: tie-out bank-amount matches 1 keys with 2`}},
		{"populations/runs.yaml", "kind: sequence, series: run", "kind: sequence", []string{`populations/runs.yaml:37:27: population runs: tie-out numbers of kind sequence needs series`}},
		{"populations/runs.yaml", "id: numbers", "id: bank-count", []string{`populations/runs.yaml:37:7: population runs: tie-out bank-count is declared twice`}},
		{"populations/runs.yaml", "  state: true\n", "", []string{
			`populations/runs.yaml:41:10: population bank: as_of is the day of a state; add state: true`,
		}},
		{"populations/runs.yaml", "header: none, names: [ref, debit]", "header: none", []string{`populations/runs.yaml:45:61: population bank: files without a header need names`}},
		{"populations/runs.yaml", `delimiter: ";"`, `delimiter: ";;"`, []string{`populations/runs.yaml:45:48: population bank: delimiter is ";;"; it is one character`}},
		{"populations/runs.yaml", "      increase: sum(debit)\n", "", []string{`populations/runs.yaml:52:13: population bank: tie-out balance of kind roll_forward needs increase or decrease`}},
		{"populations/changes.yaml", "independent: true, ", "", []string{`populations/changes.yaml:1:5: warning: population changes: it has no independent tie-out`}},
		{"populations/changes.yaml", "time: committer", "time: commit", []string{`populations/changes.yaml:5:60: population changes: time is "commit"; did you mean committer?`}},
		{"populations/changes.yaml", "by: [commit], against_by: [run]", "against_by: [run]", []string{`populations/changes.yaml:15:25: population changes: tie-out tickets of kind reconcile needs by`}},

		// Parameters.
		{"parameters/overtime_rates.yaml", "id: overtime_rates", "id: runs", []string{`parameters/overtime_rates.yaml:1:5: parameter runs: a population has the same id`}},
		{"parameters/overtime_rates.yaml", "from: 2025-07-01, grade: A", "from: 2025-06-30, grade: A", []string{`parameters/overtime_rates.yaml:10:5: parameter overtime_rates: rows 1 and 2, with the same grade, are both in force on 2025-06-30`}},
		{"parameters/overtime_rates.yaml", "from: 2025-07-01, grade: A", "from: 2025-07-02, grade: A", []string{`parameters/overtime_rates.yaml:10:5: warning: parameter overtime_rates: row 2 begins 2025-07-02, and row 1 ends on 2025-07-01; between them nothing is in force`}},
		{"parameters/overtime_rates.yaml", "from: 2024-01-01, to: 2025-07-01", "from: 2025-07-01, to: 2025-07-01", []string{`parameters/overtime_rates.yaml:9:5: parameter overtime_rates: row 1 is in force from 2025-07-01 to 2025-07-01, which is no time at all`}},
		{"parameters/overtime_rates.yaml", "from: 2024-01-01", "from: July", []string{`parameters/overtime_rates.yaml:9:5: parameter overtime_rates: row 1: "July" is not a date`}},
		{"parameters/overtime_rates.yaml", "grade: B", "grad: B", []string{
			`parameters/overtime_rates.yaml:11:5: parameter overtime_rates: row 3 has "grad", which is no column; did you mean grade?`,
			`parameters/overtime_rates.yaml:11:5: parameter overtime_rates: row 3 has no grade`,
		}},
		{"parameters/overtime_rates.yaml", "key: [grade]", "key: [level]", []string{`parameters/overtime_rates.yaml:7:7: parameter overtime_rates: key names column "level"`}},

		// Tests.
		{"tests/PAY-01.T1.yaml", "control: PAY-01", "control: PAY-1", []string{`tests/PAY-01.T1.yaml:2:10: test PAY-01.T1: control names control "PAY-1", which is not in the program; did you mean PAY-01?`}},
		{"tests/PAY-01.T1.yaml", "rate: 0.05", "rate: 5%", []string{`tests/PAY-01.T1.yaml:16:27: test PAY-01.T1: tolerable_deviation_rate is "5%"`}},
		{"tests/PAY-01.T1.yaml", "rate: 0.05", "rate: 1", []string{`tests/PAY-01.T1.yaml:16:27: test PAY-01.T1: tolerable_deviation_rate is "1"`}},
		{"tests/PAY-01.T1.yaml", "    not_applicable_because: manual runs are approved on paper\n", "", []string{`tests/PAY-01.T1.yaml:9:14: test PAY-01.T1: attribute A does not apply to every item and gives no reason`}},
		{"tests/PAY-01.T1.yaml", "    absent_is_deviation: [approver]\n", "", []string{`tests/PAY-01.T1.yaml:8:12: warning: test PAY-01.T1: attribute A does not say what an absent approver means`}},
		{"tests/PAY-01.T1.yaml", "absent_is_deviation: [approver]", "absent_is_deviation: [approved]", []string{
			`tests/PAY-01.T1.yaml:11:27: test PAY-01.T1: absent_is_deviation names column "approved"`,
			`tests/PAY-01.T1.yaml:8:12: warning: test PAY-01.T1: attribute A does not say what an absent approver means`,
		}},
		{"tests/PAY-01.T1.yaml", "iban IS NULL OR iban <> '<none>'", "iban <> 'IS NULL' -- iban IS NULL", []string{`tests/PAY-01.T1.yaml:14:12: warning: test PAY-01.T1: attribute B does not say what an absent iban means`}},
		{"tests/PAY-01.T1.yaml", "    holds: approver <> author\n", "", []string{`tests/PAY-01.T1.yaml:6:5: test PAY-01.T1: holds is missing`}},
		{"tests/PAY-01.T1.yaml", "- id: B", "- id: A", []string{`tests/PAY-01.T1.yaml:12:5: test PAY-01.T1: attribute A is declared twice`}},
		{"tests/PAY-01.T1.yaml", "2: {A: not_applicable, B: met}", "2: {A: not_applicable}", []string{`tests/PAY-01.T1.yaml:12:9: warning: test PAY-01.T1: attribute B needs a fixture row that is met and one that is a deviation`}},
		{"tests/PAY-01.T1.yaml", "B: met}", "B: mett}", []string{`tests/PAY-01.T1.yaml:27:33: test PAY-01.T1: fixture "account" expects "mett" of item 2; did you mean met?`}},
		{"tests/PAY-01.T1.yaml", "B: met}", "C: met}", []string{`tests/PAY-01.T1.yaml:27:33: test PAY-01.T1: fixture "account" expects something of attribute "C"`}},
		{"tests/PAY-01.T1.yaml", "{run: 2, author: ada", "{run: 2, autor: ada", []string{`tests/PAY-01.T1.yaml:24:11: test PAY-01.T1: fixture "account": row 2 of runs has "autor", which is no column; did you mean author?`}},
		{"tests/PAY-01.T1.fixtures.yaml", "    runs:", "    run:", []string{`tests/PAY-01.T1.fixtures.yaml:3:5: test PAY-01.T1: fixture "approver" has rows of "run", which is no population or parameter table; did you mean runs?`}},
		{"tests/PAY-01.T1.fixtures.yaml", "name: approver", "name: account", []string{`tests/PAY-01.T1.fixtures.yaml:1:3: test PAY-01.T1: fixture account is declared twice`}},
		{"tests/versions.yaml", "with: [bank]", "with: [banks]", []string{`tests/versions.yaml:5:10: test PAY-01.T2: with names population "banks"`}},
		{"tests/versions.yaml", "parameters: [overtime_rates]", "parameters: [rates]", []string{`tests/versions.yaml:6:16: test PAY-01.T2: parameters names parameter table "rates"`}},
		{"tests/versions.yaml", "{from: 2025-07-01}", "{from: 2025-08-01}", []string{`tests/versions.yaml:10:21: warning: test PAY-01.T2: it begins 2025-08-01, and PAY-01.T1 ends on 2025-07-01`}},
		{"tests/versions.yaml", "FP-DUP", "FP-DUPE", []string{`tests/versions.yaml:27:20: test PAY-02.T1: there is no generic procedure "FP-DUPE"; did you mean FP-DUP?`}},
		{"tests/versions.yaml", "  use:", "  frame: SELECT 1\n  use:", []string{`tests/versions.yaml:28:3: test PAY-02.T1: it has both use and a frame`}},
		{"tests/versions.yaml", "2: {A: met}\n", "2: {A: not_applicable}\n", []string{`tests/versions.yaml:28:3: warning: test PAY-02.T1: attribute A needs a fixture row`}},

		// Others.
		{"subservice/cloud.yaml", "method: carve_out", "method: carveout", []string{`subservice/cloud.yaml:4:9: subservice cloud: method is "carveout"; did you mean carve_out?`}},
		{"subservice/cloud.yaml", "[CM-01]", "[CM-02]", []string{`subservice/cloud.yaml:6:98: subservice cloud: controls names control "CM-02", which is not in the program; did you mean CM-01?`}},
		{"subservice/cloud.yaml", "last: 2025-09-30", "last: 2024-09-30", []string{`subservice/cloud.yaml:8:52: subservice cloud: its last day 2024-09-30 is before its first 2024-10-01`}},
		{"subservice/cloud.yaml", "  - {id: CSOC-01, text: Physical access to servers is restricted., criteria: [CC6.4], controls: [CM-01]}\n", "", []string{
			`subservice/cloud.yaml:4:9: warning: subservice cloud: it is carved out, and no complementary control is expected of it`,
			`criteria.yaml:2:1: warning: criteria: no control maps to CC6.4;`,
		}},
		{"user-entity.yaml", ", controls: [PAY-01]", "", []string{`user-entity.yaml:1:8: warning: user-entity CUEC-01: no control needs it`}},
		{"user-entity.yaml", "controls: [PAY-01]", "controls: [PAY-1]", []string{`user-entity.yaml:1:111: user-entity CUEC-01: controls names control "PAY-1"`}},
		{"engagements/2025.yaml", "kind: soc1", "kind: soc", []string{`engagements/2025.yaml:3:9: engagement soc1-2025: kind is "soc"; did you mean soc1?`}},
		{"engagements/2025.yaml", "type: 2", "type: 3", []string{`engagements/2025.yaml:4:9: engagement soc1-2025: type is 3`}},
		{"engagements/2025.yaml", "last: 2025-12-31", "last: 2024-12-31", []string{`engagements/2025.yaml:6:9: engagement soc1-2025: its last day 2024-12-31 is before its first 2025-01-01`}},
		{"engagements/2025.yaml", "  last: 2025-12-31\n", "", []string{`engagements/2025.yaml:4:9: engagement soc1-2025: a Type 2 examination needs its first and last day`}},
		{"engagements/2025.yaml", "2032-12-31", "2025-06-30", []string{`engagements/2025.yaml:7:20: engagement soc1-2025: evidence would be kept until 2025-06-30, before the examination ends on 2025-12-31`}},
		{"engagements/2025.yaml", "  as_of: 2025-12-31\n", "", []string{`engagements/2025.yaml:11:9: engagement soc2-start: a Type 1 examination needs its day`}},
		{"engagements/2025.yaml", "[security]", "[security, privacy]", []string{`engagements/2025.yaml:13:26: engagement soc2-start: category privacy is not in scope`}},
		{"engagements/2025.yaml", "[CM-01]", "[CM-99]", []string{
			`engagements/2025.yaml:14:14: engagement soc2-start: controls names control "CM-99"`,
			`engagements/2025.yaml:8:7: warning: engagement soc2-start: it examines no control`,
		}},
		{"engagements/2025.yaml", "[changes]", "[change]", []string{`engagements/2025.yaml:15:17: engagement soc2-start: populations names population "change"`}},
		{"description/01-system.md", "<b>one</b>", "<number of engines>", []string{`description/01-system.md:3:23: warning: the description still holds template text ("<number of engines>")`}},
		{"description/01-system.md", "payroll", "TODO", []string{`description/01-system.md:3:12: warning: the description still holds template text ("TODO")`}},
	}
}

// Every slip is found at its place, whatever else it brings about.
func TestSlipsInAGoodProgram(t *testing.T) {
	base := goodFiles(t)
	for _, s := range slips() {
		t.Run(s.file+" "+strings.TrimSpace(s.to), func(t *testing.T) {
			files := maps.Clone(base)
			if s.file == "" {
				files[s.to] = "x: y\n"
			} else {
				if !strings.Contains(files[s.file], s.from) {
					t.Fatalf("%s does not hold %q", s.file, s.from)
				}
				files[s.file] = strings.Replace(files[s.file], s.from, s.to, 1)
			}
			p, findings, err := Load(write(t, files))
			if err != nil {
				t.Fatal(err)
			}
			findings = append(findings, Check(p)...)
			for _, want := range s.want {
				if !slices.ContainsFunc(findings, func(f Finding) bool { return strings.HasPrefix(f.String(), want) }) {
					t.Errorf("not found: %s\nfound: %v", want, findings)
				}
			}
			for _, f := range findings {
				if f.File == "" || f.Line == 0 || f.Column == 0 || f.Code == "" || f.Message == "" {
					t.Errorf("a finding without place or words: %+v", f)
				}
			}
		})
	}
}
