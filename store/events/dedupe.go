package events

import (
	"cmp"
	"context"
	"slices"

	"firebreak/store/events/segment"
	"firebreak/timeline"
)

// add writes the events of a new segment whose ids are not there yet, and says how
// many. Where no place of its files lies within those of a segment, which is the
// rule, that is clear without a look at any event.
func (w *writer) add(ctx context.Context, image *segment.Image) (int64, error) {
	meta, err := segment.ParseMeta(image.Meta)
	if err != nil {
		return 0, err
	}
	entries, err := w.segments(ctx)
	if err != nil {
		return 0, err
	}
	rivals, common := overlapping(entries, meta)
	if len(rivals) == 0 {
		return int64(meta.Rows), w.put(ctx, image, meta)
	}
	w.image.Open(meta, imageParts(image.Parts))
	known, n, err := w.known(ctx, meta, rivals, common)
	switch {
	case err != nil:
		return 0, err
	case n == 0:
		return int64(meta.Rows), w.put(ctx, image, meta)
	case n == meta.Rows:
		return 0, nil
	}
	return w.rewrite(ctx, w.image, meta, func(row int) bool { return !known[row] })
}

// imageParts are the parts of an image.
type imageParts []segment.Part

func (p imageParts) Part(kind segment.Kind, n int) ([]byte, error) {
	for i := range p {
		if p[i].Kind == kind && p[i].N == n {
			return p[i].Data, nil
		}
	}
	return nil, nil
}

// ranges are the places of the files, by their key.
func ranges(m *segment.Meta) map[timeline.FileKey][]segment.Range {
	out := make(map[timeline.FileKey][]segment.Range, len(m.Files))
	for i := range m.Files {
		out[m.Files[i].Key] = append(out[m.Files[i].Key], m.Files[i].Places...)
	}
	return out
}

// overlapping are the segments that may have an event of the new one, and the
// ranges in which those lie.
func overlapping(entries []*entry, m *segment.Meta) (rivals []*entry, common map[timeline.FileKey][]segment.Range) {
	mine := ranges(m)
	for _, e := range entries {
		rival := false
		for i := range e.meta.Files {
			f := &e.meta.Files[i]
			for _, x := range mine[f.Key] {
				for _, y := range f.Places {
					if x.Low > y.High || y.Low > x.High {
						continue
					}
					if common == nil {
						common = make(map[timeline.FileKey][]segment.Range)
					}
					common[f.Key] = append(common[f.Key], segment.Range{Low: max(x.Low, y.Low), High: min(x.High, y.High)})
					rival = true
				}
			}
		}
		if rival {
			rivals = append(rivals, e)
		}
	}
	for key, rs := range common {
		common[key] = joined(rs)
	}
	return rivals, common
}

// joined puts ranges in order and makes one of those that meet.
func joined(rs []segment.Range) []segment.Range {
	slices.SortFunc(rs, func(x, y segment.Range) int { return cmp.Compare(x.Low, y.Low) })
	out := rs[:1]
	for _, r := range rs[1:] {
		if last := &out[len(out)-1]; r.Low <= last.High {
			last.High = max(last.High, r.High)
		} else {
			out = append(out, r)
		}
	}
	return out
}

func within(rs []segment.Range, place uint64) bool {
	if len(rs) == 0 || place < rs[0].Low || place > rs[len(rs)-1].High {
		return false
	}
	i, found := slices.BinarySearchFunc(rs, place, func(r segment.Range, place uint64) int { return cmp.Compare(r.Low, place) })
	return found || i > 0 && place <= rs[i-1].High
}

// identified is the id of a row of the new segment.
type identified struct {
	place uint64
	row   int
}

// known says which rows of the new segment are in one of the others, and how many
// there are. What it keeps is of the size of the new segment.
func (w *writer) known(ctx context.Context, m *segment.Meta, rivals []*entry, common map[timeline.FileKey][]segment.Range) (known []bool, n int, err error) {
	mine := make(map[timeline.FileKey][]identified, len(m.Files))
	err = eachID(w.image, func(row int, f *segment.File, place uint64) {
		if within(common[f.Key], place) {
			mine[f.Key] = append(mine[f.Key], identified{place, row})
		}
	})
	if err != nil {
		return nil, 0, err
	}
	for _, rows := range mine {
		slices.SortFunc(rows, func(x, y identified) int { return cmp.Compare(x.place, y.place) })
	}
	known = make([]bool, m.Rows)
	for _, e := range rivals {
		if err := ctx.Err(); err != nil {
			return nil, 0, err
		}
		err := eachID(w.open(e), func(_ int, f *segment.File, place uint64) {
			rows := mine[f.Key]
			if len(rows) == 0 || place < rows[0].place || place > rows[len(rows)-1].place {
				return
			}
			i, found := slices.BinarySearchFunc(rows, place, func(x identified, place uint64) int { return cmp.Compare(x.place, place) })
			if found && !known[rows[i].row] {
				known[rows[i].row] = true
				n++
			}
		})
		if err != nil {
			return nil, 0, err
		}
	}
	return known, n, nil
}

// eachID visits the ids of a segment's events.
func eachID(r *segment.Reader, visit func(row int, f *segment.File, place uint64)) error {
	m := r.Meta()
	for chunk := range m.Chunks {
		files, err := r.Codes(segment.FileOf, chunk)
		if err != nil {
			return err
		}
		places, err := r.Places(chunk)
		if err != nil {
			return err
		}
		for i, place := range places {
			visit(chunk*segment.ChunkRows+i, &m.Files[files[i]], place)
		}
	}
	return nil
}

// rewrite writes the events of a segment that are to be kept as a new one.
func (w *writer) rewrite(ctx context.Context, r *segment.Reader, m *segment.Meta, keep func(row int) bool) (kept int64, err error) {
	f := filling{rows: w.db.full}
	write := func(image *segment.Image) error {
		defer image.Release()
		meta, err := segment.ParseMeta(image.Meta)
		if err != nil {
			return err
		}
		return w.put(ctx, image, meta)
	}
	var one [1]timeline.Event
	for row := range m.Rows {
		if !keep(row) {
			continue
		}
		if one[0], err = r.Event(row); err != nil {
			return 0, err
		}
		if err := f.add(ctx, one[:], write); err != nil {
			return 0, err
		}
		kept++
	}
	return kept, f.flush(write)
}
