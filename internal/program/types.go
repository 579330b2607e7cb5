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
}

// Organization is ticktie.yaml.
type Organization struct {
	Name        string   `yaml:"name"`
	LegalName   string   `yaml:"legal_name"`
	Description string   `yaml:"description"`
	Zone        string   `yaml:"zone"` // IANA zone of business dates; required
	Reports     []string `yaml:"reports"`
	Entities    []Entity `yaml:"entities"`
	Systems     []System `yaml:"systems"`
	Calendar    Calendar `yaml:"calendar"`
}

// Entity is a legal entity or location of the service organization.
type Entity struct {
	ID   string `yaml:"id"`
	Name string `yaml:"name"`
}

// System is a part of the examined system.
type System struct {
	ID          string `yaml:"id"`
	Name        string `yaml:"name"`
	Kind        string `yaml:"kind"` // application, database, infrastructure, directory, repository, saas, process
	Description string `yaml:"description"`
	Owner       string `yaml:"owner"` // a role
}

// Calendar names business days.
type Calendar struct {
	FiscalYearStart string            `yaml:"fiscal_year_start"` // "01-01"
	Weekend         []string          `yaml:"weekend"`           // default [saturday, sunday]
	Holidays        []engagement.Date `yaml:"holidays"`
}

// Effective says from when (inclusive) to when (exclusive) something is in force.
type Effective struct {
	From engagement.Date `yaml:"from" json:"from,omitzero"`
	To   engagement.Date `yaml:"to" json:"to,omitzero"`
}

// CriteriaScope is criteria.yaml.
type CriteriaScope struct {
	Edition     string        `yaml:"edition"`    // tsc-2017
	Categories  []string      `yaml:"categories"` // security, availability, processing_integrity, confidentiality, privacy
	HIPAA       []string      `yaml:"hipaa"`      // security, breach, business_associate
	NotRelevant []NotRelevant `yaml:"not_relevant"`
}

// NotRelevant is a criterion left out with its reason.
type NotRelevant struct {
	Criterion string `yaml:"criterion"`
	Reason    string `yaml:"reason"`
}

// Objective is a SOC 1 control objective, written by management.
type Objective struct {
	ID         string   `yaml:"id"`
	Text       string   `yaml:"text"`
	Service    string   `yaml:"service"`    // class of service, e.g. payroll
	Assertions []string `yaml:"assertions"` // O C A V K L R P E
	Accounts   []string `yaml:"accounts"`
}

// Risk is what could go wrong.
type Risk struct {
	ID         string   `yaml:"id"`
	Text       string   `yaml:"text"`
	Objectives []string `yaml:"objectives"`
	Criteria   []string `yaml:"criteria"`
	Likelihood string   `yaml:"likelihood"` // low, medium, high
	Impact     string   `yaml:"impact"`
}

// Control is one control, one file. An id is never reused.
type Control struct {
	ID          string      `yaml:"id"`
	Title       string      `yaml:"title"`
	Statement   string      `yaml:"statement"`
	Owner       string      `yaml:"owner"`    // a role, never a person
	Operator    string      `yaml:"operator"` // a role
	Nature      string      `yaml:"nature"`   // manual, automated, hybrid
	Kind        string      `yaml:"kind"`     // preventive, detective, corrective
	Frequency   string      `yaml:"frequency"`
	Key         bool        `yaml:"key"`
	Objectives  []string    `yaml:"objectives"`
	Criteria    []string    `yaml:"criteria"`
	Risks       []string    `yaml:"risks"`
	Systems     []string    `yaml:"systems"`
	Effective   Effective   `yaml:"effective"`
	Procedures  []Procedure `yaml:"procedures"` // manual procedures
	Supersedes  string      `yaml:"supersedes"`
	Conclusion  string      `yaml:"auditor_would_conclude"` // examples only: what a competent auditor would conclude
	Superseded  string      `yaml:"superseded_by"`
	Description string      `yaml:"description"`
}

// Procedure is a manual test procedure: inquiry, observation or inspection.
type Procedure struct {
	ID     string   `yaml:"id"`
	Method string   `yaml:"method"` // inquiry, observation, inspection, reperformance
	Steps  []string `yaml:"steps"`
}

