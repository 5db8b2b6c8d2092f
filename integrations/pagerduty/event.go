package pagerduty

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/PagerDuty/go-pagerduty"

	"firebreak/incident"
	"firebreak/integrations"
)

// event triggers, acknowledges or resolves an alert. The dedup_key makes a
// repeat harmless as long as the alert is open; after a resolve the same key
// would open a new one.
type event struct {
	*duty
	verb string // trigger, acknowledge or resolve
}

// Describe implements integrations.Action.
func (e event) Describe() integrations.Description {
	d := integrations.Description{
		Name: "pagerduty.event." + e.verb, System: "pagerduty", Danger: incident.Low,
		Idempotency: "native", Scopes: []string{"an Events API v2 integration key"}, Tested: integrations.Described,
		Result: []integrations.Param{{Name: "dedup_key", Type: "string"}},
	}
	if e.verb == "trigger" {
		d.Title, d.Reversible = "Page the people on call", true
		d.Params = []integrations.Param{
			{Name: "summary", Title: "What they read first", Type: "string", Required: true, Match: `[^\r\n]{1,1000}`},
			{Name: "severity", Title: "Severity", Type: "string", Default: "critical", Match: `critical|error|warning|info`},
			{Name: "source", Title: "What it is about", Type: "string", Default: "firebreak", Match: `[^\r\n]{1,255}`},
			{Name: "component", Title: "Component", Type: "string", Match: `[^\r\n]{1,255}`},
			{Name: "details", Title: "More", Type: "string"},
		}
		return d
	}
	d.Title = map[string]string{"acknowledge": "Acknowledge a page", "resolve": "Resolve a page"}[e.verb]
	d.Params = []integrations.Param{
		{Name: "dedup_key", Title: "Key of the alert", Type: "string", Required: true, Match: `[^\r\n]{1,255}`},
	}
	return d
}

// What PagerDuty takes at most: the length of a dedup_key, the bytes of an event.
const (
	maxKey   = 255
	maxEvent = 512 << 10
)

// fits refuses an event that PagerDuty would not take.
func fits(body []byte) error {
	if len(body) > maxEvent {
		return rejected("shorten the details", "the event has %d bytes: PagerDuty takes %d", len(body), maxEvent)
	}
	return nil
}

// dedup is the alert's key.
func (e event) dedup(c integrations.Call, v integrations.Values) string {
	if e.verb == "trigger" {
		return c.Key
	}
	return v.Text("dedup_key")
}

// Prior implements integrations.Action. Without a REST token nothing can be
// known, and the state says so.
func (e event) Prior(ctx context.Context, c integrations.Call) (integrations.Prior, error) {
	v, err := integrations.Read(e.Describe(), c.Params)
	if err != nil {
		return integrations.Prior{}, err
	}
	state, err := e.state(ctx, e.dedup(c, v))
	if errors.Is(err, integrations.ErrNotReadable) {
		return integrations.Prior{State: map[string]any{"status": "not readable"}}, nil
	}
	if err != nil {
		return integrations.Prior{}, err
	}
	return integrations.Prior{State: state}, nil
}

// state reads the alert's incident back: status is "none" when there is none.
func (e event) state(ctx context.Context, key string) (map[string]any, error) {
	ctx, s, err := e.reader(ctx)
	if err != nil {
		return nil, err
	}
	found, err := s.incident(ctx, key)
	if err != nil {
		return nil, err
	}
	if found == nil {
		return map[string]any{"status": "none"}, nil
	}
	return map[string]any{
		"status": s.seen.Clean(found.Status), "incident": s.seen.Clean(found.ID), "url": s.seen.Clean(found.HTMLURL),
	}, nil
}

// done says whether a status is what the action wants. An acknowledged or
// resolved alert has been triggered.
func (e event) done(status string) bool {
	switch e.verb {
	case "trigger":
		return status == "triggered" || status == "acknowledged" || status == "resolved"
	case acknowledge:
		return status == "acknowledged" || status == "resolved"
	}
	return status == "resolved"
}

// Plan implements integrations.Action.
func (e event) Plan(_ context.Context, c integrations.Call, prior integrations.Prior) (integrations.Plan, error) {
	v, err := integrations.Read(e.Describe(), c.Params)
	if err != nil {
		return integrations.Plan{}, err
	}
	if len(c.Key) > maxKey {
		return integrations.Plan{}, rejected("", "plan %s: the key is longer than %d", c.Action, maxKey)
	}
	shown := c
	shown.Seal = integrations.SealPlace
	body, err := json.Marshal(e.event(shown, v, integrations.Hidden))
	if err == nil {
		err = fits(body)
	}
	if err != nil {
		return integrations.Plan{}, fmt.Errorf("encode event: %w", err)
	}
	status, _ := prior.State["status"].(string)
	if e.verb == acknowledge && status == "resolved" {
		return integrations.Plan{}, rejected("page again: pagerduty.event.trigger", "plan %s: the alert is resolved, and there is no way back from that", c.Action)
	}
	p := integrations.Plan{
		Call: c, Base: e.events, Prior: prior, Target: e.dedup(c, v),
		Requests: []integrations.Request{{Method: "POST", URL: e.events + "/v2/enqueue", Body: string(body)}},
		Proof:    "the incident that PagerDuty has under the key",
	}
	switch e.verb {
	case "trigger":
		p.Target = v.Text("source")
		p.Effects = []string{fmt.Sprintf("whoever is on call is paged: %s", v.Text("summary"))}
		p.Undo = "resolve the alert; who was paged stays paged"
	case acknowledge:
		p.Effects = []string{"the alert stops escalating"}
	case resolve:
		p.Effects = []string{"the alert closes; a later event with its key opens a new one"}
	}
	p.Targets = []integrations.Target{{Kind: "alert", ID: e.dedup(c, v), Name: v.Text("source")}}
	switch status {
	case "none":
		if e.verb != "trigger" {
			p.Warnings = []string{"PagerDuty has no incident under the key: the event would do nothing"}
		}
	case "not readable":
		p.Proof = "PagerDuty's acceptance, no more"
		p.Warnings = []string{"without a REST token the effect cannot be read back"}
	}
	p.Unchanged = e.done(status)
	return p, nil
}

