package forensics

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"firebreak/internal/shred"
)

// Destroy makes the content of a blob unreadable for good: its key first, where
// it has one, and then the sealed bytes are overwritten, synced and removed. What
// is not there is fine: a blob without its key goes, and a key without its blob.
// It waits for whoever seals or converts in the same folder of the locker, so
// that it destroys both of a pair. Whoever calls it makes sure that no other
// exhibit has the same content.
func (l *Locker) Destroy(ctx context.Context, blob string) (err error) {
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
	release, err := hold(ctx, root, blob[:2])
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("destroy blob %s: %w", blob, err)
	}
	defer func() { err = errors.Join(err, release()) }()
	if err := errors.Join(shred.In(root, keyPlace(blob)), shred.In(root, place(blob))); err != nil {
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
