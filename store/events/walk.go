package events

import (
	"cmp"
	"container/heap"
	"math"
	"math/bits"
	"slices"

	"firebreak/store/events/segment"
	"firebreak/timeline"
)

// walk visits the matching events in the order of the timeline, forwards or
// backwards. Each segment is a stream in that order; a heap says which stream is
// next. Of a stream whose next block was not looked at only the time of the
// block is known, which is never later than that of its events: so no more
// blocks are looked at than the events asked for need.
type walk struct {
	crew     *crew
	plan     *plan
	backward bool
	after    *place // nothing up to here
	before   *place // nothing from here on
	keep     int    // as many events of one block are wanted at most; 0 is all
	whole    bool   // put the events themselves together, not only their places
	bare     bool   // without their messages and attributes

	streams streamHeap
	batch   int // how many streams are looked at at once
}

// hit is an event that matches.
type hit struct {
	head  segment.Head
	row   int
	event *timeline.Event // where it was at hand
}

func (h *hit) place() place { return place{stamp: h.head.Stamp, id: h.head.ID} }

// Where so few events of a block match they are put together at once while its
// text is at hand: of rare ones most will be on the page.
const fewHits = 4

type stream struct {
	e       *entry
	prep    *prep
	left    uint64 // blocks that were not looked at
	sure    uint64
	key     place // of the next event, or before it
	started bool
	found   // of the block at hand
	at      int
	ahead   *found // of the block after that, where it was looked at early
	back    bool
}

// found is the events of a block that match, in the order of the walk.
type found struct {
	hits   []hit
	events []timeline.Event
}

type streamHeap []*stream

func (h streamHeap) Len() int { return len(h) }
func (h streamHeap) Less(i, j int) bool {
	if h[i].back {
		return h[i].key.compare(h[j].key) > 0
	}
	return h[i].key.compare(h[j].key) < 0
}
func (h streamHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *streamHeap) Push(x any)   { *h = append(*h, x.(*stream)) } //nolint:forcetypeassert // nothing else is pushed
func (h *streamHeap) Pop() any {
	last := len(*h) - 1
	s := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return s
}

// greatestID is after all ids.
var greatestID = func() (id timeline.ID) {
	for i := range id {
		id[i] = 0xff
	}
	return id
}()

// begin makes the streams of the segments that the walk may come through.
func (x *walk) begin() {
	for _, e := range x.crew.entries {
		first, last := spanOf(e.meta)
		if x.after != nil && last < x.after.stamp || x.before != nil && first > x.before.stamp {
			continue
		}
		s := &stream{e: e, back: x.backward, key: place{stamp: first}}
		if x.backward {
			s.key = place{stamp: last, id: greatestID}
		}
		if !x.backward && x.after != nil && s.key.stamp < x.after.stamp {
			s.key.stamp = x.after.stamp
		}
		if x.backward && x.before != nil && s.key.stamp > x.before.stamp {
			s.key.stamp = x.before.stamp
		}
		x.streams = append(x.streams, s)
	}
	heap.Init(&x.streams)
	x.batch = 1
}

// spanOf is the first and the last stamp of a segment, undated ones included.
func spanOf(m *segment.Meta) (first, last int64) {
	first, last = m.First, m.Last
	if m.Undated > 0 {
		last = undated
	}
	if m.Undated == m.Rows {
		first = undated
	}
	return first, last
}

