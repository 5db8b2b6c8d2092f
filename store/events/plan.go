package events

import (
	"cmp"
	"fmt"
	"slices"

	"firebreak/store/events/segment"
	"firebreak/timeline"
)

// A filter is answered in two steps. First every term says for each segment
// which blocks may hold a match and which hold nothing else (prepare): from
// times, dictionaries and the lexicon, without a look at the events. Then the
// blocks that are left are read, and every term narrows a set of their rows
// (match). The second step is exact.

// term is a node of the plan.
type term interface {
	// prepare works out the term's blocks in the segment, and keeps in
	// p.states[number] what match needs. Every event that matches is in a block
	// of maybe; in the blocks of sure every event matches.
	prepare(w *worker, p *prep) (maybe, sure uint64, err error)
	// match takes those rows out of the set that do not match. It is asked only
	// for blocks of maybe that are not in sure.
	match(w *worker, p *prep, block int, rows *bitmap) error
	about() *termInfo
}

// termInfo is what all terms have.
type termInfo struct {
	number int // in prep
	cost   int // the greater, the later a term is asked
	expr   timeline.Expr
}

func (t *termInfo) about() *termInfo { return t }

// What terms cost.
const (
	costTimes = iota
	costColumn
	costPlaces
	costText
	costEveryText // nothing narrows the blocks
)

// prep is a filter's first step for one segment. It is written once and then
// read by all workers.
type prep struct {
	e      *entry
	masks  []mask
	states []any
	swept  map[timeline.Fragment]uint64 // what a sweep has looked up already
}

type mask struct{ maybe, sure uint64 }

// plan is a compiled filter. A nil root matches everything.
type plan struct {
	root  term
	terms int
}

// compile makes the plan of a filter.
func compile(f timeline.Filter) (*plan, error) {
	p := &plan{}
	if f.Expr() == nil {
		return p, nil
	}
	root, err := p.term(f.Expr())
	if err != nil {
		return nil, err
	}
	p.root = root
	return p, nil
}

func (p *plan) info(x timeline.Expr, cost int) termInfo {
	p.terms++
	return termInfo{number: p.terms - 1, cost: cost, expr: x}
}

func (p *plan) term(x timeline.Expr) (term, error) {
	switch x := x.(type) {
	case timeline.And:
		parts, cost, err := p.parts(x)
		return &allTerm{termInfo: p.info(x, cost), parts: parts}, err
	case timeline.Or:
		parts, cost, err := p.parts(x)
		return &anyTerm{termInfo: p.info(x, cost), parts: parts}, err
	case timeline.Not:
		part, err := p.term(x.X)
		if err != nil {
			return nil, err
		}
		return &notTerm{termInfo: p.info(x, part.about().cost), part: part}, nil
	case timeline.Word:
		return p.word(x), nil
	case timeline.Address:
		return p.address(x), nil
	case timeline.Is:
		return p.is(x), nil
	case timeline.Compare:
		return p.compare(x), nil
	case timeline.After:
		return p.after(x), nil
	case timeline.Before:
		return p.before(x), nil
	case timeline.Marked:
		return p.marked(x, x.Events()), nil
	}
	return nil, fmt.Errorf("filter: unknown expression %T", x)
}

func (p *plan) parts(xs []timeline.Expr) (parts []term, cost int, err error) {
	for _, x := range xs {
		part, err := p.term(x)
		if err != nil {
			return nil, 0, err
		}
		parts, cost = append(parts, part), max(cost, part.about().cost)
	}
	slices.SortStableFunc(parts, func(a, b term) int { return cmp.Compare(a.about().cost, b.about().cost) })
	return parts, cost, nil
}

// prepare is the first step for a segment.
func (p *plan) prepare(w *worker, e *entry) (*prep, error) {
	return p.prepareSwept(w, e, nil)
}

// prepareSwept is prepare with words that are looked up already.
func (p *plan) prepareSwept(w *worker, e *entry, masks map[timeline.Fragment]uint64) (*prep, error) {
	s := &prep{e: e, masks: make([]mask, p.terms), states: make([]any, p.terms), swept: masks}
	if p.root == nil {
		return s, nil
	}
	_, _, err := prepare(w, s, p.root)
	return s, err
}

