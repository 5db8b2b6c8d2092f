package segment

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"github.com/klauspost/compress/zstd"

	"firebreak/internal/squash"
)

// Every part ends in a checksum over its content, its kind and number, and a mark
// of its segment: a part in the place of another is damage too.
const sumSize = 4

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func checksum(mark uint32, kind Kind, n int, data []byte) uint32 {
	var head [9]byte
	binary.LittleEndian.PutUint32(head[:], mark)
	head[4] = byte(kind)
	binary.LittleEndian.PutUint32(head[5:], uint32(n)) //nolint:gosec // numbers of parts are small
	return crc32.Update(crc32.Update(0, castagnoli, head[:]), castagnoli, data)
}

// How the content of a part or of a column is kept.
const (
	plain      = 0
	compressed = 1
	pieces     = 2 // of a text: several, each with its rows, its size and one of the others
)

// most is the greatest content that is unpacked: a text, its values and their
// lengths. Of a segment with more than one event it is far less, see limits.
const most = 1 << 30

// What a builder keeps together: an event that has more of it is alone.
const (
	maxNames  = 16 << 20 // bytes of names of attributes, or of the columns of one event
	maxValues = 1 << 22  // attributes of all events
	mostShort = 64 << 20 // packed dictionaries and names
)

// limit is the greatest content that a part of the segment can have. Nothing larger
// is made, whatever the part says of itself: a few bytes of it would unpack to a
// GiB.
func (m *Meta) limit(kind Kind) int {
	switch {
	case m.Rows == 1 && kind != KindLexicon:
		return most
	case kind == KindText: // zeros, and lengths of up to ten bytes
		return min(most, m.Text+12*maxValues+32*m.Rows)
	case kind == KindLexicon: // four numbers are words once more, and folding makes some longer
		return min(most, 8*m.Text+1<<20)
	}
	return mostShort
}

// pack appends the content, compressed where that makes it smaller: a byte that
// says so, the size where it is, and the bytes.
func pack(z *squash.Compressor, dst, content []byte) []byte {
	const small = 24 // zstd's own header eats what it wins
	if len(content) > small {
		start := len(dst)
		dst = binary.AppendUvarint(append(dst, compressed), uint64(len(content)))
		var err error // without one it is kept as it is
		if dst, err = z.Append(dst, content); err == nil && len(dst)-start < len(content) {
			return dst
		}
		dst = dst[:start]
	}
	return append(append(dst, plain), content...)
}

// packSize is the size of the content of a pack.
func packSize(data []byte) (int, bool) {
	if len(data) == 0 {
		return 0, false
	}
	if data[0] == plain {
		return len(data) - 1, true
	}
	n, used := binary.Uvarint(data[1:])
	if data[0] != compressed || used <= 0 || n > most {
		return 0, false
	}
	return int(n), true
}

// unpackInto is what pack was given; room is where it is put, if it has to be
// put somewhere.
func unpackInto(z *zstd.Decoder, room, data []byte, limit int) (content, newRoom []byte, err error) {
	size, ok := packSize(data)
	if !ok || size > limit {
		return nil, room, fmt.Errorf("%w: a part's head", ErrDamaged)
	}
	if data[0] == plain {
		return data[1:], room, nil
	}
	_, used := binary.Uvarint(data[1:])
	// Nothing is made for a size that the content does not have.
	var head zstd.Header
	if err := head.Decode(data[1+used:]); err != nil || !head.HasFCS || head.FrameContentSize != uint64(size) { //nolint:gosec // not negative
		return nil, room, fmt.Errorf("%w: the size of a compressed part", ErrDamaged)
	}
	if cap(room) < size {
		room = make([]byte, 0, size+size/8+64)
	}
	room, err = z.DecodeAll(data[1+used:], room[:0])
	if err != nil || len(room) != size {
		return nil, room, fmt.Errorf("%w: a compressed part: %w", ErrDamaged, err)
	}
	return room, room, nil
}

// unpackAppend appends what pack was given.
func unpackAppend(z *zstd.Decoder, dst, data []byte, limit int) ([]byte, error) {
	if len(data) > 0 && data[0] == plain && len(data)-1 <= limit {
		return append(dst, data[1:]...), nil
	}
	content, _, err := unpackInto(z, dst[len(dst):], data, limit)
	switch {
	case err != nil:
		return dst, err
	case len(content) <= cap(dst)-len(dst): // there was room, so it lies there
		return dst[:len(dst)+len(content)], nil
	}
	return append(dst, content...), nil
}

func newDecompressor() (*zstd.Decoder, error) {
	return zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.IgnoreChecksum(true), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxMemory(most))
}
