package ext4

import (
	"encoding/binary"
	"fmt"
	"io/fs"
	"time"
)

// Flags of an inode.
const (
	FlagImmutable = 0x10
	FlagAppend    = 0x20
	flagEncrypt   = 0x800
	flagIndex     = 0x1000
	flagExtents   = 0x80000
	flagEAInode   = 0x200000
	flagInline    = 0x10000000
)

// Inode is a file, folder, link or something else. Times are zero where the file
// system does not have them.
type Inode struct {
	Number   uint32
	Mode     uint16 // type and permissions, as in stat
	UID, GID uint32
	Size     int64
	Links    uint16
	Flags    uint32
	Blocks   uint64 // of 512 bytes
	Device   uint32 // of a device
	Accessed time.Time
	Changed  time.Time
	Modified time.Time
	Born     time.Time
	Deleted  time.Time
	// BadChecksum says that the inode's own checksum is wrong.
	BadChecksum bool

	fresh bool // it came by a fast commit: the blocks of its folder, if it is one, were not written

	raw  []byte
	data [60]byte // i_block
	eas  uint64   // block of extended attributes
}

// The types, as in stat.
const (
	ModeType    = 0xf000
	ModeFIFO    = 0x1000
	ModeChar    = 0x2000
	ModeDir     = 0x4000
	ModeBlock   = 0x6000
	ModeRegular = 0x8000
	ModeLink    = 0xa000
	ModeSocket  = 0xc000
)

// Encrypted says that content and names are encrypted by the file system.
func (n *Inode) Encrypted() bool { return n.Flags&flagEncrypt != 0 }

// FileMode is the mode in Go's words.
func (n *Inode) FileMode() fs.FileMode {
	m := fs.FileMode(n.Mode & 0o777)
	switch n.Mode & ModeType {
	case ModeDir:
		m |= fs.ModeDir
	case ModeLink:
		m |= fs.ModeSymlink
	case ModeFIFO:
		m |= fs.ModeNamedPipe
	case ModeSocket:
		m |= fs.ModeSocket
	case ModeBlock:
		m |= fs.ModeDevice
	case ModeChar:
		m |= fs.ModeDevice | fs.ModeCharDevice
	case ModeRegular:
	default:
		m |= fs.ModeIrregular
	}
	for _, b := range []struct {
		bit  uint16
		mode fs.FileMode
	}{{0o4000, fs.ModeSetuid}, {0o2000, fs.ModeSetgid}, {0o1000, fs.ModeSticky}} {
		if n.Mode&b.bit != 0 {
			m |= b.mode
		}
	}
	return m
}

// Inode reads one. Errors: ErrNotExist for numbers that there are not, ErrDamaged,
// the reader's. One that is free is returned as it lies there: Mode or Links are
// zero.
func (f *FS) Inode(number uint32) (*Inode, error) {
	if number == 0 || number > f.inodes {
		return nil, fmt.Errorf("inode %d: %w", number, ErrNotExist)
	}
	group, index := (number-1)/f.perGroup, int64((number-1)%f.perGroup)
	if group >= f.groups {
		return nil, damaged("inode %d lies in group %d of %d", number, group, f.groups)
	}
	table, err := f.inodeTable(group)
	if err != nil {
		return nil, err
	}
	b := make([]byte, f.inodeSize)
	off := index * f.inodeSize
	if err := f.at(table+uint64(off/f.block), off%f.block, b); err != nil { //nolint:gosec // positive
		return nil, fmt.Errorf("inode %d: %w", number, err)
	}
	fast := f.fast[number]
	b, fresh := fast.laid(b)
	n := f.decode(number, b)
	if fast != nil {
		n.fresh = fresh
		n.Links = uint16(max(0, int(n.Links)+fast.links)) //nolint:gosec // one more or less
		n.BadChecksum = n.BadChecksum && fast.raw == nil  // it is made when it is written back
	}
	return n, nil
}

