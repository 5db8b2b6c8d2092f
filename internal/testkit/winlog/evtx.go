// Package winlog makes event logs of Windows for tests, as Windows lays them out:
// EVTX with templates, and EVT.
package winlog

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"unicode/utf16"
)

const (
	chunkSize  = 1 << 16
	headerSize = 4096
	chunkHead  = 512

	tokenEnd         = 0x00
	tokenOpen        = 0x01
	tokenCloseStart  = 0x02
	tokenCloseEmpty  = 0x03
	tokenCloseTag    = 0x04
	tokenValue       = 0x05
	tokenAttribute   = 0x06
	tokenTemplate    = 0x0c
	tokenOptionalSub = 0x0e
	tokenFragment    = 0x0f
	moreBit          = 0x40

	typeNull     = 0x00
	typeString   = 0x01
	typeUint8    = 0x04
	typeUint16   = 0x06
	typeUint32   = 0x08
	typeUint64   = 0x0a
	typeGUID     = 0x0f
	typeFiletime = 0x11
	typeSID      = 0x13
	typeHex64    = 0x15
	typeBinXML   = 0x21
)

// nameHash is the number that stands in front of a name.
func nameHash(b []byte) uint16 {
	var h uint32
	for i := 0; i+1 < len(b); i += 2 {
		h = h*65599 + uint32(binary.LittleEndian.Uint16(b[i:]))
	}
	return uint16(h)
}

// Maker writes chunks with templates, as Windows lays them out.
type Maker struct {
	B     []byte // so far
	names map[string]int
	defs  map[string]int
	last  int
	first uint64
	Next  uint64 // number of the next record
}

// NewMaker makes a chunk whose first record has that number.
func NewMaker(first uint64) *Maker {
	return &Maker{B: make([]byte, chunkHead), names: map[string]int{}, defs: map[string]int{}, first: first, Next: first}
}

func (m *Maker) u8(v ...byte) { m.B = append(m.B, v...) }
func (m *Maker) u16(v int)    { m.B = binary.LittleEndian.AppendUint16(m.B, uint16(v)) }
func (m *Maker) u32(v int)    { m.B = binary.LittleEndian.AppendUint32(m.B, uint32(v)) }
func (m *Maker) u64(v uint64) { m.B = binary.LittleEndian.AppendUint64(m.B, v) }

func (m *Maker) wide(s string) {
	for _, c := range utf16.Encode([]rune(s)) {
		m.u16(int(c))
	}
}

// name writes the offset of a name, and the name when it is the first of it.
func (m *Maker) name(s string) {
	if at, ok := m.names[s]; ok {
		m.u32(at)
		return
	}
	at := len(m.B) + 4
	m.names[s] = at
	m.u32(at)
	m.u32(0)
	var raw []byte
	for _, c := range utf16.Encode([]rune(s)) {
		raw = binary.LittleEndian.AppendUint16(raw, c)
	}
	m.u16(int(nameHash(raw)))
	m.u16(len(raw) / 2)
	m.B = append(m.B, raw...)
	m.u16(0)
}

// node is an element of a template: its text is a value's number, or words.
type node struct {
	name string
	attr [][2]any // name, then words or the number of a value
	text any      // nil, string, or int
	in   []node
}

