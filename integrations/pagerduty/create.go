package pagerduty

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"firebreak/incident"
	"firebreak/integrations"
)

// create opens an incident on a service. Its incident_key is the action's key:
// PagerDuty rejects a second one while the first is open, which is then the one
// that was wanted.
type create struct{ *duty }

// Describe implements integrations.Action.
func (create) Describe() integrations.Description {
	return integrations.Description{
		Name: "pagerduty.incident.create", Title: "Open an incident, and page its people", System: "pagerduty",
		Danger: incident.Low, Reversible: true, Idempotency: "native", Scopes: []string{"incidents.write"}, Tested: integrations.Described,
		Params: []integrations.Param{
			{Name: "title", Title: "What they read first", Type: "string", Required: true, Match: `[^\r\n]{1,1000}`},
			{Name: "service", Title: "Id of the service", Type: "string", Required: true, Match: shape},
			{Name: "details", Title: "More", Type: "string"},
			{Name: "urgency", Title: "Urgency", Type: "string", Default: "high", Match: `high|low`},
			{Name: "escalation_policy", Title: "Id of another escalation policy than the service's", Type: "string", Match: shape},
			{Name: "priority", Title: "Id of the priority", Type: "string", Match: shape},
		},
		Result: []integrations.Param{{Name: "incident", Type: "string"}, {Name: "incident_key", Type: "string"}, {Name: "url", Type: "string"}},
	}
}

// newIncident is what is sent.
type newIncident struct {
	Type     string     `json:"type"`
	Title    string     `json:"title"`
	Service  *reference `json:"service"`
	Urgency  string     `json:"urgency,omitempty"`
	Key      string     `json:"incident_key"`
	Body     *details   `json:"body,omitempty"`
	Policy   *reference `json:"escalation_policy,omitempty"`
	Priority *reference `json:"priority,omitempty"`
}

type details struct {
	Type    string `json:"type"`
	Details string `json:"details"`
}

func (create) body(c integrations.Call, v integrations.Values) map[string]newIncident {
	text := v.Text("details")
	if text != "" {
		text += "\n\n"
	}
	text += "Incident " + string(c.Incident)
	if c.Seal != "" {
		text += "\nFirebreak record: " + c.Seal
	}
	return map[string]newIncident{"incident": {
		Type: "incident", Title: v.Text("title"), Service: ref(v.Text("service"), "service"), Urgency: v.Text("urgency"), Key: c.Key,
		Body: &details{"incident_body", text}, Policy: ref(v.Text("escalation_policy"), "escalation_policy"), Priority: ref(v.Text("priority"), "priority"),
	}}
}

// Prior implements integrations.Action.
func (a create) Prior(ctx context.Context, c integrations.Call) (integrations.Prior, error) {
	ctx, s, _, err := a.use(ctx, a.Describe(), c)
	if err != nil {
		return integrations.Prior{}, err
	}
	found, err := s.incident(ctx, c.Key)
	if err != nil {
		return integrations.Prior{}, err
	}
	state := map[string]any{"status": "none"}
	if found != nil {
		state = map[string]any{"status": s.seen.Clean(found.Status), "incident": s.seen.Clean(found.ID)}
	}
	return integrations.Prior{State: state}, nil
}

// Plan implements integrations.Action.
func (a create) Plan(_ context.Context, c integrations.Call, prior integrations.Prior) (integrations.Plan, error) {
	v, err := integrations.Read(a.Describe(), c.Params)
	if err == nil {
		err = a.signed(c.Action)
	}
	if err != nil {
		return integrations.Plan{}, err
	}
	if len(c.Key) > maxKey {
		return integrations.Plan{}, rejected("", "plan %s: the key is longer than %d", c.Action, maxKey)
	}
	shown := c
	shown.Seal = integrations.SealPlace
	body, err := json.Marshal(a.body(shown, v))
	if err != nil {
		return integrations.Plan{}, fmt.Errorf("encode incident: %w", err)
	}
	status, _ := prior.State["status"].(string)
	return integrations.Plan{
		Call: c, Identity: a.from, Base: a.rest, Prior: prior, Target: v.Text("service"),
		Targets:   []integrations.Target{{Kind: "service", ID: v.Text("service")}},
		Effects:   []string{fmt.Sprintf("an incident opens on service %s, and whoever is on call for it is paged: %s", v.Text("service"), v.Text("title"))},
		Requests:  []integrations.Request{{Method: "POST", URL: a.rest + "/incidents", Body: string(body)}},
		Proof:     "the incident that PagerDuty has under the key",
		Undo:      "resolve the incident; who was paged stays paged",
		Unchanged: status != "none" && status != "",
	}, nil
}

