package events

import (
	"context"
	"errors"
	"fmt"
	"time"

	"firebreak/timeline"
)

// Session returns the first and the last of the events that belong together
// with the one at around, and their number: the dated events that match, in
// both directions, until none comes for idle. The event at around need not
// match itself. n is 0 where nothing matches that near.
func (db *DB) Session(ctx context.Context, f timeline.Filter, around timeline.Cursor, idle time.Duration) (first, last timeline.Cursor, n int64, err error) {
	if around.Time.IsZero() || idle <= 0 {
		return first, last, 0, errors.New("look for a session: it needs a time, and a time of silence")
	}
	p, err := compile(f)
	if err != nil {
		return first, last, 0, fmt.Errorf("look for a session: %w", err)
	}
	err = db.query(ctx, func(c *crew) error {
		here := placeOf(around)
		// extend goes away from here; it returns the nearest and the farthest event.
		extend := func(x *walk) (near, far timeline.Cursor, err error) {
			at := here.stamp
			err = x.each(func(s *stream, i int) (bool, error) {
				h := s.hits[s.at].place()
				if h.stamp == undated || apart(at, h.stamp) > idle {
					return false, nil
				}
				at = h.stamp
				if far = (timeline.Cursor{Time: timeOf(h.stamp), ID: h.id}); i == 1 {
					near = far
				}
				n++
				return true, nil
			})
			return near, far, err
		}
		lastBefore, farBefore, err := extend(&walk{crew: c, plan: p, backward: true, before: &here})
		if err != nil {
			return err
		}
		from := place{stamp: here.stamp, id: previousID(here.id)}
		firstAfter, farAfter, err := extend(&walk{crew: c, plan: p, after: &from})
		if err != nil {
			return err
		}
		if first = farBefore; first.ID.IsZero() {
			first = firstAfter
		}
		if last = farAfter; last.ID.IsZero() {
			last = lastBefore
		}
		return nil
	})
	if err != nil {
		return first, last, 0, fmt.Errorf("look for a session: %w", err)
	}
	return first, last, n, nil
}

// apart is how far two stamps are from each other.
func apart(a, b int64) time.Duration {
	if a > b {
		a, b = b, a
	}
	if d := uint64(b) - uint64(a); d <= 1<<63-1 { //nolint:gosec // the difference fits
		return time.Duration(d)
	}
	return 1<<63 - 1
}

// previousID is the id right before another one.
func previousID(id timeline.ID) timeline.ID {
	if id.IsZero() {
		return id
	}
	for i := len(id) - 1; i >= 0; i-- {
		id[i]--
		if id[i] != 0xff {
			break
		}
	}
	return id
}
