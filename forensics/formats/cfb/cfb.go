// Package cfb reads compound files of OLE, which hold named streams: jump lists,
// older documents of Office, thumbnails, installers.
//
// The whole file lies in memory of the caller. Chains that go in circles end
// where they began; a stream that is cut gives what is there.
//
// Reference: [MS-CFB] 8.0. Versions 3 (sectors of 512 bytes) and 4 (4096).
package cfb

import (
	"errors"
	"fmt"
	"time"

	"firebreak/forensics/formats/le"
)

// ErrFormat says that it is no compound file.
var ErrFormat = errors.New("no compound file")

// Magic is what one begins with.
const Magic = "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

const (
	maxEntries = 64 << 10
	lastSector = 0xfffffffa // what is above has a meaning of its own
)

// Stream is a stream or a storage.
type Stream struct {
	Name     string
	Storage  bool
	Size     int64
	Modified time.Time // of storages
	start    uint32
}

// File is a compound file.
type File struct {
	Streams []Stream

	b         le.Bytes
	shift     uint
	miniShift uint
	cutoff    int64
	fat, mini []uint32
	small     []byte
}

// Open reads the tables of sectors and the directory.
func Open(b []byte) (*File, error) {
	f := &File{b: b}
	if len(b) < 512 || string(b[:8]) != Magic {
		return nil, ErrFormat
	}
	f.shift, f.miniShift, f.cutoff = uint(f.b.U16(30)), uint(f.b.U16(32)), int64(f.b.U32(56))
	if f.shift != 9 && f.shift != 12 || f.miniShift != 6 {
		return nil, fmt.Errorf("%w: sectors of 2^%d bytes", ErrFormat, f.shift)
	}
	var tables []uint32
	for i := range 109 {
		tables = append(tables, f.b.U32(76+4*i))
	}
	per := 1 << f.shift / 4
	most := len(b)>>f.shift + 1
	next := f.b.U32(68)
	for n := 0; next < lastSector && n < most; n++ {
		s := f.sector(next)
		if s == nil {
			break
		}
		for i := range per - 1 {
			tables = append(tables, s.U32(4*i))
		}
		next = s.U32(4 * (per - 1))
	}
	for _, t := range tables {
		if t >= lastSector || len(f.fat) > most {
			continue
		}
		if s := f.sector(t); s != nil {
			f.fat = words(f.fat, s)
		}
	}
	f.mini = words(nil, f.chain(f.b.U32(60), -1))
	f.directory(f.chain(f.b.U32(48), maxEntries*128))
	return f, nil
}

func words(to []uint32, b le.Bytes) []uint32 {
	for i := 0; i+4 <= len(b); i += 4 {
		to = append(to, b.U32(i))
	}
	return to
}

func (f *File) sector(n uint32) le.Bytes {
	return f.b.Cut((int(n)+1)<<f.shift, 1<<f.shift)
}

// chain is what the sectors from n on hold, at most so many bytes; -1 is all.
func (f *File) chain(n uint32, size int64) []byte {
	var out []byte
	for range len(f.fat) {
		if int64(n) >= int64(len(f.fat)) || size >= 0 && int64(len(out)) >= size {
			break
		}
		s := f.sector(n)
		if s == nil { // the last one may be cut
			s = f.b.From((int(n) + 1) << f.shift)
			out = append(out, s...)
			break
		}
		out = append(out, s...)
		n = f.fat[n]
	}
	if size >= 0 && int64(len(out)) > size {
		out = out[:size]
	}
	return out
}

func (f *File) directory(b le.Bytes) {
	for at := 0; at+128 <= len(b) && len(f.Streams) < maxEntries; at += 128 {
		e := b.Cut(at, 128)
		kind := e.U8(66)
		s := Stream{Name: e.Wide(0, min(int(e.U16(64)), 64)), Storage: kind != 2, Size: int64(e.U64(120) & (1<<48 - 1)), start: e.U32(116)}
		if f.shift == 9 {
			s.Size = int64(e.U32(120))
		}
		s.Size = min(max(s.Size, 0), int64(len(f.b)))
		s.Modified, _ = e.Filetime(108)
		switch kind {
		case 5:
			f.small = f.chain(s.start, s.Size)
		case 1, 2:
			f.Streams = append(f.Streams, s)
		}
	}
}

// Stream is the one of that name, nil where there is none.
func (f *File) Stream(name string) *Stream {
	for i := range f.Streams {
		if !f.Streams[i].Storage && f.Streams[i].Name == name {
			return &f.Streams[i]
		}
	}
	return nil
}

// Read is what a stream holds, or what is there of it, at most so many bytes.
func (f *File) Read(s *Stream, most int64) []byte {
	size := min(s.Size, most)
	if s.Size >= f.cutoff {
		return f.chain(s.start, size)
	}
	var out []byte
	m := le.Bytes(f.small)
	for n, i := s.start, 0; int64(n) < int64(len(f.mini)) && i < len(f.mini) && int64(len(out)) < size; n, i = f.mini[n], i+1 {
		out = append(out, m.Cut(int(n)<<f.miniShift, 1<<f.miniShift)...)
	}
	return out[:min(int64(len(out)), size)]
}

// Offset is where a stream begins in the file.
func (f *File) Offset(s *Stream) int64 {
	if s.Size >= f.cutoff {
		return (int64(s.start) + 1) << f.shift
	}
	return int64(s.start) << f.miniShift // within the root's stream
}
