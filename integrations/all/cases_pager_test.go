package all

import (
	"testing"

	"firebreak/integrations/conform"
	"firebreak/integrations/drill"
)

// pagerCases are the cases of PagerDuty's actions that came after its events and
// notes.
func pagerCases() []conform.Case {
	type m = map[string]any
	const on = "pagerduty"
	onIncident := func(more m, bad ...m) []m {
		out := []m{}
		for _, id := range []any{"../users", "PDRILL1?x", "pd", "", 7.5} {
			b := m{"incident": id}
			for k, v := range more {
				b[k] = v
			}
			out = append(out, b)
		}
		for _, b := range bad {
			b["incident"] = drill.Incident
			out = append(out, b)
		}
		return out
	}
	resolved := func(t *testing.T, w conform.World, p m) {
		t.Helper()
		p["incident"] = did(t, w, "pagerduty.incident.create", on, m{"title": "x", "service": drill.Service}).Data["incident"]
	}
	return []conform.Case{
		{
			Action: "pagerduty.change.send", Connection: on, Params: m{"summary": "Releases of payments are stopped", "details": "incident", "link": "https://runbook.example/x"},
			Bad: []m{{"summary": "two\nlines"}, {"summary": "x", "link": "http://plain.example/"}, {"summary": "x", "link": "javascript:alert(1)"}},
		},
		{
			Action: "pagerduty.incident.create", Connection: on, Lasting: true,
			Params: m{"title": "Payments: intruder on a host", "service": drill.Service, "details": "more", "escalation_policy": drill.Policy},
			Bad: []m{
				{"title": "two\nlines", "service": drill.Service},
				{"title": "x", "service": "../x"},
				{"title": "x", "service": drill.Service, "urgency": "extreme"},
				{"title": "x", "service": drill.Service, "priority": "P 1"},
			},
		},
		{
			Action: "pagerduty.incident.note", Connection: on, Params: m{"dedup_key": "payments/latency", "note": "By its key."},
			Bad: []m{{"note": "x"}, {"note": "x", "incident": drill.Incident, "dedup_key": "k"}, {"note": "x", "dedup_key": "a\nb"}},
		},
		{Action: "pagerduty.incident.acknowledge", Connection: on, Params: m{"incident": drill.Incident}, Bad: onIncident(nil)},
		{Action: "pagerduty.incident.resolve", Connection: on, Params: m{"resolution": "The key was revoked."}, Setup: resolved, Bad: onIncident(nil, m{"resolution": "a\nb"})},
		{
			Action: "pagerduty.incident.reassign", Connection: on, Params: m{"incident": drill.Incident, "users": []any{drill.Helper}},
			Bad: onIncident(m{"users": []any{drill.Helper}}, m{"users": []any{}}, m{"users": []any{"x y"}}, m{"users": m{}}),
		},
		{
			Action: "pagerduty.incident.escalate", Connection: on, Params: m{"incident": drill.Incident, "level": 2},
			Bad: onIncident(m{"level": 2}, m{"level": 0}, m{"level": 21}, m{"level": "up"}, m{"level": -1}),
		},
		{
			Action: "pagerduty.incident.snooze", Connection: on, Params: m{"incident": drill.Incident, "for": "4h"},
			Bad: onIncident(m{"for": "4h"}, m{"for": "1s"}, m{"for": "8d"}, m{"for": "soon"}),
		},
		{
			Action: "pagerduty.incident.merge", Connection: on, Params: m{"incident": drill.Incident, "sources": []any{drill.OtherCase}},
			Bad: onIncident(m{"sources": []any{drill.OtherCase}}, m{"sources": []any{}}, m{"sources": []any{drill.Incident}}, m{"sources": []any{"a/b"}}),
		},
		{Action: "pagerduty.incident.update", Connection: on, Params: m{"incident": drill.Incident, "message": "Payments work again for half of you."}, Bad: onIncident(m{"message": "x"})},
		{
			Action: "pagerduty.responders.request", Connection: on,
			Params: m{"incident": drill.Incident, "message": "Please join the bridge", "users": []any{drill.Helper}, "escalation_policies": []any{drill.Policy}},
			Bad:    onIncident(m{"message": "x", "users": []any{drill.Helper}}, m{"message": "x"}, m{"message": "a\nb", "users": []any{drill.Helper}}, m{"message": "x", "users": []any{"a b"}}),
		},
		{Action: "pagerduty.workflow.run", Connection: on, Params: m{"incident": drill.Incident, "workflow": drill.Playout}, Bad: onIncident(m{"workflow": drill.Playout}, m{"workflow": "../x"})},
		{
			Action: "pagerduty.oncall.list", Connection: on, Params: m{"escalation_policy": drill.Policy}, Traceless: true,
			Bad: []m{{}, {"escalation_policy": "a b"}, {"schedule": "x/y"}},
		},
		{Action: "pagerduty.incident.log", Connection: on, Params: m{"incident": drill.Incident}, Traceless: true, Bad: onIncident(nil)},
	}
}
