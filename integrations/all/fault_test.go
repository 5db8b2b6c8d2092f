package all

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"firebreak/integrations"
	"firebreak/integrations/conform"
	"firebreak/integrations/drill"
)

// TestFaultsAreClassified breaks each server in each way and checks what the
// adapter says is known about the effect against what the world holds.
func TestFaultsAreClassified(t *testing.T) {
	type m = map[string]any
	actions := []struct {
		name, connection string
		params           m
	}{
		{"github.workflow.disable", "github", m{"repo": drill.Repo, "workflow": drill.Workflow}},
		{"github.deploykey.delete", "github", m{"repo": drill.Repo, "key_id": drill.DeployKey}},
		{"github.issue.create", "github", m{"repo": drill.Repo, "title": "x"}},
		{"github.issue.comment", "github", m{"repo": drill.Repo, "number": 1, "body": "x"}},
		{"github.member.remove", "github", m{"org": drill.Org, "user": drill.Member}},
		{"github.repo.freeze", "github", m{"repo": drill.Repo}},
		{"github.run.cancel", "github", m{"repo": drill.Repo, "run_id": drill.RunID}},
		{"github.collaborator.remove", "github", m{"repo": drill.Repo, "user": drill.Outsider}},
		{"github.credential.revoke", "github", m{"credential": "env:LEAKED"}},
		{"pagerduty.event.trigger", "pagerduty", m{"summary": "x"}},
		{"pagerduty.incident.note", "pagerduty", m{"incident": drill.Incident, "note": "x"}},
		{"pagerduty.incident.create", "pagerduty", m{"title": "x", "service": drill.Service}},
		{"pagerduty.incident.snooze", "pagerduty", m{"incident": drill.Incident, "for": "1h"}},
		{"pagerduty.incident.reassign", "pagerduty", m{"incident": drill.Incident, "users": []any{drill.Helper}}},
		{"pagerduty.responders.request", "pagerduty", m{"incident": drill.Incident, "message": "x", "users": []any{drill.Helper}}},
		{"pagerduty.change.send", "pagerduty", m{"summary": "x"}},
		{"webhook.send", "webhook", m{"message": "x"}},
		{"kubernetes.node.cordon", "kubernetes", m{"node": drill.Node}},
		{"kubernetes.workload.stop", "kubernetes", m{"namespace": drill.Namespace, "name": drill.Workload}},
		{"kubernetes.networkpolicy.deny", "kubernetes", m{"namespace": drill.Namespace, "selector": []any{"app=api"}}},
	}
	modes := []struct {
		mode    drill.Mode
		want    integrations.Outcome
		changed int
	}{
		{drill.DropBefore, integrations.Ambiguous, 0},
		{drill.DropAfter, integrations.Ambiguous, 1},
		{drill.TooMany, integrations.Throttled, 0},
		{drill.Secondary, integrations.Throttled, 0},
		{drill.ServerError, integrations.Ambiguous, 0},
		{drill.ErrorAfter, integrations.Ambiguous, 1},
		{drill.Echo, integrations.Rejected, 0},
	}
	for _, a := range actions {
		for _, f := range modes {
			t.Run(a.name+"/"+string(f.mode), func(t *testing.T) {
				t.Parallel()
				d, w := open(t)
				action := conform.Lookup(t, w, a.name, a.connection)
				call := integrations.Call{Action: a.name, Connection: a.connection, Params: a.params, Key: integrations.Key("2026-0007", "a1", 0), Incident: "2026-0007"}
				prior, err := action.Prior(t.Context(), call)
				if err != nil {
					t.Fatal(err)
				}
				p, err := action.Plan(t.Context(), call, prior)
				if err != nil {
					t.Fatal(err)
				}
				method := p.Requests[0].Method
				d.Fail(drill.Fault{System: a.connection, Method: method, Mode: f.mode})
				before := w.Changes(t)
				_, err = action.Do(t.Context(), call, p)
				if err == nil {
					t.Fatal("no error")
				}
				if got := integrations.OutcomeOf(err); got != f.want {
					t.Errorf("outcome %s: want %s: %v", got, f.want, err)
				}
				if n := w.Changes(t) - before; n != f.changed {
					t.Errorf("the world changed %d times: want %d", n, f.changed)
				}
				if conform.Leaks(err.Error(), w.Secrets) {
					t.Errorf("the error shows a secret: %v", err)
				}
				var e *integrations.Error
				if f.mode == drill.TooMany && errors.As(err, &e) && e.After != 7*time.Second {
					t.Errorf("wait %s: want 7s", e.After)
				}
				finder, ok := action.(integrations.Finder)
				if !ok {
					return
				}
				if _, found, err := finder.Find(t.Context(), call); err != nil || found != (f.changed == 1) {
					t.Errorf("find: %v, %v: the world changed %d times", found, err, f.changed)
				}
			})
		}
	}
}

