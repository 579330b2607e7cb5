package procedure

import (
	"fmt"

	"github.com/ticktie/ticktie/internal/program"
)

// generic turns the arguments of a generic procedure into a frame and attributes.
type generic func(p *program.Program, t *program.Test) (*Compiled, error)

// generics are the generic procedures by name (domain: soc1-objectives, section 2.1).
func generics() map[string]generic { return map[string]generic{} }

func expand(p *program.Program, t *program.Test) (*Compiled, error) {
	g, ok := generics()[t.Use.Procedure]
	if !ok {
		return nil, fmt.Errorf("there is no generic procedure %q in this version", t.Use.Procedure)
	}
	return g(p, t)
}
