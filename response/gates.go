package response

import (
	"context"
	"errors"
	"path/filepath"
	"time"

	"firebreak/integrations"
	"firebreak/integrations/gate"
)

// gatesDir is where the gates of the connections keep what they have seen.
func gatesDir(home string) string { return filepath.Join(home, "gates") }

// gate is the gate of a connection; nil in a drill, whose servers are its own.
func (s *Service) gate(f *folder, connection string) (*gate.Gate, error) {
	if f.drill {
		return nil, nil //nolint:nilnil // there is none
	}
	reg, err := s.systems(f)
	if err != nil {
		return nil, err
	}
	c, ok := reg.Connection(connection)
	if !ok {
		return nil, nil //nolint:nilnil // whoever looks the action up says so
	}
	return s.gateOf(c)
}

func (s *Service) gateOf(c integrations.Connection) (*gate.Gate, error) {
	r := gate.Of(c.Kind)
	if c.Writes > 0 {
		r.Every = time.Duration(float64(time.Second) / c.Writes)
	}
	if s.breakerOpen > 0 {
		r.Open, r.Probe = s.breakerOpen, 10*s.breakerOpen
	}
	return gate.Open(gatesDir(s.o.Home), c.Name, r, s.o.Now, s.o.Sleep)
}

// decorate puts around one attempt what its connection wants: the breaker
// outside, so that nobody waits for the turn of a connection that is left alone.
func (s *Service) decorate(f *folder, connection string, forced bool, send gate.Send) (gate.Send, error) {
	g, err := s.gate(f, connection)
	if err != nil || g == nil {
		return send, err
	}
	return g.Break(g.Limit(send), signOf, forced), nil
}

// signOf is what the end of an attempt says of the way to the other side. A secret
// that is missing here, a person who gives up, and a turn that did not come say
// nothing of it.
func signOf(err error) gate.Sign {
	var e *integrations.Error
	switch {
	case err == nil:
		return gate.Answered
	case errors.Is(err, context.Canceled), errors.Is(err, gate.ErrAsked), CodeOf(err) == CodeAuth, !errors.As(err, &e):
		return gate.Nothing
	}
	switch e.Outcome {
	case integrations.NotSent, integrations.Ambiguous:
		return gate.Failed
	case integrations.Rejected, integrations.Throttled, integrations.Accepted:
	}
	return gate.Answered
}

// ConnectionView is where a connection stands: its breaker and its rate.
type ConnectionView = gate.View

// The states of a connection's breaker.
const (
	BreakerClosed = gate.BreakerClosed
	BreakerOpen   = gate.BreakerOpen
)

// Gates are where the connections of the configuration stand.
func (s *Service) Gates() ([]ConnectionView, error) {
	var out []ConnectionView
	for _, c := range s.connections() {
		g, err := s.gateOf(c)
		if err != nil {
			return nil, err
		}
		v, err := g.View()
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}
