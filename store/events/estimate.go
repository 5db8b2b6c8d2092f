package events

import (
	"context"
	"fmt"
	"math/bits"
	"sync/atomic"

	"firebreak/timeline"
)

// How many blocks an estimate looks at: where there are no more it is exact.
const sampledBlocks = 64

// Estimate is about how many events match, from the blocks that may hold a match
// and a look at some of them, evenly spread; exact says that it is the true
// number.
func (db *DB) Estimate(ctx context.Context, f timeline.Filter) (n int64, exact bool, err error) {
	p, err := compile(f)
	if err != nil {
		return 0, false, fmt.Errorf("estimate events: %w", err)
	}
	err = db.query(ctx, func(c *crew) error {
		preps := make([]*prep, len(c.entries))
		err := c.each(len(c.entries), func(w *worker, i int) (err error) {
			preps[i], err = p.prepare(w, c.entries[i])
			return err
		})
		if err != nil {
			return err
		}
		n, exact, err = c.estimate(p, preps)
		return err
	})
	if err != nil {
		return 0, false, fmt.Errorf("estimate events: %w", err)
	}
	return n, exact, nil
}

func (c *crew) estimate(p *plan, preps []*prep) (n int64, exact bool, err error) {
	type block struct {
		s *prep
		n int
	}
	var open []block
	rows := int64(0) // in open blocks
	for _, s := range preps {
		maybe, sure := p.blocks(s)
		for sure := maybe & sure; sure != 0; sure &= sure - 1 {
			n += int64(s.e.meta.Blocks[bits.TrailingZeros64(sure)].Rows)
		}
		for left := maybe &^ sure; left != 0; left &= left - 1 {
			b := bits.TrailingZeros64(left)
			open = append(open, block{s: s, n: b})
			rows += int64(s.e.meta.Blocks[b].Rows)
		}
	}
	sample := open
	if len(open) > sampledBlocks {
		sample = nil
		for i := range sampledBlocks {
			sample = append(sample, open[(2*i+1)*len(open)/(2*sampledBlocks)])
		}
	}
	var found, seen atomic.Int64
	err = c.each(len(sample), func(w *worker, i int) error {
		b := sample[i]
		all := b.s.e.meta.Blocks[b.n].Rows
		set := w.bitmap()
		defer w.give(set)
		set.fill(0, all)
		if err := p.match(w, b.s, b.n, set); err != nil {
			return err
		}
		found.Add(int64(set.count()))
		seen.Add(int64(all))
		return nil
	})
	if err != nil {
		return 0, false, err
	}
	if len(sample) == len(open) {
		return n + found.Load(), true, nil
	}
	return n + int64(float64(found.Load())/float64(seen.Load())*float64(rows)), false, nil
}
