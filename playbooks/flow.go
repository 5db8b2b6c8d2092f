package playbooks

import (
	"fmt"
	"slices"
	"strings"
)

// flow knows which steps have ended, or been passed over, by the time that a
// step begins.
type flow struct {
	p      *Playbook
	index  map[*Step]int
	inside map[*Step]bitset
	ended  map[*Step]bitset
	gives  map[string][]*Step // the steps that give a variable a value
}

// bitset is a set of steps by their place in the file.
type bitset []uint64

func newBitset(n int) bitset    { return make(bitset, (n+63)/64) }
func (b bitset) add(i int)      { b[i/64] |= 1 << (i % 64) }
func (b bitset) has(i int) bool { return b[i/64]&(1<<(i%64)) != 0 }
func (b bitset) union(o bitset) {
	for i := range b {
		b[i] |= o[i]
	}
}

func (l *linter) newFlow() *flow {
	f := &flow{p: l.p, index: map[*Step]int{}, inside: map[*Step]bitset{}, ended: map[*Step]bitset{}, gives: map[string][]*Step{}}
	for i, s := range l.p.order {
		f.index[s] = i
		for _, q := range s.Ask {
			f.gives[q.Name] = append(f.gives[q.Name], s)
		}
		for _, a := range s.Set {
			f.gives[a.Name] = append(f.gives[a.Name], s)
		}
	}
	return f
}

// lacks says why the variable has no value when s reads it, "" when some step
// may have given it one. A variable with a prompt may be given one at the start.
func (f *flow) lacks(s *Step, name string) (message, hint string) {
	gives := f.gives[name]
	if len(gives) == 0 {
		return "nothing gives " + name + " a value", "give it a default, make it required, or ask for it"
	}
	if f.p.vars[name].Prompt != "" || s.Fallback {
		return "", ""
	}
	before := f.before(s)
	var ids []string
	for _, t := range gives {
		if (t == s && selfGiven(s)) || before.has(f.index[t]) && !exclusive(s, t) || sameLoop(s, t) {
			return "", ""
		}
		if !slices.Contains(ids, t.ID) {
			ids = append(ids, t.ID)
		}
	}
	return fmt.Sprintf("%s has no value yet: only %s gives it one", name, strings.Join(ids[:min(3, len(ids))], ", ")),
		"move the step, or add needs: with the one that gives the value"
}

// selfGiven says that a step may read what it sets itself: when it is done
// again, and people's answers in what it sets from them.
func selfGiven(s *Step) bool { return s.Repeat != nil || s.Verb == VerbManual || s.Retry != nil }

// before returns the steps that have ended when s begins.
func (f *flow) before(s *Step) bitset {
	if b, ok := f.ended[s]; ok {
		return b
	}
	out := newBitset(len(f.p.order))
	f.ended[s] = out
	for _, t := range f.p.before(s) {
		out.union(f.within(t))
		out.union(f.before(t))
	}
	if s.parent != nil {
		out.union(f.before(s.parent))
		return out
	}
	for i, t := range f.p.order {
		if !t.Fallback && (t.Phase < s.Phase || s.Fallback) {
			out.add(i)
		}
	}
	return out
}

// within returns s and the steps in it.
func (f *flow) within(s *Step) bitset {
	if b, ok := f.inside[s]; ok {
		return b
	}
	out := newBitset(len(f.p.order))
	out.add(f.index[s])
	for _, c := range s.Children() {
		out.union(f.within(c))
	}
	f.inside[s] = out
	return out
}

// exclusive says that s and t stand in different branches of one decision, so
// that only one of them is ever done.
func exclusive(s, t *Step) bool {
	for a := s; a.parent != nil; a = a.parent {
		for b := t; b.parent != nil; b = b.parent {
			if a.parent == b.parent {
				return (a.parent.Verb == VerbIf || a.parent.Verb == VerbSwitch) && a.branch != b.branch && !repeated(a.parent)
			}
		}
	}
	return false
}

// repeated says that s is done more than once, itself or as part of a loop.
func repeated(s *Step) bool {
	for ; s != nil; s = s.parent {
		if s.loops() {
			return true
		}
	}
	return false
}

// sameLoop says that s and t are done in rounds of the same loop, so that an
// earlier round may have given what a later one reads.
func sameLoop(s, t *Step) bool {
	for p := s.parent; p != nil; p = p.parent {
		if p.loops() && within(t, p) {
			return true
		}
	}
	return s.loops() && within(t, s)
}
