package record

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Limits on what is read as a record. They bound memory before anything of a
// foreign file is believed.
const (
	MaxLine       = 64 << 10
	MaxDisclosure = 32 << 20
	MaxFields     = 256
)

// ErrMalformed is returned for bytes that are not a line, a disclosure, a seal
// or a head in the one form that this package writes.
var ErrMalformed = errors.New("malformed")

// saltSize is the 128 bits that RFC 9901 section 9.3 recommends: once the salt
// is erased, the digest in the line says nothing of the value.
const saltSize = 16

// Disclosure is one salted field of an entry, in the encoding of RFC 9901:
// base64url of the JSON array [salt, name, value].
type Disclosure struct {
	Salt  string
	Name  string
	Value json.RawMessage
}

// String is the disclosure's text. Its digest is taken of these bytes.
func (d Disclosure) String() string {
	name, err := marshal(d.Name)
	if err != nil {
		return ""
	}
	b := make([]byte, 0, len(d.Salt)+len(name)+len(d.Value)+6)
	b = append(b, '[', '"')
	b = append(b, d.Salt...)
	b = append(b, '"', ',')
	b = append(b, name...)
	b = append(b, ',')
	b = append(b, d.Value...)
	b = append(b, ']')
	return base64.RawURLEncoding.EncodeToString(b)
}

// DigestOf is what stands for a disclosure in its line: base64url of the
// SHA-256 of the disclosure's text.
func DigestOf(disclosure string) string {
	h := sha256.Sum256([]byte(disclosure))
	return base64.RawURLEncoding.EncodeToString(h[:])
}

// ParseDisclosure reads the text of one disclosure.
func ParseDisclosure(text string) (Disclosure, error) {
	if len(text) > MaxDisclosure {
		return Disclosure{}, fmt.Errorf("disclosure of %d bytes: more than %d: %w", len(text), MaxDisclosure, ErrMalformed)
	}
	if strings.ContainsAny(text, "\r\n") { // the decoder would skip them
		return Disclosure{}, fmt.Errorf("disclosure: line break inside: %w", ErrMalformed)
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return Disclosure{}, fmt.Errorf("disclosure: not base64url: %w", ErrMalformed)
	}
	var parts []json.RawMessage
	if err := json.Unmarshal(b, &parts); err != nil || len(parts) != 3 {
		return Disclosure{}, fmt.Errorf("disclosure: not an array of salt, name and value: %w", ErrMalformed)
	}
	d := Disclosure{Value: parts[2]}
	if json.Unmarshal(parts[0], &d.Salt) != nil || json.Unmarshal(parts[1], &d.Name) != nil {
		return Disclosure{}, fmt.Errorf("disclosure: salt and name must be strings: %w", ErrMalformed)
	}
	if raw, err := base64.RawURLEncoding.DecodeString(d.Salt); err != nil || len(raw) < saltSize || strings.ContainsAny(d.Salt, "\r\n") {
		return Disclosure{}, fmt.Errorf("disclosure: salt is not %d bytes of base64url: %w", saltSize, ErrMalformed)
	}
	if err := checkName(d.Name); err != nil {
		return Disclosure{}, err
	}
	return d, nil
}

// disclose salts one field.
func disclose(name string, value json.RawMessage, salts io.Reader) (Disclosure, error) {
	if err := checkName(name); err != nil {
		return Disclosure{}, err
	}
	if !json.Valid(value) {
		return Disclosure{}, fmt.Errorf("field %s: not JSON: %w", name, ErrMalformed)
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, bytes.ToValidUTF8(value, []byte("\uFFFD"))); err != nil {
		return Disclosure{}, fmt.Errorf("field %s: %w", name, err)
	}
	var salt [saltSize]byte
	if _, err := io.ReadFull(salts, salt[:]); err != nil {
		return Disclosure{}, fmt.Errorf("draw salt: %w", err)
	}
	return Disclosure{base64.RawURLEncoding.EncodeToString(salt[:]), name, compact.Bytes()}, nil
}

// checkName refuses the names that RFC 9901 section 4.2.1 reserves.
func checkName(name string) error {
	if name == "" || name == "_sd" || name == "..." {
		return fmt.Errorf("field %q: reserved name: %w", name, ErrMalformed)
	}
	return nil
}

// marshal is JSON without the escapes for HTML, which only make a record
// harder to read.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
