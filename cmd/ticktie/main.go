// Command ticktie tests every item of complete populations over the whole
// period and seals what it finds, so that anyone can verify it offline.
package main

import (
	"os"

	"github.com/ticktie/ticktie/internal/cli"
)

func main() {
	os.Exit(cli.Run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
