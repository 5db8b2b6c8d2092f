package github

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"firebreak/integrations"
)

const ourToken = "ghp_secret0123456789"

// request is one that a peer got.
type request struct{ method, path, body, authorization string }

// peer answers by "METHOD /path" with a status and a body, and keeps what it
// got. Without an answer it says 404, and 204 to a write.
type peer struct {
	mu      sync.Mutex
	answers map[string]any
	status  map[string]int
	header  http.Header
	got     []request
}

func (p *peer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.got = append(p.got, request{r.Method, r.URL.EscapedPath(), string(body), r.Header.Get("Authorization")})
	key := r.Method + " " + r.URL.Path
	status, v := p.status[key], p.answers[key]
	switch {
	case status != 0:
	case v != nil:
		status = http.StatusOK
	case r.Method == http.MethodGet:
		status, v = http.StatusNotFound, m{"message": "Not Found"}
	default:
		status = http.StatusNoContent
	}
	for k, vs := range p.header {
		w.Header()[k] = vs
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if v != nil {
		_ = json.NewEncoder(w).Encode(v) // a client that went away is the test's own failure
	}
}

// writes are the requests that change something. A question to GraphQL is none.
func (p *peer) writes() []request {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(p.got), func(r request) bool { return r.method == http.MethodGet || r.path == "/graphql" })
}

