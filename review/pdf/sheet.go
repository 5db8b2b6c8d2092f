package pdf

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"firebreak/review/document"
)

// Pages are A4, upright; all lengths are points, from the upper left corner.
const (
	pageWidth  = 595.28
	pageHeight = 841.89
	left       = 48.0
	right      = pageWidth - 48.0
	top        = 66.0
	bottom     = pageHeight - 62.0
	textWidth  = right - left
)

// The sizes of type.
const (
	bodySize  = 9.5
	tableSize = 7.3
	smallSize = 8.0
	lead      = 1.38 // from line to line, in sizes
)

// sheet lays a document out. It draws nothing: pages are lists of what is to be
// drawn, so that page numbers can be known before the first is written.
type sheet struct {
	d        document.Document
	f        *fonts
	pages    []*page
	y        float64
	ids      map[string]bool  // what may be led to
	places   map[string]place // where it is
	outline  []entry
	contents []document.Heading
	root, at *node // the structure, and what of it is written; nil for decoration
}

type place struct {
	page int
	y    float64
}

// entry is a line of the outline.
type entry struct {
	title string
	level int
	place place
}

type page struct {
	marks  []*mark
	last   *content // what the last mark belongs to
	pieces int
}

// mark is something drawn.
type mark struct {
	kind       kind
	x, y, w, h float64
	glyphs     []*drawn
	back       bool   // they are read from right to left
	text       string // of a link
	size       float64
	colour     colour
	to         string // of a link, or of the number of a page
	shape      *shape
	content    *content // nil for decoration
	number     int      // of a link, in the structure
}

type kind int

const (
	aText   kind = iota
	aBox         // filled
	aLine        // from x,y by w,h
	aDash        // the same, broken
	aShape       // of a figure
	aLink        // a box that leads somewhere
	aNumber      // the number of the page that to is on, ending at x
)

func newSheet(d document.Document, f *fonts) *sheet {
	s := &sheet{d: d, f: f, ids: map[string]bool{}, places: map[string]place{}}
	for _, b := range d.Blocks {
		switch b := b.(type) {
		case document.Heading:
			s.ids[b.ID] = true
			s.contents = append(s.contents, b)
		case document.Table:
			s.ids[b.ID] = true
			for _, r := range b.Rows {
				s.ids[r.ID] = true
			}
		case document.Figure:
			s.ids[b.ID] = true
		}
	}
	delete(s.ids, "")
	return s
}

func (s *sheet) known(id string) bool { return s.ids[id] }

func (s *sheet) paragraph(t document.Text, look face, c colour) paragraph {
	return s.f.paragraph(t, look, c, s.known)
}

func plain(text string) document.Text { return document.Text{{Text: text}} }

// write lays out everything.
func (s *sheet) write() {
	s.turn()
	s.root = &node{kind: "Document"}
	s.at = s.root
	s.within("H1", "", func() { s.text(s.paragraph(plain(s.d.Title), bold, ink), left, textWidth, 21) })
	s.y += 3
	if s.d.Subtitle != "" {
		s.within("P", "", func() { s.text(s.paragraph(plain(s.d.Subtitle), regular, grey), left, textWidth, 13) })
	}
	s.y += 8
	begun := false
	blocks := s.d.Blocks
	for i := 0; i < len(blocks); i++ {
		switch b := blocks[i].(type) {
		case document.Figure:
			var next document.Figure
			if i+1 < len(blocks) {
				next, _ = blocks[i+1].(document.Figure)
			}
			if s.figure(b, next) {
				i++
			}
			continue
		case document.Heading:
			if !begun {
				s.tableOfContents()
				begun = true
			}
			s.heading(b, s.follows(blocks[i+1:]))
			continue
		}
		s.block(blocks[i])
	}
	s.lacking()
	s.aside(s.margins)
}

// turn begins a page.
func (s *sheet) turn() {
	s.pages = append(s.pages, &page{})
	s.y = top
}

func (s *sheet) put(m mark) {
	p := s.pages[len(s.pages)-1]
	s.belongs(&m, p)
	p.marks = append(p.marks, &m)
}

// room begins a page when there is less room than that left on this one.
func (s *sheet) room(h float64) {
	if s.y+h > bottom && s.y > top {
		s.turn()
	}
}

// anchor is a place that links lead to.
func (s *sheet) anchor(id string, y float64) {
	if id == "" {
		return
	}
	if _, ok := s.places[id]; !ok {
		s.places[id] = place{len(s.pages), y}
	}
}

// text writes a paragraph, over as many pages as it takes.
func (s *sheet) text(p paragraph, x, width, size float64) {
	for _, l := range p.lines(width / size) {
		s.room(size * lead)
		s.line(&p, l, x, s.y, width, size)
		s.y += size * lead
	}
}

