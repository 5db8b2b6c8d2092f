package docx

import "firebreak/review/document"

// figure writes a figure as what it says: its caption, its facts where no table
// beside it has them, and the words for those who cannot see it. A drawing that
// Word cannot redraw when somebody edits the text would only go stale.
func (w *writer) figure(f document.Figure) {
	w.put(`<w:p><w:pPr><w:pStyle w:val="Caption"/></w:pPr>`)
	w.marked(f.ID, func() { w.runs(document.Text{{Text: f.Caption}}) })
	w.put(`</w:p>`)
	if f.Alt != "" {
		w.paragraph("Aside", document.Text{{Text: f.Alt}})
	}
	if f.Facts != nil {
		w.table(*f.Facts)
	}
}
