package pdf

import (
	"strings"
	"unicode"

	"github.com/go-text/typesetting/bidi"
	text "golang.org/x/text/unicode/bidi"
)

// fromRight says whether a text has letters that are written from right to left.
func fromRight(runes []rune) bool {
	for _, r := range runes {
		if r >= 0x590 && (r <= 0x8FF || r >= 0xFB1D && r <= 0xFDFF || r >= 0xFE70 && r <= 0xFEFC || r >= 0x10800 && r <= 0x10FFF || r >= 0x1E800 && r <= 0x1EFFF) {
			return true
		}
	}
	return false
}

// levels are the embedding levels of a paragraph (UAX 9): even ones from left to
// right, and that of the paragraph.
func levels(runes []rune) (out []int, base int) {
	out = make([]int, len(runes))
	var p bidi.Paragraph
	runs := p.Segment(runes, bidi.Neutral)
	for i := range runs.NumRuns() {
		run := runs.Run(i)
		for j := run.Start; j < run.End; j++ {
			out[j] = int(run.Level)
		}
		// A number behind letters from the right is one level deeper than what
		// follows it, and one run with it.
		if number := digits(runes[run.Start:run.End]); run.Level == 2 && number > 0 {
			for j := run.Start + number; j < run.End; j++ {
				out[j] = 0
			}
		}
	}
	for _, r := range runes { // the first letter decides
		if b, _ := text.LookupRune(r); b.Class() == text.L {
			return out, 0
		} else if b.Class() == text.R || b.Class() == text.AL {
			break
		}
	}
	for i, l := range out { // what stands in a text from the right is within it
		out[i] = max(l, 1)
	}
	return out, 1
}

// digits is how many characters the number has that a text begins with.
func digits(text []rune) int {
	n := 0
	for i, r := range text {
		switch {
		case unicode.IsDigit(r):
			n = i + 1
		case !strings.ContainsRune(".,:/-+", r) || i == 0:
			return n
		}
	}
	return n
}

// visual is the order in which the characters of a line stand from left to right
// (rule L2), as indexes.
func visual(levels []int) []int {
	order := make([]int, len(levels))
	highest := 0
	for i, l := range levels {
		order[i] = i
		highest = max(highest, l)
	}
	for level := highest; level > 0; level-- {
		for i := 0; i < len(order); i++ {
			j := i
			for j < len(order) && levels[order[j]] >= level {
				j++
			}
			for a, b := i, j-1; a < b; a, b = a+1, b-1 {
				order[a], order[b] = order[b], order[a]
			}
			if j > i {
				i = j
			}
		}
	}
	return order
}

// mirrored is the other of a pair of brackets: one that opens to the left must
// open to the right when it is read the other way.
func mirrored(r rune) rune {
	const pairs = "()[]{}<>«»‹›"
	all := []rune(pairs)
	for i, p := range all {
		if p == r {
			return all[i^1]
		}
	}
	return r
}
