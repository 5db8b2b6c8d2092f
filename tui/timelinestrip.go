package tui

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"firebreak/response"
	"firebreak/timeline"
)

// strip shows how dense the events are over time: over all of it, or over the
// stretch that was zoomed to.
type strip struct {
	density  query[response.Histogram]
	stars    query[[]time.Time] // when the starred events were
	all      [2]time.Time       // the span of everything the filter leaves
	from, to time.Time          // what is zoomed to; zero is all
	on       bool               // left and right move on it
	at       int                // the column that is looked at
	cols     int                // as it was drawn last
}

const (
	densityBins = 240
	zoomBy      = 4
	zoomLeast   = time.Second // the shortest stretch that is drawn
	starsMost   = 1000
)

func (s *strip) forget() {
	s.density.forget()
	s.stars.forget()
	s.all, s.from, s.to = [2]time.Time{}, time.Time{}, time.Time{}
}

// dense asks how dense the events of the stretch are.
func (t *timelineScreen) dense() tea.Cmd {
	s := &t.strip
	id, r := t.id, response.HistogramRequest{Filter: t.applied, From: s.from, To: s.to, Buckets: densityBins}
	return s.density.ask(t.ctx, func(ctx context.Context) (response.Histogram, error) { return t.desk.Histogram(ctx, id, r) }, func() tea.Cmd {
		if err := s.density.err; err != nil {
			return tea.Batch(t.readFailed(err), t.Load())
		}
		if s.from.IsZero() {
			s.all = [2]time.Time{s.density.value.From, s.density.value.To}
		}
		return t.Load()
	})
}

// starsOf asks when the starred events were.
func (t *timelineScreen) starsOf() tea.Cmd {
	id, f := t.id, and(t.applied, "star:yes")
	return t.strip.stars.ask(t.ctx, func(ctx context.Context) ([]time.Time, error) {
		es, err := t.desk.Page(ctx, id, response.PageRequest{Filter: f, Limit: starsMost})
		out := make([]time.Time, 0, len(es))
		for _, e := range es {
			if !e.Time.IsZero() {
				out = append(out, e.Time)
			}
		}
		return out, err
	}, func() tea.Cmd {
		if err := t.strip.stars.err; err != nil && !errors.Is(err, context.Canceled) {
			return t.readFailed(err)
		}
		return nil
	})
}

// and is the filter of the events that match both.
func and(filter, more string) string {
	if filter == "" {
		return more
	}
	f, err := timeline.ParseFilter(filter, time.Time{})
	if _, or := f.Expr().(timeline.Or); or || err != nil {
		filter = "(" + filter + ")"
	}
	return filter + " " + more
}

// zooming are the keys that change the stretch.
func (t *timelineScreen) zooming() []action {
	return []action{
		{id: "density.in", title: "zoom the density strip in around the cursor", foot: "zoom", keys: []string{"+", "="}, run: func() tea.Cmd { return t.zoom(zoomBy) }},
		{id: "density.out", title: "zoom the density strip out", keys: []string{"-"}, run: func() tea.Cmd { return t.zoom(1.0 / zoomBy) }},
		{id: "density.all", title: "the density strip over all that matches", keys: []string{"0"}, run: func() tea.Cmd {
			if t.strip.from.IsZero() {
				return t.tell("the strip shows everything")
			}
			t.strip.from, t.strip.to = time.Time{}, time.Time{}
			return t.dense()
		}},
	}
}

