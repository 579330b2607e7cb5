package cli

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets scripts run this program as the command ticktie.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"ticktie": func() { os.Exit(Run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) },
		"flip":    func() { os.Exit(flipMain(os.Args[1:])) },
		"exits":   func() { os.Exit(exitsMain(os.Args[1:])) },
	})
}

// TestScripts runs every command as its users do, with its files inside the script.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("testdata", "script"),
		Setup: func(e *testscript.Env) error {
			abs, err := filepath.Abs(filepath.Join("testdata", "program"))
			if err != nil {
				return err
			}
			e.Setenv("PROGRAM", abs)
			e.Setenv("NO_COLOR", "1")
			return nil
		},
	})
}
