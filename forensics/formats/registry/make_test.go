package registry

import (
	"bytes"
	"encoding/binary"
	"unicode/utf16"
)

// maker lays a hive out as Windows does: one bin, cells one after the other.
type maker struct{ bin []byte }

var le32 = binary.LittleEndian

func wide(s string) []byte {
	var b []byte
	for _, c := range append(utf16.Encode([]rune(s)), 0) {
		b = le32.AppendUint16(b, c)
	}
	return b
}

func newMaker() *maker {
	b := make([]byte, 32)
	copy(b, "hbin")
	return &maker{b}
}

// cell puts one in use, and answers where it stands.
func (m *maker) cell(data []byte) uint32 {
	at := uint32(len(m.bin))
	size := (len(data) + 4 + 7) &^ 7
	c := make([]byte, size)
	le32.PutUint32(c, uint32(-int32(size)))
	copy(c[4:], data)
	m.bin = append(m.bin, c...)
	return at
}

// free makes a cell a free one.
func (m *maker) free(at uint32) {
	le32.PutUint32(m.bin[at:], -le32.Uint32(m.bin[at:]))
}

const written = 134091000000000000

type val struct {
	name string
	kind uint32
	data []byte
}

// key puts a key over those below it.
func (m *maker) key(name string, flags uint16, vals []val, below ...uint32) uint32 {
	nk := make([]byte, 76, 76+len(name))
	copy(nk, "nk")
	le32.PutUint16(nk[2:], flags|0x20)
	le32.PutUint64(nk[4:], written)
	le32.PutUint32(nk[16:], 0xffffffff)
	le32.PutUint32(nk[20:], uint32(len(below)))
	le32.PutUint32(nk[28:], 0xffffffff)
	if len(below) > 0 {
		list := le32.AppendUint16([]byte("lh"), uint16(len(below)))
		for _, b := range below {
			list = le32.AppendUint32(le32.AppendUint32(list, b), 0)
		}
		le32.PutUint32(nk[28:], m.cell(list))
	}
	le32.PutUint32(nk[36:], uint32(len(vals)))
	le32.PutUint32(nk[40:], 0xffffffff)
	if len(vals) > 0 {
		var list []byte
		for _, v := range vals {
			list = le32.AppendUint32(list, m.value(v))
		}
		le32.PutUint32(nk[40:], m.cell(list))
	}
	le32.PutUint16(nk[72:], uint16(len(name)))
	at := m.cell(append(nk, name...))
	for _, b := range below {
		le32.PutUint32(m.bin[b+4+16:], at)
	}
	return at
}

func (m *maker) value(v val) uint32 {
	vk := make([]byte, 20)
	copy(vk, "vk")
	le32.PutUint16(vk[2:], uint16(len(v.name)))
	le32.PutUint32(vk[12:], v.kind)
	le32.PutUint16(vk[16:], 1)
	switch {
	case len(v.data) <= 4:
		le32.PutUint32(vk[4:], uint32(len(v.data))|1<<31)
		copy(vk[8:], v.data)
	case len(v.data) > 16344:
		var list []byte
		n := 0
		for rest := v.data; len(rest) > 0; n++ {
			part := rest[:min(len(rest), 16344)]
			list = le32.AppendUint32(list, m.cell(append(bytes.Clone(part), 0, 0, 0, 0)))
			rest = rest[len(part):]
		}
		db := le32.AppendUint16([]byte("db"), uint16(n))
		db = le32.AppendUint32(db, m.cell(list))
		le32.PutUint32(vk[4:], uint32(len(v.data)))
		le32.PutUint32(vk[8:], m.cell(db))
	default:
		le32.PutUint32(vk[4:], uint32(len(v.data)))
		le32.PutUint32(vk[8:], m.cell(v.data))
	}
	return m.cell(append(vk, v.name...))
}

// head is the base block of a hive or a log.
func head(kind, first, last, root, bins uint32) []byte {
	b := make([]byte, baseSize)
	copy(b, "regf")
	for i, v := range map[int]uint32{4: first, 8: last, 20: 1, 24: 5, 28: kind, 32: 1, 36: root, 40: bins, 44: 1} {
		le32.PutUint32(b[i:], v)
	}
	le32.PutUint64(b[12:], written)
	copy(b[48:], wide(`\??\C:\Users\eve\ntuser.dat`))
	le32.PutUint32(b[508:], checksum(b))
	return b
}

// hive ends the bin and puts the head before it.
func (m *maker) hive(first, last, root uint32) []byte {
	rest := baseSize - len(m.bin)%baseSize
	if rest < 8 {
		rest += baseSize
	}
	c := make([]byte, rest)
	le32.PutUint32(c, uint32(rest))
	m.bin = append(m.bin, c...)
	le32.PutUint32(m.bin[8:], uint32(len(m.bin)))
	return append(head(0, first, last, root, uint32(len(m.bin))), m.bin...)
}

// small is a hive of a few keys, one of them deleted.
func small() (b []byte, root uint32) {
	m := newMaker()
	gone := m.key("Gone", 0, []val{{"evil", Text, wide("x.exe")}})
	run := m.key("Run", 0, []val{{"", Text, wide("first")}, {"Update", Expand, wide(`%TEMP%\u.exe`)}, {"n", Number, []byte{7, 0, 0, 0}}, {"big", Binary, bytes.Repeat([]byte{1, 2}, 20000)}})
	deep := m.key(`a\b`, 0, nil)
	soft := m.key("Software", 0, nil, run, deep)
	root = m.key("ROOT", 4, nil, soft)
	le32.PutUint32(m.bin[gone+4+16:], soft)
	m.free(gone)
	return m.hive(5, 5, root), root
}

// entryLog is a log of the newer form, of pages by their offset.
func entryLog(seq uint32, bins uint32, pages ...map[uint32][]byte) []byte {
	b := head(6, seq, seq, 0, bins)[:512]
	for i, p := range pages {
		e := make([]byte, entryHead)
		copy(e, "HvLE")
		le32.PutUint32(e[12:], seq+uint32(i))
		le32.PutUint32(e[16:], bins)
		le32.PutUint32(e[20:], uint32(len(p)))
		var data []byte
		for at, page := range p {
			e = le32.AppendUint32(le32.AppendUint32(e, at), uint32(len(page)))
			data = append(data, page...)
		}
		e = append(e, data...)
		e = append(e, make([]byte, (512-len(e)%512)%512)...)
		le32.PutUint32(e[4:], uint32(len(e)))
		le32.PutUint64(e[24:], marvin(e[entryHead:]))
		le32.PutUint64(e[32:], marvin(e[:32]))
		b = append(b, e...)
	}
	return b
}

// pageLog is one of the older form.
func pageLog(seq uint32, bins uint32, pages map[uint32][]byte) []byte {
	b := head(1, seq, seq, 0, bins)[:512]
	bits := make([]byte, bins/512/8)
	var data []byte
	for n := range bins / 512 {
		if p, ok := pages[n*512]; ok {
			bits[n/8] |= 1 << (n % 8)
			data = append(data, p...)
		}
	}
	b = append(append(b, "DIRT"...), bits...)
	b = append(b, make([]byte, (512-len(b)%512)%512)...)
	return append(b, data...)
}
