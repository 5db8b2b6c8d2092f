package github

import (
	"cmp"
	"fmt"
	"net/http"

	"firebreak/incident"
	"firebreak/integrations"
)

// runs are the actions on a workflow's run.
func runs(h *hub) []integrations.Action {
	return []integrations.Action{runCancel(h, false), runCancel(h, true)}
}

// runCancel cancels a run. GitHub answers 202 and takes a while, and 409 where
// the run has ended.
func runCancel(h *hub, force bool) integrations.Action {
	d := deed{
		hub: h,
		about: integrations.Description{
			Name: "github.run.cancel", Title: "Cancel a workflow's run", System: "github",
			Danger: incident.Medium, Idempotency: "native", Scopes: []string{"repo", "actions:write"},
			Params: []integrations.Param{
				repoParam(),
				{Name: "run_id", Title: "Id of the run", Type: "int", Required: true, Match: `[1-9][0-9]{0,17}`},
			},
			Result: results("repo", "run_id:int"), Tested: integrations.Described,
		},
		// How far the run is stays out: it moves while people decide.
		look: func(u use) (state, error) {
			st := state{}
			var found struct {
				Name       string `json:"name"`
				Status     string `json:"status"`
				Conclusion string `json:"conclusion"`
				Event      string `json:"event"`
				HeadBranch string `json:"head_branch"`
				URL        string `json:"html_url"`
				Actor      struct {
					Login string `json:"login"`
				} `json:"actor"`
			}
			err := u.together(
				func(u use) error { _, err := u.repo(st); return err },
				func(u use) error {
					return u.must("run "+u.number("run_id"), u.of("actions", "runs", u.number("run_id")), &found)
				},
			)
			st["name"], st["event"], st["branch"], st["actor"] = u.seen.Clean(found.Name), u.seen.Clean(found.Event), u.seen.Clean(found.HeadBranch), u.seen.Clean(found.Actor.Login)
			st["ended"], st["url"] = found.Status == "completed", u.seen.Clean(found.URL)
			if flag(st, "ended") {
				st["conclusion"] = u.seen.Clean(found.Conclusion)
			}
			return st, err
		},
		done: func(_ order, st state) bool { return flag(st, "ended") },
		says: func(_ order, st state) string {
			if flag(st, "ended") {
				return "the run has ended: " + cmp.Or(text(st, "conclusion"), "no conclusion")
			}
			return "the run has not ended yet"
		},
		ref: func(o order, _ state) string { return o.Text("repo") + "/runs/" + o.number("run_id") },
		draft: func(o order, st state, p *integrations.Plan) {
			p.Targets = []integrations.Target{{Kind: "run", ID: o.number("run_id"), Name: o.Text("repo") + " " + text(st, "name")}, repoTarget(o, st)}
			p.Effects = []string{fmt.Sprintf("run %d of %q in %s (%s on %s, by %s) stops where it is: a deployment may be left half done", o.Int("run_id"), text(st, "name"), o.Text("repo"), text(st, "event"), text(st, "branch"), text(st, "actor"))}
			p.Warnings = []string{"its logs stay; what the job held in memory is lost", "steps that always run, run before it ends: github.run.forcecancel skips them"}
			if force {
				p.Warnings = []string{"its logs stay; what the job held in memory is lost", "steps that always run are skipped, cleaning up among them: only where cancelling did not help"}
			}
			p.Proof = "GitHub says that the run has ended"
		},
		sends: func(o order, _ state) []message {
			verb := "cancel"
			if force {
				verb = "force-cancel"
			}
			return []message{{what: "cancel run", method: http.MethodPost, path: o.of("actions", "runs", o.number("run_id"), verb), fine: []int{http.StatusConflict}}}
		},
	}
	if force {
		d.about.Name, d.about.Title = "github.run.forcecancel", "Cancel a workflow's run by force"
	}
	return d
}

// runners are the actions on self-hosted runners.
func runners(h *hub) []integrations.Action {
	return []integrations.Action{runnerRemove(h, false), runnerRemove(h, true)}
}

// runnerRemove takes a runner's registration away. The machine itself stays as
// it is.
func runnerRemove(h *hub, wide bool) integrations.Action {
	param, name, at := repoParam(), "github.repo.runner.remove", func(o order, parts ...string) string { return o.of(parts...) }
	scopes := []string{"repo", "administration:write"}
	if wide {
		param, name, at = orgParam(), "github.org.runner.remove", func(o order, parts ...string) string { return o.in(parts...) }
		scopes = []string{"admin:org", "organization_self_hosted_runners:write"}
	}
	what := param.Name
	return deed{
		hub: h,
		about: integrations.Description{
			Name: name, Title: "Remove a self-hosted runner", System: "github",
			Danger: incident.High, Idempotency: "native", Scopes: scopes,
			Params: []integrations.Param{
				param,
				{Name: "runner_id", Title: "Id of the runner", Type: "int", Required: true, Match: `[1-9][0-9]{0,17}`},
			},
			Result: results(what, "runner_id:int"), Tested: integrations.Described,
		},
		look: func(u use) (state, error) {
			st, there := state{}, false
			var found struct {
				Name string `json:"name"`
				OS   string `json:"os"`
			}
			err := u.together(
				func(u use) error {
					if wide {
						return u.org(st)
					}
					_, err := u.repo(st)
					return err
				},
				func(u use) (err error) {
					there, err = u.read("runner", at(u.order, "actions", "runners", u.number("runner_id")), &found)
					return err
				},
			)
			st["exists"] = there
			if there {
				st["name"], st["os"] = u.seen.Clean(found.Name), u.seen.Clean(found.OS)
			}
			return st, err
		},
		done: func(_ order, st state) bool { return !flag(st, "exists") },
		says: func(o order, st state) string {
			if flag(st, "exists") {
				return fmt.Sprintf("runner %d (%s) is registered", o.Int("runner_id"), text(st, "name"))
			}
			return fmt.Sprintf("GitHub knows no runner %d, or the token may not see it", o.Int("runner_id"))
		},
		ref: func(o order, _ state) string { return o.Text(what) + "/runners/" + o.number("runner_id") },
		draft: func(o order, st state, p *integrations.Plan) {
			p.Targets = []integrations.Target{{Kind: "runner", ID: o.number("runner_id"), Name: text(st, "name")}, repoTarget(o, st)}
			if wide {
				p.Targets[1] = orgTarget(o, st)
			}
			p.Effects = []string{fmt.Sprintf("runner %q (%s) gets no more jobs of %s", text(st, "name"), text(st, "os"), o.Text(what))}
			p.Warnings = append([]string{
				"the machine goes on running, with what is on it: isolate it, and take its evidence first",
				"it can be registered again by hand only, on the machine, with a new token",
			}, rights(o, st)...)
			p.Proof = "GitHub no longer knows the runner's id"
		},
		sends: func(o order, _ state) []message {
			return []message{{what: "remove runner", method: http.MethodDelete, path: at(o, "actions", "runners", o.number("runner_id")), fine: []int{http.StatusNotFound}}}
		},
	}
}
