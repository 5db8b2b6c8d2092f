package segment

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
)

type wordCache struct {
	part int
	wordPart
}

// Word is the blocks that may hold the token, which is folded: a token as Tokens
// yields it. Blocks not among them do not hold it, in no message and no value.
func (r *Reader) Word(token string) (blocks uint64, err error) {
	h := hashOf([]byte(token))
	p, err := r.wordPart(hashPart(h, r.meta.wordBits))
	if err != nil {
		return 0, err
	}
	blocks = p.find(hashRest(h, r.meta.wordBits))
	hidden, err := r.fraction(token)
	return blocks | hidden, err
}

// wordPart is a part of the words, by the first bits of their hashes.
func (r *Reader) wordPart(part int) (*wordPart, error) {
	c := &r.word
	if c.part == part {
		return &c.wordPart, nil
	}
	c.part = none
	data, err := r.part(KindWords, partNumber(part, r.meta.wordBits))
	if err != nil {
		return nil, err
	}
	if data == nil {
		data = []byte{0}
	}
	if err := c.read(data); err != nil {
		return nil, err
	}
	c.part = part
	return &c.wordPart, nil
}

// fraction is the blocks in which a stamped attribute has the token as fraction of
// a second.
func (r *Reader) fraction(token string) (blocks uint64, err error) {
	digits := 0
	for digits < len(token) && classes[token[digits]] == isDigit {
		digits++
	}
	if digits == 0 || digits > 9 {
		return 0, nil
	}
	number, err := strconv.ParseInt(token[:digits], 10, 64)
	if err != nil {
		return 0, nil //nolint:nilerr // nine digits are a number
	}
	err = r.fractions(func(l *layout) bool { return l.digits == digits && l.behind == token[digits:] }, func(l *layout, stamp int64) bool { return l.fractionOf(stamp) == number }, &blocks)
	return blocks, err
}

// fractions adds the blocks of rows with one of the layouts for whose stamp match
// says true.
func (r *Reader) fractions(which func(*layout) bool, match func(*layout, int64) bool, blocks *uint64) error {
	if err := r.readNames(); err != nil {
		return err
	}
	for _, name := range r.names.stamped {
		column := r.names.names[name].Column
		d, err := r.dictionary(column)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(d.layouts, func(l layout) bool { return l.digits > 0 && which(&l) }) {
			continue
		}
		for chunk := range r.meta.Chunks {
			stamps, err := r.Times(chunk)
			if err != nil {
				return err
			}
			codes, err := r.Codes(column, chunk)
			if err != nil {
				return err
			}
			block := r.meta.blockOf(chunk * ChunkRows)
			for i, code := range codes {
				for row := chunk*ChunkRows + i; block+1 < len(r.meta.Blocks) && r.meta.Blocks[block+1].Row <= row; {
					block++
				}
				if code >= Inline || *blocks>>block&1 != 0 {
					continue
				}
				if l := &d.layouts[code]; l.digits > 0 && which(l) && match(l, stamps[i]) {
					*blocks |= 1 << block
				}
			}
		}
	}
	return nil
}

// Hidden is for whoever looks through the lexicon for anything but whole tokens:
// tokens that are not in it. It calls match with each fraction of a second that a
// stamped attribute ends in ("123456", "123z") and returns the blocks where match
// says true, and those with tokens that are too long for the lexicon. Where no
// fraction can be meant, match is nil.
func (r *Reader) Hidden(match func(token []byte) bool) (blocks uint64, err error) {
	blocks = r.meta.long
	if match == nil {
		return blocks, nil
	}
	var room []byte
	err = r.fractions(func(*layout) bool { return true }, func(l *layout, stamp int64) bool {
		room = append(appendDigits(room[:0], l.fractionOf(stamp), l.digits), l.behind...)
		return match(room)
	}, &blocks)
	return blocks, err
}

// Lexicon is the tokens of a segment.
type Lexicon struct {
	known  bool
	r      *Reader
	texts  []byte
	counts []int // of each part of the words
	ends   []uint32
	at, n  int // n tokens end before at
}

// Lexicon is the texts of all tokens, but for those that Hidden tells of.
func (r *Reader) Lexicon() (*Lexicon, error) {
	l := &r.lexicon
	if l.known {
		return l, nil
	}
	content, err := r.unpacked(KindLexicon, 0)
	if err != nil {
		return nil, err
	}
	in := decoder{rest: content}
	bad := fmt.Errorf("%w: the lexicon", ErrDamaged)
	if parts := in.bytes(1); int(parts[0]) != r.meta.wordBits {
		return nil, bad
	}
	sum := 0
	l.counts = l.counts[:0]
	for range 1 << r.meta.wordBits {
		n := in.count(len(content))
		sum += n
		l.counts = append(l.counts, n)
	}
	if in.failed || bytes.Count(in.rest, []byte{0}) != sum {
		return nil, bad
	}
	l.r, l.known, l.at, l.n = r, true, 0, 0
	l.texts = append(l.texts[:0], in.rest...)
	l.ends = l.ends[:0]
	return l, nil
}

// Texts is the folded tokens, each followed by a zero byte. A token that is too
// long is empty.
func (l *Lexicon) Texts() []byte { return l.texts }

// Len is how many there are.
func (l *Lexicon) Len() int {
	n := 0
	for _, c := range l.counts {
		n += c
	}
	return n
}

// At is the number of the token that the position in Texts belongs to. It is quick
// when positions are asked for in their order.
func (l *Lexicon) At(position int) int {
	if position < l.at {
		l.at, l.n = 0, 0
	}
	l.n += bytes.Count(l.texts[l.at:position], []byte{0})
	l.at = position
	return l.n
}

// Token is the text of the token.
func (l *Lexicon) Token(i int) []byte {
	if len(l.ends) == 0 {
		for at := 0; at < len(l.texts); {
			at += bytes.IndexByte(l.texts[at:], 0) + 1
			l.ends = append(l.ends, uint32(at-1)) //nolint:gosec // the lexicon is smaller than the text
		}
	}
	start := uint32(0)
	if i > 0 {
		start = l.ends[i-1] + 1
	}
	return l.texts[start:l.ends[i]]
}

// Blocks is the blocks that hold the token. The first call for a part of the
// words reads it.
func (l *Lexicon) Blocks(i int) (uint64, error) {
	part := 0
	for part < len(l.counts)-1 && i >= l.counts[part] {
		i -= l.counts[part]
		part++
	}
	p, err := l.r.wordPart(part)
	if err != nil {
		return 0, err
	}
	if i < 0 || i >= len(p.blocks) {
		return 0, fmt.Errorf("%w: the lexicon has more words than there are", ErrDamaged)
	}
	return p.blocks[i], nil
}
