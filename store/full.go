package store

import (
	"context"
	"errors"
	"os"
	"path/filepath"
)

// openFull opens an incident on a disk that has no room for SQLite's log and
// index: the ballast is given up for them, and the first entry says so.
func openFull(ctx context.Context, dir string, o Options, full error) (*Store, error) {
	freed, err := (&Store{dir: dir}).giveUpLocked(ctx)
	if err != nil || freed == 0 {
		return nil, errors.Join(full, err)
	}
	s, err := openWrite(ctx, dir, o)
	if err != nil {
		return nil, err
	}
	if err := s.say(ctx, &act{alone: true, kept: true, freed: freed, failed: "the opening"}); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// giveUpLocked is giveUp for a folder that is not open.
func (s *Store) giveUpLocked(ctx context.Context) (freed int64, err error) {
	l, err := openLock(filepath.Join(s.dir, lockFile), os.O_RDWR|os.O_CREATE, Owner())
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	if err := l.acquire(ctx); err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, l.release()) }()
	return s.giveUp()
}

// say records what the store itself has to say.
func (s *Store) say(ctx context.Context, a *act) (err error) {
	if err := s.lock.acquire(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.lock.release()) }()
	_, head, err := s.transact(ctx, a)
	if err == nil {
		err = s.vouch(ctx, a, head)
	}
	if err = explain(err); errors.Is(err, ErrFull) {
		return nil // what came free was enough to open it, and no more
	}
	return err
}
