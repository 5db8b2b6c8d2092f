package figure

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"firebreak/review"
)

// Axis maps moments to places in a drawing. A silence that would take most of the
// axis is cut short and drawn as a break; the stretches between breaks may have
// scales of their own, so that a response of minutes can be read beside an intrusion
// of weeks.
type Axis struct {
	From, To time.Time
	Breaks   []Break

	left, right float64
	stretches   []stretch
}

// Break is a silence that is not drawn to scale.
type Break struct{ From, To time.Time }

// Long is how long nothing happened.
func (b Break) Long() time.Duration { return b.To.Sub(b.From) }

// stretch is the axis between two breaks.
type stretch struct {
	from, to time.Time
	marks    int
	x, wide  float64
}

func (s stretch) unit() float64 { return s.wide / max(seconds(s.from, s.to), 1e-9) }

const (
	breakWidth = 46.0
	maxBreaks  = 4
	breakShare = 0.25 // of its stretch, from which on a silence is cut
	breakRatio = 4    // to the longest silence that stays in the stretch
	leastWide  = 14.0 // of a stretch
	edge       = 10.0
)

// NewAxis makes an axis from left to right that has all moments on it. Stretches
// with many marks get more room than their time alone would give them.
func NewAxis(moments []time.Time, left, right float64) Axis { return newAxis(moments, left, right, .5) }

// newAxis gives that share of the room by the number of marks, and the rest by time.
func newAxis(moments []time.Time, left, right, byMarks float64) Axis {
	moments = slices.DeleteFunc(slices.Clone(moments), time.Time.IsZero)
	if len(moments) == 0 {
		moments = []time.Time{time.Unix(0, 0)}
	}
	slices.SortFunc(moments, time.Time.Compare)
	a := Axis{From: moments[0].UTC(), To: moments[len(moments)-1].UTC(), left: left + edge, right: right - edge}
	if !a.To.After(a.From) {
		a.To = a.From.Add(time.Second)
		moments = append(moments, a.To)
	}
	parts := [][]time.Time{moments}
	for again := true; again; {
		again = false
		for i := 0; i < len(parts); i++ {
			for _, at := range silences(parts[i]) {
				if len(parts) > maxBreaks {
					break
				}
				cut := slices.IndexFunc(parts[i], func(t time.Time) bool { return t.After(at) })
				parts = slices.Insert(parts, i+1, parts[i][cut:])
				parts[i] = parts[i][:cut]
				again = true
			}
		}
	}
	a.share(parts, byMarks)
	return a
}

// silences are where a stretch is to be cut, the latest first: behind these moments
// follow gaps that are far longer than all others of it and take much of it.
func silences(moments []time.Time) []time.Time {
	if len(moments) < 3 {
		return nil // nothing that a break would make room for
	}
	whole := seconds(moments[0], moments[len(moments)-1])
	type gap struct {
		after time.Time
		long  float64
	}
	all := make([]gap, 0, len(moments))
	for i := 1; i < len(moments); i++ {
		if d := seconds(moments[i-1], moments[i]); d > 0 {
			all = append(all, gap{moments[i-1], d})
		}
	}
	slices.SortStableFunc(all, func(x, y gap) int { return cmp.Compare(y.long, x.long) })
	for n := 1; n <= min(len(all)-1, maxBreaks); n++ {
		if all[n-1].long < breakShare*whole {
			return nil
		}
		if all[n-1].long >= breakRatio*all[n].long {
			out := make([]time.Time, 0, n)
			for _, g := range all[:n] {
				out = append(out, g.after)
			}
			slices.SortFunc(out, func(x, y time.Time) int { return y.Compare(x) })
			return out
		}
	}
	return nil
}

// share gives each stretch its room.
func (a *Axis) share(parts [][]time.Time, byMarks float64) {
	long, marks := 0.0, 0
	for i, p := range parts {
		s := stretch{from: p[0].UTC(), to: p[len(p)-1].UTC(), marks: len(p)}
		long += seconds(s.from, s.to)
		if !s.to.After(s.from) {
			s.marks = 1 // all of them are in one place
		}
		marks += s.marks
		a.stretches = append(a.stretches, s)
		if i > 0 {
			a.Breaks = append(a.Breaks, Break{a.stretches[i-1].to, s.from})
		}
	}
	if len(parts) == 1 {
		byMarks = 0
	}
	room := a.right - a.left - breakWidth*float64(len(a.Breaks)) - leastWide*float64(len(parts))
	x := a.left
	for i := range a.stretches {
		s := &a.stretches[i]
		share := (1-byMarks)*seconds(s.from, s.to)/max(long, 1e-9) + byMarks*float64(s.marks)/float64(marks)
		s.x, s.wide = x, leastWide+share*room
		x += s.wide + breakWidth
	}
}

// OwnScales says that the stretches between breaks are not drawn to one scale.
func (a Axis) OwnScales() bool {
	least, most := 0.0, 0.0
	for _, s := range a.stretches {
		if s.to.After(s.from) {
			u := s.unit()
			if least == 0 {
				least = u
			}
			least, most = min(least, u), max(most, u)
		}
	}
	return most > 1.1*least
}

