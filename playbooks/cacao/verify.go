package cacao

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // thumbprints of certificates come as SHA-1 too; they only find a key
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"
)

// A signature of CACAO's is made over the hexadecimal text of the hash of the
// canonical form of the playbook, in which it is the only signature and has no
// value yet: so the published example does it. A countersignature is made in
// the same way over the signature that it is in.

// State says what is known of a signature.
type State string

// A signature that cannot be checked is not one that holds.
const (
	Holds     State = "holds"
	Broken    State = "broken"    // the playbook or the signature was changed, or the key is another's
	Unchecked State = "unchecked" // with a key or an algorithm that is not at hand
)

// Signature is what there is to say of one signature.
type Signature struct {
	ID        string      `json:"id"`
	Signee    string      `json:"signee"`
	Algorithm string      `json:"algorithm"`
	State     State       `json:"state"`
	Why       string      `json:"why,omitempty"`
	Key       string      `json:"key,omitempty"`     // SHA-256 of the public key, hex
	Trusted   bool        `json:"trusted"`           // the key is one that the caller vouches for
	Expired   bool        `json:"expired,omitempty"` // outside of valid_from and valid_until
	Counter   []Signature `json:"countersignatures,omitempty"`
}

// Trust is the keys that the caller vouches for, and what time it is.
type Trust struct {
	Keys  []crypto.PublicKey
	Certs []*x509.Certificate // trusted themselves, and as issuers
	Now   time.Time
}

// VerifySignatures checks each signature of a playbook, in order.
func VerifySignatures(doc *Object, trust Trust) []Signature {
	out := []Signature{}
	for _, s := range doc.list("signatures") {
		sig, ok := s.(*Object)
		if !ok {
			out = append(out, Signature{State: Broken, Why: "not a signature"})
			continue
		}
		bare, _ := clone(sig).(*Object)
		bare.Delete("value")
		bare.Delete("countersignature")
		signed, _ := clone(doc).(*Object)
		signed.Set("signatures", []any{bare})
		v := trust.check(sig, signed)
		switch {
		case v.State != Holds:
		case sig.text("related_to") != doc.text("id"):
			v.State, v.Why = Broken, "made for another playbook: "+sig.text("related_to")
		case sig.text("related_version") != doc.text("modified"):
			v.State, v.Why = Broken, "made for another version: "+sig.text("related_version")
		}
		v.Counter = trust.counters(sig, 0)
		out = append(out, v)
	}
	return out
}

// counters checks the countersignature of a signature, and its own.
func (t Trust) counters(sig *Object, depth int) []Signature {
	counter := sig.object("countersignature")
	if counter == nil {
		return nil
	}
	if depth > 8 {
		return []Signature{{ID: counter.text("id"), State: Unchecked, Why: "nested more than 8 levels deep"}}
	}
	bare, _ := clone(counter).(*Object)
	bare.Delete("value")
	bare.Delete("countersignature")
	signed, _ := clone(sig).(*Object)
	signed.Set("countersignature", bare)
	v := t.check(counter, signed)
	if v.State == Holds && counter.text("related_to") != sig.text("id") {
		v.State, v.Why = Broken, "made for another signature: "+counter.text("related_to")
	}
	v.Counter = t.counters(counter, depth+1)
	return []Signature{v}
}

// check checks one signature over what it was made over.
func (t Trust) check(sig *Object, signed *Object) Signature {
	v := Signature{ID: sig.text("id"), Signee: sig.text("signee"), Algorithm: sig.text("algorithm"), State: Unchecked}
	v.Expired = t.outside(sig)
	if sig.Get("revoked") == true {
		v.State, v.Why = Broken, "its maker has revoked it"
		return v
	}
	key, why := t.key(sig)
	if key == nil {
		v.Why = why
		return v
	}
	v.Key = fingerprint(key)
	v.Trusted = t.knows(sig, key)
	text, err := hashText(sig.text("hash_algorithm"), signed)
	if err != nil {
		v.Why = err.Error()
		return v
	}
	value, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(sig.text("value"), "="))
	if err != nil {
		v.State, v.Why = Broken, "its value is not base64url"
		return v
	}
	switch err := checkValue(v.Algorithm, key, []byte(text), value); {
	case errors.Is(err, errAlgorithm):
		v.Why = err.Error()
	case err == nil:
		v.State = Holds
	case checkValue(v.Algorithm, key, Canonical(signed), value) == nil:
		v.State, v.Why = Broken, "made over the canonical form itself; the standard's example signs the text of its hash"
	default:
		v.State, v.Why = Broken, "the playbook is not the one that was signed, or the key is another"
	}
	return v
}

