package docx

import (
	"fmt"
	"strings"

	"firebreak/review/document"
	"firebreak/review/figure"
	"firebreak/review/sketch"
)

// A figure is drawn figureUnits wide and scaled to the text. Lengths in DrawingML
// are EMU, 12,700 to a point.
const (
	figureUnits = 760.0
	emuWidth    = textWidth * 635
	unit        = emuWidth / figureUnits
	keyRow      = 20.0 // of the legend, in units of the drawing
	mostHigh    = 1000.0
	mostShapes  = 3000 // beyond these Word takes too long
)

const drawingSpaces = `xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" ` +
	`xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" xmlns:wpg="http://schemas.microsoft.com/office/word/2010/wordprocessingGroup" ` +
	`xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape" xmlns:w15="http://schemas.microsoft.com/office/word/2012/wordml"`

func emu(x float64) int { return int(min(max(x, -5000), 5000) * unit) }

// drawing writes a figure as a group of Word's own shapes, with the words for those
// who do not see it. It returns the notes under it, and whether there was anything
// to draw.
func (w *writer) drawing(f document.Figure, with document.Histogram) (notes []string, ok bool) {
	draw := sketch.Of(f.ID, f.Drawing, with, w.d.Made)
	if draw == nil {
		return nil, false
	}
	d := draw(figureUnits)
	shapes := d.Shapes
	high := d.Height
	if d.Empty() {
		return nil, false
	}
	x := 0.0
	for i, k := range d.Keys {
		wide := figure.Width(k.Means, figure.Small) + 40
		if i == 0 {
			high += 6
		}
		if i == 0 || x+wide > figureUnits {
			x = 0
			high += keyRow
		}
		sign := k.Shape
		sign.X, sign.Y = sign.X+x, sign.Y+high-keyRow+2
		sign.Points = nil
		for _, p := range k.Shape.Points {
			sign.Points = append(sign.Points, figure.Point{X: p.X + x, Y: p.Y + high - keyRow + 2})
		}
		shapes = append(shapes[:len(shapes):len(shapes)], sign,
			figure.Shape{Form: figure.Text, Ink: figure.Soft, X: x + 17, Y: high - keyRow + 12, Size: figure.Small, Text: k.Means})
		x += wide
	}
	if high > mostHigh || len(shapes) > mostShapes {
		return nil, false
	}
	alt := f.Alt
	if alt == "" {
		alt = d.About
	}
	w.drawings++
	w.put(`<w:p><w:pPr><w:pStyle w:val="Figure"/></w:pPr><w:r><mc:AlternateContent><mc:Choice Requires="wpg"><w:drawing><wp:inline distT="0" distB="0" distL="0" distR="0"><wp:extent cx="%d" cy="%d"/>`+
		`<wp:docPr id="%d" name="Figure %d" descr="%s"/><wp:cNvGraphicFramePr/><a:graphic><a:graphicData uri="http://schemas.microsoft.com/office/word/2010/wordprocessingGroup"><wpg:wgp><wpg:cNvGrpSpPr/>`+
		`<wpg:grpSpPr><a:xfrm><a:off x="0" y="0"/><a:ext cx="%d" cy="%d"/><a:chOff x="0" y="0"/><a:chExt cx="%d" cy="%d"/></a:xfrm></wpg:grpSpPr>`,
		emuWidth, emu(high), w.drawings, w.drawings, escaped(alt), emuWidth, emu(high), emuWidth, emu(high))
	// The frame gives the group the size of the drawing, whatever stands in it.
	w.wsp(geometry("rect"), 0, 0, figureUnits, high, sketch.Pen{Fill: &sketch.Colour{0xff, 0xff, 0xff}}, "")
	for _, s := range shapes {
		w.drawn(s)
	}
	// Programs that know no such shapes show the words.
	w.put(`</wpg:wgp></a:graphicData></a:graphic></wp:inline></w:drawing></mc:Choice><mc:Fallback><w:t xml:space="preserve">%s</w:t></mc:Fallback></mc:AlternateContent></w:r></w:p>`, escaped(alt))
	return d.Notes, true
}

// drawn writes a shape of a drawing.
func (w *writer) drawn(s figure.Shape) {
	p := sketch.PenOf(s.Ink)
	switch s.Form {
	case figure.Rect:
		if s.R > 0 && s.W > 0 && s.H > 0 {
			round := fmt.Sprintf(`<a:prstGeom prst="roundRect"><a:avLst><a:gd name="adj" fmla="val %d"/></a:avLst></a:prstGeom>`, int(min(s.R/min(s.W, s.H), 0.5)*100_000))
			w.wsp(round, s.X, s.Y, s.W, s.H, p, "")
			return
		}
		w.wsp(geometry("rect"), s.X, s.Y, s.W, s.H, p, "")
	case figure.Circle:
		w.wsp(geometry("ellipse"), s.X-s.R, s.Y-s.R, 2*s.R, 2*s.R, p, "")
	case figure.Line:
		w.points([]figure.Point{{X: s.X, Y: s.Y}, {X: s.X + s.W, Y: s.Y + s.H}}, false, p)
	case figure.Poly, figure.Path:
		w.points(s.Points, s.Form == figure.Poly, p)
	case figure.Text:
		w.words(s, p)
	}
}

