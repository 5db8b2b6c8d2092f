package jira

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"firebreak/incident"
	"firebreak/integrations"
)

// marker is the label of an issue that we made.
func marker(key string) string { return "firebreak-" + key }

// issue is what Jira says of one.
type issue struct {
	ID     string `json:"id"`
	Key    string `json:"key"`
	Fields struct {
		Summary string   `json:"summary"`
		Labels  []string `json:"labels"`
		Status  struct {
			Name string `json:"name"`
		} `json:"status"`
		Links []link `json:"issuelinks"`
	} `json:"fields"`
}

func (i issue) labelled(label string) bool {
	for _, l := range i.Fields.Labels {
		if l == label {
			return true
		}
	}
	return false
}

func (s *session) issue(ctx context.Context, key, fields string) (issue, error) {
	u := s.url("issue", key)
	u.RawQuery = url.Values{"fields": {fields}}.Encode()
	var out issue
	err := s.call(ctx, "read issue "+key, http.MethodGet, u, nil, &out)
	return out, err
}

// search looks for the issue with the label. Jira's index can be some seconds
// late: what it does not find is not there yet, or not there at all.
func (s *session) search(ctx context.Context, project, label string) (*issue, error) {
	u := s.url("search")
	if s.api == "3" {
		u = u.JoinPath("jql")
	}
	u.RawQuery = url.Values{
		"jql": {fmt.Sprintf(`project = "%s" AND labels = "%s"`, project, label)}, "fields": {"labels,status,summary"}, "maxResults": {"5"},
	}.Encode()
	var out struct {
		Issues []issue `json:"issues"`
	}
	if err := s.call(ctx, "look for the issue", http.MethodGet, u, nil, &out); err != nil {
		return nil, err
	}
	for _, i := range out.Issues {
		if i.labelled(label) {
			return &i, nil
		}
	}
	return nil, nil // nothing found is not a failure
}

// create files an issue.
func (d *desk) create() integrations.Action {
	fields := func(c integrations.Call, v integrations.Values) map[string]any {
		f := map[string]any{
			"project": map[string]any{"key": v.Text("project")}, "issuetype": map[string]any{"name": v.Text("type")},
			"summary": printable(v.Text("summary")), "description": d.body(compose(v.Text("text"), c)),
			"labels": append([]string{marker(c.Key)}, v.List("labels")...),
		}
		if p := v.Text("priority"); p != "" {
			f["priority"] = map[string]any{"name": p}
		}
		return map[string]any{"fields": f}
	}
	return d.parts(integrations.Stateful[*session]{
		About: integrations.Description{
			Name: "jira.issue.create", Title: "File an issue", Danger: incident.Low, Idempotency: "marker",
			Scopes: []string{"write:jira-work and read:jira-work", "permission Create Issues"},
			Params: []integrations.Param{
				{Name: "project", Title: "Key of the project", Type: "string", Required: true, Match: projectShape},
				{Name: "type", Title: "Kind of issue", Type: "string", Default: "Task", Match: `[^\r\n"\\]{1,60}`},
				{Name: "summary", Title: "Title", Type: "string", Required: true, Match: `[^\r\n]{1,250}`},
				{Name: "text", Title: "Text", Type: "string"},
				{Name: "labels", Title: "Labels", Type: "list", Match: `[^\s"\\]{1,200}`},
				{Name: "priority", Title: "Priority, by name", Type: "string", Match: `[^\r\n"\\]{1,60}`},
			},
			Result: []integrations.Param{{Name: "issue", Type: "string"}, {Name: "url", Type: "string"}},
		},
		Refuse: func(v integrations.Values) error {
			for _, l := range v.List("labels") {
				if strings.HasPrefix(strings.ToLower(l), marker("")) {
					return fmt.Errorf("label %q: what begins with %s is a mark of Firebreak's", l, marker(""))
				}
			}
			return fits(v.Text("text"))
		},
		State: func(ctx context.Context, s *session, c integrations.Call, v integrations.Values, r integrations.Receipt) (map[string]any, error) {
			if key := member(r.Data, "issue"); key != "" { // its own address is never late
				i, err := s.issue(ctx, key, "labels,status,summary")
				if err != nil {
					return nil, err
				}
				return map[string]any{"exists": i.labelled(marker(c.Key)), "issue": s.seen.Clean(i.Key), "status": s.seen.Clean(i.Fields.Status.Name)}, nil
			}
			i, err := s.search(ctx, v.Text("project"), marker(c.Key))
			if err != nil || i == nil {
				return map[string]any{"exists": false}, err
			}
			return map[string]any{"exists": true, "issue": s.seen.Clean(i.Key), "status": s.seen.Clean(i.Fields.Status.Name)}, nil
		},
		Holds: func(_ integrations.Values, state map[string]any) (bool, string) {
			if state["exists"] != true {
				return false, "the issue is not there; Jira's index may be some seconds late"
			}
			return true, "issue " + member(state, "issue") + " is there"
		},
		Draw: func(p *integrations.Plan, v integrations.Values) {
			c := p.Call
			c.Seal = integrations.SealPlace
			p.Target = v.Text("project")
			p.Targets = []integrations.Target{{Kind: "project", ID: v.Text("project")}}
			p.Effects = []string{fmt.Sprintf("a %s %q appears in %s, for all who can see the project", v.Text("type"), v.Text("summary"), v.Text("project"))}
			p.Requests = []integrations.Request{d.request("POST", d.url("issue"), fields(c, v))}
			p.Proof = "the issue can be read back"
		},
		Change: func(ctx context.Context, s *session, c integrations.Call, v integrations.Values) (map[string]any, error) {
			var out issue
			if err := s.call(ctx, "file issue", http.MethodPost, s.url("issue"), fields(c, v), &out); err != nil {
				return nil, err
			}
			if !strings.Contains(out.Key, "-") {
				return nil, s.seen.Fail("file issue", errors.New("the answer has no key"))
			}
			return map[string]any{"issue": s.seen.Clean(out.Key)}, nil
		},
		Note: func(_ integrations.Values, state map[string]any) integrations.Receipt {
			key := member(state, "issue")
			u := d.page(key)
			return integrations.Receipt{Ref: key, URL: u, Data: map[string]any{"issue": key, "url": u}}
		},
	})
}

