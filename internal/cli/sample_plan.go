package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/ticktie/ticktie/internal/sampling"
)

func (a *app) samplePlan() *cobra.Command {
	var population, allowed int64
	var confidence, tolerable string
	c := &cobra.Command{
		Use:   "plan",
		Short: "Say how many items a sample needs",
		Long: `The smallest sample that supports reliance at the confidence if it shows at most the
allowed number of deviations: exact, from the hypergeometric distribution for a
population of a known size, from the binomial one without it.`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			rates := make([]sampling.Rate, 2)
			for i, s := range []string{confidence, tolerable} {
				r, err := sampling.ParseRate(s)
				if err != nil {
					return err
				}
				rates[i] = r
			}
			if population < 0 || allowed < 0 {
				return fmt.Errorf("a population of %d items and %d allowed deviations: neither can be negative", population, allowed)
			}
			n, err := sampling.Size(population, allowed, rates[0], rates[1])
			if err != nil {
				return err
			}
			a.say(map[string]any{"size": n, "population": population, "allowed": allowed, "confidence": confidence, "tolerable": tolerable},
				"%s: with at most %s, the deviation rate is at most %s at %s confidence.\n",
				count(n, "item"), count(allowed, "deviation"), tolerable, confidence)
			return nil
		},
	}
	c.Flags().Int64Var(&population, "population", 0, "items in the population; 0: very many")
	c.Flags().Int64Var(&allowed, "allowed", 0, "deviations that the sample may show")
	c.Flags().StringVar(&confidence, "confidence", "0.90", "confidence, as a decimal")
	c.Flags().StringVar(&tolerable, "tolerable", "0.10", "tolerable deviation rate, as a decimal")
	return c
}
