package github

import (
	"cmp"
	"fmt"
	"net/http"

	"firebreak/incident"
	"firebreak/integrations"
)

// alerts are the actions on the alerts of GitHub's own scanners.
func alerts(h *hub) []integrations.Action {
	var out []integrations.Action
	for _, k := range []alertKind{
		{
			system: "secretscanning", where: "secret-scanning", title: "secret-scanning alert", closed: "resolved", verb: "resolve",
			reason: "resolution", comment: "resolution_comment", reasons: `revoked|false_positive|wont_fix|used_in_tests`, usual: "revoked",
			scopes: []string{"repo", "security_events", "secret_scanning_alerts:write"}, query: "?hide_secret=true",
		},
		{
			system: "codescanning", where: "code-scanning", title: "code-scanning alert", closed: "dismissed", verb: "dismiss",
			reason: "dismissed_reason", comment: "dismissed_comment", reasons: `false positive|won't fix|used in tests`,
			scopes: []string{"security_events", "security_events:write"},
		},
		{
			system: "dependabot", where: "dependabot", title: "Dependabot alert", closed: "dismissed", verb: "dismiss",
			reason: "dismissed_reason", comment: "dismissed_comment", reasons: `fix_started|inaccurate|no_bandwidth|not_used|tolerable_risk`,
			scopes: []string{"security_events", "vulnerability_alerts:write"},
		},
	} {
		out = append(out, alert(h, k, true), alert(h, k, false))
	}
	return out
}

// alertKind is what differs between GitHub's three kinds of alert.
type alertKind struct {
	system, where, title string
	closed, verb         string
	reason, comment      string // members of the request
	reasons, usual       string
	scopes               []string
	query                string
}

// found is an alert. The secret that a secret-scanning alert is about is asked
// to be left out, and is no member here.
type found struct {
	State      string `json:"state"`
	Resolution string `json:"resolution"`
	Dismissed  string `json:"dismissed_reason"`
	SecretType string `json:"secret_type_display_name"`
	URL        string `json:"html_url"`
	Rule       struct {
		ID          string `json:"id"`
		Description string `json:"description"`
	} `json:"rule"`
	Advisory struct {
		ID      string `json:"ghsa_id"`
		Summary string `json:"summary"`
	} `json:"security_advisory"`
}

func alert(h *hub, k alertKind, closes bool) integrations.Action {
	about := integrations.Description{
		Name: "github." + k.system + "." + k.verb, Title: "Close a " + k.title, System: "github",
		Danger: incident.Low, Reversible: true, Idempotency: "native", Scopes: k.scopes,
		Params: []integrations.Param{
			repoParam(),
			{Name: "number", Title: "Number of the alert", Type: "int", Required: true, Match: `[1-9][0-9]{0,9}`},
		},
		Result: results("repo", "number:int"), Tested: integrations.Described,
	}
	reopen := "github." + k.system + ".reopen"
	if closes {
		reason := integrations.Param{Name: "reason", Title: "Why", Type: "string", Required: true, Match: k.reasons}
		if k.usual != "" {
			reason.Required, reason.Default = false, k.usual
		}
		about.Params = append(about.Params, reason, integrations.Param{Name: "comment", Title: "More on why", Type: "string", Match: `(?s).{1,280}`})
	} else {
		about.Name, about.Title = reopen, "Open a "+k.title+" again"
	}
	return undoable{deed{
		hub:   h,
		about: about,
		look: func(u use) (state, error) {
			st := state{}
			var got found
			err := u.together(
				func(u use) error { _, err := u.repo(st); return err },
				func(u use) error {
					return u.must(k.title, u.of(k.where, "alerts", u.number("number"))+k.query, &got)
				},
			)
			st["state"], st["url"] = u.seen.Clean(got.State), u.seen.Clean(got.URL)
			st["about"] = u.seen.Clean(cmp.Or(got.SecretType, got.Advisory.Summary, got.Rule.Description, got.Rule.ID))
			if reason := cmp.Or(got.Resolution, got.Dismissed); reason != "" {
				st["reason"] = u.seen.Clean(reason)
			}
			return st, err
		},
		done: func(o order, st state) bool {
			if closes {
				return text(st, "state") == k.closed && text(st, "reason") == o.Text("reason")
			}
			return text(st, "state") == "open"
		},
		says: func(o order, st state) string {
			s := fmt.Sprintf("alert %d is %s", o.Int("number"), cmp.Or(text(st, "state"), "in an unknown state"))
			if reason := text(st, "reason"); reason != "" {
				s += ": " + reason
			}
			return s
		},
		ref: func(o order, _ state) string { return o.Text("repo") + "/" + k.where + "/" + o.number("number") },
		draft: func(o order, st state, p *integrations.Plan) {
			p.Targets = []integrations.Target{{Kind: "alert", ID: id(st, "repo_id") + "/" + k.where + "/" + o.number("number"), Name: text(st, "about")}, repoTarget(o, st)}
			p.Proof = "the state that GitHub gives for the alert"
			if !closes {
				p.Effects, p.Undo = []string{fmt.Sprintf("%s %d (%s) counts as open again", k.title, o.Int("number"), text(st, "about"))}, "close it again, as "+cmp.Or(text(st, "reason"), "before")
				return
			}
			p.Effects = []string{fmt.Sprintf("%s %d (%s) counts as %s: %s", k.title, o.Int("number"), text(st, "about"), k.closed, o.Text("reason"))}
			if k.system == "secretscanning" {
				p.Warnings = []string{"this says that the secret was dealt with, and deals with nothing: revoke it where it was issued"}
			}
			p.Undo = "open it again; a comment stays"
		},
		sends: func(o order, _ state) []message {
			body := state{"state": "open"}
			if closes {
				body = state{"state": k.closed, k.reason: o.Text("reason")}
				if o.Has("comment") {
					body[k.comment] = o.Text("comment")
				}
			}
			return []message{{what: "edit alert", method: http.MethodPatch, path: o.of(k.where, "alerts", o.number("number")), body: body}}
		},
	}, func(o order, st, _ state) (string, map[string]any, error) {
		params := state{"repo": o.Text("repo"), "number": o.Int("number")}
		if text(st, "state") != k.closed {
			return reopen, params, nil
		}
		params["reason"] = text(st, "reason")
		return "github." + k.system + "." + k.verb, params, nil
	}}
}
