package population

import (
	"fmt"
	"strings"

	"github.com/ticktie/ticktie/internal/program"
)

// The outcomes of a tie-out.
const (
	Agrees       = "agrees"
	Differs      = "differs"
	NotEvaluable = "not_evaluable"
)

// Proven says whether tie-outs show the population complete and accurate: at
// least one independent tie-out agrees and none differs. If not, the reason is
// one clause for a reader. Emptiness is proven in the same way; whether it was
// declared to be possible (EmptyMeans) is judged where a test meets it.
func Proven(ties []TieOut, pop *program.Population) (bool, string) {
	if len(pop.TieOuts) == 0 {
		return false, "its definition declares no tie-out"
	}
	if len(ties) == 0 {
		return false, "it was not tied out"
	}
	var differ, independent []string
	agrees := false
	for _, t := range ties {
		if t.Outcome == Differs {
			differ = append(differ, t.ID)
		}
		if t.Independent {
			independent = append(independent, t.ID+" "+strings.ReplaceAll(t.Outcome, "_", " "))
			agrees = agrees || t.Outcome == Agrees
		}
	}
	switch {
	case len(differ) > 0:
		return false, "it differs in " + plural(len(differ), "tie-out") + " (" + strings.Join(differ, ", ") + ")"
	case len(independent) == 0:
		return false, "no tie-out against an independent source is declared"
	case !agrees:
		return false, "no independent tie-out agrees (" + strings.Join(independent, ", ") + ")"
	}
	return true, ""
}

// plural writes a count with its noun.
func plural[N int | int64](n N, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
