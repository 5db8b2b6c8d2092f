package github

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"

	"firebreak/incident"
	"firebreak/integrations"
)

// collaborators are the actions on who may reach one repository.
func collaborators(h *hub) []integrations.Action {
	return []integrations.Action{collaboratorRemove(h), collaboratorAdd(h)}
}

// collaboration reads what somebody may do in a repository, and by what: a
// right of its own, an invitation, or a team and the organisation.
func (u use) collaboration() (state, error) {
	st, direct, invited, access := state{"direct": false}, state{}, state{}, state{}
	err := u.together(
		func(u use) error {
			r, err := u.repo(st)
			st["owner_type"] = u.seen.Clean(r.Owner.Type)
			return err
		},
		func(u use) error {
			all, more, err := list[struct {
				ID       int64  `json:"id"`
				Login    string `json:"login"`
				RoleName string `json:"role_name"`
			}](u, "collaborators", u.of("collaborators")+"?affiliation=direct", 5)
			for _, one := range all {
				if strings.EqualFold(one.Login, u.Text("user")) {
					direct["direct"], direct["permission"], direct["user_id"] = true, u.seen.Clean(one.RoleName), one.ID
				}
			}
			direct["of"] = oneDigit(len(all))
			if err == nil && more && !flag(direct, "direct") {
				err = rejected("do it on GitHub", "list collaborators: more than 500, and %s is not among the first", u.Text("user"))
			}
			return err
		},
		func(u use) error {
			all, _, err := list[struct {
				ID          int64  `json:"id"`
				Permissions string `json:"permissions"`
				Invitee     struct {
					ID    int64  `json:"id"`
					Login string `json:"login"`
				} `json:"invitee"`
			}](u, "invitations", u.of("invitations"), 3)
			if u.seen.ReadStatus() == http.StatusNotFound { // only an administrator sees them
				invited["invitations_unseen"] = true
				return nil
			}
			for _, one := range all {
				if strings.EqualFold(one.Invitee.Login, u.Text("user")) {
					invited["invitation_id"], invited["invited"], invited["user_id"] = one.ID, u.seen.Clean(one.Permissions), one.Invitee.ID
				}
			}
			return err
		},
		func(u use) error {
			var found struct {
				Permission string `json:"permission"`
				RoleName   string `json:"role_name"`
				User       struct {
					ID int64 `json:"id"`
				} `json:"user"`
			}
			there, err := u.read("permission of "+u.Text("user"), u.of("collaborators", u.Text("user"), "permission"), &found)
			if there {
				access["access"], access["user_id"] = u.seen.Clean(cmp.Or(found.RoleName, found.Permission)), found.User.ID
			}
			return err
		},
	)
	for _, part := range []state{access, invited, direct} {
		for k, v := range part {
			st[k] = v
		}
	}
	if flag(st, "direct") && text(st, "permission") == "" { // an older server's list does not name the role
		st["permission"] = text(st, "access")
	}
	return st, err
}

func collaboratorSays(o order, st state) string {
	user, repo := o.Text("user"), o.Text("repo")
	switch access := text(st, "access"); {
	case flag(st, "direct"):
		return fmt.Sprintf("%s is a collaborator of %s (%s)", user, repo, cmp.Or(text(st, "permission"), "right not said"))
	case st["invitation_id"] != nil:
		return fmt.Sprintf("%s is invited to %s (%s)", user, repo, text(st, "invited"))
	case access != "" && access != "none":
		return fmt.Sprintf("%s is no collaborator of %s, and still has %s there: by a team, the organisation, or because it is public", user, repo, access)
	}
	return fmt.Sprintf("%s is no collaborator of %s, or the token may not see it", user, repo)
}

func collaboratorTargets(o order, st state) []integrations.Target {
	of, _ := integrations.Number(st, "of")
	return []integrations.Target{userTarget(o, st, int(of)), repoTarget(o, st)}
}

func collaboratorRef(o order, _ state) string {
	return o.Text("repo") + "/collaborators/" + o.Text("user")
}

// asked is GitHub's older word for a right, which its requests want.
func asked(right string) string {
	switch right {
	case "read":
		return "pull"
	case "write":
		return "push"
	}
	return right
}

