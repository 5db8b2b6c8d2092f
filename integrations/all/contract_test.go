package all

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"firebreak/integrations"
	"firebreak/integrations/conform"
	"firebreak/integrations/drill"
)

// What these tests do not say: the vendors' descriptions know nothing of
// permissions, limits or delays, and leave unknown members of a body open.

// spec is one vendor's description of its API.
type spec struct {
	router routers.Router
	mu     sync.Mutex
	seen   map[string]int    // operations that were called
	wrong  []string          // requests the description does not allow
	alien  map[string]string // requests it does not have
}

// load reads a description out of the corpus. Its servers become the path
// alone, because the tests serve it on a loopback port.
func load(t *testing.T, file, base string) *spec {
	t.Helper()
	dir := cmp.Or(os.Getenv("FIREBREAK_CORPUS"), filepath.Join("..", "..", "..", "shared", "corpus"))
	path := filepath.Join(dir, "openapi", file)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Skipf("the vendor's description is not here (FIREBREAK_CORPUS names its folder): %v", err)
	}
	doc, err := openapi3.NewLoader().LoadFromData(b)
	if err != nil {
		t.Fatal(err)
	}
	doc.Servers = openapi3.Servers{{URL: base}}
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	return &spec{router: router, seen: map[string]int{}, alien: map[string]string{}}
}

// check validates one request. It returns the operation, or an error.
func (s *spec) check(r *http.Request) (*routers.Route, error) {
	route, params, err := s.router.FindRoute(r)
	if err != nil {
		return nil, err
	}
	return route, excuse(route, openapi3filter.ValidateRequest(r.Context(), &openapi3filter.RequestValidationInput{
		Request: r, PathParams: params, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, ExcludeReadOnlyValidations: true, MultiError: true},
	}))
}

// before puts the validator in front of a server.
func (s *spec) before(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		route, err := s.check(r)
		s.mu.Lock()
		switch {
		case route == nil:
			s.alien[r.Method+" "+r.URL.Path] = err.Error()
		case err != nil:
			s.wrong = append(s.wrong, r.Method+" "+r.URL.String()+" "+string(body)+": "+err.Error())
		default:
			s.seen[route.Method+" "+route.Path]++
		}
		s.mu.Unlock()
		r.Body = io.NopCloser(bytes.NewReader(body))
		next.ServeHTTP(w, r)
	})
}

// behind opens a drill's world whose servers stand behind the validators.
func behind(t *testing.T, gitHub, rest, events *spec) conform.World {
	t.Helper()
	d, w := open(t)
	servers := map[string]*httptest.Server{
		"github": httptest.NewServer(gitHub.before(d.GitHub())),
		"pagerduty": httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(r.URL.Path, "/v2/") {
				events.before(d.PagerDuty()).ServeHTTP(rw, r)
				return
			}
			rest.before(d.PagerDuty()).ServeHTTP(rw, r)
		})),
	}
	cs := d.Connections()
	for i, c := range cs {
		s, ok := servers[c.Name]
		if !ok {
			continue
		}
		t.Cleanup(s.Close)
		cs[i].Dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
			var dialer net.Dialer
			return dialer.DialContext(ctx, network, s.Listener.Addr().String())
		}
	}
	var err error
	if w.Registry, err = integrations.NewRegistry(Systems(), cs); err != nil {
		t.Fatal(err)
	}
	return w
}

// Operations that the trimmed description of the corpus leaves out. With the
// whole description in its place (npm @octokit/openapi 23.0.2, github.com and
// GHES 3.19) every request satisfies it and none of these is needed.
var leftOut = []string{
	"GET /user",
	"GET /repos/{owner}/{repo}/actions/workflows/{workflow_id}",
	"GET /repos/{owner}/{repo}/keys/{key_id}",
	"GET /repos/{owner}/{repo}/issues",
	"GET /repos/{owner}/{repo}/issues/{issue_number}",
	"GET /repos/{owner}/{repo}/issues/{issue_number}/comments",
	"GET /repos/{owner}/{repo}/issues/comments/{comment_id}",
	"DELETE /repos/{owner}/{repo}/issues/comments/{comment_id}",
}

// matches says whether a request fits a template such as GET /repos/{owner}.
func matches(template, request string) bool {
	a, b := strings.Split(template, "/"), strings.Split(request, "/")
	return len(a) == len(b) && !slices.ContainsFunc(a, func(p string) bool {
		i := slices.Index(a, p)
		return !strings.HasPrefix(p, "{") && p != b[i]
	})
}

