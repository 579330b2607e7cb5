package bundle

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/ticktie/ticktie/internal/objects"
	"github.com/ticktie/ticktie/internal/population"
	"github.com/ticktie/ticktie/internal/procedure"
	"github.com/ticktie/ticktie/internal/program"
	"github.com/ticktie/ticktie/internal/seal"
	"github.com/ticktie/ticktie/internal/source"
)

// The roles in which objects are named.
const (
	roleProgram = "program"
	roleFile    = "program_file"
	roleRaw     = "raw"
)

// reached maps each object to the role in which it was first named.
type reached map[objects.Digest]string

// read returns an object's bytes.
type read func(objects.Digest) ([]byte, error)

// reach follows a statement to every object that it rests on or produced. An
// object that read cannot give is itself reached; what lies behind it is unknown.
func (r reached) reach(st seal.Statement, get read) error {
	for _, ref := range slices.Concat(st.Inputs, st.Outputs) {
		if err := r.follow(ref.Role, objects.Digest(ref.Digest), get); err != nil {
			return fmt.Errorf("statement %d (%s %s): %w", st.Seq, st.Type, st.Subject, err)
		}
	}
	if st.Program == "" {
		return nil
	}
	if err := r.follow(roleProgram, objects.Digest(st.Program), get); err != nil {
		return fmt.Errorf("statement %d (%s %s): %w", st.Seq, st.Type, st.Subject, err)
	}
	return nil
}

func (r reached) follow(role string, d objects.Digest, get read) error {
	if d == "" {
		return nil
	}
	if _, seen := r[d]; seen {
		return nil
	}
	if err := d.Check(); err != nil {
		return err
	}
	r[d] = role
	next, ok := behind[role]
	if !ok {
		return nil
	}
	b, err := get(d)
	if err != nil {
		return fmt.Errorf("%s %s: %w", role, d, err)
	}
	if b == nil {
		return nil // withheld
	}
	refs, err := next(b)
	if err != nil {
		return fmt.Errorf("%s %s: %w", role, d, err)
	}
	for _, ref := range refs {
		if err := r.follow(ref.Role, objects.Digest(ref.Digest), get); err != nil {
			return err
		}
	}
	return nil
}

// behind lists what an object of each role names in turn.
var behind = map[string]func([]byte) ([]seal.Ref, error){
	"snapshot":   behindSnapshot,
	"extraction": behindExtraction,
	"result":     behindResult,
	roleProgram:  behindProgram,
}

func refTo(role string, d objects.Digest) seal.Ref { return seal.Ref{Role: role, Digest: string(d)} }

func behindSnapshot(b []byte) ([]seal.Ref, error) {
	var s population.Snapshot
	if err := json.Unmarshal(b, &s); err != nil {
		return nil, err
	}
	return []seal.Ref{
		refTo("data", s.Data), refTo("restricted", s.Restricted), refTo("refused", s.Refused),
		refTo("extraction", s.Extraction), refTo("definition", s.Definition), refTo("snapshot", s.Earlier),
	}, nil
}

func behindExtraction(b []byte) ([]seal.Ref, error) {
	var x source.Extraction
	if err := json.Unmarshal(b, &x); err != nil {
		return nil, err
	}
	var refs []seal.Ref
	for _, f := range x.Files {
		refs = append(refs, refTo(roleRaw, f.SHA256))
	}
	return refs, nil
}

func behindResult(b []byte) ([]seal.Ref, error) {
	var r procedure.Result
	if err := json.Unmarshal(b, &r); err != nil {
		return nil, err
	}
	refs := []seal.Ref{refTo("definition", r.Definition), refTo("not_met", r.NotMet)}
	for _, id := range slices.Sorted(maps.Keys(r.Populations)) {
		refs = append(refs, refTo("snapshot", r.Populations[id]))
	}
	return refs, nil
}

func behindProgram(b []byte) ([]seal.Ref, error) {
	var m program.Manifest
	if err := json.Unmarshal(b, &m); err != nil {
		return nil, err
	}
	var refs []seal.Ref
	for _, f := range m.Files {
		refs = append(refs, refTo(roleFile, f.Digest))
	}
	return refs, nil
}
