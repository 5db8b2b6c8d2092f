package events

import (
	"context"
	"fmt"
	"sync"
	"time"

	"firebreak/timeline"
)

// Swept is what one filter of a sweep found: how many events, and the first and
// the last of them in the order of the timeline. Both are zero where it found
// none.
type Swept struct {
	Count       int64
	First, Last timeline.Cursor
}

// Sweep answers many filters in one pass over the timeline: rules, lists of
// words, of addresses, of hashes. The answers are in the order of the filters.
// progress, which may be nil, is told how many events of all were looked at.
func (db *DB) Sweep(ctx context.Context, fs []timeline.Filter, progress func(done, total int64)) ([]Swept, error) {
	plans := make([]*plan, len(fs))
	for i, f := range fs {
		var err error
		if plans[i], err = compile(f); err != nil {
			return nil, fmt.Errorf("sweep timeline: %w", err)
		}
	}
	s := sweep{plans: plans, found: make([]sweptRange, len(fs)), progress: progress}
	if fragments := fragmentsOf(plans); len(fragments) >= fewFragments {
		s.searches = newFragmentSearches(fragments)
	}
	var found []Swept
	err := db.query(ctx, func(c *crew) error {
		for _, e := range c.entries {
			s.total += int64(e.meta.Rows)
		}
		err := c.each(len(c.entries), func(w *worker, i int) error { return s.segment(w, c.entries[i]) })
		if err != nil {
			return err
		}
		found, err = s.cursors(c.first)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("sweep timeline: %w", err)
	}
	return found, nil
}

// With fewer fragments than that each is looked up by itself.
const fewFragments = 8

type sweep struct {
	plans    []*plan
	searches []*fragmentSearch
	progress func(done, total int64)
	total    int64

	mu    sync.Mutex
	done  int64
	found []sweptRange
}

// sweptRange is what a filter found so far.
type sweptRange struct {
	count       int64
	first, last place
	firstAt     located
	lastAt      located
}

func (s *sweep) segment(w *worker, e *entry) error {
	var masks map[timeline.Fragment]uint64
	if s.searches != nil {
		var err error
		if masks, err = w.search(e, s.searches); err != nil {
			return err
		}
	}
	// Which filters may match in which block: block by block, so that each is
	// read once.
	var byBlock [64][]int
	preps := make(map[int]*prep)
	for i, p := range s.plans {
		q, err := p.prepareSwept(w, e, masks)
		if err != nil {
			return err
		}
		maybe, _ := p.blocks(q)
		if maybe == 0 {
			continue
		}
		preps[i] = q
		for block := range e.meta.Blocks {
			if maybe>>block&1 != 0 {
				byBlock[block] = append(byBlock[block], i)
			}
		}
	}
	rows := w.bitmap()
	defer w.give(rows)
	found := make(map[int]*rowRange)
	for block, plans := range byBlock {
		for _, i := range plans {
			b := &e.meta.Blocks[block]
			rows.fill(0, b.Rows)
			if err := s.plans[i].matchBlock(w, preps[i], block, rows); err != nil {
				return err
			}
			if rows.empty() {
				continue
			}
			r := found[i]
			if r == nil {
				r = &rowRange{first: b.Row + rows.first()}
				found[i] = r
			}
			r.count += int64(rows.count())
			r.last = b.Row + rows.last()
		}
	}
	return s.add(w, e, found)
}

// rowRange is what a filter found in one segment.
type rowRange struct {
	count       int64
	first, last int
}

// matchBlock narrows the rows; in a block of which all match it leaves them.
func (p *plan) matchBlock(w *worker, s *prep, block int, rows *bitmap) error {
	if _, sure := p.blocks(s); sure>>block&1 != 0 {
		return nil
	}
	return p.match(w, s, block, rows)
}

func (s *sweep) add(w *worker, e *entry, found map[int]*rowRange) error {
	places := make(map[int][2]place, len(found))
	for i, r := range found {
		var ends [2]place
		for k, row := range [...]int{r.first, r.last} {
			var err error
			if ends[k], err = w.placeOf(e, row); err != nil {
				return err
			}
		}
		places[i] = ends
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, r := range found {
		t, ends := &s.found[i], places[i]
		if t.count == 0 || ends[0].compare(t.first) < 0 {
			t.first, t.firstAt = ends[0], located{e: e, row: r.first}
		}
		if t.count == 0 || ends[1].compare(t.last) > 0 {
			t.last, t.lastAt = ends[1], located{e: e, row: r.last}
		}
		t.count += r.count
	}
	s.done += int64(e.meta.Rows)
	if s.progress != nil {
		s.progress(s.done, s.total)
	}
	return nil
}

// cursors are the answers.
func (s *sweep) cursors(w *worker) ([]Swept, error) {
	all := make([]Swept, len(s.found))
	for i, t := range s.found {
		if t.count == 0 {
			continue
		}
		all[i] = Swept{Count: t.count, First: timeline.Cursor{ID: t.first.id}, Last: timeline.Cursor{ID: t.last.id}}
		var err error
		if all[i].First.Time, err = w.exactTime(t.firstAt, t.first.stamp); err != nil {
			return nil, err
		}
		if all[i].Last.Time, err = w.exactTime(t.lastAt, t.last.stamp); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// placeOf is the place of a row in the order of the timeline.
func (w *worker) placeOf(e *entry, row int) (place, error) {
	id, err := w.idOf(e, row)
	if err != nil {
		return place{}, err
	}
	at, err := w.stampOf(e, row)
	return place{stamp: at, id: id}, err
}

// exactTime is the time of an event, which is read where the stamp is not all of
// it.
func (w *worker) exactTime(l located, at int64) (time.Time, error) {
	if at == undated || fits(time.Unix(0, at)) {
		return timeOf(at), nil
	}
	w.use(l.e)
	e, err := w.r.Event(l.row)
	return e.Time, err
}
