package pagerduty

import (
	"firebreak/incident"
	"firebreak/integrations"
)

// notify pages the people on call, or writes a note where the author names an
// incident of PagerDuty's.
func notify(_ integrations.Connection, m integrations.Message) (string, map[string]any, error) {
	if id, ok := m.Fields["incident"]; ok {
		text := m.Body
		if m.Subject != "" {
			text = m.Subject + "\n\n" + text
		}
		return "pagerduty.incident.note", map[string]any{"incident": id, "note": text}, nil
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
