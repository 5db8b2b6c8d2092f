package container

import (
	"slices"

	"firebreak/record"
)

// wholes are items that were added, until their last bytes are in the stream: the
// compressor and age each hold some back.
type wholes struct {
	plain int64            // written since the last mark
	added []record.Exhibit // since then
	marks []wholeMark
}

// wholeMark says how much must have gone through age for these to be whole.
type wholeMark struct {
	packed int64
	items  []record.Exhibit
}

const (
	markBytes = 1 << 20 // of plain bytes between two marks
	markItems = 256
	// Of age's format: what is encrypted together, and what that grows by.
	ageChunk = 64 << 10
	ageTag   = 16
)

// tellWhole passes on the items that have become whole. Now and then it makes the
// compressor give up what it holds, and notes how far that came.
func (c *Writer) tellWhole() error {
	if c.o.Whole == nil {
		return nil
	}
	w := &c.whole
	if len(w.added) > 0 && (w.plain >= markBytes || len(w.added) >= markItems) {
		if err := c.z.Flush(); err != nil {
			return c.broken(err)
		}
		w.marks = append(w.marks, wholeMark{c.packed.n, w.added})
		w.plain, w.added = 0, nil
	}
	out := c.out.n
	if !c.o.Plain {
		out = (out - c.head) / (ageChunk + ageTag) * ageChunk
	}
	var items []record.Exhibit
	for len(w.marks) > 0 && w.marks[0].packed <= out {
		items = append(items, w.marks[0].items...)
		w.marks = w.marks[1:]
	}
	if len(items) > 0 {
		c.o.Whole(items)
	}
	return nil
}

// tellAll passes on the rest: the stream is at its end.
func (c *Writer) tellAll() {
	var items []record.Exhibit
	for _, m := range c.whole.marks {
		items = append(items, m.items...)
	}
	items = slices.Concat(items, c.whole.added)
	c.whole = wholes{}
	if len(items) > 0 {
		c.o.Whole(items)
	}
}
