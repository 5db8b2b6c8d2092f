package jira

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"

	"firebreak/incident"
	"firebreak/integrations"
)

// property is the name under which a comment carries our key: nobody sees it.
const property = "firebreak"

type comment struct {
	ID    string            `json:"id"`
	Body  json.RawMessage   `json:"body"` // text in v2, a document in v3
	Props []commentProperty `json:"properties"`
}

type commentProperty struct {
	Key   string          `json:"key"`
	Value json.RawMessage `json:"value"`
}

// key is the key that a comment carries, "" where it is none of ours.
func (c comment) key() string {
	for _, p := range c.Props {
		var v struct {
			Key string `json:"key"`
		}
		if p.Key == property && json.Unmarshal(p.Value, &v) == nil {
			return v.Key
		}
	}
	return ""
}

// find looks for the comment with the key, newest first.
func (s *session) find(ctx context.Context, issue, key string) (*comment, error) {
	seen := 0
	for range 50 {
		u := s.url("issue", issue, "comment")
		u.RawQuery = url.Values{"orderBy": {"-created"}, "expand": {"properties"}, "maxResults": {"100"}, "startAt": {fmt.Sprint(seen)}}.Encode()
		var out struct {
			Comments []comment `json:"comments"`
			Total    int       `json:"total"`
		}
		if err := s.call(ctx, "list comments of "+issue, http.MethodGet, u, nil, &out); err != nil {
			return nil, err
		}
		for _, c := range out.Comments {
			if key != "" && c.key() == key {
				return &c, nil
			}
		}
		if seen += len(out.Comments); len(out.Comments) == 0 || seen >= out.Total {
			return nil, nil // nothing found is not a failure
		}
	}
	return nil, rejected("look at the issue by hand", "list comments of %s: it has more than 5000", issue)
}

// comment comments on an issue.
func (d *desk) comment() integrations.Action {
	said := func(c integrations.Call, v integrations.Values) map[string]any {
		return map[string]any{
			"body":       d.body(compose(v.Text("text"), c)),
			"properties": []any{map[string]any{"key": property, "value": map[string]any{"key": c.Key, "incident": string(c.Incident)}}},
		}
	}
	a := integrations.Stateful[*session]{
		About: integrations.Description{
			Name: "jira.issue.comment", Title: "Comment on an issue", Danger: incident.Low, Reversible: true, Idempotency: "marker",
			Scopes: []string{"write:jira-work and read:jira-work", "permissions Add Comments, Delete Own Comments"},
			Params: []integrations.Param{issueParam("issue", "Key of the issue"), {Name: "text", Title: "Text", Type: "string", Required: true}},
			Result: []integrations.Param{{Name: "issue", Type: "string"}, {Name: "comment", Type: "string"}},
		},
		Refuse: func(v integrations.Values) error { return fits(v.Text("text")) },
		State: func(ctx context.Context, s *session, c integrations.Call, v integrations.Values, _ integrations.Receipt) (map[string]any, error) {
			i, err := s.issue(ctx, v.Text("issue"), "summary")
			if err != nil {
				return nil, err
			}
			state := map[string]any{"summary": s.seen.Clean(i.Fields.Summary), "exists": false}
			found, err := s.find(ctx, v.Text("issue"), c.Key)
			if err == nil && found != nil {
				state["exists"], state["comment"] = true, s.seen.Clean(found.ID)
			}
			return state, err
		},
		Holds: func(_ integrations.Values, state map[string]any) (bool, string) {
			if state["exists"] == true {
				return true, "the comment is there"
			}
			return false, "the comment is not there"
		},
		Draw: func(p *integrations.Plan, v integrations.Values) {
			c := p.Call
			c.Seal = integrations.SealPlace
			p.Target = v.Text("issue")
			p.Targets = []integrations.Target{{Kind: "issue", ID: v.Text("issue"), Name: member(p.Prior.State, "summary")}}
			p.Effects = []string{fmt.Sprintf("a comment appears on %s %q, for all who can see it; its watchers get mail", v.Text("issue"), member(p.Prior.State, "summary"))}
			p.Requests = []integrations.Request{d.request("POST", d.url("issue", v.Text("issue"), "comment"), said(c, v))}
			p.Proof = "the comment can be read back"
			p.Undo = "delete the comment; who got mail keeps it"
		},
		Change: func(ctx context.Context, s *session, c integrations.Call, v integrations.Values) (map[string]any, error) {
			var out comment
			if err := s.call(ctx, "comment on "+v.Text("issue"), http.MethodPost, s.url("issue", v.Text("issue"), "comment"), said(c, v), &out); err != nil {
				return nil, err
			}
			return map[string]any{"comment": s.seen.Clean(out.ID)}, nil
		},
		Note: d.noteComment,
	}
	return integrations.Undoable[*session]{Stateful: d.parts(a), Back: func(c integrations.Call, _ integrations.Prior, r integrations.Receipt) (integrations.Call, error) {
		id, err := r.Member("comment")
		return back(c, "jira.comment.delete", map[string]any{"issue": c.Params["issue"], "comment": id}), err
	}}
}

