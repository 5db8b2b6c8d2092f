package drill

import (
	"net/http"
	"slices"
	"strings"
)

// repoRoutes are the calls on repositories beside workflows, keys and issues.
func (g gitHub) repoRoutes() map[string]call {
	const repo = "/repos/{owner}/{repo}"
	routes := map[string]call{
		"GET " + repo:                                        thing,
		"PATCH " + repo:                                      g.editRepo,
		"GET " + repo + "/collaborators":                     all,
		"PUT " + repo + "/collaborators/{user}":              g.addCollaborator,
		"DELETE " + repo + "/collaborators/{user}":           g.drop("collaborator removed"),
		"GET " + repo + "/collaborators/{user}/permission":   g.permission,
		"GET " + repo + "/invitations":                       all,
		"DELETE " + repo + "/invitations/{id}":               g.drop("invitation cancelled"),
		"GET " + repo + "/actions/permissions":               thing,
		"PUT " + repo + "/actions/permissions":               g.set("repository's Actions set", http.StatusNoContent),
		"GET " + repo + "/actions/permissions/workflow":      thing,
		"PUT " + repo + "/actions/permissions/workflow":      g.set("repository's default token set", http.StatusNoContent),
		"GET " + repo + "/actions/runs/{id}":                 thing,
		"POST " + repo + "/actions/runs/{id}/cancel":         g.cancelRun,
		"POST " + repo + "/actions/runs/{id}/force-cancel":   g.cancelRun,
		"GET " + repo + "/actions/runners/{id}":              thing,
		"DELETE " + repo + "/actions/runners/{id}":           g.drop("runner removed"),
		"GET " + repo + "/rulesets":                          all,
		"POST " + repo + "/rulesets":                         g.addRuleset,
		"GET " + repo + "/rulesets/{id}":                     thing,
		"DELETE " + repo + "/rulesets/{id}":                  g.drop("ruleset deleted"),
		"GET " + repo + "/hooks/{id}":                        thing,
		"PATCH " + repo + "/hooks/{id}":                      g.set("webhook set", http.StatusOK),
		"DELETE " + repo + "/issues/{number}/labels/{label}": g.removeLabel,
	}
	for _, kind := range []string{"secret-scanning", "code-scanning", "dependabot"} {
		routes["GET "+repo+"/"+kind+"/alerts/{id}"] = thing
		routes["PATCH "+repo+"/"+kind+"/alerts/{id}"] = g.editAlert
	}
	return routes
}

// editRepo changes a repository. An archived one takes only its unarchiving.
func (g gitHub) editRepo(s *state, r *http.Request) (int, any, error) {
	in := doc{}
	if err := decode(r, &in); err != nil {
		return 0, nil, err
	}
	if s.Docs[docKey(r.URL.Path)]["archived"] == true && in["archived"] != false && in["archived"] != true {
		return 0, nil, refuse(http.StatusForbidden, "Repository was archived so is read-only.")
	}
	if private, ok := in["private"].(bool); ok {
		in["visibility"] = map[bool]string{true: "private", false: "public"}[private]
	}
	if v, ok := in["visibility"].(string); ok {
		in["private"] = v != "public"
	}
	now, err := g.merge(s, r.URL.Path, "repository set", in)
	return http.StatusOK, now, err
}