func TestRequestsSatisfyTheVendors(t *testing.T) {
	gitHub, rest, events := load(t, "github.trimmed.json", "/"), load(t, "pagerduty-rest.trimmed.json", "/"), load(t, "pagerduty-events-v2.json", "/v2")
	for _, c := range cases() {
		if c.Connection != "github" && c.Connection != "pagerduty" {
			continue
		}
		t.Run(c.Action, func(t *testing.T) {
			conform.Cycle(t, func(t *testing.T) conform.World { return behind(t, gitHub, rest, events) }, c)
		})
	}
	for name, s := range map[string]*spec{"github": gitHub, "pagerduty rest": rest, "pagerduty events": events} {
		for _, w := range s.wrong {
			t.Errorf("%s: %s", name, w)
		}
		for request, why := range s.alien {
			if name != "github" || !slices.ContainsFunc(slices.Concat(leftOut, gitHubLeftOut), func(l string) bool { return matches(l, request) }) {
				t.Errorf("%s: %s: %s", name, request, why)
			}
		}
		t.Logf("%s: %d operations seen: %v", name, len(s.seen), s.seen)
	}
	for _, op := range append([]string{
		"PUT /repos/{owner}/{repo}/actions/workflows/{workflow_id}/disable", "PUT /repos/{owner}/{repo}/actions/workflows/{workflow_id}/enable",
		"GET /repos/{owner}/{repo}/keys", "POST /repos/{owner}/{repo}/keys", "DELETE /repos/{owner}/{repo}/keys/{key_id}",
		"POST /repos/{owner}/{repo}/issues", "PATCH /repos/{owner}/{repo}/issues/{issue_number}", "POST /repos/{owner}/{repo}/issues/{issue_number}/comments",
	}, gitHubOps...) {
		if gitHub.seen[op] == 0 {
			t.Errorf("github: %s was never validated", op)
		}
	}
	for _, op := range pagerOperations {
		if rest.seen[op] == 0 {
			t.Errorf("pagerduty: %s was never validated", op)
		}
	}
	if events.seen["POST /enqueue"] == 0 || events.seen["POST /change/enqueue"] == 0 {
		t.Error("pagerduty: no event, or no change, was validated")
	}
}

// TestTheValidatorItself sends wrong requests: what it does not catch, the
// test above does not prove.
func TestTheValidatorItself(t *testing.T) {
	gitHub, rest, events := load(t, "github.trimmed.json", "/"), load(t, "pagerduty-rest.trimmed.json", "/"), load(t, "pagerduty-events-v2.json", "/v2")
	const from = "From: a@example.org"
	for _, c := range []struct {
		spec         *spec
		what         string
		method, path string
		body         string
		headers      []string
		fine         bool
	}{
		{gitHub, "an issue", "POST", "/repos/a/b/issues", `{"title":"x"}`, nil, true},
		{gitHub, "an issue without a title", "POST", "/repos/a/b/issues", `{"body":"x"}`, nil, false},
		{gitHub, "an issue with labels that are no list", "POST", "/repos/a/b/issues", `{"title":"x","labels":"y"}`, nil, false},
		{gitHub, "an issue without a body", "POST", "/repos/a/b/issues", ``, nil, false},
		{gitHub, "a wrong state", "PATCH", "/repos/a/b/issues/1", `{"state":"shut"}`, nil, false},
		{gitHub, "a wrong reason", "PATCH", "/repos/a/b/issues/1", `{"state":"closed","state_reason":"because"}`, nil, false},
		{gitHub, "an issue's number in letters", "PATCH", "/repos/a/b/issues/one", `{"state":"closed"}`, nil, false},
		{gitHub, "a comment without text", "POST", "/repos/a/b/issues/1/comments", `{}`, nil, false},
		{gitHub, "a deploy key without a key", "POST", "/repos/a/b/keys", `{"title":"x"}`, nil, false},
		{gitHub, "a deploy key that is a number", "POST", "/repos/a/b/keys", `{"key":7}`, nil, false},
		{gitHub, "a wrong method", "POST", "/repos/a/b/actions/workflows/x.yml/disable", ``, nil, false},
		{gitHub, "a wrong path", "PUT", "/repos/a/b/actions/workflows/x.yml/stop", ``, nil, false},
		{gitHub, "a key's id in letters", "DELETE", "/repos/a/b/keys/x", ``, nil, false},
		{rest, "a note", "POST", "/incidents/P1/notes", `{"note":{"content":"x"}}`, []string{from}, true},
		{rest, "a note from nobody", "POST", "/incidents/P1/notes", `{"note":{"content":"x"}}`, nil, false},
		{rest, "a note without text", "POST", "/incidents/P1/notes", `{"note":{}}`, []string{from}, false},
		{rest, "a wrong date range", "GET", "/incidents?date_range=ever", ``, nil, false},
		{events, "an event", "POST", "/v2/enqueue", `{"routing_key":"k","event_action":"resolve","dedup_key":"d"}`, nil, true},
		{events, "a wrong event", "POST", "/v2/enqueue", `{"routing_key":"k","event_action":"open"}`, nil, false},
		{events, "an event without a key", "POST", "/v2/enqueue", `{"event_action":"trigger"}`, nil, false},
		{events, "a wrong severity", "POST", "/v2/enqueue", `{"routing_key":"k","event_action":"trigger","payload":{"summary":"s","source":"s","severity":"bad"}}`, nil, false},
	} {
		r := httptest.NewRequest(c.method, c.path, strings.NewReader(c.body))
		if c.body != "" {
			r.Header.Set("Content-Type", "application/json")
		}
		r.Header.Set("Accept", "application/vnd.pagerduty+json;version=2")
		for _, h := range c.headers {
			k, v, _ := strings.Cut(h, ": ")
			r.Header.Set(k, v)
		}
		if _, err := c.spec.check(r); (err == nil) != c.fine {
			t.Errorf("%s: %v: want fine %v", c.what, err, c.fine)
		}
	}
}

