package events

import (
	"firebreak/store/events/segment"
	"firebreak/timeline"
)

// attributeTerm asks for the value of an attribute. An event without it has the
// empty value.
type attributeTerm struct {
	termInfo
	name   string
	is     func(string) bool
	absent bool // events without the attribute match
	need   timeline.Need
}

type attributeState struct {
	name   int            // in Names; -1 where no event of the segment has it
	column segment.Column // 0: all values stand in the text
	codes  codeSet        // that match
	shapes codeSet        // with the attribute, where there is no column
	text   uint64         // blocks whose texts may have a value that matches
}

func (p *plan) attribute(x timeline.Expr, name string, is func(string) bool, need timeline.Need) term {
	t := &attributeTerm{termInfo: p.info(x, costText), name: name, is: is, absent: is(""), need: need}
	if need.Op == timeline.NeedNothing {
		t.cost = costEveryText
	}
	return t
}

// attributeNeed is what the texts of an event must have that has the attribute
// with one of the values.
func attributeNeed(x timeline.Is) timeline.Need {
	needs := make([]timeline.Need, len(x.Patterns))
	for i, p := range x.Patterns {
		needs[i] = p.Need()
	}
	return timeline.AnyNeed(needs)
}

func (t *attributeTerm) prepare(w *worker, p *prep) (maybe, sure uint64, err error) {
	s := &attributeState{name: -1}
	p.states[t.number] = s
	all := everyBlock(p.e.meta)
	w.use(p.e)
	names, err := w.r.Names()
	if err != nil {
		return 0, 0, err
	}
	for i, n := range names {
		if n.Name != t.name {
			continue
		}
		s.name = i
		s.column = n.Column
		break
	}
	if s.name < 0 {
		if t.absent {
			return all, all, nil
		}
		return 0, 0, nil
	}
	if s.column != 0 {
		values, err := w.r.Dictionary(s.column)
		if err != nil {
			return 0, 0, err
		}
		s.codes, _ = codesOfValues(values, t.is)
	} else if err := t.shapes(w, s); err != nil {
		return 0, 0, err
	}
	if s.text, err = w.need(p, t.need); err != nil {
		return 0, 0, err
	}
	if t.absent || s.codes != nil {
		return all, 0, nil
	}
	return s.text, 0, nil
}

// shapes finds the shapes of rows that have the attribute.
func (t *attributeTerm) shapes(w *worker, s *attributeState) error {
	shapes, err := w.r.Shapes()
	if err != nil {
		return err
	}
	for code, names := range shapes {
		for _, n := range names {
			if n == s.name {
				s.shapes.add(code)
				break
			}
		}
	}
	return nil
}

func (t *attributeTerm) match(w *worker, p *prep, block int, rows *bitmap) error {
	s := p.states[t.number].(*attributeState) //nolint:forcetypeassert // prepare put it there
	w.use(p.e)
	b := &p.e.meta.Blocks[block]
	column := segment.Shape
	if s.column != 0 {
		column = s.column
	}
	codes, err := w.codesOf(column, b)
	if err != nil {
		return err
	}
	inText := w.bitmap()
	defer w.give(inText)
	inText.clear()
	for i := rows.next(0); i >= 0; i = rows.next(i + 1) {
		code := codes[i]
		switch {
		case s.column == 0 && s.shapes.has(code):
			inText.set(i)
		case s.column == 0 || code == segment.NoValue:
			if !t.absent {
				rows.unset(i)
			}
		case !s.codes.has(code):
			rows.unset(i)
		}
	}
	if inText.empty() {
		return nil
	}
	if s.text>>block&1 == 0 {
		// A value that matches the empty text needs nothing: see absent.
		rows.without(inText)
		return nil
	}
	text, err := w.r.Text(block)
	if err != nil {
		return err
	}
	for i := inText.next(0); i >= 0; i = inText.next(i + 1) {
		value, ok, err := text.Value(i, s.name)
		if err != nil {
			return err
		}
		if ok && !t.is(peekString(value)) || !ok && !t.absent {
			rows.unset(i)
		}
	}
	return nil
}
