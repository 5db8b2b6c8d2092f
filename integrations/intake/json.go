package intake

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// node is one JSON value by its bytes, which were checked. Members are found when
// they are asked for, so that what nobody asks for costs nothing. All methods may
// be called on nil, which is a value that is not there.
type node struct {
	raw    []byte
	keys   []string
	values []node
	opened bool
}

func (n *node) kind() byte {
	if n == nil || len(n.raw) == 0 {
		return 0
	}
	return n.raw[0]
}

func (n *node) isObject() bool { return n.kind() == '{' }
func (n *node) isArray() bool  { return n.kind() == '[' }
func (n *node) isText() bool   { return n.kind() == '"' }

// there says that it is a value, and not null.
func (n *node) there() bool { return n.kind() != 0 && n.kind() != 'n' }

func (n *node) isNumber() bool { c := n.kind(); return c == '-' || c >= '0' && c <= '9' }

func (n *node) open() {
	if n.opened || n.kind() != '{' {
		return
	}
	n.opened = true
	room := min(4+len(n.raw)/64, 32)
	n.keys, n.values = make([]string, 0, room), make([]node, 0, room)
	b, i := n.raw, 1
	for {
		i = space(b, i)
		if b[i] == '}' {
			return
		}
		end := skip(b, i)
		key := unquote(b[i:end])
		i = space(b, end) // the colon
		i = space(b, i+1) // the value
		end = skip(b, i)
		n.keys = append(n.keys, key)
		n.values = append(n.values, node{raw: b[i:end]})
		if i = space(b, end); b[i] == ',' {
			i++
		}
	}
}

// get is the value at that path of members, nil where there is none.
func (n *node) get(path ...string) *node {
	for _, name := range path {
		if n.kind() != '{' {
			return nil
		}
		n.open()
		found := false
		for i := range n.keys {
			if n.keys[i] == name {
				n, found = &n.values[i], true
				break
			}
		}
		if !found {
			return nil
		}
	}
	return n
}

// has says whether all those members are there; they may be null.
func (n *node) has(names ...string) bool {
	for _, name := range names {
		if n.get(name) == nil {
			return false
		}
	}
	return true
}

// members calls f for each member.
func (n *node) members(f func(key string, v *node) error) error {
	if n.kind() != '{' {
		return nil
	}
	n.open()
	for i := range n.keys {
		if err := f(n.keys[i], &n.values[i]); err != nil {
			return err
		}
	}
	return nil
}

// each calls f for each element; nothing is kept.
func (n *node) each(f func(i int, v *node) error) error {
	if n.kind() != '[' {
		return nil
	}
	b, i := n.raw, 1
	for count := 0; ; count++ {
		i = space(b, i)
		if b[i] == ']' {
			return nil
		}
		end := skip(b, i)
		if err := f(count, &node{raw: b[i:end]}); err != nil {
			return err
		}
		if i = space(b, end); b[i] == ',' {
			i++
		}
	}
}

// list is all elements.
func (n *node) list() (out []*node) {
	_ = n.each(func(_ int, v *node) error { out = append(out, v); return nil })
	return out
}

// first element, nil where there is none.
func (n *node) first() *node {
	var out *node
	_ = n.each(func(_ int, v *node) error { out = v; return errStop })
	return out
}

// count is how many elements or members there are.
func (n *node) count() (c int) {
	if n.kind() == '{' {
		n.open()
		return len(n.keys)
	}
	_ = n.each(func(int, *node) error { c++; return nil })
	return c
}

// text is a string, or a number or truth value as it is written; "" for others.
func (n *node) text() string {
	switch c := n.kind(); c {
	case 0, 'n', '{', '[':
		return ""
	case '"':
		return unquote(n.raw)
	}
	return string(n.raw)
}

// at is the text at that path.
func (n *node) at(path ...string) string { return n.get(path...).text() }

// any is the first text that is not empty among those members.
func (n *node) any(names ...string) string {
	for _, name := range names {
		if s := n.at(name); s != "" {
			return s
		}
	}
	return ""
}

// texts are the strings of a list, or the one that stands in its place.
func (n *node) texts() (out []string) {
	if n.kind() == '[' {
		_ = n.each(func(_ int, v *node) error {
			if s := v.text(); s != "" {
				out = append(out, s)
			}
			return nil
		})
		return out
	}
	if s := n.text(); s != "" {
		out = []string{s}
	}
	return out
}

