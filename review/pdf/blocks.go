package pdf

import (
	"fmt"
	"strings"

	"firebreak/review/document"
)

// block writes one block of the document.
func (s *sheet) block(b document.Block) {
	switch b := b.(type) {
	case document.Paragraph:
		s.within("P", "", func() { s.text(s.paragraph(b.Text, regular, ink), left, textWidth, bodySize) })
		s.y += 5
	case document.Note:
		s.note(b)
	case document.List:
		s.list(b)
	case document.Definitions:
		t := document.Table{Named: true, Columns: []document.Column{{Kind: document.Short}, {Kind: document.Words}}}
		for _, x := range b.Items {
			t.Rows = append(t.Rows, document.Row{Cells: []document.Text{plain(x.Term), x.Text}})
		}
		s.table(t)
	case document.Verbatim:
		s.verbatim(b)
	case document.Table:
		s.table(b)
	case document.PageBreak:
		if s.y > top {
			s.turn()
		}
	}
}

func (s *sheet) list(l document.List) {
	kind := "/Disc"
	if l.Ordered {
		kind = "/Decimal"
	}
	s.within("L", "/A<</O/List/ListNumbering"+kind+">>", func() {
		for i, item := range l.Items {
			sign := "•"
			if l.Ordered {
				sign = fmt.Sprintf("%d.", i+1)
			}
			s.within("LI", "", func() {
				s.room(bodySize * lead)
				s.within("Lbl", "", func() { s.label(sign, regular, ink, left+4, s.y, bodySize, 0) })
				s.within("LBody", "", func() { s.text(s.paragraph(item, regular, ink), left+18, textWidth-18, bodySize) })
				s.y += 2
			})
		}
	})
	s.y += 5
}

// follows is how much room what stands below a heading needs at least, so that the
// heading is not alone at the foot of a page: a figure is not broken, and a heading
// below this one has the same wish.
func (s *sheet) follows(blocks []document.Block) float64 {
	const some = 60
	if len(blocks) == 0 {
		return some
	}
	switch b := blocks[0].(type) {
	case document.Heading:
		size := headingSize(b)
		return size*0.7 + size*lead + 8 + s.follows(blocks[1:])
	case document.Figure:
		var next document.Figure
		if len(blocks) > 1 {
			next, _ = blocks[1].(document.Figure)
		}
		return s.measure(b, next).room()
	}
	return some
}

func headingSize(h document.Heading) float64 {
	return []float64{15, 11.5, 10}[min(max(h.Level, 1), 3)-1]
}

// heading begins a page where there is no room for what follows it.
func (s *sheet) heading(h document.Heading, follows float64) {
	size := headingSize(h)
	p := s.paragraph(h.Text, bold, ink)
	s.y += size * 0.7
	s.room(min(size*lead+8+follows, bottom-top))
	s.anchor(h.ID, s.y)
	s.outline = append(s.outline, entry{h.Text.String(), min(max(h.Level, 1), 3) - 1, place{len(s.pages), s.y}})
	s.within(fmt.Sprintf("H%d", min(max(h.Level, 1), 3)+1), "", func() { s.text(p, left, textWidth, size) }) // the title is the first
	if h.Level <= 1 {
		s.rule(s.y+1, 0.7)
		s.y += 4
	}
	s.y += 4
}

// note writes what must not be overlooked behind a bar.
func (s *sheet) note(n document.Note) {
	look, c := regular, ink
	if n.Tone != document.NoTone {
		c = toneColour(n.Tone)
	}
	if n.Tone == document.Bad || n.Tone == document.Unknown {
		look = bold
	}
	s.within("P", "", func() { s.barred(s.paragraph(n.Text, look, c), c, bodySize, false) })
}

func (s *sheet) verbatim(v document.Verbatim) {
	look, size := regular, bodySize
	if v.Code {
		look, size = mono, smallSize
	}
	s.within("BlockQuote", "", func() {
		s.within("P", "", func() {
			s.barred(s.paragraph(plain(strings.TrimRight(v.Text, "\n")), look, ink), rule, size, v.Code)
		})
	})
}

func (s *sheet) barred(p paragraph, bar colour, size float64, filled bool) {
	for _, l := range p.lines((textWidth - 14) / size) {
		s.room(size * lead)
		s.aside(func() {
			if filled {
				s.put(mark{kind: aBox, x: left, y: s.y, w: textWidth, h: size * lead, colour: pale})
			}
			s.put(mark{kind: aBox, x: left, y: s.y, w: 2.4, h: size * lead, colour: bar})
		})
		s.line(&p, l, left+11, s.y, textWidth-14, size)
		s.y += size * lead
	}
	s.y += 7
}

// tableOfContents writes the headings with their pages, which are filled in when
// all is laid out.
func (s *sheet) tableOfContents() {
	if len(s.contents) < 2 {
		return
	}
	s.y += 8
	s.room(80)
	s.within("TOC", "", func() {
		s.within("Caption", "", func() { s.label("Contents", bold, ink, left, s.y, 13, 0) })
		s.y += 13*lead + 2
		for _, h := range s.contents {
			if h.Level > 2 {
				continue
			}
			x := left
			if h.Level > 1 {
				x += 14
			}
			s.room(bodySize * lead)
			s.within("TOCI", "", func() { s.within("Reference", "", func() { s.within("Link", "", func() { s.contentsLine(h, x) }) }) })
			s.y += bodySize * lead
		}
	})
	s.y += 8
}

func (s *sheet) contentsLine(h document.Heading, x float64) {
	title := s.shorten(h.Text.String(), regular, (right-x-40)/bodySize)
	w := s.label(title+" ", regular, ink, x, s.y, bodySize, 0)
	s.aside(func() {
		s.put(mark{kind: aDash, x: x + w + 2, y: s.y + bodySize, w: max(right-24-(x+w+2), 0), size: 0.5, colour: rule})
	})
	s.put(mark{kind: aNumber, x: right, y: s.y + bodySize*1.02, size: bodySize, colour: ink, to: h.ID})
	s.put(mark{kind: aLink, x: x, y: s.y, w: right - x, h: bodySize * lead, to: h.ID, text: title})
}
