//go:build unix

package plugin_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"firebreak/integrations"
	"firebreak/integrations/conform"
	"firebreak/integrations/plugin"
)

const secret = "a-token-of-the-plugin"

// example is a program of docs/plugins.md.
func example(t *testing.T, language string) string {
	t.Helper()
	page, err := os.ReadFile("../../docs/plugins.md")
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile("(?s)```" + language + "\n(#!.*?)```").FindSubmatch(page)
	if m == nil {
		t.Fatalf("docs/plugins.md has no example in %s", language)
	}
	return write(t, string(m[1]))
}

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "plugin")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil { // it need not be executable
		t.Fatal(err)
	}
	return path
}

func digest(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// connection leads to a program whose world is a file.
func connection(t *testing.T, program string) (integrations.Connection, string) {
	t.Helper()
	world := filepath.Join(t.TempDir(), "list.txt")
	return integrations.Connection{
		Name: "list", Kind: "plugin", Now: time.Now, Settings: map[string]string{"program": program, "sha256": digest(t, program), "file": world},
		Has:    func(name string) bool { return name == "token" },
		Secret: func(context.Context, string) (string, error) { return secret, nil },
	}, world
}

func open(program string) func(*testing.T) conform.World {
	return func(t *testing.T) conform.World {
		t.Helper()
		c, world := connection(t, program)
		r, err := integrations.NewRegistry([]integrations.System{plugin.System()}, []integrations.Connection{c})
		if err != nil {
			t.Fatal(err)
		}
		for name, err := range r.Unavailable() {
			t.Fatal(name, err)
		}
		return conform.World{Registry: r, Secrets: []string{secret}, Changes: func(t *testing.T) int {
			b, err := os.ReadFile(world)
			if err != nil && !os.IsNotExist(err) {
				t.Fatal(err)
			}
			return strings.Count(string(b), "\n")
		}}
	}
}

func needs(t *testing.T, program string) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		t.Skipf("%s is not installed", program)
	}
}

func TestExampleInPython(t *testing.T) {
	t.Parallel()
	needs(t, "python3")
	program := example(t, "python")
	bad := []map[string]any{{"address": "1.2.3.4; rm -rf /"}, {"address": 7}, {"address": "$(id)"}}
	conform.Run(t, open(program), conform.Case{Action: "plugin.list.add", Connection: "list", Params: map[string]any{"address": "203.0.113.66"}, Bad: bad})
	conform.Cycle(t, open(program), conform.Case{
		Action: "plugin.list.remove", Connection: "list", Params: map[string]any{"address": "203.0.113.66"},
		Setup: func(t *testing.T, w conform.World, p map[string]any) {
			a := conform.Lookup(t, w, "plugin.list.add", "list")
			if _, err := a.Do(t.Context(), integrations.Call{Action: "plugin.list.add", Connection: "list", Params: p, Key: "k"}, integrations.Plan{}); err != nil {
				t.Fatal(err)
			}
		},
	})
}

func TestExampleInShell(t *testing.T) {
	t.Parallel()
	conform.Run(t, open(example(t, "sh")), conform.Case{
		Action: "plugin.list.append", Connection: "list", Params: map[string]any{"address": "203.0.113.66"},
		Bad: []map[string]any{{"address": `1.2.3.4","file":"/etc/passwd`}},
	})
}
