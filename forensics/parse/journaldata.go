package parse

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"github.com/ulikunitz/xz"
)

// journalKeep is how much of an unpacked field is looked at: the value that is
// kept, and its name.
const journalKeep = maxJournalValue + 512

// journalUnpacker takes the compression off single fields. Its answers live
// until the next one.
type journalUnpacker struct {
	zstd *zstd.Decoder
	out  []byte
}

func (u *journalUnpacker) close() {
	if u.zstd != nil {
		u.zstd.Close()
	}
}

// open unpacks a field: its beginning, and how long it is in all.
func (u *journalUnpacker) open(flags byte, b []byte) (head []byte, total int64, err error) {
	switch flags {
	case journalZSTD:
		return u.openZstd(b)
	case journalLZ4:
		return u.openLZ4(b)
	case journalXZ:
		return u.openXz(b)
	}
	return nil, 0, fmt.Errorf("compression %d is not known", flags)
}

func (u *journalUnpacker) openZstd(b []byte) ([]byte, int64, error) {
	if u.zstd == nil {
		d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderLowmem(true))
		if err != nil {
			return nil, 0, fmt.Errorf("open zstd: %w", err)
		}
		u.zstd = d
	}
	var h zstd.Header
	if h.Decode(b) == nil && h.HasFCS && h.FrameContentSize <= journalKeep {
		out, err := u.zstd.DecodeAll(b, u.out[:0])
		if err != nil {
			return nil, 0, fmt.Errorf("open zstd: %w", err)
		}
		u.out = out
		return out, int64(len(out)), nil
	}
	if err := u.zstd.Reset(bytes.NewReader(b)); err != nil {
		return nil, 0, fmt.Errorf("open zstd: %w", err)
	}
	head, total, err := u.prefix(u.zstd)
	if h.HasFCS && h.FrameContentSize < 1<<40 {
		total = int64(h.FrameContentSize)
	}
	return head, total, err
}

// openLZ4 reads systemd's form: the unpacked size in 8 bytes, then one block.
func (u *journalUnpacker) openLZ4(b []byte) ([]byte, int64, error) {
	if len(b) < 9 {
		return nil, 0, errors.New("open lz4: too short")
	}
	size := binary.LittleEndian.Uint64(b)
	if size > maxJournalStored || size > 255*uint64(len(b)) { // no block grows more than 255-fold
		return nil, 0, fmt.Errorf("open lz4: %d bytes are over the limit", size)
	}
	n := int(size)
	if cap(u.out) < n {
		u.out = make([]byte, n)
	}
	n, err := lz4.UncompressBlock(b[8:], u.out[:n])
	if err != nil {
		return nil, 0, fmt.Errorf("open lz4: %w", err)
	}
	return u.out[:n], int64(n), nil
}

func (u *journalUnpacker) openXz(b []byte) ([]byte, int64, error) {
	br := bufio.NewReaderSize(bytes.NewReader(b), 2048)
	if err := checkXz(b, br); err != nil {
		return nil, 0, fmt.Errorf("open xz: %w", err)
	}
	r, err := xz.ReaderConfig{DictCap: 1 << 16, SingleStream: true}.NewReader(br)
	if err != nil {
		return nil, 0, fmt.Errorf("open xz: %w", err)
	}
	return u.prefix(r)
}

// prefix reads the part of a stream that is looked at; total is at least one
// more where there is more.
func (u *journalUnpacker) prefix(r io.Reader) ([]byte, int64, error) {
	if cap(u.out) < journalKeep+1 {
		u.out = make([]byte, journalKeep+1)
	}
	out := u.out[:journalKeep+1]
	n, err := io.ReadFull(r, out)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return nil, 0, err
	}
	return out[:n], int64(n), nil
}
