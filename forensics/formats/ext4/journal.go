package ext4

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// The journal (JBD2) is a circle of blocks in a file of the file system, inode 8
// as a rule; its numbers are big endian. A transaction is descriptors, each with
// the blocks that it names behind it, revocations, and a commit. What was
// committed and not yet written back is what a mount would replay.
//
// Reference: the kernel's Documentation/filesystems/ext4/journal.rst.
const (
	journalMagic      = 0xc03b3998
	journalDescriptor = 1
	journalCommit     = 2
	journalSuper1     = 3
	journalSuper2     = 4
	journalRevoke     = 5

	journal64Bit      = 0x2
	journalCsum2      = 0x8
	journalCsum3      = 0x10
	journalFastCommit = 0x20
	journalKnown      = 0x1 | journal64Bit | 0x4 | journalCsum2 | journalCsum3 | journalFastCommit

	tagEscaped  = 1
	tagSameUUID = 2
	tagLast     = 8
)

// maxReplayed bounds the blocks that are remembered (some 30 bytes each): a
// journal of 8 GiB. Those of file systems that mke2fs makes have at most 10 GiB on
// the largest disks, and 1 GiB on ordinary ones.
const maxReplayed = 2 << 20

// journal is the reading of one.
type journal struct {
	f        *FS
	file     *File
	first    uint32 // block of the circle
	end      uint32 // behind the last
	fast     uint32 // blocks behind it, of fast commits
	incompat uint32
	seed     uint32
	sequence uint32

	to           map[uint64]copied // what lies where, of all whole transactions
	writes       []write           // of the transaction that is being read
	revoked      []uint64
	transactions int
	damage       []string // what was not replayed, and why
	bad          int      // blocks whose checksum is wrong
}

// copied is a block of the file system as the journal has it.
type copied struct {
	off     int64 // in the image
	escaped bool  // its first four bytes were the journal's magic
}

type write struct {
	block uint64
	copied
}

// replay reads the journal and lays what was committed over the image: in memory
// are only the places. What it did is in the notes. An error means that nothing of
// it can be used.
func (f *FS) replay(inode uint32) error {
	j := &journal{f: f, to: map[uint64]copied{}}
	if err := j.open(inode); err != nil {
		return err
	}
	start := j.start()
	if start != 0 {
		if start < j.first || start >= j.end {
			return damaged("the journal begins at block %d of %d", start, j.end)
		}
		j.scan(start)
	}
	fast, commits, why := j.fastCommits(j.fast)
	if f.fast = fast; why != "" {
		j.damage = append(j.damage, fmt.Sprintf("of the fast commits behind its last transaction %d are replayed; what follows is not: %s", commits, why))
	}
	if len(j.to) > 0 {
		f.r = &overlay{r: f.r, block: f.block, to: j.to}
	}
	f.notes = append(f.notes, fmt.Sprintf("the journal was not written back (it was not unmounted, or taken while it ran): its %d whole transactions were replayed in memory, %d blocks; the image is as it was", j.transactions, len(j.to)))
	if commits > 0 {
		f.notes = append(f.notes, fmt.Sprintf("the journal: %d fast commits behind its transactions were replayed in memory; times of folders that got or lost a name by them are older than that", commits))
	}
	for _, d := range j.damage {
		f.notes = append(f.notes, "the journal: "+d)
	}
	if j.bad > 0 {
		f.notes = append(f.notes, fmt.Sprintf("the journal: %d of its blocks have a wrong checksum and were left out", j.bad))
	}
	return nil
}

func (j *journal) start() uint32 {
	b := make([]byte, 4)
	if err := j.read(0, b, 0x1c); err != nil {
		return 0 // it was read by open
	}
	return binary.BigEndian.Uint32(b)
}

