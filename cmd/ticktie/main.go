// Command ticktie is the doorway: see internal/cli.
package main

import (
	"os"
	_ "time/tzdata" // a verifier's machine may have no time zones of its own

	"github.com/ticktie/ticktie/internal/cli"
)

func main() { os.Exit(cli.Run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }
