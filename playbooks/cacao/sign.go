package cacao

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
)

// Signing says who signs, with what, and when. Rand is the source of the
// signature's id, and of what the algorithm needs.
type Signing struct {
	Key        crypto.Signer
	Signee     string
	CreatedBy  string    // an identity's id; that of the playbook when empty
	Now        time.Time // of the signature
	ValidUntil time.Time // the zero time: without end
	Rand       io.Reader
}

// Sign adds a signature to a playbook, in place. It is no new version of it.
func Sign(doc *Object, s Signing) error {
	algorithm, err := algorithmOf(s.Key)
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKIXPublicKey(s.Key.Public())
	if err != nil {
		return fmt.Errorf("sign playbook: %w", err)
	}
	id, err := version4(s.Rand)
	if err != nil {
		return fmt.Errorf("sign playbook: %w", err)
	}
	now := s.Now.UTC().Format(timeLayout)
	sig := NewObject("type", "jss", "id", "jss--"+id, "created_by", cmpText(s.CreatedBy, doc.text("created_by")), "created", now, "modified", now,
		"signee", s.Signee, "valid_from", now)
	if !s.ValidUntil.IsZero() {
		sig.Set("valid_until", s.ValidUntil.UTC().Format(timeLayout))
	}
	sig.Set("related_to", doc.text("id"))
	sig.Set("related_version", doc.text("modified"))
	sig.Set("hash_algorithm", "sha-256")
	sig.Set("algorithm", algorithm)
	sig.Set("public_key", base64.StdEncoding.EncodeToString(der))
	signed, _ := clone(doc).(*Object)
	signed.Set("signatures", []any{sig})
	text, err := hashText("sha-256", signed)
	if err != nil {
		return err
	}
	value, err := signText(algorithm, s, []byte(text))
	if err != nil {
		return fmt.Errorf("sign playbook: %w", err)
	}
	sig.Set("value", base64.RawURLEncoding.EncodeToString(value))
	doc.Set("signatures", append(doc.list("signatures"), sig))
	return nil
}

func algorithmOf(key crypto.Signer) (string, error) {
	switch k := key.Public().(type) {
	case ed25519.PublicKey:
		return "Ed25519", nil
	case *rsa.PublicKey:
		if k.N.BitLen() < 2048 {
			return "", fmt.Errorf("an RSA key of %d bits is too short", k.N.BitLen())
		}
		return "RS256", nil
	case *ecdsa.PublicKey:
		for _, a := range []string{"ES256", "ES384", "ES512"} {
			if curveOf(a, k.Curve) {
				return a, nil
			}
		}
	}
	return "", errors.New("a key of this kind cannot sign playbooks; want Ed25519, RSA or ECDSA")
}

func signText(algorithm string, s Signing, message []byte) ([]byte, error) {
	if algorithm == "Ed25519" {
		return s.Key.Sign(s.Rand, message, crypto.Hash(0))
	}
	hash, sum, err := hashOf(algorithm, message)
	if err != nil {
		return nil, err
	}
	value, err := s.Key.Sign(s.Rand, sum, hash)
	if err != nil || algorithm[:2] != "ES" {
		return value, err
	}
	var rs struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(value, &rs); err != nil {
		return nil, err
	}
	k, _ := s.Key.Public().(*ecdsa.PublicKey)
	size := (k.Curve.Params().BitSize + 7) / 8
	return append(rs.R.FillBytes(make([]byte, size)), rs.S.FillBytes(make([]byte, size))...), nil
}

// version4 is a random UUID.
func version4(r io.Reader) (string, error) {
	var b [16]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return "", err
	}
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	s := hex.EncodeToString(b[:])
	return strings.Join([]string{s[:8], s[8:12], s[12:16], s[16:20], s[20:]}, "-"), nil
}

// ParseKey reads a private key in PEM form: PKCS #8, PKCS #1, SEC 1, or that of
// OpenSSH, none of them encrypted.
func ParseKey(text []byte) (crypto.Signer, error) {
	if block, _ := pem.Decode(text); block == nil {
		return nil, errors.New("read key: no private key in PEM form")
	}
	raw, err := ssh.ParseRawPrivateKey(text)
	var missing *ssh.PassphraseMissingError
	if errors.As(err, &missing) {
		return nil, errors.New("read key: it is encrypted; give one that is not, by a reference that keeps it safe")
	}
	if err != nil {
		return nil, errors.New("read key: not a private key of a kind that is known")
	}
	if k, ok := raw.(*ed25519.PrivateKey); ok {
		return *k, nil
	}
	signer, ok := raw.(crypto.Signer)
	if !ok {
		return nil, errors.New("read key: not a key that signs")
	}
	return signer, nil
}

// ParseTrust adds the public keys and certificates of a PEM file to a trust.
func (t *Trust) ParseTrust(text []byte) error {
	found := false
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		switch block.Type {
		case "PUBLIC KEY":
			k, err := x509.ParsePKIXPublicKey(block.Bytes)
			if err != nil {
				return fmt.Errorf("read public key: %w", err)
			}
			t.Keys = append(t.Keys, k)
		case "CERTIFICATE":
			c, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				return fmt.Errorf("read certificate: %w", err)
			}
			t.Certs = append(t.Certs, c)
		default:
			return fmt.Errorf("read trust: a %s is neither a public key nor a certificate", strings.ToLower(block.Type))
		}
		found = true
	}
	if !found {
		return errors.New("read trust: no public key and no certificate in PEM form")
	}
	return nil
}
