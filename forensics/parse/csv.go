package parse

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"firebreak/timeline"
)

// csvRow is one record of comma-separated values.
type csvRow struct {
	fields []string
	attrs  timeline.Attributes // what was done to its text
	offset int64
	raw    []byte
}

// unfit is why a row is no record of its format.
type unfit string

func (u unfit) Error() string { return string(u) }

// csvReader reads records (RFC 4180) from a stream. A quoted value may hold line
// feeds. A record of several lines that is none, because it does not fit or its
// last quote is not closed within maxRecord, costs its first line only: the
// others are read again by themselves.
type csvReader struct {
	j       *job
	r       *bufio.Reader
	comma   byte
	skip    string    // lines that begin so are comments
	at      int64     // offset of the next line
	pending []csvLine // to be read again, the next one last
	held    []csvLine // the record so far
	size    int       // its bytes

	fresh, again int64 // bytes read from the stream, and once more
}

// csvLine is a line with its end. One that is too long is not held whole.
type csvLine struct {
	text []byte
	size int64
}

// eachRow calls f for every record that is not empty. One that f finds unfit is
// rejected.
func eachRow(j *job, r *bufio.Reader, comma byte, skip string, f func(csvRow) error) error {
	c := &csvReader{j: j, r: r, comma: comma, skip: skip}
	for n := 0; ; n++ {
		if n%1024 == 0 {
			if err := j.ctx.Err(); err != nil {
				return err
			}
		}
		row, ok, err := c.next()
		if err != nil || !ok {
			return err
		}
		if len(row.raw) == 0 {
			continue
		}
		var why unfit
		if err := f(row); errors.As(err, &why) {
			c.giveBack(row.offset, row.raw, string(why))
		} else if err != nil {
			return err
		}
	}
}

// next is the next record. What cannot be one is rejected on the way.
func (c *csvReader) next() (csvRow, bool, error) {
	c.held, c.size = c.held[:0], 0
	begin, open := c.at, false
	for {
		ln, more, err := c.line()
		switch {
		case err != nil:
			return csvRow{}, false, err
		case !more && len(c.held) == 0:
			return csvRow{}, false, nil
		case more && len(c.held) == 0 && c.skip != "" && bytes.HasPrefix(ln.text, []byte(c.skip)):
			begin = c.at
			continue
		}
		if more {
			c.held = append(c.held, ln)
			c.size += len(ln.text)
			open = c.opens(ln.text, open)
		}
		long := c.size > maxRecord
		switch {
		case long || !more:
			why := "a quote is not closed"
			if long {
				why += ", or the record is too long"
			}
			c.giveBack(begin, c.held[0].text, why)
			begin, open = c.at, false
			c.held, c.size = c.held[:0], 0
		case !open:
			return c.row(begin), true, nil
		}
	}
}

// line is the next line; more is false when the stream has ended.
func (c *csvReader) line() (ln csvLine, more bool, err error) {
	if n := len(c.pending); n > 0 {
		ln = c.pending[n-1]
		c.pending = c.pending[:n-1]
		c.at += ln.size
		return ln, true, nil
	}
	for {
		part, err := c.r.ReadSlice('\n')
		c.at += int64(len(part))
		ln.size += int64(len(part))
		c.fresh += int64(len(part))
		ln.text = append(ln.text, part[:min(maxRecord+1-len(ln.text), len(part))]...)
		switch {
		case err == nil:
			return ln, true, nil
		case errors.Is(err, io.EOF):
			return ln, ln.size > 0, nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return ln, false, err
		}
	}
}

// giveBack rejects the first line of what is no record, and has the lines behind
// it read again by themselves. Where that has been done with far more than was
// read, all of it is rejected: a file of odd quotes must not take for ever.
func (c *csvReader) giveBack(begin int64, raw []byte, why string) {
	raw = bytes.TrimRight(raw, "\r\n")
	if len(c.held) > 1 && c.again > 4*c.fresh {
		c.j.rejectMany(int64(len(c.held)), begin, raw, why)
		return
	}
	c.j.reject(begin, raw, why)
	for i := len(c.held) - 1; i > 0; i-- {
		c.pending = append(c.pending, c.held[i])
		c.at -= c.held[i].size
		c.again += c.held[i].size
	}
}

