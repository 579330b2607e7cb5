package program

import "github.com/ticktie/ticktie/internal/engagement"

// Program is a whole control set as written by people, read from one directory.
type Program struct {
	Dir          string // absolute directory of ticktie.yaml
	Organization Organization
	Criteria     CriteriaScope
	Objectives   []Objective
	Risks        []Risk
	Controls     []Control
	Populations  []Population
	Parameters   []ParameterTable
	Tests        []Test
	Subservice   []SubserviceOrganization
	CUECs        []CUEC
	Engagements  []Engagement
	// Files are all files that make up the program (YAML, SQL, Markdown),
	// slash-separated paths relative to Dir in sorted order: what a bundle carries.
	Files []string

	places       places
	descriptions map[string]string // description/*.md by path, for Check
	unread       []string          // ids of controls whose files could not be read
}

// Organization is ticktie.yaml.
type Organization struct {
	// Name of the service organization as people call it. Example: `Harborline`
	Name string `yaml:"name"`
	// Name as registered. Example: `Harborline Payroll, Inc.`
	LegalName string `yaml:"legal_name"`
	// What service is provided, to whom. Example: `Payroll for small companies`
	Description string `yaml:"description"`
	// IANA zone of business dates: it decides which day an event belongs to. Example:
	// `America/New_York`
	Zone string `yaml:"zone"`
	// The kinds of report that are wanted. Example: `[soc1, soc2]`
	Reports []string `yaml:"reports"`
	// Legal entities and locations. Example: `[{id: us, name: Harborline Inc}]`
	Entities []Entity `yaml:"entities"`
	// Parts of the examined system. Example: `[{id: payroll, name: Payroll engine, kind:
	// application}]`
	Systems []System `yaml:"systems"`
	// Business days and the fiscal year. Example: `{weekend: [saturday, sunday]}`
	Calendar Calendar `yaml:"calendar"`
}

// Entity is a legal entity or location of the service organization.
type Entity struct {
	// Unique among entities. Example: `us`
	ID string `yaml:"id"`
	// Name as registered. Example: `Harborline Inc`
	Name string `yaml:"name"`
}

// System is a part of the examined system.
type System struct {
	// What controls and populations refer to. Example: `payroll`
	ID string `yaml:"id"`
	// Name that people use. Example: `Payroll engine`
	Name string `yaml:"name"`
	// What it is. Example: `application`
	Kind string `yaml:"kind"`
	// What it does in the service. Example: `Calculates pay`
	Description string `yaml:"description"`
	// A role, never a person. Example: `Head of payroll operations`
	Owner string `yaml:"owner"`
}

// Calendar names business days.
type Calendar struct {
	// Month and day as MM-DD. Example: `"07-01"`
	FiscalYearStart string `yaml:"fiscal_year_start"`
	// Days without business. Default: saturday, sunday. Example: `[friday, saturday]`
	Weekend []string `yaml:"weekend"`
	// Dates without business. Example: `[2025-01-01, 2025-12-25]`
	Holidays []engagement.Date `yaml:"holidays"`
}

// Effective says from when (inclusive) to when (exclusive) something is in force.
type Effective struct {
	// First day in force. Default: always. Example: `2025-01-01`
	From engagement.Date `yaml:"from" json:"from,omitzero"`
	// First day no longer in force. Default: open. Example: `2025-07-01`
	To engagement.Date `yaml:"to" json:"to,omitzero"`
}

// CriteriaScope is criteria.yaml.
type CriteriaScope struct {
	// The set of criteria. Default: tsc-2017. Example: `tsc-2017`
	Edition string `yaml:"edition"`
	// Trust services categories in scope; none for SOC 1 alone. Example: `[security, availability]`
	Categories []string `yaml:"categories"`
	// Parts of HIPAA in scope. Nothing is derived from them yet. Example: `[security]`
	HIPAA []string `yaml:"hipaa"`
	// Criteria left out, each with its reason. Example: `[{criterion: CC6.4, reason: No premises}]`
	NotRelevant []NotRelevant `yaml:"not_relevant"`
}

