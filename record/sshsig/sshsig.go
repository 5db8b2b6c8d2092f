// Package sshsig makes and checks the ssh signatures that people give
// (PROTOCOL.sshsig of OpenSSH), and reads the roster that says whose keys are
// whose (the allowed_signers file of ssh-keygen).
//
// What it makes, ssh-keygen -Y verify accepts, and the other way round. It is
// pure: who signs is a function that was handed in, the time is an argument.
// A key on a token (sk-) has to have been touched; a certificate is refused.
package sshsig

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/hiddeco/sshsig"
	"golang.org/x/crypto/ssh"
)

// maxArmored limits a signature that is read; an RSA-16384 one has 6 kB.
const maxArmored = 16 << 10

// The flags of a token's signature (PROTOCOL.u2f).
const (
	userPresence     = 0x01 // the token was touched
	userVerification = 0x04 // the token asked for a PIN or a finger
)

// ErrMalformed says that bytes are no ssh signature.
var ErrMalformed = errors.New("malformed ssh signature")

// Signature is a signature as it was read, not yet checked.
type Signature struct {
	Key       ssh.PublicKey
	Namespace string
	inner     *sshsig.Signature
}

// Fingerprint is the key's, as ssh-keygen -l prints it: SHA256:…
func (s Signature) Fingerprint() string { return ssh.FingerprintSHA256(s.Key) }

// Type is the key's, as in ssh-ed25519.
func (s Signature) Type() string { return s.Key.Type() }

// IsHardware says whether keys of this type live on a token.
func IsHardware(keyType string) bool { return strings.HasPrefix(keyType, "sk-") }

// Verified says whether the token asked who is there (PIN, finger) before it
// signed. It is false for a key that is on none.
func (s Signature) Verified() bool { return s.flags()&userVerification != 0 }

// Counter is the token's count of signatures, 0 for a key that is on none.
func (s Signature) Counter() uint32 {
	if rest := s.inner.Signature.Rest; IsHardware(s.Type()) && len(rest) == 5 {
		return binary.BigEndian.Uint32(rest[1:])
	}
	return 0
}

func (s Signature) flags() byte {
	if rest := s.inner.Signature.Rest; IsHardware(s.Type()) && len(rest) == 5 {
		return rest[0]
	}
	return 0
}

// Sign signs the text in the namespace, with SHA-512 and, for an RSA key,
// rsa-sha2-512, as ssh-keygen does. It returns the armored signature.
func Sign(signer ssh.Signer, random io.Reader, namespace string, text []byte) (string, error) {
	if err := usable(signer.PublicKey()); err != nil {
		return "", fmt.Errorf("sign: %w", err)
	}
	s, err := sshsig.SignWithRand(bytes.NewReader(text), random, signer, sshsig.HashSHA512, namespace)
	if err != nil {
		return "", fmt.Errorf("sign: %w", err)
	}
	armored := string(sshsig.Armor(s))
	// A signer outside may be wrong, or hold another key than it says.
	back, err := Parse([]byte(armored))
	if err == nil {
		err = back.Check(namespace, text)
	}
	if err != nil {
		return "", fmt.Errorf("sign: what came back is no signature: %w", err)
	}
	return armored, nil
}

// Parse reads an armored signature. Blank space around it is left out;
// anything else beside it is refused.
func Parse(armored []byte) (Signature, error) {
	if len(armored) > maxArmored {
		return Signature{}, fmt.Errorf("%w: longer than %d bytes", ErrMalformed, maxArmored)
	}
	b := bytes.TrimSpace(bytes.ReplaceAll(armored, []byte("\r\n"), []byte("\n")))
	const begin, end = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"
	if !bytes.HasPrefix(b, []byte(begin)) || !bytes.HasSuffix(b, []byte(end)) || bytes.Count(b, []byte("-----BEGIN")) != 1 {
		return Signature{}, fmt.Errorf("%w: want the lines from %s to %s", ErrMalformed, begin, end)
	}
	s, err := sshsig.Unarmor(append(b, '\n'))
	if err != nil {
		return Signature{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if err := usable(s.PublicKey); err != nil {
		return Signature{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if s.Namespace == "" {
		return Signature{}, fmt.Errorf("%w: no namespace", ErrMalformed)
	}
	if IsHardware(s.PublicKey.Type()) != (len(s.Signature.Rest) == 5) || !IsHardware(s.PublicKey.Type()) && len(s.Signature.Rest) != 0 {
		return Signature{}, fmt.Errorf("%w: flags and counter", ErrMalformed)
	}
	return Signature{Key: s.PublicKey, Namespace: s.Namespace, inner: s}, nil
}

// Check says whether the signature is over that text, for that purpose. Whose
// key it is, the roster says.
func (s Signature) Check(namespace string, text []byte) error {
	if s.inner == nil {
		return ErrMalformed
	}
	if s.Namespace != namespace {
		return fmt.Errorf("it was signed for %.60q, not for %q", s.Namespace, namespace)
	}
	if IsHardware(s.Type()) && s.flags()&userPresence == 0 {
		return errors.New("the token was not touched")
	}
	if err := sshsig.Verify(bytes.NewReader(text), s.inner, s.Key, s.inner.HashAlgorithm, namespace); err != nil {
		return errors.New("the signature is not over this text by this key")
	}
	return nil
}

// usable refuses kinds of keys that are no person's own: a certificate needs
// an authority, and DSA is broken.
func usable(k ssh.PublicKey) error {
	switch k.Type() {
	case ssh.KeyAlgoED25519, ssh.KeyAlgoSKED25519, ssh.KeyAlgoSKECDSA256,
		ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521:
		return nil
	case ssh.KeyAlgoRSA:
		if bits := rsaBits(k); bits < minRSA {
			return fmt.Errorf("an RSA key of %d bits is too short: want %d", bits, minRSA)
		}
		return nil
	}
	if _, ok := k.(*ssh.Certificate); ok {
		return errors.New("certificates are not supported: sign with the key itself")
	}
	return fmt.Errorf("keys of type %.60s are not supported", k.Type())
}
