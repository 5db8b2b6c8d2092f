package audience

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"
)

// found is a stretch of a text that is somebody's, or secret.
type found struct {
	from, to int
	kind     Kind
	value    string // as it is written, and decoded where it was not
	who      *who   // nil: nobody is known by it, it has the shape of one
	put      string // what stands there, where the text itself decides it
}

// finder looks through one text. Each place is looked at a bounded number of
// times, so the time is that of the text's length.
type finder struct {
	text  string
	known *known
	out   []found
	times bool // times are found, too
	login int  // the place behind the @ of a URL's user
}

// find returns what stands in a text, in its order and apart: of two that overlap
// the longer counts, and a name that is known before one that only has the shape.
func (k *known) find(text string, times bool) []found {
	f := finder{text: text, known: k, times: times}
	f.scan()
	if v, ok := decoded(text); ok { // escapes hide the borders of names, and names
		inner := finder{text: v.text, known: k}
		inner.scan()
		for _, x := range inner.out {
			x.from, x.to = v.at[x.from], v.at[x.to]
			f.out = append(f.out, x)
		}
	}
	f.encoded()
	return apart(f.out)
}

func apart(all []found) []found {
	if len(all) < 2 {
		return all
	}
	slices.SortStableFunc(all, func(a, b found) int {
		return cmp.Or(cmp.Compare(b.to-b.from, a.to-a.from), cmp.Compare(rank(a), rank(b)), cmp.Compare(a.from, b.from))
	})
	out := all[:0:0]
	taken := &cover{}
	for _, x := range all {
		if taken.free(x.from, x.to) {
			taken.take(x.from, x.to)
			out = append(out, x)
		}
	}
	slices.SortFunc(out, func(a, b found) int { return cmp.Compare(a.from, b.from) })
	return out
}

func rank(x found) int {
	switch {
	case x.kind == Secret:
		return 0
	case x.who != nil:
		return 1
	}
	return 2
}

// cover keeps which places are taken, in order.
type cover struct{ at []int } // from, to, from, to, …

func (c *cover) free(from, to int) bool {
	i, _ := slices.BinarySearch(c.at, from+1) // the first border behind from
	return i%2 == 0 && (i == len(c.at) || c.at[i] >= to)
}

func (c *cover) take(from, to int) {
	i, _ := slices.BinarySearch(c.at, from+1)
	c.at = slices.Insert(c.at, i, from, to)
}

// scan tries each place where something could begin.
func (f *finder) scan() {
	t := f.text
	word := false // the place before is inside a word
	for i := 0; i < len(t); {
		c, size := rune(t[i]), 1
		if c >= utf8.RuneSelf {
			c, size = utf8.DecodeRuneInString(t[i:])
		}
		in := inWord(c)
		next := i + size
		if !word || !in || t[i-1] == '_' {
			if w, to := f.known.words.at(t, i); w != nil {
				f.out = append(f.out, found{from: i, to: to, kind: w.kind, value: t[i:to], who: w})
				next = max(next, i+size) // shapes that begin here are looked at, too
			}
		}
		switch {
		case c == '@':
			f.atSign(i)
		case c == '+' && !word:
			f.phone(i)
		case c == '(' && !word:
			f.phone(i)
		case c == ':' && !word && i+1 < len(t) && t[i+1] == ':':
			f.address(i)
		case in && !word:
			f.beginning(i, c)
		case c == '/' && i >= 3 && i+1 < len(t) && t[i-1] == ':' && t[i+1] == '/':
			f.userinfo(i + 2)
		}
		word = in
		i = next
	}
}

// beginning tries what begins with a letter or digit.
func (f *finder) beginning(i int, c rune) {
	digit := c >= '0' && c <= '9'
	if digit {
		if f.times && (f.moment(i) || f.count(i)) {
			return
		}
		f.phone(i)
		f.card(i)
	}
	if isHex(c) {
		f.mac(i)
		f.address(i)
	}
	if c < utf8.RuneSelf && !digit {
		f.iban(i)
	}
	f.domain(i)
}

func (f *finder) add(from, to int, kind Kind) {
	f.out = append(f.out, found{from: from, to: to, kind: kind, value: f.text[from:to]})
}

// ends says whether a place of the text is the end of a word.
func (f *finder) ends(to int) bool {
	if to >= len(f.text) {
		return true
	}
	r, _ := utf8.DecodeRuneInString(f.text[to:])
	return !inWord(r)
}

// byteAt is the byte at a place, 0 outside.
func (f *finder) byteAt(i int) byte {
	if i < 0 || i >= len(f.text) {
		return 0
	}
	return f.text[i]
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

// run is the end of the stretch of bytes of that sort, at most that long.
func (f *finder) run(i, most int, of func(byte) bool) int {
	to := i
	for to < len(f.text) && to-i < most && of(f.text[to]) {
		to++
	}
	return to
}

func lower(s string) string { return strings.ToLower(s) }
