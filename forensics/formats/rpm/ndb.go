package rpm

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/adler32"
	"io"
)

// Parts of a database of the kind ndb.
const (
	ndbHead  = 32
	ndbPage  = 4096
	ndbSlot  = 16
	ndbUnit  = 16 // bytes of a block
	ndbFront = 16
	ndbTail  = 12
	maxSlots = 2048 // pages of slots: half a million packages
)

// IsNDB knows one by its beginning.
func IsNDB(head []byte) bool {
	return len(head) >= ndbHead && string(head[:4]) == "RpmP" && binary.LittleEndian.Uint32(head[4:]) == 0
}

// NDB reads Packages.db, as SUSE's rpm keeps it: pages of slots, each naming the
// blocks of a package's header. Headers that no slot names, and that are whole by
// their checksum, are recovered.
//
// Reference: rpm 4.18, lib/backend/ndb/rpmpkg.c.
func NDB(ctx context.Context, r io.ReaderAt, size int64, tell Tell, bad Bad) error {
	head := make([]byte, ndbHead)
	if n, err := r.ReadAt(head, 0); n < len(head) {
		if errors.Is(err, io.EOF) {
			return ErrFormat
		}
		return fmt.Errorf("read header: %w", err)
	}
	pages := int64(binary.LittleEndian.Uint32(head[12:]))
	if !IsNDB(head) || pages == 0 || pages > maxSlots {
		return ErrFormat
	}
	d := ndb{r: r, size: size, first: pages * ndbPage, taken: map[int64]bool{}}
	page := make([]byte, ndbPage)
	for p := range pages {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := r.ReadAt(page, p*ndbPage)
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("read slots: %w", err)
		}
		for at := 0; at+ndbSlot <= n; at += ndbSlot {
			if p == 0 && at < ndbHead {
				continue
			}
			if err := d.slot(p*ndbPage+int64(at), page[at:at+ndbSlot], tell, bad); err != nil {
				return err
			}
		}
	}
	return d.rest(ctx, tell)
}

type ndb struct {
	r           io.ReaderAt
	size, first int64
	taken       map[int64]bool
}

func (d *ndb) slot(at int64, s []byte, tell Tell, bad Bad) error {
	index, block := binary.LittleEndian.Uint32(s[4:]), int64(binary.LittleEndian.Uint32(s[8:]))*ndbUnit
	if string(s[:4]) != "Slot" {
		return bad(at, "a slot without its mark")
	}
	if index == 0 {
		return nil
	}
	if d.taken[block] {
		return bad(at, "two slots name the same header")
	}
	d.taken[block] = true
	b, sound, why := d.blob(block, index)
	if why != "" {
		return bad(block, why)
	}
	if !sound {
		if err := bad(block, "the checksum of a header is wrong"); err != nil {
			return err
		}
		return nil
	}
	return tell(block+ndbFront, b, false)
}

// blob reads a header; index 0 is any.
func (d *ndb) blob(at int64, index uint32) (b []byte, sound bool, why string) {
	front := make([]byte, ndbFront)
	if n, _ := d.r.ReadAt(front, at); at < d.first || n < ndbFront || string(front[:4]) != "BlbS" {
		return nil, false, "a slot leads to no header"
	}
	n := binary.LittleEndian.Uint32(front[12:])
	if n > maxHeader || at+ndbFront+int64(n)+ndbTail > d.size {
		return nil, false, fmt.Sprintf("a header of %d bytes", n)
	}
	if of := binary.LittleEndian.Uint32(front[4:]); index != 0 && of != index {
		return nil, false, fmt.Sprintf("the header of package %d stands where that of %d should", of, index)
	}
	whole := make([]byte, ndbFront+int64(n)+ndbTail+ndbUnit)
	k, _ := d.r.ReadAt(whole, at)
	padded := (ndbFront+int(n)+ndbTail+ndbUnit-1)/ndbUnit*ndbUnit - ndbTail // zeros fill the last block
	if k < padded+ndbTail {
		return nil, false, "a header is cut"
	}
	tail := whole[padded:]
	sound = adler32.Checksum(whole[:padded]) == binary.LittleEndian.Uint32(tail) && binary.LittleEndian.Uint32(tail[4:]) == n && string(tail[8:ndbTail]) == "BlbE"
	return whole[ndbFront : ndbFront+int(n)], sound, ""
}

// rest looks for headers that no slot names.
func (d *ndb) rest(ctx context.Context, tell Tell) error {
	const window = 1 << 20
	b := make([]byte, window)
	for from := d.first; from < d.size; from += window {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := d.r.ReadAt(b, from)
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("look for removed packages: %w", err)
		}
		for at := 0; at+4 <= n; at += ndbUnit {
			if string(b[at:at+4]) != "BlbS" || d.taken[from+int64(at)] {
				continue
			}
			if header, sound, _ := d.blob(from+int64(at), 0); sound {
				if err := tell(from+int64(at)+ndbFront, header, true); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
