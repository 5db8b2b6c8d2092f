package ext4

import (
	"encoding/binary"
	"fmt"
	"io"
	"slices"
)

// run is a stretch of blocks of a file that lie one behind the other.
type run struct {
	logical  uint64
	physical uint64
	count    uint64
}

// maxRuns bounds what is kept of one file, and so its memory (some 100 MB).
const maxRuns = 4 << 20

// File is the content of an inode. Holes, and blocks that were reserved and never
// written, read as zeros.
type File struct {
	f      *FS
	n      *Inode
	inline []byte
	runs   []run
}

// Open reads where the content lies. Errors: ErrUnsupported for what the file
// system encrypted, ErrDamaged, the reader's.
func (f *FS) Open(n *Inode) (*File, error) {
	if n.Encrypted() && n.Mode&ModeType != ModeDir {
		return nil, fmt.Errorf("inode %d: %w: encrypted by the file system", n.Number, ErrUnsupported)
	}
	if n.Size < 0 || n.Size > 1<<60 {
		return nil, damaged("inode %d: %d bytes", n.Number, n.Size)
	}
	x := &File{f: f, n: n}
	switch {
	case n.Flags&flagInline != 0:
		b, err := f.inline(n)
		x.inline = b
		return x, err
	case n.Flags&flagExtents != 0:
		err := x.extents(n.data[:], -1, 0)
		if err == nil {
			err = f.fast[n.Number].over(x)
		}
		if err != nil {
			return nil, fmt.Errorf("inode %d: %w", n.Number, err)
		}
	default:
		if err := x.blockMap(); err != nil {
			return nil, fmt.Errorf("inode %d: %w", n.Number, err)
		}
	}
	slices.SortFunc(x.runs, func(a, b run) int {
		if a.logical < b.logical {
			return -1
		}
		return 1
	})
	for i := 1; i < len(x.runs); i++ {
		if x.runs[i].logical < x.runs[i-1].logical+x.runs[i-1].count {
			return nil, fmt.Errorf("inode %d: %w", n.Number, damaged("two stretches for one part of it"))
		}
	}
	return x, nil
}

func (x *File) add(logical, physical, count uint64) error {
	if count == 0 || physical == 0 {
		return nil
	}
	if physical >= x.f.blocks || count > x.f.blocks-physical {
		return damaged("blocks %d to %d of %d", physical, physical+count, x.f.blocks)
	}
	if last := len(x.runs) - 1; last >= 0 {
		r := &x.runs[last]
		if r.logical+r.count == logical && r.physical+r.count == physical {
			r.count += count
			return nil
		}
	}
	if len(x.runs) >= maxRuns {
		return damaged("more than %d stretches", maxRuns)
	}
	x.runs = append(x.runs, run{logical, physical, count})
	return nil
}

// extents reads a node of the tree: a header of 12 bytes, entries of 12. depth is
// that of the node above, -1 for the root.
func (x *File) extents(b []byte, above int, read int) error {
	le := binary.LittleEndian
	if le.Uint16(b) != 0xf30a {
		return damaged("a node of extents without its magic")
	}
	entries, depth := int(le.Uint16(b[2:])), int(le.Uint16(b[6:]))
	if depth > 5 || above >= 0 && depth != above-1 {
		return damaged("a tree of extents %d deep", depth)
	}
	if 12+entries*12 > len(b) {
		return damaged("%d extents in a node of %d bytes", entries, len(b))
	}
	for i := range entries {
		e := b[12+i*12:]
		if depth == 0 {
			count := uint64(le.Uint16(e[4:]))
			if count > 32768 { // reserved and not written: zeros
				continue
			}
			if err := x.add(uint64(le.Uint32(e)), uint64(le.Uint32(e[8:]))|uint64(le.Uint16(e[6:]))<<32, count); err != nil {
				return err
			}
			continue
		}
		node := make([]byte, x.f.block)
		if err := x.f.at(uint64(le.Uint32(e[4:]))|uint64(le.Uint16(e[8:]))<<32, 0, node); err != nil {
			return err
		}
		if len(x.runs) > maxRuns {
			return damaged("more than %d stretches", maxRuns)
		}
		if err := x.extents(node, depth, read+1); err != nil {
			return err
		}
	}
	return nil
}

