package response

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"firebreak/incident"
	drills "firebreak/playbooks/drill"
	"firebreak/record"
	"firebreak/store"
)

// NewExercise is what is said when a drill of a scenario is opened.
type NewExercise struct {
	Scenario string  // its id, or path of a file; "" is the only one of the playbook
	Playbook string  // "" is the scenario's
	Seed     int64   // what the scenario draws with
	Speed    float64 // seconds of the exercise in a second; 0: the clock is moved by hand
	People   []string
	Seats    int // places at the table, for people who join later; at least len(People)
}

// StartExercise opens a drill on a scenario: its playbook is followed, its
// evidence is taken instead of this machine's, and its injects come while people
// work. The record holds the scenario from its first entries on.
func (s *Session) StartExercise(ctx context.Context, n NewExercise) (incident.Incident, error) {
	if n.Speed < 0 || n.Speed > 1000 {
		return incident.Incident{}, usage("--speed 10 lets ten minutes pass in one", "speed %g: want 0 to 1000", n.Speed)
	}
	sc, err := s.s.scenarioOf(n)
	if err != nil {
		return incident.Incident{}, err
	}
	book := sc.Playbook
	if n.Playbook != "" && n.Playbook != sc.ID {
		book = n.Playbook
	}
	p, err := s.s.Playbook(book)
	if err != nil {
		return incident.Incident{}, err
	}
	if ps := sc.Fit(p); len(ps) > 0 {
		return incident.Incident{}, usage("the scenario is written for playbook "+sc.Playbook, "%w", ps)
	}
	seats, err := seatsOf(sc, s.by.Name, n)
	if err != nil {
		return incident.Incident{}, err
	}
	begun := record.Exercise{Scenario: sc.ID, Name: sc.Name, Version: sc.Version, SHA256: sc.SHA256, Source: string(sc.Source), Seed: n.Seed, Speed: n.Speed, Seats: seats}
	of, err := s.s.packOf(sc)
	if err != nil {
		return incident.Incident{}, err
	}
	if of != nil {
		begun.Pack, begun.PackVersion, begun.PackSHA256 = of.ID, of.Version, of.Digest
	}
	inc, err := s.Open(ctx, NewIncident{
		Title: "Drill: " + sc.Name, Severity: sc.Severity, Playbook: book, Drill: true, Detected: s.s.o.Now().UTC(), Vars: sc.Values,
		Summary: sc.About, begin: func(tx *store.Tx) ([]record.Draft, error) { return s.beginDrafts(tx, begun) },
	})
	if err != nil {
		return inc, err
	}
	f, err := s.s.open(ctx, inc.ID)
	if err != nil {
		return inc, err
	}
	if err := s.pulse(ctx, f, nil); err != nil {
		return inc, fmt.Errorf("begin the exercise: %w", err)
	}
	return f.incident(ctx)
}

// beginDrafts are the entries that an exercise begins with: the scenario, and who
// has which role.
func (s *Session) beginDrafts(tx *store.Tx, begun record.Exercise) ([]record.Draft, error) {
	first, err := s.draft(tx, record.DrillBegun, "", begun)
	if err != nil {
		return nil, err
	}
	drafts := []record.Draft{first}
	for _, seat := range begun.Seats {
		for _, role := range seat.Roles {
			if seat.Name == "" {
				continue
			}
			d, err := s.draft(tx, record.RoleAssigned, "", record.Assigned{Role: role, Person: seat.Name})
			if err != nil {
				return nil, err
			}
			drafts = append(drafts, d)
		}
	}
	return drafts, nil
}

