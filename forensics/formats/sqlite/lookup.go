package sqlite

import (
	"encoding/binary"
	"errors"
)

// Lookup finds the row of that id. row is valid until it is given again; found is
// false where there is none, and where the way to it is damaged.
func (f *File) Lookup(t *Table, id int64, row *Row) (found bool, err error) {
	if t == nil || t.keyless {
		return false, nil
	}
	row.table = t
	n := t.root
	for range maxDepth {
		p, err := f.node(n)
		if errors.Is(err, ErrDamaged) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		low, high := 0, p.cells // the first cell whose key is not below id
		for low < high {
			mid := (low + high) / 2
			at := p.cell(mid)
			if at < p.start || at+4 > f.usable {
				return false, nil
			}
			if p.key(at, f.usable) < id {
				low = mid + 1
			} else {
				high = mid
			}
		}
		switch {
		case p.kind == tableLeaf && low < p.cells && p.key(p.cell(low), f.usable) == id:
			err := f.row(row, p, p.cell(low))
			if errors.Is(err, ErrDamaged) {
				return false, nil
			}
			return err == nil, err
		case p.kind != tableInterior:
			return false, nil
		case low < p.cells:
			n = binary.BigEndian.Uint32(p.b[p.cell(low):])
		default:
			n = p.right()
		}
	}
	return false, nil
}

// key is the row id of a cell of a table.
func (p node) key(at, usable int) int64 {
	b := p.b[at:usable]
	if p.kind == tableInterior {
		b = b[4:]
	} else {
		_, n := varint(b)
		b = b[n:]
	}
	id, _ := varint(b)
	return int64(id) //nolint:gosec // two's complement, as it is kept
}