func (t Trust) outside(sig *Object) bool {
	if t.Now.IsZero() {
		return false
	}
	from, err := time.Parse(time.RFC3339Nano, sig.text("valid_from"))
	early := err == nil && t.Now.Before(from)
	until, err := time.Parse(time.RFC3339Nano, sig.text("valid_until"))
	return early || err == nil && !t.Now.Before(until)
}

// key is the public key of a signature, or why there is none.
func (t Trust) key(sig *Object) (crypto.PublicKey, string) {
	switch {
	case sig.Has("public_key"):
		key, err := publicKey(sig.text("public_key"))
		if err != nil {
			return nil, "its public key cannot be read: " + err.Error()
		}
		return key, ""
	case sig.Has("public_cert_chain"):
		chain, err := certificates(sig)
		if err != nil {
			return nil, "its certificates cannot be read: " + err.Error()
		}
		return chain[0].PublicKey, ""
	case sig.Has("thumbprint"):
		for _, c := range t.Certs {
			if thumbprint(sig.text("thumbprint"), c.Raw) {
				return c.PublicKey, ""
			}
		}
		for _, k := range t.Keys {
			if der, err := x509.MarshalPKIXPublicKey(k); err == nil && thumbprint(sig.text("thumbprint"), der) {
				return k, ""
			}
		}
		return nil, "no key or certificate at hand has the thumbprint " + short(sig.Get("thumbprint"))
	case sig.Has("cert_url"):
		return nil, "its certificate would have to be fetched from " + short(sig.Get("cert_url")) + ", which is not done; give it with --trust and ask for a thumbprint"
	}
	return nil, "it names no key"
}

// knows says that the caller vouches for the key, or for who issued its
// certificate.
func (t Trust) knows(sig *Object, key crypto.PublicKey) bool {
	mark := fingerprint(key)
	for _, k := range t.Keys {
		if fingerprint(k) == mark {
			return true
		}
	}
	roots, between := x509.NewCertPool(), x509.NewCertPool()
	for _, c := range t.Certs {
		if fingerprint(c.PublicKey) == mark {
			return true
		}
		roots.AddCert(c)
	}
	chain, err := certificates(sig)
	if err != nil || len(t.Certs) == 0 || t.Now.IsZero() {
		return false
	}
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	_, err = chain[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, CurrentTime: t.Now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
	return err == nil
}

// certificates are those of public_cert_chain, the signer's first.
func certificates(sig *Object) ([]*x509.Certificate, error) {
	list := sig.texts("public_cert_chain")
	if s := sig.text("public_cert_chain"); s != "" {
		list = []string{s}
	}
	if len(list) == 0 || len(list) > 10 {
		return nil, errors.New("want one to ten certificates")
	}
	var out []*x509.Certificate
	for _, text := range list {
		der, err := derOf(text, "CERTIFICATE")
		if err != nil {
			return nil, err
		}
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, nil
}

// derOf reads base64 or PEM.
func derOf(text, kind string) ([]byte, error) {
	if strings.HasPrefix(strings.TrimSpace(text), "-----BEGIN") {
		block, _ := pem.Decode([]byte(text))
		if block == nil || block.Type != kind {
			return nil, fmt.Errorf("no %s in PEM form", strings.ToLower(kind))
		}
		return block.Bytes, nil
	}
	text = strings.Join(strings.Fields(text), "")
	if b, err := base64.StdEncoding.DecodeString(text); err == nil {
		return b, nil
	}
	return base64.RawURLEncoding.DecodeString(strings.TrimRight(text, "="))
}

func publicKey(text string) (crypto.PublicKey, error) {
	der, err := derOf(text, "PUBLIC KEY")
	if err != nil {
		return nil, err
	}
	return x509.ParsePKIXPublicKey(der)
}

// fingerprint is the SHA-256 of a public key's DER form, in hex.
func fingerprint(key crypto.PublicKey) string {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:])
}

