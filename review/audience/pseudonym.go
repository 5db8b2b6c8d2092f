package audience

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"net/netip"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// pseudonyms gives each name one that holds in this document.
type pseudonyms struct {
	key   []byte
	given map[string]string // by kind and normalised name
	taken map[string]string // the other way round
}

func newPseudonyms(key []byte) *pseudonyms {
	return &pseudonyms{key: key, given: map[string]string{}, taken: map[string]string{}}
}

// prefixes are what pseudonyms begin with. A person and that person's account are
// the same to whoever reads.
var prefixes = map[Kind]string{
	Person: "USER", Account: "USER", Mail: "MAIL", Phone: "TEL", IBAN: "IBAN", Card: "CARD", Host: "HOST", Domain: "HOST", Address: "ADDR",
	MAC: "MAC", URL: "URL", Path: "PATH", Process: "PROC", Hash: "HASH", Other: "NAME", Group: "INCIDENT",
}

// shortest is the length of a pseudonym's random part: 40 bits, which hold a
// document's worth of names apart.
const shortest = 8

// of is the pseudonym of a name: HMAC-SHA256 over kind, zero and the normalised
// name, in base32; more of it where two would be the same.
func (p *pseudonyms) of(kind Kind, value string) string {
	prefix := prefixes[kind]
	if prefix == "" {
		prefix = prefixes[Other]
	}
	text := strings.ToLower(prefix) + "\x00" + Normal(kind, value)
	if out, ok := p.given[text]; ok {
		return out
	}
	m := hmac.New(sha256.New, p.key)
	m.Write([]byte(text))
	digits := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(m.Sum(nil))
	out := prefix + "-" + digits[:shortest]
	for n := shortest + 2; n <= len(digits) && p.taken[out] != ""; n += 2 {
		out = prefix + "-" + digits[:n]
	}
	p.given[text], p.taken[out] = out, text
	return out
}

// Normal is the form of a value in which two ways to write it are the same.
func Normal(kind Kind, value string) string {
	value = strings.TrimSpace(norm.NFC.String(value))
	switch kind { //nolint:exhaustive // the others are as they are written
	case Person, Account:
		if _, account, ok := strings.Cut(value, `\`); ok && account != "" {
			value = account
		}
		return strings.ToLower(strings.Join(strings.Fields(value), " "))
	case Mail:
		return strings.ToLower(strings.TrimRight(strings.TrimPrefix(value, "mailto:"), "."))
	case Host, Domain:
		if a, err := netip.ParseAddr(value); err == nil {
			return plainAddress(a)
		}
		return strings.ToLower(strings.TrimRight(value, "."))
	case Address:
		if a, err := netip.ParseAddr(strings.Trim(value, "[]")); err == nil {
			return plainAddress(a)
		}
		return strings.ToLower(value)
	case MAC:
		return strings.ToLower(keepOnly(value, isHex))
	case Phone:
		return normalPhone(value)
	case IBAN, Card:
		return strings.ToUpper(keepOnly(value, func(r rune) bool { return unicode.IsDigit(r) || unicode.IsLetter(r) }))
	case URL, Hash, Group:
		return strings.ToLower(value)
	}
	return value
}

// plainAddress is an address in its one form: an IPv4 address inside IPv6 is the
// IPv4 address, and the interface it was seen on is not part of it.
func plainAddress(a netip.Addr) string { return a.Unmap().WithZone("").String() }

// normalPhone is a number's digits: with the plus where the country is known.
func normalPhone(value string) string {
	value = strings.TrimPrefix(strings.ToLower(strings.TrimSpace(value)), "tel:")
	plus := strings.HasPrefix(value, "+")
	if plus { // +49 (0)30 is +49 30
		value = strings.Replace(value, "(0)", "", 1)
	}
	digits := keepOnly(value, func(r rune) bool { return r >= '0' && r <= '9' })
	switch {
	case plus:
		return "+" + digits
	case strings.HasPrefix(digits, "00") && len(digits) > 6:
		return "+" + digits[2:]
	}
	return digits
}

func keepOnly(s string, keep func(rune) bool) string {
	return strings.Map(func(r rune) rune {
		if keep(r) {
			return r
		}
		return -1
	}, s)
}

func isHex(r rune) bool {
	return r >= '0' && r <= '9' || r >= 'a' && r <= 'f' || r >= 'A' && r <= 'F'
}
