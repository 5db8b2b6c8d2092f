package all

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"firebreak/integrations"
	"firebreak/integrations/drill"
)

// reply is what a system says to one path.
type reply struct {
	status int
	header http.Header
	body   string
}

// answered checks the credential of a connection to a server that answers so.
func answered(t *testing.T, kind string, settings map[string]string, answers map[string]reply) (integrations.Credential, error) {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a, ok := answers[r.URL.Path]
		if !ok {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		for name, vs := range a.header {
			w.Header()[http.CanonicalHeaderKey(name)] = vs
		}
		w.WriteHeader(a.status)
		_, _ = w.Write([]byte(a.body))
	}))
	t.Cleanup(s.Close)
	return checking(t, integrations.Connection{
		Name: kind, Kind: kind, BaseURL: s.URL, Settings: settings, Now: time.Now,
		Secret: func(context.Context, string) (string, error) { return "secret-0123456789", nil },
		Has:    func(setting string) bool { return setting == "token" },
	})
}

func checking(t *testing.T, c integrations.Connection) (integrations.Credential, error) {
	t.Helper()
	all := Systems()
	i := slices.IndexFunc(all, func(s integrations.System) bool { return s.Kind == c.Kind })
	if i < 0 || all[i].Check == nil {
		t.Fatalf("%s cannot be answered", c.Kind)
	}
	return all[i].Check(t.Context(), c)
}

const login = `{"login":"octocat","type":"User"}`

func TestCheckGitHub(t *testing.T) {
	day := time.Date(2026, 12, 5, 10, 23, 45, 0, time.UTC)
	for _, c := range []struct {
		name    string
		answers map[string]reply
		want    integrations.Credential
	}{
		{"classic", map[string]reply{"/user": {200, http.Header{
			"X-OAuth-Scopes": {"repo, delete_repo, write:org"}, "X-Accepted-OAuth-Scopes": {""}, "github-authentication-token-expiration": {"2026-12-05 10:23:45 UTC"},
		}, login}}, integrations.Credential{
			Identity: "octocat", Granted: []string{"repo", "delete_repo", "write:org"}, Listed: true, Expires: day,
			Implied: []string{"repo:status", "repo_deployment", "public_repo", "repo:invite", "security_events", "read:org"},
		}},
		{"classic without any", map[string]reply{"/user": {200, http.Header{"X-OAuth-Scopes": {""}}, login}}, integrations.Credential{Identity: "octocat", Granted: []string{}, Listed: true}},
		{"fine-grained", map[string]reply{"/user": {200, http.Header{"github-authentication-token-expiration": {"2026-12-05 11:23:45 +0100"}}, login}}, integrations.Credential{
			Identity: "octocat", Expires: day, Note: "a fine-grained token or an app's: GitHub does not list what it may do",
		}},
		{"app", map[string]reply{"/user": {403, nil, `{"message":"Resource not accessible by integration"}`}, "/installation/repositories": {200, nil, `{"total_count":0,"repositories":[]}`}}, integrations.Credential{
			Identity: "an app's installation", Note: "a fine-grained token or an app's: GitHub does not list what it may do",
		}},
		{"hostile", map[string]reply{"/user": {200, http.Header{
			"X-OAuth-Scopes": {"repo, <b>]0;owned, " + strings.Repeat("a", 5000) + ", ✂, " + strings.Repeat("s,", 900)}, "github-authentication-token-expiration": {"99999-99-99 nonsense"},
		}, `{"login":"secret-0123456789 \u001b[2J"}`}}, integrations.Credential{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := answered(t, "github", nil, c.answers)
			if err != nil {
				t.Fatal(err)
			}
			if c.name == "hostile" {
				if len(got.Granted) != 200 || got.Granted[0] != "repo" || slices.ContainsFunc(got.Granted, func(s string) bool { return strings.ContainsAny(s, "<✂") || len(s) > 64 }) {
					t.Errorf("scopes %q", got.Granted)
				}
				if strings.Contains(got.Identity, "secret-0123456789") || !got.Expires.IsZero() {
					t.Errorf("%+v", got)
				}
				return
			}
			got.Expires, c.want.Expires = got.Expires.UTC(), c.want.Expires.UTC()
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("got  %+v\nwant %+v", got, c.want)
			}
		})
	}
}

