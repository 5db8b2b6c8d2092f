package triage

import (
	"fmt"
	"strings"
)

// Template is a sentence with values of events in braces: {attr.path}, {count},
// {first}, {last}, {values} (how many different ones were counted), {other.FIELD}
// of the event that was joined, {silent} (how long a gap is). It inserts values
// and does nothing else.
type Template struct {
	text  string
	parts []part
}

// part is a text, then a value.
type part struct {
	text  string
	name  string // "" for none
	field *Field
	other bool
}

// limits of what a sentence says of an event.
const (
	maxShown     = 3   // different values of one field
	maxValueSize = 160 // bytes of one
)

// String is the template as it was written.
func (t Template) String() string { return t.text }

// ParseTemplate reads one. Only a rule with a join may name the other event.
func ParseTemplate(text string, joined bool) (Template, error) {
	t := Template{text: text}
	rest := text
	for {
		before, after, ok := strings.Cut(rest, "{")
		if !ok {
			t.parts = append(t.parts, part{text: rest})
			return t, nil
		}
		name, tail, ok := strings.Cut(after, "}")
		if !ok {
			return t, fmt.Errorf("%q: a { is not closed", text)
		}
		p := part{text: before, name: name}
		switch name {
		case "count", "first", "last", "values", "silent":
		default:
			base, other := strings.CutPrefix(name, "other.")
			if other && !joined {
				return t, fmt.Errorf("{%s}: there is no other event here", name)
			}
			f, err := ParseField(base)
			if err != nil {
				return t, err
			}
			p.field, p.other = &f, other
		}
		t.parts = append(t.parts, p)
		rest = tail
	}
}

// text puts values in: of says what stands for a name.
func (t Template) fill(of func(p part) string) string {
	var b strings.Builder
	once := false
	for _, p := range t.parts {
		text := p.text
		if once {
			if rest, ok := strings.CutPrefix(text, " times"); ok {
				b.WriteString("once")
				text = rest
			} else {
				b.WriteString("1")
			}
		}
		b.WriteString(text)
		once = false
		if p.name != "" {
			switch v := of(p); {
			case p.name == "count" && v == "1":
				once = true // "once", where "times" follows
			case v != "":
				b.WriteString(v)
			default:
				b.WriteString("?")
			}
		}
	}
	if once {
		b.WriteString("1")
	}
	return b.String()
}

// shorten cuts a value for a sentence.
func shorten(s string) string {
	if len(s) <= maxValueSize {
		return s
	}
	return strings.ToValidUTF8(s[:maxValueSize], "") + "…"
}
