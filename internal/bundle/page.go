package bundle

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"

	"github.com/ticktie/ticktie/internal/objects"
	"github.com/ticktie/ticktie/internal/population"
	"github.com/ticktie/ticktie/internal/procedure"
	"github.com/ticktie/ticktie/internal/seal"
)

//go:embed page.html
var pageText string

// page is what index.html shows. Everything in it comes from the evidence, so
// that it is the same for the same evidence.
type page struct {
	*Manifest
	Populations []pagePopulation
	Tests       []pageTest
}

type pagePopulation struct {
	ID, Digest, Data string
	Seq              int64
	Period           string
	Counts           population.Counts
	Outcomes         map[string]string
}

type pageTest struct {
	ID, Control, Outcome, Result string
	Seq                          int64
	Population, Data             string
	Period                       string
	Items                        int64
	Attributes                   []procedure.AttributeSummary
	SQL                          []pageSQL
}

// pageSQL lets a reader redo one attribute of a test over the population itself.
type pageSQL struct{ ID, Query string }

func indexPage(m *Manifest, statements []seal.Statement, o *objects.Store) ([]byte, error) {
	p := page{Manifest: m}
	data := map[string]string{} // snapshot digest to its Parquet object
	for _, st := range statements {
		if err := p.add(st, o, data); err != nil {
			return nil, fmt.Errorf("writing index.html: statement %d (%s %s): %w", st.Seq, st.Type, st.Subject, err)
		}
	}
	t, err := template.New("index").Parse(pageText)
	if err != nil {
		return nil, fmt.Errorf("writing index.html: %w", err)
	}
	var b bytes.Buffer
	if err := t.Execute(&b, p); err != nil {
		return nil, fmt.Errorf("writing index.html: %w", err)
	}
	return b.Bytes(), nil
}

func (p *page) add(st seal.Statement, o *objects.Store, data map[string]string) error {
	switch st.Type {
	case seal.PopulationFrozen:
		var s population.Snapshot
		d := outputOf(st, "snapshot")
		if err := objectJSON(o.Read, d, &s); err != nil {
			return err
		}
		data[string(d)] = s.Data.Hex()
		p.Populations = append(p.Populations, pagePopulation{
			ID: st.Subject, Digest: string(d), Data: s.Data.Hex(), Seq: st.Seq, Period: s.Period.String(), Counts: s.Counts,
		})
	case seal.PopulationTiedOut:
		var b population.TiedBody
		if err := json.Unmarshal(st.Body, &b); err != nil {
			return err
		}
		for i := range p.Populations {
			if p.Populations[i].Digest == string(inputOf(st, "snapshot", st.Subject)) {
				p.Populations[i].Outcomes = b.Outcomes
			}
		}
	case seal.TestPerformed:
		return p.addTest(st, o, data)
	}
	return nil
}

func (p *page) addTest(st seal.Statement, o *objects.Store, data map[string]string) error {
	var s procedure.Summary
	if err := json.Unmarshal(st.Body, &s); err != nil {
		return err
	}
	var r procedure.Result
	if err := objectJSON(o.Read, outputOf(st, "result"), &r); err != nil {
		return err
	}
	t := pageTest{
		ID: st.Subject, Control: s.Control, Outcome: string(s.Outcome), Result: string(outputOf(st, "result")), Seq: st.Seq,
		Population: r.Population, Data: data[string(r.Populations[r.Population])],
		Period: s.Period.String(), Items: s.Items, Attributes: s.Attributes,
	}
	var c procedure.Compiled
	if err := objectJSON(o.Read, r.Definition, &c); err != nil {
		return err
	}
	if c.Kind == "identity" && t.Data != "" {
		for _, a := range c.Attributes {
			t.SQL = append(t.SQL, pageSQL{a.ID, queryOf(a, t.Data)})
		}
	}
	p.Tests = append(p.Tests, t)
	return nil
}

// queryOf counts one attribute over the population's Parquet file with any DuckDB.
func queryOf(a procedure.CompiledAttribute, data string) string {
	where := ""
	if a.Applies != "" {
		where = "\nWHERE " + a.Applies
	}
	return fmt.Sprintf("SELECT (%s) AS met, count(*)\nFROM read_parquet('objects/%s')%s\nGROUP BY 1;", a.Holds, data, where)
}

func outputOf(st seal.Statement, role string) objects.Digest {
	for _, r := range st.Outputs {
		if r.Role == role {
			return objects.Digest(r.Digest)
		}
	}
	return ""
}

func inputOf(st seal.Statement, role, name string) objects.Digest {
	for _, r := range st.Inputs {
		if r.Role == role && r.Name == name {
			return objects.Digest(r.Digest)
		}
	}
	return ""
}

func objectJSON(get read, d objects.Digest, v any) error {
	b, err := get(d)
	if err != nil {
		return err
	}
	return json.Unmarshal(b, v)
}
