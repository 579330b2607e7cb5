package criteria

import "testing"

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
