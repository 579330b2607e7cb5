package seal

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/ticktie/ticktie/internal/engagement"
)

// The roots are computed in Python from RFC 6962, section 2.1; the leaves are
// those of the known vectors of certificate transparency.
func TestRoot(t *testing.T) {
	var leaves [][]byte
	for _, h := range []string{"", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"} {
		b, err := hex.DecodeString(h)
		if err != nil {
			t.Fatal(err)
		}
		leaves = append(leaves, b)
	}
	for n, want := range []string{
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
		"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
		"aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
		"d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
		"4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
		"76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
		"ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
		"5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
	} {
		root := Root(leaves[:n])
		if got := hex.EncodeToString(root[:]); got != want {
			t.Errorf("of %d: %s", n, got)
		}
	}
	root := Root(numbers(1000))
	if got := hex.EncodeToString(root[:]); got != "638afa98022925bacfddadb15ef22fd0199c1ac99c2973b6158243d13fce05c2" {
		t.Errorf("of 1000: %s", got)
	}
}

// numbers are the entries "0", "1", and so on.
func numbers(n int) [][]byte {
	out := make([][]byte, n)
	for i := range out {
		out[i] = []byte(fmt.Sprint(i))
	}
	return out
}

// From the examples of C2SP tlog-tiles.
func TestPaths(t *testing.T) {
	for want, got := range map[string]string{
		"tile/0/x001/x234/067":             TilePath(0, 1234067, 256),
		"tile/0/x001/x234/067.p/8":         TilePath(0, 1234067, 8),
		"tile/2/000.p/1":                   TilePath(2, 0, 1),
		"tile/1/x001/000":                  TilePath(1, 1000, 256),
		"tile/entries/273.p/112":           EntriesPath(273, 112),
		"tile/entries/x001/x234/067.p/255": EntriesPath(1234067, 255),
		"tile/entries/999":                 EntriesPath(999, 256),
	} {
		if got != want {
			t.Errorf("%s, not %s", got, want)
		}
	}
}

// storage is x/mod's own tree, an independent maker of tiles.
type storage []tlog.Hash

func (s storage) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		out[i] = s[x]
	}
	return out, nil
}

func stored(t testing.TB, entries [][]byte) storage {
	t.Helper()
	var s storage
	for i, e := range entries {
		h, err := tlog.StoredHashes(int64(i), e, s)
		if err != nil {
			t.Fatal(err)
		}
		s = append(s, h...)
	}
	return s
}

func TestTiles(t *testing.T) {
	for _, n := range []int{0, 1, 255, 256, 257, 512, 65536, 65793} {
		entries := numbers(n)
		files, err := Tiles(entries)
		if err != nil {
			t.Fatal(err)
		}
		s := stored(t, entries)
		want := 0
		for _, tile := range tlog.NewTiles(8, 0, int64(n)) {
			b, err := tlog.ReadTileData(tile, s)
			if err != nil {
				t.Fatal(err)
			}
			path := TilePath(tile.L, tile.N, tile.W)
			if !bytes.Equal(files[path], b) {
				t.Errorf("%d entries: %s differs", n, path)
			}
			want++
		}
		want += (n + 255) / 256 // bundles of entries
		if len(files) != want {
			t.Errorf("%d entries: %d files, not %d", n, len(files), want)
		}
		back, err := ReadEntries(int64(n), func(path string) ([]byte, error) { return files[path], nil })
		if err != nil || Root(back) != Root(entries) || len(back) != n {
			t.Errorf("%d entries: %d come back, %v", n, len(back), err)
		}
	}
	if _, err := Tiles([][]byte{make([]byte, 1<<16)}); err == nil {
		t.Error("an entry that does not fit was put into a bundle")
	}
}

func TestReadEntriesRefuses(t *testing.T) {
	files, err := Tiles(numbers(300))
	if err != nil {
		t.Fatal(err)
	}
	path := EntriesPath(1, 44)
	missing := errors.New("missing")
	get := func(path string) ([]byte, error) {
		if b, ok := files[path]; ok {
			return b, nil
		}
		return nil, missing
	}
	for name, b := range map[string][]byte{
		"cut off": files[path][:len(files[path])-1], "a byte more": append(bytes.Clone(files[path]), 0),
		"an entry less": files[path][:len(files[path])-5], "empty": {},
	} {
		whole := files[path]
		files[path] = b
		if _, err := ReadEntries(300, get); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", name, err)
		}
		files[path] = whole
	}
	if _, err := ReadEntries(299, get); !errors.Is(err, missing) {
		t.Errorf("got %v", err)
	}
	if _, err := ReadEntries(-1, get); err == nil {
		t.Error("a log of -1 statements was read")
	}
}

