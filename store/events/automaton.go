package events

import (
	"encoding/binary"
	"regexp/syntax"
	"slices"
	"sync"
	"unicode/utf8"
)

// automaton finds where in a text a regular expression may match, at one step a
// byte: a deterministic automaton whose states are made as they are needed. It
// finds every match and some places that are none, because it takes every
// assertion (^ $ \b) for true and every run of bytes beyond ASCII for any
// letters beyond ASCII. Whoever uses it asks the expression itself about what
// it finds.
type automaton struct {
	insts   []inst
	start   []uint32
	classes [256]uint8 // bytes that no instruction tells apart are of one class
	n       int        // classes
}

// inst is an instruction that reads a byte, or the end.
type inst struct {
	match  bool
	ascii  [2]uint64 // bytes below 0x80
	beyond bool      // bytes from 0x80 on, as many as come
	out    []uint32  // what follows
}

// The most instructions and states of an automaton; an expression that needs
// more is tried without one.
const (
	mostInsts  = 1000
	mostStates = 4000
)

// newAutomaton compiles the expression; nil where it is too large.
func newAutomaton(expression string) *automaton {
	re, err := syntax.Parse(expression, syntax.Perl)
	if err != nil {
		return nil
	}
	prog, err := syntax.Compile(re.Simplify())
	if err != nil || len(prog.Inst) > mostInsts {
		return nil
	}
	a := &automaton{insts: make([]inst, len(prog.Inst))}
	for i := range prog.Inst {
		a.insts[i] = readInst(&prog.Inst[i])
	}
	for i := range prog.Inst {
		if reads(&prog.Inst[i]) {
			a.insts[i].out = follow(prog, prog.Inst[i].Out, nil)
		}
	}
	a.start = follow(prog, uint32(prog.Start), nil) //nolint:gosec // an index
	a.classify()
	return a
}

func reads(in *syntax.Inst) bool {
	return in.Op == syntax.InstRune || in.Op == syntax.InstRune1 || in.Op == syntax.InstRuneAny || in.Op == syntax.InstRuneAnyNotNL
}

func readInst(in *syntax.Inst) inst {
	var x inst
	x.match = in.Op == syntax.InstMatch
	if !reads(in) {
		return x
	}
	for r := range rune(utf8.RuneSelf) {
		if in.MatchRune(r) {
			x.ascii[r>>6] |= 1 << (r & 63)
		}
	}
	// A single letter may ignore case, and then be one beyond ASCII too.
	x.beyond = in.Op != syntax.InstRune1 && len(in.Rune) == 1 || in.Rune[len(in.Rune)-1] >= utf8.RuneSelf
	return x
}

// follow adds to set the instructions that read a byte or match, which are
// reached from one without reading.
func follow(prog *syntax.Prog, from uint32, set []uint32) []uint32 {
	seen := make(map[uint32]bool)
	var walk func(uint32)
	walk = func(i uint32) {
		if seen[i] {
			return
		}
		seen[i] = true
		switch in := &prog.Inst[i]; in.Op { //nolint:exhaustive // all others read a byte, or match
		case syntax.InstAlt, syntax.InstAltMatch:
			walk(in.Out)
			walk(in.Arg)
		case syntax.InstCapture, syntax.InstEmptyWidth, syntax.InstNop:
			walk(in.Out)
		case syntax.InstFail:
		default:
			set = append(set, i)
		}
	}
	walk(from)
	slices.Sort(set)
	return set
}

// classify finds the bytes that all instructions treat alike.
func (a *automaton) classify() {
	known := make(map[string]uint8)
	var column []byte
	for c := range 256 {
		column = append(column[:0], byte(c>>7)) // see step
		for i := range a.insts {
			is := byte('0')
			if a.insts[i].takes(byte(c)) {
				is = '1'
			}
			column = append(column, is)
		}
		class, ok := known[string(column)]
		if !ok {
			class = uint8(len(known)) //nolint:gosec // at most 129: all bytes beyond ASCII are one
			known[string(column)] = class
		}
		a.classes[c] = class
	}
	a.n = len(known)
}

func (x *inst) takes(c byte) bool {
	if c >= utf8.RuneSelf {
		return x.beyond
	}
	return x.ascii[c>>6]>>(c&63)&1 != 0
}

// runner is the states of an automaton that have been made so far: a state is
// where its transitions begin in next. It belongs to one goroutine.
type runner struct {
	a      *automaton
	width  int32   // of a state in next
	next   []int32 // state+class: the state that follows; unknown, or matched
	sets   [][]uint32
	byKey  map[string]int32
	key    []byte
	sample [256]byte // a byte of each class
}

const (
	unknown = -1
	matched = -2
)

// runners are kept with their states between blocks.
var runners sync.Pool

func (a *automaton) runner() *runner {
	if r, ok := runners.Get().(*runner); ok && r.a == a {
		return r
	}
	r := &runner{a: a, width: int32(a.n)} //nolint:gosec // at most 129
	for c := 255; c >= 0; c-- {
		r.sample[a.classes[c]] = byte(c)
	}
	r.reset()
	return r
}

func (r *runner) done() { runners.Put(r) }

func (r *runner) reset() {
	r.next, r.sets = r.next[:0], r.sets[:0]
	r.byKey = make(map[string]int32)
	r.state(r.a.start)
}

// state is the number of the state that is this set of instructions.
func (r *runner) state(set []uint32) int32 {
	r.key = r.key[:0]
	for _, i := range set {
		if r.a.insts[i].match {
			return matched
		}
		r.key = binary.LittleEndian.AppendUint16(r.key, uint16(i)) //nolint:gosec // at most mostInsts
	}
	if s, ok := r.byKey[string(r.key)]; ok {
		return s
	}
	s := int32(len(r.next)) //nolint:gosec // at most mostStates*256
	r.byKey[string(r.key)] = s
	r.sets = append(r.sets, slices.Clone(set))
	for range r.a.n {
		r.next = append(r.next, unknown)
	}
	return s
}

// step makes the transition from a state over a class of bytes.
func (r *runner) step(from int32, class uint8) int32 {
	if len(r.sets) >= mostStates {
		set := r.sets[from/r.width]
		r.reset()
		if from = r.state(set); from == matched {
			return matched
		}
	}
	c := r.sample[class]
	var set []uint32
	for _, i := range r.sets[from/r.width] {
		if x := &r.a.insts[i]; x.takes(c) {
			set = append(set, x.out...)
			if c >= utf8.RuneSelf {
				set = append(set, i) // a letter beyond ASCII has several bytes
			}
		}
	}
	set = append(set, r.a.start...) // a match can begin anywhere
	slices.Sort(set)
	to := r.state(slices.Compact(set))
	r.next[from+int32(class)] = to
	return to
}

// find is where the first match may end: the position of its last byte. It is -1
// where there is none. An expression that matches nothing at all, as /^$/, may
// match anywhere.
func (r *runner) find(text []byte) int {
	state := r.state(r.a.start)
	if state == matched {
		return min(0, len(text)-1)
	}
	classes, next := &r.a.classes, r.next
	for i, c := range text {
		to := next[state+int32(classes[c])]
		if to < 0 {
			if to == unknown {
				to = r.step(state, classes[c])
				next = r.next
			}
			if to == matched {
				return i
			}
		}
		state = to
	}
	return -1
}
