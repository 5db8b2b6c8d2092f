package events

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"

	"github.com/mattn/go-sqlite3"

	"firebreak/store/events/segment"
)

// writer is the one connection that writes, with its statements.
type writer struct {
	session
	db     *DB
	conn   *sql.Conn
	lookup lookup
	insert struct{ segment, part, word *sqlite3.SQLiteStmt }
	reader *segment.Reader // of what is there
	image  *segment.Reader // of what is to come

	// Of the transaction.
	entries    []*entry // with what it has put and without what it has dropped
	generation int64    // when it began; 0: entries are not read yet
	changes    bool
}

// update runs do in a transaction.
func (db *DB) update(ctx context.Context, do func(*writer) error) error {
	db.mu.Lock()
	defer db.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	if db.writer == nil {
		w, err := db.newWriter(ctx)
		if err != nil {
			return db.explain(err)
		}
		db.writer = w
	}
	err := on(db.writer.conn, func(s session) error {
		db.writer.session, db.writer.lookup.session = s, s
		return db.writer.transaction(ctx, do)
	})
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return db.explain(err)
}

func (db *DB) newWriter(ctx context.Context) (*writer, error) {
	conn, err := db.write.Conn(ctx)
	if err != nil {
		return nil, err
	}
	w := &writer{db: db, conn: conn, reader: segment.NewReader(), image: segment.NewReader()}
	err = on(conn, func(s session) error {
		// Pages that many segments change, those of the words, go into the file
		// once for all of them.
		if _, err := s.exec(ctx, `PRAGMA wal_autocheckpoint = 8192`); err != nil {
			return err
		}
		for query, to := range map[string]**sqlite3.SQLiteStmt{
			`INSERT INTO segment (id, events, small) VALUES (?, ?, ?)`: &w.insert.segment,
			`INSERT INTO part (id, data) VALUES (?, ?)`:                &w.insert.part,
			`INSERT INTO word (id, data) VALUES (?, ?)`:                &w.insert.word,
		} {
			statement, err := s.raw.Prepare(query)
			if err != nil {
				return err
			}
			var ok bool
			if *to, ok = statement.(*sqlite3.SQLiteStmt); !ok {
				return fmt.Errorf("unexpected driver %T", statement)
			}
		}
		return nil
	})
	if err != nil {
		return nil, errors.Join(err, w.close())
	}
	return w, nil
}

func (w *writer) close() error {
	errs := []error{w.lookup.close()}
	for _, s := range []*sqlite3.SQLiteStmt{w.insert.segment, w.insert.part, w.insert.word} {
		if s != nil {
			errs = append(errs, s.Close())
		}
	}
	return errors.Join(append(errs, w.conn.Close())...)
}

func (w *writer) transaction(ctx context.Context, do func(*writer) error) (err error) {
	if _, err := w.exec(ctx, `BEGIN IMMEDIATE`); err != nil {
		return err
	}
	w.entries, w.generation, w.changes = nil, 0, false
	if w.db.older {
		err = w.update(ctx)
	}
	if err == nil {
		err = do(w)
	}
	err = errors.Join(err, w.lookup.close())
	still := context.WithoutCancel(ctx)
	if err == nil {
		_, err = w.exec(still, `COMMIT`)
	}
	if err == nil {
		w.db.older = false
		if w.changes && w.generation != 0 {
			w.db.catalogue.set(w.entries, w.generation+1)
		}
		return nil
	}
	// Some errors, a full disk among them, have rolled back already.
	if !w.raw.AutoCommit() {
		_, back := w.exec(still, `ROLLBACK`)
		err = errors.Join(err, back)
	}
	return err
}

// update gives the file this program's form.
func (w *writer) update(ctx context.Context) error {
	for _, statement := range []string{digestTable, fmt.Sprint(`PRAGMA user_version = `, schemaVersion)} {
		if _, err := w.exec(ctx, statement); err != nil {
			return fmt.Errorf("renew schema: %w", err)
		}
	}
	return nil
}

// segments are those that are there now.
func (w *writer) segments(ctx context.Context) ([]*entry, error) {
	if w.generation == 0 {
		entries, generation, err := w.db.catalogue.segments(ctx, w.session)
		if err != nil {
			return nil, err
		}
		w.entries, w.generation = slices.Clone(entries), generation
	}
	return w.entries, nil
}