// NotRelevant is a criterion left out with its reason.
type NotRelevant struct {
	// Identifier of the criterion. Example: `P5.2`
	Criterion string `yaml:"criterion"`
	// Why it does not apply. Example: `The controller corrects its data`
	Reason string `yaml:"reason"`
}

// Objective is a SOC 1 control objective, written by management.
type Objective struct {
	// Unique among objectives. Example: `PAY-CALC`
	ID string `yaml:"id"`
	// The result that controls must achieve, written by management. Example: `Pay is calculated
	// completely and accurately`
	Text string `yaml:"text"`
	// Class of service. Example: `payroll`
	Service string `yaml:"service"`
	// Financial statement assertions: O occurrence, C completeness, A accuracy, V valuation, K
	// cut-off, L classification, R rights, P presentation, E existence. Example: `[C, A]`
	Assertions []string `yaml:"assertions"`
	// Accounts of user entities that it affects. Example: `[Wages expense]`
	Accounts []string `yaml:"accounts"`
}

// Risk is what could go wrong.
type Risk struct {
	// Unique among risks. Example: `R-01`
	ID string `yaml:"id"`
	// What could go wrong. Example: `A payment goes to a changed account`
	Text string `yaml:"text"`
	// Objectives at risk, by id. Example: `[PAY-CALC]`
	Objectives []string `yaml:"objectives"`
	// Criteria at risk, by identifier. Example: `[CC6.1]`
	Criteria []string `yaml:"criteria"`
	// Before controls. Example: `medium`
	Likelihood string `yaml:"likelihood"`
	// Before controls. Example: `high`
	Impact string `yaml:"impact"`
}

// Control is one control, one file. An id is never reused.
type Control struct {
	// Unique, equal to the name of its file, never reused. Example: `PAY-03`
	ID string `yaml:"id"`
	// Short name. Example: `Run approved before release`
	Title string `yaml:"title"`
	// Who does what, when, with what result. Example: `The controller approves each run before it is
	// released.`
	Statement string `yaml:"statement"`
	// Answerable role, never a person. Example: `Controller`
	Owner string `yaml:"owner"`
	// Role or system that performs it. Example: `Payroll analyst`
	Operator string `yaml:"operator"`
	// Who performs it. Example: `hybrid`
	Nature string `yaml:"nature"`
	// Whether it stops, finds or repairs. Example: `preventive`
	Kind string `yaml:"kind"`
	// How often it should operate: one of the words, or "each" and an event. Example: `each payroll
	// run`
	Frequency string `yaml:"frequency"`
	// Needed to meet an objective or criterion; then it needs a test or a manual procedure. Default:
	// false. Example: `true`
	Key bool `yaml:"key"`
	// Objectives it serves, by id. Example: `[PAY-CALC]`
	Objectives []string `yaml:"objectives"`
	// Criteria it meets, by identifier. Example: `[CC8.1]`
	Criteria []string `yaml:"criteria"`
	// Risks it reduces, by id. Example: `[R-01]`
	Risks []string `yaml:"risks"`
	// Systems it works in, by id. Example: `[payroll]`
	Systems []string `yaml:"systems"`
	// When it is in force. Default: always. Example: `{from: 2025-01-01}`
	Effective Effective `yaml:"effective"`
	// Manual test procedures. Inquiry alone is refused. Example: `[{id: PAY-03.M1, method: inspection,
	// steps: [Read the report]}]`
	Procedures []Procedure `yaml:"procedures"`
	// Id of the control that it replaces, which ends on the day this one begins. Example: `PAY-02`
	Supersedes string `yaml:"supersedes"`
	// Examples only: what a competent auditor would conclude. Example: `No deviation in the whole
	// population`
	Conclusion string `yaml:"auditor_would_conclude"`
	// Id of the control that replaces it; that one says supersedes. Example: `PAY-04`
	Superseded string `yaml:"superseded_by"`
	// More than the statement says. Example: `The report shows each change above 10 %`
	Description string `yaml:"description"`
}

// Procedure is a manual test procedure: inquiry, observation or inspection.
type Procedure struct {
	// Unique in its control. Example: `PAY-03.M1`
	ID string `yaml:"id"`
	// How evidence is had. Example: `inspection`
	Method string `yaml:"method"`
	// What is done, in order; at least one. Example: `[Obtain the report, Compare its totals]`
	Steps []string `yaml:"steps"`
}

