package docx

import (
	"fmt"
	"strings"

	"firebreak/review/document"
)

const namespaces = `xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" ` + drawingSpaces

// Pages are A4, upright. All lengths are in twentieths of a point.
const (
	pageWidth  = 11906
	pageHeight = 16838
	margin     = 1020
	textWidth  = pageWidth - 2*margin
)

func (w *writer) body() string {
	w.put(`<w:document %s><w:body>`, namespaces)
	w.paragraph("Title", document.Text{{Text: w.d.Title}})
	if w.d.Subtitle != "" {
		w.paragraph("Subtitle", document.Text{{Text: w.d.Subtitle}})
	}
	var badges document.Text
	for i, b := range w.d.Banner {
		if i > 0 {
			badges = append(badges, document.Span{Text: "   "})
		}
		badges = append(badges, document.Span{Text: b.Text, Style: document.Strong, Tone: b.Tone})
	}
	if len(badges) > 0 {
		w.paragraph("Badges", badges)
	}
	contents := false
	blocks := w.d.Blocks
	for i := 0; i < len(blocks); i++ {
		if _, ok := blocks[i].(document.Heading); ok && !contents {
			w.contents()
			contents = true
		}
		if f, ok := blocks[i].(document.Figure); ok {
			var next document.Figure
			if i+1 < len(blocks) {
				next, _ = blocks[i+1].(document.Figure)
			}
			if w.figure(f, next) {
				i++
			}
			continue
		}
		w.block(blocks[i])
	}
	w.put(`<w:sectPr><w:headerReference w:type="default" r:id="rId4"/><w:footerReference w:type="default" r:id="rId5"/>`+
		`<w:pgSz w:w="%d" w:h="%d"/><w:pgMar w:top="1300" w:right="%d" w:bottom="1300" w:left="%d" w:header="560" w:footer="560" w:gutter="0"/></w:sectPr>`,
		pageWidth, pageHeight, margin, margin)
	w.put(`</w:body></w:document>`)
	return w.b.String()
}

func (w *writer) block(b document.Block) {
	switch b := b.(type) {
	case document.Heading:
		w.heading(b)
	case document.Paragraph:
		w.paragraph("BodyText", b.Text)
	case document.Note:
		w.paragraph(noteStyle(b.Tone), b.Text)
	case document.List:
		w.list(b)
	case document.Definitions:
		w.definitions(b)
	case document.Verbatim:
		w.verbatim(b)
	case document.Table:
		w.table(b)
	case document.PageBreak:
		w.put(`<w:p><w:r><w:br w:type="page"/></w:r></w:p>`)
	}
}

func noteStyle(t document.Tone) string {
	switch t {
	case document.Bad, document.Unknown:
		return "Alarm"
	case document.Good, document.Warn, document.NoTone:
	}
	return "Aside"
}

func (w *writer) heading(h document.Heading) {
	w.put(`<w:p><w:pPr><w:pStyle w:val="Heading%d"/></w:pPr>`, min(max(h.Level, 1), 3))
	w.marked(h.ID, func() { w.runs(h.Text) })
	w.put(`</w:p>`)
}

// marked writes something with a bookmark around it, where something leads to it;
// the first with an id has it.
func (w *writer) marked(id string, write func()) {
	name := w.marks[id]
	if name == "" || w.placed[id] {
		write()
		return
	}
	w.placed[id] = true
	w.next++
	n := w.next
	w.put(`<w:bookmarkStart w:id="%d" w:name="%s"/>`, n, name)
	write()
	w.put(`<w:bookmarkEnd w:id="%d"/>`, n)
}

func (w *writer) paragraph(style string, t document.Text) {
	w.put(`<w:p><w:pPr><w:pStyle w:val="%s"/></w:pPr>`, style)
	w.runs(t)
	w.put(`</w:p>`)
}

