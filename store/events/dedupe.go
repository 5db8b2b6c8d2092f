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
	rivals := overlapping(entries, meta)
	if len(rivals) == 0 {
		return int64(meta.Rows), w.put(ctx, image, meta)
	}
	w.image.Open(meta, imageParts(image.Parts))
	known, n, err := w.known(ctx, meta, rivals)
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

// overlapping are the segments that may have an event of the new one.
func overlapping(entries []*entry, m *segment.Meta) []*entry {
	mine := ranges(m)
	return slices.DeleteFunc(slices.Clone(entries), func(e *entry) bool {
		return !slices.ContainsFunc(e.meta.Files, func(f segment.File) bool { return overlap(mine[f.Key], f.Places) })
	})
}

func overlap(a, b []segment.Range) bool {
	for _, x := range a {
		for _, y := range b {
			if x.Low <= y.High && y.Low <= x.High {
				return true
			}
		}
	}
	return false
}

// identified is the id of a row of the new segment.
type identified struct {
	place uint64
	row   int
}

// known says which rows of the new segment are in one of the others, and how many
// there are. What it keeps is of the size of the new segment.
func (w *writer) known(ctx context.Context, m *segment.Meta, rivals []*entry) (known []bool, n int, err error) {
	mine := make(map[timeline.FileKey][]identified, len(m.Files))
	err = eachID(w.image, func(row int, f *segment.File, place uint64) {
		mine[f.Key] = append(mine[f.Key], identified{place, row})
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
	f := filling{}
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
