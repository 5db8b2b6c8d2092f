package events

import (
	"cmp"
	"hash/maphash"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"firebreak/store/events/segment"
	"firebreak/timeline"
)

// tally counts values; several workers add to it. It is in shards by the value's
// hash, so that they seldom wait for each other.
type tally struct {
	shards [tallyShards]tallyShard
	parts  uint64 // only values of one part of all are counted, where they are too many
	part   uint64
	full   atomic.Bool
}

type tallyShard struct {
	mu    sync.Mutex
	known map[string]*tallied
}

// tallied is what is known of a value: the stamps are undated where it has none.
type tallied struct {
	count       int64
	first, last int64
}

// mostTallied bounds the memory of a tally: with more values they are counted
// in several passes.
const (
	mostTallied = 200_000
	tallyShards = 16
)

func newTally() *tally {
	t := &tally{parts: 1}
	for i := range t.shards {
		t.shards[i].known = make(map[string]*tallied)
	}
	return t
}

var tallySeed = maphash.MakeSeed()

// add counts n events that have the value, the first and the last of the dated
// ones at these stamps.
func (t *tally) add(value string, n, first, last int64) {
	hash := maphash.String(tallySeed, value)
	if t.parts > 1 && hash%t.parts != t.part {
		return
	}
	s := &t.shards[hash>>32%tallyShards]
	s.mu.Lock()
	defer s.mu.Unlock()
	v := s.known[value]
	if v == nil {
		if len(s.known) >= mostTallied/tallyShards {
			t.full.Store(true)
			return
		}
		v = &tallied{first: undated, last: undated}
		s.known[strings.Clone(value)] = v
	}
	v.count += n
	if first != undated && (v.first == undated || first < v.first) {
		v.first = first
	}
	if last != undated && (v.last == undated || last > v.last) {
		v.last = last
	}
}

func (v *Value) extend(first, last time.Time) {
	if !first.IsZero() && (v.First.IsZero() || first.Before(v.First)) {
		v.First = first
	}
	if !last.IsZero() && (v.Last.IsZero() || last.After(v.Last)) {
		v.Last = last
	}
}

func (t *tally) values(o ValuesOptions) []Value {
	var values []Value
	for i := range t.shards {
		values = slices.Grow(values, len(t.shards[i].known))
		for value, v := range t.shards[i].known {
			values = append(values, Value{Value: value, Count: v.count, First: timeOf(v.first), Last: timeOf(v.last)})
		}
	}
	return chosen(values, o)
}

// chosen are the values that the options ask for, in their order.
func chosen(values []Value, o ValuesOptions) []Value {
	slices.SortFunc(values, func(a, b Value) int {
		byCount := cmp.Compare(b.Count, a.Count)
		if o.Rare {
			byCount = -byCount
		}
		return cmp.Or(byCount, cmp.Compare(a.Value, b.Value))
	})
	limit := o.Limit
	if limit <= 0 {
		limit = valuesByDefault
	}
	return values[:min(limit, MaxValues, len(values))]
}

// perCode counts the rows of one segment by a code, and remembers the first and
// the last stamp of each.
type perCode struct {
	counts      []int64
	first, last []int64 // undated: none is dated
}

func newPerCode(codes int) *perCode {
	p := &perCode{counts: make([]int64, codes), first: make([]int64, codes), last: make([]int64, codes)}
	for i := range codes {
		p.first[i], p.last[i] = undated, undated
	}
	return p
}

// add counts a row; rows come in the order of time.
func (p *perCode) add(code int, stamp int64) {
	p.counts[code]++
	if stamp == undated {
		return
	}
	if p.first[code] == undated {
		p.first[code] = stamp
	}
	p.last[code] = stamp
}

// addRows counts the rows of a block by their codes.
func (p *perCode) addRows(w *worker, e *entry, block int, rows *bitmap, codes []uint16) error {
	stamps, err := w.stampsOf(&e.meta.Blocks[block])
	if err != nil {
		return err
	}
	for i := rows.next(0); i >= 0; i = rows.next(i + 1) {
		if code := int(codes[i]); code < len(p.counts) {
			p.add(code, stamps[i])
		}
	}
	return nil
}

// timeOf is the time of a row, as its stamp has it.
func (w *worker) timeOf(e *entry, row int) (time.Time, error) {
	s, err := w.stampOf(e, row)
	return timeOf(s), err
}

// tallyColumn counts the matching rows of a segment by the values of a column.
func (w *worker) tallyColumn(p *plan, e *entry, field timeline.Field, t *tally) error {
	column := columnOf(field)
	values, err := w.valuesOf(e, field)
	if err != nil {
		return err
	}
	values = slices.Clone(values)
	per := newPerCode(len(values))
	err = w.matching(p, e, func(block int, rows *bitmap) error {
		w.use(e)
		codes, err := w.codesOf(column, &e.meta.Blocks[block])
		if err != nil {
			return err
		}
		return per.addRows(w, e, block, rows, codes)
	})
	if err != nil {
		return err
	}
	per.settle(values, t)
	return nil
}

