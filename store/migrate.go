package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"firebreak/internal/durable"
	"firebreak/store/cryptvfs"
)

//go:embed migrations/*.sql
var embedded embed.FS

// migrations are the numbered SQL files, in order. Number n leads from schema
// n-1 to schema n.
func migrations(files fs.FS) ([]string, error) {
	names, err := fs.Glob(files, "migrations/*.sql") // sorted
	if err != nil {
		return nil, err
	}
	out := make([]string, len(names))
	for i, name := range names {
		number, _, _ := strings.Cut(filepath.Base(name), "_")
		if n, err := strconv.Atoi(number); err != nil || n != i+1 {
			return nil, fmt.Errorf("migration %s: want number %d", name, i+1)
		}
		b, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		out[i] = string(b)
	}
	return out, nil
}

// schema is the version the database is at.
func schema(ctx context.Context, db *sql.DB) (int, error) {
	var v int
	err := db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&v)
	return v, err
}

// checkSchema refuses a schema that is newer than the migrations known here.
func checkSchema(at, known int) error {
	if at > known {
		return fmt.Errorf("%w: schema %d, this one knows up to %d", ErrNewer, at, known)
	}
	return nil
}

// migrate brings the database to the newest schema, each step in its own
// transaction. A database that already has one is first copied to
// incident.schema-N.db beside it. The caller holds the incident's lock.
func migrate(ctx context.Context, db *sql.DB, path string, steps []string, key *cryptvfs.Key) error {
	at, err := schema(ctx, db)
	if err != nil {
		return fmt.Errorf("read schema version: %w", err)
	}
	if err := checkSchema(at, len(steps)); err != nil || at == len(steps) {
		return err
	}
	if at > 0 {
		if err := backup(ctx, db, strings.TrimSuffix(path, ".db")+fmt.Sprintf(".schema-%d.db", at), key); err != nil {
			return fmt.Errorf("back up before migrating: %w", err)
		}
	}
	for i := at; i < len(steps); i++ {
		if err := step(ctx, db, i+1, steps[i]); err != nil {
			return fmt.Errorf("migrate to schema %d: %w", i+1, err)
		}
	}
	return nil
}

func step(ctx context.Context, db *sql.DB, version int, script string) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // after a commit it says so and does nothing
	if _, err := tx.ExecContext(ctx, script); err != nil {
		return err
	}
	// A pragma takes no parameters; version is our own number.
	if _, err := tx.ExecContext(ctx, "PRAGMA user_version = "+strconv.Itoa(version)); err != nil {
		return err
	}
	return tx.Commit()
}

// backup writes a compact copy without the pages of deleted rows, encrypted
// with key. A copy that is already there is kept: it is the older one.
func backup(ctx context.Context, db *sql.DB, to string, key *cryptvfs.Key) error {
	if _, err := os.Lstat(to); err == nil {
		return nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	part := to + ".part"
	if err := os.Remove(part); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	// VACUUM INTO accepts an empty file, and so it has the right mode at once.
	f, err := os.OpenFile(part, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // a file of the incident's own folder
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	target, err := key.Target(part)
	if err == nil {
		_, err = db.ExecContext(ctx, "VACUUM INTO ?", target)
	}
	if err != nil {
		return errors.Join(err, os.Remove(part))
	}
	if err := durable.SyncFile(part); err != nil {
		return err
	}
	if err := os.Rename(part, to); err != nil {
		return err
	}
	return durable.SyncDir(filepath.Dir(to))
}
