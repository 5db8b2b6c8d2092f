package segment

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"sort"

	"firebreak/timeline"
)

// Text is the decoded text of a block, or of a piece of it. Rows are counted from
// its first.
type Text struct {
	r     *Reader
	block int
	first int // row of the segment

	memory []byte // text, and head while it is read
	raw    []byte
	starts []uint32 // of each row in raw, and the end of the last
	sizes  []uint32 // of the messages
	firsts []uint32 // of each row in values
	values []textValue
	shapes []uint16
	coded  []byte // from a dictionary
}

// textValue is where a value stands in raw.
type textValue struct {
	at, n uint32
	coded bool
}

// Text is the text of a block.
func (r *Reader) Text(block int) (*Text, error) {
	t := &r.text
	if t.block == block {
		return t, nil
	}
	if block < 0 || block >= len(r.meta.Blocks) {
		return nil, fmt.Errorf("read block %d of %d: there is none", block, len(r.meta.Blocks))
	}
	if err := t.read(r, block, none); err != nil {
		return nil, err
	}
	return t, nil
}

// textOf is the text of a block, if that is at hand, or of the piece that the row
// is in.
func (r *Reader) textOf(row int) (*Text, error) {
	block := r.meta.blockOf(row)
	if r.text.block == block {
		return &r.text, nil
	}
	t := &r.piece
	if t.block == block && row >= t.first && row < t.first+t.Rows() {
		return t, nil
	}
	return t, t.read(r, block, row-r.meta.Blocks[block].Row)
}

// read reads the whole block, or the piece with a row of the block.
func (t *Text) read(r *Reader, block, row int) error {
	t.r, t.block = r, none
	if err := t.readPieces(block, row); err != nil {
		return fmt.Errorf("block %d: %w", block, err)
	}
	t.block = block
	return nil
}

// piece is a part of a block's text.
type piece struct {
	row, rows int // in the block
	data      []byte
}

// piecesOf yields the pieces of a block's text.
func piecesOf(data []byte, rows int, yield func(piece) error) error {
	if len(data) == 0 || data[0] != pieces {
		return yield(piece{rows: rows, data: data})
	}
	d := decoder{rest: data[1:]}
	row := 0
	for len(d.rest) > 0 {
		p := piece{row: row, rows: d.count(rows - row)}
		size := binary.LittleEndian.Uint32(d.bytes(4))
		p.data = d.bytes(int(min(uint64(size), math.MaxInt)))
		if d.failed || p.rows == 0 {
			break
		}
		if err := yield(p); err != nil {
			return err
		}
		row += p.rows
	}
	if d.failed || row != rows {
		return fmt.Errorf("%w: pieces of a text", ErrDamaged)
	}
	return nil
}