// addCollaborator gives a right at once to a member, and invites anybody else.
func (g gitHub) addCollaborator(s *state, r *http.Request) (int, any, error) {
	in := struct {
		Permission string `json:"permission"`
	}{"push"}
	if r.ContentLength != 0 {
		if err := decode(r, &in); err != nil {
			return 0, nil, err
		}
	}
	role := in.Permission
	if word, ok := map[string]string{"pull": "read", "push": "write"}[role]; ok {
		role = word
	}
	who := accountDoc(s, r.PathValue("user"))
	if _, ok := s.Docs[docKey("orgs/"+r.PathValue("owner")+"/memberships/"+r.PathValue("user"))]; ok {
		if _, ok := s.Docs[docKey(r.URL.Path)]; !ok {
			s.Docs[docKey(r.URL.Path)] = doc{"login": who["login"], "id": who["id"]}
		}
		_, err := g.merge(s, r.URL.Path, "collaborator set", doc{"role_name": role})
		return http.StatusNoContent, nil, err
	}
	if _, ok := s.Docs[docKey(r.URL.Path)]; ok {
		_, err := g.merge(s, r.URL.Path, "collaborator set", doc{"role_name": role})
		return http.StatusNoContent, nil, err
	}
	if !known(s, r.PathValue("user")) {
		return 0, nil, notFound
	}
	invitations := "repos/" + repoOf(r) + "/invitations"
	for _, one := range below(s, invitations) {
		if d, ok := one.(doc); ok && d["invitee"].(doc)["login"] == who["login"] {
			_, err := g.merge(s, invitations+"/"+number(d["id"]), "invitation set", doc{"permissions": role})
			return http.StatusCreated, d, err
		}
	}
	r.URL.Path = "/" + invitations
	return http.StatusCreated, g.add(s, r, "collaborator invited", "", doc{"permissions": role, "invitee": who}), nil
}

func (gitHub) permission(s *state, r *http.Request) (int, any, error) {
	if !known(s, r.PathValue("user")) {
		return 0, nil, notFound
	}
	right := "none"
	if public, _ := s.Docs[docKey("repos/"+repoOf(r))]["private"].(bool); !public {
		right = "read"
	}
	if d, ok := s.Docs[docKey("repos/"+repoOf(r)+"/collaborators/"+r.PathValue("user"))]; ok {
		right, _ = d["role_name"].(string)
	}
	return http.StatusOK, doc{"permission": right, "role_name": right, "user": accountDoc(s, r.PathValue("user"))}, nil
}

// cancelRun ends a run. One that has ended is a conflict.
func (g gitHub) cancelRun(s *state, r *http.Request) (int, any, error) {
	run := "repos/" + repoOf(r) + "/actions/runs/" + r.PathValue("id")
	d, ok := s.Docs[docKey(run)]
	if !ok {
		return 0, nil, notFound
	}
	if d["status"] == "completed" {
		return 0, nil, refuse(http.StatusConflict, "Cannot cancel a workflow run that is completed.")
	}
	_, err := g.merge(s, run, "run cancelled", doc{"status": "completed", "conclusion": "cancelled"})
	return http.StatusAccepted, doc{}, err
}

// editAlert closes an alert, which wants a reason, or opens it again.
func (g gitHub) editAlert(s *state, r *http.Request) (int, any, error) {
	in := doc{}
	if err := decode(r, &in); err != nil {
		return 0, nil, err
	}
	reason := "dismissed_reason"
	if strings.Contains(r.URL.Path, "/secret-scanning/") {
		reason = "resolution"
	}
	switch {
	case in["state"] == "open":
		in[reason] = nil
	case in[reason] == nil:
		return 0, nil, refuse(http.StatusUnprocessableEntity, "Validation Failed: "+reason)
	}
	now, err := g.merge(s, r.URL.Path, "alert set", in)
	return http.StatusOK, now, err
}

// addLabels puts labels on an issue.
func (g gitHub) addLabels(s *state, r *http.Request) (int, any, error) {
	i, err := findIssue(s, r)
	if err != nil {
		return 0, nil, err
	}
	var in struct {
		Labels []string `json:"labels"`
	}
	if err := decode(r, &in); err != nil {
		return 0, nil, err
	}
	had := len(i.Labels)
	for _, l := range in.Labels {
		if !slices.Contains(i.Labels, l) {
			i.Labels = append(i.Labels, l)
		}
	}
	if len(i.Labels) != had {
		g.effect(s, "github", "issue labelled", issueName(*i), "")
	}
	return http.StatusOK, showIssue(*i)["labels"], nil
}

func (g gitHub) removeLabel(s *state, r *http.Request) (int, any, error) {
	i, err := findIssue(s, r)
	if err != nil {
		return 0, nil, err
	}
	n := slices.Index(i.Labels, r.PathValue("label"))
	if n < 0 {
		return 0, nil, refuse(http.StatusNotFound, "Label does not exist")
	}
	i.Labels = slices.Delete(i.Labels, n, n+1)
	g.effect(s, "github", "issue unlabelled", issueName(*i), "")
	return http.StatusOK, showIssue(*i)["labels"], nil
}
