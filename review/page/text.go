package page

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"firebreak/internal/lazyre"
	"firebreak/review"
	"firebreak/review/document"
	"firebreak/review/look"
)

// How many characters of one text the page shows. A note of ten megabytes is in the
// record and in the JSON form as it is; here it would hide all else.
const (
	maxTitle    = 300
	maxCell     = 2_000
	maxText     = 12_000
	maxVerbatim = 40_000
)

// text writes a line of text with its looks.
func (w *writer) text(t document.Text, most int) string {
	var b strings.Builder
	for _, s := range t {
		if s.Break {
			b.WriteString("<br>")
			continue
		}
		if s.Text == "" {
			continue
		}
		shown := w.direction(cut(s.Text, most))
		switch s.Style {
		case document.Strong:
			shown = "<strong>" + shown + "</strong>"
		case document.Code:
			shown = "<code>" + shown + "</code>"
		case document.Quiet:
			shown = `<span class="quiet">` + shown + "</span>"
		case document.Plain:
		}
		if class := toneClass(s.Tone); class != "" {
			shown = `<span class="state` + class + `">` + shown + "</span>"
		}
		switch s.Mark {
		case document.Masked:
			shown = `<span class="masked">` + shown + "</span>"
		case document.Withheld, document.Erased:
			shown = `<span class="gone">` + shown + "</span>"
		case document.NoMark:
		}
		if s.To != "" && w.anchors[s.To] {
			shown = `<a href="#` + id(s.To) + `">` + shown + "</a>"
		}
		b.WriteString(shown)
	}
	return b.String()
}

var moment = lazyre.New(`\b\d{4}-\d\d-\d\d(?: \d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?Z?)?`)

// direction escapes a text. One with letters of a script that runs from right to
// left is kept apart, so that it cannot turn what stands around it.
func (w *writer) direction(s string) string {
	if strings.ContainsFunc(s, rightToLeft) {
		return "<bdi>" + look.Escape(s) + "</bdi>"
	}
	out := look.Escape(s)
	if strings.Contains(out, "-") {
		// A time is not broken in the middle.
		out = moment.ReplaceAllString(out, `<span class="t">$0</span>`)
	}
	return out
}

func rightToLeft(r rune) bool {
	return r >= 0x590 && unicode.In(r, unicode.Hebrew, unicode.Arabic, unicode.Syriac, unicode.Thaana, unicode.Nko, unicode.Adlam, unicode.Samaritan, unicode.Mandaic)
}

// cut keeps the beginning of a text that is too long, and says so.
func cut(s string, most int) string {
	if len(s) <= most || utf8.RuneCountInString(s) <= most {
		return s
	}
	n := 0
	for i := range s {
		if n == most {
			return s[:i] + fmt.Sprintf("… [cut here: %s of %s characters. The whole is in the JSON form and in the record.]",
				review.Grouped(int64(most)), review.Grouped(int64(utf8.RuneCountInString(s))))
		}
		n++
	}
	return s
}

func toneClass(t document.Tone) string {
	switch t {
	case document.Good:
		return " ok"
	case document.Warn:
		return " warn"
	case document.Bad:
		return " bad"
	case document.Unknown:
		return " unknown"
	case document.NoTone:
	}
	return ""
}

// label is a text that stands alone on a line: a caption, a name.
func label(s string) string { return look.Escape(cut(s, maxTitle)) }

// id keeps of an id what may stand in one and in a link to it.
func id(s string) string {
	var b bytes.Buffer
	for _, r := range s {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' {
			b.WriteRune(r)
		}
	}
	return b.String()
}
