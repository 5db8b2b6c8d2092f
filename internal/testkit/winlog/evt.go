package winlog

import (
	"bytes"
	"encoding/binary"
	"unicode/utf16"
)

const (
	evtHeader = 48
	evtEnd    = 40
)

func wideOf(s string) []byte {
	var b []byte
	for _, c := range append(utf16.Encode([]rune(s)), 0) {
		b = binary.LittleEndian.AppendUint16(b, c)
	}
	return b
}

// EvtRecord is one as Windows lays it out.
func EvtRecord(number uint32, texts ...string) []byte {
	b := make([]byte, 56)
	le := binary.LittleEndian
	b = append(append(b, wideOf("Service")...), wideOf("HOST")...)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	le.PutUint32(b[40:], 12)
	le.PutUint32(b[44:], uint32(len(b)))
	b = append(b, 1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0)
	le.PutUint32(b[36:], uint32(len(b)))
	for _, s := range texts {
		b = append(b, wideOf(s)...)
	}
	le.PutUint32(b[48:], 3)
	le.PutUint32(b[52:], uint32(len(b)))
	b = append(b, 1, 2, 3)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	copy(b[4:], "LfLe")
	le.PutUint32(b[8:], number)
	le.PutUint32(b[12:], 1700000000+number)
	le.PutUint32(b[16:], 1700000001+number)
	le.PutUint32(b[20:], 0x40000000|7036)
	le.PutUint16(b[24:], 4)
	le.PutUint16(b[26:], uint16(len(texts)))
	b = le.AppendUint32(b, uint32(len(b)+4))
	le.PutUint32(b, uint32(len(b)))
	return b
}

// EvtLog is a file of these records; the ring counts from start to end.
func EvtLog(flags, start, end, next, oldest uint32, body ...[]byte) []byte {
	b := make([]byte, evtHeader)
	le := binary.LittleEndian
	le.PutUint32(b, evtHeader)
	copy(b[4:], "LfLe")
	for i, v := range []uint32{1, 1, start, end, next, oldest, 0, flags, 0, evtHeader} {
		le.PutUint32(b[8+4*i:], v)
	}
	return append(b, bytes.Join(body, nil)...)
}

// EvtEnd is the record behind the newest one.
func EvtEnd(start, end, next, oldest uint32) []byte {
	b := []byte("\x28\x00\x00\x00\x11\x11\x11\x11\x22\x22\x22\x22\x33\x33\x33\x33\x44\x44\x44\x44")
	for _, v := range []uint32{start, end, next, oldest, evtEnd} {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	return b
}
