package pagerduty

import (
	"context"
	"encoding/json"
	"fmt"

	"firebreak/incident"
	"firebreak/integrations"
)

// statusUpdate tells the subscribers of an incident. PagerDuty neither takes a
// key for it nor gives it back: a repeat would be a second message.
type statusUpdate struct{ *duty }

// Describe implements integrations.Action.
func (statusUpdate) Describe() integrations.Description {
	return integrations.Description{
		Name: "pagerduty.incident.update", Title: "Tell the subscribers of an incident", System: "pagerduty",
		Danger: incident.Medium, Idempotency: "none", Scopes: []string{"incidents.write"}, Tested: integrations.Described,
		Params: []integrations.Param{
			incidentParam(),
			{Name: "message", Title: "Text", Type: "string", Required: true},
		},
		Result: []integrations.Param{{Name: "incident", Type: "string"}, {Name: "update_id", Type: "string"}},
	}
}

// Prior implements integrations.Action.
func (a statusUpdate) Prior(ctx context.Context, c integrations.Call) (integrations.Prior, error) {
	ctx, s, v, err := a.use(ctx, a.Describe(), c)
	if err != nil {
		return integrations.Prior{}, err
	}
	i, err := s.read(ctx, v.Text("incident"))
	if err != nil {
		return integrations.Prior{}, err
	}
	return integrations.Prior{State: s.target(i)}, nil
}

// Plan implements integrations.Action.
func (a statusUpdate) Plan(_ context.Context, c integrations.Call, prior integrations.Prior) (integrations.Plan, error) {
	v, err := integrations.Read(a.Describe(), c.Params)
	if err == nil {
		err = a.signed(c.Action)
	}
	if err != nil {
		return integrations.Plan{}, err
	}
	shown := c
	shown.Seal = integrations.SealPlace
	body, err := json.Marshal(map[string]string{"message": updateText(shown, v)})
	if err != nil {
		return integrations.Plan{}, fmt.Errorf("encode update: %w", err)
	}
	id := v.Text("incident")
	title, _ := prior.State["title"].(string)
	return integrations.Plan{
		Call: c, Identity: a.from, Base: a.rest, Prior: prior, Target: id, Targets: targets(id, prior),
		Effects:  []string{fmt.Sprintf("all who follow %q get the message, people outside the response among them; it cannot be taken back", title)},
		Requests: []integrations.Request{{Method: "POST", URL: a.rest + "/incidents/" + id + "/status_updates", Body: string(body)}},
		Proof:    "PagerDuty's acceptance, no more",
		Warnings: []string{"an update cannot be read back: after a failure in between it may go out twice"},
	}, nil
}

// updateText is what subscribers read. It carries no mark: nothing could find it.
func updateText(c integrations.Call, v integrations.Values) string {
	c.Key = ""
	return integrations.Text(v.Text("message"), c)
}

// Do implements integrations.Action.
func (a statusUpdate) Do(ctx context.Context, c integrations.Call, _ integrations.Plan) (integrations.Receipt, error) {
	ctx, s, v, err := a.use(ctx, a.Describe(), c)
	if err != nil {
		return integrations.Receipt{}, err
	}
	made, err := s.CreateIncidentStatusUpdate(ctx, v.Text("incident"), a.from, updateText(c, v))
	if err != nil {
		return integrations.Receipt{}, s.seen.Fail("send update", err)
	}
	id := s.seen.Clean(made.ID)
	return integrations.Receipt{
		Ref: v.Text("incident") + "/status_updates/" + id, At: a.now(),
		Data: map[string]any{"incident": v.Text("incident"), "update_id": id},
	}, nil
}

// Verify implements integrations.Action.
func (a statusUpdate) Verify(_ context.Context, c integrations.Call, r integrations.Receipt) (integrations.Verification, error) {
	return unread(c, r)
}

// unread is the verification of what PagerDuty takes and never gives back.
func unread(c integrations.Call, r integrations.Receipt) (integrations.Verification, error) {
	if r.Ref == "" {
		return integrations.Verification{}, fmt.Errorf("read %s back: %w", c.Action, integrations.ErrNotReadable)
	}
	return integrations.Verification{OK: true, Unread: true, Says: "PagerDuty accepted it; it cannot be read back"}, nil
}
