package pdf

import (
	"fmt"
	"strings"
	"unicode"

	"firebreak/review/document"
)

// colour is red, green and blue.
type colour [3]uint8

// The colours have the contrast on white that small text needs.
var (
	ink    = colour{0x1a, 0x1a, 0x1a}
	grey   = colour{0x55, 0x55, 0x55}
	pale   = colour{0xf0, 0xf1, 0xf3}
	rule   = colour{0xb8, 0xbc, 0xc2}
	linked = colour{0x0b, 0x4f, 0x8a}
)

func toneColour(t document.Tone) colour {
	switch t {
	case document.Good:
		return colour{0x1a, 0x6b, 0x36}
	case document.Warn:
		return colour{0x7a, 0x4b, 0x00}
	case document.Bad:
		return colour{0xa3, 0x16, 0x1d}
	case document.Unknown:
		return colour{0x6b, 0x2c, 0x91}
	case document.NoTone:
	}
	return ink
}

// attr is what the characters of a span have in common.
type attr struct {
	look   face
	colour colour
	to     string
}

// cell is one character of a paragraph.
type cell struct {
	r     rune
	attr  int
	level int
	pick  pick
}

// paragraph is a text, ready to be broken into lines.
type paragraph struct {
	cells []cell
	attrs []attr
	base  int  // 1 when it reads from right to left
	any   bool // it may be broken anywhere
}

// line is a line of it, by its first cell and the one behind its last. Its width
// is at a size of one.
type line struct {
	from, to int
	width    float64
}

// maxText is how many characters of one text a page shows.
const maxText = 60_000

// paragraph prepares a text. Links are given to what known says that there is.
func (f *fonts) paragraph(t document.Text, look face, c colour, known func(string) bool) paragraph {
	var p paragraph
	var runes []rune
	var of []int
	left := maxText
	for _, s := range t {
		a := attr{look: look, colour: c}
		switch s.Style {
		case document.Strong:
			a.look = bold
		case document.Code:
			a.look = mono
		case document.Quiet:
			a.colour = grey
		case document.Plain:
		}
		if s.Tone != document.NoTone {
			a.look, a.colour = bold, toneColour(s.Tone)
		}
		if s.To != "" && known(s.To) {
			a.to, a.colour = s.To, linked
		}
		p.attrs = append(p.attrs, a)
		text := s.Text
		if s.Break {
			text = "\n"
		}
		for _, r := range text {
			if left--; left < 0 {
				break
			}
			for _, r := range f.written(a.look, r) {
				runes, of = append(runes, r), append(of, len(p.attrs)-1)
			}
		}
	}
	if left < 0 {
		p.attrs = append(p.attrs, attr{look: bold, colour: c})
		for _, r := range fmt.Sprintf(" ... and %d characters more: see the JSON form", -left) {
			runes, of = append(runes, r), append(of, len(p.attrs)-1)
		}
	}
	p.fill(f, runes, of)
	return p
}

// fill makes cells of characters, with their shapes and levels.
func (p *paragraph) fill(f *fonts, runes []rune, of []int) {
	p.cells = make([]cell, 0, len(runes))
	if !fromRight(runes) {
		for i, r := range runes {
			p.cells = append(p.cells, cell{r: r, attr: of[i], pick: f.pick(p.attrs[of[i]].look, r)})
		}
		return
	}
	deep, base := levels(runes)
	p.base = base
	shaped, from := f.shape(runes)
	for i, r := range shaped {
		c := cell{r: r, attr: of[from[i]], level: deep[from[i]]}
		if c.level%2 == 1 {
			if m := mirrored(r); m != r && f.pick(p.attrs[c.attr].look, m).ok {
				c.r = m
			}
		}
		c.pick = f.pick(p.attrs[c.attr].look, c.r)
		p.cells = append(p.cells, c)
	}
}

// written is a character as it can be written: itself, or its code point where
// no font has it.
func (f *fonts) written(look face, r rune) []rune {
	switch {
	case r == '\n':
		return []rune{r}
	case r == '\t' || unicode.IsSpace(r) && !f.pick(look, r).ok:
		return []rune{' '}
	case f.pick(look, r).ok:
		return []rune{r}
	}
	f.missing[r] = true
	return []rune(fmt.Sprintf("U+%04X", r))
}

