// Package qcow2 reads the disk out of an image in QEMU's form, versions 2 and 3:
// what a virtual machine would see. Clusters may be packed (deflate, zstd), be
// zeros, or not be there.
//
// It reads no internal snapshot, no image that stands on another one (a backing
// file), none that is encrypted, none whose data lie in another file, and none
// with extended L2 entries: each is refused by name.
//
// Reference: QEMU's docs/interop/qcow2.txt; all numbers are big endian. Sizes of
// clusters are 512 bytes to 2 MiB.
package qcow2

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// Errors of the image.
var (
	// ErrForm says that it is no such image.
	ErrForm = errors.New("no qcow2 image")
	// ErrDamaged says that what the image says cannot be.
	ErrDamaged = errors.New("the qcow2 image is damaged")
	// ErrUnsupported says what is not read.
	ErrUnsupported = errors.New("not read")
)

func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrDamaged}, args...)...)
}

func unsupported(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrUnsupported}, args...)...)
}

// Incompatible features.
const (
	featureDirty = 1 << iota
	featureCorrupt
	featureExternal
	featureCompression
	featureExtendedL2
)

const (
	maxL1      = 32 << 20 // bytes, as in QEMU
	maxBacking = 1023     // bytes of a name
	kept       = 16       // clusters of either kind
	offsets    = 0x00fffffffffffe00
	packed     = 1 << 62
	zeros      = 1
)

// Image is a disk. It is safe for concurrent use.
type Image struct {
	r       io.ReaderAt
	size    int64
	bits    uint
	cluster int64
	version uint32
	zstd    bool
	l1      []byte
	notes   []string

	mine   sync.Mutex
	tables cache // L2, by the place in the image
	data   cache // unpacked clusters, by their entry
}

// cache keeps the clusters that were used last.
type cache []cached

type cached struct {
	key uint64
	b   []byte
}

func (c *cache) get(key uint64) []byte {
	for i, x := range *c {
		if x.key == key {
			copy((*c)[1:i+1], (*c)[:i])
			(*c)[0] = x
			return x.b
		}
	}
	return nil
}

func (c *cache) put(key uint64, b []byte) {
	if len(*c) < kept {
		*c = append(*c, cached{})
	}
	copy((*c)[1:], *c)
	(*c)[0] = cached{key, b}
}

// Is says whether a file begins as such an image.
func Is(head []byte) bool { return bytes.HasPrefix(head, []byte("QFI\xfb")) }

// Open reads the header and the first table. Errors: ErrForm, ErrDamaged,
// ErrUnsupported, the reader's.
func Open(r io.ReaderAt) (*Image, error) {
	b := make([]byte, 112)
	if n, err := r.ReadAt(b, 0); n < 72 {
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		return nil, ErrForm
	}
	if !Is(b) {
		return nil, ErrForm
	}
	be := binary.BigEndian
	i := &Image{r: r, version: be.Uint32(b[4:]), bits: uint(be.Uint32(b[20:]))}
	if i.version != 2 && i.version != 3 {
		return nil, unsupported("qcow2 of version %d", i.version)
	}
	if i.bits < 9 || i.bits > 21 {
		return nil, damaged("clusters of 2^%d bytes", i.bits)
	}
	i.cluster = 1 << i.bits
	size := be.Uint64(b[24:])
	if size > 1<<60 {
		return nil, damaged("a disk of %d bytes", size)
	}
	i.size = int64(size)
	if err := i.features(b); err != nil {
		return nil, err
	}
	if be.Uint32(b[32:]) != 0 {
		return nil, unsupported("it is encrypted: qemu-img convert -O raw with its secret makes a raw image")
	}
	if at, length := be.Uint64(b[8:]), be.Uint32(b[16:]); at != 0 {
		return nil, i.backed(at, length)
	}
	if n := be.Uint32(b[60:]); n > 0 {
		i.notes = append(i.notes, fmt.Sprintf("%d snapshots inside the image are not looked into: qemu-img convert -l NAME makes a raw image of one", n))
	}
	return i, i.first(be.Uint32(b[36:]), be.Uint64(b[40:]))
}

// features judges those of version 3.
func (i *Image) features(b []byte) error {
	if i.version < 3 {
		return nil
	}
	be := binary.BigEndian
	f := be.Uint64(b[72:])
	switch {
	case f&featureExternal != 0:
		return unsupported("its data lie in another file: qemu-img convert -O raw joins them")
	case f&featureExtendedL2 != 0:
		return unsupported("it has extended L2 entries: qemu-img convert -O raw makes a raw image")
	case f&^(featureDirty|featureCorrupt|featureCompression) != 0:
		return unsupported("qcow2 with features %#x, which are not known", f)
	}
	if f&featureCorrupt != 0 {
		i.notes = append(i.notes, "QEMU had marked the image as corrupt")
	}
	if f&featureCompression == 0 {
		return nil
	}
	switch kind := b[104]; {
	case be.Uint32(b[100:]) < 105:
		return damaged("its header is too short for its features")
	case kind == 1:
		i.zstd = true
	case kind != 0:
		return unsupported("clusters packed in form %d", kind)
	}
	return nil
}

