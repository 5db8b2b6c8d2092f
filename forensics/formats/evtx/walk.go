package evtx

import (
	"encoding/binary"
	"unicode/utf16"
)

// walk goes through the tokens of one fragment and adds the ops that set its
// fields.
type walk struct {
	d        *Decoder
	end      int
	template bool // elements name the value that they depend on
	shift    int  // how far the record was moved
	inner    bool // it is an event in a value
}

// content reads tokens up to the end of the element, or of the fragment; text is
// the op of what stands in it. It answers where the next token stands.
func (w *walk) content(at int, text op, depth int) (int, error) {
	if depth > maxNesting {
		return at, broken(at, "elements are nested too deep")
	}
	var few [4]part
	parts := few[:0]
	data := w.d.data
	for at < w.end {
		switch token := data[at] &^ moreBit; token {
		case tokenEnd, tokenCloseTag:
			at++
			if (depth == 0) != (token == tokenEnd) {
				return at, broken(at, "an element and the fragment do not end together")
			}
			w.text(text, parts)
			return at, nil
		case tokenFragment:
			at += 4
		case tokenOpen:
			next, err := w.element(at, text.in, depth)
			if err != nil {
				return next, err
			}
			at = next
		default:
			p, next, err := w.piece(at)
			if err != nil {
				return next, err
			}
			if p.sub >= 0 || p.text != "" {
				parts = append(parts, p)
			}
			at = next
		}
	}
	if depth == 0 {
		w.text(text, parts)
		return at, nil
	}
	return at, broken(at, "the fragment ends inside an element")
}

// text adds an op where there is something to set.
func (w *walk) text(o op, parts []part) {
	if len(parts) == 0 && !o.unnamed {
		return
	}
	c := &w.d.compiled
	o.from = len(c.parts)
	c.parts = append(c.parts, parts...)
	o.to = len(c.parts)
	c.ops = append(c.ops, o)
}

// element reads an element with all that is in it.
func (w *walk) element(at int, in place, depth int) (int, error) {
	token := w.d.data[at]
	name, next, err := w.open(at, w.template)
	if err != nil {
		if name, next, err = w.open(at, !w.template); err != nil {
			return next, err
		}
	}
	at = next
	text := w.d.belongs(in, name)
	if token&moreBit != 0 {
		if at += 4; at > w.end {
			return at, broken(at, "the attributes are cut")
		}
		if at, err = w.attributes(at, in, name, &text); err != nil {
			return at, err
		}
	}
	if at >= w.end {
		return at, broken(at, "the element is cut")
	}
	switch w.d.data[at] {
	case tokenCloseEmpty:
		w.text(text, nil)
		return at + 1, nil
	case tokenCloseStart:
		return w.content(at+1, text, depth+1)
	}
	return at, broken(at, "the element has no end")
}

// open reads the head of an element: its name, and where its attributes begin.
func (w *walk) open(at int, dependent bool) (string, int, error) {
	at++
	if dependent {
		at += 2
	}
	return w.name(at + 4)
}

// name reads the offset of a name, and the name itself where it stands here.
func (w *walk) name(at int) (string, int, error) {
	if at+4 > w.end {
		return "", at, broken(at, "a name is cut")
	}
	le := binary.LittleEndian
	d := w.d
	from := int(le.Uint32(d.data[at:])) + w.shift
	at += 4
	if from < 0 || from+10 > d.size {
		return w.nameless(at, "a name lies outside the chunk")
	}
	n := 2 * int(le.Uint16(d.data[from+6:]))
	if n == 0 || from+8+n+2 > d.size {
		return w.nameless(at, "a name is longer than the chunk")
	}
	if from == at {
		at += 8 + n + 2
	}
	// What lies behind the records may have been written over in part.
	if (d.rec.Found != "" || w.shift != 0) && nameHash(d.data[from+8:from+8+n]) != le.Uint16(d.data[from+4:]) {
		return w.nameless(at, "a name was written over")
	}
	name := d.compiled.intern(d.data[from+8 : from+8+n])
	return name, at, nil
}

// nameless is a name that is gone. A record that was moved has the names of its
// fields with it all the same: they are texts in EventData.
func (w *walk) nameless(at int, why string) (string, int, error) {
	if w.shift != 0 && w.inner {
		return "", at, nil
	}
	return "", at, broken(at, why)
}

// nameHash is the number that stands in front of a name.
func nameHash(b []byte) uint16 {
	var h uint32
	for i := 0; i+1 < len(b); i += 2 {
		h = h*65599 + uint32(binary.LittleEndian.Uint16(b[i:]))
	}
	return uint16(h)
}

// attributes reads those of an element; the name of a Data becomes that of its
// text.
func (w *walk) attributes(at int, in place, element string, text *op) (int, error) {
	for at < w.end && w.d.data[at]&^moreBit == tokenAttribute {
		name, next, err := w.name(at + 1)
		if err != nil {
			return next, err
		}
		var few [4]part
		parts := few[:0]
		for at = next; at < w.end; {
			token := w.d.data[at] &^ moreBit
			if token == tokenAttribute || token == tokenCloseStart || token == tokenCloseEmpty {
				break
			}
			p, next, err := w.piece(at)
			if err != nil {
				return next, err
			}
			parts = append(parts, p)
			at = next
		}
		w.attribute(in, element, name, parts, text)
	}
	return at, nil
}

