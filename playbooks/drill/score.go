package drill

import (
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
