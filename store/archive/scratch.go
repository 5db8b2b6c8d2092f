package archive

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"firebreak/internal/durable"
)

// Scratch is a folder for work that must not outlive its process. A lock in it
// says that the process lives; Sweep removes those whose process is gone.
type Scratch struct {
	Dir  string
	lock *os.File
}

const (
	scratchPrefix = ".scratch-"
	scratchLock   = ".lock"
)

// NewScratch makes one in the folder parent, mode 0700.
func NewScratch(parent string) (*Scratch, error) {
	for range 100 {
		dir, err := os.MkdirTemp(parent, scratchPrefix)
		if err != nil {
			return nil, fmt.Errorf("make scratch folder: %w", err)
		}
		f, err := os.OpenFile(filepath.Join(dir, scratchLock), os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600) //nolint:gosec // in the folder just made
		if errors.Is(err, fs.ErrNotExist) {
			continue // a sweep took it for an abandoned one
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("make scratch folder: %w", err), os.RemoveAll(dir))
		}
		ours, err := durable.Claim(f)
		if err == nil && ours {
			if _, err = os.Lstat(f.Name()); err == nil {
				return &Scratch{dir, f}, nil
			}
		}
		if err = errors.Join(ignore(err), f.Close()); err != nil {
			return nil, fmt.Errorf("make scratch folder: %w", err)
		}
	}
	return nil, errors.New("make scratch folder: no place was left alone")
}

// Remove takes the folder away with all that is in it. Twice does nothing.
func (s *Scratch) Remove() error {
	if s.lock == nil {
		return nil
	}
	err := clearOut(s.Dir, s.lock)
	s.lock = nil
	if err != nil {
		return fmt.Errorf("remove scratch folder: %w", err)
	}
	return nil
}

// Sweep removes the scratch folders in parent that a process left when it was
// killed, and says how many.
func Sweep(parent string) (int, error) {
	entries, err := os.ReadDir(parent)
	if err != nil {
		if ignore(err) == nil {
			return 0, nil
		}
		return 0, fmt.Errorf("sweep scratch folders: %w", err)
	}
	n := 0
	for _, e := range entries {
		if !e.IsDir() || !strings.HasPrefix(e.Name(), scratchPrefix) {
			continue
		}
		gone, err := abandoned(filepath.Join(parent, e.Name()))
		if err != nil {
			return n, fmt.Errorf("sweep scratch folders: %w", err)
		}
		if gone {
			n++
		}
	}
	return n, nil
}

// IsScratch says whether a name in a folder is that of a scratch folder.
func IsScratch(name string) bool { return strings.HasPrefix(name, scratchPrefix) }

func abandoned(dir string) (bool, error) {
	f, err := os.OpenFile(filepath.Join(dir, scratchLock), os.O_RDWR, 0) //nolint:gosec // a scratch folder's own
	if errors.Is(err, fs.ErrNotExist) {
		return os.Remove(dir) == nil, nil // being made, or killed while being made: then it is empty
	}
	if err != nil {
		return false, err
	}
	free, err := durable.Claim(f)
	if err != nil || !free {
		return false, errors.Join(err, f.Close())
	}
	err = clearOut(dir, f)
	return err == nil, err
}

// clearOut removes the folder, the lock after everything else, and closes it:
// whenever it is interrupted, the next sweep knows what is left.
func clearOut(dir string, lock *os.File) error {
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		if err == nil && e.Name() != scratchLock {
			err = os.RemoveAll(filepath.Join(dir, e.Name()))
		}
	}
	if err != nil {
		return errors.Join(ignore(err), lock.Close())
	}
	return errors.Join(ignore(durable.RemoveClaimed(lock)), ignore(os.Remove(dir)))
}

func ignore(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
