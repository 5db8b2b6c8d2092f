package segment

import (
	"encoding/binary"
	"time"

	"firebreak/timeline"
)

// A block's text is packed in pieces of some hundred rows, so that one row costs
// little: a page of many segments needs one or two of each. A piece is: the
// messages and the values that are in no column, row by row, each followed by a
// zero byte; the head, which is the length of each message, then of each of those
// values; and the size of the head. A value that stands in its row's message as
// whole words is only pointed to: its tokens are there already.
const (
	blockText = 256 << 10
	pieceText = 44 << 10
)

// columns decides which attributes get columns.
func (e *Encoder) columns(b *Builder) {
	next := Attributes
	for i := range b.names {
		n := &b.names[i]
		n.column = 0
		switch {
		case n.many, len(n.values)*2 > n.rows && n.rows > 8, next-Attributes >= maxColumns:
			continue
		case n.rows*16 < b.Len() && n.rows < 256: // too rare for sixteen chunks
			continue
		}
		n.column = next
		next++
	}
	e.meta.columns = int(next)
	e.attributes = resize(e.attributes, int(next-Attributes))
	e.starts = e.starts[:0]
	e.valueBlocks = resize(e.valueBlocks, int(next-Attributes))
	for i := range b.names {
		if n := &b.names[i]; n.column != 0 {
			c := n.column - Attributes
			v := resize(e.valueBlocks[c], len(n.values))
			clear(v)
			e.valueBlocks[c], e.attributes[c] = v, resize(e.attributes[c], n.rows)[:0]
		}
	}
}

// maxColumns is the most columns of attributes.
const maxColumns = 1 << 12

// blocks cuts the rows into blocks: of BlockRows, or fewer where their text is
// long, and never more than there are bits.
func (e *Encoder) blocks(b *Builder) {
	e.sizes = resize(e.sizes, b.Len())
	for row := range e.sizes {
		n := b.messages[row].n
		if names := b.shapes[b.codes[Shape][row]].names; len(names) > 0 {
			first := int(b.firsts[row])
			for i, which := range names {
				if b.names[which].column == 0 {
					n += b.spanOf(first + i).n
				}
			}
		}
		e.sizes[row] = n
	}
	for limit := uint64(blockText); ; limit *= 2 {
		e.meta.Blocks = e.meta.Blocks[:0]
		from, size := 0, uint64(0)
		for i, row := range e.order {
			if i > from && (i-from == BlockRows || size+uint64(e.sizes[row]) > limit) {
				e.block(b, from, i)
				from, size = i, 0
			}
			size += uint64(e.sizes[row])
		}
		if e.block(b, from, b.Len()); len(e.meta.Blocks) <= MaxBlocks {
			return
		}
	}
}

func (e *Encoder) block(b *Builder, from, to int) {
	e.meta.Blocks = append(e.meta.Blocks, Block{Row: from, Rows: to - from, First: b.stamps[e.order[from]], Last: b.stamps[e.order[to-1]]})
}

// texts writes the blocks and puts their words into the table.
func (e *Encoder) texts(b *Builder) {
	e.blocks(b)
	for n, block := range e.meta.Blocks {
		e.table.begin(n)
		rows := e.order[block.Row : block.Row+block.Rows]
		e.warm(b, rows)
		e.begin()
		for from := 0; from < len(rows); {
			to := e.pieceOf(rows, from)
			if whole := from == 0 && to == len(rows); whole {
				e.piece(b, n, block.Row, rows)
				e.out = pack(e.z, e.out, e.raw)
				break
			}
			if from == 0 {
				e.out = append(e.out, pieces)
			}
			e.piece(b, n, block.Row+from, rows[from:to])
			e.out = binary.AppendUvarint(e.out, uint64(to-from)) //nolint:gosec // rows
			at := len(e.out)
			e.out = pack(e.z, append(e.out, 0, 0, 0, 0), e.raw)
			binary.LittleEndian.PutUint32(e.out[at:], uint32(len(e.out)-at-4)) //nolint:gosec // a piece is bounded
			from = to
		}
		e.finish(KindText, n)
	}
	for i := range b.names {
		n := &b.names[i]
		if n.column == 0 {
			continue
		}
		for code, v := range n.values {
			if blocks := e.valueBlocks[n.column-Attributes][code]; blocks != 0 {
				e.table.within(blocks)
				e.table.addCopy(b.text(v))
			}
		}
	}
}

// pieceOf is where the piece ends that begins at from. A rest that is small goes
// with the last one.
func (e *Encoder) pieceOf(rows []uint32, from int) (to int) {
	size := 0
	for to = from; to < len(rows) && size < pieceText; to++ {
		size += int(e.sizes[rows[to]])
	}
	rest := 0
	for _, row := range rows[to:] {
		if rest += int(e.sizes[row]); rest >= pieceText/3 {
			return to
		}
	}
	return len(rows)
}