// Population is a definition: what one item is, where it comes from, and how
// its completeness and accuracy are shown.
type Population struct {
	ID        string   `yaml:"id"`
	Title     string   `yaml:"title"`
	Item      string   `yaml:"item"` // what one item is: "one production deployment"
	System    string   `yaml:"system"`
	Source    Source   `yaml:"source"`
	Key       []string `yaml:"key"` // column names, or the single word "position"
	EventTime string   `yaml:"event_time"`
	// Zone is the IANA zone of local days, and of local times without an
	// offset. Default: the organization's zone.
	Zone string `yaml:"zone"`
	// AmbiguousLocalTime says which instant is meant when a clock change makes
	// a local time double: refuse (default), earlier, later.
	AmbiguousLocalTime string `yaml:"ambiguous_local_time"`
	// OutsidePeriod says what a record with an event time outside the period
	// gets: refuse (default) or leave_out (counted and shown, not an item).
	OutsidePeriod string `yaml:"outside_period"`
	// State is true for a list as of a day (accounts, rates), which has no
	// event time and no coverage by day.
	State bool `yaml:"state"`
	// AsOf is the day of a state; default the last day of the period.
	AsOf       engagement.Date `yaml:"as_of"`
	EmptyMeans string          `yaml:"empty_means"` // why an empty population can be true; needs a passing independent tie-out
	HandedOver bool            `yaml:"handed_over"` // somebody gave us the files, nobody observed the extraction
	QueryText  string          `yaml:"query"`       // the query or report parameters used upstream, when files were exported by hand
	BlindSpots []string        `yaml:"blind_spots"`
	Retention  string          `yaml:"source_retention"`
	// Nulls are texts that mean "absent" in every column, besides the empty field.
	Nulls   []string `yaml:"nulls"`
	Columns []Column `yaml:"columns"`
	TieOuts []TieOut `yaml:"tie_outs"`
	// CoverageGapDays: a stretch of more than this many days without an event
	// is shown as a gap (0: no day-by-day expectation).
	ExpectedEvery string `yaml:"expected_every"` // day, business_day, week, month or empty
	// Unit is the currency or unit of all decimal columns that name none.
	Unit string `yaml:"unit"`
}

// Column is one typed column of a population.
type Column struct {
	Name string `yaml:"name"`                      // [a-z][a-z0-9_]*
	From string `yaml:"from" json:"from,omitzero"` // header name, or JSON path a.b[0].c; default Name
	Type string `yaml:"type"`                      // text, integer, decimal, date, timestamp, boolean
	// Precision and Scale of a decimal: precision defaults to 18, at most 38.
	Precision int    `yaml:"precision"`
	Scale     int    `yaml:"scale"`
	Unit      string `yaml:"unit"` // currency or unit
	// Format of a date or timestamp as strptime directives; default ISO 8601.
	// Several may be listed; a value that fits none is refused.
	Format []string `yaml:"format"`
	// Zone of a timestamp without an offset; default the population's zone.
	Zone         string   `yaml:"zone"`
	DecimalMark  string   `yaml:"decimal_mark"`   // default "."
	Thousands    string   `yaml:"thousands_mark"` // default none
	Parentheses  bool     `yaml:"parentheses_negative"`
	TrailingSign bool     `yaml:"trailing_minus"`
	Prefix       string   `yaml:"strip_prefix"` // e.g. "$"
	Trim         bool     `yaml:"trim"`         // strip blanks around text
	Lower        bool     `yaml:"lower"`        // fold case, e.g. of handles
	True         []string `yaml:"true"`         // texts of a boolean; default true
	False        []string `yaml:"false"`        // default false
	Nulls        []string `yaml:"nulls"`
	Required     bool     `yaml:"required"` // an absent value refuses the record
	Optional     bool     `yaml:"optional"` // the column may be missing from a file
	// RoundTo accepts more decimals than Scale and rounds them, visibly, by
	// this mode: half_up, half_even, down. Empty: such a value is refused.
	RoundTo    string `yaml:"round"`
	Restricted bool   `yaml:"restricted"`
	Text       string `yaml:"text"` // meaning
}

// Source names one connector and its settings; exactly one is set.
type Source struct {
	Files *FilesSource `yaml:"files"`
	Git   *GitSource   `yaml:"git"`
}