// line writes one line, whose upper edge is at y.
func (s *sheet) line(p *paragraph, l line, x, y, width, size float64) {
	if p.base == 1 {
		x += width - l.width*size
	}
	for _, t := range p.stretches(l) {
		a := p.attrs[t.attr]
		x := x + t.x*size
		put := func() {
			if !t.blank() || s.at != nil {
				s.put(mark{kind: aText, x: x, y: y + size*1.02, glyphs: t.glyphs, back: t.back, size: size, colour: a.colour})
			}
		}
		if a.to == "" {
			put()
		} else {
			s.within("Link", "", func() {
				put()
				s.put(mark{kind: aLink, x: x, y: y, w: t.width * size, h: size * lead, to: a.to, text: t.text()})
			})
		}
	}
}

// label writes a short text at a place of its own; side is 0 for a beginning
// there, 0.5 for a middle, 1 for an end.
func (s *sheet) label(text string, look face, c colour, x, y, size, side float64) float64 {
	p := s.paragraph(plain(text), look, c)
	p.base = 0
	l := line{0, len(p.cells), 0}
	for _, c := range p.cells {
		l.width += c.width()
	}
	s.line(&p, l, x-l.width*size*side, y, 0, size)
	return l.width * size
}

// shorten cuts a text that is wider than that.
func (s *sheet) shorten(text string, look face, width float64) string {
	if s.f.width(look, text) <= width {
		return text
	}
	w := s.f.width(look, "...")
	for i, r := range text {
		if w += s.f.width(look, string(r)); w > width {
			return text[:i] + "..."
		}
	}
	return text
}

// rule draws a line over the width of the text.
func (s *sheet) rule(y, width float64) {
	s.aside(func() { s.put(mark{kind: aLine, x: left, y: y, w: textWidth, size: width, colour: rule}) })
}

// lacking says what the fonts could not show, and which of them were not ours.
func (s *sheet) lacking() {
	if len(s.f.missing) > 0 {
		runes := slices.Sorted(maps.Keys(s.f.missing))
		var names []string
		for _, r := range runes[:min(len(runes), 60)] {
			names = append(names, fmt.Sprintf("U+%04X", r))
		}
		if n := len(runes) - 60; n > 0 {
			names = append(names, fmt.Sprintf("and %d more", n))
		}
		s.note(document.Note{Tone: document.Warn, Text: plain("No font at hand has these characters; they are written as their code points above: " + strings.Join(names, ", ") + ".")})
	}
	if names := s.f.fromMachine(); len(names) > 0 {
		s.note(document.Note{Text: plain("Some characters are drawn with fonts of the machine that this file was made on: " + strings.Join(names, ", ") +
			". Made on another machine, the file may differ.")})
	}
}

// margins writes the head and the foot of every page.
func (s *sheet) margins() {
	all := s.pages
	tlp, rest := "", []string{}
	for _, b := range s.d.Banner {
		if b.Kind == document.BadgeTLP && tlp == "" {
			tlp = b.Text
			continue
		}
		rest = append(rest, b.Text)
	}
	title := s.shorten(s.d.Title, regular, 230/smallSize)
	foot := s.shorten(s.d.Footer, regular, 260/smallSize)
	words := s.shorten(strings.Join(rest, "  "), bold, 150/smallSize)
	for i := range all {
		s.pages = all[:i+1]
		s.label(title, regular, grey, left, 32, smallSize, 0)
		s.label(foot, regular, grey, left, pageHeight-42, smallSize, 0)
		s.label(fmt.Sprintf("page %d of %d", i+1, len(all)), regular, grey, left+textWidth*0.66, pageHeight-42, smallSize, 0.5)
		edge := right
		if tlp != "" {
			edge -= s.tlp(tlp, 28) + 10
			s.tlp(tlp, pageHeight-46)
		}
		s.label(words, bold, ink, edge, 32, smallSize, 1)
	}
	s.pages = all
	for _, r := range "0123456789" {
		s.f.pick(regular, r)
	}
}

// tlp writes the label the way FIRST asks for: at the right of head and foot, in
// at least 12 points, in its colour on black.
func (s *sheet) tlp(text string, y float64) float64 {
	c := colour{0xff, 0xff, 0xff}
	switch word := strings.TrimPrefix(text, "TLP:"); {
	case strings.HasPrefix(word, "RED"):
		c = colour{0xff, 0x2b, 0x2b}
	case strings.HasPrefix(word, "AMBER"):
		c = colour{0xff, 0xc0, 0x00}
	case strings.HasPrefix(word, "GREEN"):
		c = colour{0x33, 0xff, 0x00}
	}
	text = s.shorten(text, bold, 12)
	w := s.f.width(bold, text)*12 + 10
	s.put(mark{kind: aBox, x: right - w, y: y - 1, w: w, h: 17, colour: colour{}})
	s.label(text, bold, c, right-5, y, 12, 1)
	return w
}
