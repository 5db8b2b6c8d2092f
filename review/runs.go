package review

import (
	"slices"
	"strings"
	"time"

	"firebreak/incident"
	"firebreak/playbooks"
	"firebreak/record"
)

// Run is a playbook against reality.
type Run struct {
	ID       string    `json:"run"`
	Playbook string    `json:"playbook"`
	Name     string    `json:"name"`
	Version  string    `json:"version"`
	SHA256   string    `json:"sha256"`
	Seq      int64     `json:"seq"`
	Started  time.Time `json:"started"`
	Steps    []Step    `json:"steps"`
	Counts   Counts    `json:"counts"`
	// Unread says why the pinned playbook could not be read. Steps then holds
	// only what happened, and steps that were never reached are missing.
	Unread string `json:"unread,omitempty"`

	source string
}

// Counts sums up a run. Only steps that do something are counted, not the ones
// that group others.
type Counts struct {
	Done       int `json:"done"`
	Skipped    int `json:"skipped"`
	NotApplied int `json:"not_applied"` // the playbook's own condition was false
	Failed     int `json:"failed"`
	Open       int `json:"open"` // begun and not ended
	Unreached  int `json:"unreached"`
	Added      int `json:"added"` // by people, during the run
}

// The states of a step in a review.
const (
	stepDone       = "done"
	stepSkipped    = "skipped"
	stepNotApplied = "not applied"
	stepFailed     = "failed"
	stepOpen       = "begun, not ended"
	stepUnreached  = "never reached"
	stepNotNeeded  = "not needed" // a fallback that nothing fell back on
	stepWriting    = "under way"  // the step that writes this very review
)

// Step is one step of a run with what became of it.
type Step struct {
	ID       string         `json:"step"`
	Title    string         `json:"title"`
	Verb     string         `json:"verb,omitempty"`
	Phase    incident.Phase `json:"phase"`
	Depth    int            `json:"depth"`
	State    string         `json:"state"`
	Why      string         `json:"why,omitempty"` // why skipped, failed or not applied
	Note     string         `json:"note,omitempty"`
	Attempts int            `json:"attempts"`
	Added    bool           `json:"added,omitempty"` // people added it during the run
	Changed  *Act           `json:"changed,omitempty"`
	Answers  []Answer       `json:"answers,omitempty"`

	groups  bool // it holds steps and does nothing itself
	branch  string
	decided bool // an if or a switch that has taken the branch
	run     string
}

// Answer is a question of a step and what a person answered.
type Answer struct {
	Name     string `json:"name"`
	Question string `json:"question,omitempty"`
	Answer   any    `json:"answer"`
}

func (b *builder) runs() {
	parse := b.extra.Parse
	if parse == nil {
		parse = playbooks.Parse
	}
	each(b, func(e record.Entry, p record.Started) {
		r := Run{
			ID: p.Run, Playbook: p.Playbook, Name: first(p.Name, p.Playbook), Version: p.Version, SHA256: p.SHA256,
			Seq: e.Seq, Started: e.Time.UTC(), Steps: []Step{}, source: p.Source,
		}
		book, err := parse(first(p.Playbook, "playbook")+".yaml", []byte(p.Source))
		if err != nil {
			r.Unread = "the pinned playbook cannot be read: " + err.Error()
		} else {
			b.lives[p.Run] = b.live(p.Run, book)
			b.due(p.Run, b.lives[p.Run])
			r.plan(b.lives[p.Run], b.lives[p.Run].Top())
		}
		b.r.Runs = append(b.r.Runs, r)
	}, record.RunStarted)
	for _, e := range b.entries {
		if !b.bad[e.Seq] {
			b.follow(e)
		}
	}
	for i := range b.r.Runs {
		r := &b.r.Runs[i]
		r.order()
		r.settle(b.lives[r.ID])
		r.count()
	}
}

// live replays a run, for the steps of its items, its rounds and the playbooks
// that it calls. An entry that is withheld or does not fit is left out: what it
// says of itself is told all the same.
func (b *builder) live(id string, book *playbooks.Playbook) *playbooks.Run {
	run := playbooks.NewRun(id, book)
	for _, e := range b.entries {
		_ = run.Apply(e) // see above
	}
	return run
}

