package github

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"firebreak/incident"
	"firebreak/integrations"
)

// members are the actions on who belongs to an organisation.
func members(h *hub) []integrations.Action {
	return []integrations.Action{memberRemove(h), memberDemote(h), memberConvert(h), memberRestore(h), outsideRemove(h)}
}

// membership reads what somebody is in the organisation, and in which teams.
func (u use) membership(withTeams bool) (state, error) {
	st, teams := state{}, state{}
	var of int
	reads := []func(use) error{
		func(u use) error {
			var found struct {
				State string `json:"state"`
				Role  string `json:"role"`
				User  struct {
					ID int64 `json:"id"`
				} `json:"user"`
				Organization struct {
					ID int64 `json:"id"`
				} `json:"organization"`
			}
			there, err := u.read("membership of "+u.Text("user"), u.in("memberships", u.Text("user")), &found)
			st["member"] = there
			if there {
				st["role"], st["state"] = u.seen.Clean(found.Role), u.seen.Clean(found.State)
				st["user_id"], st["org_id"] = found.User.ID, found.Organization.ID
			}
			return err
		},
		func(u use) (err error) {
			of, err = u.count("members", u.in("members"))
			return err
		},
	}
	if withTeams {
		reads = append(reads, func(u use) error { return u.teams(teams) })
	}
	err := u.together(reads...)
	if flag(st, "member") {
		if of > 0 {
			st["of"] = of
		}
		for k, v := range teams {
			st[k] = v
		}
	}
	return st, err
}

// teamsOf asks in one request for what REST has only team by team. The query
// satisfies GitHub's published GraphQL schema.
const teamsOf = `query($org:String!,$user:String!){organization(login:$org){teams(first:100,userLogins:[$user]){totalCount nodes{slug members(first:10,query:$user,membership:IMMEDIATE){edges{role node{login}}}}}}}`

// teams reads the teams somebody is in, each as slug or slug:maintainer. That
// they cannot be read is no failure: the state says so, and the plan.
func (u use) teams(st state) error {
	var got struct {
		Data struct {
			Organization *struct {
				Teams struct {
					TotalCount int `json:"totalCount"`
					Nodes      []struct {
						Slug    string `json:"slug"`
						Members struct {
							Edges []struct {
								Role string `json:"role"`
								Node struct {
									Login string `json:"login"`
								} `json:"node"`
							} `json:"edges"`
						} `json:"members"`
					} `json:"nodes"`
				} `json:"teams"`
			} `json:"organization"`
		} `json:"data"`
		Errors []struct {
			Message string `json:"message"`
		} `json:"errors"`
	}
	where := "graphql"
	if u.hub.isServer() { // /api/v3 and /api/graphql
		where = "../graphql"
	}
	req, err := u.NewRequest(http.MethodPost, where, map[string]any{"query": teamsOf, "variables": map[string]any{"org": u.Text("org"), "user": u.Text("user")}})
	if err == nil {
		_, err = u.Do(u.ctx, req, &got)
	}
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return &integrations.Error{Outcome: integrations.NotSent, Err: fmt.Errorf("read the teams of %s: %w", u.Text("user"), err)}
	case err != nil:
		st["teams_unknown"] = u.seen.Clean(err.Error())
		return nil
	case len(got.Errors) > 0:
		st["teams_unknown"] = u.seen.Clean(got.Errors[0].Message)
		return nil
	case got.Data.Organization == nil:
		st["teams_unknown"] = "GitHub does not show the organisation's teams to this token"
		return nil
	}
	teams := []string{}
	for _, t := range got.Data.Organization.Teams.Nodes {
		for _, m := range t.Members.Edges {
			switch {
			case !strings.EqualFold(m.Node.Login, u.Text("user")):
			case m.Role == "MAINTAINER":
				teams = append(teams, u.seen.Clean(t.Slug)+":maintainer")
			default:
				teams = append(teams, u.seen.Clean(t.Slug))
			}
		}
	}
	slices.Sort(teams)
	st["teams"] = teams
	if n := got.Data.Organization.Teams.TotalCount; n > 100 {
		st["teams_unknown"] = fmt.Sprintf("only the first 100 of %d were read", n)
	}
	return nil
}

// words returns a list of a state that may have been through JSON.
func words(st state, name string) []string {
	switch l := st[name].(type) {
	case []string:
		return l
	case []any:
		out := make([]string, 0, len(l))
		for _, e := range l {
			if s, ok := e.(string); ok {
				out = append(out, s)
			}
		}
		return out
	}
	return nil
}

// noMember is said where GitHub knows no membership, which is also its answer
// to who may not ask.
const noMember = "GitHub knows no such member, or the token may not see it"

