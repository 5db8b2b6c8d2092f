package segment

import (
	"encoding/binary"
	"time"
)

// chunks writes times, places and codes.
func (e *Encoder) chunks(b *Builder) {
	n := b.Len()
	dated := n
	for dated > 0 && b.stamps[e.order[dated-1]] == Undated {
		dated--
	}
	m := &e.meta
	m.Undated, m.First, m.Last = n-dated, 1, 0
	if dated > 0 {
		m.First, m.Last = b.stamps[e.order[0]], b.stamps[e.order[dated-1]]
	}
	for chunk := 0; chunk*ChunkRows < n; chunk++ {
		from, to := chunk*ChunkRows, min((chunk+1)*ChunkRows, n)
		rows := e.order[from:to]
		m.Chunks = append(m.Chunks, Span{b.stamps[rows[0]], b.stamps[rows[len(rows)-1]]})
		e.begin()
		e.times(b, rows[:max(0, min(dated, to)-from)])
		e.finish(KindTimes, chunk)
		e.begin()
		e.placesOf(b, rows)
		e.finish(KindPlaces, chunk)
		e.begin()
		e.codesOf(b, chunk, rows)
		e.finish(KindCodes, chunk)
	}
}

// units are what all times of a chunk may be multiples of.
var units = [...]int64{int64(time.Second), int64(time.Millisecond), int64(time.Microsecond), 1}

// times writes: the unit, the first stamp, the steps in units, and the times that
// are out of range.
func (e *Encoder) times(b *Builder, rows []uint32) {
	if len(rows) == 0 {
		return
	}
	unit := 0
	for _, row := range rows {
		for b.stamps[row]%units[unit] != 0 {
			unit++
		}
	}
	first := b.stamps[rows[0]]
	e.numbers = e.numbers[:0]
	last := first
	for _, row := range rows {
		step := uint64(b.stamps[row]) - uint64(last)            //nolint:gosec // in order: the step fits
		e.numbers = append(e.numbers, step/uint64(units[unit])) //nolint:gosec // positive
		last = b.stamps[row]
	}
	e.out = append(e.out, byte(unit))
	e.out = binary.LittleEndian.AppendUint64(e.out, uint64(first)) //nolint:gosec // the bits as they are
	e.out = appendPacked(e.out, e.numbers)
	if b.far == nil {
		return
	}
	for _, row := range rows {
		if isFar(b.stamps[row]) {
			far := b.far[int32(row)] //nolint:gosec // rows are few
			e.out = binary.AppendVarint(e.out, far.seconds)
			e.out = binary.AppendUvarint(e.out, uint64(far.nanos)) //nolint:gosec // less than a second
		}
	}
}

// placesOf writes: the bits that all places lack, the first place of each file in
// the order of their coming, the steps of each file, and the offsets that do not
// follow from the places.
func (e *Encoder) placesOf(b *Builder, rows []uint32) {
	e.last = resize(e.last, len(b.files))
	e.seen = resize(e.seen, len(b.files))
	clear(e.seen)
	shift, offsets := 8, false
	for _, row := range rows {
		if b.places[row]&0xff != 0 {
			shift = 0
		}
		offsets = offsets || int(row) < len(b.offset) && b.offset[row] != 0
	}
	flags := byte(shift)
	if offsets {
		flags |= offsetFlag
	}
	e.out = append(e.out, flags)
	e.numbers = e.numbers[:0]
	e.head = e.head[:0]
	for _, row := range rows {
		f, place := b.codes[FileOf][row], b.places[row]>>shift
		step := uint64(0)
		if e.seen[f] {
			step = zigzag(int64(place - e.last[f])) //nolint:gosec // 48 bits
		} else {
			e.seen[f] = true
			e.head = binary.AppendUvarint(e.head, place)
		}
		e.last[f] = place
		e.numbers = append(e.numbers, step)
	}
	e.out = binary.AppendUvarint(e.out, uint64(len(e.head)))
	e.out = append(e.out, e.head...)
	e.out = appendPacked(e.out, e.numbers)
	if !offsets {
		return
	}
	e.numbers = e.numbers[:0]
	for _, row := range rows {
		d := int64(0)
		if int(row) < len(b.offset) {
			d = b.offset[row]
		}
		e.numbers = append(e.numbers, zigzag(d))
	}
	e.out = appendPacked(e.out, e.numbers)
}

const offsetFlag = 0x80

// How a column of a chunk is kept.
const (
	codesSame   = 0 // one number
	codesPacked = 1
	codesBytes  = 2 // a pack of bytes
	codesWide   = 3 // a pack of all low bytes, then all high ones
)

