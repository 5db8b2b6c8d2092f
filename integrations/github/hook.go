package github

import (
	"fmt"
	"net/http"
	"net/url"

	"firebreak/incident"
	"firebreak/integrations"
)

// hooks are the actions on webhooks. None deletes one: its secret can be
// written and not read, so that no deleting could be undone.
func hooks(h *hub) []integrations.Action {
	return []integrations.Action{hook(h, false, false), hook(h, false, true), hook(h, true, false), hook(h, true, true)}
}

// hook turns a webhook off, or on again.
func hook(h *hub, wide, want bool) integrations.Action {
	s := sphereOf(wide)
	names := map[bool]string{false: "webhook.deactivate", true: "webhook.activate"}
	titles := map[bool]string{false: "Turn a webhook off", true: "Turn a webhook on"}
	about := s.about(names[want], titles[want])
	about.Wide, about.Danger, about.Reversible, about.Idempotency = false, incident.Medium, true, "native"
	about.Scopes = []string{"admin:repo_hook", "repository_hooks:write"}
	if wide {
		about.Scopes = []string{"admin:org_hook", "organization_hooks:write"}
	}
	about.Tested = integrations.Emulated
	about.Params = append(about.Params, integrations.Param{Name: "hook_id", Title: "Id of the webhook", Type: "int", Required: true, Match: `[1-9][0-9]{0,17}`})
	about.Result = results(s.param.Name, "hook_id:int")
	return undoable{deed{
		hub:   h,
		about: about,
		look: func(u use) (state, error) {
			st := state{}
			var found struct {
				Active bool     `json:"active"`
				Events []string `json:"events"`
				Config struct {
					URL string `json:"url"`
				} `json:"config"`
			}
			err := u.together(
				func(u use) error { return s.read(u, st) },
				func(u use) error {
					return u.must("webhook", s.at(u.order, "hooks", u.number("hook_id")), &found)
				},
			)
			st["active"] = found.Active
			st["events"] = len(found.Events)
			if to, parse := url.Parse(found.Config.URL); parse == nil {
				st["host"] = u.seen.Clean(to.Host) // no more of it: such addresses are secrets
			}
			return st, err
		},
		done: func(_ order, st state) bool { return flag(st, "active") == want },
		says: func(o order, st state) string {
			if flag(st, "active") {
				return fmt.Sprintf("webhook %d to %s is on", o.Int("hook_id"), text(st, "host"))
			}
			return fmt.Sprintf("webhook %d to %s is off", o.Int("hook_id"), text(st, "host"))
		},
		ref: func(o order, _ state) string { return o.Text(s.param.Name) + "/hooks/" + o.number("hook_id") },
		draft: func(o order, st state, p *integrations.Plan) {
			p.Targets = []integrations.Target{{Kind: "webhook", ID: o.number("hook_id"), Name: text(st, "host")}, s.target(o, st)}
			p.Warnings = append([]string{"GitHub's description says that editing a webhook may drop its secret where that is not sent again: see that deliveries are still signed"}, rights(o, st)...)
			p.Proof = "the webhook's own flag"
			if want {
				p.Effects, p.Undo = []string{fmt.Sprintf("%s gets the events of %s again; what was missed meanwhile is not made up", text(st, "host"), o.Text(s.param.Name))}, "turn it off again"
				return
			}
			p.Effects = []string{fmt.Sprintf("%s no longer gets the events of %s: whatever builds, deploys or reports by them stops", text(st, "host"), o.Text(s.param.Name))}
			p.Undo = "turn it on again"
		},
		sends: func(o order, _ state) []message {
			return []message{{what: "edit webhook", method: http.MethodPatch, path: s.at(o, "hooks", o.number("hook_id")), body: state{"active": want}}}
		},
	}, func(o order, _, _ state) (string, map[string]any, error) {
		return "github." + s.param.Name + "." + names[!want], state{s.param.Name: o.Text(s.param.Name), "hook_id": o.Int("hook_id")}, nil
	}}
}
