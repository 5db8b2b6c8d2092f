package page

import (
	"fmt"
	"strconv"
	"strings"

	"firebreak/review/document"
	"firebreak/review/look"
)

// blocks writes what a document holds, a section for each heading of level 1.
func (w *writer) blocks(blocks []document.Block) {
	for i := 0; i < len(blocks); i++ {
		switch b := blocks[i].(type) {
		case document.Heading:
			w.headline(b)
		case document.Paragraph:
			w.put("<p>", w.text(b.Text, maxText), "</p>")
		case document.List:
			w.list(b)
		case document.Table:
			if w.section == "glance" && b.Named && len(b.Columns) > 1 {
				w.tiles(b)
			} else {
				w.table(b)
			}
		case document.Figure:
			next := document.Figure{}
			if i+1 < len(blocks) {
				next, _ = blocks[i+1].(document.Figure)
			}
			if w.figure(b, next) {
				i++ // it was drawn into this one
			}
		case document.Note:
			w.note(b)
		case document.Definitions:
			w.definitions(b)
		case document.Verbatim:
			w.verbatim(b)
		case document.PageBreak:
			w.put(`<div class="newpage"></div>`)
		default:
			w.put("<p>", label(fmt.Sprintf("(this page cannot show a %T: see the JSON form)", b)), "</p>")
		}
		w.put("\n")
	}
	w.endSection()
}

func (w *writer) endSection() {
	if w.open {
		w.put("</section>\n")
	}
	w.open = false
}

func (w *writer) headline(h document.Heading) {
	level := min(max(h.Level, 1), 3)
	if level == 1 {
		w.endSection()
		w.section = h.ID
		w.put(`<section class="s-`, id(h.ID), `">`)
		w.open = true
	}
	tag := "h" + strconv.Itoa(level+1)
	w.heading = h.Text.String()
	w.put("<", tag)
	if h.ID != "" {
		w.put(` id="`, id(h.ID), `"`)
	}
	w.put(">", w.text(h.Text, maxTitle), "</", tag, ">")
}

func (w *writer) list(l document.List) {
	tag := "ul"
	if l.Ordered {
		tag = "ol"
	}
	w.put("<", tag, ">")
	for _, item := range l.Items {
		w.put("<li>", w.text(item, maxText), "</li>")
	}
	w.put("</", tag, ">")
}

func (w *writer) note(n document.Note) {
	class := map[document.Tone]string{document.Bad: "badbox", document.Unknown: "alarmbox", document.Warn: "warnbox", document.Good: "goodbox"}[n.Tone]
	if class == "" {
		class = "aside"
	}
	w.put(`<p class="`, class, `">`, w.text(n.Text, maxText), "</p>")
}

func (w *writer) definitions(d document.Definitions) {
	w.put(`<dl class="facts">`)
	for _, x := range d.Items {
		if x.Term == "Title" && x.Text.String() == w.d.Subtitle {
			continue // it stands above
		}
		w.put("<div><dt>", label(x.Term), "</dt><dd>", w.text(x.Text, maxText), "</dd></div>")
	}
	w.put("</dl>")
}

func (w *writer) verbatim(v document.Verbatim) {
	text := cut(v.Text, maxVerbatim)
	if v.Code {
		w.put("<pre>", look.Escape(text), "</pre>")
		return
	}
	w.put(`<blockquote class="text">`, w.direction(text), "</blockquote>")
}

