package fieldwork

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/ticktie/ticktie/internal/objects"
	"github.com/ticktie/ticktie/internal/program"
)

// sealProgram stores every file of the program and a list of them, so that
// each act can be replayed with the words that were in force when it was done.
func sealProgram(o *objects.Store, p *program.Program) (objects.Digest, error) {
	m := program.Manifest{Format: program.ManifestFormat}
	for _, name := range p.Files {
		b, err := os.ReadFile(filepath.Join(p.Dir, filepath.FromSlash(name)))
		if err != nil {
			return "", fmt.Errorf("sealing the program file %s: %w", name, err)
		}
		d, err := o.PutBytes(b)
		if err != nil {
			return "", fmt.Errorf("sealing the program file %s: %w", name, err)
		}
		m.Files = append(m.Files, program.ManifestFile{Path: name, Digest: d})
	}
	d, err := o.PutJSON(m)
	if err != nil {
		return "", fmt.Errorf("sealing the program %s: %w", p.Dir, err)
	}
	return d, nil
}
