package cli

import (
	"crypto/rand"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ticktie/ticktie/internal/fieldwork"
)

// scaffold is the program that init writes: small, complete, and marked where
// it must be replaced, so that check names what nobody has edited.
//
//go:embed all:scaffold
var scaffold embed.FS

func (a *app) initCommand() *cobra.Command {
	var name, zone string
	c := &cobra.Command{
		Use:   "init [DIR]",
		Short: "Make a program and a workspace",
		Long: `Writes a small program into DIR (default: the current directory) and makes the
workspace .ticktie beside it: an empty log and the key that signs it (0600). A program
that is there already is kept, and only the workspace is made.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 1 {
				a.program = args[0]
			}
			if err := a.absolute(); err != nil {
				return err
			}
			if _, err := time.LoadLocation(zone); err != nil || zone == "Local" {
				return fmt.Errorf("--zone %q is not a time zone; give an IANA name such as Europe/Berlin", zone)
			}
			made, err := writeScaffold(a.program, name, zone)
			if err != nil {
				return err
			}
			origin, err := newOrigin(name, a.program)
			if err != nil {
				return err
			}
			if err := fieldwork.CreateWorkspace(c.Context(), a.workspaceRoot(), origin, version); err != nil {
				return err
			}
			a.say(map[string]any{"program": a.program, "workspace": filepath.Join(a.workspaceRoot(), ".ticktie"), "origin": origin, "files": made},
				"%s\nWorkspace %s, log %s. Back up its keys directory, and show nobody log.key.\nNext: replace what `ticktie check` names, then `ticktie collect`.\n",
				wrote(made), filepath.Join(a.workspaceRoot(), ".ticktie"), origin)
			return nil
		},
	}
	c.Flags().StringVar(&name, "name", "REPLACE: name of your organization", "name of the organization")
	c.Flags().StringVar(&zone, "zone", "UTC", "IANA time zone of business days")
	return c
}

func wrote(made []string) string {
	if len(made) == 0 {
		return "The program that is here was kept."
	}
	return "Wrote " + strings.Join(made, ", ") + "."
}

// writeScaffold writes the scaffold unless a program is there already.
func writeScaffold(dir, name, zone string) ([]string, error) {
	_, err := os.Stat(filepath.Join(dir, "ticktie.yaml"))
	if err == nil {
		return nil, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("looking for a program in %s: %w", dir, err)
	}
	var made []string
	err = fs.WalkDir(scaffold, "scaffold", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel := strings.TrimPrefix(path, "scaffold/")
		if rel == "gitignore" {
			rel = ".gitignore"
		}
		b, err := scaffold.ReadFile(path)
		if err != nil {
			return err
		}
		text := strings.NewReplacer("@NAME@", yamlText(name), "@ZONE@", zone).Replace(string(b))
		to := filepath.Join(dir, filepath.FromSlash(rel))
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if errors.Is(err, fs.ErrExist) {
			return nil // somebody's own file is never overwritten
		}
		if err != nil {
			return err
		}
		made = append(made, rel)
		_, err = f.WriteString(text)
		return errors.Join(err, f.Close())
	})
	if err != nil {
		return nil, fmt.Errorf("writing a program into %s: %w", dir, err)
	}
	return made, nil
}

// yamlText quotes s as a YAML string.
func yamlText(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

var notInOrigin = regexp.MustCompile(`[^a-z0-9]+`)

// newOrigin names a log so that no two logs share a name.
func newOrigin(name, dir string) (string, error) {
	if strings.HasPrefix(name, "REPLACE:") {
		name = filepath.Base(dir)
	}
	var r [6]byte
	if _, err := rand.Read(r[:]); err != nil {
		return "", fmt.Errorf("naming the log: %w", err)
	}
	slug := strings.Trim(notInOrigin.ReplaceAllString(strings.ToLower(name), "-"), "-")
	if len(slug) > 40 {
		slug = slug[:40]
	}
	return "ticktie/" + slug + "/" + hex.EncodeToString(r[:]), nil
}
