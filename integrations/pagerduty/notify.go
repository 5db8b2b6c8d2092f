package pagerduty

import (
	"firebreak/incident"
	"firebreak/integrations"
)

// notify pages the people on call, or writes a note where the author names an
// incident of PagerDuty's. An update wakes nobody again: it is a note on what
// paged them before, else a change on the service.
func notify(c integrations.Connection, m integrations.Message) (string, map[string]any, error) {
	text := m.Body
	if m.Subject != "" {
		text = m.Subject + "\n\n" + text
	}
	if id, ok := m.Fields["incident"]; ok {
		return "pagerduty.incident.note", map[string]any{"incident": id, "note": text}, nil
	}
	if m.Update {
		if about := paged(m.Thread); about != nil && (c.Drill || c.HasSecret("token")) {
			about["note"] = text
			return "pagerduty.incident.note", about, nil
		}
		return "pagerduty.change.send", map[string]any{"summary": integrations.Line(m.Subject, 1000), "details": m.Body}, nil
	}
	severity := map[incident.Severity]string{
		incident.SEV1: "critical", incident.SEV2: "error", incident.SEV3: "warning", incident.SEV4: "info",
	}[m.Severity]
	if severity == "" {
		severity = "warning"
	}
	params := map[string]any{"summary": integrations.Line(m.Subject, 1000), "severity": severity, "details": m.Body}
	for _, n := range []string{"severity", "source", "component"} {
		if v, ok := m.Fields[n]; ok {
			params[n] = v
		}
	}
	return "pagerduty.event.trigger", params, nil
}

// paged is the incident that people were paged for, as a note names it; nil when
// there is none.
func paged(t integrations.Thread) map[string]any {
	for _, e := range t.Before {
		switch id, _ := e.Data["incident"].(string); {
		case e.Action == "pagerduty.incident.create" && id != "":
			return map[string]any{"incident": id}
		case e.Action == "pagerduty.event.trigger":
			if key, _ := e.Data["dedup_key"].(string); key != "" {
				return map[string]any{"dedup_key": key}
			}
		}
	}
	return nil
}
