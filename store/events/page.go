package events

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"firebreak/store/events/segment"
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
	Bare   bool             // for Scan: events without messages and attributes, which are not read then
}

// MaxPage is the greatest page.
const MaxPage = 10_000

const pageByDefault = 200

// Page returns events that match, in the order of time, undated events last,
// by id among equals. The search stops at Limit hits.
func (db *DB) Page(ctx context.Context, f timeline.Filter, r Request) ([]timeline.Event, error) {
	limit := r.Limit
	if limit <= 0 {
		limit = pageByDefault
	}
	limit = min(limit, MaxPage)
	plan, err := compile(f)
	if err != nil {
		return nil, fmt.Errorf("read page: %w", err)
	}
	var page []timeline.Event
	err = db.query(ctx, func(c *crew) error {
		x := r.walk(c, plan)
		x.keep = limit
		found, err := x.first(limit)
		if err != nil {
			return err
		}
		page, err = c.events(found)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read page: %w", err)
	}
	return page, nil
}

// walk is the walk from the place that the request names.
func (r Request) walk(c *crew, p *plan) *walk {
	x := &walk{crew: c, plan: p}
	switch {
	case r.After != nil:
		after := placeOf(*r.After)
		x.after = &after
		if r.Before != nil {
			before := placeOf(*r.Before)
			x.before = &before
		}
	case r.Before != nil:
		before := placeOf(*r.Before)
		x.before, x.backward = &before, true
	case !r.At.IsZero():
		x.after = fromTime(r.At)
	case r.End:
		x.backward = true
	}
	return x
}

// fromTime is the place before all events of that time: no event has the zero
// id.
func fromTime(t time.Time) *place { return &place{stamp: stamp(t)} }

// located is an event of a segment.
type located struct {
	e     *entry
	row   int
	head  *segment.Head   // where it is known
	event *timeline.Event // where it is at hand
}

// first is the first events of a walk, in the order of time.
func (x *walk) first(limit int) ([]located, error) {
	x.begin()
	var found []located
	for len(found) < limit {
		s, err := x.next()
		if err != nil {
			return nil, err
		}
		if s == nil {
			break
		}
		h := s.hits[s.at]
		found = append(found, located{e: s.e, row: h.row, head: &h.head, event: h.event})
		x.step(s)
	}
	if x.backward {
		slices.Reverse(found)
	}
	return found, nil
}

// events puts the events together, those of one block at once.
func (c *crew) events(found []located) ([]timeline.Event, error) {
	type block struct {
		e *entry
		n int
	}
	groups := make(map[block][]int)
	var order []block
	events := make([]timeline.Event, len(found))
	for i, l := range found {
		if l.event != nil {
			events[i] = *l.event
			continue
		}
		b := block{e: l.e, n: blockOf(l.e.meta, l.row)}
		if groups[b] == nil {
			order = append(order, b)
		}
		groups[b] = append(groups[b], i)
	}
	err := c.each(len(order), func(w *worker, n int) error {
		w.use(order[n].e)
		for _, i := range groups[order[n]] {
			var err error
			if l := found[i]; l.head != nil {
				events[i], err = w.r.EventOf(l.row, *l.head)
			} else {
				events[i], err = w.r.Event(l.row)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil || len(events) == 0 {
		return nil, err
	}
	return events, nil
}

// ErrNotFound is returned by Get where there is no such event.
var ErrNotFound = errors.New("no such event")

// Get returns the event with that id.
func (db *DB) Get(ctx context.Context, id timeline.ID) (timeline.Event, error) {
	var e timeline.Event
	err := db.query(ctx, func(c *crew) error {
		byFile := map[timeline.FileKey][]uint64{id.Key(): {id.Place()}}
		if id != id.Key().At(id.Place()) {
			return ErrNotFound
		}
		for _, entry := range c.entries {
			rows, err := c.first.rowsOf(entry, byFile)
			if err != nil {
				return err
			}
			if len(rows) > 0 {
				e, err = c.first.r.Event(rows[0])
				return err
			}
		}
		return ErrNotFound
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
	n, found, err := s.number(ctx, `SELECT events FROM state`)
	if err == nil && !found {
		return 0, fmt.Errorf("%w: its state is missing", ErrDamaged)
	}
	return n, err
}
