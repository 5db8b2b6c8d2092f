package response

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"firebreak/incident"
	"firebreak/integrations"
	"firebreak/playbooks"
	"firebreak/record"
	"firebreak/store"
)

// RunStep performs an automatic step. For an action that needs approval it
// makes the plan and says who has to approve it; approved, it sends it.
func (s *Session) RunStep(ctx context.Context, id incident.ID, step string, p ProgressFunc) error {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return err
	}
	f.busy.Lock()
	defer f.busy.Unlock()
	return s.runStep(ctx, f, step, p)
}

func (s *Session) runStep(ctx context.Context, f *folder, step string, p ProgressFunc) error {
	st, res, err := s.resolve(ctx, f, step)
	if err != nil {
		return err
	}
	if res.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, res.Timeout, fmt.Errorf("step %s took longer than its timeout of %s", step, res.Timeout))
		defer cancel()
	}
	switch st.Verb {
	case playbooks.VerbAction, playbooks.VerbRun, playbooks.VerbHTTP:
		return s.runAction(ctx, f, st)
	case playbooks.VerbPlaybook:
		return s.beginCall(ctx, f, st)
	case playbooks.VerbNotify:
		if err := s.approvedNotices(ctx, f, st, res); err != nil {
			return err
		}
		return s.attempt(ctx, f, st, func() (map[string]any, error) { return s.notify(ctx, f, st, res, p) })
	case playbooks.VerbCollect:
		return s.attempt(ctx, f, st, func() (map[string]any, error) { return s.collectStep(ctx, f, st, res, p) })
	case playbooks.VerbIngest:
		return s.attempt(ctx, f, st, func() (map[string]any, error) { return s.ingestStep(ctx, f, st, res, p) })
	case playbooks.VerbDetect:
		return s.attempt(ctx, f, st, func() (map[string]any, error) { return s.detectStep(ctx, f, res, p) })
	case playbooks.VerbReview:
		_, err := s.writeReview(ctx, f, step, ReviewOptions{}) // a person ends the step, after reading it
		return err
	case playbooks.VerbWait:
		return s.wait(ctx, f, st, res)
	case playbooks.VerbManual, playbooks.VerbIf, playbooks.VerbSwitch, playbooks.VerbParallel, playbooks.VerbForEach:
	}
	return refused("firebreak step done "+string(f.id)+" "+step, "step %s is a %s step: nothing runs by itself", step, st.Verb)
}

// resolve returns a step that may run now, with its values filled in.
func (s *Session) resolve(ctx context.Context, f *folder, step string) (*playbooks.Step, playbooks.Resolved, error) {
	var st *playbooks.Step
	var res playbooks.Resolved
	err := f.store.View(ctx, func(tx *store.Tx) error {
		run, err := s.s.mustRun(tx, f.id)
		if err != nil {
			return err
		}
		status, err := wantState(run, step, playbooks.Ready, playbooks.Running)
		if err != nil {
			return err
		}
		st = status.Step
		if res, err = run.Resolve(st); err != nil {
			return unset(f.id, err)
		}
		return nil
	})
	return st, res, err
}

// unset gives the lack of a value its hint.
func unset(id incident.ID, err error) error {
	var u *playbooks.UnsetError
	if errors.As(err, &u) {
		return refused("firebreak change "+string(id)+" --var "+u.Name+"=VALUE", "%w", err)
	}
	return usage("", "%w", err)
}

// attempt records the start of a step, performs it, and records how it ended.
// When it fails and the playbook allows it, the step can be tried again.
func (s *Session) attempt(ctx context.Context, f *folder, st *playbooks.Step, perform func() (map[string]any, error)) error {
	if err := s.startAttempt(ctx, f, st.ID, time.Time{}); err != nil {
		return err
	}
	result, err := perform()
	return errors.Join(err, s.endAttempt(ctx, f, st.ID, result, err))
}

