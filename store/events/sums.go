package events

import (
	"context"
	"fmt"
	"sort"
	"sync"
	"sync/atomic"
	"time"

	"firebreak/store/events/segment"
	"firebreak/timeline"
)

// matching visits every block that has events that match, with the set of them,
// in parallel over the segments and in order within one.
func (c *crew) matching(p *plan, visit func(w *worker, e *entry, block int, rows *bitmap) error) error {
	return c.each(len(c.entries), func(w *worker, i int) error {
		return w.matching(p, c.entries[i], func(block int, rows *bitmap) error { return visit(w, c.entries[i], block, rows) })
	})
}

// matching is the part of crew.matching for one segment.
func (w *worker) matching(p *plan, e *entry, visit func(block int, rows *bitmap) error) error {
	s, err := p.prepare(w, e)
	if err != nil {
		return err
	}
	return w.eachBlock(p, s, visit)
}

func (w *worker) eachBlock(p *plan, s *prep, visit func(block int, rows *bitmap) error) error {
	maybe, sure := p.blocks(s)
	rows := w.bitmap()
	defer w.give(rows)
	for block := range s.e.meta.Blocks {
		if maybe>>block&1 == 0 {
			continue
		}
		if err := w.ctx.Err(); err != nil {
			return err
		}
		rows.fill(0, s.e.meta.Blocks[block].Rows)
		if sure>>block&1 == 0 {
			if err := p.match(w, s, block, rows); err != nil {
				return err
			}
			if rows.empty() {
				continue
			}
		}
		if err := visit(block, rows); err != nil {
			return err
		}
	}
	return nil
}

// Count is the exact number of events that match.
func (db *DB) Count(ctx context.Context, f timeline.Filter) (int64, error) {
	if f.Expr() == nil {
		return db.Total(ctx)
	}
	p, err := compile(f)
	if err != nil {
		return 0, fmt.Errorf("count events: %w", err)
	}
	var n atomic.Int64
	err = db.query(ctx, func(c *crew) error {
		return c.matching(p, func(_ *worker, _ *entry, _ int, rows *bitmap) error {
			n.Add(int64(rows.count()))
			return nil
		})
	})
	if err != nil {
		return 0, fmt.Errorf("count events: %w", err)
	}
	return n.Load(), nil
}

// Histogram counts the matching events in n equal stretches of the time from
// from to to, to itself left out. Undated events are in none.
func (db *DB) Histogram(ctx context.Context, f timeline.Filter, from, to time.Time, n int) ([]int64, error) {
	if n <= 0 || n > MaxPage || !to.After(from) || !fits(from) || !fits(to) || from.IsZero() {
		return nil, fmt.Errorf("count events over time: from %s to %s in %d parts cannot be", from, to, n)
	}
	p, err := compile(f)
	if err != nil {
		return nil, fmt.Errorf("count events over time: %w", err)
	}
	h := histogram{edges: edges(stamp(from), stamp(to), n), counts: make([]int64, n)}
	err = db.query(ctx, func(c *crew) error {
		return c.each(len(c.entries), func(w *worker, i int) error { return h.segment(w, p, c.entries[i]) })
	})
	if err != nil {
		return nil, fmt.Errorf("count events over time: %w", err)
	}
	return h.counts, nil
}

type histogram struct {
	edges  []int64
	mu     sync.Mutex
	counts []int64
}

func (h *histogram) segment(w *worker, p *plan, e *entry) error {
	low, high := h.edges[0], h.edges[len(h.counts)]
	if first, last := spanOf(e.meta); last < low || first >= high {
		return nil
	}
	counts := make([]int64, len(h.counts))
	var err error
	if p.root == nil {
		err = h.chunks(w, e, counts)
	} else {
		err = w.matching(p, e, func(block int, rows *bitmap) error {
			b := &e.meta.Blocks[block]
			if b.Last < low || b.First >= high {
				return nil
			}
			if i := h.bucket(b.First); i >= 0 && i == h.bucket(b.Last) {
				counts[i] += int64(rows.count())
				return nil
			}
			w.use(e)
			stamps, err := w.stampsOf(b)
			if err != nil {
				return err
			}
			at := 0
			for i := rows.next(0); i >= 0; i = rows.next(i + 1) {
				for at < len(counts) && stamps[i] >= h.edges[at+1] {
					at++
				}
				if at == len(counts) {
					break
				}
				if stamps[i] >= low {
					counts[at]++
				}
			}
			return nil
		})
	}
	if err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for i, n := range counts {
		h.counts[i] += n
	}
	return nil
}

