package parse

import (
	"strconv"
	"unsafe"

	"firebreak/timeline"
)

// arena is the memory of the attributes of one batch, and of the texts that do
// not stand in the artefact as they are. Two of each take turns: what a batch
// uses is written over when the batch after it was handed over too.
type arena struct {
	attrs, otherAttrs []timeline.Attribute
	text, otherText   []byte
}

// attrRoom is how many attributes an event gets room for; more of them move
// elsewhere.
const attrRoom = 16

// usualAttrs is how many attributes an event is thought to have.
const usualAttrs = 8

// wide is room for the attributes of one event. A batch that has held events
// so far and holds most at last says how much is worth having: as much for each
// event as those so far took, and for all of them, so that the batch after the
// next has enough.
func (a *arena) wide(held, most, room int) timeline.Attributes {
	n := len(a.attrs)
	if cap(a.attrs)-n < room {
		each := usualAttrs
		if held > 0 {
			each = max(each, n/held+1)
		}
		a.attrs, n = make([]timeline.Attribute, 0, max(most, firstBatch)*each+room), 0
	}
	return timeline.Attributes(a.attrs[n : n : n+room])
}

// used closes the attributes of an event. They grow elsewhere from then on.
func (a *arena) used(attrs timeline.Attributes) timeline.Attributes {
	n, size := len(a.attrs), len(attrs)
	if size > 0 && n < cap(a.attrs) && &attrs[0] == &a.attrs[:n+1][n] {
		a.attrs = a.attrs[:n+size]
	}
	return attrs[:size:size]
}

// join is the parts, one after the other.
func (a *arena) join(parts ...string) string {
	n := len(a.text)
	for _, p := range parts {
		a.text = append(a.text, p...)
	}
	return view(a.text[n:])
}

// number is a count in decimal digits.
func (a *arena) number(v uint64) string {
	n := len(a.text)
	a.text = strconv.AppendUint(a.text, v, 10)
	return view(a.text[n:])
}

// turn begins a new batch.
func (a *arena) turn() {
	a.attrs, a.otherAttrs = a.otherAttrs[:0], a.attrs
	a.text, a.otherText = a.otherText[:0], a.text
}

// view is b as a text that shares its memory. The bytes must not change as
// long as the text is used: those of a chunk stay until its events were handed
// over.
func view(b []byte) string {
	return unsafe.String(unsafe.SliceData(b), len(b)) //nolint:gosec // within b
}

// bytesOf is the bytes of a text, to be read only.
func bytesOf(s string) []byte {
	return unsafe.Slice(unsafe.StringData(s), len(s)) //nolint:gosec // within s
}