// thumbprint says that text is the SHA-256 or SHA-1 of der, in hex or base64url.
func thumbprint(text string, der []byte) bool {
	long, old := sha256.Sum256(der), sha1.Sum(der) //nolint:gosec // as above
	text = strings.TrimRight(strings.ReplaceAll(text, ":", ""), "=")
	for _, sum := range [][]byte{long[:], old[:]} {
		if strings.EqualFold(text, hex.EncodeToString(sum)) || text == base64.RawURLEncoding.EncodeToString(sum) {
			return true
		}
	}
	return false
}

// hashText is the hash of the canonical form, as hexadecimal text.
func hashText(algorithm string, v any) (string, error) {
	b := Canonical(v)
	switch strings.ToLower(algorithm) {
	case "sha-256", "sha256":
		sum := sha256.Sum256(b)
		return hex.EncodeToString(sum[:]), nil
	case "sha-384", "sha384":
		sum := sha512.Sum384(b)
		return hex.EncodeToString(sum[:]), nil
	case "sha-512", "sha512":
		sum := sha512.Sum512(b)
		return hex.EncodeToString(sum[:]), nil
	}
	return "", fmt.Errorf("hash algorithm %.40q is not known", algorithm)
}

var errAlgorithm = errors.New("algorithm is not known")

// checkValue checks a signature value as JWS (RFC 7518, RFC 8037) has it.
func checkValue(algorithm string, key crypto.PublicKey, message, value []byte) error {
	wrongKey := fmt.Errorf("%s does not go with the key", algorithm)
	if strings.EqualFold(algorithm, "Ed25519") || algorithm == "EdDSA" {
		k, ok := key.(ed25519.PublicKey)
		if !ok {
			return wrongKey
		}
		if !ed25519.Verify(k, message, value) {
			return errors.New("it does not hold")
		}
		return nil
	}
	hash, sum, err := hashOf(algorithm, message)
	if err != nil {
		return err
	}
	switch k := key.(type) {
	case *rsa.PublicKey:
		if k.N.BitLen() < 2048 || k.N.BitLen() > 16384 {
			return fmt.Errorf("an RSA key of %d bits is not taken", k.N.BitLen())
		}
		switch algorithm[:2] {
		case "RS":
			return rsa.VerifyPKCS1v15(k, hash, sum, value)
		case "PS":
			return rsa.VerifyPSS(k, hash, sum, value, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthAuto, Hash: hash})
		}
	case *ecdsa.PublicKey:
		if algorithm[:2] != "ES" || !curveOf(algorithm, k.Curve) {
			return wrongKey
		}
		size := (k.Curve.Params().BitSize + 7) / 8
		if len(value) != 2*size {
			return errors.New("it does not hold")
		}
		r, s := new(big.Int).SetBytes(value[:size]), new(big.Int).SetBytes(value[size:])
		if !ecdsa.Verify(k, sum, r, s) {
			return errors.New("it does not hold")
		}
		return nil
	}
	return wrongKey
}

func hashOf(algorithm string, message []byte) (crypto.Hash, []byte, error) {
	if len(algorithm) == 5 && slices.Contains([]string{"RS", "PS", "ES"}, algorithm[:2]) {
		switch algorithm[2:] {
		case "256":
			sum := sha256.Sum256(message)
			return crypto.SHA256, sum[:], nil
		case "384":
			sum := sha512.Sum384(message)
			return crypto.SHA384, sum[:], nil
		case "512":
			sum := sha512.Sum512(message)
			return crypto.SHA512, sum[:], nil
		}
	}
	return 0, nil, fmt.Errorf("%w: %.40q", errAlgorithm, algorithm)
}

func curveOf(algorithm string, c elliptic.Curve) bool {
	return map[string]elliptic.Curve{"ES256": elliptic.P256(), "ES384": elliptic.P384(), "ES512": elliptic.P521()}[algorithm] == c
}
