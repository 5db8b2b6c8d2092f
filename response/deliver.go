package response

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"firebreak/integrations"
	"firebreak/integrations/gate"
	"firebreak/record"
	"firebreak/store"
)

// effort is how hard a delivery tries.
type effort struct {
	forced bool          // a person wants it now: also over an open breaker, and before its time
	tried  int           // how often that was so before
	wait   time.Duration // the longest wait between two tries; what takes longer stays in the outbox
	p      ProgressFunc
}

// atOnce is the effort of a person, or of a step, who waits for the end of it.
func atOnce(forced bool, p ProgressFunc) effort {
	return effort{forced: forced, wait: 10 * time.Second, p: p}
}

// errUnwanted says that nobody needs the action any more.
var errUnwanted = errors.New("it is not wanted any more")

// shot is one attempt.
type shot struct {
	a       store.Action
	plan    integrations.Plan
	attempt int  // 0: it did not come to the intent
	sent    bool // and the other side has it; what follows is about reading back
}

// deliver sends an action, and again as long as it is known not to have been sent
// and its time is not over. It ends with the action sent, failed, unknown, or in
// the outbox.
func (s *Session) deliver(ctx context.Context, f *folder, action string, how effort) error {
	for tries := how.tried + 1; ; tries++ {
		x, err := s.shoot(ctx, f, action, how)
		if err == nil || x.sent {
			return err
		}
		again, err := s.missed(ctx, f, x, tries, err)
		if err != nil {
			return err
		}
		wait := again.Sub(s.s.o.Now())
		if wait > how.wait {
			return s.stillQueued(ctx, f, action, again)
		}
		err = s.countdown(ctx, again, how.p, func(left time.Duration) string {
			return fmt.Sprintf("%s was not sent: trying again in %s", action, left)
		})
		if err != nil {
			return s.stoppedWaiting(ctx, f, action, err)
		}
	}
}

// shoot is one attempt: in the connection's turn, look once more whether the plan
// still holds, commit the intent, send.
func (s *Session) shoot(ctx context.Context, f *folder, action string, how effort) (shot, error) {
	var x shot
	var impl integrations.Action
	var call integrations.Call
	a, err := f.outboxAction(ctx, action)
	if err != nil {
		return x, err
	}
	x.a = a
	if err := s.mayBegin(f, a); err != nil { // it moved on since somebody saw it waiting
		return x, err
	}
	send, err := s.s.decorate(f, a.Connection, how.forced, func(ctx context.Context) (integrations.Receipt, error) {
		var err error
		if x.a, impl, x.plan, err = s.ready(ctx, f, action); err != nil {
			return integrations.Receipt{}, err
		}
		if err := s.startActionStep(ctx, f, x.a); err != nil {
			return integrations.Receipt{}, err
		}
		attempt, err := s.begin(ctx, f, action)
		if err != nil {
			return integrations.Receipt{}, err
		}
		x.attempt = attempt
		call = x.plan.Call
		call.Seal = f.store.Head().Seal()
		longest := lasts(impl, call)
		ctx, stop := context.WithTimeoutCause(ctx, longest, fmt.Errorf("it took longer than %s", longest))
		defer stop()
		return impl.Do(ctx, call, x.plan)
	})
	if err != nil {
		return x, err
	}
	receipt, err := send(ctx)
	if x.attempt > 0 && (err == nil || isAccepted(err)) {
		x.sent = true
		return x, s.sent(ctx, f, x.a, impl, call, x.attempt, receipt)
	}
	return x, err
}

// isAccepted says that the other side has taken the request and works on it.
func isAccepted(err error) bool {
	var e *integrations.Error
	return errors.As(err, &e) && e.Outcome == integrations.Accepted
}

// missed records what became of an attempt that did not go through. Without an
// error the action is in the outbox, and may be tried again at that time.
func (s *Session) missed(ctx context.Context, f *folder, x shot, tries int, cause error) (time.Time, error) {
	keep := context.WithoutCancel(ctx) // what became of it is recorded even when the caller has gone
	id := x.a.Action
	class, after, unsent := notSentYet(cause)
	final := func(kind record.Kind, class integrations.Outcome) error {
		out := record.Outcome{Action: id, Attempt: max(x.attempt, x.a.Attempts), Class: string(class), Error: cause.Error()}
		return errors.Join(s.still(keep, f, x.a, x.attempt, kind, out), actionError(x.a.Name+" on "+x.a.Target, cause))
	}
	switch {
	case x.attempt > 0 && integrations.OutcomeOf(cause) == integrations.Ambiguous:
		return time.Time{}, final(record.ActionUnknown, integrations.Ambiguous)
	case x.attempt > 0 && !unsent:
		return time.Time{}, final(record.ActionFailed, integrations.OutcomeOf(cause))
	case unsent && ctx.Err() == nil && (x.attempt > 0 || waits(x.a)):
		return s.requeue(ctx, f, x, tries, class, after, cause)
	case x.attempt > 0:
		return time.Time{}, final(record.ActionFailed, class)
	case ActionState(x.a.State) == Queued && spoilt(cause):
		return time.Time{}, final(record.ActionFailed, integrations.NotSent)
	}
	return time.Time{}, actionError(x.a.Name+" on "+x.a.Target, cause)
}

