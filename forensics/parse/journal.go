package parse

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
)

// The journal file format: https://systemd.io/JOURNAL_FILE_FORMAT/. A file is a
// header and then objects, each aligned to 8 bytes, in the order in which they
// were appended: an entry always stands behind the data it refers to. So one
// reading from front to back finds everything, and neither hash tables nor
// entry arrays are needed or trusted.
const (
	journalHeaderMin = 208
	journalAligned   = 7

	journalData  = 1
	journalEntry = 3
	journalTag   = 7

	journalXZ      = 1
	journalLZ4     = 2
	journalZSTD    = 4
	journalCompact = 16
	journalKnown   = 1 | 2 | 4 | 8 | 16 // incompatible flags we understand

	maxJournalItems  = 1024      // fields of one entry
	maxJournalObject = 1 << 30   // no object is longer: systemd's own limit is 768 MiB
	maxJournalStored = 16 << 20  // stored bytes of one data object that are looked at
	maxJournalValue  = 64 << 10  // of one field that is kept
	maxJournalKept   = 256 << 20 // of all fields that later entries may refer to
)

// journalDatum is one field that entries refer to.
type journalDatum struct {
	name    journalName
	value   string
	size    int64 // of the value before it was cut, 0 when it was not
	escaped bool
	once    bool // one entry alone refers to it
}

// journalName is the name of a field. Those with a number are compared by it.
type journalName struct {
	text   string
	number int // -1 where there are too many
}

// journalField is a field of the entry at hand.
type journalField struct {
	rank        int
	name, value string
}

// journalReader goes through a journal once.
type journalReader struct {
	j       *job
	r       *bufio.Reader
	at      int64 // offset of the next byte
	compact bool
	end     int64 // where the header says that the last object begins
	entries int64 // how many the header says there are
	found   int64
	bad     int64 // entries that were found and rejected
	damage  int64 // stretches that are no objects
	hurt    int64 // where the last of them began, -1 for none
	data    map[uint64]journalDatum
	kept    int64
	full    bool
	names   map[string]journalName
	ranks   []int   // of the names, by their numbers: how they sort
	seen    []int64 // the entry in which a name was seen last
	fields  []journalField
	marked  []journalDatum // of which something is to be said
	odd     []journalDatum // further values of a name
	count   int64          // entries that were read
	again   map[string]int // further values of a name in the entry at hand
	room    int            // bytes of fields that the entry at hand may still take
	buf     []byte
	unpack  journalUnpacker
}

func isJournal(_ string, head []byte) bool { return bytes.HasPrefix(head, []byte("LPKSHHRH")) }

// parseJournal makes an event of each entry of a systemd journal file, with all
// of its fields. Files that were cut or not closed give what is readable; the
// entries that the header promises besides are counted as rejected.
//
// Reference: systemd, docs/JOURNAL_FILE_FORMAT.md and
// src/libsystemd/sd-journal/journal-def.h.
func parseJournal(j *job, r *bufio.Reader) error {
	head := make([]byte, journalHeaderMin)
	if _, err := io.ReadFull(r, head); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			j.reject(0, nil, "journal header is cut")
			return nil
		}
		return err
	}
	if !isJournal("", head) {
		j.reject(0, head[:8], "no journal")
		return nil
	}
	p := &journalReader{
		j: j, r: r, at: journalHeaderMin, hurt: -1,
		data: map[uint64]journalDatum{}, names: map[string]journalName{}, again: map[string]int{},
	}
	le := binary.LittleEndian
	flags, size := le.Uint32(head[12:]), le.Uint64(head[88:])
	arena := min(le.Uint64(head[96:]), 1<<50)
	p.compact = flags&journalCompact != 0
	p.end = int64(min(le.Uint64(head[136:]), math.MaxInt64))
	p.entries = int64(min(le.Uint64(head[152:]), arena/journalDataMin))
	if flags&^uint32(journalKnown) != 0 {
		j.rejectMany(max(1, p.entries), 0, nil, fmt.Sprintf("journal has features that are not known (flags %#x)", flags))
		return nil
	}
	if size < journalHeaderMin || size > 1<<20 || size&journalAligned != 0 {
		j.reject(88, nil, fmt.Sprintf("journal header of %d bytes", size))
		return nil
	}
	switch head[16] {
	case 1:
		j.note("the journal was not closed: taken from a running host, or after a crash")
	case 0, 2:
	default:
		j.note(fmt.Sprintf("journal state %d is not known", head[16]))
	}
	defer p.unpack.close()
	if done, err := p.seek(head); done || err != nil {
		return err
	}
	err := p.skip(int64(size) - journalHeaderMin)
	if err == nil {
		err = p.objects()
	}
	p.settle()
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return err
}

// settle counts what the header promises and was not found.
func (p *journalReader) settle() {
	missing := p.entries - p.found - p.bad
	if lost := max(missing, p.damage); lost > 0 {
		p.j.rejectMany(lost, p.at, nil, fmt.Sprintf("the header promises %d entries, %d were found; %d damaged stretches", p.entries, p.found, p.damage))
	}
}

