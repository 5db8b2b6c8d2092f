// Package ext4 reads file systems of the ext family (ext2, ext3, ext4) out of an
// image, without mounting it and without a byte being written. A mount writes
// the journal back and moves times; this does not.
//
// It reads superblock and group descriptors (32 and 64 bit), inodes with
// nanoseconds and birth times, extent trees, the older block maps, data that
// lies in the inode, folders (linear and indexed: the blocks of an index look
// like empty entries), symbolic links and extended attributes. Whatever an image
// says is checked: loops and depth of trees, sizes, and counts. A journal that
// was not written back is replayed in memory, as a mount would replay it on the
// disk, with the fast commits behind it; Notes says how many.
//
// Reference: the kernel's Documentation/filesystems/ext4; all numbers are little
// endian, unless said otherwise. Sizes of blocks are 1 to 64 KiB.
package ext4

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Errors of the image.
var (
	// ErrForm says that there is no such file system.
	ErrForm = errors.New("no ext2, ext3 or ext4 file system")
	// ErrDamaged says that what the image says cannot be.
	ErrDamaged = errors.New("the file system is damaged")
	// ErrUnsupported says that a feature is not read.
	ErrUnsupported = errors.New("not read")
	// ErrNotExist is returned for an inode or a name that there is not.
	ErrNotExist = errors.New("does not exist")
)

func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrDamaged}, args...)...)
}

// Incompatible features (s_feature_incompat).
const (
	incompatCompression = 0x1
	incompatFiletype    = 0x2
	incompatRecover     = 0x4
	incompatJournalDev  = 0x8
	incompatMetaBG      = 0x10
	incompatExtents     = 0x40
	incompat64Bit       = 0x80
	incompatMMP         = 0x100
	incompatFlexBG      = 0x200
	incompatEAInode     = 0x400
	incompatDirdata     = 0x1000
	incompatCsumSeed    = 0x2000
	incompatLargedir    = 0x4000
	incompatInlineData  = 0x8000
	incompatEncrypt     = 0x10000
	incompatCasefold    = 0x20000
)

// known are the incompatible features that are read; encryption and large
// attributes are refused file by file.
const known = incompatFiletype | incompatRecover | incompatMetaBG | incompatExtents | incompat64Bit | incompatMMP | incompatFlexBG |
	incompatEAInode | incompatCsumSeed | incompatLargedir | incompatInlineData | incompatEncrypt | incompatCasefold

// Read-only compatible features that matter here.
const (
	roSparseSuper  = 0x1
	roMetadataCsum = 0x400
	roBigalloc     = 0x200
)

// compatJournal is the compatible feature "has a journal".
const compatJournal = 0x4

// RootInode is the inode of the root folder.
const RootInode = 2

// FS is a file system in an image. It is safe for concurrent use as far as the
// image's ReadAt is.
type FS struct {
	r          io.ReaderAt
	size       int64 // bytes of the image
	block      int64 // bytes of a block
	blocks     uint64
	inodes     uint32
	perGroup   uint32 // inodes of a group
	blocksPer  uint32 // blocks of a group
	first      uint32 // first data block
	inodeSize  int64
	descSize   int64
	groups     uint32
	incompat   uint32
	ro         uint32
	compat     uint32
	metaBG     uint32
	kernel     string // of the volume: its label
	uuid       [16]byte
	where      string // last mounted at
	reserved   uint16
	seed       uint32
	notes      []string
	errorCount uint32
	journal    uint32 // inode of the journal
	fast       map[uint32]*fastFile
}

// Is says whether a file system begins there: the first 2 KiB are asked.
func Is(head []byte) bool {
	return len(head) >= 1024+0x3c && binary.LittleEndian.Uint16(head[1024+0x38:]) == 0xef53
}

// Open reads the superblock, and replays the journal in memory where a mount
// would write it back. size is that of the image, or of the part of it that holds
// the file system. Errors: ErrForm, ErrUnsupported, ErrDamaged, the reader's.
func Open(r io.ReaderAt, size int64) (*FS, error) {
	f, err := open(r, size)
	if err != nil || f.incompat&incompatRecover == 0 {
		return f, err
	}
	if err := f.replay(f.journal); err != nil {
		f.notes = append(f.notes, fmt.Sprintf("the journal was not written back (it was not unmounted, or taken while it ran), and cannot be replayed: %v: what stands only in it is not seen", err))
		return f, nil
	}
	again, err := open(f.r, size) // the superblock itself may stand in the journal
	if err != nil {
		return nil, fmt.Errorf("with its journal replayed: %w", err)
	}
	again.notes, again.fast = f.notes, f.fast
	return again, nil
}