// Population is a definition: what one item is, where it comes from, and how
// its completeness and accuracy are shown.
type Population struct {
	// Name of its view in SQL: small letters, digits, underscores. Example: `bank_files`
	ID string `yaml:"id"`
	// Short name. Example: `Bank files sent`
	Title string `yaml:"title"`
	// What one item is. Example: `one bank file`
	Item string `yaml:"item"`
	// System it comes from, by id. Example: `treasury`
	System string `yaml:"system"`
	// Exactly one connector with its settings. Example: `{files: {paths: [bank/*.csv]}}`
	Source Source `yaml:"source"`
	// Column names, or the single word "position". Example: `[file_id]`
	Key []string `yaml:"key"`
	// Column of type timestamp or date that says when each event happened; required unless state.
	// Example: `sent_at`
	EventTime string `yaml:"event_time"`
	// Zone is the IANA zone of local days, and of local times without an offset. Default: the
	// organization's zone. Example: `Europe/Berlin`
	Zone string `yaml:"zone"`
	// AmbiguousLocalTime says which instant is meant when a clock change makes a local time double:
	// refuse (default), earlier, later. Example: `earlier`
	AmbiguousLocalTime string `yaml:"ambiguous_local_time"`
	// OutsidePeriod says what a record with an event time outside the period gets: refuse (default) or
	// leave_out (counted and shown, not an item). Example: `leave_out`
	OutsidePeriod string `yaml:"outside_period"`
	// State is true for a list as of a day (accounts, rates), which has no event time and no coverage
	// by day. Example: `true`
	State bool `yaml:"state"`
	// AsOf is the day of a state; default the last day of the period. Example: `2025-12-31`
	AsOf engagement.Date `yaml:"as_of"`
	// Why an empty population can be true; needs a passing independent tie-out. Example: `No incident
	// was recorded`
	EmptyMeans string `yaml:"empty_means"`
	// Somebody gave us the files, nobody observed the extraction. Example: `true`
	HandedOver bool `yaml:"handed_over"`
	// The query or report parameters used upstream, when files were exported by hand. Example: `SELECT
	// * FROM runs WHERE year = 2025`
	QueryText string `yaml:"query"`
	// What the source cannot show. Example: `[Manual cheques are not in it]`
	BlindSpots []string `yaml:"blind_spots"`
	// How long the source keeps its records. Example: `13 months`
	Retention string `yaml:"source_retention"`
	// Nulls are texts that mean "absent" in every column, besides the empty field. Example: `["N/A",
	// "-"]`
	Nulls []string `yaml:"nulls"`
	// Typed columns; what is not declared is not read. Example: `[{name: amount, type: decimal, scale:
	// 2}]`
	Columns []Column `yaml:"columns"`
	// Ways to show that it is complete and accurate. Without a passing independent one it is unproven.
	// Example: `[{id: count, kind: count, expect: 12}]`
	TieOuts []TieOut `yaml:"tie_outs"`
	// How often an event is expected; a stretch without one is shown as a gap. Default: no
	// expectation. Example: `business_day`
	ExpectedEvery string `yaml:"expected_every"`
	// Unit is the currency or unit of all decimal columns that name none. Example: `USD`
	Unit string `yaml:"unit"`
}

