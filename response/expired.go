package response

import (
	"context"
	"errors"
	"fmt"
	"time"

	"firebreak/incident"
	"firebreak/integrations"
	"firebreak/record"
	"firebreak/store"
)

// Remind does what is due of containments whose time is over: it prepares the
// plan that undoes each, notes that the time is over, and tells those whom the
// configuration names. What was declared to end by itself is undone. There is no
// daemon: it is done by whoever looks.
func (s *Session) Remind(ctx context.Context, id incident.ID) error {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return err
	}
	return s.expired(ctx, f)
}

func (s *Session) expired(ctx context.Context, f *folder) error {
	if f.readOnly {
		return nil
	}
	inc, err := f.incident(ctx)
	if err != nil || inc.Status == incident.Closed {
		return err
	}
	if err := s.unsentPages(ctx, f); err != nil {
		return err
	}
	all, err := s.contained(ctx, f)
	if err != nil {
		return err
	}
	self := s.s.As(incident.Actor{Name: "firebreak"})
	var errs []error
	for _, c := range all {
		if !c.Over || c.State == Sending || c.told && !c.Auto && c.Undoing != "" {
			continue
		}
		if err := self.expire(ctx, f, inc, c); err != nil && !errors.Is(err, errMoved) {
			errs = append(errs, fmt.Errorf("containment %s is over: %w", c.Action, err))
		}
	}
	return errors.Join(errs...)
}

// expire does what follows on the end of one containment.
func (s *Session) expire(ctx context.Context, f *folder, inc incident.Incident, c Containment) error {
	undo, failure := s.prepared(ctx, f, c)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if !c.told {
		if err := s.tellExpired(ctx, f, inc, c, undo, failure); err != nil {
			return err
		}
	}
	if failure != nil || !c.Auto || undo.Approvals > 0 {
		return nil // people see it on the board; the entry says why nothing is prepared
	}
	_, err := s.Do(ctx, f.id, undo.Action)
	return err
}

// prepared makes the plan that undoes the containment, or finds it. Where the
// end was declared, the approval of the containment's own plan covers it.
func (s *Session) prepared(ctx context.Context, f *folder, c Containment) (ActionView, error) {
	if c.Undoing != "" {
		u, err := f.action(ctx, c.Undoing)
		if err != nil || !c.Auto || u.Approvals == 0 || u.State != Planned {
			return u, err
		}
		no := record.Decision{Action: u.Action, Digest: u.Digest, Reason: "withdrawn: the end of " + c.Action + " was declared", Strength: record.Local}
		err = f.updateAction(ctx, s, u.Action, func(now store.Action) (record.Kind, any, error) {
			if ActionState(now.State) != Planned {
				return "", nil, errMoved
			}
			return record.ActionRejected, no, nil
		})
		if err != nil {
			return u, err
		}
	}
	reason := "the time of " + c.Action + " is over"
	if c.Auto {
		reason += ": its plan declares that it is then undone"
	}
	return s.revert(ctx, f, c.Action, reason, c.Auto)
}

// tellExpired records that the time is over, once, and sends the messages.
func (s *Session) tellExpired(ctx context.Context, f *folder, inc incident.Incident, c Containment, undo ActionView, failure error) error {
	pages, err := s.expiryPages(ctx, f, inc, c, undo)
	if err != nil && failure == nil {
		failure = err
	}
	p := record.Expiry{Action: c.Action, Lasts: c.Lasts, Undo: undo.Action, Pages: pages}
	if failure != nil {
		p.Error = failure.Error()
	}
	_, err = f.store.Update(ctx, func(tx *store.Tx) (record.Draft, error) {
		now, err := s.holding(tx, c.Action)
		if err != nil {
			return record.Draft{}, err
		}
		if now.told || !now.Over { // another process was first
			return record.Draft{}, errMoved
		}
		return s.draft(tx, record.ActionExpired, c.Step, p)
	})
	if err != nil {
		return err
	}
	for _, page := range pages {
		if _, err := s.Do(ctx, f.id, page); err != nil {
			return fmt.Errorf("tell that it is over: %w", err)
		}
	}
	return nil
}

// expiryPages plans the messages to those whom the configuration names. One that
// a process planned before it was killed is used.
func (s *Session) expiryPages(ctx context.Context, f *folder, inc incident.Incident, c Containment, undo ActionView) ([]string, error) {
	if len(s.s.o.Config.Containment.Tell) == 0 {
		return nil, nil
	}
	reg, err := s.s.systems(f)
	if err != nil {
		return nil, err
	}
	reason := "the time of " + c.Action + " was over at " + c.Until.UTC().Format(time.RFC3339)
	body := fmt.Sprintf("%s on %s is in force since %s and was to end at %s.", c.Title, c.Target, c.Since.UTC().Format(time.RFC3339), c.Until.UTC().Format(time.RFC3339))
	switch {
	case c.Auto:
		body += " It is undone now, as its plan declares."
	case undo.Action != "":
		body += " Its undoing is planned as " + undo.Action + " and waits for an approval; firebreak contained extend gives it more time."
	}
	var out []string
	var errs []error
	for _, connection := range s.s.o.Config.Containment.Tell {
		name, params, err := reg.Notification(connection, integrations.Message{
			Subject: fmt.Sprintf("[%s %s %s] the time of %s is over", inc.Mode(), inc.Severity, inc.ID, c.Action), Body: body, Severity: inc.Severity,
		})
		if err != nil && f.drill {
			continue // a drill has connections of its own
		}
		if err != nil {
			errs = append(errs, usage(howToConfigure, "tell %s: %w", connection, err))
			continue
		}
		a, err := s.plannedOnce(ctx, f, wish{name: name, connection: connection, params: params, message: true, reason: reason})
		if err != nil {
			errs = append(errs, err)
			continue
		}
		out = append(out, a)
	}
	return out, errors.Join(errs...)
}

// plannedOnce plans a message once.
func (s *Session) plannedOnce(ctx context.Context, f *folder, w wish) (string, error) {
	w.once = true
	a, there, err := s.latestOf(ctx, f, w)
	if err == nil && !there {
		a, err = s.plan(ctx, f, w) // which looks again: another process may be first
	}
	return a.Action, err
}

// unsentPages sends the messages that were to be sent when a process ended.
func (s *Session) unsentPages(ctx context.Context, f *folder) error {
	var unsent []string
	err := f.store.View(ctx, func(tx *store.Tx) error {
		entries, err := tx.EntriesOf(record.ActionExpired)
		if err != nil {
			return err
		}
		for _, e := range entries {
			var p record.Expiry
			if err := e.Decode(&p); err != nil {
				return err
			}
			for _, page := range p.Pages {
				a, err := tx.Action(page)
				if err != nil {
					return err
				}
				if st := ActionState(a.State); st == Planned || st == Approved || notDone(a) {
					unsent = append(unsent, page)
				}
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, page := range unsent {
		if _, err := s.Do(ctx, f.id, page); err != nil {
			return fmt.Errorf("tell that a containment is over: %w", err)
		}
	}
	return nil
}
