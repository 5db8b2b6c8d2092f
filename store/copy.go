package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	sqlite3 "github.com/mattn/go-sqlite3"

	"firebreak/record"
	"firebreak/store/cryptvfs"
)

// Picture is one moment of an incident, taken while others write.
type Picture struct {
	Heads    []byte      // the heads file of that moment
	Head     record.Head // the newest inside the database
	Exhibits []Exhibit
}

// copyStep is how many pages are copied between two looks at the context.
const copyStep = 256

// Copy writes the database as it is now into the new file path, which only its
// owner can read, and returns the heads that belong to it. The incident's lock
// is held only while the moment is fixed, not while the pages are copied. When
// it fails the file is gone again. progress counts pages and may be nil.
func (s *Store) Copy(ctx context.Context, path string, progress func(done, total int64)) (Picture, error) {
	p, err := s.copy(ctx, path, progress)
	if err != nil {
		return p, fmt.Errorf("copy %s: %w", s.id, explain(err))
	}
	return p, nil
}

func (s *Store) copy(ctx context.Context, path string, progress func(done, total int64)) (p Picture, err error) {
	if s.blind {
		return p, fmt.Errorf("the folder cannot be written to, so its newest entries cannot be read: %w", ErrReadOnly)
	}
	conn, err := s.r.Conn(ctx)
	if err != nil {
		return p, err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	if p.Heads, err = s.pin(ctx, conn); err != nil {
		return p, err
	}
	defer func() { _, e := conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK"); err = errors.Join(err, e) }()
	if err := p.read(ctx, conn); err != nil {
		return p, err
	}
	// Made by hand for its mode.
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // the caller says where
	if err != nil {
		return p, err
	}
	if err = f.Close(); err == nil {
		err = copyPages(ctx, conn, path, s.key, progress)
	}
	if err != nil {
		err = errors.Join(err, os.Remove(path))
	}
	return p, err
}

// pin begins a transaction on conn whose picture and the heads file belong
// together: no update lies between them.
func (s *Store) pin(ctx context.Context, conn *sql.Conn) (heads []byte, err error) {
	if s.closed.Load() {
		return nil, ErrClosed
	}
	if s.lock != nil {
		if err := s.lock.acquire(ctx); err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, s.lock.release()) }()
	}
	heads, err = os.ReadFile(filepath.Join(s.dir, HeadsFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if _, err := conn.ExecContext(ctx, "BEGIN"); err != nil {
		return nil, err
	}
	var n int64 // the first read fixes the picture
	if err := conn.QueryRowContext(ctx, "SELECT count(*) FROM about").Scan(&n); err != nil {
		_, e := conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
		return nil, errors.Join(err, e)
	}
	return heads, nil
}

// read fills in what a catalogue of the copy needs.
func (p *Picture) read(ctx context.Context, conn *sql.Conn) error {
	var note []byte
	err := conn.QueryRowContext(ctx, "SELECT note FROM heads ORDER BY size DESC LIMIT 1").Scan(&note)
	if err == nil {
		p.Head, err = record.ReadHead(note)
	}
	if err != nil {
		return fmt.Errorf("read heads: %w", err)
	}
	rows, err := conn.QueryContext(ctx, "SELECT doc FROM projection WHERE kind = ? ORDER BY number, id", kindExhibit)
	if err != nil {
		return fmt.Errorf("read exhibits: %w", err)
	}
	p.Exhibits, err = documents[Exhibit](rows)
	if err != nil {
		return fmt.Errorf("read exhibits: %w", err)
	}
	return nil
}

// copyPages copies through SQLite, page by page. The source has a transaction
// open, so what others write meanwhile does not show and does not start the
// copy anew.
func copyPages(ctx context.Context, from *sql.Conn, path string, key *cryptvfs.Key, progress func(done, total int64)) (err error) {
	to := connect(path, staged, 1, key)
	defer func() { err = errors.Join(err, to.Close()) }()
	dest, err := to.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dest.Close()) }()
	return from.Raw(func(source any) error {
		return dest.Raw(func(target any) error {
			return backUp(ctx, target.(*sqlite3.SQLiteConn), source.(*sqlite3.SQLiteConn), progress) //nolint:forcetypeassert // our own connector made them
		})
	})
}

func backUp(ctx context.Context, to, from *sqlite3.SQLiteConn, progress func(done, total int64)) (err error) {
	b, err := to.Backup("main", from, "main")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.Finish()) }()
	for done := false; !done; {
		if err := ctx.Err(); err != nil {
			return err
		}
		if done, err = b.Step(copyStep); err != nil {
			return err
		}
		if progress != nil {
			total := int64(b.PageCount())
			progress(total-int64(b.Remaining()), total)
		}
	}
	return nil
}
