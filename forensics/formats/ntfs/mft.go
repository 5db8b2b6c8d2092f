// Package ntfs reads two files of NTFS that are taken off a disk for themselves:
// the master file table ($MFT), a row of records of 1 or 4 KiB, and the journal of
// changes ($UsnJrnl:$J).
//
// Times are FILETIME, UTC. Contents of files are not read, but for the mark of the
// zone that a download came from.
//
// Reference: libfsntfs, New Technologies File System (NTFS); Microsoft, USN_RECORD_V2
// and V3 (winioctl.h).
package ntfs

import (
	"time"

	"firebreak/forensics/formats/le"
)

// Limits.
const (
	maxAttributes = 256
	maxNames      = 32
	maxStreams    = 64
)

// Root is the record of the root folder.
const Root = 5

// Ref is a record with the number of its use.
type Ref struct {
	Record uint64
	Seq    uint16
}

func ref(n uint64) Ref { return Ref{n & (1<<48 - 1), uint16(n >> 48)} }

// Times are the four of a file; zero where there is none.
type Times struct{ Born, Modified, Changed, Accessed time.Time }

func times(b le.Bytes, at int) (t Times) {
	t.Born, _ = b.Filetime(at)
	t.Modified, _ = b.Filetime(at + 8)
	t.Changed, _ = b.Filetime(at + 16)
	t.Accessed, _ = b.Filetime(at + 24)
	return t
}

// Name is a name of a file in a folder.
type Name struct {
	Parent Ref
	Times  Times
	Size   uint64
	Text   string
	Short  bool // of DOS, beside a longer one
}

// Stream is named data of a file.
type Stream struct {
	Name string
	Size uint64
	Zone string // what a Zone.Identifier says
}

// Record is a file.
type Record struct {
	Ref        Ref
	Base       Ref // of which it is a part; zero for none
	InUse      bool
	Dir        bool
	Links      uint16
	Times      Times // of the standard information
	HasTimes   bool
	Attributes uint32
	Owner      uint32 // its security id
	USN        uint64
	Names      []Name
	Size       uint64
	HasData    bool
	Streams    []Stream
	Torn       bool // its sectors were not written together
	Cut        bool // attributes could not be read
}

// Name is the best of a file's names, nil where it has none.
func (r *Record) Name() *Name {
	for i := range r.Names {
		if !r.Names[i].Short {
			return &r.Names[i]
		}
	}
	if len(r.Names) > 0 {
		return &r.Names[0]
	}
	return nil
}

// IsMFT knows a table by its first record.
func IsMFT(head []byte) bool {
	b := le.Bytes(head)
	at := b.U16(4)
	return string(b.Cut(0, 4)) == "FILE" && (at == 0x30 || at == 0x2a) && RecordSize(head) > 0 && b.U16(20) >= at && b.U16(20) < 512
}

// RecordSize is how long the records are, by the first; 0 where it is none.
func RecordSize(head []byte) int {
	n := le.Bytes(head).Int(28)
	if n < 512 || n > 16384 || n&(n-1) != 0 {
		return 0
	}
	return n
}

// Kind is of what stands in a record's place.
type Kind int

// The kinds.
const (
	Empty   Kind = iota // never used
	Usable              // a record
	Broken              // one that Windows marked as damaged, or none at all
	Foreign             // no record
)

// Parse reads the record in b, which it changes: the ends of sectors are put back.
// number is its place in the table.
func Parse(b le.Bytes, number uint64) (*Record, Kind) {
	switch string(b.Cut(0, 4)) {
	case "FILE":
	case "BAAD":
		return nil, Broken
	default:
		for _, c := range b {
			if c != 0 {
				return nil, Foreign
			}
		}
		return nil, Empty
	}
	r := &Record{Ref: Ref{number, b.U16(16)}, Base: ref(b.U64(32)), InUse: b.U16(22)&1 != 0, Dir: b.U16(22)&2 != 0, Links: b.U16(18)}
	r.Torn = !mend(b)
	end := min(max(b.Int(24), 0), len(b))
	at := int(b.U16(20))
	for n := 0; ; n++ {
		kind, size := b.U32(at), b.Int(at+4)
		if kind == 0xffffffff || at+4 > end {
			break
		}
		if size < 16 || at+size > len(b) || n >= maxAttributes {
			r.Cut = true
			break
		}
		r.attribute(kind, b.Cut(at, size))
		at += size
	}
	return r, Usable
}

// mend puts the last two bytes of each sector back; false where they do not
// belong to this writing.
func mend(b le.Bytes) bool {
	at, n := int(b.U16(4)), int(b.U16(6))
	whole := true
	for i := 1; i < n && i*512 <= len(b); i++ {
		end := i*512 - 2
		if !b.Has(at+2*i, 2) {
			return false
		}
		if b.U16(end) != b.U16(at) {
			whole = false
			continue
		}
		copy(b[end:end+2], b[at+2*i:at+2*i+2])
	}
	return whole
}

func (r *Record) attribute(kind uint32, a le.Bytes) {
	name := a.Wide(int(a.U16(10)), int(a.U8(9))*2)
	var content le.Bytes
	size := uint64(a.U32(16))
	resident := a.U8(8) == 0
	if resident {
		content = a.Cut(int(a.U16(20)), a.Int(16))
		if content == nil {
			r.Cut = true
			return
		}
	} else if size = a.U64(48); a.U64(16) != 0 {
		return // a further part of the same data
	}
	switch kind {
	case 0x10:
		r.Times, r.HasTimes, r.Attributes = times(content, 0), len(content) >= 48, content.U32(32)
		r.Owner, r.USN = content.U32(52), content.U64(64)
	case 0x30:
		if len(content) < 66 || len(r.Names) >= maxNames {
			r.Cut = true
			return
		}
		r.Names = append(r.Names, Name{
			Parent: ref(content.U64(0)), Times: times(content, 8), Size: content.U64(48), Text: content.Wide(66, int(content.U8(64))*2), Short: content.U8(65) == 2,
		})
	case 0x80:
		if name == "" {
			r.Size, r.HasData = size, true
			return
		}
		if len(r.Streams) >= maxStreams {
			r.Cut = true
			return
		}
		s := Stream{Name: name, Size: size}
		if name == "Zone.Identifier" && resident {
			s.Zone = content.Narrow(0, 1024)
		}
		r.Streams = append(r.Streams, s)
	}
}