func (f *FS) decode(number uint32, b []byte) *Inode {
	le := binary.LittleEndian
	n := &Inode{
		Number: number, raw: b, Mode: le.Uint16(b[0:]), UID: uint32(le.Uint16(b[2:])) | uint32(le.Uint16(b[0x78:]))<<16,
		GID: uint32(le.Uint16(b[0x18:])) | uint32(le.Uint16(b[0x7a:]))<<16, Links: le.Uint16(b[0x1a:]), Flags: le.Uint32(b[0x20:]),
		Blocks: uint64(le.Uint32(b[0x1c:])) | uint64(le.Uint16(b[0x74:]))<<32,
		eas:    uint64(le.Uint32(b[0x68:])) | uint64(le.Uint16(b[0x76:]))<<32,
	}
	copy(n.data[:], b[0x28:])
	size := uint64(le.Uint32(b[4:]))
	if n.Mode&ModeType == ModeRegular || n.Mode&ModeType == ModeDir {
		size |= uint64(le.Uint32(b[0x6c:])) << 32
	}
	n.Size = int64(size)      //nolint:gosec // a size below zero is refused when it is read
	if n.Flags&0x40000 != 0 { // huge file: counted in blocks of the file system
		n.Blocks *= uint64(f.block / 512) //nolint:gosec // positive
	}
	if t := n.Mode & ModeType; t == ModeBlock || t == ModeChar {
		n.Device = le.Uint32(n.data[0:])
		if n.Device == 0 {
			n.Device = le.Uint32(n.data[4:])
		}
	}
	extra := int64(0)
	if f.inodeSize > 128 {
		extra = min(int64(le.Uint16(b[0x80:])), f.inodeSize-128)
	}
	when := func(at, more int64) time.Time {
		s, ns := int64(int32(le.Uint32(b[at:]))), uint32(0) //nolint:gosec // signed on the disk
		if more+4 <= 128+extra {
			ns = le.Uint32(b[more:])
			s += int64(ns&3) << 32
			ns >>= 2
		}
		if s == 0 && ns == 0 || ns >= 1e9 {
			ns = 0
			if s == 0 {
				return time.Time{}
			}
		}
		return time.Unix(s, int64(ns)).UTC()
	}
	n.Accessed, n.Changed, n.Modified = when(8, 0x8c), when(0xc, 0x84), when(0x10, 0x88)
	if s := le.Uint32(b[0x14:]); s != 0 {
		n.Deleted = time.Unix(int64(s), 0).UTC()
	}
	if 0x94 <= 128+extra {
		n.Born = when(0x90, 0x94)
	}
	if f.ro&roMetadataCsum != 0 && n.Mode != 0 {
		n.BadChecksum = !f.sound(n, b, extra)
	}
	return n
}

// sound compares the checksum of an inode.
func (f *FS) sound(n *Inode, b []byte, extra int64) bool {
	le := binary.LittleEndian
	var head [8]byte
	le.PutUint32(head[:], n.Number)
	copy(head[4:], b[0x64:0x68])
	c := append([]byte(nil), b...)
	want := uint32(le.Uint16(c[0x7c:]))
	mask := uint32(0xffff)
	c[0x7c], c[0x7d] = 0, 0
	if extra >= 4 {
		want |= uint32(le.Uint16(c[0x82:])) << 16
		mask = ^uint32(0)
		c[0x82], c[0x83] = 0, 0
	}
	return crc32c(crc32c(f.seed, head[:]), c)&mask == want
}

// Target is where a symbolic link points.
func (f *FS) Target(n *Inode) (string, error) {
	const most = 4096
	if n.Mode&ModeType != ModeLink {
		return "", fmt.Errorf("inode %d is no symbolic link", n.Number)
	}
	if n.Encrypted() {
		return "", fmt.Errorf("inode %d: %w: encrypted by the file system", n.Number, ErrUnsupported)
	}
	if n.Size < 0 || n.Size > most {
		return "", damaged("inode %d: a link of %d bytes", n.Number, n.Size)
	}
	if n.Size < int64(len(n.data)) && n.Flags&(flagExtents|flagInline) == 0 {
		return string(n.data[:n.Size]), nil
	}
	r, err := f.Open(n)
	if err != nil {
		return "", err
	}
	b := make([]byte, n.Size)
	if err := readFull(r, b, 0); err != nil {
		return "", fmt.Errorf("inode %d: %w", n.Number, err)
	}
	return string(b), nil
}
