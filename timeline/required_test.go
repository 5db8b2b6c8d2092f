package timeline

import (
	"strings"
	"testing"
)

// What an expression takes for the same letter and our folding does not is in no
// literal that a text has to contain.
func TestLiteralsOfLettersThatFoldTogether(t *testing.T) {
	for _, c := range []struct{ expression, text string }{
		{"όσος", "ΌΣΟΣ"},
		{"όσος", "όςοσ"},
		{"kernel task", "\u212Aernel ta\u017Fk"},
		{"straße µ", "STRAẞE \u03BC"},
		{"θ-limit", "\u03F4-limit"},
		{"a\uFFFDbcd", "a\xffbcd"},
	} {
		for _, ignoreCase := range []bool{true, false} {
			p, err := expression(c.expression, ignoreCase)
			if err != nil {
				t.Fatal(err)
			}
			if ignoreCase && !p.In(c.text) {
				t.Fatalf("/%s/i does not match %q", c.expression, c.text)
			}
			if !p.In(c.text) {
				continue
			}
			pieces, _ := p.Pieces()
			for _, l := range pieces {
				if !strings.Contains(fold(c.text), l) {
					t.Errorf("%s matches %q, which does not contain %q", p.raw, c.text, l)
				}
			}
		}
	}
}
