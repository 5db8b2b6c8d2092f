package segment

import (
	"hash/maphash"
	"unsafe"
)

// interner gives texts numbers, from 0 in each of many spaces. The texts lie in
// the builder's arena.
type interner struct {
	seed    maphash.Seed
	entries []interned
	used    int
}

type interned struct {
	hash  uint64 // 0: empty
	at, n uint32 // in the arena
	space uint32
	code  uint16
}

const (
	internerSize = 1 << 12
	internerMost = 1 << 17
)

func newInterner() *interner {
	return &interner{seed: maphash.MakeSeed(), entries: make([]interned, internerSize)}
}

func (t *interner) reset() {
	if len(t.entries) > internerMost {
		t.entries = make([]interned, internerSize)
	} else if t.used > 0 {
		clear(t.entries)
	}
	t.used = 0
}

// find returns the entry of the text in the space. A new one has to be filled
// and counted with grown.
func (t *interner) find(arena []byte, space uint32, text string) (e *interned, found bool) {
	h := (maphash.String(t.seed, text) + uint64(space)*0x9e3779b97f4a7c15) | 1
	last := uint64(len(t.entries) - 1) //nolint:gosec // there are some
	for i := h >> 17 & last; ; i = (i + 1) & last {
		switch e := &t.entries[i]; {
		case e.hash == 0:
			e.hash, e.space = h, space
			return e, false
		case e.hash == h && e.space == space && string(arena[e.at:e.at+e.n]) == text:
			return e, true
		}
	}
}

// grown makes room for one more. It is called after an entry was filled.
func (t *interner) grown() {
	if t.used++; t.used*4 <= len(t.entries)*3 {
		return
	}
	old := t.entries
	t.entries = make([]interned, 2*len(old))
	last := uint64(len(t.entries) - 1) //nolint:gosec // there are some
	for _, e := range old {
		if e.hash == 0 {
			continue
		}
		i := e.hash >> 17 & last
		for t.entries[i].hash != 0 {
			i = (i + 1) & last
		}
		t.entries[i] = e
	}
}

// within says where part lies in whole, if it is a piece of the same memory, as
// parsers cut values out of the line.
func within(whole, part string) (int, bool) {
	if len(part) == 0 || len(part) > len(whole) {
		return 0, false
	}
	d := uintptr(unsafe.Pointer(unsafe.StringData(part))) - uintptr(unsafe.Pointer(unsafe.StringData(whole))) //nolint:gosec // addresses are compared, not followed
	return int(d), d <= uintptr(len(whole)-len(part))
}