func open(r io.ReaderAt, size int64) (*FS, error) {
	b := make([]byte, 1024)
	if err := readFull(r, b, 1024); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, fmt.Errorf("%w: %d bytes", ErrForm, size)
		}
		return nil, err
	}
	le := binary.LittleEndian
	if le.Uint16(b[0x38:]) != 0xef53 {
		return nil, ErrForm
	}
	shift := le.Uint32(b[0x18:])
	if shift > 6 {
		return nil, damaged("blocks of 1024 << %d bytes", shift)
	}
	f := &FS{
		r: r, size: size, block: 1024 << shift, inodes: le.Uint32(b[0x0:]), blocks: uint64(le.Uint32(b[0x4:])),
		first: le.Uint32(b[0x14:]), blocksPer: le.Uint32(b[0x20:]), perGroup: le.Uint32(b[0x28:]),
		inodeSize: 128, descSize: 32, reserved: le.Uint16(b[0x3a:]), errorCount: le.Uint32(b[0x194:]),
	}
	if le.Uint32(b[0x4c:]) > 0 { // revision 1: sizes and features are there
		f.inodeSize = int64(le.Uint16(b[0x58:]))
		f.compat, f.incompat, f.ro = le.Uint32(b[0x5c:]), le.Uint32(b[0x60:]), le.Uint32(b[0x64:])
		copy(f.uuid[:], b[0x68:])
		f.kernel, f.where = text(b[0x78:0x88]), text(b[0x88:0xc8])
	}
	if f.incompat&incompat64Bit != 0 {
		f.blocks |= uint64(le.Uint32(b[0x150:])) << 32
		if n := int64(le.Uint16(b[0xfe:])); n >= 32 {
			f.descSize = n
		}
	}
	f.metaBG, f.journal = le.Uint32(b[0x104:]), le.Uint32(b[0xe0:])
	return f, f.check(b)
}

// check refuses what cannot be, and says what is to be known.
func (f *FS) check(b []byte) error {
	if bad := f.incompat &^ known; bad != 0 {
		return fmt.Errorf("%w: %s", ErrUnsupported, featureNames(bad))
	}
	switch {
	case f.inodeSize < 128 || f.inodeSize > f.block || f.inodeSize&(f.inodeSize-1) != 0:
		return damaged("inodes of %d bytes", f.inodeSize)
	case f.perGroup == 0 || f.blocksPer == 0 || f.blocks == 0 || f.inodes == 0:
		return damaged("a group without blocks or inodes")
	case f.descSize > f.block || f.descSize > 1024:
		return damaged("group descriptors of %d bytes", f.descSize)
	case uint64(f.first) >= f.blocks:
		return damaged("the first data block lies behind the last")
	}
	groups := (f.blocks - uint64(f.first) + uint64(f.blocksPer) - 1) / uint64(f.blocksPer)
	if groups > 1<<31 || groups*uint64(f.perGroup) > 1<<33 {
		return damaged("%d groups", groups)
	}
	f.groups = uint32(groups)
	if whole := f.blocks * uint64(f.block); whole > uint64(f.size) { //nolint:gosec // positive
		f.notes = append(f.notes, fmt.Sprintf("the image ends after %d of the file system's %d bytes: what lies behind is missing", f.size, whole))
	}
	state := binary.LittleEndian.Uint16(b[0x3a:])
	if state&1 == 0 && f.incompat&incompatRecover == 0 {
		f.notes = append(f.notes, "it was not unmounted cleanly")
	}
	if state&2 != 0 || f.errorCount > 0 {
		f.notes = append(f.notes, fmt.Sprintf("the kernel had noted errors in it (%d)", f.errorCount))
	}
	if f.ro&roMetadataCsum != 0 {
		f.seed = crc32c(^uint32(0), f.uuid[:])
		if f.incompat&incompatCsumSeed != 0 {
			f.seed = binary.LittleEndian.Uint32(b[0x270:])
		}
		if crc32c(^uint32(0), b[:0x3fc]) != binary.LittleEndian.Uint32(b[0x3fc:]) {
			f.notes = append(f.notes, "the checksum of its superblock is wrong")
		}
	}
	return nil
}

