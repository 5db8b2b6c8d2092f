package cacao

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Limits of a file, far above what people write.
const (
	MaxSize   = 1 << 20 // bytes
	maxDepth  = 64
	maxValues = 5000
)

// SyntaxError says where a text is not the JSON that this package reads.
type SyntaxError struct {
	Line, Column int // counted from 1; Column counts bytes
	Message      string
}

// Error is "line 3, column 7: …".
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Message)
}

// Decode reads one JSON value, by RFC 8259 and I-JSON (RFC 7493): a name that
// stands twice, half a surrogate pair, bytes that are no UTF-8 and numbers
// beyond a double are refused. The error is a *SyntaxError.
func Decode(src []byte) (any, error) {
	d := &reader{src: src}
	if len(src) > MaxSize {
		return nil, &SyntaxError{1, 1, fmt.Sprintf("file has %d bytes; the limit is %d", len(src), MaxSize)}
	}
	v, ok := d.document()
	if !ok {
		line := 1 + strings.Count(string(src[:d.bad]), "\n")
		column := d.bad - strings.LastIndexByte(string(src[:d.bad]), '\n')
		return nil, &SyntaxError{line, column, d.why}
	}
	return v, nil
}

// reader reads JSON; after a failure why and bad say what and where.
type reader struct {
	src    []byte
	i      int
	values int
	why    string
	bad    int
}

func (d *reader) fail(format string, args ...any) (any, bool) {
	if d.why == "" {
		d.why, d.bad = fmt.Sprintf(format, args...), min(d.i, len(d.src))
	}
	return nil, false
}

func (d *reader) document() (any, bool) {
	if !utf8.Valid(d.src) {
		for d.i < len(d.src) {
			r, n := utf8.DecodeRune(d.src[d.i:])
			if r == utf8.RuneError && n == 1 {
				break
			}
			d.i += n
		}
		return d.fail("not valid UTF-8")
	}
	d.space()
	v, ok := d.value(0)
	if !ok {
		return nil, false
	}
	if d.space(); d.i < len(d.src) {
		return d.fail("something stands after the end of the value")
	}
	return v, true
}

func (d *reader) space() {
	for d.i < len(d.src) && strings.IndexByte(" \t\r\n", d.src[d.i]) >= 0 {
		d.i++
	}
}

func (d *reader) value(depth int) (any, bool) {
	if d.values++; d.values > maxValues {
		return d.fail("more than %d values", maxValues)
	}
	if depth > maxDepth {
		return d.fail("nested more than %d levels deep", maxDepth)
	}
	if d.i >= len(d.src) {
		return d.fail("the text ends in the middle of a value")
	}
	switch c := d.src[d.i]; {
	case c == '{':
		return d.object(depth)
	case c == '[':
		return d.array(depth)
	case c == '"':
		return d.str()
	case c == '-' || c >= '0' && c <= '9':
		return d.number()
	}
	for word, v := range map[string]any{"true": true, "false": false, "null": nil} {
		if strings.HasPrefix(string(d.src[d.i:min(d.i+5, len(d.src))]), word) {
			d.i += len(word)
			return v, true
		}
	}
	return d.fail("not a JSON value")
}

func (d *reader) object(depth int) (any, bool) {
	o := NewObject()
	d.i++
	for d.space(); ; d.space() {
		if d.i < len(d.src) && d.src[d.i] == '}' && o.Len() == 0 {
			d.i++
			return o, true
		}
		if d.i >= len(d.src) || d.src[d.i] != '"' {
			return d.fail("the name of a member is missing")
		}
		at := d.i
		name, ok := d.str()
		if !ok {
			return nil, false
		}
		key, _ := name.(string)
		if o.Has(key) {
			d.i = at
			return d.fail("member %.60q stands twice", key)
		}
		if d.space(); d.i >= len(d.src) || d.src[d.i] != ':' {
			return d.fail("a colon is missing")
		}
		d.i++
		d.space()
		v, ok := d.value(depth + 1)
		if !ok {
			return nil, false
		}
		o.Set(key, v)
		d.space()
		switch {
		case d.i < len(d.src) && d.src[d.i] == ',':
			d.i++
		case d.i < len(d.src) && d.src[d.i] == '}':
			d.i++
			return o, true
		default:
			return d.fail("a comma or a closing brace is missing")
		}
	}
}

