package cli

import (
	"runtime"

	"github.com/spf13/cobra"
)

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if a.json {
				a.printJSON(map[string]string{"version": version, "go": runtime.Version()})
				return nil
			}
			a.printf("ticktie %s (%s)\n", version, runtime.Version())
			return nil
		},
	}
}
