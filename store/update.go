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
// the database. With ErrDamaged the disk failed while it was written: it is not
// acknowledged, the handle writes nothing more, and the next start finds out.
// With any other error the act was not recorded.
//
// The store itself records, before the act, that the clock was set and that
// the disk was full. Those entries are not returned.
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

// act is one update under way.
type act struct {
	decide func(*Tx) ([]record.Draft, error)
	first  bool           // the one that opens the record
	drafts []record.Draft // what decide said; it is asked once
	mine   error          // decide's error is the caller's own

	own     int   // entries of the store's own that were recorded before the act
	freed   int64 // bytes of the ballast that were given up for it
	alone   bool  // only that the disk is full is recorded
	kept    bool  // the act is recorded already; its head had no room
	refused error // why it did not
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
	a := &act{decide: decide, first: first}
	entries, head, err := s.attempt(ctx, a)
	if a.mine != nil {
		return nil, a.mine
	}
	if err != nil {
		return nil, fmt.Errorf("update %s: %w", s.id, s.placed(s.failed(err)))
	}
	if len(entries) == 0 {
		return nil, nil
	}
	if err := s.vouch(ctx, a, head); err != nil {
		err = fmt.Errorf("update %s: %w: %w", s.id, ErrUnsealed, s.failed(err))
		if a.alone {
			return nil, errors.Join(a.refused, err)
		}
		return entries[a.own:], err
	}
	if a.alone {
		return nil, fmt.Errorf("update %s: %w", s.id, &FullError{Room: s.Room(), Entry: entries[a.own-1].Seq, Err: a.refused})
	}
	if !first && a.freed == 0 {
		s.keepBallast()
	}
	return entries[a.own:], nil
}

// failed ends the handle when the disk failed. What the disk was given then is
// not known, not even by asking again (fsync forgets): the next start reads
// everything anew and compares.
func (s *Store) failed(err error) error {
	err = explain(err)
	if errors.Is(err, ErrDamaged) {
		s.kill(err)
	}
	return err
}

// attempt records the act. On a full disk the ballast is given up, and the act
// is recorded behind an entry that says so; when there is no room for it even
// so, that entry is recorded alone.
func (s *Store) attempt(ctx context.Context, a *act) ([]record.Entry, record.Head, error) {
	if !a.first {
		if err := s.tidy(ctx); err != nil {
			return nil, record.Head{}, err
		}
	}
	entries, head, err := s.transact(ctx, a)
	if !errors.Is(explain(err), ErrFull) || a.first || a.mine != nil {
		return entries, head, err
	}
	full := explain(err)
	if a.freed, err = s.giveUp(); err != nil || a.freed == 0 {
		return nil, head, &FullError{Room: s.Room(), Err: errors.Join(full, err)}
	}
	entries, head, err = s.transact(ctx, a)
	if !errors.Is(explain(err), ErrFull) || a.mine != nil {
		return entries, head, err
	}
	a.alone, a.refused = true, explain(err)
	if entries, head, err = s.transact(ctx, a); err != nil {
		if errors.Is(explain(err), ErrFull) {
			err = &FullError{Room: s.Room(), Err: full}
		}
		return nil, head, err
	}
	return entries, head, nil
}

// vouch writes the head outside the database. Where the disk is full the
// ballast is given up for it, and an entry behind it says so.
func (s *Store) vouch(ctx context.Context, a *act, head record.Head) error {
	s.saw(head)
	s.trusted, s.wrote = head.Signed, true
	err := s.heads.append(head)
	if !errors.Is(err, ErrFull) || a.freed > 0 || a.first {
		return err
	}
	freed, gerr := s.giveUp()
	if gerr != nil || freed == 0 {
		return errors.Join(err, gerr)
	}
	a.freed = freed
	if err := s.heads.append(head); err != nil {
		return err
	}
	said := &act{alone: true, kept: true, freed: freed, drafts: a.drafts}
	if _, head, err = s.transact(ctx, said); err != nil {
		if errors.Is(explain(err), ErrFull) {
			return nil // the act and its head are there, which matters more
		}
		return err
	}
	s.saw(head)
	s.trusted = head.Signed
	return s.heads.append(head)
}

// transact does everything up to and with the commit.
func (s *Store) transact(ctx context.Context, a *act) ([]record.Entry, record.Head, error) {
	var none record.Head
	sqlTx, err := s.w.BeginTx(ctx, nil)
	if err != nil {
		return nil, none, err
	}
	defer func() { _ = sqlTx.Rollback() }() // does nothing after a commit
	if !a.first {
		if err := s.settle(ctx, sqlTx); err != nil {
			return nil, none, err
		}
	}
	at := s.readClocks()
	tx := &Tx{ctx: ctx, tx: sqlTx, id: s.id, now: at.now, given: map[string]int64{}}
	if a.drafts == nil && !a.alone {
		if a.drafts, a.mine = a.decide(tx); a.mine != nil || len(a.drafts) == 0 {
			return nil, none, a.mine
		}
	}
	drafts, err := s.drafts(tx, at, a)
	if err != nil {
		return nil, none, err
	}
	entries, head, err := s.write(ctx, tx, at, drafts)
	if err != nil {
		return nil, none, err
	}
	if err := explain(sqlTx.Commit()); err != nil {
		if errors.Is(err, ErrDamaged) {
			err = fmt.Errorf("not acknowledged; whether it was recorded shows when firebreak is started again: %w", err)
		}
		return nil, none, err
	}
	return entries, head, nil
}

// drafts are those of the act, behind what the store itself has to say.
func (s *Store) drafts(tx *Tx, at reading, a *act) ([]record.Draft, error) {
	var own []record.Draft
	if !a.first {
		jump, err := s.jumped(tx, at)
		if err != nil {
			return nil, err
		}
		if jump != nil {
			own = append(own, *jump)
		}
	}
	if a.freed > 0 {
		full, err := s.fullness(tx, a)
		if err != nil {
			return nil, err
		}
		own = append(own, *full)
	}
	a.own = len(own)
	if a.alone {
		return own, nil
	}
	return append(own, a.drafts...), nil
}

// write records the drafts in the transaction and signs the head over them.
func (s *Store) write(ctx context.Context, tx *Tx, at reading, drafts []record.Draft) ([]record.Entry, record.Head, error) {
	size, err := tx.Count()
	if err != nil {
		return nil, record.Head{}, err
	}
	hashes := treeReader{ctx, tx.tx}
	entries := make([]record.Entry, 0, len(drafts))
	for _, d := range drafts {
		size++
		e, sealed, err := s.seal(size, at, d)
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
func (s *Store) seal(seq int64, at reading, d record.Draft) (record.Entry, record.Sealed, error) {
	sealed, err := record.Seal(s.id, record.Entry{
		Seq: seq, Time: at.now, Mono: at.mono, Boot: at.boot,
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
