package timeline

import (
	"fmt"
	"net/netip"
	"strings"

	"firebreak/internal/lazyre"
)

// Notes say of terms that are read otherwise than people may expect who know
// the languages of other tools. The filter is good all the same.
func (f Filter) Notes() []string { return f.notes }

const mostNotes = 5

func (p *parser) note(format string, args ...any) {
	if len(p.notes) < mostNotes {
		p.notes = append(p.notes, fmt.Sprintf(format, args...))
	}
}

var (
	assigned = lazyre.New(`^([A-Za-z@_.]+)(==?|!=|=~|!~)(.+)$`)
	dotted   = lazyre.New(`^([A-Za-z@_][A-Za-z0-9@_.]*):([^/\\:].*)$`)
)

// adviseWord looks at a word as it was written.
func (p *parser) adviseWord(word string) {
	if m := assigned.FindStringSubmatch(word); m != nil && isFieldWord(m[1]) {
		minus := ""
		if strings.HasPrefix(m[2], "!") {
			minus = "-"
		}
		p.note("%s is looked for as text; the field is %s%s:%s", word, minus, canonicalField(m[1]), m[3])
		return
	}
	if m := dotted.FindStringSubmatch(word); m != nil && strings.ContainsAny(m[1], "0123456789.") && strings.Trim(m[2], "0123456789") != "" {
		p.note("%s is looked for as text; an attribute is %s:%s", word, fieldName(FieldAttribute, m[1]), m[2])
		return
	}
	if n, err := netip.ParsePrefix(word); err == nil && n.Bits() < n.Addr().BitLen() {
		p.note("%s is looked for as text; ip:%s finds the addresses of that network", word, word)
		return
	}
	for _, q := range []string{"'", "“", "„", "‘", "«"} {
		if strings.HasPrefix(word, q) {
			p.note("%s begins with a character that is no quote here: a phrase stands in \"double quotes\"", word)
			return
		}
	}
}

// adviseValues looks at the values of a field.
func (p *parser) adviseValues(name string, patterns []Pattern) {
	for _, v := range patterns {
		if v.re != nil {
			continue
		}
		if n, err := netip.ParsePrefix(v.raw); err == nil && n.Bits() < n.Addr().BitLen() {
			p.note("%s:%s is that very text; ip:%s finds the addresses of that network", name, v.raw, v.raw)
		} else if strings.HasSuffix(v.raw, "?") {
			p.note("%s:%s: a ? is a plain character; * stands for any run of characters", name, v.raw)
		}
	}
}

func isFieldWord(name string) bool {
	known := canonicalField(name)
	for _, w := range fieldWords() {
		if w == known {
			return true
		}
	}
	return strings.HasPrefix(known, "attr.")
}
