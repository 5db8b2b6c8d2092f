//go:build unix

package cmd_test

import (
	"bytes"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// TestNoSecretOfAPlaybookStays runs a playbook whose steps carry a secret into a
// request, an environment and a called playbook, against a server that says it
// back, and looks for it in everything that is left and printed.
func TestNoSecretOfAPlaybookStays(t *testing.T) {
	t.Parallel()
	const secret = "QxZjKwPv-s3cret-0fThe-Playb00k"
	var mu sync.Mutex
	got := map[string]int{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if r.Header.Get("X-Token") == secret {
			got[r.Method+" "+r.URL.Path]++
		}
		w.Header().Set("X-Echo", r.Header.Get("X-Token"))
		_, _ = w.Write([]byte(`{"you": "` + r.Header.Get("X-Token") + `"}`))
	}))
	defer server.Close()
	b := newBench(t, "PLAYBOOK_TOKEN="+secret)
	b.write(".config/firebreak/config.yaml", "name: ada\nconnections:\n  waf:\n    kind: http\n    base_url: "+server.URL+"\n    settings: {allow_private: \"true\"}\n")
	b.write("workspace/playbooks/inner.yaml", `playbook: v1
id: inner
name: Inner
version: 1.0.0
vars: {key: {type: secret}}
phases:
  contain:
    - {id: send, http: {method: POST, url: /inner, headers: {X-Token: "{{ key }}"}, body: {a: 1}}, connection: waf, irreversible: it stays}
`)
	file := b.write("secret.yaml", `playbook: v1
id: secret
name: Secret
version: 1.0.0
vars:
  token: {type: secret, prompt: "Token?", required: true}
  hosts: {type: list, default: [web-1, web-2]}
phases:
  identify:
    - {id: ask, http: {url: /state, headers: {X-Token: "{{ token }}"}}, connection: waf}
  contain:
    - {id: each, for_each: hosts, as: host, do: [{id: block, http: {method: POST, url: "/block/{{ host }}", headers: {X-Token: "{{ token }}"}}, connection: waf, irreversible: it stays}]}
    - {id: say, run: [printenv, TOKEN], env: {TOKEN: "{{ token }}"}, irreversible: it stays}
    - {id: call, playbook: inner@1, with: {key: "{{ token }}"}}
`)
	id := b.open("secret", "--playbook", file, "--var", "token=env:PLAYBOOK_TOKEN")
	var printed strings.Builder
	say := func(args ...string) result {
		t.Helper()
		r := b.run(args...)
		printed.WriteString(r.out + r.err)
		return r
	}
	say("run", id, "--auto")
	for _, step := range []string{"block.1", "block.2", "say", "call/send"} {
		say("run", id, "--step", step)
		var a struct{ Action, Digest string }
		var view struct {
			Actions []struct{ Action, Digest, State string }
		}
		b.into(&view, "show", id)
		for _, x := range view.Actions {
			if x.State == "planned" {
				a.Action, a.Digest = x.Action, x.Digest
			}
		}
		say("show", id, a.Action)
		if r := say("approve", id, a.Action, "--digest", a.Digest); r.code != 0 {
			t.Fatalf("approve %s of %s: %s%s", a.Action, step, r.out, r.err)
		}
		say("run", id, "--auto")
	}
	for _, args := range [][]string{{"show", id}, {"show", id, "--json"}, {"show", id, "activity"}, {"show", id, "ask", "--json"}, {"show", id, "say", "--json"}, {"review", id}, {"bundle", id, "--to", filepath.Join(b.dir, "b.tar.zst")}, {"export", id, "--json"}, {"verify", id}} {
		say(args...)
	}
	mu.Lock()
	defer mu.Unlock()
	for _, want := range []string{"GET /state", "POST /block/web-1", "POST /block/web-2", "POST /inner"} {
		if got[want] != 1 {
			t.Errorf("%s came %d times with its secret: %v\n%s", want, got[want], got, b.run("show", id).out)
		}
	}
	if st := b.run("show", id, "say").out; !strings.Contains(st, "***") {
		t.Errorf("the program did not get it: %s", st)
	}
	for _, n := range needles(secret) {
		if strings.Contains(printed.String(), string(n)) {
			t.Error("it was printed")
		}
	}
	err := filepath.WalkDir(b.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		for _, n := range needles(secret) {
			if bytes.Contains(text, n) {
				t.Errorf("it is in %s", path)
			}
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
