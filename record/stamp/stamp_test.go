package stamp_test

import (
	"crypto/x509"
	"errors"
	"math/big"
	"os"
	"testing"

	"firebreak/internal/testkit"
	"firebreak/record/stamp"
)

const text = "firebreak-1a2b3c4d/2026-0001\n12\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"

func TestAuthorityMustBeOneForTimeStamping(t *testing.T) {
	a := testkit.NewTSA(t)
	ca, err := os.ReadFile(a.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	roots, err := stamp.ParseRoots(ca)
	if err != nil {
		t.Fatal(err)
	}
	q, err := stamp.Query([]byte(text), big.NewInt(77))
	if err != nil {
		t.Fatal(err)
	}
	reply, err := a.Reply(q)
	if err != nil {
		t.Fatal(err)
	}
	token, err := stamp.Check(reply, []byte(text), roots)
	if err != nil || token.Nonce.Int64() != 77 {
		t.Fatalf("%v %+v", err, token)
	}
	if _, err := stamp.Check(reply, []byte(text), x509.NewCertPool()); !errors.Is(err, stamp.ErrStranger) {
		t.Errorf("nobody trusted: %v", err)
	}
	if _, err := stamp.Check(reply, []byte(text+"x"), roots); err == nil || errors.Is(err, stamp.ErrStranger) {
		t.Errorf("other bytes: %v", err)
	}
	// A damaged reply is refused, or the damage is where nothing is said: the
	// status text, and a copy of the authority's own certificate.
	refused := 0
	for i := range reply {
		b := append([]byte(nil), reply...)
		b[i] ^= 0x10
		got, err := stamp.Check(b, []byte(text), roots)
		if err != nil {
			refused++
			continue
		}
		if !got.Time.Equal(token.Time) || got.Serial != token.Serial || got.Authority != token.Authority {
			t.Errorf("byte %d changed: accepted, and says %s, %s, %s", i, got.Time, got.Serial, got.Authority)
		}
	}
	if refused < len(reply)/2 {
		t.Errorf("of %d damaged replies only %d were refused", len(reply), refused)
	}
}

func TestRootsThatCannotBeReadAreTold(t *testing.T) {
	for _, s := range []string{"nothing", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "-----BEGIN KEY-----\nAAAA\n-----END KEY-----\n"} {
		if _, err := stamp.ParseRoots([]byte(s)); err == nil {
			t.Errorf("%.20q was read", s)
		}
	}
}

func FuzzOpen(f *testing.F) {
	f.Add([]byte{0x30, 0x03, 0x02, 0x01, 0x00})
	f.Add([]byte{0x30, 0x80, 0x30, 0x80, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		if tok, imprint, err := stamp.Open(b); err == nil && (tok.Authority == "" && tok.Serial == "" || len(imprint.Digest) == 0) {
			t.Error("half a token")
		}
	})
}
