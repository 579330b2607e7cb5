package seal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/ticktie/ticktie/internal/engagement"
)

// StatementFormat names the format of Statement.
const StatementFormat = "ticktie-statement/v1"

// ErrStatement is the kind of error of an entry that is no statement of ours.
var ErrStatement = errors.New("not a statement")

// Encode returns the one canonical text of a statement: what becomes a leaf.
func Encode(s Statement) ([]byte, error) {
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("encoding statement %d (%s %s): %w", s.Seq, s.Type, s.Subject, err)
	}
	raw, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("encoding statement %d (%s %s): %w", s.Seq, s.Type, s.Subject, err)
	}
	b, err := canonical(raw)
	if err != nil {
		return nil, fmt.Errorf("encoding statement %d (%s %s): %w", s.Seq, s.Type, s.Subject, err)
	}
	if len(b) > MaxStatement {
		return nil, fmt.Errorf("encoding statement %d (%s %s): it has %d bytes, at most %d are allowed; put what is long into an object", s.Seq, s.Type, s.Subject, len(b), MaxStatement)
	}
	return b, nil
}

// Decode reads a statement strictly: exactly the bytes that Encode gives,
// nothing unknown, nothing repeated.
func Decode(b []byte) (Statement, error) {
	var s Statement
	if len(b) > MaxStatement {
		return s, fmt.Errorf("%w: %d bytes, at most %d are allowed", ErrStatement, len(b), MaxStatement)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil {
		return Statement{}, fmt.Errorf("%w: %w", ErrStatement, err)
	}
	if s.Format != StatementFormat {
		return Statement{}, fmt.Errorf("%w: its format is %q, this version reads %q; use the version that wrote it, or a newer one", ErrStatement, s.Format, StatementFormat)
	}
	again, err := Encode(s)
	if err != nil {
		return Statement{}, fmt.Errorf("%w: %w", ErrStatement, err)
	}
	if !bytes.Equal(again, b) {
		return Statement{}, fmt.Errorf("%w: its bytes are not in canonical form", ErrStatement)
	}
	return s, nil
}

func (s *Statement) check() error {
	switch {
	case s.Format != StatementFormat:
		return fmt.Errorf("its format is %q, not %q", s.Format, StatementFormat)
	case s.Seq < 0:
		return errors.New("its number is negative")
	case s.Type == "" || s.Subject == "":
		return errors.New("it has no type or no subject")
	case s.Role != engagement.Machine && s.Role != engagement.Management && s.Role != engagement.ServiceAuditor:
		return fmt.Errorf("its role %q is none that acts here", s.Role)
	case s.At.IsZero() || s.At.Location() != time.UTC || !s.At.Truncate(time.Microsecond).Equal(s.At):
		return errors.New("its time is absent, not in UTC or finer than microseconds")
	case s.At.Year() < 1970 || s.At.Year() > 9999:
		return errors.New("its time is out of range")
	}
	if !s.isText() {
		return errors.New("it holds bytes that are no UTF-8 text")
	}
	for _, r := range slices.Concat(s.Inputs, s.Outputs) {
		if r.Role == "" || !isDigest(r.Digest) {
			return fmt.Errorf("it names %q as %q, which is no digest", r.Digest, r.Role)
		}
	}
	if s.Program != "" && !isDigest(s.Program) {
		return fmt.Errorf("its program %q is no digest", s.Program)
	}
	return nil
}

// isText reports whether every text can be written as it is: a JSON encoder
// puts a replacement character in place of what is no UTF-8.
func (s *Statement) isText() bool {
	texts := []string{s.Type, s.Subject, string(s.Role), s.Actor, s.Reason, s.Binary, string(s.Body)}
	for _, r := range slices.Concat(s.Inputs, s.Outputs) {
		texts = append(texts, r.Role, r.Name)
	}
	if g := s.Signature; g != nil {
		texts = append(texts, g.Algorithm, g.Key, g.Value)
	}
	return !slices.ContainsFunc(texts, func(t string) bool { return !utf8.ValidString(t) })
}

func isDigest(s string) bool {
	h, ok := strings.CutPrefix(s, "sha256:")
	return ok && len(h) == 64 && strings.Trim(h, "0123456789abcdef") == ""
}

// canonical rewrites JSON with sorted keys, without spaces or HTML escapes; a
// fraction, an exponent or a repeated key is an error.
func canonical(raw []byte) ([]byte, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var out bytes.Buffer
	if err := canonicalValue(d, &out, 0); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one JSON value")
	}
	return out.Bytes(), nil
}

const maxDepth = 50

func canonicalValue(d *json.Decoder, out *bytes.Buffer, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("JSON nested deeper than %d", maxDepth)
	}
	t, err := d.Token()
	if err != nil {
		return err
	}
	switch t := t.(type) {
	case json.Delim:
		if t == '[' {
			return canonicalArray(d, out, depth)
		}
		return canonicalObject(d, out, depth)
	case json.Number:
		if strings.ContainsAny(t.String(), ".eE") || t.String() == "-0" {
			return fmt.Errorf("number %s is not an integer", t)
		}
		out.WriteString(t.String())
	case string:
		return writeString(out, t)
	case bool:
		fmt.Fprint(out, t)
	case nil:
		out.WriteString("null")
	}
	return nil
}

func canonicalArray(d *json.Decoder, out *bytes.Buffer, depth int) error {
	out.WriteByte('[')
	for i := 0; d.More(); i++ {
		if i > 0 {
			out.WriteByte(',')
		}
		if err := canonicalValue(d, out, depth+1); err != nil {
			return err
		}
	}
	out.WriteByte(']')
	_, err := d.Token()
	return err
}

type member struct {
	key   string
	value []byte
}

func canonicalObject(d *json.Decoder, out *bytes.Buffer, depth int) error {
	var members []member
	for d.More() {
		k, err := d.Token()
		if err != nil {
			return err
		}
		var v bytes.Buffer
		if err := canonicalValue(d, &v, depth+1); err != nil {
			return err
		}
		members = append(members, member{k.(string), v.Bytes()})
	}
	if _, err := d.Token(); err != nil {
		return err
	}
	slices.SortFunc(members, func(a, b member) int { return strings.Compare(a.key, b.key) })
	out.WriteByte('{')
	for i, m := range members {
		if i > 0 {
			if members[i-1].key == m.key {
				return fmt.Errorf("key %q is repeated", m.key)
			}
			out.WriteByte(',')
		}
		if err := writeString(out, m.key); err != nil {
			return err
		}
		out.WriteByte(':')
		out.Write(m.value)
	}
	out.WriteByte('}')
	return nil
}

func writeString(out *bytes.Buffer, s string) error {
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		return err
	}
	out.Truncate(out.Len() - 1) // Encode ends with a newline
	return nil
}