// settle adds what was counted by code to the tally.
func (p *perCode) settle(values []string, t *tally) {
	for code, n := range p.counts {
		if n == 0 || code >= len(values) || values[code] == "" {
			continue
		}
		t.add(values[code], n, p.first[code], p.last[code])
	}
}

// tallyNames counts the matching rows of a segment by the names of their
// attributes.
func (w *worker) tallyNames(p *plan, e *entry, t *tally) error {
	w.use(e)
	shapes, err := w.r.Shapes()
	if err != nil {
		return err
	}
	per := newPerCode(len(shapes))
	err = w.matching(p, e, func(block int, rows *bitmap) error {
		w.use(e)
		codes, err := w.codesOf(segment.Shape, &e.meta.Blocks[block])
		if err != nil {
			return err
		}
		return per.addRows(w, e, block, rows, codes)
	})
	if err != nil {
		return err
	}
	w.use(e)
	if shapes, err = w.r.Shapes(); err != nil {
		return err
	}
	names, err := w.r.Names()
	if err != nil {
		return err
	}
	for code, n := range per.counts {
		if n == 0 {
			continue
		}
		for _, name := range shapes[code] {
			t.add(names[name].Name, n, per.first[code], per.last[code])
		}
	}
	return nil
}

// allValues counts the values of all events: each segment knows its own counts.
// Only of the values asked for it is looked up when they were first and last.
func (c *crew) allValues(field timeline.Field, o ValuesOptions) ([]Value, error) {
	values, err := inParts(o, func(t *tally) error {
		return c.each(len(c.entries), func(w *worker, i int) error { return w.tallyCounts(c.entries[i], field, t) })
	})
	if err != nil {
		return nil, err
	}
	var mu sync.Mutex
	wanted := make(map[string]*Value, len(values))
	for i := range values {
		wanted[values[i].Value] = &values[i]
	}
	// From the ends inwards: most values are first seen in the earliest segments
	// and last seen in the latest.
	for _, late := range [...]bool{false, true} {
		entries := slices.Clone(c.entries)
		slices.SortFunc(entries, func(a, b *entry) int {
			if late {
				return cmp.Compare(b.meta.Last, a.meta.Last)
			}
			return cmp.Compare(a.meta.First, b.meta.First)
		})
		err := c.each(len(entries), func(w *worker, i int) error { return w.outermost(entries[i], field, late, wanted, &mu) })
		if err != nil {
			return nil, err
		}
	}
	return values, nil
}

// outermost finds when the wanted values are first seen in a segment, or with
// late last, where that can be news.
func (w *worker) outermost(e *entry, field timeline.Field, late bool, wanted map[string]*Value, mu *sync.Mutex) error {
	dated := e.meta.Rows - e.meta.Undated
	if dated == 0 {
		return nil
	}
	values, err := w.valuesOf(e, field)
	if err != nil {
		return err
	}
	open := make([]*Value, len(values))
	left := 0
	mu.Lock()
	for code, text := range values {
		v := wanted[text]
		if v == nil || !late && !v.First.IsZero() && stamp(v.First) <= e.meta.First || late && !v.Last.IsZero() && stamp(v.Last) >= e.meta.Last {
			continue
		}
		open[code] = v
		left++
	}
	mu.Unlock()
	column := columnOf(field)
	w.use(e)
	chunks := (dated + segment.ChunkRows - 1) / segment.ChunkRows
	for n := range chunks {
		if left == 0 {
			return nil
		}
		if err := w.ctx.Err(); err != nil {
			return err
		}
		if late {
			n = chunks - 1 - n
		}
		codes, err := w.r.Codes(column, n)
		if err != nil {
			return err
		}
		rows := min(len(codes), dated-n*segment.ChunkRows)
		for i := range rows {
			if late {
				i = rows - 1 - i
			}
			code := codes[i]
			if int(code) >= len(open) || open[code] == nil {
				continue
			}
			at, err := w.timeOf(e, n*segment.ChunkRows+i)
			if err != nil {
				return err
			}
			mu.Lock()
			open[code].extend(at, at)
			mu.Unlock()
			open[code] = nil
			if left--; left == 0 {
				return nil
			}
		}
	}
	return nil
}

// tallyCounts adds a segment's own counts.
func (w *worker) tallyCounts(e *entry, field timeline.Field, t *tally) error {
	values, err := w.valuesOf(e, field)
	if err != nil {
		return err
	}
	column := columnOf(field)
	w.use(e)
	counts, err := w.r.Counts(column)
	if err != nil {
		return err
	}
	for code, n := range counts {
		if n > 0 && code < len(values) && values[code] != "" {
			t.add(values[code], int64(n), undated, undated)
		}
	}
	return nil
}

// stampOf is the stamp of a row.
func (w *worker) stampOf(e *entry, row int) (int64, error) {
	w.use(e)
	stamps, err := w.r.Times(row / segment.ChunkRows)
	if err != nil {
		return 0, err
	}
	return stamps[row%segment.ChunkRows], nil
}
