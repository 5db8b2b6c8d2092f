package github

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"firebreak/incident"
	"firebreak/integrations"
)

// repositories are the actions on a repository as a whole.
func repositories(h *hub) []integrations.Action {
	return []integrations.Action{archive(h, true), archive(h, false), hide(h), show(h), repoCreate(h)}
}

func repoAbout(verb, title string, danger incident.Danger) integrations.Description {
	return integrations.Description{
		Name: "github.repo." + verb, Title: title, System: "github",
		Danger: danger, Reversible: true, Idempotency: "native", Scopes: []string{"repo", "administration:write"},
		Params: []integrations.Param{repoParam()}, Result: results("repo"), Tested: integrations.Emulated,
	}
}

func repoRef(o order, _ state) string { return o.Text("repo") }

// archive makes a repository read-only, or writable again.
func archive(h *hub, want bool) integrations.Action {
	d := deed{
		hub:   h,
		about: repoAbout("archive", "Archive a repository: read-only for all", incident.Medium),
		look: func(u use) (state, error) {
			st := state{}
			r, err := u.repo(st)
			st["archived"] = r.Archived
			return st, err
		},
		done: func(_ order, st state) bool { return flag(st, "archived") == want },
		says: func(o order, st state) string {
			if flag(st, "archived") {
				return o.Text("repo") + " is archived"
			}
			return o.Text("repo") + " is not archived"
		},
		ref: repoRef,
		draft: func(o order, st state, p *integrations.Plan) {
			p.Targets = []integrations.Target{repoTarget(o, st)}
			p.Warnings = rights(o, st)
			p.Proof = "the repository's own flag"
			if !want {
				p.Effects, p.Undo = []string{"pushes, issues and pull requests of " + o.Text("repo") + " are taken again"}, "archive it again"
				return
			}
			p.Effects = []string{"nobody can push to " + o.Text("repo") + ", or write to its issues and pull requests: tracking issues there included"}
			p.Warnings = append(p.Warnings, "workflows on a schedule stop, and do not all start again by themselves")
			p.Undo = "take the archiving back"
		},
		sends: func(o order, _ state) []message {
			return []message{{what: "edit repository", method: http.MethodPatch, path: o.of(), body: state{"archived": want}}}
		},
	}
	inverse := "github.repo.unarchive"
	if !want {
		inverse = "github.repo.archive"
		d.about = repoAbout("unarchive", "Take the archiving of a repository back", incident.Medium)
	}
	return undoable{d, func(o order, _, _ state) (string, map[string]any, error) {
		return inverse, state{"repo": o.Text("repo")}, nil
	}}
}

// seen reads who may see a repository.
func (u use) visibility() (state, error) {
	st := state{}
	r, err := u.repo(st)
	st["fork"] = r.Fork
	st["visibility"] = u.seen.Clean(cmp.Or(r.Visibility, map[bool]string{true: "private", false: "public"}[r.Private]))
	return st, err
}

func visibilitySays(o order, st state) string {
	return o.Text("repo") + " is " + cmp.Or(text(st, "visibility"), "of unknown visibility")
}

// hide makes a repository private.
func hide(h *hub) integrations.Action {
	return undoable{deed{
		hub:   h,
		about: repoAbout("private", "Make a repository private", incident.High),
		look:  func(u use) (state, error) { return u.visibility() },
		done:  func(_ order, st state) bool { return text(st, "visibility") == "private" },
		says:  visibilitySays, ref: repoRef,
		draft: func(o order, st state, p *integrations.Plan) {
			p.Targets = []integrations.Target{repoTarget(o, st)}
			p.Effects = []string{"only who has a right to " + o.Text("repo") + " can see it; its pages and downloads end for all others"}
			p.Warnings = append([]string{
				"stars and watchers are lost, and public forks are cut off: that does not come back",
				"what was public was public: forks, clones and caches keep it",
			}, rights(o, st)...)
			if flag(st, "fork") {
				p.Warnings = append(p.Warnings, "it is a fork: GitHub lets no fork of a public repository become private")
			}
			p.Proof = "the visibility that GitHub gives"
			p.Undo = "make it " + text(st, "visibility") + " again. That is a part of it only: stars, watchers and the network of forks stay lost"
		},
		sends: func(o order, _ state) []message {
			return []message{{what: "edit repository", method: http.MethodPatch, path: o.of(), body: state{"private": true}}}
		},
	}, func(o order, st, _ state) (string, map[string]any, error) {
		return "github.repo.publish", state{"repo": o.Text("repo"), "visibility": text(st, "visibility")}, nil
	}}
}

