package events

import (
	"context"
	"database/sql/driver"
	"fmt"
	"time"

	"firebreak/timeline"
)

// snapshot is one consistent view of the timeline: what others write
// meanwhile is not in it.
type snapshot struct {
	session
	cache *originCache
}

// view calls do with a snapshot. A cancelled context stops what runs in it.
func (db *DB) view(ctx context.Context, do func(*snapshot) error) error {
	conn, err := db.read.Conn(ctx)
	if err != nil {
		return db.explain(err)
	}
	defer conn.Close() //nolint:errcheck // gives the connection back to the pool
	err = on(conn, func(s session) error {
		if _, err := s.exec(ctx, `BEGIN`); err != nil {
			return err
		}
		err := do(&snapshot{session: s, cache: db.origins})
		if _, end := s.exec(context.WithoutCancel(ctx), `ROLLBACK`); err == nil {
			err = end
		}
		return err
	})
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return db.explain(err)
}

const rowColumns = `id, time, origin, place, message, attrs`

// event puts a row of rowColumns together again.
func (s *snapshot) event(ctx context.Context, row []driver.Value) (timeline.Event, error) {
	var e timeline.Event
	switch id := row[0].(type) {
	case []byte:
		if len(id) != len(e.ID) {
			return e, fmt.Errorf("%w: an id of %d bytes", ErrDamaged, len(id))
		}
		e.ID = timeline.ID(id)
	default:
		return e, fmt.Errorf("%w: %T where an id belongs", ErrDamaged, id)
	}
	var numbers [3]int64
	for i := range numbers {
		var err error
		if numbers[i], err = integer(row[1+i]); err != nil {
			return e, err
		}
	}
	if numbers[0] != undated {
		e.Time = time.Unix(0, numbers[0]).UTC()
	}
	e.Offset = numbers[2]
	var err error
	if e.Message, err = text(row[4]); err != nil {
		return e, err
	}
	attrs, err := text(row[5])
	if err != nil {
		return e, err
	}
	if err := decodeAttributes(attrs, &e); err != nil {
		return e, fmt.Errorf("%w: event %s: %w", ErrDamaged, e.ID, err)
	}
	o, err := s.origin(ctx, numbers[1])
	o.fill(&e)
	return e, err
}

// scan visits the events that match and fulfil also, in the order that tail
// asks for, until visit returns false.
func (s *snapshot) scan(ctx context.Context, f timeline.Filter, b bounds, also condition, tail string, visit func(*timeline.Event) bool) error {
	from, rest, args := b.source()
	lower := b.lower
	if b.exact {
		lower = always
	}
	w := allOf(rest, also)
	query := from.with + `SELECT ` + rowColumns + `, ` + lower.sql + ` FROM ` + from.table + ` WHERE ` + w.sql + tail
	args = append(append(args, lower.args...), w.args...)
	err := s.each(ctx, query, args, func(row []driver.Value) (bool, error) {
		e, err := s.event(ctx, row)
		if err != nil {
			return false, err
		}
		if sure, err := integer(row[6]); err != nil || sure == 0 && !f.Match(e) {
			return true, err
		}
		return visit(&e), nil
	})
	if err != nil {
		return fmt.Errorf("search events: %w", err)
	}
	return nil
}
