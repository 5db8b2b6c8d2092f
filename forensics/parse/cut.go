package parse

import (
	"bytes"
	"context"
	"errors"
	"io"
)

// cut makes chunks of the stream. It runs ahead of those who read them, so
// that unpacking and hashing, which are work of the reader behind it, have a
// processor of their own.
func (d *reading) cut(ctx context.Context) {
	defer close(d.todo)
	end := d.all.text.lineEnd()
	size, most := firstChunk, d.all.size
	size = min(size, most)
	var rest []byte // the beginning of a line, in a buffer of its own
	var at int64
	for n := 0; ; n++ {
		var buf []byte
		select {
		case buf = <-d.free:
		case <-ctx.Done():
			return
		}
		if want := max(size, 2*len(rest)); cap(buf) < want {
			buf = make([]byte, want)
		}
		buf = buf[:cap(buf)]
		full := copy(buf, rest)
		c := &chunk{n: n, offset: at, end: end}
		var whole int
		buf, full, whole = d.fill(buf, full, end)
		switch {
		case whole == 0 && d.ended == nil: // one line that is too long
			c.over, rest = d.skip(buf[maxLine:full], end)
			c.data = buf[:maxLine]
		case d.ended != nil:
			c.data, rest = buf[:full], nil
		default:
			c.data = buf[:whole]
			rest = append(rest[:0:0], buf[whole:full]...)
		}
		at += int64(len(c.data)) + c.over
		select {
		case d.todo <- c:
		case <-ctx.Done():
			return
		}
		if d.ended != nil && len(rest) == 0 {
			if errors.Is(d.ended, io.EOF) {
				d.ended = nil
			}
			return
		}
		size = min(size*4, most)
	}
}

// fill reads until the buffer is full and holds the end of a line, or one line
// is too long for it. whole is how far the whole lines reach.
func (d *reading) fill(buf []byte, full int, end byte) (_ []byte, n, whole int) {
	for {
		for full < len(buf) && d.ended == nil {
			n, err := d.from.Read(buf[full:])
			full += n
			d.ended = err
		}
		whole = bytes.LastIndexByte(buf[:full], end) + 1
		if whole > 0 || full > maxLine || d.ended != nil {
			return buf, full, whole
		}
		buf = append(buf, make([]byte, len(buf))...)
	}
}

// skip reads to the end of a line that is too long: how many bytes that were,
// and what stands behind it.
func (d *reading) skip(have []byte, end byte) (over int64, rest []byte) {
	var room []byte
	for {
		if i := bytes.IndexByte(have, end); i >= 0 {
			return over + int64(i+1), bytes.Clone(have[i+1:])
		}
		over += int64(len(have))
		if d.ended != nil {
			return over, nil
		}
		if room == nil {
			room = make([]byte, headSize)
		}
		n, err := d.from.Read(room)
		have, d.ended = room[:n], err
	}
}