func (w *walk) attribute(in place, element, name string, parts []part, text *op) {
	c := &w.d.compiled
	switch {
	case name == "xmlns" || len(parts) == 0 || name == "" && in.kind != inData:
	case in.kind == inSystem:
		if slot := systemSlot(element, name); slot >= 0 {
			w.text(op{slot: slot}, parts)
			return
		}
		w.text(op{slot: -1, name: c.path(element, name)}, parts)
	case in.kind == inData && (name == "Name" || name == ""):
		text.unnamed = false
		if len(parts) == 1 && parts[0].sub < 0 {
			text.name, text.in.name = parts[0].text, parts[0].text
			return
		}
		text.nameFrom = len(c.parts)
		c.parts = append(c.parts, parts...)
		text.nameTo = len(c.parts)
	default:
		w.text(op{slot: -1, name: c.path(c.path(in.name, element), name)}, parts)
	}
}

// belongs is the op of an element's text, by where the element stands.
func (d *Decoder) belongs(in place, name string) op {
	o := op{slot: -1, name: name}
	switch in.kind {
	case inTop:
		switch name {
		case "Event":
			o.in.kind = inTop
		case "System":
			o.in.kind = inSystem
		case "EventData", "":
			o.in.kind = inData
		case "UserData":
			o.in.kind = inUser
		default:
			o.in = place{inLeaf, name}
		}
	case inSystem:
		o.slot = systemSlot(name, "")
		o.in = place{inLeaf, name}
	case inData:
		o.unnamed = name == "Data" || name == ""
		o.in = place{inLeaf, name}
	case inUser:
		o.in.kind = inLeaf
	default:
		o.name = d.compiled.path(in.name, name)
		o.in = place{inLeaf, o.name}
	}
	return o
}

// piece reads a token that is a part of a text.
func (w *walk) piece(at int) (part, int, error) {
	le := binary.LittleEndian
	data := w.d.data
	need := func(n int) bool { return at+n <= w.end }
	switch token := data[at] &^ moreBit; token {
	case tokenValue:
		if !need(2) {
			break
		}
		if data[at+1] == typeString {
			return w.counted(at + 2)
		}
		n, ok := fixedSize(data[at+1])
		if !ok || !need(2+n) {
			break
		}
		v := value{at: at + 2, size: n, typ: data[at+1]}
		return part{sub: -1, text: string(w.d.plain(nil, v))}, at + 2 + n, nil
	case tokenCDATA, tokenPIData:
		return w.counted(at + 1)
	case tokenCharRef:
		if need(3) {
			return part{sub: -1, text: string(utf16.Decode([]uint16{le.Uint16(data[at+1:])}))}, at + 3, nil
		}
	case tokenEntityRef:
		name, next, err := w.name(at + 1)
		return part{sub: -1, text: entity(name)}, next, err
	case tokenPITarget:
		_, next, err := w.name(at + 1)
		return part{sub: -1}, next, err
	case tokenNormalSub, tokenOptionalSub:
		if need(4) {
			return part{sub: int(le.Uint16(data[at+1:]))}, at + 4, nil
		}
	default:
		return part{}, at, broken(at, "a token that is not known")
	}
	return part{}, at, broken(at, "a text is cut")
}

// counted reads a text behind the number of its characters.
func (w *walk) counted(at int) (part, int, error) {
	if at+2 > w.end {
		return part{}, at, broken(at, "a text is cut")
	}
	n := 2 * int(binary.LittleEndian.Uint16(w.d.data[at:]))
	at += 2
	if at+n > w.end {
		return part{}, at, broken(at, "a text is cut")
	}
	return part{sub: -1, text: w.d.compiled.intern(w.d.data[at : at+n])}, at + n, nil
}

// entity is what an entity of XML stands for.
func entity(name string) string {
	switch name {
	case "lt":
		return "<"
	case "gt":
		return ">"
	case "amp":
		return "&"
	case "quot":
		return `"`
	case "apos":
		return "'"
	}
	return "&" + name + ";"
}

// intern is UTF-16 as text; texts that come again are made once.
func (c *compiler) intern(b []byte) string {
	if s, ok := c.texts[string(b)]; ok {
		return s
	}
	out, _ := appendUTF16(nil, b)
	s := string(out)
	if len(c.texts) < maxInterned && len(b) <= 1024 {
		c.texts[string(b)] = s
	}
	return s
}

// path is a name below another one.
func (c *compiler) path(above, name string) string {
	if above == "" {
		return name
	}
	var few [128]byte
	b := append(append(append(few[:0], above...), '.'), name...)
	if s, ok := c.paths[string(b)]; ok {
		return s
	}
	s := string(b)
	if len(c.paths) < maxInterned && len(b) <= 1024 {
		c.paths[s] = s
	}
	return s
}
