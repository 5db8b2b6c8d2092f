package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"net/url"

	sqlite3 "github.com/mattn/go-sqlite3"

	"firebreak/internal/sqliteuri"
	"firebreak/store/cryptvfs"
)

// access is how a handle may use the database.
type access int

const (
	write     access = iota // one connection, transactions take the write lock at once
	read                    // a pool that cannot write
	look                    // the file is opened read-only
	immutable               // nothing can be created beside the file: no locks, no WAL
	staged                  // a copy that is being made: nobody else knows of it
)

// dsn carries every pragma, so that no connection of the pool can lack one.
// FULL is what makes SQLite fsync at every commit in WAL mode; secure_delete
// overwrites what is erased. A key is none of it: what stands there for an
// encrypted file is the number of a slot.
func dsn(path string, a access, key *cryptvfs.Key) string {
	q := url.Values{
		"_busy_timeout":       {"10000"},
		"_foreign_keys":       {"on"},
		"_secure_delete":      {"on"},
		"_synchronous":        {"FULL"},
		"_stmt_cache_size":    {"64"},
		"_recursive_triggers": {"on"},
	}
	switch a {
	case write:
		q.Set("mode", "rw")
		q.Set("_journal_mode", "WAL")
		q.Set("_txlock", "immediate")
	case read:
		q.Set("mode", "rw")
		q.Set("_journal_mode", "WAL")
		q.Set("_query_only", "on")
		q.Set("_txlock", "deferred")
	case look:
		q.Set("mode", "ro")
		q.Set("_query_only", "on")
	case immutable:
		q.Set("mode", "ro")
		q.Set("immutable", "1")
		q.Set("_query_only", "on")
	case staged: // it is checked when it is whole, and dropped when it does not become so
		q.Set("mode", "rw")
		q.Set("_journal_mode", "MEMORY")
		q.Set("_synchronous", "OFF")
	}
	key.Params(q)
	return sqliteuri.Of(path, q)
}

// connector opens connections without registering a driver of our own.
type connector struct {
	driver *sqlite3.SQLiteDriver
	dsn    string
}

// Connect opens one connection.
func (c connector) Connect(context.Context) (driver.Conn, error) { return c.driver.Open(c.dsn) }

// Driver returns the driver.
func (c connector) Driver() driver.Driver { return c.driver }

// connect makes a handle; it does not touch the file yet.
func connect(path string, a access, conns int, key *cryptvfs.Key) *sql.DB {
	return pool(dsn(path, a, key), conns)
}

// takeKey takes the key of an encrypted database into use; without a secret the
// key is nil, and the database a plain one.
func takeKey(secret *[32]byte) (*cryptvfs.Key, error) {
	if secret == nil {
		return nil, nil //nolint:nilnil // a plain database has no key
	}
	return cryptvfs.NewKey(secret)
}

// scratch is a database in memory, for replaying a record.
func scratch() *sql.DB { return pool("file::memory:?_foreign_keys=on&_txlock=immediate", 1) }

func pool(dsn string, conns int) *sql.DB {
	d := &sqlite3.SQLiteDriver{ConnectHook: func(c *sqlite3.SQLiteConn) error {
		for _, p := range []string{"PRAGMA trusted_schema = OFF", "PRAGMA cell_size_check = ON", "PRAGMA mmap_size = 0", "PRAGMA temp_store = MEMORY", "PRAGMA wal_autocheckpoint = 0", "PRAGMA journal_size_limit = 0"} {
			if _, err := c.Exec(p, nil); err != nil {
				return fmt.Errorf("%s: %w", p, err)
			}
		}
		return nil
	}}
	db := sql.OpenDB(connector{d, dsn})
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	return db
}
