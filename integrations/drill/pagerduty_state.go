package drill

import (
	"slices"
	"time"
)

// What the drill's PagerDuty has, for drills to refer to.
const (
	Service   = "PSVC001"
	Policy    = "PESC001"
	Schedule  = "PSCHED1"
	Helper    = "PUSER02" // somebody who may be asked to help
	Playout   = "PWFLOW1" // an incident workflow
	OtherCase = "PDRILL2" // an incident that turns out to be the same
	onCallID  = "PUSER01"
)

// pdCase is one incident.
type pdCase struct {
	ID       string    `json:"id"`
	Key      string    `json:"key"`
	Title    string    `json:"title"`
	Status   string    `json:"status"`
	Created  time.Time `json:"created"`
	Urgency  string    `json:"urgency,omitempty"`
	Assigned []string  `json:"assigned,omitempty"`
	Level    int       `json:"level,omitempty"`
	Wakes    time.Time `json:"wakes,omitzero"` // when a snooze ends
	Merged   string    `json:"merged,omitempty"`
	Notes    []pdNote  `json:"notes,omitempty"`
	Asked    []string  `json:"asked,omitempty"` // messages of requests for help
	Log      []pdEntry `json:"log,omitempty"`
}

type pdNote struct {
	ID      string    `json:"id"`
	Content string    `json:"content"`
	Created time.Time `json:"created"`
}

// pdEntry is one entry of an incident's log.
type pdEntry struct {
	ID      int64     `json:"id"`
	Kind    string    `json:"kind"` // trigger, acknowledge, …
	Summary string    `json:"summary"`
	At      time.Time `json:"at"`
}

func (c *pdCase) log(s *state, now time.Time, kind, summary string) {
	c.Log = append(c.Log, pdEntry{s.id(), kind, summary, now.UTC()})
}

// become changes the status, and says so in the log.
func (c *pdCase) become(s *state, now time.Time, status string) {
	c.Status = status
	kind := map[string]string{"acknowledged": "acknowledge", "resolved": "resolve"}[status]
	c.log(s, now, kind, "Changed to "+status+" by "+user)
}

func pdSeed(s *state, now time.Time) []pdCase {
	latency := pdCase{
		ID: Incident, Key: "payments/latency", Title: "Payments: latency above 2 s", Status: "triggered", Created: now.Add(-20 * time.Minute),
		Assigned: []string{onCallID}, Level: 1,
	}
	other := pdCase{
		ID: OtherCase, Key: "payments/errors", Title: "Payments: one request in ten fails", Status: "triggered", Created: now.Add(-12 * time.Minute),
		Assigned: []string{onCallID}, Level: 1,
	}
	latency.log(s, latency.Created, "trigger", "Triggered through the website")
	latency.log(s, latency.Created.Add(time.Minute), "notify", "Notified the person on call by telephone")
	other.log(s, other.Created, "trigger", "Triggered through the website")
	return []pdCase{latency, other}
}

// showCase is an incident as the REST API shows it.
func showCase(c pdCase) map[string]any {
	out := map[string]any{
		"id": c.ID, "type": "incident", "summary": c.Title, "title": c.Title, "status": c.Status, "incident_key": c.Key,
		"created_at": c.Created.Format(time.RFC3339), "html_url": "https://acme.pagerduty.com/incidents/" + c.ID,
		"service": map[string]any{"id": Service, "type": "service_reference", "summary": "payments"},
	}
	assigned := []any{}
	for _, id := range c.Assigned {
		assigned = append(assigned, map[string]any{"at": c.Created.Format(time.RFC3339), "assignee": pdUser(id)})
	}
	out["assignments"] = assigned
	if !c.Wakes.IsZero() {
		out["pending_actions"] = []any{map[string]any{"type": "unacknowledge", "at": c.Wakes.Format(time.RFC3339)}}
	}
	var asked []any
	for _, m := range c.Asked {
		asked = append(asked, map[string]any{"message": m, "requested_at": c.Created.Format(time.RFC3339)})
	}
	out["responder_requests"] = asked
	if c.Merged != "" {
		out["resolve_reason"] = map[string]any{"type": "merge_resolve_reason", "incident": map[string]any{"id": c.Merged, "type": "incident_reference"}}
	}
	return out
}

func pdUser(id string) map[string]any {
	names := map[string]string{onCallID: "Olu Bello", Helper: "Ines Roth"}
	return map[string]any{"id": id, "type": "user_reference", "summary": names[id], "name": names[id]}
}

// knownUser says whether there is such a user.
func knownUser(id string) bool { return slices.Contains([]string{onCallID, Helper}, id) }
