package triage

import (
	"context"
	"slices"
	"sort"
	"time"

	"firebreak/timeline"
)

// uncrowded keeps the events around which, on their host, few events of the crowd
// lie. Undated events are in no crowd.
func (x *run) uncrowded(ctx context.Context, c *Crowd, mine []*timeline.Event) ([]*timeline.Event, error) {
	var first, last time.Time
	for _, e := range mine {
		if e.Time.IsZero() {
			continue
		}
		if first.IsZero() || e.Time.Before(first) {
			first = e.Time
		}
		if e.Time.After(last) {
			last = e.Time
		}
	}
	if first.IsZero() {
		return mine, nil
	}
	times := map[string][]time.Time{}
	f := c.filter.And(timeline.Between(first.Add(-c.Within), last.Add(c.Within+1)))
	err := x.tl.Scan(ctx, f, true, func(e *timeline.Event) error {
		times[e.Host] = append(times[e.Host], e.Time)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(mine, func(e *timeline.Event) bool {
		all := times[e.Host]
		from := sort.Search(len(all), func(i int) bool { return !all[i].Before(e.Time.Add(-c.Within)) })
		to := sort.Search(len(all), func(i int) bool { return all[i].After(e.Time.Add(c.Within)) })
		return !e.Time.IsZero() && to-from > c.AtMost
	}), nil
}