// TestCheckRefused: a token that is not taken is an error everywhere, which never
// holds it.
func TestCheckRefused(t *testing.T) {
	no := reply{401, nil, `{"message":"secret-0123456789 is bad"}`}
	for kind, answers := range map[string]map[string]reply{
		"github":     {"/user": no},
		"slack":      {"/auth.test": {200, nil, `{"ok":false,"error":"token_revoked"}`}},
		"pagerduty":  {"/users/me": no},
		"jira":       {"/rest/api/3/myself": no},
		"kubernetes": {"/apis/authentication.k8s.io/v1/selfsubjectreviews": no},
	} {
		_, err := answered(t, kind, nil, answers)
		var e *integrations.Error
		if !errors.As(err, &e) || e.Hint == "" || strings.Contains(err.Error(), "secret-0123456789") {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

func TestCheckOthers(t *testing.T) {
	rules := func(rules ...map[string]any) string {
		b, err := json.Marshal(map[string]any{"status": map[string]any{"resourceRules": rules}})
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	me := map[string]reply{"/apis/authentication.k8s.io/v1/selfsubjectreviews": {201, nil, `{"status":{"userInfo":{"username":"system:serviceaccount:ir:firebreak"}}}`}}
	with := func(body string) map[string]reply {
		me["/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"] = reply{201, nil, body}
		return me
	}
	for _, c := range []struct {
		name, kind string
		settings   map[string]string
		answers    map[string]reply
		identity   string
		listed     bool
		granted    []string
	}{
		{"bot", "slack", nil, map[string]reply{"/auth.test": {200, http.Header{"x-oauth-scopes": {"chat:write,channels:read"}}, `{"ok":true,"user":"fb","team":"Acme","user_id":"U1"}`}}, "fb in Acme", true, []string{"chat:write", "channels:read"}},
		{"reader", "pagerduty", nil, map[string]reply{"/users/me": {200, nil, `{"user":{"name":"Ada","email":"ada@example.org","role":"read_only_user"}}`}}, "Ada <ada@example.org>, read_only_user", true, []string{"incidents.read", "oncalls.read"}},
		{"key", "pagerduty", map[string]string{"from": "ada@example.org"}, map[string]reply{"/users/me": {400, nil, `{"error":{"message":"no user"}}`}, "/abilities": {200, nil, `{"abilities":["sso"]}`}}, "a key of the account, in the name of ada@example.org", false, nil},
		{"jira", "jira", map[string]string{"project": "SEC"}, map[string]reply{
			"/rest/api/3/myself":        {200, nil, `{"accountId":"5b","displayName":"Bot"}`},
			"/rest/api/3/mypermissions": {200, nil, `{"permissions":{"ADD_COMMENTS":{"havePermission":true},"LINK_ISSUES":{"havePermission":true},"ADMINISTER":{"havePermission":true}}}`},
		}, "Bot (5b)", true, []string{"permission Link Issues", "permission Administer Jira"}},
		{"some", "kubernetes", nil, with(rules(
			map[string]any{"verbs": []string{"get", "patch"}, "apiGroups": []string{""}, "resources": []string{"pods"}},
			map[string]any{"verbs": []string{"*"}, "apiGroups": []string{"apps"}, "resources": []string{"*/scale"}},
			map[string]any{"verbs": []string{"get", "patch"}, "apiGroups": []string{""}, "resources": []string{"nodes"}, "resourceNames": []string{"n1"}},
		)), "system:serviceaccount:ir:firebreak", true, []string{"get, patch pods", "get, patch deployments/scale, statefulsets/scale, replicasets/scale"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := answered(t, c.kind, c.settings, c.answers)
			if err != nil || got.Identity != c.identity || got.Listed != c.listed || !slices.Equal(got.Granted, c.granted) {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
	got, err := answered(t, "kubernetes", nil, with(rules(map[string]any{"verbs": []string{"*"}, "apiGroups": []string{"*"}, "resources": []string{"*"}})))
	if err != nil || len(got.Granted) < 9 || !strings.HasPrefix(got.Granted[len(got.Granted)-1], "everything") {
		t.Errorf("an administrator: %+v, %v", got, err)
	}
	if got, err = answered(t, "kubernetes", nil, with(`{"status":{"incomplete":true}}`)); err != nil || got.Listed {
		t.Errorf("an incomplete list: %+v, %v", got, err)
	}
}

// TestCheckInTheDrill: the drill's servers answer, and grant what the actions need.
func TestCheckInTheDrill(t *testing.T) {
	w, err := drill.Open(t.TempDir(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() })
	n := 0
	for _, c := range w.Connections() {
		i := slices.IndexFunc(Systems(), func(s integrations.System) bool { return s.Kind == c.Kind && s.Check != nil })
		if i < 0 {
			continue
		}
		n++
		got, err := checking(t, c)
		if err != nil || got.Identity == "" {
			t.Errorf("%s: %+v, %v", c.Name, got, err)
		}
	}
	if n < 6 {
		t.Errorf("%d systems were answered", n)
	}
}
