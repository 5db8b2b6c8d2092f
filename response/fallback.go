package response

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"firebreak/incident"
	"firebreak/integrations"
	"firebreak/record"
	"firebreak/store"
)

// A message whose connection does not take it is carried by the next one of the
// configuration's chain, and says so. One that may have arrived all the same says
// that, too. What nobody takes is shown with its text, so that people can say it
// themselves, and recorded as undelivered.

// carry brings one message to its people over its own connection or, where that
// does not take it, over the next one that does. Skip are the connections that get
// it anyway.
func (s *Session) carry(ctx context.Context, f *folder, w wish, skip []string, p ProgressFunc) (string, error) {
	ref, err := s.tellOnce(ctx, f, w, p)
	if err == nil || ctx.Err() != nil || needsPerson(err) {
		return ref, err
	}
	first, known, serr := s.noticeOf(ctx, f, w)
	if serr != nil {
		return "", errors.Join(err, serr)
	}
	attempts := []ActionView{first}
	if !known {
		attempts = nil
	}
	errs := []error{fmt.Errorf("over %s: %w", w.connection, err)}
	for _, next := range s.chain(w.connection, skip) {
		other, werr := s.stead(ctx, f, w, next, first, err)
		if werr != nil {
			errs = append(errs, fmt.Errorf("over %s: %w", next, werr))
			continue
		}
		ref, terr := s.tellOnce(ctx, f, other, p)
		if ctx.Err() != nil {
			return "", errors.Join(append(errs, terr)...)
		}
		carrier, ok, serr := s.noticeOf(ctx, f, other)
		if serr != nil {
			return "", serr
		}
		if terr == nil {
			return ref, s.carried(ctx, f, first, carrier)
		}
		if ok {
			attempts = append(attempts, carrier)
		}
		errs = append(errs, fmt.Errorf("over %s: %w", next, terr))
	}
	return "", s.unheard(ctx, f, w, attempts, errs)
}

// needsPerson says that it is not the connection that keeps a message back.
func needsPerson(err error) bool {
	var e *integrations.Error
	var q queuedError
	return CodeOf(err) == CodeRefused && !errors.As(err, &e) && !errors.As(err, &q)
}

// chain are the connections that may carry a message in the place of one that does
// not: those behind it, or all where it is none of them.
func (s *Session) chain(connection string, skip []string) []string {
	all := s.s.o.Config.Notify.Fallback
	all = all[slices.Index(all, connection)+1:]
	var out []string
	for _, name := range all {
		if name != connection && !slices.Contains(skip, name) {
			out = append(out, name)
		}
	}
	return out
}

// stead is the wish that another connection carries the message.
func (s *Session) stead(ctx context.Context, f *folder, w wish, next string, first ActionView, cause error) (wish, error) {
	reg, err := s.s.systems(f)
	if err != nil {
		return wish{}, err
	}
	m := w.said
	m.Fields = nil // they are for the other system
	says := "This message was for " + w.connection + ", which did not take it."
	if first.State == Unknown || first.State == Sent || integrations.OutcomeOf(cause) == integrations.Ambiguous && isOutside(cause) {
		says = "This message was for " + w.connection + ", of which nobody knows whether it took it: it may be a repetition."
	}
	m.Body = says + "\n\n" + m.Body
	inc, err := f.incident(ctx)
	if err != nil {
		return wish{}, err
	}
	if m, err = s.address(ctx, f, inc, w.audience, next, m); err != nil { // others read there
		return wish{}, err
	}
	name, params, err := reg.Notification(next, m)
	if err != nil {
		return wish{}, err
	}
	other := w
	other.name, other.connection, other.params = name, next, params
	other.instead = cmp.Or(first.Action, w.connection)
	other.reason = w.reason + ": instead of " + w.connection
	return other, nil
}

// isOutside says that an error came from the other side or the way there.
func isOutside(err error) bool {
	var e *integrations.Error
	return errors.As(err, &e)
}

// carried ends the action whose message another one has carried: it must not go
// out later. One that may have gone out stays to be looked at.
func (s *Session) carried(ctx context.Context, f *folder, first, carrier ActionView) error {
	switch first.State {
	case Planned, Approved, Queued, Failed:
	case Sending, Sent, Verified, Rejected, Unknown, Dropped:
		return nil
	case "": // it could not even be planned
		return nil
	}
	self := s.s.As(incident.Actor{Name: "firebreak"})
	return self.drop(context.WithoutCancel(ctx), f, first.Action, "its message was carried over "+carrier.Connection+" instead, by "+carrier.Action)
}

// unheard records that a message reached nobody, once, and gives its text to
// whoever is there.
func (s *Session) unheard(ctx context.Context, f *folder, w wish, attempts []ActionView, errs []error) error {
	u := record.Unheard{Actions: []string{}, Connections: []string{}}
	for _, a := range attempts {
		u.Actions, u.Connections = append(u.Actions, a.Action), append(u.Connections, a.Connection)
		u.Queued = u.Queued || a.State == Queued
	}
	if len(attempts) == 0 {
		u.Connections = append(u.Connections, w.connection)
	}
	cause := errors.Join(errs...)
	u.Error = strings.Join(linesOf(errs), "; ")
	self := s.s.As(incident.Actor{Name: "firebreak"})
	err := self.actIn(context.WithoutCancel(ctx), f, record.Undelivered, w.step, u, func(tx *store.Tx) error {
		entries, err := tx.EntriesOf(record.Undelivered)
		if err != nil {
			return err
		}
		for _, e := range entries {
			var was record.Unheard
			if err := e.Decode(&was); err != nil {
				return err
			}
			if e.Step == w.step && slices.Equal(was.Actions, u.Actions) && slices.Equal(was.Connections, u.Connections) && len(u.Actions) > 0 {
				return errMoved
			}
		}
		return nil
	})
	if err != nil && !errors.Is(err, errMoved) {
		return errors.Join(cause, err)
	}
	if err := s.oneWaits(ctx, f, attempts); err != nil {
		return errors.Join(cause, err)
	}
	later := ""
	if u.Queued {
		later = " It stays in the outbox and goes out when it can."
	}
	return &Error{Code: CodeOf(cause), Hint: HintOf(cause), Err: inOneText{
		fmt.Sprintf("nobody got this message.%s Tell them yourself: %q: %s", later, inOneLine(w.said), u.Error), cause,
	}}
}