func memberSays(o order, st state) string {
	if !flag(st, "member") {
		return o.Text("user") + ": " + noMember
	}
	return fmt.Sprintf("%s is %s of %s (%s)", o.Text("user"), roleWord(text(st, "role")), o.Text("org"), cmp.Or(text(st, "state"), "state not said"))
}

func roleWord(role string) string {
	if role == "admin" {
		return "an owner"
	}
	return "a member"
}

// memberTargets is the user, among the organisation's members. The other actions
// on users name no population: theirs are another one, which would be mixed up.
func memberTargets(o order, st state) []integrations.Target {
	var of int64
	if st["of"] != nil {
		of, _ = integrations.Number(st, "of")
	}
	return []integrations.Target{userTarget(o, st, int(of))}
}

// losses warns of what comes with leaving an organisation, and cannot be given
// back.
func losses(o order, st state, p *integrations.Plan) []string {
	out := []string{
		"forks of private repositories that " + o.Text("user") + " owns may be deleted, and issues lose the person",
		"a membership by an enterprise team stays",
	}
	if why := text(st, "teams_unknown"); why != "" {
		out = append(out, "not all teams are known, so that undoing cannot give them all back: "+why)
	}
	return append(out, ourselves(o, p)...)
}

// ourselves warns where the one who is cut off is the token's own user.
func ourselves(o order, p *integrations.Plan) []string {
	if p.Identity != "" && strings.EqualFold(p.Identity, o.Text("user")) {
		return []string{"this is the user whom the token belongs to: the connection loses its own rights"}
	}
	return nil
}

func orgRef(o order, _ state) string { return o.Text("org") + "/" + o.Text("user") }

func restoring(o order, st, _ state) (string, map[string]any, error) {
	params := map[string]any{"org": o.Text("org"), "user": o.Text("user"), "role": cmp.Or(text(st, "role"), "member")}
	if teams := words(st, "teams"); len(teams) > 0 {
		params["teams"] = teams
	}
	return "github.member.restore", params, nil
}

func inviting(st state) string {
	return fmt.Sprintf("invite the person again, as %s, with the same teams (%s). That is a part of it only: the person has to accept, and what was lost with the membership stays lost", roleWord(text(st, "role")), inTeams(st))
}

// inTeams lists the teams in words.
func inTeams(st state) string {
	teams := slices.Clone(words(st, "teams"))
	for i, t := range teams {
		if slug, role := teamOf(t); role == "maintainer" {
			teams[i] = slug + " (as its maintainer)"
		}
	}
	if len(teams) == 0 {
		return "none"
	}
	return strings.Join(teams, ", ")
}

func memberRemove(h *hub) integrations.Action {
	return undoable{deed{
		hub: h,
		about: integrations.Description{
			Name: "github.member.remove", Title: "Remove a member from an organisation", System: "github",
			Danger: incident.High, Reversible: true, Idempotency: "native", Scopes: []string{"admin:org", "members:write"},
			Params: []integrations.Param{orgParam(), userParam()}, Result: results("org", "user"),
			Tested: integrations.Described, D3fend: []string{"D3-UAP"},
		},
		look: func(u use) (state, error) { return u.membership(true) },
		done: func(_ order, st state) bool { return !flag(st, "member") },
		says: memberSays, ref: orgRef,
		draft: func(o order, st state, p *integrations.Plan) {
			p.Targets = memberTargets(o, st)
			p.Effects = []string{
				fmt.Sprintf("%s, who is %s, leaves %s with its teams (%s), and can no longer reach its private repositories", o.Text("user"), roleWord(text(st, "role")), o.Text("org"), inTeams(st)),
				"GitHub tells the person by mail",
			}
			if text(st, "state") == "pending" {
				p.Effects = []string{fmt.Sprintf("the invitation of %s to %s is cancelled; GitHub tells the person by mail", o.Text("user"), o.Text("org"))}
			}
			p.Warnings = losses(o, st, p)
			p.Proof = "GitHub no longer knows the membership"
			p.Undo = inviting(st)
		},
		sends: func(o order, _ state) []message {
			return []message{{what: "remove member", method: http.MethodDelete, path: o.in("memberships", o.Text("user")), fine: []int{http.StatusNotFound}}}
		},
	}, restoring}
}