func geometry(name string) string {
	return `<a:prstGeom prst="` + name + `"><a:avLst/></a:prstGeom>`
}

// points writes a line through points.
func (w *writer) points(all []figure.Point, closed bool, p sketch.Pen) {
	if len(all) < 2 {
		return
	}
	x, y, right, bottom := all[0].X, all[0].Y, all[0].X, all[0].Y
	for _, q := range all {
		x, y, right, bottom = min(x, q.X), min(y, q.Y), max(right, q.X), max(bottom, q.Y)
	}
	var b strings.Builder
	none := ""
	if !closed {
		none = ` fill="none"`
	}
	fmt.Fprintf(&b, `<a:custGeom><a:avLst/><a:gdLst/><a:ahLst/><a:cxnLst/><a:rect l="0" t="0" r="r" b="b"/><a:pathLst><a:path w="%d" h="%d"%s>`, emu(right)-emu(x), emu(bottom)-emu(y), none)
	for i, q := range all {
		name := "lnTo"
		if i == 0 {
			name = "moveTo"
		}
		fmt.Fprintf(&b, `<a:%s><a:pt x="%d" y="%d"/></a:%s>`, name, emu(q.X)-emu(x), emu(q.Y)-emu(y), name)
	}
	if closed {
		b.WriteString(`<a:close/>`)
	}
	b.WriteString(`</a:path></a:pathLst></a:custGeom>`)
	w.wsp(b.String(), x, y, right-x, bottom-y, p, "")
}

// words writes a text of a drawing in a box of its own, which is wide enough for
// other fonts.
func (w *writer) words(s figure.Shape, p sketch.Pen) {
	if s.Text == "" {
		return
	}
	size := s.Size
	if size == 0 {
		size = figure.Body
	}
	wide := figure.Width(s.Text, size)*1.25 + 8
	x, side := s.X, "left"
	switch s.Anchor {
	case figure.Middle:
		x, side = s.X-wide/2, "center"
	case figure.End:
		x, side = s.X-wide, "right"
	case figure.Start:
	}
	bold := ""
	if p.Bold {
		bold = "<w:b/>"
	}
	half := max(int(size*unit/12700*2*0.95), 2) // half points
	text := fmt.Sprintf(`<wps:txbx><w:txbxContent><w:p><w:pPr><w:spacing w:before="0" w:after="0" w:line="240" w:lineRule="auto"/><w:jc w:val="%s"/></w:pPr>`+
		`<w:r><w:rPr>%s<w:color w:val="%s"/><w:sz w:val="%d"/><w:szCs w:val="%d"/></w:rPr><w:t xml:space="preserve">%s</w:t></w:r></w:p></w:txbxContent></wps:txbx>`,
		side, bold, hex(p.Words), half, half, escaped(s.Text))
	w.wsp(geometry("rect"), x, s.Y-size*1.02, wide, size*1.5, sketch.Pen{}, text)
}

// wsp writes one shape, with the text in it.
func (w *writer) wsp(geometry string, x, y, width, height float64, p sketch.Pen, text string) {
	kind := `<wps:cNvSpPr/>`
	if text != "" {
		kind = `<wps:cNvSpPr txBox="1"/>`
	}
	w.put(`<wps:wsp>%s<wps:spPr><a:xfrm><a:off x="%d" y="%d"/><a:ext cx="%d" cy="%d"/></a:xfrm>%s`, kind, emu(x), emu(y), max(emu(width), 0), max(emu(height), 0), geometry)
	if p.Fill != nil {
		w.put(`<a:solidFill><a:srgbClr val="%s"/></a:solidFill>`, hex(*p.Fill))
	} else {
		w.put(`<a:noFill/>`)
	}
	if p.Stroke != nil {
		dash := ""
		if len(p.Dash) > 0 {
			if dash = `<a:prstDash val="sysDash"/>`; p.Dash[0] <= 1 {
				dash = `<a:prstDash val="sysDot"/>`
			}
		}
		w.put(`<a:ln w="%d"><a:solidFill><a:srgbClr val="%s"/></a:solidFill>%s</a:ln>`, emu(p.Width), hex(*p.Stroke), dash)
	} else {
		w.put(`<a:ln><a:noFill/></a:ln>`)
	}
	w.put(`</wps:spPr>%s<wps:bodyPr wrap="none" lIns="0" tIns="0" rIns="0" bIns="0" anchor="t"><a:noAutofit/></wps:bodyPr></wps:wsp>`, text)
}

func hex(c sketch.Colour) string { return fmt.Sprintf("%02X%02X%02X", c[0], c[1], c[2]) }
