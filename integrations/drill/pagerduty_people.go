package drill

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// statusUpdate takes an update for the subscribers: a second one is another.
func (p pagerDuty) statusUpdate(s *state, r *http.Request) (int, any, error) {
	c, err := findCase(s, r)
	if err != nil {
		return 0, nil, err
	}
	var in struct {
		Message string `json:"message"`
	}
	if err := decode(r, &in); err != nil {
		return 0, nil, err
	}
	if err := from(r); err != nil {
		return 0, nil, err
	}
	if in.Message == "" {
		return 0, nil, refuse(http.StatusBadRequest, "Invalid Input Provided: message")
	}
	id := fmt.Sprintf("PU%d", s.id())
	p.effect(s, "pagerduty", "update sent", c.ID+"/status_updates/"+id, "")
	return http.StatusOK, map[string]any{"status_update": map[string]any{
		"id": id, "message": in.Message, "created_at": p.now().UTC().Format(time.RFC3339), "sender": pdUser(onCallID),
	}}, nil
}

func (p pagerDuty) askForHelp(s *state, r *http.Request) (int, any, error) {
	c, err := findCase(s, r)
	if err != nil {
		return 0, nil, err
	}
	var in struct {
		Requester string `json:"requester_id"`
		Message   string `json:"message"`
		Targets   []struct {
			Target pdReference `json:"responder_request_target"`
		} `json:"responder_request_targets"`
	}
	if err := decode(r, &in); err != nil {
		return 0, nil, err
	}
	if err := from(r); err != nil {
		return 0, nil, err
	}
	if !knownUser(in.Requester) || len(in.Targets) == 0 {
		return 0, nil, refuse(http.StatusBadRequest, "Invalid Input Provided: requester_id or responder_request_targets")
	}
	shown := []any{}
	for _, t := range in.Targets {
		if t.Target.Type == "user_reference" && !knownUser(t.Target.ID) || t.Target.Type == "escalation_policy_reference" && t.Target.ID != Policy {
			return 0, nil, refuse(http.StatusBadRequest, "Invalid Input Provided: responder_request_target not found")
		}
		shown = append(shown, map[string]any{"responder_request_target": map[string]any{"id": t.Target.ID, "type": t.Target.Type}})
	}
	c.Asked = append(c.Asked, in.Message)
	p.effect(s, "pagerduty", "people asked to help", c.ID+"/responder_requests", in.Message)
	return http.StatusOK, map[string]any{"responder_request": map[string]any{
		"incident": map[string]any{"id": c.ID, "type": "incident_reference"}, "requester": pdUser(in.Requester),
		"message": in.Message, "responder_request_targets": shown,
	}}, nil
}

func (p pagerDuty) runWorkflow(s *state, r *http.Request) (int, any, error) {
	var in struct {
		Instance struct {
			Incident pdReference `json:"incident"`
		} `json:"incident_workflow_instance"`
	}
	if err := decode(r, &in); err != nil {
		return 0, nil, err
	}
	i := slices.IndexFunc(s.Incidents, func(c pdCase) bool { return c.ID == in.Instance.Incident.ID })
	if r.PathValue("id") != Playout || i < 0 {
		return 0, nil, notFound
	}
	id := fmt.Sprintf("PI%d", s.id())
	p.effect(s, "pagerduty", "workflow started", Playout+"/instances/"+id, "")
	return http.StatusCreated, map[string]any{"incident_workflow_instance": map[string]any{
		"id": id, "type": "incident_workflow_instance", "incident": map[string]any{"id": in.Instance.Incident.ID, "type": "incident_reference"},
	}}, nil
}

// window is the page of a list that is asked for.
func window[T any](r *http.Request, all []T) ([]T, map[string]any) {
	limit, err := strconv.Atoi(r.URL.Query().Get("limit"))
	if err != nil || limit < 1 || limit > 100 {
		limit = 25
	}
	offset, err := strconv.Atoi(r.URL.Query().Get("offset"))
	if err != nil || offset < 0 {
		offset = 0
	}
	start := min(offset, len(all))
	end := min(start+limit, len(all))
	return all[start:end], map[string]any{"limit": limit, "offset": offset, "more": end < len(all)}
}

