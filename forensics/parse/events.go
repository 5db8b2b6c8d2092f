package parse

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"firebreak/timeline"
)

// Attributes that keep what people had said of an event in the incident it was
// exported from. Marks of this incident live in its record.
const (
	attrMarkStar     = "mark_star"
	attrMarkTags     = "mark_tags"
	attrMarkComments = "mark_comments"
)

// newEventsJSONL reads our own events back: what export and search print as
// JSON, a line each. Id, parser, exhibit and offset are those of this reading;
// the former ones stand in the line.
//
// Reference: docs/formats.md.
func newEventsJSONL(j *job) lineReader {
	return each(func(ln line) error {
		if ln.cut {
			j.reject(ln.offset, ln.text, "line is too long")
			return nil
		}
		var b backEvent
		err := eachMember(jsonLine(ln.text, &b.attrs), b.member)
		if err == nil {
			err = b.settle()
		}
		if err != nil {
			j.reject(ln.offset, ln.text, err.Error())
			return nil
		}
		return j.add(ln.offset, b.e)
	})
}

// parseEventsCSV reads our own CSV back.
func parseEventsCSV(j *job, r *bufio.Reader) error {
	return eachNamed(j, r, nil, ',', "", func(head *columns, row csvRow) error {
		b := backEvent{attrs: row.attrs}
		err := b.row(head, row)
		if err == nil {
			err = b.settle()
		}
		if err != nil {
			j.reject(row.offset, row.raw, err.Error())
			return nil
		}
		return j.add(row.offset, b.e)
	})
}

// backEvent is an event that is read back.
type backEvent struct {
	e     timeline.Event
	attrs timeline.Attributes
	marks timeline.Mark
	when  string
	far   string // a time that RFC 3339 cannot write
}

func (b *backEvent) member(name string, raw []byte) error {
	text := func() string { return jsonText(raw, &b.attrs) }
	switch name {
	case "time":
		b.when = text()
	case "time_text":
		b.far = text()
	case "precision":
		b.e.Precision = timeline.Precision(text())
	case "time_kind":
		b.e.TimeKind = timeline.TimeKind(text())
	case "source":
		b.e.Source = text()
	case "host":
		b.e.Host = text()
	case "user":
		b.e.User = text()
	case "message":
		b.e.Message = text()
	case "technique":
		b.e.Technique = text()
	case "attributes":
		return b.attributes(raw)
	case "star":
		b.marks.Star = string(raw) == "true"
	case "tags":
		b.marks.Tags = jsonTexts(raw)
	case "comments":
		b.marks.Comments = jsonTexts(raw)
	}
	return nil
}

// row reads the columns that a spreadsheet's row has.
func (b *backEvent) row(head *columns, row csvRow) error {
	of := func(name string) string { return timeline.Unguard(head.of(row, name)) }
	if b.when = of("time"); strings.HasPrefix(b.when, "@") {
		b.when, b.far = "", b.when
	}
	b.e = timeline.Event{
		Precision: timeline.Precision(of("precision")), TimeKind: timeline.TimeKind(of("kind")), Source: of("source"), Host: of("host"),
		User: of("user"), Message: of("message"), Technique: of("technique"),
	}
	b.marks = timeline.Mark{Star: of("star") != "", Tags: jsonTexts([]byte(of("tags"))), Comments: jsonTexts([]byte(of("comments")))}
	if text := of("attributes"); text != "" {
		return b.attributes([]byte(text))
	}
	return nil
}

func (b *backEvent) attributes(raw []byte) error {
	if string(raw) == "null" {
		return nil
	}
	n := 0
	err := eachMember(raw, func(name string, raw []byte) error {
		if n++; n > maxMembers {
			return fmt.Errorf("more than %d attributes", maxMembers)
		}
		b.attrs.Set(name, jsonText(raw, &b.attrs))
		return nil
	})
	if errors.Is(err, errNoObject) {
		return errors.New("the attributes are no JSON object")
	}
	return err
}

// settle puts the event together.
func (b *backEvent) settle() error {
	if b.when != "" {
		t, err := time.Parse(time.RFC3339Nano, b.when)
		if err != nil {
			return errors.New("the time is none")
		}
		if t = t.UTC(); sane(t) {
			b.e.Time = t
		} else {
			b.far = b.when
		}
	}
	if b.far != "" {
		b.attrs.Set(attrTimeText, b.far)
	}
	if !b.e.Time.IsZero() {
		if !knownPrecision(b.e.Precision) {
			return errors.New("the precision is none of ours")
		}
		if b.e.TimeKind == timeline.Undated || !knownKind(b.e.TimeKind) {
			return errors.New("the kind of its time is none of ours")
		}
	}
	if b.e.Message == "" && len(b.attrs) == 0 {
		return errors.New("neither a message nor attributes")
	}
	set := func(name, value string) {
		if value != "" && !b.attrs.Has(name) {
			b.attrs.Set(name, value)
		}
	}
	if b.marks.Star {
		set(attrMarkStar, "true")
	}
	set(attrMarkTags, strings.Join(b.marks.Tags, ", "))
	set(attrMarkComments, strings.Join(b.marks.Comments, "\n"))
	b.e.Attributes = b.attrs
	return nil
}

func knownPrecision(p timeline.Precision) bool {
	switch p {
	case timeline.Nanosecond, timeline.Microsecond, timeline.Millisecond, timeline.Second, timeline.Minute, timeline.Day:
		return true
	}
	return false
}

func knownKind(k timeline.TimeKind) bool { return k.Description() != string(k) }

func isEventsJSONL(_ string, head []byte) bool {
	text, _, _ := bytes.Cut(head, []byte("\n"))
	if len(text) == 0 || text[0] != '{' {
		return false
	}
	for _, name := range []string{`"precision":`, `"time_kind":`, `"source":`, `"parser":`, `"message":`} {
		if !bytes.Contains(text, []byte(name)) {
			return false
		}
	}
	return true
}

// unixTime reads a number of seconds, milliseconds, microseconds or nanoseconds
// since 1970, whole or with a fraction.
func unixTime(text string, unit timeline.Precision) (time.Time, timeline.Precision, bool) {
	whole, frac, _ := strings.Cut(text, ".")
	digits := map[timeline.Precision]int{timeline.Second: 0, timeline.Millisecond: 3, timeline.Microsecond: 6, timeline.Nanosecond: 9}[unit]
	if strings.Trim(frac, "0123456789") != "" || len(whole) > 20 {
		return time.Time{}, "", false
	}
	n, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || n < 0 {
		return time.Time{}, "", false
	}
	per := int64(1)
	for range digits {
		per *= 10
	}
	below := strconv.FormatInt(n%per, 10)
	below = strings.Repeat("0", max(digits-len(below), 0)) + below
	if digits == 0 {
		below = ""
	}
	nsec, _ := fraction(below + frac)
	t, ok := epoch(n/per, nsec)
	precision := unit
	if frac != "" {
		precision = precisionOf(digits + len(frac))
	}
	return t, precision, ok
}
