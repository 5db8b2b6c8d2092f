package sqlite

import (
	"context"
	"encoding/binary"
	"errors"
)

// Deleted visits rows that look like ones of t and were deleted: on pages of
// the free list, and in the gaps of pages that t still uses. The bytes do not
// say which table they were of, so a row is taken when it has as many values as
// t has columns and they fill its place exactly. fits, which may be nil, looks at
// each more closely. Nothing that SQLite has overwritten comes back, and nothing
// at all where the program set secure_delete.
func (f *File) Deleted(ctx context.Context, t *Table, fits func(*Row) bool, visit func(*Row) error) error {
	if t.keyless || len(t.Columns) == 0 {
		return nil
	}
	d := deleted{f: f, row: Row{table: t}, fits: fits, visit: visit}
	for _, n := range f.freePages() {
		if err := ctx.Err(); err != nil {
			return err
		}
		p, err := f.node(n)
		if errors.Is(err, ErrDamaged) || err == nil && p.kind != tableLeaf {
			continue
		}
		if err == nil {
			err = d.page(p)
		}
		if err != nil {
			return err
		}
	}
	return f.walk(ctx, t.root, visitor{
		page: d.gaps,
		cell: func(node, int) error { return nil },
		bad:  func(uint32, error) error { return nil },
	})
}

// deleted looks for rows of one table.
type deleted struct {
	f     *File
	row   Row
	fits  func(*Row) bool
	visit func(*Row) error

	failed map[int]bool // ends of the block at work that are no cells, by their length
}

// offer hands a row on when it may be one of the table.
func (d *deleted) offer(offset int64) error {
	t, r := d.row.table, &d.row
	r.Offset, r.Recovered = offset, true
	if len(r.values) != len(t.Columns) || t.rowid >= 0 && r.values[t.rowid].Kind != Null || d.fits != nil && !d.fits(r) {
		return nil
	}
	for _, v := range r.values {
		if v.Kind != Null {
			return d.visit(r)
		}
	}
	return nil
}

// page looks at a page that nobody uses: its cells, and its gaps.
func (d *deleted) page(p node) error {
	for i := range p.cells {
		at := p.cell(i)
		if at < p.start || at+4 > d.f.usable || d.f.row(&d.row, p, at) != nil {
			continue
		}
		if err := d.offer(d.row.Offset); err != nil {
			return err
		}
	}
	return d.gaps(p)
}

// gaps looks at what a page does not use: the bytes before its cells, where
// freed cells lie as they were, and the freed blocks between them.
func (d *deleted) gaps(p node) error {
	if p.kind != tableLeaf {
		return nil
	}
	base := d.f.offset(p.number)
	content := int(binary.BigEndian.Uint16(p.b[p.head+5:]))
	if content == 0 {
		content = 1 << 16
	}
	content = min(content, d.f.usable)
	// Cells as they were, and between them what was freed piece by piece.
	from := p.start + 2*p.cells
	for at := from; at+4 <= content; {
		n, ok := d.intact(p.b[at:content])
		if !ok {
			at++
			continue
		}
		if err := d.offer(base + int64(at)); err != nil {
			return err
		}
		if err := d.scan(p.b[from:at], base+int64(from)); err != nil {
			return err
		}
		at += n
		from = at
	}
	if err := d.scan(p.b[min(from, content):content], base+int64(from)); err != nil {
		return err
	}
	last := 0
	for at := int(binary.BigEndian.Uint16(p.b[p.head+1:])); at > last && at+4 <= d.f.usable; {
		size := int(binary.BigEndian.Uint16(p.b[at+2:]))
		if size < 4 || at+size > d.f.usable {
			break
		}
		d.failed = map[int]bool{}
		if _, err := d.block(p.b[at:at+size], base+int64(at)); err != nil {
			return err
		}
		last, at = at, int(binary.BigEndian.Uint16(p.b[at:]))
	}
	return nil
}

// scan looks for freed cells that go to the end of b, wherever they begin.
func (d *deleted) scan(b []byte, offset int64) error {
	d.failed = map[int]bool{}
	for at := 0; at+4 <= len(b); at++ {
		if found, err := d.block(b[at:], offset+int64(at)); found || err != nil {
			return err
		}
	}
	return nil
}

// block looks at freed bytes that may be cells side by side, and says whether
// they are.
func (d *deleted) block(b []byte, offset int64) (bool, error) {
	cells := d.cut(b, 0)
	for _, c := range cells {
		d.read(b[c.at:], c.lost)
		if err := d.offer(offset + int64(c.at)); err != nil {
			return true, err
		}
	}
	return len(cells) > 0, nil
}

// freedCell is a cell in freed bytes; lost is how many bytes its size and id
// had, 0 when they are there.
type freedCell struct{ at, lost int }

