package cmd_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
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
	received []write
	under    int // requests under way
}

// write is a request that changes something.
type write struct {
	path string
	text string // its body, and the id in its header: one of them carries the key
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
	v := &vendors{slow: slow, world: w}
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

// counted counts each request that changes something, before it is answered.
func (v *vendors) counted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet || r.Method == http.MethodHead {
			next.ServeHTTP(rw, r)
			return
		}
		v.way(1)
		defer v.way(-1)
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

func (v *vendors) way(n int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.under += n
}

func (v *vendors) count(r *http.Request, body []byte) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.received = append(v.received, write{r.URL.Path, r.Header.Get("Webhook-Id") + " " + string(body)})
}

func (v *vendors) pause() {
	if v.slow > 0 {
		time.Sleep(rand.N(v.slow))
	}
}

// settled returns what was received, once no request is under way.
func (v *vendors) settled() []write {
	for {
		v.mu.Lock()
		if v.under == 0 {
			defer v.mu.Unlock()
			return slices.Clone(v.received)
		}
		v.mu.Unlock()
		time.Sleep(5 * time.Millisecond)
	}
}

// of returns how often a request with that key came in.
func (v *vendors) of(key string) int {
	n := 0
	for _, w := range v.settled() {
		if strings.Contains(w.text, key) {
			n++
		}
	}
	return n
}
