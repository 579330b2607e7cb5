package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ticktie/ticktie/internal/fieldwork"
)

func (a *app) challengeCommand() *cobra.Command {
	var s fieldwork.Select
	var seed string
	var each int
	c := &cobra.Command{
		Use:   "challenge [TEST…]",
		Short: "Inject violations into a copy of the real populations: every attribute must catch them",
		Long: `A test that finds nothing may be right or blind. Challenge takes a copy of each frozen
population, makes items violate each attribute, and reports how many the attribute
caught. An attribute that misses one, or that nothing could be injected for, is named
and ends in exit code 3. The populations themselves are not touched.`,
		RunE: func(c *cobra.Command, args []string) error {
			s.Tests = args
			if each < 1 {
				return fmt.Errorf("--each is %d; at least one violation per attribute is needed", each)
			}
			f, done, err := a.fieldwork()
			if err != nil {
				return err
			}
			p := a.startProgress()
			f.Progress = p.report
			got, err := f.Challenge(c.Context(), s, seed, each)
			p.stop()
			if err == nil {
				a.showChallenged(got)
			}
			return errors.Join(err, done())
		},
	}
	c.Flags().StringVarP(&s.Engagement, "engagement", "e", "", "only tests of this engagement's controls")
	c.Flags().StringSliceVar(&s.Controls, "control", nil, "only tests of these controls")
	c.Flags().StringVar(&seed, "seed", "1", "text that decides which items are changed")
	c.Flags().IntVar(&each, "each", 10, "violations to inject per attribute")
	return c
}

func (a *app) showChallenged(got []fieldwork.Challenged) {
	var blind int
	for _, c := range got {
		if c.Weak() {
			blind++
			a.worse(exitUnknown)
		}
	}
	if a.json {
		a.printJSON(map[string]any{"challenges": got, "not_shown_to_work": blind})
		return
	}
	for _, c := range got {
		a.printf("\nTest %s\n", c.Test)
		if c.Failed != "" {
			paragraph(a.out, "  ", "Failed", c.Failed)
			continue
		}
		for _, r := range c.Results {
			text := fmt.Sprintf("caught %d of %d injected: %s", r.Caught, r.Injected, r.How)
			if r.Injected == 0 {
				text = "nothing could be injected: " + r.Reason
			} else if r.Caught < r.Injected {
				text = "MISSED " + text
			}
			paragraph(a.out, "  ", r.Attribute, strings.TrimSuffix(text, ": "))
		}
	}
	a.printf("\n%s challenged, %d with an attribute that missed a violation or could not be challenged\n", count(int64(len(got)), "test"), blind)
}