func (d *desk) noteComment(v integrations.Values, state map[string]any) integrations.Receipt {
	id := member(state, "comment")
	if id == "" {
		id = v.Text("comment")
	}
	return integrations.Receipt{
		Ref: v.Text("issue") + "/" + id, URL: d.page(v.Text("issue")),
		Data: map[string]any{"issue": v.Text("issue"), "comment": id},
	}
}

// uncomment deletes a comment that Firebreak wrote, and no other.
func (d *desk) uncomment() integrations.Action {
	at := func(d *desk, v integrations.Values) *url.URL {
		return d.url("issue", v.Text("issue"), "comment", v.Text("comment"))
	}
	own := func(ctx context.Context, s *session, v integrations.Values) (map[string]any, error) {
		u := at(s.desk, v)
		u.RawQuery = "expand=properties"
		var c comment
		err := s.call(ctx, "read comment", http.MethodGet, u, nil, &c)
		if s.gone(err) {
			return map[string]any{"exists": false}, nil
		}
		if err != nil {
			return nil, err
		}
		if c.key() == "" {
			return nil, rejected("delete it in Jira, if it must go", "delete comment %s: Firebreak did not write it", v.Text("comment"))
		}
		return map[string]any{"exists": true}, nil
	}
	return d.parts(integrations.Stateful[*session]{
		About: integrations.Description{
			Name: "jira.comment.delete", Title: "Delete a comment of our own", Danger: incident.Low, Idempotency: "native",
			Scopes: []string{"write:jira-work and read:jira-work", "permission Delete Own Comments"},
			Params: []integrations.Param{issueParam("issue", "Key of the issue"), {Name: "comment", Title: "Id of the comment", Type: "string", Required: true, Match: `[1-9][0-9]{0,17}`}},
			Result: []integrations.Param{{Name: "issue", Type: "string"}, {Name: "comment", Type: "string"}},
		},
		State: func(ctx context.Context, s *session, _ integrations.Call, v integrations.Values, _ integrations.Receipt) (map[string]any, error) {
			return own(ctx, s, v)
		},
		Holds: func(_ integrations.Values, state map[string]any) (bool, string) {
			if state["exists"] == true {
				return false, "the comment is there"
			}
			return true, "Jira knows no such comment"
		},
		Draw: func(p *integrations.Plan, v integrations.Values) {
			p.Target = v.Text("issue") + "/" + v.Text("comment")
			p.Targets = []integrations.Target{{Kind: "comment", ID: p.Target}}
			p.Effects = []string{"our comment goes away"}
			if p.Unchanged {
				p.Effects = []string{"none: there is no such comment"}
			}
			p.Requests = []integrations.Request{d.request("DELETE", at(d, v), nil)}
			p.Proof = "Jira no longer knows the comment's id"
		},
		Change: func(ctx context.Context, s *session, _ integrations.Call, v integrations.Values) (map[string]any, error) {
			if state, err := own(ctx, s, v); err != nil || state["exists"] != true {
				return nil, err
			}
			err := s.call(ctx, "delete comment", http.MethodDelete, at(s.desk, v), nil, nil)
			if s.gone(err) {
				err = nil
			}
			return nil, err
		},
		Note: d.noteComment,
	})
}
