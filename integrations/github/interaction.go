package github

import (
	"cmp"
	"fmt"
	"net/http"

	"firebreak/incident"
	"firebreak/integrations"
)

// interactions are the actions on who may take part in public repositories.
func interactions(h *hub) []integrations.Action {
	return []integrations.Action{interactionLimit(h, false), interactionLift(h, false), interactionLimit(h, true), interactionLift(h, true)}
}

// lasts are GitHub's words for how long a limit holds.
var lasts = map[string]string{ //nolint:gochecknoglobals // a table
	"one_day": "1 day", "three_days": "3 days", "one_week": "7 days", "one_month": "a month", "six_months": "6 months",
}

func (s sphere) limit(u use) (state, error) {
	st := state{}
	var found struct {
		Limit  string `json:"limit"`
		Origin string `json:"origin"`
	}
	err := u.together(
		func(u use) error { return s.read(u, st) },
		func(u use) error { return u.must("interaction limit", s.at(u.order, "interaction-limits"), &found) },
	)
	if found.Limit != "" {
		st["limit"], st["origin"] = u.seen.Clean(found.Limit), u.seen.Clean(found.Origin)
	}
	return st, err
}

func (s sphere) limitSays(o order, st state) string {
	if limit := text(st, "limit"); limit != "" {
		return fmt.Sprintf("in %s only %s may take part (set for the %s)", o.Text(s.param.Name), limit, cmp.Or(text(st, "origin"), "whole"))
	}
	return "everybody may take part in " + o.Text(s.param.Name)
}

func (s sphere) interaction(verb, title string) integrations.Description {
	about := s.about("interaction."+verb, title)
	about.Danger, about.Idempotency, about.Available = incident.Medium, "native", cloud()
	about.Result = results(s.param.Name)
	return about
}

// interactionLimit keeps strangers out of issues and pull requests for a while.
func interactionLimit(h *hub, wide bool) integrations.Action {
	s := sphereOf(wide)
	about := s.interaction("limit", "Keep strangers out of issues and pull requests for a while")
	about.Reversible = true
	about.Params = append(about.Params,
		integrations.Param{Name: "limit", Title: "Who may still take part: existing_users, contributors_only, collaborators_only", Type: "string", Default: "collaborators_only", Match: `existing_users|contributors_only|collaborators_only`},
		integrations.Param{Name: "expiry", Title: "How long: one_day, three_days, one_week, one_month, six_months", Type: "string", Default: "one_day", Match: `one_day|three_days|one_week|one_month|six_months`},
	)
	return undoable{deed{
		hub: h, about: about,
		look: s.limit,
		done: func(o order, st state) bool { return text(st, "limit") == o.Text("limit") },
		says: s.limitSays,
		ref:  func(o order, _ state) string { return o.Text(s.param.Name) },
		draft: func(o order, st state, p *integrations.Plan) {
			p.Targets = []integrations.Target{s.target(o, st)}
			p.Effects = []string{fmt.Sprintf("in public repositories of %s only %s can comment, open issues or pull requests", o.Text(s.param.Name), o.Text("limit"))}
			p.Warnings = rights(o, st)
			if limit := text(st, "limit"); limit != "" {
				p.Warnings = append(p.Warnings, "a limit is set already, for the "+text(st, "origin")+": "+limit)
			}
			p.Timer = "GitHub lifts it after " + lasts[o.Text("expiry")]
			p.Proof = "the limit that GitHub gives"
			p.Undo = "lift the limit, or set the former one for a day"
		},
		sends: func(o order, _ state) []message {
			return []message{{what: "limit interactions", method: http.MethodPut, path: s.at(o, "interaction-limits"), body: state{"limit": o.Text("limit"), "expiry": o.Text("expiry")}}}
		},
	}, func(o order, st, _ state) (string, map[string]any, error) {
		params := state{s.param.Name: o.Text(s.param.Name)}
		if limit := text(st, "limit"); limit != "" {
			params["limit"] = limit
			return about.Name, params, nil
		}
		return "github." + s.param.Name + ".interaction.lift", params, nil
	}}
}

// interactionLift lets everybody take part again.
func interactionLift(h *hub, wide bool) integrations.Action {
	s := sphereOf(wide)
	about := s.interaction("lift", "Let everybody take part again")
	about.Reversible = true
	return undoable{deed{
		hub: h, about: about,
		look: s.limit,
		done: func(_ order, st state) bool { return text(st, "limit") == "" },
		says: s.limitSays,
		ref:  func(o order, _ state) string { return o.Text(s.param.Name) },
		draft: func(o order, st state, p *integrations.Plan) {
			p.Targets = []integrations.Target{s.target(o, st)}
			p.Effects = []string{"everybody can comment, open issues and pull requests in public repositories of " + o.Text(s.param.Name)}
			p.Warnings = rights(o, st)
			p.Proof = "GitHub gives no limit"
			p.Undo = "set the limit again, for a day"
		},
		sends: func(o order, _ state) []message {
			return []message{{what: "lift interaction limit", method: http.MethodDelete, path: s.at(o, "interaction-limits"), fine: []int{http.StatusNotFound}}}
		},
	}, func(o order, st, _ state) (string, map[string]any, error) {
		return "github." + s.param.Name + ".interaction.limit", state{s.param.Name: o.Text(s.param.Name), "limit": text(st, "limit")}, nil
	}}
}
