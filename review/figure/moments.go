package figure

import (
	"time"

	"firebreak/review"
)

// Moment is a point of the incident's own history. Why says what is known of it,
// or why it is not known.
type Moment struct {
	Name string
	At   time.Time
	Why  string
}

// Moments is the strip from occurred to recovered.
type Moments struct {
	ID   string
	Rows []Moment
}

// Draw draws the moments in their order, not to scale, with the time between
// those that are known. Where there is little room it runs downwards.
func (m Moments) Draw(wide float64) Drawing {
	d := Drawing{ID: m.ID, Width: wide, Title: "From the first act of the attacker to recovery"}
	if len(m.Rows) == 0 {
		return d
	}
	if down := wide < 560; down {
		m.down(&d)
	} else {
		m.across(&d, wide)
	}
	d.Notes = []string{"Not to scale."}
	d.Table.Head = []string{"Moment", "Time (UTC)", "How that is known"}
	known, last := 0, time.Time{}
	for _, r := range m.Rows {
		row := []string{r.Name, "unknown", r.Why}
		if !r.At.IsZero() {
			row[1] = stamp(r.At)
			known++
			if d.About != "" {
				d.About += ", then "
			}
			d.About += r.Name
			if !last.IsZero() {
				d.About += " " + between(last, r.At)
			}
			last = r.At
		}
		d.Table.Rows = append(d.Table.Rows, row)
	}
	d.About += "."
	if known == 0 {
		d.About = "No moment is known."
	}
	if known < len(m.Rows) {
		d.Keys = []Key{{mark(Node, 6, 6, ""), "known"}, {Shape{Form: Circle, Ink: Hollow, X: 6, Y: 6, R: 4.5}, "unknown"}}
	}
	return d
}

// between says how much later one moment was, or that it was not.
func between(from, to time.Time) string {
	if to.Before(from) {
		return review.Span(from.Sub(to)) + " earlier"
	}
	return review.Span(to.Sub(from)) + " later"
}

func (m Moments) node(d *Drawing, r Moment, x, y float64) {
	if r.At.IsZero() {
		d.add(Shape{Form: Circle, Ink: Hollow, X: x, Y: y, R: 6, Tip: r.Name + ": unknown. " + r.Why})
		return
	}
	d.add(Shape{Form: Circle, Ink: Node, X: x, Y: y, R: 6, Tip: r.Name + " " + stamp(r.At)})
}

func date(t time.Time) (day, clock string) {
	return t.UTC().Format("2006-01-02"), t.UTC().Format("15:04:05Z")
}

func (m Moments) across(d *Drawing, wide float64) {
	pitch := wide / float64(len(m.Rows))
	const y = 46.0
	lastX, last := 0.0, time.Time{}
	for i, r := range m.Rows {
		x := pitch * (float64(i) + .5)
		if i > 0 {
			ink := Grid
			if !r.At.IsZero() && !m.Rows[i-1].At.IsZero() {
				ink = Frame
			}
			d.line(ink, x-pitch+9, y, x-9, y)
		}
		m.node(d, r, x, y)
		d.text(Strong, x, y-26, Middle, Body, fit(r.Name, Body, pitch-6))
		if r.At.IsZero() {
			d.text(Soft, x, y+24, Middle, Small, "unknown")
			continue
		}
		day, clock := date(r.At)
		d.text(Words, x, y+24, Middle, Small, day)
		d.text(Words, x, y+38, Middle, Small, clock)
		if !last.IsZero() && !r.At.Equal(last) {
			words := review.Span(r.At.Sub(last))
			d.text(Soft, (x+lastX)/2, y-7, Middle, Small, fit(words, Small, x-lastX-16))
		}
		last, lastX = r.At, x
	}
	d.Height = y + 48
}

func (m Moments) down(d *Drawing) {
	const x, pitch = 14.0, 52.0
	last := time.Time{}
	for i, r := range m.Rows {
		y := 16 + pitch*float64(i)
		if i > 0 {
			ink := Grid
			if !r.At.IsZero() && !m.Rows[i-1].At.IsZero() {
				ink = Frame
			}
			d.line(ink, x, y-pitch+9, x, y-9)
		}
		m.node(d, r, x, y)
		d.text(Strong, x+18, y+4, Start, Body, fit(r.Name, Body, d.Width-x-20))
		if r.At.IsZero() {
			d.text(Soft, x+18, y+19, Start, Small, "unknown")
			continue
		}
		day, clock := date(r.At)
		words := day + " " + clock
		if !last.IsZero() && !r.At.Equal(last) {
			words += ", " + between(last, r.At)
		}
		d.text(Words, x+18, y+19, Start, Small, fit(words, Small, d.Width-x-20))
		last = r.At
	}
	d.Height = 16 + pitch*float64(len(m.Rows)) - 22
}
