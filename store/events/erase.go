package events

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"

	"github.com/mattn/go-sqlite3"
)

// ErrBusy is returned by Scrub while another process reads from the timeline.
var ErrBusy = errors.New("another process still reads timeline.db")

// EraseExhibit removes the events of an exhibit and what they had in common,
// and returns how many there were. What SQLite leaves of them in its files goes
// with Scrub.
func (db *DB) EraseExhibit(ctx context.Context, exhibit string) (removed int64, err error) {
	err = db.update(ctx, func(w *writer) error {
		if _, err := w.exec(ctx, `DELETE FROM event WHERE origin IN (SELECT id FROM origin WHERE exhibit = ?)`, exhibit); err != nil {
			return err
		}
		if removed, err = w.settle(ctx, -1); err != nil {
			return err
		}
		// The rows stay, because the caches of other processes know them by their
		// number; what they say goes.
		_, err = w.exec(ctx, `UPDATE origin SET source = '', parser = 'erased ' || id, host = '', user = '', technique = '' WHERE exhibit = ?`, exhibit)
		clear(w.known)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("erase events of %s: %w", exhibit, err)
	}
	return removed, nil
}

// CountExhibit is how many events an exhibit has in the timeline.
func (db *DB) CountExhibit(ctx context.Context, exhibit string) (n int64, err error) {
	err = db.view(ctx, func(s *snapshot) error {
		n, _, err = s.number(ctx, `SELECT count(*) FROM event WHERE origin IN (SELECT id FROM origin WHERE exhibit = ?)`, exhibit)
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
