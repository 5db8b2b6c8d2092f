package lnk

import (
	"encoding/binary"
	"errors"
	"testing"
	"time"
	"unicode/utf16"
)

var le16 = binary.LittleEndian

func wide(s string) []byte {
	var b []byte
	for _, c := range utf16.Encode([]rune(s)) {
		b = le16.AppendUint16(b, c)
	}
	return b
}

func counted(s string) []byte {
	return append(le16.AppendUint16(nil, uint16(len(utf16.Encode([]rune(s))))), wide(s)...)
}

const at2026 = 134091000000000000

// made is a link to C:\Users\eve\ä.exe with arguments, as Windows lays it out.
func made() []byte {
	b := make([]byte, headerSize)
	copy(b, Signature)
	le16.PutUint32(b[20:], hasItems|hasInfo|hasArguments|hasWorkingDir|isUnicode)
	for i, at := range []int{28, 36, 44} {
		le16.PutUint64(b[at:], at2026+uint64(i)*10_000_000)
	}
	le16.PutUint32(b[52:], 4711)
	le16.PutUint32(b[60:], 7)

	drive := append([]byte{0x2f}, append([]byte(`C:\`), make([]byte, 19)...)...)
	file := make([]byte, 12)
	file[0] = 0x32
	file = append(file, "AE.EXE\x00\x00"...)
	ext := make([]byte, 38+8)
	le16.PutUint16(ext[2:], 9)
	le16.PutUint32(ext[4:], 0xbeef0004)
	le16.PutUint64(ext[20:], 4242|7<<48)
	ext = append(append(ext, wide("ä.exe")...), 0, 0)
	at := len(file) + 2
	ext = le16.AppendUint16(ext, uint16(at))
	le16.PutUint16(ext, uint16(len(ext)))
	file = append(file, ext...)
	var items []byte
	for _, it := range [][]byte{drive, file} {
		items = append(le16.AppendUint16(items, uint16(len(it)+2)), it...)
	}
	items = append(items, 0, 0)
	b = append(le16.AppendUint16(b, uint16(len(items))), items...)

	volume := make([]byte, 16)
	le16.PutUint32(volume[4:], 3)
	le16.PutUint32(volume[8:], 0xcafe1234)
	le16.PutUint32(volume[12:], 16)
	volume = append(volume, "DATA\x00"...)
	le16.PutUint32(volume, uint32(len(volume)))
	info := make([]byte, 0x24)
	le16.PutUint32(info[4:], 0x24)
	le16.PutUint32(info[8:], 1)
	le16.PutUint32(info[12:], uint32(len(info)))
	info = append(info, volume...)
	le16.PutUint32(info[28:], uint32(len(info)))
	info = append(append(info, wide(`C:\Users\eve\`)...), 0, 0)
	le16.PutUint32(info[32:], uint32(len(info)))
	info = append(append(info, wide("ä.exe")...), 0, 0)
	le16.PutUint32(info, uint32(len(info)))
	b = append(b, info...)
	b = append(b, counted(`C:\Temp`)...)
	b = append(b, counted("-enc AAAA")...)

	tracker := make([]byte, 96)
	le16.PutUint32(tracker, 96)
	le16.PutUint32(tracker[4:], 0xa0000003)
	copy(tracker[16:], "evil-pc")
	id := []byte{0, 0, 0, 0, 0, 0, 0, 0, 0x80, 1, 0x52, 0x54, 0, 1, 2, 3}
	n := uint64(at2026 + 5748192000000000)
	le16.PutUint32(id, uint32(n))
	le16.PutUint16(id[4:], uint16(n>>32))
	le16.PutUint16(id[6:], uint16(n>>48)|1<<12)
	copy(tracker[48:], id)
	b = append(b, tracker...)
	return append(b, 0, 0, 0, 0)
}

func TestRead(t *testing.T) {
	b := made()
	l, err := Read(append(b, "what follows"...))
	if err != nil || len(l.Problems) != 0 || l.Size != len(b) {
		t.Fatalf("%+v, %v", l, err)
	}
	if l.Path != `C:\Users\eve\ä.exe` || l.ItemPath != `C:\ä.exe` || l.Arguments != "-enc AAAA" || l.WorkingDir != `C:\Temp` || l.FileSize != 4711 || l.Show != 7 ||
		l.VolumeSerial != "CAFE1234" || l.VolumeLabel != "DATA" || l.DriveType != 3 || l.MFT != 4242 || l.MFTSequence != 7 {
		t.Errorf("%+v", l)
	}
	if l.Created.Format(time.RFC3339) != "2025-12-01T22:00:00Z" || l.Accessed.Sub(l.Created) != time.Second || l.Written.Sub(l.Created) != 2*time.Second {
		t.Error(l.Created, l.Accessed, l.Written)
	}
	if k := l.Tracker; k == nil || k.Machine != "evil-pc" || k.MAC != "52:54:00:01:02:03" || !k.Made.Equal(l.Created) {
		t.Errorf("%+v", l.Tracker)
	}
}

func TestReadCut(t *testing.T) {
	b := made()
	for n := range b {
		l, err := Read(b[:n])
		if n < headerSize != errors.Is(err, ErrFormat) || err == nil && l.Size > n {
			t.Fatalf("cut at %d: %v", n, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(made())
	f.Fuzz(func(t *testing.T, b []byte) {
		l, err := Read(b)
		if err == nil && (l.Size > len(b) || l.Size < headerSize) {
			t.Errorf("%d of %d bytes", l.Size, len(b))
		}
	})
}
