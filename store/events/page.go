package events

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"time"

	"firebreak/timeline"
)

// Request says which page is wanted. The zero value asks for the first events.
// Of several places the first that is set counts, in the order of the fields;
// After and Before together ask for what follows After up to Before.
type Request struct {
	After  *timeline.Cursor // events after this one
	Before *timeline.Cursor // the last events before this one
	At     time.Time        // events from this time on
	End    bool             // the last events
	Limit  int              // 200 by default, at most MaxPage
}

// MaxPage is the greatest page.
const MaxPage = 10_000

const pageByDefault = 200

const (
	ascending  = ` ORDER BY time, id`
	descending = ` ORDER BY time DESC, id DESC`
)

// Page returns events that match, in the order of time, undated events last,
// by id among equals. The search stops at Limit hits.
func (db *DB) Page(ctx context.Context, f timeline.Filter, r Request) ([]timeline.Event, error) {
	limit := r.Limit
	if limit <= 0 {
		limit = pageByDefault
	}
	limit = min(limit, MaxPage)
	place, order := r.place()
	var page []timeline.Event
	err := db.view(ctx, func(s *snapshot) error {
		b, err := s.bind(ctx, f)
		if err != nil {
			return err
		}
		return s.scan(ctx, f, b, place, order, func(e *timeline.Event) bool {
			page = append(page, *e)
			return len(page) < limit
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read page: %w", err)
	}
	if order == descending {
		slices.Reverse(page)
	}
	return page, nil
}

func (r Request) place() (condition, string) {
	switch {
	case r.After != nil && r.Before != nil:
		return allOf(beyond(*r.After), short(*r.Before)), ascending
	case r.After != nil:
		return beyond(*r.After), ascending
	case r.Before != nil:
		return short(*r.Before), descending
	case !r.At.IsZero():
		return where("time >= ?", stamp(r.At)), ascending
	case r.End:
		return always, descending
	}
	return always, ascending
}

func beyond(c timeline.Cursor) condition {
	return where("(time, id) > (?, ?)", stamp(c.Time), idColumn(c.ID))
}

func short(c timeline.Cursor) condition {
	return where("(time, id) < (?, ?)", stamp(c.Time), idColumn(c.ID))
}

// ErrNotFound is returned by Get where there is no such event.
var ErrNotFound = errors.New("no such event")

// Get returns the event with that id.
func (db *DB) Get(ctx context.Context, id timeline.ID) (timeline.Event, error) {
	var e timeline.Event
	err := db.view(ctx, func(s *snapshot) error {
		found := false
		err := s.each(ctx, `SELECT `+rowColumns+` FROM event WHERE id = ?`, []any{idColumn(id)}, func(row []driver.Value) (more bool, err error) {
			found = true
			e, err = s.event(ctx, row)
			return false, err
		})
		if err == nil && !found {
			return ErrNotFound
		}
		return err
	})
	if err != nil {
		return timeline.Event{}, fmt.Errorf("read event %s: %w", id, err)
	}
	return e, nil
}

// Total is the number of all events.
func (db *DB) Total(ctx context.Context) (int64, error) {
	var n int64
	err := db.view(ctx, func(s *snapshot) (err error) {
		n, err = s.total(ctx)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("count events: %w", err)
	}
	return n, nil
}

func (s session) total(ctx context.Context) (int64, error) {
	n, found, err := s.number(ctx, `SELECT events FROM total`)
	if err == nil && !found {
		return 0, fmt.Errorf("%w: the total is missing", ErrDamaged)
	}
	return n, err
}
