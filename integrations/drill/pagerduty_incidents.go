package drill

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// from is who writes: PagerDuty takes nothing without.
func from(r *http.Request) error {
	if !strings.Contains(r.Header.Get("From"), "@") {
		return refuse(http.StatusBadRequest, "Requester User Not Found: From header")
	}
	return nil
}

type pdReference struct {
	ID   string `json:"id"`
	Type string `json:"type"`
}

// create opens an incident. While one with the same key is open, a second one is
// refused.
func (p pagerDuty) create(s *state, r *http.Request) (int, any, error) {
	var in struct {
		Incident struct {
			Type    string      `json:"type"`
			Title   string      `json:"title"`
			Service pdReference `json:"service"`
			Urgency string      `json:"urgency"`
			Key     string      `json:"incident_key"`
		} `json:"incident"`
	}
	if err := decode(r, &in); err != nil {
		return 0, nil, err
	}
	if err := from(r); err != nil {
		return 0, nil, err
	}
	i := in.Incident
	switch {
	case i.Type != "incident" || i.Title == "" || i.Service.ID == "":
		return 0, nil, refuse(http.StatusBadRequest, "Invalid Input Provided: incident")
	case i.Service.ID != Service:
		return 0, nil, refuse(http.StatusBadRequest, "Invalid Input Provided: Service not found")
	case i.Key != "" && slices.ContainsFunc(s.Incidents, func(c pdCase) bool { return c.Key == i.Key && c.Status != "resolved" }):
		return 0, nil, refuse(http.StatusBadRequest, "Open incident with matching dedup key already exists on this service")
	}
	c := pdCase{
		ID: fmt.Sprintf("PD%d", s.id()), Key: i.Key, Title: i.Title, Status: "triggered", Created: p.now().UTC(), Urgency: i.Urgency,
		Assigned: []string{onCallID}, Level: 1,
	}
	c.log(s, p.now(), "trigger", "Triggered by "+user)
	s.Incidents = append(s.Incidents, c)
	p.effect(s, "pagerduty", "incident opened", c.ID, "firebreak-key:"+c.Key)
	return http.StatusCreated, map[string]any{"incident": showCase(c)}, nil
}

// manage changes incidents. What is resolved stays so.
func (p pagerDuty) manage(s *state, r *http.Request) (int, any, error) {
	var in struct {
		Incidents []struct {
			ID          string `json:"id"`
			Status      string `json:"status"`
			Level       int    `json:"escalation_level"`
			Assignments []struct {
				Assignee pdReference `json:"assignee"`
			} `json:"assignments"`
		} `json:"incidents"`
	}
	if err := decode(r, &in); err != nil {
		return 0, nil, err
	}
	if err := from(r); err != nil {
		return 0, nil, err
	}
	out := []any{}
	for _, want := range in.Incidents {
		i := slices.IndexFunc(s.Incidents, func(c pdCase) bool { return c.ID == want.ID })
		if i < 0 {
			return 0, nil, notFound
		}
		c := &s.Incidents[i]
		if c.Status == "resolved" && want.Status != "resolved" {
			return 0, nil, refuse(http.StatusBadRequest, "Incident Already Resolved")
		}
		var to []string
		for _, a := range want.Assignments {
			if !knownUser(a.Assignee.ID) {
				return 0, nil, refuse(http.StatusBadRequest, "Invalid Input Provided: Assignee not found")
			}
			to = append(to, a.Assignee.ID)
		}
		slices.Sort(to)
		switch {
		case want.Status != "" && want.Status != c.Status:
			c.become(s, p.now(), want.Status)
			p.effect(s, "pagerduty", "incident "+want.Status, c.ID, "")
		case len(to) > 0 && !slices.Equal(to, c.Assigned):
			c.Assigned = to
			c.log(s, p.now(), "assign", "Assigned to "+strings.Join(to, ", "))
			p.effect(s, "pagerduty", "incident assigned", c.ID, "")
		case want.Level > 0 && want.Level != c.Level:
			c.Level = want.Level
			c.log(s, p.now(), "escalate", fmt.Sprintf("Escalated to level %d", want.Level))
			p.effect(s, "pagerduty", "incident escalated", c.ID, "")
		}
		out = append(out, showCase(*c))
	}
	return http.StatusOK, map[string]any{"incidents": out}, nil
}

func (p pagerDuty) snooze(s *state, r *http.Request) (int, any, error) {
	c, err := findCase(s, r)
	if err != nil {
		return 0, nil, err
	}
	var in struct {
		Duration int64 `json:"duration"`
	}
	if err := decode(r, &in); err != nil {
		return 0, nil, err
	}
	if err := from(r); err != nil {
		return 0, nil, err
	}
	if in.Duration < 1 || in.Duration > 604800 || c.Status == "resolved" {
		return 0, nil, refuse(http.StatusBadRequest, "Invalid Input Provided: duration")
	}
	wakes := p.now().UTC().Add(time.Duration(in.Duration) * time.Second)
	if wakes.Sub(c.Wakes).Abs() > time.Minute { // the same time again only moves it
		c.log(s, p.now(), "snooze", "Snoozed by "+user)
		p.effect(s, "pagerduty", "incident snoozed", c.ID, "")
	}
	c.Status, c.Wakes = "acknowledged", wakes
	return http.StatusCreated, map[string]any{"incident": showCase(*c)}, nil
}

func (p pagerDuty) merge(s *state, r *http.Request) (int, any, error) {
	c, err := findCase(s, r)
	if err != nil {
		return 0, nil, err
	}
	var in struct {
		Sources []pdReference `json:"source_incidents"`
	}
	if err := decode(r, &in); err != nil {
		return 0, nil, err
	}
	if err := from(r); err != nil {
		return 0, nil, err
	}
	did := false
	for _, source := range in.Sources {
		i := slices.IndexFunc(s.Incidents, func(o pdCase) bool { return o.ID == source.ID })
		if i < 0 || source.ID == c.ID {
			return 0, nil, refuse(http.StatusBadRequest, "Invalid Input Provided: source_incidents")
		}
		if o := &s.Incidents[i]; o.Status != "resolved" {
			o.Merged, did = c.ID, true
			o.become(s, p.now(), "resolved")
		}
	}
	if did {
		p.effect(s, "pagerduty", "incidents merged", c.ID, "")
	}
	return http.StatusOK, map[string]any{"incident": showCase(*c)}, nil
}