// backed names the file that the image stands on, which is foreign text.
func (i *Image) backed(at uint64, length uint32) error {
	if length > maxBacking || at > uint64(i.cluster) { //nolint:gosec // a power of two below 2^22
		return damaged("the name of a backing file of %d bytes at %d", length, at)
	}
	b := make([]byte, length)
	if _, err := i.r.ReadAt(b, int64(at)); err != nil && !errors.Is(err, io.EOF) { //nolint:gosec // judged
		return err
	}
	return unsupported("it holds only what differs from %s: qemu-img convert -O raw, where both are, joins them", strconv.Quote(strings.ToValidUTF8(string(b), "\uFFFD")))
}

// first reads the L1 table.
func (i *Image) first(entries uint32, at uint64) error {
	per := i.cluster / 8 * i.cluster // bytes of the disk that an L2 table speaks of
	need := (i.size + per - 1) / per
	if int64(entries) < need || need*8 > maxL1 || at > 1<<60 || at%uint64(i.cluster) != 0 { //nolint:gosec // a power of two below 2^22
		return damaged("its first table has %d entries at %d, and %d are needed", entries, at, need)
	}
	i.l1 = make([]byte, need*8)
	n, err := i.r.ReadAt(i.l1, int64(at))
	if n < len(i.l1) {
		if err == nil || errors.Is(err, io.EOF) {
			err = damaged("it ends in its first table")
		}
		return err
	}
	return nil
}

// Size is that of the disk, in bytes.
func (i *Image) Size() int64 { return i.size }

// Notes is what is to be known of the image as a whole.
func (i *Image) Notes() []string { return i.notes }

// ReadAt reads from the disk. Errors: ErrDamaged, the reader's.
func (i *Image) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, damaged("offset %d", off)
	}
	if off >= i.size {
		return 0, io.EOF
	}
	var last error
	if int64(len(p)) > i.size-off {
		p, last = p[:i.size-off], io.EOF
	}
	done := 0
	for done < len(p) {
		at := off + int64(done)
		in := at & (i.cluster - 1)
		part := p[done:min(len(p), done+int(i.cluster-in))]
		if err := i.part(part, at>>i.bits, in); err != nil {
			return done, fmt.Errorf("at %d of the disk: %w", at, err)
		}
		done += len(part)
	}
	return done, last
}

// part reads inside of one cluster of the disk.
func (i *Image) part(p []byte, number, in int64) error {
	entry, err := i.entry(number)
	if err != nil {
		return err
	}
	switch {
	case entry&packed != 0:
		b, err := i.unpacked(entry)
		if err != nil {
			return err
		}
		copy(p, b[in:])
		return nil
	case i.version >= 3 && entry&zeros != 0, entry&offsets == 0:
		clear(p)
		return nil
	case entry&offsets&uint64(i.cluster-1) != 0: //nolint:gosec // positive
		return damaged("a cluster begins at %d", entry&offsets)
	}
	n, err := i.r.ReadAt(p, int64(entry&offsets)+in)
	if n < len(p) {
		if err == nil || errors.Is(err, io.EOF) { // the file need not have the end of its last cluster
			clear(p[n:])
			return nil
		}
		return err
	}
	return nil
}

// entry is what the L2 table says of a cluster.
func (i *Image) entry(number int64) (uint64, error) {
	be, per := binary.BigEndian, i.cluster/8
	table := be.Uint64(i.l1[number/per*8:]) & offsets
	if table == 0 {
		return 0, nil
	}
	if table&uint64(i.cluster-1) != 0 { //nolint:gosec // positive
		return 0, damaged("a table begins at %d", table)
	}
	i.mine.Lock()
	defer i.mine.Unlock()
	b := i.tables.get(table)
	if b == nil {
		b = make([]byte, i.cluster)
		if n, err := i.r.ReadAt(b, int64(table)); n < len(b) {
			if err == nil || errors.Is(err, io.EOF) {
				err = damaged("it ends in a table at %d", table)
			}
			return 0, err
		}
		i.tables.put(table, b)
	}
	return be.Uint64(b[number%per*8:]), nil
}

// unpacked is a cluster that was packed. Its entry has the place, not aligned to
// anything, and the number of sectors that it ends in.
func (i *Image) unpacked(entry uint64) ([]byte, error) {
	i.mine.Lock()
	defer i.mine.Unlock()
	if b := i.data.get(entry); b != nil {
		return b, nil
	}
	x := 62 - (i.bits - 8)
	at := entry & (1<<x - 1) & (1<<56 - 1)
	sectors := (entry&(packed-1))>>x + 1
	size := sectors*512 - at&511
	if size > 2*uint64(i.cluster)+512 { //nolint:gosec // a power of two below 2^22
		return nil, damaged("a packed cluster of %d bytes", size)
	}
	in := io.NewSectionReader(i.r, int64(at), int64(size)) //nolint:gosec // below 2^56
	var from io.Reader
	if i.zstd {
		d, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(8<<20), zstd.WithDecoderLowmem(true))
		if err != nil {
			return nil, damaged("a packed cluster at %d: %v", at, err)
		}
		defer d.Close()
		from = d
	} else {
		from = flate.NewReader(in)
	}
	b := make([]byte, i.cluster)
	if n, err := io.ReadFull(from, b); err != nil {
		return nil, damaged("a packed cluster at %d ends after %d bytes: %v", at, n, err)
	}
	i.data.put(entry, b)
	return b, nil
}
