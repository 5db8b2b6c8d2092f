// Package stamp asks for and checks time-stamps of heads by an outside
// authority (RFC 3161): the authority says that the bytes were there at its
// time, and learns nothing of them but their hash.
//
// It is pure: a query and a reply are bytes, who is trusted is an argument.
// The time that counts is the authority's; certificates are judged as of then.
package stamp

import (
	"bytes"
	"crypto"
	"crypto/sha1" //nolint:gosec // RFC 3161 tokens may name their certificate by SHA-1 (RFC 2634); the signature does not rest on it
	"crypto/sha256"
	_ "crypto/sha512" // authorities sign with it
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/digitorus/pkcs7"
	"github.com/digitorus/timestamp"

	"firebreak/record"
)

// MaxReply limits a reply that is read; a usual one has 2 to 6 kB.
const MaxReply = 256 << 10

// maxRoots limits a file of certificates.
const maxRoots = 4 << 20

// ErrStranger says that a time-stamp is good, by an authority that nobody here
// vouches for.
var ErrStranger = errors.New("stamped by an authority nobody here vouches for")

// Token is a time-stamp that was checked against the text it is of.
type Token struct {
	Authority string // as its certificate says
	Serial    string
	Time      time.Time
	Nonce     *big.Int
	signer    *x509.Certificate
	others    []*x509.Certificate
}

// Query makes the question for a text: the DER that openssl ts calls a .tsq.
// A nonce of nil leaves it out.
func Query(text []byte, nonce *big.Int) ([]byte, error) {
	return QuerySum(sha256.Sum256(text), nonce)
}

// QuerySum is the same for a file whose SHA-256 is known.
func QuerySum(sum [sha256.Size]byte, nonce *big.Int) ([]byte, error) {
	b, err := (&timestamp.Request{HashAlgorithm: crypto.SHA256, HashedMessage: sum[:], Certificates: true, Nonce: nonce}).Marshal()
	if err != nil {
		return nil, fmt.Errorf("make time-stamp query: %w", err)
	}
	return b, nil
}

// Open reads a reply (a .tsr) and checks that it is a granted time-stamp,
// signed by the certificate that it carries, which is one for time-stamping.
func Open(reply []byte) (t Token, imprint Imprint, err error) {
	defer func() {
		if r := recover(); r != nil { // the library below is fed foreign bytes
			err = fmt.Errorf("time-stamp: cannot be read: %v", r)
		}
	}()
	if len(reply) > MaxReply {
		return t, imprint, fmt.Errorf("time-stamp: longer than %d bytes", MaxReply)
	}
	ts, err := timestamp.ParseResponse(reply)
	if err != nil {
		return t, imprint, fmt.Errorf("time-stamp: %w", err)
	}
	p7, err := pkcs7.Parse(ts.RawToken)
	if err != nil {
		return t, imprint, fmt.Errorf("time-stamp: %w", err)
	}
	signer := p7.GetOnlySigner()
	if signer == nil {
		return t, imprint, errors.New("time-stamp: the certificate of who signed it is not in it")
	}
	if err := p7.Verify(); err != nil {
		return t, imprint, fmt.Errorf("time-stamp: its signature is wrong: %w", err)
	}
	if err := named(p7, signer); err != nil {
		return t, imprint, err
	}
	if len(signer.ExtKeyUsage) != 1 || signer.ExtKeyUsage[0] != x509.ExtKeyUsageTimeStamping || len(signer.UnknownExtKeyUsage) > 0 {
		return t, imprint, errors.New("time-stamp: its certificate is not one for time-stamping alone")
	}
	if ts.SerialNumber == nil || ts.Time.IsZero() {
		return t, imprint, errors.New("time-stamp: no serial number or no time")
	}
	t = Token{
		Authority: signer.Subject.String(), Serial: ts.SerialNumber.Text(16), Time: ts.Time.UTC(), Nonce: ts.Nonce,
		signer: signer, others: p7.Certificates,
	}
	return t, Imprint{ts.HashAlgorithm, ts.HashedMessage}, nil
}

// Imprint is what was stamped: a hash.
type Imprint struct {
	Hash   crypto.Hash
	Digest []byte
}

// Of says whether the imprint is that of the text.
func (i Imprint) Of(text []byte) bool {
	switch i.Hash { //nolint:exhaustive // weaker ones prove nothing
	case crypto.SHA256, crypto.SHA384, crypto.SHA512:
		h := i.Hash.New()
		h.Write(text)
		return bytes.Equal(h.Sum(nil), i.Digest)
	default:
		return false
	}
}

// OfSum says whether the imprint is that SHA-256.
func (i Imprint) OfSum(sum [sha256.Size]byte) bool {
	return i.Hash == crypto.SHA256 && bytes.Equal(sum[:], i.Digest)
}