// whole is a number without a fraction, 0 for others. It is exact.
func (n *node) whole() int64 {
	i, err := strconv.ParseInt(n.text(), 10, 64)
	if err != nil {
		return 0
	}
	return i
}

// space is the place of the next byte that is no space; the bytes are valid.
func space(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\r' || b[i] == '\t') {
		i++
	}
	return i
}

// skip is the end of the valid value at i.
func skip(b []byte, i int) int {
	switch b[i] {
	case '"':
		return skipText(b, i)
	case '{', '[':
		for depth := 0; ; {
			switch b[i] {
			case '"':
				i = skipText(b, i)
				continue
			case '{', '[':
				depth++
			case '}', ']':
				if depth--; depth == 0 {
					return i + 1
				}
			}
			i++
		}
	}
	for i < len(b) && b[i] != ',' && b[i] != '}' && b[i] != ']' && b[i] > ' ' {
		i++
	}
	return i
}

func skipText(b []byte, i int) int {
	for i++; ; {
		j := bytes.IndexByte(b[i:], '"')
		i += j + 1
		slashes := 0
		for k := i - 2; b[k] == '\\'; k-- {
			slashes++
		}
		if slashes%2 == 0 {
			return i
		}
	}
}

// unquote is the text of a valid string. Bytes that are no UTF-8 become U+FFFD.
func unquote(raw []byte) string {
	in := raw[1 : len(raw)-1]
	if bytes.IndexByte(in, '\\') < 0 && utf8.Valid(in) {
		return string(in)
	}
	var s string
	if err := json.Unmarshal(raw, &s); err != nil { // it was checked
		return strings.ToValidUTF8(string(in), "\uFFFD")
	}
	return s
}

// checker finds out whether bytes are JSON, as RFC 8259 has it, within limits.
type checker struct {
	b     []byte
	i     int
	depth int
	keys  [][]byte // of the objects that are open
}

// check is nil for one valid value with nothing but space around it. line is the
// line of its first byte in the input.
func check(b []byte, line int) error {
	c := &checker{b: b}
	why := c.value()
	if why == "" {
		if c.i = space(b, c.i); c.i < len(b) {
			why = "something stands behind the value"
		}
	}
	if why == "" {
		return nil
	}
	at := min(c.i, len(b))
	line += bytes.Count(b[:at], []byte("\n"))
	return fmt.Errorf("%w: line %d, column %d: %s", ErrMalformed, line, at-bytes.LastIndexByte(b[:at], '\n'), why)
}

func (c *checker) value() (why string) {
	c.i = space(c.b, c.i)
	if c.i >= len(c.b) {
		return "it ends too early"
	}
	switch ch := c.b[c.i]; {
	case ch == '{':
		return c.object()
	case ch == '[':
		return c.array()
	case ch == '"':
		return c.text()
	case ch == '-' || ch >= '0' && ch <= '9':
		return c.number()
	}
	for _, word := range [...]string{"true", "false", "null"} {
		if bytes.HasPrefix(c.b[c.i:], []byte(word)) {
			c.i += len(word)
			return ""
		}
	}
	return "this is no JSON value"
}

func (c *checker) enter() string {
	if c.depth++; c.depth > maxDepth {
		return fmt.Sprintf("more than %d brackets within each other", maxDepth)
	}
	c.i++
	c.i = space(c.b, c.i)
	return ""
}

func (c *checker) object() string {
	if why := c.enter(); why != "" {
		return why
	}
	from := len(c.keys)
	var many map[string]bool
	for n := 0; ; n++ {
		if c.i >= len(c.b) {
			return "it ends inside an object"
		}
		if c.b[c.i] == '}' && n == 0 {
			break
		}
		if c.b[c.i] != '"' {
			return "a name in quotes is wanted here"
		}
		at := c.i
		if why := c.text(); why != "" {
			return why
		}
		key := c.b[at+1 : c.i-1]
		if bytes.IndexByte(key, '\\') >= 0 {
			key = []byte(unquote(c.b[at:c.i]))
		}
		if why := c.once(key, from, n, &many); why != "" {
			c.i = at
			return why
		}
		if c.i = space(c.b, c.i); c.i >= len(c.b) || c.b[c.i] != ':' {
			return "a colon is wanted here"
		}
		c.i++
		if why := c.value(); why != "" {
			return why
		}
		if c.i = space(c.b, c.i); c.i >= len(c.b) {
			return "it ends inside an object"
		}
		if c.b[c.i] == '}' {
			break
		}
		if c.b[c.i] != ',' {
			return "a comma or } is wanted here"
		}
		c.i = space(c.b, c.i+1)
	}
	c.i++
	c.depth--
	c.keys = c.keys[:from]
	return ""
}

