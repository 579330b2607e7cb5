package cli

import (
	"fmt"

	"github.com/ticktie/ticktie/internal/duckdb"
	"github.com/ticktie/ticktie/internal/engagement"
	"github.com/ticktie/ticktie/internal/fieldwork"
	"github.com/ticktie/ticktie/internal/program"
	"github.com/ticktie/ticktie/internal/source/builtin"
)

func (a *app) engineConfig(temp string) duckdb.Config {
	return duckdb.Config{MemoryMB: a.memory, Threads: a.threads, TempDir: temp}
}

// load reads the program; errors in it stop every command but check.
func (a *app) load() (*program.Program, error) {
	if err := a.absolute(); err != nil {
		return nil, err
	}
	p, findings, err := program.Load(a.program)
	if err != nil {
		return nil, err
	}
	findings = append(findings, program.Check(p)...)
	var errs []program.Finding
	for _, f := range findings {
		if f.Severity == "error" {
			errs = append(errs, f)
		}
	}
	if len(errs) == 0 {
		return p, nil
	}
	for i, f := range errs {
		if i == 10 {
			break
		}
		fmt.Fprintln(a.err, f.String())
	}
	return nil, fmt.Errorf("the program in %s has %s; `ticktie check` lists them all", a.program, count(int64(len(errs)), "error"))
}

// fieldwork opens the workspace to write and wires the stages.
func (a *app) fieldwork() (*fieldwork.Fieldwork, func() error, error) {
	p, err := a.load()
	if err != nil {
		return nil, nil, err
	}
	w, err := fieldwork.OpenWorkspaceToWrite(a.workspaceRoot())
	if err != nil {
		return nil, nil, err
	}
	temp, done, err := w.TempDir()
	if err != nil {
		_ = w.Close()
		return nil, nil, err
	}
	f := a.wire(p, w, temp)
	return f, func() error { done(); return w.Close() }, nil
}

func (a *app) wire(p *program.Program, w *fieldwork.Workspace, temp string) *fieldwork.Fieldwork {
	cfg := a.engineConfig(temp)
	return &fieldwork.Fieldwork{
		Program: p, Workspace: w, DataDir: a.dataDir(),
		Connectors: builtin.Connectors(),
		Freezer:    duckdb.NewFreezer(cfg),
		Reader:     duckdb.NewReader(cfg, w.Objects),
		Engine:     duckdb.NewEngine(cfg),
		Role:       engagement.Management,
		Version:    version,
	}
}
