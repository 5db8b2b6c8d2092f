package events

import (
	"context"
	"fmt"
	"sync"

	"firebreak/store/events/segment"
	"firebreak/timeline"
)

// FieldCount is a field that events have a value in: how many of them, and of a
// column also how many values there are, as far as MaxValues.
type FieldCount struct {
	Field     timeline.Field
	Attribute string // of FieldAttribute
	Events    int64
	Values    int
}

// columnFields are the fields whose values are in columns.
var columnFields = [...]timeline.Field{
	timeline.FieldHost, timeline.FieldUser, timeline.FieldSource, timeline.FieldParser, timeline.FieldKind,
	timeline.FieldPrecision, timeline.FieldExhibit, timeline.FieldTechnique,
}

// Fields returns the fields that the matching events have a value in: the columns,
// and then the attributes, the most frequent first. Where all events of a segment
// match its own counts say it, and no event is looked at.
func (db *DB) Fields(ctx context.Context, f timeline.Filter) ([]FieldCount, error) {
	p, err := compile(f)
	if err != nil {
		return nil, fmt.Errorf("list fields: %w", err)
	}
	s := fieldSums{}
	for i := range s.columns {
		s.columns[i].values = make(map[string]bool)
	}
	var names []Value
	err = db.query(ctx, func(c *crew) (err error) {
		names, err = inParts(ValuesOptions{Limit: MaxValues}, func(t *tally) error {
			return c.each(len(c.entries), func(w *worker, i int) error { return s.segment(w, p, c.entries[i], t) })
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list fields: %w", err)
	}
	var all []FieldCount
	for i, c := range s.columns {
		if c.events > 0 {
			all = append(all, FieldCount{Field: columnFields[i], Events: c.events, Values: len(c.values)})
		}
	}
	for _, n := range names {
		all = append(all, FieldCount{Field: timeline.FieldAttribute, Attribute: n.Value, Events: n.Count})
	}
	return all, nil
}

// fieldSums is what the segments come to.
type fieldSums struct {
	mu      sync.Mutex
	done    map[int64]bool // segments whose columns are counted: names can take several passes
	columns [len(columnFields)]columnSum
}

type columnSum struct {
	events int64
	values map[string]bool
}

// segment adds a segment; the names of its attributes go to the tally.
func (s *fieldSums) segment(w *worker, p *plan, e *entry, names *tally) error {
	q, err := p.prepare(w, e)
	if err != nil {
		return err
	}
	maybe, sure := p.blocks(q)
	if maybe == 0 {
		return nil
	}
	// Columns that fields share are counted once.
	counts := make(map[segment.Column][]int64)
	shapes := []int64(nil)
	w.use(e)
	if sure == everyBlock(e.meta) {
		for _, f := range columnFields {
			own, err := w.r.Counts(columnOf(f))
			if err != nil {
				return err
			}
			n := make([]int64, len(own))
			for code, rows := range own {
				n[code] = int64(rows)
			}
			counts[columnOf(f)] = n
		}
	} else if shapes, err = w.countCodes(p, q, counts); err != nil {
		return err
	}
	if err := w.tallyShapes(e, shapes, names); err != nil {
		return err
	}
	for i, f := range columnFields {
		values, err := w.valuesOf(e, f)
		if err != nil {
			return err
		}
		s.add(i, e, counts[columnOf(f)], values)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.done == nil {
		s.done = make(map[int64]bool)
	}
	s.done[e.id] = true
	return nil
}

func (s *fieldSums) add(column int, e *entry, counts []int64, values []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.done[e.id] {
		return
	}
	c := &s.columns[column]
	for code, n := range counts {
		if n == 0 || code >= len(values) || values[code] == "" {
			continue
		}
		c.events += n
		if len(c.values) < MaxValues {
			c.values[values[code]] = true
		}
	}
}

// countCodes counts the matching rows of a segment by the codes of each column,
// and by their shapes.
func (w *worker) countCodes(p *plan, q *prep, counts map[segment.Column][]int64) (shapes []int64, err error) {
	e := q.e
	lists, err := w.r.Shapes()
	if err != nil {
		return nil, err
	}
	shapes = make([]int64, len(lists))
	for _, f := range columnFields {
		values, err := w.valuesOf(e, f)
		if err != nil {
			return nil, err
		}
		counts[columnOf(f)] = make([]int64, len(values))
	}
	count := func(column segment.Column, n []int64, b *segment.Block, rows *bitmap) error {
		codes, err := w.codesOf(column, b)
		if err != nil {
			return err
		}
		for i := rows.next(0); i >= 0; i = rows.next(i + 1) {
			if code := int(codes[i]); code < len(n) {
				n[code]++
			}
		}
		return nil
	}
	err = w.eachBlock(p, q, func(block int, rows *bitmap) error {
		w.use(e)
		b := &e.meta.Blocks[block]
		for column, n := range counts {
			if err := count(column, n, b, rows); err != nil {
				return err
			}
		}
		return count(segment.Shape, shapes, b, rows)
	})
	return shapes, err
}

// tallyShapes adds the names of the attributes of so many rows of each shape; nil
// stands for all rows of the segment.
func (w *worker) tallyShapes(e *entry, shapes []int64, t *tally) error {
	w.use(e)
	names, err := w.r.Names()
	if err != nil {
		return err
	}
	rows := make([]int64, len(names))
	if shapes == nil {
		for i, n := range names {
			rows[i] = int64(n.Rows)
		}
	} else {
		lists, err := w.r.Shapes()
		if err != nil {
			return err
		}
		for code, n := range shapes {
			for _, name := range lists[code] {
				rows[name] += n
			}
		}
	}
	for i, n := range rows {
		if n > 0 {
			t.add(names[i].Name, n, undated, undated)
		}
	}
	return nil
}
