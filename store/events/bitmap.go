package events

import (
	"math/bits"

	"firebreak/store/events/segment"
)

// bitmap is a set of the rows of one block.
type bitmap [segment.BlockRows / 64]uint64

func (b *bitmap) set(i int)      { b[i>>6] |= 1 << (i & 63) }
func (b *bitmap) unset(i int)    { b[i>>6] &^= 1 << (i & 63) }
func (b *bitmap) has(i int) bool { return b[i>>6]>>(i&63)&1 != 0 }

func (b *bitmap) clear() { *b = bitmap{} }

// fill makes it the rows from from up to to.
func (b *bitmap) fill(from, to int) {
	b.clear()
	for i := from; i < to; {
		if i&63 == 0 && i+64 <= to {
			b[i>>6] = ^uint64(0)
			i += 64
			continue
		}
		b.set(i)
		i++
	}
}

func (b *bitmap) and(c *bitmap) {
	for i := range b {
		b[i] &= c[i]
	}
}

func (b *bitmap) or(c *bitmap) {
	for i := range b {
		b[i] |= c[i]
	}
}

func (b *bitmap) without(c *bitmap) {
	for i := range b {
		b[i] &^= c[i]
	}
}

func (b *bitmap) empty() bool {
	all := uint64(0)
	for _, w := range b {
		all |= w
	}
	return all == 0
}

func (b *bitmap) count() int {
	n := 0
	for _, w := range b {
		n += bits.OnesCount64(w)
	}
	return n
}

// next is the first row at or after i; -1 where there is none.
func (b *bitmap) next(i int) int {
	if i >= segment.BlockRows {
		return -1
	}
	w := i >> 6
	if left := b[w] >> (i & 63); left != 0 {
		return i + bits.TrailingZeros64(left)
	}
	for w++; w < len(b); w++ {
		if b[w] != 0 {
			return w<<6 + bits.TrailingZeros64(b[w])
		}
	}
	return -1
}

// previous is the last row at or before i; -1 where there is none.
func (b *bitmap) previous(i int) int {
	if i < 0 {
		return -1
	}
	w := i >> 6
	if left := b[w] << (63 - i&63); left != 0 {
		return i - bits.LeadingZeros64(left)
	}
	for w--; w >= 0; w-- {
		if b[w] != 0 {
			return w<<6 + 63 - bits.LeadingZeros64(b[w])
		}
	}
	return -1
}

// first and last are the outermost rows; -1 where the set is empty.
func (b *bitmap) first() int { return b.next(0) }
func (b *bitmap) last() int  { return b.previous(segment.BlockRows - 1) }
