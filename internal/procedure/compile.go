package procedure

import (
	"fmt"
	"slices"

	"github.com/ticktie/ticktie/internal/program"
)

// The kinds of a frame.
const (
	FrameIdentity = "identity"
	FrameJoined   = "joined"
	FrameDerived  = "derived"
)

// Compile makes a test ready for an engine. It reads definitions only; whether
// the SQL fits the columns is the engine's to check.
func Compile(p *program.Program, t *program.Test) (*Compiled, error) {
	if p.Population(t.Population) == nil {
		return nil, fmt.Errorf("compiling test %s: the program has no population %q", t.ID, t.Population)
	}
	if t.Use != nil {
		c, err := expand(p, t)
		if err != nil {
			return nil, fmt.Errorf("compiling test %s: %w", t.ID, err)
		}
		c.Show = slices.Concat(c.Show, t.Show)
		return c, nil
	}
	c := &Compiled{
		Kind: FrameIdentity, Frame: t.Frame, Show: t.Show,
		Populations: unique(append([]string{t.Population}, t.With...)), Parameters: t.Parameters,
	}
	if t.Frame != "" {
		c.Kind = FrameJoined
	}
	for _, a := range t.Attributes {
		c.Attributes = append(c.Attributes, CompiledAttribute{
			ID: a.ID, Text: a.Text, Holds: a.Holds, Applies: a.Applies, Because: a.Because, Absent: a.Absent, Lead: a.Lead,
		})
	}
	return c, nil
}

func unique(ids []string) []string {
	var out []string
	for _, id := range ids {
		if !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}
