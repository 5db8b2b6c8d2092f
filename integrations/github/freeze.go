package github

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"firebreak/incident"
	"firebreak/integrations"
)

// freezes are the actions that stop all writes by a ruleset of our own. They
// add one thing and take away the same: no rule of the site is touched.
func freezes(h *hub) []integrations.Action {
	return []integrations.Action{freeze(h, false), unfreeze(h, false), freeze(h, true), unfreeze(h, true)}
}

// freezeName begins the name of each ruleset that is ours.
const freezeName = "Firebreak freeze "

// rulesetName carries the key: GitHub's rulesets know no idempotency but that a
// name is there once.
func rulesetName(o order) string {
	return fmt.Sprintf("%s%s firebreak-key:%s", freezeName, o.call.Incident, o.call.Key)
}

type ruleset struct {
	ID          int64  `json:"id"`
	Name        string `json:"name"`
	Target      string `json:"target"`
	Enforcement string `json:"enforcement"`
}

// sphere is where a ruleset holds: a repository or an organisation.
type sphere struct {
	param integrations.Param
	wide  bool
}

func sphereOf(wide bool) sphere {
	if wide {
		return sphere{orgParam(), true}
	}
	return sphere{repoParam(), false}
}

func (s sphere) at(o order, parts ...string) string {
	if s.wide {
		return o.in(parts...)
	}
	return o.of(parts...)
}

func (s sphere) read(u use, st state) error {
	if s.wide {
		return u.org(st)
	}
	_, err := u.repo(st)
	return err
}

func (s sphere) target(o order, st state) integrations.Target {
	if s.wide {
		return orgTarget(o, st)
	}
	return repoTarget(o, st)
}

func (s sphere) about(verb, title string) integrations.Description {
	d := integrations.Description{
		Name: "github." + s.param.Name + "." + verb, Title: title, System: "github",
		Danger: incident.Medium, Scopes: []string{"repo", "administration:write"},
		Params: []integrations.Param{s.param}, Wide: s.wide, Tested: integrations.Described,
	}
	if s.wide {
		d.Danger, d.Scopes = incident.High, []string{"admin:org", "organization_administration:write"}
	}
	return d
}

func freeze(h *hub, wide bool) integrations.Action {
	s := sphereOf(wide)
	about := s.about("freeze", "Freeze a repository: nobody creates, moves or deletes its branches or tags")
	if wide {
		about.Title = "Freeze an organisation: nobody creates, moves or deletes branches or tags of its repositories"
	}
	about.Reversible, about.Idempotency = true, "marker"
	about.Params = append(about.Params, integrations.Param{Name: "refs", Title: "What is frozen: branch or tag", Type: "string", Default: "branch", Match: `branch|tag`})
	about.Result = results(s.param.Name, "ruleset_id:int")
	return undoable{deed{
		hub:   h,
		about: about,
		look: func(u use) (state, error) {
			st := state{}
			var ours ruleset
			err := u.together(
				func(u use) error { return s.read(u, st) },
				func(u use) error {
					where := s.at(u.order, "rulesets")
					if !wide {
						where += "?includes_parents=false"
					}
					all, more, err := list[ruleset](u, "rulesets", where, 3)
					for _, r := range all {
						if integrations.Marked(r.Name, u.call.Key) {
							ours = r
						}
					}
					if err == nil && more && ours.ID == 0 {
						err = rejected("look at the rulesets by hand", "list rulesets: more than 300")
					}
					return err
				},
			)
			if ours.ID != 0 {
				st["ruleset_id"], st["enforcement"] = ours.ID, u.seen.Clean(ours.Enforcement)
			}
			return st, err
		},
		done: func(_ order, st state) bool { return st["ruleset_id"] != nil && text(st, "enforcement") == "active" },
		says: func(o order, st state) string {
			if st["ruleset_id"] == nil {
				return o.Text(s.param.Name) + " has no freeze of ours, or the token may not see it"
			}
			return fmt.Sprintf("ruleset %s of ours is %s", id(st, "ruleset_id"), text(st, "enforcement"))
		},
		ref: func(o order, st state) string {
			if n := id(st, "ruleset_id"); n != "" {
				return o.Text(s.param.Name) + "/rulesets/" + n
			}
			return o.Text(s.param.Name)
		},
		draft: func(o order, st state, p *integrations.Plan) {
			p.Target = o.Text(s.param.Name)
			p.Targets = []integrations.Target{s.target(o, st)}
			scope := o.Text(s.param.Name)
			if wide {
				scope = "each repository of " + scope
			}
			p.Effects = []string{
				fmt.Sprintf("nobody, administrators included, can create, move or delete a %s of %s: pushes, merges and releases are refused", o.Text("refs"), scope),
				"what is read, issues and running workflows go on",
			}
			other := map[string]string{"branch": "tag", "tag": "branch"}[o.Text("refs")]
			p.Warnings = append([]string{
				"a fix cannot be pushed either, until the freeze is lifted",
				"a " + other + " can still be pushed: freeze those too where that matters",
				"rulesets of private repositories need a paid plan",
			}, rights(o, st)...)
			p.Proof = "the ruleset is in GitHub's list, and active"
			p.Undo = "delete the ruleset by the id that it gets: nothing else is touched"
		},
		sends: func(o order, _ state) []message {
			conditions := state{"ref_name": state{"include": []string{"~ALL"}, "exclude": []string{}}}
			if wide {
				conditions["repository_name"] = state{"include": []string{"~ALL"}, "exclude": []string{}}
			}
			return []message{{what: "create ruleset", method: http.MethodPost, path: s.at(o, "rulesets"), body: state{
				"name": rulesetName(o), "target": o.Text("refs"), "enforcement": "active", "bypass_actors": []any{}, "conditions": conditions,
				"rules": []any{state{"type": "creation"}, state{"type": "update"}, state{"type": "deletion"}},
			}}}
		},
		took: func(answer json.RawMessage) (state, error) {
			var made ruleset
			err := json.Unmarshal(answer, &made)
			return state{"ruleset_id": made.ID, "enforcement": made.Enforcement}, err
		},
	}, func(o order, _, data state) (string, map[string]any, error) {
		n, err := integrations.Number(data, "ruleset_id")
		return "github." + s.param.Name + ".unfreeze", state{s.param.Name: o.Text(s.param.Name), "ruleset_id": n}, err
	}}
}

