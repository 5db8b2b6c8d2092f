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

// manage changes an incident: acknowledge, resolve, reassign or escalate. Each
// sets a state, so that a repeat changes nothing more.
type manage struct {
	*duty
	verb string
}

// The verbs.
const (
	acknowledge = "acknowledge"
	resolve     = "resolve"
	reassign    = "reassign"
	escalate    = "escalate"
)

// Describe implements integrations.Action.
func (m manage) Describe() integrations.Description {
	d := integrations.Description{
		Name: "pagerduty.incident." + m.verb, System: "pagerduty", Danger: incident.Low,
		Idempotency: "native", Scopes: []string{"incidents.write"}, Tested: integrations.Described,
		Params: []integrations.Param{incidentParam()},
		Result: []integrations.Param{{Name: "incident", Type: "string"}, {Name: "url", Type: "string"}},
	}
	switch m.verb {
	case acknowledge:
		d.Title = "Acknowledge an incident"
	case resolve:
		d.Title, d.Danger = "Resolve an incident", incident.Medium
		d.Params = append(d.Params, integrations.Param{Name: "resolution", Title: "What it was, in a sentence", Type: "string", Match: `[^\r\n]{1,1000}`})
	case reassign:
		d.Title, d.Danger, d.Reversible = "Give an incident to other people", incident.Medium, true
		d.Params = append(d.Params, integrations.Param{Name: "users", Title: "Ids of the users", Type: "list", Required: true, Match: shape})
	case escalate:
		d.Title, d.Danger = "Escalate an incident", incident.Medium
		d.Params = append(d.Params, integrations.Param{Name: "level", Title: "Level of the escalation policy", Type: "int", Required: true, Match: `[1-9]|1[0-9]|20`})
	}
	return d
}

// Validate implements integrations.Validator.
func (m manage) Validate(c integrations.Call) error {
	v, err := integrations.Read(m.Describe(), c.Params)
	switch {
	case err != nil:
		return err
	case m.verb == reassign && len(v.List("users")) == 0:
		return rejected("", "plan %s: name at least one user", c.Action)
	case m.verb == escalate && (v.Int("level") < 1 || v.Int("level") > 20):
		return rejected("", "plan %s: level %d: want 1 to 20", c.Action, v.Int("level"))
	}
	return nil
}

// Prior implements integrations.Action.
func (m manage) Prior(ctx context.Context, c integrations.Call) (integrations.Prior, error) {
	if err := m.Validate(c); err != nil {
		return integrations.Prior{}, err
	}
	ctx, s, v, err := m.use(ctx, m.Describe(), c)
	if err != nil {
		return integrations.Prior{}, err
	}
	state, err := m.state(ctx, s, v)
	return integrations.Prior{State: state}, err
}

func (m manage) state(ctx context.Context, s session, v integrations.Values) (map[string]any, error) {
	i, err := s.read(ctx, v.Text("incident"))
	if err != nil {
		return nil, err
	}
	state := s.target(i)
	switch m.verb {
	case reassign:
		state["assigned"] = i.assigned()
	case escalate:
		state["escalation"], err = s.escalation(ctx, v.Text("incident"))
	}
	return state, err
}

// escalation is the id of the newest entry of the incident's log that tells of
// an escalation, "" where there was none. It is how one is told from the next:
// an incident does not say on which level it is.
func (s session) escalation(ctx context.Context, id string) (string, error) {
	newest, at := "", ""
	err := s.eachLogEntry(ctx, id, func(e logEntry) error {
		if e.Type == "escalate_log_entry" && e.Created >= at {
			newest, at = e.ID, e.Created
		}
		return nil
	})
	return s.seen.Clean(newest), err
}

// there says whether a state is what the action wants.
func (m manage) there(state map[string]any, v integrations.Values) bool {
	status, _ := state["status"].(string)
	switch m.verb {
	case acknowledge:
		return status == "acknowledged" || status == "resolved"
	case resolve:
		return status == "resolved"
	case reassign:
		want := slices.Clone(v.List("users"))
		slices.Sort(want)
		return slices.Equal(texts(state["assigned"]), slices.Compact(want))
	}
	return false
}

