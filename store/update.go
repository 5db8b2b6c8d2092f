package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"firebreak/record"
)

// Update records one act. decide sees the incident under the write lock, so
// what it reads cannot change before its draft is recorded; an error of decide
// comes back as it is and nothing is kept. decide must not call Update itself.
//
// When Update returns without an error, the entry and its head are on disk.
// With ErrUnsealed the entry is recorded too, but not yet vouched for outside
// the database. With any other error nothing was recorded.
func (s *Store) Update(ctx context.Context, decide func(*Tx) (record.Draft, error)) (record.Entry, error) {
	entries, err := s.UpdateAll(ctx, func(tx *Tx) ([]record.Draft, error) {
		d, err := decide(tx)
		return []record.Draft{d}, err
	})
	if len(entries) == 0 {
		return record.Entry{}, err
	}
	return entries[0], err
}

// UpdateAll is Update for several acts that belong together: all are recorded
// under one head, or none. No draft at all records nothing.
func (s *Store) UpdateAll(ctx context.Context, decide func(*Tx) ([]record.Draft, error)) ([]record.Entry, error) {
	if s.w == nil {
		return nil, fmt.Errorf("update %s: %w", s.id, s.whyNot(ctx))
	}
	return s.commit(ctx, decide, false)
}

func (s *Store) commit(ctx context.Context, decide func(*Tx) ([]record.Draft, error), first bool) (entries []record.Entry, err error) {
	if err := s.alive(); err != nil {
		return nil, fmt.Errorf("update %s: %w", s.id, err)
	}
	if err := s.lock.acquire(ctx); err != nil {
		if s.closed.Load() {
			err = ErrClosed
		}
		return nil, fmt.Errorf("update %s: %w", s.id, err)
	}
	defer func() {
		if e := s.lock.release(); e != nil {
			s.kill(fmt.Errorf("release the incident's lock: %w", e)) // nobody else can write until this process ends
		}
	}()
	if err := s.alive(); err != nil { // closed or failed while waiting
		return nil, fmt.Errorf("update %s: %w", s.id, err)
	}
	var mine error // decide's error is the caller's own
	entries, head, err := s.transact(ctx, func(tx *Tx) ([]record.Draft, error) {
		ds, err := decide(tx)
		mine = err
		return ds, err
	}, first)
	if mine != nil {
		return nil, mine
	}
	if err != nil {
		err = s.placed(explain(err))
		if errors.Is(err, ErrDamaged) {
			s.kill(err)
		}
		return nil, fmt.Errorf("update %s: %w", s.id, err)
	}
	if len(entries) == 0 {
		return nil, nil
	}
	s.saw(head)
	s.trusted = head.Signed
	if err := s.heads.append(head); err != nil {
		if errors.Is(err, ErrDamaged) {
			s.kill(err)
		}
		return entries, fmt.Errorf("update %s: %w: %w", s.id, ErrUnsealed, err)
	}
	return entries, nil
}

// transact does everything up to and with the commit.
func (s *Store) transact(ctx context.Context, decide func(*Tx) ([]record.Draft, error), first bool) ([]record.Entry, record.Head, error) {
	var none record.Head
	sqlTx, err := s.w.BeginTx(ctx, nil)
	if err != nil {
		return nil, none, err
	}
	defer func() { _ = sqlTx.Rollback() }() // does nothing after a commit
	if !first {
		if err := s.settle(ctx, sqlTx); err != nil {
			return nil, none, err
		}
	}
	tx := &Tx{ctx: ctx, tx: sqlTx, id: s.id, now: s.opts.Now().UTC(), given: map[string]int64{}}
	drafts, err := decide(tx)
	if err != nil || len(drafts) == 0 {
		return nil, none, err
	}
	entries, head, err := s.write(ctx, tx, drafts)
	if err != nil {
		return nil, none, err
	}
	return entries, head, sqlTx.Commit()
}

