package response

import (
	"errors"
	"os"
	"path/filepath"
)

// replaceFile writes a file so that its name leads to the whole of the old
// content or the whole of the new one: NTFS journals names.
func replaceFile(path string, content []byte, mode os.FileMode) (err error) {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(tmp.Name()))
		}
	}()
	_, err = tmp.Write(content)
	if err = errors.Join(err, tmp.Chmod(mode), tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}

// syncFolder does nothing: folders cannot be synced there.
func syncFolder(string) error { return nil }
