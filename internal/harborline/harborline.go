// Package harborline generates twelve months of records of Harborline, a
// made-up payroll and billing service, together with the program that controls
// it. Faults are seeded in the records and listed beside them; the program
// knows nothing of the list. The package neither freezes nor tests anything.
package harborline

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
)

// What Generate writes, relative to its directory.
const (
	ProgramDir = "program"     // the control set
	DataDir    = "data"        // the records that its populations read
	FaultsFile = "faults.json" // the seeded faults, for people; no command reads it
)

// DefaultLines is about how many payroll lines Generate writes.
const DefaultLines = 1_200_000

//go:embed program
var programFiles embed.FS

// Generate writes the program, twelve months of records with the seeded
// faults, and the list of those faults. It writes the same bytes every time,
// and looks at no clock. Files of the same names are replaced.
func Generate(ctx context.Context, dir string) error {
	return GenerateScaled(ctx, dir, DefaultLines)
}

// GenerateScaled is Generate with about the given number of payroll lines, but
// at least 6,240: four employees of each client on each pay date. What does not
// grow with payroll, faults included, stays the same.
func GenerateScaled(ctx context.Context, dir string, lines int) error {
	if err := writeProgram(filepath.Join(dir, ProgramDir)); err != nil {
		return fmt.Errorf("writing Harborline's program: %w", err)
	}
	if err := writeData(ctx, filepath.Join(dir, DataDir), lines); err != nil {
		return fmt.Errorf("writing Harborline's records: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, FaultsFile), faultsJSON, 0o644); err != nil {
		return fmt.Errorf("writing Harborline's faults: %w", err)
	}
	return nil
}

func writeProgram(dir string) error {
	return fs.WalkDir(programFiles, "program", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel("program", filepath.FromSlash(name))
		if err != nil {
			return err
		}
		to := filepath.Join(dir, rel)
		if d.IsDir() {
			return os.MkdirAll(to, 0o755)
		}
		b, err := programFiles.ReadFile(path.Clean(name))
		if err != nil {
			return err
		}
		return os.WriteFile(to, b, 0o644)
	})
}

// writeData writes every file of records, in an order that never changes.
func writeData(ctx context.Context, dir string, lines int) error {
	w := &world{ctx: ctx, dir: dir}
	w.people()
	w.clients(lines)
	for _, write := range []func() error{
		w.payroll, w.returnedItems, w.bank, w.billing, w.revenue, w.ledger,
		w.staffFiles, w.accessFiles, w.engineering, w.operations, w.governance,
	} {
		if err := errors.Join(ctx.Err(), write()); err != nil {
			return err
		}
	}
	return nil
}
