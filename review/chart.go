package review

import (
	"fmt"
	"html/template"
	"math"
	"strings"
	"time"

	"firebreak/incident"
	"firebreak/record"
)

// The charts are drawn in a space of 1000 units of width that the page scales.
const (
	chartWidth = 1000.0
	chartLeft  = 130.0
	chartRight = 24.0
	plotWidth  = chartWidth - chartLeft - chartRight
)

// svg gathers the markup of a drawing. Numbers are formatted here and text is
// escaped here; nothing else gets in.
type svg struct{ out strings.Builder }

func (s *svg) put(format string, args ...any) { _, _ = fmt.Fprintf(&s.out, format, args...) }

func (s *svg) open(height float64, label string) {
	s.put(`<svg class="chart" viewBox="0 0 %.0f %.0f" role="img" aria-label="%s">`,
		chartWidth, height, template.HTMLEscapeString(label))
}

func (s *svg) close() template.HTML {
	s.put("</svg>")
	return template.HTML(s.out.String()) //nolint:gosec // made here, out of numbers and escaped text
}

func (s *svg) rect(class string, x, y, w, h, r float64, title string) {
	s.put(`<rect class="%s" x="%.1f" y="%.1f" width="%.1f" height="%.1f" rx="%.1f">%s</rect>`, class, x, y, max(w, 0), h, r, tooltip(title))
}

func (s *svg) circle(class string, x, y, r float64, title string) {
	s.put(`<circle class="%s" cx="%.1f" cy="%.1f" r="%.1f">%s</circle>`, class, x, y, r, tooltip(title))
}

func (s *svg) line(class string, x1, y1, x2, y2 float64) {
	s.put(`<line class="%s" x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f"/>`, class, x1, y1, x2, y2)
}

func (s *svg) text(class string, x, y float64, text string) {
	s.put(`<text class="%s" x="%.1f" y="%.1f">%s</text>`, class, x, y, template.HTMLEscapeString(text))
}

// gap draws the sign that something long was left out.
func (s *svg) gap(x, y, h float64) {
	s.put(`<path class="gap" d="M%.1f %.1fl6 0l-6 %.1fl-6 0z"/>`, x, y, h)
}

func tooltip(s string) string {
	if s == "" {
		return ""
	}
	return "<title>" + template.HTMLEscapeString(s) + "</title>"
}

// barChart draws the known durations as bars from the opening on, with the
// unknown ones as empty outlines. A whole response that dwarfs its parts is
// drawn broken off, so that the parts can be seen.
func barChart(r Review) template.HTML {
	var part, total time.Duration
	var rows []Duration
	for _, d := range r.Durations {
		switch d.Key {
		case "acknowledge", "contain", "eradicate", "recover":
			rows = append(rows, d)
			part = max(part, d.Took)
		case "total":
			rows = append(rows, d)
			total = d.Took
		}
	}
	scale := max(part, total)
	if scale == 0 {
		return ""
	}
	broken := part > 0 && total > 3*part
	if broken {
		scale = part + part/4
	}
	const rowHeight, barHeight = 30.0, 16.0
	height := 16 + rowHeight*float64(len(rows)) + 26
	var s svg
	s.open(height, "Time from the opening of the incident to the end of each part of the response")
	const room = plotWidth - 110
	unit := room / float64(scale)
	for _, t := range ticks(scale) {
		x := chartLeft + float64(t)*unit
		s.line("grid", x, 10, x, height-24)
		s.text("axis mid", x, height-8, tickLabel(t))
	}
	for i, d := range rows {
		y := 16 + rowHeight*float64(i)
		s.text("end strong", chartLeft-12, y+barHeight-3, d.Title)
		if !d.Known {
			s.rect("unknownbar", chartLeft, y, 120, barHeight, 3, d.Reason)
			s.text("axis", chartLeft+132, y+barHeight-4, "unknown: "+d.Reason)
			continue
		}
		class := "bar"
		if phase, err := incident.ParsePhase(d.Key); err == nil {
			class = fmt.Sprintf("p%d", phase)
		}
		w := min(max(float64(d.Took)*unit, 2), room)
		s.rect(class, chartLeft, y, w, barHeight, 3, d.Title+" "+d.Shown())
		if broken && d.Key == "total" {
			s.gap(chartLeft+room*0.9, y-3, barHeight+6)
		}
		s.text("", chartLeft+w+8, y+barHeight-3, d.Shown())
	}
	return s.close()
}