// Column is one typed column of a population.
type Column struct {
	// Name in SQL: small letters, digits, underscores. Example: `amount`
	Name string `yaml:"name"`
	// Name in the header, or JSON path such as a.b[0].c. Default: name. Example: `Amount (USD)`
	From string `yaml:"from" json:"from,omitzero"`
	// Declared, never guessed. Example: `decimal`
	Type string `yaml:"type"`
	// Digits of a decimal, 1 to 38. Default: 18. Example: `20`
	Precision int `yaml:"precision"`
	// Decimals of a decimal; required for one. Example: `2`
	Scale int `yaml:"scale"`
	// Currency or unit. Default: the population's. Example: `EUR`
	Unit string `yaml:"unit"`
	// Format of a date or timestamp as strptime directives; default ISO 8601. Several may be listed; a
	// value that fits none is refused. Example: `["%d.%m.%Y"]`
	Format []string `yaml:"format"`
	// Zone of a timestamp without an offset; default the population's zone. Example: `America/Chicago`
	Zone string `yaml:"zone"`
	// Mark before decimals. Default: a point. Example: `","`
	DecimalMark string `yaml:"decimal_mark"`
	// Mark between thousands. Default: none. Example: `"."`
	Thousands string `yaml:"thousands_mark"`
	// (12.00) is -12.00. Default: refused. Example: `true`
	Parentheses bool `yaml:"parentheses_negative"`
	// 12.00- is -12.00. Default: refused. Example: `true`
	TrailingSign bool `yaml:"trailing_minus"`
	// Text before a number that is taken off. Example: `$`
	Prefix string `yaml:"strip_prefix"`
	// Strip blanks around a text. Default: false. Example: `true`
	Trim bool `yaml:"trim"`
	// Fold the case of a text, e.g. of handles. Default: false. Example: `true`
	Lower bool `yaml:"lower"`
	// Texts of a boolean that mean true. Default: true. Example: `[Y, Yes]`
	True []string `yaml:"true"`
	// Texts of a boolean that mean false. Default: false. Example: `[N, No]`
	False []string `yaml:"false"`
	// Texts that mean "absent" in this column, besides the empty field. Example: `["0000-00-00"]`
	Nulls []string `yaml:"nulls"`
	// An absent value refuses the record. Default: false. Example: `true`
	Required bool `yaml:"required"`
	// The column may be missing from a file. Default: false. Example: `true`
	Optional bool `yaml:"optional"`
	// RoundTo accepts more decimals than Scale and rounds them, visibly, by this mode: half_up,
	// half_even, down. Empty: such a value is refused. Example: `half_up`
	RoundTo string `yaml:"round"`
	// Kept apart and never shown in results; not for key or event time. Default: false. Example:
	// `true`
	Restricted bool `yaml:"restricted"`
	// What the column means. Example: `Gross pay in the run`
	Text string `yaml:"text"`
}

// Source names one connector and its settings; exactly one is set.
type Source struct {
	// Files that are already here. Example: `{paths: [runs/*.csv]}`
	Files *FilesSource `yaml:"files"`
	// Changes in a git repository. Example: `{repository: tools.git, branch: main}`
	Git *GitSource `yaml:"git"`
}

// FilesSource reads files that are already here.
type FilesSource struct {
	// Globs, relative to the data directory (--data; default: the program's own). Example:
	// `[runs/2025-*.csv.gz]`
	Paths []string `yaml:"paths"`
	// Default: by file name. Compression is found by content. Example: `csv`
	Format string `yaml:"format"`
	// Default: detected, and recorded. Example: `windows-1252`
	Encoding string `yaml:"encoding"`
	// Glob of members inside a zip. Default: all. Example: `"*.csv"`
	Member string `yaml:"member"`
	// One character. Default: a comma for csv, a tab for tsv. Example: `";"`
	Delimiter string `yaml:"delimiter"`
	// One character, or none for no quoting. Default: a double quote. Example: `none`
	Quote string `yaml:"quote"`
	// One character. Default: a doubled quote. Example: `"\\"`
	Escape string `yaml:"escape"`
	// Whether the first record names the fields. Default: first. Example: `none`
	Header string `yaml:"header"`
	// Field names of files without a header, in order. Example: `[id, amount]`
	Names []string `yaml:"names"`
	// Lines before the header. Default: 0. Example: `3`
	SkipLines int `yaml:"skip_lines"`
	// JSON: path of the array that holds the records. Example: `Records`
	Records string `yaml:"records"`
	// JSON: path of an array inside each record: one item for each of its elements. Example: `lines`
	Explode string `yaml:"explode"`
	// XLSX: name of the sheet. Default: the only visible one. Example: `Runs`
	Sheet string `yaml:"sheet"`
	// Name of a field to add that holds the file's base name. Example: `file`
	FileColumn string `yaml:"file_column"`
}