// once says why a name may not stand in an object again: which of two members
// counts is told differently by each program.
func (c *checker) once(key []byte, from, n int, many *map[string]bool) string {
	const few = 24
	switch {
	case n >= maxMembers:
		return fmt.Sprintf("an object with more than %d members", maxMembers)
	case n < few:
		for _, k := range c.keys[from:] {
			if bytes.Equal(k, key) {
				return fmt.Sprintf("the member %.60q is there twice", key)
			}
		}
		c.keys = append(c.keys, key)
		return ""
	case *many == nil:
		*many = make(map[string]bool, 4*few)
		for _, k := range c.keys[from:] {
			(*many)[string(k)] = true
		}
	}
	if (*many)[string(key)] {
		return fmt.Sprintf("the member %.60q is there twice", key)
	}
	(*many)[string(key)] = true
	return ""
}

func (c *checker) array() string {
	if why := c.enter(); why != "" {
		return why
	}
	for n := 0; ; n++ {
		if c.i >= len(c.b) {
			return "it ends inside a list"
		}
		if c.b[c.i] == ']' && n == 0 {
			break
		}
		if why := c.value(); why != "" {
			return why
		}
		if c.i = space(c.b, c.i); c.i >= len(c.b) {
			return "it ends inside a list"
		}
		if c.b[c.i] == ']' {
			break
		}
		if c.b[c.i] != ',' {
			return "a comma or ] is wanted here"
		}
		c.i++
	}
	c.i++
	c.depth--
	return ""
}

func (c *checker) text() string {
	b, i := c.b, c.i+1
	for i < len(b) {
		switch ch := b[i]; {
		case ch == '"':
			c.i = i + 1
			return ""
		case ch == '\\':
			if i+1 >= len(b) {
				c.i = i
				return "it ends inside a text"
			}
			switch b[i+1] {
			case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
				i += 2
			case 'u':
				if i+6 > len(b) || !fourHex(b[i+2:i+6]) {
					c.i = i
					return "this is no character"
				}
				i += 6
			default:
				c.i = i
				return "this is no character"
			}
		case ch < ' ':
			c.i = i
			return "a control character stands in a text"
		default:
			i++
		}
	}
	c.i = i
	return "it ends inside a text"
}

func fourHex(b []byte) bool {
	for _, c := range b {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') && (c < 'A' || c > 'F') {
			return false
		}
	}
	return true
}

func (c *checker) number() string {
	b, at := c.b, c.i
	digits := func() bool {
		from := c.i
		for c.i < len(b) && b[c.i] >= '0' && b[c.i] <= '9' {
			c.i++
		}
		return c.i > from
	}
	if b[c.i] == '-' {
		c.i++
	}
	zero := c.i < len(b) && b[c.i] == '0'
	from := c.i
	if !digits() || zero && c.i > from+1 {
		c.i = at
		return "this is no number"
	}
	if c.i < len(b) && b[c.i] == '.' {
		if c.i++; !digits() {
			return "this is no number"
		}
	}
	if c.i < len(b) && (b[c.i] == 'e' || b[c.i] == 'E') {
		if c.i++; c.i < len(b) && (b[c.i] == '+' || b[c.i] == '-') {
			c.i++
		}
		if !digits() {
			return "this is no number"
		}
	}
	return ""
}

// escaped is a name as it stands in a JSON pointer (RFC 6901).
func escaped(name string) string {
	if !strings.ContainsAny(name, "~/") {
		return name
	}
	return strings.ReplaceAll(strings.ReplaceAll(name, "~", "~0"), "/", "~1")
}

// under is the pointer of a member or element.
func under(at string, names ...any) string {
	b := append(make([]byte, 0, len(at)+16*len(names)), at...)
	for _, n := range names {
		b = append(b, '/')
		switch n := n.(type) {
		case int:
			b = strconv.AppendInt(b, int64(n), 10)
		case string:
			b = append(b, escaped(n)...)
		}
	}
	return string(b)
}