func (m *Maker) content(v any) {
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

func (m *Maker) node(n node) {
	token := byte(tokenOpen)
	if n.attr != nil {
		token |= moreBit
	}
	m.u8(token)
	m.u16(0xffff)
	size := len(m.B)
	m.u32(0)
	m.name(n.name)
	if n.attr != nil {
		at := len(m.B)
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
		binary.LittleEndian.PutUint32(m.B[at:], uint32(len(m.B)-at-4))
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
	binary.LittleEndian.PutUint32(m.B[size:], uint32(len(m.B)-size-4))
}

// val is a value of a record.
type val struct {
	typ byte
	raw []byte
}

func text(s string) val {
	var m Maker
	m.wide(s)
	return val{typeString, m.B}
}

func num(typ byte, size int, n uint64) val {
	b := binary.LittleEndian.AppendUint64(nil, n)
	return val{typ, b[:size]}
}

// instance writes a reference to a template, the template when it is the first,
// and values.
func (m *Maker) instance(key string, root node, values []val) {
	m.u8(tokenFragment, 1, 1, 0, tokenTemplate, 1)
	id := int(crc32.ChecksumIEEE([]byte(key)))
	m.u32(id)
	at, ok := m.defs[key]
	if !ok {
		at = len(m.B) + 4
		m.defs[key] = at
	}
	m.u32(at)
	if !ok {
		m.u32(0)
		m.u32(id)
		m.B = append(m.B, make([]byte, 12)...)
		size := len(m.B)
		m.u32(0)
		m.u8(tokenFragment, 1, 1, 0)
		m.node(root)
		m.u8(tokenEnd)
		binary.LittleEndian.PutUint32(m.B[size:], uint32(len(m.B)-size-4))
	}
	m.u32(len(values))
	for _, v := range values {
		m.u16(len(v.raw))
		m.u8(v.typ, 0)
	}
	for _, v := range values {
		m.B = append(m.B, v.raw...)
	}
}

// Record writes one with what body writes.
func (m *Maker) Record(when uint64, body func()) {
	m.last = len(m.B)
	m.B = append(m.B, "**\x00\x00"...)
	m.u32(0)
	m.u64(m.Next)
	m.u64(when)
	body()
	m.u8(tokenEnd)
	for len(m.B)%8 != 4 {
		m.u8(0)
	}
	size := len(m.B) + 4 - m.last
	m.u32(size)
	binary.LittleEndian.PutUint32(m.B[m.last+4:], uint32(size))
	m.Next++
}

// Chunk closes it: its header, its sums, zeros to its end.
func (m *Maker) Chunk() []byte {
	free := len(m.B)
	b := append(m.B, make([]byte, chunkSize-free)...)
	le := binary.LittleEndian
	copy(b, "ElfChnk\x00")
	le.PutUint64(b[8:], m.first)
	le.PutUint64(b[16:], m.Next-1)
	le.PutUint64(b[24:], m.first)
	le.PutUint64(b[32:], m.Next-1)
	le.PutUint32(b[40:], 128)
	le.PutUint32(b[44:], uint32(m.last))
	le.PutUint32(b[48:], uint32(free))
	Seal(b)
	return b
}

// Seal writes a chunk's sums.
func Seal(b []byte) {
	le := binary.LittleEndian
	le.PutUint32(b[52:], crc32.ChecksumIEEE(b[chunkHead:le.Uint32(b[48:])]))
	le.PutUint32(b[124:], crc32.Update(crc32.ChecksumIEEE(b[:120]), crc32.IEEETable, b[128:chunkHead]))
}

// File puts a header before chunks.
func File(dirty bool, counted int, next uint64, chunks ...[]byte) []byte {
	b := make([]byte, headerSize)
	le := binary.LittleEndian
	copy(b, "ElfFile\x00")
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

// When is, as FILETIME, 2026-11-28T01:00:00.1234567Z.
const When = uint64(134403012001234567)

// system is the Event of all records but for its data, which is the last value.
func system(provider, channel string) node {
	return node{name: "Event", attr: [][2]any{{"xmlns", "http://schemas.microsoft.com/win/2004/08/events/event"}}, in: []node{
		{name: "System", in: []node{
			{name: "Provider", attr: [][2]any{{"Name", provider}, {"Guid", 0}}},
			{name: "EventID", text: 1},
			{name: "Level", text: 2},
			{name: "Keywords", text: 3},
			{name: "TimeCreated", attr: [][2]any{{"SystemTime", 4}}},
			{name: "EventRecordID", text: 5},
			{name: "Correlation"},
			{name: "Execution", attr: [][2]any{{"ProcessID", 6}, {"ThreadID", 7}}},
			{name: "Channel", text: channel},
			{name: "Computer", text: 8},
			{name: "Security", attr: [][2]any{{"UserID", 9}}},
		}},
	}, text: 10}
}

func systemValues(event int, keywords, id uint64, sid val) []val {
	return []val{
		{typeGUID, guidBytes},
		num(typeUint16, 2, uint64(event)), num(typeUint8, 1, 0), num(typeHex64, 8, keywords),
		num(typeFiletime, 8, When), num(typeUint64, 8, id), num(typeUint32, 4, 640), num(typeUint32, 4, 700), text("dc1.corp"), sid,
	}
}

// Logon is an event as Windows writes it: the System in one template, EventData
// in another one inside a value.
func (m *Maker) Logon(user string, id uint64) {
	data := []val{text(user), text("CORP"), num(typeUint32, 4, 3), {typeSID, sidBytes}, num(typeHex64, 8, 0x3e7), {typeNull, nil}}
	inner := node{name: "EventData", in: []node{
		{name: "Data", attr: [][2]any{{"Name", "TargetUserName"}}, text: 0},
		{name: "Data", attr: [][2]any{{"Name", "TargetDomainName"}}, text: 1},
		{name: "Data", attr: [][2]any{{"Name", "LogonType"}}, text: 2},
		{name: "Data", attr: [][2]any{{"Name", "TargetUserSid"}}, text: 3},
		{name: "Data", attr: [][2]any{{"Name", "TargetLogonId"}}, text: 4},
		{name: "Data", attr: [][2]any{{"Name", "IpAddress"}}, text: 5},
	}}
	m.Record(When, func() {
		m.nested("system", system("Microsoft-Windows-Security-Auditing", "Security"), systemValues(4624, 0x8020000000000000, id, val{typeNull, nil}),
			func() { m.instance("logon", inner, data); m.u8(tokenEnd) })
	})
}

// Event is one with texts as its data, by their names; those without a name are
// data in a row. UserData has them in an element of its own.
func (m *Maker) Event(provider string, id int, keywords uint64, userData string, pairs ...string) {
	inner := node{name: "EventData"}
	key := fmt.Sprint(provider, id, userData)
	var data []val
	for i := 0; i < len(pairs); i += 2 {
		n := node{name: "Data", text: i / 2}
		switch {
		case userData != "":
			n.name = pairs[i]
		case pairs[i] != "":
			n.attr = [][2]any{{"Name", pairs[i]}}
		}
		inner.in = append(inner.in, n)
		data = append(data, text(pairs[i+1]))
		key += " " + pairs[i]
	}
	if userData != "" {
		inner.name = userData
		inner = node{name: "UserData", in: []node{inner}}
	}
	m.Record(When, func() {
		m.nested("system "+provider, system(provider, "Log"), systemValues(id, keywords, m.Next, val{typeSID, systemSID}),
			func() { m.instance(key, inner, data); m.u8(tokenEnd) })
	})
}

// Deep is an event of so many elements, one in another.
func (m *Maker) Deep(elements int) {
	n := node{name: "e", text: "end"}
	for range elements {
		n = node{name: "e", in: []node{n}}
	}
	m.Record(When, func() { m.instance(fmt.Sprint("deep", elements), n, nil) })
}

// nested is instance with a last value that is an event.
func (m *Maker) nested(key string, root node, values []val, inner func()) {
	values = append(values, val{typeBinXML, nil})
	m.instance(key, root, values)
	sizes := 0
	for _, v := range values {
		sizes += len(v.raw)
	}
	at := len(m.B)
	inner()
	binary.LittleEndian.PutUint16(m.B[at-sizes-4:], uint16(len(m.B)-at))
}

var (
	sidBytes  = []byte{1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x20, 2, 0, 0}
	systemSID = []byte{1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0}
	guidBytes = []byte{0x25, 0x96, 0x84, 0x54, 0x78, 0x54, 0x94, 0x49, 0xa5, 0xba, 0x3e, 0x3b, 3, 0x28, 0xc3, 0x0d}
)
