package store

import (
	"context"
	"errors"
	"fmt"
)

// Sound is View of a record that can be built on: it agrees with its heads, the
// newest of which a known key signed, and a damaged entry is an error, as where
// an incident is opened for writing. It works for a store that was opened to be
// looked at, and writes nothing.
func (s *Store) Sound(ctx context.Context, look func(*Tx) error) (err error) {
	wrap := func(err error) error { return fmt.Errorf("read %s: %w", s.id, s.placed(explain(err))) }
	if s.closed.Load() {
		return wrap(ErrClosed)
	}
	if s.lock != nil { // no update lies between the heads and the picture
		if err := s.lock.acquire(ctx); err != nil {
			return wrap(err)
		}
	}
	tx, err := s.r.BeginTx(ctx, nil)
	if err == nil {
		defer func() { _ = tx.Rollback() }() // read only
		heads := headsFile{path: s.heads.path}
		missing, cerr := heads.compare(ctx, tx)
		if err = cerr; err == nil {
			newest := heads.last
			if missing != nil {
				newest = *missing
			}
			err = s.trust(ctx, tx, newest)
		}
	}
	if s.lock != nil {
		err = errors.Join(err, s.lock.release())
	}
	if err != nil {
		return wrap(err)
	}
	return look(&Tx{ctx: ctx, tx: tx, id: s.id, given: map[string]int64{}})
}
