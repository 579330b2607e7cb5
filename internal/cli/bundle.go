package cli

import (
	"errors"
	"os"

	"github.com/spf13/cobra"

	"github.com/ticktie/ticktie/internal/fieldwork"
)

func (a *app) bundleCommand() *cobra.Command {
	var o fieldwork.BundleOptions
	var out string
	c := &cobra.Command{
		Use:   "bundle",
		Short: "Freeze the evidence into one file that anyone can verify offline",
		Long: `Writes one file with the whole log, the program, the frozen populations, the results
and everything else the log names. The same evidence gives the same bytes. What is left
out is named in it with its digest and the reason.`,
		Example: `  ticktie bundle -o 2025.bundle
  ticktie bundle -e soc1-2025 --without-raw -o soc1-2025.bundle`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			f, done, err := a.fieldwork()
			if err != nil {
				return err
			}
			p := a.startProgress()
			f.Progress = p.report
			m, digest, err := f.Bundle(c.Context(), out, o)
			p.stop()
			if err == nil {
				s, statErr := os.Stat(out)
				if err = statErr; err == nil {
					a.say(map[string]any{
						"file": out, "size": s.Size(), "manifest": digest, "statements": m.TreeSize, "root": m.Root,
						"members": len(m.Members), "withheld": m.Withheld,
					}, "Bundle %s: %s, %s, %s, %s withheld\nManifest %s\nRoot of the log %s\nNext: `ticktie verify %s`, on any machine.\n",
						out, count(s.Size(), "byte"), count(m.TreeSize, "statement"), count(int64(len(m.Members)), "member"),
						count(int64(len(m.Withheld)), "object"), digest, m.Root, out)
				}
			}
			return errors.Join(err, done())
		},
	}
	c.Flags().StringVarP(&out, "output", "o", "evidence.bundle", "file to write; it must not exist")
	c.Flags().StringVarP(&o.Engagement, "engagement", "e", "", "only what this engagement needs; the rest is named as withheld")
	c.Flags().BoolVar(&o.WithoutRaw, "without-raw", false, "withhold the raw source bytes")
	return c
}