// startAttempt marks a step as begun by this process.
func (s *Session) startAttempt(ctx context.Context, f *folder, step string, until time.Time) error {
	return s.change(ctx, f, func(_ *store.Tx, run *playbooks.Run) (record.Kind, string, any, error) {
		st, err := wantState(run, step, playbooks.Ready)
		if err != nil {
			return "", "", nil, err
		}
		return record.StepStarted, step, record.StepBegin{Run: run.ID(), Attempt: st.Attempts + 1, Until: until, Owner: store.Owner()}, nil
	})
}

// endAttempt is kept even when the caller has gone: what happened, happened.
func (s *Session) endAttempt(ctx context.Context, f *folder, step string, result map[string]any, cause error) error {
	ctx = context.WithoutCancel(ctx)
	return s.change(ctx, f, func(_ *store.Tx, run *playbooks.Run) (record.Kind, string, any, error) {
		st, err := wantState(run, step, playbooks.Running)
		if err != nil {
			return "", "", nil, err
		}
		if cause == nil {
			end, err := run.Success(st.Step, nil, result, s.s.o.Now().UTC())
			if err != nil {
				cause = fmt.Errorf("set variables: %w", err)
			} else {
				return record.StepDone, step, end, nil
			}
		}
		if errors.Is(cause, context.Canceled) { // a person stopped it: it can be run again
			return record.StepReopened, step, record.StepSkip{Run: run.ID(), Reason: "stopped by " + s.by.Name}, nil
		}
		return record.StepFailed, step, run.Failure(st.Step, withHint(cause), s.s.o.Now().UTC(), passing(cause)), nil
	})
}

// passing says whether time alone may heal what is wrong.
func passing(cause error) bool {
	switch CodeOf(cause) {
	case CodeUnknown, CodeRefused, CodeUsage, CodeAuth:
		return false
	case CodeInternal, CodeNotFound, CodePartial, CodeIntegrity:
	}
	return true
}

// withHint keeps what a person can do beside what only a person can mend.
func withHint(cause error) error {
	if hint := HintOf(cause); hint != "" && CodeOf(cause) == CodeUsage {
		return fmt.Errorf("%w (%s)", cause, hint)
	}
	return cause
}

// howToConfigure is the hint where a connection is missing.
const howToConfigure = "add the connection to the file that firebreak config path names"

// runAction takes an action step as far as it can go now.
func (s *Session) runAction(ctx context.Context, f *folder, st *playbooks.Step) error {
	if under, err := s.resume(ctx, f, st); under || err != nil {
		return err
	}
	w, err := s.stepWish(ctx, f, st.ID)
	if err != nil {
		return err
	}
	reg, err := s.s.systems(f)
	if err != nil {
		return err
	}
	impl, connection, err := reg.Lookup(w.name, w.connection)
	if err != nil {
		return s.attempt(ctx, f, st, func() (map[string]any, error) { return nil, usage(howToConfigure, "%w", err) })
	}
	if c, ok := impl.(integrations.Collector); ok {
		w.connection = connection
		return s.attempt(ctx, f, st, func() (map[string]any, error) { return s.collectAction(ctx, f, st, impl, c, w) })
	}
	if impl.Describe().ReadOnly {
		return s.attempt(ctx, f, st, func() (map[string]any, error) { return s.read(ctx, f, impl, w) })
	}
	a, err := s.PlanStep(ctx, f.id, st.ID)
	if err != nil {
		return err
	}
	_, err = s.Do(ctx, f.id, a.Action)
	return err
}

