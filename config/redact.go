package config

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
)

// minRedacted is the shortest secret that Redact looks for: shorter ones would
// take ordinary words out of the text.
const minRedacted = 6

// Redact returns text with every secret in it replaced by "***", however it was
// encoded on the way: as it is, JSON-escaped, URL-encoded, hex, and base64
// (standard and URL alphabets, at each of the three alignments, so inside a
// longer encoded text too). Secrets shorter than 6 bytes are not looked for.
func Redact(text string, secrets ...Secret) string {
	var forms []string
	for _, s := range secrets {
		if v := s.Reveal(); len(v) >= minRedacted {
			forms = append(forms, encodings(v)...)
		}
	}
	if len(forms) == 0 {
		return text
	}
	// Longest first, so that a form is not cut out of a longer one.
	slices.SortFunc(forms, func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	pairs := make([]string, 0, 2*len(forms))
	for _, f := range slices.Compact(forms) {
		pairs = append(pairs, f, hidden)
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

func encodings(v string) []string {
	out := []string{v, hex.EncodeToString([]byte(v)), strings.ToUpper(hex.EncodeToString([]byte(v)))}
	for _, escapeHTML := range []bool{true, false} {
		var b bytes.Buffer
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(escapeHTML)
		if enc.Encode(v) == nil {
			quoted := strings.TrimSuffix(b.String(), "\n")
			out = append(out, quoted[1:len(quoted)-1])
		}
	}
	for _, u := range []string{url.QueryEscape(v), url.PathEscape(v)} {
		out = append(out, u, lowerEscapes(u))
	}
	for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
		out = append(out, enc.EncodeToString([]byte(v)))
		for offset := range 3 {
			// Only the characters that the secret alone decides.
			padded := append(make([]byte, offset), v...)
			whole := enc.WithPadding(base64.NoPadding).EncodeToString(padded)
			out = append(out, whole[(offset*8+5)/6:len(padded)*8/6])
		}
	}
	return out
}

// lowerEscapes writes %2F as %2f.
func lowerEscapes(s string) string {
	b := []byte(s)
	for i := 0; i+2 < len(b); i++ {
		if b[i] == '%' {
			copy(b[i+1:], bytes.ToLower(b[i+1:i+3]))
			i += 2
		}
	}
	return string(b)
}