// maxLost is the most that size and id of a cell take.
const maxLost = 11

// cut says where the cells of a block begin; nil when its bytes are not cells
// to the end.
func (d *deleted) cut(b []byte, depth int) []freedCell {
	if d.failed[len(b)] || depth > 1<<12 {
		return nil
	}
	for lost := range maxLost + 1 {
		n, ok := d.read(b, lost)
		if !ok {
			continue
		}
		if n == len(b) {
			return []freedCell{{0, lost}}
		}
		if rest := d.cut(b[n:], depth+1); rest != nil {
			out := make([]freedCell, 0, len(rest)+1)
			out = append(out, freedCell{0, lost})
			for _, c := range rest {
				out = append(out, freedCell{n + c.at, c.lost})
			}
			return out
		}
	}
	d.failed[len(b)] = true
	return nil
}

// read reads a cell that begins at b.
func (d *deleted) read(b []byte, lost int) (int, bool) {
	if lost == 0 {
		return d.intact(b)
	}
	return d.beheaded(b, lost)
}

// intact reads a cell that begins at b, and says how long it is.
func (d *deleted) intact(b []byte) (int, bool) {
	size, n := varint(b)
	if n == 0 || size < 2 || size > uint64(len(b)) {
		return 0, false
	}
	id, k := varint(b[n:])
	end := n + k + int(size) //nolint:gosec // it fits into b
	if k == 0 || end > len(b) {
		return 0, false
	}
	body := b[n+k : end]
	head, h := varint(body)
	if h == 0 || head < uint64(h) || head > size { //nolint:gosec // h is at most nine
		return 0, false
	}
	if used, ok := d.values(nil, body[h:head], body[head:], true); !ok || used != len(body)-h {
		return 0, false
	}
	d.row.ID = int64(id) //nolint:gosec // two's complement, as it is kept
	return end, true
}

// beheaded reads a cell whose first four bytes are overwritten by the header of
// a freed block: the row's size and id, lost bytes together, and perhaps the
// beginning of its values' types. It says how long the cell is.
func (d *deleted) beheaded(b []byte, lost int) (int, bool) {
	var serials []uint64
	types := lost + 1
	switch {
	case types < 3, types >= len(b):
		return 0, false
	case lost >= 4 && int(b[lost]) != 1+d.typesLen(b[types:]): // the header's size is there
		return 0, false
	case types == 3 && d.row.table.rowid == 0: // the lost type is the id's, which is NULL
		serials, types = []uint64{0}, 4
	case types == 3 && d.row.table.text: // the lost type is a text's: it has what is left
		left := len(b) - 4 - d.others(b[4:])
		if left < 1 {
			return 0, false
		}
		serials, types = []uint64{uint64(13 + 2*left)}, 4
	case types == 3:
		return 0, false
	}
	used, ok := d.values(serials, b[types:], nil, false)
	d.row.ID = 0
	return types + used, ok && types+used <= len(b)
}

// others is how long the types and values of all columns but the first are.
func (d *deleted) others(types []byte) int {
	used, sum := measure(types, len(d.row.table.Columns)-1)
	return used + sum
}

// typesLen is how many bytes the types of all columns take.
func (d *deleted) typesLen(types []byte) int {
	used, _ := measure(types, len(d.row.table.Columns))
	return used
}

// measure reads n types: how many bytes they take, and how many their values.
func measure(types []byte, n int) (used, sum int) {
	for range n {
		serial, k := varint(types[min(used, len(types)):])
		size, ok := sizeOf(serial)
		if k == 0 || !ok {
			return len(types), len(types)
		}
		used += k
		sum += size
	}
	return used, sum
}

// values reads as many types and values as the table has columns, and says how
// many bytes they take. body is nil when it follows the types.
func (d *deleted) values(serials []uint64, types, body []byte, apart bool) (int, bool) {
	used, sum := 0, 0
	for _, serial := range serials {
		size, _ := sizeOf(serial)
		sum += size
	}
	for len(serials) < len(d.row.table.Columns) {
		serial, n := varint(types[min(used, len(types)):])
		size, ok := sizeOf(serial)
		if n == 0 || !ok {
			return 0, false
		}
		if len(serials) == d.row.table.rowid && serial != 0 { // the id is not kept twice
			return 0, false
		}
		serials = append(serials, serial)
		used += n
		sum += size
	}
	if apart && used != len(types) {
		return 0, false
	}
	if !apart {
		body = types[used:]
	}
	if sum == 0 || sum > len(body) || apart && sum != len(body) { // zeros are no row
		return 0, false
	}
	d.row.values = d.row.values[:0]
	for _, serial := range serials {
		n, _ := sizeOf(serial)
		d.row.values = append(d.row.values, d.f.valueOf(serial, body[:n]))
		body = body[n:]
	}
	return used + sum, true
}