// readPieces reads all pieces, or the one with the row only.
func (t *Text) readPieces(block, only int) error {
	r, b := t.r, t.r.meta.Blocks[block]
	if err := r.readNames(); err != nil {
		return err
	}
	var err error
	if t.shapes, err = r.codesOfRows(t.shapes, Shape, b.Row, b.Rows); err != nil {
		return err
	}
	data, err := r.needed(KindText, block)
	if err != nil {
		return err
	}
	size, limit := 0, r.meta.limit(KindText)
	wanted := func(p piece) bool { return only == none || p.row <= only && only < p.row+p.rows }
	err = piecesOf(data, b.Rows, func(p piece) error {
		if n, _ := packSize(p.data); wanted(p) {
			size += n
		}
		if size > limit {
			return fmt.Errorf("%w: the size of a text", ErrDamaged)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if cap(t.memory) > 4<<20 && size < 1<<20 {
		t.memory = nil // a giant is not kept
	}
	t.memory = slices.Grow(t.memory[:0], size+size/8+64)
	t.sizes, t.starts, t.firsts, t.values = t.sizes[:0], t.starts[:0], t.firsts[:0], t.values[:0]
	t.first = b.Row
	err = piecesOf(data, b.Rows, func(p piece) error {
		if !wanted(p) {
			return nil
		}
		if only != none {
			t.first, t.shapes = b.Row+p.row, t.shapes[p.row:p.row+p.rows]
		}
		from := len(t.memory)
		if t.memory, err = r.unpackAppend(t.memory, p.data, limit); err != nil {
			return err
		}
		return t.cut(from, p.rows)
	})
	t.raw = t.memory
	t.starts = append(t.starts, uint32(len(t.raw))) //nolint:gosec // texts are less than 4 GiB
	return err
}

// HasText reports whether the text of the row's block is decoded already.
func (r *Reader) HasText(row int) bool { return r.text.block == r.meta.blockOf(row) }

// codesOfRows is the codes of rows that can lie in several chunks.
func (r *Reader) codesOfRows(dst []uint16, c Column, from, rows int) ([]uint16, error) {
	dst = dst[:0]
	for rows > 0 {
		chunk, at := from/ChunkRows, from%ChunkRows
		if c < Attributes && r.columns[c].chunk != chunk {
			code, ok, err := r.Only(c, chunk)
			if err != nil {
				return nil, err
			}
			if ok {
				n := min(rows, ChunkRows-at)
				for range n {
					dst = append(dst, code)
				}
				from, rows = from+n, rows-n
				continue
			}
		}
		codes, err := r.Codes(c, chunk)
		if err != nil {
			return nil, err
		}
		n := min(rows, len(codes)-at)
		dst = append(dst, codes[at:at+n]...)
		from, rows = from+n, rows-n
	}
	return dst, nil
}

// cut finds the rows and the values in a piece that begins at from, the last one so
// far, and takes its head away.
func (t *Text) cut(from, rows int) error {
	bad := fmt.Errorf("%w: a text", ErrDamaged)
	end := len(t.memory) - 4
	if end < from {
		return bad
	}
	head := int(binary.LittleEndian.Uint32(t.memory[end:]))
	if head > end-from {
		return bad
	}
	in := decoder{rest: t.memory[end-head : end]}
	t.memory = t.memory[:end-head]
	size, done := len(t.memory), len(t.sizes)
	for range rows {
		t.sizes = append(t.sizes, uint32(in.count(size))) //nolint:gosec // texts are less than 4 GiB
	}
	at := from
	names := t.r.names.names
	for i := done; i < done+rows; i++ {
		message := at
		t.starts = append(t.starts, uint32(at))            //nolint:gosec // texts are less than 4 GiB
		t.firsts = append(t.firsts, uint32(len(t.values))) //nolint:gosec // not more than bytes
		at += int(t.sizes[i]) + 1
		for _, which := range t.r.names.shapes[t.shapes[i]] {
			if names[which].Column != 0 {
				t.values = append(t.values, textValue{coded: true})
				continue
			}
			v := in.number()
			n := v >> 1
			if n > uint64(size) {
				return bad
			}
			if v&1 == 0 {
				t.values = append(t.values, textValue{at: uint32(at), n: uint32(n)}) //nolint:gosec // checked
				at += int(n) + 1
			} else {
				d := in.number()
				if d > uint64(t.sizes[i]) || d+n > uint64(t.sizes[i]) {
					return bad
				}
				t.values = append(t.values, textValue{at: uint32(message) + uint32(d), n: uint32(n)}) //nolint:gosec // checked
			}
			if at > size {
				return bad
			}
		}
		if at > size {
			return bad
		}
	}
	if in.failed || at != size {
		return bad
	}
	return nil
}

// Raw is the messages and those values that stand in the text, row by row, each
// followed by a zero byte. Values in columns are not in it.
func (t *Text) Raw() []byte { return t.raw }

// Rows is how many rows there are.
func (t *Text) Rows() int { return len(t.sizes) }

// Row is where the row's texts stand in Raw.
func (t *Text) Row(i int) (start, end int) { return int(t.starts[i]), int(t.starts[i+1]) }

// RowAt is the row whose texts the position in Raw belongs to.
func (t *Text) RowAt(position int) int {
	return sort.Search(len(t.sizes)-1, func(i int) bool { return int(t.starts[i+1]) > position })
}

// Message is the row's message.
func (t *Text) Message(i int) []byte {
	return t.raw[t.starts[i] : t.starts[i]+t.sizes[i] : t.starts[i]+t.sizes[i]]
}

// Shape is the row's list of names, as Shapes has it.
func (t *Text) Shape(i int) []int { return t.r.names.shapes[t.shapes[i]] }

// Value is the row's value of the attribute with that index in Names, wherever it
// is kept. It is valid until the next value is asked for.
func (t *Text) Value(i, name int) (value []byte, ok bool, err error) {
	for n, which := range t.Shape(i) {
		if which == name {
			value, err = t.value(i, n, which)
			return value, err == nil, err
		}
	}
	return nil, false, nil
}

func (t *Text) value(i, n, which int) ([]byte, error) {
	v := t.values[int(t.firsts[i])+n]
	if !v.coded {
		return t.raw[v.at : v.at+v.n : v.at+v.n], nil
	}
	name, row := t.r.names.names[which], t.first+i
	codes, err := t.r.Codes(name.Column, row/ChunkRows)
	if err != nil {
		return nil, err
	}
	d, err := t.r.dictionary(name.Column)
	if err != nil {
		return nil, err
	}
	t.coded = append(t.coded[:0], d.texts[codes[row%ChunkRows]]...)
	return t.coded, nil
}

// Each visits the row's attributes in their order, until visit returns false. A
// value is valid during its visit.
func (t *Text) Each(i int, visit func(name int, value []byte) bool) error {
	for n, which := range t.Shape(i) {
		value, err := t.value(i, n, which)
		if err != nil {
			return err
		}
		if !visit(which, value) {
			return nil
		}
	}
	return nil
}

// blockOf is the block that a row is in.
func (m *Meta) blockOf(row int) int {
	return sort.Search(len(m.Blocks)-1, func(i int) bool { return m.Blocks[i+1].Row > row })
}

// Head is what tells a row from all others.
type Head struct {
	ID     timeline.ID
	Stamp  int64
	Offset int64
	File   int // in Meta.Files
}

// Head is that of a row.
func (r *Reader) Head(row int) (h Head, err error) {
	if h.ID, err = r.ID(row); err != nil {
		return h, err
	}
	stamps, err := r.Times(row / ChunkRows)
	if err != nil {
		return h, err
	}
	h.Stamp, h.Offset = stamps[row%ChunkRows], r.places.offsets[row%ChunkRows]
	h.File, err = r.fileOf(row)
	return h, err
}

// fileOf is the row's file.
func (r *Reader) fileOf(row int) (int, error) {
	if len(r.meta.Files) == 1 {
		return 0, nil
	}
	code, err := r.Code(FileOf, row)
	return int(code), err
}

// ID is the id of a row.
func (r *Reader) ID(row int) (timeline.ID, error) {
	if row < 0 || row >= r.meta.Rows {
		return timeline.ID{}, fmt.Errorf("read row %d of %d: there is none", row, r.meta.Rows)
	}
	places, err := r.Places(row / ChunkRows)
	if err != nil {
		return timeline.ID{}, err
	}
	file, err := r.fileOf(row)
	if err != nil {
		return timeline.ID{}, err
	}
	return r.meta.Files[file].Key.At(places[row%ChunkRows]), nil
}

// Bare puts a row together again, without its message and attributes: no text
// is read for it.
func (r *Reader) Bare(row int) (timeline.Event, error) {
	h, err := r.Head(row)
	if err != nil {
		return timeline.Event{}, err
	}
	return r.BareOf(row, h)
}

// BareOf is Bare where the head is known already.
func (r *Reader) BareOf(row int, h Head) (timeline.Event, error) {
	e := timeline.Event{ID: h.ID, Offset: h.Offset}
	if isFar(h.Stamp) {
		if _, err := r.Times(row / ChunkRows); err != nil {
			return timeline.Event{}, err
		}
		far, err := r.times.farOf(row % ChunkRows)
		if err != nil {
			return timeline.Event{}, err
		}
		e.Time = timeOf(h.Stamp, far)
	} else {
		e.Time = timeOf(h.Stamp, farTime{})
	}
	f := &r.meta.Files[h.File]
	e.Exhibit, e.Parser = f.Exhibit, f.Parser
	var texts [Technique + 1]string
	for c := range texts {
		code, err := r.Code(Column(c), row)
		if err != nil {
			return timeline.Event{}, err
		}
		texts[c] = r.dicts[c].texts[code]
	}
	e.Source, e.Host, e.User, e.Technique = texts[Source], texts[Host], texts[User], texts[Technique]
	e.TimeKind, e.Precision = timeline.TimeKind(texts[TimeKind]), timeline.Precision(texts[Precision])
	return e, nil
}

// Event puts a row together again.
func (r *Reader) Event(row int) (timeline.Event, error) {
	h, err := r.Head(row)
	if err != nil {
		return timeline.Event{}, err
	}
	return r.EventOf(row, h)
}

// EventOf is Event where the head is known already.
func (r *Reader) EventOf(row int, h Head) (timeline.Event, error) {
	e, err := r.BareOf(row, h)
	if err != nil {
		return e, err
	}
	t, err := r.textOf(row)
	if err != nil {
		return timeline.Event{}, err
	}
	i := row - t.first
	e.Message = string(t.Message(i))
	if n := len(t.Shape(i)); n > 0 {
		e.Attributes = make(timeline.Attributes, 0, n)
	}
	err = t.Each(i, func(name int, value []byte) bool {
		e.Attributes = append(e.Attributes, timeline.Attribute{Name: r.names.names[name].Name, Value: string(value)})
		return true
	})
	if err != nil {
		return timeline.Event{}, err
	}
	return e, nil
}
