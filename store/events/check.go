package events

import (
	"bytes"
	"context"
	"fmt"

	"firebreak/store/events/segment"
)

// Check reads the whole file and returns ErrDamaged with what it found where it is
// not sound: SQLite's pages, and every part of every segment. It takes as long as
// reading and unpacking the file does.
func (db *DB) Check(ctx context.Context) error {
	var found string
	if err := db.read.QueryRowContext(ctx, `PRAGMA quick_check(1)`).Scan(&found); err != nil {
		return fmt.Errorf("check timeline: %w", db.explain(err))
	}
	if found != "ok" {
		return fmt.Errorf("check timeline: %w: %s", ErrDamaged, found)
	}
	if err := db.view(ctx, func(s *snapshot) error { return s.check() }); err != nil {
		return fmt.Errorf("check timeline: %w", err)
	}
	return nil
}

func (s *snapshot) check() error {
	entries, err := s.segments()
	if err != nil {
		return err
	}
	r := segment.NewReader()
	for _, e := range entries {
		if err := s.ctx.Err(); err != nil {
			return err
		}
		r.Open(e.meta, s.parts(e.id))
		if err := r.Check(); err != nil {
			return fmt.Errorf("segment %d: %w", e.id, err)
		}
	}
	digested, _, err := s.digests(s.ctx)
	if err != nil {
		return err
	}
	for id, d := range digested {
		i, ok := find(entries, id)
		if !ok || d.small != entries[i].small || !bytes.Equal(d.meta.Append(nil), entries[i].meta.Append(nil)) {
			return fmt.Errorf("%w: the digest of segment %d", ErrDamaged, id)
		}
	}
	// What belongs to no segment was left by nobody: a segment goes whole.
	all := `SELECT id FROM segment`
	if waits, err := s.waits(s.ctx); err != nil {
		return err
	} else if waits {
		all += ` UNION ALL SELECT id FROM waiting`
	}
	for _, query := range []string{
		`SELECT count(*) FROM part WHERE (id >> 24) NOT IN (` + all + `)`,
		`SELECT count(*) FROM word WHERE (id & ((1 << 39) - 1)) NOT IN (` + all + `)`,
	} {
		n, _, err := s.number(s.ctx, query)
		if err != nil {
			return err
		}
		if n > 0 {
			return fmt.Errorf("%w: %d parts belong to no segment", ErrDamaged, n)
		}
	}
	return nil
}
