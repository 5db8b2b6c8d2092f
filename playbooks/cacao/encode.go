package cacao

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"firebreak/internal/jcs"
)

// Canonical is the form of a value that RFC 8785 (JCS) defines: members sorted
// by UTF-16 code units, numbers as ECMAScript writes them, no white space.
func Canonical(v any) []byte {
	var b bytes.Buffer
	canonical(&b, v)
	return b.Bytes()
}

// textWriter is a *bytes.Buffer, or what leads to a hash. Neither fails.
type textWriter interface {
	io.Writer
	io.StringWriter
	io.ByteWriter
}

func canonical(b textWriter, v any) {
	switch v := v.(type) {
	case nil:
		_, _ = b.WriteString("null")
	case bool:
		_, _ = b.WriteString(strconv.FormatBool(v))
	case Number:
		_, _ = b.WriteString(canonicalNumber(v))
	case string:
		writeString(b, v, false)
	case []any:
		_ = b.WriteByte('[')
		for i, x := range v {
			if i > 0 {
				_ = b.WriteByte(',')
			}
			canonical(b, x)
		}
		_ = b.WriteByte(']')
	case *Object:
		_ = b.WriteByte('{')
		keys := slices.Clone(v.Keys())
		slices.SortFunc(keys, jcs.Compare)
		for i, k := range keys {
			if i > 0 {
				_ = b.WriteByte(',')
			}
			writeString(b, k, false)
			_ = b.WriteByte(':')
			canonical(b, v.Get(k))
		}
		_ = b.WriteByte('}')
	default:
		panic(fmt.Sprintf("cacao: %T is no JSON value", v))
	}
}

// canonicalNumber writes a number as ECMAScript's Number::toString does.
func canonicalNumber(n Number) string {
	f, err := strconv.ParseFloat(string(n), 64)
	if err != nil {
		return string(n) // Decode lets none through
	}
	s, err := jcs.Number(f)
	if err != nil {
		return string(n)
	}
	return s
}

// writeString quotes s. With ascii every character that is not plain ASCII is
// escaped, so that nothing in it can hide.
func writeString(b textWriter, s string, ascii bool) {
	const short = "\b\t\n\f\r\"\\"
	_ = b.WriteByte('"')
	from := 0
	for at, r := range s {
		if r >= 0x20 && r != '"' && r != '\\' && (!ascii || r < 0x7f) && r != utf8.RuneError {
			continue
		}
		_, _ = b.WriteString(s[from:at])
		size := utf8.RuneLen(r)
		if r == utf8.RuneError && !strings.HasPrefix(s[at:], "\ufffd") {
			size = 1 // a byte that is no UTF-8; Decode lets none through
		}
		from = at + size
		switch i := strings.IndexRune(short, r); {
		case i >= 0:
			_, _ = b.WriteString(`\` + `btnfr"\`[i:i+1])
		case r < 0x20, ascii && r <= 0xffff:
			_, _ = fmt.Fprintf(b, `\u%04x`, r)
		case ascii:
			hi, lo := utf16.EncodeRune(r)
			_, _ = fmt.Fprintf(b, `\u%04x\u%04x`, hi, lo)
		default:
			_, _ = b.WriteString(string(r))
		}
	}
	_, _ = b.WriteString(s[from:])
	_ = b.WriteByte('"')
}

// Indented is v for people: two spaces a level, members in their order,
// numbers as they were written.
func Indented(v any) []byte {
	var b bytes.Buffer
	indented(&b, v, "\n", false)
	_ = b.WriteByte('\n')
	return b.Bytes()
}

func indented(b textWriter, v any, line string, ascii bool) {
	in := line + "  "
	if line == "" {
		in = ""
	}
	switch v := v.(type) {
	case Number:
		_, _ = b.WriteString(string(v))
	case string:
		writeString(b, v, ascii)
	case []any:
		if len(v) == 0 {
			_, _ = b.WriteString("[]")
			return
		}
		_ = b.WriteByte('[')
		for i, x := range v {
			if i > 0 {
				_ = b.WriteByte(',')
			}
			_, _ = b.WriteString(in)
			indented(b, x, in, ascii)
		}
		_, _ = b.WriteString(line + "]")
	case *Object:
		if v.Len() == 0 {
			_, _ = b.WriteString("{}")
			return
		}
		_ = b.WriteByte('{')
		for i, k := range v.Keys() {
			if i > 0 {
				_ = b.WriteByte(',')
			}
			_, _ = b.WriteString(in)
			writeString(b, k, ascii)
			_ = b.WriteByte(':')
			if line != "" {
				_ = b.WriteByte(' ')
			}
			indented(b, v.values[i], in, ascii)
		}
		_, _ = b.WriteString(line + "}")
	default:
		canonical(b, v)
	}
}

// exact is v in one line of plain ASCII, numbers as they were written.
func exact(v any) string {
	var b bytes.Buffer
	indented(&b, v, "", true)
	return b.String()
}

// digest is the SHA-256 of the canonical form, in hex.
func digest(v any) string {
	h := sha256.New()
	b := bufio.NewWriterSize(h, 128)
	canonical(b, v)
	_ = b.Flush() // a hash takes everything
	return hex.EncodeToString(h.Sum(nil))
}
