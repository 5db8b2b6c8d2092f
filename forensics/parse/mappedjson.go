package parse

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// maxElement bounds one value of a JSON document.
const maxElement = 16 << 20

var errElement = fmt.Errorf("a value has more than %d bytes", maxElement)

// parseMappedJSON reads JSON documents as the mapping says: the objects of the
// array at records, or the document's own array, or the document itself. Behind
// a fault nothing can be read: what is left of the document counts as one
// record that was rejected.
func parseMappedJSON(j *job, r *bufio.Reader) error {
	m := newMapped(j)
	in := &budget{r: r}
	d := json.NewDecoder(in)
	for {
		if err := j.ctx.Err(); err != nil {
			return err
		}
		in.left = maxElement
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		at := d.InputOffset()
		if err == nil {
			err = m.document(d, in, token, at)
		}
		if err != nil {
			return m.broken(d, in, err)
		}
	}
}

// broken tells a fault of the document from one of the stream.
func (m *mapped) broken(d *json.Decoder, in *budget, err error) error {
	var syntax *json.SyntaxError
	if in.err != nil && !errors.Is(in.err, errElement) {
		return in.err
	}
	if !errors.As(err, &syntax) && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, errElement) {
		return err
	}
	m.j.reject(d.InputOffset(), nil, "the JSON is broken or ends here: "+err.Error())
	_, err = io.Copy(io.Discard, in.r)
	return err
}

// document reads what follows a first token.
func (m *mapped) document(d *json.Decoder, in *budget, token json.Token, at int64) error {
	path := m.m.records
	switch {
	case token == json.Delim('[') && len(path) == 0:
		return m.array(d, in)
	case token == json.Delim('{'):
		return m.find(d, in, path, at)
	}
	m.j.reject(at, nil, "the document is no object")
	return skipOpen(d, in, token)
}

// find goes down to the array of the records. Without a path the object is the
// record.
func (m *mapped) find(d *json.Decoder, in *budget, path []string, at int64) error {
	if len(path) == 0 {
		raw := []byte{'{'}
		for n := 0; d.More(); n++ {
			in.left = maxElement
			var value json.RawMessage
			name, err := d.Token()
			if err == nil {
				err = d.Decode(&value)
			}
			if err != nil {
				return err
			}
			if n > 0 {
				raw = append(raw, ',')
			}
			text, _ := json.Marshal(name) // it is a text
			raw = append(append(append(raw, text...), ':'), value...)
			if len(raw) > maxElement {
				return errElement
			}
		}
		if _, err := d.Token(); err != nil {
			return err
		}
		return m.object(at-1, append(raw, '}'))
	}
	for d.More() {
		in.left = maxElement
		name, err := d.Token()
		if err != nil {
			return err
		}
		token, err := d.Token()
		if err != nil {
			return err
		}
		switch at := d.InputOffset(); {
		case name != path[0]:
			err = skipOpen(d, in, token)
		case len(path) > 1 && token == json.Delim('{'):
			err = m.find(d, in, path[1:], at)
		case len(path) == 1 && token == json.Delim('['):
			err = m.array(d, in)
		default:
			m.j.reject(at, nil, fmt.Sprintf("%s is no array of records", path[0]))
			err = skipOpen(d, in, token)
		}
		if err != nil {
			return err
		}
	}
	_, err := d.Token()
	return err
}

// array reads the records of an array whose bracket was read.
func (m *mapped) array(d *json.Decoder, in *budget) error {
	for n := 0; d.More(); n++ {
		if err := m.j.ctx.Err(); err != nil {
			return err
		}
		in.left = maxElement
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return err
		}
		at := d.InputOffset() - int64(len(raw))
		if len(raw) > maxRecord {
			m.j.reject(at, raw, "the record is too long")
			continue
		}
		if err := m.object(at, raw); err != nil {
			return err
		}
	}
	_, err := d.Token()
	return err
}

// skipOpen skips to the end of what a token opened.
func skipOpen(d *json.Decoder, in *budget, token json.Token) error {
	depth := 0
	for {
		switch token {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
		if depth <= 0 {
			return nil
		}
		in.left = maxElement
		var err error
		if token, err = d.Token(); err != nil {
			return err
		}
	}
}

// budget ends a stream of which a value takes too much.
type budget struct {
	r    io.Reader
	left int
	err  error
}

func (b *budget) Read(p []byte) (int, error) {
	if b.left <= 0 {
		b.err = errElement
		return 0, errElement
	}
	n, err := b.r.Read(p[:min(len(p), b.left)])
	b.left -= n
	if err != nil && !errors.Is(err, io.EOF) {
		b.err = err
	}
	return n, err
}
