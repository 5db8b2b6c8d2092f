package response

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// database converts one SQLite file of the incident, if it is there.
func (c conversion) database(ctx context.Context, name, _ string) error {
	path := filepath.Join(c.dir, name)
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return ctx.Err() // SEAM
}
