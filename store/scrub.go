package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"firebreak/internal/durable"
	"firebreak/internal/shred"
	"firebreak/record"
)

// leftoverFile notes what a recorded erasure has still to destroy. It is there
// from just before the commit until everything is gone.
const leftoverFile = "erasing"

// Leftover is what a recorded erasure has still to destroy besides the pages of
// the database.
type Leftover struct {
	Erasure  string   `json:"erasure"`
	Seq      int64    `json:"seq"` // of its entry
	Exhibits []string `json:"exhibits,omitempty"`
	Blobs    []string `json:"blobs,omitempty"` // their sealed bytes
	Files    []string `json:"files,omitempty"` // that may quote it, below the incident's folder
}

func (s *Store) reached(step string) {
	if s.opts.Reached != nil {
		s.opts.Reached(step)
	}
}

// note writes the file before the transaction is committed.
func (s *Store) note(l Leftover) error {
	b, err := json.Marshal(l)
	if err != nil {
		return fmt.Errorf("note what is to be destroyed: %w", err)
	}
	path := filepath.Join(s.dir, leftoverFile)
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600) //nolint:gosec // a file of the incident's own folder
	if err != nil {
		return fmt.Errorf("note what is to be destroyed: %w", explain(err))
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Sync(), f.Close(), durable.SyncDir(s.dir)); err != nil {
		return errors.Join(fmt.Errorf("note what is to be destroyed: %w", explain(err)), s.forget())
	}
	return nil
}

// forget destroys the note.
func (s *Store) forget() error { return shred.File(filepath.Join(s.dir, leftoverFile)) }

// Pending says whether an erasure in that folder may not be finished. It looks
// for the note only and opens nothing.
func Pending(dir string) bool {
	_, err := os.Lstat(filepath.Join(dir, leftoverFile))
	return err == nil
}

// Leftover is what a recorded erasure has still to destroy, nil for nothing.
func (s *Store) Leftover(ctx context.Context) (*Leftover, error) {
	if !Pending(s.dir) {
		return nil, nil
	}
	var left *Leftover
	err := s.View(ctx, func(tx *Tx) (err error) {
		left, err = s.leftover(tx)
		return err
	})
	return left, err
}

// leftover reads the note. One whose erasure was never recorded, as after a
// crash before the commit, or that cannot be read, because the crash came while
// it was written, is of nothing.
func (s *Store) leftover(tx *Tx) (*Leftover, error) {
	f, err := os.Open(filepath.Join(s.dir, leftoverFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read what is to be destroyed: %w", explain(err))
	}
	b, err := io.ReadAll(io.LimitReader(f, record.MaxDisclosure))
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("read what is to be destroyed: %w", explain(err))
	}
	var l Leftover
	if json.Unmarshal(b, &l) != nil {
		return nil, nil
	}
	x, err := tx.Erasure(l.Erasure)
	if err != nil || x.State != ErasureDone {
		return nil, nil //nolint:nilerr // it was not recorded
	}
	l.Files = slices.DeleteFunc(l.Files, func(name string) bool { return !filepath.IsLocal(name) }) // whoever writes the folder could name any
	return &l, nil
}

