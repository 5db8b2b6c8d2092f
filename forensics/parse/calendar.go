package parse

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"sync"
	"time"
)

// calendar gives the year to the dates of a log that has none. Where the log
// can be read twice, it is read ahead once and the turns of its years noted with
// their offsets: so any part of it knows its year. Where it cannot, one reader
// counts the turns as they come.
type calendar struct {
	once    sync.Once
	err     error
	first   int    // the year of the first line
	basis   string // how that is known; "unknown"
	changes []yearChange
	note    string
	stamp   func([]byte) (bsd, bool) // how the log writes a date; nil as syslog does

	mu    sync.Mutex
	count *years // as the lines come
}

// yearChange is an offset from which on the lines are so many years behind the
// first one.
type yearChange struct {
	offset int64
	turns  int
}

// maxChanges bounds what a hostile log can make us remember. A log has few
// turns; only two days of disorder at New Year have more.
const maxChanges = 1 << 18

// bound is the latest moment that a line can have, and its name.
func (j *job) bound() (time.Time, string) {
	at, name := j.src.Collected, "from collection time"
	for _, s := range []time.Time{statTime(j, false), statTime(j, true)} {
		if !s.IsZero() && (at.IsZero() || s.Before(at)) {
			at, name = s, "from modification time"
		}
	}
	if !at.IsZero() {
		at = at.Add(j.src.Skew)
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

// yearOf is the year of a date that has none, for formats that one reader reads;
// 0 where nothing is known of it.
func (j *job) yearOf(s bsd, offset int64, near *int) (int, string) {
	c := &j.calendar
	c.once.Do(func() { c.begin(j, s) })
	if c.err != nil {
		return 0, c.err.Error()
	}
	j.note(c.note)
	if c.basis == "unknown" {
		return 0, ""
	}
	return c.at(s, offset, near), ""
}

// begin finds out the first year. The first date that has none is at hand.
func (c *calendar) begin(j *job, s bsd) {
	bound, how := j.bound()
	switch {
	case j.src.Year == 0 && bound.IsZero():
		c.basis = "unknown"
		c.note = "years are not in the log and the time of collection is unknown: events are undated"
		return
	case j.again != nil:
		ahead, err := c.readAhead(j)
		if err != nil {
			c.err = fmt.Errorf("read ahead for years: %w", err)
			return
		}
		if ahead.prev != 0 {
			y := years{leapAt: -1}
			y.settle(j.src.Year, bound, ahead.prev, ahead.turns, ahead.leapAt, how)
			c.first, c.basis = y.year, y.basis
		}
	}
	if c.basis == "" {
		c.count = &years{leapAt: -1}
		at := -1
		if s.mon == 2 && s.day == 29 {
			at = 0
		}
		c.count.settle(j.src.Year, bound, dayNumber(s.mon, s.day), 0, at, how+", one reading")
		c.first, c.basis = c.count.year, c.count.basis
	}
	c.note = "years are not in the log: first line taken as " + strconv.Itoa(c.first) + " (" + c.basis + ")"
}

// readAhead counts the turns of years in a whole log.
func (c *calendar) readAhead(j *job) (y *years, err error) {
	r, err := j.again()
	if err != nil {
		return nil, err
	}
	y, err = c.scan(j, r)
	if cerr := r.Close(); err == nil {
		err = cerr
	}
	return y, err
}

func (c *calendar) scan(j *job, r io.Reader) (*years, error) {
	in, err := open(r)
	if err != nil {
		return nil, err
	}
	defer in.close()
	y := &years{leapAt: -1}
	turns, mon, day := 0, 0, 0
	ls := newLines(j.text.open(in), j.text.lineEnd())
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
		_, text := withoutZeros(ln.text)
		if _, n := priority(text); n > 0 {
			text = text[n:]
		}
		read := c.stamp
		if read == nil {
			read = bsdStamp
		}
		s, ok := read(text)
		if !ok || s.year != 0 || s.mon == mon && s.day == day {
			continue
		}
		off := y.step(s.mon, s.day)
		mon, day = s.mon, s.day
		if now := y.turns + off; now != turns && len(c.changes) < maxChanges {
			turns = now
			c.changes = append(c.changes, yearChange{ln.offset, turns})
		}
	}
	if in.src.err != nil {
		return nil, in.src.err
	}
	return y, nil // damage is the second reading's to report
}

// at is the year of a date that stands at an offset; near is where it was found
// the last time.
func (c *calendar) at(s bsd, offset int64, near *int) int {
	year := c.first
	if c.count != nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		off := c.count.step(s.mon, s.day)
		year = c.count.year + off
	} else if len(c.changes) > 0 {
		i := *near
		if i > 0 && c.changes[i-1].offset > offset || i < len(c.changes) && c.changes[i].offset <= offset {
			i, _ = slices.BinarySearchFunc(c.changes, offset+1, func(x yearChange, to int64) int { return int(min(max(x.offset-to, -1), 1)) })
			*near = i
		}
		if i > 0 {
			year += c.changes[i-1].turns
		}
	}
	if s.mon == 2 && s.day == 29 {
		for n := 0; n < 8 && !leap(year); n++ {
			year--
		}
		if c.count != nil { // nothing was read ahead: the lines behind follow
			c.count.year = year
		}
	}
	return year
}
