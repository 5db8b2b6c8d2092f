package response

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"firebreak/incident"
	"firebreak/integrations"
	"firebreak/playbooks"
	"firebreak/record"
	"firebreak/store"
)

const (
	approvalLasts = 15 * time.Minute // then the plan has to be looked at again
	verifyTries   = 5                // for effects that come late
)

// Reject says no to a plan; the step that wants it fails.
func (s *Session) Reject(ctx context.Context, id incident.ID, action, reason string) error {
	err := s.decide(ctx, id, action, func(_ *store.Tx, a store.Action) (record.Kind, record.Decision, error) {
		if ActionState(a.State) != Planned && ActionState(a.State) != Approved {
			return "", record.Decision{}, refused("", "action %s is %s", action, a.State)
		}
		return record.ActionRejected, record.Decision{Action: action, Digest: a.Digest, Reason: reason, Strength: record.Local}, nil
	})
	if err != nil {
		return err
	}
	f, err := s.s.open(ctx, id)
	if err != nil {
		return err
	}
	_, err = s.finishActionStep(ctx, f, action)
	return err
}

func (s *Session) decide(ctx context.Context, id incident.ID, action string, decide func(*store.Tx, store.Action) (record.Kind, record.Decision, error)) error {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return err
	}
	_, err = f.store.Update(ctx, func(tx *store.Tx) (record.Draft, error) {
		a, err := tx.Action(action)
		if err != nil {
			return record.Draft{}, noAction(err)
		}
		if err := mayAct(tx, a.Planned); err != nil {
			return record.Draft{}, err
		}
		kind, decision, err := decide(tx, a)
		if err != nil {
			return record.Draft{}, err
		}
		return s.draft(tx, kind, a.Step, decision)
	})
	return err
}

// Do sends an approved action and verifies its effect. The intent is durable
// before the first byte leaves. What is known not to have been sent is tried again
// for a while; then it stays in the outbox, or fails.
func (s *Session) Do(ctx context.Context, id incident.ID, action string) (ActionView, error) {
	return s.DoTelling(ctx, id, action, nil)
}

// DoTelling is Do that tells what it waits for.
func (s *Session) DoTelling(ctx context.Context, id incident.ID, action string, p ProgressFunc) (ActionView, error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return ActionView{}, err
	}
	if err := s.pulse(ctx, f, nil); err != nil {
		return ActionView{}, err
	}
	return s.doIn(ctx, f, action, atOnce(true, p))
}

func (s *Session) doIn(ctx context.Context, f *folder, action string, how effort) (ActionView, error) {
	a, err := f.outboxAction(ctx, action)
	if err != nil {
		return ActionView{}, err
	}
	if ActionState(a.State) == Queued {
		if err := s.overdue(ctx, f, a); err != nil {
			return ActionView{}, err
		}
	}
	failure := s.deliver(ctx, f, action, how)
	done, err := s.finishActionStep(context.WithoutCancel(ctx), f, action)
	return done, errors.Join(failure, err)
}

// ready returns what is needed to send the action, if it may be sent now and
// the world still looks as the plan says.
func (s *Session) ready(ctx context.Context, f *folder, action string) (store.Action, integrations.Action, integrations.Plan, error) {
	var a store.Action
	var plan integrations.Plan
	err := f.store.View(ctx, func(tx *store.Tx) (err error) {
		if a, err = tx.Action(action); err != nil {
			return noAction(err)
		}
		if err := mayAct(tx, a.Planned); err != nil {
			return err
		}
		if err := s.mayBegin(f, a); err != nil {
			return err
		}
		return s.wanted(tx, a)
	})
	if err != nil {
		return a, nil, plan, err
	}
	if plan, err = readPlan(a); err != nil {
		return a, nil, plan, err
	}
	impl, err := s.lookup(f, a)
	if err != nil {
		return a, nil, plan, err
	}
	return a, impl, plan, s.stillSo(ctx, f, a, impl, plan)
}

