// Package registry reads hives of the Windows registry: keys with the time when
// they were last written, their values, and keys that were deleted and are not
// yet written over. Transaction logs of both forms are replayed in memory.
//
// A hive is read by offset, through a cache, so that one of hundreds of MiB takes
// as much memory as a small one. Lists that go in circles, cells that point
// anywhere and sizes that lie end in a problem told, never in a loop.
//
// Times are FILETIME, UTC. Offsets are those in the file.
//
// Reference: M. Suhanov, Windows registry file format specification (versions 1.1
// to 1.6 of the format).
package registry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"firebreak/forensics/formats/le"
)

// ErrFormat says that it is no hive.
var ErrFormat = errors.New("no registry hive")

// Limits.
const (
	baseSize   = 4096
	blockSize  = 64 << 10
	maxBlocks  = 256     // of the cache: 16 MiB
	maxCell    = 4 << 20 // the largest cell that is read
	maxDepth   = 512     // as Windows has it
	maxSubkeys = 1 << 20
	maxValues  = 64 << 10
	maxData    = 4 << 20 // of one value
)

// Problem is told of what could not be read: a record that is lost.
type Problem func(offset int64, why string) error

// Hive is one.
type Hive struct {
	Name        string // where Windows had it
	Written     time.Time
	Minor       uint32
	Dirty       bool // its last changes are in a log
	Damaged     bool // the checksum of its head is wrong
	Applied     int  // changes that were taken from logs
	Size        int64
	Notes       []string
	first, last uint32 // sequence numbers
	root        uint32
	file        io.ReaderAt
	end         int64 // of the bins, in the file
	pages       map[int64][]byte
	blocks      map[int64][]byte
	seen        []uint64        // cells of keys that were walked, a bit for each eight bytes
	listed      int64           // entries of lists that were read: no more than the file can hold
	now         context.Context //nolint:containedctx // of the walk that runs
	problem     Problem
	each        func(*Key) error
}

// Is knows a hive, and not its logs.
func Is(head []byte) bool {
	b := le.Bytes(head)
	return len(b) >= 512 && string(b[:4]) == "regf" && b.U32(28) == 0 && b.U32(32) <= 1
}

// IsLog knows a transaction log.
func IsLog(head []byte) bool {
	b := le.Bytes(head)
	return len(b) >= 512 && string(b[:4]) == "regf" && (b.U32(28) == 1 || b.U32(28) == 2 || b.U32(28) == 6)
}

// Open reads the head of a hive.
func Open(r io.ReaderAt, size int64) (*Hive, error) {
	b, err := readAt(r, 0, int(min(baseSize, size)))
	if err != nil {
		return nil, err
	}
	if !Is(b) {
		return nil, ErrFormat
	}
	h := &Hive{
		Name: b.Wide(48, 64), Minor: b.U32(24), first: b.U32(4), last: b.U32(8), root: b.U32(36), file: r, Size: size,
		pages: map[int64][]byte{}, blocks: map[int64][]byte{},
	}
	h.Written, _ = b.Filetime(12)
	h.Damaged = checksum(b) != b.U32(508)
	h.Dirty = h.first != h.last || h.Damaged
	h.end = min(size, baseSize+int64(b.U32(40)))
	if h.Damaged || h.end <= baseSize {
		h.end = size
	}
	if want := baseSize + int64(b.U32(40)); want > size {
		h.Notes = append(h.Notes, fmt.Sprintf("the hive is cut: %d of %d bytes", size, want))
	}
	return h, nil
}

func readAt(r io.ReaderAt, at int64, n int) (le.Bytes, error) {
	b := make(le.Bytes, n)
	got, err := r.ReadAt(b, at)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read the hive: %w", err)
	}
	return b[:got], nil
}

// checksum is that of the head: the exclusive or of its words, neither 0 nor -1.
func checksum(b le.Bytes) uint32 {
	var sum uint32
	for i := range 127 {
		sum ^= b.U32(4 * i)
	}
	switch sum {
	case 0:
		return 1
	case 0xffffffff:
		return 0xfffffffe
	}
	return sum
}

// block is a piece of the file, with what logs changed of it.
func (h *Hive) block(n int64) (le.Bytes, error) {
	if b, ok := h.blocks[n]; ok {
		return b, nil
	}
	at := n * blockSize
	b := make(le.Bytes, max(0, min(blockSize, h.end-at)))
	if at < h.Size {
		got, err := h.file.ReadAt(b[:min(int64(len(b)), h.Size-at)], at)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("read the hive at %d: %w", at, err)
		}
		clear(b[got:])
	}
	for p := at; p < at+int64(len(b)); p += pageSize {
		if page, ok := h.pages[p]; ok {
			copy(b[p-at:], page)
		}
	}
	if len(h.blocks) >= maxBlocks {
		clear(h.blocks)
	}
	h.blocks[n] = b
	return b, nil
}

