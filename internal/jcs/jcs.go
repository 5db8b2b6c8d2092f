// Package jcs writes JSON in the one form that RFC 8785 (JSON Canonicalization
// Scheme) gives to a value, so that a digest over it is a digest of the value.
package jcs

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// maxDepth limits how deep values may stand in one another.
const maxDepth = 200

// Canonical returns src in canonical form. What RFC 8785 gives no form to is an
// error: text that is no UTF-8, half a surrogate pair, a member that is there
// twice, a number that no double holds.
func Canonical(src []byte) ([]byte, error) {
	if !utf8.Valid(src) {
		return nil, errors.New("canonical JSON: the text is no UTF-8")
	}
	if err := wholePairs(src); err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(src))
	d.UseNumber()
	out, err := value(nil, d, 0)
	if err != nil {
		return nil, fmt.Errorf("canonical JSON: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("canonical JSON: something follows the value")
	}
	return out, nil
}

func value(out []byte, d *json.Decoder, depth int) ([]byte, error) {
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch t := t.(type) {
	case nil:
		return append(out, "null"...), nil
	case bool:
		return strconv.AppendBool(out, t), nil
	case string:
		return quote(out, t), nil
	case json.Number:
		f, err := strconv.ParseFloat(string(t), 64)
		if err != nil {
			return nil, fmt.Errorf("number %.40s: no double holds it", t)
		}
		s, err := Number(f)
		return append(out, s...), err
	case json.Delim:
		if depth >= maxDepth {
			return nil, fmt.Errorf("deeper than %d levels", maxDepth)
		}
		if t == '[' {
			return list(out, d, depth+1)
		}
		return object(out, d, depth+1)
	}
	return nil, fmt.Errorf("unexpected %T", t)
}

func list(out []byte, d *json.Decoder, depth int) ([]byte, error) {
	out = append(out, '[')
	for n := 0; d.More(); n++ {
		if n > 0 {
			out = append(out, ',')
		}
		var err error
		if out, err = value(out, d, depth); err != nil {
			return nil, err
		}
	}
	_, err := d.Token()
	return append(out, ']'), err
}

type member struct {
	name string
	text []byte // the value
}

func object(out []byte, d *json.Decoder, depth int) ([]byte, error) {
	var members []member
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return nil, err
		}
		name, ok := t.(string)
		if !ok {
			return nil, fmt.Errorf("the name of a member is a %T", t)
		}
		text, err := value(nil, d, depth)
		if err != nil {
			return nil, err
		}
		members = append(members, member{name, text})
	}
	if _, err := d.Token(); err != nil {
		return nil, err
	}
	slices.SortFunc(members, func(a, b member) int { return Compare(a.name, b.name) })
	out = append(out, '{')
	for i, m := range members {
		if i > 0 {
			if members[i-1].name == m.name {
				return nil, fmt.Errorf("member %.40q is there twice", m.name)
			}
			out = append(out, ',')
		}
		out = append(append(quote(out, m.name), ':'), m.text...)
	}
	return append(out, '}'), nil
}

// Compare orders names of members by their UTF-16 code units (RFC 8785, 3.2.3).
func Compare(a, b string) int {
	for a != "" && b != "" {
		x, n := utf8.DecodeRuneInString(a)
		y, m := utf8.DecodeRuneInString(b)
		if x != y {
			if x > 0xffff != (y > 0xffff) { // a pair begins below U+E000
				return cmp.Compare(firstUnit(x), firstUnit(y))
			}
			return cmp.Compare(x, y)
		}
		a, b = a[n:], b[m:]
	}
	return cmp.Compare(len(a), len(b))
}

func firstUnit(r rune) rune {
	if r > 0xffff {
		r, _ = utf16.EncodeRune(r)
	}
	return r
}

// Number writes a number as ECMAScript's Number::toString does (RFC 8785,
// 3.2.2.3). Infinities and NaN have no form.
func Number(f float64) (string, error) {
	switch {
	case math.IsInf(f, 0) || math.IsNaN(f):
		return "", fmt.Errorf("number %v: JSON has no form for it", f)
	case f == 0:
		return "0", nil
	}
	if abs := math.Abs(f); abs >= 1e-6 && abs < 1e21 {
		return strconv.FormatFloat(f, 'f', -1, 64), nil
	}
	mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(f, 'e', -1, 64), "e")
	return mantissa + "e" + exponent[:1] + strings.TrimLeft(exponent[1:], "0"), nil
}

func quote(out []byte, s string) []byte {
	const short = "\b\t\n\f\r\"\\"
	out = append(out, '"')
	for _, r := range s {
		switch i := strings.IndexRune(short, r); {
		case i >= 0:
			out = append(out, '\\', `btnfr"\`[i])
		case r < 0x20:
			out = fmt.Appendf(out, `\u%04x`, r)
		default:
			out = utf8.AppendRune(out, r)
		}
	}
	return append(out, '"')
}

// wholePairs refuses an escape for half a surrogate pair, which encoding/json
// would put a replacement character for.
func wholePairs(src []byte) error {
	unit := func(at int) (rune, bool) {
		if at+6 > len(src) || src[at] != '\\' || src[at+1] != 'u' {
			return 0, false
		}
		n, err := strconv.ParseUint(string(src[at+2:at+6]), 16, 16)
		return rune(n), err == nil
	}
	for i := 0; i < len(src); i++ {
		if src[i] != '\\' {
			continue
		}
		r, ok := unit(i)
		if !ok {
			i++ // what is escaped may be a backslash
			continue
		}
		i += 5
		if !utf16.IsSurrogate(r) {
			continue
		}
		low, ok := unit(i + 1)
		if !ok || utf16.DecodeRune(r, low) == utf8.RuneError {
			return errors.New("canonical JSON: half a surrogate pair")
		}
		i += 6
	}
	return nil
}
