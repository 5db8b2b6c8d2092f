package jira

import (
	"errors"

	"firebreak/integrations"
)

// notify files an issue for the message, or comments on the one that the author
// names. An update goes to the issue that was filed before.
func notify(c integrations.Connection, m integrations.Message) (string, map[string]any, error) {
	key, ok := m.Fields["issue"]
	if first, filed := m.Thread.First("jira.issue.create", func(e integrations.Earlier) bool {
		project, named := m.Fields["project"]
		return !named || e.Params["project"] == project
	}); filed && !ok && m.Update {
		key, ok = first.Data["issue"]
	}
	if ok {
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