// piece gathers the texts of the rows, the first of which is that of the segment,
// and puts their words into the table.
func (e *Encoder) piece(b *Builder, block, first int, rows []uint32) {
	e.head, e.raw = e.head[:0], e.raw[:0]
	for _, row := range rows {
		e.head = binary.AppendUvarint(e.head, uint64(b.messages[row].n))
	}
	for i, row := range rows {
		if (first+i)%ChunkRows == 0 {
			for c := range e.attributes {
				e.starts = append(e.starts, len(e.attributes[c]))
			}
		}
		e.row(b, row, block)
	}
	text := len(e.raw)
	var zeros [padding]byte
	e.raw = append(e.raw, zeros[:]...)
	e.table.add(e.raw[:text])
	e.raw = append(e.raw[:text], e.head...)
	e.raw = binary.LittleEndian.AppendUint32(e.raw, uint32(len(e.head))) //nolint:gosec // shorter than the text and its rows
}

// warm looks at all that the rows are made of. Rows that came in no order lie far
// apart: memory fetches those of a block at the same time where nothing waits for
// the one before.
func (e *Encoder) warm(b *Builder, rows []uint32) {
	seen := uint64(0)
	for _, row := range rows {
		if m := b.messages[row]; m.n > 0 {
			seen += uint64(b.arena[m.at]) + uint64(b.arena[m.at+m.n-1])
		}
		if at := int(b.firsts[row]); at < len(b.values) {
			seen += uint64(b.values[at].n) + uint64(b.values[min(at+usualValues, len(b.values)-1)].n)
		}
	}
	e.warmed = seen
}

// usualValues are more than lie in one line of the cache.
const usualValues = 8

// row writes the texts of a row.
func (e *Encoder) row(b *Builder, row uint32, block int) {
	message := b.messages[row]
	e.raw = append(append(e.raw, b.text(message)...), 0)
	names := b.shapes[b.codes[Shape][row]].names
	if len(names) == 0 {
		return
	}
	first := int(b.firsts[row])
	for i, which := range names {
		if name := &b.names[which]; name.column != 0 {
			c, code := name.column-Attributes, b.values[first+i].code
			e.valueBlocks[c][code] |= 1 << block
			e.attributes[c] = append(e.attributes[c], code)
			continue
		}
		v := b.spanOf(first + i)
		if b.refers(message, v) {
			e.head = binary.AppendUvarint(e.head, uint64(v.n)<<1|1)
			e.head = binary.AppendUvarint(e.head, uint64(v.at-message.at))
			continue
		}
		e.head = binary.AppendUvarint(e.head, uint64(v.n)<<1)
		e.raw = append(append(e.raw, b.text(v)...), 0)
	}
}

// refers reports whether the value stands in the message as whole words.
func (b *Builder) refers(message, v span) bool {
	if v.n == 0 || v.at < message.at || v.at+v.n > message.at+message.n {
		return false
	}
	apart := func(at uint32) bool { // bytes beyond ASCII are not looked at
		return at == message.at || at == message.at+message.n || classes[b.arena[at-1]] == 0 || classes[b.arena[at]] == 0
	}
	return apart(v.at) && apart(v.at+v.n)
}

// addCopy adds a text without padding.
func (t *table) addCopy(text []byte) {
	padded := make([]byte, len(text)+padding)
	copy(padded, text)
	t.add(padded[:len(text)])
}

// event is a row as it was given.
func (b *Builder) event(row int) timeline.Event {
	e := timeline.Event{ID: b.id(row), Message: string(b.text(b.messages[row]))}
	f := &b.files[b.codes[FileOf][row]]
	e.Exhibit, e.Parser = f.exhibit, f.parser
	e.Time = timeOf(b.stamps[row], b.far[int32(row)]) //nolint:gosec // rows are few
	e.Offset = int64(b.places[row] >> 8)
	if row < len(b.offset) {
		e.Offset += b.offset[row]
	}
	text := func(c Column) string { return string(b.text(b.columns[c].values[b.codes[c][row]])) }
	e.Source, e.Host, e.User, e.Technique = text(Source), text(Host), text(User), text(Technique)
	e.TimeKind, e.Precision = timeline.TimeKind(text(TimeKind)), timeline.Precision(text(Precision))
	first := int(b.firsts[row])
	for i, which := range b.shapes[b.codes[Shape][row]].names {
		e.Attributes = append(e.Attributes, timeline.Attribute{Name: b.names[which].name, Value: string(b.text(b.spanOf(first + i)))})
	}
	return e
}

// timeOf is the time that a stamp stands for.
func timeOf(stamp int64, far farTime) time.Time {
	switch {
	case stamp == Undated:
		return time.Time{}
	case isFar(stamp):
		return time.Unix(far.seconds, far.nanos).UTC()
	}
	return time.Unix(0, stamp).UTC()
}
