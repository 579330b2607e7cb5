package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ticktie/ticktie/internal/bundle"
	"github.com/ticktie/ticktie/internal/duckdb"
	"github.com/ticktie/ticktie/internal/objects"
	"github.com/ticktie/ticktie/internal/population"
	"github.com/ticktie/ticktie/internal/procedure"
	"github.com/ticktie/ticktie/internal/seal"
)

func (a *app) verifyCommand() *cobra.Command {
	var key, temp string
	var all bool
	c := &cobra.Command{
		Use:   "verify FILE",
		Short: "Check a bundle without a network, and perform every test in it again",
		Long: `Compares every byte with the manifest, every signature with the key, every statement
with the log's tree; counts every population anew, ties it out again, performs every
test again over the frozen items and compares the result to the item; draws every
sample again. It says what agrees, what differs, and what could not be done again.

--key FILE-OR-TEXT names the log's public key that you got outside this file. Without
it the file vouches only for itself.

The SQL in a bundle is run by the embedded engine with external access off, but in
this process: verify only files from people you would run a program from.`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			k, err := keyText(key)
			if err != nil {
				return err
			}
			p := a.startProgress()
			r, err := bundle.Verify(c.Context(), args[0], a.verifyTools(k, temp, p))
			p.stop()
			if err != nil {
				return err
			}
			a.showReport(r, all)
			return nil
		},
	}
	c.Flags().StringVar(&key, "key", "", "the log's public key, or a file that holds it, got outside this bundle")
	c.Flags().StringVar(&temp, "temp", "", "directory for unpacked objects (default: the system's)")
	c.Flags().BoolVar(&all, "all", false, "list every check, not only what differs")
	return c
}

func (a *app) verifyTools(key, temp string, p *progress) bundle.Tools {
	return bundle.Tools{
		Engine: func(_ *objects.Store, dir string) procedure.Engine { return duckdb.NewEngine(a.engineConfig(dir)) },
		Reader: func(o *objects.Store, dir string) population.Reader {
			return duckdb.NewReader(a.engineConfig(dir), o)
		},
		Key: key, TempDir: temp, Progress: p.report,
	}
}

// keyText takes a key as text, or reads it from a file.
func keyText(key string) (string, error) {
	if key == "" {
		return "", nil
	}
	b, err := os.ReadFile(key)
	switch {
	case err == nil:
		key = strings.TrimSpace(string(b))
	case !errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("reading the key %s: %w", key, err)
	}
	if _, err := seal.ParseVerifier(key); err != nil {
		return "", fmt.Errorf("--key %q is neither a file nor a public key: %w", key, err)
	}
	return key, nil
}

func (a *app) showReport(r *bundle.Report, all bool) {
	verdict := "verified"
	switch {
	case r.Failed():
		verdict = "verification failed"
		a.code = exitVerification
	case r.Count("", bundle.NotDone) > 0:
		verdict = "verified as far as it goes: part of it could not be done again"
		a.worse(exitUnknown)
	}
	if a.json {
		a.printJSON(map[string]any{"verdict": verdict, "report": r})
		return
	}
	a.printf("%s\n", r.File)
	paragraph(a.out, "  ", "Log", fmt.Sprintf("%s, %s, root %s", r.Origin, count(r.TreeSize, "statement"), r.Root))
	if r.First != "" {
		paragraph(a.out, "  ", "Recorded", r.First+" to "+r.Last+", by the clock of whoever kept the log: no trusted time")
	}
	if r.Engagement != "" {
		paragraph(a.out, "  ", "Engagement", r.Engagement)
	}
	paragraph(a.out, "  ", "Key", r.Key)
	if r.Confirmed {
		paragraph(a.out, "  ", "", "the same key that you gave")
	} else if r.Key != "" {
		paragraph(a.out, "  ", "", "found in this file and not confirmed outside it; ask the keeper of the log for the key and give it with --key")
	}
	paragraph(a.out, "  ", "Witnesses", "none: whoever holds the key could have rewritten the log before you first saw it")
	a.printf("\n")
	for _, k := range checkKinds {
		a.showKind(r, k.what, k.text)
	}
	for _, c := range r.Checks {
		if all || c.Outcome != bundle.Agrees {
			a.printf("\n")
			paragraph(a.out, "  ", words(string(c.Outcome)), strings.TrimSpace(words(c.What)+" "+c.Subject+": "+c.Detail))
		}
	}
	if n := len(r.Withheld); n > 0 {
		a.printf("\n")
		paragraph(a.out, "  ", "Withheld", count(int64(n), "object")+" named in the log and left out of this file; index.html in it lists them with reasons")
	}
	a.printf("\n%s%s\n", strings.ToUpper(verdict[:1]), verdict[1:])
}

// checkKinds is the order in which checks are summed up.
var checkKinds = []struct{ what, text string }{
	{"container", "the file's own frame, byte by byte"},
	{"manifest", "manifest"},
	{"signature", "signatures"},
	{"digest", "members against their digests"},
	{"log", "log: tree, tiles, checkpoint"},
	{"statement", "statements, in order"},
	{"object", "objects named by statements"},
	{"program", "readable program files"},
	{"snapshot", "populations counted again"},
	{"tie_out", "populations tied out again"},
	{"test", "test runs performed again"},
	{"sample", "samples drawn again"},
}

func (a *app) showKind(r *bundle.Report, what, text string) {
	agrees, differs, open := r.Count(what, bundle.Agrees), r.Count(what, bundle.Differs), r.Count(what, bundle.NotDone)
	if agrees+differs+open == 0 {
		return
	}
	line := fmt.Sprintf("  %-40s %s agree", text, num(agrees))
	if differs > 0 {
		line += ", " + num(differs) + " DIFFER"
	}
	if open > 0 {
		line += ", " + num(open) + " not done"
	}
	a.printf("%s\n", line)
}

// verifyFile is verify for the demo: the report, without printing it.
func (a *app) verifyFile(ctx context.Context, path string, p *progress) (*bundle.Report, error) {
	return bundle.Verify(ctx, path, a.verifyTools("", "", p))
}
