package events

import (
	"bytes"
	"context"
	"database/sql/driver"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"maps"
	"math/bits"
	"slices"
	"strings"

	"firebreak/store/events/segment"
)

// Whoever opens a timeline needs the metas of all segments, and a word that is
// looked for may be a host or a user of any. Both lie a row or two apart for each
// segment. So those of up to 64 segments, whose ids begin with the same bits, are
// kept once more in one row of the table digest.
//
// A digest is never relied on to be there or to be complete: a segment that is not
// in it is read from its own parts. Segments do not change, so what a digest says
// stays true, and one that is dropped takes the digest with it.
const (
	digestBits    = 6
	digestVersion = 1
	digestNames   = 64 << 10 // of names that are kept; a group that has more has none
	digestFew     = 8        // so few segments are not worth a row that is written anew
)

const digestTable = `CREATE TABLE IF NOT EXISTS digest (id INTEGER PRIMARY KEY, segments INTEGER NOT NULL, data BLOB NOT NULL)`

func groupOf(segment int64) int64 { return segment >> digestBits }

func bitOf(segment int64) uint64 { return 1 << (segment & (1<<digestBits - 1)) }

func digestSum(data []byte) uint32 { return crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli)) }

func errDigest(group int64) error { return fmt.Errorf("%w: digest %d", ErrDamaged, group) }

// people is the hosts and users of a group's segments.
type people struct {
	named uint64   // the segments whose names are here
	names []byte   // in lower case, each followed by a zero byte
	in    []uint64 // which segments have each
}

// have are the segments in one of whose names the text may be.
func (p *people) have(text []byte) (segments uint64) {
	name, from := 0, 0
	for at := 0; ; {
		i := bytes.Index(p.names[at:], text)
		if i < 0 {
			return segments
		}
		at += i
		name += bytes.Count(p.names[from:at], []byte{0})
		segments |= p.in[name]
		from = at
		next := bytes.IndexByte(p.names[at:], 0)
		if next < 0 {
			return segments
		}
		at += next
	}
}

// digests reads all that there are: the metas, and who the people are.
func (s session) digests(ctx context.Context) (metas map[int64]*entry, who map[int64]*people, err error) {
	there, err := s.hasTable(ctx, "digest")
	if err != nil || !there {
		return nil, nil, err
	}
	metas, who = make(map[int64]*entry), make(map[int64]*people)
	err = s.each(ctx, `SELECT id, data FROM digest`, nil, func(row []driver.Value) (bool, error) {
		group, err := integer(row[0])
		data, ok := row[1].([]byte)
		if err != nil || !ok {
			return false, errDigest(group)
		}
		who[group], err = parseDigest(group, data, metas)
		return true, err
	})
	return metas, who, err
}

func parseDigest(group int64, data []byte, metas map[int64]*entry) (*people, error) {
	body := len(data) - 4
	if body < 1 || digestSum(data[:body]) != binary.LittleEndian.Uint32(data[body:]) || data[0] != digestVersion {
		return nil, errDigest(group)
	}
	d := digestReader{rest: data[1:body]}
	for range d.number() {
		e := &entry{id: group<<digestBits | int64(d.number()&(1<<digestBits-1))}
		e.small = d.number() != 0
		var err error
		if e.meta, err = segment.ParseMeta(d.bytes()); err != nil || d.failed {
			return nil, errors.Join(errDigest(group), err)
		}
		metas[e.id] = e
	}
	p := &people{named: d.number(), names: bytes.Clone(d.bytes())}
	for range bytes.Count(p.names, []byte{0}) {
		p.in = append(p.in, d.number())
	}
	if d.failed || len(d.rest) > 0 {
		return nil, errDigest(group)
	}
	return p, nil
}

// digestReader takes numbers and bytes off the front. After a failure it gives
// zeros.
type digestReader struct {
	rest   []byte
	failed bool
}

