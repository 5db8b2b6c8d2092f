package evtx

import "encoding/binary"

// Limits of one chunk and of one event.
const (
	maxDepth      = 8        // of events inside values
	maxNesting    = 64       // of elements
	maxCompiled   = 4 << 20  // bytes of templates of one chunk; a sound chunk has less than 64 KiB
	maxSteps      = 1 << 14  // steps of one event
	maxText       = 1 << 20  // bytes of texts of one event
	maxChunkText  = 32 << 20 // bytes of texts of all events of a chunk
	maxChunkSteps = 1 << 20  // steps of them
	maxFields     = 2048     // of one event
	maxInterned   = 1 << 14  // texts that are remembered over chunks
)

// The tokens of BinXML; moreBit says that attributes, or more of a value, follow.
const (
	tokenEnd         = 0x00
	tokenOpen        = 0x01
	tokenCloseStart  = 0x02
	tokenCloseEmpty  = 0x03
	tokenCloseTag    = 0x04
	tokenValue       = 0x05
	tokenAttribute   = 0x06
	tokenCDATA       = 0x07
	tokenCharRef     = 0x08
	tokenEntityRef   = 0x09
	tokenPITarget    = 0x0a
	tokenPIData      = 0x0b
	tokenTemplate    = 0x0c
	tokenNormalSub   = 0x0d
	tokenOptionalSub = 0x0e
	tokenFragment    = 0x0f
	moreBit          = 0x40
)

// place is where in an event an element stands; name is the path of elements
// that do not name themselves.
type place struct {
	kind byte
	name string
}

const (
	inTop    = iota // Event is expected, or one of its children
	inSystem        // below System
	inData          // below EventData
	inUser          // below UserData: the element that the provider chose
	inLeaf          // below that, or in anything else
)

// part is a piece of a text: as it stands in the template, or a value's number.
type part struct {
	text string
	sub  int // -1: text
}

// op sets one field.
type op struct {
	name     string
	slot     int // of System, -1 for all others
	from, to int // its parts
	nameFrom int // parts of its name, where that is made of values
	nameTo   int
	in       place // of elements in its values
	unnamed  bool  // a Data without a name: data1, data2…
}

// program is a compiled template.
type program struct {
	from, to int // its ops
	err      error
}

type templateKey struct {
	at, shift int
	in        place
}

// compiler makes programs of templates. Its memory is used again for each chunk.
type compiler struct {
	programs map[templateKey]program
	ops      []op
	parts    []part
	texts    map[string]string // by their UTF-16
	paths    map[string]string
	spent    int
}

func (c *compiler) init() {
	c.programs, c.texts, c.paths = map[templateKey]program{}, map[string]string{}, map[string]string{}
}

// reset forgets the programs: each chunk has its own.
func (c *compiler) reset() {
	clear(c.programs)
	c.ops, c.parts, c.spent = c.ops[:0], c.parts[:0], 0
}

// template is the program of the template that is defined at an offset.
func (d *Decoder) template(at, shift int, in place, inner bool) program {
	c := &d.compiled
	key := templateKey{at, shift, in}
	if p, ok := c.programs[key]; ok {
		return p
	}
	p := program{from: len(c.ops)}
	_, size, err := d.definition(at)
	if err == nil {
		err = d.compile(at+24, at+24+size, shift, in, inner)
	}
	p.to, p.err = len(c.ops), err
	c.programs[key] = p
	return p
}

// definition reads the head of a template: the next one in its list, a GUID,
// and the size of what follows.
func (d *Decoder) definition(at int) (id uint32, size int, err error) {
	if at < 0 || at+24 > d.size {
		return 0, 0, broken(at, "the template lies outside the chunk")
	}
	le := binary.LittleEndian
	id = le.Uint32(d.data[at+4:])
	n := le.Uint32(d.data[at+20:])
	if int64(at)+24+int64(n) > int64(d.size) {
		return 0, 0, broken(at, "the template is longer than the chunk")
	}
	return id, int(n), nil
}

// compile adds the ops of a template whose names have moved by shift.
func (d *Decoder) compile(at, end, shift int, in place, inner bool) error {
	if d.compiled.spent += end - at + 64; d.compiled.spent > maxCompiled {
		return broken(at, "the templates of the chunk are too many")
	}
	w := walk{d: d, end: end, template: true, shift: shift, inner: inner}
	_, err := w.content(at, op{slot: -1, name: in.name, in: in}, 0)
	return err
}
