//go:build unix

package forensics

import (
	"context"
	"errors"
	"os"
	"time"
)

// syncFile makes the content of a file last.
func syncFile(root *os.Root, name string) error {
	f, err := root.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// hold takes the lock of a folder of the locker, so that nobody else changes a
// blob and its key there meanwhile. It waits for it until ctx ends.
func hold(ctx context.Context, root *os.Root, folder string) (release func() error, err error) {
	d, err := root.Open(folder)
	if err != nil {
		return nil, err
	}
	for wait := time.Millisecond; ; wait = min(2*wait, 50*time.Millisecond) {
		ours, err := claim(d)
		if err != nil {
			return nil, errors.Join(err, d.Close())
		}
		if ours {
			return d.Close, nil // which gives the lock back
		}
		t := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			t.Stop()
			return nil, errors.Join(context.Cause(ctx), d.Close())
		case <-t.C:
		}
	}
}

// lockFile is where Windows locks folders: a locker may come from there.
const lockFile = ".lock"
