package response

import (
	"context"
	"errors"
	"fmt"

	"firebreak/incident"
	"firebreak/playbooks"
	"firebreak/record"
	"firebreak/store"
)

// settleInterrupted finds what a process that is gone left half done: an
// erasure is finished, what was half sealed is cleared away, an action being
// sent becomes unknown, a running step becomes what its action is, or is opened
// again. Nothing is ever sent from here.
func (s *Service) settleInterrupted(ctx context.Context, f *folder) error {
	// What hinders it, as a reader in another process, must not keep people from
	// their incident: the board and verify tell of it.
	f.unfinishedErasure(s.finishErasure(ctx, f, nil))
	// Of what cannot be removed check tells.
	_, _ = f.locker.Sweep()
	// An older program kept a copy in the clear of a stream while it ingested it.
	_ = s.clearLeftovers(f.dir, streamFolder)
	self := s.As(incident.Actor{Name: "firebreak"})
	var sending []store.Action
	err := f.store.View(ctx, func(tx *store.Tx) error {
		all, err := tx.Actions()
		for _, a := range all {
			if ActionState(a.State) == Sending && !store.Alive(a.Owner) {
				sending = append(sending, a)
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, a := range sending {
		if err := self.giveUp(ctx, f, a); err != nil {
			return err
		}
	}
	return self.settleSteps(ctx, f)
}

// settleDead settles again when a process that was sending has ended since the
// folder was opened.
func (s *Service) settleDead(ctx context.Context, f *folder) error {
	dead := false
	err := f.store.View(ctx, func(tx *store.Tx) error {
		all, err := tx.Actions()
		for _, a := range all {
			dead = dead || (ActionState(a.State) == Sending && !store.Alive(a.Owner))
		}
		return err
	})
	if err != nil || !dead || f.readOnly {
		return err
	}
	return s.settleInterrupted(ctx, f)
}

var errMoved = errors.New("it has moved on")

// giveUp records that nobody knows what became of an attempt.
func (s *Session) giveUp(ctx context.Context, f *folder, a store.Action) error {
	err := f.updateAction(ctx, s, a.Action, func(now store.Action) (record.Kind, any, error) {
		if ActionState(now.State) != Sending || now.Owner != a.Owner {
			return "", nil, errMoved // another process was first
		}
		return record.ActionUnknown, record.Outcome{
			Action: a.Action, Attempt: a.Attempts, Class: "ambiguous",
			Error: "the process that was sending it ended before it knew the outcome",
		}, nil
	})
	if errors.Is(err, errMoved) {
		return nil
	}
	return err
}

func (s *Session) settleSteps(ctx context.Context, f *folder) error {
	var left []*playbooks.StepStatus
	err := f.store.View(ctx, func(tx *store.Tx) error {
		inc, err := tx.Incident()
		if err != nil || inc.Status == incident.Closed {
			return err
		}
		run, err := s.s.run(tx)
		if err != nil || run == nil {
			return err
		}
		for _, st := range run.Steps() {
			if st.State == playbooks.Running && st.Owner != "" && st.Step.Verb.Automatic() && !store.Alive(st.Owner) {
				left = append(left, st)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, st := range left {
		if err := s.settleStep(ctx, f, st); err != nil {
			return fmt.Errorf("settle step %s: %w", st.Step.ID, err)
		}
	}
	return nil
}

func (s *Session) settleStep(ctx context.Context, f *folder, st *playbooks.StepStatus) error {
	if st.Step.Verb.Acts() {
		a, ok, err := s.latestOf(ctx, f, wish{step: st.Step.ID})
		if err != nil {
			return err
		}
		if ok && (a.State == Unknown || a.State == Queued || a.State == Sent || (a.State == Verified && st.Step.Verify != nil)) {
			return nil // somebody has to look, or to run the step's own check
		}
		if ok && (a.State == Verified || a.State == Failed || a.State == Rejected || a.State == Dropped) {
			_, err := s.finishActionStep(ctx, f, a.Action)
			return err
		}
	}
	err := s.change(ctx, f, func(_ *store.Tx, run *playbooks.Run) (record.Kind, string, any, error) {
		now, ok := run.Status(st.Step.ID)
		if !ok || now.State != playbooks.Running || now.Owner != st.Owner {
			return "", "", nil, errMoved
		}
		return record.StepReopened, st.Step.ID, record.StepSkip{Run: run.ID(), Reason: "interrupted: the process that ran it ended"}, nil
	})
	if errors.Is(err, errMoved) {
		return nil
	}
	return err
}
