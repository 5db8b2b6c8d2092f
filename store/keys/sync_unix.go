//go:build unix

package keys

import (
	"errors"
	"os"
)

// SyncDir makes the names in a folder last.
func SyncDir(dir string) error {
	d, err := os.Open(dir) //nolint:gosec // a folder of the workspace
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
