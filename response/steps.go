package response

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"firebreak/incident"
	"firebreak/playbooks"
	"firebreak/record"
	"firebreak/store"
)

// StartStep says that this person is on a manual step.
func (s *Session) StartStep(ctx context.Context, id incident.ID, step string) error {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return err
	}
	return s.change(ctx, f, func(_ *store.Tx, run *playbooks.Run) (record.Kind, string, any, error) {
		st, err := wantState(run, step, playbooks.Ready)
		if err != nil {
			return "", "", nil, err
		}
		if !st.Step.Verb.Manual() {
			return "", "", nil, refused("firebreak run "+string(id)+" --step "+step, "step %s is not done by hand: its verb is %s", step, st.Step.Verb)
		}
		return record.StepStarted, step, record.StepBegin{Run: run.ID(), Attempt: st.Attempts + 1}, nil
	})
}

// DoneStep ends a manual or review step with the answers to its questions. A
// review step writes the review first.
func (s *Session) DoneStep(ctx context.Context, id incident.ID, step string, answers map[string]string, note string) error {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return err
	}
	if err := s.reviewFirst(ctx, f, step); err != nil {
		return err
	}
	return s.change(ctx, f, func(tx *store.Tx, run *playbooks.Run) (record.Kind, string, any, error) {
		st, err := wantState(run, step, playbooks.Ready, playbooks.Running)
		if err != nil {
			return "", "", nil, err
		}
		if !st.Step.Verb.Manual() {
			return "", "", nil, refused("firebreak run "+string(id)+" --step "+step+", or skip it with a reason", "step %s is not done by hand: its verb is %s", step, st.Step.Verb)
		}
		if err := s.mayEnd(tx, st.Step); err != nil {
			return "", "", nil, err
		}
		end, err := manualEnd(run, st, answers, note)
		return record.StepDone, step, end, err
	})
}

// SetVariables gives variables of the playbook a value; "unknown" takes it away.
func (s *Session) SetVariables(ctx context.Context, id incident.ID, texts map[string]string) error {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return err
	}
	return s.change(ctx, f, func(_ *store.Tx, run *playbooks.Run) (record.Kind, string, any, error) {
		vars := map[string]any{}
		for name, text := range texts {
			v, ok := run.Var(name)
			if !ok {
				return "", "", nil, usage("firebreak playbook show "+run.Playbook().ID+" lists them under vars", "the playbook has no variable %q", name)
			}
			value, err := v.Read(text)
			if err != nil {
				return "", "", nil, usage("", "%w", err)
			}
			vars[name] = value
		}
		return record.VariableSet, "", record.Variables{Run: run.ID(), Vars: vars}, nil
	})
}

// mayEnd says whether this person may end a step that asks for approval: on one
// machine a role is a guard rail, so it binds only once somebody has it.
func (s *Session) mayEnd(tx *store.Tx, st *playbooks.Step) error {
	if st.Approve == nil || st.Approve.By == "" {
		return nil
	}
	inc, err := tx.Incident()
	if err != nil {
		return err
	}
	if who := inc.Roles[st.Approve.By]; who != "" && who != s.by.Name {
		return refused("they can end it, or the role can be handed over", "step %s is for the %s to end: %s", st.ID, st.Approve.By, who)
	}
	return nil
}

// reviewFirst writes the review when the step is the one that asks for it.
func (s *Session) reviewFirst(ctx context.Context, f *folder, step string) error {
	st, err := s.stepStatus(ctx, f, step)
	if err != nil || st == nil || st.Step.Verb != playbooks.VerbReview || (st.State != playbooks.Ready && st.State != playbooks.Running) {
		return err
	}
	_, err = s.writeReview(ctx, f, step, ReviewOptions{})
	return err
}

// manualEnd checks the answers and works out what the step sets.
func manualEnd(run *playbooks.Run, st *playbooks.StepStatus, answers map[string]string, note string) (record.StepEnd, error) {
	typed, err := run.Answers(st.Step, answers)
	if err != nil {
		return record.StepEnd{}, usage("answer with --answer NAME=VALUE", "step %s: %w", st.Step.ID, err)
	}
	set, err := run.Sets(st.Step, typed, nil)
	if err != nil {
		return record.StepEnd{}, fmt.Errorf("step %s: %w", st.Step.ID, err)
	}
	return record.StepEnd{Run: run.ID(), Answers: typed, Set: set, Note: note}, nil
}

