package response

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"firebreak/incident"
	"firebreak/integrations"
	"firebreak/record"
	"firebreak/store"
)

// Look finds out what became of an action whose outcome is unknown: by the
// mark it would have left, or by the state it would have changed.
func (s *Session) Look(ctx context.Context, id incident.ID, action string) (ActionView, error) {
	return s.LookTelling(ctx, id, action, nil)
}

// LookTelling is Look that tells how long it waits until a look can be believed.
func (s *Session) LookTelling(ctx context.Context, id incident.ID, action string, p ProgressFunc) (ActionView, error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return ActionView{}, err
	}
	if err := s.s.settleInterrupted(ctx, f); err != nil {
		return ActionView{}, err
	}
	var a store.Action
	err = f.store.View(ctx, func(tx *store.Tx) error {
		a, err = tx.Action(action)
		return err
	})
	if err != nil {
		return ActionView{}, noAction(err)
	}
	if ActionState(a.State) == Sent { // it was taken; nobody has looked since, or nobody can
		return s.lookAgain(ctx, f, a)
	}
	if ActionState(a.State) != Unknown {
		return ActionView{}, refused("", "action %s is %s: there is nothing to find out", action, a.State)
	}
	if err := s.keepQuiet(ctx, f, a, p); err != nil {
		return ActionView{}, err
	}
	if err := s.look(ctx, f, a); err != nil {
		return ActionView{}, err
	}
	return s.finishActionStep(ctx, f, action)
}

func (s *Session) look(ctx context.Context, f *folder, a store.Action) error {
	impl, err := s.lookup(f, a)
	if err != nil {
		return err
	}
	plan, err := readPlan(a)
	if err != nil {
		return err
	}
	receipt, found, err := find(ctx, impl, plan.Call, a)
	if errors.Is(err, integrations.ErrNotReadable) {
		return fail(CodeUnknown, "ask over there, then say what they say: firebreak do "+string(f.id)+" "+a.Action+" --happened yes (or no)", "look for the effect of %s: %w", a.Action, err)
	}
	if err != nil {
		return actionError("look for the effect of "+a.Action, err)
	}
	if !found {
		return s.notThere(ctx, f, a, impl)
	}
	return s.sent(ctx, f, a, impl, plan.Call, a.Attempts, receipt)
}

// notThere records that an effect is surely not there. Where the other side, or
// the mark, would make a repeat harmless all the same, the action goes back into
// the outbox with its key, as long as its time is not over; else a person decides.
func (s *Session) notThere(ctx context.Context, f *folder, a store.Action, impl integrations.Action) error {
	const says = "looked: the effect is not there"
	out := record.Outcome{Action: a.Action, Attempt: a.Attempts, Class: string(integrations.NotSent), Error: says}
	if len(a.Last.Receipt) > 0 { // they had taken it
		out.Class = string(integrations.Rejected)
		return s.still(ctx, f, a, 0, record.ActionFailed, out)
	}
	q, err := s.queueAfterLook(ctx, f, a)
	if err != nil {
		return err
	}
	if !repeatable(impl) || !q.Until.After(s.s.o.Now()) {
		return s.still(ctx, f, a, 0, record.ActionFailed, out)
	}
	q.Error = says
	return s.enqueue(ctx, f, a, 0, q)
}

// repeatable says that the other side makes a repeat with the same key harmless,
// or that a repeat can be found by its mark.
func repeatable(impl integrations.Action) bool {
	how := impl.Describe().Idempotency
	return how == "native" || how == "marker"
}

// queueAfterLook is the place in the outbox of an action that was not sent after
// all. Its time runs from its first attempt on.
func (s *Session) queueAfterLook(ctx context.Context, f *folder, a store.Action) (record.Queued, error) {
	now := s.s.o.Now().UTC()
	q := record.Queued{Action: a.Action, Tries: 1, Since: now}
	if a.Queue != nil {
		q = *a.Queue
		q.Tries++
	} else if err := f.store.View(ctx, func(tx *store.Tx) error {
		began, err := attemptBegan(tx, a)
		if !began.IsZero() {
			q.Since = began.UTC()
		}
		q.Until = q.Since.Add(patience(a).For)
		return err
	}); err != nil {
		return q, err
	}
	q.Attempt, q.Class, q.NotBefore = a.Attempts, string(integrations.NotSent), now
	if p := patience(a); p.Tries > 0 && q.Tries >= p.Tries {
		q.Until = now
	}
	return q, nil
}

// lookAgain verifies an action whose receipt is there.
func (s *Session) lookAgain(ctx context.Context, f *folder, a store.Action) (ActionView, error) {
	impl, err := s.lookup(f, a)
	if err != nil {
		return ActionView{}, err
	}
	var plan integrations.Plan
	var receipt integrations.Receipt
	if err := planAndReceipt(a, &plan, &receipt); err != nil {
		return ActionView{}, err
	}
	if err := s.verifyEffect(ctx, f, a, impl, plan.Call, a.Attempts, receipt); err != nil {
		return ActionView{}, err
	}
	return s.finishActionStep(ctx, f, a.Action)
}

// Settle ends an unknown outcome by what a person found out elsewhere.
func (s *Session) Settle(ctx context.Context, id incident.ID, action string, happened bool, reason string) (ActionView, error) {
	if strings.TrimSpace(reason) == "" {
		return ActionView{}, usage("--reason \"who said so\"", "a person's word on an unknown outcome needs a reason")
	}
	f, err := s.s.open(ctx, id)
	if err != nil {
		return ActionView{}, err
	}
	err = f.updateAction(ctx, s, action, func(a store.Action) (record.Kind, any, error) {
		if ActionState(a.State) != Unknown {
			return "", nil, refused("", "action %s is %s: there is nothing to settle", action, a.State)
		}
		says := s.by.Name + " says: " + reason
		if happened {
			return record.ActionSent, record.Outcome{Action: action, Attempt: a.Attempts, Says: says, Receipt: a.Last.Receipt}, nil
		}
		return record.ActionFailed, record.Outcome{Action: action, Attempt: a.Attempts, Class: string(integrations.NotSent), Error: says}, nil
	})
	if err != nil {
		return ActionView{}, err
	}
	return s.finishActionStep(ctx, f, action)
}

// find looks by the action's own means, else by its verification.
func find(ctx context.Context, impl integrations.Action, call integrations.Call, a store.Action) (integrations.Receipt, bool, error) {
	if finder, ok := impl.(integrations.Finder); ok {
		return finder.Find(ctx, call)
	}
	var r integrations.Receipt
	if len(a.Last.Receipt) > 0 {
		if err := json.Unmarshal(a.Last.Receipt, &r); err != nil {
			return r, false, fmt.Errorf("read receipt: %w", err)
		}
	}
	v, err := impl.Verify(ctx, call, r)
	return r, v.OK, err
}
