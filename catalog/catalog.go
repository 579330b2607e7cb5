// Package catalog embeds the facts of the field as data that auditors can read
// and edit. It interprets nothing: parsing is criteria's.
package catalog

import "embed"

// Files holds the YAML files of this directory.
//
//go:embed *.yaml
var Files embed.FS