func (d *reader) array(depth int) (any, bool) {
	out := []any{}
	d.i++
	if d.space(); d.i < len(d.src) && d.src[d.i] == ']' {
		d.i++
		return out, true
	}
	for {
		d.space()
		v, ok := d.value(depth + 1)
		if !ok {
			return nil, false
		}
		out = append(out, v)
		d.space()
		switch {
		case d.i < len(d.src) && d.src[d.i] == ',':
			d.i++
		case d.i < len(d.src) && d.src[d.i] == ']':
			d.i++
			return out, true
		default:
			return d.fail("a comma or a closing bracket is missing")
		}
	}
}

func (d *reader) str() (any, bool) {
	d.i++
	begin := d.i
	for d.i < len(d.src) && d.src[d.i] != '"' && d.src[d.i] != '\\' && d.src[d.i] >= 0x20 {
		d.i++
	}
	if d.i < len(d.src) && d.src[d.i] == '"' {
		d.i++
		return string(d.src[begin : d.i-1]), true
	}
	b := append([]byte{}, d.src[begin:d.i]...)
	for {
		switch {
		case d.i >= len(d.src):
			return d.fail("the text ends in the middle of a string")
		case d.src[d.i] == '"':
			d.i++
			return string(b), true
		case d.src[d.i] < 0x20:
			return d.fail("a control character stands in a string")
		case d.src[d.i] != '\\':
			b = append(b, d.src[d.i])
			d.i++
			continue
		}
		r, ok := d.escape()
		if !ok {
			return nil, false
		}
		b = utf8.AppendRune(b, r)
	}
}

func (d *reader) escape() (rune, bool) {
	if d.i+1 >= len(d.src) {
		_, ok := d.fail("the text ends in the middle of a string")
		return 0, ok
	}
	c := d.src[d.i+1]
	if i := strings.IndexByte(`"\/bfnrt`, c); i >= 0 {
		d.i += 2
		return rune("\"\\/\b\f\n\r\t"[i]), true
	}
	r, ok := d.hex(d.i)
	if c != 'u' || !ok {
		_, ok := d.fail("not an escape of JSON")
		return 0, ok
	}
	if !utf16.IsSurrogate(r) {
		d.i += 6
		return r, true
	}
	second, ok := d.hex(d.i + 6)
	pair := utf16.DecodeRune(r, second)
	if !ok || pair == utf8.RuneError {
		_, ok := d.fail("half of a surrogate pair")
		return 0, ok
	}
	d.i += 12
	return pair, true
}

// hex reads \uXXXX at i.
func (d *reader) hex(i int) (rune, bool) {
	if i+6 > len(d.src) || d.src[i] != '\\' || d.src[i+1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(d.src[i+2:i+6]), 16, 16)
	return rune(n), err == nil
}

func (d *reader) number() (any, bool) {
	begin := d.i
	digits := func() int {
		at := d.i
		for d.i < len(d.src) && d.src[d.i] >= '0' && d.src[d.i] <= '9' {
			d.i++
		}
		return d.i - at
	}
	next := func(set string) bool {
		if d.i < len(d.src) && strings.IndexByte(set, d.src[d.i]) >= 0 {
			d.i++
			return true
		}
		return false
	}
	next("-")
	first := d.i
	if n := digits(); n == 0 || n > 1 && d.src[first] == '0' {
		return d.fail("not a number of JSON")
	}
	if next(".") && digits() == 0 {
		return d.fail("not a number of JSON")
	}
	if next("eE") {
		next("+-")
		if digits() == 0 {
			return d.fail("not a number of JSON")
		}
	}
	text := string(d.src[begin:d.i])
	f, err := strconv.ParseFloat(text, 64)
	if len(text) > 400 || err != nil || math.IsInf(f, 0) {
		return d.fail("a number is larger than a double can be")
	}
	return Number(text), true
}
