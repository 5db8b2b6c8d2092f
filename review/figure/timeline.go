package figure

import (
	"fmt"
	"time"

	"firebreak/review"
)

// Side says whose act a mark stands for.
type Side int

// The sides.
const (
	Responders Side = iota
	Attacker
	System
)

// String is the side in a word.
func (s Side) String() string {
	return [...]string{"responders", "attacker", "system"}[min(max(int(s), 0), 2)]
}

// Mark is something that happened. Found is when the responders learned of it,
// where that is another moment. Of the words of two marks that want one place, the
// heavier mark's are shown.
type Mark struct {
	At, Found time.Time
	Side      Side
	Kind      Ink // Attack, Act, Change, Machine or Bad
	Ref, Text string
	Weight    int
}

// Stretch is a time spent in one phase; one without To goes on.
type Stretch struct {
	Phase    int // 1 to 5
	Name     string
	From, To time.Time
}

// Counts are events of the evidence in equal stretches of time.
type Counts struct {
	From, To time.Time
	N        []int64
}

// Timeline is what the timeline shows.
type Timeline struct {
	ID     string
	Marks  []Mark
	Phases []Stretch
	Events Counts
	Until  time.Time // the end of the last phase, when it has none
}

const (
	gutter    = 84.0
	rowHeight = 16.0
	laneRows  = 7 // of words, on either side
	bandRoom  = 26.0
)

// Draw draws the acts of both sides over one axis of time, with lines from what the
// attacker did to its discovery, the phases as ground, and the evidence's events
// below.
func (t Timeline) Draw(wide float64) Drawing {
	d := Drawing{ID: t.ID, Width: wide, Title: "Timeline of attacker and responders"}
	var moments []time.Time
	marks := make([]Mark, 0, len(t.Marks))
	undated := 0
	for _, m := range t.Marks {
		if m.At.IsZero() {
			undated++
			continue
		}
		marks = append(marks, m)
		moments = append(moments, m.At, m.Found)
	}
	if len(marks) == 0 {
		return d
	}
	for _, p := range t.Phases {
		moments = append(moments, p.From, p.To)
	}
	a := NewAxis(moments, gutter, wide-6)
	theirs, ours := t.words(marks, a, wide)
	above, below := depth(theirs), depth(ours)
	const top = 22.0
	attackY := top + float64(above)*rowHeight + bandRoom/2 + 6
	actY := attackY + bandRoom + 34
	bottom := actY + bandRoom/2 + 6 + float64(below)*rowHeight
	t.ground(&d, a, top-18, bottom)
	d.breaks(a, top, bottom)
	d.lanes(marks, attackY, actY, wide)
	t.discoveries(&d, marks, a, attackY, actY)
	d.breakWords(a, (attackY+actY)/2)
	d.label(theirs, attackY-bandRoom/2-2, -1)
	d.label(ours, actY+bandRoom/2+2, 1)
	d.marks(marks, a, attackY, actY)
	axisY := bottom + 18
	d.axis(a, bottom, axisY)
	d.Height = axisY + 32
	t.density(&d, a, gutter, axisY+24)
	t.say(&d, marks, len(theirs)+len(ours), undated, a)
	return d
}

// words chooses and places the words of both sides.
func (t Timeline) words(marks []Mark, a Axis, wide float64) (theirs, ours []spot) {
	var above, below []label
	for i, m := range marks {
		l := label{x: a.At(m.At), text: m.Text, weight: m.Weight, order: i}
		if m.Side == Attacker {
			above = append(above, l)
		} else {
			below = append(below, l)
		}
	}
	return place(above, gutter, wide-4, laneRows, Small), place(below, gutter, wide-4, laneRows, Small)
}

func depth(spots []spot) int {
	n := 0
	for _, s := range spots {
		n = max(n, s.row+1)
	}
	return n
}

// label draws words and the lines to them; way is -1 upwards and 1 downwards.
func (d *Drawing) label(spots []spot, from float64, way int) {
	for _, s := range spots {
		y := from + float64(way)*float64(s.row)*rowHeight
		d.line(Leader, s.x, from-float64(way)*4, s.x, y+map[int]float64{-1: -3, 1: 4}[way])
	}
	for _, s := range spots {
		y := from + float64(way)*float64(s.row)*rowHeight
		d.text(Rimmed, s.from+2, y+map[int]float64{-1: -4, 1: 12}[way], Start, Small, s.text)
	}
}

// lanes draws the two lines and their names: that of the attacker holds events too
// of which nobody has said whose act they are.
func (d *Drawing) lanes(marks []Mark, attackY, actY, wide float64) {
	of := map[Ink]bool{}
	for _, m := range marks {
		of[m.Kind] = true
	}
	upper := "attacker"
	if of[Event] && !of[Attack] {
		upper = "evidence"
	}
	if of[Event] && of[Attack] {
		d.text(Soft, gutter-8, attackY+18, End, Small, "and evidence")
	}
	for _, l := range []struct {
		name string
		y    float64
	}{{upper, attackY}, {"responders", actY}} {
		d.line(Frame, gutter, l.y, wide-6, l.y)
		d.text(Strong, gutter-8, l.y+4, End, Body, l.name)
	}
}

