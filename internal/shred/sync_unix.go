//go:build unix

package shred

import (
	"errors"
	"os"
)

// syncDir makes the removal of a name last.
func syncDir(root *os.Root, name string) error {
	d, err := root.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