// stripActions are the keys while the strip is moved on.
func (t *timelineScreen) stripActions() []action {
	s := &t.strip
	by := func(n int) func() tea.Cmd {
		return func() tea.Cmd {
			s.at = min(max(s.at+n, 0), max(s.cols-1, 0))
			return nil
		}
	}
	return []action{
		{id: "strip.go", title: "go to the events of that time", foot: "go there", keys: []string{"enter"}, run: func() tea.Cmd {
			from, _ := s.stretch(s.at)
			if from.IsZero() {
				return nil
			}
			s.on = false
			return t.win.jump(edge[response.MarkedEvent]{at: from, n: windowPage})
		}},
		{id: "strip.left", title: "to the left", foot: "move", keys: []string{"left", "h"}, moves: true, run: by(-1)},
		{id: "strip.right", title: "to the right", keys: []string{"right", "l"}, moves: true, run: by(1)},
		{id: "strip.far.left", title: "ten to the left", keys: []string{"pgup", "H"}, moves: true, run: by(-10)},
		{id: "strip.far.right", title: "ten to the right", keys: []string{"pgdown", "L"}, moves: true, run: by(10)},
		{id: "strip.first", title: "to the left end", keys: []string{"home"}, moves: true, run: by(-1 << 20)},
		{id: "strip.last", title: "to the right end", keys: []string{"end", "G"}, moves: true, run: by(1 << 20)},
		{id: "strip.next", title: "to the next events on the right", keys: []string{"w"}, run: func() tea.Cmd { return t.stripNext(1) }},
		{id: "strip.before", title: "to the next events on the left", keys: []string{"b"}, run: func() tea.Cmd { return t.stripNext(-1) }},
		{id: "strip.only", title: "filter: only the stretch that the strip shows", foot: "only this", keys: []string{"f"}, run: t.onlyStretch},
		{id: "strip.leave", title: "back to the events", foot: "events", keys: []string{"tab"}, run: func() tea.Cmd { s.on = false; return nil }},
	}
}

// enterStrip begins at the selected event.
func (t *timelineScreen) enterStrip() tea.Cmd {
	s := &t.strip
	if len(s.density.value.Buckets) == 0 || s.density.value.From.IsZero() {
		return t.tell("there is no dated event")
	}
	s.on = true
	if e, ok := t.win.selected(); ok {
		s.at = min(max(s.column(e.Time), 0), max(s.cols-1, 0))
	}
	return nil
}

// stripNext moves to the next column that has events.
func (t *timelineScreen) stripNext(by int) tea.Cmd {
	s := &t.strip
	sums := squeeze(s.density.value.Buckets, s.cols)
	for i := s.at + by; i >= 0 && i < len(sums); i += by {
		if sums[i] > 0 {
			s.at = i
			return nil
		}
	}
	return t.tell("there is none on that side")
}

// onlyStretch makes what the strip shows a part of the filter.
func (t *timelineScreen) onlyStretch() tea.Cmd {
	from, to := t.strip.density.value.From, t.strip.density.value.To
	if t.strip.from.IsZero() {
		return t.tell("the strip shows everything; + zooms in")
	}
	if to.Sub(from) > time.Minute { // whole seconds read better, and lose nothing
		from, to = from.Truncate(time.Second), to.Truncate(time.Second).Add(time.Second)
	}
	t.strip.on = false
	return t.narrow(and(t.applied, timeline.Between(from, to).String()))
}

// zoom makes the stretch shorter by a factor, around the column that is looked
// at or the selected event.
func (t *timelineScreen) zoom(by float64) tea.Cmd {
	s := &t.strip
	d := s.density.value
	if s.all[0].IsZero() || d.From.IsZero() {
		return t.tell("there is no dated event")
	}
	if by < 1 && s.from.IsZero() {
		return t.tell("the strip shows everything")
	}
	whole := s.all[1].Sub(s.all[0])
	length := time.Duration(float64(d.To.Sub(d.From)) / by)
	if length < zoomLeast {
		return t.tell("the strip shows no less than that")
	}
	center := d.From.Add(d.To.Sub(d.From) / 2)
	if e, ok := t.win.selected(); ok && !e.Time.IsZero() {
		center = e.Time
	}
	if s.on {
		from, to := s.stretch(s.at)
		center = from.Add(to.Sub(from) / 2)
	}
	if length >= whole {
		s.from, s.to = time.Time{}, time.Time{}
	} else {
		s.from = center.Add(-length / 2)
		if s.from.Add(length).After(s.all[1]) {
			s.from = s.all[1].Add(-length)
		}
		if s.from.Before(s.all[0]) {
			s.from = s.all[0]
		}
		s.to = s.from.Add(length)
	}
	if s.on {
		length = min(length, whole)
		from := s.from
		if from.IsZero() {
			from = s.all[0]
		}
		s.at = min(max(int(float64(center.Sub(from))/float64(length)*float64(s.cols)), 0), max(s.cols-1, 0))
	}
	return t.dense()
}

