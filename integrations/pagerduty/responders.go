package pagerduty

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/PagerDuty/go-pagerduty"

	"firebreak/incident"
	"firebreak/integrations"
)

// responders asks more people to help with an incident. They are paged. The
// message carries a mark, by which the request is found on the incident.
type responders struct{ *duty }

// Describe implements integrations.Action.
func (responders) Describe() integrations.Description {
	return integrations.Description{
		Name: "pagerduty.responders.request", Title: "Page more people to help with an incident", System: "pagerduty",
		Danger: incident.Medium, Idempotency: "marker", Scopes: []string{"incidents.write"}, Tested: integrations.Described,
		Params: []integrations.Param{
			incidentParam(),
			{Name: "message", Title: "What they are asked for", Type: "string", Required: true, Match: `[^\r\n]{1,1000}`},
			{Name: "users", Title: "Ids of users", Type: "list", Match: shape},
			{Name: "escalation_policies", Title: "Ids of escalation policies", Type: "list", Match: shape},
			{Name: "requester", Title: "Id of the user who asks; else the connection's user_id", Type: "string", Match: shape},
		},
		Result: []integrations.Param{{Name: "incident", Type: "string"}},
	}
}

// Validate implements integrations.Validator.
func (a responders) Validate(c integrations.Call) error {
	v, err := integrations.Read(a.Describe(), c.Params)
	switch {
	case err != nil:
		return err
	case len(v.List("users"))+len(v.List("escalation_policies")) == 0:
		return rejected("", "plan %s: name users or escalation policies", c.Action)
	case a.requester(v) == "":
		return rejected("set the connection's user_id, or give requester", "plan %s: PagerDuty wants the id of the user who asks", c.Action)
	}
	return nil
}

func (a responders) requester(v integrations.Values) string {
	if id := v.Text("requester"); id != "" {
		return id
	}
	return a.user
}

// Prior implements integrations.Action.
func (a responders) Prior(ctx context.Context, c integrations.Call) (integrations.Prior, error) {
	if err := a.Validate(c); err != nil {
		return integrations.Prior{}, err
	}
	ctx, s, v, err := a.use(ctx, a.Describe(), c)
	if err != nil {
		return integrations.Prior{}, err
	}
	i, err := s.read(ctx, v.Text("incident"))
	if err != nil {
		return integrations.Prior{}, err
	}
	state := map[string]any{"title": s.seen.Clean(i.name()), "status": s.seen.Clean(i.Status), "exists": i.asked(c.Key)}
	return integrations.Prior{State: state}, nil
}

// asked says whether a request for help carries the key.
func (i seenIncident) asked(key string) bool {
	for _, r := range i.Requests {
		if integrations.Marked(r.Message, key) {
			return true
		}
	}
	return false
}

// Plan implements integrations.Action.
func (a responders) Plan(_ context.Context, c integrations.Call, prior integrations.Prior) (integrations.Plan, error) {
	v, err := integrations.Read(a.Describe(), c.Params)
	if err == nil {
		err = a.Validate(c)
	}
	if err == nil {
		err = a.signed(c.Action)
	}
	if err != nil {
		return integrations.Plan{}, err
	}
	body, err := json.Marshal(a.request(c, v))
	if err != nil {
		return integrations.Plan{}, fmt.Errorf("encode request: %w", err)
	}
	id := v.Text("incident")
	p := integrations.Plan{
		Call: c, Identity: a.from, Base: a.rest, Prior: prior, Target: id,
		Requests: []integrations.Request{{Method: "POST", URL: a.rest + "/incidents/" + id + "/responder_requests", Body: string(body)}},
		Proof:    "the request stands on the incident",
	}
	p.Unchanged, _ = prior.State["exists"].(bool)
	for _, u := range v.List("users") {
		p.Targets = append(p.Targets, integrations.Target{Kind: "user", ID: u})
	}
	for _, e := range v.List("escalation_policies") {
		p.Targets = append(p.Targets, integrations.Target{Kind: "escalation policy", ID: e})
	}
	names := make([]string, len(p.Targets))
	for i, t := range p.Targets {
		names[i] = t.Kind + " " + t.ID
	}
	p.Effects = []string{"people are paged, at any hour: " + strings.Join(names, ", ")}
	return p, nil
}

// request is what is sent. The message is read on a telephone: it has no seal.
func (a responders) request(c integrations.Call, v integrations.Values) pagerduty.ResponderRequestOptions {
	c.Seal = ""
	o := pagerduty.ResponderRequestOptions{From: a.from, RequesterID: a.requester(v), Message: integrations.Text(v.Text("message"), c)}
	add := func(kind string, ids []string) {
		for _, id := range ids {
			o.Targets = append(o.Targets, pagerduty.ResponderRequestTargetWrapper{
				Target: pagerduty.ResponderRequestTarget{APIObject: pagerduty.APIObject{ID: id, Type: kind + "_reference"}},
			})
		}
	}
	add("user", v.List("users"))
	add("escalation_policy", v.List("escalation_policies"))
	return o
}

// Do implements integrations.Action.
func (a responders) Do(ctx context.Context, c integrations.Call, _ integrations.Plan) (integrations.Receipt, error) {
	if err := a.Validate(c); err != nil {
		return integrations.Receipt{}, err
	}
	ctx, s, v, err := a.use(ctx, a.Describe(), c)
	if err != nil {
		return integrations.Receipt{}, err
	}
	if _, err := s.ResponderRequestWithContext(ctx, v.Text("incident"), a.request(c, v)); err != nil {
		return integrations.Receipt{}, s.seen.Fail("ask for help", err)
	}
	return a.receipt(v), nil
}

func (a responders) receipt(v integrations.Values) integrations.Receipt {
	id := v.Text("incident")
	return integrations.Receipt{Ref: id + "/responder_requests", At: a.now(), Data: map[string]any{"incident": id}}
}

// Verify implements integrations.Action.
func (a responders) Verify(ctx context.Context, c integrations.Call, _ integrations.Receipt) (integrations.Verification, error) {
	_, found, err := a.Find(ctx, c)
	if err != nil || !found {
		return integrations.Verification{Says: "the incident shows no such request"}, err
	}
	return integrations.Verification{OK: true, Says: "the request stands on the incident"}, nil
}

// Find implements integrations.Finder.
func (a responders) Find(ctx context.Context, c integrations.Call) (integrations.Receipt, bool, error) {
	ctx, s, v, err := a.use(ctx, a.Describe(), c)
	if err != nil {
		return integrations.Receipt{}, false, err
	}
	i, err := s.read(ctx, v.Text("incident"))
	if err != nil || !i.asked(c.Key) {
		return integrations.Receipt{}, false, err
	}
	return a.receipt(v), true, nil
}