// seatsOf deals the roles of a scenario out: in their order, one to each seat,
// then from the first seat on again. A seat without a name waits for somebody.
func seatsOf(sc *drills.Scenario, starter string, n NewExercise) ([]record.Seat, error) {
	people := n.People
	if len(people) == 0 {
		people = []string{starter}
	}
	count := max(n.Seats, len(people), 1)
	if count > 20 {
		return nil, usage("", "%d people at one exercise: 20 is the limit", count)
	}
	seats := make([]record.Seat, count)
	for i, name := range people {
		name = strings.TrimSpace(name)
		if name == "" || len(name) > 100 || slices.ContainsFunc(seats[:i], func(s record.Seat) bool { return s.Name == name }) {
			return nil, usage("--participants anna,ben,cem", "%q is no name for a participant, or stands twice", name)
		}
		seats[i].Name = name
	}
	for i, role := range sc.Roles {
		seat := &seats[i%count]
		seat.Roles = append(seat.Roles, role)
	}
	for i := range seats {
		if len(seats[i].Roles) == 0 {
			seats[i].Roles = []incident.Role{incident.Responder}
		}
	}
	return seats, nil
}

// exercise is the scenario of the incident as it stands, nil when it has none.
func (f *folder) exercise(ctx context.Context) (*drills.Exercise, error) {
	if !f.drill {
		return nil, nil
	}
	var x *drills.Exercise
	err := f.store.View(ctx, func(tx *store.Tx) (err error) {
		x, err = exerciseIn(tx)
		return err
	})
	return x, err
}

func exerciseIn(tx *store.Tx) (*drills.Exercise, error) {
	begun, err := tx.EntriesOf(record.DrillBegun)
	if err != nil || len(begun) == 0 {
		return nil, err
	}
	entries, err := tx.EntriesOf(drills.Kinds()...)
	if err != nil {
		return nil, err
	}
	return drills.Fold(entries)
}

// mustExercise is exercise for calls that need one.
func (s *Session) mustExercise(ctx context.Context, id incident.ID) (*folder, *drills.Exercise, error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	x, err := f.exercise(ctx)
	if err == nil && x == nil {
		err = refused("firebreak drill list shows the scenarios; firebreak drill --scenario NAME begins one", "%s follows no scenario", id)
	}
	return f, x, err
}

// AnswerInject records what this person answers to an inject. The first answer
// counts; one that comes too late is told so.
func (s *Session) AnswerInject(ctx context.Context, id incident.ID, inject, choice, note string) (late bool, err error) {
	f, _, err := s.mustExercise(ctx, id)
	if err != nil {
		return false, err
	}
	if len(note) > 16<<10 {
		return false, usage("", "the answer has %d bytes; 16 KiB is the limit", len(note))
	}
	_, err = f.store.Update(ctx, func(tx *store.Tx) (record.Draft, error) {
		if err := mustBeOpen(tx); err != nil {
			return record.Draft{}, err
		}
		x, err := exerciseIn(tx)
		if err != nil {
			return record.Draft{}, err
		}
		i := slices.IndexFunc(x.Arrivals, func(a *drills.Arrival) bool { return a.ID == inject })
		if i < 0 {
			return record.Draft{}, notFound("firebreak drill status "+string(id)+" lists what is here", "inject %q: %w", inject, incident.ErrNotFound)
		}
		a := x.Arrivals[i]
		if err := answerable(x, a, choice, note); err != nil {
			return record.Draft{}, err
		}
		late = x.Elapsed(s.s.o.Now()) > a.Due
		return s.draft(tx, record.DrillAnswered, "", record.InjectAnswer{Inject: inject, Choice: choice, Note: note})
	})
	return late, err
}

func answerable(x *drills.Exercise, a *drills.Arrival, choice, note string) error {
	var ids []string
	for _, c := range a.Choices {
		ids = append(ids, c.ID)
	}
	switch {
	case x.Over:
		return refused("", "the exercise has ended")
	case !a.Asks():
		return refused("", "inject %s asks nothing: act on it", a.ID)
	case a.Answered:
		return refused("the first answer counts", "inject %s was answered by %s", a.ID, a.By)
	case len(ids) > 0 && !slices.Contains(ids, choice):
		return usage("one of: "+strings.Join(ids, ", "), "inject %s: %q is none of its answers", a.ID, choice)
	case len(ids) == 0 && choice == "" && strings.TrimSpace(note) == "":
		return usage("--note \"…\"", "inject %s wants an answer in words", a.ID)
	}
	return nil
}

