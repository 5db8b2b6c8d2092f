package events

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"sync"
	"time"

	"firebreak/store/events/segment"
	"firebreak/timeline"
)

// columnOf is where the values of a field are kept. Parser and exhibit are those
// of the file.
func columnOf(f timeline.Field) segment.Column {
	switch f { //nolint:exhaustive // see countable
	case timeline.FieldHost:
		return segment.Host
	case timeline.FieldUser:
		return segment.User
	case timeline.FieldSource:
		return segment.Source
	case timeline.FieldKind:
		return segment.TimeKind
	case timeline.FieldPrecision:
		return segment.Precision
	case timeline.FieldTechnique:
		return segment.Technique
	default:
		return segment.FileOf
	}
}

// codeSet is a set of codes of one column; nil is none.
type codeSet []uint64

func (s codeSet) has(code uint16) bool {
	return int(code>>6) < len(s) && s[code>>6]>>(code&63)&1 != 0
}

func (s *codeSet) add(code int) {
	for len(*s) <= code>>6 {
		*s = append(*s, 0)
	}
	(*s)[code>>6] |= 1 << (code & 63)
}

// valuesOf are the values that the codes of a field's column stand for.
func (w *worker) valuesOf(e *entry, f timeline.Field) ([]string, error) {
	column := columnOf(f)
	if column != segment.FileOf {
		w.use(e)
		return w.r.Dictionary(column)
	}
	values := make([]string, len(e.meta.Files))
	for i := range e.meta.Files {
		values[i] = e.meta.Files[i].Exhibit
		if f == timeline.FieldParser {
			values[i] = e.meta.Files[i].Parser
		}
	}
	return values, nil
}

// codesWhere are the codes of values for which is says true; all says that they
// are every one.
func (w *worker) codesWhere(e *entry, f timeline.Field, is func(string) bool) (set codeSet, all bool, err error) {
	values, err := w.valuesOf(e, f)
	if err != nil {
		return nil, false, err
	}
	set, n := codesOfValues(values, is)
	return set, n == len(values), nil
}

func codesOfValues(values []string, is func(string) bool) (set codeSet, n int) {
	for i, v := range values {
		if is(v) {
			set.add(i)
			n++
		}
	}
	return set, n
}

type attributeCodes struct {
	column segment.Column
	codes  codeSet
}

// attributesWhere are the columns of attributes with values for which is says
// true, and the codes of these values.
func (w *worker) attributesWhere(e *entry, is func(string) bool) ([]attributeCodes, error) {
	w.use(e)
	names, err := w.r.Names()
	if err != nil {
		return nil, err
	}
	var out []attributeCodes
	for _, n := range names {
		if n.Column == 0 {
			continue
		}
		values, err := w.r.Dictionary(n.Column)
		if err != nil {
			return nil, err
		}
		if set, _ := codesOfValues(values, is); set != nil {
			out = append(out, attributeCodes{column: n.Column, codes: set})
		}
	}
	return out, nil
}

// mark adds to found those of the rows whose code in the column is of the set.
func (w *worker) mark(column segment.Column, b *segment.Block, set codeSet, rows, found *bitmap) error {
	if set == nil {
		return nil
	}
	codes, err := w.codesOf(column, b)
	if err != nil {
		return err
	}
	for i := rows.next(0); i >= 0; i = rows.next(i + 1) {
		if set.has(codes[i]) {
			found.set(i)
		}
	}
	return nil
}

// namesOf is the hosts and users of a segment in lower case, each followed by a
// zero byte: most patterns are in none of them.
func (w *worker) namesOf(e *entry) ([]byte, error) {
	if names, ok := w.db.names.get(e.id); ok {
		return names, nil
	}
	w.use(e)
	var names []byte
	for _, c := range [...]segment.Column{segment.Host, segment.User} {
		values, err := w.r.Dictionary(c)
		if err != nil {
			return nil, err
		}
		for _, v := range values {
			names = append(appendLower(names, []byte(v)), 0)
		}
	}
	w.db.names.put(e.id, slices.Clip(names))
	return names, nil
}

// names remembers the hosts and users of segments. It forgets everything when
// full.
type names struct {
	mu    sync.Mutex
	known map[int64][]byte
	size  int
}

const namesRemembered = 4 << 20

func (n *names) get(segment int64) ([]byte, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	known, ok := n.known[segment]
	return known, ok
}

func (n *names) put(segment int64, text []byte) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(text) > namesRemembered/4 {
		return
	}
	if n.known == nil || n.size+len(text) > namesRemembered {
		n.known, n.size = make(map[int64][]byte), 0
	}
	n.known[segment] = text
	n.size += len(text)
}

// narrow takes the rows out whose code is not in the set.
func narrow(rows *bitmap, codes []uint16, set codeSet) {
	for i := rows.next(0); i >= 0; i = rows.next(i + 1) {
		if !set.has(codes[i]) {
			rows.unset(i)
		}
	}
}

// columnTerm compares the values of a column.
type columnTerm struct {
	termInfo
	field timeline.Field
	is    func(string) bool
}

func (t *columnTerm) prepare(w *worker, p *prep) (maybe, sure uint64, err error) {
	set, all, err := w.codesWhere(p.e, t.field, t.is)
	switch {
	case err != nil:
		return 0, 0, err
	case all:
		return everyBlock(p.e.meta), everyBlock(p.e.meta), nil
	case set == nil:
		return 0, 0, nil
	}
	p.states[t.number] = set
	return everyBlock(p.e.meta), 0, nil
}

