// Package ese reads databases of the Extensible Storage Engine (ESE, "Jet Blue")
// as they lie on a disk: without the engine, its logs, or writing anything. SRUM,
// the web cache, Windows Search, BITS and User Access Logging are kept in such.
//
// Versions 0x620, revisions 9 (XP) to those of Windows 11; pages of 2 to 32 KiB;
// fixed, variable and tagged columns, template tables, several values of a column,
// long values, text of 7 bits and LZXPRESS. Not read: XPRESS9 and XPRESS10, and
// what the logs of a database that was not closed would still change in it.
//
// Every page that is used is held against its checksum. Trees that go in circles,
// sizes that lie and records that end early end in a problem told.
//
// Reference: libesedb, Extensible Storage Engine (ESE) Database File (EDB) format;
// Microsoft, Extensible-Storage-Engine (the engine's published sources).
package ese

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"firebreak/forensics/formats/le"
)

// ErrFormat is returned for what is no database of ESE.
var ErrFormat = errors.New("not a database of ESE")

// ErrDamaged is returned where the bytes contradict the format.
var ErrDamaged = errors.New("damaged database")

// Limits.
const (
	headerSize = 668
	maxDepth   = 32       // of a tree; the engine's own are below 8
	maxTables  = 4096     // Windows Search has some 30, a web cache hundreds
	maxColumns = 64 << 10 // of a table, the engine's own limit
	maxLong    = 4 << 20  // bytes of one long value
	maxValues  = 4096     // of one column in one row
	maxCached  = 64       // pages that are kept
)

// States of a database.
const (
	Dirty = 2 // it was not closed
	Clean = 3
)

// File is an open database. It is for one goroutine.
type File struct {
	Revision uint32 // of the format
	State    uint32
	PageSize int

	r      io.ReaderAt
	size   int64
	pages  uint32 // that a tree may refer to
	large  bool   // pages of 16 and 32 KiB have a layout of their own
	cache  map[uint32]page
	long   int64 // bytes of long values that may still be read
	left   int64 // pages of tables that may still be walked: trees may share them
	wrong  int   // pages whose checksum is wrong
	notes  []string
	tables []*Table
	read   bool // the catalogue was
}

// Is knows a database by its beginning.
func Is(head []byte) bool {
	b := le.Bytes(head)
	return b.Has(0, 16) && b.U32(4) == 0x89abcdef && b.U32(8) == 0x620 && b.U32(12) == 0
}

// Open reads the header, or its copy on the second page where it is damaged.
func Open(r io.ReaderAt, size int64) (*File, error) {
	f := &File{r: r, size: size, cache: map[uint32]page{}, long: 64<<20 + 8*size}
	head := make(le.Bytes, min(size, 64<<10))
	if n, err := r.ReadAt(head, 0); n < len(head) {
		return nil, fmt.Errorf("read header: %w", err)
	}
	if len(head) < headerSize {
		return nil, ErrFormat
	}
	pageSize, ok := header(head)
	if !ok {
		for _, n := range []int{4096, 8192, 32 << 10, 2048, 16 << 10} {
			if again, whole := header(head.From(n)); whole && again == n {
				head, pageSize, ok = head.From(n), n, true
				f.notes = append(f.notes, "its header is damaged: the copy behind it is taken")
				break
			}
		}
	}
	switch {
	case !Is(head) || pageSize == 0:
		return nil, ErrFormat
	case !ok:
		f.notes = append(f.notes, "the checksums of its header and of the copy are wrong")
	}
	f.PageSize, f.Revision, f.State = pageSize, head.U32(232), head.U32(52)
	f.large = pageSize > 8192
	pages := size/int64(pageSize) - 2
	if pages < 4 || pages > 1<<31 {
		return nil, fmt.Errorf("%w: %d bytes hold no catalogue", ErrDamaged, size)
	}
	f.pages = uint32(pages)
	f.left = 4*pages + 4096
	if f.State == Dirty {
		f.notes = append(f.notes, "it was not closed: what its logs have still to write is not in it")
	}
	return f, nil
}

// header is the size of a page, and whether the checksum is right.
func header(b le.Bytes) (pageSize int, ok bool) {
	n := int(b.U32(236))
	if !Is(b) || n < 2048 || n > 32<<10 || n&(n-1) != 0 {
		return 0, false
	}
	return n, b.Has(0, n) && xor(b[4:n], 0x89abcdef) == b.U32(0)
}

func xor(b []byte, seed uint32) uint32 {
	wide := uint64(seed)
	for ; len(b) >= 8; b = b[8:] {
		wide ^= binary.LittleEndian.Uint64(b)
	}
	sum := uint32(wide) ^ uint32(wide>>32) //nolint:gosec // both halves are taken
	if len(b) >= 4 {
		sum ^= binary.LittleEndian.Uint32(b)
	}
	return sum
}

// Notes says what was odd about the file so far.
func (f *File) Notes() []string {
	if f.wrong > 0 {
		return append(f.notes[:len(f.notes):len(f.notes)], fmt.Sprintf("%d of its pages that were read have a wrong checksum", f.wrong))
	}
	return f.notes
}

func (f *File) note(s string) {
	for _, n := range f.notes {
		if n == s {
			return
		}
	}
	if len(f.notes) < 16 {
		f.notes = append(f.notes, s)
	}
}
