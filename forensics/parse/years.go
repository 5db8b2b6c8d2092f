package parse

import "time"

// years gives the year to dates that have none. Lines are taken to be in order
// of time; a step back of more than 45 days is the turn of a year, a smaller
// one is disorder. Two lines around New Year in the wrong order are seen.
type years struct {
	year   int // of the last line
	prev   int // month*31+day of the last line, 0 before the first
	turns  int
	first  int // month*31+day
	leapAt int // turns at the first 29 February, -1 without one
	basis  string
}

const (
	stepBack = 45
	yearDays = 12 * 31
)

func dayNumber(mon, day int) int { return (mon-1)*31 + day }

// step notes a date and says by how many years it is off the running one.
func (y *years) step(mon, day int) int {
	d := dayNumber(mon, day)
	if y.prev == 0 {
		y.first, y.leapAt = d, -1
	}
	off := 0
	switch {
	case y.prev == 0:
	case y.prev <= 2 && d >= yearDays-1: // 30 December behind 2 January
		return -1
	case y.prev-d > stepBack:
		y.turns++
		y.year++
	}
	if mon == 2 && day == 29 && y.leapAt < 0 {
		y.leapAt = y.turns
	}
	y.prev = d
	return off
}

// settle sets the year of the first line: given, or counted so that the last
// line is not after bound, and that 29 February exists.
func (y *years) settle(given int, bound time.Time, last, turns, leapAt int, how string) {
	switch {
	case given > 0:
		y.year, y.basis = given, "given"
	default:
		end := bound.Year()
		if b := bound.AddDate(0, 0, 2); dayNumber(int(b.Month()), b.Day()) < last && b.Year() == end {
			end--
		} else if b.Year() > end && dayNumber(int(b.Month()), b.Day()) >= last {
			end++
		}
		y.year, y.basis = end-turns, how
	}
	if leapAt >= 0 {
		for n := 0; n < 8 && !leap(y.year+leapAt); n++ {
			y.year--
		}
		y.basis += ", 29 February"
	}
}
