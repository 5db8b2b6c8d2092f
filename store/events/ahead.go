package events

import (
	"cmp"
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"

	"firebreak/store/events/segment"
	"firebreak/timeline"
)

// Events may be read while their exhibit is still being sealed. Their segments are
// written as others are, only that no row of the table segment names them: nobody
// sees them. When the exhibit is sealed and in the record, one transaction gives
// them its hash and number and makes them visible, all at once. Until then the
// table waiting says whose they are; what a process that died has left goes when
// the next one writes.
const waitingTable = `CREATE TABLE IF NOT EXISTS waiting (id INTEGER PRIMARY KEY, owner TEXT NOT NULL, events INTEGER NOT NULL, small INTEGER NOT NULL)`

// Owners tell the processes apart that write: the name of this one, and whether
// another is still at work.
type Owners struct {
	Me    string
	Alive func(owner string) bool
}

func (o Owners) alive(owner string) bool { return owner == o.Me || o.Alive != nil && o.Alive(owner) }

// waiting is a segment that nobody sees yet.
type waiting struct {
	id     int64
	events int64
	small  bool
}

// NewAhead begins to append events that are to be seen when Publish says whose
// they are. The context ends it. After Close comes Publish, or Discard.
func (db *DB) NewAhead(ctx context.Context) (*Appender, error) {
	err := db.update(ctx, func(w *writer) error {
		if _, err := w.exec(ctx, waitingTable); err != nil {
			return err
		}
		return w.sweep(ctx)
	})
	if err != nil {
		return nil, fmt.Errorf("prepare to append: %w", err)
	}
	a := db.appender(ctx)
	a.ahead = true
	go a.write()
	return a, nil
}

// wait writes a segment that nobody sees.
func (w *writer) wait(ctx context.Context, image *segment.Image) (s waiting, err error) {
	meta, err := segment.ParseMeta(image.Meta)
	if err != nil {
		return s, err
	}
	s.events = int64(meta.Rows)
	if s.id, s.small, err = w.putParts(ctx, image); err != nil {
		return s, err
	}
	_, err = w.exec(ctx, `INSERT INTO waiting VALUES (?, ?, ?, ?)`, s.id, w.db.owners.Me, s.events, s.small)
	return s, err
}

// errElsewhere says that what waited cannot be published as it is.
var errElsewhere = errors.New("some of the events are there already")

// Publish makes what was appended visible, as the events of that exhibit. It is
// false where that cannot be: some are there already, or somebody emptied the
// timeline meanwhile. Then nothing is visible, and the exhibit has to be read as
// others are.
func (a *Appender) Publish(ctx context.Context, exhibit, sha256 string) (bool, error) {
	err := a.db.update(ctx, func(w *writer) error {
		entries, err := w.segments(ctx)
		if err != nil {
			return err
		}
		w.entries = slices.Grow(entries, len(a.waits))
		events := int64(0)
		for _, s := range a.waits {
			if err := w.publish(ctx, s, exhibit, sha256); err != nil {
				return err
			}
			events += s.events
		}
		slices.SortFunc(w.entries, func(x, y *entry) int { return cmp.Compare(x.id, y.id) })
		if events == 0 {
			return nil
		}
		if err := w.digest(ctx); err != nil {
			return err
		}
		return w.changed(ctx, events)
	})
	switch {
	case errors.Is(err, errElsewhere):
		return false, a.Discard(ctx)
	case err != nil:
		return false, fmt.Errorf("publish the events of %s: %w", exhibit, err)
	}
	a.waits = nil
	a.db.mergeSoon() //nolint:contextcheck // it goes on when the caller has gone
	return true, nil
}

func (w *writer) publish(ctx context.Context, s waiting, exhibit, sha256 string) error {
	at := partID(s.id, kindMeta, 0)
	data, err := w.blob(ctx, `SELECT data FROM part WHERE id = ?`, at)
	if err != nil {
		return err
	}
	if data == nil {
		return errElsewhere
	}
	meta, err := segment.ParseMeta(data)
	if err != nil {
		return err
	}
	if len(meta.Files) != 1 { // events of one time are in the order of their keys
		return errElsewhere
	}
	f := &meta.Files[0]
	f.Key, f.Exhibit = timeline.KeyOf(sha256, f.Parser), exhibit
	data = meta.Append(nil)
	e := &entry{id: s.id, small: s.small, meta: meta}
	if rivals, common := overlapping(w.entries, meta); len(rivals) > 0 {
		w.image.Open(meta, &parts{l: &w.lookup, e: e})
		switch _, n, err := w.known(ctx, meta, rivals, common); {
		case err != nil:
			return err
		case n > 0:
			return errElsewhere
		}
	}
	for _, statement := range []struct {
		text string
		args []any
	}{
		{`UPDATE part SET data = ? WHERE id = ?`, []any{data, at}},
		{`DELETE FROM waiting WHERE id = ?`, []any{s.id}},
		{`INSERT INTO segment (id, events, small) VALUES (?, ?, ?)`, []any{s.id, s.events, s.small}},
	} {
		switch n, err := w.exec(ctx, statement.text, statement.args...); {
		case err != nil:
			return err
		case n != 1:
			return errElsewhere
		}
	}
	w.entries = append(w.entries, e)
	return nil
}

// Discard takes back what was appended and not published.
func (a *Appender) Discard(ctx context.Context) error {
	if len(a.waits) == 0 {
		return nil
	}
	err := a.db.update(ctx, func(w *writer) error {
		for _, s := range a.waits {
			if err := w.forget(ctx, s); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("take back what was read ahead: %w", err)
	}
	a.waits = nil
	return nil
}

func (w *writer) forget(ctx context.Context, s waiting) error {
	if err := w.dropParts(ctx, s.id, s.small); err != nil {
		return err
	}
	_, err := w.exec(ctx, `DELETE FROM waiting WHERE id = ?`, s.id)
	return err
}

// waits reports whether there is a table of what waits: no older program made one.
func (s session) waits(ctx context.Context) (bool, error) { return s.hasTable(ctx, "waiting") }

func (s session) hasTable(ctx context.Context, name string) (bool, error) {
	n, _, err := s.number(ctx, `SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = '`+name+`'`)
	return n > 0, err
}

// sweep removes what processes have left that died while they read ahead.
func (w *writer) sweep(ctx context.Context) error {
	if there, err := w.waits(ctx); err != nil || !there {
		return err
	}
	var dead []waiting
	err := w.each(ctx, `SELECT id, owner, events, small FROM waiting`, nil, func(row []driver.Value) (bool, error) {
		var s waiting
		var bad [3]error
		var small int64
		s.id, bad[0] = integer(row[0])
		s.events, bad[1] = integer(row[2])
		small, bad[2] = integer(row[3])
		s.small = small != 0
		owner, ok := row[1].(string)
		if !ok || !w.db.owners.alive(owner) {
			dead = append(dead, s)
		}
		return true, errors.Join(bad[:]...)
	})
	if err != nil {
		return err
	}
	for _, s := range dead {
		if _, taken, err := w.number(ctx, fmt.Sprint(`SELECT id FROM segment WHERE id = `, s.id)); err != nil || taken {
			return errors.Join(err, fmt.Errorf("%w: segment %d is there and waits", ErrDamaged, s.id))
		}
		if err := w.forget(ctx, s); err != nil {
			return err
		}
	}
	return nil
}