func memberDemote(h *hub) integrations.Action {
	return undoable{deed{
		hub: h,
		about: integrations.Description{
			Name: "github.member.demote", Title: "Make an owner of an organisation a plain member", System: "github",
			Danger: incident.Medium, Reversible: true, Idempotency: "native", Scopes: []string{"admin:org", "members:write"},
			Params: []integrations.Param{orgParam(), userParam()}, Result: results("org", "user"),
			Tested: integrations.Emulated, D3fend: []string{"D3-UAP"},
		},
		// The same request would invite somebody who is no member.
		look: func(u use) (state, error) {
			st, err := u.membership(false)
			if err == nil && !flag(st, "member") {
				err = rejected("", "demote %s: %s", u.Text("user"), noMember)
			}
			return st, err
		},
		cautious: true,
		done:     func(_ order, st state) bool { return text(st, "role") == "member" },
		says:     memberSays, ref: orgRef,
		draft: func(o order, st state, p *integrations.Plan) {
			p.Targets = memberTargets(o, st)
			p.Effects = []string{fmt.Sprintf("%s can no longer administer %s, and keeps what teams and repositories give", o.Text("user"), o.Text("org"))}
			p.Warnings = ourselves(o, p)
			p.Proof = "the role that GitHub gives for the membership"
			p.Undo = "make the person an owner again; GitHub tells them by mail"
		},
		sends: func(o order, _ state) []message {
			return []message{{what: "demote member", method: http.MethodPut, path: o.in("memberships", o.Text("user")), body: map[string]any{"role": "member"}}}
		},
	}, restoring}
}

func memberConvert(h *hub) integrations.Action {
	return undoable{deed{
		hub: h,
		about: integrations.Description{
			Name: "github.member.convert", Title: "Make a member an outside collaborator", System: "github",
			Danger: incident.High, Reversible: true, Idempotency: "native", Scopes: []string{"admin:org", "members:write"},
			Params: []integrations.Param{orgParam(), userParam()}, Result: results("org", "user"),
			Tested: integrations.Described, D3fend: []string{"D3-UAP"},
		},
		look:     func(u use) (state, error) { return u.membership(true) },
		cautious: true,
		done:     func(_ order, st state) bool { return !flag(st, "member") },
		says:     memberSays, ref: orgRef,
		draft: func(o order, st state, p *integrations.Plan) {
			p.Targets = memberTargets(o, st)
			p.Effects = []string{fmt.Sprintf("%s leaves %s with its teams (%s), and keeps only the repositories that they gave", o.Text("user"), o.Text("org"), inTeams(st))}
			p.Warnings = losses(o, st, p)
			p.Proof = "GitHub no longer knows the membership"
			p.Undo = inviting(st)
		},
		sends: func(o order, _ state) []message {
			return []message{{what: "convert member", method: http.MethodPut, path: o.in("outside_collaborators", o.Text("user"))}}
		},
	}, restoring}
}

// memberRestore gives a membership: the way back of the others. GitHub invites
// whoever is no member, which a person has to accept.
func memberRestore(h *hub) integrations.Action {
	return undoable{deed{
		hub: h,
		about: integrations.Description{
			Name: "github.member.restore", Title: "Give a membership back, with its role and teams", System: "github",
			Danger: incident.High, Reversible: true, Idempotency: "native", Scopes: []string{"admin:org", "members:write"},
			Params: []integrations.Param{
				orgParam(), userParam(),
				{Name: "role", Title: "Role: member or admin (owner)", Type: "string", Default: "member", Match: `member|admin`},
				{Name: "teams", Title: "Teams, each SLUG or SLUG:maintainer", Type: "list", Match: `[A-Za-z0-9_][A-Za-z0-9_.-]{0,98}(:maintainer)?`},
			},
			Result: results("org", "user"), Tested: integrations.Described,
		},
		check: func(o order) error {
			if n := len(o.List("teams")); n > 20 {
				return fmt.Errorf("teams: %d: want at most 20 at once", n)
			}
			return nil
		},
		look: func(u use) (state, error) { return u.restored() },
		done: func(o order, st state) bool {
			return flag(st, "member") && text(st, "role") == o.Text("role") && len(words(st, "teams_missing")) == 0
		},
		says: func(o order, st state) string {
			if missing := words(st, "teams_missing"); flag(st, "member") && len(missing) > 0 {
				return memberSays(o, st) + ", and not in " + strings.Join(missing, ", ")
			}
			return memberSays(o, st)
		},
		ref: orgRef,
		draft: func(o order, st state, p *integrations.Plan) {
			p.Targets = memberTargets(o, st)
			p.Effects = []string{fmt.Sprintf("%s becomes %s of %s", o.Text("user"), roleWord(o.Text("role")), o.Text("org"))}
			if !flag(st, "member") {
				p.Effects = []string{fmt.Sprintf("GitHub invites %s by mail to be %s of %s: nothing is back before the person accepts", o.Text("user"), roleWord(o.Text("role")), o.Text("org"))}
				p.Warnings = []string{"an organisation can invite 50 people a day"}
			}
			if teams := o.List("teams"); len(teams) > 0 {
				p.Effects = append(p.Effects, "teams: "+strings.Join(teams, ", "))
			}
			p.Proof = "GitHub gives the role, or the invitation, and the teams"
			p.Undo = "take the membership or the role away again"
		},
		sends: func(o order, st state) []message {
			out := []message{{what: "give membership", method: http.MethodPut, path: o.in("memberships", o.Text("user")), body: map[string]any{"role": o.Text("role")}}}
			teams := o.List("teams")
			if st != nil && flag(st, "member") {
				teams = words(st, "teams_missing")
				if text(st, "role") == o.Text("role") {
					out = nil
				}
			}
			for _, t := range teams {
				slug, role := teamOf(t)
				out = append(out, message{what: "add to team " + slug, method: http.MethodPut, path: o.in("teams", slug, "memberships", o.Text("user")), body: map[string]any{"role": role}})
			}
			return out
		},
	}, func(o order, st, _ state) (string, map[string]any, error) {
		params := map[string]any{"org": o.Text("org"), "user": o.Text("user")}
		if !flag(st, "member") {
			return "github.member.remove", params, nil
		}
		if text(st, "role") == o.Text("role") {
			return "", nil, errors.New("only teams were given: take them away with github.team.remove")
		}
		params["role"] = text(st, "role")
		return "github.member.restore", params, nil
	}}
}

