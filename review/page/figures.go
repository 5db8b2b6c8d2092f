package page

import (
	"slices"
	"strings"

	"firebreak/review"
	"firebreak/review/document"
	"firebreak/review/figure"
	"firebreak/review/look"
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
	draw := drawer(id(f.ID), f.Drawing, with, w.d)
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
	if len(d.Notes) > 0 {
		w.put(`<p class="notes">`, look.Escape(cut(strings.Join(d.Notes, " "), maxText)), "</p>")
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

// drawer is how a drawing of the document is drawn; nil when this page does not
// know it.
func drawer(id string, of document.Drawing, with document.Histogram, doc document.Document) func(float64) figure.Drawing {
	switch of := of.(type) {
	case document.Sides:
		return timeline(id, of, with).Draw
	case document.Lanes:
		return phases(id, of).Draw
	case document.Histogram:
		return figure.Histogram{ID: id, Events: figure.Counts{From: of.From, To: of.To, N: of.Counts}, From: of.ShadeFrom, To: of.ShadeTo}.Draw
	case document.Bars:
		c := figure.Bars{ID: id}
		for _, r := range of.Rows {
			c.Rows = append(c.Rows, figure.Bar{Label: r.Label, Took: r.Took, Shown: r.Shown, Known: r.Known, Reason: r.Reason, Phase: int(r.Phase), Whole: r.Whole})
		}
		return c.Draw
	case document.Shares:
		c := figure.Shares{ID: id, Title: "Parts of a whole"}
		for _, p := range of.Parts {
			c.Parts = append(c.Parts, figure.Share{Label: p.Label, N: p.N, Ink: shareInk(p)})
		}
		return c.Draw
	case document.Deadlines:
		c := figure.Clocks{ID: id, Now: doc.Made}
		for _, r := range of.Rows {
			c.Rows = append(c.Rows, figure.Clock{Name: r.Label, Start: r.Start, Due: r.Due, Met: r.Met, Says: r.Shown})
		}
		return c.Draw
	case document.Strip:
		c := figure.Moments{ID: id}
		for _, p := range of.Points {
			c.Rows = append(c.Rows, figure.Moment{Name: p.Label, At: p.At, Why: p.Why})
		}
		return c.Draw
	}
	return nil
}

func shareInk(p document.Share) figure.Ink {
	switch p.Label {
	case "skipped":
		return figure.Skipped
	case "not ended":
		return figure.Open
	case "never reached":
		return figure.Unreached
	case "not applicable":
		return figure.Foreign
	}
	switch p.Tone {
	case document.Bad:
		return figure.Failed
	case document.Warn:
		return figure.Open
	case document.Unknown:
		return figure.Unreached
	case document.Good, document.NoTone:
	}
	return figure.Done
}

func timeline(id string, s document.Sides, with document.Histogram) figure.Timeline {
	t := figure.Timeline{ID: id, Until: s.Until, Events: figure.Counts{From: with.From, To: with.To, N: with.Counts}}
	for _, m := range s.Marks {
		f := figure.Mark{At: m.At, Found: m.Found, Ref: m.Ref, Text: m.Label, Weight: m.Weight, Kind: figure.Act}
		switch m.Kind {
		case document.DotAction:
			f.Kind = figure.Change
		case document.DotBad:
			f.Kind = figure.Bad
		case document.DotEvidence:
			f.Kind = figure.Machine
		case document.DotEntry:
		}
		switch m.Side {
		case review.Attacker:
			f.Side, f.Kind = figure.Attacker, figure.Attack
		case review.Evidence:
			f.Side, f.Kind = figure.Attacker, figure.Event
		case review.System:
			f.Side = figure.System
			if f.Kind == figure.Act {
				f.Kind = figure.Machine
			}
		}
		t.Marks = append(t.Marks, f)
	}
	t.Phases = stretches(s.Phases)
	return t
}

func phases(id string, l document.Lanes) figure.Phases {
	return figure.Phases{ID: id, Stretches: stretches(l.Lanes), Until: l.To}
}

// stretches are the times spent in all phases, in their order.
func stretches(lanes []document.Lane) []figure.Stretch {
	var out []figure.Stretch
	for _, l := range lanes {
		for _, s := range l.Stretches {
			out = append(out, figure.Stretch{Phase: int(l.Phase), Name: l.Label, From: s.From, To: s.To})
		}
	}
	slices.SortStableFunc(out, func(a, b figure.Stretch) int { return a.From.Compare(b.From) })
	return out
}
