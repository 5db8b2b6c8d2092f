package github

import (
	"fmt"
	"net/http"

	"firebreak/incident"
	"firebreak/integrations"
)

// accounts are the actions on a user's whole account, on a server of one's own,
// and on what lets tokens into an organisation.
func accounts(h *hub) []integrations.Action {
	return []integrations.Action{suspend(h, true), suspend(h, false), patRevoke(h), ssoRevoke(h), secretDelete(h, false), secretDelete(h, true)}
}

// suspend suspends a user, or lets them in again.
func suspend(h *hub, want bool) integrations.Action {
	d := deed{
		hub: h,
		about: integrations.Description{
			Name: "github.user.suspend", Title: "Suspend a user of a GitHub server", System: "github",
			Danger: incident.High, Reversible: true, Idempotency: "native", Scopes: []string{"site_admin"},
			Params: []integrations.Param{userParam()}, Result: results("user"),
			Available: []string{"ghes"}, Tested: integrations.Described, React: []string{"RA3601"}, D3fend: []string{"D3-AL"},
		},
		look: func(u use) (state, error) {
			var found struct {
				ID        int64   `json:"id"`
				Suspended *string `json:"suspended_at"`
			}
			err := u.must("user "+u.Text("user"), path("users", u.Text("user")), &found)
			return state{"user_id": found.ID, "suspended": found.Suspended != nil && *found.Suspended != ""}, err
		},
		done: func(_ order, st state) bool { return flag(st, "suspended") == want },
		says: func(o order, st state) string {
			if flag(st, "suspended") {
				return o.Text("user") + " is suspended"
			}
			return o.Text("user") + " is not suspended"
		},
		ref: func(o order, _ state) string { return o.Text("user") },
		draft: func(o order, st state, p *integrations.Plan) {
			p.Targets = []integrations.Target{userTarget(o, st, 0)}
			p.Proof = "whether the server gives a date of suspension"
			if !want {
				p.Effects, p.Undo = []string{o.Text("user") + " can sign in and use tokens and keys again"}, "suspend the user again"
				return
			}
			p.Effects = []string{o.Text("user") + " can no longer sign in, push or pull, on the whole server; tokens and keys stop until the suspension ends"}
			p.Warnings = append([]string{"a user that comes by LDAP may be refused: suspend it there"}, ourselves(o, p)...)
			p.Undo = "end the suspension: tokens and keys work as before"
		},
		sends: func(o order, _ state) []message {
			m := message{what: "suspend user", method: http.MethodPut, path: path("users", o.Text("user"), "suspended"), body: state{"reason": "Firebreak incident " + string(o.call.Incident)}}
			if !want {
				m.what, m.method = "end suspension", http.MethodDelete
			}
			return []message{m}
		},
	}
	inverse := "github.user.unsuspend"
	if !want {
		inverse = d.about.Name
		d.about.Name, d.about.Title, d.about.React, d.about.D3fend = "github.user.unsuspend", "End the suspension of a user", []string{"RA5601"}, nil
	}
	return undoable{d, func(o order, _, _ state) (string, map[string]any, error) {
		return inverse, state{"user": o.Text("user")}, nil
	}}
}

// grant is what lets somebody's token into an organisation.
type grant struct {
	name, title  string
	param, asks  string // of the id: in the call and in GitHub's list
	where        string
	editions     []string
	scopes       []string
	method       string
	body         any
	effect, back string
}

// patRevoke takes a fine-grained token's access away. Only an app may ask.
func patRevoke(h *hub) integrations.Action {
	return grantRevoke(h, grant{
		name: "github.pat.revoke", title: "Take a fine-grained token's access to an organisation away", param: "pat_id", asks: "id", where: "personal-access-tokens",
		scopes: []string{"organization_personal_access_tokens:write"}, method: http.MethodPost, body: state{"action": "revoke"},
		effect: "the token no longer reaches anything of %s; elsewhere it works on",
		back:   "its owner has to ask for access again, and somebody has to grant it",
	})
}

// ssoRevoke takes the single sign-on of a token or key away.
func ssoRevoke(h *hub) integrations.Action {
	return grantRevoke(h, grant{
		name: "github.sso.revoke", title: "Take a token's or key's single sign-on to an organisation away", param: "credential_id", asks: "credential_id", where: "credential-authorizations",
		editions: []string{"ghec"}, scopes: []string{"admin:org"}, method: http.MethodDelete,
		effect: "the token or key no longer reaches anything of %s that wants single sign-on",
		back:   "its owner can authorise it again, by signing on: where the account itself is taken, that is no hindrance",
	})
}