// logEntries shows the newest first, as PagerDuty does.
func (pagerDuty) logEntries(s *state, r *http.Request) (int, any, error) {
	c, err := findCase(s, r)
	if err != nil {
		return 0, nil, err
	}
	newest := slices.Clone(c.Log)
	slices.Reverse(newest)
	entries, out := window(r, newest)
	shown := []any{}
	for _, e := range entries {
		shown = append(shown, map[string]any{
			"id": fmt.Sprintf("R%d", e.ID), "type": e.Kind + "_log_entry", "summary": e.Summary, "created_at": e.At.Format(time.RFC3339Nano),
			"agent": pdUser(onCallID), "channel": map[string]any{"type": "api"}, "incident": map[string]any{"id": c.ID, "type": "incident_reference", "summary": c.Title},
			"service": map[string]any{"id": Service, "type": "service_reference", "summary": "payments"},
		})
	}
	out["log_entries"] = shown
	return http.StatusOK, out, nil
}

func (pagerDuty) alerts(s *state, r *http.Request) (int, any, error) {
	c, err := findCase(s, r)
	if err != nil {
		return 0, nil, err
	}
	one, out := window(r, []any{map[string]any{
		"id": c.ID + "A", "type": "alert", "summary": c.Title, "status": "triggered", "alert_key": c.Key, "created_at": c.Created.Format(time.RFC3339),
		"service": map[string]any{"id": Service, "type": "service_reference", "summary": "payments"}, "severity": "critical",
		"body": map[string]any{"type": "alert_body", "details": map[string]any{"latency_ms": 2104}},
	}})
	out["alerts"] = one
	return http.StatusOK, out, nil
}

func (p pagerDuty) onCalls(_ *state, r *http.Request) (int, any, error) {
	q := r.URL.Query()
	out := []any{}
	if slices.Contains(q["escalation_policy_ids[]"], Policy) || slices.Contains(q["schedule_ids[]"], Schedule) {
		for level, id := range []string{onCallID, Helper} {
			out = append(out, map[string]any{
				"user": pdUser(id), "escalation_level": level + 1, "end": p.now().UTC().Add(8 * time.Hour).Format(time.RFC3339),
				"schedule":          map[string]any{"id": Schedule, "type": "schedule_reference", "summary": "payments, first line"},
				"escalation_policy": map[string]any{"id": Policy, "type": "escalation_policy_reference", "summary": "payments"},
			})
		}
	}
	return http.StatusOK, map[string]any{"oncalls": out, "limit": 100, "offset": 0, "more": false}, nil
}

// enqueueChange takes a change: each is one more.
func (p pagerDuty) enqueueChange(rw http.ResponseWriter, r *http.Request) {
	var in struct {
		Routing string `json:"routing_key"`
		Payload *struct {
			Summary string `json:"summary"`
		} `json:"payload"`
	}
	err := decode(r, &in)
	if err == nil {
		err = p.change(func(s *state) error {
			switch {
			case in.Routing != s.Secrets.Routing:
				return refuse(http.StatusBadRequest, "Event object is invalid: routing_key")
			case in.Payload == nil || in.Payload.Summary == "":
				return refuse(http.StatusBadRequest, "Event object is invalid: payload")
			}
			p.effect(s, "pagerduty", "change noted", in.Payload.Summary, "")
			return nil
		})
	}
	if err != nil {
		status, message := statusOf(err)
		answer(rw, status, map[string]any{"status": "invalid event", "message": message, "errors": []string{message}})
		return
	}
	answer(rw, http.StatusAccepted, map[string]any{"status": "success", "message": "Change event processed"})
}
