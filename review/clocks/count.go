package clocks

import (
	"time"
	_ "time/tzdata" // where the machine has no zones, days are counted all the same

	"firebreak/playbooks"
)

// Due is the last moment of a deadline that began at from, for people whose days are
// those of loc.
//
// Hours are elapsed: neither weekends nor the switch to summer time change them.
// Days, months and business days leave out the day of the event and end with the
// last second of the last day (Regulation (EEC, Euratom) 1182/71 Art. 3(1) and (2),
// and how the texts of other places are read), or at the rule's own time of the day.
// A month that has no day of that number ends with its last one (Art. 3(2)(c)).
// Business days are counted by the calendar; a last day that is none moves where the
// rule says so.
func (r Rule) Due(from time.Time, loc *time.Location, cal playbooks.Calendar) time.Time {
	p := r.Within
	if p.IsZero() || from.IsZero() {
		return time.Time{}
	}
	if p.Time > 0 {
		return from.Add(p.Time).UTC()
	}
	d := dateOf(from, loc)
	switch {
	case p.Months > 0:
		d = addMonths(d, p.Months)
	case p.BusinessDays > 0:
		d = cal.After(d, playbooks.Duration{BusinessDays: p.BusinessDays})
	default:
		d = d.AddDate(0, 0, p.Days)
	}
	if r.Rest == Move && !working(d, cal) {
		d = cal.After(d, playbooks.Duration{BusinessDays: 1})
	}
	return r.endOf(d, loc)
}

// dateOf is the day of a moment, as noon in UTC: there no switch of clocks gets in
// the way of counting.
func dateOf(t time.Time, loc *time.Location) time.Time {
	y, m, d := t.In(loc).Date()
	return time.Date(y, m, d, 12, 0, 0, 0, time.UTC)
}

// addMonths is the day of the same number, or the last one of a month that has none.
func addMonths(d time.Time, n int) time.Time {
	y, m, day := d.Date()
	last := time.Date(y, m+time.Month(n)+1, 0, 12, 0, 0, 0, time.UTC)
	if day > last.Day() {
		return last
	}
	return time.Date(y, m+time.Month(n), day, 12, 0, 0, 0, time.UTC)
}

// working says whether a day is a business day.
func working(d time.Time, cal playbooks.Calendar) bool {
	return cal.After(d.AddDate(0, 0, -1), playbooks.Duration{BusinessDays: 1}).Equal(d)
}

// endOf is the last second of a day, or the rule's own time on it.
func (r Rule) endOf(d time.Time, loc *time.Location) time.Time {
	hour, minute, second := 23, 59, 59
	if r.Ends != "" {
		at, err := time.Parse("15:04", r.Ends)
		if err == nil { // the decoder lets no other pass
			hour, minute, second = at.Hour(), at.Minute(), 0
		}
	}
	y, m, day := d.Date()
	t := time.Date(y, m, day, hour, minute, second, 0, loc)
	ty, tm, td := t.Date()
	if ty == y && tm == m && td == day {
		return t.UTC()
	}
	// That moment is not there: clocks were set forward over it, or the whole day was
	// left out, as 30 December 2011 in Samoa. What is left of the time before counts.
	from, to := t.ZoneBounds()
	if to.IsZero() || !from.IsZero() && t.Sub(from) < to.Sub(t) {
		to = from
	}
	return to.Add(-time.Second).UTC()
}

// soon is how long before its end a deadline is called due soon: a quarter of it,
// at most three days.
func soon(whole time.Duration) time.Duration {
	const most = 72 * time.Hour
	return min(max(whole/4, 0), most)
}

// over says that a moment is past a due time. Due times are whole seconds.
func over(t, due time.Time) bool { return t.Truncate(time.Second).After(due) }
