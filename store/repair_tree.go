package store

import (
	"bytes"
	"context"
	"database/sql"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"firebreak/record"
)

// tree writes the kept hashes anew where they are not those of the lines.
func (r *repair) tree(ctx context.Context, tx *sql.Tx) error {
	leaves := make([]record.Hash, len(r.found.rows))
	for i, row := range r.found.rows {
		leaves[i] = record.LeafHash(row.Line)
	}
	want, err := storedHashes(leaves)
	if err != nil {
		return err
	}
	if r.found.hashes == len(want) && slices.EqualFunc(want, r.found.tree, func(a record.Hash, b []byte) bool { return bytes.Equal(a[:], b) }) {
		return nil
	}
	r.plan("hash the lines again: the kept hashes are not theirs")
	if _, err := tx.ExecContext(ctx, "DELETE FROM tree"); err != nil {
		return err
	}
	return insertTree(ctx, tx, want)
}

func storedHashes(leaves []record.Hash) ([]record.Hash, error) {
	var t record.Tree
	for _, l := range leaves {
		if err := t.Append(l); err != nil {
			return nil, err
		}
	}
	indexes := make([]int64, tlog.StoredHashCount(t.Size()))
	for i := range indexes {
		indexes[i] = int64(i)
	}
	return t.ReadHashes(indexes)
}

func insertTree(ctx context.Context, tx *sql.Tx, hashes []record.Hash) error {
	for i, h := range hashes {
		if _, err := tx.ExecContext(ctx, "INSERT INTO tree (id, hash) VALUES (?, ?)", i, h[:]); err != nil {
			return err
		}
	}
	return nil
}

// insideHeads puts the heads that only the file has into the database too.
func (r *repair) insideHeads(ctx context.Context, tx *sql.Tx) error {
	inside := map[int64]bool{}
	for _, note := range r.found.heads {
		if h, err := record.ReadHead(note); err == nil {
			inside[h.Size] = true
		}
	}
	for _, h := range r.heads {
		if inside[h.Size] {
			continue
		}
		r.plan("put the head of size %d back into the database", h.Size)
		if _, err := tx.ExecContext(ctx, "INSERT INTO heads (size, note) VALUES (?, ?)", h.Size, h.Signed); err != nil {
			return err
		}
	}
	return nil
}