// open reads the journal's own superblock.
func (j *journal) open(inode uint32) error {
	if inode == 0 {
		return fmt.Errorf("%w: it lies on another device", ErrUnsupported)
	}
	n, err := j.f.Inode(inode)
	if err != nil {
		return fmt.Errorf("the journal: %w", err)
	}
	if n.Mode&ModeType != ModeRegular {
		return damaged("the journal's inode %d is no file", inode)
	}
	if j.file, err = j.f.Open(n); err != nil {
		return fmt.Errorf("the journal: %w", err)
	}
	b := make([]byte, 1024)
	if err := j.read(0, b, 0); err != nil {
		return fmt.Errorf("the journal: %w", err)
	}
	be := binary.BigEndian
	kind := be.Uint32(b[4:])
	if be.Uint32(b) != journalMagic || kind != journalSuper1 && kind != journalSuper2 {
		return damaged("the journal has no superblock")
	}
	j.end, j.first, j.sequence = be.Uint32(b[0x10:]), be.Uint32(b[0x14:]), be.Uint32(b[0x18:])
	if size := be.Uint32(b[0xc:]); int64(size) != j.f.block {
		return damaged("the journal has blocks of %d bytes", size)
	}
	if kind == journalSuper2 {
		j.incompat = be.Uint32(b[0x28:])
	}
	if bad := j.incompat &^ journalKnown; bad != 0 {
		return fmt.Errorf("%w: the journal has features %#x", ErrUnsupported, bad)
	}
	if j.csummed() {
		if b[0x50] != 4 {
			return fmt.Errorf("%w: the journal's checksums are of kind %d, not crc32c", ErrUnsupported, b[0x50])
		}
		j.seed = crc32c(^uint32(0), b[0x30:0x40])
		if said := be.Uint32(b[0xfc:]); crcWithout(^uint32(0), b, 0xfc) != said {
			return damaged("the checksum of the journal's superblock is wrong")
		}
	}
	if int64(j.end) > (j.file.Size()+j.f.block-1)/j.f.block || j.first == 0 || j.first >= j.end {
		return damaged("the journal has blocks %d to %d in a file of %d bytes", j.first, j.end, j.file.Size())
	}
	if j.incompat&journalFastCommit != 0 {
		fast := be.Uint32(b[0x54:])
		if fast == 0 {
			fast = 256
		}
		if j.end > fast && j.end-fast >= 1024 { // as the kernel has it
			j.end -= fast
			j.fast = fast
		}
	}
	return nil
}

func (j *journal) csummed() bool { return j.incompat&(journalCsum2|journalCsum3) != 0 }

