package events

import (
	"context"
	"errors"
	"fmt"

	"firebreak/timeline"
)

// ErrTooLarge is returned by Append for a text that SQLite cannot keep.
var ErrTooLarge = errors.New("the event's text is too large")

const maxText = 256 << 20

// Append adds the events that are not there yet, in one transaction: all of
// them or, with an error, none. Two events with the same id are the same. Give
// it batches of some thousands: every batch is one wait for the disk.
func (db *DB) Append(ctx context.Context, batch []timeline.Event) (added int64, err error) {
	if len(batch) == 0 {
		return 0, nil
	}
	err = db.update(ctx, func(w *writer) error {
		for i := range batch {
			if i%256 == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
			if err := w.add(ctx, &batch[i]); err != nil {
				return fmt.Errorf("event %s: %w", batch[i].ID, err)
			}
		}
		added, err = w.settle(ctx, 1)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("append events: %w", err)
	}
	return added, nil
}

// Clear removes every event. Other processes that have the timeline open go on
// with the empty one.
func (db *DB) Clear(ctx context.Context) error {
	err := db.update(ctx, func(w *writer) error {
		if _, err := w.exec(ctx, `DELETE FROM event`); err != nil {
			return err
		}
		_, err := w.exec(ctx, `UPDATE total SET events = 0`)
		return err
	})
	if err != nil {
		return fmt.Errorf("clear timeline: %w", err)
	}
	return nil
}

// DeleteExhibit removes the events of an exhibit and returns how many there
// were.
func (db *DB) DeleteExhibit(ctx context.Context, exhibit string) (removed int64, err error) {
	err = db.update(ctx, func(w *writer) error {
		if _, err := w.exec(ctx, `DELETE FROM event WHERE origin IN (SELECT id FROM origin WHERE exhibit = ?)`, exhibit); err != nil {
			return err
		}
		removed, err = w.settle(ctx, -1)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("delete events of %s: %w", exhibit, err)
	}
	return removed, nil
}
