//go:build unix

package response

import (
	"errors"
	"os"
)

// syncFolder makes a change of names durable.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
