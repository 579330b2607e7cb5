package program

import "github.com/ticktie/ticktie/internal/objects"

// ManifestFormat names the format of Manifest.
const ManifestFormat = "ticktie-program/v1"

// Manifest lists the files of a program as they were at an act. Its canonical
// JSON is an object, whose digest every statement carries.
type Manifest struct {
	Format string         `json:"format"`
	Files  []ManifestFile `json:"files"` // in path order
}

// ManifestFile is one file of a program.
type ManifestFile struct {
	Path   string         `json:"path"` // slash-separated, relative to the program
	Digest objects.Digest `json:"digest"`
}