// read reads a part of a block of the journal.
func (j *journal) read(block uint32, b []byte, in int64) error {
	n, err := j.file.ReadAt(b, int64(block)*j.f.block+in)
	if n == len(b) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// next is the block behind one, in the circle.
func (j *journal) next(block uint32) uint32 {
	if block++; block >= j.end {
		return j.first
	}
	return block
}

// scan goes from transaction to transaction, to the first that is not whole. It
// never reads more than the circle has.
func (j *journal) scan(at uint32) {
	b := make([]byte, j.f.block)
	be := binary.BigEndian
	for left := int64(j.end - j.first); left > 0; {
		if err := j.read(at, b, 0); err != nil {
			j.damage = append(j.damage, fmt.Sprintf("it ends at block %d, which cannot be read: %v", at, err))
			return
		}
		at, left = j.next(at), left-1
		if be.Uint32(b) != journalMagic || be.Uint32(b[8:]) != j.sequence {
			return // what lies there is of an older round
		}
		kind := be.Uint32(b[4:])
		if !j.sound(kind, b) {
			j.damage = append(j.damage, fmt.Sprintf("transaction %d has a block with a wrong checksum: it and what follows is not replayed", j.sequence))
			return
		}
		switch kind {
		case journalDescriptor:
			used, err := j.descriptor(b, at, left)
			if err != nil {
				j.damage = append(j.damage, fmt.Sprintf("transaction %d: %v: it and what follows is not replayed", j.sequence, err))
				return
			}
			for range used {
				at = j.next(at)
			}
			left -= int64(used)
		case journalRevoke:
			if err := j.revoke(b); err != nil {
				j.damage = append(j.damage, fmt.Sprintf("transaction %d: %v: it and what follows is not replayed", j.sequence, err))
				return
			}
		case journalCommit:
			j.commit()
		default:
			return
		}
	}
}

// sound says whether a block of the journal's own has the checksum it says.
func (j *journal) sound(kind uint32, b []byte) bool {
	if !j.csummed() {
		return true
	}
	at := len(b) - 4
	switch kind {
	case journalCommit:
		at = 0x10
	case journalDescriptor, journalRevoke:
	default:
		return true
	}
	return crcWithout(j.seed, b, at) == binary.BigEndian.Uint32(b[at:])
}

// descriptor reads the tags of one, whose blocks begin at a place of the circle,
// and says how many there are.
func (j *journal) descriptor(b []byte, at uint32, left int64) (used int, err error) {
	be := binary.BigEndian
	end, size := len(b), 8
	if j.csummed() {
		end -= 4
	}
	switch {
	case j.incompat&journalCsum3 != 0:
		size = 16
	default:
		if j.incompat&journalCsum2 != 0 {
			size += 2
		}
		if j.incompat&journal64Bit != 0 {
			size += 4
		}
	}
	for p := 12; p+size <= end; {
		t := b[p : p+size]
		block, flags := uint64(be.Uint32(t)), uint32(be.Uint16(t[6:]))
		if j.incompat&journalCsum3 != 0 {
			flags = be.Uint32(t[4:])
		}
		if j.incompat&journal64Bit != 0 {
			block |= uint64(be.Uint32(t[8:])) << 32
		}
		if int64(used) >= left {
			return used, damaged("a descriptor names more blocks than the journal has")
		}
		if err := j.tag(t, block, flags, at); err != nil {
			return used, err
		}
		used, at, p = used+1, j.next(at), p+size
		if flags&tagSameUUID == 0 {
			p += 16
		}
		if flags&tagLast != 0 {
			return used, nil
		}
	}
	return used, nil
}

// tag notes one block that the transaction writes.
func (j *journal) tag(t []byte, block uint64, flags, at uint32) error {
	if block >= j.f.blocks {
		return damaged("it writes block %d of %d", block, j.f.blocks)
	}
	place, err := j.file.place(at)
	if err != nil {
		return err
	}
	if j.csummed() {
		b := make([]byte, j.f.block)
		if err := j.read(at, b, 0); err != nil {
			return err
		}
		var number [4]byte
		binary.BigEndian.PutUint32(number[:], j.sequence)
		sum := crc32c(crc32c(j.seed, number[:]), b)
		said := uint32(binary.BigEndian.Uint16(t[4:])) // its lower half
		if j.incompat&journalCsum3 != 0 {
			said = binary.BigEndian.Uint32(t[12:])
		} else {
			sum &= 0xffff
		}
		if sum != said {
			j.bad++
			return nil
		}
	}
	if len(j.to)+len(j.writes) >= maxReplayed {
		return fmt.Errorf("%w: more than %d blocks", ErrUnsupported, maxReplayed)
	}
	j.writes = append(j.writes, write{block, copied{place, flags&tagEscaped != 0}})
	return nil
}

// revoke notes blocks that were freed: what was written to them before is not to
// be replayed.
func (j *journal) revoke(b []byte) error {
	be := binary.BigEndian
	used, size := int(be.Uint32(b[12:])), 4
	if j.incompat&journal64Bit != 0 {
		size = 8
	}
	if used < 16 || used > len(b) {
		return damaged("revocations of %d bytes", used)
	}
	for p := 16; p+size <= used; p += size {
		block := uint64(be.Uint32(b[p:]))
		if size == 8 {
			block = be.Uint64(b[p:])
		}
		if len(j.revoked) >= maxReplayed {
			return fmt.Errorf("%w: more than %d revocations", ErrUnsupported, maxReplayed)
		}
		j.revoked = append(j.revoked, block)
	}
	return nil
}

// commit makes what the transaction wrote count.
func (j *journal) commit() {
	for _, w := range j.writes {
		j.to[w.block] = w.copied
	}
	for _, b := range j.revoked {
		delete(j.to, b)
	}
	j.writes, j.revoked = j.writes[:0], j.revoked[:0]
	j.transactions++
	j.sequence++
}

// crcWithout is the checksum of a block whose four bytes at a place count as
// zeros.
func crcWithout(crc uint32, b []byte, at int) uint32 {
	crc = crc32c(crc, b[:at])
	crc = crc32c(crc, make([]byte, 4))
	return crc32c(crc, b[at+4:])
}

// place is where a block of a file lies in the image.
func (x *File) place(block uint32) (int64, error) {
	if i, found := x.find(uint64(block)); found {
		r := x.runs[i]
		return int64(r.physical+uint64(block)-r.logical) * x.f.block, nil //nolint:gosec // below 2^48
	}
	return 0, damaged("block %d of inode %d lies in a hole", block, x.n.Number)
}

// overlay is an image with blocks of its journal in the places they are for.
type overlay struct {
	r     io.ReaderAt
	block int64
	to    map[uint64]copied
}

// ReadAt reads as the image would read once its journal were written back.
func (o *overlay) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, damaged("offset %d", off)
	}
	done := 0
	for done < len(p) {
		at := off + int64(done)
		c, ok := o.to[uint64(at/o.block)] //nolint:gosec // positive
		in := at % o.block
		part := p[done:min(len(p), done+int(o.block-in))]
		if !ok { // as far as nothing lies over it
			for done+len(part) < len(p) {
				if _, ok := o.to[uint64((at+int64(len(part)))/o.block)]; ok { //nolint:gosec // positive
					break
				}
				part = p[done:min(len(p), done+len(part)+int(o.block))]
			}
			n, err := o.r.ReadAt(part, at)
			if done += n; err != nil || n < len(part) {
				return done, err
			}
			continue
		}
		n, err := o.r.ReadAt(part, c.off+in)
		if c.escaped && in < 4 {
			var magic [4]byte
			binary.BigEndian.PutUint32(magic[:], journalMagic)
			copy(part[:n], magic[in:])
		}
		if done += n; err != nil && (n < len(part) || !errors.Is(err, io.EOF)) {
			return done, err
		}
	}
	return done, nil
}