// bucket is where a stamp belongs; -1 where it is outside.
func (h *histogram) bucket(stamp int64) int {
	n := len(h.counts)
	if stamp < h.edges[0] || stamp >= h.edges[n] {
		return -1
	}
	return sort.Search(n-1, func(i int) bool { return stamp < h.edges[i+1] })
}

// chunks counts all rows of a segment. A chunk inside one stretch is not read.
func (h *histogram) chunks(w *worker, e *entry, counts []int64) error {
	w.use(e)
	for chunk, span := range e.meta.Chunks {
		if err := w.ctx.Err(); err != nil {
			return err
		}
		if span.Last < h.edges[0] || span.First >= h.edges[len(counts)] {
			continue
		}
		if i := h.bucket(span.First); i >= 0 && i == h.bucket(span.Last) {
			counts[i] += int64(min(segment.ChunkRows, e.meta.Rows-chunk*segment.ChunkRows))
			continue
		}
		stamps, err := w.r.Times(chunk)
		if err != nil {
			return err
		}
		h.sorted(stamps, counts)
	}
	return nil
}

// sorted counts stamps that are in order, a whole stretch at a time.
func (h *histogram) sorted(stamps []int64, counts []int64) {
	i := sort.Search(len(stamps), func(i int) bool { return stamps[i] >= h.edges[0] })
	if i == len(stamps) {
		return
	}
	at := max(h.bucket(stamps[i]), 0)
	for i < len(stamps) {
		for at < len(counts) && stamps[i] >= h.edges[at+1] {
			at++
		}
		if at == len(counts) {
			return
		}
		edge := h.edges[at+1]
		// The end of the stretch is found in steps that double.
		step, end := 1, i
		for end+step < len(stamps) && stamps[end+step] < edge {
			end += step
			step *= 2
		}
		to := min(end+step, len(stamps))
		end += sort.Search(to-end, func(k int) bool { return stamps[end+k] >= edge })
		counts[at] += int64(end - i)
		i = end
	}
}

// edges are the n+1 ends of n equal stretches; the width of one can differ by
// a nanosecond from the next.
func edges(from, to int64, n int) []int64 {
	width := uint64(to) - uint64(from) //nolint:gosec // to is greater; the difference fits
	parts := uint64(n)                 //nolint:gosec // n is more than 0
	part, left := width/parts, width%parts
	out := make([]int64, n+1)
	for i := range parts + 1 {
		out[i] = int64(uint64(from) + part*i + left*i/parts) //nolint:gosec // lies between from and to
	}
	return out
}

// Span is the time of the first and of the last dated event that match; both
// are zero where there is none.
func (db *DB) Span(ctx context.Context, f timeline.Filter) (first, last time.Time, err error) {
	p, err := compile(f)
	if err != nil {
		return time.Time{}, time.Time{}, fmt.Errorf("read time span: %w", err)
	}
	err = db.query(ctx, func(c *crew) error {
		for _, backward := range [...]bool{false, true} {
			x := &walk{crew: c, plan: p, backward: backward, before: &place{stamp: undated}, keep: 1}
			found, err := x.first(1)
			if err != nil || len(found) == 0 {
				return err
			}
			events, err := c.events(found)
			if err != nil {
				return err
			}
			if last = events[0].Time; !backward {
				first = last
			}
		}
		return nil
	})
	if err != nil {
		return time.Time{}, time.Time{}, fmt.Errorf("read time span: %w", err)
	}
	return first, last, nil
}