// FilesSource reads files that are already here.
type FilesSource struct {
	Paths    []string `yaml:"paths"`    // globs, relative to the data directory (--data, default the program's own)
	Format   string   `yaml:"format"`   // csv, tsv, json, jsonl, parquet, xlsx, yaml; default by file name
	Encoding string   `yaml:"encoding"` // utf-8, utf-16le, utf-16be, windows-1252; default: detected and recorded
	// Compression is by content: gzip, zip, none.
	Member     string   `yaml:"member"`      // glob of members inside a zip
	Delimiter  string   `yaml:"delimiter"`   // one character; default "," for csv, tab for tsv
	Quote      string   `yaml:"quote"`       // one character, default "\""; "none" for no quoting
	Escape     string   `yaml:"escape"`      // default: a doubled quote
	Header     string   `yaml:"header"`      // "first" (default) or "none"; with none, Names gives the field names
	Names      []string `yaml:"names"`       // field names of files without a header
	SkipLines  int      `yaml:"skip_lines"`  // lines before the header
	Records    string   `yaml:"records"`     // JSON: path of the array that holds the records ("Records")
	Explode    string   `yaml:"explode"`     // JSON: path of an array inside each record: one item for each of its elements
	Sheet      string   `yaml:"sheet"`       // XLSX: name; default the only visible one
	FileColumn string   `yaml:"file_column"` // name of a field to add that holds the file's name (base name)
}

// GitSource reads the changes on a branch's first-parent line.
type GitSource struct {
	Repository string   `yaml:"repository"` // path, relative to the data directory
	Branch     string   `yaml:"branch"`
	Paths      []string `yaml:"paths"` // only changes touching these; default all
	Time       string   `yaml:"time"`  // committer (default) or author
}

// TieOut is one way to show that a population is complete and accurate.
type TieOut struct {
	ID   string `yaml:"id"`
	Kind string `yaml:"kind"` // count, total, roll_forward, sequence, reconcile, boundary, second_extraction, query_inspection
	Text string `yaml:"text"`
	// Independent: the other side comes from a source that the population's
	// own producer could not have made agree.
	Independent bool `yaml:"independent"`
	// Against is another population's id (count, total, reconcile).
	Against string `yaml:"against"`
	// Expect is a control total known from outside, as text ("51335", "1234.56").
	Expect string `yaml:"expect"`
	Source string `yaml:"source"` // where Expect comes from
	// Measure is a SQL aggregate over this population: count(*), sum(amount).
	Measure string `yaml:"measure"`
	// AgainstMeasure is the aggregate over Against; default Measure.
	AgainstMeasure string   `yaml:"against_measure"`
	By             []string `yaml:"by"` // keys on which totals must agree, or that match records (reconcile)
	AgainstBy      []string `yaml:"against_by"`
	Where          string   `yaml:"where"`
	AgainstWhere   string   `yaml:"against_where"`
	// Series is the SQL expression of the number in a gapless sequence, and
	// SeriesBy what separates one series from another.
	Series   string   `yaml:"series"`
	SeriesBy []string `yaml:"series_by"`
	// Opening, Increase, Decrease and Closing are aggregates (roll_forward).
	Opening   string `yaml:"opening"`
	Increase  string `yaml:"increase"`
	Decrease  string `yaml:"decrease"`
	Closing   string `yaml:"closing"`
	Tolerance string `yaml:"tolerance"` // exact decimal, default 0
}

// ParameterTable holds dated values: limits, rates, calendars.
type ParameterTable struct {
	ID      string   `yaml:"id"`
	Title   string   `yaml:"title"`
	Source  string   `yaml:"source"` // authority
	Columns []Column `yaml:"columns"`
	// Key are the columns that tell one series of dated rows from another: for
	// each of their values one row is in force on a day. Default: all columns
	// of type text and boolean.
	Key []string `yaml:"key" json:"key,omitzero"`
	// Rows carry from (inclusive) and to (exclusive, empty is open) besides Columns.
	Rows []map[string]any `yaml:"rows"`
}

