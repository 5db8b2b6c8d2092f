package response

import (
	"context"
	"fmt"
	"strings"
	"time"

	"firebreak/incident"
	"firebreak/integrations"
	"firebreak/record"
	"firebreak/store"
)

// OutboxRow is an action that has not come to a good end yet, with what a person
// can do about it.
type OutboxRow struct {
	Incident   incident.ID `json:"incident"`
	Action     string      `json:"action"`
	Title      string      `json:"title"`
	Name       string      `json:"name"`
	Connection string      `json:"connection"`
	Target     string      `json:"target"`
	Step       string      `json:"step,omitempty"`
	State      ActionState `json:"state"`
	Class      string      `json:"class,omitempty"`
	Says       string      `json:"says,omitempty"`
	Attempts   int         `json:"attempts"`
	NextTry    time.Time   `json:"next_try,omitzero"` // when it is sent, or can be looked for, next
	Until      time.Time   `json:"until,omitzero"`    // then it is left to a person
	Message    bool        `json:"message,omitempty"` // it carries words to people
	Instead    string      `json:"instead,omitempty"` // whose message it carries
	// NeedsHuman says that nothing more happens by itself. MayHaveHappened: that
	// sending it again may do it twice.
	NeedsHuman      bool   `json:"needs_human"`
	MayHaveHappened bool   `json:"may_have_happened"`
	Do              string `json:"do,omitempty"` // the command that goes on from here
}

func hintRetry(id incident.ID, action string) string {
	return "firebreak outbox retry " + string(id) + " " + action
}

// Outbox lists what is queued, being sent, unknown or failed, oldest first; with
// all also what was sent or given up.
func (s *Session) Outbox(ctx context.Context, id incident.ID, all bool) ([]OutboxRow, error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := s.s.settleDead(ctx, f); err != nil {
		return nil, err
	}
	var out []OutboxRow
	err = f.store.View(ctx, func(tx *store.Tx) error {
		actions, err := tx.Actions()
		if err != nil {
			return err
		}
		for _, a := range actions {
			if !all && !inOutbox(a) {
				continue
			}
			row, err := s.outboxRow(tx, f, a)
			if err != nil {
				return err
			}
			out = append(out, row)
		}
		return nil
	})
	return out, err
}

// inOutbox says that an action has not come to its end: it is on its way, or a
// person has to do something about it. What was only planned is not in it, a
// message is, for nobody has to say that it goes.
func inOutbox(a store.Action) bool {
	switch ActionState(a.State) {
	case Queued, Sending, Unknown, Failed:
		return true
	case Approved:
		return a.Message
	case Planned, Sent, Verified, Rejected, Dropped:
	}
	return false
}

func (s *Session) outboxRow(tx *store.Tx, f *folder, a store.Action) (OutboxRow, error) {
	v, err := actionView(a)
	if err != nil {
		return OutboxRow{}, err
	}
	r := OutboxRow{
		Incident: f.id, Action: a.Action, Title: a.Title, Name: a.Name, Connection: a.Connection, Target: a.Target, Step: a.Step,
		State: v.State, Class: v.Class, Says: v.Says, Attempts: a.Attempts, Message: a.Message, Instead: a.Instead,
	}
	command := "firebreak outbox %s " + string(f.id) + " " + a.Action
	switch v.State {
	case Queued:
		r.NextTry, r.Until = a.Queue.NotBefore, a.Queue.Until
		r.Do = "firebreak outbox run " + string(f.id)
		r.NeedsHuman = r.Until.Before(s.s.o.Now())
	case Unknown:
		r.MayHaveHappened = true
		r.Do = "firebreak do " + string(f.id) + " " + a.Action + " --look"
		if r.NextTry, err = s.quietUntil(tx, f, a); err != nil {
			return r, err
		}
		impl, err := s.lookup(f, a)
		r.NeedsHuman = err != nil || !findable(impl)
		if r.NeedsHuman {
			r.NextTry = time.Time{}
			r.Do = "firebreak do " + string(f.id) + " " + a.Action + " --happened yes (or no) --reason WHO-SAID-SO"
		}
	case Failed:
		r.NeedsHuman, r.MayHaveHappened = true, !notDone(a) && v.Class != string(integrations.Rejected)
		r.Do = fmt.Sprintf(command, "drop") + " --reason WHY"
		if notDone(a) {
			r.Do = fmt.Sprintf(command, "retry")
		}
	case Approved:
		r.Do = "firebreak outbox run " + string(f.id)
	case Dropped:
		r.MayHaveHappened = v.Class == string(integrations.Ambiguous)
	case Planned, Sending, Sent, Verified, Rejected:
	}
	return r, nil
}

// findable says that what became of an action can be found out without a person.
func findable(impl integrations.Action) bool {
	if impl == nil {
		return false
	}
	_, finds := impl.(integrations.Finder)
	return finds || repeatable(impl)
}

