// Package builtin lists the connectors of this build, by hand.
package builtin

import (
	"github.com/ticktie/ticktie/internal/source"
	"github.com/ticktie/ticktie/internal/source/files"
	"github.com/ticktie/ticktie/internal/source/git"
)

// Connectors returns every connector by name.
func Connectors() map[string]source.Connector {
	all := map[string]source.Connector{}
	for _, c := range []source.Connector{files.New(), git.New()} {
		all[c.Name()] = c
	}
	return all
}
