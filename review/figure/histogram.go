package figure

import "time"

// Histogram is the chart of the evidence's events alone. From and To of Shade are
// the response.
type Histogram struct {
	ID       string
	Events   Counts
	From, To time.Time
}

// Draw draws the events over time, with the response as ground.
func (h Histogram) Draw(wide float64) Drawing {
	d := Drawing{ID: h.ID, Width: wide, Title: "Events of the evidence over time"}
	if len(h.Events.N) == 0 || !h.Events.To.After(h.Events.From) {
		return d
	}
	left := gutter - 24
	a := NewAxis([]time.Time{h.Events.From, h.Events.To}, left, wide-6)
	const top = 4.0
	axisY := top + densityRoom + 10
	if h.From.Before(h.Events.To) && h.To.After(h.Events.From) {
		x := a.At(h.From)
		d.rect(GroundInk(2), x, top, max(a.At(h.To)-x, 2), axisY-top-6, 0, "the response, from "+stamp(h.From)+" to "+stamp(h.To))
	}
	t := Timeline{Events: h.Events}
	t.density(&d, a, left, top)
	if d.Empty() {
		return d
	}
	d.axis(a, axisY-6, axisY+10)
	d.Height = axisY + 30
	return d
}
