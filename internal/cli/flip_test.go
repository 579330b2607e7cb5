package cli

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ticktie/ticktie/internal/bundle"
)

// small makes a bundle with every kind of object: populations, refused
// records, tie-outs, a run, a challenge, a sample.
func small(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	program, err := filepath.Abs(filepath.Join("testdata", "program"))
	if err != nil {
		t.Fatal(err)
	}
	file, nonce := filepath.Join(dir, "x.bundle"), filepath.Join(dir, "nonce")
	data := filepath.Join(program, "data")
	for _, c := range []struct {
		code int
		args []string
	}{
		{0, []string{"init", program, "-w", dir}},
		{0, []string{"collect", "-p", program, "-w", dir, "--data", data}},
		{2, []string{"test", "-p", program, "-w", dir}},
		{0, []string{"challenge", "-p", program, "-w", dir}},
		{0, []string{"sample", "commit", "CM-01.T1", "-e", "soc2", "--nonce", nonce, "-p", program, "-w", dir}},
		{0, []string{"sample", "draw", "-n", "2", "--nonce", nonce, "-p", program, "-w", dir}},
		{0, []string{"bundle", "-p", program, "-w", dir, "-o", file}},
	} {
		var out bytes.Buffer
		if got := Run(append(c.args, "-q"), strings.NewReader(""), &out, &out); got != c.code {
			t.Fatalf("ticktie %s: exit code %d, want %d\n%s", strings.Join(c.args, " "), got, c.code, out.String())
		}
	}
	return file
}

// region is a stretch of the file, and the word by which damage in it is named.
type region struct {
	name       string
	from, upto int64
}

// regions are every member's header and content, and the directory at the end.
func regions(t *testing.T, file string) []region {
	t.Helper()
	z, err := zip.OpenReader(file)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	var out []region
	end := int64(0)
	for _, f := range z.File {
		at, err := f.DataOffset()
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, region{"the header of " + f.Name, end, at})
		end = at + int64(f.UncompressedSize64)
		out = append(out, region{f.Name, at, end})
	}
	s, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	return append(out, region{"the directory", end, s.Size()})
}

func verify(t testing.TB, file string) *bundle.Report {
	t.Helper()
	a := &app{out: io.Discard, err: io.Discard, quiet: true}
	r, err := bundle.Verify(context.Background(), file, a.verifyTools("", t.TempDir(), a.startProgress()))
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return r
}

// One flipped bit anywhere is found, and named: in every member and every
// header, at the first, the middle, the last byte, and some drawn at random.
func TestEveryFlippedBitIsFoundAndNamed(t *testing.T) {
	file := small(t)
	if r := verify(t, file); r.Failed() || r.Count("sample", bundle.Agrees) != 1 || r.Count("test", bundle.Agrees) != 1 {
		t.Fatalf("the whole bundle does not verify: %+v", r.Checks)
	}
	good, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	draw := rand.New(rand.NewPCG(1, 2))
	flips := 0
	for _, g := range regions(t, file) {
		at := []int64{g.from, (g.from + g.upto) / 2, g.upto - 1, g.from + draw.Int64N(g.upto-g.from)}
		slices.Sort(at)
		for _, offset := range slices.Compact(at) {
			flips++
			bit := byte(1) << draw.IntN(8)
			bad := bytes.Clone(good)
			bad[offset] ^= bit
			checkFlip(t, bad, g, fmt.Sprintf("bit %#02x of byte %d, in %s", bit, offset, g.name))
		}
	}
	if flips < 100 {
		t.Errorf("only %d bits were flipped", flips)
	}
}

func checkFlip(t *testing.T, bad []byte, g region, what string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "bad.bundle")
	if err := os.WriteFile(file, bad, 0o644); err != nil {
		t.Fatal(err)
	}
	r := verify(t, file)
	if !r.Failed() {
		t.Errorf("%s: not found", what)
		return
	}
	name := strings.TrimPrefix(g.name, "the header of ")
	named := slices.ContainsFunc(r.Checks, func(c bundle.Check) bool {
		return c.Outcome == bundle.Differs && (strings.Contains(c.Subject+" "+c.Detail, name) || strings.Contains(c.Subject+" "+c.Detail, "directory") || c.Subject == "manifest.json" || c.Subject == "manifest.sig")
	})
	if !named {
		t.Errorf("%s: found, and not named: %+v", what, r.Checks)
	}
}

// Bytes from outside put anywhere into a bundle never pass and never end the
// program: the file verifies only if it is the file that was written.
func FuzzBundle(f *testing.F) {
	good, err := os.ReadFile(small(f))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(uint32(0), []byte("PK"), false)
	f.Add(uint32(40), []byte{0xff, 0xff, 0xff, 0xff}, false)
	f.Add(uint32(len(good)-20), []byte{0}, true)
	f.Add(uint32(1000), []byte("objects/../../x"), true)
	f.Fuzz(func(t *testing.T, at uint32, with []byte, insert bool) {
		offset := int(at) % len(good)
		bad := bytes.Clone(good[:offset])
		bad = append(bad, with...)
		if rest := good[offset:]; insert {
			bad = append(bad, rest...)
		} else if len(with) < len(rest) {
			bad = append(bad, rest[len(with):]...)
		}
		file := filepath.Join(t.TempDir(), "x.bundle")
		if err := os.WriteFile(file, bad, 0o644); err != nil {
			t.Fatal(err)
		}
		if r := verify(t, file); r.Failed() == bytes.Equal(bad, good) {
			t.Errorf("%d bytes at %d (inserted: %v): failed is %v", len(with), offset, insert, r.Failed())
		}
	})
}
