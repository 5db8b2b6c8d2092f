package events

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"math"

	"github.com/mattn/go-sqlite3"

	"firebreak/timeline"
)

// writer is the one connection that writes, with its statements.
type writer struct {
	conn   *sql.Conn
	raw    *sqlite3.SQLiteConn
	insert driver.Stmt
	known  map[origin]int64
}

// ErrTooLarge is returned by Append for a text that SQLite cannot keep.
var ErrTooLarge = errors.New("the event's text is too large")

const maxText = math.MaxInt32 / 4

// Append adds the events that are not there yet, in one transaction: all of
// them or, with an error, none. Two events with the same id are the same. Give
// it batches of some thousands: every batch is one wait for the disk.
func (db *DB) Append(ctx context.Context, batch []timeline.Event) (added int64, err error) {
	if len(batch) == 0 {
		return 0, nil
	}
	err = db.update(ctx, func(w *writer) error {
		added, err = w.append(ctx, batch)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("append events: %w", err)
	}
	return added, nil
}

// DeleteExhibit removes the events of an exhibit and returns how many there
// were.
func (db *DB) DeleteExhibit(ctx context.Context, exhibit string) (removed int64, err error) {
	err = db.update(ctx, func(w *writer) error {
		result, err := w.conn.ExecContext(ctx, `DELETE FROM event WHERE origin IN (SELECT id FROM origin WHERE exhibit = ?)`, exhibit)
		if err != nil {
			return err
		}
		if removed, err = result.RowsAffected(); err != nil {
			return err
		}
		_, err = w.conn.ExecContext(ctx, `UPDATE total SET events = events - ?`, removed)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("delete events of %s: %w", exhibit, err)
	}
	return removed, nil
}

// update runs do in a transaction.
func (db *DB) update(ctx context.Context, do func(*writer) error) error {
	db.mu.Lock()
	defer db.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	if db.writer == nil {
		w, err := newWriter(ctx, db.write)
		if err != nil {
			return explain(err)
		}
		db.writer = w
	}
	w := db.writer
	if _, err := w.conn.ExecContext(ctx, `BEGIN IMMEDIATE`); err != nil {
		return explain(err)
	}
	err := do(w)
	if err == nil {
		_, err = w.conn.ExecContext(context.WithoutCancel(ctx), `COMMIT`)
	}
	if err == nil {
		return nil
	}
	// Some errors have rolled back already; then there is nothing to undo.
	clear(w.known)
	if !w.raw.AutoCommit() {
		if _, back := w.conn.ExecContext(context.WithoutCancel(ctx), `ROLLBACK`); back != nil {
			err = errors.Join(err, back)
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return explain(err)
}

func newWriter(ctx context.Context, pool *sql.DB) (*writer, error) {
	conn, err := pool.Conn(ctx)
	if err != nil {
		return nil, err
	}
	w := &writer{conn: conn, known: make(map[origin]int64)}
	err = conn.Raw(func(c any) error {
		raw, ok := c.(*sqlite3.SQLiteConn)
		if !ok {
			return fmt.Errorf("unexpected driver %T", c)
		}
		w.raw = raw
		w.insert, err = raw.Prepare(`INSERT OR IGNORE INTO event (id, time, origin, place, odd, message, attrs) VALUES (?, ?, ?, ?, ?, ?, ?)`)
		return err
	})
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return w, nil
}

func (w *writer) close() error { return errors.Join(w.insert.Close(), w.conn.Close()) }

func (w *writer) append(ctx context.Context, batch []timeline.Event) (added int64, err error) {
	args := make([]driver.Value, 7)
	for i := range batch {
		if i%256 == 0 && ctx.Err() != nil {
			return 0, ctx.Err()
		}
		e := &batch[i]
		attrs := encodeAttributes(e)
		if len(e.Message) > maxText || len(attrs) > maxText {
			return 0, fmt.Errorf("event %s: %w", e.ID, ErrTooLarge)
		}
		from, err := w.origin(ctx, originOf(e))
		if err != nil {
			return 0, err
		}
		args[0], args[1], args[2], args[3] = idColumn(e.ID), stamp(e.Time), from, e.Offset
		args[4], args[5], args[6] = odd(e.Message, attrs), e.Message, attrs
		result, err := w.insert.Exec(args) //nolint:staticcheck // without a context there is no goroutine for each row
		if err != nil {
			return 0, err
		}
		n, err := result.RowsAffected()
		if err != nil {
			return 0, err
		}
		added += n
	}
	_, err = w.conn.ExecContext(ctx, `UPDATE total SET events = events + ?`, added)
	return added, err
}

// origin returns the number of the origin and adds it where it is new.
func (w *writer) origin(ctx context.Context, o origin) (int64, error) {
	if id, ok := w.known[o]; ok {
		return id, nil
	}
	values := []any{o.source, o.parser, o.host, o.user, o.kind, o.precision, o.exhibit, o.technique}
	if _, err := w.conn.ExecContext(ctx, `INSERT OR IGNORE INTO origin (`+originColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`, values...); err != nil {
		return 0, err
	}
	var id int64
	err := w.conn.QueryRowContext(ctx, `SELECT id FROM origin WHERE (`+originColumns+`) = (?, ?, ?, ?, ?, ?, ?, ?)`, values...).Scan(&id)
	if err != nil {
		return 0, err
	}
	if len(w.known) >= originsRemembered {
		clear(w.known)
	}
	w.known[o] = id
	return id, nil
}
