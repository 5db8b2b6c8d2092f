package bundle

import (
	"crypto/sha256"
	"math/bits"

	"golang.org/x/mod/sumdb/tlog"

	"firebreak/record"
)

// roots gives the root of any beginning of a record. It keeps the hash of every
// full subtree (RFC 6962), a row for each height: made at once, that is several
// times faster than a tree that grows leaf by leaf.
type roots struct {
	rows [][]record.Hash
}

func newRoots(lines [][]byte) roots {
	row := make([]record.Hash, len(lines))
	for i, l := range lines {
		row[i] = record.LeafHash(l)
	}
	r := roots{[][]record.Hash{row}}
	for len(row) > 1 {
		up := make([]record.Hash, len(row)/2)
		for i := range up {
			up[i] = tlog.NodeHash(row[2*i], row[2*i+1])
		}
		r.rows, row = append(r.rows, up), up
	}
	return r
}

// of is the root of the first size leaves; false when there are fewer.
func (r roots) of(size int64) (record.Hash, bool) {
	if size < 0 || size > int64(len(r.rows[0])) {
		return record.Hash{}, false
	}
	if size == 0 {
		return sha256.Sum256(nil), true
	}
	var parts []record.Hash
	at := int64(0)
	for k := bits.Len64(uint64(size)) - 1; k >= 0; k-- {
		if size>>k&1 == 1 {
			parts = append(parts, r.rows[k][at>>k])
			at += 1 << k
		}
	}
	h := parts[len(parts)-1]
	for i := len(parts) - 2; i >= 0; i-- {
		h = tlog.NodeHash(parts[i], h)
	}
	return h, true
}