func facing(t *testing.T, p *peer) map[string]integrations.Action {
	t.Helper()
	s := httptest.NewServer(p)
	t.Cleanup(s.Close)
	as, err := actions(integrations.Connection{
		Name: "github", Kind: "github", BaseURL: s.URL, Now: time.Now, Drill: true,
		Secret: func(context.Context, string) (string, error) { return ourToken, nil },
		Reveal: func(_ context.Context, reference string) (string, error) {
			return strings.TrimPrefix(reference, "env:"), nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]integrations.Action{}
	for _, a := range as {
		out[a.Describe().Name] = a
	}
	return out
}

// planned reads and plans.
func planned(t *testing.T, a integrations.Action, params m) (integrations.Plan, error) {
	t.Helper()
	c := integrations.Call{Action: a.Describe().Name, Params: params, Key: "key1", Incident: "2026-0007"}
	prior, err := a.Prior(t.Context(), c)
	if err != nil {
		return integrations.Plan{}, err
	}
	return a.Plan(t.Context(), c, prior)
}

func user() m { return m{"login": "us"} }

func repoNamed(name string) m {
	return m{"id": 7, "full_name": name, "owner": m{"login": "a", "type": "Organization"}, "permissions": m{"admin": true}}
}

// TestRenamed plans under a name that a repository no longer has.
func TestRenamed(t *testing.T) {
	as := facing(t, &peer{answers: m{
		"GET /user": user(), "GET /repos/a/b": repoNamed("a/new-name"), "GET /repos/a/b/actions/permissions": m{"enabled": true},
		"GET /repos/a/b/actions/workflows/1": m{"id": 1, "state": "active"},
	}})
	for name, params := range map[string]m{
		"github.repo.archive": {"repo": "a/b"}, "github.repo.actions.off": {"repo": "a/b"}, "github.workflow.disable": {"repo": "a/b", "workflow": "1"},
	} {
		_, err := planned(t, as[name], params)
		var e *integrations.Error
		if !errors.As(err, &e) || e.Outcome != integrations.Rejected || !strings.Contains(err.Error(), "a/new-name") || e.Hint == "" {
			t.Errorf("%s: %v: want a refusal that names the new name", name, err)
		}
	}
}

// TestRefusalsAreExplained reads what GitHub's headers say of a token.
func TestRefusalsAreExplained(t *testing.T) {
	for _, c := range []struct {
		what   string
		status int
		header http.Header
		want   string
	}{
		{"single sign-on", 403, http.Header{"X-Github-Sso": {"required; url=https://github.com/orgs/a/sso?authorization_request=one-time"}}, "single sign-on"},
		{"a classic token", 403, http.Header{"X-Oauth-Scopes": {"repo"}, "X-Accepted-Oauth-Scopes": {"admin:org"}}, "may not do this: GitHub wants one of admin:org; the token has repo"},
		{"a classic token, not found", 404, http.Header{"X-Oauth-Scopes": {""}, "X-Accepted-Oauth-Scopes": {"admin:org"}}, "does not exist, or the token may not see it: GitHub wants one of admin:org"},
		{"a fine-grained token", 403, http.Header{"X-Accepted-Github-Permissions": {"administration=write"}}, "administration=write"},
		{"nothing", 404, nil, "does not exist, or the token may not see it"},
	} {
		as := facing(t, &peer{answers: m{"GET /user": user()}, status: map[string]int{"GET /repos/a/b": c.status}, header: c.header})
		_, err := planned(t, as["github.repo.archive"], m{"repo": "a/b"})
		var e *integrations.Error
		if !errors.As(err, &e) || !strings.Contains(e.Hint, c.want) || strings.Contains(e.Hint, "one-time") {
			t.Errorf("%s: %v: want the hint %q", c.what, err, c.want)
		}
	}
}

// TestWhoIsNoMember is neither demoted, which would invite, nor removed in
// silence.
func TestWhoIsNoMember(t *testing.T) {
	p := &peer{answers: m{"GET /user": user(), "GET /orgs/a/members": []m{{"login": "us"}}}}
	as := facing(t, p)
	params := m{"org": "a", "user": "mallory"}
	demote := as["github.member.demote"]
	if _, err := planned(t, demote, params); integrations.OutcomeOf(err) != integrations.Rejected || err == nil {
		t.Errorf("demote: %v", err)
	}
	if _, err := demote.Do(t.Context(), integrations.Call{Params: params}, integrations.Plan{}); integrations.OutcomeOf(err) != integrations.Rejected || err == nil {
		t.Errorf("demote: %v", err)
	}
	plan, err := planned(t, as["github.member.remove"], params)
	if err != nil || !plan.Unchanged || plan.Undo != "" || plan.Inverse != nil || !strings.Contains(plan.Effects[0], "or the token may not see it") {
		t.Errorf("remove: %+v, %v", plan, err)
	}
	if w := p.writes(); len(w) != 0 {
		t.Errorf("sent %v", w)
	}
}

// TestWhatLeavesWithAMember saves role and teams, and says what is not saved.
func TestWhatLeavesWithAMember(t *testing.T) {
	team := func(slug, role string) m {
		return m{"slug": slug, "members": m{"edges": []m{{"role": "MEMBER", "node": m{"login": "mallory2"}}, {"role": role, "node": m{"login": "Mallory"}}}}}
	}
	p := &peer{answers: m{
		"GET /user": m{"login": "mallory"}, "GET /orgs/a/members": []m{{"login": "us"}},
		"GET /orgs/a/memberships/mallory": m{"state": "active", "role": "admin", "user": m{"id": 66}, "organization": m{"id": 5}},
		"POST /graphql":                   m{"data": m{"organization": m{"teams": m{"totalCount": 3, "nodes": []m{team("web", "MEMBER"), team("ops", "MAINTAINER"), {"slug": "parent", "members": m{"edges": []m{}}}}}}}},
	}}
	as := facing(t, p)
	params := m{"org": "a", "user": "mallory"}
	plan, err := planned(t, as["github.member.remove"], params)
	if err != nil || plan.Inverse == nil || plan.Inverse.Action != "github.member.restore" || plan.Inverse.Params["role"] != "admin" {
		t.Fatalf("%+v, %v", plan, err)
	}
	if teams := fmt.Sprint(plan.Inverse.Params["teams"]); teams != "[ops:maintainer web]" {
		t.Errorf("teams %s", teams)
	}
	if all := strings.Join(plan.Warnings, "\n"); !strings.Contains(all, "whom the token belongs to") || !strings.Contains(plan.Undo, "accept") {
		t.Errorf("warnings %s, undo %s", all, plan.Undo)
	}
	if want := (integrations.Target{Kind: "user", ID: "66", Name: "mallory"}); plan.Targets[0] != want {
		t.Errorf("target %+v", plan.Targets[0])
	}
	if n := len(p.got); n > 5 {
		t.Errorf("a plan takes %d requests", n)
	}
	p.answers["POST /graphql"] = m{"errors": []m{{"message": "needs read:org"}}}
	plan, err = planned(t, as["github.member.remove"], params)
	if all := strings.Join(plan.Warnings, "\n"); err != nil || !strings.Contains(all, "needs read:org") {
		t.Errorf("without the teams: %s, %v", all, err)
	}
}

// TestPopulation rounds how many there are, so that one more or less makes no
// other plan.
func TestPopulation(t *testing.T) {
	for n, want := range map[int]int{0: 0, 1: 0, 9: 0, 10: 10, 19: 10, 57: 50, 99: 90, 100: 100, 1234: 1000} {
		if got := oneDigit(n); got != want {
			t.Errorf("%d: %d: want %d", n, got, want)
		}
	}
}

// TestPartly has the second of two writes fail: the first has happened.
func TestPartly(t *testing.T) {
	p := &peer{
		answers: m{"GET /user": user(), "GET /orgs/a/members": []m{}, "PUT /orgs/a/memberships/u": m{}},
		status:  map[string]int{"PUT /orgs/a/teams/web/memberships/u": 403},
	}
	as := facing(t, p)
	_, err := as["github.member.restore"].Do(t.Context(), integrations.Call{Params: m{"org": "a", "user": "u", "teams": "web,ops"}}, integrations.Plan{})
	if err == nil || integrations.OutcomeOf(err) != integrations.Ambiguous || len(p.writes()) != 2 {
		t.Errorf("%v after %v: want ambiguous, after two", err, p.writes())
	}
}

// TestRunThatEnded takes 202 and 409 for what they are.
func TestRunThatEnded(t *testing.T) {
	p := &peer{answers: m{"GET /user": user(), "GET /repos/a/b": repoNamed("a/b"), "GET /repos/a/b/actions/runs/9": m{"status": "queued"}}, status: map[string]int{}}
	as := facing(t, p)
	a := as["github.run.cancel"]
	c := integrations.Call{Params: m{"repo": "a/b", "run_id": 9}}
	for _, status := range []int{202, 409} {
		p.status["POST /repos/a/b/actions/runs/9/cancel"] = status
		if _, err := a.Do(t.Context(), c, integrations.Plan{}); err != nil {
			t.Errorf("%d: %v", status, err)
		}
		if v, err := a.Verify(t.Context(), c, integrations.Receipt{}); err != nil || v.OK {
			t.Errorf("%d: verified what has not ended: %+v, %v", status, v, err)
		}
	}
	p.status["POST /repos/a/b/actions/runs/9/cancel"] = 403
	if _, err := a.Do(t.Context(), c, integrations.Plan{}); integrations.OutcomeOf(err) != integrations.Rejected || err == nil {
		t.Errorf("%v", err)
	}
}

// TestOnlyOurRulesets lifts no freeze of somebody else's.
func TestOnlyOurRulesets(t *testing.T) {
	p := &peer{answers: m{
		"GET /user": user(), "GET /repos/a/b": repoNamed("a/b"), "GET /orgs/a": m{"id": 5},
		"GET /repos/a/b/rulesets/3": m{"id": 3, "name": "main needs a review", "enforcement": "active"},
		"GET /orgs/a/rulesets/4":    m{"id": 4, "name": "Firebreak freeze by hand", "enforcement": "active"},
	}}
	as := facing(t, p)
	for name, params := range map[string]m{"github.repo.unfreeze": {"repo": "a/b", "ruleset_id": 3}, "github.org.unfreeze": {"org": "a", "ruleset_id": 4}} {
		if _, err := planned(t, as[name], params); integrations.OutcomeOf(err) != integrations.Rejected || err == nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := as[name].Do(t.Context(), integrations.Call{Params: params}, integrations.Plan{}); integrations.OutcomeOf(err) != integrations.Rejected || err == nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if w := p.writes(); len(w) != 0 {
		t.Errorf("sent %v", w)
	}
}

// TestNoSecretOfTheSite keeps what alerts and webhooks carry out of plans.
func TestNoSecretOfTheSite(t *testing.T) {
	const theirs = "AKIAVERYSECRET"
	as := facing(t, &peer{answers: m{
		"GET /user": user(), "GET /repos/a/b": repoNamed("a/b"),
		"GET /repos/a/b/secret-scanning/alerts/1": m{"number": 1, "state": "open", "secret": theirs, "secret_type_display_name": "AWS key"},
		"GET /repos/a/b/hooks/2":                  m{"id": 2, "active": true, "config": m{"url": "https://x:" + theirs + "@ci.example/" + theirs + "?t=" + theirs, "secret": theirs}},
	}})
	for name, params := range map[string]m{"github.secretscanning.resolve": {"repo": "a/b", "number": 1}, "github.repo.webhook.deactivate": {"repo": "a/b", "hook_id": 2}} {
		plan, err := planned(t, as[name], params)
		b, _ := json.Marshal(plan)
		if err != nil || strings.Contains(string(b), theirs) {
			t.Errorf("%s: %s, %v", name, b, err)
		}
	}
}

// TestSentAsShown compares the requests of a plan with those that arrive, for
// names that have to be escaped.
func TestSentAsShown(t *testing.T) {
	labels := []any{"a/b", "50% done", "sev 1?", "#1", "../..x", "ä"}
	issue := m{"id": 90, "title": "t", "labels": []m{}}
	for _, l := range labels {
		issue["labels"] = append(issue["labels"].([]m), m{"name": l})
	}
	p := &peer{answers: m{"GET /user": user(), "GET /repos/a/b": repoNamed("a/b"), "GET /repos/a/b/issues/1": issue}}
	a := facing(t, p)["github.issue.unlabel"]
	plan, err := planned(t, a, m{"repo": "a/b", "number": 1, "labels": labels})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Do(t.Context(), plan.Call, plan); err != nil {
		t.Fatal(err)
	}
	sent := p.writes()
	if len(sent) != len(labels) || len(plan.Requests) != len(labels) {
		t.Fatalf("planned %d, sent %d", len(plan.Requests), len(sent))
	}
	for i, r := range plan.Requests {
		if !strings.HasSuffix(r.URL, sent[i].path) || strings.Count(sent[i].path, "/") != 7 {
			t.Errorf("shown %s, sent %s", r.URL, sent[i].path)
		}
	}
}

// TestRevoking sends a token to GitHub only where it is GitHub's, by nobody, and
// shows it nowhere.
func TestRevoking(t *testing.T) {
	const leaked = "ghp_leaked0123456789abcdef"
	p := &peer{answers: m{"GET /user": user()}, status: map[string]int{"POST /credentials/revoke": 202}}
	a := facing(t, p)["github.credential.revoke"]
	for _, other := range []string{"AKIA0123456789", "whsec_x", "ghp_two words", "ghp_two\nlines", "ghs_installation"} {
		_, err := a.Do(t.Context(), integrations.Call{Params: m{"credential": "env:" + other}}, integrations.Plan{})
		if err == nil || integrations.OutcomeOf(err) != integrations.Rejected || strings.Contains(err.Error(), other) {
			t.Errorf("%q: %v", other, err)
		}
	}
	if w := p.writes(); len(w) != 0 {
		t.Fatalf("sent %v", w)
	}
	c := integrations.Call{Params: m{"credential": "env:" + leaked}}
	if _, err := a.Do(t.Context(), c, integrations.Plan{}); err != nil {
		t.Fatal(err)
	}
	w := p.writes()
	if len(w) != 1 || w[0].authorization != "" || !strings.Contains(w[0].body, leaked) {
		t.Errorf("sent %v", w)
	}
	p.answers["POST /credentials/revoke"] = m{"message": "cannot revoke " + leaked}
	p.status["POST /credentials/revoke"] = 422
	if _, err := a.Do(t.Context(), c, integrations.Plan{}); err == nil || strings.Contains(err.Error(), leaked) {
		t.Errorf("the error shows the token: %v", err)
	}
	p.status["GET /rate_limit"] = 401
	if v, err := a.Verify(t.Context(), c, integrations.Receipt{}); err != nil || !v.OK || !v.Final {
		t.Errorf("%+v, %v", v, err)
	}
	p.status["GET /rate_limit"] = 503
	if v, err := a.Verify(t.Context(), c, integrations.Receipt{}); err == nil {
		t.Errorf("%+v from a server that is down", v)
	}
}

// TestLongSelection turns off what it cannot save whole, and does not claim to
// undo it.
func TestLongSelection(t *testing.T) {
	full := []m{}
	for i := range 100 {
		full = append(full, m{"id": i + 1})
	}
	as := facing(t, &peer{answers: m{
		"GET /user": user(), "GET /orgs/a": m{"id": 5}, "GET /orgs/a/actions/permissions": m{"enabled_repositories": "selected"},
		"GET /orgs/a/actions/permissions/repositories": m{"repositories": full},
	}})
	plan, err := planned(t, as["github.org.actions.off"], m{"org": "a"})
	if err != nil || plan.Inverse != nil || !strings.Contains(strings.Join(plan.Warnings, " "), "too long") {
		t.Errorf("%+v, %v", plan, err)
	}
	if _, err := as["github.org.actions.off"].(integrations.Reverter).Inverse(plan.Call, plan.Prior, integrations.Receipt{}); err == nil {
		t.Error("there is an inverse")
	}
}

// TestEditions refuses what an edition lacks, before anything is sent there: a
// leaked token above all.
func TestEditions(t *testing.T) {
	for _, c := range []struct {
		base, action string
		params       m
		fine         bool
	}{
		{"https://ghe.acme.example/api/v3", "github.credential.revoke", m{"credential": "env:X"}, false},
		{"https://ghe.acme.example/api/v3/", "github.org.block", m{"org": "a", "user": "u"}, false},
		{"https://ghe.acme.example/api/v3/", "github.sso.revoke", m{"org": "a", "credential_id": 1}, false},
		{"https://ghe.acme.example/api/v3/", "github.user.suspend", m{"user": "u"}, true},
		{"https://ghe.acme.example/api/v3/", "github.audit.log", m{"org": "a"}, true},
		{"", "github.user.suspend", m{"user": "u"}, false},
		{"https://api.acme.ghe.com", "github.user.suspend", m{"user": "u"}, false},
		{"https://api.acme.ghe.com", "github.org.block", m{"org": "a", "user": "u"}, true},
		{"", "github.sso.revoke", m{"org": "a", "credential_id": 1}, true},
		{"", "github.audit.log", m{"org": "a"}, true},
	} {
		as, err := actions(integrations.Connection{Name: "github", Kind: "github", BaseURL: c.base})
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range as {
			if a.Describe().Name != c.action {
				continue
			}
			call := integrations.Call{Params: c.params}
			if err := a.(integrations.Validator).Validate(call); (err == nil) != c.fine || err != nil && integrations.OutcomeOf(err) != integrations.Rejected {
				t.Errorf("%s at %s: %v", c.action, c.base, err)
			}
			if c.fine {
				continue
			}
			if _, err := a.Do(t.Context(), call, integrations.Plan{}); err == nil || integrations.OutcomeOf(err) != integrations.Rejected {
				t.Errorf("%s at %s: %v", c.action, c.base, err)
			}
		}
	}
}