// example answers each operation with the vendor's own example.
func (s *spec) example(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		route, _, err := s.router.FindRoute(r)
		if err != nil {
			next.ServeHTTP(w, r)
			return
		}
		for _, status := range []int{200, 201, 202, 204} {
			ref := route.Operation.Responses.Status(status)
			if ref == nil {
				continue
			}
			media := ref.Value.Content.Get("application/json")
			if media == nil {
				w.WriteHeader(status)
				return
			}
			value := media.Example
			for _, e := range media.Examples {
				value = e.Value.Value
			}
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			if err := json.NewEncoder(w).Encode(value); err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
			}
			s.mu.Lock()
			s.seen[route.Method+" "+route.Path]++
			s.mu.Unlock()
			return
		}
	})
}

// TestVendorsAnswersAreUnderstood lets the vendors' own examples answer.
func TestVendorsAnswersAreUnderstood(t *testing.T) {
	d, err := drill.Open(t.TempDir(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer closing(t, d)
	type m = map[string]any
	for _, c := range []struct {
		kind, file, base string
		actions          map[string]m
	}{
		{"github", "github.trimmed.json", "/", map[string]m{
			"github.workflow.disable": {"repo": drill.Repo, "workflow": drill.Workflow},
			"github.workflow.enable":  {"repo": drill.Repo, "workflow": "161335"},
			"github.deploykey.delete": {"repo": drill.Repo, "key_id": 1},
			"github.deploykey.create": {"repo": drill.Repo, "title": "t", "key": "ssh-rsa AAAA"},
			"github.issue.create":     {"repo": drill.Repo, "title": "t"},
			"github.issue.close":      {"repo": drill.Repo, "number": 1},
			"github.issue.reopen":     {"repo": drill.Repo, "number": 1},
			"github.issue.comment":    {"repo": drill.Repo, "number": 1, "body": "b"},
		}},
		{"pagerduty", "pagerduty-rest.trimmed.json", "/", pagerExamples()},
		{"pagerduty", "pagerduty-events-v2.json", "/v2", map[string]m{
			"pagerduty.event.trigger": {"summary": "s"}, "pagerduty.event.acknowledge": {"dedup_key": "d"}, "pagerduty.event.resolve": {"dedup_key": "d"},
			"pagerduty.change.send": {"summary": "s"},
		}},
	} {
		s := load(t, c.file, c.base)
		server := httptest.NewServer(s.example(http.NotFoundHandler()))
		defer server.Close()
		conn := integrations.Connection{
			Name: "c", Kind: c.kind, BaseURL: server.URL, Now: time.Now, Drill: true, Settings: map[string]string{"from": "a@example.org"},
			Secret: func(context.Context, string) (string, error) { return "some-secret", nil },
		}
		r, err := integrations.NewRegistry(Systems(), []integrations.Connection{conn})
		if err != nil {
			t.Fatal(err)
		}
		for name, params := range c.actions {
			a, _, err := r.Lookup(name, "c")
			if err != nil {
				t.Fatal(err)
			}
			got, err := a.Do(t.Context(), integrations.Call{Action: name, Connection: "c", Params: params, Key: "k"}, integrations.Plan{})
			if err != nil || got.Ref == "" {
				t.Errorf("%s: %+v, %v", name, got, err)
			}
		}
		if len(s.seen) == 0 {
			t.Errorf("%s: no example was used", c.file)
		}
		for _, reads := range []string{"github.deploykey.create", "pagerduty.incident.note", "pagerduty.event.trigger"} {
			a, _, err := r.Lookup(reads, "c")
			if err != nil || c.actions[reads] == nil || reads == "pagerduty.event.trigger" {
				continue
			}
			if _, err := a.Prior(t.Context(), integrations.Call{Action: reads, Connection: "c", Params: c.actions[reads], Key: "k"}); err != nil {
				t.Errorf("%s: prior: %v", reads, err)
			}
		}
	}
}
