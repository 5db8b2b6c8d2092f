package github

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"firebreak/incident"
	"firebreak/integrations"
)

// permissions are the actions on what GitHub Actions may do.
func permissions(h *hub) []integrations.Action {
	return []integrations.Action{
		repoActions(h, false), repoActions(h, true), orgActions(h, false), orgActions(h, true),
		defaultToken(h, false, "read"), defaultToken(h, false, "write"), defaultToken(h, true, "read"), defaultToken(h, true, "write"),
	}
}

// policy is GitHub's answer on the Actions of a repository or an organisation.
type policy struct {
	Enabled             bool   `json:"enabled"`
	EnabledRepositories string `json:"enabled_repositories"`
	AllowedActions      string `json:"allowed_actions"`
	Pinned              *bool  `json:"sha_pinning_required"`
}

func (p policy) into(st state) {
	if p.AllowedActions != "" {
		st["allowed_actions"] = p.AllowedActions
	}
	if p.Pinned != nil {
		st["sha_pinning_required"] = *p.Pinned
	}
}

func allowedParams() []integrations.Param {
	return []integrations.Param{
		{Name: "allowed_actions", Title: "Which actions may run: all, local_only or selected; empty leaves it", Type: "string", Match: `all|local_only|selected`},
		{Name: "sha_pinning_required", Title: "Whether actions must be pinned to a commit; empty leaves it", Type: "bool"},
	}
}

// kept are the parts of a policy that go beside the switch itself, so that
// turning it does not lose them.
func kept(o order, st, body state) state {
	for _, n := range []string{"allowed_actions", "sha_pinning_required"} {
		switch v := st[n]; {
		case o.Has(n) && n == "allowed_actions":
			body[n] = o.Text(n)
		case o.Has(n):
			body[n] = o.Bool(n)
		case v != nil:
			body[n] = v
		}
	}
	return body
}

// was are the saved parts as parameters of the way back.
func was(st, params state) state {
	for _, n := range []string{"allowed_actions", "sha_pinning_required"} {
		if v := st[n]; v != nil {
			params[n] = v
		}
	}
	return params
}

func allows(o order, st state) bool {
	return (!o.Has("allowed_actions") || text(st, "allowed_actions") == o.Text("allowed_actions")) &&
		(!o.Has("sha_pinning_required") || flag(st, "sha_pinning_required") == o.Bool("sha_pinning_required"))
}

// repoActions turns the Actions of a repository off, or on as they were.
func repoActions(h *hub, on bool) integrations.Action {
	d := deed{
		hub: h,
		about: integrations.Description{
			Name: "github.repo.actions.off", Title: "Turn GitHub Actions off for a repository", System: "github",
			Danger: incident.Medium, Reversible: true, Idempotency: "native", Scopes: []string{"repo", "administration:write"},
			Params: []integrations.Param{repoParam()}, Result: results("repo"), Tested: integrations.Described,
		},
		look: func(u use) (state, error) {
			st, found := state{}, policy{}
			err := u.together(
				func(u use) error { _, err := u.repo(st); return err },
				func(u use) error { return u.must("Actions permissions", u.of("actions", "permissions"), &found) },
			)
			st["enabled"] = found.Enabled
			found.into(st)
			return st, err
		},
		done: func(o order, st state) bool { return flag(st, "enabled") == on && (!on || allows(o, st)) },
		says: func(o order, st state) string {
			if flag(st, "enabled") {
				return fmt.Sprintf("Actions are on in %s (%s)", o.Text("repo"), cmp.Or(text(st, "allowed_actions"), "allowed: not said"))
			}
			return "Actions are off in " + o.Text("repo")
		},
		ref: func(o order, _ state) string { return o.Text("repo") },
		draft: func(o order, st state, p *integrations.Plan) {
			p.Targets = []integrations.Target{repoTarget(o, st)}
			p.Warnings = rights(o, st)
			p.Proof = "the permission that GitHub gives for the repository's Actions"
			if on {
				p.Effects = []string{"workflows of " + o.Text("repo") + " start again on their events and schedules; what was missed meanwhile is not made up"}
				p.Undo = "set the saved permission again"
				return
			}
			p.Effects = []string{
				"no workflow of " + o.Text("repo") + " starts any more: checks, releases, deployments and schedules stop",
				"runs that are under way go on: cancel them by themselves",
			}
			p.Undo = "turn Actions on with the permission saved here"
		},
		sends: func(o order, st state) []message {
			return []message{{what: "set Actions permissions", method: http.MethodPut, path: o.of("actions", "permissions"), body: kept(o, st, state{"enabled": on})}}
		},
	}
	if !on {
		return undoable{d, func(o order, st, _ state) (string, map[string]any, error) {
			return "github.repo.actions.on", was(st, state{"repo": o.Text("repo")}), nil
		}}
	}
	d.about.Name, d.about.Title = "github.repo.actions.on", "Turn GitHub Actions on for a repository"
	d.about.Params = append(d.about.Params, allowedParams()...)
	return undoable{d, func(o order, st, _ state) (string, map[string]any, error) {
		if flag(st, "enabled") {
			return "github.repo.actions.on", was(st, state{"repo": o.Text("repo")}), nil
		}
		return "github.repo.actions.off", state{"repo": o.Text("repo")}, nil
	}}
}

