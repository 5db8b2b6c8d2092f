package ext4

import (
	"encoding/binary"
	"fmt"
	"slices"
)

// A fast commit says what an fsync changed, instead of the blocks that this
// changed: a whole inode, a stretch of blocks that a file has or has no more, a
// name that a folder got or lost. They stand behind the journal's circle, little
// endian, as a tag, the length of what follows, and that; no tag crosses a block.
// A head begins them and names the transaction that they go on from; a tail ends
// each with the checksum of all since the one before. They are valid until the
// next whole transaction.
//
// Reference: the kernel's Documentation/filesystems/ext4/journal.rst, "Fast
// Commits"; structures of fs/ext4/fast_commit.h.
const (
	fastAddRange = 1
	fastDelRange = 2
	fastCreate   = 3
	fastLink     = 4
	fastUnlink   = 5
	fastInode    = 6
	fastPad      = 7
	fastTail     = 8
	fastHead     = 9

	maxFast = 1 << 20 // tags that are looked at
)

// fastFile is what fast commits say of one inode.
type fastFile struct {
	raw    []byte // as it is now; nil: as it lies in its table
	links  int    // to add since
	ranges []fastRange
	names  []fastName // of a folder
}

// fastRange is a stretch of a file, in blocks. Without physical it is a hole, or
// reserved: both read as zeros.
type fastRange struct{ logical, count, physical uint64 }

// fastName is a name of a folder and its inode; 0 is none any more.
type fastName struct {
	name  string
	inode uint32
}

// fastTag is one, as it stands in the journal.
type fastTag struct {
	kind uint16
	b    []byte
}

// fastCommits reads the fast commits that go on from the last whole transaction,
// and how many there are. One that is not whole ends them; why says what is wrong
// with it, where that is not that they end there.
func (j *journal) fastCommits(blocks uint32) (all map[uint32]*fastFile, count int, why string) {
	if j.incompat&journalFastCommit == 0 {
		return nil, 0, ""
	}
	all = map[uint32]*fastFile{}
	le := binary.LittleEndian
	var waits []fastTag // for their tail
	sum, seen := uint32(0), 0
	for block := uint32(0); block < blocks; block++ {
		b := make([]byte, j.f.block)
		if err := j.read(j.end+1+block, b, 0); err != nil {
			break // the last block of the journal is in front of the end
		}
		for at := 0; at+4 <= len(b); {
			kind, size := le.Uint16(b[at:]), int(le.Uint16(b[at+2:]))
			if at+4+size > len(b) || kind == 0 || kind > fastHead || block == 0 && at == 0 && kind != fastHead {
				return all, count, unfinished(waits, "a tag that cannot be")
			}
			if seen++; seen > maxFast {
				return all, count, fmt.Sprintf("more than %d tags", maxFast)
			}
			body := b[at+4 : at+4+size]
			switch kind {
			case fastHead:
				if size < 8 || le.Uint32(body[4:]) != j.sequence {
					return all, count, unfinished(waits, "") // of an older round
				}
				if features := le.Uint32(body); features != 0 {
					return all, count, fmt.Sprintf("features %#x, which are not known", features)
				}
				sum = crc32c(sum, b[at:at+4+size])
			case fastTail:
				if size < 8 || le.Uint32(body) != j.sequence || le.Uint32(body[4:]) != crc32c(sum, b[at:at+8]) {
					return all, count, unfinished(waits, "a tail with a wrong checksum, or of an older round")
				}
				for _, t := range waits {
					if err := take(all, t); err != nil {
						return all, count, err.Error()
					}
				}
				waits, sum = waits[:0], 0
				count++
			default:
				sum = crc32c(sum, b[at:at+4+size])
				if kind != fastPad {
					waits = append(waits, fastTag{kind, body})
				}
			}
			at += 4 + size
		}
	}
	return all, count, unfinished(waits, "no tail")
}

// unfinished says why the tags that wait for their tail are left out; of none
// there is nothing to say.
func unfinished(waits []fastTag, why string) string {
	if len(waits) == 0 || why == "" {
		return ""
	}
	return "the last one is not whole (" + why + ")"
}