// seconds between two moments, however far apart.
func seconds(from, to time.Time) float64 {
	return float64(to.Unix()-from.Unix()) + float64(to.Nanosecond()-from.Nanosecond())/1e9
}

// At is the place of a moment, held within the axis.
func (a Axis) At(t time.Time) float64 {
	for i, s := range a.stretches {
		switch {
		case t.Before(s.from) && i == 0:
			return a.left
		case t.Before(s.from): // within a break
			b := a.Breaks[i-1]
			return s.x - breakWidth + breakWidth*seconds(b.From, t)/max(seconds(b.From, b.To), 1e-9)
		case !t.After(s.to) && !s.to.After(s.from):
			return s.x + s.wide/2
		case !t.After(s.to):
			return min(s.x+seconds(s.from, t)*s.unit(), s.x+s.wide)
		}
	}
	return a.right
}

// gap is where a break begins.
func (a Axis) gap(i int) float64 { return a.stretches[i+1].x - breakWidth }

// Tick is a place on the axis with its label; Day is set where a new day begins.
type Tick struct {
	X     float64
	Label string
	Day   string
}

// Ticks are round moments in UTC, with room for the label of each.
func (a Axis) Ticks() []Tick {
	var out []Tick
	day := ""
	free := a.left - 60 // where the next label may begin
	for _, s := range a.stretches {
		for _, t := range s.round() {
			x := a.At(t.at)
			if x-24 < free || x > a.right+4 {
				continue
			}
			tick := Tick{X: x, Label: t.at.Format(t.layout)}
			if d := t.at.Format(t.day); d != day {
				tick.Day, day = d, d
			}
			out = append(out, tick)
			free = x + 30
		}
	}
	return out
}

type roundTime struct {
	at          time.Time
	layout, day string
}

func (s stretch) round() []roundTime {
	long := seconds(s.from, s.to)
	step := steps[len(steps)-1]
	for _, d := range steps {
		if long/d.Seconds() <= max(s.wide/64, 1) {
			step = d
			break
		}
	}
	layout, day := "15:04", "2 Jan 2006"
	switch {
	case step < time.Minute && s.to.After(s.from):
		layout = "15:04:05"
	case step >= 24*time.Hour:
		layout, day = "2 Jan", "2006"
	}
	var out []roundTime
	at := s.from.Truncate(step)
	if at.Before(s.from) {
		at = at.Add(step)
	}
	for ; !at.After(s.to) && len(out) < 40; at = at.Add(step) {
		out = append(out, roundTime{at, layout, day})
	}
	if len(out) == 0 { // a short stretch has its beginning, at least
		out = append(out, roundTime{s.from, layout, day})
	}
	return out
}

var steps = []time.Duration{
	time.Second, 5 * time.Second, 15 * time.Second, 30 * time.Second,
	time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute,
	time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour,
	24 * time.Hour, 48 * time.Hour, 7 * 24 * time.Hour, 28 * 24 * time.Hour, 91 * 24 * time.Hour, 365 * 24 * time.Hour, 3650 * 24 * time.Hour, 36500 * 24 * time.Hour,
}

// breaks draws where the axis is broken, between two heights, and says how long
// each silence was.
func (d *Drawing) breaks(a Axis, top, bottom float64) {
	for i, b := range a.Breaks {
		x1, x2 := a.gap(i), a.gap(i)+breakWidth
		d.rect(Gap, x1+5, top, breakWidth-10, bottom-top, 0, review.Span(b.Long())+" without a mark, from "+stamp(b.From)+" to "+stamp(b.To))
		for _, x := range []float64{x1 + 5, x2 - 5} {
			var p []Point
			for y, i := top, 0; ; y, i = y+6, i+1 {
				p = append(p, Point{x + []float64{-2.5, 2.5}[i%2], min(y, bottom)})
				if y >= bottom {
					break
				}
			}
			d.add(Shape{Form: Path, Ink: GapEdge, Points: p})
		}
	}
}

// breakWords says in the picture how long the silences were.
func (d *Drawing) breakWords(a Axis, y float64) {
	last, row := 0.0, 0.0
	for i, b := range a.Breaks {
		x, words := a.gap(i)+breakWidth/2, review.Span(b.Long())
		if half := Width(words, Small) / 2; i > 0 && x-half < last {
			row = 13 - row // not over the words of the break before
		} else {
			row = 0
		}
		d.text(Halo, x, y+row, Middle, Small, words)
		last = x + Width(words, Small)/2
	}
}

// breakNotes says it in words.
func breakNotes(a Axis) []string {
	if len(a.Breaks) == 0 {
		return nil
	}
	var each []string
	for _, b := range a.Breaks {
		each = append(each, review.Span(b.Long())+" from "+stamp(b.From)+" to "+stamp(b.To))
	}
	out := []string{"The axis is broken between zigzag lines, where there is no mark: " + strings.Join(each, "; ") + "."}
	if a.OwnScales() {
		out = append(out, "The stretches beside a break have scales of their own.")
	}
	return out
}
