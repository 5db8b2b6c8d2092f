package events

import (
	"slices"
	"strings"

	"firebreak/store/events/segment"
	"firebreak/timeline"
)

// idTerm matches events by their ids.
type idTerm struct {
	termInfo
	byFile map[timeline.FileKey][]uint64 // places, sorted
}

// anyIDTerm asks for the text of each id.
type anyIDTerm struct {
	termInfo
	is func(string) bool
}

func (p *plan) marked(x timeline.Expr, ids []timeline.ID) term {
	t := &idTerm{termInfo: p.info(x, costPlaces), byFile: make(map[timeline.FileKey][]uint64)}
	for _, id := range ids {
		t.byFile[id.Key()] = append(t.byFile[id.Key()], id.Place())
	}
	for _, places := range t.byFile {
		slices.Sort(places)
	}
	return t
}

func (p *plan) id(x timeline.Is) term {
	var ids []timeline.ID
	for _, pattern := range x.Patterns {
		text, ok := pattern.Literal()
		if !ok {
			return &anyIDTerm{termInfo: p.info(x, costPlaces), is: x.Matches}
		}
		if id, ok := timeline.ParseID(strings.ToUpper(text)); ok {
			ids = append(ids, id)
		}
	}
	if x.Matches("") {
		return &anyIDTerm{termInfo: p.info(x, costPlaces), is: x.Matches}
	}
	return p.marked(x, ids)
}

// prepare finds the rows: a segment holds few of the ids, or none.
func (t *idTerm) prepare(w *worker, p *prep) (maybe, sure uint64, err error) {
	rows, err := w.rowsOf(p.e, t.byFile)
	if err != nil {
		return 0, 0, err
	}
	p.states[t.number] = rows
	for _, row := range rows {
		maybe |= 1 << blockOf(p.e.meta, row)
	}
	return maybe, 0, nil
}

func (t *idTerm) match(_ *worker, p *prep, block int, rows *bitmap) error {
	b := &p.e.meta.Blocks[block]
	var found bitmap
	for _, row := range p.states[t.number].([]int) { //nolint:forcetypeassert // prepare put it there
		if row >= b.Row && row < b.Row+b.Rows {
			found.set(row - b.Row)
		}
	}
	rows.and(&found)
	return nil
}

// blockOf is the block with the row.
func blockOf(m *segment.Meta, row int) int {
	i, found := slices.BinarySearchFunc(m.Blocks, row, func(b segment.Block, row int) int { return b.Row - row })
	if !found {
		i--
	}
	return i
}

// rowsOf is the rows of a segment with the given places in files.
func (w *worker) rowsOf(e *entry, byFile map[timeline.FileKey][]uint64) ([]int, error) {
	wanted := make([][]uint64, len(e.meta.Files))
	some := false
	for i := range e.meta.Files {
		f := &e.meta.Files[i]
		places := byFile[f.Key]
		for _, r := range f.Places {
			from, _ := slices.BinarySearch(places, r.Low)
			to, found := slices.BinarySearch(places, r.High)
			if found {
				to++
			}
			if from < to {
				wanted[i], some = places, true
			}
		}
	}
	if !some {
		return nil, nil
	}
	w.use(e)
	var rows []int
	for chunk := range e.meta.Chunks {
		if err := w.ctx.Err(); err != nil {
			return nil, err
		}
		files, err := w.r.Codes(segment.FileOf, chunk)
		if err != nil {
			return nil, err
		}
		places, err := w.r.Places(chunk)
		if err != nil {
			return nil, err
		}
		for i, f := range files {
			if int(f) >= len(wanted) || wanted[f] == nil {
				continue
			}
			if _, found := slices.BinarySearch(wanted[f], places[i]); found {
				rows = append(rows, chunk*segment.ChunkRows+i)
			}
		}
	}
	return rows, nil
}

func (t *anyIDTerm) prepare(_ *worker, p *prep) (maybe, sure uint64, err error) {
	return everyBlock(p.e.meta), 0, nil
}

func (t *anyIDTerm) match(w *worker, p *prep, block int, rows *bitmap) error {
	b := &p.e.meta.Blocks[block]
	for i := rows.next(0); i >= 0; i = rows.next(i + 1) {
		id, err := w.idOf(p.e, b.Row+i)
		if err != nil {
			return err
		}
		if !t.is(id.String()) {
			rows.unset(i)
		}
	}
	return nil
}

// idOf is the id of a row.
func (w *worker) idOf(e *entry, row int) (timeline.ID, error) {
	w.use(e)
	chunk, i := row/segment.ChunkRows, row%segment.ChunkRows
	files, err := w.r.Codes(segment.FileOf, chunk)
	if err != nil {
		return timeline.ID{}, err
	}
	f := int(files[i])
	places, err := w.r.Places(chunk)
	if err != nil {
		return timeline.ID{}, err
	}
	if f >= len(e.meta.Files) {
		return timeline.ID{}, segment.ErrDamaged
	}
	return e.meta.Files[f].Key.At(places[i]), nil
}