// take notes what one tag says.
func take(all map[uint32]*fastFile, t fastTag) error {
	le := binary.LittleEndian
	of := func(inode uint32) *fastFile {
		if all[inode] == nil {
			all[inode] = &fastFile{}
		}
		return all[inode]
	}
	least := map[uint16]int{fastAddRange: 16, fastDelRange: 12, fastCreate: 9, fastLink: 9, fastUnlink: 9, fastInode: 4 + 128}[t.kind]
	if len(t.b) < least {
		return damaged("a tag %d of %d bytes", t.kind, len(t.b))
	}
	first := le.Uint32(t.b)
	switch t.kind {
	case fastInode:
		f := of(first)
		if f.raw != nil && generation(f.raw) != generation(t.b[4:]) { // the number has another file
			f.ranges, f.names = nil, nil
		}
		f.raw, f.links = slices.Clone(t.b[4:]), 0
	case fastAddRange:
		r := fastRange{logical: uint64(le.Uint32(t.b[4:])), count: uint64(le.Uint16(t.b[8:]))}
		if r.count > 32768 {
			r.count -= 32768 // reserved and not written
		} else {
			r.physical = uint64(le.Uint32(t.b[12:])) | uint64(le.Uint16(t.b[10:]))<<32
		}
		of(first).ranges = append(of(first).ranges, r)
	case fastDelRange:
		of(first).ranges = append(of(first).ranges, fastRange{logical: uint64(le.Uint32(t.b[4:])), count: uint64(le.Uint32(t.b[8:]))})
	case fastCreate, fastLink, fastUnlink:
		inode, name := le.Uint32(t.b[4:]), string(t.b[8:])
		switch t.kind {
		case fastLink:
			of(inode).links++
		case fastUnlink:
			of(inode).links--
			inode = 0
		}
		of(first).names = append(of(first).names, fastName{name, inode})
	}
	return nil
}

func generation(raw []byte) uint32 { return binary.LittleEndian.Uint32(raw[0x64:]) }

// laid lays what fast commits say of an inode over what lies in its table. fresh
// says that the number has another file now, which has nothing of the old one's.
func (x *fastFile) laid(old []byte) (b []byte, fresh bool) {
	if x == nil || x.raw == nil {
		return old, false
	}
	b = slices.Clone(old)
	le := binary.LittleEndian
	if fresh = generation(x.raw) != generation(old); fresh {
		clear(b)
	}
	raw := x.raw[:min(len(x.raw), len(b))]
	copy(b[:0x28], raw)
	copy(b[0x64:], raw[0x64:])
	if le.Uint32(b[0x20:])&flagExtents == 0 {
		copy(b[0x28:0x64], raw[0x28:])
	} else if le.Uint16(b[0x28:]) != 0xf30a { // a tree without leaves
		copy(b[0x28:0x64], []byte{0x0a, 0xf3, 0, 0, 4, 0, 0, 0})
	}
	return b, fresh
}

// over lays its stretches over those that a file has on the disk.
func (x *fastFile) over(f *File) error {
	if x == nil || len(x.ranges) == 0 {
		return nil
	}
	const most = 1 << 27 // steps, of an image that is made to take long
	if uint64(len(x.ranges))*uint64(len(f.runs)+len(x.ranges)) > most {
		return damaged("%d stretches by fast commits, over %d", len(x.ranges), len(f.runs))
	}
	for _, r := range x.ranges {
		var kept []run
		end := r.logical + r.count
		for _, o := range f.runs {
			if o.logical < r.logical {
				kept = append(kept, run{o.logical, o.physical, min(o.count, r.logical-o.logical)})
			}
			if last := o.logical + o.count; last > end {
				skip := end - min(end, o.logical)
				kept = append(kept, run{o.logical + skip, o.physical + skip, o.count - skip})
			}
		}
		f.runs = kept
		if r.physical == 0 {
			continue
		}
		if err := f.add(r.logical, r.physical, r.count); err != nil {
			return err
		}
	}
	return nil
}

// entries hands on what a folder has, with the names that it got and without those
// that it lost.
func (f *FS) entries(x *fastFile, deleted bool, base func(each func(Entry) error) error, each func(Entry) error) error {
	if x == nil || len(x.names) == 0 {
		return base(each)
	}
	now := map[string]uint32{}
	for _, n := range x.names {
		now[n.name] = n.inode
	}
	bad := base(func(e Entry) error {
		if inode, known := now[e.Name]; known && !e.Deleted {
			if inode == e.Inode {
				delete(now, e.Name) // it is there already
				return each(e)
			}
			if e.Deleted = true; !deleted {
				return nil
			}
		}
		return each(e)
	})
	if bad != nil && !isDamaged(bad) {
		return bad
	}
	var names []string
	for name, inode := range now {
		if inode != 0 && name != "" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		e := Entry{Name: name, Inode: now[name]}
		if n, err := f.Inode(e.Inode); err == nil {
			e.Type = typeOf(n.Mode)
		}
		if err := each(e); err != nil {
			return err
		}
	}
	return bad
}

// typeOf is the type in an entry of a folder.
func typeOf(mode uint16) byte {
	return map[uint16]byte{ModeRegular: 1, ModeDir: 2, ModeChar: 3, ModeBlock: 4, ModeFIFO: 5, ModeSocket: 6, ModeLink: 7}[mode&ModeType]
}
