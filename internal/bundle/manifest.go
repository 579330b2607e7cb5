// Package bundle freezes evidence into one file and checks such a file without
// anything else at hand. It draws no conclusion and trusts nothing it reads.
//
// The file is a zip archive whose members are stored, in one fixed order with
// fixed headers, so that the same evidence gives the same bytes and every byte
// is accounted for:
//
//	index.html       what this is and how to check it, for people
//	manifest.json    every other member with size and digest; what is withheld
//	manifest.sig     the log's signature over the manifest's digest (signed note)
//	keys/log.pub     the log's public key
//	log/…            checkpoint and tiles of the whole log (C2SP tlog-tiles)
//	objects/<hex>    what the statements name, by SHA-256
//	program/…        the program files in force at the end, readable
package bundle

import "github.com/ticktie/ticktie/internal/objects"

const (
	manifestFormat = "ticktie-bundle/v1"

	indexName     = "index.html"
	manifestName  = "manifest.json"
	signatureName = "manifest.sig"
	keyName       = "keys/log.pub"
	logPrefix     = "log/"
	objectPrefix  = "objects/"
	programPrefix = "program/"
)

// Manifest covers every byte of a bundle besides itself and its signature.
// Canonical JSON; no time in it, so that the same evidence gives the same manifest.
type Manifest struct {
	Format     string     `json:"format"`
	Origin     string     `json:"origin"`               // the log's name
	Engagement string     `json:"engagement,omitempty"` // empty: the whole workspace
	TreeSize   int64      `json:"tree_size"`            // statements in the log
	Root       string     `json:"root"`                 // hex, of the log's tree
	Members    []Member   `json:"members"`              // in the order of the file, without manifest and signature
	Withheld   []Withheld `json:"withheld,omitempty"`   // by digest
}

// Member is one file of the bundle.
type Member struct {
	Path   string         `json:"path"`
	Size   int64          `json:"size"` // bytes
	SHA256 objects.Digest `json:"sha256"`
	Role   string         `json:"role,omitempty"` // of an object: in what role it was first named
}

// Withheld is an object that statements name and the bundle does not hold.
type Withheld struct {
	Digest objects.Digest `json:"digest"`
	Role   string         `json:"role"`
	Reason string         `json:"reason"`
}

// signedText is what the log's key signs.
func signedText(origin string, manifest objects.Digest) []byte {
	return []byte(manifestFormat + "\n" + origin + "\n" + string(manifest) + "\n")
}
