package parse

import (
	"strings"
)

// template is a text with members in braces: "{eventName} by {user.arn|user.type}".
// The first of several members that has a value stands for all. {{ and }} are
// braces.
type template []templatePart

// templatePart is a text, or members of which the first with a value counts.
type templatePart struct {
	text  string
	paths []string
}

const templateParts = 64

// parseTemplate reads a template; why says what is wrong at offset.
func parseTemplate(s string) (t template, offset int, why string) {
	var text strings.Builder
	for i := 0; i < len(s); {
		switch {
		case strings.HasPrefix(s[i:], "{{"), strings.HasPrefix(s[i:], "}}"):
			text.WriteByte(s[i])
			i += 2
		case s[i] == '}':
			return nil, i, `this } closes nothing: a brace of the text is written }}`
		case s[i] != '{':
			text.WriteByte(s[i])
			i++
		default:
			end := strings.IndexAny(s[i+1:], "{}")
			if end < 0 || s[i+1+end] == '{' {
				return nil, i, "this { is not closed: a brace of the text is written {{"
			}
			paths := strings.Split(s[i+1:i+1+end], "|")
			for n, path := range paths {
				if paths[n] = strings.TrimSpace(path); paths[n] == "" {
					return nil, i, "the name of a member is empty"
				}
			}
			if text.Len() > 0 {
				t = append(t, templatePart{text: text.String()})
				text.Reset()
			}
			t = append(t, templatePart{paths: paths})
			i += end + 2
		}
		if len(t) > templateParts {
			return nil, i, "more than 64 parts"
		}
	}
	if text.Len() > 0 || len(t) == 0 {
		t = append(t, templatePart{text: text.String()})
	}
	return t, 0, ""
}

// fixed is the text of a template without members.
func (t template) fixed() (string, bool) {
	if len(t) == 1 && t[0].paths == nil {
		return t[0].text, true
	}
	return "", len(t) == 0
}

// alone reports whether the template is nothing but a member.
func (t template) alone() bool { return len(t) == 1 && t[0].paths != nil }

// fill puts values in. used is called with the member that stands alone, if
// one does.
func (t template) fill(get func(path string) string, used func(path string)) string {
	var b strings.Builder
	for _, part := range t {
		if part.paths == nil {
			b.WriteString(part.text)
			continue
		}
		for _, path := range part.paths {
			if value := get(path); value != "" {
				if t.alone() {
					used(path)
					return value
				}
				b.WriteString(value)
				break
			}
		}
	}
	return b.String()
}

// timeLayout turns a layout of strptime (%Y-%m-%d %H:%M:%S) into one of Go's; one
// without % is Go's already. It says why it cannot be used.
func timeLayout(s string) (layout, why string) {
	if strings.Contains(s, "%") {
		if s, why = fromStrptime(s); why != "" {
			return "", why
		}
	}
	switch {
	case !strings.Contains(s, "06"):
		return "", "a layout needs the year: %Y (or 2006)"
	case strings.Contains(s, "MST"):
		return "", "abbreviations of zones mean several: leave it out of the layout, and give zone"
	}
	return s, ""
}

func fromStrptime(s string) (layout, why string) {
	forms := map[byte]string{
		'Y': "2006", 'y': "06", 'm': "01", 'd': "02", 'e': "_2", 'H': "15", 'I': "03", 'M': "04", 'S': "05", 'p': "PM", 'b': "Jan", 'h': "Jan", 'B': "January",
		'a': "Mon", 'A': "Monday", 'j': "002", 'z': "-0700", 'T': "15:04:05", 'F': "2006-01-02", 'D': "01/02/06", 'R': "15:04", '%': "%",
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '%' {
			b.WriteByte(s[i])
			continue
		}
		if i++; i == len(s) {
			return "", "the layout ends in %"
		}
		if s[i] == 'f' {
			if out := b.String(); !strings.HasSuffix(out, "05.") && !strings.HasSuffix(out, "05,") {
				return "", "%f goes behind %S. or %S,"
			}
			b.WriteString("999999999")
			continue
		}
		form, known := forms[s[i]]
		if !known {
			return "", "the layout has %" + string(rune(s[i])) + ", which is not known here"
		}
		b.WriteString(form)
	}
	return b.String(), ""
}