// wanted refuses an action whose step has ended without it, or is in the hands
// of another process.
func (s *Session) wanted(tx *store.Tx, a store.Action) error {
	if a.Step == "" || a.Reverts != "" {
		return nil
	}
	run, err := s.s.run(tx)
	if err != nil || run == nil {
		return err
	}
	st, ok := run.Status(a.Step)
	if ok && a.Message && st.State == playbooks.Failed { // because it could not be delivered
		return nil
	}
	if ok && (st.State == playbooks.Done || st.State == playbooks.Skipped || st.State == playbooks.Failed) {
		return refused("open the step again first: firebreak step reopen "+string(tx.ID())+" "+a.Step, "action %s: %w: its step %s is %s", a.Action, errUnwanted, a.Step, st.State)
	}
	if ok && st.State == playbooks.Running && st.Owner != "" && st.Owner != store.Owner() && store.Alive(st.Owner) {
		return refused("", "action %s: another process is at its step %s", a.Action, a.Step)
	}
	return nil
}

func (s *Session) lookup(f *folder, a store.Action) (integrations.Action, error) {
	reg, err := s.s.systems(f)
	if err != nil {
		return nil, err
	}
	impl, _, err := reg.Lookup(a.Name, a.Connection)
	if err != nil {
		return nil, usage("the connection it was planned for is gone from the configuration", "%w", err)
	}
	return impl, nil
}

// mayBegin says whether the action may be sent now: each approval that counts
// is checked again from its signed bytes.
func (s *Session) mayBegin(f *folder, a store.Action) error {
	valid, left, err := s.count(f, a)
	if err != nil {
		return err
	}
	enough := valid >= a.Planned.Approvals
	state, notDone := ActionState(a.State), notDone(a)
	switch {
	case (state == Planned || state == Approved || notDone) && enough:
		return nil
	case state == Planned || state == Approved || notDone:
		hint := "firebreak approve " + string(f.id) + " " + a.Action
		if len(left) > 0 {
			return refused("look at the plan again and approve it: "+hint, "action %s: %s", a.Action, strings.Join(left, "; "))
		}
		return refused(hint, "action %s needs %s: it has %d", a.Action, needed(a.Planned), valid)
	case state == Queued: // what it needed was consumed when it was put there
		if a.Queue.Until.Before(s.s.o.Now()) {
			return refused(hintRetry(f.id, a.Action), "action %s: its time in the outbox is over", a.Action)
		}
		return nil
	case state == Unknown:
		return fail(CodeUnknown, "firebreak do "+string(f.id)+" "+a.Action+" --look", "action %s may have happened: look first", a.Action)
	case state == Sending:
		return refused("", "action %s is being sent by another process", a.Action)
	}
	return refused("", "action %s is %s", a.Action, a.State)
}

// notDone says that the action failed without having been sent: it may be sent
// again with the same key.
func notDone(a store.Action) bool {
	return ActionState(a.State) == Failed && (a.Last.Class == string(integrations.NotSent) || a.Last.Class == string(integrations.Throttled))
}

// begin commits the intent: from here on a crash leaves the action unknown.
func (s *Session) begin(ctx context.Context, f *folder, action string) (int, error) {
	attempt := 0
	_, err := f.store.Update(ctx, func(tx *store.Tx) (record.Draft, error) {
		a, err := tx.Action(action)
		if err != nil {
			return record.Draft{}, err
		}
		if err := errors.Join(s.mayBegin(f, a), s.wanted(tx, a), s.within(tx, a)); err != nil {
			return record.Draft{}, err
		}
		attempt = a.Attempts + 1
		return s.draft(tx, record.ActionSending, a.Step, record.Attempt{Action: action, Attempt: attempt, Owner: store.Owner()})
	})
	return attempt, err
}

func (f *folder) updateAction(ctx context.Context, s *Session, action string, decide func(store.Action) (record.Kind, any, error)) error {
	_, err := f.store.Update(ctx, func(tx *store.Tx) (record.Draft, error) {
		a, err := tx.Action(action)
		if err != nil {
			return record.Draft{}, err
		}
		kind, payload, err := decide(a)
		if err != nil {
			return record.Draft{}, err
		}
		return s.draft(tx, kind, a.Step, payload)
	})
	return err
}

