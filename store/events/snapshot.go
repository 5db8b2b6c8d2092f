package events

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"firebreak/timeline"
)

// snapshot is one consistent view of the timeline: what others write
// meanwhile is not in it.
type snapshot struct {
	db *DB
	tx *sql.Tx
}

// view calls do with a snapshot. A cancelled context stops what runs in it.
func (db *DB) view(ctx context.Context, do func(*snapshot) error) error {
	tx, err := db.read.BeginTx(ctx, nil)
	if err != nil {
		return explain(err)
	}
	err = do(&snapshot{db: db, tx: tx})
	back := tx.Rollback()
	switch {
	case ctx.Err() != nil && err != nil:
		return ctx.Err()
	case err != nil:
		return explain(err)
	case back != nil && !errors.Is(back, sql.ErrTxDone):
		return explain(back)
	}
	return nil
}

// row is an event as it is kept.
type row struct {
	id      any
	time    int64
	origin  int64
	place   int64
	message string
	attrs   string
	sure    bool
}

const rowColumns = `id, time, origin, place, message, attrs`

// event puts the row together again.
func (s *snapshot) event(ctx context.Context, r *row) (timeline.Event, error) {
	e := timeline.Event{Message: r.message, Offset: r.place}
	switch id := r.id.(type) {
	case []byte:
		e.ID = timeline.UnpackID(id)
	case string:
		e.ID = id
	}
	if r.time != undated {
		e.Time = time.Unix(0, r.time).UTC()
	}
	if err := decodeAttributes(r.attrs, &e); err != nil {
		return e, fmt.Errorf("%w: event %s: %w", ErrDamaged, e.ID, err)
	}
	o, err := s.origin(ctx, r.origin)
	o.fill(&e)
	return e, err
}

// scan visits the events that match, in the order of the SQL in tail, until
// visit returns false. Limits of tail count rows, not matches: rows reports
// whether the filter is decided by SQL alone.
func (s *snapshot) scan(ctx context.Context, f timeline.Filter, b bounds, also condition, tail string, visit func(*timeline.Event) bool) error {
	w := allOf(b.upper, also)
	lower := b.lower
	if b.exact {
		lower = always
	}
	args := append(append([]any{}, lower.args...), w.args...)
	//nolint:gosec // conditions hold parameters only, tail is one of our constants
	rows, err := s.tx.QueryContext(ctx, `SELECT `+rowColumns+`, `+lower.sql+` FROM event WHERE `+w.sql+tail, args...)
	if err != nil {
		return fmt.Errorf("search events: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var r row
		if err := rows.Scan(&r.id, &r.time, &r.origin, &r.place, &r.message, &r.attrs, &r.sure); err != nil {
			return fmt.Errorf("search events: %w", err)
		}
		e, err := s.event(ctx, &r)
		if err != nil {
			return err
		}
		if (r.sure || f.Match(e)) && !visit(&e) {
			return nil
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("search events: %w", err)
	}
	return nil
}
