package files

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/ticktie/ticktie/internal/source"
)

// maxTotals is how many of a file's last records may be totals.
const maxTotals = 3

// heldRecord is one that is a total if no other record follows it.
type heldRecord struct {
	n     int64
	line  []byte // as it is fed if it is a record after all
	place source.Place
	label string
}

// totals holds back records that look like totals until it is known whether
// the file goes on.
type totals struct {
	s    *stream
	t    *table
	held []heldRecord
}

func (x *totals) hold(h heldRecord) {
	x.held = append(x.held, h)
	if len(x.held) > maxTotals {
		x.release(1)
	}
}

// release feeds the first held records: they are records after all.
func (x *totals) release(count int) {
	for _, h := range x.held[:count] {
		x.s.out.buf = append(x.s.out.buf, h.line...)
	}
	x.held = slices.Delete(x.held, 0, count)
}

// refuse refuses what is held at the end of the file, but feeds what stands
// before the offset from.
func (x *totals) refuse(from int64) error {
	for len(x.held) > 0 && x.held[0].place.Offset < from {
		x.release(1)
	}
	for _, h := range x.held {
		reason := fmt.Sprintf("It looks like a total beneath the records (%q, without a key); remove it, or fill its key if it is a record.", clip(strings.TrimSpace(h.label), 40))
		if err := x.s.refuse(x.t, h.n, h.place, "trailing_total", reason); err != nil {
			return err
		}
	}
	return nil
}

var totalLabel = regexp.MustCompile(`(?i)^\s*(grand\s+|sub-?\s*)?totals?\b`)

// totalOf returns the label of a record shaped like a total, "" for others: one
// field says total, key and event time are absent (or are the label), another
// field is absent too, and what is left looks like numbers.
func totalOf(p plan, cols []int, texts []string) string {
	label := slices.IndexFunc(texts, totalLabel.MatchString)
	if label < 0 || !noIdentity(p, cols, texts, label) {
		return ""
	}
	absent := len(texts) <= 2
	for i, t := range texts {
		absent = absent || strings.TrimSpace(t) == ""
		if i != label && !numeric(t) {
			return ""
		}
	}
	if !absent {
		return ""
	}
	return texts[label]
}

// noIdentity reports whether the fields of key and event time are absent or the
// label. A file that has none of them must begin with the label.
func noIdentity(p plan, cols []int, texts []string, label int) bool {
	var any bool
	for i, w := range p {
		c := cols[i]
		if !w.identity || c < 0 {
			continue
		}
		any = true
		if c != label && strings.TrimSpace(texts[c]) != "" {
			return false
		}
	}
	return any || label == 0
}

// numeric reports whether text could be an amount or a count, or is empty.
func numeric(text string) bool {
	return strings.Trim(text, "0123456789.,'’+-−()%$€£¥ \u00a0\u202f") == ""
}