// event is what is sent.
func (e event) event(c integrations.Call, v integrations.Values, routing string) *pagerduty.V2Event {
	ev := &pagerduty.V2Event{RoutingKey: routing, Action: e.verb, DedupKey: e.dedup(c, v)}
	if e.verb != "trigger" {
		return ev
	}
	details := map[string]string{"incident": string(c.Incident)}
	if c.Seal != "" {
		details["record"] = c.Seal
	}
	if d := v.Text("details"); d != "" {
		details["details"] = d
	}
	ev.Client = "Firebreak"
	ev.Payload = &pagerduty.V2Payload{
		Summary: v.Text("summary"), Source: v.Text("source"), Severity: v.Text("severity"),
		Component: v.Text("component"), Details: details,
	}
	return ev
}

// Do implements integrations.Action.
func (e event) Do(ctx context.Context, c integrations.Call, _ integrations.Plan) (integrations.Receipt, error) {
	v, err := integrations.Read(e.Describe(), c.Params)
	if err != nil {
		return integrations.Receipt{}, err
	}
	if e.dedup(c, v) == "" {
		return integrations.Receipt{}, &integrations.Error{Outcome: integrations.Rejected, Err: fmt.Errorf("send event: no key")}
	}
	ctx, s, err := e.open(ctx, "routing_key")
	if err != nil {
		return integrations.Receipt{}, err
	}
	answer, err := s.ManageEventWithContext(ctx, e.event(c, v, s.key))
	if err != nil {
		return integrations.Receipt{}, s.seen.Fail("send event", err)
	}
	if answer.Status != "success" {
		return integrations.Receipt{}, s.seen.Fail("send event", fmt.Errorf("PagerDuty answers %q", answer.Status))
	}
	return e.receipt(c, v), nil
}

func (e event) receipt(c integrations.Call, v integrations.Values) integrations.Receipt {
	key := e.dedup(c, v)
	return integrations.Receipt{Ref: key, At: e.now(), Data: map[string]any{"dedup_key": key}}
}

// Verify implements integrations.Action. PagerDuty accepts first and works
// later, so a "not yet" may become a yes. Without a REST token its acceptance,
// which the receipt stands for, is all that can be known, and Says tells so.
func (e event) Verify(ctx context.Context, c integrations.Call, r integrations.Receipt) (integrations.Verification, error) {
	v, err := integrations.Read(e.Describe(), c.Params)
	if err != nil {
		return integrations.Verification{}, err
	}
	state, err := e.state(ctx, e.dedup(c, v))
	if errors.Is(err, integrations.ErrNotReadable) && r.Ref != "" && r.Ref == e.dedup(c, v) {
		return integrations.Verification{OK: true, Unread: true, Says: "PagerDuty accepted it; without a REST token the effect cannot be read back"}, nil
	}
	if err != nil {
		return integrations.Verification{}, err
	}
	status, _ := state["status"].(string)
	says := "the alert is " + status
	if status == "none" {
		says = "PagerDuty has no incident under the key"
	}
	return integrations.Verification{OK: e.done(status), Says: says, State: state}, nil
}

// Find implements integrations.Finder, with a REST token.
func (e event) Find(ctx context.Context, c integrations.Call) (integrations.Receipt, bool, error) {
	v, err := integrations.Read(e.Describe(), c.Params)
	if err != nil {
		return integrations.Receipt{}, false, err
	}
	seen, err := e.Verify(ctx, c, integrations.Receipt{})
	if err != nil || !seen.OK {
		return integrations.Receipt{}, false, err
	}
	return e.receipt(c, v), true, nil
}

// Inverse implements integrations.Reverter: a triggered alert is resolved.
func (e event) Inverse(c integrations.Call, _ integrations.Prior, _ integrations.Receipt) (integrations.Call, error) {
	if e.verb != "trigger" {
		return integrations.Call{}, fmt.Errorf("invert %s: PagerDuty has no way back", c.Action)
	}
	return integrations.Call{
		Action: "pagerduty.event.resolve", Connection: c.Connection, Incident: c.Incident, Step: c.Step,
		Params: map[string]any{"dedup_key": c.Key},
	}, nil
}
