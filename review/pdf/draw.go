package pdf

import (
	"encoding/hex"
	"fmt"
	"strconv"

	"firebreak/review/figure"
)

// painter writes what a page shows as the operators of PDF, and remembers what is
// set.
type painter struct {
	b            []byte
	font         int
	size         float64
	fill, stroke colour
	set          bool
}

// draw is the content of a page.
func (s *sheet) draw(p *page) []byte {
	w := &painter{font: -1}
	var open *content
	marked := false // between the beginning of a piece and its end
	for i := range p.marks {
		m := p.marks[i]
		if m.kind == aLink {
			continue
		}
		if !marked || m.content != open {
			if marked {
				w.b = append(w.b, "EMC\n"...)
			}
			if c := m.content; c == nil {
				w.b = append(w.b, "/Artifact BMC\n"...)
			} else {
				w.b = append(w.b, "/"+c.node.kind+"<</MCID "+strconv.Itoa(c.id)+">>BDC\n"...)
			}
			marked, open = true, m.content
		}
		s.mark(w, m)
	}
	if marked {
		w.b = append(w.b, "EMC\n"...)
	}
	return w.b
}

func (s *sheet) mark(w *painter, m *mark) {
	switch m.kind {
	case aText:
		w.text(m.glyphs, m.back, m.x, m.y, m.size, m.colour)
	case aNumber:
		glyphs, width := s.f.glyphs(regular, strconv.Itoa(s.places[m.to].page))
		w.text(glyphs, false, m.x-width*m.size, m.y, m.size, m.colour)
	case aBox:
		w.filled(m.colour)
		w.box(m.x, m.y, m.w, m.h)
		w.op("f")
	case aShape:
		w.shape(m.shape)
	case aLine, aDash:
		w.lined(m.colour, m.size)
		if m.kind == aDash {
			w.b = append(w.b, "[1 2]0 d\n"...)
		}
		w.at(m.x, m.y, "m")
		w.at(m.x+m.w, m.y+m.h, "l")
		w.op("S")
		if m.kind == aDash {
			w.b = append(w.b, "[]0 d\n"...)
		}
	case aLink:
	}
}

func (w *painter) op(name string) { w.b = append(append(w.b, name...), '\n') }

func (w *painter) numbers(name string, all ...float64) {
	for _, x := range all {
		w.b = append(number(w.b, x), ' ')
	}
	w.op(name)
}

// at writes a place, which we count from above and PDF from below.
func (w *painter) at(x, y float64, name string) { w.numbers(name, x, pageHeight-y) }

func (w *painter) box(x, y, width, height float64) {
	w.numbers("re", x, pageHeight-y-height, width, height)
}

func (w *painter) filled(c colour) {
	if !w.set || w.fill != c {
		w.fill = c
		w.b = tinted(w.b, c, "rg")
	}
	if !w.set {
		w.set = true
		w.b = tinted(w.b, w.stroke, "RG")
	}
}

func (w *painter) lined(c colour, width float64) {
	if !w.set {
		w.filled(colour{})
	}
	if w.stroke != c {
		w.stroke = c
		w.b = tinted(w.b, c, "RG")
	}
	w.numbers("w", width)
}

func tinted(b []byte, c colour, op string) []byte {
	for _, x := range c {
		b = append(strconv.AppendFloat(b, float64(x)/255, 'f', 3, 64), ' ')
	}
	return append(append(b, op...), '\n')
}

// text writes glyphs of one font. Those that are read from the right are marked:
// the file has them as they stand (ISO 32000-1, 14.8.2.3.3).
func (w *painter) text(glyphs []*drawn, back bool, x, y, size float64, c colour) {
	if len(glyphs) == 0 {
		return
	}
	w.filled(c)
	back = back && len(glyphs) > 1
	if back {
		w.op("/ReversedChars BMC")
	}
	w.b = append(w.b, "BT "...)
	if source := glyphs[0].source; w.font != source || w.size != size {
		w.font, w.size = source, size
		w.b = fmt.Appendf(w.b, "/%s ", family(source))
		w.b = append(number(w.b, size), " Tf "...)
	}
	w.b = append(number(w.b, x), ' ')
	w.b = append(number(w.b, pageHeight-y), " Td <"...)
	for _, g := range glyphs {
		w.b = g.code(w.b)
	}
	w.b = append(w.b, "> Tj ET\n"...)
	if back {
		w.op("EMC")
	}
}

// code appends the number of a glyph in its font, as four digits.
func (g *drawn) code(b []byte) []byte {
	return hex.AppendEncode(b, []byte{byte(g.number >> 8), byte(g.number)}) //nolint:gosec // its two bytes
}

// shape draws a shape of a figure.
func (w *painter) shape(x *shape) {
	how := ""
	if x.fill != nil {
		w.filled(*x.fill)
		how = "f"
	}
	if x.stroke != nil {
		w.lined(*x.stroke, x.width)
		if how = "S"; x.fill != nil {
			how = "B"
		}
		if len(x.dash) > 0 {
			w.b = append(w.b, '[')
			for _, d := range x.dash {
				w.b = append(number(w.b, d), ' ')
			}
			w.b = append(w.b, "]0 d\n"...)
			defer func() { w.b = append(w.b, "[]0 d\n"...) }()
		}
	}
	switch {
	case how == "":
		return
	case x.form == figure.Rect && x.r > 0 && x.w > 2*x.r && x.h > 2*x.r:
		w.round(x.x, x.y, x.w, x.h, x.r)
	case x.form == figure.Rect:
		w.box(x.x, x.y, x.w, x.h)
	case x.form == figure.Circle:
		w.round(x.x-x.r, x.y-x.r, 2*x.r, 2*x.r, x.r)
	case x.form == figure.Line && x.stroke != nil:
		w.at(x.x, x.y, "m")
		w.at(x.x+x.w, x.y+x.h, "l")
	case (x.form == figure.Poly || x.form == figure.Path) && len(x.points) > 1:
		w.at(x.points[0].X, x.points[0].Y, "m")
		for _, p := range x.points[1:] {
			w.at(p.X, p.Y, "l")
		}
		if x.form == figure.Poly {
			w.op("h")
		}
	default:
		return
	}
	w.op(how)
}

// round writes a box with round corners.
func (w *painter) round(x, y, width, height, r float64) {
	const k = 0.5523 // how far the handles of a quarter of a circle reach
	right, bottom := x+width, y+height
	corner := func(x1, y1, x2, y2, x3, y3 float64) {
		w.numbers("c", x1, pageHeight-y1, x2, pageHeight-y2, x3, pageHeight-y3)
	}
	w.at(x+r, y, "m")
	w.at(right-r, y, "l")
	corner(right-r+k*r, y, right, y+r-k*r, right, y+r)
	w.at(right, bottom-r, "l")
	corner(right, bottom-r+k*r, right-r+k*r, bottom, right-r, bottom)
	w.at(x+r, bottom, "l")
	corner(x+r-k*r, bottom, x, bottom-r+k*r, x, bottom-r)
	w.at(x, y+r, "l")
	corner(x, y+r-k*r, x+r-k*r, y, x+r, y)
	w.op("h")
}