// chosen are the repositories of a policy "selected", as text: a plan must hold
// all of them, and a list parameter takes a hundred.
func (u use) chosen(st state) error {
	var ids []string
	for page := 1; page <= 10; page++ {
		var found struct {
			Repositories []struct {
				ID int64 `json:"id"`
			} `json:"repositories"`
		}
		if err := u.must("selected repositories", fmt.Sprintf("%s?per_page=100&page=%d", u.in("actions", "permissions", "repositories"), page), &found); err != nil {
			return err
		}
		for _, r := range found.Repositories {
			ids = append(ids, strconv.FormatInt(r.ID, 10))
		}
		if len(found.Repositories) < 100 {
			slices.Sort(ids)
			st["repositories"] = strings.Join(ids, ",")
			return nil
		}
	}
	st["repositories_unknown"] = true
	return nil
}

// orgActions turns the Actions of a whole organisation off, or on as they were.
func orgActions(h *hub, on bool) integrations.Action {
	d := deed{
		hub: h,
		about: integrations.Description{
			Name: "github.org.actions.off", Title: "Turn GitHub Actions off for an organisation", System: "github",
			Danger: incident.High, Reversible: true, Idempotency: "native", Scopes: []string{"admin:org", "organization_administration:write"},
			Params: []integrations.Param{orgParam()}, Result: results("org"), Wide: true, Tested: integrations.Described,
		},
		look: func(u use) (state, error) {
			st, found, repos := state{}, policy{}, state{}
			err := u.together(
				func(u use) error { return u.org(st) },
				func(u use) error {
					if err := u.must("Actions permissions", u.in("actions", "permissions"), &found); err != nil || found.EnabledRepositories != "selected" {
						return err
					}
					return u.chosen(repos)
				},
			)
			st["enabled_repositories"] = found.EnabledRepositories
			found.into(st)
			for k, v := range repos {
				st[k] = v
			}
			return st, err
		},
		done: func(o order, st state) bool {
			if !on {
				return text(st, "enabled_repositories") == "none"
			}
			want := o.Text("enabled_repositories")
			return text(st, "enabled_repositories") == want && allows(o, st) && (want != "selected" || text(st, "repositories") == sorted(o.Text("repositories")))
		},
		says: func(o order, st state) string {
			return fmt.Sprintf("Actions in %s: %s repositories", o.Text("org"), cmp.Or(text(st, "enabled_repositories"), "unknown"))
		},
		ref: func(o order, _ state) string { return o.Text("org") },
		draft: func(o order, st state, p *integrations.Plan) {
			p.Targets = []integrations.Target{orgTarget(o, st)}
			p.Proof = "the permission that GitHub gives for the organisation's Actions"
			if on {
				p.Effects = []string{fmt.Sprintf("workflows start again in %s repositories of %s; what was missed meanwhile is not made up", o.Text("enabled_repositories"), o.Text("org"))}
				p.Undo = "set the saved permission again"
				return
			}
			p.Effects = []string{
				"no workflow of any repository of " + o.Text("org") + " starts any more: all checks, releases, deployments and schedules of the organisation stop",
				"runs that are under way go on: cancel them by themselves",
			}
			p.Undo = "turn Actions on with the permission saved here, and its list of repositories"
			if flag(st, "repositories_unknown") {
				p.Undo += "; that has more than 1000, which are not saved"
				p.Warnings = []string{"the list of selected repositories is too long to be saved: note it before"}
			}
		},
		sends: func(o order, st state) []message {
			if !on {
				return []message{{what: "set Actions permissions", method: http.MethodPut, path: o.in("actions", "permissions"), body: kept(o, st, state{"enabled_repositories": "none"})}}
			}
			want := o.Text("enabled_repositories")
			out := []message{{what: "set Actions permissions", method: http.MethodPut, path: o.in("actions", "permissions"), body: kept(o, st, state{"enabled_repositories": want})}}
			if want == "selected" {
				out = append(out, message{what: "set selected repositories", method: http.MethodPut, path: o.in("actions", "permissions", "repositories"), body: state{"selected_repository_ids": numbers(o.Text("repositories"))}})
			}
			return out
		},
	}
	switchOn := func(o order, st state) (string, map[string]any, error) {
		if flag(st, "repositories_unknown") {
			return "", nil, fmt.Errorf("the selected repositories were more than 1000 and are not saved")
		}
		params := was(st, state{"org": o.Text("org"), "enabled_repositories": text(st, "enabled_repositories")})
		if repos := text(st, "repositories"); repos != "" {
			params["repositories"] = repos
		}
		return "github.org.actions.on", params, nil
	}
	if !on {
		return undoable{d, func(o order, st, _ state) (string, map[string]any, error) { return switchOn(o, st) }}
	}
	d.about.Name, d.about.Title = "github.org.actions.on", "Turn GitHub Actions on for an organisation"
	d.about.Params = append(d.about.Params, append([]integrations.Param{
		{Name: "enabled_repositories", Title: "all or selected", Type: "string", Required: true, Match: `all|selected`},
		{Name: "repositories", Title: "Ids of the selected repositories, with commas", Type: "string", Match: `[1-9][0-9]{0,17}(,[1-9][0-9]{0,17})*`},
	}, allowedParams()...)...)
	return undoable{d, func(o order, st, _ state) (string, map[string]any, error) {
		if text(st, "enabled_repositories") == "none" {
			return "github.org.actions.off", state{"org": o.Text("org")}, nil
		}
		return switchOn(o, st)
	}}
}

