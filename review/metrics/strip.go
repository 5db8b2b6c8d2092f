package metrics

import (
	"strconv"
	"strings"

	"firebreak/internal/term"
)

// strip draws every value as a dot in one line; several in one place as their
// number.
func (p *page) strip(values []float64, sc scale, w int) string {
	cells := make([]int, w)
	for _, v := range values {
		cells[place(sc, v, w)]++
	}
	one := "•"
	if p.Plain {
		one = "o"
	}
	var b strings.Builder
	for _, n := range cells {
		switch {
		case n == 0:
			b.WriteByte(' ')
		case n == 1:
			b.WriteString(one)
		case n < 10:
			b.WriteString(strconv.Itoa(n))
		default:
			b.WriteByte('#')
		}
	}
	return b.String()
}

func place(sc scale, v float64, w int) int { return min(int(sc.at(v)*float64(w-1)+.5), w-1) }

// box draws the range as a line, the middle half as a thick one, and the median.
func (p *page) box(s Summary, sc scale, w int) string {
	thin, thick, left, right, mid := "─", "━", "├", "┤", "┃"
	if p.Plain {
		thin, thick, left, right, mid = "-", "=", "|", "|", "#"
	}
	cells := make([]string, w)
	for i := range cells {
		cells[i] = " "
	}
	at := func(v *float64) int { return place(sc, *v, w) }
	for i := at(s.Min); i <= at(s.Max); i++ {
		cells[i] = thin
	}
	cells[at(s.Min)], cells[at(s.Max)] = left, right
	for i := at(s.Q1); i <= at(s.Q3); i++ {
		cells[i] = thick
	}
	cells[at(s.Q1)], cells[at(s.Q3)] = "[", "]"
	cells[at(s.Median)] = mid
	return strings.Join(cells, "")
}

// axis writes round values over their places, as many as there is room for.
func (p *page) axis(sc scale, unit string, w int) string {
	line := []rune("  " + strings.Repeat(" ", w))
	free := 2
	for _, v := range sc.marks() {
		text := Show(unit, v)
		at := 2 + place(sc, v, w)
		if at+term.Width(text) > len(line) {
			at = len(line) - term.Width(text)
		}
		if at < free {
			continue
		}
		copy(line[at:], []rune(text))
		free = at + term.Width(text) + 2
	}
	return strings.TrimRight(string(line), " ")
}
