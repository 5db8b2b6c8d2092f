package github

import (
	"errors"
	"strings"

	"firebreak/integrations"
)

// notify puts a message into a comment on the incident's issue in that repository,
// the one that the author names or the first that was opened for it; where there
// is none, or the author asks for labels, into an issue of its own.
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
	if params["number"] == nil && (m.Update || params["labels"] == nil) {
		if n := tracking(m.Thread, params["repo"]); n != nil {
			params["number"] = n
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

// tracking is the number of the issue that was opened for the incident there, nil
// when there is none.
func tracking(t integrations.Thread, repo any) any {
	in, _ := repo.(string)
	first, ok := t.First("github.issue.create", func(e integrations.Earlier) bool {
		was, _ := e.Params["repo"].(string)
		return strings.EqualFold(was, in) && e.Data["number"] != nil
	})
	if !ok {
		return nil
	}
	return first.Data["number"]
}
