package events

import (
	"bytes"

	"firebreak/store/events/segment"
	"firebreak/timeline"
)

// wordTerm looks for a pattern in the texts of events.
type wordTerm struct {
	termInfo
	word   timeline.Word
	need   timeline.Need
	finder finder
}

// wordState is what is known of one segment: which hosts, users and values of
// attributes with few values the pattern is found in.
type wordState struct {
	text        uint64 // blocks whose messages and attributes may hold it
	host, user  codeSet
	attributes  []attributeCodes
	onlyMessage bool
}

func (p *plan) word(x timeline.Word) term {
	need := x.Pattern.Need()
	cost := costText
	if need.Op == timeline.NeedNothing {
		cost = costEveryText
	}
	return &wordTerm{termInfo: p.info(x, cost), word: x, need: need, finder: newFinder(x.Pattern)}
}

func (t *wordTerm) prepare(w *worker, p *prep) (maybe, sure uint64, err error) {
	s := &wordState{onlyMessage: t.word.Message}
	p.states[t.number] = s
	if !t.word.Message {
		all, some, err := t.people(w, p, s)
		switch {
		case err != nil:
			return 0, 0, err
		case all:
			return everyBlock(p.e.meta), everyBlock(p.e.meta), nil
		case some:
			maybe = everyBlock(p.e.meta)
		}
	}
	if s.text, err = t.blocks(w, p); err != nil || s.text == 0 {
		return maybe, 0, err
	}
	maybe |= s.text
	if t.word.Message {
		return maybe, 0, nil
	}
	s.attributes, err = w.attributesWhere(p.e, t.word.Pattern.In)
	return maybe, 0, err
}

// people finds the hosts and users in whose names the pattern is.
func (t *wordTerm) people(w *worker, p *prep, s *wordState) (all, some bool, err error) {
	if t.finder.anchor != nil {
		have, known := w.db.catalogue.have(p.e.id, t.finder.anchor)
		if !known {
			names, err := w.namesOf(p.e)
			if err != nil {
				return false, false, err
			}
			have = bytes.Contains(names, t.finder.anchor)
		}
		if !have {
			return false, false, nil
		}
	}
	var allHosts, allUsers bool
	if s.host, allHosts, err = w.codesWhere(p.e, timeline.FieldHost, t.word.Pattern.In); err != nil {
		return false, false, err
	}
	if s.user, allUsers, err = w.codesWhere(p.e, timeline.FieldUser, t.word.Pattern.In); err != nil {
		return false, false, err
	}
	return allHosts || allUsers, s.host != nil || s.user != nil, nil
}

// blocks are those whose texts may hold the pattern.
func (t *wordTerm) blocks(w *worker, p *prep) (uint64, error) {
	if t.need.Op == timeline.NeedNothing && t.finder.word != nil {
		return w.inWords(p, t)
	}
	return w.need(p, t.need)
}

func (t *wordTerm) match(w *worker, p *prep, block int, rows *bitmap) error {
	s := p.states[t.number].(*wordState) //nolint:forcetypeassert // prepare put it there
	b := &p.e.meta.Blocks[block]
	w.use(p.e)
	open, found := w.bitmap(), w.bitmap()
	defer w.give(open)
	defer w.give(found)
	*open = *rows
	found.clear()
	take := func(column segment.Column, set codeSet) error {
		if set == nil || open.empty() {
			return nil
		}
		if err := w.mark(column, b, set, open, found); err != nil {
			return err
		}
		open.without(found)
		return nil
	}
	if err := take(segment.Host, s.host); err != nil {
		return err
	}
	if err := take(segment.User, s.user); err != nil {
		return err
	}
	if s.text>>block&1 != 0 {
		for _, a := range s.attributes {
			if err := take(a.column, a.codes); err != nil {
				return err
			}
		}
		if !open.empty() {
			text, err := w.r.Text(block)
			if err != nil {
				return err
			}
			if err := t.finder.find(w, p, block, text, s.onlyMessage, open, found); err != nil {
				return err
			}
		}
	}
	*rows = *found
	return nil
}