// named checks the attribute that binds the certificate to the signature (RFC
// 2634, RFC 5035): without it another certificate of the same key could be put
// in its place.
func named(p7 *pkcs7.PKCS7, signer *x509.Certificate) error {
	type essCert struct {
		Hash   []byte
		Issuer asn1.RawValue `asn1:"optional"`
	}
	var v1 struct {
		Certs    []essCert
		Policies asn1.RawValue `asn1:"optional"`
	}
	var v2 struct {
		Certs    []asn1.RawValue
		Policies asn1.RawValue `asn1:"optional"`
	}
	if p7.UnmarshalSignedAttribute(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 47}, &v2) == nil && len(v2.Certs) > 0 {
		var c essCert // its hash is SHA-256 where no algorithm is named
		if _, err := asn1.Unmarshal(v2.Certs[0].FullBytes, &c); err == nil {
			if sum := sha256.Sum256(signer.Raw); bytes.Equal(c.Hash, sum[:]) {
				return nil
			}
		}
		var long struct {
			Algorithm asn1.RawValue
			Hash      []byte
			Issuer    asn1.RawValue `asn1:"optional"`
		}
		if _, err := asn1.Unmarshal(v2.Certs[0].FullBytes, &long); err == nil {
			for _, h := range []crypto.Hash{crypto.SHA256, crypto.SHA384, crypto.SHA512} {
				sum := h.New()
				sum.Write(signer.Raw)
				if bytes.Equal(sum.Sum(nil), long.Hash) {
					return nil
				}
			}
		}
		return errors.New("time-stamp: it names another certificate than it carries")
	}
	if p7.UnmarshalSignedAttribute(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 12}, &v1) == nil && len(v1.Certs) > 0 {
		if sum := sha1.Sum(signer.Raw); bytes.Equal(v1.Certs[0].Hash, sum[:]) { //nolint:gosec // as above
			return nil
		}
		return errors.New("time-stamp: it names another certificate than it carries")
	}
	return errors.New("time-stamp: it does not name its certificate")
}

// Check opens a reply and checks that it is of that text. ErrStranger comes
// beside a good token when none of the roots vouches for it; roots may be nil.
func Check(reply, text []byte, roots *x509.CertPool) (Token, error) {
	t, imprint, err := Open(reply)
	if err != nil {
		return t, err
	}
	if !imprint.Of(text) {
		return t, errors.New("time-stamp: it is of other bytes")
	}
	return t, t.Trusted(roots)
}

// Trusted says whether one of the roots vouches for the authority, as of the
// time of the stamp.
func (t Token) Trusted(roots *x509.CertPool) error {
	if roots == nil {
		return ErrStranger
	}
	between := x509.NewCertPool()
	for _, c := range t.others {
		between.AddCert(c)
	}
	_, err := t.signer.Verify(x509.VerifyOptions{
		Roots: roots, Intermediates: between, CurrentTime: t.Time,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping},
	})
	if err != nil {
		return fmt.Errorf("%w: %w", ErrStranger, err)
	}
	return nil
}

// ParseRoots reads the certificates of trusted authorities, PEM. What is no
// certificate is told in the error, beside the pool of the others.
func ParseRoots(b []byte) (*x509.CertPool, error) {
	if len(b) > maxRoots {
		return nil, fmt.Errorf("certificates: longer than %d bytes", maxRoots)
	}
	pool, n := x509.NewCertPool(), 0
	var bad []error
	for block, rest := pem.Decode(b); block != nil; block, rest = pem.Decode(rest) {
		n++
		if block.Type != "CERTIFICATE" {
			bad = append(bad, fmt.Errorf("block %d: not a certificate", n))
			continue
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			bad = append(bad, fmt.Errorf("block %d: %w", n, err))
			continue
		}
		pool.AddCert(c)
	}
	if n == 0 && len(bytes.TrimSpace(b)) > 0 {
		bad = append(bad, errors.New("no certificate in PEM form"))
	}
	return pool, errors.Join(bad...)
}

// CheckAll checks every time-stamp that the entries carry. origin is the first
// line of the record's heads (record.Head.Origin).
func CheckAll(entries []record.Entry, origin string, roots *x509.CertPool) []record.StampCheck {
	out := []record.StampCheck{}
	for _, e := range entries {
		if e.Kind != record.HeadStamped {
			continue
		}
		var s record.Stamped
		if e.Decode(&s) != nil || len(s.Token) == 0 {
			continue // erased or withheld
		}
		c := record.StampCheck{Seq: e.Seq, Size: s.Size, Authority: s.Authority, Time: s.Time.UTC()}
		head := record.Head{Origin: origin, Size: s.Size, Root: s.Root}
		t, err := Check(s.Token, []byte(head.Text()), roots)
		if (err == nil || errors.Is(err, ErrStranger)) && (!t.Time.Equal(s.Time) || t.Authority != s.Authority || t.Serial != s.Serial) {
			err = errors.New("time-stamp: the entry says another time, authority or number than the token")
		}
		c.OK, c.Stranger = err == nil, errors.Is(err, ErrStranger)
		if err != nil {
			c.Why = err.Error()
		}
		out = append(out, c)
	}
	return out
}
