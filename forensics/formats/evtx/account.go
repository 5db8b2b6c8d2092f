package evtx

import (
	"cmp"
	"slices"
)

// place notes that a record was found, and says where; what a sound chunk counts
// stays as it is.
func (d *Decoder) place(id uint64, found string) string {
	c := d.chunk
	if c.Promised == 0 || id < c.First || id > c.Last {
		d.odd = d.odd || found == ""
		if !c.Valid || (!c.DataSum || c.Size < ChunkSize) && !c.Again && !c.Beyond { // it may be another chunk's
			d.loose = append(d.loose, id)
		} else if found == FoundSlack && id > c.Last {
			d.slack = append(d.slack, id)
		}
		if found == "" && c.Promised > 0 && (!c.HeaderSum || !c.DataSum) {
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
	case twice && (!c.HeaderSum || !c.DataSum):
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
	Lost  []Range  // numbers that its header promises and that are gone
	Loose []uint64 // numbers that were found in damage and that nothing promises
	slack []uint64 // later ones than the chunk has, behind its records
}

// Tally is that of the chunk when Next came to its end.
func (d *Decoder) Tally() Tally {
	t := Tally{Chunk: *d.chunk, Loose: slices.Clone(d.loose), slack: slices.Clone(d.slack)}
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
// What one chunk misses may have been found in the damage of another one.
type Ledger struct {
	chunks int
	last   uint64   // number of the last record so far
	known  bool     // there was one
	blind  int      // chunks without a header since
	found  bool     // records were found in them
	at     int64    // where these begin
	end    int64    // of what was read
	slack  []uint64 // of the last sound chunk
	loose  []Range  // found in damage
	have   []Range  // these, and all that chunks promise
	lost   []Loss   // what chunks promise
	gaps   []Loss   // what was between them
	jumps  []Range  // numbers between one sound chunk and the next
}

// maxJumps is how many jumps are kept.
const maxJumps = 1 << 12

// Add takes the chunks in their order, the unused ones too.
func (l *Ledger) Add(h *Header, t *Tally) {
	l.end = t.Offset + int64(t.Size)
	for _, r := range t.Lost {
		l.lost = append(l.lost, Loss{Offset: t.Offset, Range: r, Why: "missing, though the chunk's header counts them"})
	}
	for _, id := range t.Loose {
		l.loose = joined(l.loose, Range{id, id})
	}
	switch {
	case t.Again, t.Beyond, !t.Used && (!h.Counts() || t.Slot >= h.Chunks):
		return
	case !t.Valid && t.Used && t.Size < ChunkSize/2 && len(t.Loose) == 0: // a rest of what stood here
		return
	case !t.Valid:
		if l.blind++; l.blind == 1 {
			l.at = t.Offset
			for _, id := range l.slack { // of a chunk that reaches into the one before
				l.loose = joined(l.loose, Range{id, id})
			}
		}
		l.found = l.found || len(t.Loose) > 0
		l.chunks++
		return
	}
	l.chunks++
	if t.Promised == 0 {
		return
	}
	l.have = joined(l.have, Range{t.First, t.Last})
	switch {
	case l.blind > 0:
		l.between(t.First)
	case l.known && t.First > l.last+1 && len(l.jumps) < maxJumps:
		l.jumps = append(l.jumps, Range{l.last + 1, t.First - 1})
	}
	l.last, l.known, l.blind, l.found, l.slack = t.Last, true, 0, false, t.slack
}

// between is what chunks without a header had, from the number behind the chunk
// before them up to that of the next chunk.
func (l *Ledger) between(next uint64) {
	from := l.last + 1
	if !l.known { // the file begins with them
		from = 1
	}
	switch {
	case next == from && l.known:
	case next > from && next-from <= uint64(l.blind)*maxRecords: //nolint:gosec // not negative
		l.gaps = append(l.gaps, Loss{Offset: l.at, Range: Range{from, next - 1}, Why: "missing with the header of their chunk"})
	case !l.found:
		l.gaps = append(l.gaps, Loss{Offset: l.at, Chunks: l.blind, Why: "were wiped, and nobody knows how many records they had"})
	}
}

// End takes the end of the file. It answers what is gone, in all, and which
// numbers nothing promises.
func (l *Ledger) End(h *Header) (gone []Loss, jumps []Range) {
	missing := 0
	if !h.Missing && h.Checksum {
		missing = max(0, h.Chunks-l.chunks)
	}
	next := h.Next
	if h.Missing || !h.Checksum || next <= l.last || next-l.last > uint64(missing+l.blind)*maxRecords { //nolint:gosec // not negative
		next = 0
	}
	switch {
	case l.blind > 0:
		l.between(next)
	case next > l.last+1:
		l.gaps = append(l.gaps, Loss{Offset: l.end, Range: Range{l.last + 1, next - 1}, Why: "missing, though the file's header counts them: the file is cut"})
		missing--
	}
	for _, r := range l.jumps {
		if missing > 0 && r.Last-r.First < uint64(missing)*maxRecords {
			l.gaps = append(l.gaps, Loss{Offset: l.end, Range: r, Why: "missing with their chunk"})
			missing -= 1 + int((r.Last-r.First)/maxRecords) //nolint:gosec // below what is missing
			continue
		}
		jumps = append(jumps, r)
	}
	if missing > 0 {
		l.gaps = append(l.gaps, Loss{Offset: l.end, Chunks: missing, Why: "are missing, though the file's header counts them"})
	}
	loose := merged(l.loose)
	gone = without(gone, l.lost, loose)
	return without(gone, l.gaps, merged(append(l.have, loose...))), jumps
}

// joined adds a range to a list, to its last one where that goes on.
func joined(list []Range, r Range) []Range {
	if n := len(list); n > 0 && r.First > 0 && list[n-1].Last == r.First-1 {
		list[n-1].Last = r.Last
		return list
	}
	return append(list, r)
}

// merged sorts ranges and joins those that touch each other.
func merged(list []Range) []Range {
	slices.SortFunc(list, func(a, b Range) int { return cmp.Compare(a.First, b.First) })
	var out []Range
	for _, r := range list {
		if n := len(out); n > 0 && r.First <= out[n-1].Last {
			out[n-1].Last = max(out[n-1].Last, r.Last)
			continue
		}
		out = joined(out, r)
	}
	return out
}

// without appends the losses to out, without what is there after all.
func without(out, losses []Loss, there []Range) []Loss {
	for _, l := range losses {
		if l.Chunks > 0 {
			out = append(out, l)
			continue
		}
		i, _ := slices.BinarySearchFunc(there, l.First, func(r Range, id uint64) int { return cmp.Compare(r.Last, id) })
		for ; i < len(there) && there[i].First <= l.Last; i++ {
			if before := l; l.First < there[i].First {
				before.Last = there[i].First - 1
				out = append(out, before)
			}
			if there[i].Last >= l.Last {
				l.Chunks = -1 // nothing is left
				break
			}
			l.First = there[i].Last + 1
		}
		if l.Chunks == 0 {
			out = append(out, l)
		}
	}
	return out
}
