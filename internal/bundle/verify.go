package bundle

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/ticktie/ticktie/internal/objects"
	"github.com/ticktie/ticktie/internal/population"
	"github.com/ticktie/ticktie/internal/procedure"
	"github.com/ticktie/ticktie/internal/program"
	"github.com/ticktie/ticktie/internal/seal"
)

// Tools are what a verification works with.
type Tools struct {
	// Engine and Reader work on objects in the store, with temp as their own directory.
	Engine func(store *objects.Store, temp string) procedure.Engine
	Reader func(store *objects.Store, temp string) population.Reader
	// Key is the verifier key that the reader got from elsewhere; "" if none.
	Key string
	// TempDir is where a private directory is made for the unpacked objects; "" the system's.
	TempDir string
	// Progress is told what is under way.
	Progress func(stage, subject string, done, total int64)
}

// verifier is one verification.
type verifier struct {
	path   string
	tools  Tools
	report *Report
	o      opened
	temp   string

	verify     note.Verifier
	statements []seal.Statement
	entries    [][]byte
	programs   map[objects.Digest]*program.Program
	replayed   map[string]*procedure.Result
	withheld   map[objects.Digest]bool
	ties       map[objects.Digest][]population.TieOut // by snapshot: the last tie-outs so far
}

// Verify checks the bundle at path without a network and without writing
// anything but a private temporary directory. Whatever is wrong with the file
// is in the report; an error means that the check itself could not be done.
func Verify(ctx context.Context, path string, t Tools) (*Report, error) {
	temp, err := os.MkdirTemp(t.TempDir, "ticktie-verify-")
	if err != nil {
		return nil, fmt.Errorf("verifying %s: making a temporary directory: %w", path, err)
	}
	defer os.RemoveAll(temp)
	store, err := objects.Open(filepath.Join(temp, "objects"))
	if err != nil {
		return nil, fmt.Errorf("verifying %s: %w", path, err)
	}
	v := &verifier{
		path: path, tools: t, temp: temp, report: &Report{File: path},
		o: opened{
			log: map[string][]byte{}, program: map[string]objects.Digest{},
			have: map[objects.Digest]bool{}, store: store,
		},
		programs: map[objects.Digest]*program.Program{}, replayed: map[string]*procedure.Result{},
		withheld: map[objects.Digest]bool{}, ties: map[objects.Digest][]population.TieOut{},
	}
	if err := v.run(ctx); err != nil {
		return nil, fmt.Errorf("verifying %s: %w", path, err)
	}
	return v.report, nil
}

// run goes on as long as what it rests on holds: a damaged object does not
// hide what the rest of the file says, a log that fails does.
func (v *verifier) run(ctx context.Context) error {
	if err := v.open(ctx); err != nil {
		return err
	}
	if v.o.manifest == nil || v.o.key == nil {
		v.report.add("log", "tree", NotDone, "the manifest or the key cannot be relied on")
		return nil
	}
	for _, w := range v.o.manifest.Withheld {
		v.withheld[w.Digest] = true
	}
	if !v.checkKey() || !v.checkLog() {
		v.report.add("statement", "all", NotDone, "the log cannot be relied on")
		return nil
	}
	if !v.checkStatements() {
		return nil
	}
	v.checkReach()
	return v.redo(ctx)
}

func (v *verifier) checkKey() bool {
	v.report.Key = strings.TrimSpace(string(v.o.key))
	verify, err := seal.ParseVerifier(v.report.Key)
	if err != nil {
		v.report.differs("signature", keyName, err.Error())
		return false
	}
	v.verify = verify
	if v.tools.Key != "" {
		v.report.Confirmed = strings.TrimSpace(v.tools.Key) == v.report.Key
		if !v.report.Confirmed {
			v.report.differs("signature", keyName, "the file is signed by another key than the one you gave: "+v.report.Key)
		}
	}
	v.report.compare("signature", signatureName, v.manifestSignature())
	return true
}

// manifestSignature says what is wrong with the manifest's signature.
func (v *verifier) manifestSignature() string {
	n, err := note.Open(v.o.signature, note.VerifierList(v.verify))
	if err != nil {
		return "the manifest's signature does not verify: " + err.Error()
	}
	if n.Text != string(signedText(v.o.manifest.Origin, v.report.Manifest)) {
		return "the signature is not for this manifest"
	}
	if len(n.Sigs) != 1 || len(n.UnverifiedSigs) != 0 {
		return "the manifest has other signatures besides the log's"
	}
	// A lenient base64 decoder overlooks bits after the last byte.
	_, err = base64.StdEncoding.Strict().DecodeString(n.Sigs[0].Base64)
	form := n.Text + "\n— " + n.Sigs[0].Name + " " + n.Sigs[0].Base64 + "\n"
	if err != nil || form != string(v.o.signature) {
		return "the signature's text is not in its one form: its bytes were altered"
	}
	return ""
}

