package tui

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"firebreak/response"
	"firebreak/timeline"
)

// View draws the head with count and filter, the rows, the selected event in
// short, and the density of events over time.
func (t *timelineScreen) View(w, h int) string {
	out := t.head(w)
	foot := t.foot(w, h)
	t.page = max(h-len(out)-len(foot), 1)
	from, to := t.win.visible(len(t.win.rows), t.page)
	layout := eventLayout(w)
	switch {
	case len(t.win.rows) == 0 && !t.win.loaded:
		out = append(out, look(faint, " reading"))
	case len(t.win.rows) == 0 && t.applied != "":
		out = append(out, nil, look(faint, "  no event has that; esc clears the filter"))
	case len(t.win.rows) == 0:
		out = append(out, nil, say("  No event yet. 4 goes to the evidence: collect (c) or ingest files (i)."))
	}
	for i := from; i < to; i++ {
		out = append(out, row(eventLine(t.win.rows[i], w-1, layout, t.now(), true), i == t.win.at, w))
	}
	out = fit(out, h-len(foot))
	return t.paint.block(append(out, foot...), w, h)
}

func (t *timelineScreen) head(w int) []line {
	l := line{{strong, " Timeline  "}}
	switch {
	case t.count.loaded:
		l = append(l, sp(usual, plural(t.count.value, "event")))
	case t.count.busy:
		l = append(l, sp(faint, "counting"))
	}
	if t.win.read.busy {
		l = append(l, sp(faint, "  reading"))
	}
	if t.applied != "" && !t.filter.on {
		l = append(l, sp(usual, "  filter: "), sp(hotkey, t.applied))
	}
	out := []line{ends(l, look(faint, " UTC, newest last"), w)}
	if t.filter.on {
		out = append(out, t.filter.field.one(" / ", w, true))
	}
	if t.wrong != nil {
		out = append(out, look(bad, " ! "+t.wrong.Error()))
	}
	if w >= twoPanes {
		n := timeColumn(eventLayout(w))
		out = append(out, look(faint, "   "+pad("TIME", n)+" "+pad("SOURCE", 9)+" "+pad("HOST", 10)+" EVENT"))
	}
	return out
}

// foot is the selected event in short and the density strip.
func (t *timelineScreen) foot(w, h int) []line {
	if h < 9 {
		return nil
	}
	out := []line{t.paint.ruled(nil, w)}
	if e, ok := t.win.selected(); ok {
		where := line{{faint, " "}, {usual, fmt.Sprintf("%s@%d", e.Exhibit, e.Offset)}, {faint, "  " + e.Parser + "  " + string(e.TimeKind) + "  precision " + string(e.Precision)}}
		if e.Technique != "" {
			where = where.with(sp(hotkey, "  "+e.Technique))
		}
		out = append(out, where)
		if h >= 14 {
			out = append(out, look(usual, " "+attributes(e)))
		}
		if h >= 16 {
			l := line{{faint, " "}}
			if len(e.Tags) > 0 {
				l = append(l, sp(hotkey, "tags: "+strings.Join(e.Tags, ", ")+"  "))
			}
			if n := len(e.Comments); n > 0 {
				l = append(l, sp(usual, "said: "+e.Comments[n-1]))
			}
			out = append(out, l)
		}
	}
	if h >= 12 {
		out = append(out, t.strip(w))
	}
	return out
}

// strip shows how dense the events are over time, one character per stretch.
func (t *timelineScreen) strip(w int) line {
	d := t.density.value
	if len(d.Buckets) == 0 || d.From.IsZero() {
		return nil
	}
	layout := "01-02 15:04"
	if d.To.Sub(d.From) > 300*24*time.Hour {
		layout = "2006-01-02"
	}
	from, to := d.From.UTC().Format(" "+layout+" "), d.To.UTC().Format(" "+layout)
	room := max(w-len(from)-len(to)-1, 1)
	return line{{faint, from}, {usual, dense(d.Buckets, room)}, {faint, to}}
}

// dense squeezes counts into at most w characters of growing weight; the scale
// is logarithmic, so that a handful beside a flood is still seen.
func dense(counts []int64, w int) string {
	const weights = " .:-=+*#@"
	n := min(w, len(counts))
	if n < 1 {
		return ""
	}
	sums := make([]int64, n)
	for i, c := range counts {
		sums[i*n/len(counts)] += c
	}
	most := slices.Max(sums)
	var b strings.Builder
	for _, c := range sums {
		i := 0
		if c > 0 && most > 0 {
			i = 1 + int(math.Log1p(float64(c))/math.Log1p(float64(most))*float64(len(weights)-2))
		}
		b.WriteByte(weights[min(i, len(weights)-1)])
	}
	return b.String()
}

