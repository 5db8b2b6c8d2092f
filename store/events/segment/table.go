package segment

import (
	"encoding/binary"
	"hash/maphash"
	"slices"
	"unicode/utf8"
)

const (
	// maxToken is the longest token whose text is kept.
	maxToken = 128

	tableSize = 1 << 17
	tableMost = 1 << 19 // a table that had to grow beyond is not kept
	recent    = 1 << 12
)

// table is the tokens of a segment and the blocks that they are in.
//
// Tokens are told apart by a hash of 64 bits alone, which spares a look at their
// texts. Its secrets are drawn for each table, so nobody can choose two tokens
// of which one would hide the other.
type table struct {
	secret [3]uint64
	slots  []slot
	shift  uint
	kept   []keptToken // in the order of their coming
	texts  []byte      // folded, one after the other
	whole  bool        // texts are kept whatever their length
	buckets,
	order []uint32

	folded []byte // a token

	block  uint64 // the bits of the blocks that the texts to come are in
	recent [recent]uint64

	// Tokens that were not seen recently wait, so that the slots of many are
	// fetched from memory at the same time.
	waiting [64]waitingToken
	waits   int

	numbers int    // in a row, joined by dots
	starts  [4]int // of the last of them
	end     int    // where the last one ends
}

type slot struct {
	secret uint64 // hash; 0: empty
	blocks uint64
}

type waitingToken struct {
	secret     uint64
	start, end uint32
}

type keptToken struct {
	hash  uint32 // the first bits of hashOf
	start uint32
	size  uint32 // 0: too long to be kept
	slot  uint32
}

func newTable(size int) *table {
	t := &table{}
	seed := maphash.MakeSeed()
	for i := range t.secret {
		t.secret[i] = maphash.Bytes(seed, []byte{byte(i)}) | 1
	}
	t.make(size)
	return t
}

func (t *table) make(size int) {
	t.slots = make([]slot, size)
	if likely := max(len(t.kept)+len(t.kept)/4, tableSize/2); cap(t.kept) < likely && size >= tableSize {
		t.kept = append(make([]keptToken, 0, likely), t.kept...)
	}
	t.shift = 64
	for ; size > 1; size >>= 1 {
		t.shift--
	}
}

func (t *table) reset() {
	if len(t.slots) > tableMost {
		t.kept, t.texts, t.order = nil, nil, nil
		t.make(tableSize)
	} else if len(t.kept) > 0 {
		clear(t.slots)
	}
	t.kept, t.texts = t.kept[:0], t.texts[:0]
}

// begin says that the texts to come are those of a block.
func (t *table) begin(block int) { t.within(1 << block) }

// within says that the texts to come are in all of these blocks.
func (t *table) within(blocks uint64) {
	t.block = blocks
	clear(t.recent[:])
}

// add adds the tokens of a text, which has padding behind it.
func (t *table) add(text []byte) {
	t.numbers = 0
	n := len(text)
	text = text[:n+padding]
	for i := 0; i < n; {
		kind := classes[text[i]]
		if kind == 0 {
			i++
			continue
		}
		start := i
		for i++; ; i++ {
			k := classes[text[i]]
			if k == 0 {
				break
			}
			kind |= k
		}
		if kind&isHigh != 0 {
			t.slow(text, start, i)
			continue
		}
		t.ascii(text, start, i)
		if kind == isDigit && i-start <= 3 {
			t.number(text, start, i)
		}
	}
	t.settle(text)
}

// number looks whether the number is the fourth in a row.
func (t *table) number(text []byte, start, end int) {
	if t.numbers > 0 && start == t.end+1 && text[t.end] == '.' {
		t.numbers++
	} else {
		t.numbers = 1
	}
	t.starts[t.numbers&3] = start
	t.end = end
	if t.numbers >= 4 {
		t.ascii(text, t.starts[(t.numbers+1)&3], end)
	}
}

const lower = 0x2020202020202020

var tails = [8]uint64{0, 1<<8 - 1, 1<<16 - 1, 1<<24 - 1, 1<<32 - 1, 1<<40 - 1, 1<<48 - 1, 1<<56 - 1}

// ascii adds text[start:end]. One bit tells small letters from capital ones, and
// what is no letter stays apart from all others without it.
func (t *table) ascii(text []byte, start, end int) {
	h := uint64(end-start) * t.secret[0] //nolint:gosec // a length
	i := start
	for ; end-i >= 8; i += 8 {
		h = mix(h^(binary.LittleEndian.Uint64(text[i:])|lower), t.secret[1])
	}
	if i < end {
		h = mix(h^(binary.LittleEndian.Uint64(text[i:])|lower)&tails[end-i], t.secret[1])
	}
	h = h*t.secret[2] | 1
	if r := &t.recent[h>>52]; *r != h {
		*r = h
		t.waiting[t.waits&(len(t.waiting)-1)] = waitingToken{h, uint32(start), uint32(end)} //nolint:gosec // texts are less than 4 GiB
		if t.waits++; t.waits == len(t.waiting) {
			t.settle(text)
		}
	}
}