// show is the way back of hide.
func show(h *hub) integrations.Action {
	about := repoAbout("publish", "Make a repository public, or internal to the enterprise", incident.High)
	about.Params = append(about.Params, integrations.Param{Name: "visibility", Title: "public or internal", Type: "string", Required: true, Match: `public|internal`})
	about.Result = results("repo", "visibility")
	return undoable{deed{
		hub:   h,
		about: about,
		look:  func(u use) (state, error) { return u.visibility() },
		done:  func(o order, st state) bool { return text(st, "visibility") == o.Text("visibility") },
		says:  visibilitySays, ref: repoRef,
		draft: func(o order, st state, p *integrations.Plan) {
			p.Targets = []integrations.Target{repoTarget(o, st)}
			who := "everybody"
			if o.Text("visibility") == "internal" {
				who = "each member of the enterprise"
			}
			p.Effects = []string{fmt.Sprintf("%s can see %s: its code, its whole history, its issues, and the logs of its workflows", who, o.Text("repo"))}
			p.Warnings = append([]string{"what is seen once cannot be taken back"}, rights(o, st)...)
			p.Proof = "the visibility that GitHub gives"
			p.Undo = "make it " + text(st, "visibility") + " again"
		},
		sends: func(o order, _ state) []message {
			return []message{{what: "edit repository", method: http.MethodPatch, path: o.of(), body: state{"visibility": o.Text("visibility")}}}
		},
	}, func(o order, st, _ state) (string, map[string]any, error) {
		if text(st, "visibility") == "private" {
			return "github.repo.private", state{"repo": o.Text("repo")}, nil
		}
		return "github.repo.publish", state{"repo": o.Text("repo"), "visibility": text(st, "visibility")}, nil
	}}
}

// repoCreate makes a private repository to work in. Its description carries the
// key, as an issue's text does.
func repoCreate(h *hub) integrations.Action {
	about := repoAbout("create", "Create a private repository for an incident", incident.Low)
	about.Idempotency = "marker"
	about.Params = []integrations.Param{
		orgParam(),
		{Name: "name", Title: "Name of the repository", Type: "string", Required: true, Match: `[A-Za-z0-9_][A-Za-z0-9._-]{0,98}`},
		{Name: "description", Title: "What it is for", Type: "string", Match: `[^\r\n]{0,200}`},
	}
	about.Result = results("repo", "repo_id:int", "url")
	full := func(o order) string { return o.Text("org") + "/" + o.Text("name") }
	as := func(r repository, key string) state {
		return state{"repo": r.FullName, "repo_id": r.ID, "url": r.HTMLURL, "private": r.Private, "ours": integrations.Marked(r.Text, key), "archived": r.Archived}
	}
	return undoable{deed{
		hub:   h,
		about: about,
		look: func(u use) (state, error) {
			st, there := state{}, false
			var found repository
			org := state{}
			err := u.together(
				func(u use) error { return u.org(org) },
				func(u use) (err error) {
					there, err = u.read("repository "+full(u.order), path("repos", u.Text("org"), u.Text("name")), &found)
					return err
				},
			)
			if there {
				found.FullName, found.HTMLURL = u.seen.Clean(found.FullName), u.seen.Clean(found.HTMLURL)
				st = as(found, u.call.Key)
				if !flag(st, "ours") && err == nil {
					err = rejected("choose another name", "create repository %s: there is one of that name", full(u.order))
				}
			}
			st["org_id"] = org["org_id"]
			return st, err
		},
		done: func(_ order, st state) bool { return flag(st, "ours") && flag(st, "private") },
		says: func(o order, st state) string {
			switch {
			case !flag(st, "ours"):
				return "there is no " + full(o) + ", or the token may not see it"
			case !flag(st, "private"):
				return full(o) + " is there, and is not private"
			}
			return full(o) + " is there, and private"
		},
		ref: func(o order, _ state) string { return full(o) },
		draft: func(o order, st state, p *integrations.Plan) {
			p.Targets = []integrations.Target{orgTarget(o, st)}
			p.Effects = []string{fmt.Sprintf("a private repository %s appears; who sees all of %s sees it", full(o), o.Text("org"))}
			p.Proof = "the repository can be read back, is private, and carries our mark"
			p.Undo = "archive it: a repository is never deleted"
		},
		sends: func(o order, _ state) []message {
			about := strings.TrimSpace(integrations.Unmark(o.Text("description")) + " firebreak-key:" + o.call.Key)
			return []message{{what: "create repository", method: http.MethodPost, path: o.in("repos"), body: state{
				"name": o.Text("name"), "private": true, "description": about, "has_issues": true, "has_wiki": false, "has_projects": false, "auto_init": true,
			}}}
		},
		took: func(answer json.RawMessage) (state, error) {
			var made repository
			err := json.Unmarshal(answer, &made)
			return as(made, ""), err
		},
	}, func(o order, _, _ state) (string, map[string]any, error) {
		return "github.repo.archive", state{"repo": full(o)}, nil
	}}
}
