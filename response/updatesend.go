package response

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"firebreak/incident"
	"firebreak/record"
	"firebreak/store"
)

// UpdateSent is what became of an update.
type UpdateSent struct {
	record.Update
	Sent []ActionView `json:"sent"` // the actions as they are now
}

// SendUpdate sends an update as it was drafted: an action over each connection
// goes through plan, approval and outbox like any other. The record says first
// what is told to whom. An action that needs an approval waits for it.
func (s *Session) SendUpdate(ctx context.Context, d UpdateDraft, p ProgressFunc) (UpdateSent, error) {
	f, err := s.s.open(ctx, d.Incident)
	if err != nil {
		return UpdateSent{}, err
	}
	if len(d.To) == 0 {
		return UpdateSent{}, usage("--to CONNECTION, or to: of the audience under updates: in the configuration; --by-hand TEXT records that people were told another way", "update to %s: over which connection?", d.Audience)
	}
	for _, to := range d.To {
		if to.Refused != "" {
			return UpdateSent{}, refused(to.Hint, "update to %s: %s", d.Audience, to.Refused)
		}
	}
	if err := f.store.View(ctx, func(tx *store.Tx) error { return s.mayTell(tx, d) }); err != nil {
		return UpdateSent{}, err
	}
	u := record.Update{ID: d.ID, Audience: d.Audience, Profile: d.Profile, TLP: d.TLP, Text: d.Text, Through: d.Through, Due: d.Due}
	for _, to := range d.To {
		a, err := s.plan(ctx, f, wish{name: to.Action, connection: to.Connection, params: to.params, reason: "update " + d.ID + " to " + d.Audience, message: true})
		if err != nil {
			return UpdateSent{}, errors.Join(fmt.Errorf("plan the message over %s: %w", to.Connection, err), s.withdraw(ctx, f, u.Actions))
		}
		u.Actions = append(u.Actions, a.Action)
	}
	if err := s.actIn(ctx, f, record.UpdateWritten, "", u, func(tx *store.Tx) error { return s.mayTell(tx, d) }); err != nil {
		return UpdateSent{}, errors.Join(err, s.withdraw(ctx, f, u.Actions))
	}
	return s.sendUpdate(ctx, f, u, p)
}

// mayTell refuses an update that was drafted before another one was sent: it may
// say the same again.
func (s *Session) mayTell(tx *store.Tx, d UpdateDraft) error {
	if err := mustBeOpen(tx); err != nil {
		return err
	}
	es, err := tx.EntriesOf(record.UpdateWritten)
	if err != nil {
		return err
	}
	if d.ID != fmt.Sprintf("u%d", len(es)+1) {
		return refused("look at what is new now, and send that", "update %s: another update was made in the meantime", d.ID)
	}
	return nil
}

// withdraw takes plans back that will not be sent.
func (s *Session) withdraw(ctx context.Context, f *folder, actions []string) error {
	var errs []error
	for _, a := range actions {
		errs = append(errs, f.updateAction(context.WithoutCancel(ctx), s, a, func(now store.Action) (record.Kind, any, error) {
			return record.ActionRejected, record.Decision{Action: now.Action, Digest: now.Digest, Reason: "withdrawn: the update was not sent", Strength: record.Local}, nil
		}))
	}
	return errors.Join(errs...)
}

// sendUpdate sends what of an update can be sent now.
func (s *Session) sendUpdate(ctx context.Context, f *folder, u record.Update, p ProgressFunc) (UpdateSent, error) {
	out := UpdateSent{Update: u, Sent: []ActionView{}}
	var errs []error
	for i, id := range u.Actions {
		a, err := f.action(ctx, id)
		if err != nil {
			return out, err
		}
		tell(p, "telling "+u.Audience+" over "+a.Connection, int64(i), int64(len(u.Actions)))
		if waits := a.State == Planned && a.Approvals > 0; !waits {
			if _, err := s.Do(ctx, f.id, id); err != nil {
				errs = append(errs, fmt.Errorf("tell %s over %s: %w", u.Audience, a.Connection, err))
			}
			if a, err = f.action(context.WithoutCancel(ctx), id); err != nil {
				return out, err
			}
		}
		out.Sent = append(out.Sent, a)
	}
	if len(errs) > 0 && len(errs) < len(u.Actions) {
		return out, &Error{Code: CodePartial, Err: errors.Join(errs...)}
	}
	return out, errors.Join(errs...)
}

// ToldByHand records that an audience was told, in a way that is not connected: on
// a call, by a form, in a room.
func (s *Session) ToldByHand(ctx context.Context, id incident.ID, audience, how string) (record.Update, error) {
	if how = strings.TrimSpace(how); how == "" {
		return record.Update{}, usage("--by-hand \"on the call at 14:00\"", "how were they told?")
	}
	a, err := s.s.audience(audience)
	if err != nil {
		return record.Update{}, err
	}
	f, err := s.s.open(ctx, id)
	if err != nil {
		return record.Update{}, err
	}
	inc, err := f.incident(ctx)
	if err != nil {
		return record.Update{}, err
	}
	var u record.Update
	_, err = f.store.Update(ctx, func(tx *store.Tx) (record.Draft, error) {
		if err := mustBeOpen(tx); err != nil {
			return record.Draft{}, err
		}
		all, err := tellings(tx)
		if err != nil {
			return record.Draft{}, err
		}
		count, err := tx.Count()
		if err != nil {
			return record.Draft{}, err
		}
		last, _ := lastTo(all, a.Name)
		u = record.Update{ID: fmt.Sprintf("u%d", len(all)+1), Audience: a.Name, Profile: a.Profile, TLP: inc.TLP, ByHand: how, Through: count}
		u.Due, _ = dueAt(a, inc, last.at, s.s.o.Now())
		return s.draft(tx, record.UpdateWritten, "", u)
	})
	return u, err
}
