package docx

import "firebreak/review/document"

// figure writes a figure below its caption: as a drawing, where it can be drawn,
// else as the words for it; then what a reader has to know, and its facts where no
// table beside it has them. It returns true when it took the next one in, which is
// drawn on the same axis.
func (w *writer) figure(f, next document.Figure) bool {
	w.put(`<w:p><w:pPr><w:pStyle w:val="Caption"/></w:pPr>`)
	w.marked(f.ID, func() { w.runs(document.Text{{Text: f.Caption}}) })
	w.put(`</w:p>`)
	with, _ := next.Drawing.(document.Histogram)
	notes, ok := w.drawing(f, with)
	if f.Alt != "" && !ok {
		w.paragraph("Aside", document.Text{{Text: f.Alt}})
	}
	for _, n := range notes {
		w.paragraph("Aside", document.Text{{Text: n}})
	}
	if f.Facts != nil {
		w.table(*f.Facts)
	}
	_, sides := f.Drawing.(document.Sides)
	return ok && sides && len(with.Counts) > 0
}