// level is how far the strip is zoomed in.
func (s *strip) level() string {
	if s.from.IsZero() || s.all[0].IsZero() {
		return "all"
	}
	x := float64(s.all[1].Sub(s.all[0])) / float64(s.to.Sub(s.from))
	return "x" + number(int64(math.Round(x)))
}

// column is where a time lies on the strip: below 0 or from cols on when it is
// beside it.
func (s *strip) column(at time.Time) int {
	d := s.density.value
	span := d.To.Sub(d.From)
	switch {
	case at.IsZero() || span <= 0 || s.cols < 1 || at.Before(d.From):
		return -1
	case !at.Before(d.To):
		return s.cols
	}
	return int(float64(at.Sub(d.From)) / float64(span) * float64(s.cols))
}

// stretch is the time that a column stands for.
func (s *strip) stretch(col int) (from, to time.Time) {
	d := s.density.value
	if s.cols < 1 {
		return d.From, d.To
	}
	one := float64(d.To.Sub(d.From)) / float64(s.cols)
	return d.From.Add(time.Duration(one * float64(col))), d.From.Add(time.Duration(one * float64(col+1)))
}

// stripLines draw the strip over the whole width: a line of marks, the density,
// the scale.
func (t *timelineScreen) stripLines(w int) []line {
	s := &t.strip
	d := s.density.value
	s.cols = min(max(w-2, 1), densityBins)
	if len(d.Buckets) == 0 || d.From.IsZero() {
		word := ""
		switch {
		case s.density.loaded:
			word = " no dated event"
		case s.density.busy:
			word = " looking how dense the events are"
		}
		return []line{nil, look(faint, word), nil}
	}
	s.at = min(s.at, s.cols-1)
	sums := squeeze(d.Buckets, s.cols)
	r := []rune(weigh(sums, t.paint.bars))
	quiet := stillIn(sums)
	for _, q := range quiet {
		for i := q[0]; i < q[1]; i++ {
			r[i] = '_'
		}
	}
	bars := line{{usual, " "}, {usual, string(r)}}
	if s.on {
		bars = line{{usual, " "}, {usual, string(r[:s.at])}, {usual | picked, string(r[s.at : s.at+1])}, {usual, string(r[s.at+1:])}}
	}
	return []line{t.stripMarks(quiet), bars, t.scale(w, sums)}
}

// stillIn are the stretches of columns without an event that are long enough
// to be more than chance: from the first to behind the last.
func stillIn(sums []int64) (out [][2]int) {
	least := max(len(sums)/20, 3)
	for i := 0; i < len(sums); {
		j := i
		for j < len(sums) && sums[j] == 0 {
			j++
		}
		if j-i >= least {
			out = append(out, [2]int{i, j})
		}
		i = j + 1
	}
	return out
}

