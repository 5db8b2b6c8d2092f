// Package term makes foreign text safe to show: log lines, file names, API
// replies and playbooks may hold terminal escapes, text that runs backwards,
// or characters nobody can see.
//
// It shows, it never obeys and never deletes: what a terminal would act on
// comes out as a visible escape such as \x1b or \u202e. Every string that was
// not typed by a responder passes Safe (or SafeLines, or Exact) once, at the
// moment it is drawn or written; nothing safe is stored.
package term

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// maxMarks is how many combining marks may sit on one character. Real scripts
// need three; a tower of them paints over the lines above and below.
const maxMarks = 4

// Safe returns s as one line that every terminal shows and none obeys.
//
// Kept as they are: letters, digits, punctuation, symbols, the ASCII space and
// up to four combining marks on a character. A tab becomes four spaces.
// Everything else becomes its escape: C0 and DEL as \x1b (newline \n, carriage
// return \r), C1, bidi controls, zero-width and variation characters, line and
// paragraph separators, spaces other than U+0020, private use and unassigned
// code points as \u202e or \U000e0041, and each byte that is not UTF-8 as \x9b.
//
// Safe is idempotent, so it may be applied twice by mistake. The price: a
// backslash stays a backslash, so the four characters \x1b in the source and
// an ESC look alike. Exact tells them apart.
func Safe(s string) string {
	if plain(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) + len(s)/4)
	escape(&b, s, false)
	return b.String()
}

// SafeLines is Safe for text of several lines: newlines stay, and a carriage
// return right before one is dropped as part of the line's end.
func SafeLines(s string) string {
	lines := strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	for i, l := range lines {
		lines[i] = Safe(l)
	}
	return strings.Join(lines, "\n")
}

// Exact is Safe without loss: backslashes are doubled and tabs are written \t,
// so the bytes of the source can be read back from what is shown. It is for the
// raw view of evidence. It is not idempotent.
func Exact(s string) string {
	var b strings.Builder
	b.Grow(len(s) + len(s)/4)
	escape(&b, s, true)
	return b.String()
}

// JSON is encoded JSON that every terminal shows and none obeys: what Safe
// would escape stands as \uXXXX, which means the same to whoever decodes it.
// Newlines, which JSON has only between its values, stay.
func JSON(encoded string) string {
	if plain(strings.ReplaceAll(encoded, "\n", "")) {
		return encoded
	}
	var b strings.Builder
	b.Grow(len(encoded) + len(encoded)/4)
	for _, r := range encoded {
		switch {
		case r == '\n' || shown(r):
			b.WriteRune(r)
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		}
	}
	return b.String()
}

// plain reports whether s is printable ASCII only, the usual case.
func plain(s string) bool {
	for i := range len(s) {
		if s[i] < 0x20 || s[i] > 0x7e {
			return false
		}
	}
	return true
}

func escape(b *strings.Builder, s string, exact bool) {
	marks := maxMarks // no base yet: a leading mark would sit on our own frame
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(b, `\x%02x`, s[0])
			marks = maxMarks
		case r == '\\' && exact:
			b.WriteString(`\\`)
			marks = maxMarks
		case r == '\t' && !exact:
			b.WriteString("    ")
			marks = 0
		case shown(r) && unicode.In(r, unicode.Mn, unicode.Me):
			if marks >= maxMarks {
				writeEscape(b, r)
				break
			}
			marks++
			b.WriteRune(r)
		case shown(r):
			marks = 0
			b.WriteRune(r)
		default:
			writeEscape(b, r)
			marks = maxMarks // a mark must not change how an escape reads
		}
		s = s[n:]
	}
}

// shown reports whether a terminal draws r as itself, in a place of its own.
func shown(r rune) bool {
	switch {
	case r < 0x80:
		return r >= 0x20 && r < 0x7f
	case r == 0x2800: // BRAILLE PATTERN BLANK: a symbol that draws nothing
		return false
	case r >= 0x1f3fb && r <= 0x1f3ff: // skin tones: terminals disagree on their width
		return false
	}
	return unicode.IsPrint(r) &&
		!unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

func writeEscape(b *strings.Builder, r rune) {
	switch {
	case r == '\n':
		b.WriteString(`\n`)
	case r == '\r':
		b.WriteString(`\r`)
	case r == '\t':
		b.WriteString(`\t`)
	case r < 0x80:
		fmt.Fprintf(b, `\x%02x`, r)
	case r < 0x10000:
		fmt.Fprintf(b, `\u%04x`, r)
	default:
		fmt.Fprintf(b, `\U%08x`, r)
	}
}
