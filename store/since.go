package store

import (
	"encoding/binary"
	"hash/maphash"

	"firebreak/record"
)

// Reading is how far a reader has come with the entries of some kinds. The zero
// value has read nothing.
type Reading struct {
	count int
	sum   uint64
}

var readingSeed = maphash.MakeSeed()

// Since are the entries of those kinds that came after r, oldest first, and how far
// the reader has come with them. Where what r has is not what the record says any
// more, as after an erasure, all are given and anew is true.
func (t *Tx) Since(r Reading, kinds ...record.Kind) (entries []record.Entry, now Reading, anew bool, err error) {
	rows, err := t.ofKinds(kinds)
	if err != nil {
		return nil, r, false, err
	}
	erased, err := t.erasedFields()
	if err != nil {
		return nil, r, false, err
	}
	var h maphash.Hash
	h.SetSeed(readingSeed)
	from := 0
	for i, row := range rows {
		if i == r.count && h.Sum64() == r.sum {
			from = i
		}
		mix(&h, row, erased[row.seq])
	}
	now = Reading{len(rows), h.Sum64()}
	if now == r {
		from = len(rows)
	}
	anew = from == 0 && r.count > 0
	entries, err = t.unsealed(rows[from:])
	return entries, now, anew, err
}

// mix adds to the sum what an entry is made of.
func mix(h *maphash.Hash, r row, erased []string) {
	var n [8]byte
	add := func(text string) {
		binary.LittleEndian.PutUint64(n[:], uint64(len(text)))
		_, _ = h.Write(n[:]) // it never fails
		_, _ = h.WriteString(text)
	}
	binary.LittleEndian.PutUint64(n[:], uint64(r.seq)) //nolint:gosec // the same for the same
	_, _ = h.Write(n[:])
	add(string(r.Line))
	for _, d := range r.Disclosures {
		add(d)
	}
	for _, name := range erased {
		add(name)
	}
}
