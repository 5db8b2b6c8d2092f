// Package box seals small files with a 32 byte key: XChaCha20-Poly1305 with a
// random nonce (draft-irtf-cfrg-xchacha-03). A box belongs to a place, its
// context: one that was moved elsewhere does not open there.
//
// It is for files that are read whole: keys, drafts, the state of a drill. It
// hides neither that the file is there nor how long it is.
package box

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"golang.org/x/crypto/chacha20poly1305"
)

// ErrDamaged is what Open returns for bytes that this key did not seal for this
// context, or that were changed since.
var ErrDamaged = errors.New("it is sealed with another key, or damaged")

// magic is how a box begins.
const magic = "firebreak-box/1\n"

// Overhead is how much longer a box is than what is in it.
const Overhead = len(magic) + chacha20poly1305.NonceSizeX + chacha20poly1305.Overhead

// Is says whether b begins as a box does.
func Is(b []byte) bool { return bytes.HasPrefix(b, []byte(magic)) }

// Seal returns the box with plain in it.
func Seal(key *[32]byte, context string, plain []byte, random io.Reader) ([]byte, error) {
	a, err := chacha20poly1305.NewX(key[:])
	if err != nil {
		return nil, fmt.Errorf("seal %s: %w", context, err)
	}
	out := make([]byte, len(magic)+a.NonceSize(), len(plain)+Overhead)
	copy(out, magic)
	nonce := out[len(magic):]
	if _, err := io.ReadFull(random, nonce); err != nil {
		return nil, fmt.Errorf("seal %s: %w", context, err)
	}
	return a.Seal(out, nonce, plain, []byte(context)), nil
}

// Open returns what is in the box. Errors: ErrDamaged.
func Open(key *[32]byte, context string, sealed []byte) ([]byte, error) {
	if !Is(sealed) || len(sealed) < Overhead {
		return nil, fmt.Errorf("open %s: %w", context, ErrDamaged)
	}
	a, err := chacha20poly1305.NewX(key[:])
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", context, err)
	}
	rest := sealed[len(magic):]
	plain, err := a.Open(nil, rest[:a.NonceSize()], rest[a.NonceSize():], []byte(context))
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", context, ErrDamaged)
	}
	return plain, nil
}
