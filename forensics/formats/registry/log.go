package registry

import (
	"fmt"
	"io"
	"math/bits"
	"slices"

	"firebreak/forensics/formats/le"
)

const (
	pageSize   = 512 // the smallest piece that a log changes
	entryHead  = 40
	maxEntry   = 64 << 20
	maxChanged = 128 << 20 // of all logs together
)

// Log is a transaction log beside a hive.
type Log struct {
	Name string
	File io.ReaderAt
	Size int64
}

// opened is a log whose head was read.
type opened struct {
	Log
	kind  uint32
	first uint32
}

// Replay takes the changes out of the logs that the hive does not have yet. A
// hive that was closed has none. What is wrong with a log is noted.
func (h *Hive) Replay(logs ...Log) error {
	var fit []opened
	for _, l := range logs {
		head, err := readAt(l.File, 0, 512)
		if err != nil {
			return err
		}
		switch {
		case len(head) < 512 || !IsLog(head):
			continue // empty, as it is where there is nothing to keep
		case checksum(head) != head.U32(508):
			h.note("%s: the checksum of its head is wrong", l.Name)
			continue
		}
		fit = append(fit, opened{l, head.U32(28), head.U32(4)})
	}
	if !h.Dirty {
		return nil
	}
	slices.SortStableFunc(fit, func(a, b opened) int { return int(signed(a.first - b.first)) })
	next := h.last
	for _, l := range fit {
		var err error
		if l.kind == 6 {
			next, err = h.replayEntries(l, next)
		} else {
			err = h.replayPages(l)
		}
		if err != nil {
			return err
		}
	}
	if h.Applied == 0 {
		h.note("the hive was not closed and no log has its last changes")
	}
	clear(h.blocks)
	return nil
}

func (h *Hive) note(format string, a ...any) {
	if len(h.Notes) < 32 {
		h.Notes = append(h.Notes, fmt.Sprintf(format, a...))
	}
}

// change sets a part of the hive; at is from the first bin.
func (h *Hive) change(at int64, data le.Bytes) bool {
	if at%pageSize != 0 || int64(len(h.pages))*pageSize+int64(len(data)) > maxChanged {
		return false
	}
	for len(data) >= pageSize {
		h.pages[baseSize+at] = data[:pageSize:pageSize]
		data, at = data[pageSize:], at+pageSize
	}
	return true
}

// grow has the hive end where a log says.
func (h *Hive) grow(bins uint32) {
	if end := baseSize + int64(bins); bins%baseSize == 0 && end > h.end && end <= h.Size+maxChanged {
		h.end = end
	}
}

// replayEntries takes the entries of a log of Windows 8.1 and later that follow
// on each other, from a sequence number on; it answers the next.
func (h *Hive) replayEntries(l opened, next uint32) (uint32, error) {
	n := 0
	for at := int64(512); at+entryHead <= l.Size; {
		head, err := readAt(l.File, at, entryHead)
		if err != nil {
			return next, err
		}
		size := int(head.U32(4))
		if string(head.Cut(0, 4)) != "HvLE" || size < 512 || size%512 != 0 || size > maxEntry || at+int64(size) > l.Size {
			break
		}
		e, err := readAt(l.File, at, size)
		if err != nil {
			return next, err
		}
		if marvin(e[entryHead:]) != e.U64(24) || marvin(e[:32]) != e.U64(32) {
			h.note("%s: an entry at %d is damaged: it ends there", l.Name, at)
			break
		}
		at += int64(size)
		seq := e.U32(12)
		if signed(seq-next) < 0 {
			continue // the hive has it already
		}
		if seq != next {
			if n > 0 || h.Applied > 0 {
				h.note("%s: entries before number %d are missing: it ends there", l.Name, seq)
				break
			}
			h.note("%s: it begins with number %d, the hive ends before %d", l.Name, seq, next)
		}
		if !h.entry(e) {
			h.note("%s: entry %d does not fit the hive: it ends there", l.Name, seq)
			break
		}
		next = seq + 1
		n++
	}
	return next, nil
}

// entry applies one.
func (h *Hive) entry(e le.Bytes) bool {
	refs := int(e.U32(20))
	at := entryHead + 8*refs
	if refs < 0 || refs > len(e)/8 || at > len(e) {
		return false
	}
	h.grow(e.U32(16))
	for i := range refs {
		offset, size := e.U32(entryHead+8*i), e.Int(entryHead+8*i+4)
		data := e.Cut(at, size)
		if data == nil || !h.change(int64(offset), data) {
			return false
		}
		at += size
	}
	h.Applied++
	return true
}

// replayPages takes the pages of an older log: a bit for each 512 bytes of the
// bins says whether the log has them.
func (h *Hive) replayPages(l opened) error {
	head, err := readAt(l.File, 0, 512)
	if err != nil {
		return err
	}
	bins := head.U32(40)
	n := int(bins / pageSize / 8)
	if head.U32(4) != head.U32(8) || int64(n) > l.Size || n == 0 {
		h.note("%s: it was not closed", l.Name)
		return nil
	}
	if signed(head.U32(4)-h.last) < 0 {
		return nil // older than the hive
	}
	b, err := readAt(l.File, 512, 4+n)
	if err != nil {
		return err
	}
	if string(b.Cut(0, 4)) != "DIRT" || len(b) < 4+n {
		h.note("%s: it has no map of what changed", l.Name)
		return nil
	}
	h.grow(bins)
	at := (512 + 4 + int64(n) + 511) &^ 511
	changed := false
	for i, bits8 := range b[4:] {
		for bit := range 8 {
			if bits8>>bit&1 == 0 {
				continue
			}
			page, err := readAt(l.File, at, pageSize)
			if err != nil {
				return err
			}
			if len(page) < pageSize || !h.change(int64(i*8+bit)*pageSize, page) {
				h.note("%s: it ends early", l.Name)
				return nil
			}
			at += pageSize
			changed = true
		}
	}
	if changed {
		h.Applied++
	}
	return nil
}

// marvin is Marvin32 with the seed of the logs.
func marvin(b le.Bytes) uint64 { return marvinOf(b, 0x82ef4d887a4e55c5) }

func marvinOf(b le.Bytes, seed uint64) uint64 {
	lo, hi := uint32(seed&0xffffffff), uint32(seed>>32)
	mix := func() {
		hi ^= lo
		lo = bits.RotateLeft32(lo, 20) + hi
		hi = bits.RotateLeft32(hi, 9) ^ lo
		lo = bits.RotateLeft32(lo, 27) + hi
		hi = bits.RotateLeft32(hi, 19)
	}
	for ; len(b) >= 4; b = b[4:] {
		lo += b.U32(0)
		mix()
	}
	last := uint32(0x80)
	for i := len(b) - 1; i >= 0; i-- {
		last = last<<8 | uint32(b[i])
	}
	lo += last
	mix()
	mix()
	return uint64(hi)<<32 | uint64(lo)
}
