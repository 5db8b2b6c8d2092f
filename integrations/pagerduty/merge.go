package pagerduty

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/PagerDuty/go-pagerduty"

	"firebreak/incident"
	"firebreak/integrations"
)

// merge puts the alerts of other incidents into one; the others are resolved.
type merge struct{ *duty }

// Describe implements integrations.Action.
func (merge) Describe() integrations.Description {
	return integrations.Description{
		Name: "pagerduty.incident.merge", Title: "Merge other incidents into one", System: "pagerduty",
		Danger: incident.Medium, Idempotency: "native", Scopes: []string{"incidents.write"}, Tested: integrations.Described,
		Params: []integrations.Param{
			incidentParam(),
			{Name: "sources", Title: "Ids of the incidents that end in it", Type: "list", Required: true, Match: shape},
		},
		Result: []integrations.Param{{Name: "incident", Type: "string"}},
	}
}

// Validate implements integrations.Validator.
func (a merge) Validate(c integrations.Call) error {
	v, err := integrations.Read(a.Describe(), c.Params)
	if err != nil {
		return err
	}
	if from := v.List("sources"); len(from) == 0 || slices.Contains(from, v.Text("incident")) {
		return rejected("", "plan %s: name the incidents that are to end in %s, without itself", c.Action, v.Text("incident"))
	}
	return nil
}

// Prior implements integrations.Action.
func (a merge) Prior(ctx context.Context, c integrations.Call) (integrations.Prior, error) {
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
	state, sources := s.target(i), map[string]any{}
	for _, id := range v.List("sources") {
		source, err := s.read(ctx, id)
		if err != nil {
			return integrations.Prior{}, err
		}
		sources[id] = s.seen.Clean(source.Status)
	}
	state["sources"] = sources
	return integrations.Prior{State: state}, nil
}

// Plan implements integrations.Action.
func (a merge) Plan(_ context.Context, c integrations.Call, prior integrations.Prior) (integrations.Plan, error) {
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
	id := v.Text("incident")
	body, err := json.Marshal(map[string]any{"source_incidents": sources(v)})
	if err != nil {
		return integrations.Plan{}, fmt.Errorf("encode merge: %w", err)
	}
	p := integrations.Plan{
		Call: c, Identity: a.from, Base: a.rest, Prior: prior, Target: id, Targets: targets(id, prior),
		Effects:   []string{fmt.Sprintf("the alerts of %s move into %s, and those incidents are resolved; they cannot be taken apart again", strings.Join(v.List("sources"), ", "), id)},
		Requests:  []integrations.Request{{Method: "PUT", URL: a.rest + "/incidents/" + id + "/merge", Body: string(body)}},
		Proof:     "the other incidents are resolved",
		Unchanged: merged(prior.State, v),
	}
	for _, source := range v.List("sources") {
		p.Targets = append(p.Targets, integrations.Target{Kind: "incident", ID: source})
	}
	return p, nil
}

// merged says whether all the others are resolved.
func merged(state map[string]any, v integrations.Values) bool {
	statuses, _ := state["sources"].(map[string]any)
	for _, id := range v.List("sources") {
		if statuses[id] != "resolved" {
			return false
		}
	}
	return true
}

func sources(v integrations.Values) []pagerduty.MergeIncidentsOptions {
	var out []pagerduty.MergeIncidentsOptions
	for _, id := range v.List("sources") {
		out = append(out, pagerduty.MergeIncidentsOptions{ID: id, Type: "incident_reference"})
	}
	return out
}

// Do implements integrations.Action.
func (a merge) Do(ctx context.Context, c integrations.Call, _ integrations.Plan) (integrations.Receipt, error) {
	if err := a.Validate(c); err != nil {
		return integrations.Receipt{}, err
	}
	ctx, s, v, err := a.use(ctx, a.Describe(), c)
	if err != nil {
		return integrations.Receipt{}, err
	}
	id := v.Text("incident")
	if _, err := s.MergeIncidentsWithContext(ctx, a.from, id, sources(v)); err != nil {
		return integrations.Receipt{}, s.seen.Fail("merge incidents", err)
	}
	return integrations.Receipt{Ref: id, At: a.now(), Data: map[string]any{"incident": id}}, nil
}

// Verify implements integrations.Action.
func (a merge) Verify(ctx context.Context, c integrations.Call, _ integrations.Receipt) (integrations.Verification, error) {
	prior, err := a.Prior(ctx, c)
	if err != nil {
		return integrations.Verification{}, err
	}
	v, err := integrations.Read(a.Describe(), c.Params)
	if err != nil {
		return integrations.Verification{}, err
	}
	if !merged(prior.State, v) {
		return integrations.Verification{Says: "not all of the other incidents are resolved", State: prior.State}, nil
	}
	return integrations.Verification{OK: true, Says: "the other incidents are resolved", State: prior.State}, nil
}
