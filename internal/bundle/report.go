package bundle

import "github.com/ticktie/ticktie/internal/objects"

// Outcome of one check.
type Outcome string

// The outcomes of a check.
const (
	Agrees  Outcome = "agrees"
	Differs Outcome = "differs"
	NotDone Outcome = "not_done" // what it needs was withheld, or an earlier check failed
)

// Check is one thing that was checked.
type Check struct {
	What    string  `json:"what"`    // container, manifest, signature, digest, log, statement, snapshot, tie_out, test, sample, program
	Subject string  `json:"subject"` // member, statement or id
	Outcome Outcome `json:"outcome"`
	Detail  string  `json:"detail,omitempty"` // what differs, or why it was not done
}

// Report is what a verification found.
type Report struct {
	File       string         `json:"file"`
	Size       int64          `json:"size"` // bytes
	Origin     string         `json:"origin,omitempty"`
	Engagement string         `json:"engagement,omitempty"`
	Manifest   objects.Digest `json:"manifest,omitempty"`
	Key        string         `json:"key,omitempty"` // verifier key found in the file
	Confirmed  bool           `json:"key_confirmed"` // the reader named the same key
	TreeSize   int64          `json:"tree_size"`
	Root       string         `json:"root,omitempty"`
	First      string         `json:"first_statement,omitempty"` // time on our clock
	Last       string         `json:"last_statement,omitempty"`
	Checks     []Check        `json:"checks"`
	Withheld   []Withheld     `json:"withheld,omitempty"`
}

func (r *Report) add(what, subject string, o Outcome, detail string) {
	r.Checks = append(r.Checks, Check{what, subject, o, detail})
}

func (r *Report) differs(what, subject, detail string) { r.add(what, subject, Differs, detail) }

// compare adds a check that agrees if detail is empty.
func (r *Report) compare(what, subject, detail string) {
	if detail == "" {
		r.add(what, subject, Agrees, "")
		return
	}
	r.differs(what, subject, detail)
}

// Count returns the number of checks of a kind ("" for all) with the outcome.
func (r *Report) Count(what string, o Outcome) int64 {
	var n int64
	for _, c := range r.Checks {
		if (what == "" || c.What == what) && c.Outcome == o {
			n++
		}
	}
	return n
}

// Failed reports whether anything differs.
func (r *Report) Failed() bool { return r.Count("", Differs) > 0 }
