// Package conform is the suite that every action of every system passes: it is
// sane on paper, refuses bad parameters, plans without changing anything, does
// what it says, can be verified, found and undone, does nothing twice for one
// key, and shows no secret.
package conform

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"firebreak/integrations"
)

// World is the other side that an action is tested against.
type World struct {
	Registry *integrations.Registry
	// Changes counts how often the other side has been changed so far.
	Changes func(t *testing.T) int
	Secrets []string // that must show up nowhere
}

// Case is one action with a call that works.
type Case struct {
	Action     string
	Connection string
	Params     map[string]any
	// Setup brings the world where the action has something to do, and may
	// complete the parameters.
	Setup func(t *testing.T, w World, params map[string]any)
	// Bad are parameters that the action must refuse before it sends anything.
	Bad []map[string]any
	// Lasting says that the undo leaves the effect itself verifiable: a page
	// that was resolved was sent, a key that was restored has a new id.
	Lasting bool
	// Traceless says that the other side keeps no trace that Changes counts.
	Traceless bool
}

// Run runs the suite for one case. Open makes a new world each time; the parts
// that must change nothing share one.
func Run(t *testing.T, open func(t *testing.T) World, c Case) {
	t.Helper()
	still := start(t, open, c)
	t.Run("describe", func(t *testing.T) { describe(t, still) })
	t.Run("refuse", func(t *testing.T) { refuse(t, still) })
	t.Run("plan", func(t *testing.T) { plan(t, still) })
	t.Run("cancel", func(t *testing.T) { cancelled(t, still) })
	t.Run("cycle", func(t *testing.T) { cycle(t, start(t, open, c)) })
	t.Run("repeat", func(t *testing.T) { repeat(t, start(t, open, c)) })
}

// Cycle runs only the part that does, verifies, finds and undoes.
func Cycle(t *testing.T, open func(t *testing.T) World, c Case) {
	t.Helper()
	cycle(t, start(t, open, c))
}

// subject is a case in a world of its own.
type subject struct {
	World
	Case
	action integrations.Action
	call   integrations.Call
}

func start(t *testing.T, open func(*testing.T) World, c Case) subject {
	t.Helper()
	s := subject{World: open(t), Case: c}
	params := map[string]any{}
	for k, v := range c.Params {
		params[k] = v
	}
	if c.Setup != nil {
		c.Setup(t, s.World, params)
	}
	s.action = Lookup(t, s.World, c.Action, c.Connection)
	s.call = integrations.Call{
		Action: c.Action, Connection: c.Connection, Params: params,
		Key: integrations.Key("2026-0007", "a1", 0), Incident: "2026-0007", Step: "contain", Seal: "2026-0007 @12 9f2c",
	}
	return s
}

