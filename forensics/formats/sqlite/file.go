// Package sqlite reads databases of SQLite 3 as they lie on a disk: without
// locks, without recovery, without SQL, and without writing anything, which the
// library does not promise. It reads what a write-ahead log has committed, and
// finds rows that were deleted and not overwritten.
//
// Reference: https://www.sqlite.org/fileformat2.html.
package sqlite

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
)

// ErrNotSQLite is returned for what is no database.
var ErrNotSQLite = errors.New("not a database of SQLite 3")

// ErrDamaged is returned where the bytes contradict the format.
var ErrDamaged = errors.New("damaged database")

const (
	headerSize = 100
	maxDepth   = 40       // of a b-tree; SQLite's own is 20
	maxPayload = 64 << 20 // bytes of one row
	maxColumns = 2000     // SQLite's own limit is the same
)

// File is an open database. It is for one goroutine.
type File struct {
	r        io.ReaderAt
	size     int64 // bytes
	page     int   // bytes a page
	usable   int   // less what is reserved at the end of each
	pages    uint32
	encoding uint32 // 1 UTF-8, 2 UTF-16 little endian, 3 big endian
	free     uint32 // first trunk page of the free list
	wal      *wal
	version  uint32 // PRAGMA user_version
	notes    []string
}

// Open reads the header. size is the number of bytes that r has; wal, which may
// be nil, is the write-ahead log that lay beside it.
func Open(r io.ReaderAt, size int64, walAt io.ReaderAt, walSize int64) (*File, error) {
	f := &File{r: r, size: size}
	var h [headerSize]byte
	if size < headerSize {
		return nil, ErrNotSQLite
	}
	if _, err := r.ReadAt(h[:], 0); err != nil {
		return nil, fmt.Errorf("read header: %w", err)
	}
	if string(h[:16]) != Magic {
		return nil, ErrNotSQLite
	}
	f.page = int(binary.BigEndian.Uint16(h[16:]))
	if f.page == 1 {
		f.page = 1 << 16
	}
	if f.page < 512 || f.page&(f.page-1) != 0 {
		return nil, fmt.Errorf("%w: pages of %d bytes", ErrDamaged, f.page)
	}
	if f.usable = f.page - int(h[20]); f.usable < 480 {
		return nil, fmt.Errorf("%w: %d bytes a page are reserved", ErrDamaged, h[20])
	}
	whole := (size + int64(f.page) - 1) / int64(f.page)
	if whole > 1<<32-2 {
		return nil, fmt.Errorf("%w: too many pages", ErrDamaged)
	}
	f.pages = uint32(whole) //nolint:gosec // just compared
	if said := binary.BigEndian.Uint32(h[28:]); said != 0 && binary.BigEndian.Uint32(h[24:]) == binary.BigEndian.Uint32(h[92:]) && said > f.pages {
		f.notes = append(f.notes, fmt.Sprintf("the file ends early: %d of %d pages are there", f.pages, said))
	}
	f.encoding = binary.BigEndian.Uint32(h[56:])
	f.version = binary.BigEndian.Uint32(h[60:])
	f.free = binary.BigEndian.Uint32(h[32:])
	if walAt != nil {
		w, err := readWAL(walAt, walSize, f.page)
		if err != nil {
			f.notes = append(f.notes, "its write-ahead log is not read: "+err.Error())
		} else {
			f.wal = w
			f.pages = max(f.pages, w.pages)
			if first, err := f.at(1); err == nil { // the newest header
				f.free, f.encoding = binary.BigEndian.Uint32(first[32:]), binary.BigEndian.Uint32(first[56:])
			}
		}
	}
	return f, nil
}

// Magic are the first bytes of a database.
const Magic = "SQLite format 3\x00"

// Notes says what was odd about the file.
func (f *File) Notes() []string { return f.notes }

// Version is what the program that owns the file keeps as PRAGMA user_version.
func (f *File) Version() uint32 { return f.version }

// at returns a page, counted from 1. It stays valid.
func (f *File) at(n uint32) ([]byte, error) {
	if n == 0 || n > f.pages {
		return nil, fmt.Errorf("%w: there is no page %d", ErrDamaged, n)
	}
	b := make([]byte, f.page)
	if f.wal != nil {
		if at, ok := f.wal.frames[n]; ok {
			if _, err := f.wal.r.ReadAt(b, at); err != nil {
				return nil, fmt.Errorf("read page %d: %w", n, err)
			}
			return b, nil
		}
	}
	k, err := f.r.ReadAt(b, int64(n-1)*int64(f.page))
	if err != nil && (!errors.Is(err, io.EOF) || k == 0) {
		if errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("%w: page %d is not there", ErrDamaged, n)
		}
		return nil, fmt.Errorf("read page %d: %w", n, err)
	}
	return b, nil
}