// plan lists the steps that the run has, before anything happened. Those that
// people added to the run itself come with their entries.
func (r *Run) plan(run *playbooks.Run, steps []*playbooks.Step) {
	for _, s := range steps {
		inCall := strings.Contains(s.ID, "/")
		if s.Adhoc && !inCall {
			continue
		}
		state := stepUnreached
		if s.Fallback {
			state = stepNotNeeded
		}
		title := first(s.Title, s.ID)
		if item := run.Item(s); item != "" {
			title += " (" + item + ")"
		}
		phase := s.Phase
		if inCall { // it is shown where the calling step stands
			phase = r.Steps[len(r.Steps)-1].Phase
		}
		r.Steps = append(r.Steps, Step{
			ID: s.ID, Title: title, Verb: string(s.Verb), Phase: phase, Depth: s.Depth, State: state,
			groups: s.Verb.Holds(), run: r.ID,
		})
		r.plan(run, run.Children(s))
	}
}

// step finds a step of the run; one that the playbook does not have is added.
func (b *builder) step(run string, e record.Entry) *Step {
	for i := range b.r.Runs {
		r := &b.r.Runs[i]
		if r.ID != run {
			continue
		}
		n := slices.IndexFunc(r.Steps, func(s Step) bool { return s.ID == e.Step })
		if n < 0 {
			n = len(r.Steps)
			r.Steps = append(r.Steps, Step{ID: e.Step, Title: given(e.Step), Phase: e.Phase, State: stepUnreached, run: run})
		}
		return &r.Steps[n]
	}
	return &Step{} // a step of a run that never started: the timeline still shows it
}

func (b *builder) follow(e record.Entry) {
	at := act(e)
	switch e.Kind { //nolint:exhaustive // the other kinds are not about steps
	case record.StepStarted:
		p, _ := decode[record.StepBegin](b, e)
		s := b.step(p.Run, e)
		s.State, s.Changed, s.Attempts = stepOpen, &at, max(p.Attempt, s.Attempts)
	case record.StepDone:
		p, _ := decode[record.StepEnd](b, e)
		s := b.step(p.Run, e)
		s.State, s.Changed, s.Note, s.Why, s.branch = stepDone, &at, p.Note, "", p.Branch
		s.Attempts = max(1, s.Attempts)
		s.Answers = b.answers(p.Run, e.Step, p.Answers)
	case record.StepFailed:
		p, _ := decode[record.StepFailure](b, e)
		s := b.step(p.Run, e)
		s.State, s.Changed, s.Why, s.Attempts = stepFailed, &at, given(p.Error), max(p.Attempt, s.Attempts)
		if !p.Final {
			s.Why += " (to be tried again)"
		}
	case record.StepSkipped:
		p, _ := decode[record.StepSkip](b, e)
		s := b.step(p.Run, e)
		s.State, s.Changed, s.Why = stepSkipped, &at, given(p.Reason)
		if p.Guard {
			s.State, s.Why = stepNotApplied, first(p.Reason, "its condition was false")
		}
	case record.StepReopened:
		p, _ := decode[record.StepSkip](b, e)
		s := b.step(p.Run, e)
		s.State, s.Changed, s.Why, s.Note = stepOpen, &at, first(p.Reason, "opened again"), ""
	case record.StepAdded:
		p, _ := decode[record.AdHoc](b, e)
		named := e
		named.Step = p.ID
		s := b.step(p.Run, named)
		s.Title, s.Phase, s.Added, s.Verb = first(p.Title, p.ID), p.Phase, true, string(playbooks.VerbManual)
		s.State, s.Changed = stepUnreached, &at
	default:
	}
}

func (b *builder) answers(run, step string, given map[string]any) []Answer {
	if len(given) == 0 {
		return nil
	}
	var out []Answer
	if live := b.lives[run]; live != nil {
		if s, ok := live.Step(step); ok {
			for _, q := range s.Ask {
				if v, ok := given[q.Name]; ok {
					out = append(out, Answer{q.Name, q.Text, v})
				}
			}
		}
	}
	for name, v := range given {
		if !slices.ContainsFunc(out, func(a Answer) bool { return a.Name == name }) {
			out = append(out, Answer{Name: name, Answer: v})
		}
	}
	slices.SortStableFunc(out, func(x, y Answer) int { return strings.Compare(x.Name, y.Name) })
	return out
}

