package integrations

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
)

// Hidden stands where a secret was.
const Hidden = "***"

// minSecret is the length below which a value is too common to be searched
// for: replacing it would destroy the text and give the value away.
const minSecret = 6

// Redact replaces the secrets in text by Hidden, in the forms in which an
// error, a URL or a header may carry them: as they are, escaped for JSON or a
// URL, in hexadecimal, and in base64 at any of its three offsets.
func Redact(text string, secrets ...string) string {
	var forms []string
	for _, s := range secrets {
		if len(s) >= minSecret {
			forms = append(forms, formsOf(s)...)
		}
	}
	// The longest first: a short form may be a part of a longer one.
	slices.SortFunc(forms, func(a, b string) int { return len(b) - len(a) })
	for _, f := range slices.Compact(forms) {
		text = strings.ReplaceAll(text, f, Hidden)
	}
	return text
}

func formsOf(s string) []string {
	forms := []string{s, url.QueryEscape(s), url.PathEscape(s), hex.EncodeToString([]byte(s)), strings.ToUpper(hex.EncodeToString([]byte(s)))}
	if b, err := json.Marshal(s); err == nil {
		forms = append(forms, strings.Trim(string(b), `"`))
	}
	// Inside a longer base64 text a secret starts at one of three offsets; the
	// characters that also encode a neighbour are left out.
	for offset := range 3 {
		padded := append(make([]byte, offset), s...)
		for _, enc := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			e := enc.EncodeToString(padded)
			from := []int{0, 2, 3}[offset]
			to := len(padded) / 3 * 4
			if to-from >= minSecret {
				forms = append(forms, e[from:to])
			}
		}
	}
	return forms
}
