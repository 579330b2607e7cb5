package criteria

import (
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The numbers of criteria by category (domain: tsc-2017, section 1).
func TestCatalogIsComplete(t *testing.T) {
	e, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]int{"security": 33, "availability": 3, "confidentiality": 2, "processing_integrity": 5, "privacy": 18}
	got := map[string]int{}
	seen := map[string]bool{}
	for _, c := range e.Criteria {
		if seen[c.ID] || c.Label == "" {
			t.Errorf("%+v is repeated or has no label", c)
		}
		seen[c.ID] = true
		got[c.Category]++
	}
	for k, n := range want {
		if got[k] != n {
			t.Errorf("%s: %d criteria, want %d", k, got[k], n)
		}
	}
	if len(e.Criteria) != 61 || e.Lookup("CC8.1") == nil || e.Lookup("CC10.1") != nil {
		t.Errorf("%d criteria", len(e.Criteria))
	}
}

// The numbers of criteria by series (domain: tsc-2017, section 1), and the
// order of the catalog.
func TestSeriesAndOrder(t *testing.T) {
	e, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]int{
		"CC1": 5, "CC2": 3, "CC3": 4, "CC4": 2, "CC5": 3, "CC6": 8, "CC7": 5, "CC8": 1, "CC9": 2, "A1": 3, "C1": 2, "PI1": 5,
		"P1": 1, "P2": 1, "P3": 2, "P4": 3, "P5": 2, "P6": 7, "P7": 1, "P8": 1,
	}
	got := map[string]int{}
	for _, c := range e.Criteria {
		series, number, _ := strings.Cut(c.ID, ".")
		got[series]++
		if number != strconv.Itoa(got[series]) {
			t.Errorf("%s stands out of order", c.ID)
		}
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"security", "availability", "confidentiality", "processing_integrity", "privacy"}, e.Categories()); d != "" {
		t.Error(d)
	}
	if n := len(e.InScope([]string{"security", "availability"})); n != 36 {
		t.Errorf("%d criteria of security and availability, want 36", n)
	}
}
