package response

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"firebreak/incident"
	"firebreak/integrations"
	"firebreak/playbooks"
	"firebreak/record"
	"firebreak/store"
)

// RollbackRequest says what is to be undone.
type RollbackRequest struct {
	Step   string         // only what this step did, its items and rounds included
	To     incident.Phase // only what was done after this phase; 0: all of it
	All    bool           // messages and records too: what is of low danger
	DryRun bool           // say what would be done; plan and send nothing
	Reason string
}

// RollbackReport is what became of it, the last action first.
type RollbackReport struct {
	Incident incident.ID      `json:"incident"`
	DryRun   bool             `json:"dry_run"`
	Results  []RollbackResult `json:"results"`
	Left     int              `json:"left"` // of low danger, which are left as they are
}

// RollbackResult is what became of one action.
type RollbackResult struct {
	record.Unwound
	Name   string `json:"name"`
	Title  string `json:"title"`
	Target string `json:"target"`
}

// Open says how many are not undone and could be, by an approval or by hand.
func (r RollbackReport) Open() int {
	n := 0
	for _, x := range r.Results {
		if x.Result == record.Waiting || x.Result == record.NeedsHuman {
			n++
		}
	}
	return n
}

// Rollback undoes what was done, the last first. Each undoing is an action with
// a plan and an approval of its own: the first call plans them, and a later one
// sends those that were approved meanwhile, so that it can be called again after
// anything. What does not concern the same target does not wait for what fails.
func (s *Session) Rollback(ctx context.Context, id incident.ID, r RollbackRequest) (RollbackReport, error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return RollbackReport{}, err
	}
	if err := s.s.settleInterrupted(ctx, f); err != nil {
		return RollbackReport{}, err
	}
	f.busy.Lock()
	defer f.busy.Unlock()
	report := RollbackReport{Incident: id, DryRun: r.DryRun, Results: []RollbackResult{}}
	done, err := s.toUnwind(ctx, f, r, &report)
	if err != nil {
		return report, err
	}
	waits := map[string]string{} // targets whose last action is still in force
	for _, a := range done {
		u, err := s.unwind(ctx, f, a, r, waits)
		if err != nil {
			return report, err
		}
		report.Results = append(report.Results, RollbackResult{u, a.Name, a.Title, a.Target})
		if ctx.Err() != nil {
			break
		}
	}
	if r.DryRun || len(report.Results) == 0 {
		return report, context.Cause(ctx)
	}
	return report, errors.Join(s.rolledBack(context.WithoutCancel(ctx), f, r, report), context.Cause(ctx))
}

// toUnwind are the actions that the request is about, the last that was sent
// first.
func (s *Session) toUnwind(ctx context.Context, f *folder, r RollbackRequest, report *RollbackReport) ([]store.Action, error) {
	var out []store.Action
	err := f.store.View(ctx, func(tx *store.Tx) error {
		if !r.DryRun {
			if err := mustBeOpen(tx); err != nil {
				return err
			}
		}
		actions, err := tx.Actions()
		if err != nil {
			return err
		}
		sent, err := tx.EntriesOf(record.ActionSending)
		if err != nil {
			return err
		}
		at := map[string]int64{}
		for _, e := range sent {
			var p record.Attempt
			if err := e.Decode(&p); err != nil {
				return err
			}
			at[p.Action] = e.Seq
		}
		known := r.Step == ""
		for _, a := range actions {
			ofStep := a.Step == r.Step || base(a.Step) == r.Step || strings.HasPrefix(a.Step, r.Step+"/")
			known = known || ofStep
			switch {
			case a.Reverts != "" || !mayBeThere(a) || r.Step != "" && !ofStep || r.To != 0 && a.Phase <= r.To:
			case a.Danger < incident.Medium && !r.All:
				report.Left++
			default:
				out = append(out, a)
			}
		}
		if !known {
			return notFound("firebreak show "+string(f.id)+" lists the steps and their actions", "no action of a step %q: %w", r.Step, incident.ErrNotFound)
		}
		slices.SortFunc(out, func(a, b store.Action) int { return cmp.Compare(at[b.Action], at[a.Action]) })
		return nil
	})
	return out, err
}

