package segment

import (
	"encoding/binary"
	"slices"
	"strings"

	"firebreak/timeline"
)

const (
	// maxText is the text of a segment. An event that has more has one of its own.
	// Earlier versions wrote up to olderText.
	maxText   = 10 << 20
	olderText = 16 << 20

	maxCoded = 4096 // distinct values in a column of attributes
	fewCoded = 256  // so many are no sign of many
)

// ErrTooLarge is returned for an event whose text no segment can hold.
var ErrTooLarge = errTooLarge{}

type errTooLarge struct{}

func (errTooLarge) Error() string { return "the event's text is too large" }

// maxEvent is the greatest text of an event.
const maxEvent = 512 << 20

// Builder gathers the events of a segment. It copies what it is given.
type Builder struct {
	full   int    // events
	arena  []byte // all texts
	in     *interner
	size   int // text that may go into blocks
	stamps []int64
	places []uint64
	far    map[int32]farTime
	offset []int64 // from what the place says; nil: all zero

	codes   [Attributes][]uint16
	columns [Technique + 1]column
	files   []fileRows
	fileOf  map[fileName]uint16
	file    fileName // of the last event

	names    []nameRows
	nameSize int // of their texts
	nameOf   map[string]int
	shapes   []shape
	shapeOf  map[string]uint16
	key      []byte

	messages []span
	values   []value // row by row
	longs    map[int]uint32
	firsts   []uint32
}

type farTime struct{ seconds, nanos int64 }

type span struct{ at, n uint32 }

// value is a value of an attribute. It may stand in the row's message. There are
// many, so they are small.
type value struct {
	at   uint32
	n    uint16 // longValue: its length is among longs
	code uint16
}

const longValue = 1<<16 - 1

type column struct {
	code   uint16 // of the last event
	values []span // by code
}

type fileName struct {
	key             timeline.FileKey
	exhibit, parser string
}

type fileRows struct {
	fileName
	rows  int
	now   Range // of the run of places that is growing
	runs  []Range
	messy bool // too many runs to be told apart
}

type nameRows struct {
	name   string
	space  uint32
	rows   int
	many   bool // too many values for codes
	values []span
	counts []uint32
	last   uint16 // code of the row before that has it
	column Column // once it is encoded; 0: its values stand in the text
}

type shape struct {
	names []int
	texts []string
	next  uint16 // the shape that came after this one last
}

// Spaces of the interner: columns, then names.
const nameSpace = 16

// NewBuilder returns an empty one.
func NewBuilder() *Builder {
	b := &Builder{full: MaxRows, in: newInterner()}
	b.Reset()
	return b
}

// Limit makes it full at so many events, at most MaxRows.
func (b *Builder) Limit(rows int) { b.full = rows }

// Reset empties it.
func (b *Builder) Reset() {
	if cap(b.arena) > 2*maxText {
		b.arena = nil
	}
	b.arena, b.size = b.arena[:0], 0
	b.in.reset()
	b.stamps, b.places, b.offset, b.far = b.stamps[:0], b.places[:0], nil, nil
	for i := range b.codes {
		b.codes[i] = b.codes[i][:0]
	}
	for i := range b.columns {
		b.columns[i] = column{values: b.columns[i].values[:0]}
	}
	b.files, b.fileOf, b.file = b.files[:0], map[fileName]uint16{}, fileName{}
	if cap(b.names) > maxCoded {
		b.names = nil
	}
	b.names, b.nameOf, b.nameSize = b.names[:0], map[string]int{}, 0
	b.shapes, b.shapeOf = b.shapes[:0], map[string]uint16{}
	b.messages, b.values, b.firsts, b.longs = b.messages[:0], b.values[:0], b.firsts[:0], nil
}

// Len is how many events it has.
func (b *Builder) Len() int { return len(b.stamps) }

// textOf is the bytes of the event's message and values, and of what is beside
// them.
func textOf(e *timeline.Event) (text, besides int) {
	text = len(e.Message)
	besides = len(e.Source) + len(e.Parser) + len(e.Host) + len(e.User) + len(e.Exhibit) + len(e.Technique) + len(e.TimeKind) + len(e.Precision)
	for i := range e.Attributes {
		text += len(e.Attributes[i].Value)
		besides += len(e.Attributes[i].Name)
	}
	return text, besides
}

// TooLarge reports whether the event cannot be kept at all.
func TooLarge(e *timeline.Event) bool {
	text, besides := textOf(e)
	return text+besides > maxEvent
}

