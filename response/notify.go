package response

import (
	"context"
	"errors"
	"fmt"
	"time"

	"firebreak/integrations"
	"firebreak/playbooks"
	"firebreak/store"
)

// notify sends a step's message to each of its connections, as one action each.
// A message that went out before is not sent again when the step is repeated.
func (s *Session) notify(ctx context.Context, f *folder, st *playbooks.Step, res playbooks.Resolved, p ProgressFunc) (map[string]any, error) {
	wishes, errs := s.notices(ctx, f, st, res)
	result := map[string]any{}
	for _, w := range wishes {
		ref, err := s.carry(ctx, f, w, res.Notify, p)
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
		a, ok, err := s.noticeOf(ctx, f, w)
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
	title, again := st.Title, time.Time{}
	if status != nil {
		title, again = status.Title, status.RoundAt // with its values in place
	}
	audience := ""
	if res.Template != "" {
		if res.Text, audience, err = s.message(ctx, f, st, res); err != nil {
			return nil, []error{err}
		}
		res.With = nil // they are in it
	}
	m := integrations.Message{
		Subject: fmt.Sprintf("[%s %s %s] %s", inc.Mode(), inc.Severity, inc.ID, inc.Title),
		Body:    res.Text, Severity: inc.Severity, Fields: res.With,
	}
	for _, connection := range res.Notify {
		addressed, err := s.address(ctx, f, inc, audience, connection, m)
		if err != nil {
			errs = append(errs, fmt.Errorf("notify: %w", err))
			continue
		}
		name, params, err := reg.Notification(connection, addressed)
		if err != nil {
			errs = append(errs, usage(howToConfigure, "notify %s: %w", connection, err))
			continue
		}
		wishes = append(wishes, wish{name: name, connection: connection, params: params, step: st.ID, title: title, reason: title, step0: st, again: again, message: true, said: m, audience: audience})
	}
	return wishes, errs
}

// message is the text of the step's template with its values in place, and whom
// the template is for.
func (s *Session) message(ctx context.Context, f *folder, st *playbooks.Step, res playbooks.Resolved) (text, audience string, err error) {
	form, audience, err := s.s.addressedTemplate(res.Template)
	if err != nil {
		return "", "", fmt.Errorf("step %s: %w", st.ID, err)
	}
	err = f.store.View(ctx, func(tx *store.Tx) error {
		run, err := s.s.mustRun(tx, f.id)
		if err == nil {
			text = run.Message(st, form, res.With)
		}
		return err
	})
	return text, audience, err
}