func teamOf(t string) (slug, role string) {
	if slug, ok := strings.CutSuffix(t, ":maintainer"); ok {
		return slug, "maintainer"
	}
	return t, "member"
}

// restored reads the membership, and which of the wanted teams are lacking.
func (u use) restored() (state, error) {
	st, err := u.membership(false)
	teams := u.List("teams")
	if err != nil || len(teams) == 0 || !flag(st, "member") {
		return st, err
	}
	missing := make([]string, len(teams))
	reads := make([]func(use) error, len(teams))
	for i, t := range teams {
		slug, role := teamOf(t)
		reads[i] = func(u use) error {
			var found struct {
				Role string `json:"role"`
			}
			there, err := u.read("membership of team "+slug, u.in("teams", slug, "memberships", u.Text("user")), &found)
			if !there || role == "maintainer" && found.Role != "maintainer" {
				missing[i] = t
			}
			return err
		}
	}
	err = u.together(reads...)
	st["teams_missing"] = slices.DeleteFunc(missing, func(s string) bool { return s == "" })
	return st, err
}

func outsideRemove(h *hub) integrations.Action {
	return deed{
		hub: h,
		about: integrations.Description{
			Name: "github.outside.remove", Title: "Remove an outside collaborator from all repositories", System: "github",
			Danger: incident.High, Idempotency: "native", Scopes: []string{"admin:org", "members:write"},
			Params: []integrations.Param{orgParam(), userParam()}, Result: results("org", "user"),
			Tested: integrations.Described, D3fend: []string{"D3-UAP"},
		},
		look: func(u use) (state, error) {
			st, org := state{"outside": false}, state{}
			err := u.together(
				func(u use) error { return u.org(org) },
				func(u use) error {
					all, more, err := list[struct {
						ID    int64  `json:"id"`
						Login string `json:"login"`
					}](u, "outside collaborators", u.in("outside_collaborators"), 10)
					for _, one := range all {
						if strings.EqualFold(one.Login, u.Text("user")) {
							st["outside"], st["user_id"] = true, one.ID
						}
					}
					if err == nil && more && !flag(st, "outside") {
						err = rejected("remove the person on GitHub", "list outside collaborators: more than 1000, and %s is not among the first", u.Text("user"))
					}
					return err
				},
			)
			st["org_id"] = org["org_id"]
			return st, err
		},
		done: func(_ order, st state) bool { return !flag(st, "outside") },
		says: func(o order, st state) string {
			if flag(st, "outside") {
				return o.Text("user") + " is an outside collaborator of " + o.Text("org")
			}
			return o.Text("user") + " is no outside collaborator of " + o.Text("org")
		},
		ref: orgRef,
		draft: func(o order, st state, p *integrations.Plan) {
			p.Targets = memberTargets(o, st)
			p.Effects = []string{fmt.Sprintf("%s loses each repository of %s, with its forks of private ones", o.Text("user"), o.Text("org"))}
			p.Warnings = append([]string{"GitHub has no list of the repositories that one person can reach, so that this cannot be undone as a whole: note them first; github.collaborator.add gives back one at a time"}, ourselves(o, p)...)
			p.Proof = "GitHub's list of outside collaborators no longer has the person"
		},
		sends: func(o order, _ state) []message {
			return []message{{what: "remove outside collaborator", method: http.MethodDelete, path: o.in("outside_collaborators", o.Text("user")), fine: []int{http.StatusNotFound}}}
		},
	}
}