// unwind takes the undoing of one action as far as it can go now. Its error
// stops the whole: what concerns the one action is in the result.
func (s *Session) unwind(ctx context.Context, f *folder, a store.Action, r RollbackRequest, waits map[string]string) (record.Unwound, error) {
	u := record.Unwound{Action: a.Action}
	end := func(result, format string, args ...any) (record.Unwound, error) {
		u.Result, u.Why = result, fmt.Sprintf(format, args...)
		return u, nil
	}
	var plan integrations.Plan
	if len(a.Plan) > 0 {
		if err := json.Unmarshal(a.Plan, &plan); err != nil {
			return u, fmt.Errorf("read plan of %s: %w", a.Action, err)
		}
	} else if a.RevertedBy == "" {
		return end(record.NeedsHuman, "its plan was erased: nobody knows any more what was there before")
	}
	switch {
	case a.RevertedBy != "":
		u.Undo = a.RevertedBy
		return end(record.Reverted, "")
	case plan.Unchanged:
		return end(record.NotOurs, "it was so before: nothing was changed")
	case ActionState(a.State) == Queued:
		return end(record.NeedsHuman, "it waits in the outbox and was not sent: firebreak outbox drop %s %s", f.id, a.Action)
	case ActionState(a.State) == Sending:
		return end(record.NeedsHuman, "another process is sending it")
	}
	stuck := "" // the later action on one of its targets that is still there
	for _, t := range targetsOf(plan) {
		id := t.Kind + " " + t.ID
		stuck = firstOf(stuck, waits[id])
		waits[id] = a.Action
	}
	if stuck != "" {
		return end(record.Waiting, "after %s, which acted on the same target later", stuck)
	}
	free := func() { // it is not in force any more: what was before it can go
		for _, t := range targetsOf(plan) {
			delete(waits, t.Kind+" "+t.ID)
		}
	}
	if ActionState(a.State) == Unknown {
		if r.DryRun {
			return end(record.Waiting, "nobody knows whether it happened: it is looked for first")
		}
		v, err := s.Look(ctx, f.id, a.Action)
		switch {
		case ctx.Err() != nil:
			return end(record.NeedsHuman, "stopped while it was looked for")
		case err == nil && v.State == Failed:
			free()
			return end(record.NotOurs, "looked: it did not happen")
		case err == nil && v.State == Queued:
			a.State = string(Queued)
		case err != nil || v.State == Unknown:
			return end(record.NeedsHuman, "nobody knows whether it happened: firebreak do %s %s --look (%v)", f.id, a.Action, err)
		}
		if a, err = s.stored(ctx, f, a.Action); err != nil {
			return u, err
		}
	}
	if ActionState(a.State) == Queued {
		free()
		if r.DryRun {
			return end(record.NotOurs, "it did not happen: it will be taken out of the outbox")
		}
		if err := s.drop(ctx, f, a.Action, "rolled back before it was sent"); err != nil {
			return end(record.NeedsHuman, "%v", err)
		}
		return end(record.NotOurs, "it did not happen, and was taken out of the outbox")
	}
	u, err := s.unwindOne(ctx, f, a, plan, r)
	if u.Result == record.Reverted || u.Result == record.NotOurs || u.Result == record.Irreversible {
		free()
	}
	return u, err
}

func (s *Session) stored(ctx context.Context, f *folder, action string) (a store.Action, err error) {
	err = f.store.View(ctx, func(tx *store.Tx) (err error) {
		a, err = tx.Action(action)
		return err
	})
	return a, err
}

