package seal

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ticktie/ticktie/internal/engagement"
)

var digest = "sha256:" + strings.Repeat("0a", 32)

func full() Statement {
	return Statement{
		Format: StatementFormat, Seq: 7, Type: TestPerformed, Subject: "CM-02.T1 <ü>",
		At:   time.Date(2026, 3, 4, 5, 6, 7, 890_000, time.UTC),
		Role: engagement.Machine, Actor: "k1",
		Inputs:  []Ref{{Role: "snapshot", Name: "changes", Digest: digest}},
		Outputs: []Ref{{Role: "result", Digest: digest}},
		Program: digest, Binary: "v1", Reason: "again",
		Body:      json.RawMessage(`{ "z": 1, "a": [true, null, "x&y"], "n": -12345678901234567890 }`),
		Signature: &Signature{Algorithm: "ed25519", Key: "k1", Value: "AA=="},
	}
}

// fullText is written by hand: keys in order, nothing between.
var fullText = `{"actor":"k1","at":"2026-03-04T05:06:07.00089Z","binary":"v1",` +
	`"body":{"a":[true,null,"x&y"],"n":-12345678901234567890,"z":1},"format":"ticktie-statement/v1",` +
	`"inputs":[{"digest":"` + digest + `","name":"changes","role":"snapshot"}],` +
	`"outputs":[{"digest":"` + digest + `","role":"result"}],"program":"` + digest + `","reason":"again",` +
	`"role":"` + string(engagement.Machine) + `","seq":7,"signature":{"algorithm":"ed25519","key":"k1","value":"AA=="},` +
	`"subject":"CM-02.T1 <ü>","type":"test.performed"}`

func TestEncodeIsCanonical(t *testing.T) {
	b, err := Encode(full())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(fullText, string(b)); diff != "" {
		t.Error(diff)
	}
	back, err := Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	want := full()
	want.Body = json.RawMessage(`{"a":[true,null,"x&y"],"n":-12345678901234567890,"z":1}`)
	if diff := cmp.Diff(want, back); diff != "" {
		t.Error(diff)
	}
}

func TestEncodeRefuses(t *testing.T) {
	for name, harm := range map[string]func(*Statement){
		"another format":      func(s *Statement) { s.Format = "ticktie-statement/v2" },
		"a negative number":   func(s *Statement) { s.Seq = -1 },
		"no type":             func(s *Statement) { s.Type = "" },
		"no subject":          func(s *Statement) { s.Subject = "" },
		"no role":             func(s *Statement) { s.Role = "" },
		"another role":        func(s *Statement) { s.Role = "auditor" },
		"no time":             func(s *Statement) { s.At = time.Time{} },
		"nanoseconds":         func(s *Statement) { s.At = s.At.Add(1) },
		"a zone":              func(s *Statement) { s.At = s.At.In(time.FixedZone("x", 3600)) },
		"a time long ago":     func(s *Statement) { s.At = time.Date(1969, 1, 1, 0, 0, 0, 0, time.UTC) },
		"a time of 5 digits":  func(s *Statement) { s.At = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) },
		"no digest":           func(s *Statement) { s.Inputs[0].Digest = "sha256:" + strings.Repeat("0A", 32) },
		"a short digest":      func(s *Statement) { s.Outputs[0].Digest = "sha256:00" },
		"a ref without role":  func(s *Statement) { s.Outputs[0].Role = "" },
		"no program digest":   func(s *Statement) { s.Program = "main" },
		"a float":             func(s *Statement) { s.Body = json.RawMessage(`{"a":1.5}`) },
		"an exponent":         func(s *Statement) { s.Body = json.RawMessage(`{"a":1e3}`) },
		"minus nothing":       func(s *Statement) { s.Body = json.RawMessage(`{"a":-0}`) },
		"a repeated key":      func(s *Statement) { s.Body = json.RawMessage(`{"a":1,"a":1}`) },
		"broken JSON":         func(s *Statement) { s.Body = json.RawMessage(`{"a":`) },
		"two values":          func(s *Statement) { s.Body = json.RawMessage(`{} {}`) },
		"deep nesting":        func(s *Statement) { s.Body = json.RawMessage(strings.Repeat("[", 60) + strings.Repeat("]", 60)) },
		"no UTF-8":            func(s *Statement) { s.Subject = "a\xff" },
		"no UTF-8 in a name":  func(s *Statement) { s.Inputs[0].Name = "\xc3" },
		"no UTF-8 in a body":  func(s *Statement) { s.Body = json.RawMessage("\"\xff\"") },
		"more than fits":      func(s *Statement) { s.Reason = strings.Repeat("x", MaxStatement) },
		"more, once escaped":  func(s *Statement) { s.Reason = strings.Repeat("\x00", MaxStatement/6) },
		"no UTF-8 in a value": func(s *Statement) { s.Signature.Value = "\xff" },
	} {
		s := full()
		harm(&s)
		if b, err := Encode(s); err == nil {
			t.Errorf("%s: encoded as %s", name, b)
		}
	}
}

