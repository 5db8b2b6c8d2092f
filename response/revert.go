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
	"firebreak/record"
	"firebreak/store"
)

// Revert plans the inverse of an action as an action of its own. A plan for it
// that nobody decided on yet, and that still says the same, is returned as it is.
func (s *Session) Revert(ctx context.Context, id incident.ID, action, reason string) (ActionView, error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return ActionView{}, err
	}
	return s.revert(ctx, f, action, reason, false)
}

// revert plans the inverse. declared says that the plan of the action itself,
// which people approved, says that it is undone at the end of its time.
func (s *Session) revert(ctx context.Context, f *folder, action, reason string, declared bool) (ActionView, error) {
	a, w, err := s.wayBack(ctx, f, action)
	if err != nil {
		return ActionView{}, err
	}
	w.reason, w.reverts, w.declared = reason, a.Action, declared && a.Ends == record.EndsReverted
	if reason == "" {
		w.reason = "undo " + action
	}
	return s.current(ctx, f, w)
}

// wayBack is the call that undoes an action which is in force.
func (s *Session) wayBack(ctx context.Context, f *folder, action string) (store.Action, wish, error) {
	var a store.Action
	err := f.store.View(ctx, func(tx *store.Tx) (err error) {
		a, err = tx.Action(action)
		return err
	})
	if err != nil {
		return a, wish{}, noAction(err)
	}
	if st := ActionState(a.State); st != Verified && st != Sent {
		return a, wish{}, refused("", "action %s is %s: there is nothing to undo", action, a.State)
	}
	if a.RevertedBy != "" {
		return a, wish{}, refused("", "action %s was undone by %s", action, a.RevertedBy)
	}
	impl, err := s.lookup(f, a)
	if err != nil {
		return a, wish{}, err
	}
	rev, ok := impl.(integrations.Reverter)
	if !ok {
		w, err := s.rollback(ctx, f, a)
		return a, w, err
	}
	var plan integrations.Plan
	var receipt integrations.Receipt
	if err := planAndReceipt(a, &plan, &receipt); err != nil {
		return a, wish{}, err
	}
	inverse, err := rev.Inverse(plan.Call, plan.Prior, receipt)
	if err != nil {
		return a, wish{}, actionError("undo "+action, err)
	}
	w := wish{name: inverse.Action, connection: a.Connection, params: inverse.Params, step: a.Step}
	if a.Step != "" { // who had to agree to the step has to agree to its undoing
		st, err := s.stepStatus(ctx, f, a.Step)
		if err != nil {
			return a, wish{}, err
		}
		if st != nil {
			w.step0 = st.Step
		}
	}
	return a, w, nil
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
