package audience

import (
	"unicode"
	"unicode/utf8"
)

// trie finds names at a place of a text: by one step for each byte, however many
// names there are.
type trie struct {
	next map[uint64]uint32 // node and byte → node
	ends map[uint32][]ending
	last uint32
}

// ending is a name that ends at a node.
type ending struct {
	who   *who
	exact string // it counts only as it is written, so; "" for any letter case
}

// add has a name searched for. The longest at a place counts; of two that are the
// same, the first.
func (t *trie) add(name string, w *who, exact bool) {
	if t.next == nil {
		t.next, t.ends = map[uint64]uint32{}, map[uint32][]ending{}
	}
	var node uint32
	for _, r := range name {
		var b [utf8.UTFMax]byte
		for _, c := range b[:utf8.EncodeRune(b[:], fold(r))] {
			at := uint64(node)<<8 | uint64(c)
			to, ok := t.next[at]
			if !ok {
				t.last++
				to = t.last
				t.next[at] = to
			}
			node = to
		}
	}
	e := ending{who: w}
	if exact {
		e.exact = name
	}
	for _, there := range t.ends[node] {
		if there.exact == e.exact {
			return
		}
	}
	t.ends[node] = append(t.ends[node], e)
}

func fold(r rune) rune {
	if r < utf8.RuneSelf {
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}
	return unicode.ToLower(r)
}

// at finds the longest name that begins at a place and ends at a border.
func (t *trie) at(text string, from int) (*who, int) {
	var found *who
	var to int
	var node uint32
	for i := from; i < len(text) && i-from <= mostName; {
		r, size := rune(text[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(text[i:])
		}
		var b [utf8.UTFMax]byte
		var ok bool
		for _, c := range b[:utf8.EncodeRune(b[:], fold(r))] {
			if node, ok = t.next[uint64(node)<<8|uint64(c)]; !ok {
				return found, to
			}
		}
		i += size
		for _, e := range t.ends[node] {
			written := text[from:i]
			if e.exact != "" && e.exact != written {
				continue
			}
			if borders(text, from, i, utf8.RuneCountInString(written) >= leastFold) {
				found, to = e.who, i
				break
			}
		}
	}
	return found, to
}

// borders says whether a text from here to there stands for itself: "ada" is not in
// "adapter". A longer name may stand in a name made with underscores.
func borders(text string, from, to int, long bool) bool {
	first, _ := utf8.DecodeRuneInString(text[from:])
	before, _ := utf8.DecodeLastRuneInString(text[:from])
	last, _ := utf8.DecodeLastRuneInString(text[:to])
	behind, _ := utf8.DecodeRuneInString(text[to:])
	begins := from == 0 || apartFrom(first, before, long)
	return begins && (to == len(text) || apartFrom(last, behind, long))
}

func apartFrom(inner, outer rune, long bool) bool {
	return !inWord(inner) || !inWord(outer) || long && outer == '_'
}

func inWord(r rune) bool {
	if r < utf8.RuneSelf {
		return r == '_' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
	}
	return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)
}
