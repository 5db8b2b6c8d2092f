package le

import (
	"testing"
	"time"
)

func TestFields(t *testing.T) {
	b := Bytes{1, 2, 3, 4, 5, 6, 7, 8, 'A', 0, 0xe4, 0, 0, 0, 'x', 0}
	if b.U16(0) != 0x0201 || b.U32(0) != 0x04030201 || b.U64(0) != 0x0807060504030201 || b.U8(7) != 8 {
		t.Error("fields")
	}
	if b.U16(15) != 0 || b.U32(-1) != 0 || b.U64(9) != 0 || b.U8(16) != 0 || b.Int(14) != -1 || b.Cut(10, 7) != nil || b.From(16) != nil {
		t.Error("what lies outside is not zero")
	}
	if s, n := b.WideZ(8, 100); s != "Aä" || n != 6 {
		t.Errorf("%q %d", s, n)
	}
	if s := b.Wide(8, 1<<30); s != "Aä" {
		t.Errorf("%q", s)
	}
	if s := Bytes("a\x80\xe4\x00b").Narrow(0, 10); s != "a€ä" {
		t.Errorf("%q", s)
	}
	if s := (Bytes{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}).GUID(0); s != "03020100-0504-0706-0809-0a0b0c0d0e0f" {
		t.Error(s)
	}
}

func TestTimes(t *testing.T) {
	if at, ok := Filetime(132902282486494590); !ok || at.Format(time.RFC3339Nano) != "2022-02-25T02:04:08.649459Z" {
		t.Error(at, ok)
	}
	for _, n := range []uint64{0, 1, epoch, 1<<64 - 1, 1 << 63} {
		if at, ok := Filetime(n); ok {
			t.Error(n, at)
		}
	}
	if at, ok := FAT(0x56ee, 0x2081); !ok || at.Format(time.DateTime) != "2023-07-14 04:04:02" {
		t.Error(at, ok)
	}
	if _, ok := FAT(0x0fff, 0xffff); ok {
		t.Error("no such date")
	}
	b := Bytes{0xdd, 7, 7, 0, 0, 0, 12, 0, 15, 0, 42, 0, 1, 0, 2, 0}
	if at, ok := b.Systemtime(0); !ok || at.Format(time.RFC3339Nano) != "2013-07-12T15:42:01.002Z" {
		t.Error(at, ok)
	}
}
