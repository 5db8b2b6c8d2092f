package drill

import (
	"slices"
	"time"

	"firebreak/record"
)

// when says at which time of the exercise that moment was, if it has been.
func (x *Exercise) when(m Moment) (time.Duration, bool) {
	switch {
	case m.Start():
		return m.After, true
	case m.Step != "":
		for _, s := range x.steps[m.Step] {
			if s.is == m.Is {
				return s.at + m.After, true
			}
		}
	case m.Phase != "":
		if p, ok := x.phases[m.Phase]; ok {
			return p.at + m.After, true
		}
	case m.Inject != "":
		a := x.arrival(m.Inject)
		if a == nil || m.Is == "answered" && !a.Answered {
			return 0, false
		}
		if m.Is == "answered" {
			return a.AnswerAt + m.After, true
		}
		return a.At + m.After, true
	}
	return 0, false
}

// Ahead is an inject that will come at a time that is known already.
type Ahead struct {
	Inject
	At time.Duration
}

// Ahead are the injects that have not come and whose time is known, the next
// first. Those that wait for something to happen are not among them.
func (x *Exercise) Ahead() []Ahead {
	var out []Ahead
	for _, i := range x.Injects {
		if x.arrival(i.ID) != nil || x.Over {
			continue
		}
		if at, ok := x.when(i.At); ok {
			out = append(out, Ahead{i, at})
		}
	}
	slices.SortStableFunc(out, func(a, b Ahead) int { return int(a.At - b.At) })
	return out
}

// DueAt are the injects that have to be here when the clock shows that.
func (x *Exercise) DueAt(now time.Duration) []Ahead {
	all := x.Ahead()
	n := slices.IndexFunc(all, func(a Ahead) bool { return a.At > now })
	if n < 0 {
		return all
	}
	return all[:n]
}

// Open are the injects that want an answer.
func (x *Exercise) Open() []*Arrival {
	var out []*Arrival
	for _, a := range x.Arrivals {
		if a.Asks() && !a.Answered && !x.Over {
			out = append(out, a)
		}
	}
	return out
}

// Faults are the faults that have been brought in, by the inject.
func (x *Exercise) Faults() map[string]Fault {
	out := map[string]Fault{}
	for _, a := range x.Arrivals {
		if a.Fault != nil {
			out[a.ID] = *a.Fault
		}
	}
	return out
}

// Wanted is the evidence that should be sealed by now and, with a step, what a
// collect step of that name takes.
func (x *Exercise) Wanted(step string) []Evidence {
	var out []Evidence
	for _, e := range x.Evidence {
		here := e.Start && step == "" || step != "" && (slices.Contains(e.Collect, step) || slices.Contains(e.Collect, "any"))
		if step == "" {
			for _, a := range x.Arrivals {
				here = here || slices.Contains(a.Evidence, e.ID)
			}
		}
		if here {
			out = append(out, e)
		}
	}
	return out
}

// Source is what the exhibit of a file of that evidence names as its origin.
func Source(e Evidence, file string) string { return e.Host + ":" + file }

// Sealed says whether that file has been sealed.
func (x *Exercise) Sealed(source string) bool {
	_, ok := x.exhibit(source)
	return ok
}

func (x *Exercise) exhibit(source string) (record.Exhibit, bool) {
	for _, s := range x.sealed {
		if s.Source == source && s.Collector == Collector {
			return s, true
		}
	}
	return record.Exhibit{}, false
}

// Table is who sits where now: the seats, with the name of whoever has a role of
// it, "" where nobody has.
func (x *Exercise) Table() []record.Seat {
	out := slices.Clone(x.Seats)
	for i := range out {
		out[i].Name = ""
		for _, role := range out[i].Roles {
			if name := x.roles[role]; name != "" && out[i].Name == "" {
				out[i].Name = name
			}
		}
	}
	return out
}

// Exhibits is how many files have been sealed.
func (x *Exercise) Exhibits() int { return len(x.sealed) }

// Collector is what exhibits of an exercise name as their collector.
const Collector = "drill"

// Moved is a move of the clock to the next inject; 0 when none has a time.
func (x *Exercise) Moved(now time.Time) time.Duration {
	at := x.Elapsed(now)
	for _, a := range x.Ahead() {
		if a.At > at {
			return a.At - at
		}
	}
	return 0
}
