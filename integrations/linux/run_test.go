package linux

import (
	"context"
	"errors"
	"testing"
	"time"

	"firebreak/integrations"
)

// silent is a host that does not answer until the time is up.
type silent struct {
	integrations.Host
	o integrations.Outcome
}

func (silent) Name() string { return "web-1" }

func (s silent) Run(ctx context.Context, _ integrations.Program) (integrations.Output, error) {
	<-ctx.Done()
	return integrations.Output{}, &integrations.Error{Outcome: s.o, Err: context.Cause(ctx)}
}

// TestTimeIsUp: a program that was sent is unknown, and a host that was never
// reached got nothing.
func TestTimeIsUp(t *testing.T) {
	for _, o := range []integrations.Outcome{integrations.Ambiguous, integrations.NotSent} {
		c := integrations.Connection{Name: "web", Kind: "ssh", Host: silent{o: o}, Now: time.Now}.WithDefaults()
		r := run{&host{Hands: brought{Host: c.Host}, now: time.Now}, "ssh", c}
		_, err := r.Do(t.Context(), integrations.Call{Params: map[string]any{"argv": []any{"true"}, "timeout": "10ms"}}, integrations.Plan{})
		if err == nil || integrations.OutcomeOf(err) != o {
			t.Errorf("%s: %v", o, err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err = r.Do(ctx, integrations.Call{Params: map[string]any{"argv": []any{"true"}}}, integrations.Plan{})
		if integrations.OutcomeOf(err) != integrations.NotSent || !errors.Is(err, context.Canceled) {
			t.Errorf("stopped before: %v", err)
		}
	}
}
