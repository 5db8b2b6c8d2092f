package tui

import (
	"fmt"
	"strings"
	"time"

	"firebreak/internal/term"
	"firebreak/response"
	"firebreak/timeline"
)

// View draws the head with count and filter, the rows under the day they are
// of, the selected event in short, and the density of events over time.
func (t *timelineScreen) View(w, h int) string {
	out := t.head(w, h)
	foot := t.foot(w, h)
	t.page = max(h-len(out)-len(foot)-1, 1)
	switch {
	case len(t.win.rows) == 0 && !t.win.loaded && t.broken != nil && !t.win.read.busy:
		out = append(append(out, nil), wrap(bad, "  The timeline cannot be read: "+t.broken.Error(), w)...)
		if hint := response.HintOf(t.broken); hint != "" {
			out = append(append(out, nil), wrap(usual, "  "+hint, w)...)
		}
	case len(t.win.rows) == 0 && !t.win.loaded:
		out = append(out, look(faint, " reading"))
	case len(t.win.rows) == 0 && t.applied != "":
		out = append(out, nil, look(faint, "  no event has that; esc clears the filter"))
	case len(t.win.rows) == 0:
		out = append(out, nil, say("  No event yet. 4 goes to the evidence: collect (c) or ingest files (i)."))
	default:
		out = append(out, t.rows(w, t.page+1)...)
	}
	out = fit(out, h-len(foot))
	return t.paint.block(append(out, foot...), w, h)
}

// head is the title with how many there are, the filter, and the columns.
func (t *timelineScreen) head(w, h int) []line {
	if t.count.loaded && t.atLast() {
		t.tail.counted(t.count.value, true)
	}
	l := line{{strong, " Timeline  "}}
	switch {
	case t.count.loaded:
		l = append(l, sp(usual, plural(t.count.value, "event")))
	case t.estimate.loaded:
		l = append(l, sp(usual, "~"+plural(t.estimate.value.Count, "event")), sp(faint, " counting"))
	case t.estimate.busy || t.count.busy:
		l = append(l, sp(faint, "counting"))
	}
	if n := t.chosen.size(); n > 0 {
		l = append(l, sp(warn, "  "+number(int64(n))+" chosen"))
	}
	if t.win.read.busy {
		l = append(l, sp(faint, "  reading"))
	}
	if t.applied != "" && !t.filter.on {
		l = append(l, sp(usual, "  filter: "), sp(hotkey, t.applied))
	}
	right := look(faint, " "+t.zoneName()+", newest last")
	switch {
	case t.tail.come > 0:
		right = line{{warn, " " + number(t.tail.come) + " new (G)"}, {faint, "  " + t.zoneName()}}
	case t.atLast() && t.win.rows != nil:
		right = line{{good, " at the end"}, {faint, "  " + t.zoneName() + ", newest last"}}
	}
	out := []line{ends(l, right, w)}
	return append(out, t.filterLines(w, h-10)...)
}

// rows draw n lines of events, each under the line of its day.
func (t *timelineScreen) rows(w, n int) []line {
	from, to := t.win.visible(len(t.win.rows), n)
	names, widths := t.columns.measure(t.win.rows[from:to], w)
	var out []line
	var days []string // of each line; headed says which lines only name one
	var headed []bool
	cursor := 0
	put := func(l line, day string, head bool) {
		out, days, headed = append(out, l), append(days, day), append(headed, head)
	}
	for i := from; i < to; i++ {
		e := t.win.rows[i]
		d := dayOf(e, t.zone())
		if i == from || d != days[len(days)-1] {
			put(t.dayLine(d, names, widths, i == from, w), d, true)
		}
		if i == t.win.at {
			cursor = len(out)
		}
		put(row(t.eventRow(e, names, widths, w-1), i == t.win.at, w), d, false)
	}
	if cut := min(len(out)-n, cursor-n+1); cut > 0 { // the lines of days took the room of the first rows
		at := cut + 1
		first := t.dayLine(days[at], names, widths, true, w) // the day stays in sight
		if headed[at] {
			at++
		}
		out = append([]line{first}, out[at:]...)
	}
	return fit(out, n)
}

// dayOf is the date of an event, written out.
func dayOf(e response.MarkedEvent, z *time.Location) string {
	if e.Time.IsZero() {
		return "undated"
	}
	return e.Time.In(z).Format("2006-01-02 Mon")
}

// suspect says why the time of an event cannot be right.
func suspect(e response.MarkedEvent) string {
	switch why := e.Attributes.Get("time_suspect"); why {
	case "future":
		return "later than its evidence was taken"
	case "epoch":
		return "a clock that was not set"
	default:
		return why
	}
}

// dayLine says of which day the events below are; the first one names the
// columns too.
func (t *timelineScreen) dayLine(day string, names []string, widths []int, first bool, w int) line {
	if !first {
		return append(line{{faint, t.paint.rule + t.paint.rule + " "}}, sp(hotkey, day), sp(faint, " "+strings.Repeat(t.paint.rule, max(w-4-len(day), 0))))
	}
	l := line{{usual, " "}, {hotkey, pad(day, timeWidth+2)}, {faint, " "}}
	for i, name := range names {
		l = append(append(l, clip(look(faint, strings.ToUpper(name)), widths[i])...), sp(faint, " "))
	}
	title := "EVENT"
	if t.shift > 0 {
		title = fmt.Sprintf("EVENT from character %d", t.shift)
	}
	return append(l, sp(faint, title))
}

