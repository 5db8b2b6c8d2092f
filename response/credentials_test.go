package response

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"firebreak/config"
	"firebreak/integrations"
)

func TestJudgeCredential(t *testing.T) {
	now := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	about := []integrations.Description{
		{Name: "g.issue", Scopes: []string{"repo", "issues:write"}},
		{Name: "g.member", Scopes: []string{"admin:org", "members:write"}},
		{Name: "g.team", Scopes: []string{"admin:org", "members:write"}},
		{Name: "g.log", Scopes: []string{"read:org"}},
		{Name: "g.suspend", Scopes: []string{"site_admin"}, Available: []string{"ghes"}},
		{Name: "g.free"},
	}
	listed := func(granted ...string) integrations.Credential {
		return integrations.Credential{Identity: "us", Listed: true, Granted: granted, Editions: []string{"dotcom", "ghec"}}
	}
	with := func(c integrations.Credential, f func(*integrations.Credential)) integrations.Credential {
		f(&c)
		return c
	}
	full := with(listed("repo", "admin:org"), func(c *integrations.Credential) { c.Implied = []string{"read:org"} })
	for name, c := range map[string]struct {
		cred integrations.Credential
		err  error
		want string
	}{
		"enough":   {full, nil, "ok us"},
		"unlisted": {integrations.Credential{Identity: "us", Note: "fine-grained"}, nil, "ok us; fine-grained"},
		"nameless": {integrations.Credential{}, nil, "ok it is taken, and does not say who it is"},
		"missing":  {listed("repo"), nil, "ok us\nwarn it lacks admin:org or members:write: it cannot do g.member, g.team\nwarn it lacks read:org: it cannot do g.log"},
		"excess":   {with(full, func(c *integrations.Credential) { c.Granted = append(c.Granted, "delete_repo", "delete_repo", "gist") }), nil, "ok us\nwarn it may do more than any action needs: delete_repo, gist: make one without"},
		"helps": {with(full, func(c *integrations.Credential) {
			c.Granted, c.Helps = append(c.Granted, "pins:read"), []string{"pins:read"}
		}), nil, "ok us"},
		"another's":   {with(full, func(c *integrations.Credential) { c.Editions = []string{"ghes"} }), nil, "ok us\nwarn it lacks site_admin: it cannot do g.suspend"},
		"any edition": {with(full, func(c *integrations.Credential) { c.Editions = nil }), nil, "ok us\nwarn it lacks site_admin: it cannot do g.suspend"},
		"long":        {with(full, func(c *integrations.Credential) { c.Expires = now.Add(expiresSoon) }), nil, "ok us, until 2026-12-05"},
		"soon":        {with(full, func(c *integrations.Credential) { c.Expires = now.Add(expiresSoon - 1) }), nil, "warn us: it expires on 2026-12-05, within a week: make a new one"},
		"expired":     {with(full, func(c *integrations.Credential) { c.Expires = now }), nil, "fail us: it expired on 2026-11-28"},
		"refused":     {full, &integrations.Error{Outcome: integrations.Rejected, Hint: "make one", Err: errors.New("401")}, "fail rejected: 401: make one"},
		"not asked":   {full, integrations.ErrNotAsked, "ok it cannot be asked"},
	} {
		var got []string
		for _, h := range judgeCredential("c", now, about, c.cred, c.err) {
			if h.Connection != "c" {
				t.Errorf("%s: of connection %q", name, h.Connection)
			}
			got = append(got, h.State+" "+h.Says)
		}
		if s := strings.Join(got, "\n"); s != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", name, s, c.want)
		}
	}
	if got := some(strings.Fields("a b c d e f g")); got != "a, b, c, d, e and 2 more" {
		t.Error(got)
	}
}

// TestCheckCredentials asks three systems at once, of which one never answers, one
// has no secret, and one cannot be asked.
func TestCheckCredentials(t *testing.T) {
	hang := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow/user" {
			<-hang
			return
		}
		w.Header().Set("X-OAuth-Scopes", "repo, delete_repo")
		_, _ = w.Write([]byte(`{"login":"octocat"}`))
	}))
	defer s.Close()
	defer close(hang)
	dir := t.TempDir()
	file := filepath.Join(dir, "token")
	if err := os.WriteFile(file, []byte("ghp_0123456789\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ref, err := config.ParseReference("file:" + file)
	if err != nil {
		t.Fatal(err)
	}
	gone, err := config.ParseReference("file:" + filepath.Join(dir, "gone"))
	if err != nil {
		t.Fatal(err)
	}
	github := func(path string, r config.Reference) config.Connection {
		return config.Connection{Kind: "github", BaseURL: s.URL + path, Secrets: map[string]config.Reference{"token": r}}
	}
	conf := config.Config{Connections: map[string]config.Connection{
		"a": github("/", ref), "b": github("/", gone), "c": {Kind: "smtp", BaseURL: "smtp://127.0.0.1:1"},
	}}
	b := newBench(t, conf)
	svc := b.s.Service()
	svc.o.Secrets = config.Env{Open: config.OpenFile, Lookup: os.LookupEnv, Now: time.Now}
	got, err := svc.CheckCredentials(t.Context())
	if err != nil || len(got) < 5 || got[0] != (Health{"a", "ok", "octocat"}) {
		t.Fatalf("%+v, %v", got, err)
	}
	states := map[string]string{}
	for _, h := range got {
		states[h.Connection+" "+h.State] += h.Says
	}
	if !strings.Contains(states["a warn"], "more than any action needs: delete_repo") || !strings.Contains(states["a warn"], "lacks admin:org") ||
		!strings.Contains(states["b fail"], "gone") || !strings.Contains(states["c ok"], "cannot be asked") {
		t.Errorf("%v", states)
	}

	conf.Connections["d"] = github("/slow/", ref)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	if got, err := svc.CheckCredentials(ctx); !errors.Is(err, context.Canceled) || got != nil {
		t.Errorf("cancelled: %+v, %v", got, err)
	}
}

func TestSecretAge(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	refs := map[string]config.Reference{}
	for name, text := range map[string]string{"file": "file:" + file, "env": "env:X", "gone": "file:" + file + ".gone", "folder": "file:" + filepath.Dir(file)} {
		r, err := config.ParseReference(text)
		if err != nil {
			t.Fatal(err)
		}
		refs[name] = r
	}
	now := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	s := &Service{o: Options{
		Config:  config.Config{Connections: map[string]config.Connection{"c": {Secrets: refs}}},
		Secrets: config.Env{Open: config.OpenFile, Lookup: os.LookupEnv}, Now: func() time.Time { return now },
	}}
	type aged struct {
		Says string
		Old  bool
	}
	for days, want := range map[int]aged{-3: {"written today", false}, 0: {"written today", false}, 1: {"written a day ago", false}, 90: {"written 90 days ago", false}, 91: {"written 91 days ago", true}} {
		at := now.AddDate(0, 0, -days)
		if err := os.Chtimes(file, at, at); err != nil {
			t.Fatal(err)
		}
		var got aged
		if got.Says, got.Old = s.SecretAge("c", "file"); !reflect.DeepEqual(got, want) {
			t.Errorf("%d days: %+v", days, got)
		}
	}
	for _, name := range []string{"env", "gone", "folder", "nothing"} {
		if says, old := s.SecretAge("c", name); says != "" || old {
			t.Errorf("%s: %q", name, says)
		}
	}
}
