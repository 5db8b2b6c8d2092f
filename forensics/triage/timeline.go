package triage

import (
	"context"
	"time"

	"firebreak/timeline"
)

// Timeline is what the rules are asked of. Filters mean what
// timeline.Filter.Match says; order is that of timeline.Cursor.
type Timeline interface {
	// Counts says of each filter how many events match, all in one pass.
	Counts(ctx context.Context, fs []timeline.Filter, progress func(done, total int64)) ([]int64, error)
	// Scan visits the matching events in order of time; the event is valid
	// during the visit. Bare ones have neither message nor attributes.
	Scan(ctx context.Context, f timeline.Filter, bare bool, visit func(*timeline.Event) error) error
	// Hosts says when the last of the matching events of each host was.
	Hosts(ctx context.Context, f timeline.Filter) (map[string]time.Time, error)
	// Gaps finds where a value of a field is silent, the longest first.
	Gaps(ctx context.Context, f timeline.Filter, by timeline.Field, atLeast time.Duration) ([]Silence, error)
}

// Silence is a stretch of time without an event of a value. After is zero where
// the value does not come back.
type Silence struct {
	Value         string
	From, To      time.Time
	Before, After timeline.ID
}