// codesOf writes the columns one after the other, each with its size in front. A
// column of attributes has a code for each row that has the attribute.
func (e *Encoder) codesOf(b *Builder, chunk int, rows []uint32) {
	e.codes = resize(e.codes, e.meta.columns)
	for c := range e.codes {
		e.codes[c] = e.codes[c][:0]
	}
	for c := range b.codes {
		for _, row := range rows {
			e.codes[c] = append(e.codes[c], b.codes[c][row])
		}
	}
	for c, all := range e.attributes {
		to := len(all)
		if next := (chunk+1)*len(e.attributes) + c; next < len(e.starts) {
			to = e.starts[next]
		}
		e.codes[int(Attributes)+c] = all[e.starts[chunk*len(e.attributes)+c]:to]
	}
	for _, codes := range e.codes {
		e.head = e.column(e.head[:0], codes)
		e.out = binary.AppendUvarint(e.out, uint64(len(e.head)))
		e.out = append(e.out, e.head...)
	}
}

func (e *Encoder) column(dst []byte, codes []uint16) []byte {
	if len(codes) == 0 {
		return dst
	}
	same, wide := true, false
	for _, c := range codes {
		same = same && c == codes[0]
		wide = wide || c > 0xff
	}
	if same {
		return binary.AppendUvarint(append(dst, codesSame), uint64(codes[0]))
	}
	e.numbers = e.numbers[:0]
	for _, c := range codes {
		e.numbers = append(e.numbers, uint64(c))
	}
	start := len(dst)
	dst = appendPacked(append(dst, codesPacked), e.numbers)
	packed := len(dst) - start
	e.raw = e.raw[:0]
	for _, c := range codes {
		e.raw = append(e.raw, byte(c)) //nolint:gosec // the low byte
	}
	kind := byte(codesBytes)
	if wide {
		kind = codesWide
		for _, c := range codes {
			e.raw = append(e.raw, byte(c>>8))
		}
	}
	dst = pack(e.z, append(dst, kind), e.raw)
	// Packed is read faster: compression has to win something.
	if size := len(dst) - start - packed; size > packed*3/4 {
		return dst[:start+packed]
	}
	return append(dst[:start], dst[start+packed:]...)
}

// dictionaries writes the values of the columns and how many rows have each, and
// the names and shapes of attributes.
func (e *Encoder) dictionaries(b *Builder) {
	for c := range b.columns {
		e.dictionary(Column(c), b.codes[c], len(b.columns[c].values), func(i int) []byte { return b.text(b.columns[c].values[i]) })
	}
	e.dictionary(Shape, b.codes[Shape], len(b.shapes), func(int) []byte { return nil })
	rows := make([]int, len(b.names))
	for code, s := range b.shapes {
		for _, which := range s.names {
			rows[which] += int(e.counts[code])
		}
	}
	for i := range b.names {
		if n := &b.names[i]; n.column != 0 {
			e.counts = append(e.counts[:0], n.counts...)
			e.writeDictionary(n.column, len(n.values), func(i int) []byte { return b.text(n.values[i]) })
		}
	}
	e.shapes(b, rows)
}

func (e *Encoder) dictionary(c Column, codes []uint16, n int, text func(i int) []byte) {
	e.counts = resize(e.counts, n)
	clear(e.counts)
	for _, code := range codes {
		e.counts[code]++
	}
	e.writeDictionary(c, n, text)
}

func (e *Encoder) writeDictionary(c Column, n int, text func(i int) []byte) {
	e.raw = binary.AppendUvarint(e.raw[:0], uint64(n)) //nolint:gosec // a count
	e.numbers = e.numbers[:0]
	for i := range n {
		e.raw = binary.AppendUvarint(e.raw, uint64(len(text(i))))
		e.numbers = append(e.numbers, uint64(e.counts[i]))
	}
	e.raw = appendPacked(e.raw, e.numbers)
	for i := range n {
		e.raw = append(e.raw, text(i)...)
	}
	e.begin()
	e.out = pack(e.z, e.out, e.raw)
	e.finish(KindDictionary, int(c))
}

func (e *Encoder) shapes(b *Builder, rows []int) {
	e.raw = binary.AppendUvarint(e.raw[:0], uint64(len(b.names)))
	for i := range b.names {
		n := &b.names[i]
		e.raw = binary.AppendUvarint(e.raw, uint64(len(n.name)))
		e.raw = append(e.raw, n.name...)
		e.raw = binary.AppendUvarint(e.raw, uint64(rows[i]))  //nolint:gosec // a count
		e.raw = binary.AppendUvarint(e.raw, uint64(n.column)) //nolint:gosec // a column
	}
	e.raw = binary.AppendUvarint(e.raw, uint64(len(b.shapes)))
	for _, s := range b.shapes {
		e.raw = binary.AppendUvarint(e.raw, uint64(len(s.names)))
		for _, which := range s.names {
			e.raw = binary.AppendUvarint(e.raw, uint64(which)) //nolint:gosec // an index
		}
	}
	e.begin()
	e.out = pack(e.z, e.out, e.raw)
	e.finish(KindShapes, 0)
}
