package segment

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"slices"
)

// The words lie in up to 64 parts by the first bits of their hashes, so that a
// look-up reads little. A part is: how many, a byte for each that says in which
// blocks it is, the differences of the next 24 bits of the hashes, packed, and the
// blocks of those that are in several.
const (
	restBits = 24

	// A byte below severalBlocks is the only block; from there on it says how many
	// blocks follow, and blockMask that a mask of all blocks does.
	severalBlocks = MaxBlocks
	mostListed    = 7
	blockMask     = severalBlocks + mostListed - 1
)

// partBits is how many bits of the hash choose the part.
func partBits(tokens int) int { return min(bits.Len(uint(tokens/256)), 6) }

// partNumber makes the parts of segments with few of them lie beside those of
// the others.
func partNumber(part, partBits int) int { return part << (6 - partBits) }

func hashPart(hash uint64, partBits int) int { return int(hash >> 32 >> (32 - partBits)) } //nolint:gosec // six bits

func hashRest(hash uint64, partBits int) uint64 { return hash << partBits >> (64 - restBits) }

// words encodes what the table has: the parts and the lexicon.
func (e *Encoder) words() {
	t := e.table
	order := t.sorted()
	parts := partBits(len(order))
	e.meta.wordBits = parts
	texts := append(slices.Grow(e.raw[:0], len(t.texts)+len(order)+3<<6), byte(parts)) //nolint:gosec // up to six
	for part, at := 0, 0; part < 1<<parts; part++ {
		from := at
		for at < len(order) && hashPart(uint64(t.kept[order[at]].hash)<<32, parts) == part {
			at++
		}
		texts = binary.AppendUvarint(texts, uint64(at-from))
		e.begin()
		e.out = e.wordPart(e.out, order[from:at], parts)
		e.finish(KindWords, partNumber(part, parts))
	}
	for _, i := range order {
		k := &t.kept[i]
		texts = append(append(texts, t.texts[k.start:k.start+k.size]...), 0)
		if k.size == 0 {
			e.meta.long |= t.blocks(k)
		}
	}
	e.raw = texts
	e.begin()
	e.out = pack(e.z, e.out, texts)
	e.finish(KindLexicon, 0)
}

func (e *Encoder) wordPart(dst []byte, order []uint32, parts int) []byte {
	t := e.table
	dst = binary.AppendUvarint(dst, uint64(len(order)))
	e.masks = e.masks[:0]
	e.numbers = e.numbers[:0]
	last := uint64(0)
	for _, i := range order {
		k := &t.kept[i]
		blocks := t.blocks(k)
		e.masks = append(e.masks, blocks)
		rest := hashRest(uint64(k.hash)<<32, parts)
		e.numbers = append(e.numbers, rest-last)
		last = rest
		switch n := bits.OnesCount64(blocks); {
		case n == 1:
			dst = append(dst, byte(bits.TrailingZeros64(blocks))) //nolint:gosec // less than 64
		case n <= mostListed:
			dst = append(dst, byte(severalBlocks+n-2)) //nolint:gosec // less than 71
		default:
			dst = append(dst, blockMask)
		}
	}
	dst = appendPacked(dst, e.numbers)
	for _, blocks := range e.masks {
		switch n := bits.OnesCount64(blocks); {
		case n == 1:
		case n <= mostListed:
			for ; blocks != 0; blocks &= blocks - 1 {
				dst = append(dst, byte(bits.TrailingZeros64(blocks))) //nolint:gosec // less than 64
			}
		default:
			dst = binary.LittleEndian.AppendUint64(dst, blocks)
		}
	}
	return dst
}

// blockBytes is how many bytes of blocks belong to each code.
var blockBytes = func() (n [256]uint8) {
	for code := severalBlocks; code < blockMask; code++ {
		n[code] = uint8(code - severalBlocks + 2)
	}
	n[blockMask] = 8
	return n
}()

// findWord is wordPart.find without decoding the blocks of all others.
func findWord(data []byte, rest uint64, room []uint64) (blocks uint64, newRoom []uint64, err error) {
	count, used := binary.Uvarint(data)
	if used <= 0 || count > uint64(len(data[used:])) {
		return 0, room, fmt.Errorf("%w: words", ErrDamaged)
	}
	n := int(count) //nolint:gosec // not more than bytes
	codes := data[used : used+n]
	steps := resize(room, n)
	several, ok := unpack(steps, data[used+n:])
	if !ok {
		return 0, steps, fmt.Errorf("%w: hashes of words", ErrDamaged)
	}
	first, sum := 0, uint64(0)
	for first < n && sum+steps[first] < rest {
		sum += steps[first]
		first++
	}
	if first == n || sum+steps[first] != rest {
		return 0, steps, nil
	}
	skip := 0
	for _, code := range codes[:first] {
		skip += int(blockBytes[code])
	}
	if skip > len(several) {
		return 0, steps, fmt.Errorf("%w: blocks of words", ErrDamaged)
	}
	same := first + 1
	for same < n && steps[same] == 0 {
		same++
	}
	w := wordPart{blocks: make([]uint64, same-first)}
	if err := w.mask(codes[first:same], several[skip:]); err != nil {
		return 0, steps, err
	}
	for _, b := range w.blocks {
		blocks |= b
	}
	return blocks, steps, nil
}

// wordPart is a decoded part of the words.
type wordPart struct {
	rests  []uint64
	blocks []uint64
}

// read decodes the part.
func (w *wordPart) read(data []byte) error {
	count, used := binary.Uvarint(data)
	if used <= 0 || count > uint64(len(data[used:])) {
		return fmt.Errorf("%w: words", ErrDamaged)
	}
	n := int(count) //nolint:gosec // not more than bytes
	codes := data[used : used+n]
	w.rests = resize(w.rests, n)
	w.blocks = resize(w.blocks, n)
	several, ok := unpack(w.rests, data[used+n:])
	if !ok {
		return fmt.Errorf("%w: hashes of words", ErrDamaged)
	}
	last := uint64(0)
	for i, step := range w.rests {
		last += step
		w.rests[i] = last
	}
	return w.mask(codes, several)
}

// mask reads the blocks of words.
func (w *wordPart) mask(codes, several []byte) error {
	for i, code := range codes {
		switch {
		case code < severalBlocks:
			w.blocks[i] = 1 << code
		case code < blockMask:
			size := int(code) - severalBlocks + 2
			if len(several) < size {
				return fmt.Errorf("%w: blocks of words", ErrDamaged)
			}
			mask := uint64(0)
			for _, b := range several[:size] {
				mask |= 1 << (b & (MaxBlocks - 1))
			}
			w.blocks[i], several = mask, several[size:]
		case code == blockMask && len(several) >= 8:
			w.blocks[i], several = binary.LittleEndian.Uint64(several), several[8:]
		default:
			return fmt.Errorf("%w: blocks of words", ErrDamaged)
		}
	}
	return nil
}

// find is the blocks of all tokens with that hash, as far as hashes are kept.
func (w *wordPart) find(rest uint64) uint64 {
	lo, hi := 0, len(w.rests)
	for lo < hi {
		if mid := int(uint(lo+hi) >> 1); w.rests[mid] < rest {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	blocks := uint64(0)
	for ; lo < len(w.rests) && w.rests[lo] == rest; lo++ {
		blocks |= w.blocks[lo]
	}
	return blocks
}

func resize[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n, n+n/8)
	}
	return s[:n]
}