// laneChart draws one lane for each phase: the stretches of time spent in it,
// and the entries of the record and what they were about. A long time in which
// nothing was recorded is drawn short and says how long it was.
func laneChart(r Review) template.HTML {
	var moments []time.Time
	for _, row := range r.Timeline {
		if !row.Evidence && !row.Time.IsZero() {
			moments = append(moments, row.Time)
		}
	}
	axis := newAxis(r.Incident.Opened, moments)
	const laneHeight, top = 34.0, 12.0
	phases := incident.Phases()
	bottom := top + laneHeight*float64(len(phases))
	var s svg
	height := bottom + 28
	if len(axis.gaps) > 0 {
		height += 16
	}
	s.open(height, "The phases of the response, and the entries of the record in each")
	for _, t := range axis.ticks() {
		x := axis.at(axis.from.Add(t))
		s.line("grid", x, 8, x, bottom+4)
		s.text("axis mid", x, bottom+20, "+"+tickLabel(t))
	}
	for i, phase := range phases {
		y := top + laneHeight*float64(i)
		s.text("end strong", chartLeft-12, y+21, phase.String())
		s.line("grid", chartLeft, y+laneHeight-2, chartWidth-chartRight, y+laneHeight-2)
		for _, st := range r.Phases {
			if st.Phase != phase {
				continue
			}
			end, class := st.To, fmt.Sprintf("lane p%d", phase)
			if end.IsZero() {
				end, class = axis.to, class+" open"
			}
			s.rect(class, axis.at(st.From), y+3, max(axis.at(end)-axis.at(st.From), 3), laneHeight-9, 4,
				fmt.Sprintf("%s from %s, %s", phase, stamp(st.From), span(max(end.Sub(st.From), 0))))
		}
	}
	for _, g := range axis.gaps {
		x := (axis.at(g.from) + axis.at(g.to)) / 2
		s.gap(x, 8, bottom-4)
		s.text("axis mid", x, bottom+36, span(g.to.Sub(g.from))+" without an entry")
	}
	placed := map[[2]int]int{}
	for _, row := range r.Timeline[:min(len(r.Timeline), maxRows)] {
		if row.Evidence || row.Phase == incident.NoPhase {
			continue
		}
		x := axis.at(row.Time)
		lane := int(row.Phase) - 1
		// Entries of one moment are spread a little, so that none hides another.
		key := [2]int{lane, int(x / 7)}
		n := placed[key]
		placed[key]++
		y := top + laneHeight*float64(lane) + 15.5 + []float64{0, -8, 8, -4, 4}[n%5]
		title := row.Ref + " " + stamp(row.Time) + " " + row.Who + ": " + row.Text
		switch class := markClass(row); class {
		case "m-bad":
			s.rect("mark m-bad", x-4, y-4, 8, 8, 0, title)
		default:
			s.circle("mark "+class, x, y, 4, title)
		}
	}
	return s.close()
}

func markClass(r Row) string {
	kind := string(r.Kind)
	switch {
	case r.Bad:
		return "m-bad"
	case strings.HasPrefix(kind, "action."):
		return "m-action"
	case r.Kind == record.TimelineIngested, strings.HasPrefix(kind, "evidence."):
		return "m-evidence"
	}
	return "m-person"
}

// histogram draws the events of the timeline, with the response shaded.
func histogram(r Review) template.HTML {
	a := r.Activity
	if a == nil {
		return ""
	}
	var most int64
	for _, n := range a.Buckets {
		most = max(most, n)
	}
	if most == 0 {
		return ""
	}
	const height, base = 150.0, 122.0
	var s svg
	s.open(height, "Events of the evidence over time")
	width := plotWidth / float64(len(a.Buckets))
	unit := plotWidth / float64(a.To.Sub(a.From))
	at := func(t time.Time) float64 {
		return chartLeft + min(max(float64(t.Sub(a.From))*unit, 0), plotWidth)
	}
	s.line("grid", chartLeft, 14, chartWidth-chartRight, 14)
	s.line("frame", chartLeft, base, chartWidth-chartRight, base)
	s.text("axis end", chartLeft-10, 18, grouped(most))
	s.text("axis end", chartLeft-10, base+4, "0")
	opened, ended := r.Incident.Opened, r.Incident.Closed
	if ended.IsZero() {
		ended = a.To
	}
	if x := at(opened); opened.Before(a.To) && ended.After(a.From) {
		s.rect("shade", x, 10, max(at(ended)-x, 2), base-10, 0, "the response")
	}
	for i, n := range a.Buckets {
		if n == 0 {
			continue
		}
		// The root keeps quiet stretches visible beside a flood.
		h := max(math.Sqrt(float64(n)/float64(most))*(base-14), 1.5)
		s.rect("bar", chartLeft+float64(i)*width+.4, base-h, max(width-.8, .8), h, 0, counted64(n, "event", "events"))
	}
	for i := range 5 {
		t := a.From.Add(a.To.Sub(a.From) / 4 * time.Duration(i))
		class := []string{"axis", "axis mid", "axis mid", "axis mid", "axis end"}[i]
		s.text(class, at(t), height-10, axisTime(t, a.To.Sub(a.From)))
	}
	s.text("axis end", chartLeft-10, 32, "(root scale)")
	return s.close()
}

func axisTime(t time.Time, across time.Duration) string {
	if across > 48*time.Hour {
		return t.Format("2006-01-02 15:04")
	}
	return t.Format("Jan 2, 15:04:05")
}

// progressChart draws what became of the steps of a run as one bar.
func progressChart(r Run) template.HTML {
	parts := []struct {
		n     int
		what  string
		class string
	}{
		{r.Counts.Done, "done", "p4"},
		{r.Counts.Skipped, "skipped", "p5"},
		{r.Counts.Failed, "failed", "mark m-bad"},
		{r.Counts.Open, "not ended", "p3"},
		{r.Counts.Unreached, "never reached", "p0 open"},
		{r.Counts.NotApplied, "not applicable", "p0 lane"},
	}
	all := 0
	for _, p := range parts {
		all += p.n
	}
	if all == 0 {
		return ""
	}
	var s svg
	s.open(62, "What became of the steps")
	x, label := 20.0, 20.0
	for _, p := range parts {
		if p.n == 0 {
			continue
		}
		w := float64(p.n) / float64(all) * (chartWidth - 40)
		s.rect(p.class, x, 14, max(w-2, 1), 14, 2, fmt.Sprintf("%d %s", p.n, p.what))
		s.rect(p.class, label, 42, 9, 9, 2, "")
		s.text("axis", label+15, 51, fmt.Sprintf("%d %s", p.n, p.what))
		x += w
		label += 150
	}
	return s.close()
}
