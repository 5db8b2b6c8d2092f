package triage

import (
	"context"
	"slices"
	"sort"
	"time"

	"firebreak/timeline"
)

// around are the times of the events that may be a crowd, by host.
type around struct {
	c     *Crowd
	times map[string][]time.Time
}

// crowd reads when the events of a crowd were. Nothing else of them is held.
func (x *run) crowd(ctx context.Context, c *Crowd, last time.Duration) (*around, error) {
	a := &around{c: c, times: map[string][]time.Time{}}
	if last > 0 {
		last += c.Within
	}
	err := x.tl.Scan(ctx, x.within(c.filter, last), true, func(e *timeline.Event) error {
		if !e.Time.IsZero() {
			a.times[e.Host] = append(a.times[e.Host], e.Time)
		}
		return nil
	})
	for _, times := range a.times {
		slices.SortFunc(times, time.Time.Compare)
	}
	return a, err
}

// many says whether an event lies in a crowd. Undated ones lie in none.
func (a *around) many(e *timeline.Event) bool {
	if a == nil || e.Time.IsZero() {
		return false
	}
	times := a.times[e.Host]
	from := sort.Search(len(times), func(i int) bool { return !times[i].Before(e.Time.Add(-a.c.Within)) })
	to := sort.Search(len(times), func(i int) bool { return times[i].After(e.Time.Add(a.c.Within)) })
	return to-from > a.c.AtMost
}
