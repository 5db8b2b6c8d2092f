package events

import (
	"context"
	"fmt"

	"firebreak/timeline"
)

// Swept is what one filter of a sweep found: how many events, and the first and
// the last of them in the order of the timeline. Both are zero where it found
// none.
type Swept struct {
	Count       int64
	First, Last timeline.Cursor
}

// Sweep answers many filters in one pass over the timeline: rules, lists of
// words, of addresses, of hashes. The answers are in the order of the filters.
// progress, which may be nil, is told how many events of all were looked at.
func (db *DB) Sweep(ctx context.Context, fs []timeline.Filter, progress func(done, total int64)) ([]Swept, error) {
	total, err := db.Total(ctx)
	if err != nil {
		return nil, fmt.Errorf("sweep timeline: %w", err)
	}
	found := make([]Swept, len(fs))
	done := int64(0)
	err = db.Scan(ctx, timeline.Filter{}, Request{}, func(e *timeline.Event) error {
		for i, f := range fs {
			if !f.Match(*e) {
				continue
			}
			if found[i].Count++; found[i].Count == 1 {
				found[i].First = e.Cursor()
			}
			found[i].Last = e.Cursor()
		}
		if done++; progress != nil && done%65_536 == 0 {
			progress(done, total)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("sweep timeline: %w", err)
	}
	if progress != nil {
		progress(total, total)
	}
	return found, nil
}
