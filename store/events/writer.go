package events

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"

	"github.com/mattn/go-sqlite3"

	"firebreak/timeline"
)

// writer is the one connection that writes, with its statement and what it
// remembers from batch to batch.
type writer struct {
	session
	conn   *sql.Conn
	insert *sqlite3.SQLiteStmt
	known  map[origin]int64
	args   [7]driver.NamedValue
	text   attributeText
	before int64 // total_changes when the transaction began
	extra  int64 // changes since that are not events added
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
			return db.explain(err)
		}
		db.writer = w
	}
	err := on(db.writer.conn, func(s session) error {
		db.writer.session = s
		return db.writer.transaction(ctx, do)
	})
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return db.explain(err)
}

func newWriter(ctx context.Context, pool *sql.DB) (*writer, error) {
	conn, err := pool.Conn(ctx)
	if err != nil {
		return nil, err
	}
	w := &writer{conn: conn, known: make(map[origin]int64)}
	err = on(conn, func(s session) error {
		// Pages that many batches change, those of the indexes, go into the
		// file once for all of them.
		if _, err := s.exec(ctx, `PRAGMA wal_autocheckpoint = 8192`); err != nil {
			return err
		}
		insert, err := s.raw.Prepare(`INSERT OR IGNORE INTO event (id, time, origin, place, odd, message, attrs) VALUES (?, ?, ?, ?, ?, ?, ?)`)
		if err != nil {
			return err
		}
		var ok bool
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

func (w *writer) transaction(ctx context.Context, do func(*writer) error) (err error) {
	if _, err := w.exec(ctx, `BEGIN IMMEDIATE`); err != nil {
		return err
	}
	w.extra = 0
	if w.before, _, err = w.number(ctx, `SELECT total_changes()`); err == nil {
		err = do(w)
	}
	still := context.WithoutCancel(ctx)
	if err == nil {
		_, err = w.exec(still, `COMMIT`)
	}
	if err == nil {
		return nil
	}
	clear(w.known)
	// Some errors, a full disk among them, have rolled back already.
	if !w.raw.AutoCommit() {
		_, back := w.exec(still, `ROLLBACK`)
		err = errors.Join(err, back)
	}
	return err
}

// settle brings the total up to date and returns how many events were added,
// or with sign -1 removed.
func (w *writer) settle(ctx context.Context, sign int64) (int64, error) {
	now, _, err := w.number(ctx, `SELECT total_changes()`)
	if err != nil {
		return 0, err
	}
	n := now - w.before - w.extra
	_, err = w.exec(ctx, `UPDATE total SET events = events + ?`, sign*n)
	return n, err
}

// add inserts one event unless its id is there.
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
	rows, err := w.insert.QueryContext(context.Background(), w.args[:]) //nolint:contextcheck // Append looks at the context
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
	added, err := w.exec(ctx, `INSERT OR IGNORE INTO origin (`+originColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`, values...)
	if err != nil {
		return 0, err
	}
	w.extra += added
	id, found, err := w.number(ctx, `SELECT id FROM origin WHERE (`+originColumns+`) = (?, ?, ?, ?, ?, ?, ?, ?)`, values...)
	switch {
	case err != nil:
		return 0, err
	case !found:
		return 0, fmt.Errorf("%w: an origin that was added is missing", ErrDamaged)
	}
	if len(w.known) >= originsRemembered {
		clear(w.known)
	}
	w.known[o] = id
	return id, nil
}
