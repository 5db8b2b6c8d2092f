package drill

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"firebreak/integrations/webhook"
)

// PagerDuty is the handler that speaks as PagerDuty's Events API v2 and REST
// API do, for the calls that the adapters make.
func (w *World) PagerDuty() http.Handler {
	p := pagerDuty{w}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v2/enqueue", p.enqueue)
	mux.HandleFunc("GET /incidents", p.serve(p.incidents))
	mux.HandleFunc("GET /incidents/{id}", p.serve(p.incident))
	mux.HandleFunc("GET /incidents/{id}/notes", p.serve(p.notes))
	mux.HandleFunc("POST /incidents/{id}/notes", p.serve(p.addNote))
	mux.HandleFunc("POST /v2/change/enqueue", p.enqueueChange)
	mux.HandleFunc("POST /incidents", p.serve(p.create))
	mux.HandleFunc("PUT /incidents", p.serve(p.manage))
	mux.HandleFunc("POST /incidents/{id}/snooze", p.serve(p.snooze))
	mux.HandleFunc("PUT /incidents/{id}/merge", p.serve(p.merge))
	mux.HandleFunc("POST /incidents/{id}/status_updates", p.serve(p.statusUpdate))
	mux.HandleFunc("POST /incidents/{id}/responder_requests", p.serve(p.askForHelp))
	mux.HandleFunc("POST /incident_workflows/{id}/instances", p.serve(p.runWorkflow))
	mux.HandleFunc("GET /incidents/{id}/log_entries", p.serve(p.logEntries))
	mux.HandleFunc("GET /incidents/{id}/alerts", p.serve(p.alerts))
	mux.HandleFunc("GET /oncalls", p.serve(p.onCalls))
	mux.HandleFunc("GET /users/me", p.serve(p.me))
	mux.HandleFunc("/", func(rw http.ResponseWriter, _ *http.Request) { pdError(rw, notFound) })
	return w.faulty("pagerduty", mux)
}

type pagerDuty struct{ *World }

func pdError(rw http.ResponseWriter, err error) {
	status, message := statusOf(err)
	answer(rw, status, map[string]any{"error": map[string]any{"message": message, "code": 2000 + status, "errors": []string{message}}})
}

func (p pagerDuty) serve(f call) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		var status int
		var body any
		err := p.run(r, func(s *state) (err error) {
			if r.Header.Get("Authorization") != "Token token="+s.Secrets.PagerDuty {
				return refuse(http.StatusUnauthorized, "Unauthorized")
			}
			status, body, err = f(s, r)
			return err
		})
		if err != nil {
			pdError(rw, err)
			return
		}
		answer(rw, status, body)
	}
}

func (pagerDuty) me(*state, *http.Request) (int, any, error) {
	return http.StatusOK, map[string]any{"user": map[string]any{"id": "PDRILL1", "type": "user", "name": "Firebreak", "email": "firebreak@example.org", "role": "user"}}, nil
}

// enqueue takes an event. An unknown key to acknowledge or resolve is accepted
// and does nothing, as with PagerDuty; a resolved one is open for a new alert.
func (p pagerDuty) enqueue(rw http.ResponseWriter, r *http.Request) {
	var in struct {
		Routing string `json:"routing_key"`
		Action  string `json:"event_action"`
		Dedup   string `json:"dedup_key"`
		Payload *struct {
			Summary  string `json:"summary"`
			Source   string `json:"source"`
			Severity string `json:"severity"`
		} `json:"payload"`
	}
	err := decode(r, &in)
	if err == nil {
		err = p.change(func(s *state) error {
			switch {
			case in.Routing != s.Secrets.Routing:
				return refuse(http.StatusBadRequest, "Event object is invalid: routing_key")
			case in.Dedup == "" && in.Action != "trigger", len(in.Dedup) > 255:
				return refuse(http.StatusBadRequest, "Event object is invalid: dedup_key")
			case in.Action == "trigger" && (in.Payload == nil || in.Payload.Summary == "" || in.Payload.Source == "" ||
				!slices.Contains([]string{"critical", "error", "warning", "info"}, in.Payload.Severity)):
				return refuse(http.StatusBadRequest, "Event object is invalid: payload")
			}
			title := ""
			if in.Payload != nil {
				title = in.Payload.Summary
			}
			return p.event(s, in.Action, in.Dedup, title)
		})
	}
	if err != nil {
		status, message := statusOf(err)
		answer(rw, status, map[string]any{"status": "invalid event", "message": message, "errors": []string{message}})
		return
	}
	answer(rw, http.StatusAccepted, map[string]any{"status": "success", "message": "Event processed", "dedup_key": in.Dedup})
}

