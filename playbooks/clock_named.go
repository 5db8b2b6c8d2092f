package playbooks

import (
	"maps"
	"slices"
)

// NamedClock is a deadline that a playbook at work names, with where its condition
// stands.
type NamedClock struct {
	Clock
	Holds bool // the condition is true, or there is none
	Known bool // false where a variable that it reads has no value yet
}

// Clocks are the deadlines that the run's own playbook names, and after them those of
// the ones that it calls; each once, where any of them says that it holds.
func (r *Run) Clocks() []NamedClock {
	var out []NamedClock
	for _, name := range slices.Sorted(maps.Keys(r.frames)) { // the run's own has the empty one
		f := r.frames[name]
		for _, c := range f.book.Clocks {
			n := NamedClock{Clock: c, Holds: c.When == "", Known: true}
			if c.When != "" {
				yes, err := truth(c.When, scope{vars: f.book.vars}, r.variables(f, nil), nil)
				n.Holds, n.Known = err == nil && yes, err == nil
			}
			i := slices.IndexFunc(out, func(o NamedClock) bool { return o.Use == c.Use })
			switch {
			case i < 0:
				out = append(out, n)
			case n.Holds && !out[i].Holds:
				out[i] = n
			}
		}
	}
	return out
}