// ground tints the phases and names those that have room for their name.
func (t Timeline) ground(d *Drawing, a Axis, top, bottom float64) {
	free := 0.0
	for _, p := range t.Phases {
		to := p.To
		if to.IsZero() {
			to = latest(t.Until, a.To)
		}
		x1, x2 := a.At(p.From), a.At(to)
		tip := p.Name + " from " + stamp(p.From)
		if !p.To.IsZero() {
			tip += ", " + review.Span(p.To.Sub(p.From))
		}
		d.rect(GroundInk(p.Phase), x1, top, max(x2-x1, 1), bottom-top, 0, tip)
		d.rect(PhaseInk(p.Phase), x1, top, max(x2-x1, 1), 3, 0, "")
		if w := Width(oneLine(p.Name), Small) + 6; x2-x1 >= w && x1 >= free {
			d.text(Soft, x1+3, top+14, Start, Small, p.Name)
			free = x1 + w
		}
	}
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// discoveries draws a line from what happened to the moment it was found.
func (t Timeline) discoveries(d *Drawing, marks []Mark, a Axis, attackY, actY float64) {
	drawn := map[[2]int]bool{}
	ink := Link
	if len(marks) > 60 {
		ink = Faint
	}
	for _, m := range marks {
		if m.Found.IsZero() || m.Found.Equal(m.At) {
			continue
		}
		from := actY
		if m.Side == Attacker {
			from = attackY
		}
		x1, x2 := a.At(m.At), a.At(m.Found)
		key := [2]int{int(x1), int(x2)}
		if drawn[key] {
			continue // it would lie on another
		}
		drawn[key] = true
		d.add(Shape{
			Form: Line, Ink: ink, X: x1, Y: from, W: x2 - x1, H: actY - 12 - from,
			Tip: fmt.Sprintf("%s %s, found %s, %s", m.Ref, oneLine(m.Text), stamp(m.Found), between(m.At, m.Found)),
		})
		d.add(mark(Found, x2, actY-12, "found "+stamp(m.Found)))
	}
}

// marks draws the marks; those of one moment are spread so that none hides another,
// as far as there is room, and are counted where there is none.
func (d *Drawing) marks(marks []Mark, a Axis, attackY, actY float64) {
	type where struct {
		y, x int
		kind Ink
	}
	placed, at := map[where]int{}, map[[2]int]int{}
	hidden := 0
	for _, m := range marks {
		x, y := a.At(m.At), actY
		if m.Side == Attacker {
			y = attackY
		}
		w := where{int(y), int(x / 6), m.Kind}
		if placed[w]++; placed[w] > 3 {
			hidden++
			continue
		}
		key := [2]int{int(y), int(x / 8)}
		n := at[key]
		at[key]++
		y += []float64{0, -6, 6, -3, 3}[n%5]
		d.add(mark(m.Kind, x, y, m.Ref+" "+stamp(m.At)+": "+oneLine(m.Text)))
	}
	if hidden > 0 {
		d.Notes = append(d.Notes, review.Counted(int64(hidden), "mark lies", "marks lie")+" below others of one kind and moment; the table has all of them.")
	}
}

// axis draws the axis with its times.
func (d *Drawing) axis(a Axis, top, y float64) {
	d.line(Frame, a.left-edge, top, a.right+edge, top)
	for _, k := range a.Ticks() {
		d.line(Frame, k.X, top, k.X, top+4)
		within := func(words string) float64 {
			half := Width(words, Small)/2 + 2
			return min(max(k.X, half), d.Width-half)
		}
		d.text(Soft, within(k.Label), y, Middle, Small, k.Label)
		if k.Day != "" {
			d.text(Soft, within(k.Day), y+13, Middle, Small, k.Day)
		}
	}
}

// say writes what is to be seen, the legend and the notes.
func (t Timeline) say(d *Drawing, marks []Mark, labelled, undated int, a Axis) {
	sides, found, kinds := map[Side]int{}, 0, map[Ink]bool{}
	for _, m := range marks {
		sides[m.Side]++
		kinds[m.Kind] = true
		if !m.Found.IsZero() && !m.Found.Equal(m.At) {
			found++
			kinds[Found] = true
		}
	}
	d.About = fmt.Sprintf("From %s to %s, in UTC: %s and %s, over one axis of time.", stamp(a.From), stamp(a.To),
		review.Counted(int64(sides[Attacker]), "act of the attacker", "acts of the attacker"),
		review.Counted(int64(len(marks)-sides[Attacker]), "act of the response", "acts of the response"))
	if found > 0 {
		d.About += fmt.Sprintf(" %s to when it was found.", review.Counted(int64(found), "line leads from what happened", "lines lead from what happened"))
	}
	for _, k := range []struct {
		ink   Ink
		means string
	}{
		{Attack, "act of the attacker"},
		{Event, "event of the evidence"},
		{Act, "act of a responder"},
		{Change, "action on an outside system"},
		{Machine, "done by a program"},
		{Bad, "failure or unknown outcome"},
		{Found, "when it was found"},
	} {
		if kinds[k.ink] {
			d.Keys = append(d.Keys, Key{mark(k.ink, 6, 6, ""), k.means})
		}
	}
	d.Notes = append(d.Notes, breakNotes(a)...)
	if n := len(marks) - labelled; n > 0 {
		d.Notes = append(d.Notes, fmt.Sprintf("%d of %d marks have words, those of most weight; the table has all of them.", labelled, len(marks)))
	}
	if undated > 0 {
		d.Notes = append(d.Notes, review.Counted(int64(undated), "mark has no time and is not drawn.", "marks have no time and are not drawn."))
	}
	d.Table.Head = []string{"Time (UTC)", "Found (UTC)", "Side", "Reference", "What"}
	for _, m := range t.Marks {
		row := []string{"no time", "", m.Side.String(), m.Ref, m.Text}
		if !m.At.IsZero() {
			row[0] = stamp(m.At)
		}
		if !m.Found.IsZero() && !m.Found.Equal(m.At) {
			row[1] = stamp(m.Found)
		}
		d.Table.Rows = append(d.Table.Rows, row)
	}
}
