package figure

import (
	"fmt"
	"math"
	"time"

	"firebreak/review"
)

const densityRoom = 46.0

// density draws the evidence's events below the axis, on its scale. The root of
// their number keeps quiet stretches visible beside a flood.
func (t Timeline) density(d *Drawing, a Axis, left, top float64) {
	e := t.Events
	if len(e.N) == 0 || !e.To.After(e.From) {
		return
	}
	step := seconds(e.From, e.To) / float64(len(e.N))
	var most, outside int64
	type bar struct {
		from, to float64
		n        int64
	}
	var bars []bar
	for i, n := range e.N {
		if n <= 0 {
			continue
		}
		from, to := later(e.From, step*float64(i)), later(e.From, step*float64(i+1))
		if !to.After(a.From) || !from.Before(a.To) {
			outside += n
			continue
		}
		x1, x2 := a.At(from), a.At(to)
		// Several stretches in one place, where the axis is broken, are one bar.
		if k := len(bars) - 1; k >= 0 && (x2-x1 < 1.2 || x1-bars[k].from < 1.2) && x1-bars[k].from < 3 {
			bars[k].to, bars[k].n = x2, bars[k].n+n
		} else {
			bars = append(bars, bar{x1, x2, n})
		}
		most = max(most, bars[len(bars)-1].n)
	}
	if outside > 0 {
		d.Notes = append(d.Notes, review.Counted(outside, "event of the evidence lies", "events of the evidence lie")+" outside of the time that is drawn.")
	}
	if most == 0 {
		return
	}
	base := top + densityRoom
	d.text(Soft, left-8, top+11, End, Small, review.Grouped(most))
	d.text(Soft, left-8, top+27, End, Small, "events")
	d.text(Soft, left-8, base, End, Small, "0")
	d.line(Grid, left, top+4, a.right+edge, top+4)
	for _, b := range bars {
		h := max(math.Sqrt(float64(b.n)/float64(most))*(densityRoom-4), 1.5)
		d.rect(Density, b.from+.3, base-h, max(b.to-b.from-.6, .8), h, 0, review.Counted(b.n, "event", "events"))
	}
	d.line(Frame, left, base, a.right+edge, base)
	d.Height = base + 8
	d.Notes = append(d.Notes, fmt.Sprintf("Events of the evidence, at most %s in one place, drawn by the root of their number.", review.Grouped(most)))
}

func later(t time.Time, seconds float64) time.Time {
	whole, part := math.Modf(seconds)
	return time.Unix(t.Unix()+int64(whole), int64(t.Nanosecond())+int64(part*1e9)).UTC()
}