func (t *columnTerm) match(w *worker, p *prep, block int, rows *bitmap) error {
	column := columnOf(t.field)
	w.use(p.e)
	codes, err := w.codesOf(column, &p.e.meta.Blocks[block])
	if err != nil {
		return err
	}
	narrow(rows, codes, p.states[t.number].(codeSet)) //nolint:forcetypeassert // prepare put it there
	return nil
}

// timeTerm matches the stamps from low up to high. Of times beyond what a stamp
// can hold all have the same, outermost one: with that one the event is asked.
type timeTerm struct {
	termInfo
	low, high int64
	ask       int64
	asks      bool
}

func (p *plan) after(x timeline.After) term {
	t := &timeTerm{termInfo: p.info(x, costTimes), high: undated}
	switch {
	case fits(x.Time):
		t.low = stamp(x.Time)
	case x.Time.Year() < 1970:
		t.low, t.ask, t.asks = math.MinInt64+1, math.MinInt64, true
	default:
		t.low, t.ask, t.asks = undated, undated-1, true
	}
	return t
}

func (p *plan) before(x timeline.Before) term {
	t := &timeTerm{termInfo: p.info(x, costTimes), low: math.MinInt64}
	switch {
	case fits(x.Time):
		t.high = stamp(x.Time)
	case x.Time.Year() < 1970:
		t.high, t.ask, t.asks = math.MinInt64, math.MinInt64, true
	default:
		t.high, t.ask, t.asks = undated-1, undated-1, true
	}
	return t
}

func (t *timeTerm) prepare(_ *worker, p *prep) (maybe, sure uint64, err error) {
	maybe = blocksWhere(p.e.meta, func(b *segment.Block) bool {
		return b.First < t.high && b.Last >= t.low || t.asks && b.First <= t.ask && t.ask <= b.Last
	})
	sure = blocksWhere(p.e.meta, func(b *segment.Block) bool { return b.First >= t.low && b.Last < t.high })
	return maybe, sure, nil
}

func (t *timeTerm) match(w *worker, p *prep, block int, rows *bitmap) error {
	w.use(p.e)
	b := &p.e.meta.Blocks[block]
	stamps, err := w.stampsOf(b)
	if err != nil {
		return err
	}
	inside, asked := w.bitmap(), w.bitmap()
	defer w.give(inside)
	defer w.give(asked)
	from, _ := slices.BinarySearch(stamps, t.low)
	to, _ := slices.BinarySearch(stamps, t.high)
	inside.fill(from, max(from, to))
	if t.asks {
		from, to := stampRange(stamps, t.ask)
		asked.fill(from, to)
		asked.and(rows)
		for i := asked.next(0); i >= 0; i = asked.next(i + 1) {
			e, err := w.r.Event(b.Row + i)
			if err != nil {
				return err
			}
			if t.expr.Match(&e) {
				inside.set(i)
			}
		}
	}
	rows.and(inside)
	return nil
}

// stampRange is the rows with that stamp.
func stampRange(stamps []int64, stamp int64) (from, to int) {
	from, _ = slices.BinarySearch(stamps, stamp)
	to = from
	for to < len(stamps) && stamps[to] == stamp {
		to++
	}
	return from, to
}

// offsetTerm asks for the offset of each row.
type offsetTerm struct {
	termInfo
	is func(int64) bool
}

func (t *offsetTerm) prepare(_ *worker, p *prep) (maybe, sure uint64, err error) {
	return everyBlock(p.e.meta), 0, nil
}

func (t *offsetTerm) match(w *worker, p *prep, block int, rows *bitmap) error {
	w.use(p.e)
	b := &p.e.meta.Blocks[block]
	for i := rows.next(0); i >= 0; i = rows.next(i + 1) {
		row := b.Row + i
		offsets, err := w.r.Offsets(row / segment.ChunkRows)
		if err != nil {
			return err
		}
		if !t.is(offsets[row%segment.ChunkRows]) {
			rows.unset(i)
		}
	}
	return nil
}

func (p *plan) is(x timeline.Is) term {
	switch x.Field { //nolint:exhaustive // all others are columns
	case timeline.FieldAttribute:
		return p.attribute(x, x.Attribute, x.Matches, attributeNeed(x))
	case timeline.FieldOffset:
		return &offsetTerm{termInfo: p.info(x, costPlaces), is: func(n int64) bool { return x.Matches(strconv.FormatInt(n, 10)) }}
	case timeline.FieldID:
		return p.id(x)
	default:
		return &columnTerm{termInfo: p.info(x, costColumn), field: x.Field, is: x.Matches}
	}
}

func (p *plan) compare(x timeline.Compare) term {
	if x.Field == timeline.FieldOffset {
		return &offsetTerm{termInfo: p.info(x, costPlaces), is: func(n int64) bool { return x.Match(&timeline.Event{Offset: n}) }}
	}
	return p.attribute(x, x.Attribute, x.Matches, timeline.Need{})
}

// undated is the stamp of an event without a time: after all others.
const undated = segment.Undated

func fits(t time.Time) bool { return segment.Fits(t) }

// stamp is the place of t in the order of events.
func stamp(t time.Time) int64 { return segment.Stamp(t) }

// timeOf is the time of a stamp, zero for an undated one.
func timeOf(stamp int64) time.Time {
	if stamp == undated {
		return time.Time{}
	}
	return time.Unix(0, stamp).UTC()
}

// place is an event's place in the order of the timeline.
type place struct {
	stamp int64
	id    timeline.ID
}

func placeOf(c timeline.Cursor) place { return place{stamp: stamp(c.Time), id: c.ID} }

func (p place) compare(q place) int {
	return cmp.Or(cmp.Compare(p.stamp, q.stamp), slices.Compare(p.id[:], q.id[:]))
}
