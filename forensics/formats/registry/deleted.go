package registry

import (
	"bytes"
	"strings"

	"firebreak/forensics/formats/le"
)

// Where a key that no other has was found.
const (
	FoundFree   = "a deleted key of the hive"
	FoundOrphan = "a key of the hive that no other has"
)

// deleted looks for keys in cells that are free, and for those in use that the
// walk did not come by.
func (h *Hive) deleted() error {
	for at := int64(baseSize); at < h.end; {
		if err := h.now.Err(); err != nil {
			return err //nolint:wrapcheck // of the context
		}
		head, err := h.bytes(at, 32)
		if err != nil {
			return err
		}
		size := int64(head.U32(8))
		if string(head.Cut(0, 4)) != "hbin" || size < baseSize || size%baseSize != 0 {
			at += baseSize // a bin is missing: the next begins at a page
			continue
		}
		end := min(at+size, h.end)
		if err := h.bin(at+32, end); err != nil {
			return err
		}
		at += size
	}
	return nil
}

// bin goes over the cells of one.
func (h *Hive) bin(at, end int64) error {
	for at+8 <= end {
		head, err := h.bytes(at, 8)
		if err != nil {
			return err
		}
		size := signed(head.U32(0))
		used := size < 0
		if used {
			size = -size
		}
		if size < 8 || size%8 != 0 || at+size > end {
			return nil // what follows cannot be told apart
		}
		switch {
		case used && string(head.Cut(4, 2)) == "nk":
			if err := h.orphan(at, size); err != nil {
				return err
			}
		case !used:
			if err := h.free(at, size); err != nil {
				return err
			}
		}
		at += size
	}
	return nil
}

// orphan takes a key in use that no other has.
func (h *Hive) orphan(at, size int64) error {
	offset := uint32((at - baseSize) & 0xffffffff)
	if size > maxCell || !h.once(offset) {
		return nil
	}
	b, err := h.bytes(at+4, int(size-4))
	if err != nil {
		return err
	}
	return h.found(b, offset, FoundOrphan)
}

// free looks for keys in a free cell, which may be several joined.
func (h *Hive) free(at, size int64) error {
	const piece = 1 << 20
	for from := int64(0); from < size; from += piece {
		b, err := h.bytes(at+from, int(min(size-from, piece+1024)))
		if err != nil {
			return err
		}
		for i := 4; i+80 <= len(b) && i < piece+4; {
			n := bytes.Index(b[i:], []byte("nk"))
			if n < 0 {
				break
			}
			i += n
			if (i-4)%8 == 0 && i < piece+4 {
				if err := h.found(b.From(i), uint32((at+from+int64(i)-4-baseSize)&0xffffffff), FoundFree); err != nil {
					return err
				}
			}
			i += 2
		}
	}
	return nil
}

// found gives a key that makes sense.
func (h *Hive) found(b le.Bytes, offset uint32, how string) error {
	k := h.parseKey(b, offset)
	if k == nil || k.flags&^0x10ff != 0 || k.Written.Year() < 1993 || k.Written.Year() > 2100 || k.Subkeys > maxSubkeys || k.NumValues > maxValues {
		return nil
	}
	for _, r := range k.Name {
		if r < ' ' {
			return nil
		}
	}
	var names []string
	for up, n := k.parent, 0; n < 64; n++ {
		p, err := h.key(up)
		if err != nil {
			return err
		}
		if p == nil {
			names = append(names, "…")
			break
		}
		if p.flags&4 != 0 { // the root
			break
		}
		names = append(names, strings.ReplaceAll(p.Name, `\`, "/"))
		up = p.parent
	}
	for i := len(names) - 1; i >= 0; i-- {
		k.Path = join(k.Path, names[i])
	}
	k.Path, k.Depth, k.Found = join(k.Path, k.Name), len(names)+1, how
	if how == FoundFree {
		k.Subkeys = 0
	}
	return h.each(k)
}