// waits says that an action is in the outbox, or is a message that goes there when
// it cannot be sent. What is unknown gets there by a look, and no other way.
func waits(a store.Action) bool {
	state := ActionState(a.State)
	return state == Queued || a.Message && (state == Approved || state == Failed && notDone(a))
}

// notSentYet says whether nothing was done and time may heal it, and how long the
// other side asks to wait.
func notSentYet(err error) (class integrations.Outcome, after time.Duration, ok bool) {
	var e *integrations.Error
	if !errors.As(err, &e) {
		return "", 0, false
	}
	switch e.Outcome {
	case integrations.NotSent, integrations.Throttled:
		return e.Outcome, e.After, true
	case integrations.Rejected, integrations.Ambiguous, integrations.Accepted:
	}
	return "", 0, false
}

// spoilt says that what waits in the outbox cannot be sent any more as it is:
// somebody has to look at it.
func spoilt(err error) bool {
	var e *integrations.Error
	var stale *StaleError
	switch {
	case errors.Is(err, errMoved):
		return false // somebody else has it in hand
	case errors.As(err, &stale), errors.Is(err, errUnwanted), errors.As(err, &e) && e.Outcome == integrations.Rejected:
		return true
	}
	return CodeOf(err) == CodeUsage
}

// patience is how long an action is tried again by itself.
func patience(a store.Action) integrations.Patience {
	if a.Message {
		return integrations.ForMessages
	}
	return integrations.ForActions
}

// patience is that of an action here.
func (s *Session) patience(a store.Action) integrations.Patience {
	p := patience(a)
	if s.s.mostWait > 0 {
		p.Most = s.s.mostWait
	}
	return p
}

// requeue puts an action back into the outbox, or gives it to a person when its
// tries or its time are used up. What never came to the intent is tried again
// without an entry for each time.
func (s *Session) requeue(ctx context.Context, f *folder, x shot, tries int, class integrations.Outcome, after time.Duration, cause error) (time.Time, error) {
	draw := make([]byte, 8)
	if err := s.s.draws(draw); err != nil {
		return time.Time{}, err
	}
	p, now := s.patience(x.a), s.s.o.Now().UTC()
	q := record.Queued{Action: x.a.Action, Since: now, Until: now.Add(p.For)}
	if was := x.a.Queue; was != nil {
		q = *was
	}
	q.Attempt, q.Class, q.Error = max(x.attempt, x.a.Attempts), string(class), cause.Error()
	if x.attempt > 0 {
		q.Tries++
	}
	q.NotBefore = now.Add(max(after, p.Wait(max(q.Tries, tries), binary.LittleEndian.Uint64(draw))))
	var open *gate.OpenError
	if errors.As(cause, &open) {
		q.NotBefore = open.Until
	}
	if p.Spent(max(q.Tries, pretend(x, tries)), now.Sub(q.Since)) || q.NotBefore.After(q.Until) {
		return time.Time{}, s.usedUp(ctx, f, x, q, cause)
	}
	if x.attempt == 0 && ActionState(x.a.State) == Queued {
		return q.NotBefore, nil
	}
	err := s.enqueue(ctx, f, x.a, x.attempt, q)
	return q.NotBefore, err
}

// pretend counts tries that left no entry, for those who may try a few times only.
func pretend(x shot, tries int) int {
	if x.a.Message {
		return 0
	}
	return tries
}

// enqueue records that an action waits in the outbox. Out of what has not begun,
// its approval is consumed by this entry.
func (s *Session) enqueue(ctx context.Context, f *folder, a store.Action, attempt int, q record.Queued) error {
	state := ActionState(a.State)
	if attempt == 0 && state != Queued && state != Unknown {
		if err := s.mayBegin(f, a); err != nil {
			return err
		}
	}
	return s.still(context.WithoutCancel(ctx), f, a, attempt, record.ActionQueued, q)
}

// still records something about an action that is still as it was read, or whose
// attempt is still ours. While one process learned that it could not send, another
// may have begun to: what the first knows is not about that attempt.
func (s *Session) still(ctx context.Context, f *folder, was store.Action, attempt int, kind record.Kind, payload any) error {
	err := f.updateAction(ctx, s, was.Action, func(now store.Action) (record.Kind, any, error) {
		ours := now.State == was.State && now.Attempts == was.Attempts
		if attempt > 0 {
			state := ActionState(now.State)
			ours = now.Attempts == attempt && (state == Sending || state == Unknown)
		}
		if !ours {
			return "", nil, fail(CodeRefused, "", "action %s: another process has it in hand, it is %s: %w", now.Action, now.State, errMoved)
		}
		return kind, payload, nil
	})
	return err
}

