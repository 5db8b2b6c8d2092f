package record

import (
	"fmt"
	"io"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// Key signs heads: the Ed25519 key of this installation. The zero Key cannot
// sign. Printing it shows the public half only.
type Key struct {
	signer note.Signer
	public string
}

// GenerateKey draws a key with that name from rand. The secret text is for a
// file that only its owner can read; ParseKey reads it back. The name must not
// hold a space or a plus sign.
func GenerateKey(rand io.Reader, name string) (key Key, secret string, err error) {
	if name == "" || strings.ContainsAny(name, "+ \t\r\n/") {
		return Key{}, "", fmt.Errorf("key name %q: want no space, plus sign or slash", name)
	}
	secret, public, err := note.GenerateKey(rand, name)
	if err != nil {
		return Key{}, "", fmt.Errorf("generate key: %w", err)
	}
	key, err = ParseKey(secret + "\n" + public)
	return key, secret + "\n" + public + "\n", err
}

// ParseKey reads the secret text that GenerateKey gave: two lines, the signer
// and its verifier.
func ParseKey(secret string) (Key, error) {
	private, public, ok := strings.Cut(strings.TrimSpace(secret), "\n")
	if !ok {
		return Key{}, fmt.Errorf("parse key: want two lines: %w", ErrMalformed)
	}
	s, err := note.NewSigner(private)
	if err != nil {
		return Key{}, fmt.Errorf("parse key: %w", err) // the library's errors do not repeat the key
	}
	v, err := note.NewVerifier(public)
	if err != nil {
		return Key{}, fmt.Errorf("parse key: %w", err)
	}
	if v.Name() != s.Name() || v.KeyHash() != s.KeyHash() {
		return Key{}, fmt.Errorf("parse key: the two lines are of different keys: %w", ErrMalformed)
	}
	return Key{s, public}, nil
}

// Valid says whether the key can sign.
func (k Key) Valid() bool { return k.signer != nil }

// Name is the name given at generation.
func (k Key) Name() string {
	if k.signer == nil {
		return ""
	}
	return k.signer.Name()
}

// Public is the verifier key, as in "name+hash+base64": what others check
// heads with.
func (k Key) Public() string { return k.public }

// String is Public: a key that is printed by mistake shows no secret.
func (k Key) String() string { return k.public }

// GoString is Public.
func (k Key) GoString() string { return k.public }

// Keys are the verifier keys that heads may be signed with, as Key.Public
// gives them.
type Keys []note.Verifier

// ParseKeys reads verifier keys.
func ParseKeys(public ...string) (Keys, error) {
	keys := make(Keys, 0, len(public))
	seen := map[string]bool{}
	for _, p := range public {
		if seen[p] {
			continue
		}
		seen[p] = true
		v, err := note.NewVerifier(p)
		if err != nil {
			return nil, fmt.Errorf("verifier key %.120q: %w", p, err)
		}
		keys = append(keys, v)
	}
	return keys, nil
}

func (k Keys) verifiers() note.Verifiers { return note.VerifierList(k...) }
