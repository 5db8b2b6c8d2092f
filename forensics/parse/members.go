package parse

import (
	"bytes"
	"encoding/json"
	"errors"
	"unicode/utf8"

	"firebreak/timeline"
)

var errNoObject = errors.New("no JSON object")

// jsonLine is the line as JSON that is UTF-8: a byte that is none becomes \xNN
// in the text it stands in, and attrs say so.
func jsonLine(text []byte, attrs *timeline.Attributes) []byte {
	if utf8.Valid(text) {
		return text
	}
	out := make([]byte, 0, len(text)+16)
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		if r == utf8.RuneError && n == 1 {
			const digits = "0123456789abcdef"
			out = append(out, '\\', '\\', 'x', digits[text[0]>>4], digits[text[0]&15])
		} else {
			out = append(out, text[:n]...)
		}
		text = text[n:]
	}
	attrs.Set(attrEncoding, "escaped")
	return out
}

// eachMember calls f for every member of a JSON object, in order. Nothing is
// called when b is no JSON object.
func eachMember(b []byte, f func(name string, raw []byte) error) error {
	b = bytes.TrimSpace(b)
	if len(b) == 0 || b[0] != '{' || !json.Valid(b) {
		return errNoObject
	}
	return walkObject(b, f)
}

// walkObject is eachMember for what is known to be a valid object.
func walkObject(b []byte, f func(name string, raw []byte) error) error {
	i := skipSpace(b, 1)
	for i < len(b) && b[i] != '}' {
		end := skipValue(b, i)
		name := jsonText(b[i:end], nil)
		i = skipSpace(b, skipSpace(b, end)+1) // the colon
		end = skipValue(b, i)
		if err := f(name, b[i:end]); err != nil {
			return err
		}
		if i = skipSpace(b, end); i < len(b) && b[i] == ',' {
			i = skipSpace(b, i+1)
		}
	}
	return nil
}

func skipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\t' || b[i] == '\n' || b[i] == '\r') {
		i++
	}
	return i
}

// skipValue is where the value that begins at i ends, in valid JSON.
func skipValue(b []byte, i int) int {
	depth := 0
	for ; i < len(b); i++ {
		switch b[i] {
		case '"':
			for i++; i < len(b) && b[i] != '"'; i++ {
				if b[i] == '\\' {
					i++
				}
			}
			if depth == 0 {
				return min(i+1, len(b))
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth <= 0 {
				if depth < 0 {
					return i // of what the value stands in
				}
				return i + 1
			}
		case ',', ' ', '\t', '\n', '\r', ':':
			if depth == 0 {
				return i
			}
		}
	}
	return min(i, len(b))
}

// jsonText is a JSON value as a text: texts decoded, null empty, the rest as it
// is written. NULs are escaped, and attrs, where given, say so.
func jsonText(raw []byte, attrs *timeline.Attributes) string {
	if len(raw) == 0 || string(raw) == "null" {
		return ""
	}
	if raw[0] != '"' {
		return string(raw)
	}
	if bytes.IndexByte(raw, '\\') < 0 {
		return string(raw[1 : len(raw)-1])
	}
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return string(raw)
	}
	text, escaped := clean([]byte(s))
	if escaped && attrs != nil {
		attrs.Set(attrEncoding, "escaped")
	}
	return text
}

// jsonTexts is a value that is a text, or an array of texts.
func jsonTexts(raw []byte) []string {
	var list []string
	if len(raw) > 0 && raw[0] == '[' {
		if json.Unmarshal(raw, &list) == nil {
			for i := range list {
				list[i], _ = clean([]byte(list[i]))
			}
			return list
		}
	}
	if s := jsonText(raw, nil); s != "" {
		return []string{s}
	}
	return nil
}
