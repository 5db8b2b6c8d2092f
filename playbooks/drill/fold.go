package drill

import (
	"fmt"
	"slices"
	"time"

	"firebreak/incident"
	"firebreak/record"
)

// Exercise is a scenario at work: a fold of the record's entries. The same
// entries give the same exercise, in any process.
type Exercise struct {
	*Scenario
	Speed    float64
	Seats    []record.Seat
	Begun    time.Time
	Over     bool
	Arrivals []*Arrival // in the order in which they came

	moved   time.Duration
	now     time.Duration // of the newest entry
	steps   map[string][]mark
	phases  map[string]mark
	actions map[string][]mark // by name
	first   map[string]mark   // of evidence, change, approval
	sealed  []record.Exhibit
	roles   map[incident.Role]string
	held    []held
	stars   map[string]*Star
	plans   map[string]*plan
	order   []string // of plans
	people  []*person
}

// Arrival is an inject that is here.
type Arrival struct {
	Inject
	At       time.Duration
	Due      time.Duration // 0: nothing is asked
	Answered bool
	AnswerAt time.Duration
	Choice   string
	Note     string
	By       string
	HeldBy   string // who had the role that it is for, when it came
}

// Late says that the answer came after its time, or has not come and it is over.
func (a *Arrival) Late(now time.Duration) bool {
	if a.Due == 0 {
		return false
	}
	if a.Answered {
		return a.AnswerAt > a.Due
	}
	return now > a.Due
}

// Star is a star or a tag that somebody gave an event.
type Star struct {
	Event   string
	By      string
	At      time.Duration
	Text    string
	Time    time.Time
	Exhibit string
	on      bool
	tags    map[string]bool
}

// mark is when something was, and by whom.
type mark struct {
	at      time.Duration
	seq     int64
	by      string
	is      string
	answers map[string]any
}

type held struct {
	role   incident.Role
	person string
	at     time.Duration
	by     string
}

// plan is an action between its planning and its end.
type plan struct {
	action, name, step string
	planned, sent      time.Duration
	needs              int
	approved           []string
	approvedAt         time.Duration
	went, failed       bool
}

type person struct {
	name                  string
	steps, notes, answers int
	late, stars, approved int
}

// Control is the name in which the program brings injects in.
const Control = "drill control"

// Kinds are the entries that an exercise is folded of.
func Kinds() []record.Kind {
	return []record.Kind{
		record.DrillBegun, record.DrillClock, record.DrillInject, record.DrillAnswered, record.DrillEnded,
		record.PhaseEntered, record.RoleAssigned, record.Noted, record.StepStarted, record.StepDone, record.StepFailed, record.StepSkipped,
		record.ActionPlanned, record.ActionApproved, record.ActionSending, record.ActionSent, record.ActionVerified, record.ActionFailed, record.ActionUnknown,
		record.EvidenceSealed, record.EventMarked,
	}
}

// Fold makes the exercise of the entries, in their order; nil when no scenario
// was begun.
func Fold(entries []record.Entry) (*Exercise, error) {
	x := &Exercise{
		steps: map[string][]mark{}, phases: map[string]mark{}, actions: map[string][]mark{}, first: map[string]mark{},
		roles: map[incident.Role]string{}, stars: map[string]*Star{}, plans: map[string]*plan{},
	}
	for _, e := range entries {
		if err := x.apply(e); err != nil {
			return nil, fmt.Errorf("fold exercise: entry %d: %w", e.Seq, err)
		}
	}
	if x.Scenario == nil {
		return nil, nil
	}
	return x, nil
}

// Elapsed is what the clock of the exercise shows at that moment.
func (x *Exercise) Elapsed(now time.Time) time.Duration {
	if x.Over || x.Scenario == nil {
		return x.now
	}
	passed := max(now.Sub(x.Begun), 0)
	return max(x.moved+time.Duration(float64(passed)*x.Speed), x.now)
}

// Clock is the story's own time at that moment.
func (x *Exercise) Clock(now time.Time) time.Time { return x.When.Add(x.Elapsed(now)) }

func (x *Exercise) apply(e record.Entry) error {
	if e.Kind == record.DrillBegun {
		return x.begin(e)
	}
	if x.Over {
		return nil
	}
	if x.Scenario != nil {
		x.now = x.Elapsed(e.Time)
	}
	m := mark{at: x.now, seq: e.Seq, by: e.Actor.Name}
	switch e.Kind { //nolint:exhaustive // an exercise is made of these alone
	case record.DrillClock:
		var p record.ClockMove
		if err := e.Decode(&p); err != nil {
			return err
		}
		x.moved += max(p.By, 0)
		x.now = x.Elapsed(e.Time)
	case record.DrillInject:
		return x.arrive(e)
	case record.DrillAnswered:
		return x.answered(e, m)
	case record.DrillEnded:
		x.Over = true
	case record.PhaseEntered:
		var p record.Entered
		if err := e.Decode(&p); err != nil {
			return err
		}
		if _, there := x.phases[p.To.String()]; !there {
			x.phases[p.To.String()] = m
		}
	case record.RoleAssigned:
		var p record.Assigned
		if err := e.Decode(&p); err != nil {
			return err
		}
		x.roles[p.Role] = p.Person
		x.held = append(x.held, held{p.Role, p.Person, m.at, m.by})
	case record.Noted:
		x.person(m.by).notes++
	case record.StepStarted, record.StepDone, record.StepFailed, record.StepSkipped:
		return x.step(e, m)
	case record.EvidenceSealed:
		var p record.Exhibit
		if err := e.Decode(&p); err != nil {
			return err
		}
		x.sealed = append(x.sealed, p)
		if e.Step != "" { // taken by somebody, not there from the start
			x.note("evidence", m)
		}
	case record.EventMarked:
		return x.marked(e, m)
	default:
		return x.action(e, m)
	}
	return nil
}

