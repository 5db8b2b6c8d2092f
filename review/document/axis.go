package document

import (
	"slices"
	"time"

	"firebreak/review"
)

// Axis maps moments to places between 0 and 1. A time of more than a quarter of
// the whole, in which nothing happened, takes a fixed short piece of it, Wide.
type Axis struct {
	From, To time.Time
	Gaps     []Gap
	Wide     float64
	unit     float64 // per nanosecond outside the gaps
}

// Gap is a long time in which nothing happened.
type Gap struct{ From, To time.Time }

// NewAxis makes the axis of these moments.
func NewAxis(from time.Time, moments []time.Time, wide float64) Axis {
	moments = append([]time.Time{from}, moments...)
	slices.SortFunc(moments, time.Time.Compare)
	a := Axis{From: moments[0], To: moments[len(moments)-1], Wide: wide}
	if !a.To.After(a.From) {
		a.To = a.From.Add(time.Second)
	}
	whole := a.To.Sub(a.From)
	rest := whole
	for i := 1; i < len(moments); i++ {
		if d := moments[i].Sub(moments[i-1]); d > whole/4 && d < whole && len(a.Gaps) < 3 {
			a.Gaps = append(a.Gaps, Gap{moments[i-1], moments[i]})
			rest -= d
		}
	}
	a.unit = (1 - wide*float64(len(a.Gaps))) / float64(max(rest, 1))
	return a
}

// At is the place of a moment, held within the axis.
func (a Axis) At(t time.Time) float64 {
	if t.Before(a.From) {
		t = a.From
	}
	if t.After(a.To) {
		t = a.To
	}
	x, last := 0.0, a.From
	for _, g := range a.Gaps {
		if !t.After(g.From) {
			break
		}
		x += float64(g.From.Sub(last)) * a.unit
		if t.Before(g.To) {
			return x + a.Wide*float64(t.Sub(g.From))/float64(g.To.Sub(g.From))
		}
		x += a.Wide
		last = g.To
	}
	return x + float64(t.Sub(last))*a.unit
}

// Ticks are round times since the beginning that do not fall into a gap.
func (a Axis) Ticks() []time.Duration {
	busy := a.To.Sub(a.From)
	for _, g := range a.Gaps {
		busy -= g.To.Sub(g.From)
	}
	var out []time.Duration
	step := tickStep(busy)
	for t := time.Duration(0); t <= a.To.Sub(a.From); t += step {
		at := a.From.Add(t)
		i := slices.IndexFunc(a.Gaps, func(g Gap) bool { return at.After(g.From) && at.Before(g.To) })
		if i >= 0 {
			t = (a.Gaps[i].To.Sub(a.From) / step) * step // goes on behind the gap
			continue
		}
		if out = append(out, t); len(out) > 64 {
			break
		}
	}
	return out
}

// Ticks are four to eight round lengths of time within d.
func Ticks(d time.Duration) []time.Duration {
	var out []time.Duration
	for t, step := time.Duration(0), tickStep(d); t <= d && len(out) < 64; t += step {
		out = append(out, t)
	}
	return out
}

// TickLabel is what stands at a tick.
func TickLabel(d time.Duration) string {
	if d == 0 {
		return "0"
	}
	return review.Span(d)
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

// Axis is the axis of the lanes: of what happened, and of where they change.
func (l Lanes) Axis(wide float64) Axis {
	moments := make([]time.Time, 0, len(l.Dots)+1)
	for _, d := range l.Dots {
		moments = append(moments, d.Time)
	}
	if !l.To.IsZero() {
		moments = append(moments, l.To)
	}
	return NewAxis(l.From, moments, wide)
}

// Scale is the length of time that a drawing of the bars spans. A whole that
// dwarfs its parts is to be drawn broken off, so that the parts can be seen.
func (b Bars) Scale() (scale time.Duration, broken bool) {
	var part, whole time.Duration
	for _, r := range b.Rows {
		switch {
		case !r.Known:
		case r.Whole:
			whole = max(whole, r.Took)
		default:
			part = max(part, r.Took)
		}
	}
	if part > 0 && whole > 3*part {
		return part + part/4, true
	}
	return max(part, whole, 1), false
}
