package drill

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"firebreak/integrations"
)

func world(t *testing.T, dir string, now func() time.Time) *World {
	t.Helper()
	w, err := Open(dir, now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

// TestNoChangeIsLost changes one world from two sides at once.
func TestNoChangeIsLost(t *testing.T) {
	dir := t.TempDir()
	var wg sync.WaitGroup
	for range 2 {
		w := world(t, dir, time.Now)
		for range 4 {
			wg.Go(func() {
				for range 5 {
					err := w.change(func(s *state) error {
						w.effect(s, "test", "change", "x", "firebreak-key:k -->")
						return nil
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
	}
	wg.Wait()
	e, err := ReadEffects(dir)
	if err != nil || len(e) != 40 || e[0].Key != "k" {
		t.Errorf("%d effects, %v", len(e), err)
	}
	if st, err := os.Stat(filepath.Join(dir, "drill.json")); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("the state file: %v, %v", st.Mode(), err)
	}
}

// TestOnlyItself dials nothing but its own servers, and serves nobody else.
func TestOnlyItself(t *testing.T) {
	w := world(t, t.TempDir(), time.Now)
	for _, address := range []string{"example.org:80", "127.0.0.1:22", "drill.invalid.example.org:80"} {
		if _, err := w.dial(context.Background(), "tcp", address); err == nil {
			t.Errorf("dialled %s", address)
		}
	}
	resp, err := http.Get("http://" + w.addr + "/user")
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil {
		t.Error(err)
	}
	if resp.StatusCode != http.StatusMisdirectedRequest {
		t.Errorf("a visitor got %s", resp.Status)
	}
}

func TestDamagedState(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "drill.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, time.Now); err == nil {
		t.Error("opened")
	}
	if b, err := os.ReadFile(filepath.Join(dir, "drill.json")); err != nil || string(b) != "{" {
		t.Errorf("the damaged file was changed: %q, %v", b, err)
	}
}

// TestSecretsDiffer draws new secrets for each world.
func TestSecretsDiffer(t *testing.T) {
	a, err := seed(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	b, err := seed(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if a.Secrets.GitHub == b.Secrets.GitHub || a.Secrets.Webhook == b.Secrets.Webhook || len(a.Secrets.Routing) < 30 {
		t.Error("two worlds share a secret")
	}
}

// TestTimeout has the clock pass a block's end.
func TestTimeout(t *testing.T) {
	now := time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)
	w := world(t, t.TempDir(), func() time.Time { return now })
	h := fakeHost{w}
	script := "add table inet firebreak\nadd set inet firebreak blocked4 { type ipv4_addr; }\nadd element inet firebreak blocked4 { 192.0.2.1 timeout 60s }\n"
	run := func(argv, stdin string) integrations.Output {
		t.Helper()
		out, err := h.Run(t.Context(), integrations.Program{Argv: strings.Fields(argv), Stdin: stdin})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	if out := run("nft -c -f -", script); out.Code != 0 {
		t.Errorf("check: %s", out.Stderr)
	}
	if out := run("nft -j list table inet firebreak", ""); out.Code == 0 {
		t.Error("a check made the table")
	}
	run("nft -f -", script)
	if out := run("nft -j list table inet firebreak", ""); !strings.Contains(string(out.Stdout), "192.0.2.1") {
		t.Errorf("not blocked: %s", out.Stdout)
	}
	now = now.Add(time.Minute)
	if out := run("nft -j list table inet firebreak", ""); strings.Contains(string(out.Stdout), "192.0.2.1") {
		t.Errorf("still blocked: %s", out.Stdout)
	}
	for _, bad := range []string{"flush ruleset\n", "add element inet firebreak nowhere { 1.2.3.4 }\n", "add element inet firebreak blocked4 { x }\n", "delete element inet firebreak blocked4 { 9.9.9.9 }\n", "add rule inet filter x\n"} {
		if out := run("nft -f -", script+bad); out.Code == 0 {
			t.Errorf("%q was taken", bad)
		}
	}
	if out := run("nft -j list table inet firebreak", ""); strings.Contains(string(out.Stdout), "192.0.2.1") {
		t.Error("a failed script left something behind")
	}
	if _, err := h.Run(t.Context(), integrations.Program{Argv: []string{"rm", "-rf", "/"}}); integrations.OutcomeOf(err) != integrations.Rejected {
		t.Errorf("another program: %v", err)
	}
}

// TestTalks: what the playbooks may notify is what the world has.
func TestTalks(t *testing.T) {
	w := world(t, t.TempDir(), time.Now)
	have := map[string]string{}
	for _, c := range w.Connections() {
		have[c.Name] = c.Kind
	}
	for name, kind := range Talks() {
		if have[name] != kind {
			t.Errorf("%s is %q: want %q", name, have[name], kind)
		}
	}
}

// TestWorldOfAnEarlierVersion gets what it lacks, and keeps what it has.
func TestWorldOfAnEarlierVersion(t *testing.T) {
	dir := t.TempDir()
	w := world(t, dir, time.Now)
	if err := w.change(func(s *state) error {
		s.Secrets.Slack, s.Slack, s.Secrets.Mail, s.Jira = "", nil, "", nil
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	before, err := w.view()
	if err != nil {
		t.Fatal(err)
	}
	s, err := world(t, dir, time.Now).view()
	if err != nil || s.Secrets.Slack == "" || s.Secrets.Mail == "" || len(s.Slack) == 0 || len(s.Jira) == 0 {
		t.Errorf("%v: the world lacks something", err)
	}
	if s.Secrets.GitHub != before.Secrets.GitHub || s.Secrets.Teams != before.Secrets.Teams {
		t.Error("a secret changed")
	}
}
