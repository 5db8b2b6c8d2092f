package ext4

import (
	"encoding/binary"
	"fmt"
)

// Entry is a name in a folder.
type Entry struct {
	Name    string
	Inode   uint32
	Type    byte // 1 file, 2 folder, 3 and 4 devices, 5 FIFO, 6 socket, 7 link; 0 unknown
	Deleted bool // its name lies in free space of the folder
}

// dirLimit bounds a folder: bytes.
const dirLimit = 4 << 30

// ReadDir calls each for the names of a folder, without . and .., in the order in
// which they lie there. With deleted it hands out, besides, names that were
// removed and lie in the slack of others: they are guesses, and their inode may
// belong to another file by now. Damaged blocks are passed over and reported in
// the error, after all that can be read.
func (f *FS) ReadDir(n *Inode, deleted bool, each func(Entry) error) error {
	if n.Mode&ModeType != ModeDir {
		return fmt.Errorf("inode %d is no folder", n.Number)
	}
	if n.Size > dirLimit {
		return damaged("inode %d: a folder of %d bytes", n.Number, n.Size)
	}
	return f.entries(f.fast[n.Number], deleted, func(each func(Entry) error) error {
		if n.fresh {
			return nil
		}
		return f.readDir(n, deleted, each)
	}, each)
}

// readDir is ReadDir of what lies in the folder's blocks.
func (f *FS) readDir(n *Inode, deleted bool, each func(Entry) error) error {
	x, err := f.Open(n)
	if err != nil {
		return err
	}
	if n.Flags&flagInline != 0 { // four bytes of the parent, then entries; the rest in the attribute
		if len(x.inline) < 4 {
			return nil
		}
		return f.inlineDir(n, x.inline, deleted, each)
	}
	var bad error
	b := make([]byte, f.block)
	for off := int64(0); off < n.Size; off += f.block {
		if _, err := x.ReadAt(b[:min(f.block, n.Size-off)], off); err != nil && off+f.block < n.Size {
			bad = err
			continue
		}
		if err := f.names(b, deleted, n.Flags&flagIndex != 0, each); err != nil {
			if !isDamaged(err) {
				return err
			}
			bad = fmt.Errorf("inode %d, block %d: %w", n.Number, off/f.block, err)
		}
	}
	return bad
}

func (f *FS) inlineDir(n *Inode, b []byte, deleted bool, each func(Entry) error) error {
	first := min(60, len(b))
	if err := f.names(b[4:first], deleted, false, each); err != nil {
		return fmt.Errorf("inode %d: %w", n.Number, err)
	}
	if len(b) > 60 {
		if err := f.names(b[60:], deleted, false, each); err != nil {
			return fmt.Errorf("inode %d: %w", n.Number, err)
		}
	}
	return nil
}

// names reads one block of entries: inode, length of the entry, length of the
// name, type, name. In an index the first block has . and .. with the rest of the
// block as slack; the others are one empty entry.
func (f *FS) names(b []byte, deleted, indexed bool, each func(Entry) error) error {
	for off := 0; off+8 <= len(b); {
		e, size, err := f.entry(b[off:])
		if err != nil {
			return err
		}
		if e.Inode != 0 && e.Name != "." && e.Name != ".." && e.Name != "" {
			if err := each(e); err != nil {
				return err
			}
		}
		if deleted && (e.Name != ".." || !indexed) { // behind it the index stands
			used := 8 + (len(e.Name)+3)&^3
			if e.Inode == 0 {
				used = 0
			}
			if err := f.slack(b[off+min(used, size):off+size], each); err != nil {
				return err
			}
		}
		off += size
	}
	return nil
}

func (f *FS) entry(b []byte) (e Entry, size int, err error) {
	le := binary.LittleEndian
	size = int(le.Uint16(b[4:]))
	if size == 0 && len(b) == 65536 || size == 65535 { // the whole of a block of 64 KiB
		size = len(b)
	}
	if size < 8 || size%4 != 0 || size > len(b) {
		return e, 0, damaged("an entry of %d bytes", size)
	}
	e.Inode = le.Uint32(b)
	length := int(b[6])
	if f.incompat&incompatFiletype != 0 {
		e.Type = b[7]
	} else {
		length |= int(b[7]) << 8
	}
	if 8+length > size {
		return e, 0, damaged("a name of %d bytes in an entry of %d", length, size)
	}
	if e.Type == 0xde { // the checksum of the block
		return Entry{}, size, nil
	}
	e.Name = string(b[8 : 8+length])
	return e, size, nil
}

// slack looks for names that were removed.
func (f *FS) slack(b []byte, each func(Entry) error) error {
	for off := 0; off+12 <= len(b); {
		e, size, err := f.entry(b[off:])
		if err != nil || e.Inode == 0 || e.Inode > f.inodes || e.Name == "" || e.Name == "." || e.Name == ".." || !plausible(e.Name) || e.Type == 0 || e.Type > 7 {
			off += 4
			continue
		}
		e.Deleted = true
		if err := each(e); err != nil {
			return err
		}
		off += min(size, 8+(len(e.Name)+3)&^3)
	}
	return nil
}

// plausible says whether bytes look like a name.
func plausible(name string) bool {
	for i := range len(name) {
		if name[i] < 0x20 || name[i] == '/' || name[i] == 0x7f {
			return false
		}
	}
	return len(name) > 0
}
