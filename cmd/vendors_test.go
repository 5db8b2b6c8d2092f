package cmd_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"sync"
	"testing"
	"time"

	"firebreak/integrations/drill"
)

// vendors are servers on the loopback interface that speak as GitHub, PagerDuty
// and a webhook receiver do. They count what they are sent, and can be slow, so
// that a kill finds a request under way.
type vendors struct {
	url   string
	slow  time.Duration // at most, before and after the effect
	world *drill.World
	env   []string // the secrets, as the configuration names them

	mu       sync.Mutex
	received map[string]int // writes by method, path, kind and key
	under    sync.WaitGroup // requests under way
}

func newVendors(t *testing.T, slow time.Duration) *vendors {
	t.Helper()
	w, err := drill.Open(filepath.Join(t.TempDir(), "vendors"), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	v := &vendors{slow: slow, world: w, received: map[string]int{}}
	mux := http.NewServeMux()
	mux.Handle("/github/", http.StripPrefix("/github", w.GitHub()))
	mux.Handle("/pagerduty/", http.StripPrefix("/pagerduty", w.PagerDuty()))
	mux.Handle("/hook", w.Webhook())
	s := httptest.NewServer(v.counted(mux))
	t.Cleanup(s.Close)
	v.url = s.URL
	for _, c := range w.Connections() {
		for _, name := range []string{"token", "routing_key", "secret"} {
			if c.Secret == nil {
				continue
			}
			if value, err := c.Secret(context.Background(), name); err == nil {
				v.env = append(v.env, fmt.Sprintf("TEST_%s_%s=%s", c.Name, name, value))
			}
		}
	}
	return v
}

// config is a configuration whose connections lead to the servers.
func (v *vendors) config() string {
	return `name: ada
connections:
  github:
    kind: github
    base_url: ` + v.url + `/github/
    settings: {repo: ` + drill.Repo + `}
    secrets: {token: env:TEST_github_token}
  pagerduty:
    kind: pagerduty
    base_url: ` + v.url + `/pagerduty
    settings: {from: ada@acme.example}
    secrets: {token: env:TEST_pagerduty_token, routing_key: env:TEST_pagerduty_routing_key}
  webhook:
    kind: webhook
    base_url: ` + v.url + `/hook
    settings: {allow_private: "true"}
    secrets: {secret: env:TEST_webhook_secret}
`
}

var keyShape = regexp.MustCompile(`fb-[a-z2-7]{24}`)

// counted counts each request that changes something, before it is answered.
func (v *vendors) counted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet || r.Method == http.MethodHead {
			next.ServeHTTP(rw, r)
			return
		}
		v.under.Add(1)
		defer v.under.Done()
		body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
		if err != nil {
			http.Error(rw, "the body ended early", http.StatusBadRequest)
			return
		}
		// From here on it happens, whether or not the client is still there.
		r = r.WithContext(context.WithoutCancel(r.Context()))
		r.Body = io.NopCloser(bytes.NewReader(body))
		v.count(r, body)
		v.pause()
		next.ServeHTTP(rw, r)
		v.pause()
	})
}

func (v *vendors) count(r *http.Request, body []byte) {
	var event struct {
		Action string `json:"event_action"`
	}
	_ = json.Unmarshal(body, &event) // other bodies have no such member
	key := keyShape.FindString(r.Header.Get("Webhook-Id") + " " + string(body))
	v.mu.Lock()
	defer v.mu.Unlock()
	v.received[event.Action+" "+key]++
}

func (v *vendors) pause() {
	if v.slow > 0 {
		time.Sleep(rand.N(v.slow)) //nolint:gosec // it only has to be uneven
	}
}

// of returns how often the request of that key came in.
func (v *vendors) of(kind, key string) int {
	v.under.Wait()
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.received[kind+" "+key]
}
