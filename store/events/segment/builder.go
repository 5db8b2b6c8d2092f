package segment

import "firebreak/timeline"

// Builder gathers the events of a segment. It copies what it is given.
type Builder struct{}

// NewBuilder returns an empty one.
func NewBuilder() *Builder { return &Builder{} }

// Add takes the event; false says that the builder is full: encode first.
func (b *Builder) Add(e *timeline.Event) bool { return false }

// Len is how many events it has.
func (b *Builder) Len() int { return 0 }

// Reset empties it.
func (b *Builder) Reset() {}

// Encoder holds what encoding needs besides: compressor, table of words,
// buffers. It belongs to one goroutine and can be used for any builder.
type Encoder struct{}

// NewEncoder returns one.
func NewEncoder() (*Encoder, error) { return &Encoder{}, nil }

// Encode makes a segment of the events. Of events with the same id the one that
// came first stays.
func (b *Builder) Encode(e *Encoder) (*Image, error) { return nil, ErrDamaged }

// ParseMeta reads Image.Meta.
func ParseMeta(data []byte) (*Meta, error) { return nil, ErrDamaged }
