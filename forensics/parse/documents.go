package parse

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
)

// JSON of services comes as objects, a line each or spread over lines, as the
// elements of an array, or as the elements of an array that is a member of one
// object around them. documents reads all three without holding more than one
// record.
type documents struct {
	j      *job
	r      *bufio.Reader
	at     int64  // offset of the next byte
	inside []byte // '[' and '{' that are open around the records
	buf    []byte
	f      func(offset int64, raw []byte) error
}

// maxInside is how many brackets may stand around the records.
const maxInside = 6

// isEnvelope knows the members whose arrays hold records: of CloudTrail, of
// Azure's interfaces and exports, of lists of Kubernetes, of GCP and of the
// look-ups of CloudTrail's events.
func isEnvelope(name []byte) bool {
	return slices.Contains([]string{"Records", "records", "value", "items", "entries", "Events"}, string(name))
}

// parseDocuments calls f for every record. What is no record is rejected: of a
// text that ends inside a record, or is broken, what is left counts as one.
func parseDocuments(j *job, r *bufio.Reader, f func(offset int64, raw []byte) error) error {
	d := &documents{j: j, r: r, f: f}
	for n := 0; ; n++ {
		if n%1024 == 0 {
			if err := j.ctx.Err(); err != nil {
				return err
			}
		}
		c, err := d.next()
		if errors.Is(err, io.EOF) || errors.Is(err, errDamaged) {
			if len(d.inside) > 0 {
				j.reject(d.at, nil, "the JSON ends before its last bracket")
			}
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		if err != nil {
			return err
		}
		if err := d.token(c); err != nil {
			return err
		}
	}
}

// top is the bracket that was opened last; 0 for none.
func (d *documents) top() byte {
	if len(d.inside) == 0 {
		return 0
	}
	return d.inside[len(d.inside)-1]
}

// next passes over what stands between values, and looks at what follows.
func (d *documents) next() (byte, error) {
	for {
		if _, err := d.r.Peek(1); err != nil {
			return 0, err
		}
		b, _ := d.r.Peek(d.r.Buffered()) // what is buffered is there
		n := 0
		for n < len(b) && (b[n] <= ' ' || b[n] == ',' || b[n] == ':') { // with the record separators of RFC 7464
			n++
		}
		if d.at == 0 && n == 0 && bytes.HasPrefix(b, bomUTF8) {
			n = len(bomUTF8)
		}
		d.drop(n)
		if n == 0 {
			return b[0], nil
		}
	}
}

func (d *documents) drop(n int) {
	done, _ := d.r.Discard(n) // it is buffered
	d.at += int64(done)
}

// token takes what begins with c.
func (d *documents) token(c byte) error {
	top := d.top()
	switch {
	case (c == ']' && top == '[') || (c == '}' && top == '{'):
		d.drop(1)
		d.inside = d.inside[:len(d.inside)-1]
		return nil
	case c == '[' && top != '{' && len(d.inside) < maxInside:
		d.drop(1)
		d.inside = append(d.inside, '[')
		return nil
	case c == '{' && top != '{':
		if n := d.envelope(); n > 0 && len(d.inside) < maxInside {
			d.drop(n)
			d.inside = append(d.inside, '{', '[')
			return nil
		}
		return d.record()
	case c == '}' || c == ']':
		d.j.reject(d.at, nil, "a bracket closes that was not opened")
		d.drop(1)
		return nil
	case top == '{': // what else the object around the records has
		_, _, err := d.value(0)
		return ended(err)
	}
	at := d.at
	raw, whole, err := d.value(sampleSize)
	if err == nil || errors.Is(err, io.ErrUnexpectedEOF) {
		why := "no JSON object"
		if !whole {
			why = "no JSON object, and too long"
		}
		d.j.reject(at, raw, why)
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		d.inside = d.inside[:0] // said already
	}
	return ended(err)
}

// ended makes nothing of an end: the next look finds it again.
func ended(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return err
}

// record reads one object and hands it over.
func (d *documents) record() error {
	at := d.at
	raw, whole, err := d.value(maxRecord)
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		d.j.reject(at, raw, "the JSON ends inside this record")
		d.inside = d.inside[:0] // said already
		return nil
	case err != nil:
		return err
	case !whole:
		d.j.reject(at, raw, fmt.Sprintf("the record has more than %d bytes", maxRecord))
		return nil
	}
	return d.f(at, raw)
}

