package figure

import (
	"cmp"
	"slices"
)

// label wants a place near X for its words.
type label struct {
	x      float64
	text   string
	weight int // the heavier one is placed first
	order  int // the earlier one, of equal weight
}

// spot is the place a label got: a row, counted from the lane outwards, and where
// its words begin.
type spot struct {
	label
	row  int
	from float64
}

type interval struct{ from, to float64 }

func (i interval) meets(j interval) bool { return i.from < j.to && j.from < i.to }

// place puts labels into rows so that no words lie on other words. At first the line
// that leads to a label keeps away from words too; what finds no place so may have
// its line pass behind them, which then have a rim. What finds no place at all is
// left out; words are cut for what nearly does.
func place(labels []label, left, right float64, rows int, size float64) []spot {
	slices.SortStableFunc(labels, func(a, b label) int {
		if c := cmp.Compare(b.weight, a.weight); c != 0 {
			return c
		}
		return cmp.Compare(a.order, b.order)
	})
	p := &placing{left: left, right: right, size: size, words: make([][]interval, rows), leads: make([][]float64, rows)}
	p.widest = min(max((right-left)*float64(rows)*.7/float64(min(max(len(labels), 1), 20)), 110), 250)
	var rest []label
	for _, l := range labels {
		if !p.put(l, true) {
			rest = append(rest, l)
		}
	}
	for _, l := range rest[:min(len(rest), 200)] {
		p.put(l, false)
	}
	return p.out
}

type placing struct {
	left, right, size, widest float64

	words [][]interval // by row
	leads [][]float64  // lines that pass through a row
	out   []spot
}

func (p *placing) put(l label, strict bool) bool {
	text := fit(l.text, p.size, p.widest)
	if text == "" {
		return true // no words, no place
	}
	for row := range p.words {
		if strict && p.blocked(l.x, row) {
			return false // and in each row behind it
		}
		s, ok := p.squeeze(l, text, row, strict)
		if !ok {
			continue
		}
		s.row = row
		p.out = append(p.out, s)
		p.words[row] = append(p.words[row], interval{s.from - air, s.from + Width(s.text, p.size) + air})
		for inner := range row {
			p.leads[inner] = append(p.leads[inner], l.x)
		}
		return true
	}
	return false
}

// blocked says whether words lie on the way to a row.
func (p *placing) blocked(x float64, row int) bool {
	return row > 0 && slices.ContainsFunc(p.words[row-1], func(t interval) bool { return t.from-2 < x && x < t.to+2 })
}

const (
	air   = 5.0  // between words
	least = 56.0 // that cut words take
)

// squeeze finds a place within one row: to the right of the mark, to its left, or
// with fewer words to the right.
func (p *placing) squeeze(l label, text string, row int, strict bool) (spot, bool) {
	free := func(from, to float64) bool {
		if from < p.left || to > p.right || slices.ContainsFunc(p.words[row], interval{from, to}.meets) {
			return false
		}
		return !strict || !slices.ContainsFunc(p.leads[row], func(x float64) bool { return x > from-air && x < to+air })
	}
	w := Width(text, p.size)
	for _, from := range []float64{l.x - 2, l.x - w + 2} {
		if free(from, from+w) {
			return spot{label: label{x: l.x, text: text}, from: from}, true
		}
	}
	if !strict {
		return spot{}, false
	}
	for room := w - 12; room >= least; room -= 12 {
		if short := fit(text, p.size, room); short != "" && free(l.x-2, l.x-2+Width(short, p.size)) {
			return spot{label: label{x: l.x, text: short}, from: l.x - 2}, true
		}
	}
	return spot{}, false
}
