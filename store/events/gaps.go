package events

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"firebreak/store/events/segment"
	"firebreak/timeline"
)

// Gap is a stretch of time in which no event had the value. Before and After
// are the events at its ends. Where the value does not come back After is
// zero, and To is the time of the last event of all that match.
type Gap struct {
	Value  string      `json:"value"`
	From   time.Time   `json:"from"`
	To     time.Time   `json:"to"`
	Before timeline.ID `json:"before"`
	After  timeline.ID `json:"after,omitzero"`
}

// mostRuns bounds the memory of a search for gaps.
const mostRuns = 1 << 20

var errManyGaps = errors.New("there are too many: ask for longer ones, or fewer events")

// Gaps returns where, among the dated events that match, a value of the field
// is silent for atLeast or longer; the longest first, at most MaxPage of them.
// Events without a value are left out.
func (db *DB) Gaps(ctx context.Context, f timeline.Filter, by timeline.Field, atLeast time.Duration) ([]Gap, error) {
	if !countable(by, "") {
		return nil, fmt.Errorf("look for gaps by %s: %w", by, ErrField)
	}
	if atLeast <= 0 {
		return nil, fmt.Errorf("look for gaps: a gap of %s cannot be", atLeast)
	}
	p, err := compile(f)
	if err != nil {
		return nil, fmt.Errorf("look for gaps: %w", err)
	}
	var gaps []Gap
	err = db.query(ctx, func(c *crew) error {
		g := gapSearch{by: by, atLeast: atLeast, runs: make(map[string][]run)}
		if err := c.each(len(c.entries), func(w *worker, i int) error { return g.segment(w, p, c.entries[i]) }); err != nil {
			return err
		}
		gaps, err = g.gaps(c.first)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("look for gaps: %w", err)
	}
	return gaps, nil
}

// gapSearch finds runs: stretches without a gap in one segment. A gap of them
// all cannot lie inside a run of one.
type gapSearch struct {
	by      timeline.Field
	atLeast time.Duration

	mu   sync.Mutex
	runs map[string][]run
	n    int
	end  int64
	any  bool
}

// run goes from one event to another of a segment.
type run struct {
	e           *entry
	from, to    int64
	first, last int // rows
}

func (g *gapSearch) segment(w *worker, p *plan, e *entry) error {
	column := columnOf(g.by)
	values, err := w.valuesOf(e, g.by)
	if err != nil {
		return err
	}
	values = slices.Clone(values)
	open := make([]run, len(values))
	closed := make([][]run, len(values))
	end, some := int64(0), false
	err = w.matching(p, e, func(block int, rows *bitmap) error {
		b := &e.meta.Blocks[block]
		w.use(e)
		// Where all events of a block have one value, and are not far from each
		// other, its ends say all.
		if b.Last != undated && apart(b.First, b.Last) < g.atLeast && rows.count() == b.Rows {
			code, one, err := w.onlyCode(column, b)
			if err != nil {
				return err
			}
			if one {
				end, some = b.Last, true
				n := 0
				if int(code) < len(values) && values[code] != "" {
					n = extend(&open[code], &closed[code], run{e: e, from: b.First, to: b.Last, first: b.Row, last: b.Row + b.Rows - 1}, g.atLeast)
				}
				return g.grow(n)
			}
		}
		stamps, err := w.stampsOf(b)
		if err != nil {
			return err
		}
		codes, err := w.codesOf(column, b)
		if err != nil {
			return err
		}
		n := 0
		for i := rows.next(0); i >= 0; i = rows.next(i + 1) {
			at := stamps[i]
			if at == undated {
				break
			}
			end, some = at, true
			code := int(codes[i])
			if code >= len(values) || values[code] == "" {
				continue
			}
			n += extend(&open[code], &closed[code], run{e: e, from: at, to: at, first: b.Row + i, last: b.Row + i}, g.atLeast)
		}
		return g.grow(n)
	})
	if err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if some && (!g.any || end > g.end) {
		g.end, g.any = end, true
	}
	for code, r := range open {
		if r.e != nil {
			g.runs[values[code]] = append(append(g.runs[values[code]], closed[code]...), r)
		}
	}
	return nil
}

// extend joins a run with the one before it, or closes that; it returns how many
// it closed.
func extend(open *run, closed *[]run, next run, atLeast time.Duration) (n int) {
	if open.e != nil && apart(open.to, next.from) < atLeast {
		open.to, open.last = next.to, next.last
		return 0
	}
	if open.e != nil {
		*closed = append(*closed, *open)
		n = 1
	}
	*open = next
	return n
}

// onlyCode is the code that all rows of a block have, where it is known to be one.
func (w *worker) onlyCode(c segment.Column, b *segment.Block) (code uint16, one bool, err error) {
	if c == segment.FileOf && len(w.r.Meta().Files) == 1 {
		return 0, true, nil
	}
	for chunk := b.Row / segment.ChunkRows; chunk <= (b.Row+b.Rows-1)/segment.ChunkRows; chunk++ {
		next, same, err := w.r.Only(c, chunk)
		if err != nil || !same || one && next != code {
			return 0, false, err
		}
		code, one = next, true
	}
	return code, one, nil
}

// grow counts runs.
func (g *gapSearch) grow(n int) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.n += n; g.n > mostRuns {
		return errManyGaps
	}
	return nil
}

// between is a gap whose ends are not looked up yet; after is empty where the
// value does not come back.
type between struct {
	value         string
	before, after run
	from, to      int64
}

func (g *gapSearch) gaps(w *worker) ([]Gap, error) {
	var found []between
	for value, runs := range g.runs {
		slices.SortFunc(runs, func(a, b run) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.e.id, b.e.id)) })
		last := runs[0]
		for _, r := range runs[1:] {
			if r.from > last.to && apart(last.to, r.from) >= g.atLeast {
				found = append(found, between{value: value, before: last, after: r, from: last.to, to: r.from})
			}
			if r.to > last.to {
				last = r
			}
		}
		if apart(last.to, g.end) >= g.atLeast {
			found = append(found, between{value: value, before: last, from: last.to, to: g.end})
		}
	}
	slices.SortFunc(found, func(a, b between) int {
		return cmp.Or(cmp.Compare(apart(b.from, b.to), apart(a.from, a.to)), cmp.Compare(a.from, b.from), cmp.Compare(a.value, b.value))
	})
	found = found[:min(len(found), MaxPage)]
	gaps := make([]Gap, len(found))
	for i, f := range found {
		var err error
		if gaps[i], err = f.gap(w); err != nil {
			return nil, err
		}
	}
	return gaps, nil
}

// gap looks up which events are at the ends.
func (b *between) gap(w *worker) (g Gap, err error) {
	g = Gap{Value: b.value, From: timeOf(b.from), To: timeOf(b.to)}
	if g.Before, err = w.idOf(b.before.e, b.before.last); err != nil || b.after.e == nil {
		return g, err
	}
	g.After, err = w.idOf(b.after.e, b.after.first)
	return g, err
}
