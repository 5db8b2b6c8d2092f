package response

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"firebreak/incident"
	"firebreak/integrations"
	"firebreak/playbooks"
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
	if reason == "" {
		reason = "undo " + action
	}
	rev, ok := impl.(integrations.Reverter)
	if !ok {
		w, err := s.rollback(ctx, f, a)
		if err != nil {
			return ActionView{}, err
		}
		w.reason, w.reverts = reason, action
		return s.plan(ctx, f, w)
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

// rollback is how the playbook says that a step is undone, where its action has
// no inverse of its own.
func (s *Session) rollback(ctx context.Context, f *folder, a store.Action) (wish, error) {
	var w wish
	err := f.store.View(ctx, func(tx *store.Tx) error {
		run, err := s.s.run(tx)
		if err != nil || run == nil || a.Step == "" {
			return errors.Join(err, refused("", "%s cannot be undone", a.Name))
		}
		st, ok := run.Status(a.Step)
		if !ok || st.Step.Rollback == nil {
			return refused("", "%s cannot be undone", a.Name)
		}
		r, err := run.Resolve(st.Step)
		if err != nil {
			return unset(f.id, err)
		}
		u := r.Rollback
		if len(u.Missing) > 0 {
			return refused("firebreak change "+string(f.id)+" --var NAME=VALUE", "undo %s: nobody has said what %s is", a.Action, strings.Join(u.Missing, ", "))
		}
		w = wish{step: a.Step, step0: st.Step, title: "Undo: " + st.Title}
		switch {
		case u.HTTP != nil:
			w.name, w.connection, w.params = "http.request", a.Connection, requestParams(u.HTTP)
		case len(u.Argv) > 0:
			w.name, w.connection, w.params = "linux.run", "host", commandParams(playbooks.Resolved{Argv: u.Argv, Timeout: r.Timeout})
			if st.Step.Verb == playbooks.VerbRun { // where the step itself ran
				w.name, w.connection = f.actionOf(st.Step)
			}
		case u.Action != "":
			w.name, w.params = u.Action, u.With
		default:
			return refused("do it by hand, and note it: firebreak step note", "the playbook has people undo %s: %s", a.Action, u.Text)
		}
		return nil
	})
	return w, err
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