// whatever is split is what is joined.
func FuzzSplitEntries(f *testing.F) {
	f.Add([]byte("\x00\x01a\x00\x00"), 2)
	f.Add([]byte("\x00\x02a"), 1)
	f.Fuzz(func(t *testing.T, b []byte, width int) {
		width &= 0xff
		entries, err := SplitEntries(b, width)
		if err != nil {
			return
		}
		again, err := entryBundle(entries)
		if err != nil || !bytes.Equal(again, b) || len(entries) != width {
			t.Fatalf("%q is split into %q", b, entries)
		}
	})
}

// A fixed key pair of a signed note, made for these tests.
const origin = "ticktie/test"

func keyPair(t testing.TB) (note.Signer, note.Verifier) {
	t.Helper()
	private, public, err := note.GenerateKey(bytes.NewReader(bytes.Repeat([]byte{7}, 64)), origin)
	if err != nil {
		t.Fatal(err)
	}
	s, err := note.NewSigner(private)
	if err != nil {
		t.Fatal(err)
	}
	v, err := ParseVerifier(" " + public + "\n")
	if err != nil {
		t.Fatal(err)
	}
	return s, v
}

func sign(t testing.TB, s note.Signer, text string) []byte {
	t.Helper()
	b, err := note.Sign(&note.Note{Text: text}, s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestOpenCheckpoint(t *testing.T) {
	s, v := keyPair(t)
	root := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{1}, 32))
	good := sign(t, s, origin+"\n42\n"+root+"\n")
	c, err := OpenCheckpoint(good, v)
	if err != nil || c.Origin != origin || c.Size != 42 || c.Root != [32]byte(bytes.Repeat([]byte{1}, 32)) {
		t.Fatalf("%+v, %v", c, err)
	}
	for i := range len(good) - 4 { // the last bits of a signature's base64 stand for nothing
		b := bytes.Clone(good)
		b[i] ^= 1
		if _, err := OpenCheckpoint(b, v); err == nil {
			t.Errorf("byte %d was altered and nobody noticed", i)
		}
	}
	for name, text := range map[string]string{
		"another log":         "ticktie/other\n42\n" + root + "\n",
		"no root":             origin + "\n42\n",
		"one line more":       origin + "\n42\n" + root + "\nmore\n",
		"a zero in front":     origin + "\n042\n" + root + "\n",
		"a sign":              origin + "\n+42\n" + root + "\n",
		"a negative size":     origin + "\n-1\n" + root + "\n",
		"no number":           origin + "\nmany\n" + root + "\n",
		"a number too large":  origin + "\n9223372036854775808\n" + root + "\n",
		"a short root":        origin + "\n42\nAAAA\n",
		"a root with blanks":  origin + "\n42\n " + root + "\n",
		"no base64":           origin + "\n42\n" + strings.Repeat("!", 44) + "\n",
		"base64 with a tail":  origin + "\n42\n" + root[:42] + "F=\n",
		"an empty first line": "\n42\n" + root + "\n",
	} {
		if c, err := OpenCheckpoint(sign(t, s, text), v); err == nil {
			t.Errorf("%s: %+v", name, c)
		}
	}
}

// Whatever text is signed, a checkpoint that opens has that text.
func FuzzOpenCheckpoint(f *testing.F) {
	s, v := keyPair(f)
	f.Add(Checkpoint{Origin: origin, Size: 1}.Text())
	f.Add(origin + "\n042\n" + strings.Repeat("A", 43) + "=\n")
	f.Fuzz(func(t *testing.T, text string) {
		b, err := note.Sign(&note.Note{Text: text}, s)
		if err != nil {
			return
		}
		if c, err := OpenCheckpoint(b, v); err == nil && (c.Text() != text || c.Size < 0 || c.Origin != origin) {
			t.Fatalf("%q is read as %+v", text, c)
		}
	})
}

func TestFingerprint(t *testing.T) {
	// The key of Go's checksum database; its hash by Python's hashlib.
	const key = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
	got, err := Fingerprint(key + "\n")
	if err != nil || got != "3e9617dce5730053cb82f0481b9d289cd3c384a9219ef5509c91aa60d214794e" {
		t.Errorf("%s, %v", got, err)
	}
	if _, err := Fingerprint(key[:40]); err == nil {
		t.Error("a broken key has a fingerprint")
	}
}

// statements is a log of n statements and its checkpoint.
func statements(t testing.TB, n int) ([][]byte, Checkpoint) {
	t.Helper()
	out := make([][]byte, n)
	for i := range out {
		b, err := Encode(Statement{
			Format: StatementFormat, Seq: int64(i), Type: TestPerformed, Subject: "T",
			At: time.Unix(1_700_000_000+int64(i/2), 0).UTC(), Role: engagement.Machine,
		})
		if err != nil {
			t.Fatal(err)
		}
		out[i] = b
	}
	return out, Checkpoint{Origin: origin, Size: int64(n), Root: Root(out)}
}

