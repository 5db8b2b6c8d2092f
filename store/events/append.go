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
	insert *sqlite3.SQLiteStmt
	known  map[origin]int64
	args   [7]driver.NamedValue
	text   attributeText

	origins int64 // rows added to origin
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
	// Pages that many batches change, those of the indexes, go into the file
	// once for all of them.
	if _, err := conn.ExecContext(ctx, `PRAGMA wal_autocheckpoint = 8192`); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	err = conn.Raw(func(c any) error {
		raw, ok := c.(*sqlite3.SQLiteConn)
		if !ok {
			return fmt.Errorf("unexpected driver %T", c)
		}
		w.raw = raw
		insert, err := raw.Prepare(`INSERT OR IGNORE INTO event (id, time, origin, place, odd, message, attrs) VALUES (?, ?, ?, ?, ?, ?, ?)`)
		if err != nil {
			return err
		}
		if w.insert, ok = insert.(*sqlite3.SQLiteStmt); !ok {
			return fmt.Errorf("unexpected driver %T", insert)
		}
		return nil
	})
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return w, nil
}

func (w *writer) close() error { return errors.Join(w.insert.Close(), w.conn.Close()) }

func (w *writer) append(ctx context.Context, batch []timeline.Event) (added int64, err error) {
	before, err := w.changes(ctx)
	if err != nil {
		return 0, err
	}
	for i := range batch {
		if i%256 == 0 && ctx.Err() != nil {
			return 0, ctx.Err()
		}
		if err := w.add(ctx, &batch[i]); err != nil {
			return 0, fmt.Errorf("event %s: %w", batch[i].ID, err)
		}
	}
	after, err := w.changes(ctx)
	if err != nil {
		return 0, err
	}
	added = after - before
	_, err = w.conn.ExecContext(ctx, `UPDATE total SET events = events + ?`, added)
	return added, err
}

// changes counts the events added since the connection was opened, and some
// changes that append does not make.
func (w *writer) changes(ctx context.Context) (int64, error) {
	var n int64
	err := w.conn.QueryRowContext(ctx, `SELECT total_changes()`).Scan(&n)
	return n - w.origins, err
}

func (w *writer) add(ctx context.Context, e *timeline.Event) error {
	attrs := w.text.encode(e)
	if len(e.Message) > maxText || len(attrs) > maxText {
		return ErrTooLarge
	}
	from, err := w.origin(ctx, originOf(e))
	if err != nil {
		return err
	}
	for i, v := range [...]any{idColumn(e.ID), stamp(e.Time), from, e.Offset, odd(e.Message) | odd(attrs), e.Message, attrs} {
		w.args[i] = driver.NamedValue{Ordinal: i + 1, Value: v}
	}
	// A query binds and steps in one call into C, an Exec in nine. Without a
	// context that can end there is no goroutine for each row.
	rows, err := w.insert.QueryContext(context.Background(), w.args[:])
	if err != nil {
		return err
	}
	return rows.Close()
}

// origin returns the number of the origin and adds it where it is new.
func (w *writer) origin(ctx context.Context, o origin) (int64, error) {
	if id, ok := w.known[o]; ok {
		return id, nil
	}
	values := []any{o.source, o.parser, o.host, o.user, o.kind, o.precision, o.exhibit, o.technique}
	result, err := w.conn.ExecContext(ctx, `INSERT OR IGNORE INTO origin (`+originColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`, values...)
	if err != nil {
		return 0, err
	}
	added, err := result.RowsAffected()
	if err != nil {
		return 0, err
	}
	w.origins += added
	var id int64
	err = w.conn.QueryRowContext(ctx, `SELECT id FROM origin WHERE (`+originColumns+`) = (?, ?, ?, ?, ?, ?, ?, ?)`, values...).Scan(&id)
	if err != nil {
		return 0, err
	}
	if len(w.known) >= originsRemembered {
		clear(w.known)
	}
	w.known[o] = id
	return id, nil
}
