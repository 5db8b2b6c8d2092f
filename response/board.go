package response

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"firebreak/incident"
	"firebreak/playbooks"
	"firebreak/record"
	"firebreak/review"
	"firebreak/store"
)

const recentMost = 50

// Board returns one consistent picture of an incident.
func (s *Session) Board(ctx context.Context, id incident.ID) (Board, error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return Board{}, err
	}
	if err := s.s.settleDead(ctx, f); err != nil {
		return Board{}, err
	}
	reg, err := s.s.systems(f)
	if err != nil {
		reg = nil // a wrong connection must not hide the incident: whoever acts on it is told
	}
	b := Board{Head: f.store.Head()}
	var exhibits []store.Exhibit
	err = f.store.View(ctx, func(tx *store.Tx) error {
		if b.Incident, err = tx.Incident(); err != nil {
			return err
		}
		if h, standing, err := tx.Hold(); err != nil {
			return err
		} else if standing {
			b.Hold = &h
		}
		actions, err := tx.Actions()
		if err != nil {
			return err
		}
		late, _, err := lapses(tx)
		if err != nil {
			return err
		}
		for _, a := range actions {
			v, err := actionView(a)
			if err != nil {
				return err
			}
			v.Lapsed = slices.Contains(late, a.Action)
			b.Actions = append(b.Actions, v)
		}
		xs, err := tx.Exhibits()
		if err != nil {
			return err
		}
		b.Exhibits, exhibits = len(xs), xs
		if b.Contained, err = containedIn(tx, s.s.o.Now()); err != nil {
			return err
		}
		last, err := tx.Last(recentMost)
		if err != nil {
			return err
		}
		b.Recent = activities(last)
		if f.drill {
			x, err := exerciseIn(tx)
			if err != nil {
				return err
			}
			b.exercise(x, s.s.o.Now())
		}
		if b.Updates, err = s.s.dueUpdates(tx); err != nil {
			return err
		}
		if err := s.s.boardClocks(tx, &b); err != nil {
			return err
		}
		run, err := s.s.run(tx)
		if err != nil || run == nil {
			return err
		}
		s.fillRun(&b, run, reg)
		return nil
	})
	if err != nil {
		return Board{}, err
	}
	if store.Pending(f.dir) {
		b.Unfinished = f.whyUnfinished()
	}
	b.count()
	if f.readOnly && f.why != nil {
		b.ReadOnly = f.why.Error()
	} else {
		b.LowRoom = lowRoom(f.store.Room())
	}
	db, err := s.s.timeline(ctx, f)
	if err == nil {
		b.Events, err = db.Total(ctx)
	}
	if err == nil {
		var whole map[string]bool
		whole, err = db.Whole(ctx)
		b.Unread = len(notWhole(exhibits, whole))
	}
	if ctx.Err() != nil {
		return Board{}, context.Cause(ctx)
	}
	if err != nil { // it is derived: its state must not hide the record
		b.NoTimeline = err.Error()
		if hint := HintOf(err); hint != "" {
			b.NoTimeline += "; " + hint
		}
	}
	return b, nil
}

// count sums up what needs somebody's eyes.
func (b *Board) count() {
	for _, a := range b.Actions {
		switch a.State {
		case Planned:
			if a.Approvals > 0 {
				b.Approvals++
			}
		case Unknown:
			b.Unknown++
		case Failed:
			b.Failures++
		case Queued:
			b.Queued++
		case Approved, Sending, Sent, Verified, Rejected, Dropped:
		}
	}
	for _, p := range b.Phases {
		for _, st := range p.Steps {
			if st.State == playbooks.Failed {
				b.Failures++
			}
		}
	}
}

func (s *Session) fillRun(b *Board, run *playbooks.Run, reg lookup) {
	p := run.Playbook()
	b.Playbook = p.Name + " " + p.Version
	for _, phase := range incident.Phases() {
		pv := PhaseView{Phase: phase}
		for _, st := range run.Steps() {
			if st.Phase != phase {
				continue
			}
			v := stepView(run, st, reg)
			for _, a := range b.Actions {
				if a.Step == v.ID && a.Reverts == "" {
					v.ActionID = a.Action
				}
			}
			pv.Steps = append(pv.Steps, v)
			pv.Total++
			if st.State == playbooks.Done || st.State == playbooks.Skipped {
				pv.Done++
			}
		}
		switch {
		case run.Over() || phase < run.Phase():
			pv.State = "done"
		case phase == run.Phase():
			pv.State = "current"
		}
		b.Phases = append(b.Phases, pv)
	}
	b.Missing = run.Missing()
	b.Next = nextStep(run, s.s.o.Now())
}

