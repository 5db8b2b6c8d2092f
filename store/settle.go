package store

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/hex"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"firebreak/record"
)

// settle compares heads and database under the lock and writes the one head
// that a crash may have left out of the file. Nothing is built on a head that
// no known key signed, or on kept hashes that are not the ones it signed.
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
		known, claimed, err := s.verifiers(ctx, tx)
		if err != nil {
			return err
		}
		h, err := record.OpenHead(newest.Signed, append(known, claimed...))
		if err != nil {
			return mismatch(err.Error())
		}
		if h.Origin != s.origin {
			return mismatch(fmt.Sprintf("the newest head is of %.80q", h.Origin))
		}
	}
	root, err := tlog.TreeHash(newest.Size, treeReader{ctx, tx})
	if err != nil {
		return mismatch(err.Error())
	}
	if hex.EncodeToString(root[:]) != newest.Root {
		return mismatch("the kept hashes are not those that the newest head signed")
	}
	s.trusted = newest.Signed
	return nil
}
