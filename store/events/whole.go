package events

import (
	"context"
	"database/sql/driver"
	"fmt"
)

// SetWhole notes that all events of an exhibit are here. It goes with them: a
// timeline that was emptied, lost or only in part made again has no such note, so
// that it is known what has to be read on.
func (db *DB) SetWhole(ctx context.Context, exhibit string) error {
	err := db.update(ctx, func(w *writer) error {
		_, err := w.exec(ctx, `INSERT INTO whole VALUES (?) ON CONFLICT DO NOTHING`, exhibit)
		return err
	})
	if err != nil {
		return fmt.Errorf("note that %s is read: %w", exhibit, err)
	}
	return nil
}

// Whole are the exhibits all of whose events are here.
func (db *DB) Whole(ctx context.Context) (map[string]bool, error) {
	out := map[string]bool{}
	err := db.view(ctx, func(s *snapshot) error {
		return s.each(ctx, `SELECT exhibit FROM whole`, nil, func(row []driver.Value) (bool, error) {
			id, ok := row[0].(string)
			if !ok {
				return false, fmt.Errorf("%w: %T where an exhibit belongs", ErrDamaged, row[0])
			}
			out[id] = true
			return true, nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("list what is read: %w", err)
	}
	return out, nil
}

// SetNoneWhole takes all these notes back: what is there stays, and is read again.
func (db *DB) SetNoneWhole(ctx context.Context) error {
	err := db.update(ctx, func(w *writer) error {
		_, err := w.exec(ctx, `DELETE FROM whole`)
		return err
	})
	if err != nil {
		return fmt.Errorf("forget what is read: %w", err)
	}
	return nil
}
