package figure

import (
	"fmt"

	"firebreak/review"
)

// Share is a part of a whole.
type Share struct {
	Label string
	N     int
	Ink   Ink // Done, Skipped, Failed, Open, Unreached or Foreign
}

// Shares is one bar of parts.
type Shares struct {
	ID, Title string
	Parts     []Share
}

// Draw draws the parts as one bar, each with its number.
func (s Shares) Draw(wide float64) Drawing {
	d := Drawing{ID: s.ID, Width: wide, Title: s.Title}
	all := 0
	for _, p := range s.Parts {
		all += max(p.N, 0)
	}
	if all == 0 {
		return d
	}
	const high = 20.0
	x := 1.0
	d.Table.Head = []string{"", "Number"}
	for _, p := range s.Parts {
		if p.N <= 0 {
			continue
		}
		w := float64(p.N) / float64(all) * (wide - 2)
		says := fmt.Sprintf("%s %s", review.Grouped(int64(p.N)), p.Label)
		d.rect(p.Ink, x, 2, max(w-2, 1), high, 2, says)
		d.Keys = append(d.Keys, Key{Shape{Form: Rect, Ink: p.Ink, X: 1, Y: 1, W: 10, H: 10, R: 1}, says})
		d.Table.Rows = append(d.Table.Rows, []string{p.Label, review.Grouped(int64(p.N))})
		if d.About != "" {
			d.About += ", "
		}
		d.About += says
		x += w
	}
	d.About += "."
	d.Height = high + 4
	return d
}
