package github

import (
	"errors"

	"firebreak/integrations"
)

// notify puts a message into an issue of its own, or into a comment where the
// author names an issue's number.
func notify(c integrations.Connection, m integrations.Message) (string, map[string]any, error) {
	params := map[string]any{"repo": c.Settings["repo"], "body": m.Body}
	for _, n := range []string{"repo", "number", "labels"} {
		if v, ok := m.Fields[n]; ok {
			params[n] = v
		}
	}
	if params["repo"] == "" {
		return "", nil, errors.New("notify github: say which repo: in the step's with, or in the connection's settings")
	}
	if _, chosen := params["number"]; m.Update && !chosen { // updates are comments on the one tracking issue
		if issue, ok := m.Thread.First("github.issue.create", func(e integrations.Earlier) bool { return e.Data["repo"] == params["repo"] }); ok {
			if number, err := integrations.Number(issue.Data, "number"); err == nil {
				params["number"] = number
			}
		}
	}
	if _, ok := params["number"]; ok {
		delete(params, "labels")
		if m.Subject != "" {
			params["body"] = m.Subject + "\n\n" + m.Body
		}
		return "github.issue.comment", params, nil
	}
	params["title"] = integrations.Line(m.Subject, 256)
	return "github.issue.create", params, nil
}
