package events

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"firebreak/store/events/segment"
	"firebreak/timeline"
)

// Value is a value of a field: how many events have it, and when the first and
// the last dated one of them was. Both times are zero where none is dated; a
// time before 1678 or after 2261 is told as the nearest one between.
type Value struct {
	Value string    `json:"value"`
	Count int64     `json:"count"`
	First time.Time `json:"first,omitzero"`
	Last  time.Time `json:"last,omitzero"`
}

// ValuesOptions say which values are wanted: the most frequent ones, or the
// rarest. Limit is 100 by default, at most MaxValues.
type ValuesOptions struct {
	Limit int
	Rare  bool
}

// MaxValues is the greatest number of values that one answer has.
const MaxValues = 100_000

const valuesByDefault = 100

// ErrField is returned for a field whose values cannot be counted: an id or an
// offset is another one for each event.
var ErrField = errors.New("the field has no values to count")

// Values returns the values that a field has among the events that match, the
// most frequent first, or with Rare the rarest; among equals they are sorted.
// Events without a value are left out.
func (db *DB) Values(ctx context.Context, f timeline.Filter, field timeline.Field, attribute string, o ValuesOptions) ([]Value, error) {
	if !countable(field, attribute) {
		return nil, fmt.Errorf("count values of %s: %w", field, ErrField)
	}
	p, err := compile(f)
	if err != nil {
		return nil, fmt.Errorf("count values of %s: %w", field, err)
	}
	var values []Value
	err = db.query(ctx, func(c *crew) (err error) {
		switch {
		case field == timeline.FieldAttribute:
			values, err = c.attributeValues(p, attribute, o)
		case p.root == nil:
			values, err = c.allValues(field, o)
		default:
			values, err = inParts(o, func(t *tally) error {
				return c.each(len(c.entries), func(w *worker, i int) error { return w.tallyColumn(p, c.entries[i], field, t) })
			})
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("count values of %s: %w", field, err)
	}
	return values, nil
}

func countable(field timeline.Field, attribute string) bool {
	switch field { //nolint:exhaustive // the others have a value of their own for each event
	case timeline.FieldHost, timeline.FieldUser, timeline.FieldSource, timeline.FieldParser, timeline.FieldKind,
		timeline.FieldPrecision, timeline.FieldExhibit, timeline.FieldTechnique:
		return true
	case timeline.FieldAttribute:
		return attribute != ""
	default:
		return false
	}
}

// Names returns the attributes that the matching events have, the most frequent
// first.
func (db *DB) Names(ctx context.Context, f timeline.Filter) ([]Value, error) {
	p, err := compile(f)
	if err != nil {
		return nil, fmt.Errorf("list attributes: %w", err)
	}
	var names []Value
	err = db.query(ctx, func(c *crew) (err error) {
		names, err = inParts(ValuesOptions{Limit: MaxValues}, func(t *tally) error {
			return c.each(len(c.entries), func(w *worker, i int) error { return w.tallyNames(p, c.entries[i], t) })
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list attributes: %w", err)
	}
	return names, nil
}

// Dictionary returns values of a field that begin with the prefix, whatever
// its case, sorted: what a filter on that field can be completed with. Values
// that stand in the texts alone are looked for in a part of these.
func (db *DB) Dictionary(ctx context.Context, field timeline.Field, attribute, prefix string, limit int) ([]string, error) {
	if !countable(field, attribute) {
		return nil, fmt.Errorf("complete %s: %w", field, ErrField)
	}
	d := dictionary{prefix: prefix, found: make(map[string]bool)}
	err := db.query(ctx, func(c *crew) error {
		return c.each(len(c.entries), func(w *worker, i int) error {
			if field == timeline.FieldAttribute {
				return w.readAttribute(c.entries[i], attribute, &d)
			}
			values, err := w.valuesOf(c.entries[i], field)
			d.add(values...)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("complete %s: %w", field, err)
	}
	values := slices.Sorted(maps.Keys(d.found))
	return values[:min(max(limit, 0), len(values))], nil
}

// dictionary gathers values that begin with a prefix.
type dictionary struct {
	prefix string
	mu     sync.Mutex
	found  map[string]bool
}

func (d *dictionary) add(values ...string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, v := range values {
		if v != "" && len(v) >= len(d.prefix) && strings.EqualFold(v[:len(d.prefix)], d.prefix) && len(d.found) < MaxValues {
			d.found[strings.Clone(v)] = true
		}
	}
}

// readAttribute adds the values of an attribute: all that have a code, and of
// the others those of the segment's first block.
func (w *worker) readAttribute(e *entry, name string, d *dictionary) error {
	w.use(e)
	names, err := w.r.Names()
	if err != nil {
		return err
	}
	i := slices.IndexFunc(names, func(n segment.Name) bool { return n.Name == name })
	if i < 0 {
		return nil
	}
	if n := names[i]; n.Column != 0 {
		values, err := w.r.Dictionary(n.Column)
		d.add(values...)
		return err
	}
	text, err := w.r.Text(0)
	if err != nil {
		return err
	}
	for row := range e.meta.Blocks[0].Rows {
		value, ok, err := text.Value(row, i)
		if err != nil {
			return err
		}
		if ok {
			d.add(peekString(value))
		}
	}
	return nil
}
