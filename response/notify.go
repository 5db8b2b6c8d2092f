package response

import (
	"context"
	"errors"
	"fmt"

	"firebreak/integrations"
	"firebreak/playbooks"
)

// notify sends a step's message to each of its connections, as one action each.
// A message that went out before is not sent again when the step is repeated.
func (s *Session) notify(ctx context.Context, f *folder, st *playbooks.Step, res playbooks.Resolved) (map[string]any, error) {
	wishes, errs := s.notices(ctx, f, st, res)
	result := map[string]any{}
	for _, w := range wishes {
		ref, err := s.tellOnce(ctx, f, w)
		if err != nil {
			errs = append(errs, fmt.Errorf("notify %s: %w", w.connection, err))
			continue
		}
		result[w.connection] = ref
	}
	return result, errors.Join(errs...)
}

// approvedNotices makes sure that a step's messages have the approval that the
// playbook asks for: it plans them, and says what has to be approved.
func (s *Session) approvedNotices(ctx context.Context, f *folder, st *playbooks.Step, res playbooks.Resolved) error {
	if st.Approve == nil {
		return nil
	}
	wishes, errs := s.notices(ctx, f, st, res)
	for _, w := range wishes {
		a, ok, err := s.latestOf(ctx, f, w.step, w.name, w.connection)
		if err == nil && (!ok || (a.State != Verified && a.State != Sent)) {
			a, err = s.current(ctx, f, w)
		}
		if err != nil {
			errs = append(errs, err)
		} else if a.State == Planned {
			errs = append(errs, refused("firebreak approve "+string(f.id)+" "+a.Action+", then run the step again", "the message over %s needs %s: action %s", w.connection, plural(a.Approvals, "approval"), a.Action))
		}
	}
	return errors.Join(errs...)
}

// notices puts a step's message into the form of each of its connections.
func (s *Session) notices(ctx context.Context, f *folder, st *playbooks.Step, res playbooks.Resolved) (wishes []wish, errs []error) {
	inc, err := f.incident(ctx)
	if err != nil {
		return nil, []error{err}
	}
	reg, err := s.s.systems(f)
	if err != nil {
		return nil, []error{err}
	}
	status, err := s.stepStatus(ctx, f, st.ID)
	if err != nil {
		return nil, []error{err}
	}
	title := st.Title
	if status != nil {
		title = status.Title // with its values in place
	}
	m := integrations.Message{
		Subject: fmt.Sprintf("[%s %s %s] %s", inc.Mode(), inc.Severity, inc.ID, inc.Title),
		Body:    res.Text, Severity: inc.Severity, Fields: res.With,
	}
	for _, connection := range res.Notify {
		name, params, err := reg.Notification(connection, m)
		if err != nil {
			errs = append(errs, usage(howToConfigure, "notify %s: %w", connection, err))
			continue
		}
		wishes = append(wishes, wish{name: name, connection: connection, params: params, step: st.ID, title: title, reason: title, step0: st})
	}
	return wishes, errs
}

// tellOnce sends one message through the outbox, unless it was sent already.
func (s *Session) tellOnce(ctx context.Context, f *folder, w wish) (string, error) {
	a, ok, err := s.latestOf(ctx, f, w.step, w.name, w.connection)
	if err != nil {
		return "", err
	}
	switch {
	case ok && (a.State == Verified || a.State == Sent):
		return a.Ref, nil
	case ok && a.State == Unknown:
		if a, err = s.Look(ctx, f.id, a.Action); err != nil || a.State == Verified {
			return a.Ref, err
		}
	default:
		if a, err = s.current(ctx, f, w); err != nil {
			return "", err
		}
	}
	if a, err = s.Do(ctx, f.id, a.Action); err != nil {
		return "", err
	}
	return a.Ref, nil
}