func (p pagerDuty) event(s *state, action, dedup, title string) error {
	i := slices.IndexFunc(s.Incidents, func(c pdCase) bool { return c.Key == dedup && c.Status != "resolved" })
	did := func(what string) {
		p.effect(s, "pagerduty", what, dedup, "firebreak-key:"+dedup)
	}
	switch {
	case action == "trigger" && i < 0:
		n := s.id()
		c := pdCase{ID: fmt.Sprintf("PD%d", n), Key: dedup, Title: title, Status: "triggered", Created: p.now().UTC(), Assigned: []string{onCallID}}
		c.log(s, p.now(), "trigger", "Triggered through the API")
		s.Incidents = append(s.Incidents, c)
		did("alert triggered")
	case action == "acknowledge" && i >= 0 && s.Incidents[i].Status == "triggered":
		s.Incidents[i].become(s, p.now(), "acknowledged")
		did("alert acknowledged")
	case action == "resolve" && i >= 0:
		s.Incidents[i].become(s, p.now(), "resolved")
		did("alert resolved")
	case action != "trigger" && action != "acknowledge" && action != "resolve":
		return refuse(http.StatusBadRequest, "Event object is invalid: event_action")
	}
	return nil
}

func (pagerDuty) incidents(s *state, r *http.Request) (int, any, error) {
	want := r.URL.Query().Get("incident_key")
	out := []any{}
	for _, c := range slices.Backward(s.Incidents) {
		if want == "" || c.Key == want {
			out = append(out, showCase(c))
		}
	}
	return http.StatusOK, map[string]any{"incidents": out, "limit": 100, "offset": 0, "more": false}, nil
}

func findCase(s *state, r *http.Request) (*pdCase, error) {
	for i := range s.Incidents {
		if s.Incidents[i].ID == r.PathValue("id") {
			return &s.Incidents[i], nil
		}
	}
	return nil, notFound
}

func (pagerDuty) incident(s *state, r *http.Request) (int, any, error) {
	c, err := findCase(s, r)
	if err != nil {
		return 0, nil, err
	}
	return http.StatusOK, map[string]any{"incident": showCase(*c)}, nil
}

func showNote(n pdNote) map[string]any {
	return map[string]any{
		"id": n.ID, "content": n.Content, "created_at": n.Created.Format(time.RFC3339),
		"user": map[string]any{"id": "PUSER1", "type": "user_reference", "summary": user},
	}
}

func (pagerDuty) notes(s *state, r *http.Request) (int, any, error) {
	c, err := findCase(s, r)
	if err != nil {
		return 0, nil, err
	}
	out := []any{}
	for _, n := range c.Notes {
		out = append(out, showNote(n))
	}
	return http.StatusOK, map[string]any{"notes": out}, nil
}

func (p pagerDuty) addNote(s *state, r *http.Request) (int, any, error) {
	c, err := findCase(s, r)
	if err != nil {
		return 0, nil, err
	}
	if !strings.Contains(r.Header.Get("From"), "@") {
		return 0, nil, refuse(http.StatusBadRequest, "Requester User Not Found: From header")
	}
	var in struct {
		Note struct {
			Content string `json:"content"`
		} `json:"note"`
	}
	if err := decode(r, &in); err != nil {
		return 0, nil, err
	}
	if in.Note.Content == "" {
		return 0, nil, refuse(http.StatusBadRequest, "Invalid Input Provided: content")
	}
	n := pdNote{fmt.Sprintf("PN%d", s.id()), in.Note.Content, p.now().UTC()}
	c.Notes = append(c.Notes, n)
	c.log(s, p.now(), "annotate", "Note added: "+n.Content)
	p.effect(s, "pagerduty", "note added", c.ID+"/notes/"+n.ID, n.Content)
	return http.StatusOK, map[string]any{"note": showNote(n)}, nil
}

// Webhook is a receiver that checks signatures and keeps what it has not seen.
func (w *World) Webhook() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /hook", func(rw http.ResponseWriter, r *http.Request) {
		err := w.receive(r)
		if err != nil {
			status, message := statusOf(err)
			answer(rw, status, map[string]any{"message": message})
			return
		}
		answer(rw, http.StatusNoContent, nil)
	})
	return w.faulty("webhook", mux)
}

func (w *World) receive(r *http.Request) error {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return refuse(http.StatusBadRequest, "the body cannot be read")
	}
	return w.change(func(s *state) error {
		id, err := webhook.Check(s.Secrets.Webhook, r.Header, body, w.now())
		if err != nil {
			return refuse(http.StatusUnauthorized, err.Error())
		}
		if slices.ContainsFunc(s.Deliveries, func(d delivery) bool { return d.ID == id }) {
			return nil
		}
		s.Deliveries = append(s.Deliveries, delivery{id, w.now().UTC(), body})
		w.effect(s, "webhook", "message received", id, "firebreak-key:"+id)
		return nil
	})
}
