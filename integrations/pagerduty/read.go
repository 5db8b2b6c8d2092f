package pagerduty

import (
	"context"
	"fmt"
	"net/url"
	"slices"

	"firebreak/integrations"
)

// seenIncident is what is read of an incident. The library's type cannot hold
// what PagerDuty keeps of a snooze or of those who were asked to help.
type seenIncident struct {
	ID          string `json:"id"`
	Title       string `json:"title"`
	Summary     string `json:"summary"`
	Status      string `json:"status"`
	Key         string `json:"incident_key"`
	URL         string `json:"html_url"`
	Assignments []struct {
		Assignee struct {
			ID string `json:"id"`
		} `json:"assignee"`
	} `json:"assignments"`
	Pending []struct {
		Type string `json:"type"`
		At   string `json:"at"`
	} `json:"pending_actions"`
	Requests []struct {
		Message string `json:"message"`
	} `json:"responder_requests"`
	Reason *struct {
		Type     string `json:"type"`
		Incident struct {
			ID string `json:"id"`
		} `json:"incident"`
	} `json:"resolve_reason"`
}

// name is what people call it.
func (i seenIncident) name() string {
	if i.Title != "" {
		return i.Title
	}
	return i.Summary
}

// assigned are the ids of those it is assigned to, sorted.
func (i seenIncident) assigned() []string {
	out := make([]string, 0, len(i.Assignments))
	for _, a := range i.Assignments {
		out = append(out, a.Assignee.ID)
	}
	slices.Sort(out)
	return out
}

// read asks for one incident.
func (s session) read(ctx context.Context, id string) (seenIncident, error) {
	var answer struct {
		Incident seenIncident `json:"incident"`
	}
	err := s.send(ctx, "GET", "/incidents/"+url.PathEscape(id), nil, &answer)
	if err == nil && answer.Incident.ID == "" {
		err = fmt.Errorf("PagerDuty's answer names no incident")
	}
	return answer.Incident, s.seen.Fail("read incident", err)
}

// target is the incident as a plan names it.
func (s session) target(i seenIncident) map[string]any {
	return map[string]any{"title": s.seen.Clean(i.name()), "status": s.seen.Clean(i.Status)}
}

// targets are those of an action on one incident.
func targets(id string, prior integrations.Prior) []integrations.Target {
	title, _ := prior.State["title"].(string)
	return []integrations.Target{{Kind: "incident", ID: id, Name: title}}
}

// use opens the REST API for a call whose parameters are sound.
func (d *duty) use(ctx context.Context, description integrations.Description, c integrations.Call) (context.Context, session, integrations.Values, error) {
	v, err := integrations.Read(description, c.Params)
	if err != nil {
		return ctx, session{}, v, err
	}
	ctx, s, err := d.open(ctx, "token")
	return ctx, s, v, err
}