// resume goes on with the action of a step that was begun before: it looks what
// became of it, and ends the step. Nothing is sent.
func (s *Session) resume(ctx context.Context, f *folder, st *playbooks.Step) (bool, error) {
	status, err := s.stepStatus(ctx, f, st.ID)
	if err != nil || status == nil || status.State != playbooks.Running {
		return false, err
	}
	a, ok, err := s.latestOf(ctx, f, wish{step: st.ID})
	if err != nil || !ok {
		return false, err
	}
	switch a.State {
	case Unknown, Sent:
		_, err = s.Look(ctx, f.id, a.Action)
	case Queued:
		_, err = s.Do(ctx, f.id, a.Action)
	case Verified, Failed, Rejected, Dropped:
		_, err = s.finishActionStep(ctx, f, a.Action)
	case Sending:
		err = refused("", "action %s is being sent", a.Action)
	case Planned, Approved:
		return false, nil
	}
	return true, err
}

// read calls an action that only reads: there is nothing to approve, and
// nothing that could be unknown.
func (s *Session) read(ctx context.Context, f *folder, impl integrations.Action, w wish) (map[string]any, error) {
	if err := integrations.Check(impl.Describe(), w.params); err != nil {
		return nil, usage("", "%w", err)
	}
	key, err := s.newKey(f.id, w)
	if err != nil {
		return nil, err
	}
	call := integrations.Call{Action: w.name, Connection: w.connection, Params: w.params, Key: key, Incident: f.id, Step: w.step}
	p, err := s.s.draw(ctx, impl, call)
	if err != nil {
		return nil, err
	}
	if err := s.protectRead(impl.Describe(), p); err != nil {
		return nil, err
	}
	r, err := impl.Do(ctx, call, p)
	if err != nil {
		return nil, actionError(w.name, err)
	}
	return r.Data, nil
}

// startActionStep marks the step an action belongs to as begun, before anything
// is sent. An undo belongs to no step.
func (s *Session) startActionStep(ctx context.Context, f *folder, a store.Action) error {
	if a.Step == "" || a.Reverts != "" {
		return nil
	}
	st, err := s.stepStatus(ctx, f, a.Step)
	if err != nil || st == nil || st.State != playbooks.Ready || !st.Step.Verb.Acts() {
		return err
	}
	return s.startAttempt(ctx, f, a.Step, time.Time{})
}

// finishActionStep ends the step an action belongs to, once its outcome is
// known, and returns the action as it is now.
func (s *Session) finishActionStep(ctx context.Context, f *folder, action string) (ActionView, error) {
	a, err := f.action(ctx, action)
	if err != nil || a.Step == "" || a.Reverts != "" {
		return a, err
	}
	st, err := s.stepStatus(ctx, f, a.Step)
	if err != nil || st == nil || !st.Step.Verb.Acts() {
		return a, err
	}
	var cause error
	switch a.State {
	case Verified, Sent: // sent and not verifiable: the action's own state says so
	case Failed:
		cause = refused("", "%s", a.Says) // what was sent and refused, or came to nothing, is not for a retry
		if a.NotSent() {
			cause = errors.New(a.Says)
		}
	case Rejected:
		cause = refused("", "the plan was rejected: %s", a.Says) // a person said no: no retry
	case Dropped:
		cause = refused("", "it was given up: %s", a.Says)
	case Planned, Approved, Queued, Sending, Unknown:
		return a, nil
	}
	if st.Rounds > 0 && !a.PlannedAt.After(st.RoundAt) {
		return a, nil // it is of the last time that the step was done
	}
	switch st.State {
	case playbooks.Running:
	case playbooks.Ready:
		if err := s.startAttempt(ctx, f, a.Step, time.Time{}); err != nil {
			return a, err
		}
	case playbooks.Locked, playbooks.Done, playbooks.Failed, playbooks.Skipped:
		return a, nil // the step went on without it
	}
	if cause == nil && st.Step.Verify != nil {
		cause = s.expect(ctx, f, st.Step, action)
	}
	data, err := s.receiptData(ctx, f, action)
	if err != nil {
		return a, err
	}
	return a, s.endAttempt(ctx, f, a.Step, data, cause)
}