// JoinExercise gives this person the roles of a seat that nobody has: that with
// the role, or the first.
func (s *Session) JoinExercise(ctx context.Context, id incident.ID, role incident.Role) ([]incident.Role, error) {
	f, x, err := s.mustExercise(ctx, id)
	if err != nil {
		return nil, err
	}
	if x.Over {
		return nil, refused("", "the exercise has ended")
	}
	var got []incident.Role
	_, err = f.store.UpdateAll(ctx, func(tx *store.Tx) ([]record.Draft, error) {
		if err := mustBeOpen(tx); err != nil {
			return nil, err
		}
		inc, err := tx.Incident()
		if err != nil {
			return nil, err
		}
		got = freeSeat(x.Seats, inc, role)
		if len(got) == 0 {
			return nil, refused("firebreak change "+string(id)+" --assign ROLE=PERSON hands a role over", "no seat is free")
		}
		var drafts []record.Draft
		for _, r := range got {
			d, err := s.draft(tx, record.RoleAssigned, "", record.Assigned{Role: r, Person: s.by.Name})
			if err != nil {
				return nil, err
			}
			drafts = append(drafts, d)
		}
		return drafts, nil
	})
	return got, err
}

// freeSeat are the roles of the first seat none of whose roles somebody has.
func freeSeat(seats []record.Seat, inc incident.Incident, role incident.Role) []incident.Role {
	for _, seat := range seats {
		if role != "" && !slices.Contains(seat.Roles, role) {
			continue
		}
		if !slices.ContainsFunc(seat.Roles, func(r incident.Role) bool { return inc.Roles[r] != "" }) {
			return seat.Roles
		}
	}
	return nil
}

// MoveExercise moves the clock of the exercise on; with 0 to the next inject
// whose time is known. It says how far.
func (s *Session) MoveExercise(ctx context.Context, id incident.ID, by time.Duration, reason string) (time.Duration, error) {
	f, _, err := s.mustExercise(ctx, id)
	if err != nil {
		return 0, err
	}
	if by < 0 || by > 30*24*time.Hour {
		return 0, usage("as in --by 10m", "move the clock by %s: want more than nothing and at most 30 days", by)
	}
	if by, err = s.moveClock(ctx, f, by, reason); err != nil {
		return 0, err
	}
	return by, s.pulse(ctx, f, nil)
}

func (s *Session) moveClock(ctx context.Context, f *folder, by time.Duration, reason string) (time.Duration, error) {
	_, err := f.store.Update(ctx, func(tx *store.Tx) (record.Draft, error) {
		if err := mustBeOpen(tx); err != nil {
			return record.Draft{}, err
		}
		x, err := exerciseIn(tx)
		if err != nil {
			return record.Draft{}, err
		}
		if x.Over {
			return record.Draft{}, refused("", "the exercise has ended")
		}
		if by == 0 {
			if by = x.Moved(s.s.o.Now()); by == 0 {
				return record.Draft{}, refused("go on with the playbook; --by 10m moves the clock all the same", "no inject has a time: what is left waits for something to happen")
			}
		}
		return s.draft(tx, record.DrillClock, "", record.ClockMove{By: by, Reason: reason})
	})
	return by, err
}

// EndExercise ends the exercise: nothing comes any more, and the score is final.
func (s *Session) EndExercise(ctx context.Context, id incident.ID, reason string) error {
	f, x, err := s.mustExercise(ctx, id)
	if err != nil || x.Over {
		return err
	}
	return s.actIn(ctx, f, record.DrillEnded, "", record.Reason{Reason: reason}, mustBeOpen)
}
