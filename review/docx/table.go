package docx

import (
	"slices"
	"strings"
	"unicode/utf8"

	"firebreak/review/document"
)

func (w *writer) definitions(d document.Definitions) {
	t := document.Table{Named: true, Columns: []document.Column{{Kind: document.Short}, {Kind: document.Words}}}
	for _, x := range d.Items {
		t.Rows = append(t.Rows, document.Row{Cells: []document.Text{{{Text: x.Term}}, x.Text}})
	}
	w.table(t)
}

// table writes a table whose head is repeated on every page that it reaches.
func (w *writer) table(t document.Table) {
	if len(t.Columns) == 0 {
		return
	}
	if t.Caption != "" {
		w.paragraph("Caption", document.Text{{Text: t.Caption}})
	}
	widths := columnWidths(t)
	w.put(`<w:tbl><w:tblPr><w:tblStyle w:val="ReviewTable"/><w:tblW w:w="%d" w:type="dxa"/><w:tblLayout w:type="fixed"/>`+
		`<w:tblLook w:val="%04X" w:firstRow="%d" w:lastRow="0" w:firstColumn="%d" w:lastColumn="0" w:noHBand="1" w:noVBand="1"/></w:tblPr><w:tblGrid>`,
		textWidth, 0x600|headed(t)<<5|bit(t.Named)<<7, headed(t), bit(t.Named))
	for _, x := range widths {
		w.put(`<w:gridCol w:w="%d"/>`, x)
	}
	w.put(`</w:tblGrid>`)
	if headed(t) == 1 {
		w.put(`<w:tr><w:trPr><w:cantSplit/><w:tblHeader/></w:trPr>`)
		for i, c := range t.Columns {
			w.cell(widths[i], 1, "TableHead", c.Kind, func() { w.runs(document.Text{{Text: c.Title}}) })
		}
		w.put(`</w:tr>`)
	}
	for n, r := range t.Rows {
		w.put(`<w:tr>%s`, whole(r))
		if r.Divide {
			w.cell(textWidth, len(t.Columns), "TableHead", document.Words, func() { w.runs(first(r.Cells)) })
			w.put(`</w:tr>`)
			continue
		}
		for i, c := range t.Columns {
			var text document.Text
			if i < len(r.Cells) {
				text = r.Cells[i]
			}
			if i == 0 && t.Named {
				text = stronger(text)
			}
			w.cell(widths[i], 1, "TableText", c.Kind, func() {
				if i > 0 {
					w.runs(text)
					return
				}
				id := r.ID
				if id == "" && n == 0 {
					id = t.ID
				}
				w.marked(id, func() { w.runs(text) })
			})
		}
		w.put(`</w:tr>`)
	}
	w.put(`</w:tbl><w:p><w:pPr><w:pStyle w:val="AfterTable"/></w:pPr></w:p>`)
}

// whole keeps a row on one page, where it is short enough to be kept.
func whole(r document.Row) string {
	for _, c := range r.Cells {
		if len(c.String()) > 1500 {
			return ""
		}
	}
	return `<w:trPr><w:cantSplit/></w:trPr>`
}

// headed is 1 for a table that has a head.
func headed(t document.Table) int {
	return bit(slices.ContainsFunc(t.Columns, func(c document.Column) bool { return c.Title != "" }))
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

func first(cells []document.Text) document.Text {
	if len(cells) == 0 {
		return nil
	}
	return cells[0]
}

func stronger(t document.Text) document.Text {
	out := make(document.Text, len(t))
	for i, s := range t {
		if s.Style == document.Plain {
			s.Style = document.Strong
		}
		out[i] = s
	}
	return out
}

func (w *writer) cell(width, across int, style string, kind document.ColumnKind, write func()) {
	w.put(`<w:tc><w:tcPr><w:tcW w:w="%d" w:type="dxa"/>`, width)
	if across > 1 {
		w.put(`<w:gridSpan w:val="%d"/>`, across)
	}
	w.put(`</w:tcPr><w:p><w:pPr><w:pStyle w:val="%s"/>`, style)
	if kind == document.Number {
		w.put(`<w:jc w:val="right"/>`)
	}
	w.put(`</w:pPr>`)
	write()
	w.put(`</w:p></w:tc>`)
}

// columnWidths shares the width of the page out: a column gets what its longest
// word needs, and the rest goes to those with the most to say.
func columnWidths(t document.Table) []int {
	const perLetter, gap, least = 102, 160, 420 // of the table's small type
	need := make([]float64, len(t.Columns))
	want := make([]float64, len(t.Columns))
	for i, c := range t.Columns {
		longest, all := longestWord(c.Title, c.Kind), utf8.RuneCountInString(c.Title)
		for _, r := range t.Rows[:min(len(t.Rows), 400)] {
			if r.Divide || i >= len(r.Cells) {
				continue
			}
			s := r.Cells[i].String()
			longest = max(longest, longestWord(s, c.Kind))
			all = max(all, min(utf8.RuneCountInString(s), 160))
		}
		need[i] = float64(max(longest*perLetter+gap, least))
		want[i] = float64(all*perLetter + gap)
	}
	out := make([]int, len(need))
	used := 0
	for i, w := range document.ShareOut(need, want, textWidth) {
		out[i] = int(w)
		used += out[i]
	}
	out[len(out)-1] += textWidth - used
	return out
}

// longestWord is how many letters of a text should not be broken.
func longestWord(s string, kind document.ColumnKind) int {
	most := map[document.ColumnKind]int{document.Words: 14, document.Short: 14, document.Moment: 10, document.Number: 10, document.Entry: 9, document.Digest: 16}[kind]
	longest := 0
	for _, word := range strings.Fields(s) {
		longest = max(longest, min(utf8.RuneCountInString(word), most))
	}
	return longest
}
