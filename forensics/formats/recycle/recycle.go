// Package recycle reads what Windows keeps of deleted files: the $I files of the
// recycle bin (version 1, Vista to 8.1; version 2, Windows 10) and INFO2 of the
// recycler (95 to 2003).
//
// Times are FILETIME, UTC; sizes are bytes.
//
// Reference: libyal, Windows Recycle.Bin file formats and Windows INFO2 (dtformats).
package recycle

import (
	"fmt"
	"time"

	"firebreak/forensics/formats/le"
)

const maxPath = 32 << 10

// Entry is one deleted file.
type Entry struct {
	Offset   int64
	Path     string
	Size     uint64
	Deleted  time.Time // zero where there is none
	Version  int
	Index    uint32 // INFO2: the number in the name that it got
	Drive    byte   // INFO2: its letter
	Restored bool   // INFO2: it is no longer in the bin
}

// Is knows a $I file. It has no magic: its size must be what it says.
func Is(head []byte) bool {
	b := le.Bytes(head)
	_, ok := b.Filetime(16)
	switch b.U64(0) {
	case 1:
		return ok && len(b) >= 544 && len(b) <= 548 && b.U16(24) != 0
	case 2:
		n := b.Int(24)
		return ok && n > 1 && n <= maxPath && len(b) >= 28+2*n && len(b) <= 28+2*n+8
	}
	return false
}

// Read reads a $I file; one that is cut is read as far as it goes, with a
// problem.
func Read(in []byte) (Entry, string) {
	b := le.Bytes(in)
	e := Entry{Version: int(b.U32(0)), Size: b.U64(8)}
	e.Deleted, _ = b.Filetime(16)
	if e.Version == 1 {
		e.Path = b.Wide(24, 520)
		if len(b) < 544 {
			return e, "the file is cut"
		}
		return e, ""
	}
	n := min(max(b.Int(24), 0), maxPath)
	e.Path = b.Wide(28, 2*n)
	if len(b) < 28+2*n || n == 0 {
		return e, "the file is cut"
	}
	return e, ""
}

// IsInfo2 knows an INFO2 file.
func IsInfo2(head []byte) bool {
	b := le.Bytes(head)
	return (b.U32(0) == 5 || b.U32(0) == 4) && (b.U32(12) == 800 || b.U32(12) == 280) && len(b) >= 20
}

// Info2 gives each record of one; cut counts those that are not whole.
func Info2(in []byte, each func(Entry) error) (cut int, err error) {
	b := le.Bytes(in)
	size := b.Int(12)
	if size != 800 && size != 280 {
		return 0, nil
	}
	at := 20
	for ; at+size <= len(b); at += size {
		r := b.Cut(at, size)
		e := Entry{Offset: int64(at), Version: int(b.U32(0)), Index: r.U32(260), Size: uint64(r.U32(276))}
		e.Deleted, _ = r.Filetime(268)
		if d := r.U32(264); d < 26 {
			e.Drive = 'A' + byte(d)
		}
		if size == 800 {
			e.Path = r.Wide(280, 520)
		}
		if e.Path == "" {
			e.Path = r.Narrow(0, 260)
		}
		if e.Restored = r.U8(0) == 0; e.Restored && e.Path == "" {
			if e.Path = r.Narrow(1, 259); e.Path != "" && e.Drive != 0 {
				e.Path = fmt.Sprintf("%c%s", e.Drive, e.Path)
			}
		}
		if e.Path == "" && e.Deleted.IsZero() {
			continue // never used
		}
		if err := each(e); err != nil {
			return 0, err
		}
	}
	if at < len(b) {
		cut = 1
	}
	return cut, nil
}
