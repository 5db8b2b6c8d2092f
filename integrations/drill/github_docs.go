package drill

import (
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// doc is one thing of GitHub's as its API shows it. Things are kept under the
// path at which they are read.
type doc = map[string]any

// docKey is the place of a path: GitHub's names know no case.
func docKey(path string) string { return strings.ToLower(strings.Trim(path, "/")) }

// thing is what is at the request's own path.
func thing(s *state, r *http.Request) (int, any, error) {
	d, ok := s.Docs[docKey(r.URL.Path)]
	if !ok {
		return 0, nil, notFound
	}
	return http.StatusOK, d, nil
}

// there answers 204 where something is at the request's own path.
func there(s *state, r *http.Request) (int, any, error) {
	if _, ok := s.Docs[docKey(r.URL.Path)]; !ok {
		return 0, nil, notFound
	}
	return http.StatusNoContent, nil, nil
}

// below are the things right under a path, in the order of their ids.
func below(s *state, path string) []any {
	path = docKey(path) + "/"
	var keys []string
	for k := range s.Docs {
		if rest, ok := strings.CutPrefix(k, path); ok && !strings.Contains(rest, "/") {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	out := []any{}
	for _, k := range keys {
		out = append(out, s.Docs[k])
	}
	return out
}

// all lists what is below the request's own path.
func all(s *state, r *http.Request) (int, any, error) {
	return http.StatusOK, page(r, below(s, r.URL.Path)), nil
}

// set merges the request's members into what is at its own path, and answers
// with that, or with status alone.
func (g gitHub) set(what string, status int) call {
	return func(s *state, r *http.Request) (int, any, error) {
		in := doc{}
		if err := decode(r, &in); err != nil {
			return 0, nil, err
		}
		now, err := g.merge(s, r.URL.Path, what, in)
		if err != nil || status == http.StatusNoContent {
			return status, nil, err
		}
		return status, now, nil
	}
}

// merge changes what is at a path, which is an effect where it differs after.
func (g gitHub) merge(s *state, path, what string, in doc) (doc, error) {
	before, ok := s.Docs[docKey(path)]
	if !ok {
		return nil, notFound
	}
	after := maps.Clone(before)
	maps.Copy(after, in)
	if !reflect.DeepEqual(before, after) {
		g.effect(s, "github", what, docKey(path), "")
	}
	s.Docs[docKey(path)] = after
	return after, nil
}

// drop takes away what is at the request's own path, and what is below it.
func (g gitHub) drop(what string) call {
	return func(s *state, r *http.Request) (int, any, error) {
		path := docKey(r.URL.Path)
		if _, ok := s.Docs[path]; !ok {
			return 0, nil, notFound
		}
		maps.DeleteFunc(s.Docs, func(k string, _ doc) bool { return k == path || strings.HasPrefix(k, path+"/") })
		g.effect(s, "github", what, path, "")
		return http.StatusNoContent, nil, nil
	}
}

// add puts a new thing below the request's own path, under the id it gets.
func (g gitHub) add(s *state, r *http.Request, what, text string, d doc) doc {
	n := s.id()
	d["id"] = n
	path := docKey(r.URL.Path) + "/" + strconv.FormatInt(n, 10)
	s.Docs[path] = d
	g.effect(s, "github", what, path, text)
	return d
}

// accountDoc is a user as other things show it.
func accountDoc(s *state, login string) doc {
	if u, ok := s.Docs[docKey("users/"+login)]; ok {
		return u
	}
	return doc{"login": login, "id": 1, "type": "User"}
}

// known says whether there is such a user.
func known(s *state, login string) bool { _, ok := s.Docs[docKey("users/"+login)]; return ok }

// hub is what GitHub holds in a new world beside workflows, keys and issues: an
// organisation, whose owner's token leaked.
func hub() map[string]doc {
	docs := map[string]doc{}
	users := map[string]int{user: 7, Member: 66, "bob": 11, "carol": 12, Outsider: 77, Stranger: 88}
	for login, n := range users {
		docs[docKey("users/"+login)] = doc{"login": login, "id": n, "type": "User", "html_url": "https://github.com/" + login}
	}
	org := doc{"login": Org, "id": 500, "url": "https://api.github.com/orgs/" + Org}
	docs["orgs/"+Org] = org
	for login, role := range map[string]string{user: "admin", Member: "admin", "bob": "member", "carol": "member"} {
		docs[docKey("orgs/"+Org+"/memberships/"+login)] = doc{"state": "active", "role": role, "user": docs[docKey("users/"+login)], "organization": org, "url": "https://api.github.com/orgs/" + Org + "/memberships/" + login}
	}
	for i, team := range []string{"payments", "oncall"} {
		docs["orgs/"+Org+"/teams/"+team] = doc{"id": 600 + i, "slug": team, "name": team, "members_count": 2}
		docs["orgs/"+Org+"/teams/"+team+"/memberships/"+Member] = doc{"state": "active", "role": []string{"maintainer", "member"}[i]}
		docs["orgs/"+Org+"/teams/"+team+"/memberships/bob"] = doc{"state": "active", "role": "member"}
	}
	docs["orgs/"+Org+"/outside_collaborators/"+Outsider] = docs[docKey("users/"+Outsider)]
	docs["orgs/"+Org+"/actions/permissions"] = doc{"enabled_repositories": "selected", "allowed_actions": "all", "selected_repositories_url": "https://api.github.com/orgs/" + Org + "/actions/permissions/repositories"}
	docs["orgs/"+Org+"/actions/permissions/repositories"] = doc{"selected_repository_ids": []any{1001, 1002}}
	docs["orgs/"+Org+"/actions/permissions/workflow"] = doc{"default_workflow_permissions": "write", "can_approve_pull_request_reviews": false}
	docs["orgs/"+Org+"/hooks/78"] = doc{"id": 78, "name": "web", "active": true, "events": []any{"push"}, "config": doc{"url": "https://ci.acme.example/hook?token=hidden", "content_type": "json"}}
	docs["orgs/"+Org+"/actions/runners/31"] = doc{"id": 31, "name": "build-1", "os": "linux", "status": "online", "busy": false, "labels": []any{}}
	repo := "repos/" + Repo
	docs[repo] = doc{
		"id": 1001, "name": "payments", "full_name": Repo, "private": false, "visibility": "public", "archived": false, "fork": false,
		"html_url": "https://github.com/" + Repo, "owner": doc{"login": Org, "id": 500, "type": "Organization"}, "permissions": doc{"admin": true, "push": true, "pull": true},
	}
	for login, role := range map[string]string{user: "admin", Outsider: "write"} {
		docs[docKey(repo+"/collaborators/"+login)] = doc{"login": login, "id": users[login], "role_name": role}
	}
	docs[repo+"/actions/permissions"] = doc{"enabled": true, "allowed_actions": "local_only"}
	docs[repo+"/actions/permissions/workflow"] = doc{"default_workflow_permissions": "write", "can_approve_pull_request_reviews": false}
	docs[repo+"/hooks/77"] = doc{"id": 77, "type": "Repository", "name": "web", "active": true, "events": []any{"push", "release"}, "config": doc{"url": "https://deploy.acme.example/hook?token=hidden", "content_type": "json"}}
	docs[repo+"/actions/runners/21"] = doc{"id": 21, "name": "deploy-1", "os": "linux", "status": "online", "busy": true, "labels": []any{}}
	docs[repo+"/actions/runs/"+strconv.Itoa(RunID)] = doc{
		"id": RunID, "name": "Release", "status": "in_progress", "conclusion": nil, "event": "push", "head_branch": "main",
		"actor": docs["users/"+Member], "html_url": fmt.Sprintf("https://github.com/%s/actions/runs/%d", Repo, RunID),
	}
	docs[repo+"/secret-scanning/alerts/1"] = doc{"number": 1, "state": "open", "resolution": nil, "secret_type": "github_personal_access_token", "secret_type_display_name": "GitHub Personal Access Token"}
	docs[repo+"/code-scanning/alerts/2"] = doc{"number": 2, "state": "open", "dismissed_reason": nil, "rule": doc{"id": "go/sql-injection", "description": "Query built from user input"}}
	docs[repo+"/dependabot/alerts/3"] = doc{"number": 3, "state": "open", "dismissed_reason": nil, "security_advisory": doc{"ghsa_id": "GHSA-xxxx-xxxx-xxxx", "summary": "A parser reads past its end"}}
	return docs
}
