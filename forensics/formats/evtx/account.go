package evtx

import "slices"

// place notes that a record was found, and says where; what a sound chunk counts
// stays as it is.
func (d *Decoder) place(id uint64, found string) string {
	c := d.chunk
	if c.Promised == 0 || id < c.First || id > c.Last {
		d.odd = d.odd || found == ""
		d.loose = append(d.loose, id)
		if found == "" && c.Promised > 0 && !(c.HeaderSum && c.DataSum) {
			return FoundOther
		}
		if found == "" {
			d.placed++
		}
		return found
	}
	n := id - c.First
	twice := d.seen[n/64]&(1<<(n%64)) != 0
	d.seen[n/64] |= 1 << (n % 64)
	switch {
	case found != "":
	case twice && !(c.HeaderSum && c.DataSum):
		return FoundOther
	default:
		d.placed++
	}
	return found
}

// Range is numbers of records, both ends among them.
type Range struct{ First, Last uint64 }

// Count is how many there are.
func (r Range) Count() int64 { return int64(r.Last-r.First) + 1 } //nolint:gosec // ranges here are small

// lost are the records that the chunk's header promises and Next did not find.
func (d *Decoder) lost() []Range {
	c := d.chunk
	var out []Range
	if c.Promised == 0 || d.odd && d.placed >= c.Promised {
		return nil // the header numbers them in another way
	}
	for id := c.First; ; id++ {
		n := id - c.First
		if d.seen[n/64]&(1<<(n%64)) == 0 {
			if k := len(out); k > 0 && out[k-1].Last+1 == id {
				out[k-1].Last = id
			} else {
				out = append(out, Range{id, id})
			}
		}
		if id == c.Last {
			return out
		}
	}
}

// Tally is what came of one chunk.
type Tally struct {
	Chunk
	Lost  []Range // numbers that its header promises and that are gone
	Loose []uint64
}

// Tally is that of the chunk when Next came to its end.
func (d *Decoder) Tally() Tally {
	t := Tally{Chunk: *d.chunk, Loose: slices.Clone(d.loose)}
	t.Room = nil
	if !t.Again && d.believed() {
		t.Lost = d.lost()
	}
	return t
}

// believed says whether what the chunk's header promises is worth anything: its
// checksum is right, or one of the records is there, or nothing at all.
func (d *Decoder) believed() bool {
	if d.chunk.HeaderSum {
		return true
	}
	for _, w := range d.seen {
		if w != 0 {
			return true
		}
	}
	return len(d.loose) == 0
}

// Loss is records that are gone: their numbers, or, where these are not known,
// how many chunks.
type Loss struct {
	Offset int64
	Range
	Chunks int
	Why    string
}

// Count is how many records, at least.
func (l Loss) Count() int64 {
	if l.Chunks > 0 {
		return int64(l.Chunks)
	}
	return l.Range.Count()
}

// Ledger holds the chunks of a file against each other and against its header.
type Ledger struct {
	Jumps  []Range // numbers between one chunk and the next that no chunk has
	chunks int
	last   uint64   // number of the last record so far
	known  bool     // there was one
	blind  int      // chunks without a header since
	at     int64    // where these begin
	loose  []uint64 // numbers that were found in them
	end    int64
}

// maxJumps is how many jumps are kept.
const maxJumps = 1 << 12

// Add takes the chunks in their order, the unused ones too. It answers what is
// gone.
func (l *Ledger) Add(h *Header, t *Tally) []Loss {
	l.end = t.Offset + int64(t.Size)
	var out []Loss
	for _, r := range t.Lost {
		out = append(out, Loss{Offset: t.Offset, Range: r, Why: "missing, though the chunk's header counts them"})
	}
	if t.Again || t.Beyond || !t.Used && (!h.Counts() || t.Slot >= h.Chunks) {
		return out
	}
	if !t.Valid {
		if t.Size < ChunkSize/2 && len(t.Loose) == 0 && t.Used {
			return nil // a rest of what stood here
		}
		if l.blind++; l.blind == 1 {
			l.at = t.Offset
		}
		l.loose = append(l.loose, t.Loose...)
		l.chunks++
		return nil
	}
	l.chunks++
	if t.Promised == 0 {
		return out
	}
	switch {
	case l.blind > 0:
		out = append(out, l.between(t.First)...)
	case l.known && t.First > l.last+1 && len(l.Jumps) < maxJumps:
		l.Jumps = append(l.Jumps, Range{l.last + 1, t.First - 1})
	}
	l.last, l.known, l.blind, l.loose = t.Last, true, 0, l.loose[:0]
	return out
}

// between is what chunks without a header had, from the number behind the chunk
// before them up to that of the next chunk.
func (l *Ledger) between(next uint64) []Loss {
	from := l.last + 1
	if !l.known { // the file begins with them
		from = 1
		if next > uint64(l.blind)*maxRecords {
			from = next // nobody knows
		}
	}
	if next <= from || next-from > uint64(l.blind)*maxRecords {
		if len(l.loose) > 0 || next == from && l.known {
			return nil
		}
		return []Loss{{Offset: l.at, Chunks: l.blind, Why: "were wiped, and nobody knows how many records they had"}}
	}
	slices.Sort(l.loose)
	var out []Loss
	add := func(to uint64) { // from up to it
		if to > from {
			out = append(out, Loss{Offset: l.at, Range: Range{from, to - 1}, Why: "missing with the header of their chunk"})
		}
	}
	for _, id := range l.loose {
		if id >= from && id < next {
			add(id)
			from = id + 1
		}
	}
	add(next)
	return out
}

// End takes the end of the file: what its header counts and no chunk had.
func (l *Ledger) End(h *Header) []Loss {
	var out []Loss
	missing := 0
	if !h.Missing && h.Checksum {
		missing = max(0, h.Chunks-l.chunks)
	}
	next := h.Next
	if !h.Checksum || h.Missing || next <= l.last || next-l.last > uint64(missing+l.blind)*maxRecords { //nolint:gosec // not negative
		next = 0
	}
	if l.blind > 0 {
		if next > 0 {
			out = l.between(next)
		} else if len(l.loose) == 0 {
			out = append(out, Loss{Offset: l.at, Chunks: l.blind, Why: "were wiped, and nobody knows how many records they had"})
		}
	}
	if missing == 0 {
		return out
	}
	var gone int64
	for _, r := range l.Jumps {
		if r.Count() <= 0 || r.Count() > int64(missing)*maxRecords-gone {
			continue
		}
		gone += r.Count()
		out = append(out, Loss{Offset: l.end, Range: r, Why: "missing with their chunk"})
	}
	if l.blind == 0 && next > l.last+1 {
		r := Range{l.last + 1, next - 1}
		gone += r.Count()
		out = append(out, Loss{Offset: l.end, Range: r, Why: "missing, though the file's header counts them: the file is cut"})
	}
	if gone < int64(missing) {
		out = append(out, Loss{Offset: l.end, Chunks: missing - int(gone), Why: "are missing, though the file's header counts them"})
	}
	return out
}
