package figure

import (
	"bytes"
	"strconv"
	"strings"

	"firebreak/review/look"
)

// SVG writes a drawing for a page. What each shape is for becomes its class; the
// page's style sheet has the colours (package look). It holds no script, no link
// and no address.
func (d Drawing) SVG() []byte {
	if d.Empty() {
		return nil
	}
	var b bytes.Buffer
	b.Grow(len(d.Shapes) * 96)
	id := word(d.ID)
	b.WriteString(`<svg class="chart" viewBox="0 0 ` + num(d.Width) + " " + num(d.Height) + `" role="img" aria-labelledby="` + id + `-t" aria-describedby="` + id + `-d">`)
	b.WriteString(`<title id="` + id + `-t">`)
	b.WriteString(look.Escape(short(d.Title, 200)))
	b.WriteString(`</title><desc id="` + id + `-d">`)
	b.WriteString(look.Escape(short(d.About, 2000)))
	b.WriteString("</desc>")
	for _, s := range d.Shapes {
		s.svg(&b)
	}
	b.WriteString("</svg>")
	return b.Bytes()
}

// SVG writes the sign of a key.
func (k Key) SVG() []byte {
	var b bytes.Buffer
	b.WriteString(`<svg class="key" viewBox="0 0 12 12" aria-hidden="true">`)
	k.Shape.svg(&b)
	b.WriteString("</svg>")
	return b.Bytes()
}

func (s Shape) svg(b *bytes.Buffer) {
	name := ""
	switch s.Form {
	case Rect:
		name = "rect"
		open(b, name, s.Ink)
		attr(b, "x", s.X)
		attr(b, "y", s.Y)
		attr(b, "width", s.W)
		attr(b, "height", s.H)
		if s.R > 0 {
			attr(b, "rx", s.R)
		}
	case Line:
		name = "line"
		open(b, name, s.Ink)
		attr(b, "x1", s.X)
		attr(b, "y1", s.Y)
		attr(b, "x2", s.X+s.W)
		attr(b, "y2", s.Y+s.H)
	case Circle:
		name = "circle"
		open(b, name, s.Ink)
		attr(b, "cx", s.X)
		attr(b, "cy", s.Y)
		attr(b, "r", s.R)
	case Poly, Path:
		name = "path"
		open(b, name, s.Ink)
		b.WriteString(` d="`)
		for i, p := range s.Points {
			b.WriteByte("ML"[min(i, 1)])
			b.WriteString(num(p.X) + " " + num(p.Y))
		}
		if s.Form == Poly {
			b.WriteByte('Z')
		}
		b.WriteByte('"')
	case Text:
		name = "text"
		ink := s.Ink
		if a := [...]string{"", " mid", " end"}[s.Anchor]; a != "" {
			ink += Ink(a)
		}
		if s.Size == Small {
			ink += " sm"
		}
		open(b, name, ink)
		attr(b, "x", s.X)
		attr(b, "y", s.Y)
		b.WriteByte('>')
		b.WriteString(look.Escape(s.Text))
		b.WriteString("</text>")
		return
	}
	if s.Tip == "" {
		b.WriteString("/>")
		return
	}
	b.WriteString("><title>")
	b.WriteString(look.Escape(s.Tip))
	b.WriteString("</title></" + name + ">")
}

func open(b *bytes.Buffer, name string, ink Ink) {
	b.WriteString("<" + name + ` class="` + string(ink) + `"`)
}

func attr(b *bytes.Buffer, name string, v float64) { b.WriteString(" " + name + `="` + num(v) + `"`) }

// num writes a number with at most one digit behind the point.
func num(v float64) string {
	s := strconv.FormatFloat(v, 'f', 1, 64)
	return strings.TrimSuffix(s, ".0")
}

// word keeps what may stand in an id.
func word(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' {
			return r
		}
		return -1
	}, s)
}
