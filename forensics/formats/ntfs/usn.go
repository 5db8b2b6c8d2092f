package ntfs

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"firebreak/forensics/formats/le"
)

// Change is a record of the journal.
type Change struct {
	Offset       int64
	Version      int
	File, Parent Ref
	USN          int64
	Time         time.Time
	Reason       uint32
	Source       uint32
	Attributes   uint32
	Name         string
}

const (
	maxChange = 4096 // a record of the journal does not cross a page
	readAhead = 1 << 20
)

// IsUSN knows a journal by its first record.
func IsUSN(head []byte) bool {
	c, n := change(le.Bytes(head))
	return n > 0 && c.Name != "" && c.USN >= 0
}

// change reads the record at the beginning of b and says how long it is, 0 for
// none.
func change(b le.Bytes) (Change, int) {
	size := b.Int(0)
	if size < 64 || size > maxChange || size%8 != 0 || size > len(b) || b.U16(6) != 0 {
		return Change{}, 0
	}
	c := Change{Version: int(b.U16(4))}
	at := 24
	switch c.Version {
	case 2:
		c.File, c.Parent = ref(b.U64(8)), ref(b.U64(16))
	case 3:
		c.File, c.Parent, at = ref(b.U64(8)), ref(b.U64(24)), 40
	default:
		return Change{}, 0
	}
	var ok bool
	c.USN = int64(b.U64(at) & (1<<63 - 1))
	c.Time, ok = b.Filetime(at + 8)
	c.Reason, c.Source, c.Attributes = b.U32(at+16), b.U32(at+20), b.U32(at+28)
	n, from := int(b.U16(at+32)), int(b.U16(at+34))
	if !ok || n%2 != 0 || from < at+36 || from+n > size {
		return Change{}, 0
	}
	c.Name = b.Wide(from, n)
	return c, size
}

// Changes gives every record of a journal; zeros, which a sparse file has at its
// beginning and pages at their end, are skipped. lost is told of each stretch that
// is no record.
func Changes(r io.Reader, each func(*Change) error, lost func(offset int64, why string) error) error {
	buf := make(le.Bytes, 0, readAhead+maxChange)
	var base int64
	bad := int64(-1)
	settle := func(end int64) error {
		if bad < 0 {
			return nil
		}
		at := bad
		bad = -1
		return lost(at, fmt.Sprintf("%d bytes that are no record", end-at))
	}
	for ended := false; ; {
		if !ended {
			n, err := io.ReadFull(r, buf[len(buf):cap(buf)])
			buf = buf[:len(buf)+n]
			switch {
			case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
				ended = true
			case err != nil:
				return err //nolint:wrapcheck // the caller's own reader
			}
		}
		at := 0
		for at < len(buf) && (ended || len(buf)-at >= maxChange) {
			if len(buf)-at >= 8 && buf.U64(at) == 0 {
				if err := settle(base + int64(at)); err != nil {
					return err
				}
				at += 8
				continue
			}
			if c, size := change(buf[at:]); size > 0 {
				if err := settle(base + int64(at)); err != nil {
					return err
				}
				c.Offset = base + int64(at)
				if err := each(&c); err != nil {
					return err
				}
				at += size
				continue
			}
			if n := buf.Int(at); n >= 64 && n <= maxChange && n%8 == 0 && buf.U16(at+4) == 4 && at+n <= len(buf) {
				at += n // of version 4: ranges of what a record before it tells
				continue
			}
			if bad < 0 {
				bad = base + int64(at)
			}
			at += min(8, len(buf)-at)
		}
		base += int64(at)
		buf = buf[:copy(buf[:cap(buf)], buf[at:])]
		if ended && len(buf) == 0 {
			return settle(base)
		}
	}
}

var reasons = [...]struct { //nolint:gochecknoglobals // a table
	bit  uint32
	name string
}{
	{0x1, "data_overwrite"},
	{0x2, "data_extend"},
	{0x4, "data_truncation"},
	{0x10, "named_data_overwrite"},
	{0x20, "named_data_extend"},
	{0x40, "named_data_truncation"},
	{0x100, "file_create"},
	{0x200, "file_delete"},
	{0x400, "ea_change"},
	{0x800, "security_change"},
	{0x1000, "rename_old_name"},
	{0x2000, "rename_new_name"},
	{0x4000, "indexable_change"},
	{0x8000, "basic_info_change"},
	{0x10000, "hard_link_change"},
	{0x20000, "compression_change"},
	{0x40000, "encryption_change"},
	{0x80000, "object_id_change"},
	{0x100000, "reparse_point_change"},
	{0x200000, "stream_change"},
	{0x400000, "transacted_change"},
	{0x800000, "integrity_change"},
	{0x80000000, "close"},
}

// Reasons are the names of what happened.
func (c *Change) Reasons() string {
	var out []string
	for _, r := range reasons {
		if c.Reason&r.bit != 0 {
			out = append(out, r.name)
		}
	}
	return strings.Join(out, ",")
}
