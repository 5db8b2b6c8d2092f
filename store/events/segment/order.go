package segment

import (
	"bytes"
	"cmp"
	"slices"

	"firebreak/timeline"
)

// id is the id of a row.
func (b *Builder) id(row int) timeline.ID {
	return b.files[b.codes[FileOf][row]].key.At(b.places[row])
}

// compare is the order of the timeline: by time, then by id.
func (b *Builder) compare(i, j uint32) int {
	if n := cmp.Compare(b.stamps[i], b.stamps[j]); n != 0 {
		return n
	}
	return b.compareIDs(i, j)
}

func (b *Builder) compareIDs(i, j uint32) int {
	f, g := b.codes[FileOf][i], b.codes[FileOf][j]
	if f != g {
		if n := bytes.Compare(b.files[f].key[:], b.files[g].key[:]); n != 0 {
			return n
		}
	}
	return cmp.Compare(b.places[i], b.places[j])
}

// sort puts the rows in order. They come in runs that are in order already, one
// for each piece of a file.
func (e *Encoder) sort(b *Builder) {
	const many = 16
	n := b.Len()
	e.order = resize(e.order, n)
	var room [many]int
	runs := room[:0] // where each begins
	for i := range e.order {
		e.order[i] = uint32(i)
		if i == 0 || b.compare(uint32(i-1), uint32(i)) > 0 {
			if len(runs) == many {
				e.radix(b)
				return
			}
			runs = append(runs, i)
		}
	}
	for e.spare = resize(e.spare, n); len(runs) > 1; e.order, e.spare = e.spare, e.order {
		kept := runs[:0]
		for i := 0; i < len(runs); i += 2 {
			from, mid, to := runs[i], n, n
			if i+1 < len(runs) {
				mid = runs[i+1]
			}
			if i+2 < len(runs) {
				to = runs[i+2]
			}
			b.merge(e.spare[from:to], e.order[from:mid], e.order[mid:to])
			kept = append(kept, from)
		}
		runs = kept
	}
}

// stamped is a row with its time.
type stamped struct {
	stamp uint64 // the least is the earliest
	row   uint32
}

// radix sorts rows that come in no order, as those of a body file do: by each byte
// of their times that is not the same in all, the least first. Rows of one time are
// then put in the order of their ids; they stand as they came, so most are.
func (e *Encoder) radix(b *Builder) {
	n := b.Len()
	e.stamped, e.moved = resize(e.stamped, n), resize(e.moved, n)
	from, to := e.stamped, e.moved
	var counts [8][256]uint32
	for row, stamp := range b.stamps {
		u := uint64(stamp) ^ 1<<63 //nolint:gosec // the bits as they are, negative ones first
		from[row] = stamped{u, uint32(row)}
		for i := range counts {
			counts[i][u>>(8*i)&0xff]++
		}
	}
	for i := range counts {
		count, shift := &counts[i], 8*i
		if int(count[from[0].stamp>>shift&0xff]) == n {
			continue
		}
		at := uint32(0)
		for v := range count {
			count[v], at = at, at+count[v]
		}
		for _, s := range from {
			next := &count[s.stamp>>shift&0xff]
			to[*next] = s
			*next++
		}
		from, to = to, from
	}
	for i, s := range from {
		e.order[i] = s.row
	}
	for i := 0; i < n; {
		j, sorted := i+1, true
		for ; j < n && from[j].stamp == from[i].stamp; j++ {
			sorted = sorted && b.compareIDs(e.order[j-1], e.order[j]) <= 0
		}
		if !sorted {
			slices.SortStableFunc(e.order[i:j], b.compareIDs)
		}
		i = j
	}
}

func (b *Builder) merge(to, x, y []uint32) {
	for i := range to {
		if len(y) == 0 || len(x) > 0 && b.compare(x[0], y[0]) <= 0 {
			to[i], x = x[0], x[1:]
		} else {
			to[i], y = y[0], y[1:]
		}
	}
}

// repeated says which rows have the id of one that came before; nil is none. Where
// the places of a file never fell into a run that was there, there is none.
func (b *Builder) repeated(spare []uint32) []bool {
	if !b.suspicious() {
		return nil
	}
	rows := slices.Clone(spare)
	slices.SortFunc(rows, func(i, j uint32) int { return cmp.Or(b.compareIDs(i, j), cmp.Compare(i, j)) })
	var drop []bool
	for i := 1; i < len(rows); i++ {
		if b.compareIDs(rows[i-1], rows[i]) == 0 {
			if drop == nil {
				drop = make([]bool, b.Len())
			}
			drop[rows[i]] = true
		}
	}
	return drop
}

// suspicious reports whether two events may have the same id.
func (b *Builder) suspicious() bool {
	var keys map[timeline.FileKey]bool
	for i := range b.files {
		f := &b.files[i]
		if len(b.files) > 1 {
			if keys == nil {
				keys = make(map[timeline.FileKey]bool, len(b.files))
			}
			if keys[f.key] {
				return true // two exhibits with the same content
			}
			keys[f.key] = true
		}
		if f.messy {
			return true
		}
		runs := f.sorted()
		for j := 1; j < len(runs); j++ {
			if runs[j].Low <= runs[j-1].High {
				return true
			}
		}
	}
	return false
}

// sorted is the file's runs of places in order.
func (f *fileRows) sorted() []Range {
	if f.rows == 0 {
		return nil
	}
	runs := append(slices.Clone(f.runs), f.now)
	slices.SortFunc(runs, func(x, y Range) int { return cmp.Or(cmp.Compare(x.Low, y.Low), cmp.Compare(x.High, y.High)) })
	return runs
}

// maxPlaces is how many ranges of places are kept of a file.
const maxPlaces = 64

// files writes into the meta what is to be known of each file.
func (e *Encoder) files(b *Builder) {
	e.meta.Files = e.meta.Files[:0]
	for i := range b.files {
		f := &b.files[i]
		runs := f.sorted()
		if f.messy {
			runs = b.runsOf(uint16(i))
		}
		e.meta.Files = append(e.meta.Files, File{Key: f.key, Exhibit: f.exhibit, Parser: f.parser, Rows: f.rows, Places: joinedRanges(runs)})
	}
}

// runsOf is the places of a file, one by one.
func (b *Builder) runsOf(file uint16) []Range {
	var runs []Range
	for row, f := range b.codes[FileOf] {
		if f == file {
			runs = append(runs, Range{b.places[row], b.places[row]})
		}
	}
	slices.SortFunc(runs, func(x, y Range) int { return cmp.Compare(x.Low, y.Low) })
	return runs
}

// joinedRanges joins ranges that lie near each other, until there are few.
func joinedRanges(runs []Range) []Range {
	for gap := uint64(runGap); ; gap *= 4 {
		out := runs[:0]
		for i, r := range runs {
			if last := len(out) - 1; i > 0 && (r.Low <= out[last].High || r.Low-out[last].High < gap) {
				out[last].High = max(out[last].High, r.High)
			} else {
				out = append(out, r)
			}
		}
		if runs = out; len(runs) <= maxPlaces {
			return runs
		}
	}
}