// GitSource reads the changes on a branch's first-parent line.
type GitSource struct {
	// Path, relative to the data directory. Example: `tools.git`
	Repository string `yaml:"repository"`
	// Default: the branch that HEAD names. Example: `main`
	Branch string `yaml:"branch"`
	// Only changes that touch these. Default: all. Example: `[deploy/]`
	Paths []string `yaml:"paths"`
	// Which time of a commit is its event time. Default: committer. Example: `author`
	Time string `yaml:"time"`
}

// TieOut is one way to show that a population is complete and accurate.
type TieOut struct {
	// Unique in its population. Example: `count-bank`
	ID string `yaml:"id"`
	// How it ties out. Example: `count`
	Kind string `yaml:"kind"`
	// What is compared, in words. Example: `Payments as counted by the bank`
	Text string `yaml:"text"`
	// Independent: the other side comes from a source that the population's own producer could not
	// have made agree. Example: `true`
	Independent bool `yaml:"independent"`
	// Another population's id (count, total, reconcile, second_extraction). Example: `bank_statement`
	Against string `yaml:"against"`
	// A control total known from outside, an exact number. Example: `51335`
	Expect string `yaml:"expect"`
	// Where the expected value comes from; required for an independent one. Example: `Statement of the
	// bank of 2025-12-31`
	Source string `yaml:"source"`
	// SQL aggregate over this population. Default of a count: count(*). Example: `sum(amount)`
	Measure string `yaml:"measure"`
	// AgainstMeasure is the aggregate over Against; default Measure. Example: `sum(debit)`
	AgainstMeasure string `yaml:"against_measure"`
	// Keys on which totals must agree, or that match records (reconcile). Example: `[account,
	// currency]`
	By []string `yaml:"by"`
	// The same keys on the other side, in the same order. Default: by. Example: `[acct, ccy]`
	AgainstBy []string `yaml:"against_by"`
	// SQL condition: which of our items count. Default: all. Example: `status = 'posted'`
	Where string `yaml:"where"`
	// SQL condition on the other side. Default: all. Example: `amount > 0`
	AgainstWhere string `yaml:"against_where"`
	// SQL expression of the number in a gapless sequence. Example: `number`
	Series string `yaml:"series"`
	// What separates one series from another. Example: `[entity, year]`
	SeriesBy []string `yaml:"series_by"`
	// SQL aggregate of the opening balance (roll_forward). Example: `sum(amount) FILTER (WHERE kind =
	// 'opening')`
	Opening string `yaml:"opening"`
	// SQL aggregate of what was added (roll_forward). Example: `sum(amount) FILTER (WHERE kind =
	// 'in')`
	Increase string `yaml:"increase"`
	// SQL aggregate of what was taken (roll_forward). Example: `sum(amount) FILTER (WHERE kind =
	// 'out')`
	Decrease string `yaml:"decrease"`
	// SQL aggregate of the closing balance (roll_forward). Example: `sum(amount) FILTER (WHERE kind =
	// 'closing')`
	Closing string `yaml:"closing"`
	// Largest difference that still agrees, an exact number. Default: 0. Example: `0.05`
	Tolerance string `yaml:"tolerance"`
}

// ParameterTable holds dated values: limits, rates, calendars.
type ParameterTable struct {
	// Name of its view in SQL: small letters, digits, underscores. Example: `overtime_rates`
	ID string `yaml:"id"`
	// Short name. Example: `Overtime rates`
	Title string `yaml:"title"`
	// The authority for the values. Example: `Agreement of 2024, annex 2`
	Source string `yaml:"source"`
	// Typed columns besides from and to, which SQL sees as valid_from and valid_to. Example: `[{name:
	// rate, type: decimal, scale: 2}]`
	Columns []Column `yaml:"columns"`
	// Key are the columns that tell one series of dated rows from another: for each of their values
	// one row is in force on a day. Default: all columns of type text and boolean. Example: `[grade]`
	Key []string `yaml:"key" json:"key,omitzero"`
	// Values, with from (first day in force) and to (first day no longer; absent: open). Numbers keep
	// the text that was written. Example: `[{from: 2025-01-01, grade: A, rate: 1.50}]`
	Rows []map[string]any `yaml:"rows"`
}

