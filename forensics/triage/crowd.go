package triage

import (
	"cmp"
	"context"
	"slices"
	"sort"
	"strings"
	"time"

	"firebreak/timeline"
)

// around are the times of the events that may be a crowd, by host.
type around struct {
	c     *Crowd
	times map[string][]time.Time
}

// instant is an event that may be one of a crowd.
type instant struct {
	at      time.Time
	kind    int
	exhibit int
}

// crowd reads when the events of a crowd were. Nothing else of them is held.
func (x *run) crowd(ctx context.Context, c *Crowd, last time.Duration) (*around, error) {
	a := &around{c: c, times: map[string][]time.Time{}}
	if last > 0 {
		last += c.Within
	}
	moments, names := map[string][]instant{}, map[string]int{}
	number := func(name string) int { // the event's own texts are gone after the visit
		n, known := names[name]
		if !known {
			n = len(names)
			names[strings.Clone(name)] = n
		}
		return n
	}
	err := x.tl.Scan(ctx, x.within(c.filter, last), true, func(e *timeline.Event) error {
		if e.Time.IsZero() {
			return nil
		}
		host := e.Host
		if moments[host] == nil {
			host = strings.Clone(host)
		}
		moments[host] = append(moments[host], instant{e.Time, number(string(e.TimeKind)), number(e.Exhibit)})
		return nil
	})
	for host, all := range moments {
		a.times[host] = once(all)
	}
	return a, err
}

// once are the times of events, in order. What several exhibits have at one moment
// counts once: a disk that was listed twice has no more files for that.
func once(all []instant) []time.Time {
	slices.SortFunc(all, func(a, b instant) int {
		return cmp.Or(a.at.Compare(b.at), a.kind-b.kind, a.exhibit-b.exhibit)
	})
	var out []time.Time
	for i := 0; i < len(all); {
		most, n, j := 0, 0, i
		for ; j < len(all) && all[j].at.Equal(all[i].at) && all[j].kind == all[i].kind; j++ {
			if n++; j > i && all[j].exhibit != all[j-1].exhibit {
				n = 1
			}
			most = max(most, n)
		}
		for range most {
			out = append(out, all[i].at)
		}
		i = j
	}
	return out
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
