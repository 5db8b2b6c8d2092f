package segment

import (
	"bytes"
	"fmt"
)

type wordCache struct {
	part int
	wordPart
}

// Word is the blocks that may hold the token, which is folded: a token as Tokens
// yields it. Blocks not among them do not hold it, in no message and no value.
func (r *Reader) Word(token string) (blocks uint64, err error) {
	h := hashOf([]byte(token))
	part, rest := hashPart(h, r.meta.wordBits), hashRest(h, r.meta.wordBits)
	if r.word.part == part {
		return r.word.find(rest), nil
	}
	data, err := r.needed(KindWords, partNumber(part, r.meta.wordBits))
	if err != nil {
		return 0, err
	}
	blocks, r.numbers, err = findWord(data, rest, r.numbers)
	return blocks, err
}

// wordPart is a part of the words, by the first bits of their hashes.
func (r *Reader) wordPart(part int) (*wordPart, error) {
	c := &r.word
	if c.part == part {
		return &c.wordPart, nil
	}
	c.part = none
	data, err := r.needed(KindWords, partNumber(part, r.meta.wordBits))
	if err != nil {
		return nil, err
	}
	if err := c.read(data); err != nil {
		return nil, err
	}
	c.part = part
	return &c.wordPart, nil
}

// Long is for whoever looks through the lexicon for anything but whole tokens: the
// blocks with tokens that are too long for it.
func (r *Reader) Long() (blocks uint64) { return r.meta.long }

// Lexicon is the tokens of a segment.
type Lexicon struct {
	known  bool
	r      *Reader
	texts  []byte
	counts []int // of each part of the words
	ends   []uint32
	at, n  int // n tokens end before at
}

// Lexicon is the texts of all tokens, but for those that Long tells of.
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