// Do implements integrations.Action.
func (a create) Do(ctx context.Context, c integrations.Call, _ integrations.Plan) (integrations.Receipt, error) {
	ctx, s, v, err := a.use(ctx, a.Describe(), c)
	if err != nil {
		return integrations.Receipt{}, err
	}
	if c.Key == "" {
		return integrations.Receipt{}, rejected("", "open incident: no key")
	}
	var answer struct {
		Incident seenIncident `json:"incident"`
	}
	err = s.send(ctx, http.MethodPost, "/incidents", a.body(c, v), &answer)
	if err != nil && s.seen.Status() == http.StatusBadRequest { // one may be open under the key: ours
		refusal := s.seen.Fail("open incident", err)
		r, there, ferr := a.found(ctx, s, c)
		if ferr != nil || !there {
			return integrations.Receipt{}, refusal
		}
		return r, nil
	}
	if err != nil {
		return integrations.Receipt{}, s.seen.Fail("open incident", err)
	}
	if answer.Incident.ID == "" {
		return integrations.Receipt{}, s.seen.Fail("open incident", fmt.Errorf("PagerDuty's answer names no incident"))
	}
	return a.receipt(s, c, answer.Incident.ID, answer.Incident.URL), nil
}

func (a create) receipt(s session, c integrations.Call, id, url string) integrations.Receipt {
	id, url = s.seen.Clean(id), s.seen.Clean(url)
	return integrations.Receipt{
		Ref: id, URL: url, At: a.now(),
		Data: map[string]any{"incident": id, "incident_key": c.Key, "url": url},
	}
}

// found looks for the incident under the key that is not over.
func (a create) found(ctx context.Context, s session, c integrations.Call) (integrations.Receipt, bool, error) {
	i, err := s.incident(ctx, c.Key)
	if err != nil || i == nil {
		return integrations.Receipt{}, false, err
	}
	return a.receipt(s, c, i.ID, i.HTMLURL), true, nil
}

// Verify implements integrations.Action. One that somebody resolved has been
// opened.
func (a create) Verify(ctx context.Context, c integrations.Call, _ integrations.Receipt) (integrations.Verification, error) {
	prior, err := a.Prior(ctx, c)
	if err != nil {
		return integrations.Verification{}, err
	}
	status, _ := prior.State["status"].(string)
	if status == "none" {
		return integrations.Verification{Says: "PagerDuty has no incident under the key", State: prior.State}, nil
	}
	return integrations.Verification{OK: true, Says: "the incident is " + status, State: prior.State}, nil
}

// Find implements integrations.Finder.
func (a create) Find(ctx context.Context, c integrations.Call) (integrations.Receipt, bool, error) {
	ctx, s, _, err := a.use(ctx, a.Describe(), c)
	if err != nil {
		return integrations.Receipt{}, false, err
	}
	return a.found(ctx, s, c)
}

// Inverse implements integrations.Reverter.
func (create) Inverse(c integrations.Call, _ integrations.Prior, r integrations.Receipt) (integrations.Call, error) {
	id, _ := r.Data["incident"].(string)
	if id == "" {
		return integrations.Call{}, fmt.Errorf("invert %s: the receipt names no incident", c.Action)
	}
	return integrations.Call{
		Action: "pagerduty.incident." + resolve, Connection: c.Connection, Incident: c.Incident, Step: c.Step,
		Params: map[string]any{"incident": id},
	}, nil
}
