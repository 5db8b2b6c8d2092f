package figure

import (
	"fmt"
	"time"

	"firebreak/review"
)

// Phases is the bar of phases.
type Phases struct {
	ID        string
	Stretches []Stretch
	Until     time.Time // where a stretch without an end is cut off
}

// Draw draws one bar with a piece for each stretch of time spent in a phase, and
// below it the phases with how long they took in all.
func (p Phases) Draw(wide float64) Drawing {
	d := Drawing{ID: p.ID, Width: wide, Title: "Phases of the response and how long they took"}
	if len(p.Stretches) == 0 {
		return d
	}
	var moments []time.Time
	for _, s := range p.Stretches {
		moments = append(moments, s.From, s.To)
	}
	last := p.Stretches[len(p.Stretches)-1]
	if last.To.IsZero() {
		moments = append(moments, latest(p.Until, last.From))
	}
	a := newAxis(moments, 0, wide, 0)
	const top, high = 8.0, 26.0
	total, visits := map[int]time.Duration{}, map[int]int{}
	open := -1
	var labels []label
	for i, s := range p.Stretches {
		to := s.To
		if to.IsZero() {
			to, open = latest(p.Until, s.From), s.Phase
		}
		took := to.Sub(s.From)
		total[s.Phase] += took
		visits[s.Phase]++
		x1, x2 := a.At(s.From), a.At(to)
		tip := fmt.Sprintf("%s from %s to %s, %s", s.Name, stamp(s.From), stamp(to), review.Span(took))
		d.rect(PhaseInk(s.Phase), x1+.5, top, max(x2-x1-1, 2), high, 2, tip)
		full, number := oneLine(s.Name)+" "+review.Span(took), fmt.Sprint(s.Phase)
		for j := range a.Breaks { // words keep to the part before a break
			if x := a.gap(j); x >= x1 && x < x2 {
				x2 = max(x, x1+2)
				break
			}
		}
		switch room := x2 - x1 - 10; {
		case Width(full, Small) <= room:
			d.text(Light, (x1+x2)/2, top+17, Middle, Small, full)
		case Width(number, Small) <= room+4:
			d.text(Light, (x1+x2)/2, top+17, Middle, Small, number)
			fallthrough
		default:
			labels = append(labels, label{x: (x1 + x2) / 2, text: full, weight: int(took / time.Second), order: i})
		}
	}
	d.breaks(a, top-5, top+high+5)
	d.breakWords(a, top+17)
	spots := place(labels, 2, wide-2, 4, Small)
	d.label(spots, top+high+8, 1)
	y := top + high + 12 + float64(depth(spots))*rowHeight
	d.axis(a, y, y+16)
	d.Height = y + 36
	p.say(&d, total, visits, open, a)
	return d
}

func (p Phases) say(d *Drawing, total map[int]time.Duration, visits map[int]int, open int, a Axis) {
	d.Table.Head = []string{"Phase", "Time in it", "Entered", "First entered (UTC)"}
	said := map[int]bool{}
	for _, s := range p.Stretches {
		if said[s.Phase] {
			continue
		}
		said[s.Phase] = true
		long := review.Span(total[s.Phase])
		if s.Phase == open {
			long += ", and going on"
		}
		d.Table.Rows = append(d.Table.Rows, []string{s.Name, long, review.Counted(int64(visits[s.Phase]), "time", "times"), stamp(s.From)})
		if d.About != "" {
			d.About += ", "
		}
		d.About += s.Name + " " + long
	}
	d.About = "Time in each phase: " + d.About + "."
	d.Notes = breakNotes(a)
}
