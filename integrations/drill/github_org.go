package drill

import (
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// orgRoutes are the calls on organisations, and those that need nobody.
func (g gitHub) orgRoutes() map[string]call {
	return map[string]call{
		"GET /users/{user}":                                  thing,
		"GET /orgs/{org}":                                    thing,
		"GET /orgs/{org}/members":                            g.members,
		"GET /orgs/{org}/memberships/{user}":                 thing,
		"PUT /orgs/{org}/memberships/{user}":                 g.giveMembership,
		"DELETE /orgs/{org}/memberships/{user}":              g.leave("member removed"),
		"PUT /orgs/{org}/outside_collaborators/{user}":       g.convert,
		"GET /orgs/{org}/outside_collaborators":              all,
		"DELETE /orgs/{org}/outside_collaborators/{user}":    g.drop("outside collaborator removed"),
		"GET /orgs/{org}/blocks/{user}":                      there,
		"PUT /orgs/{org}/blocks/{user}":                      g.block,
		"DELETE /orgs/{org}/blocks/{user}":                   g.drop("user unblocked"),
		"GET /orgs/{org}/teams/{team}":                       thing,
		"GET /orgs/{org}/teams/{team}/memberships/{user}":    thing,
		"PUT /orgs/{org}/teams/{team}/memberships/{user}":    g.joinTeam,
		"DELETE /orgs/{org}/teams/{team}/memberships/{user}": g.drop("left a team"),
		"GET /orgs/{org}/actions/permissions":                thing,
		"PUT /orgs/{org}/actions/permissions":                g.set("organisation's Actions set", http.StatusNoContent),
		"GET /orgs/{org}/actions/permissions/repositories":   g.chosen,
		"PUT /orgs/{org}/actions/permissions/repositories":   g.set("organisation's Actions repositories set", http.StatusNoContent),
		"GET /orgs/{org}/actions/permissions/workflow":       thing,
		"PUT /orgs/{org}/actions/permissions/workflow":       g.set("organisation's default token set", http.StatusNoContent),
		"GET /orgs/{org}/rulesets":                           all,
		"POST /orgs/{org}/rulesets":                          g.addRuleset,
		"GET /orgs/{org}/rulesets/{id}":                      thing,
		"DELETE /orgs/{org}/rulesets/{id}":                   g.drop("ruleset deleted"),
		"GET /orgs/{org}/hooks/{id}":                         thing,
		"PATCH /orgs/{org}/hooks/{id}":                       g.set("webhook set", http.StatusOK),
		"GET /orgs/{org}/actions/runners/{id}":               thing,
		"DELETE /orgs/{org}/actions/runners/{id}":            g.drop("runner removed"),
		"POST /orgs/{org}/repos":                             g.addRepo,
		"GET /orgs/{org}/audit-log":                          g.auditLog,
		"POST /graphql":                                      g.graphql,
	}
}

func (gitHub) members(s *state, r *http.Request) (int, any, error) {
	out := []any{}
	for _, m := range below(s, "orgs/"+r.PathValue("org")+"/memberships") {
		if d, ok := m.(doc); ok {
			out = append(out, d["user"])
		}
	}
	return http.StatusOK, page(r, out), nil
}

// giveMembership invites who is no member, and sets the role of who is.
func (g gitHub) giveMembership(s *state, r *http.Request) (int, any, error) {
	in := struct {
		Role string `json:"role"`
	}{"member"}
	if err := decode(r, &in); err != nil {
		return 0, nil, err
	}
	if !known(s, r.PathValue("user")) || in.Role != "admin" && in.Role != "member" {
		return 0, nil, refuse(http.StatusUnprocessableEntity, "Validation Failed")
	}
	if _, ok := s.Docs[docKey(r.URL.Path)]; ok {
		now, err := g.merge(s, r.URL.Path, "member's role set", doc{"role": in.Role})
		return http.StatusOK, now, err
	}
	m := doc{"state": "pending", "role": in.Role, "user": accountDoc(s, r.PathValue("user")), "organization": s.Docs[docKey("orgs/"+r.PathValue("org"))], "url": "https://api.github.com" + r.URL.Path}
	s.Docs[docKey(r.URL.Path)] = m
	g.effect(s, "github", "member invited", docKey(r.URL.Path), "")
	return http.StatusOK, m, nil
}

// leave takes a member out, of the teams too.
func (g gitHub) leave(what string) call {
	return func(s *state, r *http.Request) (int, any, error) {
		org, who := r.PathValue("org"), docKey(r.PathValue("user"))
		member := docKey("orgs/" + org + "/memberships/" + who)
		if _, ok := s.Docs[member]; !ok {
			return 0, nil, notFound
		}
		maps.DeleteFunc(s.Docs, func(k string, _ doc) bool {
			return k == member || strings.HasPrefix(k, docKey("orgs/"+org+"/teams")+"/") && strings.HasSuffix(k, "/memberships/"+who)
		})
		g.effect(s, "github", what, member, "")
		return http.StatusNoContent, nil, nil
	}
}

func (g gitHub) convert(s *state, r *http.Request) (int, any, error) {
	status, body, err := g.leave("member made an outside collaborator")(s, r)
	if err == nil {
		s.Docs[docKey(r.URL.Path)] = accountDoc(s, r.PathValue("user"))
	}
	return status, body, err
}

func (g gitHub) block(s *state, r *http.Request) (int, any, error) {
	if !known(s, r.PathValue("user")) {
		return 0, nil, refuse(http.StatusUnprocessableEntity, "Validation Failed: no such user")
	}
	if _, ok := s.Docs[docKey(r.URL.Path)]; !ok {
		s.Docs[docKey(r.URL.Path)] = accountDoc(s, r.PathValue("user"))
		g.effect(s, "github", "user blocked", docKey(r.URL.Path), "")
	}
	return http.StatusNoContent, nil, nil
}

func (g gitHub) joinTeam(s *state, r *http.Request) (int, any, error) {
	in := struct {
		Role string `json:"role"`
	}{"member"}
	if err := decode(r, &in); err != nil {
		return 0, nil, err
	}
	if _, ok := s.Docs[docKey("orgs/"+r.PathValue("org")+"/teams/"+r.PathValue("team"))]; !ok || !known(s, r.PathValue("user")) {
		return 0, nil, notFound
	}
	if _, ok := s.Docs[docKey(r.URL.Path)]; !ok {
		s.Docs[docKey(r.URL.Path)] = doc{"state": "active"}
	}
	now, err := g.merge(s, r.URL.Path, "joined a team", doc{"role": in.Role})
	return http.StatusOK, now, err
}

// chosen shows the repositories for which an organisation's Actions are on.
func (gitHub) chosen(s *state, r *http.Request) (int, any, error) {
	d, ok := s.Docs[docKey(r.URL.Path)]
	if !ok {
		return 0, nil, notFound
	}
	ids, _ := d["selected_repository_ids"].([]any)
	out := []any{}
	for _, n := range ids {
		out = append(out, doc{"id": n})
	}
	return http.StatusOK, doc{"total_count": len(out), "repositories": page(r, out)}, nil
}

// addRepo makes a repository.
func (g gitHub) addRepo(s *state, r *http.Request) (int, any, error) {
	in := doc{}
	if err := decode(r, &in); err != nil {
		return 0, nil, err
	}
	name, _ := in["name"].(string)
	full := r.PathValue("org") + "/" + name
	if _, ok := s.Docs[docKey("repos/"+full)]; ok || name == "" {
		return 0, nil, refuse(http.StatusUnprocessableEntity, "Repository creation failed: name already exists on this account")
	}
	n := s.id()
	text, _ := in["description"].(string)
	repo := doc{
		"id": n, "name": name, "full_name": full, "private": in["private"], "visibility": "private", "archived": false, "fork": false, "description": text,
		"html_url": "https://github.com/" + full, "owner": doc{"login": r.PathValue("org"), "id": 500, "type": "Organization"}, "permissions": doc{"admin": true},
	}
	s.Docs[docKey("repos/"+full)] = repo
	g.effect(s, "github", "repository made", full, text)
	return http.StatusCreated, repo, nil
}

// graphql answers the one question that is asked that way: somebody's teams.
func (gitHub) graphql(s *state, r *http.Request) (int, any, error) {
	var in struct {
		Query     string `json:"query"`
		Variables struct {
			Org  string `json:"org"`
			User string `json:"user"`
		} `json:"variables"`
	}
	if err := decode(r, &in); err != nil {
		return 0, nil, err
	}
	if !strings.Contains(in.Query, "teams(") {
		return http.StatusOK, doc{"errors": []any{doc{"message": "the drill knows no such question"}}}, nil
	}
	nodes := []any{}
	for _, t := range below(s, "orgs/"+in.Variables.Org+"/teams") {
		slug, _ := t.(doc)["slug"].(string)
		m, ok := s.Docs[docKey("orgs/"+in.Variables.Org+"/teams/"+slug+"/memberships/"+in.Variables.User)]
		if !ok {
			continue
		}
		role, _ := m["role"].(string)
		nodes = append(nodes, doc{"slug": slug, "members": doc{"edges": []any{doc{"role": strings.ToUpper(role), "node": doc{"login": in.Variables.User}}}}})
	}
	return http.StatusOK, doc{"data": doc{"organization": doc{"teams": doc{"totalCount": len(nodes), "nodes": nodes}}}}, nil
}

// auditLog is what the intruder did, in the minutes before the drill began. It
// is handed out two records a page, so that a reader has to follow.
func (g gitHub) auditLog(s *state, r *http.Request) (int, any, error) {
	if _, ok := s.Docs[docKey("orgs/"+r.PathValue("org"))]; !ok || len(s.Issues) == 0 {
		return 0, nil, notFound
	}
	begun := s.Issues[0].Created.AddDate(0, 0, 9)
	out := []any{}
	for i, e := range []struct{ action, actor, address, repo string }{
		{"org.sso_response", Member, "198.51.100.7", ""},
		{"repo.add_deploy_key", Member, Address, Repo},
		{"workflows.disable_workflow", Member, Address, Repo},
		{"git.clone", Member, Address, Repo},
		{"org.update_member", Member, Address, ""},
	} {
		ms := begun.Add(-time.Duration(20-3*i) * time.Minute).UnixMilli()
		d := doc{
			"@timestamp": ms, "created_at": ms, "_document_id": fmt.Sprintf("drill-%d", i+1), "action": e.action,
			"actor": e.actor, "actor_id": 66, "actor_ip": e.address, "org": r.PathValue("org"), "org_id": 500,
		}
		if e.repo != "" {
			d["repo"], d["repo_id"] = e.repo, 1001
		}
		out = append(out, d)
	}
	from, err := strconv.Atoi(r.URL.Query().Get("after"))
	if err != nil || from < 0 || from > len(out) {
		from = 0
	}
	to := min(from+2, len(out))
	if to < len(out) {
		q := r.URL.Query()
		q.Set("after", strconv.Itoa(to))
		r.Header.Set("Drill-Next", "<https://api.github.com"+r.URL.Path+"?"+q.Encode()+`>; rel="next"`)
	}
	return http.StatusOK, out[from:to], nil
}

// rateLimit answers any token that is good; revoke makes the leaked one bad.
// Neither is behind the drill's own credential.
func (g gitHub) rateLimit(rw http.ResponseWriter, r *http.Request) {
	s, err := g.peek()
	if err != nil {
		answer(rw, http.StatusInternalServerError, doc{"message": err.Error()})
		return
	}
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	if token != s.Secrets.GitHub && (token != leaked(s) || s.Revoked) {
		answer(rw, http.StatusUnauthorized, doc{"message": "Bad credentials"})
		return
	}
	answer(rw, http.StatusOK, doc{"resources": doc{"core": doc{"limit": 5000, "remaining": 4999, "reset": g.now().Unix(), "used": 1}}, "rate": doc{"limit": 5000, "remaining": 4999, "reset": g.now().Unix(), "used": 1}})
}

func (g gitHub) revoke(rw http.ResponseWriter, r *http.Request) {
	var in struct {
		Credentials []string `json:"credentials"`
	}
	err := decode(r, &in)
	if err == nil && (len(in.Credentials) == 0 || r.Header.Get("Authorization") != "") {
		err = refuse(http.StatusUnprocessableEntity, "Validation Failed")
	}
	if err == nil {
		err = g.change(func(s *state) error {
			for _, c := range in.Credentials {
				if c == leaked(s) && !s.Revoked {
					s.Revoked = true
					g.effect(s, "github", "credential revoked", "ghp_…", "")
				}
			}
			return nil
		})
	}
	if err != nil {
		status, message := statusOf(err)
		answer(rw, status, doc{"message": message})
		return
	}
	answer(rw, http.StatusAccepted, doc{})
}

// leaked is the token that the intruder of a drill has.
func leaked(s *state) string { return "ghp_leaked" + strings.TrimPrefix(s.Secrets.GitHub, "ghp_drill") }

// addRuleset makes a ruleset; a name is there once.
func (g gitHub) addRuleset(s *state, r *http.Request) (int, any, error) {
	in := doc{}
	if err := decode(r, &in); err != nil {
		return 0, nil, err
	}
	name, _ := in["name"].(string)
	for _, other := range below(s, r.URL.Path) {
		if d, ok := other.(doc); ok && d["name"] == name {
			return 0, nil, refuse(http.StatusUnprocessableEntity, "Validation Failed: Name must be unique")
		}
	}
	if name == "" || in["enforcement"] == nil {
		return 0, nil, refuse(http.StatusUnprocessableEntity, "Validation Failed")
	}
	in["source_type"] = map[bool]string{true: "Organization", false: "Repository"}[strings.HasPrefix(r.URL.Path, "/orgs/")]
	return http.StatusCreated, g.add(s, r, "ruleset made", name, in), nil
}

func number(v any) string {
	switch n := v.(type) {
	case float64:
		return strconv.FormatInt(int64(n), 10)
	case int64:
		return strconv.FormatInt(n, 10)
	case int:
		return strconv.Itoa(n)
	}
	return ""
}