// blockMap reads the map of ext2 and ext3: twelve blocks, then one, two and three
// levels of blocks of numbers.
func (x *File) blockMap() error {
	need := (uint64(x.n.Size) + uint64(x.f.block) - 1) / uint64(x.f.block) //nolint:gosec // judged
	if x.n.Mode&ModeType == ModeLink && x.n.Size < 60 {
		return nil
	}
	logical := uint64(0)
	for i := range 12 {
		if err := x.add(logical, uint64(binary.LittleEndian.Uint32(x.n.data[i*4:])), 1); err != nil {
			return err
		}
		logical++
	}
	per := uint64(x.f.block / 4) //nolint:gosec // positive
	span := uint64(1)
	for level := 1; level <= 3 && logical < need; level++ {
		span *= per
		if err := x.indirect(uint64(binary.LittleEndian.Uint32(x.n.data[(11+level)*4:])), level, logical, need); err != nil {
			return err
		}
		logical += span
	}
	return nil
}

func (x *File) indirect(block uint64, level int, logical, need uint64) error {
	if block == 0 {
		return nil // a hole
	}
	b := make([]byte, x.f.block)
	if err := x.f.at(block, 0, b); err != nil {
		return err
	}
	step := uint64(1)
	for range level - 1 {
		step *= uint64(len(b) / 4)
	}
	for i := 0; i < len(b) && logical < need; i += 4 {
		at := uint64(binary.LittleEndian.Uint32(b[i:]))
		var err error
		if level == 1 {
			err = x.add(logical, at, 1)
		} else {
			err = x.indirect(at, level-1, logical, need)
		}
		if err != nil {
			return err
		}
		logical += step
	}
	return nil
}

// Size is how many bytes there are.
func (x *File) Size() int64 { return x.n.Size }

// Data is the stretch of content at or behind off: what lies in no hole. start is
// the size when there is none.
func (x *File) Data(off int64) (start, end int64) {
	if x.inline != nil || x.n.Flags&flagInline != 0 {
		return min(off, x.n.Size), x.n.Size
	}
	for _, r := range x.runs {
		from, to := int64(r.logical)*x.f.block, int64(r.logical+r.count)*x.f.block //nolint:gosec // below 2^48
		if to > off {
			return min(max(from, off), x.n.Size), min(to, x.n.Size)
		}
	}
	return x.n.Size, x.n.Size
}

// ReadAt reads content.
func (x *File) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, damaged("offset %d", off)
	}
	if off >= x.n.Size {
		return 0, io.EOF
	}
	var last error
	if int64(len(p)) > x.n.Size-off {
		p, last = p[:x.n.Size-off], io.EOF
	}
	if x.n.Flags&flagInline != 0 {
		clear(p)
		if off < int64(len(x.inline)) {
			copy(p, x.inline[off:])
		}
		return len(p), last
	}
	done := 0
	for done < len(p) {
		n, err := x.part(p[done:], off+int64(done))
		done += n
		if err != nil {
			return done, fmt.Errorf("inode %d: %w", x.n.Number, err)
		}
	}
	return done, last
}

// find is the stretch that holds a block, else the next one.
func (x *File) find(block uint64) (int, bool) {
	return slices.BinarySearchFunc(x.runs, block, func(r run, b uint64) int {
		switch {
		case r.logical+r.count <= b:
			return -1
		case r.logical > b:
			return 1
		}
		return 0
	})
}

// part reads as far as one stretch, or one hole, goes.
func (x *File) part(p []byte, off int64) (int, error) {
	block := uint64(off / x.f.block) //nolint:gosec // positive
	i, found := x.find(block)
	if !found {
		if i < len(x.runs) {
			if most := int64(x.runs[i].logical)*x.f.block - off; most < int64(len(p)) { //nolint:gosec // below 2^48
				p = p[:most]
			}
		}
		clear(p)
		return len(p), nil
	}
	r := x.runs[i]
	in := off - int64(r.logical)*x.f.block                           //nolint:gosec // below 2^48
	if most := int64(r.count)*x.f.block - in; most < int64(len(p)) { //nolint:gosec // below 2^48
		p = p[:most]
	}
	if err := readFull(x.f.r, p, int64(r.physical)*x.f.block+in); err != nil { //nolint:gosec // below 2^48
		return 0, err
	}
	return len(p), nil
}
