package cacao_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"firebreak/internal/testkit"
	"firebreak/playbooks/cacao"
)

var signedAt = time.Date(2026, 11, 20, 3, 0, 0, 0, time.UTC)

// TestPublishedSignature holds OASIS' example: its signature holds, over the
// text of the hash, and the invented one beside it does not.
func TestPublishedSignature(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(testkit.Corpus(t, "cacao/signature-example-rsa.md"), "cacao", "signature-example-rsa.md"))
	if err != nil {
		t.Fatal(err)
	}
	held := 0
	for _, block := range strings.Split(string(page), "```json\n")[1:] {
		text, _, _ := strings.Cut(block, "```")
		v, err := cacao.Decode([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		doc, _ := v.(*cacao.Object)
		for _, s := range cacao.VerifySignatures(doc, cacao.Trust{Now: signedAt}) {
			want := s.Signee == "ACME Cyber Company" && strings.Contains(text, `"value": "gXyPW`)
			if (s.State == cacao.Holds) != want {
				t.Errorf("%+v, want it to hold: %v", s, want)
			}
			if want {
				held++
				if !s.Expired {
					t.Error("it ended in 2023")
				}
			}
		}
	}
	if held != 2 {
		t.Errorf("%d signatures held, want 2", held)
	}
}

func playbookDoc(t *testing.T) *cacao.Object {
	t.Helper()
	src, err := os.ReadFile("testdata/diagram.json")
	if err != nil {
		t.Fatal(err)
	}
	v, err := cacao.Decode(src)
	if err != nil {
		t.Fatal(err)
	}
	doc, _ := v.(*cacao.Object)
	return doc
}

func signers(t *testing.T) map[string]crypto.Signer {
	t.Helper()
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rs, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]crypto.Signer{"Ed25519": ed, "RS256": rs}
	for name, curve := range map[string]elliptic.Curve{"ES256": elliptic.P256(), "ES384": elliptic.P384(), "ES512": elliptic.P521()} {
		if out[name], err = ecdsa.GenerateKey(curve, rand.Reader); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func one(t *testing.T, doc *cacao.Object, trust cacao.Trust) cacao.Signature {
	t.Helper()
	all := cacao.VerifySignatures(doc, trust)
	return all[len(all)-1]
}

func last(doc *cacao.Object) *cacao.Object {
	list, _ := doc.Get("signatures").([]any)
	o, _ := list[len(list)-1].(*cacao.Object)
	return o
}

func TestSignAndVerify(t *testing.T) {
	doc := playbookDoc(t)
	for name, key := range signers(t) {
		if err := cacao.Sign(doc, cacao.Signing{Key: key, Signee: "Team", Now: signedAt, ValidUntil: signedAt.Add(time.Hour), Rand: rand.Reader}); err != nil {
			t.Fatal(err)
		}
		s := one(t, doc, cacao.Trust{Now: signedAt, Keys: []crypto.PublicKey{key.Public()}})
		if s.State != cacao.Holds || s.Algorithm != name || !s.Trusted || s.Expired {
			t.Errorf("%s: %+v", name, s)
		}
		if s := one(t, doc, cacao.Trust{Now: signedAt.Add(2 * time.Hour)}); s.State != cacao.Holds || s.Trusted || !s.Expired {
			t.Errorf("%s: %+v", name, s)
		}
	}
	if n := len(cacao.Validate(doc)); n > 0 {
		for _, p := range cacao.Validate(doc) {
			if strings.HasPrefix(p.At, "/signatures") {
				t.Error(p)
			}
		}
	}
	for _, s := range cacao.VerifySignatures(doc, cacao.Trust{}) {
		if s.State != cacao.Holds {
			t.Errorf("one signature breaks another: %+v", s)
		}
	}
	doc.Set("name", "Changed")
	for _, s := range cacao.VerifySignatures(doc, cacao.Trust{}) {
		if s.State != cacao.Broken {
			t.Errorf("a change was not seen: %+v", s)
		}
	}
}

func TestSignaturesThatDoNotHold(t *testing.T) {
	key := signers(t)["Ed25519"]
	for name, change := range map[string]func(doc, sig *cacao.Object){
		"another key": func(_, sig *cacao.Object) {
			der, _ := x509.MarshalPKIXPublicKey(signers(t)["Ed25519"].Public())
			sig.Set("public_key", base64.StdEncoding.EncodeToString(der))
		},
		"another algorithm":   func(_, sig *cacao.Object) { sig.Set("algorithm", "RS256") },
		"an unknown one":      func(_, sig *cacao.Object) { sig.Set("algorithm", "XMSS-SHA2_10_256") },
		"no base64":           func(_, sig *cacao.Object) { sig.Set("value", "%%%") },
		"another version":     func(doc, _ *cacao.Object) { doc.Set("modified", "2027-01-01T00:00:00.000Z") },
		"revoked":             func(_, sig *cacao.Object) { sig.Set("revoked", true) },
		"no key":              func(_, sig *cacao.Object) { sig.Delete("public_key") },
		"a key from a server": func(_, sig *cacao.Object) { sig.Delete("public_key"); sig.Set("cert_url", "https://x.example") },
		"a hash of another":   func(_, sig *cacao.Object) { sig.Set("hash_algorithm", "md5") },
		"over the form itself": func(doc, sig *cacao.Object) {
			sig.Delete("value")
			b, _ := key.Sign(rand.Reader, cacao.Canonical(doc), crypto.Hash(0))
			sig.Set("value", base64.RawURLEncoding.EncodeToString(b))
		},
	} {
		doc := playbookDoc(t)
		if err := cacao.Sign(doc, cacao.Signing{Key: key, Signee: "Team", Now: signedAt, Rand: rand.Reader}); err != nil {
			t.Fatal(err)
		}
		change(doc, last(doc))
		if s := one(t, doc, cacao.Trust{Keys: []crypto.PublicKey{key.Public()}, Now: signedAt}); s.State == cacao.Holds || s.Why == "" {
			t.Errorf("%s: %+v", name, s)
		}
	}
}

// certificate issues one for a key.
func certificate(t *testing.T, name string, key crypto.PublicKey, issuer *x509.Certificate, by crypto.Signer) *x509.Certificate {
	t.Helper()
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: signedAt.Add(-time.Hour), NotAfter: signedAt.Add(time.Hour),
		IsCA: issuer == nil, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	if issuer == nil {
		issuer = c
	}
	der, err := x509.CreateCertificate(rand.Reader, c, issuer, key, by)
	if err != nil {
		t.Fatal(err)
	}
	out, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// resign gives the last signature its value again after its members changed.
func resign(t *testing.T, doc *cacao.Object, key crypto.Signer) {
	t.Helper()
	sig := last(doc)
	sig.Delete("value")
	sum := sha256.Sum256(cacao.Canonical(doc))
	b, err := key.Sign(rand.Reader, []byte(hex.EncodeToString(sum[:])), crypto.Hash(0))
	if err != nil {
		t.Fatal(err)
	}
	sig.Set("value", base64.RawURLEncoding.EncodeToString(b))
}

func TestKeysByCertificateAndThumbprint(t *testing.T) {
	key, ca := signers(t)["Ed25519"], signers(t)["Ed25519"]
	root := certificate(t, "root", ca.Public(), nil, ca)
	leaf := certificate(t, "signer", key.Public(), root, ca)
	doc := playbookDoc(t)
	if err := cacao.Sign(doc, cacao.Signing{Key: key, Signee: "Team", Now: signedAt, Rand: rand.Reader}); err != nil {
		t.Fatal(err)
	}
	last(doc).Delete("public_key")
	last(doc).Set("public_cert_chain", []any{base64.StdEncoding.EncodeToString(leaf.Raw)})
	resign(t, doc, key)
	if s := one(t, doc, cacao.Trust{Now: signedAt, Certs: []*x509.Certificate{root}}); s.State != cacao.Holds || !s.Trusted {
		t.Errorf("by its issuer: %+v", s)
	}
	if s := one(t, doc, cacao.Trust{Now: signedAt.Add(5 * time.Hour), Certs: []*x509.Certificate{root}}); s.Trusted {
		t.Errorf("by an issuer whose certificate has ended: %+v", s)
	}
	if s := one(t, doc, cacao.Trust{Now: signedAt}); s.State != cacao.Holds || s.Trusted {
		t.Errorf("by nobody: %+v", s)
	}
	last(doc).Delete("public_cert_chain")
	sum := sha256.Sum256(leaf.Raw)
	last(doc).Set("thumbprint", hex.EncodeToString(sum[:]))
	resign(t, doc, key)
	var trust cacao.Trust
	if err := trust.ParseTrust(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leaf.Raw})); err != nil {
		t.Fatal(err)
	}
	if s := one(t, doc, trust); s.State != cacao.Holds || !s.Trusted {
		t.Errorf("by thumbprint: %+v", s)
	}
	if s := one(t, doc, cacao.Trust{}); s.State != cacao.Unchecked {
		t.Errorf("without the certificate: %+v", s)
	}
}

func TestCountersignature(t *testing.T) {
	key, notary := signers(t)["Ed25519"], signers(t)["Ed25519"]
	doc := playbookDoc(t)
	if err := cacao.Sign(doc, cacao.Signing{Key: key, Signee: "Team", Now: signedAt, Rand: rand.Reader}); err != nil {
		t.Fatal(err)
	}
	sig := last(doc)
	der, err := x509.MarshalPKIXPublicKey(notary.Public())
	if err != nil {
		t.Fatal(err)
	}
	counter := cacao.NewObject("type", "jss", "id", "jss--00000000-0000-4000-8000-000000000001", "signee", "Notary", "related_to", sig.Get("id"),
		"hash_algorithm", "sha-256", "algorithm", "Ed25519", "public_key", base64.StdEncoding.EncodeToString(der))
	sig.Set("countersignature", counter)
	sum := sha256.Sum256(cacao.Canonical(sig))
	value, err := notary.Sign(rand.Reader, []byte(hex.EncodeToString(sum[:])), crypto.Hash(0))
	if err != nil {
		t.Fatal(err)
	}
	counter.Set("value", base64.RawURLEncoding.EncodeToString(value))
	s := one(t, doc, cacao.Trust{})
	if s.State != cacao.Holds || len(s.Counter) != 1 || s.Counter[0].State != cacao.Holds {
		t.Fatalf("%+v", s)
	}
	sig.Set("signee", "Somebody else")
	if s := one(t, doc, cacao.Trust{}); s.State != cacao.Broken || s.Counter[0].State != cacao.Broken {
		t.Errorf("%+v", s)
	}
}

func TestParseKeys(t *testing.T) {
	for name, key := range signers(t) {
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		got, err := cacao.ParseKey(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if same, ok := key.Public().(interface{ Equal(crypto.PublicKey) bool }); !ok || !same.Equal(got.Public()) {
			t.Errorf("%s: another key", name)
		}
	}
	for _, bad := range []string{"", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "secret"} {
		if _, err := cacao.ParseKey([]byte(bad)); err == nil || strings.Contains(err.Error(), "AAAA") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
