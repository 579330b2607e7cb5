// Package sampling draws samples that nobody could have steered, sizes them and
// says what they tell. It does not choose a size and does not conclude: an
// auditor does.
package sampling

// CommitmentBody is the body of a sample.committed statement. Its subject is
// the test, its input the snapshot that was sealed before.
type CommitmentBody struct {
	Commitment string `json:"commitment"` // hex of SHA-256 of the nonce
	Engagement string `json:"engagement"`
	Population string `json:"population"`
}

// DrawnBody is the body of a sample.drawn statement: with it, the log and the
// snapshot, anyone redraws the sample.
type DrawnBody struct {
	Committed int64  `json:"committed"` // leaf index of the commitment
	Nonce     string `json:"nonce"`     // hex, now revealed
	Root      string `json:"root"`      // hex root of the tree of size Committed+1
	Items     int64  `json:"items"`     // population size
	Size      int    `json:"size"`      // items drawn
}

// Sample is the object behind a draw: ticktie-sample/v1, canonical JSON.
type Sample struct {
	Format     string     `json:"format"`
	Engagement string     `json:"engagement"`
	Test       string     `json:"test"`
	Population string     `json:"population"`
	Snapshot   string     `json:"snapshot"` // digest
	Seed       string     `json:"seed"`     // hex
	Selected   []Selected `json:"selected"` // by rank
}
