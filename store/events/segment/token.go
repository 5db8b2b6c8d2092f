package segment

import (
	"encoding/binary"
	"math/bits"
	"unicode"
	"unicode/utf8"
)

// A token is a run of letters, digits and _, as words are for a filter, folded as
// a filter folds. Four numbers of up to three digits joined by dots are a token
// besides, because the parts of an address are in every block.
//
// A literal that a filter finds in a text as whole words has only tokens of that
// text in it, so the blocks that hold all of them are all that need a look.

// What a byte can be in a token.
const (
	isDigit  = 1
	isLetter = 2
	isHigh   = 4 // part of a character beyond ASCII: the slow way
)

var classes = func() (c [256]uint8) {
	for i := range c {
		switch b := byte(i); {
		case '0' <= b && b <= '9':
			c[i] = isDigit
		case 'a' <= b && b <= 'z', 'A' <= b && b <= 'Z', b == '_':
			c[i] = isLetter
		case b >= utf8.RuneSelf:
			c[i] = isHigh
		}
	}
	return c
}()

// isWord says of a character what a filter says of it.
func isWord(r rune) bool {
	if r < utf8.RuneSelf {
		return r >= 0 && classes[byte(r)] != 0
	}
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r))
}

// appendFolded puts letters in lower case. ASCII stays apart from all others, as
// in a filter.
func appendFolded(dst, token []byte) []byte {
	for i := 0; i < len(token); {
		if c := token[i]; c < utf8.RuneSelf {
			if 'A' <= c && c <= 'Z' {
				c += 'a' - 'A'
			}
			dst = append(dst, c)
			i++
			continue
		}
		r, n := utf8.DecodeRune(token[i:])
		if low := unicode.ToLower(r); low < utf8.RuneSelf || r == utf8.RuneError && n == 1 {
			dst = append(dst, token[i:i+n]...)
		} else {
			dst = utf8.AppendRune(dst, low)
		}
		i += n
	}
	return dst
}

// padding is the zero bytes that have to follow a text that is cut into tokens:
// its bytes are read in words of eight.
const padding = 16

// Tokens yields the tokens of a text, folded. A filter's literal that stands in a
// text as whole words has only tokens of that text in it. That holds for valid
// UTF-8; of other texts nothing follows, and ok is false.
func Tokens(text string, yield func(token string)) (ok bool) {
	if !utf8.ValidString(text) {
		return false
	}
	padded := make([]byte, len(text)+padding)
	copy(padded, text)
	t := newTable(64)
	t.whole = true
	t.begin(0)
	t.add(padded[:len(text)])
	for _, k := range t.kept {
		yield(string(t.texts[k.start : k.start+k.size]))
	}
	return true
}

// hashOf is the hash by which a folded token is kept. It is the same in every
// segment, so it is no secret: who wants to can make tokens whose hashes are the
// same, and gains a block that is looked at in vain.
func hashOf(token []byte) uint64 {
	h := uint64(len(token)) * 0x9e3779b97f4a7c15
	for len(token) >= 8 {
		h = mix(h^binary.LittleEndian.Uint64(token), 0xa0761d6478bd642f)
		token = token[8:]
	}
	if len(token) > 0 {
		var rest [8]byte
		copy(rest[:], token)
		h = mix(h^binary.LittleEndian.Uint64(rest[:]), 0xe7037ed1a0b428db)
	}
	return mix(h, 0x8ebc6af09c88c6e3)
}

func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}
