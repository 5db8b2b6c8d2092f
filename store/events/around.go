package events

import (
	"context"
	"errors"
	"fmt"
	"time"

	"firebreak/timeline"
)

// errEnough ends a scan.
var errEnough = errors.New("enough")

// Session returns the first and the last of the events that belong together
// with the one at around, and their number: the dated events that match, in
// both directions, until none comes for idle. The event at around need not
// match itself. n is 0 where nothing matches that near.
func (db *DB) Session(ctx context.Context, f timeline.Filter, around timeline.Cursor, idle time.Duration) (first, last timeline.Cursor, n int64, err error) {
	if around.Time.IsZero() || idle <= 0 {
		return first, last, 0, errors.New("look for a session: it needs a time, and a time of silence")
	}
	at := around.Time
	from := around
	for {
		page, err := db.Page(ctx, f, Request{Before: &from, Limit: pageByDefault})
		if err != nil {
			return first, last, 0, fmt.Errorf("look for a session: %w", err)
		}
		i := len(page) - 1
		for i >= 0 && at.Sub(page[i].Time) <= idle {
			first, at = page[i].Cursor(), page[i].Time
			if last.ID.IsZero() {
				last = first
			}
			n++
			i--
		}
		if i >= 0 || len(page) == 0 {
			break
		}
		from = page[0].Cursor()
	}
	at = around.Time
	err = db.Scan(ctx, f, Request{At: around.Time}, func(e *timeline.Event) error {
		if e.Time.IsZero() || e.Time.Sub(at) > idle {
			return errEnough
		}
		if e.Cursor().Compare(around) < 0 {
			return nil
		}
		last, at = e.Cursor(), e.Time
		if first.ID.IsZero() {
			first = last
		}
		n++
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		return first, last, 0, fmt.Errorf("look for a session: %w", err)
	}
	return first, last, n, nil
}
