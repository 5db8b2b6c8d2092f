package webhook

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"firebreak/integrations"
)

// library is node with the official library in reach.
func library(t *testing.T) *exec.Cmd {
	t.Helper()
	const missing = "the official library is not here: npm install -g standardwebhooks@1.1.1 (tools/needs test)"
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip(missing)
	}
	root, err := exec.CommandContext(t.Context(), "npm", "root", "-g").Output()
	if err != nil {
		t.Skip(missing)
	}
	modules := strings.TrimSpace(string(root))
	if _, err := os.Stat(filepath.Join(modules, "standardwebhooks")); err != nil {
		t.Skip(missing)
	}
	cmd := exec.CommandContext(t.Context(), node, filepath.Join("testdata", "verify.js"))
	cmd.Env = append(os.Environ(), "NODE_PATH="+modules)
	return cmd
}

// TestOfficialLibrary sends messages and has them verified by the library that
// receivers use; it must take ours, and refuse what was changed on the way.
func TestOfficialLibrary(t *testing.T) {
	cmd := library(t)
	type received struct {
		Secret  string            `json:"secret"`
		Headers map[string]string `json:"headers"`
		Body    string            `json:"body"`
	}
	const present, former = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
	var got received
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		got = received{Secret: present, Body: string(b), Headers: map[string]string{}}
		for _, h := range []string{"webhook-id", "webhook-timestamp", "webhook-signature"} {
			got.Headers[h] = r.Header.Get(h)
		}
	}))
	defer s.Close()
	as, err := actions(integrations.Connection{
		Name: "hook", Kind: "webhook", BaseURL: s.URL, Now: time.Now, Settings: map[string]string{"allow_private": "true"},
		Has: func(n string) bool { return n == "secret" || n == "former_secret" },
		Secret: func(_ context.Context, n string) (string, error) {
			return map[string]string{"secret": present, "former_secret": former}[n], nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	c := integrations.Call{Action: "webhook.send", Connection: "hook", Params: map[string]any{"message": "Wir dämmen ein: <b>\u2028 \"x\""}, Key: integrations.Key("2026-0007", "a1", 0), Incident: "2026-0007", Seal: "2026-0007 @3 aa"}
	if _, err := as[0].Do(t.Context(), c, integrations.Plan{}); err != nil {
		t.Fatal(err)
	}
	first := got.Headers["webhook-id"]
	if _, err := as[0].Do(t.Context(), c, integrations.Plan{}); err != nil {
		t.Fatal(err)
	}
	if first != c.Key || got.Headers["webhook-id"] != first {
		t.Errorf("ids %s and %s: want the key", first, got.Headers["webhook-id"])
	}
	changed := func(f func(*received)) received {
		r := got
		r.Headers = map[string]string{}
		for k, v := range got.Headers {
			r.Headers[k] = v
		}
		f(&r)
		return r
	}
	cases := []received{
		got,
		changed(func(r *received) { r.Secret = former }), // a receiver that has not changed its secret yet
		changed(func(r *received) { r.Secret = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" }),
		changed(func(r *received) { r.Body += " " }),
		changed(func(r *received) { r.Headers["webhook-id"] = "other" }),
		changed(func(r *received) { r.Headers["webhook-timestamp"] = "1614265330" }),
	}
	in, err := json.Marshal(cases)
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdin = strings.NewReader(string(in))
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	if err := json.Unmarshal(out, &said); err != nil || len(said) != len(cases) {
		t.Fatalf("%s, %v", out, err)
	}
	for i, s := range said {
		if (s == "true") != (i < 2) {
			t.Errorf("case %d: the library says %q", i, s)
		}
	}
}