func featureNames(bits uint32) string {
	var names []string
	for _, n := range []struct {
		bit  uint32
		name string
	}{
		{incompatCompression, "compression"}, {incompatJournalDev, "it is the journal of another file system"}, {incompatDirdata, "data in folders"},
	} {
		if bits&n.bit != 0 {
			names, bits = append(names, n.name), bits&^n.bit
		}
	}
	if bits != 0 {
		names = append(names, fmt.Sprintf("features %#x, which are not known", bits))
	}
	return strings.Join(names, ", ")
}

// Notes is what is to be known of the file system as a whole.
func (f *FS) Notes() []string { return f.notes }

// Label and MountedAt are what the superblock says; both may be empty, and are
// foreign text.
func (f *FS) Label() string { return f.kernel }

// MountedAt is where it was mounted last.
func (f *FS) MountedAt() string { return f.where }

// UUID names the file system.
func (f *FS) UUID() string {
	u := f.uuid
	return fmt.Sprintf("%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:])
}

// Type is ext2, ext3 or ext4, by its features.
func (f *FS) Type() string {
	switch {
	case f.incompat&(incompatExtents|incompat64Bit|incompatFlexBG|incompatInlineData) != 0 || f.ro&(roMetadataCsum|roBigalloc) != 0:
		return "ext4"
	case f.compat&compatJournal != 0:
		return "ext3"
	}
	return "ext2"
}

// Inodes is how many inodes there are, used or not; they count from 1.
func (f *FS) Inodes() uint32 { return f.inodes }

func text(b []byte) string {
	s, _, _ := strings.Cut(string(b), "\x00")
	return s
}

// readFull reads all of b at off. What the image does not have is
// io.ErrUnexpectedEOF.
func readFull(r io.ReaderAt, b []byte, off int64) error {
	n, err := r.ReadAt(b, off)
	if n == len(b) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// at reads a block, or a part of it.
func (f *FS) at(block uint64, off int64, b []byte) error {
	if block == 0 || block >= f.blocks || off+int64(len(b)) > f.block {
		return damaged("block %d of %d", block, f.blocks)
	}
	if err := readFull(f.r, b, int64(block)*f.block+off); err != nil { //nolint:gosec // below 2^48
		return fmt.Errorf("read block %d: %w", block, err)
	}
	return nil
}

// inodeTable is the first block of a group's inodes.
func (f *FS) inodeTable(group uint32) (uint64, error) {
	b := make([]byte, f.descSize)
	per := f.block / f.descSize
	in := int64(group) / per                                              // which block of descriptors; all of these are positive
	place := uint64(f.first) + 1 + uint64(in)                             //nolint:gosec // positive
	if f.incompat&incompatMetaBG != 0 && uint64(in) >= uint64(f.metaBG) { //nolint:gosec // positive
		// Each meta group of groups has its descriptors in its first group, behind a
		// superblock where there is one.
		head := uint64(in) * uint64(per) //nolint:gosec // positive
		place = uint64(f.first) + head*uint64(f.blocksPer)
		if f.hasSuper(uint32(head)) { //nolint:gosec // below groups
			place++
		}
		if head == 0 && f.block == 1024 {
			place = uint64(f.first) + 1
		}
	}
	if err := f.at(place, (int64(group)%per)*f.descSize, b); err != nil {
		return 0, fmt.Errorf("descriptor of group %d: %w", group, err)
	}
	table := uint64(binary.LittleEndian.Uint32(b[8:]))
	if f.incompat&incompat64Bit != 0 && f.descSize >= 64 {
		table |= uint64(binary.LittleEndian.Uint32(b[0x28:])) << 32
	}
	return table, nil
}

// hasSuper says whether a group begins with a copy of the superblock.
func (f *FS) hasSuper(group uint32) bool {
	if group <= 1 || f.ro&roSparseSuper == 0 {
		return true
	}
	for _, base := range []uint64{3, 5, 7} {
		n := base
		for n < uint64(group) {
			n *= base
		}
		if n == uint64(group) {
			return true
		}
	}
	return false
}
