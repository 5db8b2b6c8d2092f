package pdf

import (
	"fmt"

	"firebreak/review/document"
	"firebreak/review/figure"
	"firebreak/review/sketch"
)

// A figure is drawn figureUnits wide and scaled to the page.
const (
	figureUnits = 760.0
	scale       = textWidth / figureUnits
	noteSize    = 7.2
)

// measured is a figure with the room that it takes.
type measured struct {
	drawing    figure.Drawing
	caption    paragraph
	head, high float64 // of the caption and of the drawing
	with       document.Histogram
}

// drawn says whether there is something to draw that fits on a page; else words
// stand for it.
func (m measured) drawn() bool { return !m.drawing.Empty() && m.high <= bottom-top-m.head }

// room is what has to be free on a page to begin the figure there.
func (m measured) room() float64 {
	if !m.drawn() {
		return m.head + 30
	}
	return m.head + m.high + noteSize*lead*2
}

func (s *sheet) measure(f, next document.Figure) measured {
	m := measured{caption: s.paragraph(plain(f.Caption), bold, ink)}
	m.with, _ = next.Drawing.(document.Histogram)
	m.head = float64(len(m.caption.lines(textWidth/smallSize)))*smallSize*lead + 3
	if draw := sketch.Of(f.ID, f.Drawing, m.with, s.d.Made); draw != nil {
		m.drawing = draw(figureUnits)
	}
	m.high = m.drawing.Height * scale
	return m
}

// figure draws a figure below its caption, with its legend; where nothing can be
// drawn, the words for it. It returns true when it took the next one in: the events
// of the evidence stand below the timeline, on the same axis.
func (s *sheet) figure(f, next document.Figure) bool {
	m := s.measure(f, next)
	caption, d, high := m.caption, m.drawing, m.high
	s.room(m.room())
	s.anchor(f.ID, s.y)
	if !m.drawn() {
		s.within("P", "", func() { s.text(caption, left, textWidth, smallSize) })
		s.within("P", "", func() { s.text(s.paragraph(plain(f.Alt), regular, grey), left, textWidth, smallSize) })
		s.y += 8
		s.facts(f, figure.Drawing{})
		return false
	}
	s.within("P", "", func() { s.text(caption, left, textWidth, smallSize) })
	s.y += 3
	alt := f.Alt
	if alt == "" {
		alt = d.About
	}
	box := number(nil, left)
	for _, x := range []float64{pageHeight - s.y - high, right, pageHeight - s.y} {
		box = number(append(box, ' '), x)
	}
	s.within("Figure", fmt.Sprintf("/Alt%s/A<</O/Layout/Placement/Block/BBox[%s]>>", words(alt), box), func() {
		s.put(mark{kind: aShape, shape: &shape{form: figure.Rect, x: left, y: s.y, w: textWidth, h: high, stroke: &rule, width: 0.5}})
		for _, x := range d.Shapes {
			s.shape(x, left, s.y, scale)
		}
	})
	s.y += high + 3
	s.legend(d)
	s.y += 8
	s.facts(f, d)
	_, sides := f.Drawing.(document.Sides)
	return sides && len(m.with.Counts) > 0
}

// legend writes what the signs mean, and what a reader has to know.
func (s *sheet) legend(d figure.Drawing) {
	x := left
	for _, k := range d.Keys {
		w := s.f.width(regular, k.Means)*noteSize + 24
		if x > left && x+w > right {
			x = left
			s.y += noteSize * lead
		}
		s.room(noteSize * lead)
		s.aside(func() { // the table says what the signs do
			s.shape(k.Shape, x, s.y+1.5, 0.62)
			s.label(k.Means, regular, grey, x+10, s.y, noteSize, 0)
		})
		x += w
	}
	if len(d.Keys) > 0 {
		s.y += noteSize * lead
	}
	for _, n := range d.Notes {
		s.within("P", "", func() { s.text(s.paragraph(plain(n), regular, grey), left, textWidth, noteSize) })
	}
}

// facts writes the figure as a table, where it brings one.
func (s *sheet) facts(f document.Figure, _ figure.Drawing) {
	if f.Facts != nil {
		s.table(*f.Facts)
	}
}

// shape is a shape on the page.
type shape struct {
	form       figure.Form
	x, y, w, h float64
	r          float64
	points     []figure.Point
	fill       *colour
	stroke     *colour
	width      float64
	dash       []float64
}

// shape puts a shape of a drawing on the page, whose corner is at x and y.
func (s *sheet) shape(of figure.Shape, x, y, unit float64) {
	p := sketch.PenOf(of.Ink)
	if of.Form == figure.Text {
		size := of.Size
		if size == 0 {
			size = figure.Body
		}
		look := regular
		if p.Bold {
			look = bold
		}
		side := [...]float64{0, 0.5, 1}[min(max(int(of.Anchor), 0), 2)]
		size *= unit
		at := y + of.Y*unit - size*1.02
		if p.Rim {
			w := s.f.width(look, of.Text) * size
			s.put(mark{kind: aBox, x: x + of.X*unit - w*side - 1, y: at + size*0.15, w: w + 2, h: size * 1.05, colour: colour{0xff, 0xff, 0xff}})
		}
		s.label(of.Text, look, colour(p.Words), x+of.X*unit, at, size, side)
		return
	}
	out := &shape{
		form: of.Form, x: x + of.X*unit, y: y + of.Y*unit, w: of.W * unit, h: of.H * unit, r: of.R * unit,
		fill: (*colour)(p.Fill), stroke: (*colour)(p.Stroke), width: p.Width * unit,
	}
	for _, q := range of.Points {
		out.points = append(out.points, figure.Point{X: x + q.X*unit, Y: y + q.Y*unit})
	}
	for _, d := range p.Dash {
		out.dash = append(out.dash, d*unit)
	}
	s.put(mark{kind: aShape, shape: out})
}