func (w *writer) list(l document.List) {
	style, number := "ListBullet", 1
	if l.Ordered {
		w.lists++
		style, number = "ListNumber", 1+w.lists
	}
	for _, item := range l.Items {
		w.put(`<w:p><w:pPr><w:pStyle w:val="%s"/><w:numPr><w:ilvl w:val="0"/><w:numId w:val="%d"/></w:numPr></w:pPr>`, style, number)
		w.runs(item)
		w.put(`</w:p>`)
	}
}

func (w *writer) verbatim(v document.Verbatim) {
	style := "Quote"
	if v.Code {
		style = "Code"
	}
	for _, line := range strings.Split(strings.TrimRight(v.Text, "\n"), "\n") {
		w.paragraph(style, document.Text{{Text: line}})
	}
}

// runs writes a text. A span that leads to a bookmark is a link.
func (w *writer) runs(t document.Text) {
	for _, s := range t {
		if s.Break {
			w.put(`<w:r><w:br/></w:r>`)
			continue
		}
		to := w.marks[s.To]
		if to != "" {
			w.put(`<w:hyperlink w:anchor="%s" w:history="1">`, to)
		}
		w.run(s, to != "")
		if to != "" {
			w.put(`</w:hyperlink>`)
		}
	}
}

func (w *writer) run(s document.Span, link bool) {
	var style, props string
	switch {
	case link:
		style = "Hyperlink"
	case s.Style == document.Strong:
		style = "Strong"
	case s.Style == document.Code:
		style = "CodeInline"
	case s.Style == document.Quiet || s.Mark != document.NoMark:
		style = "Quiet"
	}
	if style != "" {
		props = `<w:rStyle w:val="` + style + `"/>`
	}
	if colour := toneColour(s.Tone); colour != "" {
		props += `<w:b/><w:color w:val="` + colour + `"/>`
	}
	if rightToLeft(s.Text) {
		props += `<w:rtl/>`
	}
	if props != "" {
		props = "<w:rPr>" + props + "</w:rPr>"
	}
	w.put(`<w:r>%s`, props)
	for i, line := range strings.Split(s.Text, "\n") {
		if i > 0 {
			w.put(`<w:br/>`)
		}
		for j, piece := range strings.Split(line, "\t") {
			if j > 0 {
				w.put(`<w:tab/>`)
			}
			if piece != "" {
				w.put(`<w:t xml:space="preserve">%s</w:t>`, escaped(piece))
			}
		}
	}
	w.put(`</w:r>`)
}

// toneColour has the contrast that small text on white needs.
func toneColour(t document.Tone) string {
	switch t {
	case document.Good:
		return "1A6B36"
	case document.Warn:
		return "7A4B00"
	case document.Bad:
		return "A3161D"
	case document.Unknown:
		return "6B2C91"
	case document.NoTone:
	}
	return ""
}

// rightToLeft says whether the first letter of a text is of a script that is
// written from right to left.
func rightToLeft(s string) bool {
	for _, r := range s {
		switch {
		case r >= 0x590 && r <= 0x8FF, r >= 0xFB1D && r <= 0xFDFF, r >= 0xFE70 && r <= 0xFEFC:
			return true
		case r >= 'A' && r <= 'Z', r >= 'a' && r <= 'z', r > 0xBF:
			return false
		}
	}
	return false
}

