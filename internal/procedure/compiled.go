package procedure

// Compiled is a test made ready for an engine: generic procedures (use:) are
// turned into a frame and attributes, so that an engine knows only these.
//
// In all SQL, each population is a view named by its id with the columns
//
//	item BIGINT   position from 0
//	_record BIGINT, _day DATE (local day of the event)
//	then its own columns (restricted ones too); timestamps are TIMESTAMP in UTC
//
// and each parameter table is a view named by its id with valid_from DATE,
// valid_to DATE (exclusive, NULL is open) and its own columns. The macros
// div(a, b, scale), period_first(), period_last() and local_day(ts, zone) exist.
type Compiled struct {
	// Kind: identity (the population itself), joined (a query that must return
	// each item of the population exactly once, in a column item), or derived
	// (items that are not rows: groups, expected occurrences, matched pairs).
	Kind string `json:"kind"`
	// Frame is one SELECT; empty for identity. A derived frame returns the
	// columns key VARCHAR (a canonical JSON array of strings, unique), event_day
	// DATE (may be NULL) and whatever the attributes name. The engine numbers its
	// rows by key order.
	Frame string `json:"frame,omitempty"`
	// Accounts prove a derived frame: each Query, which may read the view
	// frame, returns one BIGINT that must equal the number of items of Population.
	Accounts   []Account           `json:"accounts,omitempty"`
	Attributes []CompiledAttribute `json:"attributes"`
	Show       []string            `json:"show,omitempty"` // frame columns kept with each item that is not met
	// Populations and Parameters are the ids of all views the SQL reads.
	Populations []string `json:"populations"`
	Parameters  []string `json:"parameters,omitempty"`
}

// Account is one proof that a derived frame accounts for every item of a population.
type Account struct {
	Population string `json:"population"`
	Query      string `json:"query"`
}

// CompiledAttribute is an attribute as plain SQL over the frame.
type CompiledAttribute struct {
	ID      string   `json:"id"`
	Text    string   `json:"text"`
	Holds   string   `json:"holds"`
	Applies string   `json:"applies,omitempty"`
	Because string   `json:"because,omitempty"`
	Absent  []string `json:"absent,omitempty"` // frame columns whose NULL is a deviation
	Lead    bool     `json:"lead,omitempty"`
	Amount  string   `json:"amount,omitempty"` // frame column with the exact difference, summed over deviations
	// Violate lists SQL assignments over the population (column = expression)
	// that make an item deviate, for the challenge; empty: the engine finds one itself.
	Violate map[string]string `json:"violate,omitempty"`
}
