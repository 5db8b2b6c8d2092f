//go:build unix

package cmd_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

const ownKey = "own-waf-key-31415926"

// ownWAF is the firewall of docs/declared-actions.md.
func ownWAF(t *testing.T) (*httptest.Server, func() []string) {
	t.Helper()
	var mu sync.Mutex
	blocked := map[string]bool{}
	s := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		address, ok := strings.CutPrefix(r.URL.Path, "/sites/shop/blocked/")
		switch {
		case r.Header.Get("X-Api-Key") != ownKey:
			rw.WriteHeader(http.StatusUnauthorized)
		case !ok || r.Method != http.MethodPut && !blocked[address]:
			rw.WriteHeader(http.StatusNotFound)
		case r.Method == http.MethodGet:
			_, _ = io.WriteString(rw, `{"since":"2026-01-02"}`)
		case r.Method == http.MethodPut:
			blocked[address] = true
			rw.WriteHeader(http.StatusCreated)
		default:
			delete(blocked, address)
			rw.WriteHeader(http.StatusNoContent)
		}
	}))
	t.Cleanup(s.Close)
	return s, func() []string {
		mu.Lock()
		defer mu.Unlock()
		var out []string
		for a := range blocked {
			out = append(out, a)
		}
		return out
	}
}

// block is a piece of YAML or code of a page that begins so.
func block(t *testing.T, page, begins string) string {
	t.Helper()
	_, rest, ok := strings.Cut(readFile(t, "../docs/"+page), "\n"+begins)
	text, _, end := strings.Cut(rest, "\n```")
	if !ok || !end {
		t.Fatalf("docs/%s has no block that begins with %q", page, begins)
	}
	return begins + text + "\n"
}

// TestOwnActions plans, approves, does, verifies and undoes an action of a file and
// one of a program, with the real program. A broken file beside them, and a
// connection to a program that was changed, take away nothing but their own.
func TestOwnActions(t *testing.T) {
	t.Parallel()
	waf, blocked := ownWAF(t)
	b := newBench(t, "WAF_KEY="+ownKey, "LIST_TOKEN=own-list-token-2718")
	b.write("workspace/actions/waf.yaml", block(t, "declared-actions.md", "declared: v1\n"))
	b.write("workspace/actions/broken.yaml", "declared: v1\nkind: other\nsystem: {titel: x}\n")
	plugin := b.write("list.sh", block(t, "plugins.md", "#!/bin/sh\n"))
	sum := sha256.Sum256([]byte(readFile(t, plugin)))
	list := filepath.Join(b.dir, "list.txt")
	b.write(".config/firebreak/config.yaml", fmt.Sprintf(`connections:
  shop: {kind: waf, base_url: "%s", settings: {site: shop}, secrets: {token: env:WAF_KEY}}
  other: {kind: other}
  list: {kind: plugin, settings: {program: "%s", sha256: "%s", file: "%s"}}
  stale: {kind: plugin, settings: {program: "%s", sha256: "%064d"}}
`, waf.URL, plugin, hex.EncodeToString(sum[:]), list, plugin, 0))
	id := b.open("own", "--playbook", "generic", "--var", "what=x")

	act := func(name string, with ...string) string {
		t.Helper()
		var a struct {
			Action, Digest, State, Says string
			Plan                        struct{ Targets []struct{ Kind, ID string } }
		}
		args := []string{"plan", id, name}
		for _, w := range with {
			args = append(args, "--with", w)
		}
		b.into(&a, args...)
		if len(a.Plan.Targets) != 1 || a.Plan.Targets[0].ID != "203.0.113.66" {
			t.Errorf("%s: targets %+v", name, a.Plan.Targets)
		}
		b.want(0, "approve", id, a.Action, "--digest", a.Digest, "--confirm", "203.0.113.66")
		b.into(&a, "do", id, a.Action)
		if a.State != "verified" {
			t.Errorf("%s is %s: %s", name, a.State, a.Says)
		}
		return a.Action
	}
	done := act("waf.address.block", "address=203.0.113.66")
	if got := blocked(); len(got) != 1 || got[0] != "203.0.113.66" {
		t.Errorf("blocked %v", got)
	}
	var back struct{ Action, Digest, State, Name string }
	b.into(&back, "revert", id, done)
	b.want(0, "approve", id, back.Action, "--digest", back.Digest)
	b.into(&back, "do", id, back.Action)
	if got := blocked(); back.Name != "waf.address.unblock" || back.State != "verified" || len(got) != 0 {
		t.Errorf("undone: %+v, blocked %v", back, got)
	}
	b.want(0, "collect", id, "--collector", "linux.system") // it cannot be undone: evidence comes first
	act("plugin.list.append", "address=203.0.113.66")
	if got := readFile(t, list); got != "+ 203.0.113.66\n" {
		t.Errorf("the list: %q", got)
	}
	for action, why := range map[string]string{"other.x": "broken.yaml", "plugin.other.thing": "digest"} {
		if r := b.run("plan", id, action); r.code == 0 || !strings.Contains(r.err, why) {
			t.Errorf("%s: exit %d, %s", action, r.code, r.err)
		}
	}
	b.verified(id)
	for _, secret := range []string{ownKey, "own-list-token-2718"} {
		err := filepath.WalkDir(b.home, func(path string, d os.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() && strings.Contains(readFile(t, path), secret) {
				t.Errorf("%s holds a secret", path)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
}
