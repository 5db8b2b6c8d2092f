package review

import (
	"strings"
)

// defanged writes the attacker's addresses so that no program makes a link of one,
// in texts that people read: 203[.]0[.]113[.]7. The review itself, and what is made
// of it for programs, has them as they are.
func (r Review) defanged() func(string) string {
	theirs := map[string]bool{}
	for _, s := range r.Indicators {
		switch s.Kind {
		case "host", "domain", "address":
			if strings.ContainsAny(s.Value, ".:") {
				theirs[strings.ToLower(strings.TrimRight(s.Value, "."))] = true
			}
		}
	}
	if len(theirs) == 0 {
		return Harmless
	}
	return func(s string) string { return blunted(Harmless(s), theirs) }
}

// blunted goes through the words of a text that could be an address.
func blunted(s string, theirs map[string]bool) string {
	if !strings.ContainsAny(s, ".:") {
		return s
	}
	var b strings.Builder
	at := 0
	for i := 0; i < len(s); {
		if !addressByte(s[i]) {
			i++
			continue
		}
		from := i
		for i < len(s) && addressByte(s[i]) {
			i++
		}
		word := strings.TrimRight(s[from:i], ".:-")
		port := ""
		if !isTheirs(word, theirs) { // 203.0.113.7:443
			if colon := strings.LastIndexByte(word, ':'); colon > 0 {
				word, port = word[:colon], word[colon:]
			}
		}
		if len(word) == 0 || !isTheirs(word, theirs) {
			continue
		}
		b.WriteString(s[at:from])
		b.WriteString(bracketed.Replace(word))
		b.WriteString(port)
		at = from + len(word) + len(port)
	}
	if at == 0 {
		return s
	}
	b.WriteString(s[at:])
	return b.String()
}

var bracketed = strings.NewReplacer(".", "[.]", ":", "[:]")

func addressByte(c byte) bool {
	return c == '.' || c == ':' || c == '-' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c >= 0x80
}

// isTheirs says whether a word is one of the attacker's addresses, or a name under
// one of their domains.
func isTheirs(word string, theirs map[string]bool) bool {
	for word = strings.ToLower(word); word != ""; {
		if theirs[word] {
			return true
		}
		_, rest, ok := strings.Cut(word, ".")
		if !ok {
			return false
		}
		word = rest
	}
	return false
}
