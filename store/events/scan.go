package events

import (
	"context"
	"fmt"

	"firebreak/timeline"
)

// Scan visits the matching events in the order of time, undated ones last: after
// r.After, from r.At on, up to r.Before, as far as they are set; r.Limit of
// them, where 0 is all. With r.End it goes from the last event back to the
// first. An error that visit returns
// ends the scan and comes back wrapped. An event may share memory with the ones
// beside it: whoever keeps it clones it.
//
// However many events there are, only those of the present moment are in
// memory. All come from one moment of the file: what others write meanwhile is
// not among them.
func (db *DB) Scan(ctx context.Context, f timeline.Filter, r Request, visit func(*timeline.Event) error) error {
	plan, err := compile(f)
	if err != nil {
		return fmt.Errorf("scan timeline: %w", err)
	}
	err = db.query(ctx, func(c *crew) error {
		x := &walk{crew: c, plan: plan, backward: r.End, whole: true, bare: r.Bare, keep: max(r.Limit, 0)}
		x.within(r)
		return x.each(func(s *stream, n int) (bool, error) {
			if err := visit(&s.events[s.at]); err != nil {
				return false, err
			}
			return r.Limit <= 0 || n < r.Limit, nil
		})
	})
	if err != nil {
		return fmt.Errorf("scan timeline: %w", err)
	}
	return nil
}

// within sets all bounds of the request.
func (x *walk) within(r Request) {
	if r.After != nil {
		after := placeOf(*r.After)
		x.after = &after
	}
	if !r.At.IsZero() {
		if at := fromTime(r.At); x.after == nil || at.compare(*x.after) > 0 {
			x.after = at
		}
	}
	if r.Before != nil {
		before := placeOf(*r.Before)
		x.before = &before
	}
}

// each walks until visit, which is told how many came so far, says false.
func (x *walk) each(visit func(s *stream, n int) (bool, error)) error {
	x.begin()
	for n := 1; ; n++ {
		s, err := x.next()
		if err != nil || s == nil {
			return err
		}
		if more, err := visit(s, n); err != nil || !more {
			return err
		}
		x.step(s)
	}
}