// TestGarbageAfterTheEffect answers a write with something that is no JSON: it
// was done, and that must not be lost.
func TestGarbageAfterTheEffect(t *testing.T) {
	d, w := open(t)
	a := conform.Lookup(t, w, "github.issue.create", "github")
	call := integrations.Call{Action: "github.issue.create", Connection: "github", Params: map[string]any{"repo": drill.Repo, "title": "x"}, Key: "k", Incident: "2026-0007"}
	d.Fail(drill.Fault{System: "github", Method: "POST", Mode: drill.Garbage})
	_, err := a.Do(t.Context(), call, integrations.Plan{})
	if integrations.OutcomeOf(err) != integrations.Ambiguous || err == nil {
		t.Errorf("error %v: want an ambiguous one", err)
	}
}

// TestNothingListens reaches for a port that nobody serves.
func TestNothingListens(t *testing.T) {
	for _, c := range []struct{ kind, action string }{{"github", "github.workflow.disable"}, {"webhook", "webhook.send"}, {"pagerduty", "pagerduty.event.trigger"}} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		conn := integrations.Connection{
			Name: c.kind, Kind: c.kind, BaseURL: "http://" + l.Addr().String(), Now: time.Now,
			Settings: map[string]string{"allow_private": "true"},
			Secret:   func(context.Context, string) (string, error) { return "a-secret-of-sixteen-bytes", nil },
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		r, err := integrations.NewRegistry(Systems(), []integrations.Connection{conn})
		if err != nil {
			t.Fatal(err)
		}
		a, _, err := r.Lookup(c.action, c.kind)
		if err != nil {
			t.Fatal(err)
		}
		params := map[string]map[string]any{
			"github":    {"repo": "a/b", "workflow": "x.yml"},
			"webhook":   {"message": "x"},
			"pagerduty": {"summary": "x"},
		}[c.kind]
		_, err = a.Do(t.Context(), integrations.Call{Action: c.action, Connection: c.kind, Params: params, Key: "k"}, integrations.Plan{})
		if err == nil || integrations.OutcomeOf(err) != integrations.NotSent {
			t.Errorf("%s: %v: want not-sent", c.kind, err)
		}
	}
}

// TestWrongSecrets uses the drill's servers with secrets that are not theirs.
func TestWrongSecrets(t *testing.T) {
	d, err := drill.Open(t.TempDir(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer closing(t, d)
	cs := d.Connections()
	const wrong = "wrong-secret-0123456789"
	for i := range cs {
		cs[i].Secret = func(context.Context, string) (string, error) { return wrong, nil }
	}
	r, err := integrations.NewRegistry(Systems(), cs)
	if err != nil {
		t.Fatal(err)
	}
	for name, params := range map[string]map[string]any{
		"github.workflow.disable": {"repo": drill.Repo, "workflow": drill.Workflow},
		"pagerduty.event.trigger": {"summary": "x"},
		"pagerduty.incident.note": {"incident": drill.Incident, "note": "x"},
		"webhook.send":            {"message": "x"},
		"kubernetes.node.cordon":  {"node": drill.Node},
	} {
		a, connection, err := r.Lookup(name, "")
		if err != nil {
			t.Fatal(err)
		}
		_, err = a.Do(t.Context(), integrations.Call{Action: name, Connection: connection, Params: params, Key: "k"}, integrations.Plan{})
		var e *integrations.Error
		if !errors.As(err, &e) || e.Outcome != integrations.Rejected || e.Hint == "" {
			t.Errorf("%s: %v: want a rejection with a hint", name, err)
		}
		if err != nil && strings.Contains(err.Error(), wrong) {
			t.Errorf("%s: the error shows the secret", name)
		}
	}
}

// TestAnotherProcessSeesTheSameWorld closes the world and opens it again.
func TestAnotherProcessSeesTheSameWorld(t *testing.T) {
	dir := t.TempDir()
	call := integrations.Call{Action: "linux.nft.block", Connection: "host", Params: map[string]any{"address": drill.Address}, Key: "k"}
	var digests []string
	for i := range 2 {
		d, err := drill.Open(dir, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		r, err := integrations.NewRegistry(Systems(), d.Connections())
		if err != nil {
			t.Fatal(err)
		}
		disable, _, err := r.Lookup("github.issue.create", "github")
		if err != nil {
			t.Fatal(err)
		}
		issue := integrations.Call{Action: "github.issue.create", Connection: "github", Params: map[string]any{"repo": drill.Repo, "title": "x"}, Key: "k"}
		prior, err := disable.Prior(t.Context(), issue)
		if err != nil {
			t.Fatal(err)
		}
		p, err := disable.Plan(t.Context(), issue, prior)
		if err != nil {
			t.Fatal(err)
		}
		digest, err := p.Digest()
		if err != nil {
			t.Fatal(err)
		}
		digests = append(digests, digest)
		block, _, err := r.Lookup("linux.nft.block", "host")
		if err != nil {
			t.Fatal(err)
		}
		v, err := block.Verify(t.Context(), call, integrations.Receipt{})
		if err != nil || v.OK != (i == 1) {
			t.Errorf("world %d: blocked %v, %v", i, v.OK, err)
		}
		if i == 0 {
			if _, err := block.Do(t.Context(), call, integrations.Plan{}); err != nil {
				t.Fatal(err)
			}
		}
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if digests[0] != digests[1] {
		t.Error("the digest of a plan depends on the process that makes it")
	}
	if e, err := drill.ReadEffects(dir); err != nil || len(e) != 1 {
		t.Errorf("effects %v, %v", e, err)
	}
}
