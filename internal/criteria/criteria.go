// Package criteria parses the catalog of criteria: identifiers, categories and
// our own labels. Which of them are in scope is the program's.
package criteria

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/goccy/go-yaml"

	"github.com/ticktie/ticktie/catalog"
)

// Edition is one set of criteria.
type Edition struct {
	ID       string      `yaml:"edition"`
	Title    string      `yaml:"title"`
	Criteria []Criterion `yaml:"criteria"`
}

// Criterion is one criterion, by identifier.
type Criterion struct {
	ID       string `yaml:"id"`
	Category string `yaml:"category"` // security stands for the common criteria
	Label    string `yaml:"label"`    // ours
}

// Load parses the embedded edition.
func Load() (*Edition, error) {
	b, err := catalog.Files.ReadFile("criteria.yaml")
	if err != nil {
		return nil, fmt.Errorf("reading the catalog of criteria: %w", err)
	}
	var e Edition
	if err := yaml.NewDecoder(bytes.NewReader(b), yaml.Strict()).Decode(&e); err != nil {
		return nil, fmt.Errorf("reading the catalog of criteria: %w", err)
	}
	return &e, nil
}

// Lookup returns the criterion with the identifier; nil if there is none.
func (e *Edition) Lookup(id string) *Criterion {
	for i := range e.Criteria {
		if e.Criteria[i].ID == id {
			return &e.Criteria[i]
		}
	}
	return nil
}

// Categories are the categories that the edition's criteria belong to, in the
// order of the catalog.
func (e *Edition) Categories() []string {
	var out []string
	for _, c := range e.Criteria {
		if !slices.Contains(out, c.Category) {
			out = append(out, c.Category)
		}
	}
	return out
}

// InScope lists the criteria of the categories. Security is always in scope of
// a SOC 2 examination; nothing is added here.
func (e *Edition) InScope(categories []string) []Criterion {
	in := map[string]bool{}
	for _, c := range categories {
		in[c] = true
	}
	var out []Criterion
	for _, c := range e.Criteria {
		if in[c.Category] {
			out = append(out, c)
		}
	}
	return out
}
