package pdf

import (
	"bytes"
	"fmt"
	"strings"

	"codeberg.org/go-pdf/fpdf"

	"firebreak/review/figure"
)

// emit writes the pages that were laid out.
func (s *sheet) emit() ([]byte, error) {
	f := fpdf.NewCustom(&fpdf.InitType{UnitStr: "pt", Size: fpdf.SizeType{Wd: pageWidth, Ht: pageHeight}})
	f.SetCompression(true)
	f.SetCatalogSort(true)
	f.SetCreationDate(s.d.Made.UTC())
	f.SetModificationDate(s.d.Made.UTC())
	f.SetTitle(firstPlane(s.d.Title), true)
	f.SetSubject(firstPlane(s.d.Subtitle), true)
	f.SetProducer(firstPlane(s.d.Tool), true)
	f.SetLang(language(s.d.Language))
	f.SetMargins(0, 0, 0)
	f.SetAutoPageBreak(false, 0)
	for n, glyphs := range s.f.used {
		if len(glyphs) > 0 {
			units, ascent, descent := s.f.sources[n].metrics()
			f.AddUTF8FontFromBytes(family(n), "", trueType(units, ascent, descent, glyphs))
		}
	}
	links := map[string]int{}
	for id := range s.places {
		links[id] = 0
	}
	for _, p := range s.pages { // in the order in which they are met
		for _, m := range p.marks {
			if n, ok := links[m.to]; ok && n == 0 {
				links[m.to] = f.AddLink()
				f.SetLink(links[m.to], max(s.places[m.to].y-4, 0), s.places[m.to].page)
			}
		}
	}
	next := 0
	for i, p := range s.pages {
		f.AddPage()
		for ; next < len(s.outline) && s.outline[next].place.page == i+1; next++ {
			f.SetFont(family(0), "", bodySize) // the outline's titles are Unicode when a font of ours is set
			f.Bookmark(firstPlane(s.outline[next].title), s.outline[next].level, max(s.outline[next].place.y-4, 0))
		}
		for _, m := range p.marks {
			s.draw(f, m, links)
		}
	}
	var out bytes.Buffer
	if err := f.Output(&out); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// firstPlane writes characters beyond the first plane of Unicode as their code
// points: the library would write others in their place.
func firstPlane(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r > 0xFFFF {
			fmt.Fprintf(&b, "U+%04X", r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// language is a tag that is safe to write into the file's structure.
func language(tag string) string {
	for _, r := range tag {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' {
			return "en"
		}
	}
	if tag == "" || len(tag) > 35 {
		return "en"
	}
	return tag
}

func (s *sheet) draw(f *fpdf.Fpdf, m mark, links map[string]int) {
	c := m.colour
	switch m.kind {
	case aText:
		f.SetFont(family(m.source), "", m.size)
		f.SetTextColor(int(c[0]), int(c[1]), int(c[2]))
		f.Text(m.x, m.y, m.text)
	case aNumber:
		text := fmt.Sprint(s.places[m.to].page)
		f.SetFont(family(0), "", m.size)
		f.SetTextColor(int(c[0]), int(c[1]), int(c[2]))
		f.Text(m.x-s.f.width(regular, text)*m.size, m.y, text)
	case aBox:
		f.SetFillColor(int(c[0]), int(c[1]), int(c[2]))
		f.Rect(m.x, m.y, m.w, m.h, "F")
	case aShape:
		s.drawShape(f, m.shape)
	case aLine, aDash:
		f.SetDrawColor(int(c[0]), int(c[1]), int(c[2]))
		f.SetLineWidth(m.size)
		if m.kind == aDash {
			f.SetDashPattern([]float64{1, 2}, 0)
			defer f.SetDashPattern(nil, 0)
		}
		f.Line(m.x, m.y, m.x+m.w, m.y+m.h)
	case aLink:
		if n := links[m.to]; n > 0 {
			f.Link(m.x, m.y, m.w, m.h, n)
		}
	}
}

// drawShape draws a shape of a figure.
func (s *sheet) drawShape(f *fpdf.Fpdf, x *shape) {
	how := ""
	if c := x.fill; c != nil {
		f.SetFillColor(int(c[0]), int(c[1]), int(c[2]))
		how = "F"
	}
	if c := x.stroke; c != nil {
		f.SetDrawColor(int(c[0]), int(c[1]), int(c[2]))
		f.SetLineWidth(x.width)
		how += "D"
		if len(x.dash) > 0 {
			f.SetDashPattern(x.dash, 0)
			defer f.SetDashPattern(nil, 0)
		}
	}
	switch {
	case how == "":
	case x.form == figure.Rect && x.r > 0 && x.w > 2*x.r && x.h > 2*x.r:
		f.RoundedRect(x.x, x.y, x.w, x.h, x.r, "1234", how)
	case x.form == figure.Rect:
		f.Rect(x.x, x.y, x.w, x.h, how)
	case x.form == figure.Circle:
		f.Circle(x.x, x.y, x.r, how)
	case x.form == figure.Line && x.stroke != nil:
		f.Line(x.x, x.y, x.x+x.w, x.y+x.h)
	case (x.form == figure.Poly || x.form == figure.Path) && len(x.points) > 1:
		f.MoveTo(x.points[0].X, x.points[0].Y)
		for _, p := range x.points[1:] {
			f.LineTo(p.X, p.Y)
		}
		if x.form == figure.Poly {
			f.ClosePath()
		}
		f.DrawPath(how)
	}
}
