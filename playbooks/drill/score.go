package drill

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"firebreak/incident"
)

// ScoreFormat names the shape of the JSON form of a Score.
const ScoreFormat = "firebreak.drill-score/1"

// Score is what an exercise is worth. It holds nothing that differs between two
// exercises in which the same was done: no numbers of incidents, no wall clock.
// Times are seconds on the clock of the exercise.
type Score struct {
	Format   string        `json:"format"`
	Scenario string        `json:"scenario"`
	Version  string        `json:"version"`
	SHA256   string        `json:"sha256"`
	Seed     int64         `json:"seed"`
	Over     bool          `json:"over"`
	Points   float64       `json:"points"`
	Of       float64       `json:"of"`
	Percent  int           `json:"percent"`
	Items    []Item        `json:"items"`
	Findings Findings      `json:"findings"`
	Measures Measures      `json:"measures"`
	People   []Participant `json:"people"`
}

// Item is one thing that was expected, and what came of it.
type Item struct {
	ID     string  `json:"id"`
	Kind   string  `json:"kind"` // inject, decision, measure, order, role, clock, finding, precision
	Clock  string  `json:"clock,omitempty"`
	Says   string  `json:"says"`
	Weight float64 `json:"weight"`
	Points float64 `json:"points"`
	State  string  `json:"state"` // met, late, wrong, missed, open, not-reached
	Given  string  `json:"given,omitempty"`
	At     *int64  `json:"at_s,omitempty"`
	By     *int64  `json:"by_s,omitempty"`
	Who    string  `json:"who,omitempty"`
	Why    string  `json:"why,omitempty"`
}

// The states of an item. Open and NotReached count for nothing yet.
const (
	Met        = "met"
	Late       = "late"
	Wrong      = "wrong"
	Missed     = "missed"
	Open       = "open"
	NotReached = "not-reached"
)

// Findings is how well the evidence was read.
type Findings struct {
	Judged    bool     `json:"judged"`
	Found     int      `json:"found"`  // of the findings
	Of        int      `json:"of"`     // findings there are in what was taken
	Marked    int      `json:"marked"` // events that people starred or tagged
	Right     int      `json:"right"`  // of these: part of the attack
	Events    int      `json:"events"` // all that are part of it
	Precision float64  `json:"precision"`
	Recall    float64  `json:"recall"` // by finding
	Missed    []string `json:"missed"`
	Doubts    []string `json:"doubts"`
}

// Measures are the times and counts that people ask for.
type Measures struct {
	FirstEvidence *int64 `json:"first_evidence_s,omitempty"`
	FirstChange   *int64 `json:"first_change_s,omitempty"`
	EvidenceFirst bool   `json:"evidence_before_change"`
	Contained     *int64 `json:"contained_s,omitempty"` // when the phase behind contain began
	Ended         int64  `json:"ended_s"`
	Injects       int    `json:"injects"`
	Asked         int    `json:"asked"`
	Answered      int    `json:"answered"`
	AnsweredLate  int    `json:"answered_late"`
	Changes       int    `json:"changes"` // actions that needed consent and were sent
	Failed        int    `json:"failed"`  // actions that failed at the end
	Approvals     int    `json:"approvals"`
	ApprovalWait  *int64 `json:"approval_wait_s,omitempty"` // the longest, from the plan to the last consent
}

// Participant is one person's part.
type Participant struct {
	Name      string          `json:"name"`
	Roles     []incident.Role `json:"roles"`
	Steps     int             `json:"steps"`
	Answers   int             `json:"answers"`
	Late      int             `json:"answers_late"`
	Approvals int             `json:"approvals"`
	Notes     int             `json:"notes"`
	Marked    int             `json:"marked"`
	Right     int             `json:"marked_right"`
	Points    float64         `json:"points"`
}

// Score judges the exercise as it stands. truth is what Truth returned; nil
// leaves the evidence unjudged.
func (x *Exercise) Score(truth map[string]string, doubts []string) Score {
	s := Score{
		Format: ScoreFormat, Scenario: x.ID, Version: x.Version, SHA256: x.SHA256, Seed: x.Seed, Over: x.Over,
		Items: []Item{}, People: []Participant{}, Findings: Findings{Judged: truth != nil, Missed: []string{}, Doubts: append([]string{}, doubts...)},
	}
	for _, i := range x.Injects {
		if i.Asks() {
			s.Items = append(s.Items, x.judgeInject(i))
		}
	}
	expect := x.Expect
	if x.takes() && !slices.ContainsFunc(expect, func(e Expectation) bool { return slices.Equal(e.Before, []string{"evidence", "change"}) }) {
		expect = append(slices.Clone(expect), Expectation{
			ID: "evidence-before-change", Says: "Evidence was taken before anything was changed", Weight: 3, Before: []string{"evidence", "change"},
			Why: "What is changed first cannot be shown as it was.",
		})
	}
	for _, e := range expect {
		s.Items = append(s.Items, x.judge(e))
	}
	right := x.judgeFindings(&s, truth)
	x.measure(&s)
	for _, i := range s.Items {
		if i.State != Open && i.State != NotReached {
			s.Points, s.Of = s.Points+i.Points, s.Of+i.Weight
		}
	}
	s.Points = round(s.Points)
	if s.Of > 0 {
		s.Percent = int(math.Floor(100 * s.Points / s.Of))
	}
	x.players(&s, right)
	return s
}

