package events

import (
	"context"
	"fmt"
	"sort"
	"time"

	"firebreak/timeline"
)

// Count is the exact number of events that match.
func (db *DB) Count(ctx context.Context, f timeline.Filter) (int64, error) {
	if f.Expr() == nil {
		return db.Total(ctx)
	}
	var n int64
	err := db.view(ctx, func(s *snapshot) error {
		b, err := s.bind(ctx, f)
		if err != nil {
			return err
		}
		n, err = s.count(ctx, b, always)
		if err != nil || b.exact {
			return err
		}
		return s.rest(ctx, f, b, always, func(*timeline.Event) { n++ })
	})
	if err != nil {
		return 0, fmt.Errorf("count events: %w", err)
	}
	return n, nil
}

// count is how many rows fulfil lower and also.
func (s *snapshot) count(ctx context.Context, b bounds, also condition) (int64, error) {
	w := allOf(b.lower, also)
	if w.sql == never.sql {
		return 0, nil
	}
	from, _, args := b.source()
	n, _, err := s.number(ctx, from.with+`SELECT COUNT(*) FROM `+from.table+` WHERE `+w.sql, append(args, w.args...)...)
	return n, err
}

// rest visits the matching events that fulfil upper and also but not lower.
func (s *snapshot) rest(ctx context.Context, f timeline.Filter, b bounds, also condition, visit func(*timeline.Event)) error {
	open := bounds{upper: allOf(b.upper, b.lower.not()), lower: never, few: b.few}
	return s.scan(ctx, f, open, also, ``, func(e *timeline.Event) bool {
		visit(e)
		return true
	})
}

// Histogram counts the matching events in n equal stretches of the time from
// from to to, to itself left out. Undated events are in none.
func (db *DB) Histogram(ctx context.Context, f timeline.Filter, from, to time.Time, n int) ([]int64, error) {
	if n <= 0 || n > MaxPage || !to.After(from) || !fits(from) || !fits(to) || from.IsZero() {
		return nil, fmt.Errorf("count events over time: from %s to %s in %d parts cannot be", from, to, n)
	}
	edges := edges(stamp(from), stamp(to), n)
	counts := make([]int64, n)
	err := db.view(ctx, func(s *snapshot) error {
		b, err := s.bind(ctx, f)
		if err != nil {
			return err
		}
		for i := range counts {
			if counts[i], err = s.count(ctx, b, allOf(where("time >= ?", edges[i]), where("time < ?", edges[i+1]))); err != nil {
				return err
			}
		}
		if b.exact {
			return nil
		}
		inside := allOf(where("time >= ?", edges[0]), where("time < ?", edges[n]))
		return s.rest(ctx, f, b, inside, func(e *timeline.Event) {
			t := stamp(e.Time)
			counts[sort.Search(n-1, func(i int) bool { return t < edges[i+1] })]++
		})
	})
	if err != nil {
		return nil, fmt.Errorf("count events over time: %w", err)
	}
	return counts, nil
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
	err = db.view(ctx, func(s *snapshot) error {
		b, err := s.bind(ctx, f)
		if err != nil {
			return err
		}
		dated := where("time < ?", int64(undated))
		if err := s.scan(ctx, f, b, dated, ascending, func(e *timeline.Event) bool { first = e.Time; return false }); err != nil {
			return err
		}
		return s.scan(ctx, f, b, dated, descending, func(e *timeline.Event) bool { last = e.Time; return false })
	})
	if err != nil {
		return time.Time{}, time.Time{}, fmt.Errorf("read time span: %w", err)
	}
	return first, last, nil
}

// Estimate is about how many events match, at once; exact says that it is the
// true number.
func (db *DB) Estimate(ctx context.Context, f timeline.Filter) (n int64, exact bool, err error) {
	n, err = db.Count(ctx, f)
	return n, err == nil, err
}
