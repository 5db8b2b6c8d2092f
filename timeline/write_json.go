package timeline

import (
	"strconv"
	"time"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// The lines are put together by hand: encoding/json takes eight times as long.

// appendEventLine is an Event as encoding/json writes it, and its marks.
func appendEventLine(b []byte, e *Event, m *Mark) []byte {
	b = append(b, `{"id":"`...)
	b = appendID(b, e.ID)
	b = append(b, '"')
	far := !writable(e.Time)
	if !e.Time.IsZero() && !far {
		b = append(b, `,"time":"`...)
		b = e.Time.UTC().AppendFormat(b, time.RFC3339Nano)
		b = append(b, '"')
	}
	b = appendMember(b, "precision", string(e.Precision))
	b = appendMember(b, "time_kind", string(e.TimeKind))
	b = appendMember(b, "source", e.Source)
	b = appendMember(b, "parser", e.Parser)
	b = appendGiven(b, "host", e.Host)
	b = appendGiven(b, "user", e.User)
	b = appendMember(b, "message", e.Message)
	if len(e.Attributes) > 0 {
		b = append(b, `,"attributes":`...)
		b = appendAttributes(b, e.Attributes)
	}
	b = appendMember(b, "exhibit", e.Exhibit)
	b = append(b, `,"offset":`...)
	b = strconv.AppendInt(b, e.Offset, 10)
	b = appendGiven(b, "technique", e.Technique)
	if far {
		b = appendMember(b, "time_text", seconds(e.Time))
	}
	if m.Star {
		b = append(b, `,"star":true`...)
	}
	b = appendList(b, "tags", m.Tags)
	b = appendList(b, "comments", m.Comments)
	return append(b, '}', '\n')
}

// appendMember writes a member that is not the first.
func appendMember(b []byte, name, value string) []byte {
	b = append(b, ',', '"')
	b = append(b, name...) // one of ours, which needs no escape
	b = append(b, '"', ':')
	return appendString(b, value)
}

// appendGiven leaves an empty one out.
func appendGiven(b []byte, name, value string) []byte {
	if value == "" {
		return b
	}
	return appendMember(b, name, value)
}

func appendList(b []byte, name string, list []string) []byte {
	if len(list) == 0 {
		return b
	}
	b = append(b, ',', '"')
	b = append(b, name...)
	b = append(b, '"', ':')
	return appendTexts(b, list)
}

func appendTexts(b []byte, list []string) []byte {
	b = append(b, '[')
	for i, s := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, s)
	}
	return append(b, ']')
}

func appendAttributes(b []byte, list Attributes) []byte {
	b = append(b, '{')
	for i := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, list[i].Name)
		b = append(b, ':')
		b = appendString(b, list[i].Value)
	}
	return append(b, '}')
}

const hexDigits = "0123456789abcdef"

// appendString writes a JSON text that every terminal shows and none obeys:
// what is not printed is \uXXXX, which means the same to whoever decodes it.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= 0x20 && c < 0x7f && c != '"' && c != '\\' {
			i++
			continue
		}
		size := 1
		if c >= utf8.RuneSelf {
			var r rune
			r, size = utf8.DecodeRuneInString(s[i:])
			if (r != utf8.RuneError || size > 1) && printed(r) {
				i += size
				continue
			}
			b = append(b, s[from:i]...)
			b = appendEscape(b, r)
		} else {
			b = append(b, s[from:i]...)
			switch c {
			case '"', '\\':
				b = append(b, '\\', c)
			case '\n':
				b = append(b, '\\', 'n')
			case '\r':
				b = append(b, '\\', 'r')
			case '\t':
				b = append(b, '\\', 't')
			default:
				b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
			}
		}
		i += size
		from = i
	}
	b = append(b, s[from:]...)
	return append(b, '"')
}

// printed reports whether a rune beyond ASCII is drawn as itself.
func printed(r rune) bool {
	return unicode.IsPrint(r) && r != 0x2800 && (r < 0x1f3fb || r > 0x1f3ff) &&
		!unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

func appendEscape(b []byte, r rune) []byte {
	if r >= 0x10000 {
		high, low := utf16.EncodeRune(r)
		return appendEscape(appendEscape(b, high), low)
	}
	return append(b, '\\', 'u', hexDigits[r>>12&15], hexDigits[r>>8&15], hexDigits[r>>4&15], hexDigits[r&15])
}

func appendID(b []byte, id ID) []byte {
	if id.IsZero() {
		return b
	}
	return idText.AppendEncode(b, id[:])
}

// writable reports whether RFC 3339 has a form for the time.
func writable(t time.Time) bool { return t.Year() >= 0 && t.Year() <= 9999 }

// seconds writes a time as seconds since 1970.
func seconds(t time.Time) string {
	b := append(strconv.AppendInt([]byte("@"), t.Unix(), 10), '.')
	frac := strconv.Itoa(t.Nanosecond())
	for range 9 - len(frac) {
		b = append(b, '0')
	}
	return string(append(b, frac...))
}
