package record

import (
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// Hash is a node of the RFC 6962 tree.
type Hash = tlog.Hash

// LeafHash is the leaf of a line: its exact bytes, without a line break.
func LeafHash(line []byte) Hash { return tlog.RecordHash(line) }

// Tree is a Merkle tree in memory. Its zero value is empty.
type Tree struct {
	size   int64
	hashes []Hash // in the order of tlog.StoredHashIndex
}

// NewTree builds the tree over lines.
func NewTree(lines [][]byte) (*Tree, error) {
	var t Tree
	for _, l := range lines {
		if err := t.Append(LeafHash(l)); err != nil {
			return nil, err
		}
	}
	return &t, nil
}

// Append adds one leaf.
func (t *Tree) Append(leaf Hash) error {
	hs, err := tlog.StoredHashesForRecordHash(t.size, leaf, t)
	if err != nil {
		return fmt.Errorf("append leaf %d: %w", t.size+1, err)
	}
	t.hashes = append(t.hashes, hs...)
	t.size++
	return nil
}

// Size is the number of leaves.
func (t *Tree) Size() int64 { return t.size }

// Root is the root hash of the first size leaves.
func (t *Tree) Root(size int64) (Hash, error) {
	if size < 0 || size > t.size {
		return Hash{}, fmt.Errorf("root of %d leaves: there are %d", size, t.size)
	}
	return tlog.TreeHash(size, t)
}

// ReadHashes makes Tree a tlog.HashReader.
func (t *Tree) ReadHashes(indexes []int64) ([]Hash, error) {
	out := make([]Hash, len(indexes))
	for i, x := range indexes {
		if x < 0 || x >= int64(len(t.hashes)) {
			return nil, fmt.Errorf("hash %d: there are %d", x, len(t.hashes))
		}
		out[i] = t.hashes[x]
	}
	return out, nil
}
