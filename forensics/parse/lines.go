package parse

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"unicode/utf8"

	"firebreak/timeline"
)

// maxLine is where a line is cut. The rest of it is skipped and counted.
const maxLine = 1 << 20

// line is one line of a text artefact. Text lives until the next one is read;
// where it is held, until the events made of it were handed over.
type line struct {
	text   []byte // without its end
	offset int64  // of its first byte in the plain stream
	size   int64  // bytes on disk, with what was cut off and the end
	cut    bool
	held   bool
	valid  bool // known to be UTF-8 without NULs
}

// lines splits a stream at line feeds with bounded memory.
type lines struct {
	r          io.Reader
	sep        byte
	buf        []byte
	start, end int
	offset     int64 // of buf[start]
	err        error
}

// newLines splits at line feeds, or at what else ends the lines of a file.
func newLines(r io.Reader, sep byte) *lines {
	return &lines{r: r, sep: sep, buf: make([]byte, headSize)}
}

// next returns the next line; after the last one it returns false, and err is
// what ended the stream (nil at its end).
func (l *lines) next() (line, bool) {
	scanned := 0
	for {
		if i := bytes.IndexByte(l.buf[l.start+scanned:l.end], l.sep); i >= 0 {
			return l.take(scanned+i, 1), true
		}
		scanned = l.end - l.start
		if scanned > maxLine {
			return l.long(), true
		}
		if l.err != nil {
			if scanned == 0 {
				return line{}, false
			}
			return l.take(scanned, 0), true
		}
		l.fill()
	}
}

// fill reads more behind what is there, moving or growing the buffer.
func (l *lines) fill() {
	if l.start > 0 {
		l.end = copy(l.buf, l.buf[l.start:l.end])
		l.start = 0
	}
	if l.end == len(l.buf) {
		grown := make([]byte, 2*len(l.buf))
		copy(grown, l.buf)
		l.buf = grown
	}
	n, err := l.r.Read(l.buf[l.end:])
	l.end += n
	l.err = err
}

// take cuts a line of n bytes and its end off the buffer.
func (l *lines) take(n, end int) line {
	text := l.buf[l.start : l.start+n]
	out := line{text: text, offset: l.offset, size: int64(n + end)}
	if n > maxLine {
		out.text, out.cut = text[:maxLine], true
	} else if n > 0 && text[n-1] == '\r' {
		out.text = text[:n-1]
	}
	if l.offset == 0 {
		out.text = bytes.TrimPrefix(out.text, bomUTF8)
	}
	l.start += n + end
	l.offset += int64(n + end)
	return out
}

// long keeps the first maxLine bytes of a line and skips to its end.
func (l *lines) long() line {
	text := bytes.Clone(l.buf[l.start : l.start+maxLine])
	out := line{text: text, offset: l.offset, cut: true}
	for {
		i := bytes.IndexByte(l.buf[l.start:l.end], l.sep)
		if i >= 0 {
			l.start += i + 1
			out.size += int64(i + 1)
			break
		}
		out.size += int64(l.end - l.start)
		l.start, l.end = 0, 0
		if l.err != nil {
			break
		}
		l.fill()
	}
	l.offset += out.size
	return out
}

// ended is the error that ended the stream, nil at its regular end.
func (l *lines) ended() error {
	if errors.Is(l.err, io.EOF) {
		return nil
	}
	return l.err
}

// eachLine calls f for every line that is not empty. It returns f's error, the
// context's, or what ended the stream early.
func eachLine(j *job, r io.Reader, f func(line) error) error {
	ls := newLines(r, j.text.lineEnd())
	for n := 0; ; n++ {
		if n%4096 == 0 {
			if err := j.ctx.Err(); err != nil {
				return err
			}
		}
		ln, ok := ls.next()
		if !ok {
			return ls.ended()
		}
		if len(ln.text) == 0 {
			continue
		}
		if err := f(ln); err != nil {
			return err
		}
	}
}

// tidy says whether b is UTF-8 without NULs.
func tidy(b []byte) bool { return utf8.Valid(b) && bytes.IndexByte(b, 0) < 0 }

// clean makes valid UTF-8 of b without losing a byte. Text that already is
// valid and has no NUL comes back as it is; otherwise each offending byte is
// \xNN, a backslash is doubled, and escaped is true.
func clean(b []byte) (text string, escaped bool) {
	if tidy(b) {
		return string(b), false
	}
	const digits = "0123456789abcdef"
	out := make([]byte, 0, len(b)+16)
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		switch {
		case r == utf8.RuneError && n == 1, r == 0:
			out = append(out, '\\', 'x', digits[b[i]>>4], digits[b[i]&15])
			n = 1
		case r == '\\':
			out = append(out, '\\', '\\')
		default:
			out = append(out, b[i:i+n]...)
		}
		i += n
	}
	return string(out), true
}

// Attributes that tell what was done to the text of a record.
const (
	attrEncoding  = "encoding"     // "escaped": invalid bytes and NULs are \xNN, backslashes doubled
	attrTruncated = "truncated"    // how long the record was before it was cut
	attrAssumed   = "assumed"      // what the source did not say of its time
	attrSuspect   = "time_suspect" // "future": later than the collection by a day; "epoch": the first day of 1970
	attrRecovered = "recovered"    // behind which damage it was read
	attrTimeText  = timeline.TimeTextName
	attrTimeForm  = timeline.TimeFormName
)

// textOf is the line's text, with attributes where it was changed.
func textOf(ln line, attrs *timeline.Attributes) string {
	if ln.valid {
		return view(ln.text) // valid lines are held
	}
	if ln.held && !ln.cut && tidy(ln.text) {
		return view(ln.text)
	}
	text, escaped := clean(ln.text)
	if escaped {
		attrs.Set(attrEncoding, "escaped")
	}
	if ln.cut {
		attrs.Set(attrTruncated, strconv.FormatInt(ln.size, 10)+" bytes")
	}
	return text
}
