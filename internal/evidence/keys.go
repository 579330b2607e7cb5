package evidence

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

const (
	keyFile = "log.key" // signer key of a signed note; whoever has it can rewrite the log
	pubFile = "log.pub" // verifier key; it may be derived from the other
)

// makeKeys makes the log's key pair. Where a crash left the private key
// without the public one, that is derived.
func makeKeys(dir, origin string) error {
	if origin == "" || strings.ContainsAny(origin, " +\n\t") {
		return fmt.Errorf("its name %q is empty or has blanks or a plus sign", origin)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		return err
	}
	if _, err := os.Lstat(filepath.Join(dir, pubFile)); err == nil {
		return fmt.Errorf("%s exists already; a key is never overwritten", filepath.Join(dir, pubFile))
	}
	private, err := makePrivate(dir, origin)
	if err != nil {
		return err
	}
	public, err := publicOf(private)
	if err != nil {
		return err
	}
	if v, err := note.NewVerifier(public); err != nil || v.Name() != origin {
		return errors.Join(fmt.Errorf("%s holds a key that is not of the log %q; move it away", filepath.Join(dir, keyFile), origin), err)
	}
	return writeNew(dir, pubFile, public+"\n", 0o644)
}

func makePrivate(dir, origin string) (string, error) {
	b, err := os.ReadFile(filepath.Join(dir, keyFile))
	if err == nil {
		return strings.TrimSpace(string(b)), nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	private, _, err := note.GenerateKey(rand.Reader, origin)
	if err != nil {
		return "", fmt.Errorf("making its key: %w", err)
	}
	return private, writeNew(dir, keyFile, private+"\n", 0o600)
}

// publicOf derives the verifier key from a signer key:
// PRIVATE+KEY+<name>+<hash>+<base64 of algorithm and seed>.
func publicOf(private string) (string, error) {
	parts := strings.SplitN(private, "+", 5)
	if len(parts) != 5 {
		return "", errors.New("the private key is no key of a log")
	}
	const ed25519Key = 1
	b, err := base64.StdEncoding.DecodeString(parts[4])
	if err != nil || len(b) != 1+ed25519.SeedSize || b[0] != ed25519Key {
		return "", errors.New("the private key is no Ed25519 key of a log")
	}
	public, _ := ed25519.NewKeyFromSeed(b[1:]).Public().(ed25519.PublicKey)
	return note.NewEd25519VerifierKey(parts[2], public)
}

// readSigner reads the private key, which must belong to the public one.
func readSigner(dir string, v note.Verifier) (note.Signer, error) {
	path := filepath.Join(dir, keyFile)
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading its key: %w", err)
	}
	text := strings.TrimSpace(string(b))
	s, err := note.NewSigner(text)
	if err != nil {
		return nil, fmt.Errorf("the file %s holds no key of a log", path) // never the key itself
	}
	public, err := publicOf(text)
	if err != nil {
		return nil, err
	}
	if derived, err := note.NewVerifier(public); err != nil || derived.Name() != v.Name() || derived.KeyHash() != v.KeyHash() {
		return nil, fmt.Errorf("%s and %s in %s are not one pair", keyFile, pubFile, dir)
	}
	return s, nil
}

// writeNew makes a file that must not exist, whole and durable or not at all.
func writeNew(dir, name, text string, mode os.FileMode) error {
	f, err := os.CreateTemp(dir, "."+name+"-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.WriteString(text)
	if err == nil {
		err = errors.Join(f.Chmod(mode), f.Sync())
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), filepath.Join(dir, name)); err != nil {
		return err
	}
	return syncDir(dir)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