// Lookup finds an action of the world.
func Lookup(t *testing.T, w World, name, connection string) integrations.Action {
	t.Helper()
	a, _, err := w.Registry.Lookup(name, connection)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func describe(t *testing.T, s subject) {
	d := s.action.Describe()
	if !reflect.DeepEqual(d, s.action.Describe()) {
		t.Error("two descriptions differ")
	}
	if d.Name != s.Action || !strings.HasPrefix(d.Name, d.System+".") || d.Title == "" {
		t.Errorf("name %q, system %q, title %q", d.Name, d.System, d.Title)
	}
	if !strings.Contains("native marker none", d.Idempotency) || d.Idempotency == "" {
		t.Errorf("idempotency %q", d.Idempotency)
	}
	if _, reverts := s.action.(integrations.Reverter); d.Reversible && !reverts {
		t.Error("says that it is reversible and has no inverse")
	}
	seen := map[string]bool{}
	for _, p := range d.Params {
		if p.Name == "" || seen[p.Name] {
			t.Errorf("parameter %q is there twice, or has no name", p.Name)
		}
		seen[p.Name] = true
		if !strings.Contains("string int bool duration list secret", p.Type) || p.Type == "" {
			t.Errorf("parameter %s: type %q", p.Name, p.Type)
		}
		if _, err := regexp.Compile(p.Match); err != nil {
			t.Errorf("parameter %s: %v", p.Name, err)
		}
		if p.Required && p.Default != nil {
			t.Errorf("parameter %s is required and has a default", p.Name)
		}
	}
	if err := integrations.Check(d, s.call.Params); err != nil {
		t.Errorf("the case itself: %v", err)
	}
	for _, p := range d.Params {
		if p.Default == nil {
			continue
		}
		with := clone(s.call.Params)
		with[p.Name] = p.Default
		if err := integrations.Check(d, with); err != nil {
			t.Errorf("its own default: %v", err)
		}
	}
}

func clone(m map[string]any) map[string]any {
	out := make(map[string]any, len(m))
	for k, v := range m {
		out[k] = v
	}
	return out
}

// refuse tries the case's bad parameters, an unknown one, and each required one
// left out, with every method that takes a call.
func refuse(t *testing.T, s subject) {
	bad := append([]map[string]any{}, s.Bad...)
	unknown := clone(s.call.Params)
	unknown["no_such_parameter"] = 1
	bad = append(bad, unknown)
	for _, p := range s.action.Describe().Params {
		if p.Required {
			without := clone(s.call.Params)
			delete(without, p.Name)
			bad = append(bad, without)
		}
	}
	before := s.Changes(t)
	for _, params := range bad {
		call := s.call
		call.Params = params
		_, err := s.action.Prior(t.Context(), call)
		isRefusal(t, "prior", params, err)
		_, err = s.action.Plan(t.Context(), call, integrations.Prior{})
		isRefusal(t, "plan", params, err)
		_, err = s.action.Do(t.Context(), call, integrations.Plan{Call: call})
		isRefusal(t, "do", params, err)
	}
	if after := s.Changes(t); after != before {
		t.Errorf("bad parameters changed the world %d times", after-before)
	}
}

func isRefusal(t *testing.T, method string, params map[string]any, err error) {
	t.Helper()
	if err == nil || integrations.OutcomeOf(err) != integrations.Rejected {
		t.Errorf("%s with %v: error %v: want a rejection", method, params, err)
	}
}

// plan checks that two plans are the same and that planning changes nothing.
func plan(t *testing.T, s subject) {
	before := s.Changes(t)
	p, digest := s.plan(t)
	_, again := s.plan(t)
	if digest != again {
		t.Error("two plans of the same call have different digests")
	}
	if after := s.Changes(t); after != before {
		t.Errorf("planning changed the world %d times", after-before)
	}
	if p.Target == "" || len(p.Effects) == 0 || len(p.Requests) == 0 || p.Base == "" {
		t.Errorf("the plan lacks target, effects, requests or base: %+v", p)
	}
	if p.Unchanged {
		t.Error("the case changes nothing")
	}
	if !reflect.DeepEqual(p.Call.Params, s.call.Params) || p.Call.Key != s.call.Key {
		t.Errorf("the plan's call is not ours: %+v", p.Call)
	}
	d := s.action.Describe()
	if d.Reversible != (p.Undo != "") {
		t.Errorf("reversible %v, undo %q", d.Reversible, p.Undo)
	}
	// Another key or parameter is another plan.
	other := s
	other.call.Key = integrations.Key("2026-0007", "a1", 1)
	if _, changed := other.plan(t); changed == digest {
		t.Error("another key gives the same digest")
	}
}

func (s subject) plan(t *testing.T) (integrations.Plan, string) {
	t.Helper()
	prior, err := s.action.Prior(t.Context(), s.call)
	if err != nil {
		t.Fatalf("prior: %v", err)
	}
	p, err := s.action.Plan(t.Context(), s.call, prior)
	if err != nil {
		t.Fatalf("plan: %v", err)
	}
	s.clean(t, "plan", p)
	digest, err := p.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return p, digest
}

// clean checks that no secret is in v.
func (s subject) clean(t *testing.T, what string, v any) {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatalf("%s is no JSON: %v", what, err)
	}
	if Leaks(string(b), s.Secrets) {
		t.Errorf("%s shows a secret", what)
	}
}

// Leaks says whether a text holds one of the secrets in any form.
func Leaks(text string, secrets []string) bool { return integrations.Redact(text, secrets...) != text }