// Plan implements integrations.Action.
func (m manage) Plan(_ context.Context, c integrations.Call, prior integrations.Prior) (integrations.Plan, error) {
	v, err := integrations.Read(m.Describe(), c.Params)
	if err == nil {
		err = m.Validate(c)
	}
	if err == nil {
		err = m.signed(c.Action)
	}
	if err != nil {
		return integrations.Plan{}, err
	}
	id := v.Text("incident")
	if status, _ := prior.State["status"].(string); status == "resolved" && m.verb != resolve {
		return integrations.Plan{}, rejected("page again: pagerduty.event.trigger or pagerduty.incident.create", "plan %s: incident %s is resolved, and there is no way back from that", c.Action, id)
	}
	body, err := json.Marshal(map[string]any{"incidents": []any{m.change(v)}})
	if err != nil {
		return integrations.Plan{}, fmt.Errorf("encode change: %w", err)
	}
	p := integrations.Plan{
		Call: c, Identity: m.from, Base: m.rest, Prior: prior, Target: id, Targets: targets(id, prior),
		Requests: []integrations.Request{{Method: "PUT", URL: m.rest + "/incidents", Body: string(body)}},
		Proof:    "the incident can be read back", Unchanged: m.there(prior.State, v),
	}
	title, _ := prior.State["title"].(string)
	switch m.verb {
	case acknowledge:
		p.Effects = []string{fmt.Sprintf("%q stops escalating; it is ours now", title)}
	case resolve:
		p.Effects = []string{fmt.Sprintf("%q closes, and nobody is paged for it any more; it cannot be opened again", title)}
	case reassign:
		p.Effects = []string{fmt.Sprintf("%q goes to %s, who are paged; it goes away from all others", title, strings.Join(v.List("users"), ", "))}
		if was := texts(prior.State["assigned"]); len(was) > 0 {
			p.Undo = "give it back to " + strings.Join(was, ", ") + "; who was paged stays paged"
		}
	case escalate:
		p.Effects = []string{fmt.Sprintf("%q goes to level %d of its escalation policy, whose people are paged", title, v.Int("level"))}
		p.Proof = "a new escalation in the incident's log"
	}
	return p, nil
}

// change is what is sent.
func (m manage) change(v integrations.Values) pagerduty.ManageIncidentsOptions {
	o := pagerduty.ManageIncidentsOptions{ID: v.Text("incident"), Type: "incident"} //nolint:staticcheck // a plan shows what the library sends
	switch m.verb {
	case acknowledge:
		o.Status = "acknowledged"
	case resolve:
		o.Status, o.Resolution = "resolved", v.Text("resolution")
	case reassign:
		for _, u := range v.List("users") {
			o.Assignments = append(o.Assignments, pagerduty.Assignee{Assignee: pagerduty.APIObject{ID: u, Type: "user_reference"}})
		}
	case escalate:
		o.EscalationLevel = uint(v.Int("level")) //nolint:gosec // Validate holds it between 1 and 20
	}
	return o
}

// Do implements integrations.Action.
func (m manage) Do(ctx context.Context, c integrations.Call, p integrations.Plan) (integrations.Receipt, error) {
	if err := m.Validate(c); err != nil {
		return integrations.Receipt{}, err
	}
	ctx, s, v, err := m.use(ctx, m.Describe(), c)
	if err != nil {
		return integrations.Receipt{}, err
	}
	changed, err := s.ManageIncidentsWithContext(ctx, m.from, []pagerduty.ManageIncidentsOptions{m.change(v)})
	if err != nil {
		return integrations.Receipt{}, s.seen.Fail(m.verb+" incident", err)
	}
	url := ""
	for _, i := range changed.Incidents {
		if i.ID == v.Text("incident") {
			url = s.seen.Clean(i.HTMLURL)
		}
	}
	r := m.receipt(v, url)
	if m.verb == escalate { // what Verify tells the new escalation from
		before, _ := p.Prior.State["escalation"].(string)
		r.Ref += "/after/" + before
	}
	return r, nil
}

func (m manage) receipt(v integrations.Values, url string) integrations.Receipt {
	id := v.Text("incident")
	return integrations.Receipt{Ref: id, URL: url, At: m.now(), Data: map[string]any{"incident": id, "url": url}}
}

// Verify implements integrations.Action.
func (m manage) Verify(ctx context.Context, c integrations.Call, r integrations.Receipt) (integrations.Verification, error) {
	if m.verb == escalate && r.Ref == "" {
		return integrations.Verification{}, fmt.Errorf("look for an escalation: without the answer one cannot be told from another: %w", integrations.ErrNotReadable)
	}
	ctx, s, v, err := m.use(ctx, m.Describe(), c)
	if err != nil {
		return integrations.Verification{}, err
	}
	state, err := m.state(ctx, s, v)
	if err != nil {
		return integrations.Verification{}, err
	}
	status, _ := state["status"].(string)
	out := integrations.Verification{OK: m.there(state, v), Says: "the incident is " + status, State: state}
	switch m.verb {
	case reassign:
		out.Says = "it is assigned to " + strings.Join(texts(state["assigned"]), ", ")
	case escalate:
		_, before, _ := strings.Cut(r.Ref, "/after/")
		newest, _ := state["escalation"].(string)
		if out.OK, out.Says = newest != before, "its log has no new escalation"; out.OK {
			out.Says = "its log has the escalation"
		}
	}
	return out, nil
}

// reassignment is the one change that has a way back.
type reassignment struct{ manage }

// Inverse implements integrations.Reverter: what was given to others is given
// back.
func (m reassignment) Inverse(c integrations.Call, prior integrations.Prior, _ integrations.Receipt) (integrations.Call, error) {
	was := texts(prior.State["assigned"])
	if len(was) == 0 {
		return integrations.Call{}, fmt.Errorf("invert %s: it was assigned to nobody before", c.Action)
	}
	return integrations.Call{
		Action: c.Action, Connection: c.Connection, Incident: c.Incident, Step: c.Step,
		Params: map[string]any{"incident": c.Params["incident"], "users": was},
	}, nil
}
