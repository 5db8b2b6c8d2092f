package response

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"time"

	"firebreak/incident"
	"firebreak/integrations"
	"firebreak/integrations/gate"
	"firebreak/playbooks"
	"firebreak/record"
	"firebreak/store"
)

// OutboxRun is what working the outbox came to.
type OutboxRun struct {
	Incident  incident.ID `json:"incident"`
	Delivered []string    `json:"delivered,omitempty"` // actions that were sent, or found to have been
	Failed    []string    `json:"failed,omitempty"`    // and those that were left to a person
	Waiting   []OutboxRow `json:"waiting,omitempty"`   // what is still in it
	Next      time.Time   `json:"next,omitzero"`       // when something of it is due
}

// RunOutbox works the outbox until nothing is left in it that goes on by itself:
// what is queued is sent when it is due, what is unknown is looked for once a look
// can be believed, and sent again with its key where it surely did not happen.
// With once it does what is due now, and waits for nothing but that.
func (s *Session) RunOutbox(ctx context.Context, id incident.ID, once bool, p ProgressFunc) (OutboxRun, error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return OutboxRun{}, err
	}
	w := &worker{s: s, f: f, p: inTurn(p), rows: map[string]*tried{}, run: OutboxRun{Incident: id}}
	for {
		if err := s.s.settleDead(ctx, f); err != nil {
			return w.run, err
		}
		due, next, err := w.due(ctx)
		if err != nil {
			return w.run, err
		}
		if len(due) == 0 && (once || next.IsZero()) {
			w.run.Next = next
			break
		}
		if len(due) > 0 {
			if err := w.work(ctx, due); err != nil {
				return w.run, err
			}
			continue
		}
		// Another process may put something into it meanwhile.
		until := earliest(next, s.s.o.Now().Add(5*time.Second))
		err = s.countdown(ctx, until, w.p, func(time.Duration) string {
			return "the outbox waits until " + next.UTC().Format("15:04:05Z")
		})
		if err != nil {
			return w.run, err
		}
	}
	if w.run.Waiting, err = s.Outbox(ctx, id, false); err != nil {
		return w.run, err
	}
	return w.run, nil
}

// inTurn lets several tell their progress.
func inTurn(p ProgressFunc) ProgressFunc {
	if p == nil {
		return nil
	}
	var mu sync.Mutex
	return func(told Progress) {
		mu.Lock()
		defer mu.Unlock()
		p(told)
	}
}

// worker works one outbox. What it remembers of a row is lost with it: the record
// has what must not be.
type worker struct {
	s *Session
	f *folder
	p ProgressFunc

	mu   sync.Mutex
	rows map[string]*tried
	run  OutboxRun
}

// tried is what a worker did about a row.
type tried struct {
	times  int
	next   time.Time // not before
	ended  bool      // nothing more happens by itself
	looked bool      // of one that was sent
}

func (w *worker) row(action string) *tried {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.rows[action] == nil {
		w.rows[action] = &tried{}
	}
	return w.rows[action]
}

// due are the rows that can be worked on now, by connection, and when the next one
// can.
func (w *worker) due(ctx context.Context) (map[string][]store.Action, time.Time, error) {
	due, next := map[string][]store.Action{}, time.Time{}
	now := w.s.s.o.Now()
	err := w.f.store.View(ctx, func(tx *store.Tx) error {
		actions, err := tx.Actions()
		if err != nil {
			return err
		}
		for _, a := range actions {
			t := w.row(a.Action)
			at, ok, err := w.when(tx, a, t)
			if err != nil {
				return err
			}
			if !ok || t.ended {
				continue
			}
			if t.next.After(at) {
				at = t.next
			}
			if at.After(now) {
				next = earliest(next, at)
				continue
			}
			due[a.Connection] = append(due[a.Connection], a)
		}
		return nil
	})
	return due, next, err
}

// when says at what time a row can be worked on, if it can be without a person.
func (w *worker) when(tx *store.Tx, a store.Action, t *tried) (time.Time, bool, error) {
	switch ActionState(a.State) {
	case Queued:
		return a.Queue.NotBefore, true, nil
	case Approved: // a message that nobody came to send
		return a.Changed, a.Message, nil
	case Sent: // nobody came to look
		return a.Changed, !t.looked, nil
	case Unknown:
		impl, err := w.s.lookup(w.f, a)
		if err != nil || !findable(impl) {
			return time.Time{}, false, nil //nolint:nilerr // it is left to a person, and listed
		}
		at, err := w.s.quietUntil(tx, w.f, a)
		return at, true, err
	case Sending: // somebody is at it
		return w.s.s.o.Now().Add(time.Second), true, nil
	case Planned, Verified, Failed, Rejected, Dropped:
	}
	return time.Time{}, false, nil
}