// byHand says whether the playbook has a person do that step.
func (b *builder) byHand(run, step string) bool {
	for _, r := range b.r.Runs {
		if r.ID != run {
			continue
		}
		for _, s := range r.Steps {
			if s.ID == step {
				return s.Verb == string(playbooks.VerbManual)
			}
		}
	}
	return false
}

// order puts the steps that people added behind the others of their phase.
func (r *Run) order() {
	var added []Step
	r.Steps = slices.DeleteFunc(r.Steps, func(s Step) bool {
		mine := s.Added && !strings.Contains(s.ID, "/")
		if mine {
			added = append(added, s)
		}
		return mine
	})
	for _, a := range added {
		at := len(r.Steps)
		for i, s := range r.Steps {
			if s.Phase == a.Phase {
				at = i + 1
			}
		}
		r.Steps = slices.Insert(r.Steps, at, a)
	}
}

// settle gives the steps that no entry names a state: those of a branch that
// was not taken, those below a step that did not apply, and the groups.
func (r *Run) settle(run *playbooks.Run) {
	for i := range r.Steps {
		if s := &r.Steps[i]; s.Verb == string(playbooks.VerbReview) && s.State == stepOpen {
			s.State, s.Why = stepWriting, "it writes this review"
		}
	}
	if run != nil {
		r.settleAll(run, run.Top(), nil, "")
	}
}

// settleAll settles steps that stand in around, of which it is known why it was
// passed over, if it was.
func (r *Run) settleAll(run *playbooks.Run, steps []*playbooks.Step, around *Step, above string) {
	for _, p := range steps {
		i := slices.IndexFunc(r.Steps, func(s Step) bool { return s.ID == p.ID })
		if i < 0 {
			continue // one that people added is listed elsewhere
		}
		s, passedOver := &r.Steps[i], above
		if around != nil && around.decided && p.Branch() != around.branch {
			passedOver = "the other branch of " + around.ID + " was taken"
		}
		if s.Changed == nil && passedOver != "" {
			s.State, s.Why = stepNotApplied, passedOver
		}
		below := passedOver
		if s.State == stepNotApplied || s.State == stepSkipped {
			below = "the step " + s.ID + " around it was " + map[bool]string{true: "skipped", false: "not applied"}[s.State == stepSkipped]
		}
		s.decided = s.State == stepDone && (p.Verb == playbooks.VerbIf && p.Repeat == nil || p.Verb == playbooks.VerbSwitch)
		r.settleAll(run, run.Children(p), s, below)
		if ends := p.Verb == playbooks.VerbParallel || p.Verb == playbooks.VerbForEach; s.groups && (s.Changed == nil && s.State == stepUnreached || ends && s.State == stepOpen) {
			s.State = r.together(run.Children(p), s.State)
		}
	}
}

// together is the state of a group, out of those of its steps.
func (r *Run) together(children []*playbooks.Step, begun string) string {
	ended, touched := true, begun == stepOpen
	for _, c := range children {
		i := slices.IndexFunc(r.Steps, func(s Step) bool { return s.ID == c.ID })
		if i < 0 {
			continue
		}
		s := r.Steps[i]
		ended = ended && s.State != stepUnreached && s.State != stepOpen
		touched = touched || s.State != stepUnreached
	}
	switch {
	case ended && (touched || len(children) > 0):
		return stepDone
	case touched:
		return stepOpen
	}
	return stepUnreached
}

func (r *Run) count() {
	for _, s := range r.Steps {
		if s.groups {
			continue
		}
		if s.Added {
			r.Counts.Added++
		}
		switch s.State {
		case stepDone:
			r.Counts.Done++
		case stepSkipped:
			r.Counts.Skipped++
		case stepNotApplied:
			r.Counts.NotApplied++
		case stepFailed:
			r.Counts.Failed++
		case stepOpen:
			r.Counts.Open++
		case stepUnreached:
			r.Counts.Unreached++
		}
	}
}
