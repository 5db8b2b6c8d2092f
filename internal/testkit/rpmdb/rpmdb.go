// Package rpmdb makes databases of rpm for tests: headers of packages, and the
// files that keep them without SQLite.
package rpmdb

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash/adler32"
	"path"
	"slices"
)

// File is a regular file of a package.
type File struct {
	Path, Text  string
	Mode        uint16 // permissions
	User, Group string
	Flags       uint32 // 1 a configuration file, 64 a ghost
}

type tag struct {
	number, kind, count uint32
	b                   []byte
}

// Header is that of a package of release 1, with what it brought.
func Header(name, version string, files ...File) []byte {
	text := func(n uint32, s string) tag { return tag{n, 6, 1, []byte(s + "\x00")} }
	list := func(n uint32, each func(File) string) tag {
		t := tag{n, 8, uint32(len(files)), nil}
		for _, f := range files {
			t.b = append(t.b, each(f)+"\x00"...)
		}
		return t
	}
	numbers := func(n, kind uint32, each func(int, File) uint32) tag {
		t := tag{n, kind, uint32(len(files)), nil}
		for i, f := range files {
			if kind == 3 {
				t.b = binary.BigEndian.AppendUint16(t.b, uint16(each(i, f)))
			} else {
				t.b = binary.BigEndian.AppendUint32(t.b, each(i, f))
			}
		}
		return t
	}
	folders := tag{1118, 8, uint32(len(files)), nil}
	for _, f := range files {
		folders.b = append(folders.b, path.Dir(f.Path)+"/\x00"...)
	}
	tags := []tag{
		text(1000, name), text(1001, version), text(1002, "1"), text(1022, "noarch"),
		{1008, 4, 1, binary.BigEndian.AppendUint32(nil, 1763640000)},
		{5011, 4, 1, binary.BigEndian.AppendUint32(nil, 8)},
		folders,
		numbers(1028, 4, func(_ int, f File) uint32 { return uint32(len(f.Text)) }),
		numbers(1030, 3, func(_ int, f File) uint32 { return 0o100000 | uint32(f.Mode) }),
		list(1035, func(f File) string { s := sha256.Sum256([]byte(f.Text)); return hex.EncodeToString(s[:]) }),
		list(1036, func(File) string { return "" }),
		numbers(1037, 4, func(_ int, f File) uint32 { return f.Flags }),
		list(1039, func(f File) string { return f.User }), list(1040, func(f File) string { return f.Group }),
		numbers(1116, 4, func(i int, _ File) uint32 { return uint32(i) }),
		list(1117, func(f File) string { return path.Base(f.Path) }),
	}
	var index, values []byte
	for _, t := range tags {
		if len(files) == 0 && t.count == 0 {
			continue
		}
		for len(values)%4 != 0 {
			values = append(values, 0)
		}
		for _, n := range []uint32{t.number, t.kind, uint32(len(values)), t.count} {
			index = binary.BigEndian.AppendUint32(index, n)
		}
		values = append(values, t.b...)
	}
	out := binary.BigEndian.AppendUint32(nil, uint32(len(index)/16))
	out = binary.BigEndian.AppendUint32(out, uint32(len(values)))
	return slices.Concat(out, index, values)
}

// NDB is a database of the kind ndb. Headers from removed on have no slot.
func NDB(removed int, headers ...[]byte) []byte {
	le := binary.LittleEndian
	out := make([]byte, 4096)
	copy(out, "RpmP")
	le.PutUint32(out[12:], 1)
	for at := 32; at < 4096; at += 16 {
		copy(out[at:], "Slot")
	}
	for i, h := range headers {
		b := append([]byte("BlbS"), make([]byte, 12)...)
		le.PutUint32(b[4:], uint32(i+1))
		le.PutUint32(b[12:], uint32(len(h)))
		b = append(b, h...)
		for len(b)%16 != 4 {
			b = append(b, 0)
		}
		sum := adler32.Checksum(b)
		b = append(le.AppendUint32(le.AppendUint32(b, sum), uint32(len(h))), "BlbE"...)
		if i < removed {
			slot := out[32+16*i:]
			le.PutUint32(slot[4:], uint32(i+1))
			le.PutUint32(slot[8:], uint32(len(out)/16))
			le.PutUint32(slot[12:], uint32(len(b)/16))
		}
		out = append(out, b...)
	}
	return out
}

// Berkeley is a hash of Berkeley DB with pages of 4 KiB, in an order of bytes. The
// first header lies in its page if it is small, the others on pages of their own.
func Berkeley(order binary.ByteOrder, headers ...[]byte) []byte {
	const size = 4096
	page := func(number int, kind byte) []byte {
		p := make([]byte, size)
		order.PutUint32(p[8:], uint32(number))
		p[25] = kind
		return p
	}
	meta, hash := page(0, 8), page(1, 13)
	order.PutUint32(meta[12:], 0x061561)
	order.PutUint32(meta[16:], 9)
	order.PutUint32(meta[20:], size)
	order.PutUint32(meta[96:], 1) // where the first bucket, the only one, begins
	pages := [][]byte{meta, hash}
	at, n := size, 0
	item := func(b []byte) {
		at -= len(b)
		copy(hash[at:], b)
		order.PutUint16(hash[26+2*n:], uint16(at))
		n++
	}
	number := func(i int) []byte {
		b := make([]byte, 5)
		b[0] = 1
		binary.LittleEndian.PutUint32(b[1:], uint32(i))
		return b
	}
	item(number(0)) // how many there are
	item(number(len(headers)))
	for i, h := range headers {
		item(number(i + 1))
		if i == 0 && len(h) < 2000 {
			item(append([]byte{1}, h...))
			continue
		}
		first := len(pages)
		for len(h) > 0 {
			k := min(len(h), size-26)
			p := page(len(pages), 7)
			copy(p[26:], h[:k])
			order.PutUint16(p[22:], uint16(k))
			if h = h[k:]; len(h) > 0 {
				order.PutUint32(p[16:], uint32(len(pages)+1))
			}
			pages = append(pages, p)
		}
		b := make([]byte, 12)
		b[0] = 3
		order.PutUint32(b[4:], uint32(first))
		order.PutUint32(b[8:], uint32(len(headers[i])))
		item(b)
	}
	order.PutUint16(hash[20:], uint16(n))
	order.PutUint16(hash[22:], uint16(at))
	order.PutUint32(meta[32:], uint32(len(pages)-1))
	return slices.Concat(pages...)
}
