package response

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"firebreak/incident"
	"firebreak/playbooks"
	"firebreak/record"
	"firebreak/store"
)

// Advance performs every step that needs nobody, until the run waits for a
// person or for a moment in time, or is over.
func (s *Session) Advance(ctx context.Context, id incident.ID, p ProgressFunc) (Waiting, error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return Waiting{}, err
	}
	f.busy.Lock()
	defer f.busy.Unlock()
	if err := s.lookAfter(ctx, f); err != nil {
		return Waiting{}, err
	}
	if err := errors.Join(s.lapsed(ctx, f), s.expired(ctx, f)); err != nil {
		return Waiting{}, err
	}
	if err := s.pulse(ctx, f, p); err != nil {
		return Waiting{}, err
	}
	return s.sideBySide(ctx, f, p)
}

// lookAfter ends the steps whose action was sent by a process that ended before
// it had looked for the effect, or before it ran the step's own check. Looking
// changes nothing out there. What may not have been sent at all is left to a
// person.
func (s *Session) lookAfter(ctx context.Context, f *folder) error {
	var left []*playbooks.Step
	err := f.store.View(ctx, func(tx *store.Tx) error {
		run, err := s.s.mustRun(tx, f.id)
		if err != nil {
			return err
		}
		actions, err := tx.Actions()
		if err != nil {
			return err
		}
		for _, st := range run.Steps() {
			if st.State != playbooks.Running || !st.Step.Verb.Acts() || st.Owner == "" || st.Owner != store.Owner() && store.Alive(st.Owner) {
				continue
			}
			a, ok := newestAction(actions, st.Step.ID)
			due := ok && ActionState(a.State) == Queued && !a.Queue.NotBefore.After(s.s.o.Now())
			if ok && (due || ActionState(a.State) == Sent || ActionState(a.State) == Verified) {
				left = append(left, st.Step)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, st := range left {
		if _, err := s.resume(ctx, f, st); err != nil {
			if failed, ferr := s.hasFailed(ctx, f, st.ID); ferr != nil || !failed {
				return fmt.Errorf("look what became of step %s: %w", st.ID, err)
			}
		}
	}
	return nil
}

func (s *Session) take(ctx context.Context, f *folder, t playbooks.Task, p ProgressFunc) error {
	switch {
	case t.Move == playbooks.Finish:
		return s.endAttempt(ctx, f, t.Step.ID, nil, nil)
	case t.Step.Verb == playbooks.VerbParallel:
		return s.startAttempt(ctx, f, t.Step.ID, time.Time{})
	}
	return s.runStep(ctx, f, t.Step.ID, p)
}

// takenElsewhere says that another process was first: it performs the step, or
// has ended it.
func (s *Session) takenElsewhere(ctx context.Context, f *folder, step string) (bool, error) {
	st, err := s.stepStatus(ctx, f, step)
	if err != nil || st == nil {
		return false, err
	}
	return st.State == playbooks.Done || st.State == playbooks.Running && st.Owner != store.Owner() && store.Alive(st.Owner), nil
}

func (s *Session) hasFailed(ctx context.Context, f *folder, step string) (bool, error) {
	st, err := s.stepStatus(ctx, f, step)
	if err != nil || st == nil {
		return false, err
	}
	return st.State == playbooks.Failed || (st.State != playbooks.Running && st.Attempts > 0), nil
}

// automatic returns the moves that need nobody, and what else the run waits for.
func (s *Session) automatic(ctx context.Context, f *folder) ([]playbooks.Task, Waiting, error) {
	var moves []playbooks.Task
	var w Waiting
	reg, err := s.s.systems(f)
	if err != nil {
		return nil, w, err
	}
	err = f.store.View(ctx, func(tx *store.Tx) error {
		run, err := s.s.mustRun(tx, f.id)
		if err != nil {
			return err
		}
		w.Done = run.Over()
		actions, err := tx.Actions()
		if err != nil {
			return err
		}
		now := s.s.o.Now()
		for _, t := range run.Ready(now) {
			switch {
			case !t.Due(now):
				w.until(t.At)
			case followsByItself(t):
				moves = append(moves, t) // its time has come just now
			case t.Move == playbooks.Finish:
				moves = append(moves, t)
			case (t.Move == playbooks.Begin || t.Move == playbooks.Retry || t.Move == playbooks.Again) && s.unattended(f, reg, actions, t.Step):
				moves = append(moves, t)
			default:
				w.Steps = append(w.Steps, t.Step.ID)
			}
		}
		for _, st := range run.Steps() {
			if failedWithin(run, st) == "" { // of a call, what failed in it is named
				s.waits(&w, st, actions)
			}
		}
		return nil
	})
	return moves, w, err
}

// waits notes what a step that has begun or failed waits for.
func (s *Session) waits(w *Waiting, st *playbooks.StepStatus, actions []store.Action) {
	switch {
	case st.State == playbooks.Failed && !st.Handled:
		w.Steps = append(w.Steps, st.Step.ID)
		w.Reason = "step " + st.Step.ID + " failed: " + st.Why
	case st.State != playbooks.Running:
	case st.Step.Verb == playbooks.VerbWait:
		w.until(st.Until)
	case st.Step.Verb.Automatic() && st.Owner != store.Owner() && store.Alive(st.Owner):
		w.Others = append(w.Others, st.Step.ID)
	case st.Step.Verb.Acts():
		w.Steps = append(w.Steps, st.Step.ID)
		a, ok := newestAction(actions, st.Step.ID)
		if ok && ActionState(a.State) == Queued {
			w.until(a.Queue.NotBefore)
			w.Reason = "action " + a.Action + " of step " + st.Step.ID + " waits in the outbox: " + a.Queue.Error
		}
		if ok && ActionState(a.State) == Unknown {
			w.Unknown = append(w.Unknown, a.Action)
			w.Reason = "action " + a.Action + " of step " + st.Step.ID + " may have happened: somebody has to look"
		}
	}
}

// until notes a moment at which the run goes on by itself; the first one counts.
func (w *Waiting) until(at time.Time) {
	if w.Until.IsZero() || at.Before(w.Until) {
		w.Until = at
	}
}

// unattended says whether a step may run with nobody looking: it is automatic,
// and what it does to the world needs no approval, or has it.
func (s *Session) unattended(f *folder, reg lookup, actions []store.Action, st *playbooks.Step) bool {
	switch st.Verb {
	case playbooks.VerbCollect, playbooks.VerbIngest, playbooks.VerbDetect, playbooks.VerbNotify, playbooks.VerbWait, playbooks.VerbPlaybook:
		return st.Approve == nil
	case playbooks.VerbAction, playbooks.VerbHTTP:
		name, connection := f.actionOf(st)
		impl, _, err := reg.Lookup(name, connection)
		if err == nil && impl.Describe().ReadOnly {
			return true
		}
		if err == nil && st.Approve == nil && max(impl.Describe().Danger, danger(st)) <= incident.Low {
			return !stuck(actions, st.ID)
		}
		return s.approved(f, actions, st.ID)
	case playbooks.VerbRun:
		return s.approved(f, actions, st.ID)
	case playbooks.VerbParallel:
		return true // its beginning; its steps are asked one by one
	case playbooks.VerbManual, playbooks.VerbReview, playbooks.VerbIf, playbooks.VerbSwitch, playbooks.VerbForEach:
	}
	return false
}

// approved says whether the step's newest action may be sent now.
func (s *Session) approved(f *folder, actions []store.Action, step string) bool {
	a, ok := newestAction(actions, step)
	return ok && ActionState(a.State) != Unknown && ActionState(a.State) != Queued && s.mayBegin(f, a) == nil
}

// stuck says whether the step's newest action is one that a person must look at.
func stuck(actions []store.Action, step string) bool {
	a, ok := newestAction(actions, step)
	return ok && (ActionState(a.State) == Unknown || ActionState(a.State) == Sending || ActionState(a.State) == Queued)
}

// newestAction is the last action planned for a step, undoings aside.
func newestAction(actions []store.Action, step string) (store.Action, bool) {
	for _, a := range slices.Backward(actions) {
		if a.Step == step && a.Reverts == "" {
			return a, true
		}
	}
	return store.Action{}, false
}

func danger(st *playbooks.Step) incident.Danger {
	d, err := incident.ParseDanger(st.Impact)
	if err != nil { // "" when the playbook says nothing
		return incident.None
	}
	return d
}

// FinishWait ends a wait before its time, or begins the next round of an if that
// repeats, as a person's decision.
func (s *Session) FinishWait(ctx context.Context, id incident.ID, step, note string) error {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return err
	}
	return s.change(ctx, f, func(_ *store.Tx, run *playbooks.Run) (record.Kind, string, any, error) {
		st, err := wantState(run, step, playbooks.Running, playbooks.Ready)
		if err != nil {
			return "", "", nil, err
		}
		for _, t := range run.Ready(s.s.o.Now()) {
			if t.Step.ID == step && t.Move == playbooks.Branch {
				return record.StepDone, step, record.StepEnd{Run: run.ID(), Branch: t.Branch, Note: strings.Trim(t.Why+"; "+note, "; ")}, nil
			}
		}
		if st.State != playbooks.Running {
			return "", "", nil, refused("", "step %s is %s", step, st.State)
		}
		if st.Step.Verb != playbooks.VerbWait {
			return "", "", nil, refused("", "step %s is not a wait", step)
		}
		return record.StepDone, step, record.StepEnd{Run: run.ID(), Note: note}, nil
	})
}
