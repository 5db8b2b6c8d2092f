package audience

import (
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// view is a text without its escapes, with the place in the first text of each of
// its bytes, and of its end.
type view struct {
	text string
	at   []int
}

// decoded takes the escapes of URLs and of JSON out of a text: %40, \u0040, and \n
// before a name.
func decoded(text string) (view, bool) {
	if !strings.ContainsAny(text, `%\`) {
		return view{}, false
	}
	var b strings.Builder
	at := make([]int, 0, len(text)+1)
	changed := false
	for i := 0; i < len(text); {
		r, size := escape(text[i:])
		if size == 0 {
			b.WriteByte(text[i])
			at = append(at, i)
			i++
			continue
		}
		changed = true
		n := b.Len()
		if r < 0 { // a byte of a longer letter
			b.WriteByte(byte(-r & 0xff))
		} else {
			b.WriteRune(r)
		}
		for range b.Len() - n {
			at = append(at, i)
		}
		i += size
	}
	return view{b.String(), append(at, len(text))}, changed
}

// escape reads one escape at the beginning of a text: the letter, or a byte as a
// negative number, and how long it is; 0 where there is none.
func escape(s string) (rune, int) {
	if len(s) < 2 {
		return 0, 0
	}
	if s[0] == '%' && len(s) >= 3 {
		if n, err := strconv.ParseUint(s[1:3], 16, 8); err == nil {
			return -rune(n), 3
		}
		return 0, 0
	}
	if s[0] != '\\' {
		return 0, 0
	}
	switch s[1] {
	case 'n', 'r', 't', 'b', 'f':
		return '\n', 2
	case '"', '/', '\\':
		return rune(s[1]), 2
	case 'u':
		if len(s) >= 6 {
			if n, err := strconv.ParseUint(s[2:6], 16, 16); err == nil && !utf16.IsSurrogate(rune(n)) {
				return rune(n), 6
			}
		}
	}
	return 0, 0
}

const (
	leastEncoded = 12      // characters: less holds no name worth the mention
	mostEncoded  = 1 << 20 // of one stretch: what is behind it is a file
	stoodFor     = "(encoded text)"
)

// encoded looks into base64 and hexadecimal: a name that stands there is read by
// whoever wants to read it.
func (f *finder) encoded() {
	t := f.text
	for i := 0; i < len(t); {
		if !base64Letter(t[i]) {
			i++
			continue
		}
		to := i
		for to < len(t) && base64Letter(t[to]) {
			to++
		}
		if to-i >= leastEncoded && to-i <= mostEncoded {
			f.stretch(i, to)
		}
		i = to
	}
}

func base64Letter(c byte) bool {
	return isLetter(c) || isDigit(c) || c == '+' || c == '/' || c == '-' || c == '_'
}

// stretch looks into one stretch of letters, and into its parts between slashes:
// it may be a path with something encoded in it.
func (f *finder) stretch(from, to int) {
	if f.inside(from, to) {
		return
	}
	if !strings.ContainsAny(f.text[from:to], "/-_") {
		return
	}
	for at := from; at < to; {
		end := at
		for end < to && strings.IndexByte("/-_", f.text[end]) < 0 {
			end++
		}
		if end-at >= leastEncoded && end-at < to-from {
			f.inside(at, end)
		}
		at = end + 1
	}
}

func (f *finder) inside(from, to int) bool {
	for _, plain := range plains(f.text[from:to]) {
		inner := finder{text: plain, known: f.known}
		inner.scan()
		for _, x := range inner.out {
			if len(x.value) < 5 || x.who == nil && x.kind != Mail && x.kind != IBAN {
				continue // too short, or of a shape that numbers fall into
			}
			for f.byteAt(to) == '=' {
				to++
			}
			x.from, x.to, x.put = from, to, stoodFor
			f.out = append(f.out, x)
			return true
		}
	}
	return false
}

// plains are the texts that a stretch may stand for.
func plains(s string) []string {
	var out []string
	keep := func(b []byte) {
		if t, ok := asText(b); ok {
			out = append(out, t)
		}
	}
	if len(s)%2 == 0 && strings.IndexFunc(s, func(r rune) bool { return !isHex(r) }) < 0 {
		if b, err := hex.DecodeString(s); err == nil {
			keep(b)
		}
		return out
	}
	std := strings.NewReplacer("-", "+", "_", "/").Replace(s)
	for skip := range min(4, len(std)) { // what stands before it may look like a part of it
		part := std[skip:]
		part = part[:len(part)-len(part)%4]
		if rest := len(std[skip:]) % 4; rest > 1 {
			part = std[skip:]
		}
		if b, err := base64.RawStdEncoding.DecodeString(part); err == nil {
			keep(b)
		}
	}
	return out
}

// asText says whether bytes are a text, in UTF-8 or, as Windows has it, in UTF-16.
func asText(b []byte) (string, bool) {
	if len(b) < 6 {
		return "", false
	}
	zeros := 0
	for i := 1; i < len(b); i += 2 {
		if b[i] == 0 {
			zeros++
		}
	}
	if zeros*4 > len(b) && zeros*2 >= len(b)*9/10 {
		wide := make([]uint16, len(b)/2)
		for i := range wide {
			wide[i] = uint16(b[2*i]) | uint16(b[2*i+1])<<8
		}
		return string(utf16.Decode(wide)), true
	}
	for range 3 { // a letter may be cut at the end
		if utf8.Valid(b) {
			break
		}
		b = b[:len(b)-1]
	}
	s := string(b)
	if !utf8.Valid(b) || strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' && r != '\r' }) {
		return "", false
	}
	return s, true
}