// offset is where a page begins: in the file, or behind its end where the
// write-ahead log has it.
func (f *File) offset(n uint32) int64 {
	if f.wal != nil {
		if at, ok := f.wal.frames[n]; ok {
			return f.size + at
		}
	}
	return int64(n-1) * int64(f.page)
}

// node is a page of a b-tree.
type node struct {
	number uint32
	b      []byte
	head   int // where its header begins
	kind   byte
	cells  int
	start  int // of the cells' pointers
}

// The kinds of pages of a b-tree.
const (
	indexInterior = 2
	tableInterior = 5
	indexLeaf     = 10
	tableLeaf     = 13
)

func (f *File) node(n uint32) (node, error) {
	b, err := f.at(n)
	if err != nil {
		return node{}, err
	}
	return f.nodeOf(n, b)
}

func (f *File) nodeOf(n uint32, b []byte) (node, error) {
	p := node{number: n, b: b}
	if n == 1 {
		p.head = headerSize
	}
	p.kind = b[p.head]
	p.cells = int(binary.BigEndian.Uint16(b[p.head+3:]))
	p.start = p.head + 8
	switch p.kind {
	case indexInterior, tableInterior:
		p.start += 4
	case indexLeaf, tableLeaf:
	default:
		return p, fmt.Errorf("%w: page %d is of no kind of tree", ErrDamaged, n)
	}
	if p.start+2*p.cells > f.usable {
		return p, fmt.Errorf("%w: page %d has %d cells", ErrDamaged, n, p.cells)
	}
	return p, nil
}

// cell is where the i-th cell begins.
func (p node) cell(i int) int { return int(binary.BigEndian.Uint16(p.b[p.start+2*i:])) }

// right is the last child of an interior page.
func (p node) right() uint32 { return binary.BigEndian.Uint32(p.b[p.head+8:]) }

// visitor is told what a walk finds. page, which may be nil, is told of each page
// before its cells.
type visitor struct {
	page func(node) error
	cell func(p node, at int) error
	bad  func(page uint32, err error) error
}

// walk visits the cells of a tree in order: those of leaves and, of an index,
// the interior ones too. What is damaged is told to bad and left out.
func (f *File) walk(ctx context.Context, root uint32, v visitor) error {
	return f.descend(ctx, root, 0, map[uint32]bool{}, v)
}

func (f *File) descend(ctx context.Context, n uint32, depth int, seen map[uint32]bool, v visitor) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if seen[n] || depth > maxDepth {
		return v.bad(n, fmt.Errorf("%w: the tree comes to page %d again", ErrDamaged, n))
	}
	seen[n] = true
	p, err := f.node(n)
	if errors.Is(err, ErrDamaged) {
		return v.bad(n, err)
	}
	if err == nil && v.page != nil {
		err = v.page(p)
	}
	if err != nil {
		return err
	}
	inside := p.kind == indexInterior || p.kind == tableInterior
	for i := range p.cells {
		at := p.cell(i)
		switch {
		case at < p.start || at+4 > f.usable:
			err = v.bad(n, fmt.Errorf("%w: cell %d of page %d lies outside", ErrDamaged, i, n))
		case inside:
			err = f.descend(ctx, binary.BigEndian.Uint32(p.b[at:]), depth+1, seen, v)
			if err == nil && p.kind == indexInterior {
				err = v.cell(p, at)
			}
		default:
			err = v.cell(p, at)
		}
		if err != nil {
			return err
		}
	}
	if inside {
		return f.descend(ctx, p.right(), depth+1, seen, v)
	}
	return nil
}

// freePages lists the leaves of the free list: pages that hold what was deleted
// until something is written there.
func (f *File) freePages() []uint32 {
	var out []uint32
	seen := map[uint32]bool{}
	for trunk := f.free; trunk != 0 && !seen[trunk]; {
		seen[trunk] = true
		b, err := f.at(trunk)
		if err != nil {
			return out
		}
		n := int(binary.BigEndian.Uint32(b[4:]))
		for i := range min(n, f.usable/4-2) {
			if leaf := binary.BigEndian.Uint32(b[8+4*i:]); leaf != 0 && leaf <= f.pages && !seen[leaf] {
				seen[leaf] = true
				out = append(out, leaf)
			}
		}
		trunk = binary.BigEndian.Uint32(b)
	}
	slices.Sort(out)
	return out
}