// Retry sends an action that is known not to have been sent, at once and with the
// same key. Where the other side may have it, or has refused it, again makes a new
// plan of it with a new key, for a reason; the old one is given up.
func (s *Session) Retry(ctx context.Context, id incident.ID, action string, again bool, reason string, p ProgressFunc) (ActionView, error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return ActionView{}, err
	}
	if err := s.s.settleDead(ctx, f); err != nil {
		return ActionView{}, err
	}
	a, err := f.outboxAction(ctx, action)
	if err != nil {
		return ActionView{}, err
	}
	state := ActionState(a.State)
	if again {
		return s.sendAgain(ctx, f, a, reason, p)
	}
	switch {
	case state == Queued, state == Approved, state == Failed && notDone(a):
		return s.doIn(ctx, f, action, atOnce(true, p))
	case state == Unknown:
		return ActionView{}, refused("look first: firebreak do "+string(id)+" "+action+" --look; to send it whatever happened: "+hintRetry(id, action)+" --again --reason WHY",
			"action %s may have been sent", action)
	case state == Failed:
		return ActionView{}, refused("to send it all the same, as a new action: "+hintRetry(id, action)+" --again --reason WHY", "action %s was not taken: %s", action, a.Last.Error)
	}
	return ActionView{}, refused("", "action %s is %s", action, a.State)
}

// sendAgain plans what was sent, or may have been, once more: another action, with
// the next epoch of its key, that needs its own approval.
func (s *Session) sendAgain(ctx context.Context, f *folder, a store.Action, reason string, p ProgressFunc) (ActionView, error) {
	if strings.TrimSpace(reason) == "" {
		return ActionView{}, usage("--reason \"why it is to be sent once more\"", "sending %s again needs a reason", a.Action)
	}
	switch ActionState(a.State) {
	case Unknown, Failed, Dropped, Sent, Verified:
	case Planned, Approved, Queued, Sending, Rejected:
		return ActionView{}, refused("", "action %s is %s: there is nothing to send again", a.Action, a.State)
	}
	plan, err := readPlan(a)
	if err != nil {
		return ActionView{}, err
	}
	err = f.store.View(ctx, func(tx *store.Tx) error {
		all, err := tx.Actions()
		for _, other := range all {
			if other.Again == a.Action {
				return refused("", "action %s was sent again as %s", a.Action, other.Action)
			}
		}
		return err
	})
	if err != nil {
		return ActionView{}, err
	}
	params := plan.Call.Params
	if a.Message && mayHaveHappened(a) {
		params = sayRepetition(params)
	}
	next, err := s.plan(ctx, f, wish{
		name: a.Name, connection: a.Connection, params: params, step: a.Step, title: a.Title,
		reason: reason, message: a.Message, instead: a.Instead, repeats: a,
	})
	if err != nil {
		return ActionView{}, err
	}
	if st := ActionState(a.State); st == Unknown || st == Failed {
		if err := s.drop(ctx, f, a.Action, "sent again as "+next.Action+": "+reason); err != nil {
			return next, err
		}
	}
	if next.State != Approved {
		return next, nil
	}
	return s.doIn(ctx, f, next.Action, atOnce(true, p))
}

func mayHaveHappened(a store.Action) bool {
	state := ActionState(a.State)
	return state == Unknown || state == Sent || state == Verified || a.Last.Class == string(integrations.Ambiguous)
}

// repetition is what a message says that somebody may have got already.
const repetition = "(may be a repetition) "

// sayRepetition puts that in front of the text of a message, whatever its system
// calls it.
func sayRepetition(params map[string]any) map[string]any {
	out := make(map[string]any, len(params))
	for k, v := range params {
		out[k] = v
	}
	for _, name := range []string{"text", "message", "body", "summary", "note", "subject", "title"} {
		if text, ok := out[name].(string); ok && !strings.HasPrefix(text, repetition) {
			out[name] = repetition + text
			break
		}
	}
	return out
}

// Drop gives an action up, for a reason: it is not sent by itself any more. What
// may have happened is not known better by that, and stays to be said.
func (s *Session) Drop(ctx context.Context, id incident.ID, action, reason string) (ActionView, error) {
	if strings.TrimSpace(reason) == "" {
		return ActionView{}, usage("--reason \"why it is not needed any more\"", "giving up %s needs a reason", action)
	}
	f, err := s.s.open(ctx, id)
	if err != nil {
		return ActionView{}, err
	}
	if err := s.s.settleDead(ctx, f); err != nil {
		return ActionView{}, err
	}
	if err := s.drop(ctx, f, action, reason); err != nil {
		return ActionView{}, err
	}
	return s.finishActionStep(ctx, f, action)
}

func (s *Session) drop(ctx context.Context, f *folder, action, reason string) error {
	return f.updateAction(ctx, s, action, func(a store.Action) (record.Kind, any, error) {
		switch ActionState(a.State) {
		case Planned, Approved, Queued, Failed, Unknown:
		case Sending, Sent, Verified, Rejected, Dropped:
			return "", nil, refused("", "action %s is %s", action, a.State)
		}
		return record.ActionDropped, record.Decision{Action: action, Digest: a.Digest, Reason: reason, Strength: record.Local}, nil
	})
}

// Enqueue puts an approved action, or one that is known not to have been sent, into
// the outbox: it is sent by whoever works it next.
func (s *Session) Enqueue(ctx context.Context, id incident.ID, action string) (ActionView, error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return ActionView{}, err
	}
	a, err := f.outboxAction(ctx, action)
	if err != nil {
		return ActionView{}, err
	}
	if ActionState(a.State) != Queued {
		now := s.s.o.Now().UTC()
		err := s.enqueue(ctx, f, a, 0, record.Queued{Action: action, Attempt: a.Attempts, NotBefore: now, Since: now, Until: now.Add(patience(a).For)})
		if err != nil {
			return ActionView{}, err
		}
	}
	return f.action(ctx, action)
}

// earliest is the earlier of two moments, either of which may not be there.
func earliest(a, b time.Time) time.Time {
	switch {
	case a.IsZero():
		return b
	case b.IsZero() || a.Before(b):
		return a
	}
	return b
}
