package store

import (
	"context"
	"errors"
	"os"
	"path/filepath"
)

// peek refuses the incident of a newer Firebreak before anything in its folder
// is opened for writing: to open it would make a log and an index beside it,
// and closing it would change the database. What cannot be read here is told
// when it is opened.
func peek(ctx context.Context, dir string, steps []string, secret *[32]byte) error {
	key, err := takeKey(secret)
	if err != nil {
		return err
	}
	defer key.Release()
	path := filepath.Join(dir, DatabaseFile)
	ways := []access{immutable} // the file alone, touching nothing
	if info, err := os.Stat(path + "-wal"); err == nil && info.Size() > 0 {
		ways = append(ways, look) // and what a crash, or a process at work, has left in the log
	}
	for _, a := range ways {
		db := connect(path, a, 1, key)
		at, err := schema(ctx, db)
		if err == nil {
			err = checkSchema(at, len(steps))
		}
		if cerr := db.Close(); errors.Is(err, ErrNewer) {
			return errors.Join(err, cerr)
		}
	}
	return nil
}
