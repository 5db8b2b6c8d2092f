package events

import (
	"slices"

	"firebreak/store/events/segment"
)

// inParts tallies all values; where there are too many for one pass it takes
// several, each for a part of them.
func inParts(o ValuesOptions, do func(*tally) error) ([]Value, error) {
	var best []Value
	for parts, part := uint64(1), uint64(0); part < parts; part++ {
		t := newTally()
		t.parts, t.part = parts, part
		if err := do(t); err != nil {
			return nil, err
		}
		if t.full.Load() {
			// From the start, in more parts: the values are spread evenly over them.
			parts, part, best = parts*8, ^uint64(0), nil
			continue
		}
		best = chosen(append(best, t.values(o)...), o)
	}
	return best, nil
}

// attributeValues counts the values of an attribute.
func (c *crew) attributeValues(p *plan, name string, o ValuesOptions) ([]Value, error) {
	return inParts(o, func(t *tally) error {
		return c.each(len(c.entries), func(w *worker, i int) error {
			if t.full.Load() {
				return nil
			}
			return w.tallyAttribute(p, c.entries[i], name, t)
		})
	})
}

// tallyAttribute counts the matching rows of a segment by the value of an
// attribute.
func (w *worker) tallyAttribute(p *plan, e *entry, name string, t *tally) error {
	w.use(e)
	names, err := w.r.Names()
	if err != nil {
		return err
	}
	index := slices.IndexFunc(names, func(n segment.Name) bool { return n.Name == name })
	if index < 0 {
		return nil
	}
	column := names[index].Column
	var values []string
	if column != 0 {
		if values, err = w.r.Dictionary(column); err != nil {
			return err
		}
		values = slices.Clone(values)
	}
	per := newPerCode(len(values))
	err = w.matching(p, e, func(block int, rows *bitmap) error {
		w.use(e)
		if column != 0 {
			codes, err := w.codesOf(column, &e.meta.Blocks[block])
			if err != nil {
				return err
			}
			return per.addRows(w, e, block, rows, codes) // NoValue is beyond all codes
		}
		return w.tallyTexts(e, block, rows, index, t)
	})
	if err != nil {
		return err
	}
	per.settle(values, t)
	return nil
}

// tallyTexts counts the values of an attribute that stand in a block's text.
func (w *worker) tallyTexts(e *entry, block int, rows *bitmap, name int, t *tally) error {
	stamps, err := w.stampsOf(&e.meta.Blocks[block])
	if err != nil {
		return err
	}
	text, err := w.r.Text(block)
	if err != nil {
		return err
	}
	for i := rows.next(0); i >= 0; i = rows.next(i + 1) {
		value, ok, err := text.Value(i, name)
		if err != nil {
			return err
		}
		if !ok || len(value) == 0 {
			continue
		}
		t.add(peekString(value), 1, stamps[i], stamps[i])
	}
	return nil
}