// Test performs attributes over every item of a population.
type Test struct {
	// Unique among tests. Example: `PAY-03.T1`
	ID string `yaml:"id"`
	// The control it tests, by id. Example: `PAY-03`
	Control string `yaml:"control"`
	// What it shows. Example: `Each run approved before release`
	Title string `yaml:"title"`
	// The population whose items are judged, by id. Example: `runs`
	Population string `yaml:"population"`
	// Other populations that the frame reads, by id. Example: `[approvals]`
	With []string `yaml:"with"`
	// Parameter tables that it reads, by id. Example: `[overtime_rates]`
	Parameters []string `yaml:"parameters"`
	// Frame is a SQL query with one row per item, or the path of a .sql file beside the test; empty:
	// the population itself. It must return the column item of the population. Example: `SELECT
	// r.item, a.approver FROM runs r LEFT JOIN approvals a USING (run)`
	Frame string `yaml:"frame"`
	// A generic procedure in place of Frame and Attributes. Example: `{procedure: FP-DUP, args: {by:
	// [invoice]}}`
	Use *Use `yaml:"use"`
	// What is judged of every item. Example: `[{id: A, text: Approved, holds: approver IS NOT NULL}]`
	Attributes []Attribute `yaml:"attributes"`
	// Exact decimal from 0 up to, not including, 1. Default: 0. Example: `0.05`
	Tolerable string `yaml:"tolerable_deviation_rate"`
	// Columns kept with each deviation, besides those the attributes name. Example: `[run, approver]`
	Show []string `yaml:"show"`
	// When this version is in force: items are judged by the version at their event time. Default:
	// always. Example: `{from: 2025-07-01}`
	Effective Effective `yaml:"effective"`
	// Id of the version that it replaces, which ends on the day this one begins. Example: `PAY-03.T0`
	Supersedes string `yaml:"supersedes"`
	// Cases that show what it catches, here or in <test id>.fixtures.yaml beside it. Example: `[{name:
	// both, rows: {runs: [{run: 1}]}, expect: {"1": {A: deviation}}}]`
	Fixtures []Fixture `yaml:"fixtures"`
	File     string    `yaml:"-"` // path relative to the program
}

// Use names a generic procedure and its arguments (domain: soc1-objectives 2.1).
type Use struct {
	// Generic procedure. Example: `FP-DUP`
	Procedure string `yaml:"procedure"`
	// Its arguments; each procedure has its own. Example: `{by: [invoice, amount]}`
	Args map[string]any `yaml:"args"`
}

// Attribute is one yes/no property judged for every item.
type Attribute struct {
	// Unique in its test: A, B, C and so on. Example: `A`
	ID string `yaml:"id"`
	// What is true of an item that is met. Example: `Approved by someone other than the author`
	Text string `yaml:"text"`
	// Scalar SQL condition over the frame: true is met, false a deviation, NULL not evaluable.
	// Example: `approver <> author`
	Holds string `yaml:"holds"`
	// Scalar SQL condition; false is not applicable, NULL not evaluable. Default: every item. Example:
	// `not emergency`
	Applies string `yaml:"applies"`
	// Why it does not apply to some items; required with applies. Example: `emergency changes are
	// approved afterwards`
	Because string `yaml:"not_applicable_because"`
	// Absent lists columns whose absence (NULL) means a deviation, not "not evaluable". Example:
	// `[approver]`
	Absent []string `yaml:"absent_is_deviation"`
	// Counted and followed up, but no deviation. Default: false. Example: `true`
	Lead bool `yaml:"lead"`
	// How it is judged. Default: full_population. Example: `full_population`
	Method string `yaml:"method"`
}

// Fixture is a named case: rows that attributes must, and must not, catch.
type Fixture struct {
	// What the case shows. Example: `approved by the author`
	Name string `yaml:"name"`
	// Rows by population id, or by parameter table id. A column that a row does not name is NULL.
	// Example: `{runs: [{run: 1, author: ada, approver: ada}]}`
	Rows map[string][]map[string]any `yaml:"rows"`
	// Expect maps an item's key (its columns joined by "|"; for position, "1", "2" …) to the expected
	// judgement of each attribute: met, deviation, not_evaluable, not_applicable. Example: `{"1": {A:
	// deviation}}`
	Expect map[string]map[string]string `yaml:"expect"`
}

