package figure

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"firebreak/review"
)

// Axis maps moments to places in a drawing. A silence that would take most of what
// is left of the axis is cut short, and drawn as a break.
type Axis struct {
	From, To time.Time
	Breaks   []Break

	left, right float64
	unit        float64 // units of the drawing for each second outside the breaks
}

// Break is a silence that is not drawn to scale.
type Break struct{ From, To time.Time }

// Long is how long nothing happened.
func (b Break) Long() time.Duration { return b.To.Sub(b.From) }

const (
	breakWidth = 46.0
	maxBreaks  = 5
	breakShare = 0.3 // of what is left, from which on a silence is cut
	breakRatio = 4   // to the longest silence that stays
	edge       = 10.0
)

// NewAxis makes an axis from left to right that has all moments on it.
func NewAxis(moments []time.Time, left, right float64) Axis {
	moments = slices.DeleteFunc(slices.Clone(moments), time.Time.IsZero)
	if len(moments) == 0 {
		moments = []time.Time{time.Unix(0, 0)}
	}
	slices.SortFunc(moments, time.Time.Compare)
	a := Axis{From: moments[0].UTC(), To: moments[len(moments)-1].UTC(), left: left + edge, right: right - edge}
	if !a.To.After(a.From) {
		a.To = a.From.Add(time.Second)
	}
	rest := seconds(a.From, a.To)
	for _, s := range silences(moments, rest) {
		a.Breaks = append(a.Breaks, s)
		rest -= seconds(s.From, s.To)
	}
	slices.SortFunc(a.Breaks, func(x, y Break) int { return x.From.Compare(y.From) })
	a.unit = (a.right - a.left - breakWidth*float64(len(a.Breaks))) / max(rest, 1e-9)
	return a
}

// silences are the gaps to cut: the longest ones, when they are far longer than all
// others and would take much of the axis.
func silences(moments []time.Time, rest float64) []Break {
	var all []Break
	for i := 1; i < len(moments); i++ {
		if moments[i].After(moments[i-1]) {
			all = append(all, Break{moments[i-1].UTC(), moments[i].UTC()})
		}
	}
	long := func(b Break) float64 { return seconds(b.From, b.To) }
	slices.SortStableFunc(all, func(x, y Break) int { return cmp.Compare(long(y), long(x)) })
	cut := 0
	for i := range min(len(all)-1, maxBreaks) {
		if long(all[i]) < breakShare*rest {
			break
		}
		if rest -= long(all[i]); long(all[i]) >= breakRatio*long(all[i+1]) {
			cut = i + 1
		}
	}
	return all[:cut]
}

// seconds between two moments, however far apart.
func seconds(from, to time.Time) float64 {
	return float64(to.Unix()-from.Unix()) + float64(to.Nanosecond()-from.Nanosecond())/1e9
}

// At is the place of a moment, held within the axis.
func (a Axis) At(t time.Time) float64 {
	x, last := a.left, a.From
	switch {
	case !t.After(a.From):
		return a.left
	case !t.Before(a.To):
		return a.right
	}
	for _, b := range a.Breaks {
		if !t.After(b.From) {
			break
		}
		x += seconds(last, b.From) * a.unit
		if t.Before(b.To) {
			return x + breakWidth*seconds(b.From, t)/seconds(b.From, b.To)
		}
		x += breakWidth
		last = b.To
	}
	return min(x+seconds(last, t)*a.unit, a.right)
}

// Tick is a place on the axis with its label; Day is set where a new day begins.
type Tick struct {
	X     float64
	Label string
	Day   string
}

// Ticks are round moments in UTC, with room for the label of each.
func (a Axis) Ticks() []Tick {
	var out []Tick
	from, day := a.From, ""
	free := a.left - 60 // where the next label may begin
	for i := 0; i <= len(a.Breaks); i++ {
		to := a.To
		if i < len(a.Breaks) {
			to = a.Breaks[i].From
		}
		for _, t := range a.round(from, to) {
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
		if i < len(a.Breaks) {
			from = a.Breaks[i].To
		}
	}
	return out
}

type roundTime struct {
	at          time.Time
	layout, day string
}

func (a Axis) round(from, to time.Time) []roundTime {
	long := seconds(from, to)
	room := int(long * a.unit / 64)
	step := steps[len(steps)-1]
	for _, s := range steps {
		if long/s.Seconds() <= float64(max(room, 1)) {
			step = s
			break
		}
	}
	layout, day := "15:04", "2 Jan 2006"
	switch {
	case step < time.Minute && (a.right-a.left)/a.unit < 600:
		layout = "15:04:05"
	case step >= 24*time.Hour:
		layout, day = "2 Jan", "2006"
	}
	var out []roundTime
	at := from.Truncate(step)
	if at.Before(from) {
		at = at.Add(step)
	}
	for ; !at.After(to) && len(out) < 40; at = at.Add(step) {
		out = append(out, roundTime{at, layout, day})
	}
	if len(out) == 0 { // a short stretch has its beginning, at least
		out = append(out, roundTime{from, layout, day})
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
	for _, b := range a.Breaks {
		x1, x2 := a.At(b.From), a.At(b.From)+breakWidth
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
	for _, b := range a.Breaks {
		d.text(Halo, a.At(b.From)+breakWidth/2, y, Middle, Small, review.Span(b.Long()))
	}
}

// breakNotes says it in words.
func breakNotes(a Axis) []string {
	var out []string
	for _, b := range a.Breaks {
		out = append(out, fmt.Sprintf("The axis is broken between zigzag lines: %s without a mark, from %s to %s.", review.Span(b.Long()), stamp(b.From), stamp(b.To)))
	}
	return out
}
