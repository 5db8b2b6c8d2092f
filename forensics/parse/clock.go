package parse

import (
	"math"
	"time"
)

// localClock turns local times of a zone into UTC. It remembers the stretch of
// time in which the zone's offset does not change and no local time is in doubt.
type localClock struct {
	zone     *time.Location
	from, to int64 // of local seconds, as if they were UTC
	offset   int64
}

// What is assumed of a local time that the clocks showed twice, or never.
const (
	shownTwice = "the clocks went back and showed this hour twice: the first is taken"
	neverShown = "the clocks went forward and never showed this time: read as by the time before"
)

// utc is the UTC of a local time, both in seconds since 1970, and what had to
// be assumed for it ("" for nothing).
func (c *localClock) utc(local int64) (int64, string) {
	if local >= c.from && local < c.to {
		return local - c.offset, ""
	}
	// Around here the zone may have two offsets: the one a day before and the one
	// a day after. Zones do not change twice in two days.
	const day = 24 * 60 * 60
	before, after := c.at(local-day), c.at(local+day)
	if before == after {
		c.remember(local, before)
		return local - before, ""
	}
	first, second := local-before, local-after
	valid1, valid2 := c.at(first) == before, c.at(second) == after
	switch {
	case valid1 && valid2:
		return min(first, second), shownTwice
	case valid1:
		return first, ""
	case valid2:
		return second, ""
	}
	return first, neverShown
}

// at is the zone's offset at a time.
func (c *localClock) at(utc int64) int64 {
	_, offset := time.Unix(utc, 0).In(c.zone).Zone()
	return int64(offset)
}

// remember keeps the stretch around a local time with its offset.
func (c *localClock) remember(local, offset int64) {
	const margin = 2 * 24 * 60 * 60
	start, end := time.Unix(local-offset, 0).In(c.zone).ZoneBounds()
	c.from, c.to, c.offset = math.MinInt64, math.MaxInt64, offset
	if !start.IsZero() {
		c.from = start.Unix() + margin
	}
	if !end.IsZero() {
		c.to = end.Unix() - margin
	}
}

// seconds is a date and a clock as seconds since 1970, as if they were UTC.
func seconds(y, mon, d, h, m, s int) int64 {
	return days(y, mon, d)*86400 + int64(h*3600+m*60+s)
}

// days is the days of a date since 1970-01-01 in the Gregorian calendar (Howard
// Hinnant, chrono-Compatible Low-Level Date Algorithms, days_from_civil).
func days(y, mon, d int) int64 {
	if mon <= 2 {
		y--
		mon += 12
	}
	era := y / 400 // years are never negative here
	of := y - era*400
	day := (153*(mon-3)+2)/5 + d - 1
	return int64(era)*146097 + int64(of*365+of/4-of/100+day) - 719468
}
