package page

import (
	"firebreak/review/document"
	"firebreak/review/figure"
	"firebreak/review/sketch"
)

// The widths that a figure is drawn in: for a screen or a sheet of paper, and for a
// telephone.
const (
	wide  = 800.0
	phone = 340.0
)

// figure draws a figure. It returns true when it took the next one in: the events
// of the evidence stand below the timeline, on the same axis.
func (w *writer) figure(f, next document.Figure) bool {
	with, _ := next.Drawing.(document.Histogram)
	draw := sketch.Of(id(f.ID), f.Drawing, with, w.d.Made)
	if draw == nil {
		w.put(`<p class="aside">`, label(f.Alt), "</p>")
		return false
	}
	d := draw(wide)
	if d.Empty() {
		return false
	}
	if f.Alt != "" {
		d.About = f.Alt
	}
	_, sides := f.Drawing.(document.Sides)
	w.put(`<figure id="`, id(f.ID), `"><figcaption>`, label(f.Caption), "</figcaption>")
	if sides { // too much for a telephone: it scrolls
		w.put(`<div class="pane" role="region" tabindex="0" aria-label="Drawing: `, label(f.Caption), `">`)
		w.out.Write(d.SVG())
		w.put("</div>")
	} else {
		small := draw(phone)
		small.ID, small.About = d.ID+"-small", d.About
		w.put(`<div class="wide">`)
		w.out.Write(d.SVG())
		w.put(`</div><div class="narrow">`)
		w.out.Write(small.SVG())
		w.put("</div>")
	}
	w.legend(d)
	w.facts(f, d, sides)
	w.put("</figure>")
	return sides && len(with.Counts) > 0
}

func (w *writer) legend(d figure.Drawing) {
	if len(d.Keys) > 0 {
		w.put(`<ul class="legend" aria-label="Signs in the drawing">`)
		for _, k := range d.Keys {
			w.put("<li>")
			w.out.Write(k.SVG())
			w.put(label(k.Means), "</li>")
		}
		w.put("</ul>")
	}
	for _, n := range d.Notes {
		w.put(`<p class="notes">`, label(n), "</p>")
	}
}

// facts is the figure as a table, where none beside it says the same.
func (w *writer) facts(f document.Figure, d figure.Drawing, sides bool) {
	t := f.Facts
	if t == nil {
		const few = 40
		if sides || len(d.Table.Rows) == 0 || len(d.Table.Rows) > few {
			return
		}
		t = &document.Table{Named: true}
		for _, h := range d.Table.Head {
			t.Columns = append(t.Columns, document.Column{Title: h})
		}
		for _, r := range d.Table.Rows {
			row := document.Row{}
			for _, c := range r {
				row.Cells = append(row.Cells, document.Text{{Text: c}})
			}
			t.Rows = append(t.Rows, row)
		}
	}
	table := *t
	if table.Caption == "" {
		table.Caption = f.Caption
	}
	w.put(`<details class="facts"><summary>The drawing as a table</summary>`)
	w.table(table)
	w.put("</details>")
}
