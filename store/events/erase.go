package events

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"

	"github.com/mattn/go-sqlite3"

	"firebreak/store/events/segment"
)

// ErrBusy is returned by Scrub while another process reads from the timeline.
var ErrBusy = errors.New("another process still reads timeline.db")

// DeleteExhibit removes the events of an exhibit and returns how many there
// were. Segments that hold nothing else go; those that others share are written
// anew.
func (db *DB) DeleteExhibit(ctx context.Context, exhibit string) (removed int64, err error) {
	if removed, err = db.remove(ctx, exhibit); err != nil {
		return 0, fmt.Errorf("delete events of %s: %w", exhibit, err)
	}
	return removed, nil
}

// EraseExhibit removes the events of an exhibit and what they had in common,
// and returns how many there were. What SQLite leaves of them in its files goes
// with Scrub.
func (db *DB) EraseExhibit(ctx context.Context, exhibit string) (removed int64, err error) {
	removed, err = db.remove(ctx, exhibit)
	if err == nil {
		err = db.update(ctx, func(w *writer) error {
			_, err := w.exec(ctx, `DELETE FROM whole WHERE exhibit = ?`, exhibit)
			return err
		})
	}
	if err != nil {
		return 0, fmt.Errorf("erase events of %s: %w", exhibit, err)
	}
	return removed, nil
}

// remove is one transaction. A segment has its dictionaries for itself, so nothing
// of the exhibit is in those that stay.
func (db *DB) remove(ctx context.Context, exhibit string) (removed int64, err error) {
	err = db.update(ctx, func(w *writer) error {
		removed = 0
		if err := w.sweep(ctx); err != nil {
			return err
		}
		entries, err := w.segments(ctx)
		if err != nil {
			return err
		}
		for _, e := range slices.Clone(entries) {
			n := eventsOf(e.meta, exhibit)
			if n == 0 {
				continue
			}
			if err := ctx.Err(); err != nil {
				return err
			}
			if n < int64(e.meta.Rows) {
				if err := w.without(ctx, e, exhibit); err != nil {
					return err
				}
			}
			if err := w.drop(ctx, e); err != nil {
				return err
			}
			removed += n
		}
		if removed == 0 {
			return nil
		}
		if err := w.digest(ctx); err != nil {
			return err
		}
		return w.changed(ctx, -removed)
	})
	return removed, err
}

// eventsOf is how many events of the exhibit are in a segment.
func eventsOf(m *segment.Meta, exhibit string) (n int64) {
	for i := range m.Files {
		if m.Files[i].Exhibit == exhibit {
			n += int64(m.Files[i].Rows)
		}
	}
	return n
}

// without writes the segment anew, without the exhibit.
func (w *writer) without(ctx context.Context, e *entry, exhibit string) error {
	r := w.open(e)
	var files []uint16
	kept, err := w.rewrite(ctx, r, e.meta, func(row int) bool {
		if row%segment.ChunkRows == 0 {
			files = files[:0]
			codes, err := r.Codes(segment.FileOf, row/segment.ChunkRows)
			if err != nil {
				return true // reading the event says it
			}
			files = append(files, codes...)
		}
		return e.meta.Files[files[row%segment.ChunkRows]].Exhibit != exhibit
	})
	if want := int64(e.meta.Rows) - eventsOf(e.meta, exhibit); err == nil && kept != want {
		err = fmt.Errorf("%w: segment %d has %d events of other exhibits, not %d", ErrDamaged, e.id, kept, want)
	}
	return err
}

// CountExhibit is how many events an exhibit has in the timeline.
func (db *DB) CountExhibit(ctx context.Context, exhibit string) (n int64, err error) {
	err = db.view(ctx, func(s *snapshot) error {
		entries, err := s.segments()
		for _, e := range entries {
			n += eventsOf(e.meta, exhibit)
		}
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("count events of %s: %w", exhibit, err)
	}
	return n, nil
}

// Size is how many bytes of the file are in use: what Scrub needs in memory.
func (db *DB) Size(ctx context.Context) (n int64, err error) {
	err = db.view(ctx, func(s *snapshot) error {
		n, _, err = s.number(ctx, `SELECT (page_count - freelist_count) * page_size FROM pragma_page_count, pragma_freelist_count, pragma_page_size`)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("measure timeline: %w", err)
	}
	return n, nil
}

// scrubTries is how often the log is tried to be emptied, for half a second
// each.
const scrubTries = 5

// Scrub leaves nothing of what was deleted: it writes the file anew and empties
// its log. Zeros over deleted rows are not enough, because SQLite leaves copies
// of rows in the gaps of pages when it moves them. The new file is made in memory,
// so that nothing lies in a folder for temporary files. With ErrBusy the log
// could not be emptied.
func (db *DB) Scrub(ctx context.Context) error {
	// A transaction that does nothing makes sure that there is a writer.
	if err := db.update(ctx, func(*writer) error { return nil }); err != nil {
		return fmt.Errorf("scrub timeline: %w", err)
	}
	db.mu.Lock()
	defer db.mu.Unlock()
	if db.writer == nil {
		return errors.New("scrub timeline: it was closed")
	}
	err := on(db.writer.conn, func(s session) error { return s.scrub(ctx) })
	if err != nil {
		return fmt.Errorf("scrub timeline: %w", explain(err))
	}
	return nil
}

func (s session) scrub(ctx context.Context) (err error) {
	for _, statement := range []string{`PRAGMA temp_store = MEMORY`, `VACUUM`, `PRAGMA busy_timeout = 500`} {
		if _, err := s.exec(ctx, statement); err != nil {
			return err
		}
	}
	defer func() {
		_, back := s.exec(context.WithoutCancel(ctx), `PRAGMA busy_timeout = 10000`)
		err = errors.Join(err, back)
	}()
	for range scrubTries {
		busy := int64(1)
		err := s.each(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`, nil, func(row []driver.Value) (bool, error) {
			busy, err = integer(row[0])
			return false, err
		})
		var e sqlite3.Error
		switch {
		case errors.As(err, &e) && (e.Code == sqlite3.ErrBusy || e.Code == sqlite3.ErrLocked):
			continue
		case err != nil:
			return err
		case busy == 0:
			return nil
		}
	}
	return ErrBusy
}
