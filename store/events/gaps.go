package events

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"firebreak/timeline"
)

// Gap is a stretch of time in which no event had the value. Before and After
// are the events at its ends. Where the value does not come back After is
// zero, and To is the time of the last event of all that match.
type Gap struct {
	Value  string      `json:"value"`
	From   time.Time   `json:"from"`
	To     time.Time   `json:"to"`
	Before timeline.ID `json:"before"`
	After  timeline.ID `json:"after,omitzero"`
}

// Gaps returns where, among the dated events that match, a value of the field
// is silent for atLeast or longer; the longest first, at most MaxPage of them.
// Events without a value are left out.
func (db *DB) Gaps(ctx context.Context, f timeline.Filter, by timeline.Field, atLeast time.Duration) ([]Gap, error) {
	if !countable(by, "") {
		return nil, fmt.Errorf("look for gaps by %s: %w", by, ErrField)
	}
	if atLeast <= 0 {
		return nil, fmt.Errorf("look for gaps: a gap of %s cannot be", atLeast)
	}
	var gaps []Gap
	last := make(map[string]timeline.Cursor)
	var end time.Time
	err := db.Scan(ctx, f, Request{}, func(e *timeline.Event) error {
		if e.Time.IsZero() {
			return nil
		}
		end = e.Time
		value := by.Value(e, "")
		if value == "" {
			return nil
		}
		if c, ok := last[value]; ok && e.Time.Sub(c.Time) >= atLeast {
			gaps = append(gaps, Gap{Value: value, From: c.Time, To: e.Time, Before: c.ID, After: e.ID})
		}
		last[value] = e.Cursor()
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look for gaps: %w", err)
	}
	for value, c := range last {
		if end.Sub(c.Time) >= atLeast {
			gaps = append(gaps, Gap{Value: value, From: c.Time, To: end, Before: c.ID})
		}
	}
	return longestGaps(gaps), nil
}

func longestGaps(gaps []Gap) []Gap {
	slices.SortFunc(gaps, func(a, b Gap) int {
		return cmp.Or(cmp.Compare(b.To.Sub(b.From), a.To.Sub(a.From)), a.From.Compare(b.From), cmp.Compare(a.Value, b.Value))
	})
	return gaps[:min(len(gaps), MaxPage)]
}
