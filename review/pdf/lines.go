package pdf

import (
	"cmp"
	"fmt"
	"slices"
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

// cell is one character of a paragraph, or several that are written as one.
type cell struct {
	r     rune // the first
	attr  int
	level int
	drawn *drawn // nil for the end of a line
}

func (c cell) width() float64 {
	if c.drawn == nil {
		return 0
	}
	return c.drawn.width
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
	var deep []int
	if fromRight(runes) {
		deep, p.base = levels(runes)
	}
	for i := 0; i < len(runes); {
		j, shape := i+1, changes(runes[i])
		if runes[i] > 0x2FF || shape || i+1 < len(runes) && runes[i+1] > 0x2FF {
			j, shape = f.run(p.attrs, runes, of, deep, i)
		}
		level := 0
		if deep != nil {
			level = deep[i]
		}
		if shape {
			look := p.attrs[of[i]].look
			if all := f.shaped(word{f.pick(look, runes[i]).source, level%2 == 1, string(runes[i:j])}); all != nil {
				for _, x := range all {
					p.cells = append(p.cells, cell{runes[i+x.from], of[i+x.from], level, x.drawn})
				}
				i = j
				continue
			}
		}
		for ; i < j; i++ {
			c := cell{r: runes[i], attr: of[i], level: level}
			look := p.attrs[c.attr].look
			if c.r != '\n' {
				c.drawn = f.pick(look, c.r)
			}
			if level%2 == 1 {
				if m := f.pick(look, mirrored(c.r)); m != nil && m != c.drawn && m.parts == "" {
					c.drawn = f.keep(m.source, string(c.r), "mirrored", m.glyph)
				}
			}
			p.cells = append(p.cells, c)
		}
	}
}

// run is where a stretch ends that has one look, one direction and one font, and
// whether its letters are to be shaped. A mark and a joiner go with what is before
// them.
func (f *fonts) run(attrs []attr, runes []rune, of, deep []int, i int) (end int, shape bool) {
	first := f.pick(attrs[of[i]].look, runes[i])
	if first == nil || runes[i] == ' ' {
		return i + 1, false
	}
	shape = changes(runes[i])
	for end = i + 1; end < len(runes) && end-i < maxWord; end++ {
		r := runes[end]
		if r == ' ' || r == '\n' || of[end] != of[i] || deep != nil && deep[end] != deep[i] {
			break
		}
		d := f.pick(attrs[of[end]].look, r)
		if d == nil {
			break
		}
		if d.source != first.source {
			if !joiner(r) && !unicode.Is(unicode.M, r) {
				break
			}
			if _, ok := f.sources[first.source].index(r); !ok && !joiner(r) {
				break
			}
		}
		shape = shape || changes(r)
	}
	return end, shape
}

// written is a character as it can be written: itself, or its code point where
// no font has it.
func (f *fonts) written(look face, r rune) []rune {
	switch {
	case r == '\n':
		return []rune{r}
	case r == '\t' || unicode.IsSpace(r) && f.pick(look, r) == nil:
		return []rune{' '}
	case f.pick(look, r) != nil:
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
		if w+c.width() > width && i > from && c.r != ' ' && !unicode.Is(unicode.M, c.r) {
			if at > from && !p.any {
				end(at, w-since)
				from, w = at, since
				for from < i && p.cells[from].r == ' ' {
					w -= p.cells[from].width()
					from++
				}
			} else {
				end(i, w)
				from, w = i, 0
			}
			at = -1
		}
		w += c.width()
		since += c.width()
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
	if i+1 < len(cells) && unicode.Is(unicode.M, cells[i+1].r) {
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
		w += c.width()
		whole = max(whole, w)
		if c.r != ' ' {
			x += c.width()
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
	glyphs []*drawn // from left to right
	back   bool     // it is read from right to left
	attr   int
	width  float64
	x      float64 // where it begins
	first  int     // of its cells, in the order of reading
}

// blank says that nothing of it is to be seen.
func (s stretch) blank() bool {
	for _, g := range s.glyphs {
		if g.text != " " {
			return false
		}
	}
	return true
}

// text is what it says, in the order of reading.
func (s stretch) text() string {
	var b strings.Builder
	for _, g := range s.glyphs {
		b.WriteString(g.text)
	}
	if !s.back {
		return b.String()
	}
	b.Reset()
	for i := len(s.glyphs) - 1; i >= 0; i-- {
		b.WriteString(s.glyphs[i].text)
	}
	return b.String()
}

// stretches are the pieces of a line in the order in which they are read.
func (p *paragraph) stretches(l line) []stretch {
	var out []stretch
	cells := p.cells[l.from:l.to]
	at := 0.0
	put := func(i int) {
		c := cells[i]
		if c.drawn == nil {
			return
		}
		defer func() { at += c.drawn.width }()
		if n := len(out); n > 0 {
			if s := &out[n-1]; s.attr == c.attr && s.back == (c.level%2 == 1) && s.glyphs[0].source == c.drawn.source {
				s.glyphs = append(s.glyphs, c.drawn)
				s.width += c.drawn.width
				s.first = min(s.first, i)
				return
			}
		}
		out = append(out, stretch{[]*drawn{c.drawn}, c.level%2 == 1, c.attr, c.drawn.width, at, i})
	}
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
		for i := range cells {
			put(i)
		}
		return out
	}
	for _, i := range visual(deep) {
		put(i)
	}
	slices.SortStableFunc(out, func(a, b stretch) int { return cmp.Compare(a.first, b.first) })
	return out
}
