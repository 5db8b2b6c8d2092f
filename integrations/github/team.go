package github

import (
	"fmt"
	"net/http"

	"firebreak/incident"
	"firebreak/integrations"
)

// teams are the actions on who is in a team.
func teams(h *hub) []integrations.Action {
	return []integrations.Action{teamMember(h, false), teamMember(h, true)}
}

func (u use) team() (state, error) {
	st := state{}
	membership := state{"member": false}
	account := state{}
	err := u.together(
		func(u use) error {
			var found struct {
				ID           int64 `json:"id"`
				MembersCount int   `json:"members_count"`
			}
			err := u.must("team "+u.Text("team"), u.in("teams", u.Text("team")), &found)
			st["team_id"], st["of"] = found.ID, oneDigit(found.MembersCount)
			return err
		},
		func(u use) error {
			var found struct {
				Role  string `json:"role"`
				State string `json:"state"`
			}
			there, err := u.read("membership of "+u.Text("user"), u.in("teams", u.Text("team"), "memberships", u.Text("user")), &found)
			membership["member"] = there
			if there {
				membership["role"], membership["state"] = u.seen.Clean(found.Role), u.seen.Clean(found.State)
			}
			return err
		},
		func(u use) error { return u.account(account) },
	)
	for _, part := range []state{membership, account} {
		for k, v := range part {
			st[k] = v
		}
	}
	return st, err
}

// teamMember takes somebody out of a team, or puts them in.
func teamMember(h *hub, add bool) integrations.Action {
	d := deed{
		hub: h,
		about: integrations.Description{
			Name: "github.team.remove", Title: "Remove somebody from a team", System: "github",
			Danger: incident.Medium, Reversible: true, Idempotency: "native", Scopes: []string{"admin:org", "members:write"},
			Params: []integrations.Param{
				orgParam(),
				{Name: "team", Title: "Team, by its slug", Type: "string", Required: true, Match: `[A-Za-z0-9_][A-Za-z0-9_.-]{0,98}`},
				userParam(),
			},
			Result: results("org", "team", "user"), Tested: integrations.Emulated, D3fend: []string{"D3-UAP"},
		},
		look: func(u use) (state, error) { return u.team() },
		done: func(_ order, st state) bool { return !flag(st, "member") },
		says: func(o order, st state) string {
			if !flag(st, "member") {
				return fmt.Sprintf("%s is not in team %s, or the token may not see it", o.Text("user"), o.Text("team"))
			}
			return fmt.Sprintf("%s is in team %s as %s (%s)", o.Text("user"), o.Text("team"), text(st, "role"), text(st, "state"))
		},
		ref: func(o order, _ state) string { return o.Text("org") + "/" + o.Text("team") + "/" + o.Text("user") },
		draft: func(o order, st state, p *integrations.Plan) {
			of, _ := integrations.Number(st, "of")
			p.Targets = []integrations.Target{userTarget(o, st, int(of)), {Kind: "team", ID: id(st, "team_id"), Name: o.Text("org") + "/" + o.Text("team")}}
			p.Effects = []string{fmt.Sprintf("%s loses what team %s gives in repositories", o.Text("user"), o.Text("team"))}
			p.Warnings = append([]string{"who is in a team below this one still counts as in it; a team that an identity provider fills refuses"}, ourselves(o, p)...)
			p.Proof = "GitHub no longer knows the person in the team"
			p.Undo = "put the person into the team again, with the same role"
		},
		sends: func(o order, _ state) []message {
			return []message{{what: "remove from team", method: http.MethodDelete, path: o.in("teams", o.Text("team"), "memberships", o.Text("user")), fine: []int{http.StatusNotFound}}}
		},
	}
	back := func(o order, st, _ state) (string, map[string]any, error) {
		return "github.team.add", map[string]any{"org": o.Text("org"), "team": o.Text("team"), "user": o.Text("user"), "role": text(st, "role")}, nil
	}
	if !add {
		return undoable{d, back}
	}
	d.about.Name, d.about.Title, d.about.Danger, d.about.D3fend = "github.team.add", "Put somebody into a team", incident.High, nil
	d.about.Params = append(d.about.Params, integrations.Param{Name: "role", Title: "member or maintainer", Type: "string", Default: "member", Match: `member|maintainer`})
	d.done = func(o order, st state) bool { return flag(st, "member") && text(st, "role") == o.Text("role") }
	d.draft = func(o order, st state, p *integrations.Plan) {
		p.Targets = []integrations.Target{userTarget(o, st, 0), {Kind: "team", ID: id(st, "team_id"), Name: o.Text("org") + "/" + o.Text("team")}}
		p.Effects = []string{fmt.Sprintf("%s gets what team %s gives in repositories; who is no member of %s is invited by mail, and has to accept", o.Text("user"), o.Text("team"), o.Text("org"))}
		p.Proof = "GitHub gives the person's role in the team"
		p.Undo = "take the person out of the team, or give the former role"
	}
	d.sends = func(o order, _ state) []message {
		return []message{{what: "add to team", method: http.MethodPut, path: o.in("teams", o.Text("team"), "memberships", o.Text("user")), body: map[string]any{"role": o.Text("role")}}}
	}
	return undoable{d, func(o order, st, data state) (string, map[string]any, error) {
		if flag(st, "member") {
			return back(o, st, data)
		}
		return "github.team.remove", map[string]any{"org": o.Text("org"), "team": o.Text("team"), "user": o.Text("user")}, nil
	}}
}