// A statement may have exactly MaxStatement bytes, and not one more.
func TestLargestStatement(t *testing.T) {
	s := full()
	s.Reason = ""
	s.Reason = strings.Repeat("x", MaxStatement-len(fullText)+len("again"))
	b, err := Encode(s)
	if err != nil || len(b) != MaxStatement {
		t.Fatalf("%d bytes, %v", len(b), err)
	}
	if _, err := Decode(b); err != nil {
		t.Error(err)
	}
	s.Reason += "x"
	if _, err := Encode(s); err == nil {
		t.Error("one byte more was encoded")
	}
	if _, err := Decode(append(b, ' ')); !errors.Is(err, ErrStatement) {
		t.Errorf("one byte more was decoded: %v", err)
	}
}

func TestDecodeRefuses(t *testing.T) {
	change := func(old, new string) string {
		if !strings.Contains(fullText, old) {
			t.Fatalf("%q is not in the text", old)
		}
		return strings.Replace(fullText, old, new, 1)
	}
	for name, text := range map[string]string{
		"nothing":               ``,
		"no object":             `[]`,
		"an unknown field":      change(`{"actor"`, `{"Zebra":1,"actor"`),
		"a field in capitals":   change(`"actor"`, `"Actor"`),
		"a space":               change(`:`, `: `),
		"another order":         `{"at":"2026-03-04T05:06:07.00089Z","actor":"k1",` + strings.TrimPrefix(fullText, `{"actor":"k1","at":"2026-03-04T05:06:07.00089Z",`),
		"a repeated field":      change(`"seq":7`, `"seq":7,"seq":7`),
		"an escape":             change(`x&y`, `x\u0026y`),
		"a float":               change(`"z":1`, `"z":1.0`),
		"a zero in a time":      change(`07.00089Z`, `07.000890Z`),
		"nanoseconds":           change(`07.00089Z`, `07.000890001Z`),
		"a zone":                change(`07.00089Z`, `07.00089+00:00`),
		"another format":        change(`/v1"`, `/v2"`),
		"a trailing newline":    fullText + "\n",
		"a second value":        fullText + fullText,
		"an empty list":         change(`"program"`, `"pending":[],"program"`),
		"an empty optional":     change(`"actor":"k1"`, `"actor":""`),
		"no UTF-8":              change(`ü`, "\xff"),
		"a null for a list":     change(`[{"digest":"`+digest+`","role":"result"}]`, `null`),
		"a digest in capitals":  change(digest, strings.ToUpper(digest)),
		"a number with a zero":  change(`"seq":7`, `"seq":07`),
		"a number out of range": change(`"seq":7`, `"seq":9223372036854775808`),
	} {
		if s, err := Decode([]byte(text)); !errors.Is(err, ErrStatement) {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
	}
}

// Whatever is decoded is exactly what is encoded.
func FuzzStatement(f *testing.F) {
	f.Add([]byte(fullText))
	small, err := Encode(Statement{Format: StatementFormat, Type: "t", Subject: "s", At: time.Unix(0, 0).UTC(), Role: engagement.Machine})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(small)
	f.Add([]byte(`{"at":"2026-03-04T05:06:07Z","body":"\u2028\ud800","format":"ticktie-statement/v1","role":"machine","seq":0,"subject":"s","type":"t"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := Decode(b)
		if err != nil {
			if !errors.Is(err, ErrStatement) {
				t.Fatalf("an error of another kind: %v", err)
			}
			return
		}
		again, err := Encode(s)
		if err != nil || !bytes.Equal(again, b) {
			t.Fatalf("%q is decoded, and encoded as %q, %v", b, again, err)
		}
	})
}
