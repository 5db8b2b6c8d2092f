package metrics

import (
	"fmt"
	"html/template"
	"strings"

	"firebreak/internal/term"
	"firebreak/review"
)

// The pictures are drawn in a space of 1000 units of width that the page scales.
const (
	plotLeft  = 120.0
	plotRight = 24.0
	plotWide  = 1000.0
	rowHigh   = 40.0
	dotSize   = 4.0
)

// drawing gathers the markup of a picture. Numbers are formatted here and text is
// escaped here; nothing else gets in.
type drawing struct{ strings.Builder }

func (d *drawing) put(format string, args ...any) { _, _ = fmt.Fprintf(d, format, args...) }

func (d *drawing) text(class string, x, y float64, text string) {
	d.put(`<text class="%s" x="%.1f" y="%.1f">%s</text>`, class, x, y, template.HTMLEscapeString(text))
}

func (d *drawing) line(class string, x1, y1, x2, y2 float64) {
	d.put(`<line class="%s" x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f"/>`, class, x1, y1, x2, y2)
}

// plot draws all values of a metric as dots in one row, and below it a row for
// each quarter, all on one scale.
func (s Stats) plot(m Metric, sc scale) template.HTML {
	type row struct {
		name string
		sum  Summary
		dots []Dot
	}
	rows := []row{{"all", m.Summary, m.Dots}}
	for _, g := range m.Groups {
		if g.By != ByQuarter {
			continue
		}
		r := row{name: g.Name, sum: g.Summary}
		for _, d := range m.Dots {
			if s.caseOf(d.Incident).Quarter == g.Name {
				r.dots = append(r.dots, d)
			}
		}
		rows = append(rows, r)
	}
	if len(rows) == 2 {
		rows = rows[:1] // one quarter is all of it
	}
	height := rowHigh*float64(len(rows)) + 26
	at := func(v float64) float64 { return plotLeft + sc.at(v)*(plotWide-plotLeft-plotRight) }
	var d drawing
	d.put(`<svg class="chart" viewBox="0 0 %.0f %.0f" role="img" aria-label="%s">`, plotWide, height,
		template.HTMLEscapeString(fmt.Sprintf("%s: %d values, %s; the table beside it has the same numbers", m.Title, m.N, s.numbers(m.Definition, m.Summary))))
	bottom := height - 22
	free := 0.0
	for _, v := range sc.marks() {
		x := at(v)
		d.line("grid", x, 4, x, bottom)
		if label := Show(m.Unit, v); x >= free {
			d.text("axis mid", x, bottom+15, label)
			free = x + float64(term.Width(label))*7 + 14
		}
	}
	for i, r := range rows {
		y := rowHigh*float64(i) + rowHigh/2 + 2
		class := "end axis"
		if i == 0 {
			class = "end strong"
		}
		d.text(class, plotLeft-14, y+4, r.name)
		d.line("grid", plotLeft, y+rowHigh/2, plotWide-plotRight, y+rowHigh/2)
		if r.sum.N >= boxFrom {
			d.box(at(*r.sum.Min), at(*r.sum.Q1), at(*r.sum.Median), at(*r.sum.Q3), at(*r.sum.Max), y)
		}
		s.dots(&d, r.dots, m, at, y)
	}
	d.put("</svg>")
	return template.HTML(d.String()) //nolint:gosec // made here, out of numbers and escaped text
}

func (d *drawing) box(low, q1, mid, q3, high, y float64) {
	d.line("whisker", low, y, high, y)
	d.put(`<rect class="box" x="%.1f" y="%.1f" width="%.1f" height="22" rx="3"/>`, q1, y-11, max(q3-q1, 1))
	d.line("median", mid, y-14, mid, y+14)
}

// dots draws values side by side; those in one place lie above each other.
func (s Stats) dots(d *drawing, dots []Dot, m Metric, at func(float64) float64, y float64) {
	const across = 2 * dotSize
	piles := map[int]int{}
	for _, v := range dots {
		piles[int(at(v.Value)/across)]++
	}
	used := map[int]int{}
	for _, v := range dots {
		x := at(v.Value)
		pile := int(x / across)
		n, k := piles[pile], used[pile]
		used[pile]++
		step := min(across, (rowHigh-across-4)/float64(max(n-1, 1)))
		title := named(v.Incident, review.Harmless(v.Of)) + ": " + Show(m.Unit, v.Value)
		if t := s.caseOf(v.Incident).Title; t != "" {
			title += ", " + review.Harmless(t)
		}
		d.put(`<circle class="dotmark" cx="%.1f" cy="%.1f" r="%.1f"><title>%s</title></circle>`,
			x, y+(float64(k)-float64(n-1)/2)*step, dotSize, template.HTMLEscapeString(title))
	}
}
