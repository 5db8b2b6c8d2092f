package jira

import (
	"errors"

	"firebreak/integrations"
)

// notify files an issue for the message, or comments on the one that the author
// names.
func notify(c integrations.Connection, m integrations.Message) (string, map[string]any, error) {
	if key, ok := m.Fields["issue"]; ok {
		text := m.Body
		if m.Subject != "" {
			text = m.Subject + "\n\n" + text
		}
		return "jira.issue.comment", map[string]any{"issue": key, "text": text}, nil
	}
	params := map[string]any{"project": c.Settings["project"], "summary": integrations.Line(m.Subject, 250), "text": m.Body}
	if t := c.Settings["type"]; t != "" {
		params["type"] = t
	}
	if m.Subject == "" {
		params["summary"] = integrations.Line(m.Body, 250)
	}
	for _, n := range []string{"project", "type", "labels", "priority"} {
		if v, ok := m.Fields[n]; ok {
			params[n] = v
		}
	}
	if params["project"] == "" {
		return "", nil, errors.New("notify jira: say which project: in the step's with, or in the connection's settings")
	}
	return "jira.issue.create", params, nil
}