// SubserviceOrganization is one file of subservice/.
type SubserviceOrganization struct {
	// Unique among subservice organizations. Example: `cloud`
	ID string `yaml:"id"`
	// Its name. Example: `A cloud provider`
	Name string `yaml:"name"`
	// What it provides. Example: `Hosting`
	Service string `yaml:"service"`
	// Whether its controls are left out of the description or in it. Example: `carve_out`
	Method string `yaml:"method"`
	// Controls that we assume it has; needed when carved out. Example: `[{id: CSOC-01, text: Restricts
	// physical access}]`
	CSOCs []CSOC `yaml:"csocs"`
	// Reports received from it. Example: `[{kind: soc2, type: 2, first: 2024-10-01, last:
	// 2025-09-30}]`
	Reports []SubserviceReport `yaml:"reports"`
}

// CSOC is a complementary subservice organization control.
type CSOC struct {
	// Unique in its organization. Example: `CSOC-01`
	ID string `yaml:"id"`
	// The control, as we assume it. Example: `Physical access to servers is restricted`
	Text string `yaml:"text"`
	// Objectives that need it, by id. Example: `[PAY-CALC]`
	Objectives []string `yaml:"objectives"`
	// Criteria that need it, by identifier. Example: `[CC6.4]`
	Criteria []string `yaml:"criteria"`
	// Our controls that monitor it, by id. Example: `[VEN-01]`
	Controls []string `yaml:"controls"`
}

// SubserviceReport is a report received from a subservice organization.
type SubserviceReport struct {
	// Kind of report. Example: `soc2`
	Kind string `yaml:"kind"`
	// 1 or 2. Example: `2`
	Type int `yaml:"type"`
	// First day of its period. Example: `2024-10-01`
	First engagement.Date `yaml:"first"`
	// Last day of its period; of a Type 1, its day. Example: `2025-09-30`
	Last engagement.Date `yaml:"last"`
	// What it leaves open for us. Example: `[October to December 2025]`
	Gaps []string `yaml:"gaps"`
}

// CUEC is a complementary user entity control.
type CUEC struct {
	// Unique among them. Example: `CUEC-01`
	ID string `yaml:"id"`
	// Who at the user entity does what, when. Example: `The client approves hours before it sends
	// them`
	Text string `yaml:"text"`
	// Objectives that need it, by id. Example: `[PAY-INPUT]`
	Objectives []string `yaml:"objectives"`
	// Criteria that need it, by identifier. Example: `[CC6.2]`
	Criteria []string `yaml:"criteria"`
	// The controls that need it, by id; at least one. Example: `[PAY-03]`
	Controls []string `yaml:"controls"`
}

// Engagement is one examination.
type Engagement struct {
	// Unique among engagements. Example: `soc1-2025`
	ID string `yaml:"id"`
	// Name that people use. Example: `"SOC 1 Type 2, 2025"`
	Title string `yaml:"title"`
	// Kind of report. Example: `soc1`
	Kind engagement.Kind `yaml:"kind"`
	// 1 as of a day, 2 over a period. Example: `2`
	Type int `yaml:"type"`
	// Type 2: first day of the period. Example: `2025-01-01`
	First engagement.Date `yaml:"first"`
	// Type 2: last day of the period. Example: `2025-12-31`
	Last engagement.Date `yaml:"last"`
	// Type 1: its day. Example: `2025-12-31`
	AsOf engagement.Date `yaml:"as_of"`
	// Categories examined, of those in criteria.yaml. Example: `[security]`
	Categories []string `yaml:"categories"`
	// Controls examined, by id. Default: all that map to objectives (SOC 1) or criteria (the others).
	// Example: `[PAY-01, PAY-03]`
	Controls []string `yaml:"controls"`
	// Populations to collect besides those that its tests read, by id. Example: `[headcount]`
	Populations []string `yaml:"populations"`
	// The service auditor's verifier key. Example: `"auditor+1f0c+AbCd"`
	Auditor string `yaml:"auditor_key"`
	// Day until which evidence is kept. Example: `2032-12-31`
	Retention engagement.Date `yaml:"retention_until"`
}