func (p *journalReader) skip(n int64) error {
	for n > 0 {
		step := min(n, 1<<20)
		done, err := p.r.Discard(int(step))
		p.at += int64(done)
		n -= int64(done)
		if err != nil {
			return err
		}
		if err := p.j.ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

// objects goes from object to object. Bytes that cannot begin one are passed
// over in steps of 8: zeros are space not yet used, the rest is damage.
func (p *journalReader) objects() error {
	for n := 0; ; n++ {
		if n%4096 == 0 {
			if err := p.j.ctx.Err(); err != nil {
				return err
			}
		}
		head, err := p.r.Peek(16)
		if err != nil {
			if errors.Is(err, io.EOF) && len(bytes.Trim(head, "\x00")) > 0 {
				p.damage++
			}
			return err
		}
		kind, size := head[0], binary.LittleEndian.Uint64(head[8:])
		if !plausible(kind, head[1], head[2:8], size) {
			if len(bytes.Trim(head[:8], "\x00")) > 0 && p.hurt < 0 {
				p.hurt = p.at
				p.damage++
				p.j.note(fmt.Sprintf("damage at %d: no object there", p.at))
			}
			if err := p.skip(8); err != nil {
				return err
			}
			continue
		}
		if err := p.object(kind, head[1], int64(size)); err != nil { //nolint:gosec // bounded by plausible
			if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
				p.damage++
				p.j.note(fmt.Sprintf("the file ends inside the object at %d", p.at))
			}
			return err
		}
	}
}

const (
	journalDataMin    = 64
	journalCompactMin = 72
)

// plausible says whether 16 bytes can be the header of an object.
func plausible(kind, flags byte, reserved []byte, size uint64) bool {
	if kind < journalData || kind > journalTag || flags > journalZSTD || size > maxJournalObject || flags != 0 && kind != journalData {
		return false
	}
	for _, c := range reserved {
		if c != 0 {
			return false
		}
	}
	smallest := uint64(16)
	switch kind {
	case journalData, journalEntry:
		smallest = journalDataMin
	case 2:
		smallest = 40
	case 6:
		smallest = 24
	case journalTag:
		smallest = 64
	}
	return size >= smallest
}

// object reads one object, leaving the reader behind it.
func (p *journalReader) object(kind, flags byte, size int64) error {
	start := p.at
	padded := (size + journalAligned) &^ journalAligned
	switch kind {
	case journalData:
		b, err := p.take(min(size, maxJournalStored+journalCompactMin))
		if err != nil {
			return err
		}
		p.datum(uint64(start), flags, b, size) //nolint:gosec // offsets are positive
	case journalEntry:
		if size > journalDataMin+16*maxJournalItems {
			p.tooLong(start, size)
			break
		}
		b, err := p.take(size)
		if err != nil {
			return err
		}
		if err := p.entry(start, b); err != nil {
			return err
		}
	}
	err := p.skip(start + padded - p.at)
	if errors.Is(err, io.EOF) && p.at >= start+size {
		return nil // the padding of the last object may be missing
	}
	return err
}

// tooLong rejects an entry with more fields than one can have.
func (p *journalReader) tooLong(at, size int64) {
	p.bad++
	p.j.reject(at, nil, fmt.Sprintf("entry of %d bytes", size))
}

// shared is n bytes of the buffer that all objects share.
func (p *journalReader) shared(n int64) []byte {
	if int64(cap(p.buf)) < n {
		p.buf = make([]byte, n, max(2*n, 4096))
	}
	return p.buf[:n]
}

// take reads n bytes into the shared buffer.
func (p *journalReader) take(n int64) ([]byte, error) {
	b := p.shared(n)
	got, err := io.ReadFull(p.r, b)
	p.at += int64(got)
	return b, err
}

// datum remembers one field for the entries behind it.
func (p *journalReader) datum(offset uint64, flags byte, b []byte, size int64) {
	from := journalDataMin
	if p.compact {
		from = journalCompactMin
	}
	if len(b) < from {
		return
	}
	refs := binary.LittleEndian.Uint64(b[56:])
	payload, total := b[from:], size-int64(from)
	if flags != 0 {
		var err error
		if payload, total, err = p.unpack.open(flags, payload); err != nil {
			p.data[offset] = journalDatum{name: p.intern([]byte("UNREADABLE")), value: err.Error(), once: refs == 1}
			return
		}
	}
	name, value, ok := bytes.Cut(payload, []byte("="))
	if !ok {
		name, value = []byte("UNREADABLE"), payload
	}
	d := journalDatum{name: p.intern(name), once: refs == 1}
	limit := maxJournalValue
	if p.kept > maxJournalKept {
		limit = 256
		if !p.full {
			p.full = true
			p.j.note(fmt.Sprintf("fields are longer than %d MiB together: long ones are cut to %d bytes", maxJournalKept>>20, limit))
		}
	}
	if total -= int64(len(name) + 1); total > int64(limit) || len(value) > limit {
		value, d.size = value[:min(limit, len(value))], total
	}
	d.value, d.escaped = clean(value)
	p.kept += int64(len(d.value)) + 64
	p.data[offset] = d
}

// intern keeps one copy of each field name, and counts them.
func (p *journalReader) intern(name []byte) journalName {
	if n, ok := p.names[string(name)]; ok {
		return n
	}
	if len(name) > 256 {
		name = name[:256]
	}
	s, _ := clean(name)
	if len(p.names) >= 4096 {
		return journalName{s, -1}
	}
	if n, ok := p.names[s]; ok { // two that are one when they are cleaned
		return n
	}
	n := journalName{s, len(p.names)}
	p.names[string(name)] = n
	if s != string(name) {
		n.number = -1 // the other form may come too
		p.names[string(name)] = n
	}
	p.seen = append(p.seen, -1)
	p.ranks = nil
	return n
}

// rank sorts the names, so that those of an entry are sorted by numbers.
func (p *journalReader) rank() {
	all := make([]journalName, 0, len(p.names))
	for _, n := range p.names {
		if n.number >= 0 {
			all = append(all, n)
		}
	}
	slices.SortFunc(all, func(a, b journalName) int { return strings.Compare(a.text, b.text) })
	p.ranks = make([]int, len(p.seen))
	for i, n := range all {
		p.ranks[n.number] = i
	}
}
