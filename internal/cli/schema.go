package cli

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ticktie/ticktie/internal/program"
)

func (a *app) schemaCommand() *cobra.Command {
	var dir string
	c := &cobra.Command{
		Use:   "schema [KIND]",
		Short: "Print the JSON Schema of a kind of program file",
		Long: `Prints the JSON Schema (draft-07) of one kind of program file, or lists the kinds.
With --dir, writes them all as DIR/KIND.json, for an editor's YAML language server:

  # yaml-language-server: $schema=../schema/control.json`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			all, err := program.Schemas()
			if err != nil {
				return err
			}
			kinds := slices.Sorted(maps.Keys(all))
			switch {
			case dir != "":
				return writeSchemas(dir, all)
			case len(args) == 0 && a.json:
				a.printJSON(map[string][]string{"kinds": kinds})
			case len(args) == 0:
				a.printf("%s\n", strings.Join(kinds, "\n"))
			default:
				s, ok := all[args[0]]
				if !ok {
					return fmt.Errorf("there is no kind of file %q; the kinds are %s", args[0], strings.Join(kinds, ", "))
				}
				a.printf("%s\n", strings.TrimRight(string(s), "\n"))
			}
			return nil
		},
	}
	c.Flags().StringVar(&dir, "dir", "", "write every schema into this directory")
	return c
}

func writeSchemas(dir string, all map[string][]byte) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("writing the schemas: %w", err)
	}
	for kind, s := range all {
		if err := os.WriteFile(filepath.Join(dir, kind+".json"), s, 0o644); err != nil {
			return fmt.Errorf("writing the schema of %s: %w", kind, err)
		}
	}
	return nil
}