// takes says that there is evidence which people have to take, besides what is
// brought to them.
func (s *Scenario) takes() bool {
	return slices.ContainsFunc(s.Evidence, func(e Evidence) bool { return len(e.Collect) > 0 })
}

func round(f float64) float64 { return math.Round(f*100) / 100 }

func seconds(d time.Duration) *int64 {
	n := int64(d / time.Second)
	return &n
}

// open is the state of what has not come and can still come.
func (x *Exercise) open(by time.Duration) string {
	if x.Over || by > 0 && x.now > by {
		return Missed
	}
	return Open
}

// reached gives an item its state by its time.
func (i *Item) reached(at, by time.Duration) {
	i.At, i.State, i.Points = seconds(at), Met, i.Weight
	if by > 0 && at > by {
		i.State, i.Points = Late, i.Weight/2
	}
}

func (x *Exercise) judgeInject(in Inject) Item {
	i := Item{ID: in.ID, Kind: "inject", Says: in.Title, Weight: float64(in.Weight), Why: in.Why, State: NotReached}
	a := x.arrival(in.ID)
	if a == nil {
		return i
	}
	i.By = seconds(a.Due)
	if !a.Answered {
		i.State, i.Who = x.open(a.Due), ""
		return i
	}
	i.Who, i.Given = a.By, cmp.Or(a.Choice, a.Note)
	i.reached(a.AnswerAt, a.Due)
	if len(a.Right) > 0 && !slices.Contains(a.Right, a.Choice) {
		i.State, i.Points = Wrong, 0
	}
	return i
}

func (x *Exercise) judge(e Expectation) Item {
	i := Item{ID: e.ID, Kind: "measure", Clock: e.Clock, Says: e.Says, Weight: float64(e.Weight), Why: e.Why, State: NotReached}
	switch {
	case e.Clock != "":
		i.Kind = "clock"
	case e.Answer != "":
		i.Kind = "decision"
	case len(e.Before) > 0:
		i.Kind = "order"
	case e.Role != "":
		i.Kind = "role"
	}
	from, ok := x.when(e.From)
	if !ok {
		return i
	}
	var by time.Duration
	if e.By > 0 {
		by = from + e.By
		i.By = seconds(by)
	}
	i.State = x.open(by)
	switch {
	case e.Answer != "":
		x.judgeAnswer(&i, e, by)
	case e.Done != "":
		if m, ok := x.of(e.Done, "done"); ok {
			i.Who = m.by
			i.reached(m.at, by)
		}
	case e.Action != "":
		if ms := x.actions[e.Action]; len(ms) > 0 {
			i.Who = ms[0].by
			i.reached(ms[0].at, by)
		}
	case e.Never != "":
		if m, ok := x.of(e.Never, "done", "started"); ok {
			i.State, i.At, i.Who, i.Points = Wrong, seconds(m.at), m.by, 0
		} else if x.Over {
			i.State, i.Points = Met, i.Weight
		}
	case e.Role != "":
		for _, h := range x.held {
			if h.role == e.Role && h.person != "" && h.at >= from && h.by != Control {
				i.Who, i.Given = h.by, h.person
				i.reached(h.at, by)
				break
			}
		}
	default:
		x.judgeOrder(&i, e)
	}
	return i
}

// judgeAnswer takes the last word that was given.
func (x *Exercise) judgeAnswer(i *Item, e Expectation, by time.Duration) {
	var last *mark
	var given any
	for _, ms := range x.steps {
		for n := range ms {
			if v, ok := ms[n].answers[e.Answer]; ok && (last == nil || ms[n].seq > last.seq) {
				last, given = &ms[n], v
			}
		}
	}
	if last == nil {
		return
	}
	i.Who, i.Given = last.by, plainly(given)
	i.reached(last.at, by)
	if !slices.ContainsFunc(e.Is, func(is any) bool { return strings.EqualFold(plainly(is), i.Given) }) {
		i.State, i.Points = Wrong, 0
	}
}

// plainly is a value as people write it.
func plainly(v any) string {
	if v == nil {
		return "unknown"
	}
	return strings.TrimSpace(fmt.Sprint(v))
}

// of is the first time that the step was one of these.
func (x *Exercise) of(step string, is ...string) (mark, bool) {
	for _, m := range x.steps[step] {
		if slices.Contains(is, m.is) {
			return m, true
		}
	}
	return mark{}, false
}

// event is one of the two things of an order: evidence, change, or a step.
func (x *Exercise) event(name string) (mark, bool) {
	if m, ok := x.first[name]; ok {
		return m, true
	}
	return x.of(name, "started", "done")
}

