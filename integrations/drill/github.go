package drill

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// GitHub is the handler that speaks as GitHub's REST API does, for the calls
// that the adapters make.
func (w *World) GitHub() http.Handler {
	g := gitHub{w}
	mux := http.NewServeMux()
	routes := map[string]call{
		"GET /user": g.user,
		"GET /repos/{owner}/{repo}/actions/workflows/{id}":         g.workflow,
		"PUT /repos/{owner}/{repo}/actions/workflows/{id}/disable": g.setWorkflow("disabled_manually"),
		"PUT /repos/{owner}/{repo}/actions/workflows/{id}/enable":  g.setWorkflow("active"),
		"GET /repos/{owner}/{repo}/keys":                           g.keys,
		"POST /repos/{owner}/{repo}/keys":                          g.addKey,
		"GET /repos/{owner}/{repo}/keys/{id}":                      g.key,
		"DELETE /repos/{owner}/{repo}/keys/{id}":                   g.deleteKey,
		"GET /repos/{owner}/{repo}/issues":                         g.issues,
		"POST /repos/{owner}/{repo}/issues":                        g.addIssue,
		"GET /repos/{owner}/{repo}/issues/{number}":                g.issue,
		"PATCH /repos/{owner}/{repo}/issues/{number}":              g.editIssue,
	}
	// issues/5/comments and issues/comments/5 are one pattern to the mux.
	routes["GET /repos/{owner}/{repo}/issues/{number}/{last}"] = either(g.comments, g.comment, nil)
	routes["POST /repos/{owner}/{repo}/issues/{number}/{last}"] = either(g.addComment, nil, g.addLabels)
	routes["DELETE /repos/{owner}/{repo}/issues/{number}/{last}"] = either(nil, g.deleteComment, nil)
	maps.Copy(routes, g.orgRoutes())
	maps.Copy(routes, g.repoRoutes())
	for pattern, f := range routes {
		mux.HandleFunc(pattern, g.serve(f))
	}
	mux.HandleFunc("GET /rate_limit", g.rateLimit)
	mux.HandleFunc("POST /credentials/revoke", g.revoke)
	mux.HandleFunc("/", func(rw http.ResponseWriter, _ *http.Request) {
		answer(rw, http.StatusNotFound, map[string]any{"message": "Not Found"})
	})
	return w.faulty("github", mux)
}

type gitHub struct{ *World }

type call = func(*state, *http.Request) (int, any, error)

// either leads a path to the comments of an issue, to one comment, or to labels.
func either(ofIssue, one, labels call) call {
	return func(s *state, r *http.Request) (int, any, error) {
		switch {
		case r.PathValue("number") == "comments" && one != nil:
			r.SetPathValue("id", r.PathValue("last"))
			return one(s, r)
		case r.PathValue("last") == "comments" && ofIssue != nil:
			return ofIssue(s, r)
		case r.PathValue("last") == "labels" && labels != nil:
			return labels(s, r)
		}
		return 0, nil, notFound
	}
}

// serve runs one call: reads look, writes change the world.
func (g gitHub) serve(f call) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		var status int
		var body any
		r.Header.Del("Drill-Next")
		run := func(s *state) (err error) {
			if r.Header.Get("Authorization") != "Bearer "+s.Secrets.GitHub {
				return refuse(http.StatusUnauthorized, "Bad credentials")
			}
			status, body, err = f(s, r)
			return err
		}
		err := g.either(r, run)
		if err != nil {
			var message string
			status, message = statusOf(err)
			body = map[string]any{"message": message, "documentation_url": "https://docs.github.com/rest"}
		}
		if next := r.Header.Get("Drill-Next"); next != "" { // set by the call itself, never by who asks
			rw.Header().Set("Link", next)
		}
		if r.URL.Path == "/user" && err == nil {
			rw.Header().Set("X-Oauth-Scopes", "admin:org, admin:org_hook, admin:repo_hook, repo, read:audit_log")
		}
		answer(rw, status, body)
	}
}

// either looks for a read, and changes the world for a write. No read of these
// changes what it is given.
func (g gitHub) either(r *http.Request, f func(*state) error) error {
	if r.Method != http.MethodGet {
		return g.change(f)
	}
	s, err := g.peek()
	if err != nil {
		return err
	}
	return f(s)
}

// run looks at the world for a read, and changes it for a write.
func (w *World) run(r *http.Request, f func(*state) error) error {
	if r.Method != http.MethodGet {
		return w.change(f)
	}
	s, err := w.view()
	if err != nil {
		return err
	}
	return f(s)
}

