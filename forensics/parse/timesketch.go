package parse

import (
	"bufio"
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"firebreak/timeline"
)

// newTimesketchJSONL reads the lines that Timesketch imports: objects with
// message, datetime (ISO 8601) or timestamp (microseconds), timestamp_desc, and
// whatever else, which becomes attributes.
func newTimesketchJSONL(j *job) lineReader {
	return each(func(ln line) error {
		if ln.cut {
			j.reject(ln.offset, ln.text, "line is too long")
			return nil
		}
		m, err := object(ln.text)
		if err != nil {
			j.reject(ln.offset, ln.text, err.Error())
			return nil
		}
		return sketchEvent(j, ln, m)
	})
}

// parseTimesketchCSV reads the same as comma-separated values (RFC 4180) under
// a line of names. A quoted value may hold line feeds.
func parseTimesketchCSV(j *job, r *bufio.Reader) error {
	var names []string
	var held csvHeld
	err := eachLine(j, r, func(ln line) error {
		text, whole := held.add(ln)
		if !whole {
			if len(held.text) > maxRecord || ln.cut {
				j.rejectMany(held.lines, held.at, held.text, "a quote is not closed, or the record is too long")
				held = csvHeld{}
			}
			return nil
		}
		at := held.at
		held = csvHeld{}
		var changed timeline.Attributes
		fields := csvFields(textOf(line{text: text}, &changed))
		a := members(changed.Map())
		if names == nil {
			names = fields
			return nil
		}
		if len(fields) != len(names) {
			j.reject(at, text, fmt.Sprintf("%d values under %d names", len(fields), len(names)))
			return nil
		}
		for i, v := range fields {
			if v != "" {
				a[names[i]] = v
			}
		}
		return sketchEvent(j, line{text: text, offset: at}, a)
	})
	if held.lines > 0 {
		j.rejectMany(held.lines, held.at, held.text, "a quote is not closed")
	}
	return err
}

// csvHeld is a record whose quotes are not all closed yet.
type csvHeld struct {
	text  []byte
	at    int64
	lines int64
	open  bool
}

// add takes a line; whole says that the record has ended with it.
func (h *csvHeld) add(ln line) (text []byte, whole bool) {
	if h.lines == 0 {
		h.at = ln.offset
	}
	h.lines++
	if bytes.Count(ln.text, []byte(`"`))%2 == 1 {
		h.open = !h.open
	}
	if h.lines == 1 && !h.open && !ln.cut {
		return ln.text, true
	}
	if h.lines > 1 {
		h.text = append(h.text, '\n')
	}
	h.text = append(h.text, ln.text...)
	return h.text, !h.open && !ln.cut && len(h.text) <= maxRecord
}

// csvFields splits one whole record.
func csvFields(s string) []string {
	var out []string
	for len(out) < maxMembers {
		var field string
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
			tail, after, more := strings.Cut(rest, ",")
			field = b.String() + tail
			out = append(out, field)
			if !more {
				return out
			}
			s = after
			continue
		}
		field, after, more := strings.Cut(s, ",")
		out = append(out, field)
		if !more {
			return out
		}
		s = after
	}
	return out
}

// sketchEvent makes the event of one record of either form.
func sketchEvent(j *job, ln line, m members) error {
	e := timeline.Event{
		Message: m["message"], TimeKind: sketchKind(m["timestamp_desc"]),
		Host: first(m, "hostname", "host", "computer_name"), User: first(m, "username", "user"),
		Source: strings.ToLower(first(m, "source_short", "source")),
	}
	if e.Source == "" {
		e.Source = "timesketch"
	}
	when := m["datetime"]
	var as written
	s, ok := isoStamp(when, j.clock)
	switch {
	case ok && s.size == len(when):
		e.Time, e.Precision, as = s.time, s.precision, s.as
		if !s.zoned {
			m[attrAssumed] = doubt(j.assumedZone(), s.how)
			j.note("local times without a zone: " + j.assumedZone())
		}
	case m["timestamp"] != "":
		us, err := strconv.ParseInt(strings.TrimSuffix(m["timestamp"], ".0"), 10, 64)
		t, ok := epoch(us/1e6, us%1e6*1000)
		if err != nil || !ok && us != 0 {
			j.reject(ln.offset, ln.text, "neither datetime nor timestamp is a time")
			return nil
		}
		e.Time, e.Precision = t, timeline.Microsecond
		when = m["timestamp"]
		if len(when) > 6 && when[0] != '0' && when[0] != '+' && !strings.HasSuffix(when, ".0") {
			as = written{layout: joinLayout, digits: 6}
		}
	case when != "" && !strings.EqualFold(when, "not set"):
		j.reject(ln.offset, ln.text, "datetime is no time")
		return nil
	}
	for _, name := range []string{"message", "datetime", "timestamp"} {
		delete(m, name)
	}
	e.Attributes = timeline.AttributesOf(m)
	if when != "" {
		if e.Time.IsZero() {
			as = written{}
		}
		j.told(&e.Attributes, as, when)
	}
	return j.add(ln.offset, e)
}

// sketchKind maps plaso's descriptions of times.
func sketchKind(desc string) timeline.TimeKind {
	switch strings.ToLower(desc) {
	case "creation time", "crtime", "birth time", "...b":
		return timeline.Born
	case "content modification time", "modification time", "mtime", "m...":
		return timeline.Modified
	case "last access time", "atime", ".a..":
		return timeline.Accessed
	case "metadata modification time", "change time", "ctime", "..c.":
		return timeline.Changed
	case "start time", "last login time", "login time", "logged in":
		return timeline.Started
	case "end time", "logout time", "logged out":
		return timeline.Ended
	case "installation time":
		return timeline.Installed
	default:
		return timeline.Logged
	}
}

func isTimesketchJSONL(_ string, head []byte) bool {
	text, _, _ := bytes.Cut(head, []byte("\n"))
	return len(text) > 0 && text[0] == '{' && bytes.Contains(text, []byte(`"message"`)) &&
		(bytes.Contains(text, []byte(`"datetime"`)) || bytes.Contains(text, []byte(`"timestamp"`)))
}

func isTimesketchCSV(_ string, head []byte) bool {
	text, _, _ := bytes.Cut(head, []byte("\n"))
	text = bytes.TrimPrefix(bytes.TrimRight(text, "\r"), []byte("\xef\xbb\xbf"))
	if len(text) > 4096 {
		return false
	}
	found := 0
	for _, name := range csvFields(string(text)) {
		switch name {
		case "message", "datetime", "timestamp", "timestamp_desc":
			found++
		}
	}
	return found >= 2
}
