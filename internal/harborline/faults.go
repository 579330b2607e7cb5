package harborline

import (
	"bytes"
	"cmp"
	_ "embed" // faults.json
	"encoding/json"
	"slices"
)

//go:embed faults.json
var faultsJSON []byte

// Fault is one seeded fault as one attribute of one test should see it. A
// cause that two tests must see is listed twice, under one ID.
type Fault struct {
	ID        string `json:"id"`
	Test      string `json:"test"`
	Attribute string `json:"attribute"`
	Key       string `json:"key"`       // the item: a JSON array of texts
	Judgement string `json:"judgement"` // deviation or not_evaluable
	What      string `json:"what"`      // in words
}

// Found is one item that an attribute of a test did not find met.
type Found struct {
	Test      string `json:"test"`
	Attribute string `json:"attribute"`
	Key       string `json:"key"`
	Judgement string `json:"judgement"`
}

// Faults returns the seeded faults in the order of the list. It is nil only if
// the embedded list is broken, which a test rules out.
func Faults() []Fault {
	var all []Fault
	d := json.NewDecoder(bytes.NewReader(faultsJSON))
	d.DisallowUnknownFields()
	if err := d.Decode(&all); err != nil {
		return nil
	}
	return all
}

// Check compares what was found with what was seeded, as sets: missing are the
// faults nobody found, extra what was found and not seeded, in a stable order.
// Something found twice is extra the second time.
func Check(found []Found) (missing []Fault, extra []Found) {
	left := map[Found]int{}
	for _, f := range found {
		left[f]++
	}
	for _, f := range Faults() {
		k := Found{f.Test, f.Attribute, f.Key, f.Judgement}
		if left[k] == 0 {
			missing = append(missing, f)
			continue
		}
		left[k]--
	}
	for f, n := range left {
		for range n {
			extra = append(extra, f)
		}
	}
	slices.SortFunc(extra, func(a, b Found) int {
		return cmp.Or(cmp.Compare(a.Test, b.Test), cmp.Compare(a.Attribute, b.Attribute), cmp.Compare(a.Key, b.Key), cmp.Compare(a.Judgement, b.Judgement))
	})
	return missing, extra
}