// lines breaks the paragraph into lines of at most that width.
func (p *paragraph) lines(width float64) []line {
	var out []line
	from, at, since := 0, -1, 0.0 // at is behind which a line may end; since the width from there
	w := 0.0
	width += 1e-6 // of rounding, when a column is as wide as its widest word
	end := func(to int, width float64) { out = append(out, line{from, to, width}) }
	for i := 0; i < len(p.cells); i++ {
		c := p.cells[i]
		if c.r == '\n' {
			end(i, w)
			from, at, w = i+1, -1, 0
			continue
		}
		if w+c.pick.width > width && i > from && c.r != ' ' && !unicode.Is(unicode.Mn, c.r) {
			if at > from && !p.any {
				end(at, w-since)
				from, w = at, since
				for from < i && p.cells[from].r == ' ' {
					w -= p.cells[from].pick.width
					from++
				}
			} else {
				end(i, w)
				from, w = i, 0
			}
			at = -1
		}
		w += c.pick.width
		since += c.pick.width
		if mayEnd(p.cells, i) {
			at, since = i+1, 0
		}
	}
	if from < len(p.cells) || len(out) == 0 {
		end(len(p.cells), w)
	}
	return out
}

// mayEnd says whether a line may end behind that cell.
func mayEnd(cells []cell, i int) bool {
	r := cells[i].r
	if i+1 < len(cells) && unicode.Is(unicode.Mn, cells[i+1].r) {
		return false
	}
	switch r {
	case ' ', '-', '/', '_', ',', ';', '|', '=', '@':
		return true
	}
	return r >= 0x2E80 && r <= 0xD7FF || r >= 0xF900 && r <= 0xFAFF || r >= 0x0E00 && r <= 0x0EFF // written without spaces
}

// widest is the widest line of the text when nothing breaks it but itself, and
// the widest piece that should not be broken.
func (p *paragraph) widest() (whole, piece float64) {
	w, x := 0.0, 0.0
	for i, c := range p.cells {
		if c.r == '\n' {
			w, x = 0, 0
			continue
		}
		w += c.pick.width
		whole = max(whole, w)
		if c.r != ' ' {
			x += c.pick.width
			piece = max(piece, x)
		}
		if mayEnd(p.cells, i) {
			x = 0
		}
	}
	return whole, piece
}

// stretch is a piece of a line with one look, in the order in which it stands.
type stretch struct {
	text   string
	attr   int
	source int
	width  float64
}

// stretches are the pieces of a line from left to right.
func (p *paragraph) stretches(l line) []stretch {
	var out []stretch
	put := func(c cell) {
		if n := len(out); n > 0 && out[n-1].attr == c.attr && out[n-1].source == c.pick.source {
			out[n-1].text += string(c.r)
			out[n-1].width += c.pick.width
			return
		}
		out = append(out, stretch{string(c.r), c.attr, c.pick.source, c.pick.width})
	}
	cells := p.cells[l.from:l.to]
	var deep []int
	for i, c := range cells {
		if c.level > 0 && deep == nil {
			deep = make([]int, i, len(cells))
		}
		if deep != nil {
			deep = append(deep, c.level)
		}
	}
	if deep == nil {
		var b strings.Builder
		for i := 0; i < len(cells); {
			b.Reset()
			s := stretch{attr: cells[i].attr, source: cells[i].pick.source}
			for i < len(cells) && cells[i].attr == s.attr && cells[i].pick.source == s.source {
				b.WriteRune(cells[i].r)
				s.width += cells[i].pick.width
				i++
			}
			s.text = b.String()
			out = append(out, s)
		}
		return out
	}
	order := visual(deep)
	for i := 0; i < len(order); i++ {
		// Marks are drawn over what they follow, from whichever side it is read.
		j := i
		for j < len(order) && unicode.Is(unicode.Mn, cells[order[j]].r) && deep[order[j]]%2 == 1 {
			j++
		}
		if j > i && j < len(order) {
			put(cells[order[j]])
			for k := j - 1; k >= i; k-- {
				put(cells[order[k]])
			}
			i = j
			continue
		}
		put(cells[order[i]])
	}
	return out
}
