package pagerduty

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"firebreak/incident"
	"firebreak/integrations"
)

// workflow starts an incident workflow that somebody set up in PagerDuty. What it
// does is known there alone, and so is whether it ended well.
type workflow struct{ *duty }

// Describe implements integrations.Action.
func (workflow) Describe() integrations.Description {
	return integrations.Description{
		Name: "pagerduty.workflow.run", Title: "Start an incident workflow", System: "pagerduty",
		Danger: incident.Medium, Idempotency: "none", Scopes: []string{"incident_workflows:instances.write"}, Tested: integrations.Described,
		Params: []integrations.Param{
			incidentParam(),
			{Name: "workflow", Title: "Id of the workflow", Type: "string", Required: true, Match: shape},
		},
		Result: []integrations.Param{{Name: "incident", Type: "string"}, {Name: "instance", Type: "string"}},
	}
}

// Prior implements integrations.Action.
func (a workflow) Prior(ctx context.Context, c integrations.Call) (integrations.Prior, error) {
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
func (a workflow) Plan(_ context.Context, c integrations.Call, prior integrations.Prior) (integrations.Plan, error) {
	v, err := integrations.Read(a.Describe(), c.Params)
	if err != nil {
		return integrations.Plan{}, err
	}
	body, err := json.Marshal(instance(v))
	if err != nil {
		return integrations.Plan{}, fmt.Errorf("encode workflow: %w", err)
	}
	title, _ := prior.State["title"].(string)
	id := v.Text("workflow")
	return integrations.Plan{
		Call: c, Identity: a.from, Base: a.rest, Prior: prior, Target: id,
		Targets:  []integrations.Target{{Kind: "workflow", ID: id}},
		Effects:  []string{fmt.Sprintf("workflow %s runs for %q: it does what was set up in PagerDuty, and people may be paged and told", id, title)},
		Requests: []integrations.Request{{Method: "POST", URL: a.rest + "/incident_workflows/" + id + "/instances", Body: string(body)}},
		Proof:    "PagerDuty's acceptance, no more",
		Warnings: []string{"what it does and whether it ends well cannot be read back; after a failure in between it may run twice"},
	}, nil
}

func instance(v integrations.Values) map[string]any {
	return map[string]any{"incident_workflow_instance": map[string]any{
		"type": "incident_workflow_instance", "incident": ref(v.Text("incident"), "incident"),
	}}
}

// Do implements integrations.Action.
func (a workflow) Do(ctx context.Context, c integrations.Call, _ integrations.Plan) (integrations.Receipt, error) {
	ctx, s, v, err := a.use(ctx, a.Describe(), c)
	if err != nil {
		return integrations.Receipt{}, err
	}
	var answer struct {
		Instance struct {
			ID string `json:"id"`
		} `json:"incident_workflow_instance"`
	}
	if err := s.send(ctx, http.MethodPost, "/incident_workflows/"+v.Text("workflow")+"/instances", instance(v), &answer); err != nil {
		return integrations.Receipt{}, s.seen.Fail("start workflow", err)
	}
	id := s.seen.Clean(answer.Instance.ID)
	return integrations.Receipt{
		Ref: v.Text("workflow") + "/instances/" + id, At: a.now(),
		Data: map[string]any{"incident": v.Text("incident"), "instance": id},
	}, nil
}

// Verify implements integrations.Action.
func (workflow) Verify(_ context.Context, c integrations.Call, r integrations.Receipt) (integrations.Verification, error) {
	return unread(c, r)
}
