package response

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"firebreak/incident"
	"firebreak/integrations"
	"firebreak/playbooks"
	"firebreak/record"
	"firebreak/store"
)

// overdue is a step whose plan nobody approved in the time that its playbook gives.
type overdue struct {
	step   *playbooks.Step
	action store.Action // "" of a step that people end themselves
}

// lapsed does what playbooks say of approvals that nobody gave in time: the
// step fails, or is skipped, or people on call are told once and it goes on
// waiting.
func (s *Session) lapsed(ctx context.Context, f *folder) error {
	var all []overdue
	var unsent []string // pages that were to be sent when a process ended
	err := f.store.View(ctx, func(tx *store.Tx) error {
		run, err := s.s.mustRun(tx, f.id)
		if err != nil {
			return err
		}
		told, pages, err := lapses(tx)
		if err != nil {
			return err
		}
		actions, err := tx.Actions()
		if err != nil {
			return err
		}
		for _, a := range actions {
			if slices.Contains(pages, a.Action) && (ActionState(a.State) == Planned || notDone(a)) {
				unsent = append(unsent, a.Action)
			}
		}
		for _, st := range run.Steps() {
			if a, is := s.isLate(f, st, actions); is && !slices.Contains(told, a.Action) {
				all = append(all, overdue{st.Step, a})
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, page := range unsent {
		if _, err := s.Do(ctx, f.id, page); err != nil {
			return fmt.Errorf("tell that an approval is missing: %w", err)
		}
	}
	for _, l := range all {
		if err := s.lapse(ctx, f, l); err != nil && !errors.Is(err, errMoved) {
			return fmt.Errorf("step %s: nobody approved it: %w", l.step.ID, err)
		}
	}
	return nil
}

// lapses are the actions of which it is recorded that nobody approved them, and
// those that told of it.
func lapses(tx *store.Tx) (told, pages []string, err error) {
	entries, err := tx.EntriesOf(record.ActionLapsed)
	if err != nil {
		return nil, nil, err
	}
	for _, e := range entries {
		var l record.Lapse
		if err := e.Decode(&l); err != nil {
			return nil, nil, err
		}
		told, pages = append(told, l.Action), append(pages, l.Pages...)
	}
	return told, pages, nil
}

// isLate says that the step waits for an approval longer than it may. The time
// runs from the plan on: before that there is nothing to approve. Of a step that
// people do, it runs from when they can.
func (s *Session) isLate(f *folder, st *playbooks.StepStatus, actions []store.Action) (store.Action, bool) {
	if st.State != playbooks.Ready || st.Step.Approve == nil || st.Step.Approve.Timeout.IsZero() {
		return store.Action{}, false
	}
	if st.Step.Verb.Manual() {
		return store.Action{}, st.Step.Approve.OnTimeout != "page" && st.Step.Approve.OnTimeout != "" && s.over(st.Step, st.ReadyAt)
	}
	a, ok := newestAction(actions, st.Step.ID)
	return a, ok && ActionState(a.State) == Planned && s.mayBegin(f, a) != nil && s.over(st.Step, a.PlannedAt)
}

func (s *Session) over(st *playbooks.Step, since time.Time) bool {
	return !since.IsZero() && !s.s.o.Now().Before(st.Approve.Timeout.After(since))
}

// lapse records that nobody approved a step, and does what follows.
func (s *Session) lapse(ctx context.Context, f *folder, l overdue) error {
	self := s.s.As(incident.Actor{Name: "firebreak"})
	pages, err := s.pages(ctx, f, l)
	if err != nil {
		return err
	}
	_, err = f.store.UpdateAll(ctx, func(tx *store.Tx) ([]record.Draft, error) {
		run, err := s.s.mustRun(tx, f.id)
		if err != nil {
			return nil, err
		}
		st, ok := run.Status(l.step.ID)
		if !ok || st.State != playbooks.Ready {
			return nil, errMoved
		}
		var drafts []record.Draft
		add := func(kind record.Kind, payload any) error {
			d, err := self.draft(tx, kind, l.step.ID, payload)
			drafts = append(drafts, d)
			return err
		}
		kind, payload := run.Lapse(st.Step, s.s.o.Now().UTC())
		if l.action.Action != "" {
			now, err := tx.Action(l.action.Action)
			if err != nil {
				return nil, err
			}
			if told, _, err := lapses(tx); err != nil || ActionState(now.State) != Planned || slices.Contains(told, now.Action) {
				return nil, errors.Join(errMoved, err)
			}
			if err := add(record.ActionLapsed, record.Lapse{Action: now.Action, After: st.Step.Approve.Timeout.Text, Pages: pages}); err != nil {
				return nil, err
			}
			if kind != "" {
				no := record.Decision{Action: now.Action, Digest: now.Digest, Reason: "nobody approved it within " + st.Step.Approve.Timeout.Text, Strength: record.Local}
				if err := add(record.ActionRejected, no); err != nil {
					return nil, err
				}
			}
		}
		if kind == "" {
			return drafts, nil
		}
		more, err := self.settled(tx, run, kind, l.step.ID, payload)
		return append(drafts, more...), err
	})
	if err != nil {
		return err
	}
	for _, page := range pages {
		if _, err := s.Do(ctx, f.id, page); err != nil {
			return fmt.Errorf("tell the people on call: %w", err)
		}
	}
	return nil
}

// pages plans the messages to the people on call, where the playbook wants them
// told.
func (s *Session) pages(ctx context.Context, f *folder, l overdue) ([]string, error) {
	if how := l.step.Approve.OnTimeout; l.action.Action == "" || how == "fail" || how == "skip" {
		return nil, nil
	}
	inc, err := f.incident(ctx)
	if err != nil {
		return nil, err
	}
	reg, err := s.s.systems(f)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, connection := range reg.OfKind("pagerduty") {
		m := integrations.Message{
			Subject:  fmt.Sprintf("[%s %s %s] %s needs an approval", inc.Mode(), inc.Severity, inc.ID, l.action.Action),
			Body:     fmt.Sprintf("%s on %s waits for %s since %s.", l.action.Title, l.action.Target, plural(l.action.Planned.Approvals, "approval"), l.action.PlannedAt.UTC().Format(time.RFC3339)),
			Severity: inc.Severity,
		}
		if s.s.carries(f, connection, inc.TLP) != nil { // people have to come, and are told no more
			m.Body = "Look into Firebreak: what it is about may not be written here."
		}
		name, params, err := reg.Notification(connection, m)
		if err != nil {
			return nil, usage(howToConfigure, "page over %s: %w", connection, err)
		}
		a, err := s.plan(ctx, f, wish{name: name, connection: connection, params: params, message: true, reason: "nobody approved " + l.action.Action + " of step " + l.step.ID})
		if err != nil {
			return nil, err
		}
		out = append(out, a.Action)
	}
	return out, nil
}
