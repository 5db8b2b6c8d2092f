package intake

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// values cuts a stream into JSON values: the elements of a list, or values that
// stand one behind the other. It holds one of them at a time.
type values struct {
	r     *bufio.Reader
	buf   []byte
	line  int   // of the next byte
	total int64 // bytes so far
	max   int   // bytes of one value
}

func newValues(r *bufio.Reader) *values { return &values{r: r, line: 1, max: MaxValue} }

// peek passes over space and looks at what follows.
func (v *values) peek() (byte, error) {
	for {
		b, err := v.r.ReadByte()
		if err != nil {
			return 0, err
		}
		v.total++
		switch b {
		case '\n':
			v.line++
		case ' ', '\r', '\t':
		default:
			v.total--
			return b, v.r.UnreadByte()
		}
	}
}

// take passes over the byte that was looked at.
func (v *values) take() {
	_, _ = v.r.Discard(1) // it is buffered
	v.total++
}

// value reads the next value, which begins at the next byte, and checks it. The
// bytes are good until the next call.
func (v *values) value() (*node, error) {
	first, err := v.peek()
	if err != nil {
		return nil, err
	}
	at := v.line
	v.buf = v.buf[:0]
	if first != '{' && first != '[' {
		return v.scalar(at)
	}
	depth, inText, slash := 0, false, false
	for {
		if _, err := v.r.Peek(1); err != nil {
			if errors.Is(err, io.EOF) {
				return nil, fmt.Errorf("%w: line %d: the JSON that begins here ends too early", ErrMalformed, at)
			}
			return nil, err
		}
		b, _ := v.r.Peek(v.r.Buffered()) // it is there
		n, done := 0, false
		for n < len(b) && !done {
			c := b[n]
			n++
			switch {
			case inText && slash:
				slash = false
			case inText && c == '\\':
				slash = true
			case inText:
				if c == '"' {
					inText = false
					continue
				}
				rest := b[n:]
				if j := bytes.IndexAny(rest[:min(len(rest), 256)], `"\`); j >= 0 {
					n += j
				} else {
					n += min(len(rest), 256)
				}
			case c == '"':
				inText = true
			case c == '{' || c == '[':
				depth++
			case c == '}' || c == ']':
				depth--
				done = depth == 0
			}
		}
		if err := v.keep(b[:n], at); err != nil {
			return nil, err
		}
		if done {
			return &node{raw: v.buf}, check(v.buf, at)
		}
	}
}

// scalar reads a value that is neither object nor list.
func (v *values) scalar(at int) (*node, error) {
	inText, slash := false, false
	for {
		b, err := v.r.ReadByte()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if !inText && len(v.buf) > 0 && (b == ',' || b == ']' || b == '}' || b <= ' ') {
			if err := v.r.UnreadByte(); err != nil {
				return nil, err
			}
			break
		}
		if err := v.keepByte(b, at); err != nil {
			return nil, err
		}
		switch {
		case slash:
			slash = false
		case inText && b == '\\':
			slash = true
		case b == '"':
			inText = !inText
		}
		if v.buf[0] == '"' && !inText {
			break
		}
	}
	return &node{raw: v.buf}, check(v.buf, at)
}

func (v *values) keep(b []byte, at int) error {
	if len(v.buf)+len(b) > v.max {
		return fmt.Errorf("%w: the value that begins in line %d has more than %d MiB", ErrTooLarge, at, v.max>>20)
	}
	if v.total += int64(len(b)); v.total > maxTotal {
		return fmt.Errorf("%w: more than %d GiB", ErrTooLarge, maxTotal>>30)
	}
	v.line += bytes.Count(b, []byte("\n"))
	v.buf = append(v.buf, b...)
	_, _ = v.r.Discard(len(b)) // it is buffered
	return nil
}

func (v *values) keepByte(b byte, at int) error {
	if len(v.buf)+1 > v.max {
		return fmt.Errorf("%w: the value that begins in line %d has more than %d MiB", ErrTooLarge, at, v.max>>20)
	}
	v.total++
	if b == '\n' {
		v.line++
	}
	v.buf = append(v.buf, b)
	return nil
}
