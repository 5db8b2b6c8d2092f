// Package page writes a review as one HTML page that stands alone: no script,
// nothing loaded from anywhere, and a policy in its head that would forbid both. It
// is drawn in place, light and dark after the reader's own setting, readable on a
// telephone and by those who do not see it, and fit to print.
//
// It is a pure function of the document (package document), like every other form.
// Text is escaped here; nothing of it becomes markup. What is too long for a page
// that people read is cut, and says where the whole of it is.
package page

import (
	"bytes"
	_ "embed"
	"strings"

	"firebreak/review"
	"firebreak/review/document"
	"firebreak/review/look"
)

//go:embed page.css
var style string

// HTML writes a review.
func HTML(r review.Review) []byte { return Write(document.Of(r)) }

// Write writes a document as a page.
func Write(d document.Document) []byte {
	w := &writer{d: d, anchors: anchors(d)}
	w.out.Grow(1 << 17)
	w.put(string(look.Head(cut(d.Title, maxTitle), look.Base(), look.Chart(), style, running(d))))
	w.put(`<body><a class="skip" href="#main">Skip to the review</a>`)
	w.header()
	w.put(`<div class="frame">`)
	w.contents()
	w.put(`<main id="main">`)
	w.blocks(d.Blocks)
	w.put("</main></div>")
	w.footer()
	w.put("</body>\n</html>\n")
	return w.out.Bytes()
}

// writer gathers the page.
type writer struct {
	out     bytes.Buffer
	d       document.Document
	anchors map[string]bool // what links may lead to
	heading string          // the last one, which names a table without a caption
	section string          // the id of the last one of level 1
	tables  int
	open    bool // a section is
}

func (w *writer) put(markup ...string) {
	for _, m := range markup {
		w.out.WriteString(m)
	}
}

// anchors are all ids of a document; a link to another one would lead nowhere.
func anchors(d document.Document) map[string]bool {
	ids := map[string]bool{}
	for _, b := range d.Blocks {
		switch b := b.(type) {
		case document.Heading:
			ids[b.ID] = true
		case document.Figure:
			ids[b.ID] = true
		case document.Table:
			ids[b.ID] = true
			for _, r := range b.Rows {
				ids[r.ID] = true
			}
		}
	}
	delete(ids, "")
	return ids
}

// header has the marking, the title and, on top of all, what the page is.
func (w *writer) header() {
	drill := ""
	title, about := w.d.Subtitle, w.d.Title
	if title == "" {
		title, about = about, ""
	}
	for _, b := range w.d.Banner {
		if b.Kind == document.BadgeDrill {
			drill = ` class="drill"`
		}
	}
	w.put("<header", drill, "><div>")
	if about != "" {
		w.put(`<p class="eyebrow">`, label(about), "</p>")
	}
	w.put("<h1>", w.direction(cut(title, maxTitle)), "</h1>")
	if len(w.d.Banner) > 0 {
		w.put(`<ul class="badges" aria-label="Marking">`)
		for _, b := range w.d.Banner {
			w.put(`<li><span class="badge`, badgeClass(b), `">`, label(b.Text), "</span></li>")
		}
		w.put("</ul>")
	}
	w.put("</div></header>")
}

func badgeClass(b document.Badge) string {
	if b.Kind != document.BadgeTLP {
		if b.Kind == document.BadgePrivileged && b.Tone == document.NoTone {
			return " warn"
		}
		return toneClass(b.Tone)
	}
	colour := strings.ToLower(strings.TrimPrefix(b.Text, "TLP:"))
	for _, c := range []string{"red", "amber", "green", "clear"} {
		if strings.HasPrefix(colour, c) {
			return " tlp " + c
		}
	}
	return " tlp"
}

// contents is the way to each section: beside the text where there is room, and
// folded on top of it where there is none.
func (w *writer) contents() {
	var list strings.Builder
	list.WriteString("<ol>")
	for _, b := range w.d.Blocks {
		if h, ok := b.(document.Heading); ok && h.Level == 1 {
			list.WriteString(`<li><a href="#` + id(h.ID) + `">` + label(h.Text.String()) + "</a></li>")
		}
	}
	list.WriteString("</ol>")
	w.put(`<nav class="side" aria-label="Contents"><p class="navtitle">Contents</p>`, list.String(), "</nav>")
	w.put(`<nav class="top" aria-label="Contents"><details><summary>Contents</summary>`, list.String(), "</details></nav>")
}

// footer says of what record the page was made, and how that is verified.
func (w *writer) footer() {
	w.put("<footer><p>", label(w.d.Footer), ".")
	if !w.d.Made.IsZero() {
		w.put(" Made ", review.When(w.d.Made))
		if w.d.Tool != "" {
			w.put(" by ", label(w.d.Tool))
		}
		w.put(".")
	}
	w.put("</p><p>Every statement names the entries of the record that it rests on.")
	if w.anchors["integrity"] {
		w.put(` How to verify the record: <a href="#integrity">Integrity</a>.`)
	}
	w.put(" All times are UTC.</p>")
	if len(w.d.Banner) > 0 {
		w.put("<p>")
		for i, b := range w.d.Banner {
			if i > 0 {
				w.put(", ")
			}
			w.put("<strong>", label(b.Text), "</strong>")
		}
		w.put("</p>")
	}
	w.put("</footer>")
}

// running is what each printed sheet carries: the marking, the record and the
// number of the page.
func running(d document.Document) string {
	var marks []string
	for _, b := range d.Banner {
		marks = append(marks, b.Text)
	}
	return `@page { @top-left { content: "` + inStyle(d.Title) + `"; } @top-right { content: "` + inStyle(strings.Join(marks, ", ")) + `"; } @bottom-left { content: "` +
		inStyle(d.Footer) + `"; } @bottom-right { content: "page " counter(page) " of " counter(pages); } }`
}

// inStyle keeps of a text what may stand in a string of a style sheet.
func inStyle(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', strings.ContainsRune(" .,:+#-_/", r):
			return r
		}
		return -1
	}, cut(s, 120))
}