// unwindOne plans and sends the inverse of an action that is known to have
// happened, if what is there is still what it left.
func (s *Session) unwindOne(ctx context.Context, f *folder, a store.Action, plan integrations.Plan, r RollbackRequest) (record.Unwound, error) {
	u := record.Unwound{Action: a.Action}
	human := func(format string, args ...any) (record.Unwound, error) {
		u.Result, u.Why = record.NeedsHuman, fmt.Sprintf(format, args...)
		return u, nil
	}
	_, w, err := s.wayBack(ctx, f, a.Action)
	if err != nil {
		if ctx.Err() != nil {
			return human("stopped")
		}
		return s.noWayBack(ctx, f, a, err)
	}
	w.reason, w.reverts = cmp.Or(r.Reason, "roll back "+a.Action), a.Action
	drifted := s.drifted(ctx, f, a, plan)
	reg, err := s.s.systems(f)
	if err != nil {
		return u, err
	}
	impl, connection, err := reg.Lookup(w.name, w.connection)
	if err != nil {
		return human("%v", err)
	}
	if drifted != "" || r.DryRun {
		key, err := s.newKey(f.id, w)
		if err != nil {
			return u, err
		}
		p, err := s.prepare(ctx, f, impl, integrations.Call{Action: w.name, Connection: connection, Params: w.params, Key: key, Incident: f.id, Step: w.step}, w)
		switch {
		case err != nil:
			return human("%v", err)
		case drifted != "" && !p.Unchanged:
			return human("what is there is not what %s left: %s; look, then firebreak revert %s %s", a.Action, drifted, f.id, a.Action)
		case r.DryRun:
			u.Result, u.Why = record.Waiting, w.name+": "+strings.Join(p.Effects, "; ")
			if p.Unchanged {
				u.Why = w.name + ": it is gone already"
			}
			return u, nil
		}
	}
	v, err := s.current(ctx, f, w)
	if err != nil {
		return human("%v", err)
	}
	u.Undo = v.Action
	now, err := s.stored(ctx, f, v.Action)
	if err != nil {
		return u, err
	}
	switch v.State { //nolint:exhaustive // the others can be gone on with
	case Unknown:
		return human("nobody knows whether %s happened: firebreak do %s %s --look", v.Action, f.id, v.Action)
	case Sending:
		return human("another process is sending %s", v.Action)
	}
	if err := s.mayBegin(f, now); err != nil {
		u.Result, u.Why = record.Waiting, fmt.Sprintf("%s: firebreak approve %s %s", needed(now.Planned), f.id, v.Action)
		return u, nil
	}
	if v, err = s.Do(ctx, f.id, v.Action); err != nil {
		return human("%v", err)
	}
	if v.State == Queued {
		u.Result, u.Why = record.Waiting, v.Action+" waits in the outbox: "+v.Says
		return u, nil
	}
	if v.State != Verified && v.State != Sent {
		return human("%s is %s: %s", v.Action, v.State, v.Says)
	}
	u.Result = record.Reverted
	if v.State == Sent {
		u.Why = "sent; nothing could be read back"
	}
	return u, nil
}

// drifted says how what is there differs from what the action left, "" when it
// does not, or when nobody can tell.
func (s *Session) drifted(ctx context.Context, f *folder, a store.Action, plan integrations.Plan) string {
	impl, err := s.lookup(f, a)
	if err != nil {
		return err.Error()
	}
	var receipt integrations.Receipt
	if err := planAndReceipt(a, &plan, &receipt); err != nil {
		return err.Error()
	}
	v, err := impl.Verify(ctx, plan.Call, receipt)
	switch {
	case errors.Is(err, integrations.ErrNotReadable), err == nil && (v.OK || v.Unread):
		return ""
	case err != nil:
		return "it could not be read: " + err.Error()
	}
	return v.Says
}

// noWayBack sorts out why there is no call that undoes an action.
func (s *Session) noWayBack(ctx context.Context, f *folder, a store.Action, cause error) (record.Unwound, error) {
	u := record.Unwound{Action: a.Action, Result: record.NeedsHuman, Why: cause.Error()}
	var step *playbooks.Step
	if a.Step != "" {
		st, err := s.stepStatus(ctx, f, a.Step)
		if err != nil {
			return u, err
		}
		if st != nil {
			step = st.Step
		}
	}
	impl, err := s.lookup(f, a)
	if err != nil {
		return u, nil // the connection is gone: the cause says so
	}
	_, reverts := impl.(integrations.Reverter)
	switch {
	case step != nil && step.Rollback != nil, reverts && a.Undo != "":
		return u, nil // by hand, or what it needs is missing
	case step != nil && step.Irreversible != "":
		u.Why = step.Irreversible
	}
	u.Result = record.Irreversible
	return u, nil
}

// rolledBack records what became of the rollback, where that is news.
func (s *Session) rolledBack(ctx context.Context, f *folder, r RollbackRequest, report RollbackReport) error {
	p := record.Rollback{Step: r.Step, Reason: r.Reason}
	if r.To != 0 {
		p.To = r.To.String()
	}
	for _, x := range report.Results {
		p.Results = append(p.Results, x.Unwound)
	}
	err := s.actIn(ctx, f, record.RolledBack, r.Step, p, func(tx *store.Tx) error {
		entries, err := tx.EntriesOf(record.RolledBack)
		if err != nil || len(entries) == 0 {
			return err
		}
		var last record.Rollback
		if err := entries[len(entries)-1].Decode(&last); err != nil {
			return err
		}
		if last.Reason = p.Reason; reflect.DeepEqual(last, p) {
			return errMoved
		}
		return nil
	})
	if errors.Is(err, errMoved) {
		return nil
	}
	return err
}