// settle marks the tokens that wait.
func (t *table) settle(text []byte) {
	n := t.waits
	t.waits = 0
	for i := range t.waiting[:n] {
		w := &t.waiting[i]
		if s := &t.slots[w.secret>>t.shift]; s.secret == w.secret {
			s.blocks |= t.block
		} else if at, found := t.mark(w.secret); !found {
			t.keep(at, text[w.start:w.end])
		}
	}
}

// other adds a token with characters beyond ASCII, which is folded.
func (t *table) other(folded []byte) {
	h := ^uint64(len(folded)) * t.secret[0]
	var word [8]byte
	for rest := folded; len(rest) > 0; {
		n := copy(word[:], rest)
		clear(word[n:])
		h = mix(h^binary.LittleEndian.Uint64(word[:]), t.secret[2])
		rest = rest[n:]
	}
	h = h*t.secret[1] | 1
	if at, found := t.mark(h); !found {
		t.keep(at, folded)
	}
}

// slow adds the tokens of text[start:end], in which there are bytes beyond ASCII.
func (t *table) slow(text []byte, start, end int) {
	for i := start; i < end; {
		r, n := utf8.DecodeRune(text[i:end])
		if !isWord(r) {
			i += n
			continue
		}
		from, kind := i, uint8(0)
		for i < end {
			if r, n = utf8.DecodeRune(text[i:end]); !isWord(r) {
				break
			}
			kind |= classes[text[i]]
			i += n
		}
		switch {
		case kind&isHigh != 0:
			t.folded = appendFolded(t.folded[:0], text[from:i])
			t.other(t.folded)
			continue
		case kind == isDigit && i-from <= 3:
			t.ascii(text, from, i)
			t.number(text, from, i)
		default:
			t.ascii(text, from, i)
		}
	}
}

// mark notes the blocks for a token, in its slot; it is new where it was not found.
func (t *table) mark(h uint64) (at uint32, found bool) {
	at = t.slot(h)
	s := &t.slots[at]
	s.blocks |= t.block
	found = s.secret == h
	s.secret = h
	return at, found
}

// slot is where the token is, or belongs.
func (t *table) slot(h uint64) uint32 {
	last := uint64(len(t.slots) - 1) //nolint:gosec // a length
	for i := h >> t.shift; ; i = (i + 1) & last {
		if s := &t.slots[i]; s.secret == h || s.secret == 0 {
			return uint32(i) //nolint:gosec // tokens are fewer
		}
	}
}

// keep keeps the text of a new token.
func (t *table) keep(slot uint32, text []byte) {
	start := len(t.texts)
	t.texts = appendFolded(t.texts, text)
	size := len(t.texts) - start
	k := keptToken{hash: uint32(hashOf(t.texts[start:]) >> 32), start: uint32(start), size: uint32(size), slot: slot} //nolint:gosec // all texts of a segment are less than 4 GiB
	if size > maxToken && !t.whole {
		t.texts, k.size = t.texts[:start], 0
	}
	t.kept = append(t.kept, k)
	if len(t.kept)*8 > len(t.slots)*7 {
		t.grow()
	}
}

func (t *table) grow() {
	old := t.slots
	t.make(2 * len(old))
	for i := range t.kept {
		k := &t.kept[i]
		s := old[k.slot]
		k.slot = t.slot(s.secret)
		t.slots[k.slot] = s
	}
}

func (t *table) blocks(k *keptToken) uint64 { return t.slots[k.slot].blocks }

// sorted is the tokens by their hashes.
func (t *table) sorted() []uint32 {
	const size = 1 << 16
	if t.buckets == nil {
		t.buckets = make([]uint32, size+1)
	}
	clear(t.buckets)
	for i := range t.kept {
		t.buckets[t.kept[i].hash>>16+1]++
	}
	for i := range size {
		t.buckets[i+1] += t.buckets[i]
	}
	t.order = slices.Grow(t.order[:0], len(t.kept))[:len(t.kept)]
	for i := range t.kept {
		at := &t.buckets[t.kept[i].hash>>16]
		t.order[*at] = uint32(i)
		*at++
	}
	// What is left is a few that are not in order among equals.
	for i := 1; i < len(t.order); i++ {
		this := t.order[i]
		h := t.kept[this].hash
		j := i
		for ; j > 0 && t.kept[t.order[j-1]].hash > h; j-- {
			t.order[j] = t.order[j-1]
		}
		t.order[j] = this
	}
	return t.order
}
