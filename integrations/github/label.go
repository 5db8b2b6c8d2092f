package github

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"firebreak/incident"
	"firebreak/integrations"
)

// labels are the actions on an issue beside opening, closing and comments.
func labels(h *hub) []integrations.Action {
	return []integrations.Action{label(h, true), label(h, false), issueUpdate(h)}
}

// issueFound is an issue as these actions see it.
type issueFound struct {
	ID     int64  `json:"id"`
	Title  string `json:"title"`
	Body   string `json:"body"`
	URL    string `json:"html_url"`
	Labels []struct {
		Name string `json:"name"`
	} `json:"labels"`
	User struct {
		Login string `json:"login"`
	} `json:"user"`
}

func issueParam() integrations.Param {
	return integrations.Param{Name: "number", Title: "Number of the issue", Type: "int", Required: true, Match: `[1-9][0-9]{0,9}`}
}

func issueRef(o order, _ state) string { return o.Text("repo") + "#" + o.number("number") }

func issueTarget(o order, st state) integrations.Target {
	return integrations.Target{Kind: "issue", ID: id(st, "issue_id"), Name: issueRef(o, nil)}
}

// label puts labels on an issue, or takes them off. Only the wanted ones are in
// the state: others may come and go.
func label(h *hub, want bool) integrations.Action {
	about := integrations.Description{
		Name: "github.issue.label", Title: "Put labels on an issue", System: "github",
		Danger: incident.Low, Reversible: true, Idempotency: "native", Scopes: []string{"repo", "issues:write"},
		Params: []integrations.Param{
			repoParam(), issueParam(),
			{Name: "labels", Title: "Labels", Type: "list", Required: true, Match: `[^\r\n,]{0,49}[^\r\n,. ]`},
		},
		Result: results("repo", "number:int", "labels:list"), Tested: integrations.Emulated,
	}
	inverse := "github.issue.unlabel"
	if !want {
		inverse = about.Name
		about.Name, about.Title = "github.issue.unlabel", "Take labels off an issue"
	}
	// change are the labels that are not as wanted; without a state, all.
	change := func(o order, st state) []string {
		has := words(st, "present")
		return slices.DeleteFunc(slices.Clone(o.List("labels")), func(l string) bool {
			return st != nil && slices.Contains(has, l) == want
		})
	}
	return undoable{deed{
		hub:   h,
		about: about,
		check: func(o order) error {
			if n := len(o.List("labels")); n < 1 || n > 10 {
				return fmt.Errorf("labels: %d: want 1 to 10", n)
			}
			return nil
		},
		look: func(u use) (state, error) {
			st := state{}
			var got issueFound
			err := u.together(
				func(u use) error { _, err := u.repo(st); return err },
				func(u use) error {
					return u.must("issue #"+u.number("number"), u.of("issues", u.number("number")), &got)
				},
			)
			delete(st, "admin") // it takes no administrator
			st["issue_id"], st["title"] = got.ID, u.seen.Clean(got.Title)
			present := []string{}
			for _, l := range u.List("labels") {
				if slices.ContainsFunc(got.Labels, func(x struct {
					Name string `json:"name"`
				},
				) bool {
					return strings.EqualFold(x.Name, l)
				}) {
					present = append(present, l)
				}
			}
			st["present"] = present
			return st, err
		},
		done: func(o order, st state) bool { return st != nil && len(change(o, st)) == 0 },
		says: func(_ order, st state) string {
			return "of these labels the issue has: " + cmp.Or(strings.Join(words(st, "present"), ", "), "none")
		},
		ref: issueRef,
		draft: func(o order, st state, p *integrations.Plan) {
			p.Targets = []integrations.Target{issueTarget(o, st), repoTarget(o, st)}
			p.Proof = "the labels that GitHub gives for the issue"
			if want {
				p.Effects, p.Undo = []string{fmt.Sprintf("issue %q gets %s", text(st, "title"), strings.Join(change(o, st), ", "))}, "take the same labels off"
				return
			}
			p.Effects, p.Undo = []string{fmt.Sprintf("issue %q loses %s", text(st, "title"), strings.Join(change(o, st), ", "))}, "put the same labels on"
		},
		sends: func(o order, st state) []message {
			if want {
				return []message{{what: "label issue", method: http.MethodPost, path: o.of("issues", o.number("number"), "labels"), body: state{"labels": change(o, st)}}}
			}
			var out []message
			for _, l := range change(o, st) {
				out = append(out, message{what: "unlabel issue", method: http.MethodDelete, path: o.of("issues", o.number("number"), "labels", l), fine: []int{http.StatusNotFound}})
			}
			return out
		},
	}, func(o order, st, _ state) (string, map[string]any, error) {
		return inverse, state{"repo": o.Text("repo"), "number": o.Int("number"), "labels": change(o, st)}, nil
	}}
}