// SkipStep passes a step over; the reason stands in the review.
func (s *Session) SkipStep(ctx context.Context, id incident.ID, step, reason string) error {
	if strings.TrimSpace(reason) == "" {
		return usage("firebreak step skip INCIDENT STEP --reason \"…\"", "a skipped step needs a reason")
	}
	f, err := s.s.open(ctx, id)
	if err != nil {
		return err
	}
	return s.change(ctx, f, func(_ *store.Tx, run *playbooks.Run) (record.Kind, string, any, error) {
		if _, err := wantState(run, step, playbooks.Ready, playbooks.Running, playbooks.Failed, playbooks.Locked); err != nil {
			return "", "", nil, err
		}
		return record.StepSkipped, step, record.StepSkip{Run: run.ID(), Reason: reason}, nil
	})
}

// ReopenStep takes a finished, skipped or failed step up again.
func (s *Session) ReopenStep(ctx context.Context, id incident.ID, step, reason string) error {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return err
	}
	return s.change(ctx, f, func(_ *store.Tx, run *playbooks.Run) (record.Kind, string, any, error) {
		st, err := wantState(run, step, playbooks.Done, playbooks.Skipped, playbooks.Failed, playbooks.Running)
		if err != nil {
			return "", "", nil, err
		}
		if err := f.abandoned(st); err != nil {
			return "", "", nil, err
		}
		if in := failedWithin(run, st); in != "" {
			return "", "", nil, refused("firebreak step reopen "+string(id)+" "+in+" goes on where it was; skip it first to call the playbook anew", "step %s would do again what is done in it: %s failed", step, in)
		}
		return record.StepReopened, step, record.StepSkip{Run: run.ID(), Reason: reason}, nil
	})
}

// failedWithin names the step of a called playbook by whose failure the calling
// step failed, "" where there is none.
func failedWithin(run *playbooks.Run, call *playbooks.StepStatus) string {
	if call.Step.Verb != playbooks.VerbPlaybook || call.State != playbooks.Failed {
		return ""
	}
	for _, st := range run.Steps() {
		if strings.HasPrefix(st.Step.ID, call.Step.ID+"/") && st.State == playbooks.Failed && !st.Handled && st.Step.Verb != playbooks.VerbPlaybook {
			return st.Step.ID
		}
	}
	return ""
}

// abandoned refuses to open a step again while somebody is at work on it.
func (f *folder) abandoned(st *playbooks.StepStatus) error {
	if st.State != playbooks.Running || !store.Alive(st.Owner) {
		return nil // over, by hand, or its process is gone
	}
	if st.Owner == store.Owner() && f.busy.TryLock() {
		f.busy.Unlock()
		return nil // ours, but nothing is under way: its end could not be recorded
	}
	return refused("", "step %s is at work", st.Step.ID)
}

// AddStep adds a manual step to the run, after the others of its phase. An id
// such as rotate/ adds it to the playbook that the step calls.
func (s *Session) AddStep(ctx context.Context, id incident.ID, a record.AdHoc) (string, error) {
	if strings.TrimSpace(a.Title) == "" {
		return "", usage("", "an added step needs a title")
	}
	f, err := s.s.open(ctx, id)
	if err != nil {
		return "", err
	}
	err = s.change(ctx, f, func(_ *store.Tx, run *playbooks.Run) (record.Kind, string, any, error) {
		a.Run = run.ID()
		phase := run.Phase()
		i := strings.LastIndexByte(a.ID, '/')
		if i >= 0 {
			var ok bool
			if phase, ok = run.PhaseOf(a.ID[:i]); !ok {
				return "", "", nil, refused("firebreak show lists the steps", "step %q calls no playbook now", a.ID[:i])
			}
		}
		if a.Phase == incident.NoPhase {
			a.Phase = phase
		}
		if in := a.ID[:i+1]; a.ID == in {
			for n := 1; ; n++ {
				a.ID = fmt.Sprintf("%sadhoc-%d", in, n)
				if _, ok := run.Status(a.ID); !ok {
					break
				}
			}
		}
		return record.StepAdded, a.ID, a, nil
	})
	return a.ID, err
}

// wantState returns the step, if it is in one of the states.
func wantState(run *playbooks.Run, step string, states ...playbooks.State) (*playbooks.StepStatus, error) {
	st, ok := run.Status(step)
	if !ok {
		return nil, notFound("firebreak show lists the steps", "step %q: %w", step, incident.ErrNotFound)
	}
	if !slices.Contains(states, st.State) {
		why := ""
		if st.Why != "" {
			why = " (" + st.Why + ")"
		}
		return nil, refused("", "step %s is %s%s", step, st.State, why)
	}
	return st, nil
}
