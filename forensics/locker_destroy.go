package forensics

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"firebreak/internal/shred"
)

// sealedKey ends the name of the file beside a blob that holds its key, where
// evidence is encrypted.
const sealedKey = ".key"

// Destroy makes the content of a blob unreadable for good: its key first, where
// it has one, and then the sealed bytes are overwritten, synced and removed. A
// blob that is not there is fine. Whoever calls it makes sure that no other
// exhibit has the same content.
func (l *Locker) Destroy(blob string) error {
	if !blobShape.MatchString(blob) {
		return fmt.Errorf("destroy blob %q: want 64 hexadecimal digits", blob)
	}
	root, err := os.OpenRoot(l.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("destroy blob %s: %w", blob, err)
	}
	defer func() { _ = root.Close() }()
	if _, err := root.Lstat(blob[:2]); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err := errors.Join(shred.In(root, place(blob)+sealedKey), shred.In(root, place(blob))); err != nil {
		return fmt.Errorf("destroy blob %s: %w", blob, err)
	}
	return nil
}

// Holds says whether a blob is in the locker, without reading it.
func (l *Locker) Holds(blob string) (bool, error) {
	if !blobShape.MatchString(blob) {
		return false, nil
	}
	root, err := os.OpenRoot(l.dir)
	if err == nil {
		_, err = root.Lstat(place(blob))
		err = errors.Join(err, root.Close())
	}
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look for blob %s: %w", blob, err)
	}
	return true, nil
}