// sent records the receipt, then looks whether the effect is there.
func (s *Session) sent(ctx context.Context, f *folder, a store.Action, impl integrations.Action, call integrations.Call, attempt int, r integrations.Receipt) error {
	ctx = context.WithoutCancel(ctx) // the effect is out there: its receipt must be kept
	b, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("encode receipt: %w", err)
	}
	out := record.Outcome{Action: a.Action, Attempt: attempt, Ref: r.Ref, Says: r.Says, Receipt: b}
	if err := s.outcome(ctx, f, a.Step, record.ActionSent, out); err != nil {
		return err
	}
	return s.verifyEffect(ctx, f, a, impl, call, attempt, r)
}

func (s *Session) verifyEffect(ctx context.Context, f *folder, a store.Action, impl integrations.Action, call integrations.Call, attempt int, r integrations.Receipt) error {
	var v integrations.Verification
	var err error
	for try := range verifyTries {
		if try > 0 {
			if err := s.s.o.Sleep(ctx, time.Duration(try)*500*time.Millisecond); err != nil {
				return err
			}
		}
		if v, err = impl.Verify(ctx, call, r); errors.Is(err, integrations.ErrNotReadable) || v.Unread {
			return nil // it stays "sent": nobody claims to have seen the effect
		}
		if err == nil && (v.OK || v.Final) {
			break
		}
	}
	b, merr := json.Marshal(r)
	if merr != nil {
		return fmt.Errorf("encode receipt: %w", merr)
	}
	out := record.Outcome{Action: a.Action, Attempt: attempt, Ref: r.Ref, Says: v.Says, Receipt: b}
	switch {
	case err != nil:
		out.Class, out.Error = string(integrations.Ambiguous), "sent, but its effect could not be read back: "+err.Error()
		return errors.Join(s.seen(ctx, f, a.Action, record.ActionUnknown, out), fail(CodeUnknown, "firebreak do "+string(f.id)+" "+a.Action+" --look", "%s: %s", a.Action, out.Error))
	case !v.OK && v.Final:
		out.Class, out.Error = string(integrations.Rejected), "sent, but the effect is not there: "+v.Says
		return errors.Join(s.seen(ctx, f, a.Action, record.ActionFailed, out), fail(CodeInternal, "", "%s: %s", a.Action, out.Error))
	case !v.OK:
		// It may come late. Whether it did is for somebody to look; nothing may
		// send it again by itself.
		out.Class, out.Error = string(integrations.Ambiguous), "sent, but the effect is not there yet: "+v.Says
		return errors.Join(s.seen(ctx, f, a.Action, record.ActionUnknown, out), fail(CodeUnknown, "firebreak do "+string(f.id)+" "+a.Action+" --look", "%s: %s", a.Action, out.Error))
	}
	return s.seen(ctx, f, a.Action, record.ActionVerified, out)
}

// seen records what a look at the effect of an attempt came to. While one process
// looked another may have, and have said so; that stands.
func (s *Session) seen(ctx context.Context, f *folder, action string, kind record.Kind, out record.Outcome) error {
	err := f.updateAction(ctx, s, action, func(now store.Action) (record.Kind, any, error) {
		state := ActionState(now.State)
		if now.Attempts != out.Attempt || state != Sending && state != Sent && state != Unknown {
			return "", nil, errMoved
		}
		return kind, out, nil
	})
	if errors.Is(err, errMoved) {
		return nil
	}
	return err
}

func (s *Session) outcome(ctx context.Context, f *folder, step string, kind record.Kind, out record.Outcome) error {
	return s.actIn(ctx, f, kind, step, out, nil)
}

// actionError gives the outcomes of integrations their codes.
func actionError(what string, err error) error {
	var own *Error
	if errors.As(err, &own) {
		return fmt.Errorf("%s: %w", what, err)
	}
	var e *integrations.Error
	if !errors.As(err, &e) {
		return fmt.Errorf("%s: %w", what, err)
	}
	code := CodeInternal
	switch e.Outcome {
	case integrations.Ambiguous:
		code = CodeUnknown
	case integrations.Rejected:
		code = CodeRefused
	case integrations.NotSent, integrations.Throttled, integrations.Accepted:
	}
	return &Error{Code: code, Hint: e.Hint, Err: fmt.Errorf("%s: %w", what, err)}
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