func collaboratorRemove(h *hub) integrations.Action {
	return undoable{deed{
		hub: h,
		about: integrations.Description{
			Name: "github.collaborator.remove", Title: "Remove a collaborator from a repository", System: "github",
			Danger: incident.High, Reversible: true, Idempotency: "native", Scopes: []string{"repo", "administration:write"},
			Params: []integrations.Param{repoParam(), userParam()}, Result: results("repo", "user"),
			Tested: integrations.Emulated, D3fend: []string{"D3-UAP"},
		},
		look:     func(u use) (state, error) { return u.collaboration() },
		cautious: true,
		done:     func(_ order, st state) bool { return !flag(st, "direct") && st["invitation_id"] == nil },
		says:     collaboratorSays, ref: collaboratorRef,
		draft: func(o order, st state, p *integrations.Plan) {
			p.Targets = collaboratorTargets(o, st)
			p.Effects = []string{fmt.Sprintf("%s loses the right of its own to %s; GitHub takes it from the issues it is assigned to, and cancels invitations it sent", o.Text("user"), o.Text("repo"))}
			if st["invitation_id"] != nil {
				p.Effects = append(p.Effects, "the invitation to it is cancelled")
			}
			p.Warnings = append([]string{
				"a fork that the person has of a private repository is deleted: save it first where it is evidence",
				"a right by a team or by the organisation stays: see the verification",
			}, append(rights(o, st), ourselves(o, p)...)...)
			if flag(st, "invitations_unseen") {
				p.Warnings = append(p.Warnings, "GitHub does not show us the repository's invitations: one to this person may be open")
			}
			p.Proof = "neither GitHub's list of direct collaborators nor that of invitations has the person"
			p.Undo = "invite the person again with the same right. That is a part of it only: the person has to accept; forks, assignments and stars do not come back"
		},
		sends: func(o order, st state) []message {
			var out []message
			if n := id(st, "invitation_id"); n != "" {
				out = append(out, message{what: "cancel invitation", method: http.MethodDelete, path: o.of("invitations", n), fine: []int{http.StatusNotFound}})
			}
			if len(out) == 0 || flag(st, "direct") {
				out = append(out, message{what: "remove collaborator", method: http.MethodDelete, path: o.of("collaborators", o.Text("user")), fine: []int{http.StatusNotFound}})
			}
			return out
		},
	}, func(o order, st, _ state) (string, map[string]any, error) {
		right := cmp.Or(text(st, "permission"), text(st, "invited"), "read")
		return "github.collaborator.add", map[string]any{"repo": o.Text("repo"), "user": o.Text("user"), "permission": asked(right)}, nil
	}}
}

func collaboratorAdd(h *hub) integrations.Action {
	return undoable{deed{
		hub: h,
		about: integrations.Description{
			Name: "github.collaborator.add", Title: "Add a collaborator to a repository", System: "github",
			Danger: incident.High, Reversible: true, Idempotency: "native", Scopes: []string{"repo", "administration:write"},
			Params: []integrations.Param{
				repoParam(), userParam(),
				{Name: "permission", Title: "Right: pull, triage, push, maintain, admin, or a role of the organisation's own", Type: "string", Default: "pull", Match: `[A-Za-z0-9][A-Za-z0-9 _.-]{0,99}`},
			},
			Result: results("repo", "user"), Tested: integrations.Emulated,
		},
		look: func(u use) (state, error) { return u.collaboration() },
		done: func(o order, st state) bool {
			has := text(st, "permission")
			if !flag(st, "direct") {
				has = text(st, "invited")
			}
			// A person's own repository knows one right only.
			return has != "" && (asked(has) == asked(o.Text("permission")) || text(st, "owner_type") == "User")
		},
		says: collaboratorSays, ref: collaboratorRef,
		draft: func(o order, st state, p *integrations.Plan) {
			p.Targets = collaboratorTargets(o, st)
			p.Effects = []string{fmt.Sprintf("GitHub invites %s to %s with the right “%s”: it counts once the person accepts; a member of the organisation has it at once", o.Text("user"), o.Text("repo"), o.Text("permission"))}
			p.Warnings = rights(o, st)
			p.Proof = "GitHub lists the person as a direct collaborator, or as invited"
			p.Undo = "take the right or the invitation away again"
		},
		sends: func(o order, st state) []message {
			m := message{what: "add collaborator", method: http.MethodPut, path: o.of("collaborators", o.Text("user")), body: map[string]any{"permission": asked(o.Text("permission"))}}
			if text(st, "owner_type") == "User" { // there the right is not taken
				m.body = state{}
			}
			return []message{m}
		},
	}, func(o order, st, _ state) (string, map[string]any, error) {
		params := map[string]any{"repo": o.Text("repo"), "user": o.Text("user")}
		if has := text(st, "permission"); has != "" {
			params["permission"] = asked(has)
			return "github.collaborator.add", params, nil
		}
		return "github.collaborator.remove", params, nil
	}}
}