// work works on the rows that are due: one after the other on a connection, all
// connections beside each other, so that one that does not answer holds up none.
func (w *worker) work(ctx context.Context, due map[string][]store.Action) error {
	var all sync.WaitGroup
	errs := make(chan error, len(due))
	for _, rows := range due {
		all.Go(func() {
			for _, a := range rows {
				if ctx.Err() != nil {
					return
				}
				if err := w.one(ctx, a); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	all.Wait()
	close(errs)
	var out []error
	for err := range errs {
		out = append(out, err)
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return errors.Join(out...)
}

// one works on one row. Only what stops all work is an error.
func (w *worker) one(ctx context.Context, a store.Action) error {
	t := w.row(a.Action)
	now, err := w.f.outboxAction(ctx, a.Action)
	if err != nil || now.State != a.State || now.Attempts != a.Attempts {
		return err // another process was at it since it was found due
	}
	if w.p != nil {
		w.p(Progress{Step: a.Step, What: fmt.Sprintf("%s: %s over %s", a.Action, a.Title, a.Connection)})
	}
	switch ActionState(a.State) {
	case Sent:
		t.looked = true
		_, err = w.s.lookAgain(ctx, w.f, a)
	case Unknown:
		err = w.s.look(ctx, w.f, a)
	case Queued, Approved:
		if ActionState(a.State) == Queued {
			if err = w.s.overdue(ctx, w.f, a); err != nil {
				return err
			}
		}
		err = w.s.deliver(ctx, w.f, a.Action, effort{tried: t.times, p: w.p})
	case Sending: // when it is due it is looked at again, above
		t.next = w.s.s.o.Now().Add(time.Second)
		return nil
	case Planned, Verified, Failed, Rejected, Dropped:
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return w.after(ctx, a, t, err)
}

// after notes what became of a row: delivered, left to a person, or to be tried
// again.
func (w *worker) after(ctx context.Context, a store.Action, t *tried, cause error) error {
	now, err := w.s.finishActionStep(ctx, w.f, a.Action)
	if err != nil {
		return err
	}
	was, moved := ActionState(a.State), now.State != ActionState(a.State)
	if moved {
		t.times = 0
	} else {
		t.times++
	}
	switch now.State {
	case Verified, Sent:
		if moved {
			w.note(&w.run.Delivered, a.Action)
		}
		return w.s.heal(ctx, w.f, now, w.p)
	case Failed:
		t.ended = true
		if was != Failed {
			w.note(&w.run.Failed, a.Action)
		}
	case Queued, Approved, Unknown:
		return w.again(a, t, moved, cause)
	case Planned, Sending, Rejected, Dropped:
	}
	return nil
}

func (w *worker) note(list *[]string, action string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	*list = append(*list, action)
}

// again says when a row is worked on next. What moved on has a time of its own.
func (w *worker) again(a store.Action, t *tried, moved bool, cause error) error {
	var queued queuedError
	var open *gate.OpenError
	switch {
	case errors.As(cause, &queued):
		t.next = queued.at
	case errors.As(cause, &open):
		t.next = open.Until
	case errors.Is(cause, integrations.ErrNotReadable):
		t.ended = true
	case moved || cause == nil:
	default:
		draw := make([]byte, 8)
		if err := w.s.s.draws(draw); err != nil {
			return err
		}
		t.next = w.s.s.o.Now().Add(w.s.patience(a).Wait(t.times, binary.LittleEndian.Uint64(draw)))
	}
	return nil
}

// heal lets a step that failed because its message could not be delivered end well
// once all its messages are.
func (s *Session) heal(ctx context.Context, f *folder, a ActionView, p ProgressFunc) error {
	if !a.Message || a.Step == "" {
		return nil
	}
	st, err := s.stepStatus(ctx, f, a.Step)
	if err != nil || st == nil || st.Step.Verb != playbooks.VerbNotify || st.State != playbooks.Failed || !a.PlannedAt.After(st.RoundAt) {
		return err
	}
	open := false
	err = f.store.View(ctx, func(tx *store.Tx) error {
		actions, err := tx.Actions()
		for _, other := range actions {
			if other.Step == a.Step && other.PlannedAt.After(st.RoundAt) && inOutbox(other) {
				open = true
			}
		}
		return err
	})
	if err != nil || open || !f.busy.TryLock() {
		return err
	}
	defer f.busy.Unlock()
	err = s.s.As(incident.Actor{Name: "firebreak"}).change(ctx, f, func(_ *store.Tx, run *playbooks.Run) (record.Kind, string, any, error) {
		now, ok := run.Status(a.Step)
		if !ok || now.State != playbooks.Failed {
			return "", "", nil, errMoved
		}
		return record.StepReopened, a.Step, record.StepSkip{Run: run.ID(), Reason: "its message was delivered from the outbox (" + a.Action + ")"}, nil
	})
	if errors.Is(err, errMoved) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.runStep(ctx, f, a.Step, p)
}