// usedUp records that an action was tried as often as it may be by itself.
func (s *Session) usedUp(ctx context.Context, f *folder, x shot, q record.Queued, cause error) error {
	why := fmt.Errorf("not sent in %d tries since %s, and left to a person: %w", max(q.Tries, 1), q.Since.UTC().Format(time.RFC3339), cause)
	out := record.Outcome{Action: x.a.Action, Attempt: q.Attempt, Class: q.Class, Error: why.Error()}
	err := s.still(context.WithoutCancel(ctx), f, x.a, x.attempt, record.ActionFailed, out)
	if errors.Is(err, errMoved) {
		return err
	}
	var hint string
	var e *integrations.Error
	if errors.As(cause, &e) {
		hint = e.Hint
	}
	return errors.Join(err, fail(CodeInternal, hint, "%s on %s: %w", x.a.Name, x.a.Target, why))
}

// queuedError says that an action is not sent yet and will be.
type queuedError struct {
	action string
	at     time.Time
	why    string
}

func (e queuedError) Error() string {
	return fmt.Sprintf("action %s is not sent yet: it waits in the outbox, next try at %s: %s", e.action, e.at.UTC().Format(time.RFC3339), e.why)
}

func (s *Session) stillQueued(ctx context.Context, f *folder, action string, at time.Time) error {
	a, err := f.outboxAction(ctx, action)
	if err != nil {
		return err
	}
	e := queuedError{action: action, at: at}
	if a.Queue != nil {
		e.why = a.Queue.Error
	}
	return fail(CodeInternal, "firebreak outbox run "+string(f.id)+" sends it when it can be sent", "%w", e)
}

// stoppedWaiting ends a wait that a person ended. A message stays in the outbox; a
// containment that came later would be a surprise.
func (s *Session) stoppedWaiting(ctx context.Context, f *folder, action string, cause error) error {
	keep := context.WithoutCancel(ctx)
	a, err := f.outboxAction(keep, action)
	if err != nil || a.Message || ActionState(a.State) != Queued {
		return errors.Join(fmt.Errorf("wait to repeat %s: %w", action, cause), err)
	}
	out := record.Outcome{Action: action, Attempt: a.Attempts, Class: a.Queue.Class, Error: "stopped by " + s.by.Name + " before it was sent: " + a.Queue.Error}
	return errors.Join(fmt.Errorf("wait to repeat %s: %w", action, cause), s.still(keep, f, a, 0, record.ActionFailed, out))
}

// overdue gives an action to a person whose time in the outbox is over.
func (s *Session) overdue(ctx context.Context, f *folder, a store.Action) error {
	err := f.updateAction(ctx, s, a.Action, func(now store.Action) (record.Kind, any, error) {
		if ActionState(now.State) != Queued || !now.Queue.Until.Before(s.s.o.Now()) {
			return "", nil, errMoved
		}
		q := now.Queue
		why := fmt.Sprintf("not sent between %s and %s, and left to a person", q.Since.UTC().Format(time.RFC3339), q.Until.UTC().Format(time.RFC3339))
		if q.Error != "" {
			why += ": " + q.Error
		}
		return record.ActionFailed, record.Outcome{Action: a.Action, Attempt: now.Attempts, Class: string(integrations.NotSent), Error: why}, nil
	})
	if errors.Is(err, errMoved) {
		return nil
	}
	return err
}

// outboxAction is an action as the outbox has it.
func (f *folder) outboxAction(ctx context.Context, action string) (store.Action, error) {
	var a store.Action
	err := f.store.View(ctx, func(tx *store.Tx) (err error) {
		if a, err = tx.Action(action); err != nil {
			return noAction(err)
		}
		return nil
	})
	return a, err
}

// unread is the member of a prior state that says that nothing was read.
const unread = "unread"

// drawUnread plans a message while the other side cannot be asked what is there:
// that there is no network must not keep it from being written down.
func (s *Service) drawUnread(ctx context.Context, impl integrations.Action, call integrations.Call) (integrations.Plan, error) {
	call.Seal = integrations.SealPlace
	p, err := impl.Plan(ctx, call, integrations.Prior{State: map[string]any{unread: true}})
	if err != nil {
		return integrations.Plan{}, actionError("plan "+call.Action, err)
	}
	p.Warnings = append(p.Warnings, "the other side could not be asked what is there")
	return p, nil
}

// drawMessage is draw for a message.
func (s *Service) drawMessage(ctx context.Context, impl integrations.Action, call integrations.Call) (integrations.Plan, error) {
	p, err := s.draw(ctx, impl, call)
	if _, _, unsent := notSentYet(err); err == nil || !unsent || ctx.Err() != nil {
		return p, err
	}
	blind, berr := s.drawUnread(ctx, impl, call)
	if berr != nil {
		return p, err
	}
	return blind, nil
}

func readPlan(a store.Action) (integrations.Plan, error) {
	var p integrations.Plan
	if err := json.Unmarshal(a.Plan, &p); err != nil {
		return p, fmt.Errorf("read plan of %s: %w", a.Action, err)
	}
	return p, nil
}

// drawFor plans what is wished for.
func (s *Session) drawFor(ctx context.Context, w wish, impl integrations.Action, call integrations.Call) (integrations.Plan, error) {
	switch {
	case w.unread:
		return s.s.drawUnread(ctx, impl, call)
	case w.message:
		return s.s.drawMessage(ctx, impl, call)
	}
	return s.s.draw(ctx, impl, call)
}
