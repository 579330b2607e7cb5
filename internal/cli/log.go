package cli

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/ticktie/ticktie/internal/fieldwork"
	"github.com/ticktie/ticktie/internal/seal"
	"github.com/ticktie/ticktie/internal/store"
)

func (a *app) logCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "log",
		Short: "List, show and prove what was sealed",
		Long: `The log is the record: every act is one statement in it, in order, and nothing in it
can be altered without breaking a proof. Keep a checkpoint outside the workspace
(ticktie log checkpoint > FILE): with it anyone can later check that the log was only
ever added to.`,
	}
	c.AddCommand(a.logList(), a.logShow(), a.logProve(), a.logCheckpoint(), a.logConsistency(), a.logRebuild())
	return c
}

// reading opens the workspace to read, without a lock.
func (a *app) reading(use func(*fieldwork.Workspace) error) error {
	if err := a.absolute(); err != nil {
		return err
	}
	w, err := fieldwork.OpenWorkspace(a.workspaceRoot())
	if err != nil {
		return err
	}
	return errors.Join(use(w), w.Close())
}

func (a *app) logList() *cobra.Command {
	var f store.Filter
	c := &cobra.Command{
		Use:   "list",
		Short: "List statements",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return a.reading(func(w *fieldwork.Workspace) error {
				var rows []seal.Statement
				size, err := w.Reader.Size()
				if err != nil {
					return err
				}
				err = w.Reader.Entries(c.Context(), 0, size, func(_ int64, entry []byte) error {
					st, err := seal.Decode(entry)
					if err == nil && (f.Type == "" || st.Type == f.Type) && (f.Subject == "" || st.Subject == f.Subject) {
						rows = append(rows, st)
					}
					return err
				})
				if err != nil {
					return fmt.Errorf("listing the log: %w", err)
				}
				if a.json {
					a.printJSON(map[string]any{"statements": rows, "size": size})
					return nil
				}
				for _, st := range rows {
					a.printf("%6d  %s  %-20s %s\n", st.Seq, st.At.Format("2006-01-02 15:04:05Z"), st.Type, st.Subject)
				}
				return nil
			})
		},
	}
	c.Flags().StringVar(&f.Type, "type", "", "only statements of this type, such as test.performed")
	c.Flags().StringVar(&f.Subject, "subject", "", "only statements about this population, test or engagement")
	return c
}

func seqArg(arg string) (int64, error) {
	n, err := strconv.ParseInt(arg, 10, 64)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%q is not the number of a statement; `ticktie log list` shows them", arg)
	}
	return n, nil
}

func (a *app) logShow() *cobra.Command {
	return &cobra.Command{
		Use:   "show N",
		Short: "Show one statement as it is sealed",
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			n, err := seqArg(args[0])
			if err != nil {
				return err
			}
			return a.reading(func(w *fieldwork.Workspace) error {
				st, err := w.Reader.Statement(n)
				if err != nil {
					return fmt.Errorf("showing statement %d: %w", n, err)
				}
				a.printJSON(st)
				return nil
			})
		},
	}
}

func (a *app) logProve() *cobra.Command {
	return &cobra.Command{
		Use:   "prove N",
		Short: "Print and check the proof that a statement is in the log",
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			n, err := seqArg(args[0])
			if err != nil {
				return err
			}
			return a.reading(func(w *fieldwork.Workspace) error {
				p, err := w.Reader.ProveInclusion(n)
				if err != nil {
					return fmt.Errorf("proving statement %d: %w", n, err)
				}
				var hashes []string
				for _, h := range p.Proof {
					hashes = append(hashes, base64.StdEncoding.EncodeToString(h[:]))
				}
				content := map[string]any{
					"statement": json.RawMessage(p.Entry), "index": n, "tree_size": p.Checkpoint.Size,
					"hashes": hashes, "checkpoint": string(p.CheckpointText), "holds": true,
				}
				if a.json {
					a.printJSON(content)
					return nil
				}
				a.printf("Statement %d is leaf %d of the tree of size %d: the proof holds.\n\n%s\n", n, n, p.Checkpoint.Size, p.Entry)
				for _, h := range hashes {
					a.printf("%s\n", h)
				}
				a.printf("\n%s", p.CheckpointText)
				return nil
			})
		},
	}
}

func (a *app) logCheckpoint() *cobra.Command {
	return &cobra.Command{
		Use:   "checkpoint",
		Short: "Print the signed checkpoint of the log",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			return a.reading(func(w *fieldwork.Workspace) error {
				text, err := w.Reader.CheckpointText()
				if err != nil {
					return fmt.Errorf("reading the checkpoint: %w", err)
				}
				a.say(map[string]string{"checkpoint": string(text)}, "%s", text)
				return nil
			})
		},
	}
}

func (a *app) logConsistency() *cobra.Command {
	return &cobra.Command{
		Use:   "consistency FILE",
		Short: "Check that the log only grew since an earlier checkpoint",
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			text, err := os.ReadFile(args[0])
			if err != nil {
				return fmt.Errorf("reading the earlier checkpoint: %w", err)
			}
			return a.reading(func(w *fieldwork.Workspace) error {
				old, now, err := w.Reader.CheckExtends(text)
				if err != nil {
					a.worse(exitVerification)
					return fmt.Errorf("the log is not an extension of the checkpoint in %s: %w", args[0], err)
				}
				a.say(map[string]any{"consistent": true, "old_size": old.Size, "size": now.Size},
					"The log of %d statements extends the checkpoint of %d: nothing before was altered.\n", now.Size, old.Size)
				return nil
			})
		},
	}
}

func (a *app) logRebuild() *cobra.Command {
	return &cobra.Command{
		Use:   "rebuild",
		Short: "Make the index anew from the log",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := a.absolute(); err != nil {
				return err
			}
			n, err := fieldwork.RebuildIndex(c.Context(), a.workspaceRoot())
			if err != nil {
				return err
			}
			a.say(map[string]any{"statements": n}, "The index holds %s again.\n", count(n, "statement"))
			return nil
		},
	}
}
