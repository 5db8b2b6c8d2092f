package events

import (
	"slices"

	"firebreak/store/events/segment"
	"firebreak/timeline"
)

// fragmentSearch looks for many fragments of words at once: an automaton after
// Aho and Corasick over the list of words of a segment, one step a byte however
// many fragments there are.
type fragmentSearch struct {
	fragments []timeline.Fragment
	classes   [256]uint8 // of bytes; those in no fragment are class 0
	n         int
	next      []int32   // state*n+class
	ends      [][]int32 // fragments that end in a state
}

// mostSearched bounds the automaton: with more fragments there are several.
const mostSearched = 100_000 // bytes of fragments

// newFragmentSearches makes the automata of the fragments.
func newFragmentSearches(fragments []timeline.Fragment) []*fragmentSearch {
	var all []*fragmentSearch
	for len(fragments) > 0 {
		n, size := 0, 0
		for n < len(fragments) && (n == 0 || size+len(fragments[n].Text) <= mostSearched) {
			size += len(fragments[n].Text)
			n++
		}
		all = append(all, newFragmentSearch(fragments[:n]))
		fragments = fragments[n:]
	}
	return all
}

func newFragmentSearch(fragments []timeline.Fragment) *fragmentSearch {
	s := &fragmentSearch{fragments: fragments, n: 1}
	for _, f := range fragments {
		for i := range len(f.Text) {
			if c := f.Text[i]; s.classes[c] == 0 && s.n < 256 {
				s.classes[c] = uint8(s.n) //nolint:gosec // below 256
				s.n++
			}
		}
	}
	s.state()
	for i, f := range fragments {
		at := int32(0)
		for k := range len(f.Text) {
			edge := int(at)*s.n + int(s.classes[f.Text[k]])
			if s.next[edge] == 0 {
				s.next[edge] = s.state()
			}
			at = s.next[edge]
		}
		s.ends[at] = append(s.ends[at], int32(i))
	}
	s.link()
	return s
}

// state adds a state without edges.
func (s *fragmentSearch) state() int32 {
	s.next = append(s.next, make([]int32, s.n)...)
	s.ends = append(s.ends, nil)
	return int32(len(s.ends) - 1) //nolint:gosec // at most mostSearched
}

// link fills the missing edges: from there the longest end of what was read goes
// on that begins a fragment.
func (s *fragmentSearch) link() {
	fail := make([]int32, len(s.ends))
	queue := make([]int32, 0, len(s.ends))
	for c := range s.n {
		if to := s.next[c]; to != 0 {
			queue = append(queue, to)
		}
	}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		s.ends[at] = append(s.ends[at], s.ends[fail[at]]...)
		for c := range s.n {
			edge, back := int(at)*s.n+c, s.next[int(fail[at])*s.n+c]
			if to := s.next[edge]; to != 0 {
				fail[to] = back
				queue = append(queue, to)
			} else {
				s.next[edge] = back
			}
		}
	}
}

// eachToken calls visit for each fragment that is in a token, with the position
// of its last byte.
func (s *fragmentSearch) eachToken(texts []byte, visit func(f timeline.Fragment, at int) error) error {
	at := int32(0)
	for i, c := range texts {
		at = s.next[int(at)*s.n+int(s.classes[c])]
		if s.ends[at] == nil {
			continue
		}
		whole := i+1 == len(texts) || texts[i+1] == 0
		for _, k := range s.ends[at] {
			f := s.fragments[k]
			start := i + 1 - len(f.Text)
			if !f.Back && !whole || !f.Front && start > 0 && texts[start-1] != 0 {
				continue
			}
			if err := visit(f, i); err != nil {
				return err
			}
		}
	}
	return nil
}

// find adds to masks the blocks of each fragment.
func (s *fragmentSearch) find(lexicon *segment.Lexicon, masks map[timeline.Fragment]uint64) error {
	return s.eachToken(lexicon.Texts(), func(f timeline.Fragment, at int) error {
		mask, err := lexicon.Blocks(lexicon.At(at))
		masks[f] |= mask
		return err
	})
}

// fragmentsOf are all fragments that plans look up, each once.
func fragmentsOf(plans []*plan) []timeline.Fragment {
	seen := make(map[timeline.Fragment]bool)
	var all []timeline.Fragment
	add := func(f timeline.Fragment) {
		if seen[f] || f.Front && f.Back && len(f.Text) < 2 {
			return
		}
		seen[f] = true
		all = append(all, f)
	}
	var ofNeed func(timeline.Need)
	ofNeed = func(n timeline.Need) {
		if n.Op == timeline.NeedWord {
			add(n.Word)
		}
		for _, of := range n.Of {
			ofNeed(of)
		}
	}
	for _, p := range plans {
		leaves(p.root, func(t term) {
			switch t := t.(type) {
			case *wordTerm:
				ofNeed(t.need)
			case *attributeTerm:
				ofNeed(t.need)
			case *addressTerm:
				for _, word := range t.words {
					add(timeline.Fragment{Text: word})
				}
				for _, prefix := range t.four {
					if prefix.IsSingleIP() {
						add(timeline.Fragment{Text: prefix.Addr().String()})
					}
				}
			}
		})
	}
	return slices.Clip(all)
}

// search looks up all fragments in a segment.
func (w *worker) search(e *entry, searches []*fragmentSearch) (map[timeline.Fragment]uint64, error) {
	masks := make(map[timeline.Fragment]uint64)
	w.use(e)
	lexicon, err := w.r.Lexicon()
	if err != nil {
		return nil, err
	}
	for _, s := range searches {
		for _, f := range s.fragments {
			masks[f] = 0
		}
		if err := s.find(lexicon, masks); err != nil {
			return nil, err
		}
	}
	if long := w.r.Long(); long != 0 {
		for f := range masks {
			masks[f] |= long
		}
	}
	return masks, nil
}
