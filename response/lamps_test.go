package response

import (
	"context"
	"errors"
	"fmt"

	"firebreak/incident"
	"firebreak/integrations"
)

// lamps is another side whose state a test can change behind our back.
type lamps struct {
	state map[string]string
	away  bool // it does not answer
	scare int  // more targets than the one that is named
	of    int  // how many lamps there are
	wide  bool
	tries string // what a dry run says
}

// lamps opens a drill whose only system are lamps.
func (b *bench) lamps() *lamps {
	b.Helper()
	b.drill(oneComment)
	l := &lamps{state: map[string]string{}}
	f, err := b.s.s.open(b.Context(), b.id)
	b.must(err)
	f.registry, err = integrations.NewRegistry([]integrations.System{{Kind: "lamp", Actions: func(integrations.Connection) ([]integrations.Action, error) {
		return []integrations.Action{lamp{l, "off"}, lamp{l, "on"}, broken{lamp{l, "broken"}}}, nil
	}}}, []integrations.Connection{{Name: "house", Kind: "lamp"}})
	b.must(err)
	return l
}

// lamp puts one lamp into a state.
type lamp struct {
	*lamps
	to string
}

var errAway = errors.New("nobody answers")

// Describe implements integrations.Action.
func (l lamp) Describe() integrations.Description {
	return integrations.Description{
		Name: "lamp." + l.to, Title: "Turn a lamp " + l.to, System: "lamp", Danger: incident.Medium, Reversible: true, Idempotency: "native", Wide: l.wide,
		Params: []integrations.Param{{Name: "lamp", Type: "string", Required: true}},
	}
}

func (l lamp) name(c integrations.Call) string {
	s, _ := c.Params["lamp"].(string)
	return s
}

// Prior implements integrations.Action.
func (l lamp) Prior(_ context.Context, c integrations.Call) (integrations.Prior, error) {
	if l.away {
		return integrations.Prior{}, &integrations.Error{Outcome: integrations.NotSent, Err: errAway}
	}
	state := l.state[l.name(c)]
	if state == "" {
		state = "on"
	}
	return integrations.Prior{State: map[string]any{"state": state}}, nil
}

// Plan implements integrations.Action.
func (l lamp) Plan(_ context.Context, c integrations.Call, p integrations.Prior) (integrations.Plan, error) {
	out := integrations.Plan{
		Call: c, Base: "house", Target: l.name(c), Effects: []string{l.name(c) + " goes " + l.to}, Requests: []integrations.Request{{Method: "PUT", URL: "/" + l.name(c)}},
		Prior: p, Undo: "put it back", Unchanged: p.State["state"] == l.to, Targets: []integrations.Target{{Kind: "lamp", ID: l.name(c), Name: l.name(c), Of: l.of}},
	}
	for i := range l.scare {
		out.Targets = append(out.Targets, integrations.Target{Kind: "lamp", ID: fmt.Sprintf("more-%d", i), Of: l.of})
	}
	return out, nil
}

// Do implements integrations.Action.
func (l lamp) Do(_ context.Context, c integrations.Call, _ integrations.Plan) (integrations.Receipt, error) {
	l.state[l.name(c)] = l.to
	return integrations.Receipt{Ref: l.name(c)}, nil
}

// Verify implements integrations.Action.
func (l lamp) Verify(_ context.Context, c integrations.Call, _ integrations.Receipt) (integrations.Verification, error) {
	if l.away {
		return integrations.Verification{}, &integrations.Error{Outcome: integrations.NotSent, Err: errAway}
	}
	return integrations.Verification{OK: l.state[l.name(c)] == l.to, Final: true, Says: "it is " + l.state[l.name(c)]}, nil
}

// Inverse implements integrations.Reverter.
func (l lamp) Inverse(c integrations.Call, p integrations.Prior, _ integrations.Receipt) (integrations.Call, error) {
	to, _ := p.State["state"].(string)
	return integrations.Call{Action: "lamp." + to, Params: c.Params}, nil
}

// DryRun implements integrations.DryRunner.
func (l lamp) DryRun(context.Context, integrations.Call, integrations.Plan) (string, error) {
	if l.tries == "no" {
		return "", &integrations.Error{Outcome: integrations.Rejected, Err: errors.New("there is no such lamp")}
	}
	return l.tries, nil
}

// broken breaks a lamp: there is no way back.
type broken struct{ integrations.Action }

// Describe implements integrations.Action.
func (b broken) Describe() integrations.Description {
	d := b.Action.Describe()
	d.Reversible = false
	return d
}

// Plan implements integrations.Action.
func (b broken) Plan(ctx context.Context, c integrations.Call, p integrations.Prior) (integrations.Plan, error) {
	out, err := b.Action.Plan(ctx, c, p)
	out.Undo = ""
	return out, err
}
