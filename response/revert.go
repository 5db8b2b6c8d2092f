package response

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"firebreak/incident"
	"firebreak/integrations"
	"firebreak/store"
)

// Revert plans the inverse of an action as an action of its own.
func (s *Session) Revert(ctx context.Context, id incident.ID, action, reason string) (ActionView, error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return ActionView{}, err
	}
	var a store.Action
	err = f.store.View(ctx, func(tx *store.Tx) error {
		a, err = tx.Action(action)
		return err
	})
	if err != nil {
		return ActionView{}, notFound("", "action %q: %w", action, err)
	}
	if st := ActionState(a.State); st != Verified && st != Sent {
		return ActionView{}, refused("", "action %s is %s: there is nothing to undo", action, a.State)
	}
	if a.RevertedBy != "" {
		return ActionView{}, refused("", "action %s was undone by %s", action, a.RevertedBy)
	}
	impl, err := s.lookup(f, a)
	if err != nil {
		return ActionView{}, err
	}
	rev, ok := impl.(integrations.Reverter)
	if !ok {
		return ActionView{}, refused("", "%s cannot be undone", a.Name)
	}
	var plan integrations.Plan
	var receipt integrations.Receipt
	if err := planAndReceipt(a, &plan, &receipt); err != nil {
		return ActionView{}, err
	}
	inverse, err := rev.Inverse(plan.Call, plan.Prior, receipt)
	if err != nil {
		return ActionView{}, actionError("undo "+action, err)
	}
	if reason == "" {
		reason = "undo " + action
	}
	w := wish{name: inverse.Action, connection: a.Connection, params: inverse.Params, step: a.Step, reason: reason, reverts: action}
	if a.Step != "" { // who had to agree to the step has to agree to its undoing
		st, err := s.stepStatus(ctx, f, a.Step)
		if err != nil {
			return ActionView{}, err
		}
		if st != nil {
			w.step0 = st.Step
		}
	}
	return s.plan(ctx, f, w)
}

// planAndReceipt reads what the record keeps of an action. One that a person
// settled has no receipt.
func planAndReceipt(a store.Action, plan *integrations.Plan, receipt *integrations.Receipt) error {
	err := json.Unmarshal(a.Plan, plan)
	if len(a.Last.Receipt) > 0 {
		err = errors.Join(err, json.Unmarshal(a.Last.Receipt, receipt))
	}
	if err != nil {
		return fmt.Errorf("read plan of %s: %w", a.Action, err)
	}
	return nil
}
