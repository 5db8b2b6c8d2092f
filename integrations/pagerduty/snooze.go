package pagerduty

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"firebreak/incident"
	"firebreak/integrations"
)

// snooze lets an acknowledged incident rest. A repeat begins the time anew, which
// does no harm.
type snooze struct{ *duty }

// PagerDuty's limits of a snooze.
const (
	leastSnooze = time.Minute
	mostSnooze  = 7 * 24 * time.Hour
)

// Describe implements integrations.Action.
func (snooze) Describe() integrations.Description {
	return integrations.Description{
		Name: "pagerduty.incident.snooze", Title: "Let an incident rest for a while", System: "pagerduty",
		Danger: incident.Low, Idempotency: "native", Scopes: []string{"incidents.write"}, Tested: integrations.Described,
		Params: []integrations.Param{
			incidentParam(),
			{Name: "for", Title: "How long, 1m to 7d", Type: "duration", Required: true},
		},
		Result: []integrations.Param{{Name: "incident", Type: "string"}, {Name: "url", Type: "string"}},
	}
}

// Validate implements integrations.Validator.
func (a snooze) Validate(c integrations.Call) error {
	v, err := integrations.Read(a.Describe(), c.Params)
	if d := v.Duration("for"); err == nil && (d < leastSnooze || d > mostSnooze) {
		return rejected("", "plan %s: %s: want 1m to 7d", c.Action, d)
	}
	return err
}

// Prior implements integrations.Action.
func (a snooze) Prior(ctx context.Context, c integrations.Call) (integrations.Prior, error) {
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
	state := s.target(i)
	state["wakes"] = s.seen.Clean(i.wakes())
	return integrations.Prior{State: state}, nil
}

// wakes is when a snoozed incident comes back, "" when it is not snoozed.
func (i seenIncident) wakes() string {
	for _, p := range i.Pending {
		if p.Type == "unacknowledge" {
			return p.At
		}
	}
	return ""
}

// Plan implements integrations.Action.
func (a snooze) Plan(_ context.Context, c integrations.Call, prior integrations.Prior) (integrations.Plan, error) {
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
	if status, _ := prior.State["status"].(string); status == "resolved" {
		return integrations.Plan{}, rejected("there is nothing to do", "plan %s: incident %s is resolved", c.Action, id)
	}
	title, _ := prior.State["title"].(string)
	return integrations.Plan{
		Call: c, Identity: a.from, Base: a.rest, Prior: prior, Target: id, Targets: targets(id, prior),
		Effects:  []string{fmt.Sprintf("%q is acknowledged and rests for %s; then it pages again", title, v.Duration("for"))},
		Requests: []integrations.Request{{Method: "POST", URL: a.rest + "/incidents/" + id + "/snooze", Body: fmt.Sprintf(`{"duration":%d}`, seconds(v))}},
		Proof:    "the incident says when it comes back",
	}, nil
}

func seconds(v integrations.Values) int64 { return int64(v.Duration("for") / time.Second) }

// Do implements integrations.Action.
func (a snooze) Do(ctx context.Context, c integrations.Call, _ integrations.Plan) (integrations.Receipt, error) {
	if err := a.Validate(c); err != nil {
		return integrations.Receipt{}, err
	}
	ctx, s, v, err := a.use(ctx, a.Describe(), c)
	if err != nil {
		return integrations.Receipt{}, err
	}
	var answer struct {
		Incident seenIncident `json:"incident"`
	}
	id := v.Text("incident")
	if err := s.send(ctx, http.MethodPost, "/incidents/"+id+"/snooze", map[string]int64{"duration": seconds(v)}, &answer); err != nil {
		return integrations.Receipt{}, s.seen.Fail("snooze incident", err)
	}
	url := s.seen.Clean(answer.Incident.URL)
	return integrations.Receipt{Ref: id, URL: url, At: a.now(), Data: map[string]any{"incident": id, "url": url}}, nil
}

// Verify implements integrations.Action.
func (a snooze) Verify(ctx context.Context, c integrations.Call, _ integrations.Receipt) (integrations.Verification, error) {
	prior, err := a.Prior(ctx, c)
	if err != nil {
		return integrations.Verification{}, err
	}
	wakes, _ := prior.State["wakes"].(string)
	if wakes == "" {
		return integrations.Verification{Says: "the incident does not rest", State: prior.State}, nil
	}
	return integrations.Verification{OK: true, Says: "the incident rests until " + wakes, State: prior.State}, nil
}
