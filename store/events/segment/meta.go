package segment

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"slices"

	"firebreak/timeline"
)

// metaVersion is the first byte of a meta.
const metaVersion = 1

const kindMeta Kind = 0

// Append appends what ParseMeta reads.
func (m *Meta) Append(dst []byte) []byte {
	dst = append(dst, metaVersion, byte(m.wordBits)) //nolint:gosec // up to six
	dst = binary.LittleEndian.AppendUint32(dst, m.mark)
	dst = binary.LittleEndian.AppendUint64(dst, m.long)
	for _, v := range [...]uint64{uint64(m.Rows), uint64(m.Undated), uint64(m.columns), uint64(m.Text)} { //nolint:gosec // counts
		dst = binary.AppendUvarint(dst, v)
	}
	dst = binary.AppendVarint(dst, m.First)
	dst = binary.AppendVarint(dst, m.Last)
	for _, c := range m.Chunks {
		dst = binary.AppendVarint(dst, c.First)
		dst = binary.AppendVarint(dst, c.Last)
	}
	dst = binary.AppendUvarint(dst, uint64(len(m.Blocks)))
	for _, b := range m.Blocks {
		dst = binary.AppendUvarint(dst, uint64(b.Rows)) //nolint:gosec // a count
		dst = binary.AppendVarint(dst, b.First)
		dst = binary.AppendVarint(dst, b.Last)
	}
	dst = binary.AppendUvarint(dst, uint64(len(m.Files)))
	for i := range m.Files {
		f := &m.Files[i]
		dst = append(dst, f.Key[:]...)
		for _, s := range [...]string{f.Exhibit, f.Parser} {
			dst = append(binary.AppendUvarint(dst, uint64(len(s))), s...)
		}
		dst = binary.AppendUvarint(dst, uint64(f.Rows)) //nolint:gosec // a count
		dst = binary.AppendUvarint(dst, uint64(len(f.Places)))
		last := uint64(0)
		for _, r := range f.Places {
			dst = binary.AppendUvarint(dst, r.Low-last)
			dst = binary.AppendUvarint(dst, r.High-r.Low)
			last = r.High
		}
	}
	return binary.LittleEndian.AppendUint32(dst, checksum(0, kindMeta, 0, dst))
}

// ParseMeta reads Image.Meta.
func ParseMeta(data []byte) (*Meta, error) {
	m, err := parseMeta(data)
	if err != nil {
		return nil, fmt.Errorf("read meta: %w", err)
	}
	return m, nil
}

func parseMeta(data []byte) (*Meta, error) {
	if len(data) < 14+sumSize {
		return nil, ErrDamaged
	}
	body := data[:len(data)-sumSize]
	if checksum(0, kindMeta, 0, body) != binary.LittleEndian.Uint32(data[len(body):]) {
		return nil, ErrDamaged
	}
	if body[0] != metaVersion {
		return nil, fmt.Errorf("%w: version %d", ErrDamaged, body[0])
	}
	m := &Meta{wordBits: int(body[1]), mark: binary.LittleEndian.Uint32(body[2:]), long: binary.LittleEndian.Uint64(body[6:])}
	d := decoder{rest: body[14:]}
	m.Rows, m.Undated, m.columns = d.count(MaxRows), d.count(MaxRows), d.count(int(Attributes)+maxColumns)
	m.Text = d.count(maxEvent)
	m.First, m.Last = d.signed(), d.signed()
	if d.failed || m.Rows == 0 || m.Undated > m.Rows || m.Rows > 1 && m.Text > olderText || m.columns < int(Attributes) || m.wordBits > bits.Len(WordParts-1) {
		return nil, ErrDamaged
	}
	for i := 0; i < m.Rows; i += ChunkRows {
		m.Chunks = append(m.Chunks, Span{d.signed(), d.signed()})
	}
	row := 0
	for range d.count(MaxBlocks) {
		b := Block{Row: row, Rows: d.count(MaxRows), First: d.signed(), Last: d.signed()}
		row += b.Rows
		m.Blocks = append(m.Blocks, b)
	}
	if d.failed || row != m.Rows {
		return nil, ErrDamaged
	}
	for range d.count(m.Rows) {
		var f File
		f.Key = timeline.FileKey(d.bytes(len(f.Key)))
		f.Exhibit, f.Parser = d.text(), d.text()
		f.Rows = d.count(m.Rows)
		last := uint64(0)
		for range d.count(maxPlaces) {
			low := last + d.number()
			last = low + d.number()
			f.Places = append(f.Places, Range{low, last})
		}
		if d.failed {
			return nil, ErrDamaged
		}
		m.Files = append(m.Files, f)
	}
	if d.failed || len(d.rest) > 0 || len(m.Files) == 0 {
		return nil, ErrDamaged
	}
	m.Files = slices.Clip(m.Files)
	return m, nil
}

// decoder takes numbers and texts off the front of bytes. After a failure it
// returns zeros.
type decoder struct {
	rest   []byte
	failed bool
}

func (d *decoder) number() uint64 {
	v, n := binary.Uvarint(d.rest)
	if n <= 0 {
		d.failed, d.rest = true, nil
		return 0
	}
	d.rest = d.rest[n:]
	return v
}

func (d *decoder) signed() int64 {
	v, n := binary.Varint(d.rest)
	if n <= 0 {
		d.failed, d.rest = true, nil
		return 0
	}
	d.rest = d.rest[n:]
	return v
}

// count is a number up to most.
func (d *decoder) count(most int) int {
	v := d.number()
	if v > uint64(most) { //nolint:gosec // limits are positive
		d.failed = true
		return 0
	}
	return int(v) //nolint:gosec // checked
}

// bytes is the next n bytes; zeros after a failure.
func (d *decoder) bytes(n int) []byte {
	if n > len(d.rest) {
		d.failed, d.rest = true, nil
		return make([]byte, min(n, 64))
	}
	b := d.rest[:n]
	d.rest = d.rest[n:]
	return b
}

func (d *decoder) text() string {
	n := d.count(len(d.rest))
	return string(d.bytes(n))
}

// Fill is how full the segment is, where one is full at so many rows: 1 is as full
// as can be.
func (m *Meta) Fill(rows int) float64 {
	return max(float64(m.Rows)/float64(rows), float64(m.Text)/maxText)
}