// Add takes the event; false says that the builder is full: encode first. Events
// that are TooLarge must not be given.
func (b *Builder) Add(e *timeline.Event) bool {
	n := len(b.stamps)
	text, besides := textOf(e)
	if n > 0 && (n >= b.full || b.size+text > maxText || len(b.arena)+text > maxText*3/2 || len(b.values)+len(e.Attributes) > maxValues ||
		b.nameSize > maxNames || besides > maxNames) {
		return false
	}
	b.room(n, text)
	b.size += text
	stamp := Stamp(e.Time)
	b.stamps = append(b.stamps, stamp)
	if isFar(stamp) {
		if b.far == nil {
			b.far = map[int32]farTime{}
		}
		b.far[int32(n)] = farTime{e.Time.Unix(), int64(e.Time.Nanosecond())} //nolint:gosec // rows are few
	}
	b.addFile(e, n)
	b.addColumns(e)
	b.messages = append(b.messages, b.keep(e.Message))
	b.firsts = append(b.firsts, uint32(len(b.values))) //nolint:gosec // bounded above
	s := b.shape(e.Attributes)
	b.codes[Shape] = append(b.codes[Shape], s)
	b.addValues(e, b.shapes[s].names)
	return true
}

// room makes room for a whole segment at once where one is coming: slices that are
// doubled again and again leave as much garbage as they hold.
func (b *Builder) room(rows, text int) {
	const many = 1 << 12
	if rows == many && cap(b.stamps) < MaxRows {
		b.stamps = slices.Grow(b.stamps, MaxRows-rows)
		b.places = slices.Grow(b.places, MaxRows-rows)
		b.messages = slices.Grow(b.messages, MaxRows-rows)
		b.firsts = slices.Grow(b.firsts, MaxRows-rows)
		for i := range b.codes {
			b.codes[i] = slices.Grow(b.codes[i], MaxRows-rows)
		}
		b.values = slices.Grow(b.values, likely(len(b.values), many))
		b.widen(min(max(len(b.arena)+likely(len(b.arena), many), maxText/2), maxText))
	}
	if need := len(b.arena) + text; rows > many && need > cap(b.arena) {
		b.widen(need + maxText/16)
	}
}

// widen makes the arena anew: what grows by itself takes more than it needs, and
// writes zeros where nothing may come.
func (b *Builder) widen(size int) {
	if cap(b.arena) < size {
		b.arena = append(make([]byte, 0, size), b.arena...)
	}
}

// likely is how much is to come where the first rows took so much.
func likely(took, rows int) int { return took * (MaxRows - rows) / rows * 17 / 16 }

func (b *Builder) keep(text string) span {
	at := len(b.arena)
	b.arena = append(b.arena, text...)
	return span{uint32(at), uint32(len(text))} //nolint:gosec // the arena is bounded
}

func (b *Builder) text(s span) []byte { return b.arena[s.at : s.at+s.n] }

func (b *Builder) addFile(e *timeline.Event, n int) {
	key, place := e.ID.Key(), e.ID.Place()
	var code uint16
	if n > 0 && b.file.key == key && b.file.exhibit == e.Exhibit && b.file.parser == e.Parser {
		code = b.codes[FileOf][n-1]
	} else {
		name := fileName{key, e.Exhibit, e.Parser}
		var ok bool
		if code, ok = b.fileOf[name]; !ok {
			name.exhibit, name.parser = strings.Clone(name.exhibit), strings.Clone(name.parser)
			code = uint16(len(b.files)) //nolint:gosec // not more than rows
			b.files = append(b.files, fileRows{fileName: name, now: Range{place, place}})
			b.fileOf[name] = code
		}
		b.file = b.files[code].fileName
	}
	b.codes[FileOf] = append(b.codes[FileOf], code)
	b.places = append(b.places, place)
	b.files[code].add(place)
	if d := e.Offset - int64(place>>8); d != 0 || b.offset != nil {
		for len(b.offset) < n {
			b.offset = append(b.offset, 0)
		}
		b.offset = append(b.offset, d)
	}
}

// maxRuns is how many runs of places of a file are told apart.
const maxRuns = 256

// Two runs of places are one when the bytes between them are few: lines that were
// rejected. They are fewer than the chunks have in which a file is read: those go
// to several segments, and a run that spans one that is not in it would touch
// another segment's.
const runGap = 1 << 14 << 8

func (f *fileRows) add(place uint64) {
	f.rows++
	switch {
	case f.rows == 1, f.messy:
	case place > f.now.High && place-f.now.High < runGap:
		f.now.High = place
	case len(f.runs) == maxRuns:
		f.messy = true
	default:
		f.runs = append(f.runs, f.now)
		f.now = Range{place, place}
	}
}

func (b *Builder) addColumns(e *timeline.Event) {
	for c, text := range [...]string{e.Source, e.Host, e.User, string(e.TimeKind), string(e.Precision), e.Technique} {
		col := &b.columns[c]
		if len(col.values) == 0 || string(b.text(col.values[col.code])) != text {
			entry, found := b.in.find(b.arena, uint32(c), text)
			if !found {
				s := b.keep(text)
				entry.at, entry.n, entry.code = s.at, s.n, uint16(len(col.values)) //nolint:gosec // not more than rows
				col.values = append(col.values, s)
			}
			col.code = entry.code
			if !found {
				b.in.grown()
			}
		}
		b.codes[c] = append(b.codes[c], col.code)
	}
}