// nextStep is the step that most wants somebody: a failed one, then the first
// that is ready.
func nextStep(run *playbooks.Run, now time.Time) string {
	for _, st := range run.Steps() {
		if st.State == playbooks.Failed && !st.Handled {
			return st.Step.ID
		}
	}
	for _, t := range run.Ready(now) {
		if t.Move == playbooks.Begin || t.Move == playbooks.Retry {
			return t.Step.ID
		}
	}
	for _, st := range run.Steps() {
		if st.State == playbooks.Running && len(st.Step.Children()) == 0 {
			return st.Step.ID
		}
	}
	return ""
}

func stepView(run *playbooks.Run, st *playbooks.StepStatus, reg lookup) StepView {
	v := StepView{
		ID: st.Step.ID, Title: cmp.Or(st.Title, st.Step.ID), Verb: st.Step.Verb, Phase: st.Phase, Depth: st.Depth,
		State: st.State, Why: st.Why, By: st.By.Name, At: st.At, Assign: string(st.Step.Assign), Due: st.Due,
		Ask: st.Step.Ask, Action: st.Step.Action, Result: st.Result, Note: st.Note, Adhoc: st.Adhoc,
		Danger: danger(st.Step), Text: run.Text(st.Step), Until: st.Until, Advice: st.Step.Note,
	}
	v.Rounds, v.AgainAt, v.Calls = st.Rounds, st.AgainAt, st.Calls
	if v.Calls == "" && st.Step.Verb == playbooks.VerbPlaybook {
		v.Calls = st.Step.Playbook.String()
	}
	if st.Item != nil {
		v.Item = run.Shown(st.Item)
		if !strings.Contains(v.Title, v.Item) { // so that they can be told apart
			v.Title += " (" + v.Item + ")"
		}
	}
	if st.Step.Verb == playbooks.VerbHTTP && !st.Step.HTTP.ReadOnly() {
		v.Danger = max(v.Danger, incident.Medium)
	}
	if st.Step.Verb == playbooks.VerbRun {
		v.Danger = max(v.Danger, incident.Medium)
	}
	if st.Step.Verb == playbooks.VerbAction && reg != nil {
		if a, _, err := reg.Lookup(st.Step.Action, st.Step.Connection); err == nil {
			v.Danger = max(v.Danger, a.Describe().Danger)
		}
	}
	return v
}

// Activity returns entries of the record as lines, oldest first: the n before
// the entry with that number, or the newest n when it is 0.
func (s *Session) Activity(ctx context.Context, id incident.ID, before int64, n int) ([]Activity, error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return nil, err
	}
	var out []Activity
	err = f.store.View(ctx, func(tx *store.Tx) error {
		if before == 0 {
			es, err := tx.Last(n)
			out = activities(es)
			return err
		}
		after := max(0, before-1-int64(n))
		es, err := tx.Entries(after, int(before-1-after))
		out = activities(es)
		return err
	})
	return out, err
}

// ActivitySince is what was recorded after that entry, oldest first.
func (s *Session) ActivitySince(ctx context.Context, id incident.ID, after int64) (out []Activity, err error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return nil, err
	}
	err = f.store.View(ctx, func(tx *store.Tx) error {
		es, err := tx.Entries(after, 0)
		out = activities(es)
		return err
	})
	return out, err
}

func activities(es []record.Entry) []Activity {
	out := make([]Activity, len(es))
	for i, e := range es {
		text, bad := review.Describe(e)
		out[i] = Activity{Seq: e.Seq, Time: e.Time, Actor: e.Actor.Name, Kind: e.Kind, Phase: e.Phase, Step: e.Step, Text: text, Bad: bad}
	}
	return out
}
