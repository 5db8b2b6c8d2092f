// Package redact takes secrets out of text, by their values, in every form in
// which an error, a URL, a header or a log may carry them.
package redact

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// Hidden stands where a secret was.
const Hidden = "***"

// Shortest is the length below which a value is too common to be looked for:
// replacing it would destroy the text and give the value away.
const Shortest = 6

// Text returns text with every secret in it replaced by Hidden, however it was
// encoded on the way: as it is, escaped for JSON or a URL, in hexadecimal, and in
// base64 of both alphabets, at each of the three alignments, so inside a longer
// encoded text ("user:token") too. Secrets shorter than Shortest are not looked
// for. A secret that the text breaks off in is replaced, too.
func Text(text string, secrets ...string) string {
	var forms []string
	for _, s := range secrets {
		forms = append(forms, formsOf(s)...)
	}
	return begun(replace(text, forms), forms)
}

// begun hides a form that the text breaks off in: what the other side says is read
// up to a limit, and whoever knows the limit could place a secret across it. Less
// than half of one, or than leastLearned, is left: it may be a word.
func begun(text string, forms []string) string {
	at := len(text)
	for _, f := range forms {
		for n := min(len(f)-1, len(text)); n >= max(leastLearned, len(f)/2); n-- {
			if strings.HasSuffix(text, f[:n]) {
				at = min(at, len(text)-n)
				break
			}
		}
	}
	if at == len(text) {
		return text
	}
	return text[:at] + Hidden
}

func replace(text string, forms []string) string {
	if len(forms) == 0 {
		return text
	}
	// The longest first: a short form may be a part of a longer one.
	slices.SortFunc(forms, func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	pairs := make([]string, 0, 2*len(forms))
	for _, f := range slices.Compact(forms) {
		pairs = append(pairs, f, Hidden)
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

func formsOf(v string) []string {
	if len(v) < Shortest {
		return nil
	}
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
			if f := whole[(offset*8+5)/6 : len(padded)*8/6]; len(f) >= Shortest {
				out = append(out, f)
			}
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

// Sink is the one place that knows which secrets a process has fetched: what
// leaves the process passes it. It may be used by several goroutines; a nil Sink
// knows none.
type Sink struct {
	mu    sync.RWMutex
	forms map[string]bool
}

// leastLearned is longer than Shortest: a sink sees everything that people
// write, too, and must not take ordinary words out of it.
const leastLearned = 8

// Learn makes the sink look for a secret from now on. One of several lines, a
// private key say, is looked for line by line.
func (s *Sink) Learn(value string) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.forms == nil {
		s.forms = map[string]bool{}
	}
	for _, part := range append(strings.Split(value, "\n"), value) {
		part = strings.TrimSpace(part)
		if len(part) < leastLearned || strings.HasPrefix(part, "-----") {
			continue
		}
		for _, f := range formsOf(part) {
			s.forms[f] = true
		}
	}
}

// Text is text without the secrets that the sink has learned.
func (s *Sink) Text(text string) string {
	if s == nil || text == "" {
		return text
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	forms := make([]string, 0, len(s.forms))
	for f := range s.forms {
		if strings.Contains(text, f) {
			forms = append(forms, f)
		}
	}
	return replace(text, forms)
}

// Holds says whether the text holds a secret that the sink has learned.
func (s *Sink) Holds(text string) bool { return s.Text(text) != text }
