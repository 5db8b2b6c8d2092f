package jira

import (
	"context"
	"fmt"
	"net/http"

	"firebreak/incident"
	"firebreak/integrations"
)

// link is a link as an issue shows it: only the other end has a name.
type link struct {
	ID   string `json:"id"`
	Type struct {
		Name string `json:"name"`
	} `json:"type"`
	In  *end `json:"inwardIssue"`
	Out *end `json:"outwardIssue"`
}

type end struct {
	Key string `json:"key"`
}

// link links two issues. Jira keeps one link of a kind between two.
func (d *desk) link() integrations.Action {
	wanted := func(v integrations.Values) map[string]any {
		return map[string]any{
			"type": map[string]any{"name": v.Text("type")}, "inwardIssue": map[string]any{"key": v.Text("issue")}, "outwardIssue": map[string]any{"key": v.Text("to")},
		}
	}
	a := integrations.Stateful[*session]{
		About: integrations.Description{
			Name: "jira.issue.link", Title: "Link two issues", Danger: incident.Low, Reversible: true, Idempotency: "native",
			Scopes: []string{"write:jira-work and read:jira-work", "permission Link Issues"},
			Params: []integrations.Param{
				issueParam("issue", "Key of the issue that the link starts from"), issueParam("to", "Key of the issue that it leads to"),
				{Name: "type", Title: "Kind of link, by name", Type: "string", Default: "Relates", Match: `[^\r\n]{1,60}`},
			},
			Result: []integrations.Param{{Name: "issue", Type: "string"}, {Name: "to", Type: "string"}, {Name: "link", Type: "string"}},
		},
		Refuse: func(v integrations.Values) error {
			if v.Text("issue") == v.Text("to") {
				return fmt.Errorf("%s cannot be linked to itself", v.Text("to"))
			}
			return nil
		},
		State: func(ctx context.Context, s *session, _ integrations.Call, v integrations.Values, _ integrations.Receipt) (map[string]any, error) {
			return s.linked(ctx, v)
		},
		Holds: func(_ integrations.Values, state map[string]any) (bool, string) {
			if state["exists"] == true {
				return true, "the issues are linked"
			}
			return false, "the issues are not linked"
		},
		Draw: func(p *integrations.Plan, v integrations.Values) {
			p.Target = v.Text("issue")
			p.Targets = []integrations.Target{{Kind: "issue", ID: v.Text("issue")}, {Kind: "issue", ID: v.Text("to")}}
			p.Effects = []string{fmt.Sprintf("a link %q leads from %s to %s", v.Text("type"), v.Text("issue"), v.Text("to"))}
			p.Requests = []integrations.Request{d.request("POST", d.url("issueLink"), wanted(v))}
			p.Proof = "the links that Jira gives for the issue"
			p.Undo = "take the link away"
		},
		Change: func(ctx context.Context, s *session, _ integrations.Call, v integrations.Values) (map[string]any, error) {
			if state, err := s.linked(ctx, v); err != nil || state["exists"] == true {
				return state, err
			}
			if err := s.call(ctx, "link issues", http.MethodPost, s.url("issueLink"), wanted(v), nil); err != nil {
				return nil, err
			}
			// Jira does not say which id the link got. It is made, whatever comes of
			// the look.
			state, err := s.linked(ctx, v)
			if err != nil {
				return nil, &integrations.Error{Outcome: integrations.Ambiguous, Err: fmt.Errorf("linked, and not seen: %w", err)}
			}
			return state, nil
		},
		Note: func(v integrations.Values, state map[string]any) integrations.Receipt {
			id := member(state, "link")
			return integrations.Receipt{Ref: "link/" + id, Data: map[string]any{"issue": v.Text("issue"), "to": v.Text("to"), "link": id}}
		},
	}
	return integrations.Undoable[*session]{Stateful: d.parts(a), Back: func(c integrations.Call, _ integrations.Prior, r integrations.Receipt) (integrations.Call, error) {
		id, err := r.Member("link")
		return back(c, "jira.link.delete", map[string]any{"link": id}), err
	}}
}