// shape is the code of the list of the attributes' names.
func (b *Builder) shape(a timeline.Attributes) uint16 {
	last := uint16(0)
	if n := len(b.codes[Shape]); n > 0 {
		last = b.codes[Shape][n-1]
		if b.shapes[last].is(a) {
			return last
		}
		if next := b.shapes[last].next; b.shapes[next].is(a) {
			return next
		}
	}
	b.key = b.key[:0]
	for i := range a {
		b.key = binary.AppendUvarint(b.key, uint64(len(a[i].Name)))
		b.key = append(b.key, a[i].Name...)
	}
	code, ok := b.shapeOf[string(b.key)]
	if !ok {
		s := shape{names: make([]int, len(a)), texts: make([]string, len(a))}
		for i := range a {
			s.names[i] = b.name(a[i].Name, s.names[:i])
			s.texts[i] = b.names[s.names[i]].name
		}
		code = uint16(len(b.shapes)) //nolint:gosec // not more than rows
		b.shapes = append(b.shapes, s)
		b.shapeOf[string(b.key)] = code
	}
	if len(b.codes[Shape]) > 0 {
		b.shapes[last].next = code
	}
	return code
}

func (s *shape) is(a timeline.Attributes) bool {
	if len(s.texts) != len(a) {
		return false
	}
	for i := range a {
		if s.texts[i] != a[i].Name {
			return false
		}
	}
	return true
}

// name is the index of the name. Where a row has the same name again that is
// another one: a row has one value in a column.
func (b *Builder) name(text string, before []int) int {
	key := text
	for _, which := range before {
		if b.names[which].name == text {
			key += "\x00again"
		}
	}
	if i, ok := b.nameOf[key]; ok && b.names[i].name == text {
		return i
	}
	i := len(b.names)
	var was nameRows // of a segment before
	if i < cap(b.names) {
		was = b.names[:i+1][i]
	}
	b.names = append(b.names, nameRows{name: strings.Clone(text), space: nameSpace + uint32(i), values: was.values[:0], counts: was.counts[:0]}) //nolint:gosec // names are bounded by text
	b.nameOf[strings.Clone(key)] = i
	b.nameSize += len(text)
	return i
}

func (b *Builder) addValues(e *timeline.Event, names []int) {
	message := b.messages[len(b.messages)-1]
	for i, which := range names {
		text := e.Attributes[i].Value
		name := &b.names[which]
		name.rows++
		if name.many {
			b.addValue(b.stand(text, message, e.Message), 0)
		} else {
			b.addValue(b.coded(name, text, message, e.Message))
		}
	}
}

func (b *Builder) addValue(s span, code uint16) {
	v := value{at: s.at, n: uint16(min(s.n, longValue)), code: code}
	if v.n == longValue {
		if b.longs == nil {
			b.longs = map[int]uint32{}
		}
		b.longs[len(b.values)] = s.n
	}
	b.values = append(b.values, v)
}

// spanOf is where the value stands.
func (b *Builder) spanOf(i int) span {
	v := &b.values[i]
	if v.n == longValue {
		return span{v.at, b.longs[i]}
	}
	return span{v.at, uint32(v.n)}
}

// stand is where the value stands in the arena: in the message, or behind it.
func (b *Builder) stand(text string, message span, whole string) span {
	if d, ok := within(whole, text); ok {
		return span{message.at + uint32(d), uint32(len(text))} //nolint:gosec // within the message
	}
	return b.keep(text)
}

// coded gives the value a code, as long as there are few.
func (b *Builder) coded(name *nameRows, text string, message span, whole string) (s span, code uint16) {
	if len(name.values) > 0 {
		if s := name.values[name.last]; string(b.text(s)) == text {
			name.counts[name.last]++
			return b.again(s, text, message, whole), name.last
		}
	}
	entry, found := b.in.find(b.arena, name.space, text)
	if !found {
		s := b.stand(text, message, whole)
		entry.at, entry.n, entry.code = s.at, s.n, uint16(len(name.values)) //nolint:gosec // at most maxCoded
		b.in.grown()
		name.values, name.counts = append(name.values, s), append(name.counts, 1)
		n := len(name.values)
		name.many = n >= maxCoded || n > fewCoded && n*2 > name.rows
		name.last = uint16(n - 1) //nolint:gosec // at most maxCoded
		return s, name.last
	}
	name.last = entry.code
	name.counts[entry.code]++
	return b.again(span{entry.at, entry.n}, text, message, whole), entry.code
}

// again is where a value that is there already stands: in this message, if it does.
func (b *Builder) again(there span, text string, message span, whole string) span {
	if d, ok := within(whole, text); ok {
		return span{message.at + uint32(d), uint32(len(text))} //nolint:gosec // within the message
	}
	return there
}