// Finish destroys what a recorded erasure left behind. outside is called under
// the incident's lock and destroys what is not the store's; still says which
// blobs the exhibits that remain need. Then the database is written anew,
// without the freed pages, its log is emptied, and copies of older schemas are
// destroyed. It may be called again and again; with nothing to do it does
// nothing. With ErrBusy somebody still reads: what is left goes with the next
// call.
func (s *Store) Finish(ctx context.Context, outside func(l Leftover, still func(blob string) bool) error) (err error) {
	if s.w == nil {
		return fmt.Errorf("finish the erasure in %s: %w", s.id, s.whyNot(ctx))
	}
	if err := s.alive(); err != nil {
		return fmt.Errorf("finish the erasure in %s: %w", s.id, err)
	}
	if err := s.lock.acquire(ctx); err != nil {
		return fmt.Errorf("finish the erasure in %s: %w", s.id, err)
	}
	defer func() { err = errors.Join(err, s.lock.release()) }()
	left, needed, err := s.whatIsLeft(ctx)
	if err != nil || !Pending(s.dir) {
		return err
	}
	if left != nil {
		if err := outside(*left, func(blob string) bool { return needed[blob] }); err != nil {
			return fmt.Errorf("finish erasure %s: %w", left.Erasure, err)
		}
		s.reached("outside")
		if err := s.scrub(ctx); err != nil {
			return fmt.Errorf("finish erasure %s: %w", left.Erasure, s.failed(err))
		}
		s.reached("scrubbed")
	}
	if err := errors.Join(s.forget(), durable.SyncDir(s.dir)); err != nil {
		return fmt.Errorf("finish the erasure in %s: %w", s.id, explain(err))
	}
	return nil
}

// whatIsLeft reads the note and which blobs are needed by exhibits that were
// not erased.
func (s *Store) whatIsLeft(ctx context.Context) (*Leftover, map[string]bool, error) {
	var left *Leftover
	needed := map[string]bool{}
	err := s.View(ctx, func(tx *Tx) (err error) {
		if left, err = s.leftover(tx); err != nil {
			return err
		}
		xs, err := tx.Exhibits()
		for _, x := range xs {
			if x.Erased == "" {
				needed[x.Blob] = true
			}
		}
		return err
	})
	return left, needed, err
}

// ErrBusy says that the write-ahead log could not be emptied, because another
// process reads from it.
var ErrBusy = errors.New("another process still reads the database")

// scrubTries is how often the log is tried to be emptied, each time for
// scrubWait.
const (
	scrubTries = 5
	scrubWait  = 500 * time.Millisecond
)

// scrub leaves nothing of what was deleted. Zeros over deleted rows
// (secure_delete) are not enough: SQLite moves rows between pages and leaves
// copies of them in the gaps, which no longer belong to any row. So the whole
// database is written anew, and then the log, which has the old pages, is cut.
func (s *Store) scrub(ctx context.Context) (err error) {
	conn, err := s.w.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	// In memory: the copy must not lie in a folder for temporary files.
	for _, statement := range []string{"PRAGMA temp_store = MEMORY", "VACUUM"} {
		if _, err := conn.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("write the database anew: %w", err)
		}
	}
	s.reached("vacuumed")
	if _, err := conn.ExecContext(ctx, fmt.Sprintf("PRAGMA busy_timeout = %d", scrubWait.Milliseconds())); err != nil {
		return err
	}
	defer func() {
		_, back := conn.ExecContext(context.WithoutCancel(ctx), "PRAGMA busy_timeout = 10000")
		err = errors.Join(err, back)
	}()
	for try := 1; ; try++ {
		var busy, log, done int64
		if err := conn.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &log, &done); err != nil {
			return fmt.Errorf("empty the write-ahead log: %w", err)
		}
		if busy == 0 {
			break
		}
		if try == scrubTries {
			return ErrBusy
		}
	}
	info, err := os.Stat(filepath.Join(s.dir, DatabaseFile+"-wal"))
	if err == nil && info.Size() > 0 {
		return fmt.Errorf("empty the write-ahead log: %d bytes are still there: %w", info.Size(), ErrBusy)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return s.dropCopies()
}

// dropCopies destroys the copies that migrations and repairs made of the
// database, or left half made: they hold what was erased.
func (s *Store) dropCopies() (err error) {
	for _, pattern := range []string{"incident.schema-*.db*", newDatabase + "*", mendedDatabase + "*", DamagedPrefix + "*"} {
		copies, bad := filepath.Glob(filepath.Join(s.dir, pattern))
		err = errors.Join(err, bad)
		for _, path := range copies {
			err = errors.Join(err, shred.Folder(path))
		}
	}
	return err
}