// stripMarks are the places of the cursor and of the starred events, and how
// long nothing came, where there is room to say it.
func (t *timelineScreen) stripMarks(quiet [][2]int) line {
	s := &t.strip
	marks := []byte(spaces(s.cols))
	for _, at := range s.stars.value {
		if c := s.column(at); c >= 0 && c < s.cols {
			marks[c] = '*'
		}
	}
	cursor := -1
	if e, ok := t.win.selected(); ok {
		cursor = s.column(e.Time)
		switch {
		case e.Time.IsZero():
			cursor = -1
		case cursor < 0:
			cursor = 0
			marks[0] = '<'
		case cursor >= s.cols:
			cursor = s.cols - 1
			marks[cursor] = '>'
		default:
			marks[cursor] = 'v'
		}
	}
	if s.on {
		cursor = s.at
		marks[cursor] = 'V'
	}
	for _, q := range quiet {
		from, _ := s.stretch(q[0])
		_, to := s.stretch(q[1] - 1)
		for _, text := range []string{"silent " + lengthOf(to.Sub(from)), lengthOf(to.Sub(from))} {
			at := q[0] + (q[1]-q[0]-len(text))/2
			if len(text) <= q[1]-q[0]-2 && strings.TrimSpace(string(marks[q[0]:q[1]])) == "" {
				copy(marks[at:], text)
				break
			}
		}
	}
	out := line{{usual, " "}}
	for i := 0; i < len(marks); {
		j := i + 1
		if i != cursor {
			for j < len(marks) && j != cursor {
				j++
			}
			out = append(out, sp(warn, string(marks[i:j])))
		} else {
			out = append(out, sp(strong, string(marks[i:j])))
		}
		i = j
	}
	return out
}

// scale says which times the strip stands for. While it is moved on, it says
// what the column holds.
func (t *timelineScreen) scale(w int, sums []int64) line {
	s := &t.strip
	d := s.density.value
	z := t.zone()
	right := line{{faint, " " + s.level() + " "}}
	if s.on {
		from, to := s.stretch(s.at)
		layout := "2006-01-02 15:04:05"
		if to.Sub(from) < time.Second {
			layout += ".000"
		}
		text := " " + from.In(z).Format(layout) + " for " + lengthOf(to.Sub(from)) + ": " + plural(sums[s.at], "event")
		return ends(look(strong, text), right, w)
	}
	layout, short := "2006-01-02 15:04", "15:04"
	switch length := d.To.Sub(d.From); {
	case length > 300*24*time.Hour:
		layout, short = "2006-01-02", "2006-01"
	case length > 2*24*time.Hour:
		short = "01-02 15h"
	case length < 10*time.Minute:
		layout, short = "2006-01-02 15:04:05", "15:04:05"
	}
	text := []byte(spaces(max(w-right.width()-1, 0)))
	put := func(col int, label string) {
		if col < 0 || col+len(label) > len(text) || strings.TrimSpace(string(text[max(col-1, 0):min(col+len(label)+1, len(text))])) != "" {
			return
		}
		copy(text[col:], label)
	}
	first, last := d.From.In(z).Format(layout), d.To.In(z).Format(layout)
	put(1, first)
	put(len(text)-len(last), last)
	said := d.From.In(z).Format(short)
	for k := 1; k < 8; k++ {
		col := s.cols * k / 8
		from, _ := s.stretch(col)
		if at := from.In(z).Format(short); at != said { // the same word twice says nothing
			put(1+col, at)
			said = at
		}
	}
	return append(look(faint, string(text)), append(line{{usual, " "}}, right...)...)
}

// lengthOf writes a length of time as finely as it needs.
func lengthOf(d time.Duration) string {
	switch {
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < time.Minute:
		return d.Round(100 * time.Millisecond).String()
	}
	return lasted(d)
}

// squeeze adds counts up to at most n.
func squeeze(counts []int64, n int) []int64 {
	n = min(n, len(counts))
	if n < 1 {
		return nil
	}
	sums := make([]int64, n)
	for i, c := range counts {
		sums[i*n/len(counts)] += c
	}
	return sums
}

// weigh writes counts as characters of growing weight, the first for none; the
// scale is logarithmic, so that a handful beside a flood is still seen.
func weigh(sums []int64, weights []string) string {
	if len(sums) == 0 {
		return ""
	}
	most := slices.Max(sums)
	var b strings.Builder
	for _, c := range sums {
		i := 0
		if c > 0 {
			i = 1 + int(math.Log1p(float64(c))/math.Log1p(float64(most))*float64(len(weights)-2))
		}
		b.WriteString(weights[min(i, len(weights)-1)])
	}
	return b.String()
}
