package parse

import (
	"bytes"
	"encoding/binary"
	"io"
)

const (
	journalArray     = 6
	journalArrayHead = 24 // its header, and where the next one is
)

// seek reads the entries of the window alone. A journal lists where its entries
// are, in arrays that lead from one to the next; of each entry its time is looked
// at, because clocks are set back and a search by halves would miss what lies
// behind. The list is not trusted: unless it goes forward and leads to as many
// entries as the header promises, nothing is read, and done is false.
func (p *journalReader) seek(head []byte) (done bool, err error) {
	w := p.j.src.Window
	if w == nil || w.At == nil {
		return false, nil
	}
	if own := make([]byte, len(head)); readAt(w.At, own, 0) != nil || !bytes.Equal(own, head) {
		return false, nil // it was packed
	}
	wanted, ok, err := p.listed(w, int64(binary.LittleEndian.Uint64(head[176:]))) //nolint:gosec // checked
	if !ok || err != nil {
		return false, err
	}
	w.Passed = p.entries - int64(len(wanted))
	for i, at := range wanted {
		if i%1024 == 0 && p.j.ctx.Err() != nil {
			return true, p.j.ctx.Err()
		}
		if err := p.entryAt(w.At, at); err != nil {
			return true, err
		}
	}
	return true, nil
}

// listed goes through the list of entries, and returns where those of the window
// are. ok is false for a list that cannot be right.
func (p *journalReader) listed(w *Window, next int64) (wanted []int64, ok bool, err error) {
	le := binary.LittleEndian
	step := min(p.itemSize(), 8)
	var room [64 << 10]byte
	var head [journalDataMin]byte
	seen, last := int64(0), int64(0)
	for array := int64(0); next != 0 && seen < p.entries; {
		if next <= array || next&journalAligned != 0 || readAt(w.At, head[:journalArrayHead], next) != nil {
			return nil, false, nil
		}
		size := le.Uint64(head[8:])
		if head[0] != journalArray || !plausible(head[0], head[1], head[2:8], size) {
			return nil, false, nil
		}
		at, left := next+journalArrayHead, min((int64(size)-journalArrayHead)/int64(step), p.entries-seen) //nolint:gosec // plausible
		array, next = next, int64(le.Uint64(head[16:]))                                                    //nolint:gosec // checked
		for left > 0 {
			if err := p.j.ctx.Err(); err != nil {
				return nil, false, err
			}
			items := room[:min(left, int64(len(room)/step))*int64(step)]
			if readAt(w.At, items, at) != nil {
				return nil, false, nil
			}
			at += int64(len(items))
			left -= int64(len(items) / step)
			for ; len(items) > 0; items = items[step:] {
				entry := p.item(items)
				if entry <= last || entry&journalAligned != 0 || readAt(w.At, head[:], entry) != nil ||
					head[0] != journalEntry || !plausible(head[0], head[1], head[2:8], le.Uint64(head[8:])) {
					return nil, false, nil
				}
				last = entry
				seen++
				if when, ok := journalMoment(le.Uint64(head[24:])); !ok || w.Holds(when.Add(-p.j.src.Skew)) { // what has no time is told
					wanted = append(wanted, entry)
				}
			}
		}
	}
	return wanted, seen == p.entries, nil
}

// entryAt reads the entry there, and the fields that it refers to.
func (p *journalReader) entryAt(file io.ReaderAt, at int64) error {
	var head [16]byte
	if err := readAt(file, head[:], at); err != nil {
		return err
	}
	size := binary.LittleEndian.Uint64(head[8:])
	if size > journalDataMin+16*maxJournalItems {
		p.tooLong(at, int64(size)) //nolint:gosec // plausible
		return nil
	}
	b := make([]byte, size)
	if err := readAt(file, b, at); err != nil {
		return err
	}
	if p.kept > maxJournalKept { // they can be read again
		clear(p.data)
		p.kept = 0
	}
	step := p.itemSize()
	for items := b[journalDataMin:]; len(items) >= step; items = items[step:] {
		field := p.item(items)
		if _, known := p.data[uint64(field)]; known || field <= 0 || readAt(file, head[:], field) != nil { //nolint:gosec // the bits as they are
			continue
		}
		size := binary.LittleEndian.Uint64(head[8:])
		if head[0] != journalData || !plausible(head[0], head[1], head[2:8], size) {
			continue
		}
		datum := p.shared(min(int64(size), maxJournalStored+journalCompactMin)) //nolint:gosec // plausible
		if readAt(file, datum, field) == nil {
			p.datum(uint64(field), head[1], datum, int64(size)) //nolint:gosec // plausible
		}
	}
	return p.entry(at, b)
}

// readAt fills b from there.
func readAt(r io.ReaderAt, b []byte, at int64) error {
	n, err := r.ReadAt(b, at)
	if n == len(b) {
		return nil
	}
	return err
}
