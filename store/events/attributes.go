package events

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"firebreak/timeline"
)

// Attributes are kept as one text that can be searched: name, unit separator,
// value, record separator, and so on, sorted by name. The separators and the
// escape character themselves are written as escape and a letter, and the row
// is then marked odd.
const (
	unit   = "\x1f"
	record = "\x1e"
	escape = "\x1b"
	// far opens the text of an event whose time does not fit into 64 bits of
	// nanoseconds: far, seconds, unit, nanoseconds, record.
	far = "\x1d"
)

// What the odd column says.
const (
	oddBytes   = 1 // NUL or an escaped character
	oddLetters = 2 // text beyond ASCII
)

// undated is the time column of an event without a time: after all others.
const undated = math.MaxInt64

// attributeText encodes attributes; it keeps its buffers from event to event.
type attributeText struct {
	text []byte
}

func (t *attributeText) encode(e *timeline.Event) string {
	if len(e.Attributes) == 0 && fits(e.Time) {
		return ""
	}
	t.text = t.text[:0]
	if !fits(e.Time) {
		t.text = fmt.Appendf(t.text, "%s%d%s%d%s", far, e.Time.Unix(), unit, e.Time.Nanosecond(), record)
	}
	for _, a := range e.Attributes {
		t.text = append(append(t.text, escaped(a.Name)...), unit...)
		t.text = append(append(t.text, escaped(a.Value)...), record...)
	}
	return string(t.text)
}

var errAttributes = errors.New("attributes cannot be read")

// decodeAttributes fills e's attributes, and its time where the text has one.
func decodeAttributes(s string, e *timeline.Event) error {
	if s == "" {
		return nil
	}
	if rest, ok := strings.CutPrefix(s, far); ok {
		head, tail, _ := strings.Cut(rest, record)
		seconds, ns, _ := strings.Cut(head, unit)
		sec, err := strconv.ParseInt(seconds, 10, 64)
		if err != nil {
			return errAttributes
		}
		nsec, err := strconv.ParseInt(ns, 10, 64)
		if err != nil {
			return errAttributes
		}
		e.Time, s = time.Unix(sec, nsec).UTC(), tail
	}
	if s == "" {
		return nil
	}
	e.Attributes = make(timeline.Attributes, 0, strings.Count(s, record))
	for s != "" {
		pair, rest, ok := strings.Cut(s, record)
		name, value, ok2 := strings.Cut(pair, unit)
		if !ok || !ok2 {
			return errAttributes
		}
		e.Attributes.Set(plain(name), plain(value))
		s = rest
	}
	return nil
}

func escaped(s string) string {
	special := false
	for i := range len(s) {
		special = special || escape[0] <= s[i] && s[i] <= unit[0]
	}
	if !special {
		return s
	}
	return strings.NewReplacer(escape, escape+"e", unit, escape+"u", record, escape+"r", far, escape+"f").Replace(s)
}

func plain(s string) string {
	if !strings.Contains(s, escape) {
		return s
	}
	return strings.NewReplacer(escape+"e", escape, escape+"u", unit, escape+"r", record, escape+"f", far).Replace(s)
}

// odd says what is special about a text of the row.
func odd(s string) int64 {
	var mask int64
	for i := range len(s) {
		switch c := s[i]; {
		case c == 0 || c == escape[0]:
			mask |= oddBytes
		case c >= 0x80:
			mask |= oddLetters
		}
	}
	return mask
}

// fits reports whether the time is none or can be kept as nanoseconds.
func fits(t time.Time) bool {
	return t.IsZero() || t.After(time.Unix(0, math.MinInt64)) && t.Before(time.Unix(0, math.MaxInt64-1))
}

// stamp is the time column of t. Times out of range are as far out as can be,
// yet before the undated.
func stamp(t time.Time) int64 {
	switch {
	case t.IsZero():
		return undated
	case fits(t):
		return t.UnixNano()
	case t.Year() < 1970:
		return math.MinInt64
	default:
		return undated - 1
	}
}

// idColumn is the id as it is kept.
func idColumn(id timeline.ID) any { return id[:] }