func fits(text string) error {
	if n := len(literal(text)) + 200; n > maxText {
		return fmt.Errorf("the text has %d bytes with what is added: Jira takes %d", n, maxText)
	}
	return nil
}

// move takes an issue to another status, if its workflow has a way there now.
func (d *desk) move() integrations.Action {
	a := integrations.Stateful[*session]{
		About: integrations.Description{
			Name: "jira.issue.transition", Title: "Move an issue to another status", Danger: incident.Low, Reversible: true, Idempotency: "native",
			Scopes: []string{"write:jira-work and read:jira-work", "permission Transition Issues"},
			Params: []integrations.Param{
				issueParam("issue", "Key of the issue"),
				{Name: "status", Title: "Status it gets, by name", Type: "string", Required: true, Match: `[^\r\n]{1,60}`},
			},
			Result: []integrations.Param{{Name: "issue", Type: "string"}, {Name: "status", Type: "string"}},
		},
		State: func(ctx context.Context, s *session, _ integrations.Call, v integrations.Values, _ integrations.Receipt) (map[string]any, error) {
			i, err := s.issue(ctx, v.Text("issue"), "status,summary")
			return map[string]any{"status": s.seen.Clean(i.Fields.Status.Name), "summary": s.seen.Clean(i.Fields.Summary)}, err
		},
		Holds: func(v integrations.Values, state map[string]any) (bool, string) {
			return strings.EqualFold(member(state, "status"), v.Text("status")), "the issue is " + member(state, "status")
		},
		Draw: func(p *integrations.Plan, v integrations.Values) {
			p.Target = v.Text("issue")
			p.Targets = []integrations.Target{{Kind: "issue", ID: v.Text("issue"), Name: member(p.Prior.State, "summary")}}
			p.Effects = []string{fmt.Sprintf("%s becomes %s; it is %s", v.Text("issue"), v.Text("status"), member(p.Prior.State, "status"))}
			p.Requests = []integrations.Request{d.request("POST", d.url("issue", v.Text("issue"), "transitions"), map[string]any{"transition": "(the one that leads to " + v.Text("status") + ")"})}
			p.Proof = "the status that Jira gives for the issue"
			p.Undo = "move it back, if the workflow has a way back then"
		},
		Change: func(ctx context.Context, s *session, _ integrations.Call, v integrations.Values) (map[string]any, error) {
			return nil, s.take(ctx, v.Text("issue"), v.Text("status"))
		},
		Note: func(v integrations.Values, _ map[string]any) integrations.Receipt {
			return integrations.Receipt{
				Ref: v.Text("issue"), URL: d.page(v.Text("issue")),
				Data: map[string]any{"issue": v.Text("issue"), "status": v.Text("status")},
			}
		},
	}
	return integrations.Undoable[*session]{Stateful: d.parts(a), Back: func(c integrations.Call, prior integrations.Prior, _ integrations.Receipt) (integrations.Call, error) {
		return back(c, "jira.issue.transition", map[string]any{"issue": c.Params["issue"], "status": member(prior.State, "status")}), nil
	}}
}

// take takes the transition that leads to the status.
func (s *session) take(ctx context.Context, key, status string) error {
	i, err := s.issue(ctx, key, "status")
	if err != nil || strings.EqualFold(i.Fields.Status.Name, status) {
		return err
	}
	u := s.url("issue", key, "transitions")
	var out struct {
		Transitions []struct {
			ID string `json:"id"`
			To struct {
				Name string `json:"name"`
			} `json:"to"`
		} `json:"transitions"`
	}
	if err := s.call(ctx, "list transitions of "+key, http.MethodGet, u, nil, &out); err != nil {
		return err
	}
	var there []string
	for _, t := range out.Transitions {
		if strings.EqualFold(t.To.Name, status) {
			return s.call(ctx, "move "+key, http.MethodPost, u, map[string]any{"transition": map[string]any{"id": t.ID}}, nil)
		}
		there = append(there, s.seen.Clean(t.To.Name))
	}
	return rejected("it can go to: "+integrations.Line(strings.Join(there, ", "), 200), "move %s: no transition leads from %s to %s", key, s.seen.Clean(i.Fields.Status.Name), status)
}