// attributes are the event's attributes in one line, sorted by name.
func attributes(e response.MarkedEvent) string {
	var out []string
	for _, a := range e.Shown() {
		out = append(out, a.Name+"="+a.Value)
	}
	return strings.Join(out, " ")
}

// eventLayout is how times are written in a list of w cells.
func eventLayout(w int) string {
	switch {
	case w >= wide:
		return "2006-01-02 15:04:05"
	case w >= twoPanes:
		return "01-02 15:04:05"
	}
	return "15:04:05"
}

// dated writes the time of an event. Where the layout leaves the day or the
// year out and it is not this one, they stand there all the same, and the
// fraction gives way: no time may read as another.
func dated(e response.MarkedEvent, layout string, now time.Time) string {
	at, now := e.Time.UTC(), now.UTC()
	far := at.Year() != now.Year()
	switch {
	case e.Time.IsZero():
	case far && layout != eventLayout(wide):
		p := e.Precision
		if p != timeline.Minute && p != timeline.Day {
			p = timeline.Second
		}
		return eventTime(e.Time, p, eventLayout(wide))
	case at.YearDay() != now.YearDay() && layout == "15:04:05":
		return at.Format("01-02 15:04:05")
	}
	return eventTime(e.Time, e.Precision, layout)
}

// timeColumn is how wide times of a layout get: a fraction behind it, or the
// year in front. Where there is only room for the time of day, a day in front
// pushes the rest of its row aside.
func timeColumn(layout string) int {
	n := len(layout) + len(".000")
	if layout == eventLayout(twoPanes) {
		n = max(n, len(eventLayout(wide)))
	}
	return n
}

// eventLine is one event in w cells. full shows star and host columns.
func eventLine(e response.MarkedEvent, w int, layout string, now time.Time, full bool) line {
	star := sp(usual, "  ")
	if e.Star {
		star = sp(warn, "* ")
	}
	at := pad(dated(e, layout, now), timeColumn(layout))
	source := clip(look(faint, e.Source), 9)[0].text
	if !full {
		if strings.HasPrefix(e.Message, e.Source+" ") { // it says so itself
			source = ""
		}
		return clip(line{{warn, star.text[:1]}, {faint, at + " "}, {faint, source}, {usual, " " + e.Message}}, w)
	}
	l := line{star, {faint, at + " "}}
	if w >= twoPanes-1 {
		l = append(append(l, clip(look(usual, e.Source), 9)...), sp(usual, " "))
		l = append(append(l, clip(look(usual, e.Host), 10)...), sp(usual, " "))
	}
	m := usual
	if e.Technique != "" {
		m = strong
	}
	l = append(l, sp(m, e.Message))
	if len(e.Tags) > 0 {
		return ends(l, look(hotkey, " "+strings.Join(e.Tags, ",")), w)
	}
	return clip(l, w)
}

// eventDetail says everything about an event.
func eventDetail(e response.MarkedEvent, w int) []line {
	out := wrap(strong, e.Message, w)
	out = append(out, nil)
	for _, f := range [][2]string{
		{"Time       ", eventTime(e.Time, e.Precision, "2006-01-02 15:04:05") + "  (" + string(e.TimeKind) + ", precision " + string(e.Precision) + ")"},
		{"Source     ", e.Source},
		{"Host       ", e.Host},
		{"User       ", e.User},
		{"Technique  ", e.Technique},
		{"Evidence   ", fmt.Sprintf("%s at %d, read by %s", e.Exhibit, e.Offset, e.Parser)},
		{"Id         ", e.ID.String()},
		{"Tags       ", strings.Join(e.Tags, ", ")},
	} {
		out = append(out, labelled(f[0], f[1], w)...)
	}
	if e.Star {
		out = append(out, look(warn, "* starred"))
	}
	for _, c := range e.Comments {
		out = append(out, labelled("Said       ", c, w)...)
	}
	if len(e.Attributes) > 0 {
		out = append(out, nil, heading("Attributes"))
	}
	for _, a := range e.Shown() {
		out = append(out, labelled("  "+a.Name+" = ", a.Value, w)...)
	}
	return out
}