// issueUpdate writes the title or the text of an issue of our own anew. The
// marks in it stay, so that it is still found.
func issueUpdate(h *hub) integrations.Action {
	return undoable{deed{
		hub: h,
		about: integrations.Description{
			Name: "github.issue.update", Title: "Write an issue of our own anew", System: "github",
			Danger: incident.Low, Reversible: true, Idempotency: "native", Scopes: []string{"repo", "issues:write"},
			Params: []integrations.Param{
				repoParam(), issueParam(),
				{Name: "title", Title: "Title; empty leaves it", Type: "string", Match: `[^\r\n]{1,256}`},
				{Name: "body", Title: "Text; empty leaves it", Type: "string"},
			},
			Result: results("repo", "number:int"), Tested: integrations.Emulated,
		},
		check: func(o order) error {
			if !o.Has("title") && !o.Has("body") {
				return fmt.Errorf("title, body: say at least one")
			}
			return nil
		},
		cautious: true,
		look: func(u use) (state, error) {
			st, who := state{}, ""
			var got issueFound
			err := u.together(
				func(u use) error { _, err := u.repo(st); return err },
				func(u use) (err error) { who, err = u.identity(u.ctx); return err },
				func(u use) error {
					return u.must("issue #"+u.number("number"), u.of("issues", u.number("number")), &got)
				},
			)
			if err != nil {
				return st, err
			}
			text, marks := parted(got.Body)
			if who != "" && got.User.Login != who || marks == "" {
				return st, rejected("edit it on GitHub", "write issue #%d anew: Firebreak did not open it", u.Int("number"))
			}
			delete(st, "admin")
			st["issue_id"], st["title"] = got.ID, integrations.Redact(got.Title, u.token)
			st["body"], st["marks"] = integrations.Redact(text, u.token), marks
			return st, nil
		},
		done: func(o order, st state) bool {
			return st["marks"] != nil && (!o.Has("title") || text(st, "title") == o.Text("title")) && (!o.Has("body") || text(st, "body") == written(o))
		},
		says: func(_ order, st state) string { return fmt.Sprintf("the issue is called %q", text(st, "title")) },
		ref:  issueRef,
		draft: func(o order, st state, p *integrations.Plan) {
			p.Targets = []integrations.Target{issueTarget(o, st), repoTarget(o, st)}
			p.Effects = []string{fmt.Sprintf("issue %q has a new text, for all who can read the repository; GitHub keeps the former one in its history", text(st, "title"))}
			p.Proof = "the title and text that GitHub gives for the issue"
			p.Undo = "write the former title and text"
		},
		sends: func(o order, st state) []message {
			body := state{}
			if o.Has("title") {
				body["title"] = o.Text("title")
			}
			if o.Has("body") {
				c := o.call
				c.Key = "" // the issue keeps the mark of its own making
				body["body"] = integrations.Text(o.Text("body"), c) + "\n\n" + text(st, "marks")
			}
			return []message{{what: "edit issue", method: http.MethodPatch, path: o.of("issues", o.number("number")), body: body}}
		},
	}, func(o order, st, _ state) (string, map[string]any, error) {
		params := state{"repo": o.Text("repo"), "number": o.Int("number")}
		if o.Has("title") {
			params["title"] = text(st, "title")
		}
		if o.Has("body") && text(st, "body") != "" {
			params["body"] = text(st, "body")
		}
		return "github.issue.update", params, nil
	}}
}

// written is the text that a person gave, as integrations.Text puts it.
func written(o order) string {
	return strings.TrimRight(integrations.Unmark(o.Text("body")), "\n")
}

// parted takes an issue's text apart: what was written, and our marks.
func parted(body string) (text, marks string) {
	body = strings.ReplaceAll(body, "\r\n", "\n")
	i := strings.Index(body, "<!-- firebreak-key:")
	if i < 0 {
		return body, ""
	}
	text, marks = strings.TrimRight(body[:i], "\n"), strings.TrimSpace(body[i:])
	if j := strings.LastIndex(text, "Firebreak record: "); j >= 0 && !strings.Contains(text[j:], "\n") {
		text = strings.TrimRight(text[:j], "\n")
	}
	return text, marks
}