// contents writes the contents as Word's own field, filled in with the headings;
// Word fills in the page numbers when it opens the file. LibreOffice takes what
// stands in such a field as it is and counts no pages in it: for programs that do
// not know what came with Word 2013 the lines stand there without the field, and
// they count.
func (w *writer) contents() {
	w.put(`<w:p><w:pPr><w:pStyle w:val="ContentsHeading"/></w:pPr><w:r><w:t>Contents</w:t></w:r></w:p>`)
	word := func(run string) string {
		return `<w:r><mc:AlternateContent><mc:Choice Requires="w15">` + run + `</mc:Choice></mc:AlternateContent></w:r>`
	}
	begin := word(`<w:fldChar w:fldCharType="begin" w:dirty="true"/>`) + word(`<w:instrText xml:space="preserve"> TOC \o "1-2" \h \z \u </w:instrText>`) + word(`<w:fldChar w:fldCharType="separate"/>`)
	for _, b := range w.d.Blocks {
		h, ok := b.(document.Heading)
		if !ok || h.Level > 2 {
			continue
		}
		w.put(`<w:p><w:pPr><w:pStyle w:val="TOC%d"/></w:pPr>%s`, min(max(h.Level, 1), 2), begin)
		begin = ""
		if to := w.marks[h.ID]; to != "" {
			w.put(`<w:hyperlink w:anchor="%s" w:history="1"><w:r><w:t xml:space="preserve">%s</w:t></w:r><w:r><w:tab/></w:r>`+
				`<w:r><w:fldChar w:fldCharType="begin" w:dirty="true"/></w:r><w:r><w:instrText xml:space="preserve"> PAGEREF %s \h </w:instrText></w:r>`+
				`<w:r><w:fldChar w:fldCharType="separate"/></w:r><w:r><w:t></w:t></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r></w:hyperlink>`, to, escaped(h.Text.String()), to)
		} else {
			w.put(`<w:r><w:t xml:space="preserve">%s</w:t></w:r>`, escaped(h.Text.String()))
		}
		w.put(`</w:p>`)
	}
	w.put(`<w:p>%s%s</w:p>`, begin, word(`<w:fldChar w:fldCharType="end"/>`))
}

// header and footer stand on every page, with the TLP label as FIRST asks for it:
// at the right, in 12 points at least, in its colour on black.
func (w *writer) header() string {
	var words []string
	for _, b := range w.d.Banner {
		if b.Kind != document.BadgeTLP {
			words = append(words, b.Text)
		}
	}
	return fmt.Sprintf(`<w:hdr %s><w:p><w:pPr><w:pStyle w:val="Header"/></w:pPr><w:r><w:t xml:space="preserve">%s</w:t></w:r><w:r><w:tab/></w:r>`+
		`<w:r><w:rPr><w:b/></w:rPr><w:t xml:space="preserve">%s   </w:t></w:r>%s</w:p></w:hdr>`, namespaces, escaped(w.d.Title), escaped(strings.Join(words, "  ")), w.tlp())
}

// tlp is a run with the label, "" when there is none.
func (w *writer) tlp() string {
	for _, b := range w.d.Banner {
		if b.Kind != document.BadgeTLP {
			continue
		}
		colour := "FFFFFF"
		switch word := strings.TrimPrefix(b.Text, "TLP:"); {
		case strings.HasPrefix(word, "RED"):
			colour = "FF2B2B"
		case strings.HasPrefix(word, "AMBER"):
			colour = "FFC000"
		case strings.HasPrefix(word, "GREEN"):
			colour = "33FF00"
		}
		return `<w:r><w:rPr><w:b/><w:color w:val="` + colour + `"/><w:sz w:val="24"/><w:szCs w:val="24"/><w:shd w:val="clear" w:color="auto" w:fill="000000"/></w:rPr>` +
			`<w:t xml:space="preserve"> ` + escaped(b.Text) + ` </w:t></w:r>`
	}
	return ""
}

func (w *writer) footer() string {
	field := func(name string) string {
		return `<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText xml:space="preserve"> ` + name +
			` </w:instrText></w:r><w:r><w:fldChar w:fldCharType="separate"/></w:r><w:r><w:t>1</w:t></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r>`
	}
	return fmt.Sprintf(`<w:ftr %s><w:p><w:pPr><w:pStyle w:val="Footer"/></w:pPr><w:r><w:t xml:space="preserve">%s</w:t></w:r><w:r><w:tab/></w:r>`+
		`<w:r><w:t xml:space="preserve">page </w:t></w:r>%s<w:r><w:t xml:space="preserve"> of </w:t></w:r>%s<w:r><w:t xml:space="preserve">   </w:t></w:r>%s</w:p></w:ftr>`,
		namespaces, escaped(w.d.Footer), field("PAGE"), field("NUMPAGES"), w.tlp())
}
