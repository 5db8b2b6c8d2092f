package ese

import (
	"errors"
	"fmt"
	"io"

	"firebreak/forensics/formats/le"
)

// Flags of a page.
const (
	pageRoot  = 0x1
	pageLeaf  = 0x2
	pageEmpty = 0x8
	pageSpace = 0x20
	pageIndex = 0x40
	pageNew   = 0x2000 // its checksum has no number of the page in front
)

// Flags of a node.
const (
	nodeDeleted = 2
	nodePrefix  = 4
)

// page is one page: a header, values from the front, and their tags from the end.
type page struct {
	number uint32
	offset int64 // in the file
	b      le.Bytes
	head   int // bytes of the header
	flags  uint32
	tags   int
	large  bool
	prefix []byte // that keys of this page have in common
}

// node is a value of a page: a key and what stands behind it.
type node struct {
	offset  int64 // in the file
	key     []byte
	data    le.Bytes
	deleted bool
}

// at reads a page, counted from 1 behind the header and its copy.
func (f *File) at(n uint32) (page, error) {
	if p, ok := f.cache[n]; ok {
		return p, nil
	}
	if n == 0 || n > f.pages {
		return page{}, fmt.Errorf("%w: there is no page %d", ErrDamaged, n)
	}
	p := page{number: n, offset: (int64(n) + 1) * int64(f.PageSize), b: make(le.Bytes, f.PageSize), head: 40, large: f.large}
	if k, err := f.r.ReadAt(p.b, p.offset); k < len(p.b) {
		if err == nil || errors.Is(err, io.EOF) {
			return page{}, fmt.Errorf("%w: page %d is not there", ErrDamaged, n)
		}
		return page{}, fmt.Errorf("read page %d: %w", n, err)
	}
	if f.large {
		p.head = 80
	}
	p.flags = p.b.U32(36)
	p.tags = int(p.b.U16(34) & 0xfff)
	if p.tags == 0 || p.head+4*p.tags > len(p.b) {
		return page{}, fmt.Errorf("%w: page %d has %d values", ErrDamaged, n, p.tags)
	}
	if !p.sound() {
		f.wrong++
	}
	if p.flags&pageRoot == 0 {
		p.prefix, _ = p.value(0)
	}
	if len(f.cache) >= maxCached {
		clear(f.cache)
	}
	f.cache[n] = p
	return p, nil
}

// sound says whether the checksum is right: one XOR over the page, of large pages
// one over each quarter. The bits that would correct an error are not looked at.
func (p page) sound() bool {
	switch {
	case p.large:
		n := len(p.b) / 4
		for i, at := range []int{0, 40, 48, 56} {
			from := i * n
			if i == 0 {
				from = 8
			}
			if xor(p.b[from:(i+1)*n], p.number) != p.b.U32(at) {
				return false
			}
		}
		return true
	case p.flags&pageNew != 0:
		return xor(p.b[8:], p.number) == p.b.U32(0)
	}
	return xor(p.b[4:], 0x89abcdef) == p.b.U32(0)
}

// value is the i-th one with the flags of its tag; nil where it does not lie in
// the page.
func (p page) value(i int) (le.Bytes, uint16) {
	tag := len(p.b) - 4*(i+1)
	size, at := int(p.b.U16(tag)), p.b.U16(tag+2)
	end := len(p.b) - 4*p.tags
	if p.large {
		v := p.b[:end].Cut(p.head+int(at&0x7fff), size&0x7fff)
		return v, v.U16(0) >> 13
	}
	return p.b[:end].Cut(p.head+int(at&0x1fff), size&0x1fff), at >> 13
}

// node reads the i-th value as a key and its data.
func (p page) node(i int) (node, error) {
	v, flags := p.value(i)
	bad := func() (node, error) {
		return node{}, fmt.Errorf("%w: value %d of page %d", ErrDamaged, i, p.number)
	}
	if v == nil {
		return bad()
	}
	n := node{offset: p.offset + p.within(i), deleted: flags&nodeDeleted != 0}
	mask := uint16(0xffff)
	if p.large {
		mask = 0x1fff
	}
	var shared []byte
	if flags&nodePrefix != 0 {
		k := int(v.U16(0) & mask)
		if k > len(p.prefix) || !v.Has(0, 2) {
			return bad()
		}
		shared, v, mask = p.prefix[:k], v[2:], 0xffff
	}
	k := int(v.U16(0) & mask)
	if !v.Has(0, 2+k) {
		return bad()
	}
	n.key = append(append(make([]byte, 0, len(shared)+k), shared...), v[2:2+k]...)
	n.data = v[2+k:]
	return n, nil
}

// within is where the i-th value begins in its page.
func (p page) within(i int) int64 {
	at := p.b.U16(len(p.b) - 4*(i+1) + 2)
	if p.large {
		return int64(p.head) + int64(at&0x7fff)
	}
	return int64(p.head) + int64(at&0x1fff)
}
