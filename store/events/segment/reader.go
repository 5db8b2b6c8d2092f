package segment

import "firebreak/timeline"

// Reader reads one segment after the other. It keeps its buffers and remembers
// what it decoded last, so it belongs to one goroutine. What it returns is valid
// until the same method is called again with other arguments, or Open is.
type Reader struct {
	meta  *Meta
	parts Parts
}

// NewReader returns a reader without a segment.
func NewReader() *Reader { return &Reader{} }

// Open goes to a segment.
func (r *Reader) Open(m *Meta, p Parts) { r.meta, r.parts = m, p }

// Meta is the open segment's.
func (r *Reader) Meta() *Meta { return r.meta }

// Times are the stamps of a chunk: nanoseconds since 1970. A time out of range is
// as far out as can be; see Stamp.
func (r *Reader) Times(chunk int) ([]int64, error) { return nil, ErrDamaged }

// Codes are the codes of a chunk in a column. A column of attributes has NoValue
// and Inline too.
func (r *Reader) Codes(c Column, chunk int) ([]uint16, error) { return nil, ErrDamaged }

// Dictionary is the texts that the codes of a column stand for. FileOf, Shape and
// stamped attributes have none.
func (r *Reader) Dictionary(c Column) ([]string, error) { return nil, ErrDamaged }

// Counts is how many rows have each code of a column.
func (r *Reader) Counts(c Column) ([]uint32, error) { return nil, ErrDamaged }

// Places are the places of a chunk's rows in their files: with Codes(FileOf) and
// Meta.Files the ids.
func (r *Reader) Places(chunk int) ([]uint64, error) { return nil, ErrDamaged }

// Offsets are the offsets of a chunk's rows.
func (r *Reader) Offsets(chunk int) ([]int64, error) { return nil, ErrDamaged }

// Names are the names of all attributes.
func (r *Reader) Names() ([]Name, error) { return nil, ErrDamaged }

// Shapes are the lists of names that rows have: indexes in Names, by the code of
// column Shape.
func (r *Reader) Shapes() ([][]int, error) { return nil, ErrDamaged }

// Text is the text of a block.
func (r *Reader) Text(block int) (*Text, error) { return nil, ErrDamaged }

// Word is the blocks that may hold the token, which is folded: a token as Tokens
// yields it. Blocks not among them do not hold it, in no message and no value.
func (r *Reader) Word(token string) (blocks uint64, err error) { return 0, ErrDamaged }

// Lexicon is the texts of all tokens, but for those that Hidden tells of.
func (r *Reader) Lexicon() (*Lexicon, error) { return nil, ErrDamaged }

// Hidden is for whoever looks through the lexicon for anything but whole tokens:
// tokens that are not in it. It calls match with each fraction of a second that a
// stamped attribute ends in ("123456", "123z") and returns the blocks where match
// says true, and those with tokens that are too long for the lexicon.
func (r *Reader) Hidden(match func(token []byte) bool) (blocks uint64, err error) {
	return 0, ErrDamaged
}

// Event puts a row together again.
func (r *Reader) Event(row int) (timeline.Event, error) { return timeline.Event{}, ErrDamaged }

// Text is the decoded text of a block. Rows are counted from the block's first.
type Text struct {
}

// Raw is the messages and those values that stand in the text, row by row, each
// followed by a zero byte.
func (t *Text) Raw() []byte { return nil }

// Row is where the row's texts stand in Raw.
func (t *Text) Row(i int) (start, end int) { return 0, 0 }

// RowAt is the row whose texts the position in Raw belongs to.
func (t *Text) RowAt(position int) int { return 0 }

// Message is the row's message.
func (t *Text) Message(i int) []byte { return nil }

// Value is the row's value of the attribute with that index in Names, wherever it
// is kept.
func (t *Text) Value(i, name int) (value []byte, ok bool, err error) { return nil, false, ErrDamaged }

// Each visits the row's attributes in their order.
func (t *Text) Each(i int, visit func(name int, value []byte) bool) error { return ErrDamaged }

// Lexicon is the tokens of a segment.
type Lexicon struct {
}

// Texts is the folded tokens, each followed by a zero byte.
func (l *Lexicon) Texts() []byte { return nil }

// Len is how many there are.
func (l *Lexicon) Len() int { return 0 }

// At is the number of the token that the position in Texts belongs to.
func (l *Lexicon) At(position int) int { return 0 }

// Token is the text of the token.
func (l *Lexicon) Token(i int) []byte { return nil }

// Blocks is the blocks that hold the token. The first call for a part of the
// words reads it.
func (l *Lexicon) Blocks(i int) (uint64, error) { return 0, ErrDamaged }