// again is what the outbox does to a plan: it goes through JSON.
func again[T any](t *testing.T, v T) T {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var out T
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// cycle plans, does, verifies, and undoes.
func cycle(t *testing.T, s subject) {
	p, _ := s.plan(t)
	p = again(t, p)
	if f, ok := s.action.(integrations.Finder); ok {
		if _, found, err := f.Find(t.Context(), s.call); err != nil || found {
			t.Fatalf("found before it was done: %v, %v", found, err)
		}
	}
	before := s.Changes(t)
	call := p.Call
	call.Seal = s.call.Seal
	r, err := s.action.Do(t.Context(), call, p)
	if err != nil {
		t.Fatalf("do: %v", err)
	}
	if n := s.Changes(t) - before; n != 1 && !s.Traceless {
		t.Errorf("do changed the world %d times", n)
	}
	s.clean(t, "receipt", r)
	s.result(t, r)
	r = again(t, r)
	s.verified(t, call, r, true)
	s.finds(t, call, r)
	rev, ok := s.action.(integrations.Reverter)
	if !ok || !s.action.Describe().Reversible {
		return
	}
	inverse, err := rev.Inverse(p.Call, p.Prior, r)
	if err != nil {
		t.Fatalf("inverse: %v", err)
	}
	if p.Inverse != nil && p.Inverse.Action != inverse.Action {
		t.Errorf("the plan promised %s, the inverse is %s", p.Inverse.Action, inverse.Action)
	}
	s.undo(t, again(t, inverse))
	s.verified(t, call, r, s.Lasting)
}

// result checks that the receipt's data is what the description promised.
func (s subject) result(t *testing.T, r integrations.Receipt) {
	t.Helper()
	if r.Ref == "" || r.At.IsZero() {
		t.Errorf("the receipt lacks its reference or time: %+v", r)
	}
	for _, p := range s.action.Describe().Result {
		if _, ok := r.Data[p.Name]; !ok {
			t.Errorf("the receipt lacks %s", p.Name)
		}
	}
	if len(r.Data) != len(s.action.Describe().Result) {
		t.Errorf("the receipt has %v, described is %v", r.Data, s.action.Describe().Result)
	}
}

func (s subject) verified(t *testing.T, c integrations.Call, r integrations.Receipt, want bool) {
	t.Helper()
	v, err := s.action.Verify(t.Context(), c, r)
	if err != nil || v.OK != want || v.Says == "" {
		t.Errorf("verify: %+v, %v: want %v", v, err, want)
	}
	s.clean(t, "verification", v)
}

// finds checks that Find leads to the receipt of Do.
func (s subject) finds(t *testing.T, c integrations.Call, r integrations.Receipt) {
	t.Helper()
	f, ok := s.action.(integrations.Finder)
	if !ok {
		return
	}
	found, there, err := f.Find(t.Context(), c)
	if err != nil || !there || found.Ref != r.Ref {
		t.Errorf("find: %+v, %v, %v: want %s", found, there, err, r.Ref)
	}
}

// undo carries the inverse out like any other call.
func (s subject) undo(t *testing.T, call integrations.Call) {
	t.Helper()
	i := s
	i.action = Lookup(t, s.World, call.Action, s.Connection)
	call.Key = integrations.Key("2026-0007", "a2", 0)
	i.call = call
	p, _ := i.plan(t)
	p = again(t, p)
	if p.Unchanged {
		t.Error("the inverse has nothing to do")
	}
	r, err := i.action.Do(t.Context(), p.Call, p)
	if err != nil {
		t.Fatalf("undo: %v", err)
	}
	i.verified(t, p.Call, again(t, r), true)
}

// repeat does the same call twice, looking in between where only a look can
// tell, as the outbox does.
func repeat(t *testing.T, s subject) {
	p, _ := s.plan(t)
	if _, err := s.action.Do(t.Context(), s.call, p); err != nil {
		t.Fatalf("do: %v", err)
	}
	after := s.Changes(t)
	f, finds := s.action.(integrations.Finder)
	if s.action.Describe().Idempotency == "marker" {
		if !finds {
			t.Fatal("its idempotency is a marker, and it cannot look for it")
		}
		if _, there, err := f.Find(t.Context(), s.call); err != nil || !there {
			t.Fatalf("find: %v, %v", there, err)
		}
		prior, err := s.action.Prior(t.Context(), s.call)
		if err != nil {
			t.Fatal(err)
		}
		if p, err = s.action.Plan(t.Context(), s.call, prior); err != nil || !p.Unchanged {
			t.Errorf("planned again, with the effect there: unchanged %v, %v", p.Unchanged, err)
		}
		return
	}
	if _, err := s.action.Do(t.Context(), s.call, p); err != nil {
		t.Fatalf("do again: %v", err)
	}
	if n := s.Changes(t) - after; n != 0 && s.action.Describe().Idempotency != "none" { // that is what it says of itself
		t.Errorf("the repeat changed the world %d times", n)
	}
}

// cancelled does the call under a context that has ended: nothing may leave.
func cancelled(t *testing.T, s subject) {
	p, _ := s.plan(t)
	before := s.Changes(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.action.Do(ctx, s.call, p)
	switch {
	case err == nil:
		t.Error("done under a context that has ended")
	case !errors.Is(err, context.Canceled):
		t.Errorf("the error hides the end of the context: %v", err)
	case integrations.OutcomeOf(err) != integrations.NotSent:
		t.Errorf("outcome %s: want not-sent", integrations.OutcomeOf(err))
	}
	if n := s.Changes(t) - before; n != 0 {
		t.Errorf("the world was changed %d times", n)
	}
}