// opens reports whether a quoted value goes on behind the line.
func (c *csvReader) opens(text []byte, inside bool) bool {
	start := !inside
	for i := 0; i < len(text); i++ {
		b := text[i]
		switch {
		case inside && b == '"' && i+1 < len(text) && text[i+1] == '"':
			i++
		case inside && b == '"':
			inside = false
		case inside:
		case b == '"' && start:
			inside, start = true, false
		default:
			start = b == c.comma
		}
	}
	return inside
}

func (c *csvReader) row(begin int64) csvRow {
	raw := c.held[0].text
	if len(c.held) > 1 {
		raw = make([]byte, 0, c.size)
		for _, ln := range c.held {
			raw = append(raw, ln.text...)
		}
	}
	if begin == 0 {
		raw = bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf"))
	}
	raw = bytes.TrimSuffix(bytes.TrimSuffix(raw, []byte("\n")), []byte("\r"))
	row := csvRow{offset: begin, raw: raw}
	if len(raw) > 0 {
		row.fields = csvFields(textOf(line{text: raw}, &row.attrs), c.comma)
	}
	return row
}

// maxColumns bounds the values of one record.
const maxColumns = 1024

// csvFields splits one whole record, up to one value more than maxColumns.
func csvFields(s string, comma byte) []string {
	cut := string(comma)
	out := make([]string, 0, 20)
	for len(out) <= maxColumns {
		if rest, ok := strings.CutPrefix(s, `"`); ok {
			var b strings.Builder
			for {
				part, tail, ok := strings.Cut(rest, `"`)
				b.WriteString(part)
				rest = tail
				if !ok || !strings.HasPrefix(tail, `"`) {
					break
				}
				b.WriteByte('"')
				rest = tail[1:]
			}
			tail, after, more := strings.Cut(rest, cut)
			out = append(out, b.String()+tail)
			if !more {
				return out
			}
			s = after
			continue
		}
		field, after, more := strings.Cut(s, cut)
		out = append(out, field)
		if !more {
			return out
		}
		s = after
	}
	return out
}

// columns is a heading: where each name stands.
type columns struct {
	names []string
	at    map[string]int
}

// eachNamed is eachRow under a heading: the first row, unless it is given.
func eachNamed(j *job, r *bufio.Reader, head *columns, comma byte, skip string, f func(*columns, csvRow) error) error {
	return eachRow(j, r, comma, skip, func(row csvRow) error {
		if head == nil {
			head = newColumns(row.fields)
			return nil
		}
		if why := head.fits(row); why != "" {
			return unfit(why)
		}
		return f(head, row)
	})
}

// newColumns takes the first of names that stand twice.
func newColumns(names []string) *columns {
	c := &columns{names: names, at: make(map[string]int, len(names))}
	for i, n := range names {
		if _, twice := c.at[n]; !twice {
			c.at[n] = i
		}
	}
	return c
}

// fits says why a row does not belong under the heading, or "".
func (c *columns) fits(row csvRow) string {
	if len(c.names) > maxColumns {
		return fmt.Sprintf("more than %d columns", maxColumns)
	}
	if len(row.fields) != len(c.names) {
		return fmt.Sprintf("%d values under %d names", len(row.fields), len(c.names))
	}
	return ""
}

// of is the value under a name, "" where there is none.
func (c *columns) of(row csvRow, name string) string {
	if i, ok := c.at[name]; ok {
		return row.fields[i]
	}
	return ""
}

// headingOf is the first line of a file as names.
func headingOf(head []byte) []string {
	text, _, _ := bytes.Cut(head, []byte("\n"))
	text = bytes.TrimPrefix(bytes.TrimRight(text, "\r"), []byte("\xef\xbb\xbf"))
	if len(text) > 4096 {
		return nil
	}
	return csvFields(string(text), ',')
}

// isHeading knows a format by the names that its heading begins with.
func isHeading(names ...string) func(string, []byte) bool {
	return func(_ string, head []byte) bool {
		found := headingOf(head)
		if len(found) < len(names) {
			return false
		}
		for i, n := range names {
			if !strings.EqualFold(strings.TrimSpace(found[i]), n) {
				return false
			}
		}
		return true
	}
}
