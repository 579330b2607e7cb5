package cli

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
)

// flipMain is `flip FILE OFFSET`: one bit of one byte; a negative offset counts from the end.
func flipMain(args []string) int {
	b, err := os.ReadFile(args[0])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	at, err := strconv.Atoi(args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if at < 0 {
		at += len(b)
	}
	b[at] ^= 1
	if err := os.WriteFile(args[0], b, 0o644); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// exitsMain is `exits CODE COMMAND…`: it succeeds if the command ends in that code.
func exitsMain(args []string) int {
	c := exec.Command(args[1], args[2:]...)
	c.Stdout, c.Stderr = os.Stdout, os.Stderr
	err := c.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if got := strconv.Itoa(c.ProcessState.ExitCode()); got != args[0] {
		fmt.Fprintf(os.Stderr, "exit code %s, want %s\n", got, args[0])
		return 1
	}
	return 0
}
