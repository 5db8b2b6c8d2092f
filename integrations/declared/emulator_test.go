package declared_test

import (
	"bufio"
	"context"
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
	"firebreak/integrations/declared"
)

// TestOktaEmulated suspends a user of an emulator that others wrote (npm's
// emulate), looks, lifts the suspension and looks again. The emulator knows no
// sessions and no factors; what it takes without a word is no proof.
func TestOktaEmulated(t *testing.T) {
	t.Parallel()
	dir := os.Getenv("FIREBREAK_VENDORS")
	program := filepath.Join(dir, "node_modules", "emulate", "dist", "index.js")
	if _, err := os.Stat(program); dir == "" || err != nil {
		t.Skip("emulate is not here: tools/vendors DIR fetches it, FIREBREAK_VENDORS=DIR names it")
	}
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("node is not installed")
	}
	base := emulated(t, node, program)
	files, err := declared.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	const token = "test_token_admin"
	open := func(t *testing.T) conform.World {
		t.Helper()
		c := integrations.Connection{
			Name: "okta", Kind: "okta", BaseURL: base, Now: time.Now, Drill: true,
			Secret: func(context.Context, string) (string, error) { return token, nil },
		}
		r, err := integrations.NewRegistry(declared.Systems(files), []integrations.Connection{c})
		if err != nil {
			t.Fatal(err)
		}
		return conform.World{Registry: r, Secrets: []string{token}, Changes: func(*testing.T) int { return 0 }}
	}
	const user = "testuser@okta.local"
	conform.Cycle(t, open, conform.Case{Action: "okta.user.suspend", Connection: "okta", Params: map[string]any{"user": user}, Traceless: true})
	conform.Cycle(t, open, conform.Case{
		Action: "okta.user.unsuspend", Connection: "okta", Params: map[string]any{"user": user}, Traceless: true,
		Setup: func(t *testing.T, w conform.World, p map[string]any) {
			a := conform.Lookup(t, w, "okta.user.suspend", "okta")
			call := integrations.Call{Action: "okta.user.suspend", Connection: "okta", Params: p, Key: "k"}
			prior, err := a.Prior(t.Context(), call)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := a.Do(t.Context(), call, integrations.Plan{Prior: prior}); err != nil {
				t.Fatal(err)
			}
		},
	})
}

// emulated starts the emulator and gives its address.
func emulated(t *testing.T, node, program string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port //nolint:forcetypeassert // a listener of TCP
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), node, program, "start", "--service", "okta", "--port", fmt.Sprint(port))
	cmd.Dir = t.TempDir()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cmd.Process.Kill(); err != nil {
			t.Error(err)
		}
		_ = cmd.Wait() // it was killed
	})
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if strings.Contains(lines.Text(), "Tokens") {
			break
		}
	}
	base := fmt.Sprintf("http://127.0.0.1:%d", port)
	for range 100 {
		r, err := http.Get(base + "/api/v1/users")
		if err == nil {
			if err := r.Body.Close(); err != nil {
				t.Fatal(err)
			}
			return base
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("the emulator does not answer")
	return ""
}
