package store

import (
	"context"
	"errors"
	"fmt"
)

// View calls look with one consistent picture of the incident. Views run
// beside each other and beside an Update. look's error comes back as it is.
func (s *Store) View(ctx context.Context, look func(*Tx) error) error {
	if s.closed.Load() {
		return fmt.Errorf("view %s: %w", s.id, ErrClosed)
	}
	tx, err := s.r.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("view %s: %w", s.id, s.placed(explain(err)))
	}
	defer func() { _ = tx.Rollback() }() // read only
	h, err := lastHead(ctx, tx)
	if err == nil {
		s.saw(h)
	} else if !s.opts.ReadOnly {
		return fmt.Errorf("view %s: %w", s.id, s.placed(err))
	}
	return look(&Tx{ctx: ctx, tx: tx, id: s.id, lenient: s.opts.ReadOnly, given: map[string]int64{}})
}

// Version changes whenever anybody, in this process or another, has changed
// the incident. Asking costs microseconds; compare with the last answer of the
// same Store only.
func (s *Store) Version(ctx context.Context) (int64, error) {
	if s.closed.Load() {
		return 0, fmt.Errorf("version of %s: %w", s.id, ErrClosed)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.watch == nil {
		c, err := s.r.Conn(ctx)
		if err != nil {
			return 0, fmt.Errorf("version of %s: %w", s.id, explain(err))
		}
		s.watch = c
	}
	var v int64
	if err := s.watch.QueryRowContext(ctx, "PRAGMA data_version").Scan(&v); err != nil {
		err = errors.Join(err, s.watch.Close()) // the next call pins another
		s.watch = nil
		return 0, fmt.Errorf("version of %s: %w", s.id, explain(err))
	}
	return v, nil
}