func (w *World) effect(s *state, system, what, target, text string) {
	e := Effect{System: system, What: what, Target: target, At: w.now().UTC()}
	if _, rest, ok := strings.Cut(text, "firebreak-key:"); ok {
		e.Key, _, _ = strings.Cut(strings.TrimSpace(rest), " ")
	}
	s.Effects = append(s.Effects, e)
}

func repoOf(r *http.Request) string { return r.PathValue("owner") + "/" + r.PathValue("repo") }

var notFound = errRefused{http.StatusNotFound, "Not Found"}

func (gitHub) user(*state, *http.Request) (int, any, error) {
	return http.StatusOK, map[string]any{"login": user, "id": 7, "type": "User"}, nil
}

func findWorkflow(s *state, r *http.Request) (*workflow, error) {
	for i := range s.Workflows {
		x := &s.Workflows[i]
		if x.Repo == repoOf(r) && (path.Base(x.Path) == r.PathValue("id") || strconv.FormatInt(x.ID, 10) == r.PathValue("id")) {
			return x, nil
		}
	}
	return nil, notFound
}

func (gitHub) workflow(s *state, r *http.Request) (int, any, error) {
	x, err := findWorkflow(s, r)
	if err != nil {
		return 0, nil, err
	}
	return http.StatusOK, map[string]any{
		"id": x.ID, "name": x.Name, "path": x.Path, "state": x.State,
		"html_url": "https://github.com/" + x.Repo + "/blob/main/" + x.Path,
	}, nil
}

func (g gitHub) setWorkflow(to string) call {
	return func(s *state, r *http.Request) (int, any, error) {
		x, err := findWorkflow(s, r)
		if err != nil {
			return 0, nil, err
		}
		if x.State != to {
			g.effect(s, "github", "workflow "+to, x.Repo+"/"+path.Base(x.Path), "")
		}
		x.State = to
		return http.StatusNoContent, nil, nil
	}
}

func showKey(k key) map[string]any {
	return map[string]any{
		"id": k.ID, "key": k.Key, "title": k.Title, "read_only": k.ReadOnly, "verified": true,
		"created_at": k.Created.Format(time.RFC3339), "added_by": user, "url": fmt.Sprintf("https://api.github.com/repos/%s/keys/%d", k.Repo, k.ID),
	}
}

func (gitHub) keys(s *state, r *http.Request) (int, any, error) {
	out := []any{}
	for _, k := range s.Keys {
		if k.Repo == repoOf(r) {
			out = append(out, showKey(k))
		}
	}
	return http.StatusOK, out, nil
}

func findKey(s *state, r *http.Request) (int, error) {
	i := slices.IndexFunc(s.Keys, func(k key) bool {
		return k.Repo == repoOf(r) && strconv.FormatInt(k.ID, 10) == r.PathValue("id")
	})
	if i < 0 {
		return 0, notFound
	}
	return i, nil
}

func (gitHub) key(s *state, r *http.Request) (int, any, error) {
	i, err := findKey(s, r)
	if err != nil {
		return 0, nil, err
	}
	return http.StatusOK, showKey(s.Keys[i]), nil
}

func (g gitHub) deleteKey(s *state, r *http.Request) (int, any, error) {
	i, err := findKey(s, r)
	if err != nil {
		return 0, nil, err
	}
	g.effect(s, "github", "deploy key deleted", fmt.Sprintf("%s/keys/%d", s.Keys[i].Repo, s.Keys[i].ID), "")
	s.Keys = slices.Delete(s.Keys, i, i+1)
	return http.StatusNoContent, nil, nil
}

func (g gitHub) addKey(s *state, r *http.Request) (int, any, error) {
	var in struct {
		Title    string `json:"title"`
		Key      string `json:"key"`
		ReadOnly bool   `json:"read_only"`
	}
	if err := decode(r, &in); err != nil {
		return 0, nil, err
	}
	if in.Key == "" || slices.ContainsFunc(s.Keys, func(k key) bool { return k.Key == in.Key }) {
		return 0, nil, refuse(http.StatusUnprocessableEntity, "Validation Failed: key is missing or already in use")
	}
	k := key{repoOf(r), s.id(), in.Title, in.Key, in.ReadOnly, g.now().UTC()}
	s.Keys = append(s.Keys, k)
	g.effect(s, "github", "deploy key added", fmt.Sprintf("%s/keys/%d", k.Repo, k.ID), "")
	return http.StatusCreated, showKey(k), nil
}

// decode reads a JSON body.
func decode(r *http.Request, v any) error {
	if err := json.NewDecoder(r.Body).Decode(v); err != nil {
		return refuse(http.StatusBadRequest, "Problems parsing JSON")
	}
	return nil
}
