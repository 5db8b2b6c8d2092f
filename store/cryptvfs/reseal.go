package cryptvfs

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"

	"firebreak/internal/durable"
	"firebreak/internal/shred"
	"firebreak/internal/sqliteuri"
)

// ErrInUse is returned by Reseal while anybody has the database open.
var ErrInUse = errors.New("the database is in use")

// Reseal encrypts the database at path with another key; nil is a plain file,
// on either side. The new file takes the place of the old one whole or not at
// all, and the old one is overwritten. A database that has the key already is
// left as it is, so that a call that was interrupted can be made again.
//
// The caller keeps others from opening it meanwhile; who has it open already
// makes the error ErrInUse.
func Reseal(ctx context.Context, path string, from, to *[32]byte) error {
	if err := reseal(ctx, path, from, to); err != nil {
		return fmt.Errorf("encrypt %s anew: %w", filepath.Base(path), err)
	}
	return nil
}

func reseal(ctx context.Context, path string, from, to *[32]byte) error {
	part, old := path+".resealing", path+".resealed"
	if err := tidy(path, part, old); err != nil {
		return err
	}
	if done, err := sound(ctx, path, to, "PRAGMA schema_version"); err != nil || done {
		return err
	}
	if err := rewrite(ctx, path, part, old, from, to); err != nil {
		return errors.Join(err, shred.File(part))
	}
	return shred.File(old)
}

// tidy removes what a call that was killed has left.
func tidy(path, part, old string) error {
	now, err := os.Stat(path)
	if err != nil {
		return err
	}
	if before, err := os.Stat(old); err == nil && os.SameFile(now, before) {
		// Killed before the new file took its place: old is a second name of
		// the database itself.
		if err := os.Remove(old); err != nil {
			return err
		}
	}
	return errors.Join(shred.File(part), shred.File(old))
}

// rewrite makes the file part and moves it to path; the file that was there is
// then called old.
func rewrite(ctx context.Context, path, part, old string, from, to *[32]byte) (err error) {
	db, err := single(path, from)
	if err != nil {
		return err
	}
	closed := false
	shut := func() error {
		if closed {
			return nil
		}
		closed = true
		return db.Close()
	}
	defer func() { err = errors.Join(err, shut()) }()
	if err := alone(ctx, db.DB); err != nil {
		return err
	}
	if err := copyTo(ctx, db.DB, part, to); err != nil {
		return err
	}
	if err := os.Link(path, old); err != nil {
		return fmt.Errorf("keep the old file until it is overwritten: %w", err)
	}
	if runtime.GOOS == "windows" { // an open file cannot be replaced there
		if err := shut(); err != nil {
			return err
		}
	}
	if err := os.Rename(part, path); err != nil {
		return err
	}
	return durable.SyncDir(filepath.Dir(path))
}

// alone makes db the only connection. The log goes into the database and is
// deleted, which SQLite does only where nobody else has the file open.
func alone(ctx context.Context, db *sql.DB) error {
	var mode string
	if err := db.QueryRowContext(ctx, "PRAGMA locking_mode = EXCLUSIVE").Scan(&mode); err != nil {
		return err
	}
	if err := db.QueryRowContext(ctx, "PRAGMA journal_mode = DELETE").Scan(&mode); err != nil || mode != "delete" {
		return errors.Join(ErrInUse, err)
	}
	for _, s := range []string{"BEGIN EXCLUSIVE", "COMMIT"} { // the lock stays
		if _, err := db.ExecContext(ctx, s); err != nil {
			return errors.Join(ErrInUse, err)
		}
	}
	return nil
}

// copyTo writes a compact copy to part, checks it and makes it durable.
func copyTo(ctx context.Context, db *sql.DB, part string, to *[32]byte) error {
	f, err := os.OpenFile(part, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // beside the caller's file
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	key, err := optional(to)
	if err != nil {
		return err
	}
	defer key.Release()
	target, err := key.Target(part)
	if err != nil {
		return err
	}
	if _, err := db.ExecContext(ctx, "VACUUM INTO ?", target); err != nil {
		return err
	}
	if good, err := sound(ctx, part, to, "PRAGMA integrity_check(1)"); err != nil || !good {
		return errors.Join(errors.New("the copy is not sound"), err)
	}
	return durable.SyncFile(part)
}

// sound reports whether the database opens with that key and answers ask; an
// integrity check has to say that all is well.
func sound(ctx context.Context, path string, secret *[32]byte, ask string) (yes bool, err error) {
	db, err := single(path, secret)
	if errors.Is(err, ErrOtherLog) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var said string
	if err := db.QueryRowContext(ctx, ask).Scan(&said); err != nil {
		return false, ctx.Err() // with another key it does not open: that is the answer
	}
	return ask == "PRAGMA schema_version" || said == "ok", nil
}

// singleDB is a database with one connection, and its key.
type singleDB struct {
	*sql.DB
	key *Key
}

// Close closes the connection and forgets the key.
func (d singleDB) Close() error {
	err := d.DB.Close()
	d.key.Release()
	return err
}

func single(path string, secret *[32]byte) (singleDB, error) {
	key, err := optional(secret)
	if err != nil {
		return singleDB{}, err
	}
	if err := key.Check(path); err != nil {
		return singleDB{}, err
	}
	q := url.Values{"mode": {"rw"}, "_busy_timeout": {"2000"}, "_secure_delete": {"on"}, "_synchronous": {"FULL"}}
	key.Params(q)
	abs, err := filepath.Abs(path)
	if err != nil {
		key.Release()
		return singleDB{}, err
	}
	db, err := sql.Open("sqlite3", sqliteuri.Of(abs, q))
	if err != nil {
		key.Release()
		return singleDB{}, err
	}
	db.SetMaxOpenConns(1)
	return singleDB{db, key}, nil
}

func optional(secret *[32]byte) (*Key, error) {
	if secret == nil {
		return nil, nil //nolint:nilnil // a plain file has no key
	}
	return NewKey(secret)
}
