package all

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"firebreak/integrations"
	"firebreak/integrations/conform"
)

// emulateVersion is the release of the emulator that others wrote. Later ones
// need a newer node, and the package's name had another owner before.
const emulateVersion = "0.11.2"

const emulateSeed = `tokens:
  test_token_admin: {login: acme-responder, scopes: [repo, user, admin:org, admin:repo_hook, admin:org_hook]}
github:
  users:
    - {login: acme-responder, name: Responder, email: r@acme.example}
    - {login: contractor, name: Contractor, email: c@acme.example}
    - {login: mallory, name: Mallory, email: m@acme.example}
  orgs:
    - {login: acme, name: Acme, members: [{login: acme-responder, role: admin}, {login: mallory, role: admin}]}
  repos:
    - {owner: acme, name: payments, auto_init: true}
    - {owner: acme-responder, name: own, auto_init: true}
`

// emulated starts the emulator, and returns its address.
func emulated(t *testing.T) string {
	t.Helper()
	program, err := exec.LookPath("emulate")
	if err != nil {
		t.Skip("the emulator is not here: tools/needs test, or npm install -g emulate@" + emulateVersion)
	}
	if got, err := exec.CommandContext(t.Context(), program, "--version").CombinedOutput(); err != nil || strings.TrimSpace(string(got)) != emulateVersion {
		t.Skipf("the emulator is of another release: %s, %v: want %s", got, err, emulateVersion)
	}
	seed := filepath.Join(t.TempDir(), "seed.yaml")
	if err := os.WriteFile(seed, []byte(emulateSeed), 0o600); err != nil {
		t.Fatal(err)
	}
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	cmd := exec.CommandContext(t.Context(), program, "start", "--service", "github", "--port", port, "--seed", seed)
	cmd.Dir, cmd.Stdout, cmd.Stderr = t.TempDir(), &said, &said
	ended := make(chan error, 1)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		if err := cmd.Process.Kill(); err != nil {
			t.Error(err)
		}
		if err := <-ended; err == nil {
			t.Error("the emulator ended by itself")
		}
	})
	base := "http://localhost:" + port
	for range 300 {
		if answers(t, base) {
			return base
		}
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("the emulator ended: %v\n%s", err, said.String())
		case <-time.After(100 * time.Millisecond):
		}
	}
	t.Fatal("the emulator does not answer")
	return ""
}

func answers(t *testing.T, base string) bool {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+"/rate_limit", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return false
	}
	defer closing(t, resp.Body)
	return resp.StatusCode == http.StatusOK
}

// put makes something at the emulator that no action makes, and returns its id.
func put(t *testing.T, base, path, body string) int64 {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer test_token_admin")
	r.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer closing(t, resp.Body)
	var made struct {
		ID int64 `json:"id"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&made); err != nil || resp.StatusCode != http.StatusCreated {
		t.Fatalf("make %s: %s, %v", path, resp.Status, err)
	}
	return made.ID
}

// TestEmulator does, verifies and undoes at an emulator that nobody here wrote.
// What it is known to get wrong (protection of branches) or lacks (rulesets,
// Actions, alerts, deploy keys, blocks, invitations) is not asked.
func TestEmulator(t *testing.T) {
	base := emulated(t)
	r, err := integrations.NewRegistry(Systems(), []integrations.Connection{{
		Name: "github", Kind: "github", BaseURL: base, Now: time.Now, Drill: true, // no second between writes
		Secret: func(context.Context, string) (string, error) { return "test_token_admin", nil },
	}})
	if err != nil {
		t.Fatal(err)
	}
	world := conform.World{Registry: r, Changes: func(*testing.T) int { return 0 }, Secrets: []string{"test_token_admin"}}
	type m = map[string]any
	before := func(action string, params m) func(*testing.T, conform.World, map[string]any) {
		return func(t *testing.T, w conform.World, _ map[string]any) { did(t, w, action, "github", params) }
	}
	opened := func(t *testing.T, w conform.World, p map[string]any) {
		p["number"] = did(t, w, "github.issue.create", "github", m{"repo": p["repo"], "title": "Leaked token"}).Data["number"]
	}
	const repo, own = "acme/payments", "acme-responder/own"
	hook := `{"name":"web","config":{"url":"https://ci.acme.example/x","content_type":"json"},"events":["push"],"active":true}`
	hooked := func(path string) func(*testing.T, conform.World, map[string]any) {
		return func(t *testing.T, _ conform.World, p map[string]any) { p["hook_id"] = put(t, base, path, hook) }
	}
	for _, c := range []conform.Case{
		{Action: "github.collaborator.add", Params: m{"repo": repo, "user": "contractor", "permission": "pull"}},
		{Action: "github.collaborator.remove", Params: m{"repo": repo, "user": "contractor"}, Setup: before("github.collaborator.add", m{"repo": repo, "user": "contractor", "permission": "push"})},
		{Action: "github.collaborator.add", Params: m{"repo": own, "user": "contractor"}},
		{Action: "github.member.demote", Params: m{"org": "acme", "user": "mallory"}},
		{Action: "github.team.add", Params: m{"org": "acme", "team": "members", "user": "contractor", "role": "maintainer"}},
		{Action: "github.team.remove", Params: m{"org": "acme", "team": "members", "user": "contractor"}, Setup: before("github.team.add", m{"org": "acme", "team": "members", "user": "contractor"})},
		{Action: "github.repo.archive", Params: m{"repo": own}},
		{Action: "github.repo.unarchive", Params: m{"repo": own}, Setup: before("github.repo.archive", m{"repo": own})},
		{Action: "github.repo.private", Params: m{"repo": repo}},
		{Action: "github.repo.publish", Params: m{"repo": repo, "visibility": "public"}, Setup: before("github.repo.private", m{"repo": repo})},
		{Action: "github.repo.create", Params: m{"org": "acme", "name": "incident-2026-0007"}, Lasting: true},
		{Action: "github.repo.webhook.deactivate", Params: m{"repo": repo}, Setup: hooked("/repos/" + repo + "/hooks")},
		{Action: "github.org.webhook.deactivate", Params: m{"org": "acme"}, Setup: hooked("/orgs/acme/hooks")},
		{Action: "github.issue.create", Params: m{"repo": repo, "title": "Leaked token", "body": "We are on it.", "labels": []any{"incident"}}},
		{Action: "github.issue.close", Params: m{"repo": repo}, Setup: opened},
		{Action: "github.issue.comment", Params: m{"repo": repo, "body": "Contained."}, Setup: opened},
		{Action: "github.issue.label", Params: m{"repo": repo, "labels": []any{"sev 1", "incident"}}, Setup: opened},
		{Action: "github.issue.update", Params: m{"repo": repo, "title": "Leaked token: over", "body": "All is well."}, Setup: opened},
	} {
		c.Connection, c.Traceless = "github", true
		t.Run(fmt.Sprintf("%s %v", c.Action, c.Params["repo"]), func(t *testing.T) {
			conform.Cycle(t, func(*testing.T) conform.World { return world }, c)
		})
	}
}
