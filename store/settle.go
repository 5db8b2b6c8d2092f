package store

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"firebreak/record"
)

// settle compares heads and database under the lock and writes the one head
// that a crash may have left out of the file. Nothing is built on a head that
// no key known from outside signed, or on kept hashes that are not the ones it signed.
func (s *Store) settle(ctx context.Context, tx *sql.Tx) error {
	missing, err := s.heads.compare(ctx, tx)
	if err != nil {
		return err
	}
	newest := s.heads.last
	if missing != nil {
		newest = *missing
	}
	if err := s.trust(ctx, tx, newest); err != nil {
		return err
	}
	if missing != nil {
		return s.heads.append(*missing)
	}
	return nil
}

// trust checks the signature of the newest head, unless it is the one this
// handle wrote or checked last, and that the kept hashes have its root.
func (s *Store) trust(ctx context.Context, tx *sql.Tx, newest record.Head) error {
	mismatch := func(why string) error { return &MismatchError{Entries: newest.Size, Heads: newest.Size, Why: why} }
	if !bytes.Equal(newest.Signed, s.trusted) {
		h, err := s.openHead(ctx, tx, newest.Signed)
		if errors.Is(err, ErrUntrusted) {
			return fmt.Errorf("%w: %w", ErrReadOnly, err)
		}
		if err := explain(err); errors.Is(err, ErrDamaged) { // not read, so nothing is known of it
			return err
		}
		if err != nil {
			return mismatch(err.Error())
		}
		if h.Origin != s.origin {
			return mismatch(fmt.Sprintf("the newest head is of %.80q", h.Origin))
		}
	}
	root, err := tlog.TreeHash(newest.Size, treeReader{ctx, tx})
	if err := explain(err); errors.Is(err, ErrDamaged) {
		return err
	}
	if err != nil {
		return mismatch(err.Error())
	}
	if hex.EncodeToString(root[:]) != newest.Root {
		return mismatch("the kept hashes are not those that the newest head signed")
	}
	s.trusted = newest.Signed
	return nil
}

// openHead checks the signature of a head. One that only a key of the
// incident's own database signed is ErrUntrusted: whoever forges the incident
// names the key there too.
func (s *Store) openHead(ctx context.Context, tx *sql.Tx, signed []byte) (record.Head, error) {
	known, claimed, err := s.verifiers(ctx, tx, nil)
	if err != nil {
		return record.Head{}, err
	}
	h, err := record.OpenHead(signed, known)
	if err == nil {
		return h, nil
	}
	if _, name, e := record.OpenClaimed(signed, claimed); e == nil {
		return record.Head{}, fmt.Errorf("%w: %s", ErrUntrusted, record.StrangeKey(name))
	}
	return record.Head{}, err
}

// whyNot says why a store that was opened to be looked at is not written to.
func (s *Store) whyNot(ctx context.Context) error {
	why := fmt.Errorf("opened to be looked at: %w", ErrReadOnly)
	tx, err := s.r.BeginTx(ctx, nil)
	if err != nil {
		return why
	}
	defer func() { _ = tx.Rollback() }() // read only
	if h, err := lastHead(ctx, tx); err == nil {
		if _, err := s.openHead(ctx, tx, h.Signed); errors.Is(err, ErrUntrusted) {
			return err
		}
	}
	if s.opts.Because != nil {
		return fmt.Errorf("opened to be looked at: %w", s.opts.Because)
	}
	return why
}