func prepare(w *worker, p *prep, t term) (maybe, sure uint64, err error) {
	if err := w.ctx.Err(); err != nil {
		return 0, 0, err
	}
	maybe, sure, err = t.prepare(w, p)
	p.masks[t.about().number] = mask{maybe: maybe, sure: sure}
	return maybe, sure, err
}

// blocks are those of the segment that may hold a match.
func (p *plan) blocks(s *prep) (maybe, sure uint64) {
	if p.root == nil {
		all := everyBlock(s.e.meta)
		return all, all
	}
	m := s.masks[p.root.about().number]
	return m.maybe, m.sure
}

// match narrows the rows of a block to those that match.
func (p *plan) match(w *worker, s *prep, block int, rows *bitmap) error {
	if p.root == nil {
		return nil
	}
	return match(w, s, p.root, block, rows)
}

func match(w *worker, p *prep, t term, block int, rows *bitmap) error {
	m := p.masks[t.about().number]
	switch {
	case m.maybe>>block&1 == 0:
		rows.clear()
		return nil
	case m.sure>>block&1 != 0:
		return nil
	}
	if err := w.ctx.Err(); err != nil {
		return err
	}
	return t.match(w, p, block, rows)
}

type allTerm struct {
	termInfo
	parts []term
}

func (t *allTerm) prepare(w *worker, p *prep) (maybe, sure uint64, err error) {
	maybe = everyBlock(p.e.meta)
	sure = maybe
	for _, part := range t.parts {
		if maybe == 0 {
			return 0, 0, nil // the other parts are never asked
		}
		m, s, err := prepare(w, p, part)
		if err != nil {
			return 0, 0, err
		}
		maybe, sure = maybe&m, sure&s
	}
	return maybe, sure, nil
}

func (t *allTerm) match(w *worker, p *prep, block int, rows *bitmap) error {
	for _, part := range t.parts {
		if rows.empty() {
			return nil
		}
		if err := match(w, p, part, block, rows); err != nil {
			return err
		}
	}
	return nil
}

type anyTerm struct {
	termInfo
	parts []term
}

func (t *anyTerm) prepare(w *worker, p *prep) (maybe, sure uint64, err error) {
	for _, part := range t.parts {
		m, s, err := prepare(w, p, part)
		if err != nil {
			return 0, 0, err
		}
		maybe, sure = maybe|m, sure|s
	}
	return maybe, sure, nil
}

func (t *anyTerm) match(w *worker, p *prep, block int, rows *bitmap) error {
	open, found, try := w.bitmap(), w.bitmap(), w.bitmap()
	defer w.give(open)
	defer w.give(found)
	defer w.give(try)
	*open = *rows
	found.clear()
	for _, part := range t.parts {
		*try = *open
		if err := match(w, p, part, block, try); err != nil {
			return err
		}
		found.or(try)
		if open.without(try); open.empty() {
			break
		}
	}
	*rows = *found
	return nil
}

type notTerm struct {
	termInfo
	part term
}

func (t *notTerm) prepare(w *worker, p *prep) (maybe, sure uint64, err error) {
	m, s, err := prepare(w, p, t.part)
	all := everyBlock(p.e.meta)
	return all &^ s, all &^ m, err
}

func (t *notTerm) match(w *worker, p *prep, block int, rows *bitmap) error {
	not := w.bitmap()
	defer w.give(not)
	*not = *rows
	if err := match(w, p, t.part, block, not); err != nil {
		return err
	}
	rows.without(not)
	return nil
}

// leaves visits the leaves of the plan.
func leaves(t term, visit func(term)) {
	switch t := t.(type) {
	case nil:
	case *allTerm:
		for _, part := range t.parts {
			leaves(part, visit)
		}
	case *anyTerm:
		for _, part := range t.parts {
			leaves(part, visit)
		}
	case *notTerm:
		leaves(t.part, visit)
	default:
		visit(t)
	}
}

// blocksWhere is a mask of the blocks for which is says true.
func blocksWhere(m *segment.Meta, is func(*segment.Block) bool) uint64 {
	var blocks uint64
	for i := range m.Blocks {
		if is(&m.Blocks[i]) {
			blocks |= 1 << i
		}
	}
	return blocks
}