// blocks are the actions on whom an organisation blocks.
func blocks(h *hub) []integrations.Action {
	return []integrations.Action{block(h, true), block(h, false)}
}

// block blocks somebody for an organisation, or unblocks. A server of one's own
// has neither.
func block(h *hub, want bool) integrations.Action {
	d := deed{
		hub: h,
		about: integrations.Description{
			Name: "github.org.block", Title: "Block a user for an organisation", System: "github",
			Danger: incident.Medium, Reversible: true, Idempotency: "native", Scopes: []string{"admin:org", "organization_user_blocking:write"},
			Params: []integrations.Param{orgParam(), userParam()}, Result: results("org", "user"),
			Available: cloud(), Tested: integrations.Described,
		},
		look: func(u use) (state, error) {
			st, account, blocked := state{}, state{}, false
			err := u.together(
				func(u use) error { return u.org(st) },
				func(u use) error { return u.account(account) },
				func(u use) (err error) {
					blocked, err = u.read("block of "+u.Text("user"), u.in("blocks", u.Text("user")), nil)
					return err
				},
			)
			st["blocked"], st["user_id"] = blocked, account["user_id"]
			return st, err
		},
		done: func(_ order, st state) bool { return flag(st, "blocked") == want },
		says: func(o order, st state) string {
			if flag(st, "blocked") {
				return o.Text("org") + " blocks " + o.Text("user")
			}
			return o.Text("org") + " does not block " + o.Text("user") + ", or the token may not see it"
		},
		ref: orgRef,
		draft: func(o order, st state, p *integrations.Plan) {
			p.Targets = []integrations.Target{userTarget(o, st, 0), orgTarget(o, st)}
			p.Proof = "whether GitHub knows the block"
			if !want {
				p.Effects, p.Undo = []string{o.Text("user") + " can take part in the public repositories of " + o.Text("org") + " again"}, "block again"
				return
			}
			p.Effects = []string{fmt.Sprintf("%s can no longer open, comment or fork in repositories of %s, and loses its collaborations there", o.Text("user"), o.Text("org"))}
			p.Warnings = append([]string{"blocking takes the person out of the repositories: unblocking does not give that back"}, ourselves(o, p)...)
			p.Undo = "unblock"
		},
		sends: func(o order, _ state) []message {
			if want {
				return []message{{what: "block user", method: http.MethodPut, path: o.in("blocks", o.Text("user"))}}
			}
			return []message{{what: "unblock user", method: http.MethodDelete, path: o.in("blocks", o.Text("user")), fine: []int{http.StatusNotFound}}}
		},
	}
	inverse := "github.org.unblock"
	if !want {
		inverse = "github.org.block"
		d.about.Name, d.about.Title = "github.org.unblock", "Unblock a user for an organisation"
	}
	return undoable{d, func(o order, _, _ state) (string, map[string]any, error) {
		return inverse, map[string]any{"org": o.Text("org"), "user": o.Text("user")}, nil
	}}
}
