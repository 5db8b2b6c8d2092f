package evtx

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// fragment runs BinXML between two offsets of the chunk: templates with values,
// or elements as they are. It answers where it ended.
func (d *Decoder) fragment(at, end int, in place, depth int) (int, error) {
	if depth >= maxDepth {
		return at, broken(at, "events are nested too deep")
	}
	for at < end {
		switch d.data[at] &^ moreBit {
		case tokenEnd:
			return at + 1, nil
		case tokenFragment:
			at += 4
		case tokenTemplate:
			next, err := d.instance(at, end, in, depth)
			if err != nil {
				return next, err
			}
			at = next
		case tokenPITarget, tokenPIData:
			w := walk{d: d, end: end}
			_, next, err := w.piece(at)
			if err != nil {
				return next, err
			}
			at = next
		default:
			return d.elements(at, end, in, depth)
		}
	}
	return at, nil
}

// elements runs BinXML that has no template: it is compiled for this once.
func (d *Decoder) elements(at, end int, in place, depth int) (int, error) {
	c := &d.compiled
	if c.spent += end - at + 64; c.spent > maxCompiled {
		return at, broken(at, "the templates of the chunk are too many")
	}
	ops, parts := len(c.ops), len(c.parts)
	w := walk{d: d, end: end, template: depth == 0}
	next, err := w.content(at, op{slot: -1, name: in.name, in: in}, 0)
	for i := ops; err == nil && i < len(c.ops); i++ {
		err = d.set(c.ops[i], nil, depth)
	}
	c.ops, c.parts = c.ops[:ops], c.parts[:parts]
	return next, err
}

// instance runs a template over the values behind it.
func (d *Decoder) instance(at, end int, in place, depth int) (int, error) {
	if at+14 > end {
		return at, broken(at, "the reference to a template is cut")
	}
	le := binary.LittleEndian
	id, from := le.Uint32(d.data[at+2:]), int(le.Uint32(d.data[at+6:]))
	at += 10
	def, shift, err := d.find(id, from, at, end)
	if err != nil {
		if here, size, e := d.definition(at); e == nil && here == id && at+24+size < end {
			at += 24 + size
		}
		return d.bare(at, end, depth, err)
	}
	if def == at {
		_, size, _ := d.definition(at)
		at += 24 + size
	}
	values, next, err := d.readValues(at, end, depth)
	if err != nil {
		return next, err
	}
	p := d.template(def, shift, in, depth > 0)
	if p.err != nil {
		return d.bareValues(values, next, depth, p.err)
	}
	// Templates inside values may move the ops: they are looked up each time.
	for i := p.from; i < p.to; i++ {
		if err := d.set(d.compiled.ops[i], values, depth); err != nil {
			return next, err
		}
	}
	return next, nil
}

// find looks for the template with a number: where the record says; at the record
// itself, which was moved then, or as far away as others in the chunk had to be
// looked for; or elsewhere in the chunk. shift is how far its names have moved.
func (d *Decoder) find(id uint32, from, at, end int) (def, shift int, err error) {
	known, _, err := d.definition(from)
	if err == nil && known == id {
		return from, 0, nil
	}
	if err == nil {
		err = broken(at, fmt.Sprintf("template %08x is gone: %08x stands in its place", id, known))
	}
	if here, size, e := d.definition(at); e == nil && here == id && at+24+size < end {
		d.shift = at - from
		return at, d.shift, nil
	}
	if d.shift != 0 {
		if there, _, e := d.definition(from + d.shift); e == nil && there == id {
			return from + d.shift, d.shift, nil
		}
	}
	if other, ok := d.listed()[id]; ok {
		return other, 0, nil
	}
	return 0, 0, err
}

// listed are the templates that the chunk's header lists, by their numbers.
func (d *Decoder) listed() map[uint32]int {
	if d.templates != nil || !d.chunk.Valid {
		return d.templates
	}
	d.templates = map[uint32]int{}
	for i := range templateLists {
		at := int(binary.LittleEndian.Uint32(d.data[templateTable+4*i:]))
		for range maxRecords {
			id, _, err := d.definition(at)
			if at < chunkHead || err != nil {
				break
			}
			if _, ok := d.templates[id]; !ok {
				d.templates[id] = at
			}
			at = int(binary.LittleEndian.Uint32(d.data[at:]))
		}
	}
	return d.templates
}

// bare keeps the values of a record whose template was written over: they have
// no names then.
func (d *Decoder) bare(at, end, depth int, why error) (int, error) {
	values, next, err := d.readValues(at, end, depth)
	if err != nil {
		return at, why
	}
	return d.bareValues(values, next, depth, why)
}

func (d *Decoder) bareValues(values []value, next, depth int, why error) (int, error) {
	d.rec.Lost = why
	for i, v := range values {
		if v.size == 0 || v.typ == typeNull {
			continue
		}
		if d.budget--; d.budget < 0 || len(d.out)-d.began > d.limit || len(d.rec.Fields) >= maxFields {
			return next, errLimit
		}
		if v.typ == typeBinXML {
			if _, err := d.fragment(v.at, v.at+v.size, place{}, depth+1); err != nil {
				return next, err
			}
			continue
		}
		from := len(d.out)
		if v.typ&typeArray != 0 {
			d.out = d.items(d.out, v)
		} else {
			d.out = d.plain(d.out, v)
		}
		d.rec.Fields = append(d.rec.Fields, Field{fmt.Sprintf("value%d_%d", depth+1, i+1), view(d.out[from:])})
	}
	return next, nil
}

