package events

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sort"
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
}

// MaxPage is the greatest page.
const MaxPage = 10_000

const pageByDefault = 200

// ErrNotFound is returned by Get where there is no such event.
var ErrNotFound = errors.New("no such event")

func fits(t time.Time) bool { return segment.Fits(t) }

const undated = segment.Undated

func stamp(t time.Time) int64 { return segment.Stamp(t) }

type at struct {
	stamp int64
	id    timeline.ID
}

func (a at) compare(b at) int {
	return cmp.Or(cmp.Compare(a.stamp, b.stamp), bytes.Compare(a.id[:], b.id[:]))
}

func atOf(t time.Time, id timeline.ID) at { return at{segment.Stamp(t), id} }

func (db *DB) matching(ctx context.Context, f timeline.Filter) (all []timeline.Event, err error) {
	err = db.view(ctx, func(s *snapshot) error {
		entries, err := s.segments()
		if err != nil {
			return err
		}
		r := segment.NewReader()
		for _, e := range entries {
			r.Open(e.meta, s.parts(e.id))
			for row := range e.meta.Rows {
				if row%64 == 0 && ctx.Err() != nil {
					return ctx.Err()
				}
				event, err := r.Event(row)
				if err != nil {
					return err
				}
				if f.Match(event) {
					all = append(all, event)
				}
			}
		}
		return nil
	})
	slices.SortFunc(all, func(a, b timeline.Event) int { return atOf(a.Time, a.ID).compare(atOf(b.Time, b.ID)) })
	return all, err
}

// Page returns events that match.
func (db *DB) Page(ctx context.Context, f timeline.Filter, r Request) ([]timeline.Event, error) {
	limit := r.Limit
	if limit <= 0 {
		limit = pageByDefault
	}
	limit = min(limit, MaxPage)
	all, err := db.matching(ctx, f)
	if err != nil {
		return nil, fmt.Errorf("read page: %w", err)
	}
	tail := false
	switch {
	case r.After != nil && r.Before != nil:
		a, b := atOf(r.After.Time, r.After.ID), atOf(r.Before.Time, r.Before.ID)
		all = slices.DeleteFunc(all, func(e timeline.Event) bool {
			return atOf(e.Time, e.ID).compare(a) <= 0 || atOf(e.Time, e.ID).compare(b) >= 0
		})
	case r.After != nil:
		a := atOf(r.After.Time, r.After.ID)
		all = slices.DeleteFunc(all, func(e timeline.Event) bool { return atOf(e.Time, e.ID).compare(a) <= 0 })
	case r.Before != nil:
		b := atOf(r.Before.Time, r.Before.ID)
		all, tail = slices.DeleteFunc(all, func(e timeline.Event) bool { return atOf(e.Time, e.ID).compare(b) >= 0 }), true
	case !r.At.IsZero():
		all = slices.DeleteFunc(all, func(e timeline.Event) bool { return segment.Stamp(e.Time) < segment.Stamp(r.At) })
	case r.End:
		tail = true
	}
	if len(all) > limit {
		if tail {
			all = all[len(all)-limit:]
		} else {
			all = all[:limit]
		}
	}
	return all, nil
}

// Get returns the event with that id.
func (db *DB) Get(ctx context.Context, id timeline.ID) (timeline.Event, error) {
	all, err := db.matching(ctx, timeline.Filter{})
	for i := range all {
		if all[i].ID == id {
			return all[i], nil
		}
	}
	if err == nil {
		err = ErrNotFound
	}
	return timeline.Event{}, fmt.Errorf("read event %s: %w", id, err)
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

// Count is the exact number of events that match.
func (db *DB) Count(ctx context.Context, f timeline.Filter) (int64, error) {
	all, err := db.matching(ctx, f)
	if err != nil {
		return 0, fmt.Errorf("count events: %w", err)
	}
	return int64(len(all)), nil
}

// Histogram counts the matching events in n equal stretches of time.
func (db *DB) Histogram(ctx context.Context, f timeline.Filter, from, to time.Time, n int) ([]int64, error) {
	if n <= 0 || n > MaxPage || !to.After(from) || !segment.Fits(from) || !segment.Fits(to) || from.IsZero() {
		return nil, fmt.Errorf("count events over time: from %s to %s in %d parts cannot be", from, to, n)
	}
	all, err := db.matching(ctx, f)
	if err != nil {
		return nil, fmt.Errorf("count events over time: %w", err)
	}
	e := edges(segment.Stamp(from), segment.Stamp(to), n)
	counts := make([]int64, n)
	for i := range all {
		if t := segment.Stamp(all[i].Time); t >= e[0] && t < e[n] {
			counts[sort.Search(n-1, func(i int) bool { return t < e[i+1] })]++
		}
	}
	return counts, nil
}

func edges(from, to int64, n int) []int64 {
	width := uint64(to) - uint64(from) //nolint:gosec // to is greater; the difference fits
	parts := uint64(n)                 //nolint:gosec // n is more than 0
	part, left := width/parts, width%parts
	out := make([]int64, n+1)
	for i := range parts + 1 {
		out[i] = int64(uint64(from) + part*i + left*i/parts) //nolint:gosec // lies between from and to
	}
	return out
}

// Span is the time of the first and of the last dated event that match.
func (db *DB) Span(ctx context.Context, f timeline.Filter) (first, last time.Time, err error) {
	all, err := db.matching(ctx, f)
	all = slices.DeleteFunc(all, func(e timeline.Event) bool { return e.Time.IsZero() })
	if err != nil || len(all) == 0 {
		return first, last, err
	}
	return all[0].Time, all[len(all)-1].Time, nil
}

func (s session) total(ctx context.Context) (int64, error) {
	n, found, err := s.number(ctx, `SELECT events FROM state`)
	if err == nil && !found {
		return 0, fmt.Errorf("%w: its state is missing", ErrDamaged)
	}
	return n, err
}