func sorted(ids string) string {
	l := strings.Split(ids, ",")
	slices.Sort(l)
	return strings.Join(l, ",")
}

func numbers(ids string) []int64 {
	out := []int64{}
	for s := range strings.SplitSeq(ids, ",") {
		if n, err := strconv.ParseInt(s, 10, 64); err == nil { // the parameter's pattern holds
			out = append(out, n)
		}
	}
	return out
}

// defaultToken sets what a workflow's own token may do where the workflow does
// not say.
func defaultToken(h *hub, wide bool, want string) integrations.Action {
	at := func(o order) string { return o.of("actions", "permissions", "workflow") }
	param, name, where := repoParam(), "github.repo.token.", "a repository"
	if wide {
		at = func(o order) string { return o.in("actions", "permissions", "workflow") }
		param, name, where = orgParam(), "github.org.token.", "an organisation"
	}
	what := param.Name // repo or org
	verb := map[string]string{"read": "restrict", "write": "widen"}
	d := deed{
		hub: h,
		about: integrations.Description{
			Name: name + verb[want], Title: "Let workflows of " + where + " only read by default", System: "github",
			Danger: incident.Medium, Reversible: true, Idempotency: "native", Scopes: []string{"repo", "administration:write"},
			Params: []integrations.Param{param}, Result: results(what), Wide: wide, Tested: integrations.Described,
		},
		look: func(u use) (state, error) {
			st := state{}
			var found struct {
				Default string `json:"default_workflow_permissions"`
				Approve bool   `json:"can_approve_pull_request_reviews"`
			}
			err := u.together(
				func(u use) error {
					if wide {
						return u.org(st)
					}
					_, err := u.repo(st)
					return err
				},
				func(u use) error { return u.must("workflow permissions", at(u.order), &found) },
			)
			st["default_workflow_permissions"], st["can_approve_pull_request_reviews"] = found.Default, found.Approve
			return st, err
		},
		done: func(_ order, st state) bool { return text(st, "default_workflow_permissions") == want },
		says: func(o order, st state) string {
			return fmt.Sprintf("the default of workflows' tokens in %s is %s", o.Text(what), cmp.Or(text(st, "default_workflow_permissions"), "unknown"))
		},
		ref: func(o order, _ state) string { return o.Text(what) },
		draft: func(o order, st state, p *integrations.Plan) {
			p.Targets = []integrations.Target{repoTarget(o, st)}
			p.Warnings = rights(o, st)
			if wide {
				p.Targets, p.Warnings = []integrations.Target{orgTarget(o, st)}, nil
			}
			p.Proof = "the default that GitHub gives"
			if want == "read" {
				p.Effects = []string{"workflows of " + o.Text(what) + " that do not ask for more can no longer push, release or comment with their own token; those that ask for it still can"}
				p.Undo = "set the default to write again"
				return
			}
			p.Effects = []string{"workflows of " + o.Text(what) + " can write with their own token without asking for it"}
			p.Undo = "set the default to read again"
		},
		sends: func(o order, _ state) []message {
			return []message{{what: "set workflow permissions", method: http.MethodPut, path: at(o), body: state{"default_workflow_permissions": want}}}
		},
	}
	if wide {
		d.about.Danger, d.about.Scopes = incident.High, []string{"admin:org", "organization_administration:write"}
	}
	if want == "write" {
		d.about.Title = "Let workflows of " + where + " write by default"
		d.about.Danger = incident.High
	}
	other := map[string]string{"read": "widen", "write": "restrict"}[want]
	return undoable{d, func(o order, _, _ state) (string, map[string]any, error) {
		return name + other, state{what: o.Text(what)}, nil
	}}
}
