package figure

import (
	"fmt"
	"time"

	"firebreak/review"
)

// Clock is a deadline. Start, Due and Met may be missing; Says is its state in
// words, made here when it is empty.
type Clock struct {
	Name            string
	Start, Due, Met time.Time
	Says            string
}

// Clocks is the chart of deadlines.
type Clocks struct {
	ID   string
	Rows []Clock
	Now  time.Time // where the bar of an open one ends
}

// The states of a deadline.
const (
	ClockMet     = "met"
	ClockLate    = "met late"
	ClockOpen    = "open"
	ClockOverdue = "overdue"
	ClockWaits   = "not started"
	ClockNoDate  = "no fixed date"
)

// State is what became of a deadline by then.
func (c Clock) State(now time.Time) string {
	switch {
	case c.Start.IsZero():
		return ClockWaits
	case c.Due.IsZero() && !c.Met.IsZero():
		return ClockMet
	case c.Due.IsZero():
		return ClockNoDate
	case !c.Met.IsZero() && c.Met.After(c.Due):
		return ClockLate
	case !c.Met.IsZero():
		return ClockMet
	case now.After(c.Due):
		return ClockOverdue
	}
	return ClockOpen
}

// Words are the state and by how much.
func (c Clock) Words(now time.Time) string {
	if c.Says != "" {
		return c.Says
	}
	state := c.State(now)
	switch state {
	case ClockMet:
		if !c.Due.IsZero() {
			return "met, " + review.Span(c.Due.Sub(c.Met)) + " before it was due"
		}
	case ClockLate:
		return "met late, by " + review.Span(c.Met.Sub(c.Due))
	case ClockOpen:
		return "open, " + review.Span(c.Due.Sub(now)) + " left"
	case ClockOverdue:
		return "overdue by " + review.Span(now.Sub(c.Due)) + ", not met"
	}
	return state
}

// Draw draws for each deadline a bar from its start to when it was due, all of one
// length, with how much of it was used and the moment it was met.
func (c Clocks) Draw(wide float64) Drawing {
	d := Drawing{ID: c.ID, Width: wide, Title: "Deadlines and when they were met"}
	if len(c.Rows) == 0 {
		return d
	}
	const high = 14.0
	beside := wide >= 560 // the name stands beside the bar, or above it
	left, pitch := 4.0, 66.0
	if beside {
		left, pitch = 214, 46
	}
	// A third of the bar's length is kept for what came too late.
	long := (wide - left - 14) / 1.34
	due := left + long
	counts := map[string]int{}
	y := 20.0
	d.text(Soft, left, 10, Start, Small, "start")
	d.text(Soft, due, 10, Middle, Small, "due")
	for _, r := range c.Rows {
		state := r.State(c.Now)
		counts[state]++
		name, says := r.Name, r.Words(c.Now)
		if beside {
			d.text(Strong, left-12, y+11, End, Body, fit(name, Body, left-18))
		} else {
			d.text(Strong, left, y+11, Start, Body, fit(name, Body, wide-8))
			y += 20
		}
		c.bar(&d, r, state, left, y, long, high)
		d.text(Words, left, y+high+13, Start, Small, fit(says+c.when(r), Small, wide-left-8))
		if beside {
			y += pitch
		} else {
			y += pitch - 20
		}
	}
	d.Height = y
	c.say(&d, counts)
	return d
}

func (c Clocks) when(r Clock) string {
	if r.Due.IsZero() {
		return ""
	}
	return "; due " + r.Due.UTC().Format("2006-01-02 15:04Z")
}

// bar draws the track and what was used of it.
func (c Clocks) bar(d *Drawing, r Clock, state string, left, y, long, high float64) {
	tip := r.Name + ": " + r.Words(c.Now)
	if state == ClockWaits || state == ClockNoDate {
		d.rect(Hollow, left, y, long, high, 3, tip)
		return
	}
	if r.Due.IsZero() {
		d.rect(Used, left, y, long, high, 3, tip)
		return
	}
	until := r.Met
	if until.IsZero() {
		until = c.Now
	}
	share := 0.0
	if whole := seconds(r.Start, r.Due); whole > 0 {
		share = seconds(r.Start, until) / whole
	} else if until.After(r.Due) {
		share = 2
	}
	share = min(max(share, 0), 1e6)
	d.rect(Track, left, y, long, high, 3, tip)
	d.rect(Used, left, y, max(min(share, 1)*long, 2), high, 3, tip)
	end := left + min(share, 1)*long
	if share > 1 {
		end = left + min(share, 1.3)*long
		d.rect(Over, left+long, y, max(end-left-long, 3), high, 0, tip)
		if share > 1.3 { // more than there is room for
			d.add(Shape{Form: Path, Ink: GapEdge, Points: []Point{{end - 9, y - 2}, {end - 5, y + high/3}, {end - 9, y + high*2/3}, {end - 5, y + high + 2}}})
		}
	}
	d.line(Due, left+long, y-4, left+long, y+high+3)
	if !r.Met.IsZero() {
		ink := Node
		if share > 1 {
			ink = Bad
		}
		d.add(mark(ink, min(max(end, left+5), left+1.32*long), y+high/2, "met "+stamp(r.Met)))
	}
}

func (c Clocks) say(d *Drawing, counts map[string]int) {
	d.About = review.Counted(int64(len(c.Rows)), "deadline", "deadlines") + ": "
	first := true
	for _, s := range []string{ClockMet, ClockLate, ClockOpen, ClockOverdue, ClockNoDate, ClockWaits} {
		if n := counts[s]; n > 0 {
			if !first {
				d.About += ", "
			}
			first = false
			d.About += fmt.Sprintf("%d %s", n, s)
		}
	}
	d.About += "."
	d.Keys = []Key{
		{Shape{Form: Rect, Ink: Used, X: 1, Y: 2, W: 10, H: 8}, "time used"},
		{Shape{Form: Rect, Ink: Track, X: 1, Y: 2, W: 10, H: 8}, "time left"},
	}
	if counts[ClockLate]+counts[ClockOverdue] > 0 {
		d.Keys = append(d.Keys, Key{Shape{Form: Rect, Ink: Over, X: 1, Y: 2, W: 10, H: 8}, "beyond the deadline"})
	}
	if counts[ClockMet] > 0 {
		d.Keys = append(d.Keys, Key{mark(Node, 6, 6, ""), "met"})
	}
	if counts[ClockLate] > 0 {
		d.Keys = append(d.Keys, Key{mark(Bad, 6, 6, ""), "met late"})
	}
	d.Notes = []string{"Each bar is as long as its own deadline."}
	d.Table.Head = []string{"Deadline", "State", "Start (UTC)", "Due (UTC)", "Met (UTC)"}
	for _, r := range c.Rows {
		row := []string{r.Name, r.Words(c.Now)}
		for _, t := range []time.Time{r.Start, r.Due, r.Met} {
			shown := ""
			if !t.IsZero() {
				shown = stamp(t)
			}
			row = append(row, shown)
		}
		d.Table.Rows = append(d.Table.Rows, row)
	}
}
