package events

import (
	"context"
	"fmt"

	"firebreak/timeline"
)

// Scan visits the matching events in the order of time, undated ones last: after
// r.After, from r.At on, up to r.Before, as far as they are set; r.Limit of
// them, where 0 is all. r.End means nothing here. An error that visit returns
// ends the scan and comes back wrapped. An event may share memory with the ones beside it: whoever keeps it
// clones it.
//
// However many events there are, only those of the present moment are in
// memory. All come from one moment of the file: what others write meanwhile is
// not among them.
func (db *DB) Scan(ctx context.Context, f timeline.Filter, r Request, visit func(*timeline.Event) error) error {
	place := always
	if r.After != nil {
		place = allOf(place, beyond(*r.After))
	}
	if r.Before != nil {
		place = allOf(place, short(*r.Before))
	}
	if !r.At.IsZero() {
		place = allOf(place, where("time >= ?", stamp(r.At)))
	}
	n := 0
	err := db.view(ctx, func(s *snapshot) error {
		b, err := s.bind(ctx, f)
		if err != nil {
			return err
		}
		var stopped error
		err = s.scan(ctx, f, b, place, ascending, func(e *timeline.Event) bool {
			stopped = visit(e)
			n++
			return stopped == nil && (r.Limit <= 0 || n < r.Limit)
		})
		if stopped != nil {
			return stopped
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("scan timeline: %w", err)
	}
	return nil
}