// inOneText is an error whose causes stand in one line.
type inOneText struct {
	text  string
	cause error
}

func (e inOneText) Error() string { return e.text }
func (e inOneText) Unwrap() error { return e.cause }

// oneWaits leaves a message in the outbox once: over the connection it was for, or
// the first that may still take it. It must not come to people over each of them
// when the network is back.
func (s *Session) oneWaits(ctx context.Context, f *folder, attempts []ActionView) error {
	self := s.s.As(incident.Actor{Name: "firebreak"})
	kept := ""
	var errs []error
	for _, a := range attempts {
		switch {
		case a.State != Queued:
		case kept == "":
			kept = a.Action
		default:
			errs = append(errs, self.drop(context.WithoutCancel(ctx), f, a.Action, "the message waits in "+kept))
		}
	}
	return errors.Join(errs...)
}

// inOneLine is a message in one line, for people to say it themselves.
func inOneLine(m integrations.Message) string {
	const most = 600
	text := strings.Join(strings.Fields(m.Subject+": "+m.Body), " ")
	if r := []rune(text); len(r) > most {
		text = string(r[:most]) + "…"
	}
	return text
}

func linesOf(errs []error) []string {
	out := make([]string, len(errs))
	for i, err := range errs {
		out[i] = strings.ReplaceAll(err.Error(), "\n", "; ")
	}
	return out
}

// noticeOf is the newest action for a message. One of the last time that a step
// which repeats was done is another message.
func (s *Session) noticeOf(ctx context.Context, f *folder, w wish) (ActionView, bool, error) {
	var found *store.Action
	err := f.store.View(ctx, func(tx *store.Tx) error {
		all, err := tx.Actions()
		for _, a := range slices.Backward(all) {
			if a.Step == w.step && a.Name == w.name && a.Connection == w.connection && a.Instead == w.instead && a.Reverts == "" {
				found = &a
				break
			}
		}
		return err
	})
	if err != nil || found == nil || !w.again.IsZero() && !found.PlannedAt.After(w.again) {
		return ActionView{}, false, err
	}
	v, err := actionView(*found)
	return v, err == nil, err
}

// carrierOf is the action that carried a message in the place of another.
func (s *Session) carrierOf(ctx context.Context, f *folder, action string) (ActionView, bool, error) {
	var found *store.Action
	err := f.store.View(ctx, func(tx *store.Tx) error {
		all, err := tx.Actions()
		for _, a := range all {
			if state := ActionState(a.State); a.Instead == action && (state == Sent || state == Verified) {
				found = &a
			}
		}
		return err
	})
	if err != nil || found == nil {
		return ActionView{}, false, err
	}
	v, err := actionView(*found)
	return v, err == nil, err
}

// tellOnce sends one message through the outbox, unless it was sent already. What
// becomes unknown is looked for, where it can be.
func (s *Session) tellOnce(ctx context.Context, f *folder, w wish, p ProgressFunc) (string, error) {
	a, ok, err := s.noticeOf(ctx, f, w)
	if err != nil {
		return "", err
	}
	switch {
	case ok && (a.State == Verified || a.State == Sent):
		return a.Ref, nil
	case ok && a.State == Dropped && w.instead == "":
		carrier, carried, err := s.carrierOf(ctx, f, a.Action)
		if err != nil || carried {
			return carrier.Ref, err
		}
		return "", refused(hintRetry(f.id, a.Action)+" --again --reason WHY", "action %s was given up: %s", a.Action, a.Says)
	case ok && (a.State == Unknown || a.State == Queued):
	default:
		if a, err = s.current(ctx, f, w); err != nil {
			return "", err
		}
	}
	if a.State != Unknown {
		if a, err = s.doIn(ctx, f, a.Action, atOnce(false, p)); err == nil || a.State != Unknown {
			return a.Ref, err
		}
	}
	return s.tellAfterLook(ctx, f, a, err, p)
}

// tellAfterLook finds out whether a message arrived, and sends it when it surely
// did not.
func (s *Session) tellAfterLook(ctx context.Context, f *folder, a ActionView, cause error, p ProgressFunc) (string, error) {
	now, err := f.outboxAction(ctx, a.Action)
	if err != nil {
		return "", err
	}
	if impl, err := s.lookup(f, now); cause != nil && (err != nil || !findable(impl)) {
		return "", cause
	}
	if a, err = s.LookTelling(ctx, f.id, a.Action, p); err != nil || a.State == Verified || a.State == Sent {
		return a.Ref, err
	}
	if a.State != Queued && !a.NotSent() {
		return "", refused(hintRetry(f.id, a.Action)+" --again --reason WHY", "action %s: %s", a.Action, a.Says)
	}
	a, err = s.doIn(ctx, f, a.Action, atOnce(false, p))
	return a.Ref, err
}