// write records the drafts in the transaction and signs the head over them.
func (s *Store) write(ctx context.Context, tx *Tx, drafts []record.Draft) ([]record.Entry, record.Head, error) {
	size, err := tx.Count()
	if err != nil {
		return nil, record.Head{}, err
	}
	mono, boot := s.opts.Monotonic()
	hashes := treeReader{ctx, tx.tx}
	entries := make([]record.Entry, 0, len(drafts))
	for _, d := range drafts {
		size++
		e, sealed, err := s.seal(size, mono, boot, tx, d)
		if err != nil {
			return nil, record.Head{}, err
		}
		if err := insert(ctx, tx.tx, hashes, e, sealed); err != nil {
			return nil, record.Head{}, fmt.Errorf("record entry %d: %w", size, err)
		}
		if err := (fold{ctx, tx.tx, s.id}).apply(e); err != nil {
			return nil, record.Head{}, err
		}
		entries = append(entries, e)
	}
	root, err := tlog.TreeHash(size, hashes)
	if err != nil {
		return nil, record.Head{}, fmt.Errorf("hash record: %w", err)
	}
	head, err := record.SignHead(s.opts.Key, s.origin, size, root)
	if err != nil {
		return nil, record.Head{}, err
	}
	if _, err := tx.tx.ExecContext(ctx, "INSERT INTO keys (public) VALUES (?) ON CONFLICT DO NOTHING", s.opts.Key.Public()); err != nil {
		return nil, record.Head{}, fmt.Errorf("keep key: %w", err)
	}
	if _, err := tx.tx.ExecContext(ctx, "INSERT INTO heads (size, note) VALUES (?, ?)", size, head.Signed); err != nil {
		return nil, record.Head{}, fmt.Errorf("keep head: %w", err)
	}
	return entries, head, nil
}

// seal turns a draft into the entry as it will be read back: the caller and
// the projection see what the record says, not what was meant.
func (s *Store) seal(seq, mono int64, boot string, tx *Tx, d record.Draft) (record.Entry, record.Sealed, error) {
	sealed, err := record.Seal(s.id, record.Entry{
		Seq: seq, Time: tx.now, Mono: mono, Boot: boot,
		Actor: d.Actor, Kind: d.Kind, Phase: d.Phase, Step: d.Step, Fields: d.Fields,
	}, s.opts.Rand)
	if err != nil {
		return record.Entry{}, sealed, err
	}
	e, _, err := record.Unseal(sealed.Line, sealed.Disclosures)
	return e, sealed, err
}

// insert writes an entry's rows and its hashes.
func insert(ctx context.Context, tx *sql.Tx, hashes treeReader, e record.Entry, sealed record.Sealed) error {
	if _, err := tx.ExecContext(ctx, "INSERT INTO entries (seq, kind, line) VALUES (?, ?, ?)", e.Seq, string(e.Kind), sealed.Line); err != nil {
		return err
	}
	for _, d := range sealed.Disclosures {
		_, err := tx.ExecContext(ctx, "INSERT INTO disclosures (digest, seq, body) VALUES (?, ?, ?)", record.DigestOf(d), e.Seq, d)
		if err != nil {
			return err
		}
	}
	stored, err := tlog.StoredHashes(e.Seq-1, sealed.Line, hashes)
	if err != nil {
		return err
	}
	at := tlog.StoredHashIndex(0, e.Seq-1)
	for i, h := range stored {
		if _, err := tx.ExecContext(ctx, "INSERT INTO tree (id, hash) VALUES (?, ?)", at+int64(i), h[:]); err != nil {
			return err
		}
	}
	return nil
}

// treeReader reads the tree's hashes for package tlog.
type treeReader struct {
	ctx context.Context
	tx  *sql.Tx
}

// ReadHashes implements tlog.HashReader.
func (t treeReader) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		var b []byte
		if err := t.tx.QueryRowContext(t.ctx, "SELECT hash FROM tree WHERE id = ?", x).Scan(&b); err != nil {
			return nil, fmt.Errorf("hash %d: %w", x, err)
		}
		if copy(out[i][:], b) != tlog.HashSize {
			return nil, fmt.Errorf("hash %d: %d bytes: %w", x, len(b), ErrTampered)
		}
	}
	return out, nil
}