const timeWidth = len("15:04:05.000")

// eventRow is one event in w cells.
func (t *timelineScreen) eventRow(e response.MarkedEvent, names []string, widths []int, w int) line {
	l := line{{usual, " "}, {usual, " "}, {usual, " "}}
	if t.chosen.has(e.ID) {
		l[0] = sp(hotkey, "+")
	}
	if e.Star {
		l[1] = sp(warn, "*")
	}
	if suspect(e) != "" {
		l = append(append(l, clip(look(bad, timeOfDay(e, t.zone())), timeWidth)...), sp(bad, "?"))
	} else {
		l = append(append(l, clip(look(faint, timeOfDay(e, t.zone())), timeWidth)...), sp(usual, " "))
	}
	for i, name := range names {
		m := usual
		if name == tagsColumn {
			m = hotkey
		}
		l = append(append(l, clip(look(m, valueIn(e, name)), widths[i])...), sp(usual, " "))
	}
	m := usual
	if e.Technique != "" {
		m = strong
	}
	l = append(l, sp(m, shifted(e.Message, t.shift)))
	if len(e.Tags) > 0 && !t.columns.tags() {
		return ends(l, look(hotkey, " "+strings.Join(e.Tags, ",")), w)
	}
	return clip(l, w)
}

// shifted leaves the first characters of a text out.
func shifted(text string, n int) string {
	if n == 0 {
		return text
	}
	for i := range text {
		if n == 0 {
			return text[i:]
		}
		n--
	}
	return ""
}

// timeOfDay writes the time as finely as its source did, in at most timeWidth
// cells. The day stands above.
func timeOfDay(e response.MarkedEvent, z *time.Location) string {
	if e.Time.IsZero() {
		return ""
	}
	at := e.Time.In(z)
	switch e.Precision {
	case timeline.Nanosecond, timeline.Microsecond, timeline.Millisecond:
		return at.Format("15:04:05.000")
	case timeline.Minute:
		return at.Format("15:04")
	case timeline.Day:
		return "that day"
	case timeline.Second:
	}
	return at.Format("15:04:05")
}

// foot is the selected event in short and the density strip.
func (t *timelineScreen) foot(w, h int) []line {
	if h < 9 {
		return nil
	}
	out := []line{t.paint.ruled(nil, w)}
	if e, ok := t.win.selected(); ok {
		out = append(out, whereLine(e))
		n := 0
		switch {
		case h >= 24:
			n = 3
		case h >= 17:
			n = 2
		case h >= 15:
			n = 1
		}
		out = append(out, t.inShort(e, w, n)...)
	}
	switch strip := t.stripLines(w); {
	case h >= 17:
		out = append(out, strip...)
	case h >= 12:
		out = append(out, strip[1])
	}
	return out
}

// inShort is the selected event in exactly n lines: its message, the row of
// which may be cut, its attributes, and what was said last of it. The foot is as
// high for every event: rows must not jump under the eye.
func (t *timelineScreen) inShort(e response.MarkedEvent, w, n int) []line {
	if n < 1 {
		return nil
	}
	var last []line
	if c := len(e.Comments); c > 0 && n > 1 {
		last = []line{look(usual, " said: "+e.Comments[c-1])}
	}
	room := n - len(last)
	text := bound(e.Message, w*room)
	rows := term.Wrap(term.Safe(text), max(w-2, 4))
	keep := max(room-1, 1) // a line for the attributes, if there is one
	if len(rows) > keep {
		rest := strings.Join(rows[keep-1:], " ")
		rows = append(rows[:keep-1:keep-1], term.Cut(rest, max(w-2, 4)))
	}
	var out []line
	for _, r := range rows {
		out = append(out, look(usual, " "+r))
	}
	if attrs := attributes(e); attrs != "" {
		if room == 1 {
			out = []line{look(faint, " "+attrs)}
		} else {
			out = append(out, look(faint, " "+attrs))
		}
	}
	return fit(append(out, last...), n)
}

// whereLine says where an event comes from and what was said of it.
func whereLine(e response.MarkedEvent) line {
	l := line{{faint, " "}, {usual, fmt.Sprintf("%s@%d", e.Exhibit, e.Offset)}, {faint, "  " + e.Parser + "  " + string(e.TimeKind) + "  precision " + string(e.Precision)}}
	if e.Time.IsZero() {
		l = line{{faint, " "}, {usual, fmt.Sprintf("%s@%d", e.Exhibit, e.Offset)}, {faint, "  " + e.Parser + "  undated"}}
	}
	if e.Technique != "" {
		l = l.with(sp(hotkey, "  "+e.Technique))
	}
	if why := suspect(e); why != "" {
		l = l.with(sp(bad, "  time? "+why))
	}
	if len(e.Tags) > 0 {
		l = l.with(sp(hotkey, "  tags: "+strings.Join(e.Tags, ", ")))
	}
	if n := len(e.Comments); n > 0 {
		l = l.with(sp(usual, "  "+plural(int64(n), "comment")))
	}
	return l
}

const footMost = 200

// attributes are the event's attributes in one line, sorted by name.
func attributes(e response.MarkedEvent) string {
	var out []string
	for _, a := range e.Shown() {
		if a.Name == timeline.TimeTextName && !e.Time.IsZero() {
			continue // the time stands in the row
		}
		if out = append(out, a.Name+"="+bound(a.Value, footMost)); len(out) == footMost {
			break // no screen shows more of them
		}
	}
	return strings.Join(out, " ")
}
