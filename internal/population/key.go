package population

import (
	"errors"
	"strings"

	"github.com/ticktie/ticktie/internal/objects"
)

// CanonicalKey is an item's key as a JSON array of strings, from the exact
// texts that Reader.Rows gives. A part of a key is never absent.
func CanonicalKey(values []*string) (string, error) {
	parts := make([]string, len(values))
	for i, v := range values {
		if v == nil {
			return "", errors.New("a part of a key is absent: the snapshot is damaged")
		}
		parts[i] = *v
	}
	key, err := objects.Canonical(parts)
	return string(key), err
}

// byPosition reports whether an item's key is its position.
func byPosition(key []string) bool { return len(key) == 1 && key[0] == "position" }

// quoted writes a column name as SQL.
func quoted(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }
