package events

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"firebreak/store/events/segment"
	"firebreak/timeline"
)

// finder finds the rows of a block in whose raw text a pattern is. It looks for
// an anchor, a piece of ASCII that is in every match, through the whole block at
// once, and looks closely only where that stands.
type finder struct {
	pattern   timeline.Pattern
	anchor    []byte     // in lower case; nil: there is none
	letters   bool       // the anchor has letters, so that the text has to be in lower case
	whole     bool       // the anchor is the whole pattern: only the ends of words are to be checked
	automaton *automaton // of an expression without an anchor: finds all rows that match, and maybe more
	word      *automaton // of an expression whose matches lie inside a word
}

func newFinder(p timeline.Pattern) finder {
	f := finder{pattern: p}
	pieces, whole := p.Pieces()
	var best string
	for _, piece := range pieces {
		if strings.Contains(piece, "\x00") {
			whole = false
		}
		for run := range strings.FieldsFuncSeq(piece, func(r rune) bool { return r >= utf8.RuneSelf || r == 0 }) {
			if len(run) > len(best) {
				best = run
			}
		}
		whole = whole && best == piece
	}
	if best != "" {
		f.anchor, f.whole = []byte(best), whole
		f.letters = strings.ToUpper(best) != best
	}
	if re := p.Regexp(); re != nil {
		if len(best) < 3 {
			f.automaton = newAutomaton(re.String())
		}
		if expression, ok := p.InWord(); ok {
			f.word = newAutomaton(expression)
		}
	}
	return f
}

// find adds to found those of the open rows in whose texts the pattern is.
func (f *finder) find(w *worker, p *prep, block int, text *segment.Text, message bool, open, found *bitmap) error {
	raw := text.Raw()
	switch {
	case f.automaton != nil:
		return f.findAutomaton(w, text, message, open, found)
	case f.anchor == nil:
		for i := open.next(0); i >= 0; i = open.next(i + 1) {
			if err := f.inRow(text, i, message, found); err != nil {
				return err
			}
		}
		return w.ctx.Err()
	}
	if f.letters {
		raw = w.lower(p, block, raw)
	}
	// Where few rows are open the others need no look.
	if open.count()*8 < p.e.meta.Blocks[block].Rows {
		for i := open.next(0); i >= 0; i = open.next(i + 1) {
			start, end := text.Row(i)
			if err := f.within(raw, text, i, start, end, message, found); err != nil {
				return err
			}
		}
		return nil
	}
	for row := open.next(0); row >= 0; {
		start, _ := text.Row(row)
		at := bytes.Index(raw[start:], f.anchor)
		if at < 0 {
			return nil
		}
		at += start
		if row = text.RowAt(at); open.has(row) {
			_, end := text.Row(row)
			if err := f.within(raw, text, row, at, end, message, found); err != nil {
				return err
			}
		}
		row = open.next(row + 1)
	}
	return nil
}

// within looks at the hits of the anchor in a row from start on.
func (f *finder) within(raw []byte, text *segment.Text, row, start, end int, message bool, found *bitmap) error {
	for at := start; ; {
		i := bytes.Index(raw[at:end], f.anchor)
		if i < 0 {
			return nil
		}
		at += i
		if !f.whole {
			return f.inRow(text, row, message, found)
		}
		if message && at >= startOf(text, row)+len(text.Message(row)) {
			return nil
		}
		s := peekString(raw)
		if !joinedAt(s, at) && !joinedAt(s, at+len(f.anchor)) {
			found.set(row)
			return nil
		}
		at++
	}
}

func startOf(text *segment.Text, row int) int {
	start, _ := text.Row(row)
	return start
}

// joinedAt is timeline.WordsJoin without a look at the whole text.
func joinedAt(s string, at int) bool {
	if at == 0 || at >= len(s) {
		return false
	}
	before, after := s[at-1], s[at]
	if before < utf8.RuneSelf && after < utf8.RuneSelf {
		return wordByte[before] && wordByte[after]
	}
	return timeline.WordsJoin(s, at)
}

var wordByte = func() (is [256]bool) {
	for c := range is {
		is[c] = c == '_' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
	}
	return is
}()

// inRow asks the pattern itself, text by text.
func (f *finder) inRow(text *segment.Text, row int, message bool, found *bitmap) error {
	return inTexts(text, row, message, f.pattern.In, found)
}

// inTexts adds the row to found where is says true of its message or, unless
// only that is asked for, of a value of its attributes.
func inTexts(text *segment.Text, row int, message bool, is func(string) bool, found *bitmap) error {
	if is(peekString(text.Message(row))) {
		found.set(row)
		return nil
	}
	if message {
		return nil
	}
	return text.Each(row, func(_ int, value []byte) bool {
		if is(peekString(value)) {
			found.set(row)
			return false
		}
		return true
	})
}

func (f *finder) findAutomaton(w *worker, text *segment.Text, message bool, open, found *bitmap) error {
	raw := text.Raw()
	r := f.automaton.runner()
	defer r.done()
	for row := open.next(0); row >= 0; {
		start, _ := text.Row(row)
		at := r.find(raw[start:])
		if at < 0 {
			break
		}
		if row = text.RowAt(start + at); open.has(row) {
			if err := f.inRow(text, row, message, found); err != nil {
				return err
			}
		}
		row = open.next(row + 1)
	}
	return w.ctx.Err()
}

// lower is the raw text of a block in lower case.
func (w *worker) lower(p *prep, block int, raw []byte) []byte {
	if w.foldsOf.segment != p.e.id || w.foldsOf.block != block {
		w.folded = appendLower(w.folded[:0], raw)
		w.foldsOf.segment, w.foldsOf.block = p.e.id, block
	}
	return w.folded
}

// inWords is the blocks with a word in which an expression that can only match
// inside words does.
func (w *worker) inWords(p *prep, t *wordTerm) (uint64, error) {
	key := wordMask{segment: p.e.id, fragment: timeline.Fragment{Text: "/" + t.finder.pattern.Regexp().String()}}
	if blocks, ok := w.db.masks.get(key); ok {
		return blocks, nil
	}
	w.use(p.e)
	lexicon, err := w.r.Lexicon()
	if err != nil {
		return 0, err
	}
	r := t.finder.word.runner()
	defer r.done()
	blocks := w.r.Long()
	texts, all := lexicon.Texts(), everyBlock(p.e.meta)
	for at := 0; blocks != all; {
		i := r.find(texts[at:])
		if i < 0 {
			break
		}
		token := lexicon.At(at + i)
		mask, err := lexicon.Blocks(token)
		if err != nil {
			return 0, err
		}
		blocks |= mask
		next := bytes.IndexByte(texts[at+i:], 0)
		if next < 0 {
			break
		}
		at += i + next + 1
	}
	w.db.masks.put(key, blocks)
	return blocks, nil
}
