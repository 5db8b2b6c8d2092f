package pagerduty

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/PagerDuty/go-pagerduty"

	"firebreak/incident"
	"firebreak/integrations"
)

// onCall reads who is on call now.
type onCall struct{ *duty }

// Describe implements integrations.Action.
func (onCall) Describe() integrations.Description {
	return integrations.Description{
		Name: "pagerduty.oncall.list", Title: "Who is on call now", System: "pagerduty",
		Danger: incident.None, ReadOnly: true, Idempotency: "native", Scopes: []string{"oncalls.read"}, Tested: integrations.Described,
		Params: []integrations.Param{
			{Name: "escalation_policy", Title: "Id of an escalation policy", Type: "string", Match: shape},
			{Name: "schedule", Title: "Id of a schedule", Type: "string", Match: shape},
		},
		Result: []integrations.Param{{Name: "people", Type: "list"}, {Name: "ids", Type: "list"}, {Name: "oncalls", Type: "list"}},
	}
}

// Validate implements integrations.Validator.
func (a onCall) Validate(c integrations.Call) error {
	v, err := integrations.Read(a.Describe(), c.Params)
	if err == nil && v.Text("escalation_policy") == "" && v.Text("schedule") == "" {
		return rejected("", "ask who is on call: of which escalation_policy or schedule?")
	}
	return err
}

// Prior implements integrations.Action.
func (a onCall) Prior(_ context.Context, c integrations.Call) (integrations.Prior, error) {
	return integrations.Prior{}, a.Validate(c)
}

// Plan implements integrations.Action.
func (a onCall) Plan(_ context.Context, c integrations.Call, prior integrations.Prior) (integrations.Plan, error) {
	if err := a.Validate(c); err != nil {
		return integrations.Plan{}, err
	}
	v, err := integrations.Read(a.Describe(), c.Params)
	if err != nil {
		return integrations.Plan{}, err
	}
	return integrations.Plan{
		Call: c, Base: a.rest, Prior: prior, Target: cmp.Or(v.Text("escalation_policy"), v.Text("schedule")),
		Effects: []string{"none: it only reads"}, Requests: []integrations.Request{{Method: "GET", URL: a.rest + "/oncalls"}},
	}, nil
}

// Do implements integrations.Action.
func (a onCall) Do(ctx context.Context, c integrations.Call, _ integrations.Plan) (integrations.Receipt, error) {
	if err := a.Validate(c); err != nil {
		return integrations.Receipt{}, err
	}
	ctx, s, v, err := a.use(ctx, a.Describe(), c)
	if err != nil {
		return integrations.Receipt{}, err
	}
	found, err := s.onCalls(ctx, v)
	if err != nil {
		return integrations.Receipt{}, err
	}
	var people, ids, rows []any
	for _, o := range found {
		id, name := s.seen.Clean(o.User.ID), s.seen.Clean(cmp.Or(o.User.Name, o.User.Summary))
		if !slices.Contains(ids, any(id)) { // one person may be there by several schedules
			people, ids = append(people, name), append(ids, id)
		}
		rows = append(rows, map[string]any{
			"name": name, "id": id, "level": o.EscalationLevel, "until": s.seen.Clean(o.End),
			"schedule": s.seen.Clean(o.Schedule.Summary), "escalation_policy": s.seen.Clean(o.EscalationPolicy.Summary),
		})
	}
	return integrations.Receipt{
		Ref: cmp.Or(v.Text("escalation_policy"), v.Text("schedule")), At: a.now(),
		Data: map[string]any{"people": people, "ids": ids, "oncalls": rows},
	}, nil
}

// onCalls are those of one moment, the first to be paged first.
func (s session) onCalls(ctx context.Context, v integrations.Values) ([]pagerduty.OnCall, error) {
	o := pagerduty.ListOnCallOptions{Limit: 100}
	if id := v.Text("escalation_policy"); id != "" {
		o.EscalationPolicyIDs = []string{id}
	}
	if id := v.Text("schedule"); id != "" {
		o.ScheduleIDs = []string{id}
	}
	var all []pagerduty.OnCall
	for range 10 {
		page, err := s.ListOnCallsWithContext(ctx, o)
		if err != nil {
			return nil, s.seen.Fail("ask who is on call", err)
		}
		all = append(all, page.OnCalls...)
		if !page.More || len(page.OnCalls) == 0 {
			slices.SortStableFunc(all, func(a, b pagerduty.OnCall) int { return cmp.Compare(a.EscalationLevel, b.EscalationLevel) })
			return all, nil
		}
		o.Offset += uint(len(page.OnCalls))
	}
	return nil, rejected("ask for one schedule", "ask who is on call: more than 1000 are")
}

// Verify implements integrations.Action: what was read is what there was.
func (onCall) Verify(_ context.Context, c integrations.Call, r integrations.Receipt) (integrations.Verification, error) {
	if r.Ref == "" {
		return integrations.Verification{}, fmt.Errorf("verify %s: %w", c.Action, integrations.ErrNotReadable)
	}
	return integrations.Verification{OK: true, Final: true, Says: "it was read"}, nil
}