func (x *Exercise) begin(e record.Entry) error {
	if x.Scenario != nil {
		return fmt.Errorf("the exercise has begun already")
	}
	var p record.Exercise
	if err := e.Decode(&p); err != nil {
		return err
	}
	s, err := Parse(p.Scenario+".yaml", []byte(p.Source), p.Seed)
	if err != nil {
		return fmt.Errorf("parse the pinned scenario %s %s: %w", p.Scenario, p.Version, err)
	}
	x.Scenario, x.Speed, x.Seats, x.Begun = s, p.Speed, p.Seats, e.Time
	return nil
}

func (x *Exercise) note(what string, m mark) {
	if _, there := x.first[what]; !there {
		x.first[what] = m
	}
}

// person is who acted; the program itself is none.
func (x *Exercise) person(name string) *person {
	for _, p := range x.people {
		if p.name == name {
			return p
		}
	}
	p := &person{name: name}
	if name != Control && name != "firebreak" {
		x.people = append(x.people, p)
	}
	return p
}

func (x *Exercise) arrive(e record.Entry) error {
	var p record.Inject
	if err := e.Decode(&p); err != nil {
		return err
	}
	i, ok := x.inject(p.Inject)
	if !ok {
		return fmt.Errorf("the scenario has no inject %.80q", p.Inject)
	}
	if x.arrival(p.Inject) != nil {
		return nil // brought in twice, by an older program: the first counts
	}
	x.Arrivals = append(x.Arrivals, &Arrival{Inject: i, At: p.At, Due: p.Due, HeldBy: x.roles[i.To]})
	return nil
}

func (x *Exercise) inject(id string) (Inject, bool) {
	at := slices.IndexFunc(x.Injects, func(i Inject) bool { return i.ID == id })
	if at < 0 {
		return Inject{}, false
	}
	return x.Injects[at], true
}

func (x *Exercise) arrival(id string) *Arrival {
	for _, a := range x.Arrivals {
		if a.ID == id {
			return a
		}
	}
	return nil
}

func (x *Exercise) answered(e record.Entry, m mark) error {
	var p record.InjectAnswer
	if err := e.Decode(&p); err != nil {
		return err
	}
	a := x.arrival(p.Inject)
	if a == nil || a.Answered {
		return nil // the first answer counts
	}
	a.Answered, a.AnswerAt, a.Choice, a.Note, a.By = true, m.at, p.Choice, p.Note, m.by
	who := x.person(m.by)
	who.answers++
	if a.Late(m.at) {
		who.late++
	}
	return nil
}

func (x *Exercise) step(e record.Entry, m mark) error {
	switch e.Kind { //nolint:exhaustive // those of a step
	case record.StepStarted:
		m.is = "started"
	case record.StepSkipped:
		m.is = "skipped"
	case record.StepFailed:
		var p record.StepFailure
		if err := e.Decode(&p); err != nil {
			return err
		}
		if m.is = "failed"; !p.Final {
			m.is = "tried"
		}
	default:
		var p record.StepEnd
		if err := e.Decode(&p); err != nil {
			return err
		}
		m.is, m.answers = "done", p.Answers
		if p.Branch == "" {
			x.person(m.by).steps++
		}
	}
	x.steps[e.Step] = append(x.steps[e.Step], m)
	return nil
}

func (x *Exercise) marked(e record.Entry, m mark) error {
	var p record.Mark
	if err := e.Decode(&p); err != nil {
		return err
	}
	s := x.stars[p.Event]
	if s == nil {
		s = &Star{Event: p.Event, Text: p.Message, Time: p.Time, Exhibit: p.Exhibit, By: m.by, At: m.at, tags: map[string]bool{}}
		x.stars[p.Event] = s
		x.person(m.by).stars++
	}
	if p.Star != nil {
		s.on = *p.Star
	}
	for _, t := range p.Tags {
		if len(t) > 1 && t[0] == '-' {
			delete(s.tags, t[1:])
		} else {
			s.tags[t] = true
		}
	}
	return nil
}

func (x *Exercise) action(e record.Entry, m mark) error {
	switch e.Kind { //nolint:exhaustive // those of an action
	case record.ActionPlanned:
		var p record.Planned
		if err := e.Decode(&p); err != nil {
			return err
		}
		x.plans[p.Action] = &plan{action: p.Action, name: p.Name, step: e.Step, planned: m.at, needs: p.Approvals}
		x.order = append(x.order, p.Action)
		m.is = "planned"
		x.steps[e.Step] = append(x.steps[e.Step], m)
		return nil
	case record.ActionApproved:
		var p record.Decision
		if err := e.Decode(&p); err != nil {
			return err
		}
		if a := x.plans[p.Action]; a != nil {
			a.approved, a.approvedAt = append(a.approved, m.by), m.at
			x.person(m.by).approved++
		}
		return nil
	}
	var p struct {
		Action string `json:"action"`
	}
	if err := e.Decode(&p); err != nil {
		return err
	}
	a := x.plans[p.Action]
	if a == nil {
		return nil
	}
	switch e.Kind { //nolint:exhaustive // as above
	case record.ActionSending:
		if a.needs > 0 { // what only tells people changes nothing
			x.note("change", m)
		}
	case record.ActionFailed, record.ActionUnknown:
		a.failed = true
	case record.ActionSent, record.ActionVerified:
		if !a.went {
			a.went, a.sent, a.failed = true, m.at, false
			x.actions[a.name] = append(x.actions[a.name], m)
		}
	}
	return nil
}
