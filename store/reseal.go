package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"firebreak/store/cryptvfs"
)

// Reseal encrypts the database of the incident in dir, and the copies that
// migrations left, with another key; nil is a plain one, on either side. It
// holds the incident's lock meanwhile. Nothing else changes: the record and
// its heads are the same. Calling it again after an interruption goes on.
//
// While anybody has the incident open the error is cryptvfs.ErrInUse.
func Reseal(ctx context.Context, dir string, from, to *[32]byte) (err error) {
	l, err := openLock(filepath.Join(dir, lockFile), os.O_RDWR|os.O_CREATE, Owner())
	if err != nil {
		return fmt.Errorf("encrypt incident in %s: %w", dir, err)
	}
	defer func() { err = errors.Join(err, l.close()) }()
	if err := l.acquire(ctx); err != nil {
		return fmt.Errorf("encrypt incident in %s: %w", dir, err)
	}
	defer func() { err = errors.Join(err, l.release()) }()
	files, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("encrypt incident in %s: %w", dir, err)
	}
	var names []string
	for _, f := range files {
		if strings.HasPrefix(f.Name(), strings.TrimSuffix(DatabaseFile, ".db")+".schema-") && strings.HasSuffix(f.Name(), ".db") {
			names = append(names, f.Name())
		}
	}
	// The record last: once it has the key, everything has.
	for _, name := range append(names, DatabaseFile) {
		if err := cryptvfs.Reseal(ctx, filepath.Join(dir, name), from, to); err != nil {
			return fmt.Errorf("encrypt incident in %s: %w", dir, explain(err))
		}
	}
	return nil
}
