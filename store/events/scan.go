package events

import (
	"context"
	"fmt"

	"firebreak/store/events/segment"
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
	all, err := db.matching(ctx, f)
	n := 0
	for i := range all {
		e := atOf(all[i].Time, all[i].ID)
		if r.After != nil && e.compare(atOf(r.After.Time, r.After.ID)) <= 0 || r.Before != nil && e.compare(atOf(r.Before.Time, r.Before.ID)) >= 0 || !r.At.IsZero() && e.stamp < segment.Stamp(r.At) {
			continue
		}
		if err = visit(&all[i]); err != nil {
			break
		}
		if n++; n == r.Limit {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("scan timeline: %w", err)
	}
	return nil
}
