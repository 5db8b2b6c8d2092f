package evtx

import (
	"encoding/binary"
	"hash/crc32"
	"unicode/utf16"
)

// maker writes chunks with templates, as Windows lays them out.
type maker struct {
	b     []byte
	names map[string]int
	defs  map[string]int
	last  int
	first uint64
	next  uint64
}

func newMaker(first uint64) *maker {
	return &maker{b: make([]byte, chunkHead), names: map[string]int{}, defs: map[string]int{}, first: first, next: first}
}

func (m *maker) u8(v ...byte) { m.b = append(m.b, v...) }
func (m *maker) u16(v int)    { m.b = binary.LittleEndian.AppendUint16(m.b, uint16(v)) }
func (m *maker) u32(v int)    { m.b = binary.LittleEndian.AppendUint32(m.b, uint32(v)) }
func (m *maker) u64(v uint64) { m.b = binary.LittleEndian.AppendUint64(m.b, v) }

func (m *maker) wide(s string) {
	for _, c := range utf16.Encode([]rune(s)) {
		m.u16(int(c))
	}
}

// name writes the offset of a name, and the name when it is the first of it.
func (m *maker) name(s string) {
	if at, ok := m.names[s]; ok {
		m.u32(at)
		return
	}
	at := len(m.b) + 4
	m.names[s] = at
	m.u32(at)
	m.u32(0)
	var raw []byte
	for _, c := range utf16.Encode([]rune(s)) {
		raw = binary.LittleEndian.AppendUint16(raw, c)
	}
	m.u16(int(nameHash(raw)))
	m.u16(len(raw) / 2)
	m.b = append(m.b, raw...)
	m.u16(0)
}

// node is an element of a template: its text is a value's number, or words.
type node struct {
	name string
	attr [][2]any // name, then words or the number of a value
	text any      // nil, string, or int
	in   []node
}

func (m *maker) content(v any) {
	switch v := v.(type) {
	case string:
		m.u8(tokenValue, typeString)
		m.u16(len(utf16.Encode([]rune(v))))
		m.wide(v)
	case int:
		m.u8(tokenOptionalSub)
		m.u16(v)
		m.u8(typeString)
	}
}

func (m *maker) node(n node) {
	token := byte(tokenOpen)
	if n.attr != nil {
		token |= moreBit
	}
	m.u8(token)
	m.u16(0xffff)
	size := len(m.b)
	m.u32(0)
	m.name(n.name)
	if n.attr != nil {
		at := len(m.b)
		m.u32(0)
		for i, a := range n.attr {
			token := byte(tokenAttribute)
			if i+1 < len(n.attr) {
				token |= moreBit
			}
			m.u8(token)
			m.name(a[0].(string))
			m.content(a[1])
		}
		binary.LittleEndian.PutUint32(m.b[at:], uint32(len(m.b)-at-4))
	}
	if n.text == nil && n.in == nil {
		m.u8(tokenCloseEmpty)
	} else {
		m.u8(tokenCloseStart)
		m.content(n.text)
		for _, c := range n.in {
			m.node(c)
		}
		m.u8(tokenCloseTag)
	}
	binary.LittleEndian.PutUint32(m.b[size:], uint32(len(m.b)-size-4))
}

// val is a value of a record.
type val struct {
	typ byte
	raw []byte
}

func text(s string) val {
	var m maker
	m.wide(s)
	return val{typeString, m.b}
}

func num(typ byte, size int, n uint64) val {
	b := binary.LittleEndian.AppendUint64(nil, n)
	return val{typ, b[:size]}
}

// instance writes a reference to a template, the template when it is the first,
// and values.
func (m *maker) instance(key string, root node, values []val) {
	m.u8(tokenFragment, 1, 1, 0, tokenTemplate, 1)
	id := int(crc32.ChecksumIEEE([]byte(key)))
	m.u32(id)
	at, ok := m.defs[key]
	if !ok {
		at = len(m.b) + 4
		m.defs[key] = at
	}
	m.u32(at)
	if !ok {
		m.u32(0)
		m.u32(id)
		m.b = append(m.b, make([]byte, 12)...)
		size := len(m.b)
		m.u32(0)
		m.u8(tokenFragment, 1, 1, 0)
		m.node(root)
		m.u8(tokenEnd)
		binary.LittleEndian.PutUint32(m.b[size:], uint32(len(m.b)-size-4))
	}
	m.u32(len(values))
	for _, v := range values {
		m.u16(len(v.raw))
		m.u8(v.typ, 0)
	}
	for _, v := range values {
		m.b = append(m.b, v.raw...)
	}
}

// record writes one with what body writes.
func (m *maker) record(when uint64, body func()) {
	m.last = len(m.b)
	m.b = append(m.b, recordMagic...)
	m.u32(0)
	m.u64(m.next)
	m.u64(when)
	body()
	m.u8(tokenEnd)
	for len(m.b)%8 != 4 {
		m.u8(0)
	}
	size := len(m.b) + 4 - m.last
	m.u32(size)
	binary.LittleEndian.PutUint32(m.b[m.last+4:], uint32(size))
	m.next++
}