// unfreeze deletes a ruleset that Firebreak made, and no other.
func unfreeze(h *hub, wide bool) integrations.Action {
	s := sphereOf(wide)
	about := s.about("unfreeze", "Lift a freeze of our own")
	about.Idempotency = "native"
	about.Params = append(about.Params, integrations.Param{Name: "ruleset_id", Title: "Id of the ruleset", Type: "int", Required: true, Match: `[1-9][0-9]{0,17}`})
	about.Result = results(s.param.Name, "ruleset_id:int")
	return deed{
		hub:      h,
		about:    about,
		cautious: true,
		look: func(u use) (state, error) {
			st, there := state{}, false
			var found ruleset
			err := u.together(
				func(u use) error { return s.read(u, st) },
				func(u use) (err error) {
					where := s.at(u.order, "rulesets", u.number("ruleset_id"))
					if !wide {
						where += "?includes_parents=false"
					}
					there, err = u.read("ruleset", where, &found)
					return err
				},
			)
			if err == nil && there && (!strings.HasPrefix(found.Name, freezeName) || !strings.Contains(found.Name, " firebreak-key:")) {
				err = rejected("delete it on GitHub, if it must go", "delete ruleset %d: Firebreak did not make it", u.Int("ruleset_id"))
			}
			st["exists"] = there
			if there {
				st["name"] = u.seen.Clean(found.Name)
			}
			return st, err
		},
		done: func(_ order, st state) bool { return !flag(st, "exists") },
		says: func(o order, st state) string {
			if flag(st, "exists") {
				return fmt.Sprintf("ruleset %d is there", o.Int("ruleset_id"))
			}
			return fmt.Sprintf("GitHub knows no ruleset %d there, or the token may not see it", o.Int("ruleset_id"))
		},
		ref: func(o order, _ state) string {
			return o.Text(s.param.Name) + "/rulesets/" + o.number("ruleset_id")
		},
		draft: func(o order, st state, p *integrations.Plan) {
			p.Targets = []integrations.Target{{Kind: "ruleset", ID: o.number("ruleset_id"), Name: text(st, "name")}, s.target(o, st)}
			p.Effects = []string{"pushes, merges and releases in " + o.Text(s.param.Name) + " are taken again, as the site's own rules have it"}
			p.Warnings = rights(o, st)
			p.Proof = "GitHub no longer knows the ruleset's id"
		},
		sends: func(o order, _ state) []message {
			return []message{{what: "delete ruleset", method: http.MethodDelete, path: s.at(o, "rulesets", o.number("ruleset_id")), fine: []int{http.StatusNotFound}}}
		},
	}
}
