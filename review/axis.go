package review

import (
	"slices"
	"time"
)

// axis maps moments of the response to places in a chart. A gap of more than a
// quarter of the whole, in which nothing was recorded, takes a fixed short
// piece of it.
type axis struct {
	from, to time.Time
	gaps     []stillness
	unit     float64 // chart units per nanosecond outside the gaps
}

type stillness struct{ from, to time.Time }

// gapWidth is what a gap takes.
const gapWidth = 110.0

func newAxis(from time.Time, moments []time.Time) axis {
	moments = append([]time.Time{from}, moments...)
	slices.SortFunc(moments, time.Time.Compare)
	a := axis{from: moments[0], to: moments[len(moments)-1]}
	if !a.to.After(a.from) {
		a.to = a.from.Add(time.Second)
	}
	whole := a.to.Sub(a.from)
	rest := whole
	for i := 1; i < len(moments); i++ {
		if d := moments[i].Sub(moments[i-1]); d > whole/4 && d < whole && len(a.gaps) < 3 {
			a.gaps = append(a.gaps, stillness{moments[i-1], moments[i]})
			rest -= d
		}
	}
	a.unit = (plotWidth - gapWidth*float64(len(a.gaps))) / float64(max(rest, 1))
	return a
}

// at is the place of a moment, held within the chart.
func (a axis) at(t time.Time) float64 {
	if t.Before(a.from) {
		t = a.from
	}
	if t.After(a.to) {
		t = a.to
	}
	x := chartLeft
	last := a.from
	for _, g := range a.gaps {
		if !t.After(g.from) {
			break
		}
		x += float64(g.from.Sub(last)) * a.unit
		if t.Before(g.to) {
			return x + gapWidth*float64(t.Sub(g.from))/float64(g.to.Sub(g.from))
		}
		x += gapWidth
		last = g.to
	}
	return x + float64(t.Sub(last))*a.unit
}

// ticks are round times since the beginning that do not fall into a gap.
func (a axis) ticks() []time.Duration {
	busy := a.to.Sub(a.from)
	for _, g := range a.gaps {
		busy -= g.to.Sub(g.from)
	}
	var out []time.Duration
	step := tickStep(busy)
	for t := time.Duration(0); t <= a.to.Sub(a.from); t += step {
		at := a.from.Add(t)
		i := slices.IndexFunc(a.gaps, func(g stillness) bool { return at.After(g.from) && at.Before(g.to) })
		if i >= 0 {
			t = (a.gaps[i].to.Sub(a.from) / step) * step // goes on behind the gap
			continue
		}
		if out = append(out, t); len(out) > 64 {
			break
		}
	}
	return out
}

// ticks are four to eight round lengths of time within d.
func ticks(d time.Duration) []time.Duration {
	var out []time.Duration
	for t, step := time.Duration(0), tickStep(d); t <= d && len(out) < 64; t += step {
		out = append(out, t)
	}
	return out
}

func tickStep(d time.Duration) time.Duration {
	const day = 24 * time.Hour
	steps := []time.Duration{
		time.Millisecond, 5 * time.Millisecond, 20 * time.Millisecond, 100 * time.Millisecond, 500 * time.Millisecond,
		time.Second, 5 * time.Second, 15 * time.Second, 30 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute,
		30 * time.Minute, time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, day, 2 * day, 7 * day, 28 * day, 84 * day, 364 * day,
	}
	for _, s := range steps {
		if d/s <= 7 {
			return s
		}
	}
	return 3640 * day
}

func tickLabel(d time.Duration) string {
	if d == 0 {
		return "0"
	}
	return span(d)
}