// stepStatus is where a step stands; nil when there is no such step.
func (s *Session) stepStatus(ctx context.Context, f *folder, step string) (st *playbooks.StepStatus, err error) {
	err = f.store.View(ctx, func(tx *store.Tx) error {
		run, err := s.s.run(tx)
		if err != nil || run == nil {
			return err
		}
		if found, ok := run.Status(step); ok {
			st = found
		}
		return nil
	})
	return st, err
}

// receiptData is what the other side returned for an action.
func (s *Session) receiptData(ctx context.Context, f *folder, action string) (map[string]any, error) {
	var r integrations.Receipt
	err := f.store.View(ctx, func(tx *store.Tx) error {
		a, err := tx.Action(action)
		if err != nil || len(a.Last.Receipt) == 0 {
			return err
		}
		return json.Unmarshal(a.Last.Receipt, &r)
	})
	if err != nil {
		return nil, fmt.Errorf("read receipt of %s: %w", action, err)
	}
	return r.Data, nil
}

// expect runs the playbook's own check of a step: an action that only reads, or
// the read-back of the step's own.
func (s *Session) expect(ctx context.Context, f *folder, st *playbooks.Step, action string) error {
	reg, err := s.s.systems(f)
	if err != nil {
		return err
	}
	if st.Verify.Action == "" {
		got, err := s.readBack(ctx, f, action)
		if err != nil {
			return fmt.Errorf("verify step %s: %w", st.ID, err)
		}
		return s.holds(ctx, f, st, got)
	}
	impl, connection, err := reg.Lookup(st.Verify.Action, st.Verify.Connection)
	if err != nil {
		return usage("", "verify step %s: %w", st.ID, err)
	}
	if !impl.Describe().ReadOnly {
		return usage("", "verify step %s: %s changes things: a check must only read", st.ID, st.Verify.Action)
	}
	var params map[string]any
	err = f.store.View(ctx, func(tx *store.Tx) error {
		run, err := s.s.mustRun(tx, f.id)
		if err != nil {
			return err
		}
		params, err = run.Fill(st, st.Verify.With)
		return err
	})
	if err != nil {
		return err
	}
	got, err := s.read(ctx, f, impl, wish{name: st.Verify.Action, connection: connection, params: params, step: st.ID})
	if err != nil {
		return err
	}
	return s.holds(ctx, f, st, got)
}

// readBack asks the other side once more for the state an action changed.
func (s *Session) readBack(ctx context.Context, f *folder, action string) (map[string]any, error) {
	var a store.Action
	err := f.store.View(ctx, func(tx *store.Tx) (err error) {
		a, err = tx.Action(action)
		return err
	})
	if err != nil {
		return nil, err
	}
	impl, err := s.lookup(f, a)
	if err != nil {
		return nil, err
	}
	var plan integrations.Plan
	var receipt integrations.Receipt
	if err := planAndReceipt(a, &plan, &receipt); err != nil {
		return nil, err
	}
	v, err := impl.Verify(ctx, plan.Call, receipt)
	if err != nil {
		return nil, actionError("read back "+action, err)
	}
	return map[string]any{"ok": v.OK, "says": v.Says, "state": v.State}, nil
}

// holds evaluates the condition of a step's check.
func (s *Session) holds(ctx context.Context, f *folder, st *playbooks.Step, got map[string]any) error {
	ok := false
	err := f.store.View(ctx, func(tx *store.Tx) error {
		run, err := s.s.mustRun(tx, f.id)
		if err != nil {
			return err
		}
		ok, err = run.Expect(st, st.Verify.Expect, got)
		return err
	})
	if err != nil {
		return fmt.Errorf("verify step %s: %w", st.ID, err)
	}
	if !ok {
		return fmt.Errorf("verify step %s: expected %s, found %v", st.ID, st.Verify.Expect, got)
	}
	return nil
}

// wait starts a wait, or ends it when its time has come.
func (s *Session) wait(ctx context.Context, f *folder, st *playbooks.Step, res playbooks.Resolved) error {
	return s.startAttempt(ctx, f, st.ID, s.s.o.Now().UTC().Add(res.Wait))
}