// table writes a table within a box that scrolls by itself, so that the page never
// gets wider than its window.
func (w *writer) table(t document.Table) {
	w.tables++
	name := "t" + strconv.Itoa(w.tables)
	caption := t.Caption
	if caption == "" {
		caption = w.heading
	}
	// A table of few and short columns fits everywhere, and needs no box.
	slim := ""
	if narrow(t) {
		slim = " slim"
		w.put(`<div class="scroll">`)
	} else {
		w.put(`<div class="scroll" role="region" tabindex="0" aria-labelledby="`, name, `">`)
	}
	w.put("<table")
	if t.ID != "" {
		w.put(` id="`, id(t.ID), `"`)
	}
	w.put(` class="`, strings.TrimSpace(slim+" cols"+strconv.Itoa(len(t.Columns))), `"><caption id="`, name, `"`)
	if t.Caption == "" {
		w.put(` class="vh"`)
	}
	w.put(">", label(caption), "</caption>")
	if len(t.Columns) > 0 {
		w.put("<thead><tr>")
		for i, c := range t.Columns {
			w.put(`<th scope="col"`, columnClass(c.Kind), ">")
			switch {
			case c.Title != "":
				w.put(label(c.Title))
			case i == 0:
				w.put(`<span class="vh">Name</span>`)
			default:
				w.put(`<span class="vh">Remark</span>`)
			}
			w.put("</th>")
		}
		w.put("</tr></thead>")
	}
	w.put("<tbody>\n")
	for _, r := range t.Rows {
		w.row(t, r)
	}
	w.put("</tbody></table></div>")
}

// tiles writes the numbers that stand on top so that they are seen at once: each with
// its name, and below it what is counted.
func (w *writer) tiles(t document.Table) {
	w.put(`<dl class="tiles">`)
	for _, r := range t.Rows {
		if r.Divide || len(r.Cells) < 2 {
			continue
		}
		w.put("<div><dt>", w.text(r.Cells[0], maxTitle), "</dt><dd>", w.text(r.Cells[1], maxTitle), "</dd>")
		for i, c := range r.Cells[2:] {
			if s := c.String(); s == "" || s == "-" {
				continue
			}
			w.put(`<dd class="small">`)
			if i+2 < len(t.Columns) && t.Columns[i+2].Kind == document.Entry {
				w.put(`<span class="vh">`, label(t.Columns[i+2].Title), " </span>")
			}
			w.put(w.text(c, maxTitle), "</dd>")
		}
		w.put("</div>")
	}
	w.put("</dl>")
}

func narrow(t document.Table) bool {
	if len(t.Columns) > 3 {
		return false
	}
	for _, c := range t.Columns {
		if c.Kind == document.Moment || c.Kind == document.Digest {
			return len(t.Columns) < 3
		}
	}
	return true
}

func (w *writer) row(t document.Table, r document.Row) {
	w.put("<tr")
	if r.ID != "" {
		w.put(` id="`, id(r.ID), `"`)
	}
	switch {
	case r.Divide:
		w.put(` class="day"`)
	case r.Tone == document.Bad:
		w.put(` class="wrong"`)
	case r.Tone == document.Unknown:
		w.put(` class="unsure"`)
	case r.Tone == document.Warn:
		w.put(` class="watch"`)
	}
	w.put(">")
	if r.Divide {
		var all document.Text
		if len(r.Cells) > 0 {
			all = r.Cells[0]
		}
		w.put(`<th scope="rowgroup" colspan="`, strconv.Itoa(max(len(t.Columns), 1)), `">`, w.text(all, maxCell), "</th></tr>\n")
		return
	}
	for i, c := range r.Cells {
		kind := document.Words
		if i < len(t.Columns) {
			kind = t.Columns[i].Kind
		}
		class := columnClass(kind)
		if class != wordy && longWord(c) {
			class = anywhere // it would make the whole column as wide
		}
		if i == 0 && t.Named {
			w.put(`<th scope="row"`, class, ">", w.text(c, maxCell), "</th>")
			continue
		}
		w.put("<td", class, ">", w.text(c, maxCell), "</td>")
	}
	w.put("</tr>\n")
}

func columnClass(k document.ColumnKind) string {
	switch k {
	case document.Short:
		return ` class="nm"`
	case document.Moment:
		return ` class="time"`
	case document.Number:
		return ` class="num"`
	case document.Entry:
		return ` class="ref"`
	case document.Digest:
		return ` class="dig"`
	case document.Words:
	}
	return wordy
}

const (
	wordy    = ` class="wd"`
	anywhere = ` class="wd any"`
)

// longWord says whether a word is longer than those of people are.
func longWord(t document.Text) bool {
	const most = 26
	for _, s := range t {
		n := 0
		for _, r := range s.Text {
			if n++; r == ' ' {
				n = 0
			}
			if n > most {
				return true
			}
		}
	}
	return false
}
