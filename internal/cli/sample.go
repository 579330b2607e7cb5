package cli

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ticktie/ticktie/internal/fieldwork"
)

func (a *app) sampleCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "sample",
		Short: "Draw a sample that nobody could have steered",
		Long: `Where judgement on each item is needed, a sample is drawn so that neither side could
have steered it: the population is sealed; then a commitment to a secret nonce is
sealed; then the nonce is revealed, and the items with the smallest
SHA-256(seed, key) are the sample. Anyone can draw it again from the bundle.`,
	}
	c.AddCommand(a.sampleCommit(), a.sampleDraw(), a.sampleList(), a.samplePlan())
	return c
}

func (a *app) sampleCommit() *cobra.Command {
	var nonceFile, engagement string
	c := &cobra.Command{
		Use:   "commit TEST",
		Short: "Seal a commitment to a secret nonce",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			nonce, err := makeNonce(nonceFile)
			if err != nil {
				return err
			}
			f, done, err := a.fieldwork()
			if err != nil {
				return err
			}
			seq, err := f.CommitSample(c.Context(), engagement, args[0], nonce)
			if err == nil {
				a.say(map[string]any{"statement": seq, "nonce_file": nonceFile},
					"Commitment sealed as statement %d. Keep %s secret until you draw; whoever knows it can foresee the sample.\n", seq, nonceFile)
			}
			return errors.Join(err, done())
		},
	}
	c.Flags().StringVar(&nonceFile, "nonce", "", "file that holds the nonce as hex; made if missing")
	c.Flags().StringVarP(&engagement, "engagement", "e", "", "the engagement the sample is for")
	_ = c.MarkFlagRequired("nonce")
	_ = c.MarkFlagRequired("engagement")
	return c
}

func (a *app) sampleDraw() *cobra.Command {
	var nonceFile string
	var n int
	c := &cobra.Command{
		Use:   "draw",
		Short: "Reveal the nonce and draw the sample",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			nonce, err := readNonce(nonceFile)
			if err != nil {
				return err
			}
			f, done, err := a.fieldwork()
			if err != nil {
				return err
			}
			s, err := f.DrawSample(c.Context(), nonce, n)
			if err == nil && a.json {
				a.printJSON(s)
			} else if err == nil {
				a.printf("Sample of %d for %s from %s (%s)\n\n", len(s.Selected), s.Test, s.Population, s.Snapshot)
				for i, x := range s.Selected {
					a.printf("%4d  item %s  %s\n", i+1, num(x.Item), x.Key)
				}
				a.printf("\nSeed %s, sealed with the nonce: anyone can draw it again.\n", s.Seed)
			}
			return errors.Join(err, done())
		},
	}
	c.Flags().StringVar(&nonceFile, "nonce", "", "file with the nonce that was committed to")
	c.Flags().IntVarP(&n, "size", "n", 0, "items to draw (`ticktie sample plan` says how many)")
	_ = c.MarkFlagRequired("nonce")
	_ = c.MarkFlagRequired("size")
	return c
}

type commitmentJSON struct {
	Statement  int64  `json:"statement"`
	Test       string `json:"test"`
	Engagement string `json:"engagement"`
	At         string `json:"at"`
	Drawn      *int64 `json:"drawn_by_statement"`
}

func (a *app) sampleList() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List commitments, and which were never revealed",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := a.absolute(); err != nil {
				return err
			}
			w, err := fieldwork.OpenWorkspace(a.workspaceRoot())
			if err != nil {
				return err
			}
			s, err := fieldwork.ReadState(c.Context(), w)
			if err != nil {
				return errors.Join(err, w.Close())
			}
			var rows []commitmentJSON
			for _, x := range s.Commitments {
				r := commitmentJSON{Statement: x.Statement.Seq, Test: x.Statement.Subject, Engagement: x.Commitment.Engagement, At: x.Statement.At.Format("2006-01-02 15:04:05Z")}
				if x.Drawn != nil {
					r.Drawn = &x.Drawn.Seq
				} else {
					a.worse(exitUnknown)
				}
				rows = append(rows, r)
			}
			if a.json {
				a.printJSON(map[string]any{"commitments": rows})
				return w.Close()
			}
			for _, r := range rows {
				state := "never revealed"
				if r.Drawn != nil {
					state = fmt.Sprintf("drawn by statement %d", *r.Drawn)
				}
				a.printf("statement %d  %s  %s  %s  %s\n", r.Statement, r.At, r.Engagement, r.Test, state)
			}
			if len(rows) == 0 {
				a.printf("No sample was committed to.\n")
			}
			return w.Close()
		},
	}
}

// say prints one sentence, or its content as JSON.
func (a *app) say(content any, format string, args ...any) {
	if a.json {
		a.printJSON(content)
		return
	}
	a.printf(format, args...)
}

// makeNonce reads the nonce, or makes a random one that only its owner can read.
func makeNonce(path string) ([]byte, error) {
	b, err := readNonce(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return b, err
	}
	b = make([]byte, 32)
	if _, err := rand.Read(b); err != nil {
		return nil, fmt.Errorf("making a nonce: %w", err)
	}
	if err := os.WriteFile(path, []byte(hex.EncodeToString(b)+"\n"), 0o600); err != nil {
		return nil, fmt.Errorf("keeping the nonce: %w", err)
	}
	return b, nil
}

func readNonce(path string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the nonce: %w", err)
	}
	b, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil {
		return nil, fmt.Errorf("reading the nonce: %s does not hold hexadecimal digits; it is the file that `ticktie sample commit` made", path)
	}
	return b, nil
}