// readValues reads the list of a record's values.
func (d *Decoder) readValues(at, end, depth int) ([]value, int, error) {
	le := binary.LittleEndian
	if at+4 > end {
		return nil, at, broken(at, "the values are cut")
	}
	n := int(le.Uint32(d.data[at:]))
	at += 4
	if n < 0 || n > (end-at)/4 {
		return nil, at, broken(at, "more values than there is room for")
	}
	values := d.values[depth][:0]
	from := at + 4*n
	for ; n > 0; n-- {
		v := value{at: from, size: int(le.Uint16(d.data[at:])), typ: d.data[at+2]}
		if from += v.size; from > end {
			return nil, at, broken(at, "a value is cut")
		}
		values = append(values, v)
		at += 4
	}
	d.values[depth] = values
	return values, from, nil
}

// set runs one op.
func (d *Decoder) set(o op, values []value, depth int) error {
	d.budget -= 1 + o.to - o.from
	if d.budget < 0 || len(d.out)-d.began > d.limit || len(d.rec.Fields) >= maxFields {
		return errLimit
	}
	parts := d.compiled.parts[o.from:o.to]
	if len(parts) == 1 {
		p := parts[0]
		if p.sub < 0 {
			d.put(o, values, p.text)
			return nil
		}
		if p.sub >= len(values) {
			return broken(0, "a template has more places than there are values")
		}
		v := values[p.sub]
		switch {
		case v.typ == typeBinXML:
			if o.unnamed {
				d.rec.Data++
			}
			if v.size == 0 {
				return nil
			}
			_, err := d.fragment(v.at, v.at+v.size, o.in, depth+1)
			return err
		case o.slot == Time && v.typ == typeFiletime && v.size == 8:
			d.rec.Time = binary.LittleEndian.Uint64(d.data[v.at:])
			return nil
		case v.typ&typeArray != 0:
			d.array(o, values, v)
			return nil
		}
	}
	from := len(d.out)
	for _, p := range parts {
		switch {
		case p.sub < 0:
			d.out = append(d.out, p.text...)
		case p.sub >= len(values):
			return broken(0, "a template has more places than there are values")
		case values[p.sub].typ&typeArray != 0:
			d.out = d.items(d.out, values[p.sub])
		case values[p.sub].typ == typeBinXML: // an event in the middle of a text
			d.out = appendHex(d.out, d.data[values[p.sub].at:values[p.sub].at+values[p.sub].size])
		default:
			d.out = d.plain(d.out, values[p.sub])
		}
		if len(d.out)-d.began > d.limit {
			return errLimit
		}
	}
	d.put(o, values, view(d.out[from:]))
	return nil
}

// put keeps a text where its op says.
func (d *Decoder) put(o op, values []value, text string) {
	switch {
	case o.slot >= 0:
		d.rec.System[o.slot] = text
	case o.unnamed:
		d.rec.Data++
		if text != "" {
			d.rec.Fields = append(d.rec.Fields, Field{dataName(d.rec.Data), text})
		}
	case text == "":
	case o.nameTo > o.nameFrom:
		d.rec.Fields = append(d.rec.Fields, Field{d.made(o, values), text})
	default:
		d.rec.Fields = append(d.rec.Fields, Field{o.name, text})
	}
}

// made is a name that is made of values.
func (d *Decoder) made(o op, values []value) string {
	from := len(d.out)
	for _, p := range d.compiled.parts[o.nameFrom:o.nameTo] {
		if p.sub < 0 {
			d.out = append(d.out, p.text...)
		} else if p.sub < len(values) && values[p.sub].typ&typeArray == 0 {
			d.out = d.plain(d.out, values[p.sub])
		}
	}
	return view(d.out[from:])
}

// dataNames are those of the first Data without a name.
const dataNames = "data1 data2 data3 data4 data5 data6 data7 data8 data9 "

func dataName(n int) string {
	if n < 10 {
		return dataNames[6*n-6 : 6*n-1]
	}
	return fmt.Sprintf("data%d", n)
}

// array sets the items of an array: one field each for a Data without a name, as
// the element is repeated then, else one text of all.
func (d *Decoder) array(o op, values []value, v value) {
	if !o.unnamed {
		from := len(d.out)
		d.out = d.items(d.out, v)
		d.put(o, values, view(d.out[from:]))
		return
	}
	n := 0
	d.each(v, func(item value) bool {
		from := len(d.out)
		d.out = d.plain(d.out, item)
		d.put(o, values, view(d.out[from:]))
		n++
		return len(d.rec.Fields) < maxFields && len(d.out)-d.began <= d.limit
	})
	if n == 0 {
		d.rec.Data++
	}
}

// items appends the items of an array with commas between them.
func (d *Decoder) items(out []byte, v value) []byte {
	from := len(out)
	d.each(v, func(item value) bool {
		if len(out) > from {
			out = append(out, ", "...)
		}
		out = d.plain(out, item)
		return len(out)-from <= maxText
	})
	return out
}

// each calls f for the items of an array until it answers false.
func (d *Decoder) each(v value, f func(value) bool) {
	typ := v.typ &^ typeArray
	at, end := v.at, v.at+v.size
	for at < end {
		n := width(typ)
		switch typ {
		case typeString:
			n = wideEnd(d.data[at:end])
		case typeANSI:
			if n = bytes.IndexByte(d.data[at:end], 0) + 1; n == 0 {
				n = end - at
			}
		case typeSID:
			if at+8 <= end {
				n = 8 + 4*int(d.data[at+1])
			}
		}
		if n == 0 || at+n > end {
			n = end - at
		}
		if !f(value{at: at, size: n, typ: typ}) {
			return
		}
		at += n
	}
}

// wideEnd is where the first text of several ends, behind its NUL.
func wideEnd(b []byte) int {
	for i := 0; i+1 < len(b); i += 2 {
		if b[i] == 0 && b[i+1] == 0 {
			return i + 2
		}
	}
	return len(b)
}
