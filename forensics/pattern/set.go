package pattern

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Limits of one pattern and of all together.
const (
	MaxLength = 4096    // bytes of a pattern
	maxBraces = 1024    // patterns that the braces of one stand for
	maxNodes  = 500_000 // of the automaton
	maxDeep   = 64      // folders that **N may name
)

// ErrPattern says that a pattern cannot be read.
var ErrPattern = errors.New("not a pattern of paths")

// Set is the automaton of all patterns. Add and Home build it; matching changes
// nothing.
type Set struct {
	nodes []node
	at    map[place]int // of **N
}

// The nodes that are always there.
const (
	start    = 0
	home     = 1 // where patterns below ~ begin
	homeDeep = 2 // the same for those with **: not every home is to be searched whole
)

type node struct {
	names map[string]int
	globs []branch
	deep  bool  // every name leads here again
	loose bool  // a place behind **N
	below int   // the node of ** from here; 0 is none
	skip  []int // nodes that are reached without a name
	ends  []int // patterns that end here
}

type branch struct {
	glob  *Glob
	to    int
	loose bool // of **N
}

type place struct{ from, levels int }

// State is where a folder stands in the automaton. Empty, no pattern leads into
// it.
type State []int32

// New returns an empty set.
func New() *Set { return &Set{nodes: make([]node, 3), at: map[place]int{}} }

// Add adds a pattern; id is what Ends gives back for it.
func (s *Set) Add(text string, id int) error {
	all, err := Braces(text)
	if err != nil {
		return err
	}
	for _, p := range all {
		if err := s.add(p, id); err != nil {
			return fmt.Errorf("%q: %w", text, err)
		}
	}
	return nil
}

func (s *Set) add(p string, id int) error {
	if len(p) > MaxLength {
		return fmt.Errorf("%w: longer than %d bytes", ErrPattern, MaxLength)
	}
	var from int
	below, inHome := strings.CutPrefix(p, "~/")
	switch {
	case inHome && strings.Contains(p, "**"):
		from, p = homeDeep, below
	case inHome:
		from, p = home, below
	case !strings.HasPrefix(p, "/"):
		return fmt.Errorf("%w: it begins with neither / nor ~/", ErrPattern)
	}
	at := from
	for part := range strings.SplitSeq(p, "/") {
		if part == "" || part == "." {
			continue
		}
		if part == ".." {
			return fmt.Errorf("%w: .. leads out of it", ErrPattern)
		}
		var err error
		if at, err = s.part(at, part); err != nil {
			return err
		}
		if len(s.nodes) > maxNodes {
			return fmt.Errorf("%w: too many patterns together", ErrPattern)
		}
	}
	if !slices.Contains(s.nodes[at].ends, id) {
		s.nodes[at].ends = append(s.nodes[at].ends, id)
	}
	return nil
}

// part adds one part of a path and returns the node behind it.
func (s *Set) part(at int, part string) (int, error) {
	if levels, ok := strings.CutPrefix(part, "**"); ok {
		if levels == "" {
			if s.nodes[at].below == 0 {
				n := s.node()
				s.nodes[n].deep, s.nodes[at].below = true, n
				s.nodes[at].skip = append(s.nodes[at].skip, n)
			}
			return s.nodes[at].below, nil
		}
		if n, err := strconv.Atoi(levels); err == nil {
			if n < 1 || n > maxDeep {
				return 0, fmt.Errorf("%w: **%s is not between 1 and %d", ErrPattern, levels, maxDeep)
			}
			return s.within(at, n), nil
		}
	}
	if name, ok := literal(part); ok {
		return s.name(at, name), nil
	}
	g, err := Compile(part)
	if err != nil {
		return 0, err
	}
	return s.glob(at, g), nil
}

func (s *Set) glob(at int, g *Glob) int {
	for _, b := range s.nodes[at].globs {
		if b.glob.text == g.text {
			return b.to
		}
	}
	to := s.node()
	s.nodes[at].globs = append(s.nodes[at].globs, branch{glob: g, to: to})
	return to
}

// name goes on by a name that has no wildcards.
func (s *Set) name(at int, name string) int {
	if to, ok := s.nodes[at].names[name]; ok {
		return to
	}
	to := s.node()
	if s.nodes[at].names == nil {
		s.nodes[at].names = map[string]int{}
	}
	s.nodes[at].names[name] = to
	return to
}