func TestOnlyAProofSeals(t *testing.T) {
	entries, c := statements(t, 11)
	hashes := stored(t, entries)
	for i, e := range entries {
		proof, err := tlog.ProveRecord(11, int64(i), hashes)
		if err != nil {
			t.Fatal(err)
		}
		s, err := Verify(e, int64(i), proof, c)
		if err != nil {
			t.Fatal(err)
		}
		if v, err := s.Value(); err != nil || v.Seq != int64(i) || s.Index() != int64(i) {
			t.Errorf("%+v, %v", v, err)
		}
		wrong := map[string]func() (Sealed[Statement], error){
			"another entry": func() (Sealed[Statement], error) { return Verify(entries[(i+1)%11], int64(i), proof, c) },
			"another index": func() (Sealed[Statement], error) { return Verify(e, int64((i+1)%11), proof, c) },
			"another size": func() (Sealed[Statement], error) {
				return Verify(e, int64(i), proof, Checkpoint{c.Origin, 5, c.Root})
			},
			"another root": func() (Sealed[Statement], error) {
				return Verify(e, int64(i), proof, Checkpoint{c.Origin, 11, [32]byte{}})
			},
			"no proof": func() (Sealed[Statement], error) { return Verify(e, int64(i), nil, c) },
		}
		for name, verify := range wrong {
			if s, err := verify(); err == nil {
				t.Errorf("statement %d, %s: %+v", i, name, s)
			} else if _, err := s.Value(); !errors.Is(err, ErrNotSealed) {
				t.Errorf("statement %d, %s: the value of what failed: %v", i, name, err)
			}
		}
	}
	var none Sealed[Statement]
	if _, err := none.Value(); !errors.Is(err, ErrNotSealed) || none.Index() != -1 {
		t.Errorf("the zero value is sealed: %v", err)
	}
}

// What is in the tree but no statement, or says another number, is not sealed.
func TestProvenButNoStatement(t *testing.T) {
	entries, _ := statements(t, 3)
	for name, bad := range map[string][]byte{"no statement": []byte("hello"), "another number": entries[0]} {
		all := [][]byte{entries[0], bad, entries[2]}
		c := Checkpoint{origin, 3, Root(all)}
		proof, err := tlog.ProveRecord(3, 1, stored(t, all))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Verify(bad, 1, proof, c); err == nil {
			t.Errorf("%s was sealed", name)
		}
		if _, err := VerifyLog(all, c); err == nil || !strings.Contains(err.Error(), "statement 1") {
			t.Errorf("%s was sealed with the whole log: %v", name, err)
		}
	}
}

func TestVerifyLog(t *testing.T) {
	entries, c := statements(t, 5)
	sealed, err := VerifyLog(entries, c)
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range sealed {
		if v, err := s.Value(); err != nil || v.Seq != int64(i) {
			t.Errorf("%+v, %v", v, err)
		}
	}
	if _, err := VerifyLog(entries[:4], c); err == nil {
		t.Error("a statement is missing and nobody noticed")
	}
	altered := append([][]byte{}, entries...)
	altered[2] = bytes.Replace(altered[2], []byte(`"T"`), []byte(`"U"`), 1)
	if _, err := VerifyLog(altered, c); err == nil {
		t.Error("a statement was altered and nobody noticed")
	}
	early, err := Decode(entries[4])
	if err != nil {
		t.Fatal(err)
	}
	early.At = time.Unix(1, 0).UTC()
	if altered[2], err = Encode(early); err != nil {
		t.Fatal(err)
	}
	altered = [][]byte{entries[0], entries[1], entries[2], entries[3], altered[2]}
	if _, err := VerifyLog(altered, Checkpoint{origin, 5, Root(altered)}); err == nil || !strings.Contains(err.Error(), "dated before") {
		t.Errorf("time ran backwards: %v", err)
	}
	if s, err := VerifyLog(nil, Checkpoint{Origin: origin, Root: Root(nil)}); err != nil || len(s) != 0 {
		t.Errorf("the empty log: %v, %v", s, err)
	}
}

func TestConsistency(t *testing.T) {
	entries, newer := statements(t, 9)
	hashes := stored(t, entries)
	for n := range 10 {
		older := Checkpoint{origin, int64(n), Root(entries[:n])}
		var proof tlog.TreeProof
		if n > 0 {
			var err error
			if proof, err = tlog.ProveTree(9, int64(n), hashes); err != nil {
				t.Fatal(err)
			}
		}
		if err := CheckConsistency(older, newer, proof); err != nil {
			t.Errorf("%d of 9: %v", n, err)
		}
		if n == 0 {
			continue
		}
		older.Root[5] ^= 1
		if err := CheckConsistency(older, newer, proof); err == nil {
			t.Errorf("%d of 9: a rewritten log is consistent", n)
		}
	}
	if err := CheckConsistency(newer, Checkpoint{origin, 8, Root(entries[:8])}, nil); err == nil || !strings.Contains(err.Error(), "removed") {
		t.Errorf("a shorter log: %v", err)
	}
	if err := CheckConsistency(Checkpoint{"ticktie/other", 9, newer.Root}, newer, nil); err == nil {
		t.Error("another log is consistent")
	}
}
