//go:build !cgo

package sqlview

import (
	"context"
	"time"

	"firebreak/timeline"
)

// Without cgo there is no SQLite: the timeline itself cannot be opened either.

// DB is an open view.
type DB struct{}

// Open returns ErrNoSQLite.
func Open(Tables, Spills) (*DB, error) { return nil, ErrNoSQLite }

// Close does nothing.
func (*DB) Close() error { return nil }

// Query returns ErrNoSQLite.
func (*DB) Query(context.Context, string, []Param, func([]string) error, func([]any) error) error {
	return ErrNoSQLite
}

// File is a plain SQLite file.
type File struct{}

// NewFile returns ErrNoSQLite.
func NewFile(context.Context, string, map[string]time.Time, Spills) (*File, error) {
	return nil, ErrNoSQLite
}

// Write returns ErrNoSQLite.
func (*File) Write(*timeline.Event, timeline.Mark) error { return ErrNoSQLite }

// Flush returns ErrNoSQLite.
func (*File) Flush() error { return ErrNoSQLite }

// Close does nothing.
func (*File) Close() error { return nil }
