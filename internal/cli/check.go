package cli

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/ticktie/ticktie/internal/duckdb"
	"github.com/ticktie/ticktie/internal/program"
)

func (a *app) checkCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "check",
		Short: "Find everything wrong in the program, and run every fixture",
		Long: `Reads all program files strictly, follows every reference, binds every test's SQL
to the declared types, and runs every fixture. Everything found is listed in one
run with file, line and column. Errors stop collect and test; warnings do not.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := a.absolute(); err != nil {
				return err
			}
			p, findings, err := program.Load(a.program)
			if err != nil {
				return err
			}
			findings = append(findings, program.Check(p)...)
			ran, more := a.checkTests(c.Context(), p)
			findings = append(findings, more...)
			slices.SortStableFunc(findings, func(x, y program.Finding) int {
				return cmp.Or(cmp.Compare(x.File, y.File), cmp.Compare(x.Line, y.Line), cmp.Compare(x.Column, y.Column))
			})
			a.showFindings(p, findings, ran)
			return nil
		},
	}
}

// checkTests binds the SQL of every test and runs its fixtures on the real engine.
func (a *app) checkTests(ctx context.Context, p *program.Program) (fixtures int, findings []program.Finding) {
	engine := duckdb.NewEngine(a.engineConfig(""))
	add := func(t *program.Test, code, format string, args ...any) {
		part := "attributes"
		if code == "fixture" {
			part = "fixtures"
		} else if t.Use != nil {
			part = "use"
		}
		_, line, column := p.Place(t, part)
		findings = append(findings, program.Finding{
			File: t.File, Line: line, Column: column, Code: code, Severity: "error",
			Message: fmt.Sprintf("test %s: ", t.ID) + fmt.Sprintf(format, args...),
		})
	}
	for i := range p.Tests {
		t := &p.Tests[i]
		errs := engine.CheckSQL(ctx, p, t)
		for _, err := range errs {
			add(t, "sql", "%v", err)
		}
		if len(errs) > 0 || len(t.Fixtures) == 0 {
			continue
		}
		mismatches, err := engine.Fixtures(ctx, p, t)
		if err != nil {
			add(t, "fixture", "running its fixtures: %v", err)
			continue
		}
		fixtures += len(t.Fixtures)
		for _, m := range mismatches {
			if m.Err != "" {
				add(t, "fixture", "fixture %q: %s", m.Fixture, m.Err)
				continue
			}
			add(t, "fixture", "fixture %q: item %s, attribute %s: expected %s, judged %s; mend the attribute or the fixture",
				m.Fixture, m.Key, m.Attribute, m.Expected, m.Got)
		}
	}
	return fixtures, findings
}

func (a *app) showFindings(p *program.Program, findings []program.Finding, fixtures int) {
	var errs, warnings int64
	for _, f := range findings {
		if f.Severity == "error" {
			errs++
		} else {
			warnings++
		}
	}
	if errs > 0 {
		a.worse(exitFailed)
	}
	if a.json {
		if findings == nil {
			findings = []program.Finding{}
		}
		a.printJSON(map[string]any{
			"controls": len(p.Controls), "populations": len(p.Populations), "tests": len(p.Tests),
			"fixtures": fixtures, "errors": errs, "warnings": warnings, "findings": findings,
		})
		return
	}
	for _, f := range findings {
		a.printf("%s\n", f.String())
	}
	a.printf("%s, %s, %s, %s run: %s, %s\n",
		count(int64(len(p.Controls)), "control"), count(int64(len(p.Populations)), "population"),
		count(int64(len(p.Tests)), "test"), count(int64(fixtures), "fixture"),
		count(errs, "error"), count(warnings, "warning"))
}
