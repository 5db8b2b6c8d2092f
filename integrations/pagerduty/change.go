package pagerduty

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/PagerDuty/go-pagerduty"

	"firebreak/incident"
	"firebreak/integrations"
)

// changeEvent tells the people who look at a service that something was changed:
// a deploy stopped, a rule set. It pages nobody. PagerDuty takes no key for it.
type changeEvent struct{ *duty }

// Describe implements integrations.Action.
func (changeEvent) Describe() integrations.Description {
	return integrations.Description{
		Name: "pagerduty.change.send", Title: "Note a change on a service", System: "pagerduty",
		Danger: incident.Low, Idempotency: "none", Scopes: []string{"an Events API v2 integration key"}, Tested: integrations.Described,
		Params: []integrations.Param{
			{Name: "summary", Title: "What was changed", Type: "string", Required: true, Match: `[^\r\n]{1,1000}`},
			{Name: "source", Title: "Where", Type: "string", Default: "firebreak", Match: `[^\r\n]{1,255}`},
			{Name: "details", Title: "More", Type: "string"},
			{Name: "link", Title: "Where more is to be read", Type: "string", Match: `https://[^\s]{1,1000}`},
		},
		Result: []integrations.Param{{Name: "summary", Type: "string"}},
	}
}

// Prior implements integrations.Action: there is nothing to be read.
func (a changeEvent) Prior(_ context.Context, c integrations.Call) (integrations.Prior, error) {
	_, err := integrations.Read(a.Describe(), c.Params)
	return integrations.Prior{}, err
}

// Plan implements integrations.Action.
func (a changeEvent) Plan(_ context.Context, c integrations.Call, prior integrations.Prior) (integrations.Plan, error) {
	v, err := integrations.Read(a.Describe(), c.Params)
	if err != nil {
		return integrations.Plan{}, err
	}
	shown := c
	shown.Seal = integrations.SealPlace
	body, err := json.Marshal(a.event(shown, v, integrations.Hidden))
	if err == nil {
		err = fits(body)
	}
	if err != nil {
		return integrations.Plan{}, fmt.Errorf("encode change: %w", err)
	}
	return integrations.Plan{
		Call: c, Base: a.events, Prior: prior, Target: v.Text("source"),
		Effects:  []string{"a change appears on the service, beside its incidents; nobody is paged: " + v.Text("summary")},
		Requests: []integrations.Request{{Method: "POST", URL: a.events + "/v2/change/enqueue", Body: string(body)}},
		Proof:    "PagerDuty's acceptance, no more",
		Warnings: []string{"a change cannot be read back: after a failure in between it may appear twice"},
	}, nil
}

func (a changeEvent) event(c integrations.Call, v integrations.Values, routing string) pagerduty.ChangeEvent {
	more := map[string]any{"incident": string(c.Incident)}
	if c.Seal != "" {
		more["record"] = c.Seal
	}
	if d := v.Text("details"); d != "" {
		more["details"] = d
	}
	e := pagerduty.ChangeEvent{RoutingKey: routing, Payload: pagerduty.ChangeEventPayload{Summary: v.Text("summary"), Source: v.Text("source"), CustomDetails: more}}
	if l := v.Text("link"); l != "" {
		e.Links = []pagerduty.ChangeEventLink{{Href: l}}
	}
	return e
}

// Do implements integrations.Action.
func (a changeEvent) Do(ctx context.Context, c integrations.Call, _ integrations.Plan) (integrations.Receipt, error) {
	v, err := integrations.Read(a.Describe(), c.Params)
	if err != nil {
		return integrations.Receipt{}, err
	}
	ctx, s, err := a.open(ctx, "routing_key")
	if err != nil {
		return integrations.Receipt{}, err
	}
	answer, err := s.CreateChangeEventWithContext(ctx, a.event(c, v, s.key))
	if err == nil && answer.Status != "success" {
		err = fmt.Errorf("PagerDuty answers %q", answer.Status)
	}
	if err != nil {
		return integrations.Receipt{}, s.seen.Fail("send change", err)
	}
	return integrations.Receipt{Ref: "change " + c.Key, At: a.now(), Data: map[string]any{"summary": v.Text("summary")}}, nil
}

// Verify implements integrations.Action.
func (changeEvent) Verify(_ context.Context, c integrations.Call, r integrations.Receipt) (integrations.Verification, error) {
	return unread(c, r)
}