// checkLog rebuilds the tree from its leaves and compares root, checkpoint and
// every tile with what the file holds.
func (v *verifier) checkLog() bool {
	m := v.o.manifest
	cp, err := seal.OpenCheckpoint(v.o.log["checkpoint"], v.verify)
	if err != nil {
		v.report.differs("log", "checkpoint", err.Error())
		return false
	}
	if cp.Origin != m.Origin || int64(cp.Size) != m.TreeSize || hex.EncodeToString(cp.Root[:]) != m.Root {
		v.report.differs("log", "checkpoint", fmt.Sprintf("it is of %s with %d statements, the manifest says %s with %d", cp.Origin, cp.Size, m.Origin, m.TreeSize))
		return false
	}
	v.entries, err = seal.ReadEntries(m.TreeSize, func(path string) ([]byte, error) {
		b, ok := v.o.log[path]
		if !ok {
			return nil, fmt.Errorf("%s%s is missing or damaged", logPrefix, path)
		}
		return b, nil
	})
	if err != nil {
		v.report.differs("log", "entries", err.Error())
		return false
	}
	root := seal.Root(v.entries)
	if root != cp.Root {
		v.report.differs("log", "tree", "the statements have the root "+hex.EncodeToString(root[:])+", the signed checkpoint says "+m.Root)
		return false
	}
	tiles, err := seal.Tiles(v.entries)
	if err != nil {
		v.report.differs("log", "tiles", err.Error())
		return false
	}
	v.compareTiles(tiles)
	v.report.add("log", "tree", Agrees, "")
	return true
}

func (v *verifier) compareTiles(tiles map[string][]byte) {
	for _, path := range slices.Sorted(maps.Keys(tiles)) {
		got, ok := v.o.log[path]
		if !ok || !bytes.Equal(got, tiles[path]) {
			v.report.differs("log", path, "the tile is not the one that the statements give")
		}
	}
	for _, path := range slices.Sorted(maps.Keys(v.o.log)) {
		if _, ok := tiles[path]; !ok && path != "checkpoint" {
			v.report.differs("log", path, "no tile of this log has this name")
		}
	}
}

// checkStatements reads every statement and the order in which they stand.
func (v *verifier) checkStatements() bool {
	var last seal.Statement
	for i, e := range v.entries {
		st, err := seal.Decode(e)
		if err != nil {
			v.report.differs("statement", fmt.Sprint(i), err.Error())
			return false
		}
		if st.Seq != int64(i) {
			v.report.differs("statement", fmt.Sprint(i), fmt.Sprintf("it says that it is number %d", st.Seq))
		}
		if i > 0 && st.At.Before(last.At) {
			v.report.differs("statement", fmt.Sprint(i), "it is dated before the one ahead of it")
		}
		last = st
		v.statements = append(v.statements, st)
	}
	if n := len(v.statements); n > 0 {
		v.report.First = v.statements[0].At.Format(timeFormat)
		v.report.Last = v.statements[n-1].At.Format(timeFormat)
	}
	v.report.add("statement", fmt.Sprintf("0 to %d", len(v.statements)-1), Agrees, "")
	return true
}

const timeFormat = "2006-01-02T15:04:05.000000Z"

// get reads an object; nil if it was withheld.
func (v *verifier) get(d objects.Digest) ([]byte, error) {
	if v.withheld[d] {
		return nil, nil
	}
	if !v.o.have[d] {
		return nil, fmt.Errorf("object %s is missing or damaged", d)
	}
	return v.o.store.Read(d)
}

// checkReach compares what the statements name with what the file holds.
func (v *verifier) checkReach() {
	r := reached{}
	for _, st := range v.statements {
		if err := r.reach(st, v.get); err != nil {
			v.report.differs("object", fmt.Sprint(st.Seq), err.Error())
		}
	}
	named := map[objects.Digest]bool{}
	for _, m := range v.o.manifest.Members {
		if !strings.HasPrefix(m.Path, objectPrefix) {
			continue
		}
		named[m.SHA256] = true
		if role, ok := r[m.SHA256]; !ok {
			v.report.differs("object", m.Path, "no statement names it: it was added")
		} else if role != m.Role {
			v.report.differs("object", m.Path, "the manifest calls it "+m.Role+", the statements "+role)
		}
	}
	for _, w := range v.o.manifest.Withheld {
		if _, ok := r[w.Digest]; !ok || named[w.Digest] {
			v.report.differs("object", string(w.Digest), "the manifest says that it is withheld, but it is in the file or nothing names it")
		}
	}
	for _, d := range sortedDigests(r) {
		if !named[d] && !v.withheld[d] {
			v.report.differs("object", string(d), r[d]+" is named by the log, but neither in the file nor declared as withheld")
		}
	}
	v.report.add("object", fmt.Sprintf("%d named", len(r)), Agrees, "")
	v.checkProgramFiles()
}

// checkProgramFiles compares the readable program with the last sealed one.
func (v *verifier) checkProgramFiles() {
	var last objects.Digest
	for _, st := range v.statements {
		if st.Program != "" {
			last = objects.Digest(st.Program)
		}
	}
	want := map[string]objects.Digest{}
	if b, err := v.get(last); last != "" && err == nil && b != nil {
		var pm program.Manifest
		if err := json.Unmarshal(b, &pm); err != nil {
			v.report.differs("program", string(last), err.Error())
			return
		}
		for _, f := range pm.Files {
			want[f.Path] = f.Digest
		}
	}
	v.report.compare("program", "readable files", differingFiles(want, v.o.program))
}

func differingFiles(want, got map[string]objects.Digest) string {
	if maps.Equal(want, got) {
		return ""
	}
	for _, p := range slices.Sorted(maps.Keys(want)) {
		if got[p] != want[p] {
			return programPrefix + p + " is not the file that was sealed"
		}
	}
	return "there are program files that were not sealed"
}