func grantRevoke(h *hub, g grant) integrations.Action {
	return deed{
		hub: h,
		about: integrations.Description{
			Name: g.name, Title: g.title, System: "github",
			Danger: incident.High, Idempotency: "native", Scopes: g.scopes,
			Params: []integrations.Param{
				orgParam(),
				{Name: g.param, Title: "Id of the grant, as GitHub lists it", Type: "int", Required: true, Match: `[1-9][0-9]{0,17}`},
			},
			Result: results("org", g.param+":int"), Available: g.editions, Tested: integrations.Described,
		},
		look: func(u use) (state, error) {
			st := state{"exists": false}
			all, more, err := list[struct {
				ID         int64  `json:"id"`
				Credential int64  `json:"credential_id"`
				Login      string `json:"login"`
				Kind       string `json:"credential_type"`
				Owner      struct {
					Login string `json:"login"`
				} `json:"owner"`
				Name string `json:"token_name"`
			}](u, "grants", u.in(g.where), 10)
			for _, one := range all {
				got := one.ID
				if g.asks == "credential_id" {
					got = one.Credential
				}
				if got == u.Int(g.param) {
					st["exists"], st["owner"], st["kind"] = true, u.seen.Clean(one.Login+one.Owner.Login), u.seen.Clean(one.Kind+one.Name)
				}
			}
			if err == nil && more && !flag(st, "exists") {
				err = rejected("revoke it on GitHub", "list grants: more than 1000, and %d is not among the first", u.Int(g.param))
			}
			return st, err
		},
		done: func(_ order, st state) bool { return !flag(st, "exists") },
		says: func(o order, st state) string {
			if flag(st, "exists") {
				return fmt.Sprintf("the grant %d of %s is there", o.Int(g.param), text(st, "owner"))
			}
			return fmt.Sprintf("GitHub lists no grant %d", o.Int(g.param))
		},
		ref: func(o order, _ state) string { return o.Text("org") + "/" + g.where + "/" + o.number(g.param) },
		draft: func(o order, st state, p *integrations.Plan) {
			p.Targets = []integrations.Target{{Kind: "credential", ID: o.number(g.param), Name: text(st, "owner") + ": " + text(st, "kind")}}
			p.Effects = []string{fmt.Sprintf(g.effect, o.Text("org")) + fmt.Sprintf(" (%s of %s)", text(st, "kind"), text(st, "owner"))}
			p.Warnings = []string{"this cannot be undone here: " + g.back}
			p.Proof = "GitHub's list no longer has it"
		},
		sends: func(o order, _ state) []message {
			return []message{{what: "revoke grant", method: g.method, path: o.in(g.where, o.number(g.param)), body: g.body, fine: []int{http.StatusNotFound}}}
		},
	}
}

// secretDelete deletes a secret of workflows. GitHub shows nobody its value.
func secretDelete(h *hub, wide bool) integrations.Action {
	s := sphereOf(wide)
	about := s.about("secret.delete", "Delete a secret of workflows")
	about.Danger, about.Wide, about.Idempotency = incident.High, false, "native"
	about.Scopes = []string{"repo", "secrets:write"}
	if wide {
		about.Scopes = []string{"admin:org", "organization_secrets:write"}
	}
	about.Params = append(about.Params, integrations.Param{Name: "name", Title: "Name of the secret", Type: "string", Required: true, Match: `[A-Za-z_][A-Za-z0-9_]{0,254}`})
	about.Result = results(s.param.Name, "name")
	return deed{
		hub:   h,
		about: about,
		look: func(u use) (state, error) {
			st, there := state{}, false
			err := u.together(
				func(u use) error { return s.read(u, st) },
				func(u use) (err error) {
					there, err = u.read("secret "+u.Text("name"), s.at(u.order, "actions", "secrets", u.Text("name")), nil)
					return err
				},
			)
			st["exists"] = there
			return st, err
		},
		done: func(_ order, st state) bool { return !flag(st, "exists") },
		says: func(o order, st state) string {
			if flag(st, "exists") {
				return "secret " + o.Text("name") + " is there"
			}
			return "GitHub knows no secret " + o.Text("name") + " there, or the token may not see it"
		},
		ref: func(o order, _ state) string { return o.Text(s.param.Name) + "/secrets/" + o.Text("name") },
		draft: func(o order, st state, p *integrations.Plan) {
			p.Targets = []integrations.Target{{Kind: "secret", ID: o.Text(s.param.Name) + "/" + o.Text("name"), Name: o.Text("name")}}
			p.Effects = []string{fmt.Sprintf("workflows of %s get an empty value for %s: what deploys or signs with it fails", o.Text(s.param.Name), o.Text("name"))}
			p.Warnings = append([]string{
				"this cannot be undone: nobody can read the value back from GitHub",
				"what the secret opens still takes it: revoke it where it was issued",
			}, rights(o, st)...)
			p.Proof = "GitHub no longer knows the secret's name"
		},
		sends: func(o order, _ state) []message {
			return []message{{what: "delete secret", method: http.MethodDelete, path: s.at(o, "actions", "secrets", o.Text("name")), fine: []int{http.StatusNotFound}}}
		},
	}
}