// within is a node that is reached by up to so many names.
func (s *Set) within(at, levels int) int {
	if n, ok := s.at[place{at, levels}]; ok {
		return n
	}
	end := s.node()
	s.at[place{at, levels}], s.nodes[end].loose = end, true
	every := &Glob{text: "*", ops: []op{{kind: star}}}
	s.nodes[at].skip = append(s.nodes[at].skip, end)
	for i := range levels {
		to := end
		if i < levels-1 {
			to = s.node()
			s.nodes[to].loose = true
			s.nodes[to].skip = append(s.nodes[to].skip, end)
		}
		s.nodes[at].globs = append(s.nodes[at].globs, branch{glob: every, to: to, loose: true})
		at = to
	}
	return end
}

func (s *Set) node() int {
	s.nodes = append(s.nodes, node{})
	return len(s.nodes) - 1
}

// Home says that a folder is a home: patterns that begin with ~ are looked for
// below it, those with ** only when whole is set.
func (s *Set) Home(dir string, whole bool) {
	at := start
	for part := range strings.SplitSeq(dir, "/") {
		if part != "" {
			at = s.name(at, part)
		}
	}
	for _, to := range []int{home, homeDeep} {
		if (to == home || whole) && !slices.Contains(s.nodes[at].skip, to) {
			s.nodes[at].skip = append(s.nodes[at].skip, to)
		}
	}
}

// Start is the state of the root.
func (s *Set) Start() State { return s.close(State{start}) }

// Step is the state that a name below leads to. The result reuses to's memory.
func (s *Set) Step(from State, name string, to State) State {
	to = to[:0]
	for _, at := range from {
		n := &s.nodes[at]
		if next, ok := n.names[name]; ok {
			to = put(to, next)
		}
		if n.deep {
			to = put(to, int(at))
		}
		for _, b := range n.globs {
			if b.glob.Match(name) {
				to = put(to, b.to)
			}
		}
	}
	if len(to) == 0 {
		return to
	}
	return s.close(to)
}

// put keeps a state a set; states are short.
func put(to State, n int) State {
	if slices.Contains(to, int32(n)) { //nolint:gosec // maxNodes
		return to
	}
	return append(to, int32(n)) //nolint:gosec // maxNodes
}

// close adds what is reached without a name.
func (s *Set) close(to State) State {
	for i := 0; i < len(to); i++ {
		for _, n := range s.nodes[to[i]].skip {
			to = put(to, n)
		}
	}
	return to
}

// Ends calls found with each pattern that ends in a state, once.
func (s *Set) Ends(at State, found func(id int)) {
	for i, n := range at {
		for _, id := range s.nodes[n].ends {
			if !s.ended(at[:i], id) {
				found(id)
			}
		}
	}
}

func (s *Set) ended(at State, id int) bool {
	for _, n := range at {
		if slices.Contains(s.nodes[n].ends, id) {
			return true
		}
	}
	return false
}

// Leads says whether a state goes on to names below it other than by ** and **N,
// which go on everywhere.
func (s *Set) Leads(at State) bool {
	for _, n := range at {
		if s.nodes[n].deep || s.nodes[n].loose {
			continue
		}
		if len(s.nodes[n].names) > 0 || slices.ContainsFunc(s.nodes[n].globs, func(b branch) bool { return !b.loose }) {
			return true
		}
	}
	return false
}

// Open says whether any name below a state can match.
func (s *Set) Open(at State) bool {
	for _, n := range at {
		if s.nodes[n].deep || len(s.nodes[n].names) > 0 || len(s.nodes[n].globs) > 0 {
			return true
		}
	}
	return false
}

// Prefix is the folder that every match of a pattern lies in: its parts before
// the first wildcard, without the last one. It is "" for a pattern below ~.
func Prefix(text string) string {
	if !strings.HasPrefix(text, "/") {
		return ""
	}
	dir := ""
	parts := strings.Split(strings.Trim(text, "/"), "/")
	for _, part := range parts[:len(parts)-1] {
		name, ok := literal(part)
		if !ok || strings.ContainsAny(part, "{}") {
			break
		}
		dir += "/" + name
	}
	return dir
}