// bytes is n bytes of the file, fewer at its end.
func (h *Hive) bytes(at int64, n int) (le.Bytes, error) {
	if at < 0 || at >= h.end || n <= 0 {
		return nil, nil
	}
	n = int(min(int64(n), h.end-at))
	b, err := h.block(at / blockSize)
	if err != nil {
		return nil, err
	}
	from := int(at % blockSize)
	if from+n <= len(b) {
		return b[from : from+n : from+n], nil
	}
	out := append(make(le.Bytes, 0, n), b.From(from)...)
	for len(out) < n {
		b, err := h.block((at + int64(len(out))) / blockSize)
		if err != nil {
			return nil, err
		}
		if len(b) == 0 {
			break
		}
		out = append(out, b[:min(n-len(out), len(b))]...)
	}
	return out, nil
}

// signed is a number of 32 bits that may be below zero.
func signed(n uint32) int64 { return int64(n) - int64(n>>31)<<32 }

// cell is what a cell holds, by its offset from the first bin; nil where there is
// none.
func (h *Hive) cell(offset uint32) (le.Bytes, error) {
	if offset == 0xffffffff || offset&7 != 0 {
		return nil, nil
	}
	at := baseSize + int64(offset)
	head, err := h.bytes(at, 4)
	if err != nil || len(head) < 4 {
		return nil, err
	}
	size := signed(head.U32(0))
	if size < 0 {
		size = -size // it is in use
	}
	if size < 8 || size > maxCell || at+size > h.end {
		return nil, nil
	}
	return h.bytes(at+4, int(size-4))
}

// once says whether a key's cell is walked for the first time.
func (h *Hive) once(offset uint32) bool {
	i, bit := offset/8/64, uint64(1)<<(offset/8%64)
	if int(i) >= len(h.seen) || h.seen[i]&bit != 0 {
		return false
	}
	h.seen[i] |= bit
	return true
}

// Walk gives every key that the hive's tree has, then what is left of deleted
// ones.
func (h *Hive) Walk(ctx context.Context, each func(*Key) error, lost Problem) error {
	h.seen = make([]uint64, max(0, h.end-baseSize)/8/64+1) // one that was cut has nothing behind its head
	h.now, h.each, h.problem = ctx, each, lost
	if err := h.descend(h.root, "", 0); err != nil {
		return err
	}
	return h.deleted()
}

// descend walks a key and those below it.
func (h *Hive) descend(offset uint32, path string, depth int) error {
	if err := h.now.Err(); err != nil {
		return err //nolint:wrapcheck // of the context
	}
	at := baseSize + int64(offset)
	k, err := h.key(offset)
	if err != nil {
		return err
	}
	if k == nil {
		return h.problem(at, "no key at this place, which its parent names")
	}
	if !h.once(offset) {
		return h.problem(at, "the key has two parents: its second place is not walked")
	}
	if depth > 0 {
		path = join(path, k.Name)
	}
	k.Path, k.Depth = path, depth
	if err := h.each(k); err != nil {
		return err
	}
	if k.Subkeys == 0 {
		return nil
	}
	if depth >= maxDepth {
		return h.problem(at, "keys are too deep")
	}
	below, err := h.list(k.list, int(min(k.Subkeys, maxSubkeys)), true)
	if err != nil {
		return err
	}
	if h.listed += int64(len(below)); h.listed > h.end/4 {
		return h.problem(at, "its list is in more places than one: it is not walked")
	}
	for _, b := range below {
		if err := h.descend(b, path, depth+1); err != nil {
			return err
		}
	}
	if n := int64(k.Subkeys) - int64(len(below)); n > 0 {
		return h.problem(at, fmt.Sprintf("%d keys below it are missing", n))
	}
	return nil
}

func join(path, name string) string {
	name = strings.ReplaceAll(name, `\`, `/`) // no separator: a name may hold it
	if path == "" {
		return name
	}
	return path + `\` + name
}

// list is the offsets in a list of keys; nested says that it may hold lists.
func (h *Hive) list(offset uint32, most int, nested bool) ([]uint32, error) {
	b, err := h.cell(offset)
	if err != nil || b == nil {
		return nil, err
	}
	step := 4
	kind := string(b.Cut(0, 2))
	switch kind {
	case "lf", "lh":
		step = 8
	case "li":
	case "ri":
		if !nested {
			return nil, nil
		}
	default:
		return nil, nil
	}
	var out []uint32
	for i := range int(b.U16(2)) {
		at := 4 + i*step
		if !b.Has(at, 4) || len(out) >= most {
			break
		}
		if kind != "ri" {
			out = append(out, b.U32(at))
			continue
		}
		some, err := h.list(b.U32(at), most-len(out), false)
		if err != nil {
			return nil, err
		}
		out = append(out, some...)
	}
	return out, nil
}
