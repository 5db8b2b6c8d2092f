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
func (s *Store) peek(ctx context.Context) error {
	path := filepath.Join(s.dir, DatabaseFile)
	ways := []access{immutable} // the file alone, touching nothing
	if info, err := os.Stat(path + "-wal"); err == nil && info.Size() > 0 {
		ways = append(ways, look) // and what a crash, or a process at work, has left in the log
	}
	for _, a := range ways {
		db := connect(path, a, 1)
		at, err := schema(ctx, db)
		if err == nil {
			err = checkSchema(at, len(s.steps))
		}
		if cerr := db.Close(); errors.Is(err, ErrNewer) {
			return errors.Join(err, cerr)
		}
	}
	return nil
}
