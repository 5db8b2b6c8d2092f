package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"firebreak/internal/durable"
)

// SQLite would move the write-ahead log into the database by itself, but it
// keeps to itself when the disk fails while it does. So that is switched off
// (see pool), and an update does it first when the log has grown.
const (
	logLimit = 4 << 20 // the size of the log from which it is moved
	logStep  = 1 << 20 // and tried again, while a reader holds on to it
)

// settled makes the log's name last, once, before anything is written to the
// log. SQLite syncs the folder at its first commit, and does not look at what
// came of it; the log stays where it is while this handle is open.
func (s *Store) settled() error {
	if s.wrote {
		return nil
	}
	if err := durable.SyncDir(s.dir); err != nil {
		return fmt.Errorf("sync the incident's folder: %w: %w: %w", ErrDamaged, ErrDisk, err)
	}
	return nil
}

// tidy moves the log into the database when it is due. A full disk is no
// reason to fail: the log keeps what it has. The caller holds the lock.
func (s *Store) tidy(ctx context.Context) error {
	info, err := os.Stat(filepath.Join(s.dir, DatabaseFile+"-wal"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look at the write-ahead log: %w", err)
	}
	if info.Size() < s.tidied { // it was begun anew since
		s.tidied = 0
	}
	if info.Size() < logLimit || info.Size() < s.tidied+logStep {
		return nil
	}
	s.tidied = info.Size()
	return s.checkpoint(ctx)
}

const moveLog = "PRAGMA wal_checkpoint(PASSIVE)"

func (s *Store) checkpoint(ctx context.Context) error {
	return moved(s.w.QueryRowContext(ctx, moveLog))
}

// moved reads what came of it.
func moved(answer *sql.Row) error {
	var busy, frames, done int64
	err := explain(answer.Scan(&busy, &frames, &done))
	if err == nil || errors.Is(err, ErrFull) {
		return nil
	}
	return fmt.Errorf("move the write-ahead log into the database: %w", err)
}

// finish moves the log of a handle that wrote, so that a disk that fails then
// is told, and closes the handle. One that failed is left open: to close it
// would sync again what could not be synced, and call it good.
func (s *Store) finish() error {
	if s.w == nil || s.dead.Load() != nil {
		return nil
	}
	if s.wrote {
		if err := moved(s.w.QueryRow(moveLog)); errors.Is(err, ErrDamaged) { //nolint:noctx // closing has no context, and ends soon
			s.kill(err)
			return err
		}
	}
	return s.w.Close()
}
