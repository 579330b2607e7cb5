// Package cli is the edge at the terminal: it reads flags, wires the parts,
// shows what they found, and turns outcomes into exit codes. It decides nothing.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"
)

// version is set by the build.
var version = "unknown"

// The exit codes (docs/exit-codes in the README).
const (
	exitDone         = 0
	exitFailed       = 1
	exitDeviations   = 2
	exitUnknown      = 3
	exitVerification = 4
)

// app is one invocation: its streams and the flags that all commands share.
type app struct {
	in       io.Reader
	out, err io.Writer
	json     bool
	quiet    bool
	program  string // directory of ticktie.yaml
	root     string // directory that holds .ticktie
	data     string // what source paths are relative to
	memory   int    // MB for the engine
	threads  int

	code int // exit code of a command that did its work
}

// Run executes one command line and returns the exit code.
func Run(args []string, in io.Reader, out, errs io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	a := &app{in: in, out: out, err: errs}
	root := a.command()
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errs)
	if err := root.ExecuteContext(ctx); err != nil {
		a.fail(err)
		if a.code != exitVerification {
			return exitFailed
		}
	}
	return a.code
}

// fail tells the user what went wrong, once, in sentences.
func (a *app) fail(err error) {
	if errors.Is(err, errShown) {
		return
	}
	if a.json {
		a.printJSON(map[string]string{"error": err.Error()})
	}
	fmt.Fprintf(a.err, "ticktie: %v\n", err)
}

// errShown ends a command whose failure the output has already told.
var errShown = errors.New("shown")

func (a *app) command() *cobra.Command {
	root := &cobra.Command{
		Use:   "ticktie",
		Short: "Prove that controls worked: every item, the whole period, checkable by anyone",
		Long: `Ticktie freezes the complete populations that your controls act on, tests every
item of them over the whole period, seals what it found in a tamper-evident log,
and freezes it all into one file that a service auditor verifies offline.

  ticktie init       make a program and a workspace
  ticktie check      find everything wrong in the program
  ticktie collect    freeze populations and tie them out
  ticktie test       test every item
  ticktie bundle     freeze the evidence into one file
  ticktie verify     check such a file, and redo every test in it

Exit codes: 0 done, nothing to report; 1 failed or used wrongly; 2 deviations;
3 not evaluable, not concluded or a gap (wins over 2); 4 verification failed.`,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	f := root.PersistentFlags()
	f.BoolVar(&a.json, "json", false, "print one JSON object with the same content")
	f.BoolVarP(&a.quiet, "quiet", "q", false, "no progress")
	f.StringVarP(&a.program, "program", "p", ".", "directory of the program (ticktie.yaml)")
	f.StringVarP(&a.root, "workspace", "w", "", "directory that holds .ticktie (default: the program's)")
	f.StringVar(&a.data, "data", "", "directory that source paths are relative to (default: the program's)")
	f.IntVar(&a.memory, "memory", 0, "memory limit of the engine in MB (default 3072)")
	f.IntVar(&a.threads, "threads", 0, "threads of the engine (default: all processors)")
	root.AddCommand(
		a.initCommand(), a.checkCommand(), a.collectCommand(), a.testCommand(), a.challengeCommand(),
		a.sampleCommand(), a.statusCommand(), a.bundleCommand(), a.verifyCommand(), a.logCommand(),
		a.schemaCommand(), a.demoCommand(), a.versionCommand(),
	)
	return root
}

// workspaceRoot is where .ticktie lies.
func (a *app) workspaceRoot() string {
	if a.root != "" {
		return a.root
	}
	return a.program
}

func (a *app) dataDir() string {
	if a.data != "" {
		return a.data
	}
	return a.program
}

// absolute resolves the shared directories once, so that messages name them fully.
func (a *app) absolute() error {
	for _, p := range []*string{&a.program, &a.root, &a.data} {
		if *p == "" {
			continue
		}
		abs, err := filepath.Abs(*p)
		if err != nil {
			return fmt.Errorf("finding the directory %s: %w", *p, err)
		}
		*p = abs
	}
	return nil
}

// worse keeps the code that reports more: unknown wins over deviations.
func (a *app) worse(code int) {
	if code > a.code {
		a.code = code
	}
}