func (d *digestReader) number() uint64 {
	v, n := binary.Uvarint(d.rest)
	if n <= 0 {
		d.failed, d.rest = true, nil
		return 0
	}
	d.rest = d.rest[n:]
	return v
}

func (d *digestReader) bytes() []byte {
	n := d.number()
	if n > uint64(len(d.rest)) {
		d.failed, d.rest = true, nil
		return nil
	}
	b := d.rest[:n]
	d.rest = d.rest[n:]
	return b
}

// digest writes the digests that lack segments, if that is worth it. Who asks for
// the first page of a timeline that has none waits longer, and that is all.
func (db *DB) digest(ctx context.Context) error {
	return db.update(ctx, func(w *writer) error { return w.digest(ctx) })
}

func (w *writer) digest(ctx context.Context) error {
	entries, err := w.segments(ctx)
	if err != nil {
		return err
	}
	groups := make(map[int64][]*entry)
	lacks := make(map[int64]uint64)
	for _, e := range entries {
		g := groupOf(e.id)
		groups[g] = append(groups[g], e)
		lacks[g] |= bitOf(e.id)
	}
	err = w.each(ctx, `SELECT id, segments FROM digest`, nil, func(row []driver.Value) (bool, error) {
		group, bad := integer(row[0])
		has, err := integer(row[1])
		lacks[group] &^= uint64(has) //nolint:gosec // the bits as they are
		return true, errors.Join(bad, err)
	})
	if err != nil {
		return err
	}
	missing := 0
	for _, segments := range lacks {
		missing += bits.OnesCount64(segments)
	}
	if missing < digestFew {
		return nil
	}
	for _, group := range slices.Sorted(maps.Keys(groups)) {
		if lacks[group] == 0 {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		data, err := w.digestOf(groups[group])
		if err != nil {
			return err
		}
		has := uint64(0)
		for _, e := range groups[group] {
			has |= bitOf(e.id)
		}
		if _, err := w.exec(ctx, `INSERT OR REPLACE INTO digest VALUES (?, ?, ?)`, group, int64(has), data); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) digestOf(group []*entry) ([]byte, error) {
	data := binary.AppendUvarint([]byte{digestVersion}, uint64(len(group)))
	for _, e := range group {
		meta := e.meta.Append(nil)
		small := uint64(0)
		if e.small {
			small = 1
		}
		for _, v := range [...]uint64{uint64(e.id) & (1<<digestBits - 1), small, uint64(len(meta))} { //nolint:gosec // ids are positive
			data = binary.AppendUvarint(data, v)
		}
		data = append(data, meta...)
	}
	names, named, err := w.peopleOf(group)
	if err != nil {
		return nil, err
	}
	data = binary.AppendUvarint(data, named)
	var text, in []byte
	for _, name := range slices.Sorted(maps.Keys(names)) {
		text = append(append(text, name...), 0)
		in = binary.AppendUvarint(in, names[name])
	}
	data = append(binary.AppendUvarint(data, uint64(len(text))), text...)
	data = append(data, in...)
	return binary.LittleEndian.AppendUint32(data, digestSum(data)), nil
}

// peopleOf is the hosts and users of the segments, and which have each; none where
// there are very many.
func (w *writer) peopleOf(group []*entry) (in map[string]uint64, named uint64, err error) {
	in = make(map[string]uint64)
	size := 0
	for _, e := range group {
		r := w.open(e)
		for _, c := range [...]segment.Column{segment.Host, segment.User} {
			values, err := r.Dictionary(c)
			if err != nil {
				return nil, 0, fmt.Errorf("segment %d: %w", e.id, err)
			}
			for _, v := range values {
				// What is looked for has no zero byte, so it is in one of the pieces.
				for name := range strings.SplitSeq(string(appendLower(nil, []byte(v))), "\x00") {
					if in[name] == 0 {
						size += len(name) + 1
					}
					in[name] |= bitOf(e.id)
				}
			}
		}
		if named |= bitOf(e.id); size > digestNames {
			return nil, 0, nil
		}
	}
	return in, named, nil
}
