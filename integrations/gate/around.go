package gate

import (
	"context"
	"errors"
	"fmt"
	"time"

	"firebreak/integrations"
)

// Send is one attempt to send.
type Send func(context.Context) (integrations.Receipt, error)

// Limit has an attempt begin in the connection's turn: one write at a time, in its
// rate, over all processes. What the other side asks to wait holds for all of them.
func (g *Gate) Limit(next Send) Send {
	return func(ctx context.Context) (integrations.Receipt, error) {
		done, err := g.Turn(ctx)
		var later *integrations.Error
		if errors.As(err, &later) {
			return integrations.Receipt{}, err
		}
		if err != nil {
			return integrations.Receipt{}, &integrations.Error{Outcome: integrations.NotSent, Err: fmt.Errorf("wait for the turn of %s: %w", g.name, err)}
		}
		defer done()
		r, err := next(ctx)
		var e *integrations.Error
		if errors.As(err, &e) && e.Outcome == integrations.Throttled {
			terr := g.change(context.WithoutCancel(ctx), func(s *State) { s.Asked = g.now(); s.Until = s.Asked.Add(e.After) })
			err = errors.Join(err, terr)
		}
		return r, err
	}
}

// OpenError says that nothing was sent because the breaker is open.
type OpenError struct {
	Connection string
	Failures   int
	Until      time.Time
	Why        string
}

// Error implements error.
func (e *OpenError) Error() string {
	return fmt.Sprintf("connection %s failed %d times in a row (%s): it is left alone until %s", e.Connection, e.Failures, e.Why, e.Until.UTC().Format(time.RFC3339))
}

// Sign is what an attempt's end says of the way to the other side.
type Sign int

// The signs.
const (
	Nothing  Sign = iota // somebody gave up, or it ended before anything was asked
	Answered             // it answered, if only to refuse
	Failed               // it could not be reached, or did not answer as it should
)

// Break keeps attempts from a connection that does not answer: after so many
// failures in a row it lets nothing through for a while, then one attempt, and by
// that one it decides. sign reads the end of an attempt; force makes this attempt
// that one at once, as a person's will.
func (g *Gate) Break(next Send, sign func(error) Sign, force bool) Send {
	return func(ctx context.Context) (integrations.Receipt, error) {
		if err := g.enter(ctx, force); err != nil {
			return integrations.Receipt{}, err
		}
		r, err := next(ctx)
		told := g.Tell(context.WithoutCancel(ctx), sign(err), string(integrations.OutcomeOf(err)))
		return r, errors.Join(err, told)
	}
}

// enter lets an attempt through, or says until when it does not.
func (g *Gate) enter(ctx context.Context, force bool) error {
	var shut *OpenError
	err := g.change(ctx, func(s *State) {
		if s.Failures < g.rules.Failures {
			return
		}
		now := g.now()
		until := g.opens(*s)
		probed := !s.Probing.IsZero() && until.After(now)
		if until.After(now) && (!force || probed) {
			shut = &OpenError{g.name, s.Failures, until, s.Why}
			return
		}
		s.Probing = now
	})
	if err != nil {
		return &integrations.Error{Outcome: integrations.NotSent, Err: err}
	}
	if shut != nil {
		return &integrations.Error{Outcome: integrations.NotSent, Hint: "firebreak outbox shows it; it is tried again by itself then", Err: shut}
	}
	return nil
}

// Tell has the breaker hear how an attempt ended; why is the class of a failure.
func (g *Gate) Tell(ctx context.Context, sign Sign, why string) error {
	return g.change(ctx, func(s *State) {
		s.Probing = time.Time{}
		switch sign {
		case Answered:
			s.Failures, s.Opened, s.Why = 0, time.Time{}, ""
		case Failed:
			s.Failures, s.Why = s.Failures+1, why
			if s.Failures >= g.rules.Failures {
				s.Opened = g.now()
			}
		case Nothing:
		}
	})
}
