//go:build unix

package response

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"
)

// replaceFile writes a file so that its name leads to the whole of the old
// content or the whole of the new one, whenever the machine stops.
func replaceFile(path string, content []byte, mode os.FileMode) error {
	if err := renameio.WriteFile(path, content, mode, renameio.WithTempDir(filepath.Dir(path))); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

// syncFolder makes the names in a folder last.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
