package response

import (
	"slices"

	"firebreak/playbooks"
	"firebreak/review/clocks"
	"firebreak/store"
)

// namedClocks are the deadlines that the playbooks at work in an incident name. One
// whose condition holds is on there, as if the configuration named it: whether it
// applies people decide, and until then it counts down all the same.
func (s *Service) namedClocks(tx *store.Tx) ([]playbooks.NamedClock, error) {
	run, err := s.run(tx)
	if err != nil || run == nil {
		return nil, err
	}
	return run.Clocks(), nil
}

// with are the terms for an incident whose playbooks name these.
func (t clockTerms) with(named []playbooks.NamedClock) clockTerms {
	var on []string
	for _, n := range named {
		if n.Holds {
			on = append(on, n.Use)
		}
	}
	if len(on) == 0 {
		return t
	}
	t.book = t.book.With(on)
	t.basis.On = nil
	for _, id := range t.book.IDs() {
		if t.book.On(id) {
			t.basis.On = append(t.basis.On, id)
		}
	}
	return t
}

// name says of each deadline on the sheet that the playbook asks for it, and lists
// those that are not on it.
func (sheet *ClockSheet) name(named []playbooks.NamedClock, book *clocks.Book) {
	for _, n := range named {
		i := slices.IndexFunc(sheet.Lines, func(l clocks.Line) bool { return l.Clock == n.Use })
		if i < 0 {
			_, known := book.Rule(n.Use)
			sheet.Named = append(sheet.Named, NamedClock{n.Use, n.When, conditionWord(n), known})
			continue
		}
		if l := &sheet.Lines[i]; l.Applies == clocks.Undecided && n.Holds {
			l.Notes = append(l.Notes, askedFor(n))
		}
	}
}

// askedBy says that one of the playbooks names a deadline, and that its condition holds.
func askedBy(named []playbooks.NamedClock, clock string) bool {
	return slices.ContainsFunc(named, func(n playbooks.NamedClock) bool { return n.Use == clock && n.Holds })
}

func askedFor(n playbooks.NamedClock) string {
	if n.When == "" {
		return "the playbook names it"
	}
	return "the playbook names it where " + n.When + ", which is so by now"
}

func conditionWord(n playbooks.NamedClock) string {
	switch {
	case !n.Known:
		return "unknown"
	case n.Holds:
		return "yes"
	}
	return "no"
}
