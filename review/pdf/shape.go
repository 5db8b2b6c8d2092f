package pdf

import (
	"strings"
	"sync"
	"unicode"

	"golang.org/x/text/unicode/bidi"
	"golang.org/x/text/unicode/norm"
)

// forms are the shapes of an Arabic letter: alone, at the end, at the beginning
// and in the middle of a word. A letter with two shapes does not join to the left.
type forms [4]rune

type arabic struct {
	letters map[rune]forms
	lam     map[rune][2]rune // what lam and this alef become together: alone, joined
}

// arabicForms derives the shapes from Unicode's presentation forms, which stand in
// that order and decompose to their letter.
var arabicForms = sync.OnceValue(func() arabic {
	a := arabic{map[rune]forms{}, map[rune][2]rune{}}
	const lam = 0x644
	runs := func(from, to rune) {
		for r := from; r <= to; {
			base := []rune(norm.NFKC.String(string(r)))
			n := rune(1)
			for r+n <= to && n < 4 && norm.NFKC.String(string(r+n)) == string(base) {
				n++
			}
			var f forms
			for i := range n {
				f[i] = r + i
			}
			switch {
			case len(base) == 1 && base[0] != r && unicode.Is(unicode.Arabic, base[0]):
				if _, ok := a.letters[base[0]]; !ok {
					a.letters[base[0]] = f
				}
			case len(base) == 2 && base[0] == lam && r >= 0xFEF5:
				a.lam[base[1]] = [2]rune{f[0], f[1]}
			}
			r += n
		}
	}
	runs(0xFE80, 0xFEFC)
	runs(0xFB50, 0xFBFF)
	return a
})

// joinsLeft says whether a letter joins to the one that follows it.
func (a arabic) joinsLeft(r rune) bool {
	return r == 0x640 || a.letters[r][2] != 0 // the long stroke joins on both sides
}

func (a arabic) joinsRight(r rune) bool { return r == 0x640 || a.letters[r][1] != 0 }

// shape puts the shapes of Arabic letters in the place of the letters, where the
// fonts have them. Each returned character keeps the index of where it came from.
func (f *fonts) shape(runes []rune) (out []rune, from []int) {
	a := arabicForms()
	near := func(i, step int) rune {
		for i += step; i >= 0 && i < len(runes); i += step {
			if !unicode.Is(unicode.Mn, runes[i]) { // marks sit on letters, and part none
				return runes[i]
			}
		}
		return 0
	}
	for i := 0; i < len(runes); i++ {
		r := runes[i]
		shapes, ok := a.letters[r]
		if !ok {
			out, from = append(out, r), append(from, i)
			continue
		}
		right := a.joinsLeft(near(i, -1)) && a.joinsRight(r)
		if r == 0x644 && i+1 < len(runes) {
			if both, ok := a.lam[runes[i+1]]; ok && f.has(both[bit(right)]) {
				out, from = append(out, both[bit(right)]), append(from, i)
				i++
				continue
			}
		}
		left := a.joinsLeft(r) && a.joinsRight(near(i, 1))
		form := shapes[bit(right)]
		if left {
			form = shapes[2+bit(right)]
		}
		if form == 0 || !f.has(form) {
			form = r
		}
		out, from = append(out, form), append(from, i)
	}
	return out, from
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

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
// right. The library tells the direction of each stretch; a number behind letters
// from the right is one level deeper.
func levels(runes []rune) (out []int, base int) {
	out = make([]int, len(runes))
	var p bidi.Paragraph
	if _, err := p.SetString(string(runes)); err != nil {
		return out, 0
	}
	o, err := p.Order()
	if err != nil {
		return out, 0
	}
	for _, r := range runes { // the first letter decides
		c, _ := bidi.LookupRune(r)
		if c.Class() == bidi.L {
			break
		}
		if c.Class() == bidi.R || c.Class() == bidi.AL {
			base = 1
			break
		}
	}
	at, before := 0, bidi.LeftToRight
	for i := range o.NumRuns() {
		run := o.Run(i)
		text := []rune(run.String())
		level, number := base+base%2, 0
		switch {
		case run.Direction() == bidi.RightToLeft:
			level = 1
		case base == 0 && before == bidi.RightToLeft:
			number = digits(text)
		}
		before = run.Direction()
		for j := range text {
			if at < len(out) {
				out[at] = level
				if j < number {
					out[at] = 2
				}
				at++
			}
		}
	}
	return out, base
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