// next goes to the next event: that of the stream it returns, at s.hits[s.at].
// The stream is nil at the end.
func (x *walk) next() (*stream, error) {
	for len(x.streams) > 0 {
		s := x.streams[0]
		if s.at < len(s.hits) {
			return s, nil
		}
		if err := x.look(); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// step leaves the event that next returned.
func (x *walk) step(s *stream) {
	if s.whole() {
		s.events[s.at] = timeline.Event{} // its texts are not held any longer
	}
	s.at++
	x.place(s)
	heap.Fix(&x.streams, 0)
}

func (s *stream) whole() bool { return len(s.events) > 0 }

// place brings the stream's key up to date.
func (x *walk) place(s *stream) {
	if s.at == len(s.hits) && s.ahead != nil {
		s.found, s.at, s.ahead = *s.ahead, 0, nil
	}
	switch {
	case s.at < len(s.hits):
		s.key = s.hits[s.at].place()
	case s.left == 0:
		s.key = place{stamp: math.MaxInt64, id: greatestID}
		if x.backward {
			s.key = place{stamp: math.MinInt64}
		}
	case x.backward:
		block := &s.e.meta.Blocks[63-bits.LeadingZeros64(s.left)]
		s.key = place{stamp: block.Last, id: greatestID}
	default:
		s.key = place{stamp: s.e.meta.Blocks[bits.TrailingZeros64(s.left)].First}
	}
}

// look looks at the next block of the streams that are first in the heap, several
// at once where that has led to nothing so far. Workers that would have nothing
// to do look ahead, where all blocks are wanted.
func (x *walk) look() error {
	var streams []*stream
	for len(x.streams) > 0 && x.streams[0].at == len(x.streams[0].hits) && (len(streams) < x.batch || x.beginsWith(streams)) {
		streams = append(streams, heap.Pop(&x.streams).(*stream)) //nolint:forcetypeassert // nothing else is pushed
	}
	early := x.early(x.crew.helping + 1 - len(streams))
	err := x.crew.each(len(streams)+len(early), func(w *worker, i int) error {
		if i < len(streams) {
			return x.lookAt(w, streams[i])
		}
		s := early[i-len(streams)]
		s.ahead = &found{}
		return x.lookAtBlock(w, s, x.nextBlock(s), s.ahead)
	})
	if err != nil {
		return err
	}
	some := false
	for _, s := range streams {
		some = some || len(s.hits) > 0
		if s.at < len(s.hits) || s.left != 0 {
			x.place(s)
			heap.Push(&x.streams, s)
		}
	}
	if workers := x.crew.helping + 1; some {
		x.batch = workers
	} else {
		x.batch = min(max(2*x.batch, workers), 32)
	}
	return nil
}

// beginsWith reports whether the next stream has not begun and does so at the same
// time as the first of these: at the start of a walk all segments around that
// time have to be looked at.
func (x *walk) beginsWith(streams []*stream) bool {
	return len(streams) < mostAtOnce && !x.streams[0].started && !streams[0].started && x.streams[0].key.stamp == streams[0].key.stamp
}

const mostAtOnce = 64

// early is the n streams that will be through with their block first.
func (x *walk) early(n int) []*stream {
	if !x.whole || x.keep > 0 || n <= 0 {
		return nil
	}
	var all []*stream
	for _, s := range x.streams {
		if s.started && s.left != 0 && s.ahead == nil && s.at < len(s.hits) {
			all = append(all, s)
		}
	}
	slices.SortFunc(all, func(a, b *stream) int { return cmp.Compare(len(a.hits)-a.at, len(b.hits)-b.at) })
	return all[:min(n, len(all))]
}

// nextBlock takes the stream's next block.
func (x *walk) nextBlock(s *stream) int {
	block := bits.TrailingZeros64(s.left)
	if x.backward {
		block = 63 - bits.LeadingZeros64(s.left)
	}
	s.left &^= 1 << block
	return block
}

// lookAt goes to the stream's next block.
func (x *walk) lookAt(w *worker, s *stream) error {
	if !s.started {
		s.started = true
		var err error
		if s.prep, err = x.plan.prepare(w, s.e); err != nil {
			return err
		}
		s.left, s.sure = x.plan.blocks(s.prep)
		s.left &= blocksWhere(s.e.meta, func(b *segment.Block) bool {
			return (x.after == nil || b.Last >= x.after.stamp) && (x.before == nil || b.First <= x.before.stamp)
		})
		// The first block may be far from the segment's edge: look again only
		// when the walk is there.
		if s.left != 0 {
			block := bits.TrailingZeros64(s.left)
			if x.backward {
				block = 63 - bits.LeadingZeros64(s.left)
			}
			b := &s.e.meta.Blocks[block]
			if !x.backward && b.First > s.key.stamp || x.backward && b.Last < s.key.stamp {
				return nil
			}
		}
	}
	s.hits, s.events, s.at = s.hits[:0], s.events[:0], 0
	if s.left == 0 {
		return nil
	}
	return x.lookAtBlock(w, s, x.nextBlock(s), &s.found)
}

func (x *walk) lookAtBlock(w *worker, s *stream, block int, into *found) error {
	b := &s.e.meta.Blocks[block]
	w.use(s.e)
	stamps, err := w.stampsOf(b)
	if err != nil {
		return err
	}
	from, to := 0, len(stamps)
	if x.after != nil && b.First <= x.after.stamp {
		from, _ = slices.BinarySearch(stamps, x.after.stamp)
	}
	if x.before != nil && b.Last >= x.before.stamp {
		to, _ = slices.BinarySearchFunc(stamps, x.before.stamp, func(s, t int64) int {
			if s <= t {
				return -1
			}
			return 1
		})
	}
	rows := w.bitmap()
	defer w.give(rows)
	rows.fill(from, max(from, to))
	if s.sure>>block&1 == 0 {
		if err := x.plan.match(w, s.prep, block, rows); err != nil {
			return err
		}
	}
	if rows.empty() {
		return nil
	}
	return x.gather(w, s.e, b, rows, into)
}

// gather lists the rows' places in the order of the walk, as many as are wanted.
func (x *walk) gather(w *worker, e *entry, b *segment.Block, rows *bitmap, to *found) error {
	w.use(e)
	most := rows.count()
	if x.keep > 0 {
		most = min(most, x.keep)
	}
	to.hits = slices.Grow(to.hits, most)
	row, step, next := rows.first(), 1, rows.next
	if x.backward {
		row, step, next = rows.last(), -1, rows.previous
	}
	for ; row >= 0 && len(to.hits) < most; row = next(row + step) {
		head, err := w.r.Head(b.Row + row)
		if err != nil {
			return err
		}
		h := hit{head: head, row: b.Row + row}
		if x.after != nil && h.place().compare(*x.after) <= 0 || x.before != nil && h.place().compare(*x.before) >= 0 {
			continue
		}
		to.hits = append(to.hits, h)
	}
	if !x.whole {
		for i := range to.hits {
			h := &to.hits[i]
			if len(to.hits) > fewHits || !w.r.HasText(h.row) {
				break
			}
			event, err := w.r.EventOf(h.row, h.head)
			if err != nil {
				return err
			}
			h.event = &event
		}
		return nil
	}
	for _, h := range to.hits {
		read := w.r.EventOf
		if x.bare {
			read = w.r.BareOf
		}
		event, err := read(h.row, h.head)
		if err != nil {
			return err
		}
		to.events = append(to.events, event)
	}
	return nil
}