func (x *Exercise) judgeOrder(i *Item, e Expectation) {
	a, okA := x.event(e.Before[0])
	b, okB := x.event(e.Before[1])
	switch {
	case okA && (!okB || a.seq < b.seq):
		i.Who = a.by
		i.reached(a.at, 0)
	case okB:
		i.State, i.Points, i.At, i.Who = Wrong, 0, seconds(b.at), b.by
	}
}

// judgeFindings returns which of the marked events are part of the attack.
func (x *Exercise) judgeFindings(s *Score, truth map[string]string) map[string]bool {
	right, found := map[string]bool{}, map[string]*Star{}
	f := &s.Findings
	there := map[string]bool{}
	for _, id := range truth {
		there[id] = true
	}
	f.Events = len(truth)
	for _, st := range x.marks() {
		f.Marked++
		id, ok := truth[st.Event]
		if !ok {
			continue
		}
		right[st.Event] = true
		f.Right++
		if found[id] == nil {
			found[id] = st
		}
	}
	total := 0
	for _, want := range x.Findings {
		i := Item{ID: want.ID, Kind: "finding", Says: want.Says, Weight: float64(want.Weight), State: NotReached}
		if truth != nil && there[want.ID] {
			total += want.Weight
			f.Of++
			i.State = x.open(0)
			if st := found[want.ID]; st != nil {
				f.Found++
				i.Who = st.By
				i.reached(st.At, 0)
			} else {
				f.Missed = append(f.Missed, want.ID)
			}
		}
		s.Items = append(s.Items, i)
	}
	if f.Marked > 0 {
		f.Precision = round(float64(f.Right) / float64(f.Marked))
	}
	if f.Of > 0 {
		f.Recall = round(float64(f.Found) / float64(f.Of))
		p := Item{
			ID: "precision", Kind: "precision", Says: "What was starred or tagged is part of the attack", Weight: float64(max(total/4, 1)), State: x.open(0),
			Given: fmt.Sprintf("%d of %d", f.Right, f.Marked),
		}
		if f.Marked > 0 && p.State != Open {
			p.Points = round(p.Weight * float64(f.Right) / float64(f.Marked))
			if p.State = Met; f.Right < f.Marked {
				p.State = Wrong
			}
		}
		s.Items = append(s.Items, p)
	}
	return right
}

// marks are the events that are starred or tagged now, in the order of their ids.
func (x *Exercise) marks() []*Star {
	var out []*Star
	for _, st := range x.stars {
		if st.on || len(st.tags) > 0 {
			out = append(out, st)
		}
	}
	slices.SortFunc(out, func(a, b *Star) int { return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Event, b.Event)) })
	return out
}

func (x *Exercise) measure(s *Score) {
	m := &s.Measures
	evidence, taken := x.first["evidence"]
	change, changed := x.first["change"]
	if taken {
		m.FirstEvidence = seconds(evidence.at)
	}
	if changed {
		m.FirstChange = seconds(change.at)
	}
	m.EvidenceFirst = taken && (!changed || evidence.seq < change.seq)
	for _, p := range []string{"eradicate", "recover", "learn"} {
		if ph, ok := x.phases[p]; ok {
			m.Contained = seconds(ph.at)
			break
		}
	}
	m.Ended = *seconds(x.now)
	m.Injects = len(x.Arrivals)
	for _, a := range x.Arrivals {
		if !a.Asks() {
			continue
		}
		m.Asked++
		if a.Answered {
			m.Answered++
			if a.Late(x.now) {
				m.AnsweredLate++
			}
		}
	}
	for _, id := range x.order {
		p := x.plans[id]
		if p.failed {
			m.Failed++
		}
		m.Approvals += len(p.approved)
		if !p.went || p.needs == 0 {
			continue
		}
		m.Changes++
		if wait := p.approvedAt - p.planned; m.ApprovalWait == nil || *seconds(wait) > *m.ApprovalWait {
			m.ApprovalWait = seconds(wait)
		}
	}
}

func (x *Exercise) players(s *Score, right map[string]bool) {
	for _, h := range x.held { // who sat there and did nothing is told too
		x.person(h.person)
	}
	for _, p := range x.people {
		if p.name == "" || p.name == Control {
			continue
		}
		out := Participant{Name: p.name, Roles: []incident.Role{}, Steps: p.steps, Answers: p.answers, Late: p.late, Approvals: p.approved, Notes: p.notes}
		for _, h := range x.held {
			if h.person == p.name && !slices.Contains(out.Roles, h.role) {
				out.Roles = append(out.Roles, h.role)
			}
		}
		for _, st := range x.marks() {
			if st.By == p.name {
				out.Marked++
				if right[st.Event] {
					out.Right++
				}
			}
		}
		for _, i := range s.Items {
			if i.Who == p.name && i.State != Open {
				out.Points += i.Points
			}
		}
		out.Points = round(out.Points)
		s.People = append(s.People, out)
	}
	slices.SortStableFunc(s.People, func(a, b Participant) int { return strings.Compare(a.Name, b.Name) })
}
