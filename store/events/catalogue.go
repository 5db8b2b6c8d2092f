package events

import (
	"cmp"
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"sync"

	"firebreak/store/events/segment"
)

// entry is a segment of the timeline. Entries are shared and never changed.
type entry struct {
	id    int64
	small bool // all parts are in one row
	meta  *segment.Meta
}

// catalogue is the segments as they were last seen. Segments are immutable and
// their ids are used once, so what is known of one stays true, and a reader only
// asks whether the generation is another.
type catalogue struct {
	mu         sync.Mutex
	generation int64
	entries    []*entry          // by id
	people     map[int64]*people // by group
}

// have are the segments of a segment's group in one of whose hosts and users the
// text may be; known is false where that is not known of the segment.
func (c *catalogue) have(segment int64, text []byte) (have, known bool) {
	c.mu.Lock()
	p := c.people[groupOf(segment)]
	c.mu.Unlock()
	if p == nil || p.named&bitOf(segment) == 0 {
		return false, false
	}
	return p.have(text)&bitOf(segment) != 0, true
}

// segments are those of the transaction in which s is.
func (c *catalogue) segments(ctx context.Context, s session) (entries []*entry, generation int64, err error) {
	generation, events, err := s.state(ctx)
	if err != nil {
		return nil, 0, err
	}
	c.mu.Lock()
	known, last := c.entries, c.generation
	c.mu.Unlock()
	if last == generation {
		return known, generation, nil
	}
	entries, err = c.read(ctx, s, known)
	if err != nil {
		return nil, 0, fmt.Errorf("read the list of segments: %w", err)
	}
	for _, e := range entries {
		events -= int64(e.meta.Rows)
	}
	if events != 0 {
		return nil, 0, fmt.Errorf("%w: segments are missing, or their events are", ErrDamaged)
	}
	c.set(entries, generation)
	return entries, generation, nil
}

// state is the generation and the number of all events.
func (s session) state(ctx context.Context) (generation, events int64, err error) {
	found := false
	err = s.each(ctx, `SELECT generation, events FROM state`, nil, func(row []driver.Value) (bool, error) {
		found = true
		var bad [2]error
		generation, bad[0] = integer(row[0])
		events, bad[1] = integer(row[1])
		return false, errors.Join(bad[:]...)
	})
	if err == nil && (!found || generation < 1) {
		err = fmt.Errorf("%w: its state is missing", ErrDamaged)
	}
	return generation, events, err
}

// set remembers what was seen, unless something later is known.
func (c *catalogue) set(entries []*entry, generation int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if generation > c.generation {
		c.entries, c.generation = entries, generation
	}
}

// find is where the segment is among entries that are in order.
func find(entries []*entry, id int64) (int, bool) {
	return slices.BinarySearchFunc(entries, id, func(e *entry, id int64) int { return cmp.Compare(e.id, id) })
}

// read lists the segments. What is known of them is taken over.
func (c *catalogue) read(ctx context.Context, s session, known []*entry) ([]*entry, error) {
	var entries []*entry
	unknown := 0
	err := s.each(ctx, `SELECT id, events, small FROM segment ORDER BY id`, nil, func(row []driver.Value) (bool, error) {
		var n [3]int64
		for i := range n {
			var err error
			if n[i], err = integer(row[i]); err != nil {
				return false, err
			}
		}
		if i, ok := find(known, n[0]); ok {
			entries = append(entries, known[i])
			return true, nil
		}
		unknown++
		entries = append(entries, &entry{id: n[0], small: n[2] != 0, meta: &segment.Meta{Rows: int(n[1])}})
		return true, nil
	})
	if err != nil {
		return nil, err
	}
	var digested map[int64]*entry
	if unknown >= digestFew {
		var who map[int64]*people
		if digested, who, err = s.digests(ctx); err != nil {
			return nil, err
		}
		c.mu.Lock()
		c.people = who
		c.mu.Unlock()
	}
	for i, e := range entries {
		if e.meta.Blocks != nil {
			continue
		}
		rows := e.meta.Rows
		if d := digested[e.id]; d != nil && d.small == e.small {
			entries[i], e = d, d
		} else {
			data, err := s.blob(ctx, `SELECT data FROM part WHERE id = ?`, partID(e.id, kindMeta, 0))
			if err != nil {
				return nil, err
			}
			if e.meta, err = segment.ParseMeta(data); err != nil {
				return nil, err
			}
		}
		if e.meta.Rows != rows {
			return nil, fmt.Errorf("%w: segment %d has %d events, not %d", ErrDamaged, e.id, e.meta.Rows, rows)
		}
	}
	return entries, nil
}

// blob is the bytes in the only row of a query, nil where there is none.
func (s session) blob(ctx context.Context, query string, id int64) (data []byte, err error) {
	err = s.each(ctx, query, []any{id}, func(row []driver.Value) (bool, error) {
		b, ok := row[0].([]byte)
		if !ok {
			return false, fmt.Errorf("%w: %T where bytes belong", ErrDamaged, row[0])
		}
		data = b
		return false, nil
	})
	return data, err
}