// chunk closes it: its header, its sums, zeros to its end.
func (m *maker) chunk() []byte {
	free := len(m.b)
	b := append(m.b, make([]byte, ChunkSize-free)...)
	le := binary.LittleEndian
	copy(b, chunkMagic)
	le.PutUint64(b[8:], m.first)
	le.PutUint64(b[16:], m.next-1)
	le.PutUint64(b[24:], m.first)
	le.PutUint64(b[32:], m.next-1)
	le.PutUint32(b[40:], 128)
	le.PutUint32(b[44:], uint32(m.last))
	le.PutUint32(b[48:], uint32(free))
	seal(b)
	return b
}

// seal writes a chunk's sums.
func seal(b []byte) {
	le := binary.LittleEndian
	le.PutUint32(b[52:], crc32.ChecksumIEEE(b[chunkHead:le.Uint32(b[48:])]))
	le.PutUint32(b[124:], crc32.Update(crc32.ChecksumIEEE(b[:120]), crc32.IEEETable, b[128:chunkHead]))
}

func crc(b []byte) uint32 { return crc32.ChecksumIEEE(b) }

// file puts a header before chunks.
func file(dirty bool, counted int, next uint64, chunks ...[]byte) []byte {
	b := make([]byte, headerSize)
	le := binary.LittleEndian
	copy(b, fileMagic)
	le.PutUint64(b[24:], next)
	le.PutUint32(b[32:], 128)
	le.PutUint16(b[36:], 1)
	le.PutUint16(b[38:], 3)
	le.PutUint16(b[40:], headerSize)
	le.PutUint16(b[42:], uint16(counted))
	if dirty {
		b[120] = 1
	}
	le.PutUint32(b[124:], crc32.ChecksumIEEE(b[:120]))
	for _, c := range chunks {
		b = append(b, c...)
	}
	return b
}

// when is 2026-11-28T01:00:00.1234567Z.
const when = uint64(134403012001234567)

// logon is an event as Windows writes it: the System in one template, EventData
// in another one inside a value.
func (m *maker) logon(user string, id uint64) {
	data := []val{text(user), text("CORP"), num(typeUint32, 4, 3), {typeSID, sidBytes}, num(typeHex64, 8, 0x3e7), {typeNull, nil}}
	inner := node{name: "EventData", in: []node{
		{name: "Data", attr: [][2]any{{"Name", "TargetUserName"}}, text: 0},
		{name: "Data", attr: [][2]any{{"Name", "TargetDomainName"}}, text: 1},
		{name: "Data", attr: [][2]any{{"Name", "LogonType"}}, text: 2},
		{name: "Data", attr: [][2]any{{"Name", "TargetUserSid"}}, text: 3},
		{name: "Data", attr: [][2]any{{"Name", "TargetLogonId"}}, text: 4},
		{name: "Data", attr: [][2]any{{"Name", "IpAddress"}}, text: 5},
	}}
	outer := node{name: "Event", attr: [][2]any{{"xmlns", "http://schemas.microsoft.com/win/2004/08/events/event"}}, in: []node{
		{name: "System", in: []node{
			{name: "Provider", attr: [][2]any{{"Name", "Microsoft-Windows-Security-Auditing"}, {"Guid", 0}}},
			{name: "EventID", text: 1},
			{name: "Level", text: 2},
			{name: "Keywords", text: 3},
			{name: "TimeCreated", attr: [][2]any{{"SystemTime", 4}}},
			{name: "EventRecordID", text: 5},
			{name: "Correlation"},
			{name: "Execution", attr: [][2]any{{"ProcessID", 6}, {"ThreadID", 7}}},
			{name: "Channel", text: "Security"},
			{name: "Computer", text: 8},
			{name: "Security"},
		}},
	}, text: 9}
	m.record(when, func() {
		// The inner event is part of a value: its bytes are written in place.
		values := []val{
			{typeGUID, guidBytes},
			num(typeUint16, 2, 4624), num(typeUint8, 1, 0), num(typeHex64, 8, 0x8020000000000000),
			num(typeFiletime, 8, when), num(typeUint64, 8, id), num(typeUint32, 4, 640), num(typeUint32, 4, 700), text("dc1.corp"),
		}
		m.nested("system", outer, values, func() { m.instance("logon", inner, data); m.u8(tokenEnd) })
	})
}

// nested is instance with a last value that is an event.
func (m *maker) nested(key string, root node, values []val, inner func()) {
	values = append(values, val{typeBinXML, nil})
	m.instance(key, root, values)
	sizes := 0
	for _, v := range values {
		sizes += len(v.raw)
	}
	at := len(m.b)
	inner()
	binary.LittleEndian.PutUint16(m.b[at-sizes-4:], uint16(len(m.b)-at))
}

var (
	sidBytes  = []byte{1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x20, 2, 0, 0}
	guidBytes = []byte{0x25, 0x96, 0x84, 0x54, 0x78, 0x54, 0x94, 0x49, 0xa5, 0xba, 0x3e, 0x3b, 3, 0x28, 0xc3, 0x0d}
)
