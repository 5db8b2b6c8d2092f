package timeline

import (
	"bytes"
	"time"
)

// Cursor is the place of an event in the timeline's order: by time, undated
// events last, and by id among equals.
type Cursor struct {
	Time time.Time `json:"time,omitzero"`
	ID   ID        `json:"id"`
}

// Cursor is the event's place.
func (e Event) Cursor() Cursor { return Cursor{Time: e.Time, ID: e.ID} }

// Compare is negative where c comes before d, positive where it comes after.
func (c Cursor) Compare(d Cursor) int {
	switch {
	case c.Time.IsZero() && d.Time.IsZero():
		return bytes.Compare(c.ID[:], d.ID[:])
	case c.Time.IsZero():
		return 1
	case d.Time.IsZero():
		return -1
	}
	if n := c.Time.Compare(d.Time); n != 0 {
		return n
	}
	return bytes.Compare(c.ID[:], d.ID[:])
}
