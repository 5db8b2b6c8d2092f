package events

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/mattn/go-sqlite3"

	"firebreak/store/events/segment"
)

// schemaVersion stands in PRAGMA user_version. timeline.db is derived, so
// there are no migrations: another version is rebuilt from the evidence. One that
// lacks only what need not be there is taken as it is, and becomes this one when
// it is written to.
const (
	schemaVersion = 4
	schemaLikeIt  = 3 // without digests, and each text in one piece
)

// applicationID marks the file as ours ("FBtl").
const applicationID = 0x4642746c

// What the tables hold is made and read by package segment. A segment's rows are
// written once and never changed.
//
//	state    one row; generation rises with every change of the segments, next is
//	         the id of the next segment: none is ever used again
//	segment  small says that all parts are in one row
//	part     id: see partID
//	digest   metas and names of many segments, once more; see digest.go
//	whole    the exhibits that were read to their end: what it does not name has to
//	         be read on
//	word     the parts of the words, apart from the others so that those in which
//	         a word can be lie together, whatever the segment; id: see wordID
var schema = []string{
	`CREATE TABLE state (generation INTEGER NOT NULL, next INTEGER NOT NULL, events INTEGER NOT NULL)`,
	`INSERT INTO state VALUES (1, 1, 0)`,
	`CREATE TABLE segment (id INTEGER PRIMARY KEY, events INTEGER NOT NULL, small INTEGER NOT NULL)`,
	`CREATE TABLE part (id INTEGER PRIMARY KEY, data BLOB NOT NULL)`,
	`CREATE TABLE word (id INTEGER PRIMARY KEY, data BLOB NOT NULL)`,
	`CREATE TABLE whole (exhibit TEXT PRIMARY KEY) WITHOUT ROWID`,
	digestTable,
}

// Kinds of parts beside those of package segment.
const (
	kindMeta segment.Kind = 0
	kindAll  segment.Kind = 15 // every part of a small segment
)

const (
	segmentBits = 39
	partBits    = 24
)

// partID is segment, kind (4 bits) and number (20 bits): the parts of a segment
// lie together.
func partID(id int64, kind segment.Kind, n int) int64 {
	return id<<partBits | int64(kind)<<20 | int64(n)
}

// wordID is number and segment.
func wordID(id int64, n int) int64 { return int64(n)<<segmentBits | id }

// prepared is prepare, tried again while another process makes the same file: the
// first switch to a log needs the file alone, and of two that try SQLite turns one
// away at once instead of letting both wait for each other.
func (db *DB) prepared(ctx context.Context, o Options) error {
	const tries, pause = 100, 20 * time.Millisecond
	for try := 1; ; try++ {
		err := db.prepare(ctx, o)
		var e sqlite3.Error
		if !errors.As(err, &e) || e.Code != sqlite3.ErrBusy && e.Code != sqlite3.ErrLocked || try == tries {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

// prepare checks the schema and makes it in an empty file.
func (db *DB) prepare(ctx context.Context, o Options) error {
	version, application, err := identity(ctx, db.write)
	if err != nil {
		return err
	}
	if version == 0 && application == 0 {
		return db.make(ctx, false)
	}
	err = known(version, application)
	db.older = version == schemaLikeIt
	if errors.Is(err, ErrOlder) && o.Renew && !db.readOnly {
		return db.make(ctx, true)
	}
	return err
}

// errOlder is ErrOlder, and ErrDamaged to those who make a timeline again.
type errOlder struct{}

func (errOlder) Error() string { return ErrOlder.Error() }

func (errOlder) Is(target error) bool { return target == ErrOlder || target == ErrDamaged }

func known(version, application int64) error {
	if application != applicationID {
		return fmt.Errorf("%w: another program made it (application id %#x)", ErrDamaged, application)
	}
	if version > schemaVersion {
		return fmt.Errorf("%w: its schema is version %d, this program knows %d", ErrNewer, version, schemaVersion)
	}
	if version != schemaVersion && version != schemaLikeIt {
		return fmt.Errorf("%w: its schema is version %d, this program knows %d", errOlder{}, version, schemaVersion)
	}
	return nil
}

type queryer interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// identity reads both numbers in one statement, so at one moment: another process
// may be making the file.
func identity(ctx context.Context, q queryer) (version, application int64, err error) {
	err = q.QueryRowContext(ctx, `SELECT user_version, application_id FROM pragma_user_version, pragma_application_id`).Scan(&version, &application)
	if err != nil {
		return 0, 0, fmt.Errorf("read schema version: %w", err)
	}
	return version, application, nil
}

// make creates the tables, unless another process did so first. Those of an older
// program go, if it is to be renewed.
func (db *DB) make(ctx context.Context, renew bool) error {
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
		err := known(version, application)
		if !renew || !errors.Is(err, ErrOlder) {
			return err
		}
		if err := dropTables(ctx, tx); err != nil {
			return fmt.Errorf("renew schema: %w", err)
		}
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
	for _, statement := range []string{fmt.Sprint(`PRAGMA user_version = `, schemaVersion), fmt.Sprint(`PRAGMA application_id = `, applicationID)} {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("create schema: %w", err)
		}
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("create schema: %w", err)
	}
	return nil
}

// dropTables empties the file.
func dropTables(ctx context.Context, tx *sql.Tx) error {
	names, err := tableNames(ctx, tx)
	if err != nil {
		return err
	}
	for _, name := range names {
		if _, err := tx.ExecContext(ctx, `DROP TABLE "`+strings.ReplaceAll(name, `"`, `""`)+`"`); err != nil {
			return err
		}
	}
	return nil
}

func tableNames(ctx context.Context, tx *sql.Tx) (names []string, err error) {
	rows, err := tx.QueryContext(ctx, `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\'`)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, rows.Err()
}