// value reads one value up to its end, and keeps no more than most bytes of it;
// whole says that it kept all. In the end of the stream: io.ErrUnexpectedEOF.
func (d *documents) value(most int) (raw []byte, whole bool, err error) {
	d.buf = d.buf[:0]
	whole = true
	depth, quoted, escaped, bare := 0, false, false, false
	for {
		if _, err := d.r.Peek(1); err != nil {
			if errors.Is(err, io.EOF) || errors.Is(err, errDamaged) {
				if bare && depth == 0 {
					return d.buf, whole, nil
				}
				err = io.ErrUnexpectedEOF
			}
			return d.buf, whole, err
		}
		b, _ := d.r.Peek(d.r.Buffered()) // it is there
		n, done := 0, false
	scan:
		for ; n < len(b); n++ {
			c := b[n]
			switch {
			case escaped:
				escaped = false
			case quoted:
				if c == '\\' {
					escaped = true
				} else if c == '"' {
					if quoted = false; depth == 0 {
						n++
						done = true
						break scan
					}
				}
			case c == '"':
				if bare && depth == 0 {
					done = true
					break scan
				}
				quoted = true
			case c == '{' || c == '[':
				if bare && depth == 0 {
					done = true
					break scan
				}
				depth++
			case c == '}' || c == ']':
				if depth--; depth <= 0 {
					if depth == 0 {
						n++
					}
					done = true
					break scan
				}
			case depth == 0 && (c <= ' ' || c == ','):
				done = true
				break scan
			default:
				bare = bare || depth == 0
			}
		}
		if room := most - len(d.buf); room < n {
			whole = false
			d.buf = append(d.buf, b[:max(room, 0)]...)
		} else {
			d.buf = append(d.buf, b[:n]...)
		}
		d.drop(n)
		if done {
			return d.buf, whole, nil
		}
		if err := d.j.ctx.Err(); err != nil {
			return d.buf, whole, err
		}
	}
}

// envelope looks whether the object ahead holds the records, and says how many
// bytes lie in front of the first of them; 0 where it is a record itself.
func (d *documents) envelope() int {
	b, _ := d.r.Peek(d.r.Buffered()) // it is there
	n, sure := envelopeAt(b)
	if !sure && len(b) < d.r.Size() {
		b, _ = d.r.Peek(d.r.Size()) // what ends early says enough
		n, _ = envelopeAt(b)
	}
	return n
}

// envelopeAt is envelope for what lies in memory; sure is false where more of
// it could tell otherwise.
func envelopeAt(b []byte) (n int, sure bool) {
	i := skipSpace(b, 1)
	for i < len(b) && b[i] == '"' {
		end := skipValue(b, i)
		if end >= len(b) {
			return 0, false
		}
		name := b[i+1 : end-1]
		i = skipSpace(b, end)
		if i >= len(b) {
			return 0, false
		}
		if b[i] != ':' {
			return 0, true
		}
		i = skipSpace(b, i+1)
		if i < len(b) && b[i] == '[' && isEnvelope(name) {
			first := skipSpace(b, i+1)
			if first >= len(b) {
				return 0, false
			}
			if b[first] == '{' || b[first] == ']' {
				return i + 1, true
			}
		}
		if i = skipValue(b, i); i >= len(b) {
			return 0, false
		}
		if i = skipSpace(b, i); i < len(b) && b[i] == ',' {
			i = skipSpace(b, i+1)
		}
	}
	return 0, i < len(b)
}

// firstRecord is where the first record of a JSON text begins, cut or not; nil
// where there is none.
func firstRecord(head []byte) []byte {
	b := head
	for range maxInside {
		i := skipSpace(b, 0)
		switch {
		case i >= len(b):
			return nil
		case b[i] == '[':
			b = b[i+1:]
		case b[i] == '{':
			b = b[i:]
			n, _ := envelopeAt(b)
			if n == 0 {
				return b
			}
			b = b[n:]
		default:
			return nil
		}
	}
	return nil
}

// isJSONLines says whether the records are lines: then they are read in chunks.
func isJSONLines(head []byte) bool {
	for range 4 {
		text, rest, more := bytes.Cut(head, []byte("\n"))
		text = bytes.TrimSpace(text)
		if len(text) == 0 && more {
			head = rest
			continue
		}
		if len(text) == 0 || text[0] != '{' || !json.Valid(text) {
			return false
		}
		n, _ := envelopeAt(text)
		return n == 0
	}
	return false
}
