package archive

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// ErrBusy says that another process is writing the same file.
var ErrBusy = errors.New("another process is writing it")

// Draft is a file under way. It lies beside its later place under a hidden name, and a
// lock in it says that its writer lives; what a killed one left is used again.
type Draft struct {
	*os.File
	to string
}

// Create begins a file that shall become path, which must not be there yet.
func Create(path string) (*Draft, error) {
	if _, err := os.Lstat(path); err == nil {
		return nil, fmt.Errorf("write %s: %w", path, fs.ErrExist)
	}
	part := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".part")
	for range 100 {
		f, err := os.OpenFile(part, os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // a person names it
		if err != nil {
			return nil, fmt.Errorf("write %s: %w", path, err)
		}
		ours, err := claim(f)
		if err == nil && !ours {
			err = ErrBusy
		}
		if err == nil {
			var here, there os.FileInfo
			if here, err = f.Stat(); err == nil {
				there, err = os.Lstat(part)
			}
			if err == nil && os.SameFile(here, there) && here.Mode().IsRegular() {
				if err = errors.Join(f.Chmod(0o600), f.Truncate(0)); err == nil {
					return &Draft{f, path}, nil
				}
			} else if ignore(err) == nil { // its former writer has just finished
				if err := f.Close(); err != nil {
					return nil, err
				}
				continue
			}
		}
		return nil, errors.Join(fmt.Errorf("write %s: %w", path, err), f.Close())
	}
	return nil, fmt.Errorf("write %s: %w", path, ErrBusy)
}

// Publish gives the file its name, once it is on disk.
func (d *Draft) Publish() error {
	if err := d.Sync(); err != nil {
		return fmt.Errorf("write %s: %w", d.to, err)
	}
	if _, err := os.Lstat(d.to); err == nil {
		return errors.Join(fmt.Errorf("write %s: %w", d.to, fs.ErrExist), d.Drop())
	}
	if err := os.Rename(d.Name(), d.to); err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", d.to, err), d.Drop())
	}
	err := syncDir(filepath.Dir(d.to))
	if err = errors.Join(err, d.Close()); err != nil {
		return fmt.Errorf("write %s: %w", d.to, err)
	}
	return nil
}

// Drop takes the unfinished file away.
func (d *Draft) Drop() error { return errors.Join(ignore(os.Remove(d.Name())), d.Close()) }
