package events

import (
	"context"
	"database/sql"
	"fmt"
)

// schemaVersion stands in PRAGMA user_version. timeline.db is derived, so
// there are no migrations: another version is rebuilt from the evidence.
const schemaVersion = 1

// applicationID marks the file as ours ("FBtl").
const applicationID = 0x4642746c

// An event is one row. Everything that repeats from event to event stands once
// in origin: a filter on those fields is decided in memory, per origin, and
// the rows are then chosen by a set of small numbers.
//
//	time     ns since 1970; undated events have the greatest integer
//	id       the bytes of an id made by timeline.EventID (PackID), else its text
//	attrs    see attributes.go
//	odd      1: text that LIKE cannot be trusted with, 2: text beyond ASCII
var schema = []string{
	`CREATE TABLE origin (
		id INTEGER PRIMARY KEY,
		source TEXT NOT NULL, parser TEXT NOT NULL, host TEXT NOT NULL, user TEXT NOT NULL,
		kind TEXT NOT NULL, precision TEXT NOT NULL, exhibit TEXT NOT NULL, technique TEXT NOT NULL,
		UNIQUE (source, parser, host, user, kind, precision, exhibit, technique)
	)`,
	`CREATE TABLE event (
		id BLOB NOT NULL UNIQUE,
		time INTEGER NOT NULL,
		origin INTEGER NOT NULL,
		place INTEGER NOT NULL,
		odd INTEGER NOT NULL,
		message TEXT NOT NULL,
		attrs TEXT NOT NULL
	)`,
	`CREATE INDEX event_time ON event (time, id, origin)`,
	`CREATE TABLE total (events INTEGER NOT NULL)`,
	`INSERT INTO total VALUES (0)`,
}

// prepare checks the schema and makes it in an empty file.
func (db *DB) prepare(ctx context.Context) error {
	version, application, err := identity(ctx, db.write)
	if err != nil {
		return err
	}
	if version == 0 && application == 0 {
		return db.make(ctx)
	}
	return known(version, application)
}

func known(version, application int64) error {
	if application != applicationID {
		return fmt.Errorf("%w: another program made it (application id %#x)", ErrDamaged, application)
	}
	if version > schemaVersion {
		return fmt.Errorf("%w: its schema is version %d, this program knows %d", ErrNewer, version, schemaVersion)
	}
	if version != schemaVersion {
		return fmt.Errorf("%w: its schema is version %d, this program knows %d", ErrDamaged, version, schemaVersion)
	}
	return nil
}

type queryer interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func identity(ctx context.Context, q queryer) (version, application int64, err error) {
	if err := q.QueryRowContext(ctx, `PRAGMA user_version`).Scan(&version); err != nil {
		return 0, 0, fmt.Errorf("read schema version: %w", err)
	}
	if err := q.QueryRowContext(ctx, `PRAGMA application_id`).Scan(&application); err != nil {
		return 0, 0, fmt.Errorf("read application id: %w", err)
	}
	return version, application, nil
}

// make creates the tables, unless another process did so first.
func (db *DB) make(ctx context.Context) error {
	tx, err := db.write.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("create schema: %w", err)
	}
	defer tx.Rollback() //nolint:errcheck // after Commit there is nothing to roll back
	version, application, err := identity(ctx, tx)
	if err != nil {
		return err
	}
	if version != 0 || application != 0 {
		return known(version, application)
	}
	var tables int
	if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM sqlite_schema`).Scan(&tables); err != nil {
		return fmt.Errorf("create schema: %w", err)
	}
	if tables != 0 {
		return fmt.Errorf("%w: another program made it", ErrDamaged)
	}
	for _, statement := range schema {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("create schema: %w", err)
		}
	}
	for _, statement := range []string{`PRAGMA user_version = 1`, `PRAGMA application_id = 1178760300`} {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("create schema: %w", err)
		}
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("create schema: %w", err)
	}
	return nil
}
