package events

import (
	"bytes"
	"strings"
	"sync"

	"firebreak/store/events/segment"
	"firebreak/timeline"
)

// everyBlock is the mask of a segment's blocks.
func everyBlock(m *segment.Meta) uint64 {
	if len(m.Blocks) >= segment.MaxBlocks {
		return ^uint64(0)
	}
	return 1<<len(m.Blocks) - 1
}

// wordMasks remembers in which blocks of which segment a fragment is. Segments
// do not change and their numbers are not used again, so what it knows stays
// true. It forgets everything when full.
type wordMasks struct {
	mu    sync.Mutex
	known map[wordMask]uint64
}

type wordMask struct {
	segment  int64
	fragment timeline.Fragment
}

const masksRemembered = 1 << 15

func (m *wordMasks) get(key wordMask) (uint64, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	blocks, ok := m.known[key]
	return blocks, ok
}

func (m *wordMasks) put(key wordMask, blocks uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.known == nil || len(m.known) >= masksRemembered {
		m.known = make(map[wordMask]uint64)
	}
	m.known[key] = blocks
}

// need is the blocks of p's segment whose texts may meet the need.
func (w *worker) need(p *prep, n timeline.Need) (uint64, error) {
	blocks := everyBlock(p.e.meta)
	switch n.Op { //nolint:exhaustive // nothing is needed otherwise
	case timeline.NeedWord:
		return w.fragment(p, n.Word)
	case timeline.NeedAll:
		// Whole words are looked up; only then the list of words is read.
		for _, whole := range [...]bool{true, false} {
			for _, of := range n.Of {
				if wholeWord(of) != whole || blocks == 0 {
					continue
				}
				found, err := w.need(p, of)
				if err != nil {
					return 0, err
				}
				blocks &= found
			}
		}
		return blocks, nil
	case timeline.NeedAny:
		some := uint64(0)
		for _, of := range n.Of {
			if some == blocks {
				break
			}
			found, err := w.need(p, of)
			if err != nil {
				return 0, err
			}
			some |= found
		}
		return some, nil
	default:
		return blocks, nil
	}
}

func wholeWord(n timeline.Need) bool {
	return n.Op == timeline.NeedWord && !n.Word.Front && !n.Word.Back
}

// fragment is the blocks that may hold a word with the fragment.
func (w *worker) fragment(p *prep, f timeline.Fragment) (uint64, error) {
	all := everyBlock(p.e.meta)
	if f.Front && f.Back && len(f.Text) < 2 {
		return all, nil // some word in every block has that letter
	}
	if blocks, ok := p.swept[f]; ok {
		return blocks, nil
	}
	key := wordMask{segment: p.e.id, fragment: f}
	if blocks, ok := w.db.masks.get(key); ok {
		return blocks, nil
	}
	w.use(p.e)
	var blocks uint64
	var err error
	if f.Front || f.Back {
		blocks, err = w.readLexicon(f, all)
	} else {
		blocks, err = w.r.Word(f.Text)
	}
	if err != nil {
		return 0, err
	}
	key.fragment.Text = strings.Clone(f.Text)
	w.db.masks.put(key, blocks&all)
	return blocks & all, nil
}

// readLexicon looks for a part of a word through all words.
func (w *worker) readLexicon(f timeline.Fragment, all uint64) (uint64, error) {
	lexicon, err := w.r.Lexicon()
	if err != nil {
		return 0, err
	}
	blocks := w.r.Long()
	// A token has a zero byte before and behind it.
	needle := []byte(f.Text)
	if !f.Back {
		needle = append(needle, 0)
	}
	texts := lexicon.Texts()
	for at := 0; blocks != all; {
		i := bytes.Index(texts[at:], needle)
		if i < 0 {
			break
		}
		i += at
		if at = i + 1; !f.Front && i > 0 && texts[i-1] != 0 {
			continue
		}
		token := lexicon.At(i)
		mask, err := lexicon.Blocks(token)
		if err != nil {
			return 0, err
		}
		blocks |= mask
		at = max(at, i+len(f.Text))
	}
	return blocks, nil
}
