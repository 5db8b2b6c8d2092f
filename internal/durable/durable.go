// Package durable makes changes of the disk last, and makes them whole: a file
// appears under its name complete or not at all, whenever the machine stops.
//
// Draft is for what is written as a stream, Replace for small files. Where a
// system has no call to sync a folder, as Windows, it keeps names by itself.
package durable

import (
	"errors"
	"os"
)

// SyncFile makes the content of a file last that somebody else wrote.
func SyncFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0) //nolint:gosec // the caller's own file
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
