package response

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"firebreak/integrations"
	"firebreak/record"
	"firebreak/store"
)

// A look that finds nothing is worth something only when the request cannot be on
// its way any more. Its last byte left before the attempt ended: that is when its
// end was recorded, or, of a process that was killed, when the attempt was at its
// longest, whichever is earlier. From then on the other side may still work on it
// for as long as one waits for an answer, and a while longer.

// quietUntil is when a look at an action whose outcome is unknown can be believed.
func (s *Session) quietUntil(tx *store.Tx, f *folder, a store.Action) (time.Time, error) {
	reg, err := s.s.systems(f)
	if err != nil {
		return time.Time{}, err
	}
	c, ok := reg.Connection(a.Connection)
	if !ok {
		c = integrations.Connection{}
	}
	last := a.Changed
	began, err := attemptBegan(tx, a)
	if err != nil {
		return time.Time{}, err
	}
	if impl, _, err := reg.Lookup(a.Name, a.Connection); err == nil && !began.IsZero() {
		var plan integrations.Plan
		if err := json.Unmarshal(a.Plan, &plan); err != nil {
			return time.Time{}, fmt.Errorf("read plan of %s: %w", a.Action, err)
		}
		if longest := began.Add(lasts(impl, plan.Call)); longest.Before(last) {
			last = longest
		}
	}
	return last.Add(c.Quiet()), nil
}

// attemptBegan is when the intent of the last attempt was recorded: before its
// first byte.
func attemptBegan(tx *store.Tx, a store.Action) (time.Time, error) {
	entries, err := tx.EntriesOf(record.ActionSending)
	if err != nil {
		return time.Time{}, err
	}
	var began time.Time
	for _, e := range entries {
		var at record.Attempt
		if err := e.Decode(&at); err != nil {
			return time.Time{}, err
		}
		if at.Action == a.Action && at.Attempt == a.Attempts {
			began = e.Time
		}
	}
	return began, nil
}

// lasts is how long one attempt may take.
func lasts(impl integrations.Action, call integrations.Call) time.Duration {
	if l, ok := impl.(integrations.Lasting); ok {
		return l.Lasts(call)
	}
	return integrations.AttemptLasts
}

// keepQuiet waits until a look can be believed, and shows how long that is.
func (s *Session) keepQuiet(ctx context.Context, f *folder, a store.Action, p ProgressFunc) error {
	var until time.Time
	err := f.store.View(ctx, func(tx *store.Tx) (err error) {
		until, err = s.quietUntil(tx, f, a)
		return err
	})
	if err != nil {
		return err
	}
	return s.countdown(ctx, until, p, func(left time.Duration) string {
		return fmt.Sprintf("%s may still be under way: looking in %s", a.Action, left)
	})
}

// countdown waits until then, and says each second how long that still is. What
// ends the context ends it.
func (s *Session) countdown(ctx context.Context, until time.Time, p ProgressFunc, says func(left time.Duration) string) error {
	const second = time.Second
	total := until.Sub(s.s.o.Now())
	for {
		left := until.Sub(s.s.o.Now())
		if left <= 0 {
			return nil
		}
		if p != nil {
			p(Progress{What: says(left.Round(second)), Done: int64((total - left) / second), Total: int64((total + second - 1) / second)})
		}
		if err := s.s.o.Sleep(ctx, min(left, second)); err != nil {
			return err
		}
	}
}
