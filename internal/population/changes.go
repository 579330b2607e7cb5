package population

// Changes is how a snapshot differs from the one frozen before it, by key.
// The lists hold the first 100 keys each; the counts count all.
type Changes struct {
	Added       int64    `json:"added"`
	Removed     int64    `json:"removed"`
	Changed     int64    `json:"changed"`
	AddedKeys   []string `json:"added_keys,omitempty"`
	RemovedKeys []string `json:"removed_keys,omitempty"`
	ChangedKeys []string `json:"changed_keys,omitempty"`
}
