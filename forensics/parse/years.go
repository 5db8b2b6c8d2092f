package parse

import (
	"fmt"
	"io"
	"strconv"
	"time"
)

// years gives the year to dates that have none. Lines are taken to be in order
// of time; a step back of more than 45 days is the turn of a year, a smaller
// one is disorder. Two lines around New Year in the wrong order are seen.
type years struct {
	year    int // of the last line
	prev    int // month*31+day of the last line, 0 before the first
	turns   int
	first   int // month*31+day
	leapAt  int // turns at the first 29 February, -1 without one
	basis   string
	assumed string // the text for the event, for year
	textFor int
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

// of is the year of a date, in the order of the lines.
func (y *years) of(mon, day int) int {
	off := y.step(mon, day)
	return y.year + off
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

// text says what was assumed, for the event.
func (y *years) text(year int, zone string) string {
	if y.textFor != year {
		y.textFor, y.assumed = year, "year "+strconv.Itoa(year)+" ("+y.basis+"), "+zone
	}
	return y.assumed
}

// bound is the latest moment that a line can have, and its name.
func (j *job) bound() (time.Time, string) {
	at, name := j.src.Collected, "from collection time"
	for _, s := range []time.Time{statTime(j, false), statTime(j, true)} {
		if !s.IsZero() && (at.IsZero() || s.Before(at)) {
			at, name = s, "from modification time"
		}
	}
	return at.In(j.zone), name
}

func statTime(j *job, after bool) time.Time {
	s := j.src.Exhibit.Before
	if after {
		s = j.src.Exhibit.After
	}
	if s == nil {
		return time.Time{}
	}
	return s.Modified
}

// newYears prepares the years for a year-less log, reading it once ahead where
// that is possible.
func newYears(j *job) (*years, error) {
	y := &years{leapAt: -1}
	bound, how := j.bound()
	if j.src.Year == 0 && bound.IsZero() {
		y.basis = "unknown"
		return y, nil
	}
	if j.again == nil {
		return y, nil
	}
	r, err := j.again()
	if err != nil {
		return nil, fmt.Errorf("read ahead for years: %w", err)
	}
	ahead, err := scanYears(j, r)
	if cerr := r.Close(); err == nil && cerr != nil {
		err = cerr
	}
	if err != nil {
		return nil, fmt.Errorf("read ahead for years: %w", err)
	}
	if ahead.prev != 0 {
		y.settle(j.src.Year, bound, ahead.prev, ahead.turns, ahead.leapAt, how)
	}
	return y, nil
}

// scanYears counts the turns of years in a whole log.
func scanYears(j *job, r io.Reader) (*years, error) {
	in, err := open(r)
	if err != nil {
		return nil, err
	}
	defer in.close()
	y := &years{leapAt: -1}
	ls := newLines(in)
	for n := 0; ; n++ {
		if n%4096 == 0 {
			if err := j.ctx.Err(); err != nil {
				return nil, err
			}
		}
		ln, ok := ls.next()
		if !ok {
			break
		}
		text := ln.text
		if _, n := priority(text); n > 0 {
			text = text[n:]
		}
		if s, ok := bsdStamp(text); ok && s.year == 0 {
			y.step(s.mon, s.day)
		}
	}
	if in.src.err != nil {
		return nil, in.src.err
	}
	return y, nil // damage is the second reading's to report
}
