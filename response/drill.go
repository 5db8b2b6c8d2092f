package response

import (
	"context"
	"fmt"

	"firebreak/incident"
	"firebreak/playbooks"
	"firebreak/record"
	"firebreak/store"
)

// StartDrill opens an exercise on a playbook: the values come from its drill
// section, and its actions go to fakes inside this program. Evidence is really
// collected.
func (s *Session) StartDrill(ctx context.Context, playbook string) (incident.Incident, error) {
	p, err := s.s.Playbook(playbook)
	if err != nil {
		return incident.Incident{}, err
	}
	return s.Open(ctx, NewIncident{
		Title: "Drill: " + p.Name, Playbook: playbook, Drill: true, Detected: s.s.o.Now().UTC(),
		Summary: "An exercise of " + p.ID + " " + p.Version + ". No outside system is touched; the evidence is this machine's own.",
	})
}

// DrillAnswers proposes the answers a drill gives to a step's questions.
func (s *Session) DrillAnswers(ctx context.Context, id incident.ID, step string) (map[string]string, error) {
	f, err := s.s.open(ctx, id)
	if err != nil || !f.drill {
		return nil, err
	}
	var answers map[string]string
	err = f.store.View(ctx, func(tx *store.Tx) error {
		run, err := s.s.mustRun(tx, id)
		if err != nil {
			return err
		}
		if x, err := exerciseIn(tx); err != nil || x != nil { // people answer for themselves
			return err
		}
		if st, ok := run.Status(step); ok {
			answers = run.BookOf(st.Step).DrillAnswers(st.Step)
		}
		return nil
	})
	return answers, err
}

// RunDrill walks a drill to its end with nobody at the keyboard: manual steps
// are answered from the playbook's drill section, plans are approved as an
// exercise, waits end at once. Every such decision says so in the record.
func (s *Session) RunDrill(ctx context.Context, id incident.ID, p ProgressFunc) (Written, error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return Written{}, err
	}
	if !f.drill {
		return Written{}, refused("firebreak run --auto performs the automatic steps of a real one", "%s is not a drill", id)
	}
	for range 10_000 { // a playbook has fewer steps
		w, err := s.Advance(ctx, id, p)
		if err != nil {
			return Written{}, err
		}
		if w.Done {
			return s.endDrill(ctx, f)
		}
		moved, err := s.drillMove(ctx, f)
		if err != nil {
			return Written{}, err
		}
		if !moved {
			return Written{}, refused("firebreak show "+string(id), "the drill cannot go on: %s", w.Reason)
		}
	}
	return Written{}, fmt.Errorf("drill %s: no end in sight", id)
}

func (s *Session) endDrill(ctx context.Context, f *folder) (Written, error) {
	if err := s.CloseIncident(ctx, f.id, "the drill is over"); err != nil {
		return Written{}, err
	}
	return s.writeReview(ctx, f, "", ReviewOptions{})
}

const byDrill = "drill: nobody at the keyboard"

// drillMove takes the part of the person a drill waits for.
func (s *Session) drillMove(ctx context.Context, f *folder) (bool, error) {
	var run *playbooks.Run
	err := f.store.View(ctx, func(tx *store.Tx) (err error) {
		run, err = s.s.mustRun(tx, f.id)
		return err
	})
	if err != nil {
		return false, err
	}
	for _, st := range run.Steps() {
		switch {
		case st.State == playbooks.Failed && !st.Handled:
			return true, s.SkipStep(ctx, f.id, st.Step.ID, byDrill+"; the step failed: "+st.Why)
		case st.State == playbooks.Running && st.Step.Verb == playbooks.VerbWait:
			return true, s.FinishWait(ctx, f.id, st.Step.ID, byDrill)
		case st.State == playbooks.Ready && st.Step.Verb.Manual():
			return true, s.DoneStep(ctx, f.id, st.Step.ID, run.BookOf(st.Step).DrillAnswers(st.Step), byDrill)
		case st.State == playbooks.Ready && st.Step.Verb.Acts():
			return true, s.drillAction(ctx, f, st.Step.ID)
		}
	}
	return false, nil
}

// drillAction plans, approves and does the action of a step, as an exercise.
func (s *Session) drillAction(ctx context.Context, f *folder, step string) error {
	a, err := s.PlanStep(ctx, f.id, step)
	if err != nil {
		return s.drillFails(ctx, f, step, err)
	}
	for n := len(a.ApprovedBy); n < a.Approvals; n++ {
		by := s
		if n > 0 || a.Approvals > 1 { // who plans is not one of two
			by = s.s.As(incident.Actor{Name: fmt.Sprintf("drill approver %d", n+1)})
		}
		if err := by.approve(ctx, f, a.Action, a.Digest, byDrill, record.Decision{Strength: drilled}); err != nil {
			return err
		}
	}
	if _, err := s.Do(ctx, f.id, a.Action); err != nil {
		return s.drillFails(ctx, f, step, err)
	}
	return nil
}

// drillFails records a step that could not even be planned as failed.
func (s *Session) drillFails(ctx context.Context, f *folder, step string, cause error) error {
	if st, err := s.stepStatus(ctx, f, step); err != nil || st == nil || st.State != playbooks.Ready {
		return err
	}
	if err := s.actIn(ctx, f, record.Noted, step, record.Note{Text: "could not be done: " + cause.Error()}, nil); err != nil {
		return err
	}
	return s.SkipStep(ctx, f.id, step, byDrill+"; it could not be done: "+cause.Error())
}
