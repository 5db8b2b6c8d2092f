package durable

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// ErrBusy says that another process is writing the same file.
var ErrBusy = errors.New("another process is writing it")

// Draft is a file under way. It lies beside its later place under a hidden name, and a
// lock in it says that its writer lives; what a killed one left is used again.
type Draft struct {
	*os.File
	to   string
	over bool // what is there under the name is replaced
	done bool
}

// Create begins a file, for its owner's eyes only, that shall become path, which must not be there yet.
// Errors: fs.ErrExist, ErrBusy.
func Create(path string) (*Draft, error) {
	if _, err := os.Lstat(path); err == nil {
		return nil, fmt.Errorf("write %s: %w", path, fs.ErrExist)
	}
	return begin(path, false)
}

// Rewrite is Create for a name that may be taken: Publish replaces what is there.
func Rewrite(path string) (*Draft, error) { return begin(path, true) }

func begin(path string, over bool) (*Draft, error) {
	part := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".part")
	for range 100 {
		f, err := os.OpenFile(part, os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // a person names it
		if err != nil {
			return nil, fmt.Errorf("write %s: %w", path, err)
		}
		ours, err := Claim(f)
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
					return &Draft{File: f, to: path, over: over}, nil
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

// Publish gives the file its name, once it is on disk. After Create a file that
// has got the name meanwhile stays: the error is fs.ErrExist. After an error
// there is still Drop to be called.
func (d *Draft) Publish() error {
	err := d.Sync()
	switch {
	case err != nil:
	case d.over:
		err = replace(d.File, d.to)
	default:
		err = rename(d.File, d.to)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", d.to, err)
	}
	d.done = true
	if err := errors.Join(SyncDir(filepath.Dir(d.to)), shut(d.File)); err != nil {
		return fmt.Errorf("write %s: %w", d.to, err)
	}
	return nil
}

// Drop takes the unfinished file away. After Publish it does nothing.
func (d *Draft) Drop() error {
	if d.done {
		return nil
	}
	d.done = true
	if runtime.GOOS == "windows" { // an open file cannot be removed there
		return errors.Join(closed(d.Close()), ignore(os.Remove(d.Name())))
	}
	return errors.Join(ignore(os.Remove(d.Name())), closed(d.Close()))
}

// ignore takes "is not there" for done.
func ignore(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// closed takes "was closed" for done.
func closed(err error) error {
	if errors.Is(err, os.ErrClosed) {
		return nil
	}
	return err
}
