package tui

import (
	"strings"
	"testing"

	"firebreak/internal/testkit"
)

func TestProse(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"joins lines broken by hand", "Answer from evidence that is\nstarred, not from memory.\n", "Answer from evidence that is starred, not\nfrom memory."},
		{"hangs list items", "1. Say aloud who is commander and who\n   investigates; enter both roles.\n2. Talk.", "1. Say aloud who is commander and who\n   investigates; enter both roles.\n2. Talk."},
		{"keeps commands", "Running now\n  / source:process attr.exe_memfd:true\n  / source:network\nBad: a binary\nwithout a name.", "Running now\n  / source:process attr.exe_memfd:true\n  / source:network\nBad: a binary without a name."},
		{"command in an item", "- Address to block: check who comes\n  from there first\n    / ip:203.0.113.66\n  (with the real address).", "- Address to block: check who comes from\n  there first\n    / ip:203.0.113.66\n  (with the real address)."},
		{"paragraphs", "One.\n\nTwo.", "One.\n\nTwo."},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, l := range prose(c.in, 42) {
				got = append(got, strings.TrimRight(attributesOff(newPaint(Bare, true).line(l, 42)), " "))
			}
			if s := strings.Join(got, "\n"); s != c.want {
				t.Errorf("got:\n%s\nwant:\n%s", s, c.want)
			}
		})
	}
}

func TestProseFitsWhateverItIs(t *testing.T) {
	for _, text := range append(testkit.Hostile(), strings.Repeat(" ", 300)+"x", strings.Repeat("- ", 5000)) {
		for _, w := range []int{8, 20, 90} {
			for _, l := range prose(text, w) {
				checkLayout(t, newPaint(Bare, true).line(l, w), w, 1)
			}
		}
	}
}