func (s *session) linked(ctx context.Context, v integrations.Values) (map[string]any, error) {
	i, err := s.issue(ctx, v.Text("issue"), "issuelinks")
	if err != nil {
		return nil, err
	}
	for _, l := range i.Fields.Links {
		if l.Type.Name == v.Text("type") && (l.Out != nil && l.Out.Key == v.Text("to") || l.In != nil && l.In.Key == v.Text("to")) {
			return map[string]any{"exists": true, "link": s.seen.Clean(l.ID)}, nil
		}
	}
	return map[string]any{"exists": false}, nil
}

// unlink takes a link away; linking again gives it another id.
func (d *desk) unlink() integrations.Action {
	a := integrations.Stateful[*session]{
		About: integrations.Description{
			Name: "jira.link.delete", Title: "Take a link between two issues away", Danger: incident.Low, Reversible: true, Idempotency: "native",
			Scopes: []string{"write:jira-work and read:jira-work", "permission Link Issues"},
			Params: []integrations.Param{{Name: "link", Title: "Id of the link", Type: "string", Required: true, Match: `[1-9][0-9]{0,17}`}},
			Result: []integrations.Param{{Name: "link", Type: "string"}},
		},
		State: func(ctx context.Context, s *session, _ integrations.Call, v integrations.Values, _ integrations.Receipt) (map[string]any, error) {
			var l link
			err := s.call(ctx, "read link", http.MethodGet, s.url("issueLink", v.Text("link")), nil, &l)
			switch {
			case s.gone(err):
				return map[string]any{"exists": false}, nil
			case err != nil:
				return nil, err
			case l.In == nil || l.Out == nil:
				return nil, rejected("", "read link: Jira does not say what it links")
			}
			return map[string]any{"exists": true, "issue": s.seen.Clean(l.In.Key), "to": s.seen.Clean(l.Out.Key), "type": s.seen.Clean(l.Type.Name)}, nil
		},
		Holds: func(_ integrations.Values, state map[string]any) (bool, string) {
			if state["exists"] == true {
				return false, "the link is there"
			}
			return true, "Jira knows no such link"
		},
		Draw: func(p *integrations.Plan, v integrations.Values) {
			p.Target = v.Text("link")
			p.Targets = []integrations.Target{{Kind: "link", ID: v.Text("link")}}
			p.Effects = []string{fmt.Sprintf("the link from %s to %s goes away", member(p.Prior.State, "issue"), member(p.Prior.State, "to"))}
			if p.Unchanged {
				p.Effects = []string{"none: there is no such link"}
			}
			p.Requests = []integrations.Request{d.request("DELETE", d.url("issueLink", v.Text("link")), nil)}
			p.Proof = "Jira no longer knows the link's id"
			p.Undo = "link the issues again; the link gets another id"
		},
		Change: func(ctx context.Context, s *session, _ integrations.Call, v integrations.Values) (map[string]any, error) {
			err := s.call(ctx, "take link away", http.MethodDelete, s.url("issueLink", v.Text("link")), nil, nil)
			if s.gone(err) {
				err = nil
			}
			return nil, err
		},
		Note: func(v integrations.Values, _ map[string]any) integrations.Receipt {
			return integrations.Receipt{Ref: "link/" + v.Text("link"), Data: map[string]any{"link": v.Text("link")}}
		},
	}
	return integrations.Undoable[*session]{Stateful: d.parts(a), Back: func(c integrations.Call, prior integrations.Prior, _ integrations.Receipt) (integrations.Call, error) {
		s := prior.State
		return back(c, "jira.issue.link", map[string]any{"issue": member(s, "issue"), "to": member(s, "to"), "type": member(s, "type")}), nil
	}}
}
