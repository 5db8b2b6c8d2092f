// Package segment is the form in which the timeline keeps events: immutable
// segments of up to 65,536 events in the order of time, in columns, with a
// lexicon of their words.
//
// It is pure: a Builder takes events, an Encoder makes the parts of a segment
// of them, a Reader reads the parts again. Where the parts are kept is the
// business of package events. A segment knows nothing of others: it has its own
// dictionaries, so what it holds of an exhibit goes with it.
//
// Rows are numbered from 0 in the order of time and id. A chunk is 4,096 of them
// and has their numbers: times, places, codes. A block is at most 1,024 of them
// and has their texts; a set of blocks is a mask of 64 bits. A stamp is
// nanoseconds since 1970; a row without a time has Undated and comes last.
//
// Everything of an event comes back as it was given. Bytes that are damaged give
// ErrDamaged, never a panic and never another answer.
//
// Where to begin reading: meta.go is what a segment says of itself, token.go what
// a word is, part.go how a part is closed and checked. encoder.go writes the
// parts, reader.go reads them, a file for each kind.
package segment

import (
	"errors"
	"math"

	"firebreak/timeline"
)

// The bounds of a segment.
const (
	MaxRows   = 1 << 16 // events in a segment
	ChunkRows = 1 << 12 // rows whose times, places and codes lie in one part
	BlockRows = 1 << 10 // rows whose text lies in one part, at most
	MaxBlocks = 64      // one bit each in a mask

	// WordParts is how many parts the words have at most, by their hash.
	WordParts = 64
)

// Undated is the stamp of an event without a time: after all others.
const Undated = math.MaxInt64

// ErrDamaged is returned where a part is not as it was written.
var ErrDamaged = errors.New("a segment is damaged")

// Kind is a kind of part.
type Kind uint8

// The kinds of parts and what their number is.
const (
	KindDictionary Kind = iota + 1 // values of a column, by the column
	KindShapes                     // names of attributes and the shapes made of them, 0
	KindTimes                      // by the chunk
	KindPlaces                     // files, places and offsets, by the chunk
	KindCodes                      // codes of all columns, by the chunk
	KindText                       // messages and values, by the block
	KindWords                      // hashes of words and their blocks, by the part of the hash
	KindLexicon                    // texts of the words, 0
)

// Column is a column of codes into a dictionary. Attributes whose values are
// few have columns too, from Attributes on.
type Column int

// The columns that every segment has.
const (
	Source Column = iota
	Host
	User
	TimeKind
	Precision
	Technique
	FileOf // the index in Meta.Files
	Shape  // the index in Shapes
	Attributes
)

// NoValue stands in a column of attributes where the row has no such attribute.
const NoValue = 0xffff

// Meta is what is kept of a segment in memory.
type Meta struct {
	Rows        int
	First, Last int64 // stamps of the first and the last dated event; First > Last where there is none
	Undated     int   // rows at the end
	Text        int   // bytes of all messages and values
	Chunks      []Span
	Blocks      []Block
	Files       []File

	long     uint64 // blocks with tokens that are too long for the lexicon
	mark     uint32 // is in the checksum of every part
	wordBits int    // see words
	columns  int
}

// Span is the stamps of the first and the last row of a chunk.
type Span struct{ First, Last int64 }

// Block says which rows are in a block, and when they were.
type Block struct {
	Row, Rows   int
	First, Last int64
}

// File is what the events of a segment have in common that one parser made of
// one exhibit.
type File struct {
	Key             timeline.FileKey
	Exhibit, Parser string
	Rows            int
	Places          []Range // all places lie in these, which are in order and apart
}

// Range is from the lowest place to the highest.
type Range struct{ Low, High uint64 }

// Name is the name of an attribute in a segment.
type Name struct {
	Name   string
	Rows   int    // that have it
	Column Column // of the codes of its values; 0 where they stand in the text
}

// Parts are the parts of one segment. The bytes are valid until the next call; a
// part that is not there is nil.
type Parts interface {
	Part(kind Kind, n int) ([]byte, error)
}

// Image is an encoded segment.
type Image struct {
	Meta  []byte // see ParseMeta
	Parts []Part

	memory []byte
	home   chan *Image
}

// Part is one part of an image.
type Part struct {
	Kind Kind
	N    int
	Data []byte
}