// Test performs attributes over every item of a population.
type Test struct {
	ID         string   `yaml:"id"`
	Control    string   `yaml:"control"`
	Title      string   `yaml:"title"`
	Population string   `yaml:"population"`
	With       []string `yaml:"with"` // other populations the frame reads
	Parameters []string `yaml:"parameters"`
	// Frame is a SQL query with one row per item, or the path of a .sql file
	// beside the test; empty: the population itself. It must return the column
	// item of the population.
	Frame      string      `yaml:"frame"`
	Use        *Use        `yaml:"use"` // a generic procedure in place of Frame and Attributes
	Attributes []Attribute `yaml:"attributes"`
	// Tolerable is the tolerable deviation rate as exact decimal text; default "0".
	Tolerable  string    `yaml:"tolerable_deviation_rate"`
	Show       []string  `yaml:"show"` // columns kept with each deviation, besides those the attributes name
	Effective  Effective `yaml:"effective"`
	Supersedes string    `yaml:"supersedes"`
	Fixtures   []Fixture `yaml:"fixtures"`
	File       string    `yaml:"-"` // path relative to the program
}

// Use names a generic procedure and its arguments (domain: soc1-objectives 2.1).
type Use struct {
	Procedure string         `yaml:"procedure"` // FP-DUP, FP-RECALC …
	Args      map[string]any `yaml:"args"`
}

// Attribute is one yes/no property judged for every item.
type Attribute struct {
	ID      string `yaml:"id"` // A, B, C …
	Text    string `yaml:"text"`
	Holds   string `yaml:"holds"`   // scalar SQL condition: true met, false deviation, NULL not evaluable
	Applies string `yaml:"applies"` // scalar SQL condition; false: not applicable
	Because string `yaml:"not_applicable_because"`
	// Absent lists columns whose absence (NULL) means a deviation, not "not evaluable".
	Absent []string `yaml:"absent_is_deviation"`
	// Lead marks an attribute that is counted and followed up but is no deviation.
	Lead   bool   `yaml:"lead"`
	Method string `yaml:"method"` // default full_population
}

// Fixture is a named case: rows that attributes must, and must not, catch.
type Fixture struct {
	Name string `yaml:"name"`
	// Rows by population id. A column that a row does not name is NULL.
	Rows map[string][]map[string]any `yaml:"rows"`
	// Expect maps an item's key (its columns joined by "|"; for position, "1", "2" …)
	// to the expected judgement of each attribute: met, deviation,
	// not_evaluable, not_applicable.
	Expect map[string]map[string]string `yaml:"expect"`
}

// SubserviceOrganization is one file of subservice/.
type SubserviceOrganization struct {
	ID      string             `yaml:"id"`
	Name    string             `yaml:"name"`
	Service string             `yaml:"service"`
	Method  string             `yaml:"method"` // carve_out, inclusive
	CSOCs   []CSOC             `yaml:"csocs"`
	Reports []SubserviceReport `yaml:"reports"`
}

// CSOC is a complementary subservice organization control.
type CSOC struct {
	ID         string   `yaml:"id"`
	Text       string   `yaml:"text"`
	Objectives []string `yaml:"objectives"`
	Criteria   []string `yaml:"criteria"`
	Controls   []string `yaml:"controls"` // our controls that monitor it
}

// SubserviceReport is a report received from a subservice organization.
type SubserviceReport struct {
	Kind  string          `yaml:"kind"`
	Type  int             `yaml:"type"`
	First engagement.Date `yaml:"first"`
	Last  engagement.Date `yaml:"last"`
	Gaps  []string        `yaml:"gaps"`
}

// CUEC is a complementary user entity control.
type CUEC struct {
	ID         string   `yaml:"id"`
	Text       string   `yaml:"text"`
	Objectives []string `yaml:"objectives"`
	Criteria   []string `yaml:"criteria"`
	Controls   []string `yaml:"controls"` // the controls that need it
}

// Engagement is one examination.
type Engagement struct {
	ID          string          `yaml:"id"`
	Title       string          `yaml:"title"`
	Kind        engagement.Kind `yaml:"kind"`
	Type        int             `yaml:"type"`  // 1 or 2
	First       engagement.Date `yaml:"first"` // Type 2
	Last        engagement.Date `yaml:"last"`
	AsOf        engagement.Date `yaml:"as_of"` // Type 1
	Categories  []string        `yaml:"categories"`
	Controls    []string        `yaml:"controls"` // default: all that map to its objectives or criteria
	Populations []string        `yaml:"populations"`
	Auditor     string          `yaml:"auditor_key"`
	Retention   engagement.Date `yaml:"retention_until"`
}
