package figure

import (
	"time"

	"firebreak/review"
)

// Bar is a length of time from the opening on. One that is not known has a Reason.
type Bar struct {
	Label  string
	Took   time.Duration
	Shown  string
	Known  bool
	Reason string
	Phase  int  // for its colour
	Whole  bool // of which the others are parts
}

// Bars is the chart of how long the parts of the response took.
type Bars struct {
	ID   string
	Rows []Bar
}

// Draw draws the known lengths as bars and the unknown ones as empty outlines. A
// whole that dwarfs its parts is drawn broken off, so that the parts can be seen.
func (c Bars) Draw(wide float64) Drawing {
	d := Drawing{ID: c.ID, Width: wide, Title: "How long each part of the response took, from the opening on"}
	var part, whole time.Duration
	for _, r := range c.Rows {
		switch {
		case !r.Known:
		case r.Whole:
			whole = max(whole, r.Took)
		default:
			part = max(part, r.Took)
		}
	}
	scale := max(part, whole)
	if scale <= 0 {
		return d
	}
	broken := part > 0 && whole > 3*part
	if broken {
		scale = part + part/4
		d.Notes = []string{"A bar with a zigzag is longer than there is room for."}
	}
	left, pitch, high := 120.0, 26.0, 14.0
	if wide < 560 {
		left, pitch = 4, 42
	}
	const after = 96.0 // for the words behind a bar
	unit := (wide - left - after) / scale.Seconds()
	bottom := 10 + pitch*float64(len(c.Rows))
	for _, t := range lengths(scale, int((wide-left-after)/70)) {
		x := left + t.Seconds()*unit
		d.line(Grid, x, 6, x, bottom)
		label := "0"
		if t > 0 {
			label = review.Span(t)
		}
		d.text(Soft, x, bottom+14, Middle, Small, label)
	}
	d.Table.Head = []string{"", "Took"}
	for i, r := range c.Rows {
		y := 10 + pitch*float64(i)
		if left < 10 {
			d.text(Strong, left, y+8, Start, Body, r.Label)
			y += 13
		} else {
			d.text(Strong, left-10, y+11, End, Body, r.Label)
		}
		if d.About != "" {
			d.About += ", "
		}
		if !r.Known {
			d.rect(Hollow, left, y, 70, high, 3, r.Reason)
			d.text(Soft, left+78, y+11, Start, Small, fit("unknown: "+r.Reason, Small, wide-left-82))
			d.About += r.Label + " unknown"
			d.Table.Rows = append(d.Table.Rows, []string{r.Label, "unknown: " + r.Reason})
			continue
		}
		w := min(max(r.Took.Seconds()*unit, 2), wide-left-after)
		d.rect(PhaseInk(r.Phase), left, y, w, high, 3, r.Label+" "+r.Shown)
		if broken && r.Whole {
			x := left + w - 26
			for _, dx := range []float64{0, 7} {
				d.add(Shape{Form: Path, Ink: GapEdge, Points: []Point{{x + dx, y - 2}, {x + dx + 4, y + 4}, {x + dx, y + 9}, {x + dx + 4, y + 16}}})
			}
		}
		d.text(Words, left+w+6, y+11, Start, Small, r.Shown)
		d.About += r.Label + " " + r.Shown
		d.Table.Rows = append(d.Table.Rows, []string{r.Label, r.Shown})
	}
	d.About += "."
	d.Height = bottom + 22
	return d
}

// lengths are some round lengths of time within d, at most n but for zero.
func lengths(d time.Duration, n int) []time.Duration {
	step := steps[len(steps)-1]
	for _, s := range steps {
		if d/s <= time.Duration(max(n, 1)) {
			step = s
			break
		}
	}
	if d < steps[0]*2 { // less than two seconds
		step = max(d/4, 1)
	}
	var out []time.Duration
	for t := time.Duration(0); t <= d && len(out) < 20; t += step {
		out = append(out, t)
	}
	return out
}