// changed raises the generation and counts. Every transaction that changes
// segments says so, once.
func (w *writer) changed(ctx context.Context, events int64) error {
	n, err := w.exec(ctx, `UPDATE state SET generation = generation + 1, events = events + ?`, events)
	if err == nil && n != 1 {
		err = fmt.Errorf("%w: its state is missing", ErrDamaged)
	}
	w.changes = true
	return err
}

// put writes a segment.
func (w *writer) put(ctx context.Context, image *segment.Image, meta *segment.Meta) error {
	id, small, err := w.putParts(ctx, image)
	if err != nil {
		return err
	}
	if err := put(w.insert.segment, id, int64(meta.Rows), small); err != nil { //nolint:contextcheck // see put
		return err
	}
	w.entries = append(w.entries, &entry{id: id, small: small, meta: meta})
	return nil
}

// putParts writes all of a segment but the row that makes it seen.
func (w *writer) putParts(ctx context.Context, image *segment.Image) (id int64, small bool, err error) {
	id, found, err := w.number(ctx, `UPDATE state SET next = next + 1 RETURNING next - 1`)
	switch {
	case err != nil:
		return 0, false, err
	case !found || id < 1 || id >= 1<<segmentBits:
		return 0, false, fmt.Errorf("%w: its state", ErrDamaged)
	}
	size := 0
	for _, p := range image.Parts {
		size += len(p.Data)
	}
	small = size <= bundleSize
	if err := put(w.insert.part, partID(id, kindMeta, 0), image.Meta); err != nil { //nolint:contextcheck // see put
		return id, small, err
	}
	if small {
		return id, small, put(w.insert.part, partID(id, kindAll, 0), bundle(image.Parts)) //nolint:contextcheck // see put
	}
	// In the order of their ids, so that the tree is filled from left to right.
	for kind := range kindAll {
		for i := range image.Parts {
			p := &image.Parts[i]
			if p.Kind != kind {
				continue
			}
			if i%16 == 0 && ctx.Err() != nil {
				return id, small, ctx.Err()
			}
			if kind == segment.KindWords {
				err = put(w.insert.word, wordID(id, p.N), p.Data) //nolint:contextcheck // see put
			} else {
				err = put(w.insert.part, partID(id, kind, p.N), p.Data) //nolint:contextcheck // see put
			}
			if err != nil {
				return id, small, err
			}
		}
	}
	return id, small, nil
}

// put inserts a row. Without a context that can end there is no goroutine for each.
func put(s *sqlite3.SQLiteStmt, values ...driver.Value) error {
	var args [3]driver.NamedValue
	for i, v := range values {
		args[i] = driver.NamedValue{Ordinal: i + 1, Value: v}
	}
	_, err := s.ExecContext(context.Background(), args[:len(values)])
	return err
}

// drop removes a segment.
func (w *writer) drop(ctx context.Context, e *entry) error {
	w.entries = slices.DeleteFunc(w.entries, func(x *entry) bool { return x.id == e.id })
	if _, err := w.exec(ctx, `DELETE FROM segment WHERE id = ?`, e.id); err != nil {
		return err
	}
	if _, err := w.exec(ctx, `DELETE FROM digest WHERE id = ?`, groupOf(e.id)); err != nil {
		return err
	}
	return w.dropParts(ctx, e.id, e.small)
}

func (w *writer) dropParts(ctx context.Context, id int64, small bool) error {
	if _, err := w.exec(ctx, `DELETE FROM part WHERE id >= ? AND id < ?`, id<<partBits, (id+1)<<partBits); err != nil {
		return err
	}
	for n := range segment.WordParts {
		if small {
			break
		}
		if _, err := w.exec(ctx, `DELETE FROM word WHERE id = ?`, wordID(id, n)); err != nil {
			return err
		}
	}
	return nil
}

// open goes to a segment that is there.
func (w *writer) open(e *entry) *segment.Reader {
	w.reader.Open(e.meta, &parts{l: &w.lookup, e: e})
	return w.reader
}
